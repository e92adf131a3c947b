//! `explain` and `compare` on texts: what is read from files, standard input and arguments, and where the secret comes from.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::{Place, code, countersign, run, stderr, stdout};

/// What AWS answers to a request for a bucket in another region.
const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'</Message><Region>eu-central-1</Region><RequestId>R</RequestId><HostId>H</HostId></Error>";

/// The debug log of boto3 for a request to this host.
fn log(host: &str) -> String {
    let entry = |text: &str| format!("2025-01-01 00:00:00,000 botocore.auth [DEBUG] {text}\n");
    entry(&format!(
        "CanonicalRequest:\nGET\n/k\n\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    )) + &entry("StringToSign:\nAWS4-HMAC-SHA256\n20250101T000000Z\n20250101/us-east-1/s3/aws4_request\nabc")
        + &entry("Signature:\n0123")
}

#[test]
fn a_document_is_explained_from_a_file_and_from_standard_input() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("error.xml");
    fs::write(&file, DOCUMENT).expect("written");
    let told = run(&["explain", &file.display().to_string()]);
    assert_eq!(code(&told), Some(0), "{}", stderr(&told));
    assert!(
        stdout(&told).contains("SCP-REGION") && stdout(&told).contains("eu-central-1"),
        "{}",
        stdout(&told)
    );

    let mut child = countersign(&["explain", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(DOCUMENT.as_bytes()).expect("taken");
    drop(input);
    let told = child.wait_with_output().expect("it ends");
    let json: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(
        (json["status"].as_str(), json["causes"][0]["id"].as_str()),
        (Some("exact"), Some("SCP-REGION"))
    );
}

#[test]
fn a_link_that_cannot_be_read_is_not_repeated() {
    for arguments in [&["explain"][..], &["explain", "--bundle"]] {
        let link = "ftp://h/?X-Amz-Security-Token=atokenthatistold";
        let told = run(&[arguments, &[link]].concat());
        let text = format!("{}{}", stdout(&told), stderr(&told));
        assert_eq!(code(&told), Some(5), "{text}");
        assert!(!text.contains("atokenthatistold"), "{text}");
    }
}

#[test]
fn the_secret_of_another_key_is_not_used_and_never_printed() {
    let link = "https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAONE%2F20250101%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20250101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let told = countersign(&["explain", link])
        .env("AWS_ACCESS_KEY_ID", "AKIATWO")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-not-printed")
        .output()
        .expect("it runs");
    let text = format!("{}{}", stdout(&told), stderr(&told));
    assert!(text.contains("AKIAONE") && text.contains("AKIATWO"), "{text}");
    assert!(!text.contains("a-secret-that-is-not-printed"), "{text}");
}

#[test]
fn what_is_nothing_of_the_kind_ends_with_5() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("poem.txt");
    fs::write(&file, "Roses are red").expect("written");
    let told = run(&["explain", &file.display().to_string()]);
    assert_eq!(code(&told), Some(5));
    assert!(stderr(&told).contains("curl -v"), "{}", stderr(&told));
    let told = run(&["explain", "no-such-file"]);
    assert_eq!(code(&told), Some(5));
    assert!(stderr(&told).contains("neither a file"), "{}", stderr(&told));
}

#[test]
fn two_logs_are_held_against_each_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let [one, two] = ["one", "two"].map(|host| {
        let file = dir.path().join(host);
        fs::write(&file, log(host)).expect("written");
        file.display().to_string()
    });
    let told = run(&["compare", &one, &two]);
    assert_eq!(code(&told), Some(0), "{}", stderr(&told));
    let text = stdout(&told);
    assert!(
        text.contains("- header host") && text.contains("differ first in: header host"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
    let told = run(&["compare", &one, &one, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert!(
        json["lines"]
            .as_array()
            .is_some_and(|lines| lines.iter().all(|line| line["same"] == true)),
        "{json}"
    );
}

#[test]
fn a_bundle_holds_what_helps_and_nothing_that_is_secret() {
    let (secret, token) = ("a-secret-that-is-not-printed\n", "a-token-that-is-not-printed");
    let signature = "0123456789abcdef".repeat(4);
    let command = format!(
        "curl https://h/b/k -H 'Authorization: AWS4-HMAC-SHA256 Credential=AKIAONE/20250101/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}' -H 'x-amz-date: 20250101T000000Z' -H 'x-amz-security-token: {token}' \
         -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'"
    );
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("command");
    fs::write(&file, command).expect("written");
    let file = file.display().to_string();
    for arguments in [
        &["explain", "--bundle"][..],
        &["explain", "--bundle", &file],
        &["explain", "--bundle", &file, "--json"],
    ] {
        let told = countersign(arguments)
            .env("AWS_ACCESS_KEY_ID", "AKIAONE")
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_SESSION_TOKEN", token)
            .env("TZ", "Europe/Berlin")
            .output()
            .expect("it runs");
        assert_eq!(code(&told), Some(0), "{}", stderr(&told));
        let text = stdout(&told);
        for helps in ["Europe/Berlin", "AWS_SESSION_TOKEN", "AKIAONE", "line break"] {
            assert!(text.contains(helps), "{helps}\n{text}");
        }
        for hidden in [secret.trim(), token, signature.as_str()] {
            assert!(!text.contains(hidden), "{hidden}\n{text}");
        }
        assert_eq!(
            text.contains("AKIAONE/20250101/us-east-1"),
            arguments.len() > 2,
            "{text}"
        );
    }
}

#[test]
fn a_server_is_asked_for_its_clock_and_its_regions() {
    let place = Place::new();
    let mut command = place.serve();
    command.env("COUNTERSIGN_BUCKETS", "bucket");
    command.env("COUNTERSIGN_REGION", "eu-west-3");
    let server = place.start_with(command);
    let url = format!("http://{}/bucket/k?a=link", server.s3);
    let check = |region: &str, expected: i32, told: [&str; 3]| {
        let ended = countersign(&["explain", "--live", &url, "--bucket", "bucket", "--json"])
            .env("AWS_ACCESS_KEY_ID", "AKIANOBODY")
            .env("AWS_SECRET_ACCESS_KEY", "anything")
            .env("AWS_REGION", region)
            .output()
            .expect("it runs");
        assert_eq!(
            code(&ended),
            Some(expected),
            "{}{}",
            stdout(&ended),
            stderr(&ended)
        );
        let document: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        let verdicts = [0, 1, 2].map(|at| {
            document["findings"][at]["verdict"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        });
        assert_eq!(verdicts, told, "{document}");
    };
    check("eu-west-3", 0, ["ok", "ok", "ok"]);
    check("us-east-1", 7, ["ok", "failed", "failed"]);
}
