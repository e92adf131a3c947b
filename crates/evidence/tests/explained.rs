//! The cause that is found from each kind of text, with the secret and without.
//!
//! A client signs one request and a server receives another; the texts are written here as the tools write them. What the real
//! tools print is held by the fixtures.

#![expect(clippy::panic, reason = "a broken case is named before the test ends")]

use countersign_evidence::{Answer, Evidence, Explained, Form, Known, Sent, Texts, explain, read};
use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer, Trace, claim};

const TIME: i64 = 1_735_689_600;
const SECRET: &str = "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY";

type Headers = Vec<(String, String)>;

/// A request in flight.
#[derive(Clone)]
struct Flight {
    method: &'static str,
    target: &'static str,
    headers: Headers,
    secret: &'static str,
}

impl Flight {
    fn new(method: &'static str, target: &'static str, host: &str) -> Flight {
        Flight {
            method,
            target,
            headers: vec![("host".into(), host.into())],
            secret: SECRET,
        }
    }

    fn with<T>(&self, with: impl FnOnce(&Request<'_>) -> T) -> T {
        let (path, query) = self
            .target
            .split_once('?')
            .map_or((self.target, None), |(p, q)| (p, Some(q)));
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()))
            .collect();
        with(&Request {
            method: self.method,
            path: path.as_bytes(),
            query: query.map(str::as_bytes),
            headers: &headers,
        })
    }

    fn sign(mut self) -> Flight {
        let secret = Secret::new(self.secret);
        let signer = Signer {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "s3",
            time: TIME,
            rule: PathRule::S3,
        };
        let added = self.with(|request| signer.sign_headers(request, &Payload::Unsigned));
        self.headers.extend(
            added
                .into_iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        );
        self
    }

    fn set(mut self, name: &str, value: &str) -> Flight {
        match self.headers.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value.into(),
            None => self.headers.push((name.into(), value.into())),
        }
        self
    }

    /// Canonical request, string to sign and signature, of whoever holds this request.
    fn texts(&self) -> [String; 3] {
        self.with(|request| {
            let claimed = claim(request).expect("well-formed").expect("signed");
            let trace = Trace::of(request, &claimed, PathRule::S3);
            let text = |bytes| String::from_utf8(bytes).expect("text");
            [
                text(trace.canonical_request),
                text(trace.string_to_sign),
                claimed.signature.clone(),
            ]
        })
    }

    /// The error document of AWS for this request as it was received.
    fn refused(&self) -> String {
        let [canonical, string, signature] = self.texts();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message><AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId><StringToSign>{string}</StringToSign><SignatureProvided>{signature}</SignatureProvided><CanonicalRequest>{}</CanonicalRequest><RequestId>R</RequestId><HostId>H</HostId></Error>",
            canonical.replace('&', "&amp;")
        )
    }

    /// The debug log of boto3 for this request as it was signed, answered with a document.
    fn boto3_log(&self, document: &str) -> String {
        let [canonical, string, signature] = self.texts();
        let entry = |logger: &str, text: &str| format!("2025-01-01 00:00:00,000 {logger} [DEBUG] {text}\n");
        entry("botocore.auth", &format!("CanonicalRequest:\n{canonical}"))
            + &entry("botocore.auth", &format!("StringToSign:\n{string}"))
            + &entry("botocore.auth", &format!("Signature:\n{signature}"))
            + &entry("botocore.parsers", &format!("Response body:\nb{document:?}"))
    }

    /// What `curl -v` prints of this request as it was sent, answered with a document.
    fn curl_verbose(&self, document: &str) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("> {name}: {value}\n"))
            .collect();
        format!(
            "> {} {} HTTP/1.1\n{headers}>\n< HTTP/1.1 403 Forbidden\n< Date: Wed, 01 Jan 2025 00:00:00 GMT\n<\n{document}",
            self.method, self.target
        )
    }
}

fn explained(text: &str, secret: Option<&str>) -> Explained {
    let secret = secret.map(Secret::new);
    let known = Known {
        secret: secret.as_ref(),
        region: None,
        hosts: &["localhost:8080".into()],
        now: TIME,
    };
    explain(
        &read(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}")),
        &known,
    )
}

fn check(text: &str, secret: Option<&str>, status: &str, id: &str) -> Explained {
    let explained = explained(text, secret);
    let ids: Vec<&str> = explained.causes.iter().map(|cause| cause.id).collect();
    assert_eq!(
        (explained.status, ids.first().copied()),
        (status, Some(id)),
        "{:?}: {text}",
        explained.notes
    );
    explained
}

/// A host that a proxy changed.
fn through_a_proxy() -> (Flight, Flight) {
    let sent = Flight::new("GET", "/photos/cat.jpg", "localhost:8080").sign();
    (sent.clone(), sent.set("host", "127.0.0.1:9000"))
}

#[test]
fn an_error_document_and_the_secret_prove_the_cause() {
    let (_, received) = through_a_proxy();
    let explained = check(&received.refused(), Some(SECRET), "proven", "HST-PROXY");
    assert!(
        explained
            .ruled_out
            .iter()
            .any(|sentence| sentence.contains("secret")),
        "{:?}",
        explained.ruled_out
    );
}

#[test]
fn a_log_of_the_client_and_the_answer_need_no_secret() {
    let (sent, received) = through_a_proxy();
    let explained = check(&sent.boto3_log(&received.refused()), None, "exact", "HST-PROXY");
    assert_eq!(explained.form, Form::Botocore);
    let comparison = explained.comparison.expect("both sides are known");
    let first = comparison.first_difference().expect("they differ");
    assert_eq!(
        (first.left.as_deref(), first.right.as_deref()),
        (Some("localhost:8080"), Some("127.0.0.1:9000"))
    );
}

#[test]
fn equal_texts_mean_another_secret() {
    let sent = Flight {
        secret: "another",
        ..Flight::new("GET", "/photos/cat.jpg", "h")
    }
    .sign();
    let log = sent.boto3_log(&sent.refused());
    check(&log, None, "exact", "SEC-WRONG");
    let with_it = check(&log, Some("another"), "exact", "SEC-WRONG");
    assert!(
        with_it
            .notes
            .iter()
            .any(|note| note.contains("the server has another")),
        "{:?}",
        with_it.notes
    );
    let with_other = check(&log, Some(SECRET), "exact", "SEC-WRONG");
    assert!(
        with_other
            .notes
            .iter()
            .any(|note| note.contains("somewhere else")),
        "{:?}",
        with_other.notes
    );
}

#[test]
fn a_difference_that_no_cause_explains_is_shown() {
    let sent = Flight::new("GET", "/photos/cat.jpg", "h")
        .set("x-amz-meta-a", "one")
        .sign();
    let received = sent.clone().set("x-amz-meta-a", "quite another");
    let explained = explained(&sent.boto3_log(&received.refused()), None);
    assert_eq!((explained.status, explained.causes.len()), ("exact", 0));
    assert!(
        explained
            .notes
            .iter()
            .any(|note| note.contains("x-amz-meta-a") && note.contains("quite another")),
        "{:?}",
        explained.notes
    );
}

#[test]
fn a_server_that_shows_no_texts_is_helped_by_what_was_sent() {
    let document = "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>";
    // Changed between signing and sending.
    let sent = Flight::new("PUT", "/photos/a+b.jpg", "h")
        .sign()
        .set("host", "h:443");
    check(
        &sent.curl_verbose(document),
        Some(SECRET),
        "proven",
        "HST-PORT-DEFAULT",
    );
    // Sent as it was signed.
    let sent = Flight::new("PUT", "/photos/cat.jpg", "h").sign();
    let explained = check(
        &sent.curl_verbose(document),
        Some(SECRET),
        "inferred",
        "SEC-WRONG",
    );
    assert!(
        explained.notes.iter().any(|note| note.contains("signed rightly")),
        "{explained:?}"
    );
}

#[test]
fn a_secret_that_is_odd_by_itself_is_the_likely_cause_where_its_signature_is_right() {
    let document = "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>";
    for (secret, id) in [
        ("a secret\n", "SEC-NEWLINE"),
        (" a secret", "SEC-SPACE"),
        ("\"a secret\"", "SEC-QUOTES"),
        ("a%2Fsecret", "SEC-URLENC"),
        ("undefined", "SEC-DEFAULT"),
        ("AKIAIOSFODNN7EXAMPLE", "SEC-AKID"),
    ] {
        let sent = Flight {
            secret,
            ..Flight::new("PUT", "/photos/cat.jpg", "h")
        }
        .sign();
        for text in [sent.curl_verbose(document), sent.refused()] {
            let explained = check(&text, Some(secret), "inferred", id);
            assert_eq!(explained.causes.len(), 1, "{explained:?}");
        }
    }
    let plain = Flight {
        secret: "another",
        ..Flight::new("PUT", "/photos/cat.jpg", "h")
    }
    .sign();
    check(&plain.refused(), Some("another"), "exact", "SEC-WRONG");
}

/// A capture of the npm package.
fn capture(signed: &Flight, sent: &Flight, document: &str) -> String {
    let request = |flight: &Flight| serde_json::json!({"method": flight.method, "url": format!("http://h{}", flight.target), "headers": flight.headers});
    serde_json::json!({"countersign": 1, "signed": request(signed), "sent": request(sent), "answer": {"status": 403, "body": document}}).to_string()
}

#[test]
fn a_request_that_nobody_answered_was_refused_by_nobody() {
    let signed = Flight::new("GET", "/photos/cat.jpg", "h").sign();
    let mut text: serde_json::Value = serde_json::from_str(&capture(&signed, &signed, "")).expect("JSON");
    text.as_object_mut().map(|fields| fields.remove("answer"));
    let explained = explained(&text.to_string(), Some(SECRET));
    assert_eq!((explained.status, explained.causes.len()), ("unknown", 0));
    assert!(
        explained.notes.iter().any(|note| note.contains("No answer")),
        "{:?}",
        explained.notes
    );
}

#[test]
fn the_host_that_a_client_signed_is_known_from_its_request() {
    let signed = Flight::new("GET", "/photos/cat.jpg", "s3.somewhere.example:8443").sign();
    let received = signed.clone().set("host", "127.0.0.1:9000");
    let text = capture(&signed, &signed, &received.refused());
    check(&text, None, "exact", "HST-PROXY");
}

#[test]
fn a_signed_header_that_did_not_arrive_is_missing_and_not_empty() {
    let signed = Flight::new("PUT", "/photos/cat.jpg", "h")
        .set("content-type", "image/png")
        .sign();
    let mut sent = signed.clone();
    sent.headers.retain(|(name, _)| name != "content-type");
    let text = capture(&signed, &sent, &sent.refused());
    check(&text, None, "exact", "HDR-MISSING");
    check(&sent.refused(), Some(SECRET), "proven", "HDR-MISSING");
}

#[test]
fn what_a_client_changed_after_signing_is_found_without_secret_and_without_the_servers_texts() {
    let document = "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>";
    let capture = |signed: &Flight, sent: &Flight| capture(signed, sent, document);
    let signed = Flight::new("PUT", "/photos/cat.jpg", "h")
        .set("content-type", "image/png")
        .sign();
    let sent = signed.clone().set("content-type", "text/plain");
    let explained = check(&capture(&signed, &sent), None, "exact", "HDR-CT-CHANGED");
    assert_eq!(explained.form, Form::Captured);
    let comparison = explained.comparison.expect("both sides are known");
    assert_eq!(
        comparison.first_difference().map(|line| line.what.as_str()),
        Some("header content-type")
    );
    // As it was signed: nothing but the secret can tell.
    let unchanged = self::explained(&capture(&signed, &signed), None);
    assert!(!matches!(unchanged.status, "exact" | "proven"), "{unchanged:?}");
    check(&capture(&signed, &signed), Some(SECRET), "inferred", "SEC-WRONG");
}

#[test]
fn a_server_that_explains_is_believed_where_it_is_surer() {
    let sent = Flight {
        secret: "a secret\n",
        ..Flight::new("GET", "/k", "h")
    }
    .sign();
    let [canonical, string, signature] = sent.texts();
    let document = format!(
        "<Error><Code>SignatureDoesNotMatch</Code><Message>No. It ends in a line break. Trim it. (SEC-NEWLINE, proven)</Message>\
         <StringToSign>{string}</StringToSign><SignatureProvided>{signature}</SignatureProvided><CanonicalRequest>{canonical}</CanonicalRequest>\
         <Diagnosis version=\"1\" status=\"proven\"><Cause id=\"SEC-NEWLINE\" proof=\"hmac\" slot=\"secret\"><Title>T</Title><Cure>Trim it.</Cure></Cause>\
         <RuledOut>R.</RuledOut></Diagnosis></Error>"
    );
    let explained = check(&document, None, "proven", "SEC-NEWLINE");
    assert_eq!(
        explained.causes.first().map(|cause| cause.cure.as_str()),
        Some("Trim it.")
    );
    assert_eq!(explained.ruled_out, ["R."]);
}

#[test]
fn a_mangled_secret_is_proven_from_the_clean_one() {
    let sent = Flight {
        secret: "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        ..Flight::new("GET", "/k", "h")
    }
    .sign();
    check(&sent.refused(), Some(SECRET), "proven", "SEC-NEWLINE");
}

#[test]
fn a_link_alone_shows_that_it_has_expired() {
    let link = "https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20241231%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20241231T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0000000000000000000000000000000000000000000000000000000000000000";
    check(link, None, "exact", "PRE-EXPIRED");
}

#[test]
fn what_comes_out_never_holds_the_secret() {
    let (sent, received) = through_a_proxy();
    let odd = format!("\"{SECRET}%\n");
    for text in [
        received.refused(),
        sent.boto3_log(&received.refused()),
        sent.boto3_log(&sent.refused()),
        sent.curl_verbose(""),
    ] {
        for secret in [SECRET, odd.as_str()] {
            let out = format!("{:?}", explained(&text, Some(secret)));
            assert!(!out.contains("wJalr/XUtn"), "{out}");
        }
    }
}

#[test]
fn cut_and_garbled_texts_are_read_or_refused_and_never_break() {
    let (sent, received) = through_a_proxy();
    for text in [
        received.refused(),
        sent.boto3_log(&received.refused()),
        sent.curl_verbose(&received.refused()),
    ] {
        for end in (0..text.len()).step_by(97) {
            if let Ok(evidence) = read(text.as_bytes().get(..end).expect("within")) {
                let known = Known {
                    secret: Some(&Secret::new(SECRET)),
                    region: None,
                    hosts: &[],
                    now: TIME,
                };
                let _ = explain(&evidence, &known);
            }
        }
    }
}

#[test]
fn a_signature_that_is_right_is_not_blamed_for_another_refusal() {
    let flight = Flight::new("GET", "/b/k", "h").sign();
    let exchange = |code: &str| {
        let document = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        let sent = Sent {
            method: "GET".into(),
            path: "/b/k".into(),
            headers: flight.headers.clone(),
            ..Sent::default()
        };
        let [canonical_request, string_to_sign, signature] = flight.texts().map(Some);
        let texts = Texts {
            canonical_request,
            string_to_sign,
            signature,
        };
        let evidence = Evidence::of_exchange(sent, texts, Answer::of_exchange(403, Vec::new(), &document));
        let secret = Secret::new(SECRET);
        let known = Known {
            secret: Some(&secret),
            region: None,
            hosts: &[],
            now: TIME,
        };
        explain(&evidence, &known)
    };
    let denied = exchange("AccessDenied");
    assert!(denied.causes.is_empty(), "{:?}", denied.causes);
    assert!(
        denied
            .ruled_out
            .iter()
            .any(|sentence| sentence.contains("signature is right"))
    );
    let mismatch = exchange("SignatureDoesNotMatch");
    assert_eq!(mismatch.causes.first().map(|cause| cause.id), Some("SEC-WRONG"));
}

#[test]
fn what_is_found_before_a_request_is_made_leads_to_causes_that_have_a_page() {
    for rule in countersign_validate::RULES {
        let known = rule
            .cause
            .is_none_or(|id| countersign_diagnose::page(id).is_some());
        assert!(known, "{}: {:?}", rule.name, rule.cause);
    }
}

#[test]
fn no_name_of_a_header_reaches_a_terminal_as_it_stands() {
    let texts = |headers: &str| format!("GET\n/k\n\n{headers}\n\nhost\nUNSIGNED-PAYLOAD");
    let client = Texts {
        canonical_request: Some(texts("host:h")),
        ..Texts::default()
    };
    let document = format!(
        "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message><CanonicalRequest>{}</CanonicalRequest></Error>",
        texts("\u{9b}2Ja:b\nhost:h")
    );
    let answer = Answer::of_exchange(403, Vec::new(), &document);
    let evidence = Evidence::of_exchange(Sent::default(), client, answer);
    let known = Known {
        secret: None,
        region: None,
        hosts: &[],
        now: TIME,
    };
    let text = explain(&evidence, &known).text();
    assert!(text.contains("first difference: header"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn two_requests_of_one_log_are_not_taken_for_one() {
    let one = Flight {
        secret: "another",
        ..Flight::new("GET", "/photos/cat.jpg", "h")
    }
    .sign();
    let other = Flight::new("GET", "/photos/dog.jpg", "h").sign();
    let signed = |flight: &Flight| {
        let log = flight.boto3_log("");
        let end = log
            .find("2025-01-01 00:00:00,000 botocore.parsers")
            .expect("an answer");
        log.get(..end).map(str::to_owned).expect("within")
    };
    // Threads of one process write into each other's lines: the answer to the first comes after the second was signed.
    let answer = |flight: &Flight| flight.boto3_log(&flight.refused()).replace(&signed(flight), "");
    let log = [signed(&one), signed(&other), answer(&one)].concat();
    check(&log, None, "exact", "SEC-WRONG");
    // Of the one that was refused the log has nothing but the answer.
    let log = [signed(&other), answer(&one)].concat();
    let explained = self::explained(&log, None);
    assert!(!matches!(explained.status, "exact" | "proven"), "{explained:?}");
    assert_eq!(explained.comparison, None);
    assert!(
        explained
            .notes
            .iter()
            .any(|note| note.contains("another signature")),
        "{:?}",
        explained.notes
    );
}

#[test]
fn a_request_that_no_server_would_read_is_not_looked_at() {
    let many = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let request = |target: &str, headers: &str| {
        let document = "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>";
        let text = format!(
            "> GET {target} HTTP/1.1\n> Host: h\n{headers}>\n< HTTP/1.1 403 Forbidden\n<\n{document}"
        );
        read(text.as_bytes()).expect("evidence")
    };
    for (count, is_read) in [(1_000, true), (1_100, false)] {
        let headers = request("/k", &many(count, |n| format!("> x-amz-meta-{n}: v\n")));
        let parameters = request(&format!("/k?{}", many(count, |n| format!("a{n}=b&"))), "");
        for evidence in [headers, parameters] {
            assert_eq!(evidence.sent.is_some(), is_read, "{count}");
            assert_eq!(evidence.notes.is_empty(), is_read, "{:?}", evidence.notes);
            assert!(evidence.answer.is_some());
        }
        let document = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>GET\n/\n\n{}\nhost\nUNSIGNED-PAYLOAD</CanonicalRequest></Error>",
            many(count, |n| format!("h{n}:v\n"))
        );
        let evidence = read(document.as_bytes()).expect("evidence");
        assert_eq!(evidence.server.canonical_request.is_some(), is_read, "{count}");
        assert_eq!(evidence.notes.is_empty(), is_read, "{:?}", evidence.notes);
    }
}

#[test]
fn where_a_redirect_leads_is_told_without_the_credentials_of_its_link() {
    let place = "https://photos.s3.eu-west-1.amazonaws.com/k";
    let link = format!(
        "{place}?X-Amz-Security-Token=tokentoken&X-Amz-Signature={}",
        "5".repeat(64)
    );
    let headers = vec![
        ("location".to_owned(), link),
        ("x-amz-request-id".to_owned(), "R".to_owned()),
    ];
    let answer = Answer::of_exchange(307, headers, "");
    let evidence = Evidence::of_exchange(Sent::default(), Texts::default(), answer);
    let known = Known {
        secret: None,
        region: None,
        hosts: &[],
        now: TIME,
    };
    let explained = explain(&evidence, &known);
    assert_eq!(explained.causes.first().map(|cause| cause.id), Some("RED-307"));
    for told in [
        explained.text(),
        explained.document().to_string(),
        explained.sentence(),
    ] {
        assert!(told.contains(place), "{told}");
        assert!(!told.contains("tokentoken") && !told.contains("5555"), "{told}");
    }
}

#[test]
fn what_comes_out_never_holds_a_token_or_a_whole_signature() {
    const TOKEN: &str = "tokenTOKEN0123456789tokenTOKEN";
    let signature = "5".repeat(64);
    let query = |token: &str| {
        format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20250101%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20250101T000000Z&X-Amz-Expires=60&X-Amz-Security-Token={token}&X-Amz-SignedHeaders=host"
        )
    };
    let link = format!("https://h/b/k?{}&X-Amz-Signature={signature}", query(TOKEN));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/s3/aws4_request, \
        SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature={signature}"
    );
    let headers = format!(
        "> Host: h\n> x-amz-date: 20250101T000000Z\n> x-amz-content-sha256: UNSIGNED-PAYLOAD\n\
        > x-amz-security-token: {TOKEN}\n> Authorization: {authorization}\n"
    );
    let requests = [
        format!("> PUT /b/k HTTP/1.1\n{headers}>\n"),
        format!(
            "> GET {} HTTP/1.1\n> Host: h\n>\n",
            link.trim_start_matches("https://h")
        ),
    ];
    let by_link = format!(
        "GET\n/b/k\n{}\nhost:h\n\nhost\nUNSIGNED-PAYLOAD",
        query("another")
    );
    let by_header = "PUT\n/b/k\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20250101T000000Z\nx-amz-security-token:another\n\n\
        host;x-amz-content-sha256;x-amz-date;x-amz-security-token\nUNSIGNED-PAYLOAD";
    for code in [
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "RequestTimeTooSkewed",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "AccessDenied",
        "ExpiredToken",
        "InvalidToken",
        "PermanentRedirect",
        "TemporaryRedirect",
        "IllegalLocationConstraintException",
        "XAmzContentSHA256Mismatch",
        "BadDigest",
        "IncompleteBody",
        "InvalidRequest",
        "InvalidArgument",
        "MissingContentLength",
        "NoSuchKey",
        "InternalError",
    ] {
        for (request, canonical) in requests.iter().zip([by_header, by_link.as_str()]) {
            for shown in [canonical, ""] {
                let document = format!(
                    "<Error><Code>{code}</Code><Message>m</Message><CanonicalRequest>{}</CanonicalRequest>\
                    <StringToSign>AWS4-HMAC-SHA256\n20250101T000000Z\n20250101/us-east-1/s3/aws4_request\n</StringToSign>\
                    <SignatureProvided>{signature}</SignatureProvided><Token-0>{TOKEN}</Token-0></Error>",
                    shown.replace('&', "&amp;")
                );
                let text = format!("{request}< HTTP/1.1 403 F\n< Location: {link}\n<\n{document}");
                for secret in [None, Some(SECRET)] {
                    let explained = explained(&text, secret);
                    for told in [
                        explained.text(),
                        explained.document().to_string(),
                        explained.sentence(),
                    ] {
                        assert!(
                            !told.contains(TOKEN) && !told.contains(&signature),
                            "{code}: {told}"
                        );
                    }
                }
            }
        }
    }
}
