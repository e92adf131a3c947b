//! Each limit of a search for what was changed on the way: at the limit the cause is found, one beyond it is not.
//!
//! Not here: the limits of a whole search in bytes, time and number, see `security`.

mod support;

use countersign_diagnose::{Diagnosis, Level, SINGLES_MAX, Status};
use serde_json::{Value, json};
use support::{Context, unhurried};

/// A request: method and target, header lines, further signed names.
fn request(line: &str, headers: &[String], signed: &[&str]) -> String {
    let mut names = vec!["host", "x-amz-content-sha256", "x-amz-date"];
    names.extend(signed);
    names.sort_unstable();
    let headers: String = headers.iter().map(|header| format!("{header}\n")).collect();
    format!(
        "{line} HTTP/1.1\nHost: s3.example.com\n{headers}x-amz-content-sha256: UNSIGNED-PAYLOAD\n\
         x-amz-date: 20261122T035900Z\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, \
         SignedHeaders={}, Signature={{signature}}\n",
        names.join(";")
    )
}

fn diagnose(context: Value, signed: &str, received: &str) -> Diagnosis {
    let context = Context(context);
    let received = received.replace("{signature}", &context.sign(signed));
    let diagnosis = context.receive(&received, unhurried());
    diagnosis.expect("the two requests differ")
}

/// Found as `id` at the limit, and not proven beyond it.
fn check(id: &str, at_the_limit: (&str, &str), beyond: (&str, &str)) {
    let found = diagnose(json!({}), at_the_limit.0, at_the_limit.1);
    let header = found.at(Level::Full).header_value();
    assert!(
        header.starts_with(&format!("{id}; status=proven")),
        "{id}: {header}"
    );
    let lost = diagnose(json!({}), beyond.0, beyond.1);
    let header = lost.at(Level::Full).header_value();
    assert_ne!(lost.status, Status::Proven, "{id}: {header}");
}

fn repeated(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

#[test]
fn slashes_are_put_back_at_16_places() {
    let segments = repeated(18, |n| format!("/s{n}"));
    let received = request(&format!("GET /b{segments}"), &[], &[]);
    let doubled = |n: usize| {
        let path = segments.replace(&format!("/s{n}"), &format!("//s{n}"));
        request(&format!("GET /b{path}"), &[], &[])
    };
    // `/s1` is also the beginning of `/s15`, so the places are counted on others.
    check("URI-MERGE", (&doubled(0), &received), (&doubled(17), &received));
    check("URI-MERGE", (&doubled(15), &received), (&doubled(16), &received));
}

#[test]
fn slashes_are_put_back_at_two_of_the_first_six_places_at_once() {
    let path = |doubled: &[char]| {
        let segments = "abcdefgh".chars();
        let path: String = segments
            .map(|c| format!("{}{c}", if doubled.contains(&c) { "//" } else { "/" }))
            .collect();
        request(&format!("GET /b{path}"), &[], &[])
    };
    let received = path(&[]);
    check(
        "URI-MERGE",
        (&path(&['a', 'f']), &received),
        (&path(&['a', 'g']), &received),
    );
}

#[test]
fn dot_segments_are_put_back_at_eight_places() {
    let path = |dotted: Option<char>| {
        let segments = "abcdefghij".chars();
        let path: String = segments
            .map(|c| format!("{}{c}", if dotted == Some(c) { "/./" } else { "/" }))
            .collect();
        request(&format!("GET /b{path}"), &[], &[])
    };
    let received = path(None);
    check(
        "URI-DOTS",
        (&path(Some('h')), &received),
        (&path(Some('i')), &received),
    );
}

#[test]
fn sixteen_words_are_taken_from_the_end_of_user_agent() {
    let agent = |words: usize| {
        let added = repeated(words, |n| format!(" hop{n}"));
        request(
            "GET /b/k",
            &[format!("User-Agent: own/1.0 x{added}")],
            &["user-agent"],
        )
    };
    check("HDR-UA", (&agent(0), &agent(16)), (&agent(0), &agent(17)));
}

#[test]
fn four_proxies_are_taken_from_the_end_of_a_list() {
    let list = |hops: usize| {
        let hops = repeated(hops, |n| format!(", 10.0.0.{n}"));
        request(
            "GET /b/k",
            &[format!("X-Forwarded-For: 203.0.113.7{hops}")],
            &["x-forwarded-for"],
        )
    };
    check("HDR-HOP", (&list(0), &list(4)), (&list(0), &list(5)));
}

#[test]
fn blanks_are_put_back_at_16_places() {
    let names = ["x-amz-meta-t"];
    let received = request(
        "PUT /b/k",
        &[format!("x-amz-meta-t: w{}", repeated(18, |n| format!(" w{n}")))],
        &names,
    );
    let typed = |at: usize| {
        let value = repeated(18, |n| format!("{}w{n}", if n == at { "  " } else { " " }));
        json!({
            "signed_header_block": format!(
                "host:s3.example.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20261122T035900Z\nx-amz-meta-t:w{value}\n"
            )
        })
    };
    let status = |at| diagnose(typed(at), &received, &received).status;
    assert_eq!((status(15), status(16)), (Status::Proven, Status::Unproven));
}

#[test]
fn parameters_are_left_out_one_by_one_up_to_16_from_the_end() {
    let query = |count: usize, without: Option<usize>| {
        let pieces: Vec<String> = (0..count)
            .filter(|n| Some(*n) != without)
            .map(|n| format!("p{n:02}=1"))
            .collect();
        request(&format!("GET /b/k?{}", pieces.join("&")), &[], &[])
    };
    check(
        "QRY-EXTRA",
        (&query(17, Some(1)), &query(17, None)),
        (&query(17, Some(0)), &query(17, None)),
    );
}

#[test]
fn eight_headers_with_several_lines_are_looked_at() {
    let names: Vec<String> = (0..9).map(|n| format!("x-amz-meta-{n}")).collect();
    let signed: Vec<&str> = names.iter().map(String::as_str).collect();
    let lines = |single: Option<usize>| {
        let lines = names.iter().enumerate().flat_map(|(n, name)| {
            let both = [format!("{name}: one"), format!("{name}: two")];
            let kept = if single == Some(n) { 1 } else { 2 };
            both.into_iter().take(kept)
        });
        request("PUT /b/k", &lines.collect::<Vec<_>>(), &signed)
    };
    check(
        "HDR-DUP",
        (&lines(Some(7)), &lines(None)),
        (&lines(Some(8)), &lines(None)),
    );
}

#[test]
fn eight_lines_of_one_header_are_looked_at() {
    let lines = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("x-amz-meta-t: {n}")).collect();
        request("PUT /b/k", &lines, &["x-amz-meta-t"])
    };
    let joined = |count: usize| {
        let values: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        request(
            "PUT /b/k",
            &[format!("x-amz-meta-t: {}", values.join(", "))],
            &["x-amz-meta-t"],
        )
    };
    check("HDR-DUP", (&joined(8), &lines(8)), (&joined(9), &lines(9)));
}

#[test]
fn eight_headers_beyond_ascii_are_looked_at() {
    let names: Vec<String> = (0..9).map(|n| format!("x-amz-meta-{n}")).collect();
    let signed: Vec<&str> = names.iter().map(String::as_str).collect();
    let values = |latin_1: Option<usize>| {
        let lines = names
            .iter()
            .enumerate()
            .map(|(n, name)| format!("{name}: {}", if latin_1 == Some(n) { "\\xe9" } else { "\u{e9}" }));
        request("PUT /b/k", &lines.collect::<Vec<_>>(), &signed)
    };
    check(
        "HDR-NONASCII",
        (&values(None), &values(Some(7))),
        (&values(None), &values(Some(8))),
    );
}

#[test]
fn eight_headers_are_tried_with_a_blank_at_the_end() {
    let names: Vec<String> = (0..9).map(|n| format!("x-amz-meta-{n}")).collect();
    let signed: Vec<&str> = names.iter().map(String::as_str).collect();
    let headers: Vec<String> = names.iter().map(|name| format!("{name}: v")).collect();
    let received = request("PUT /b/k", &headers, &signed);
    let typed = |at: usize| {
        let lines = repeated(9, |n| {
            format!("x-amz-meta-{n}:v{}\n", if n == at { " " } else { "" })
        });
        json!({
            "signed_header_block": format!(
                "host:s3.example.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20261122T035900Z\n{lines}"
            )
        })
    };
    let status = |at| diagnose(typed(at), &received, &received).status;
    assert_eq!((status(7), status(8)), (Status::Proven, Status::Unproven));
}

#[test]
fn a_prefix_of_up_to_1024_bytes_is_taken_from_a_header() {
    let prefix = |bytes: usize| format!("/{}", "p".repeat(bytes - 1));
    let signed = |bytes: usize| request(&format!("GET {}/b/k", prefix(bytes)), &[], &[]);
    let received = |bytes: usize| {
        request(
            "GET /b/k",
            &[format!("X-Forwarded-Prefix: {}", prefix(bytes))],
            &[],
        )
    };
    check(
        "HST-PREFIX",
        (&signed(1_024), &received(1_024)),
        (&signed(1_025), &received(1_025)),
    );
}

#[test]
fn a_method_of_up_to_16_letters_is_taken_from_an_override() {
    let signed = |letters: usize| request(&format!("{} /b/k", "M".repeat(letters)), &[], &[]);
    let received = |letters: usize| {
        let header = format!("X-HTTP-Method-Override: {}", "M".repeat(letters));
        request("POST /b/k", &[header], &[])
    };
    check(
        "MTH-CASE",
        (&signed(16), &received(16)),
        (&signed(17), &received(17)),
    );
}

#[test]
fn a_request_behind_two_proxies_stays_below_the_number_of_single_changes() {
    let headers = [
        "Accept-Encoding: gzip, br",
        "User-Agent: Boto3/1.36.0 md/Botocore#1.36.0 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11",
        "Content-Type: image/jpeg",
        "x-amz-meta-title: three short words",
        "X-Forwarded-For: 203.0.113.7, 10.0.0.4",
        "X-Forwarded-Host: s3.example.com",
        "X-Forwarded-Prefix: /s3",
        "X-Original-URI: /s3/photos/2026/november/cat.jpg",
        "Via: 1.1 edge, 1.1 inner",
    ]
    .map(str::to_owned);
    let signed = [
        "accept-encoding",
        "content-type",
        "user-agent",
        "x-amz-meta-title",
    ];
    let text = request(
        "PUT /photos/2026/november/cat.jpg?partNumber=1&uploadId=abc",
        &headers,
        &signed,
    );
    let tried = diagnose(json!({ "client_secret": "another" }), &text, &text).tried;
    assert!((tried.singles as usize) < SINGLES_MAX, "{tried:?}");
}
