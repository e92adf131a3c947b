//! What real clients sent, and real proxies carried, is recognised as theirs or as nobody's.
//!
//! The captures say by themselves who made them: `context.json` names the clients, the folder the proxy.

use std::fs;
use std::path::Path;

use super::*;

/// How captures name a client, and what its requests are taken for.
const NAMES: [(&str, Client); 12] = [
    ("@aws-sdk/client-s3", Client::JsV3),
    ("aws-sdk 2", Client::JsV2),
    ("boto3", Client::Boto3),
    ("aws-cli 1", Client::AwsCliV1),
    ("aws-cli 2", Client::AwsCliV2),
    ("s3cmd", Client::S3cmd),
    ("rclone", Client::Rclone),
    ("restic", Client::MinioGo),
    ("minio 8", Client::MinioJs),
    ("minio 7", Client::MinioPy),
    ("curl", Client::Curl),
    ("chromium", Client::Browser),
];

struct Capture {
    name: String,
    /// Who made the signature, and who sent it if that was another.
    clients: Vec<Client>,
    facts: Facts,
    is_signed_in_a_header: bool,
}

fn captures() -> Vec<Capture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let cases = fs::read_dir(folder).expect("the fixtures");
    let cases = cases.map(|entry| entry.expect("a fixture").path());
    cases.filter_map(|case| capture(&case)).collect()
}

fn capture(case: &Path) -> Option<Capture> {
    let name = case.file_name()?.to_string_lossy().into_owned();
    if !name.starts_with("captured-") {
        return None;
    }
    let context = fs::read_to_string(case.join("context.json")).expect("a context");
    let context: serde_json::Value = serde_json::from_str(&context).expect("JSON");
    let named = context["client"].as_str().expect("a client");
    let request = fs::read(case.join("request.http")).expect("a request");
    let request = String::from_utf8_lossy(&request);
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    let mut lines = head.lines();
    let line = lines.next().expect("a request line");
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim().as_bytes()))
        .collect();
    let form = FormFacts {
        fields: body
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect(),
        ..FormFacts::default()
    };
    let is_form = context["form"].as_bool() == Some(true);
    let facts = Facts::of(Traces {
        headers: &headers,
        query: line
            .split(' ')
            .nth(1)
            .and_then(|target| target.split_once('?'))
            .map(|(_, query)| query.as_bytes()),
        form: is_form.then_some(&form),
        http_1_0: line.ends_with("HTTP/1.0"),
    });
    let clients = named.split(" and ").map(|named| {
        let known = NAMES.iter().find(|(start, _)| named.starts_with(start));
        known.map_or(Client::Unknown, |(_, client)| *client)
    });
    Some(Capture {
        name,
        clients: clients.collect(),
        is_signed_in_a_header: headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("authorization") && value.starts_with(b"AWS")),
        facts,
    })
}

#[test]
fn nobody_else_is_taken_for_the_signer_of_what_a_client_signed() {
    let mut recognised = 0;
    for capture in captures() {
        let signer = capture.facts.signer;
        let maker = match capture.clients.first() {
            // In a page it is the same SDK.
            Some(Client::JsV3) if signer == Client::JsV3Page => Client::JsV3Page,
            Some(Client::JsV2) if signer == Client::JsV2Page => Client::JsV2Page,
            Some(client) => *client,
            None => Client::Unknown,
        };
        let is_unsaid = signer == Client::Unknown || !signer.signs();
        assert!(signer == maker || is_unsaid, "{}: {signer:?}", capture.name);
        recognised += usize::from(signer == maker && signer.signs());
        // Whoever signs and sends by itself says who it is; but a proxy may have sorted the lines of curl, or changed its name.
        let by_itself = capture.is_signed_in_a_header && capture.clients.len() == 1 && maker.signs();
        let is_sorted = capture.facts.proxy == Proxy::Caddy && maker == Client::Curl;
        let is_renamed = capture.name.starts_with("captured-hdr-ua-");
        assert!(
            !by_itself || is_sorted || is_renamed || signer == maker,
            "{}: {signer:?}",
            capture.name
        );
    }
    assert!(recognised > 90, "{recognised} captures are recognised");
}

#[test]
fn a_proxy_that_shows_at_all_is_taken_for_the_one_it_is() {
    let proxies = [
        ("-nginx", Proxy::Nginx),
        ("-caddy", Proxy::Caddy),
        ("-haproxy", Proxy::Haproxy),
    ];
    let mut shown = 0;
    for capture in captures() {
        let facts = &capture.facts;
        let own = proxies.iter().find(|(end, _)| capture.name.ends_with(end));
        match (own, facts.proxy_evidence) {
            (Some((_, proxy)), Some(_)) => {
                assert_eq!(facts.proxy, *proxy, "{}", capture.name);
                shown += 1;
            }
            (Some(_), None) => {}
            (None, evidence) => assert_eq!(evidence, None, "{}", capture.name),
        }
    }
    assert!(shown > 15, "{shown} proxies show");
}
