//! What `presign` makes, held against what a server verifies.

use super::*;

use clap::Parser;
use countersign_sigv4::{Expected, PolicyDocument, Secret, SigningKey, claim, query_value, verify};

use crate::aws_profile::Profile;
use crate::credentials::Credentials;

const NOW: i64 = 1_795_000_000;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn parsed(line: &str) -> Result<What, String> {
    let line = Line::try_parse_from(["presign"].into_iter().chain(line.split(' ')));
    line.map(|line| line.arguments.what)
        .map_err(|error| error.to_string())
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        url: countersign_server::PublicUrl::parse(url).expect("a URL"),
        region: "eu-west-1".to_owned(),
        credentials: Credentials {
            access_key_id: "AKID".to_owned(),
            secret: Secret::new("secret"),
            session_token: Some("to/ken".to_owned()),
            profile: Profile::default(),
        },
    }
}

/// The link, and whether a server at its host takes it with these headers.
fn made(line: &str, url: &str, sent: &[(&str, &str)]) -> (String, bool) {
    let endpoint = endpoint(url);
    let link = match parsed(line).expect(line) {
        What::Get(asked) => {
            let content_type = asked.content_type.as_deref();
            let query: Vec<_> = content_type
                .map(|t| ("response-content-type", t))
                .into_iter()
                .collect();
            sign("GET", &asked.common, &endpoint, &query, &[], asked.once, NOW)
        }
        What::Put(asked) => sign(
            "PUT",
            &asked.common,
            &endpoint,
            &[],
            &asked.sent(),
            asked.once,
            NOW,
        ),
        What::Post(_) => panic!("a form is no link"),
    };
    let (_, rest) = link.url.split_once("://").expect("a scheme");
    let (place, query) = rest.split_once('?').expect("a query");
    let (host, path) = place.split_at(place.find('/').expect("a path"));
    let mut headers = vec![("host", host.as_bytes())];
    headers.extend(sent.iter().map(|(name, value)| (*name, value.as_bytes())));
    let request = Request {
        method: link.method,
        path: path.as_bytes(),
        query: Some(query.as_bytes()),
        headers: &headers,
    };
    let claim = claim(&request).expect("well formed").expect("signed");
    let expected = Expected {
        region: "eu-west-1",
        service: "s3",
        now: NOW + 1,
    };
    claim.check(&request, &expected).expect("it fits");
    assert_eq!(claim.session_token.as_deref(), Some("to/ken"));
    let signing_key = SigningKey::derive(&Secret::new("secret"), &claim.scope);
    let matched = verify(&request, &claim, PathRule::S3, &signing_key).matched;
    (link.url, matched)
}

#[test]
fn a_link_is_one_that_a_server_verifies() {
    let check = |line: &str, url: &str, sent: &[(&str, &str)], begin: &str, is_taken: bool| {
        let (link, matched) = made(line, url, sent);
        assert!(link.starts_with(begin), "{link}");
        assert_eq!(matched, is_taken, "{line}");
    };
    let local = "http://127.0.0.1:9000";
    check(
        "get bucket/k",
        local,
        &[],
        "http://127.0.0.1:9000/bucket/k?",
        true,
    );
    check(
        "get s3://bucket/k",
        local,
        &[],
        "http://127.0.0.1:9000/bucket/k?",
        true,
    );
    check(
        "get bucket/a+b/\u{fc}//../c",
        local,
        &[],
        "http://127.0.0.1:9000/bucket/a%2Bb/%C3%BC//../c?",
        true,
    );
    check(
        "get bucket/k --style virtual-host",
        "https://s3.example.com",
        &[],
        "https://bucket.s3.example.com/k?",
        true,
    );
    let aws = "https://s3.eu-west-1.amazonaws.com";
    check(
        "get bucket/k",
        aws,
        &[],
        "https://bucket.s3.eu-west-1.amazonaws.com/k?",
        true,
    );
    check(
        "get my.bucket/k",
        aws,
        &[],
        "https://s3.eu-west-1.amazonaws.com/my.bucket/k?",
        true,
    );
    check(
        "get bucket/k --style path",
        aws,
        &[],
        "https://s3.eu-west-1.amazonaws.com/bucket/k?",
        true,
    );
    let more = "put bucket/k --header x-amz-acl:private --header X-Amz-Checksum-Sha256:AAAA=";
    let sent = [("x-amz-acl", "private"), ("x-amz-checksum-sha256", "AAAA=")];
    check(more, local, &sent, "http", true);
    check(more, local, &sent[..1], "http", false);
    let plain = ("content-type", "text/plain");
    let put = "put bucket/k --content-type text/plain";
    check(put, local, &[plain], "http://127.0.0.1:9000/bucket/k?", true);
    check(put, local, &[("content-type", "text/html")], "http", false);
    check("put bucket/k", local, &[plain], "http", true);
}

#[test]
fn what_a_link_says_stands_in_its_query() {
    let value = |line: &str, name: &str| {
        let (url, _) = made(line, "http://127.0.0.1:9000", &[]);
        let query = url.split_once('?').map(|(_, query)| query.as_bytes());
        query_value(query, name).map(|value| String::from_utf8_lossy(&value).into_owned())
    };
    for (line, name, expected) in [
        ("get bucket/k", "X-Amz-Expires", Some("3600")),
        ("get bucket/k --expires 90s", "X-Amz-Expires", Some("90")),
        ("get bucket/k --expires 7d", "X-Amz-Expires", Some("604800")),
        ("get bucket/k --once", "x-countersign-once", Some("1")),
        ("put bucket/k --once", "x-countersign-once", Some("1")),
        ("get bucket/k", "x-countersign-once", None),
        (
            "get bucket/k --content-type text/plain;charset=utf-8",
            "response-content-type",
            Some("text/plain;charset=utf-8"),
        ),
    ] {
        assert_eq!(value(line, name).as_deref(), expected, "{line} {name}");
    }
}

#[test]
fn nonsense_is_a_mistake() {
    for (line, named) in [
        ("get bucket", "BUCKET/KEY"),
        ("get bucket/", "BUCKET/KEY"),
        ("get NO/k", "bucket name"),
        ("get bucket/k --expires 8d", "7d"),
        ("get bucket/k --expires soon", "soon"),
        ("get bucket/k --style other", "other"),
        ("put bucket/k --header nothing", "NAME:VALUE"),
        ("put bucket/k --header a/b:c", "name of a header"),
        ("put bucket/k --header Host:other", "cannot be signed"),
        ("get bucket/k --as wget", "wget"),
        ("get bucket/k --as curl --json", "--json"),
        ("get bucket/k --aws --endpoint-url http://h", "--endpoint-url"),
        ("post bucket/k --once", "--once"),
        ("post bucket/k --html --json", "--json"),
    ] {
        let told = parsed(line).err().unwrap_or_default();
        assert!(told.contains(named), "{line}: {told}");
    }
    let asked = |line: &str| match parsed(line).expect(line) {
        What::Post(asked) => asked,
        What::Get(_) | What::Put(_) => panic!("{line} is a form"),
    };
    let made = form::make(
        &asked("post bucket/${filename}/x"),
        &endpoint("http://a.example"),
        NOW,
    );
    assert_eq!(made.err().map(|failure| failure.kind), Some(Kind::Usage));
}

/// The form, and what its policy says of these fields and this many bytes.
fn form(line: &str, more: &[(&str, &str)], bytes: u64) -> (form::Form, bool) {
    let What::Post(asked) = parsed(line).expect(line) else {
        panic!("{line} is a form")
    };
    let form =
        form::make(&asked, &endpoint("http://a.example"), NOW).unwrap_or_else(|failure| panic!("{failure}"));
    let policy = form
        .fields
        .iter()
        .find(|(name, _)| name == "policy")
        .expect("a policy");
    let document = PolicyDocument::parse_base64(&policy.1).expect("readable");
    let mut fields: Vec<(String, Vec<u8>)> = form
        .fields
        .iter()
        .filter(|(name, _)| !more.iter().any(|(other, _)| name == other))
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())));
    let evaluated = document.evaluate(&fields, "bucket", NOW + 3600);
    let is_allowed = evaluated.is_ok() && document.check_length(bytes).is_ok();
    (form, is_allowed)
}

#[test]
fn a_form_allows_what_was_asked_for_and_nothing_else() {
    for (line, more, bytes, is_allowed) in [
        ("post bucket/k", &[][..], 1, true),
        ("post bucket/k", &[("key", "other")], 1, false),
        ("post bucket/k", &[("acl", "public-read")], 1, false),
        ("post bucket/k", &[("x-amz-date", "20200101T000000Z")], 1, false),
        ("post bucket/k --max-bytes 10", &[], 10, true),
        ("post bucket/k --max-bytes 10", &[], 11, false),
        ("post bucket/k --content-type text/plain", &[], 1, true),
        (
            "post bucket/k --content-type text/plain",
            &[("Content-Type", "text/html")],
            1,
            false,
        ),
        (
            "post bucket/k --content-type image/*",
            &[("Content-Type", "image/png")],
            1,
            true,
        ),
        (
            "post bucket/k --content-type image/*",
            &[("Content-Type", "text/html")],
            1,
            false,
        ),
        ("post bucket/in/${filename}", &[("key", "in/a.txt")], 1, true),
        ("post bucket/in/${filename}", &[("key", "out/a.txt")], 1, false),
        ("post bucket/k --expires 59m", &[], 1, false),
    ] {
        assert_eq!(form(line, more, bytes).1, is_allowed, "{line} {more:?} {bytes}");
    }
}

#[test]
fn a_form_is_shown_so_that_nothing_in_it_is_obeyed() {
    let (form, _) = form("post bucket/it's<\"k\">", &[], 1);
    let curl = form::curl(&form);
    assert!(
        curl.starts_with("curl --form-string 'key=it'\\''s<\"k\">' --form-string "),
        "{curl}"
    );
    assert!(
        curl.ends_with("-F file=@FILE 'http://a.example/bucket/'"),
        "{curl}"
    );
    let html = form::html(&form, Some("image/*"));
    assert!(
        html.contains("name=\"key\" value=\"it's&lt;&quot;k&quot;&gt;\""),
        "{html}"
    );
    let at = |part: &str| html.find(part).unwrap_or_else(|| panic!("{part}: {html}"));
    assert!(at("x-amz-signature") < at("Content-Type") && at("Content-Type") < at("type=\"file\""));
}

#[test]
fn a_content_type_is_one_that_a_header_can_have() {
    for (line, is_taken) in [
        ("put bucket/k --content-type text/plain;charset=utf-8", true),
        (
            "put bucket/k --content-type text/plain\r\nx-amz-acl:public-read",
            false,
        ),
        ("put bucket/k --content-type \u{1b}[31m", false),
        ("get bucket/k --content-type a\nb", false),
    ] {
        assert_eq!(parsed(line).is_ok(), is_taken, "{line:?}");
    }
}
