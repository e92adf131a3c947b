//! `countersign refusals`, and `explain` after the server was gone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use crate::{DEADLINE, Place, Serving, ask_as, code, countersign, header, mode, run, stderr, stdout};

/// A server that knows the name under which requests are signed in these tests.
fn start(place: &Place) -> Serving {
    let mut command = place.serve();
    command.args(["--public-url", "http://s3.declared.example"]);
    place.start_with(command)
}

/// Has a request refused and says its id.
fn refused(place: &Place, server: &Serving, target: &str) -> String {
    let (head, _) = ask_as(place, server, "s3.declared.example", "GET", target, b"");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    header(&head, "x-amz-request-id").to_owned()
}

/// The arguments of a tool that asks this server as its root.
fn asking<'a>(tool: &[&'a str], admin_url: &'a str, data_dir: &'a str) -> Vec<&'a str> {
    [tool, &["--admin-url", admin_url, "--data-dir", data_dir]].concat()
}

fn lines_on_disk(dir: &Path) -> usize {
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.map(|text| text.lines().count()).sum()
}

fn wait_for_lines(dir: &Path, count: usize) {
    let start = Instant::now();
    while lines_on_disk(dir) < count {
        assert!(start.elapsed() < DEADLINE, "the record is not written");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn refusals_are_listed_for_people_and_for_programs() {
    let place = Place::new();
    let server = start(&place);
    let (admin_url, data_dir) = (server.admin_url(), place.data_dir_text());
    let refusals = |more: &[&str]| {
        let output = run(&asking(&[&["refusals"], more].concat(), &admin_url, &data_dir));
        assert_eq!(code(&output), Some(0), "{more:?}: {}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(refusals(&[]), "nothing like that is on record\n");
    assert_eq!(refusals(&["--json"]), "");
    let first = refused(&place, &server, "/bucket/first");
    let second = refused(&place, &server, "/bucket/second");

    let table = refusals(&[]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let expected = [
        ("TIME", "REQUEST"),
        (&second, "GET /bucket/second"),
        (&first, "GET /bucket/first"),
    ];
    for (line, (part, end)) in lines.iter().zip(expected) {
        assert!(line.contains(part) && line.ends_with(end), "{line}");
    }
    let json = refusals(&["--json", "--since", "1h", "--limit", "1"]);
    let document: Value = serde_json::from_str(json.trim_end()).expect("one line of JSON");
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    assert_eq!(
        (text("requestId"), text("path")),
        (second.as_str(), "/bucket/second")
    );
    let cause = document
        .pointer("/causes/0")
        .and_then(Value::as_str)
        .unwrap_or_default();
    assert!(
        cause.starts_with("HST-") && table.contains(cause),
        "{cause}: {table}"
    );

    let groups = refusals(&["--groups", "--cause", cause, "--client", "127.0.0.1"]);
    let group = groups.lines().nth(1).unwrap_or_default();
    let parts: Vec<&str> = group.split_whitespace().collect();
    assert_eq!(
        (parts.first(), parts.get(2), parts.get(5)),
        (Some(&"2"), Some(&cause), Some(&second.as_str())),
        "{groups}"
    );
    let id = place.credentials().0;
    assert_eq!(refusals(&["--access-key-id", &id]).lines().count(), 3);
    assert_eq!(
        refusals(&["--access-key-id", "A&limit=1"]),
        "nothing like that is on record\n"
    );
}

#[test]
fn what_is_wrong_with_the_question_is_said_by_the_exit_code() {
    let place = Place::new();
    let server = start(&place);
    let (admin_url, data_dir) = (server.admin_url(), place.data_dir_text());
    for (more, named) in [
        (&["--cause", "HST-NONSENSE"][..], "HST-NONSENSE"),
        (&["--since", "yesterday"], "yesterday"),
        (&["--limit", "0"], "limit"),
        (&["--groups", "--follow"], "--follow"),
    ] {
        let output = run(&asking(&[&["refusals"], more].concat(), &admin_url, &data_dir));
        assert_eq!(code(&output), Some(2), "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
    }
    let stranger = countersign(&["refusals", "--admin-url", &admin_url])
        .env("AWS_ACCESS_KEY_ID", "CSAKNOBODY0000000001")
        .env("AWS_SECRET_ACCESS_KEY", "another-secret")
        .output()
        .expect("the binary runs");
    assert_eq!((code(&stranger), stdout(&stranger).as_str()), (Some(4), ""));
    // Nobody listens on port 1.
    let nobody = run(&asking(&["refusals"], "http://127.0.0.1:1", &data_dir));
    assert_eq!(code(&nobody), Some(1), "{}", stderr(&nobody));
    let no_key = run(&[
        "refusals",
        "--admin-url",
        &admin_url,
        "--data-dir",
        "/nonexistent",
    ]);
    assert_eq!(code(&no_key), Some(2), "{}", stderr(&no_key));
}

#[test]
fn a_refusal_is_explained_after_the_server_was_killed() {
    let place = Place::new();
    let dir = place.data_dir().join("refusals");
    let server = start(&place);
    let id = refused(&place, &server, "/bucket/k");
    let data_dir = place.data_dir_text();
    let explain = |server: &Serving, id: &str| run(&asking(&["explain", id], &server.admin_url(), &data_dir));
    let before = stdout(&explain(&server, &id));
    assert!(before.contains("cure"), "{before}");
    wait_for_lines(&dir, 1);
    server.kill();
    let file = dir.join("0000000001.jsonl");
    assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
    // As if the power had gone in the middle of a line.
    let whole = fs::read_to_string(&file).expect("the file is there");
    fs::write(
        &file,
        format!("{whole}{}", whole.get(..whole.len() / 2).unwrap_or_default()),
    )
    .expect("written");

    let server = start(&place);
    assert_eq!(stdout(&explain(&server, &id)), before);
    let second = refused(&place, &server, "/bucket/k");
    wait_for_lines(&dir, 3);
    server.kill();
    let server = start(&place);
    for id in [&id, &second] {
        assert_eq!(code(&explain(&server, id)), Some(0), "{id}");
    }
}

#[test]
fn what_is_refused_from_now_on_is_followed() {
    let place = Place::new();
    let server = start(&place);
    let first = refused(&place, &server, "/bucket/first");
    let (admin_url, data_dir) = (server.admin_url(), place.data_dir_text());
    let mut following = countersign(&asking(
        &["refusals", "--follow", "--json"],
        &admin_url,
        &data_dir,
    ))
    .stdout(Stdio::piped())
    .spawn()
    .expect("the binary runs");
    let mut lines = BufReader::new(following.stdout.take().expect("its output")).lines();
    let mut next = || lines.next().and_then(Result::ok).unwrap_or_default();
    assert!(next().contains(&first));
    let second = refused(&place, &server, "/bucket/second");
    let third = refused(&place, &server, "/bucket/third");
    assert!(next().contains(&second));
    assert!(next().contains(&third));
    following.kill().expect("killed");
    following.wait().expect("gone");
}
