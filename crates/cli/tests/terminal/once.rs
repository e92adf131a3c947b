//! One-time links and kills: whatever a client was told before the server died is still true afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer};

use crate::{DEADLINE, Place, Serving, ask};

/// The name that links are signed for, because each start has another port.
const HOST: &str = "s3.example.com";
const CLIENTS: usize = 6;
const KILLS: usize = 8;

/// Path and query of a link that works once.
fn link(place: &Place, method: &str, path: &str) -> String {
    let (id, secret) = place.credentials();
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    let secret = Secret::new(secret);
    let signer = Signer {
        access_key_id: &id,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: i64::try_from(since.as_secs()).expect("a clock of this age"),
        rule: PathRule::S3,
    };
    let headers = [("host", HOST.as_bytes())];
    let request = Request {
        method,
        path: path.as_bytes(),
        query: Some(b"x-countersign-once=1"),
        headers: &headers,
    };
    format!("{path}?{}", signer.presign(&request, &Payload::Unsigned, 600))
}

/// The status and body of an answer; `None` if the server did not give one.
fn send(address: &str, method: &str, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let status = String::from_utf8_lossy(answer.get(9..12)?).parse().ok()?;
    Some((status, answer.split_off(end + 4)))
}

/// What every client got of a server that is killed while they all use the same link.
fn kill_under(server: Serving, method: &str, target: &str, after: usize) -> Vec<(usize, (u16, Vec<u8>))> {
    let address = server.s3.clone();
    let sent = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, sent) = (&address, &sent);
                scope.spawn(move || {
                    sent.fetch_add(1, Ordering::SeqCst);
                    let body = if method == "PUT" {
                        body_of(client)
                    } else {
                        Vec::new()
                    };
                    (client, send(address, method, target, &body))
                })
            })
            .collect();
        while sent.load(Ordering::SeqCst) < CLIENTS {
            std::thread::yield_now();
        }
        // Each time a little later, so that the server dies before, within and after its commit.
        std::thread::sleep(Duration::from_micros(700 * after as u64));
        server.kill();
        let answers = clients.into_iter().map(|client| client.join().expect("no panic"));
        answers
            .filter_map(|(client, answer)| Some((client, answer?)))
            .collect()
    })
}

fn body_of(client: usize) -> Vec<u8> {
    format!("from client {client}").into_bytes()
}

#[test]
fn a_one_time_upload_succeeds_once_however_the_server_dies() {
    let place = Place::new();
    let mut server = place.start();
    assert_eq!(ask(&place, &server, "PUT", "/bucket", b"").0, 200);
    for kill in 0..KILLS {
        let path = format!("/bucket/{kill}");
        let target = link(&place, "PUT", &path);
        let answers = kill_under(server, "PUT", &target, kill);
        let winners: Vec<usize> = answers
            .iter()
            .filter(|(_, (status, _))| *status == 200)
            .map(|(client, _)| *client)
            .collect();
        assert!(winners.len() <= 1, "kill {kill}: {winners:?}");
        server = place.start();
        let (status, kept) = ask(&place, &server, "GET", &path, b"");
        if let [winner] = winners[..] {
            assert!(status == 200 && kept == body_of(winner), "kill {kill}: {status}");
        }
        // What nobody was told of is whole or absent: object and use, or neither.
        let (again, _) = send(&server.s3, "PUT", &target, b"again").expect("an answer");
        assert_eq!(
            again,
            if status == 200 { 403 } else { 200 },
            "kill {kill}: the object was {status}"
        );
    }
}

#[test]
fn a_one_time_download_succeeds_once_however_the_server_dies() {
    let place = Place::new();
    let mut server = place.start();
    assert_eq!(ask(&place, &server, "PUT", "/bucket", b"").0, 200);
    for kill in 0..KILLS {
        let path = format!("/bucket/{kill}");
        assert_eq!(ask(&place, &server, "PUT", &path, b"hello").0, 200);
        let target = link(&place, "GET", &path);
        let answers = kill_under(server, "GET", &target, kill);
        let got = answers.iter().filter(|(_, (status, _))| *status == 200).count();
        assert!(got <= 1, "kill {kill}: {got}");
        server = place.start();
        let (again, body) = send(&server.s3, "GET", &target, b"").expect("an answer");
        if got == 1 {
            assert_eq!(again, 403, "kill {kill}");
        } else if again == 200 {
            assert_eq!(body, b"hello");
        }
        let (at_last, _) = send(&server.s3, "GET", &target, b"").expect("an answer");
        assert_eq!(at_last, 403, "kill {kill}");
    }
}
