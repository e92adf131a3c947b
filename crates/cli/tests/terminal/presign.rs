//! `countersign presign`: what it prints is taken by a server.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::{DEADLINE, Place, Serving, ask, code, countersign, run, stderr, stdout};

/// Sends bytes, reads the answer to its end: the status, and the body.
fn exchange(address: &str, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream.write_all(request).expect("the server takes bytes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    (status.expect("a status"), body.expect("a body"))
}

fn follow(server: &Serving, method: &str, url: &str, headers: &str, body: &str) -> (u16, String) {
    let (host, target) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("a URL");
    let length = body.len();
    let request = format!(
        "{method} /{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    exchange(&server.s3, request.as_bytes())
}

/// A server with a bucket, and how to run the tool as its root.
fn serving(place: &Place) -> Serving {
    let mut command = place.serve();
    command.env("COUNTERSIGN_BUCKETS", "bucket");
    place.start_with(command)
}

fn presign(place: &Place, server: &Serving, arguments: &[&str]) -> String {
    let (url, data_dir) = (format!("http://{}", server.s3), place.data_dir_text());
    let flags = ["--endpoint-url", &url, "--data-dir", &data_dir];
    let output = run(&[&["presign"], arguments, &flags].concat());
    assert_eq!(code(&output), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_link_writes_and_reads_what_it_names() {
    let place = Place::new();
    let server = serving(&place);
    let key = "bucket/a b/\u{fc}+%.txt";
    let put = presign(&place, &server, &["put", key, "--content-type", "text/plain"]);
    let sent = "content-type: text/plain\r\n";
    assert_eq!(follow(&server, "PUT", put.trim(), sent, "hello").0, 200);
    assert_eq!(
        follow(&server, "PUT", put.trim(), "content-type: text/html\r\n", "x").0,
        403
    );
    let get = presign(&place, &server, &["get", key]);
    assert_eq!(
        follow(&server, "GET", get.trim(), "", ""),
        (200, "hello".to_owned())
    );
    assert_eq!(follow(&server, "PUT", get.trim(), "", "x").0, 403);
    let host_style = presign(&place, &server, &["get", key, "--style", "virtual-host"]);
    assert!(host_style.starts_with("http://bucket."), "{host_style}");

    let json = presign(
        &place,
        &server,
        &["put", key, "--content-type", "text/plain", "--json"],
    );
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let at = |pointer: &str| {
        document
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    assert_eq!(
        (at("/method"), at("/headers/content-type")),
        ("PUT", "text/plain")
    );
    assert_eq!(follow(&server, "PUT", at("/url"), sent, "again").0, 200);
}

#[test]
fn a_form_writes_what_its_policy_allows() {
    let place = Place::new();
    let server = serving(&place);
    let json = presign(
        &place,
        &server,
        &["post", "bucket/in/${filename}", "--max-bytes", "5", "--json"],
    );
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let url = document.pointer("/url").and_then(Value::as_str).expect("a URL");
    let send = |file: &str| {
        let mut body = String::new();
        for (name, value) in document
            .pointer("/fields")
            .and_then(Value::as_object)
            .expect("fields")
        {
            let value = value.as_str().expect("a text");
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\n{file}\r\n--b--\r\n"
        ));
        let headers = "content-type: multipart/form-data; boundary=b\r\n";
        follow(&server, "POST", url, headers, &body).0
    };
    assert_eq!(send("hello"), 204);
    assert_eq!(
        ask(&place, &server, "GET", "/bucket/in/f.txt", b""),
        (200, b"hello".to_vec())
    );
    assert_eq!(send("longer"), 400);
}

#[test]
fn a_key_is_never_taken_from_the_command_line_and_a_profile_may_hold_it() {
    let place = Place::new();
    let server = serving(&place);
    let credentials = place.data_dir().join("root-credentials").display().to_string();
    let url = format!("http://{}", server.s3);
    let of_profile = countersign(&["presign", "get", "bucket/none", "--profile", "default"])
        .env("AWS_SHARED_CREDENTIALS_FILE", &credentials)
        .env("AWS_ENDPOINT_URL", &url)
        .output()
        .expect("the binary runs");
    assert_eq!(code(&of_profile), Some(0), "{}", stderr(&of_profile));
    let link = stdout(&of_profile);
    assert_eq!(
        follow(&server, "GET", link.trim(), "", "").0,
        404,
        "it is signed rightly"
    );

    let nobody = run(&["presign", "get", "bucket/k", "--data-dir", "/nonexistent"]);
    assert_eq!(code(&nobody), Some(2), "{}", stderr(&nobody));
    let unknown = run(&["presign", "get", "bucket/k", "--profile", "nobody"]);
    assert_eq!(code(&unknown), Some(2), "{}", stderr(&unknown));
    for flag in ["--secret", "--secret-access-key", "--access-key-id"] {
        let refused = run(&["presign", "get", "bucket/k", flag, "x"]);
        assert_eq!(code(&refused), Some(2), "{flag}");
    }
}
