//! Requests of our own, against listeners on this machine.

use super::*;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    body_bytes: 64,
    reach: Reach::Anywhere,
};

fn url(text: &str) -> PublicUrl {
    PublicUrl::parse(text).expect("a URL")
}

fn get(target: &str) -> Request<Bytes> {
    Request::get(target).body(Bytes::new()).expect("a request")
}

/// Answers one connection with these bytes; gives what it was asked.
fn answering(answer: &'static str) -> (PublicUrl, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = url(&format!("http://{}", listener.local_addr().expect("an address")));
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut asked = Vec::new();
        let mut piece = [0; 1024];
        while !asked.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            let read = stream.read(&mut piece).expect("a request");
            asked.extend_from_slice(&piece[..read]);
        }
        stream.write_all(answer.as_bytes()).expect("taken");
        String::from_utf8_lossy(&asked).into_owned()
    });
    (url, asked)
}

async fn send(limits: Limits, url: &PublicUrl, request: Request<Bytes>) -> Result<Reply, Fault> {
    Outbound::new(limits).send(url, request).await
}

#[tokio::test]
async fn an_answer_is_read_and_the_host_is_named() {
    let (url, asked) = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let reply = send(LIMITS, &url, get("/a%2Fb?c=d")).await.expect("an answer");
    assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b"hello"[..]));
    let asked = asked.join().expect("asked");
    assert!(asked.starts_with("GET /a%2Fb?c=d HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: {}\r\n", url.authority)), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (url, _asked) =
        answering("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    let reply = send(LIMITS, &url, get("/")).await.expect("an answer");
    assert_eq!(reply.status, StatusCode::FOUND);
}

#[tokio::test]
async fn a_long_answer_is_not_taken() {
    let (url, _asked) = answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n\
         12345678901234567890123456789012345678901234567890123456789012345",
    );
    let fault = send(LIMITS, &url, get("/")).await.expect_err("too long");
    assert!(matches!(fault, Fault::Answer(_)), "{fault}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = url(&format!("http://{}", listener.local_addr().expect("an address")));
    let limits = Limits {
        time: Duration::from_millis(20),
        ..LIMITS
    };
    let fault = send(limits, &url, get("/")).await.expect_err("nobody answers");
    assert!(matches!(fault, Fault::Time(_)), "{fault}");
}

#[tokio::test]
async fn a_place_that_somebody_else_named_is_public_and_encrypted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    let limits = Limits {
        reach: Reach::Public,
        ..LIMITS
    };
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let url = url(&format!("{scheme}://{host}:{port}"));
            let fault = send(limits, &url, get("/")).await.expect_err("refused");
            assert!(matches!(fault, Fault::OutOfReach), "{scheme} {host}: {fault}");
        }
    }
    assert!(listener.accept().is_err(), "nobody connected");
}

#[test]
fn the_public_network_is_asked_over_tls_and_private_addresses_if_that_is_allowed() {
    let check = |reach: Reach, address: &str, is_https, expected: Option<&str>| {
        let address = SocketAddr::new(address.parse().expect("an address"), 80);
        let told = reach
            .check(address, is_https)
            .err()
            .map(|fault| fault.to_string());
        assert_eq!(told.as_deref(), expected, "{reach:?} {address} {is_https}");
    };
    let private = Some("it has a private address");
    let clear = Some("it is not asked without TLS");
    for (reach, address, over_tls, in_the_clear) in [
        (Reach::Anywhere, "1.1.1.1", None, None),
        (Reach::Anywhere, "10.0.0.1", None, None),
        (Reach::Public, "1.1.1.1", None, clear),
        (Reach::Public, "10.0.0.1", private, private),
        (Reach::PrivateToo, "1.1.1.1", None, clear),
        (Reach::PrivateToo, "10.0.0.1", None, None),
    ] {
        check(reach, address, true, over_tls);
        check(reach, address, false, in_the_clear);
    }
}

#[tokio::test]
async fn a_certificate_is_trusted_for_its_name_and_by_those_who_trust_its_maker() {
    let url = url(&format!("https://localhost:{}", tls_server()));
    let stranger = send(LIMITS, &url, get("/")).await;
    assert!(matches!(stranger, Err(Fault::Connection(_))), "{stranger:?}");
    let trusting = Outbound::new(LIMITS).trusting(vec![crate::testing::tls_root()]);
    let reply = trusting.send(&url, get("/")).await.expect("an answer");
    assert_eq!(&reply.body[..], b"hello");
    let other_name = PublicUrl::parse(&url.authority.replace("localhost", "https://127.0.0.1"));
    let refused = trusting.send(&other_name.expect("a URL"), get("/")).await;
    assert!(matches!(refused, Err(Fault::Connection(_))), "{refused:?}");
}

/// Answers every connection over TLS with `hello`, as `localhost`.
fn tls_server() -> u16 {
    let answer = |_: &str| "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned();
    crate::testing::serve_tls(answer)
}

#[test]
fn host_and_port_are_told_apart() {
    for (text, expected) in [
        ("http://a.example", ("a.example", 80)),
        ("https://a.example", ("a.example", 443)),
        ("https://a.example:8443", ("a.example", 8443)),
        ("http://[::1]", ("::1", 80)),
        ("http://[::1]:9000", ("::1", 9000)),
    ] {
        let url = url(text);
        assert_eq!(
            split(&url.authority, url.is_https).expect("both"),
            expected,
            "{text}"
        );
    }
}
