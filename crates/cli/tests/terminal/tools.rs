//! The client-side tools: `healthcheck` and `explain`.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::{Place, ask_as, code, countersign, header, run, stderr, stdout};

#[test]
fn a_health_check_says_by_its_exit_code() {
    let place = Place::new();
    let server = place.start();
    let healthy = run(&["healthcheck", "--admin-url", &server.admin_url()]);
    assert_eq!((code(&healthy), stdout(&healthy).as_str()), (Some(0), "ready\n"));
    // Nobody listens on port 1.
    let nobody = run(&["healthcheck", "--admin-url", "http://127.0.0.1:1"]);
    assert_eq!(code(&nobody), Some(3), "{}", stderr(&nobody));
}

#[test]
fn a_server_that_is_not_ready_is_unhealthy() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = [0; 1024];
        let read = stream.read(&mut request).expect("a request");
        assert!(request.starts_with(b"GET /readyz HTTP/1.1\r\n") && read > 0);
        stream
            .write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
            .expect("taken");
    });
    let unhealthy = run(&["healthcheck", "--admin-url", &url]);
    answering.join().expect("it was asked");
    assert_eq!(code(&unhealthy), Some(3));
    assert!(stderr(&unhealthy).contains("503"), "{}", stderr(&unhealthy));
}

#[test]
fn the_page_of_a_cause_is_printed_without_a_server() {
    let page = run(&["explain", "HST-PROXY"]);
    assert_eq!(code(&page), Some(0));
    assert!(
        stdout(&page).contains("HST-PROXY") && stdout(&page).len() > 200,
        "{}",
        stdout(&page)
    );
    assert_eq!(stdout(&run(&["explain", "hst-proxy"])), stdout(&page));
}

#[test]
fn nonsense_cannot_be_explained() {
    for subject in ["nonsense", "HST-NONSENSE", "0123456789ABCDEF0"] {
        let unknown = run(&["explain", subject]);
        assert_eq!(code(&unknown), Some(5), "{subject}");
        assert!(stderr(&unknown).contains(subject), "{}", stderr(&unknown));
    }
}

#[test]
fn a_refusal_is_explained_by_its_request_id() {
    let place = Place::new();
    let mut command = place.serve();
    command.args(["--public-url", "http://s3.declared.example"]);
    let server = place.start_with(command);
    // As if a proxy had replaced the host.
    let (head, _) = ask_as(&place, &server, "s3.declared.example", "GET", "/bucket/k", b"");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    let id = header(&head, "x-amz-request-id").to_owned();
    let cause = header(&head, "x-countersign-diagnosis")
        .split(';')
        .next()
        .unwrap_or_default();
    assert!(cause.starts_with("HST-"), "{head}");

    let data_dir = place.data_dir_text();
    let explain = |id: &str, more: &[&str]| {
        let admin_url = server.admin_url();
        let mut arguments = vec!["explain", id, "--admin-url", &admin_url, "--data-dir", &data_dir];
        arguments.extend(more);
        run(&arguments)
    };
    let told = explain(&id, &[]);
    assert_eq!(code(&told), Some(0), "{}", stderr(&told));
    for part in ["SignatureDoesNotMatch", &id, cause, "s3.declared.example", "cure"] {
        assert!(stdout(&told).contains(part), "{part}: {}", stdout(&told));
    }
    // Both texts beside each other, the line that differs marked, and no colours where nobody looks.
    let text = stdout(&told);
    let marked: Vec<&str> = text.lines().filter(|line| line.starts_with("  ! ")).collect();
    let line = marked.first().copied().unwrap_or_default();
    assert!(
        marked.len() == 1
            && line.starts_with("  ! host:127.0.0.1:")
            && line.ends_with("| host:s3.declared.example"),
        "{text}"
    );
    assert!(text.contains("search: ") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(stdout(&explain(&id.to_lowercase(), &[])), stdout(&told));
    let json: serde_json::Value = serde_json::from_str(&stdout(&explain(&id, &["--json"]))).expect("JSON");
    assert_eq!(
        json.pointer("/diagnosis/causes/0/id").and_then(|id| id.as_str()),
        Some(cause)
    );
    let lines = json
        .pointer("/diagnosis/texts/canonicalRequest")
        .and_then(|lines| lines.as_array());
    assert!(lines.is_some_and(|lines| lines.len() > 5), "{json}");
    let unknown = explain("0123456789ABCDEF", &[]);
    assert_eq!(code(&unknown), Some(5), "{}", stderr(&unknown));

    // Somebody who has no key here is refused, whatever the id.
    let refused = countersign(&["explain", &id, "--admin-url", &server.admin_url()])
        .env("AWS_ACCESS_KEY_ID", "CSAKNOBODY0000000001")
        .env("AWS_SECRET_ACCESS_KEY", "another-secret")
        .output()
        .expect("the binary runs");
    assert_eq!(code(&refused), Some(4), "{}", stderr(&refused));
    assert!(!stdout(&refused).contains("HST-"));
}
