//! Where a server finds its master key, and `countersign master-key`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::{Place, Serving, code, countersign, mode, run, stderr, stdout};

/// How a server ends that cannot start.
fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the binary runs");
    (code(&output), stderr(&output))
}

fn generated() -> String {
    let output = run(&["master-key", "generate"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// An account has a key, whose secret lies sealed on the disk.
fn seal_something(place: &Place, server: Serving) {
    let (url, data_dir) = (server.admin_url(), place.data_dir_text());
    let output = run(&[
        "account",
        "create",
        "team",
        "--admin-url",
        &url,
        "--data-dir",
        &data_dir,
    ]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
}

#[test]
fn a_new_key_is_64_hex_digits_and_never_the_same() {
    let (first, second) = (generated(), generated());
    assert!(
        first.trim().len() == 64 && first.trim().bytes().all(|b| b.is_ascii_hexdigit()),
        "{first}"
    );
    assert_ne!(first, second);
}

#[test]
fn the_first_start_makes_a_master_key_for_its_owner_only() {
    let place = Place::new();
    drop(place.start());
    let path = place.data_dir().join("master-key");
    assert_eq!(mode(&path), 0o600);
    let key = fs::read_to_string(&path).expect("a file");
    drop(place.start());
    assert_eq!(fs::read_to_string(&path).expect("a file"), key, "made once only");
    assert!(!place.log().contains(key.trim()));
}

#[test]
fn a_master_key_that_is_given_is_used_and_not_kept() {
    let (place, other) = (Place::new(), Place::new());
    let (first, second) = (generated(), generated());
    let file = place.dir.path().join("keys");
    fs::write(&file, &first).expect("written");
    let with_file = |place: &Place| {
        let mut command = place.serve();
        command.arg("--master-key-file").arg(&file);
        command
    };
    seal_something(&place, place.start_with(with_file(&place)));
    assert!(!place.data_dir().join("master-key").exists());

    // What another key sealed is not opened, and the key that is missing is named.
    fs::write(&file, &second).expect("written");
    let (ended, told) = refused(with_file(&place));
    assert!(
        ended == Some(2) && told.contains("master key"),
        "{ended:?} {told}"
    );
    assert!(
        !told.contains(first.trim()) && !told.contains(second.trim()),
        "{told}"
    );
    // As an older one beside the new one it is.
    let mut command = place.serve();
    command.env("COUNTERSIGN_MASTER_KEY", format!("{second}{first}"));
    let server = place.start_with(command);
    let (url, data_dir) = (server.admin_url(), place.data_dir_text());
    let resealed = run(&[
        "master-key",
        "reseal",
        "--admin-url",
        &url,
        "--data-dir",
        &data_dir,
    ]);
    assert_eq!(code(&resealed), Some(0), "{}", stderr(&resealed));
    drop(server);
    // Everything is sealed by the first key now, and the older one can be thrown away.
    drop(place.start_with(with_file(&place)));

    fs::write(&file, "nonsense").expect("written");
    let (ended, told) = refused(with_file(&other));
    assert!(ended == Some(2) && told.contains("line 1"), "{ended:?} {told}");
    assert!(
        !other.data_dir().join("master-key").exists(),
        "nothing is made instead"
    );
}

/// Answers as AWS Secrets Manager does, once for each answer; gives what it was asked.
fn secrets_manager(answers: Vec<(u16, String)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.ends_with(b"}") {
                let read = stream.read(&mut piece).expect("a request");
                request.extend_from_slice(&piece[..read]);
            }
            asked.push(String::from_utf8_lossy(&request).into_owned());
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).expect("taken");
        }
        asked
    });
    (url, asked)
}

fn asking(place: &Place, url: &str) -> Command {
    let mut command = place.serve();
    command
        .args(["--master-key-secret", "prod/countersign"])
        .env("AWS_ACCESS_KEY_ID", "AKIDOFAWS")
        .env("AWS_SECRET_ACCESS_KEY", "secret-of-aws")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", url);
    command
}

#[test]
fn a_master_key_is_read_from_aws_secrets_manager() {
    let place = Place::new();
    let key = generated();
    let busy = (503, "{}".to_owned());
    let good = (200, serde_json::json!({ "SecretString": key }).to_string());
    let (url, asked) = secrets_manager(vec![busy, good]);
    seal_something(&place, place.start_with(asking(&place, &url)));
    assert!(!place.data_dir().join("master-key").exists());
    for asked in asked.join().expect("asked") {
        let asked = asked.to_lowercase();
        for part in [
            "post / http/1.1\r\n",
            "x-amz-target: secretsmanager.getsecretvalue\r\n",
            "content-type: application/x-amz-json-1.1\r\n",
            "credential=akidofaws/",
            "/eu-west-1/secretsmanager/aws4_request",
            "\r\n\r\n{\"secretid\":\"prod/countersign\"}",
        ] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
    }
    // It is the key that seals: without it nothing opens.
    let (ended, told) = refused(place.serve());
    assert!(
        ended == Some(2) && told.contains("master key"),
        "{ended:?} {told}"
    );
}

#[test]
fn a_secret_that_cannot_be_read_stops_the_start() {
    let place = Place::new();
    let denied = serde_json::json!({ "__type": "AccessDeniedException", "Message": "not allowed" });
    let (url, asked) = secrets_manager(vec![(400, denied.to_string())]);
    let (ended, told) = refused(asking(&place, &url));
    asked.join().expect("asked once");
    assert!(
        ended == Some(4) && told.contains("not allowed"),
        "{ended:?} {told}"
    );
    let output = countersign(&[
        "serve",
        "--master-key-secret",
        "a",
        "--master-key-file",
        "b",
        "--data-dir",
        &place.data_dir_text(),
    ])
    .output();
    assert_eq!(code(&output.expect("the binary runs")), Some(2));
}
