//! Refusals beside the signature: each says why in the header, in the message, in the document and on record.
//!
//! Not here: wrong signatures, and what the policies of accounts say (`members` has those).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::DiagnosisMode;
use countersign_sigv4::{ChunkSigner, Payload};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::calls::{allow, done, encoded, key, role, sts, user};
use crate::form::Form;
use crate::http::{Answer, Ask, Connection, Key};
use crate::running::Running;

/// What an answer says, and the record after it.
struct Said<'a> {
    status: u16,
    code: &'a str,
    /// The header that explains.
    header: &'a str,
    /// A part of the message.
    message: &'a str,
}

fn server() -> Running {
    Running::start().bucket("bucket")
}

fn record(server: &Running, answer: &Answer) -> Value {
    let found = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
    assert_eq!(found.status, 200, "{}", found.text());
    serde_json::from_slice(&found.body).expect("JSON")
}

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The answer says it in all places, and so does the record.
#[track_caller]
fn check(server: &Running, ask: &Ask, said: &Said<'_>) -> Value {
    let answer = server.send(ask);
    answer.is(said.status, said.code);
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some(said.header),
        "{}",
        answer.text()
    );
    let message = answer.element("Message").unwrap_or_default();
    let message = message
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'");
    assert!(message.contains(said.message), "{message}");
    let (cause, rest) = said.header.split_once("; status=").expect("a status");
    let status = rest.split(';').next().unwrap_or_default();
    let element = format!("<Diagnosis version=\"1\" status=\"{status}\"><Cause id=\"{cause}\"");
    assert!(answer.text().contains(&element), "{element}: {}", answer.text());
    let record = record(server, &answer);
    assert_eq!(text(&record, "/code"), said.code);
    assert_eq!(text(&record, "/causes/0"), cause, "{record}");
    assert_eq!(text(&record, "/diagnosis/status"), status);
    assert!(
        message.ends_with(text(&record, "/diagnosis/message")),
        "{message}: {record}"
    );
    record
}

fn get(server: &Running) -> Ask {
    Ask::new("GET", "/bucket/k").to(&server.host())
}

fn put(server: &Running) -> Ask {
    Ask::new("PUT", "/bucket/k").to(&server.host())
}

/// The root, whose clock is so many seconds ahead.
fn ahead(seconds: i64) -> Key {
    let key = Key::root();
    Key {
        time: key.time + seconds,
        ..key
    }
}

#[test]
fn links_out_of_their_time_say_whether_they_were_right_otherwise() {
    let server = server();
    let expired = |message: &'static str| Said {
        status: 403,
        code: "AccessDenied",
        header: "PRE-EXPIRED; status=exact; slot=time",
        message,
    };
    let right = "Request has expired. The URL was valid for 1 minute and ended ";
    check(&server, &get(&server).presign(&ahead(-3600), 60), &expired(right));
    let record = check(
        &server,
        &get(&server).presign(&ahead(-3600), 60),
        &expired("Apart from that the signature is valid"),
    );
    assert_eq!(text(&record, "/diagnosis/otherwise"), "valid");
    let wrong = ahead(-3600).with_secret("another-secret");
    let record = check(
        &server,
        &get(&server).presign(&wrong, 60),
        &expired("The signature does not match either"),
    );
    assert_eq!(text(&record, "/diagnosis/otherwise"), "invalid");
    let record = check(
        &server,
        &get(&server).presign(&ahead(7260), 60),
        &Said {
            status: 403,
            code: "AccessDenied",
            header: "PRE-FUTURE; status=exact; slot=time",
            message: "Request is not yet valid. The URL begins 2 hours",
        },
    );
    assert_eq!(text(&record, "/diagnosis/otherwise"), "valid");
    assert_eq!(text(&record, "/diagnosis/culprit/kind"), "clock");
}

#[test]
fn a_wrong_clock_is_told_with_its_offset_and_a_time_zone_from_a_wrong_clock() {
    let server = server();
    let skewed = |header: &'static str, message: &'static str| Said {
        status: 403,
        code: "RequestTimeTooSkewed",
        header,
        message,
    };
    let record = check(
        &server,
        &get(&server).sign(&ahead(1337)),
        &skewed(
            "CLK-SKEW; status=exact; slot=time",
            "22 minutes ahead of this server's",
        ),
    );
    assert_eq!(text(&record, "/diagnosis/otherwise"), "valid");
    check(
        &server,
        &get(&server).sign(&ahead(-7 * 3600)),
        &skewed("CLK-TZ; status=inferred; slot=time", "local time labelled as UTC"),
    );
    let wrong = ahead(1337).with_secret("another-secret");
    let record = check(
        &server,
        &get(&server).sign(&wrong),
        &skewed(
            "CLK-SKEW; status=exact; slot=time",
            "The signature does not match either",
        ),
    );
    assert_eq!(text(&record, "/diagnosis/otherwise"), "invalid");
}

#[test]
fn a_body_that_is_not_the_signed_one_is_told_by_what_was_done_to_it() {
    let server = server();
    for (signed, sent, message) in [
        (
            &b"hello"[..],
            &b""[..],
            "it is empty, as when a stream was already read",
        ),
        (b"hello", b"\x1f\x8b\x08hello", "it begins as gzip does"),
        (
            b"hello",
            b"\xef\xbb\xbfhello",
            "without the byte order mark at its beginning it is",
        ),
        (b"a\nb\n", b"a\r\nb\r\n", "its line ends were converted to CRLF"),
        (
            b"caf\xe9",
            b"caf\xc3\xa9",
            "hashed in one encoding and sent in another",
        ),
        (
            &[b'a'; 9000],
            &[b'a'; 8192],
            "it has exactly 8192 bytes, the size of a buffer",
        ),
        (b"hello", b"hallo", "it was changed after signing"),
    ] {
        let ask = put(&server).payload(Payload::of_body(signed)).sign(&Key::root());
        let said = Said {
            status: 400,
            code: "XAmzContentSHA256Mismatch",
            header: "PAY-MISMATCH; status=exact; slot=body",
            message,
        };
        let record = check(&server, &ask.body(sent), &said);
        assert_eq!(text(&record, "/diagnosis/otherwise"), "valid");
    }
    let ask = put(&server).payload(Payload::of_body(b"")).sign(&Key::root());
    let said = Said {
        status: 400,
        code: "XAmzContentSHA256Mismatch",
        header: "PAY-EMPTYHASH; status=exact; slot=body",
        message: "The signer hashed an empty body, but 5 bytes arrived",
    };
    check(&server, &ask.body("hello"), &said);
    let mut framed = ChunkSigner::encode_unsigned_chunk(b"hello");
    framed.extend(ChunkSigner::encode_unsigned_end(&[]));
    let ask = put(&server)
        .payload(Payload::of_body(b"hello"))
        .sign(&Key::root());
    let said = Said {
        status: 400,
        code: "XAmzContentSHA256Mismatch",
        header: "PAY-CHUNKED-RAW; status=exact; slot=body",
        message: "begins with a chunk of aws-chunked framing",
    };
    check(&server, &ask.body(framed), &said);
    assert_eq!(server.status_of("/bucket/k"), 404, "nothing of it is stored");
}

#[test]
fn a_checksum_that_is_not_that_of_the_body_is_explained() {
    let server = server();
    // SHA-1 of `hello`.
    let sha1 = STANDARD.encode(hex::decode("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d").expect("hex"));
    for (header, value, sent, said) in [
        (
            "x-amz-checksum-crc32",
            "AAAAAA==",
            "hello",
            (
                "PAY-CRC-EMPTY; status=exact; slot=header:x-amz-checksum-crc32",
                "empty body, but 5 bytes arrived",
            ),
        ),
        (
            "x-amz-checksum-crc32",
            "AAAAAQ==",
            "hello",
            (
                "PAY-MISMATCH; status=exact; slot=header:x-amz-checksum-crc32",
                "does not have the checksum",
            ),
        ),
        (
            "x-amz-checksum-sha1",
            &sha1,
            "hello\n",
            (
                "PAY-MISMATCH; status=exact; slot=header:x-amz-checksum-sha1",
                "without the line break at its end it is",
            ),
        ),
    ] {
        let ask = put(&server).payload(Payload::Unsigned).header(header, value);
        let said = Said {
            status: 400,
            code: "BadDigest",
            header: said.0,
            message: said.1,
        };
        check(&server, &ask.sign(&Key::root()).body(sent), &said);
    }
    let ask = put(&server)
        .payload(Payload::Unsigned)
        .header("x-amz-sdk-checksum-algorithm", "CRC32")
        .header("x-amz-checksum-crc32", "AAAAAQ==");
    let said = Said {
        status: 400,
        code: "BadDigest",
        header: "PAY-SDK2025; status=exact; slot=header:x-amz-checksum-crc32",
        message: "does not have the checksum that the SDK computed",
    };
    check(&server, &ask.sign(&Key::root()).body("hello"), &said);
}

#[test]
fn the_checksum_of_an_empty_body_is_passed_over_in_a_link_and_explained_as_a_header() {
    let server = server();
    let target = "/bucket/k?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
    // As the SDK hoists it: what belongs to a header stands in the query, and is signed there.
    let link = {
        let ask = Ask::new("PUT", target).to(&server.host());
        let (key, payload) = (Key::root(), Payload::Unsigned);
        let lines: Vec<(&str, &[u8])> = ask
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()))
            .collect();
        let (path, query) = target.split_once('?').expect("a query");
        let request = countersign_sigv4::Request {
            method: "PUT",
            path: path.as_bytes(),
            query: Some(query.as_bytes()),
            headers: &lines,
        };
        let query = key.signer().presign(&request, &payload, 60);
        Ask {
            target: format!("{path}?{query}"),
            ..ask
        }
    };
    // In the query it was computed before there was a body, so it is passed over, as at AWS; as a header it counts.
    assert_eq!(server.send(&link.clone().body("hello")).status, 200);
    let ask = Ask::new("PUT", "/bucket/k")
        .to(&server.host())
        .header("x-amz-checksum-crc32", "AAAAAA==")
        .presign(&Key::root(), 60);
    let said = Said {
        status: 400,
        code: "BadDigest",
        header: "PAY-CRC-EMPTY; status=exact; slot=header:x-amz-checksum-crc32",
        message: "requestChecksumCalculation: \"WHEN_REQUIRED\"",
    };
    check(&server, &ask.body("hello"), &said);
}

#[test]
fn what_a_head_is_refused_for_stands_in_its_header_and_on_record() {
    let server = server();
    let head = || Ask::new("HEAD", "/bucket/k").to(&server.host());
    let deny = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:GetObject",
                   "Resource": "arn:aws:s3:::bucket/*"}}"#;
    let answer = server.ask(Ask::new("PUT", "/bucket?policy").body(deny));
    assert_eq!(answer.status, 204, "{}", answer.text());
    for (ask, status, header) in [
        (
            head().presign(&ahead(-3600), 60),
            403,
            "PRE-EXPIRED; status=exact; slot=time",
        ),
        (
            head().sign(&ahead(1337)),
            403,
            "CLK-SKEW; status=exact; slot=time",
        ),
        (head(), 403, "AUTH-NONE; status=exact; slot=mechanism"),
        (
            head().sign(&Key::root()),
            403,
            "none; status=exact; reason=explicit-deny; policy-type=resource-based-policy",
        ),
    ] {
        let answer = Connection::open(server.s3).ask(&ask);
        assert_eq!((answer.status, answer.body.len()), (status, 0));
        assert_eq!(answer.header("x-countersign-diagnosis"), Some(header));
        let record = record(&server, &answer);
        assert_eq!(text(&record, "/method"), "HEAD");
        assert_eq!(
            record.pointer("/diagnosis/status").and_then(Value::as_str),
            Some("exact")
        );
    }
}

#[test]
fn a_request_without_a_signature_is_told_that_it_has_none() {
    let server = server();
    let said = |message: &'static str| Said {
        status: 403,
        code: "AccessDenied",
        header: "AUTH-NONE; status=exact; slot=mechanism",
        message,
    };
    let record = check(
        &server,
        &get(&server),
        &said("Access Denied. The request is not signed"),
    );
    assert_eq!(text(&record, "/diagnosis/action"), "s3:GetObject");
    assert_eq!(
        text(&record, "/diagnosis/decision/reason"),
        "no-allow",
        "the operator reads the decision"
    );
    // As behind a proxy that does not pass the header on.
    let lost = get(&server).sign(&Key::root());
    let lost = Ask {
        headers: lost
            .headers
            .iter()
            .filter(|(name, _)| name != "authorization")
            .cloned()
            .collect(),
        ..lost
    };
    check(&server, &lost, &said("Authorization did not arrive"));
    let form = Form::new(&[("key", "k")], "meow")
        .to("/bucket")
        .to(&server.host());
    check(&server, &form, &said("The form is not signed"));
    let off = Running::diagnosing(DiagnosisMode::Off).bucket("bucket");
    let answer = off.send(&get(&off));
    assert_eq!(answer.element("Message").as_deref(), Some("Access Denied"));
    assert_eq!(answer.header("x-countersign-diagnosis"), None);
}

#[test]
fn a_bucket_of_another_owner_than_expected_is_told_to_those_who_may_use_it() {
    let server = server();
    server.put("/bucket/k", "hello");
    let expecting = |name: &str, owner: &str| get(&server).header(name, owner).sign(&Key::root());
    let record = check(
        &server,
        &expecting("x-amz-expected-bucket-owner", "111122223333"),
        &Said {
            status: 403,
            code: "AccessDenied",
            header: "ACC-OWNER; status=exact; slot=header:x-amz-expected-bucket-owner",
            message: "names the account 111122223333, and the bucket belongs to another. Apart from that the signature is valid",
        },
    );
    assert!(
        !record.to_string().contains("000000000001"),
        "whose it is, is not said: {record}"
    );
    let copy = Ask::new("PUT", "/bucket/copy")
        .to(&server.host())
        .header("x-amz-copy-source", "/bucket/k")
        .header("x-amz-source-expected-bucket-owner", "111122223333");
    check(
        &server,
        &copy.sign(&Key::root()),
        &Said {
            status: 403,
            code: "AccessDenied",
            header: "ACC-OWNER; status=exact; slot=header:x-amz-source-expected-bucket-owner",
            message: "names the account 111122223333",
        },
    );
    // Whoever may not read it learns nothing about its owner, right or wrong.
    let ada = user(&server, "ada");
    for owner in ["111122223333", "000000000001"] {
        let ask = get(&server)
            .header("x-amz-expected-bucket-owner", owner)
            .sign(&ada);
        let answer = server.send(&ask);
        let message = answer.element("Message").unwrap_or_default();
        assert!(
            message.ends_with("because no identity-based policy allows the s3:GetObject action"),
            "{message}"
        );
    }
}

#[test]
fn a_form_that_is_refused_says_why_in_all_places() {
    let server = server();
    let form = || Form::new(&[("key", "k")], "meow");
    let to_bucket = |form: Form| form.to("/bucket").to(&server.host());
    let expired = form().expiring("2020-01-01T00:00:00Z").sign(&Key::root());
    for (form, status, code, header, message) in [
        (
            expired,
            403,
            "AccessDenied",
            "POL-COND; status=exact; slot=policy",
            "Invalid according to Policy: Policy expired.",
        ),
        (
            form().conditions(r#"{"key": "other"}"#).sign(&Key::root()),
            403,
            "AccessDenied",
            "POL-COND; status=exact; slot=policy",
            "Policy Condition failed",
        ),
        (
            form().sign(&Key::root()).without("x-amz-signature"),
            400,
            "InvalidArgument",
            "POL-MISSING; status=exact; slot=form",
            "a field named",
        ),
    ] {
        let said = Said {
            status,
            code,
            header,
            message,
        };
        check(&server, &to_bucket(form), &said);
    }
}

/// Each kind of policy that can deny, as the record of the operator has it.
#[test]
fn a_denial_names_the_kind_of_policy_that_decided() {
    let server = server();
    server.put("/bucket/k", "hello");
    let ada = user(&server, "ada");
    let read = |key: &Key| server.send(&get(&server).sign(key));
    let decided = |answer: &Answer, reason: &str, policy_type: &str| {
        answer.is(403, "AccessDenied");
        let token = policy_type.replace(' ', "-");
        assert_eq!(
            answer.header("x-countersign-diagnosis"),
            Some(format!("none; status=exact; reason={reason}; policy-type={token}").as_str())
        );
        let element = format!("<Decision><Reason>{reason}</Reason><PolicyType>{policy_type}</PolicyType>");
        assert!(answer.text().contains(&element), "{element}: {}", answer.text());
        let record = record(&server, answer);
        assert_eq!(text(&record, "/diagnosis/decision/reason"), reason);
        assert_eq!(text(&record, "/diagnosis/decision/policyType"), policy_type);
        assert_eq!(text(&record, "/diagnosis/action"), "s3:GetObject");
        record
    };
    decided(&read(&ada), "no-allow", "identity-based policy");
    allow(&server, "ada", "s3:GetObject", "*");
    assert_eq!(read(&ada).status, 200);
    let document = |effect: &str, action: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"One","Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
        );
        encoded(&text)
    };
    // A boundary that lacks it.
    let made = done(
        &server,
        &format!(
            "CreatePolicy&PolicyName=edge&PolicyDocument={}",
            document("Allow", "s3:ListBucket")
        ),
    );
    let arn = encoded(&made.element("Arn").expect("an ARN"));
    done(
        &server,
        &format!("PutUserPermissionsBoundary&UserName=ada&PermissionsBoundary={arn}"),
    );
    decided(&read(&ada), "no-allow", "permissions boundary");
    done(&server, "DeleteUserPermissionsBoundary&UserName=ada");
    // A statement of the user's own that denies.
    done(
        &server,
        &format!(
            "PutUserPolicy&UserName=ada&PolicyName=no&PolicyDocument={}",
            document("Deny", "s3:Get*")
        ),
    );
    let record = decided(&read(&ada), "explicit-deny", "identity-based policy");
    assert_eq!(text(&record, "/diagnosis/decision/sid"), "One");
    assert_eq!(
        record
            .pointer("/diagnosis/decision/statement")
            .and_then(Value::as_u64),
        Some(1)
    );
    done(&server, "DeleteUserPolicy&UserName=ada&PolicyName=no");
    // A session that was passed less than its role has.
    let trusted = role(&server, "reader", "arn:aws:iam::000000000001:user/ada", "");
    allow(&server, "ada", "sts:AssumeRole", "*");
    done(
        &server,
        &format!(
            "PutRolePolicy&RoleName=reader&PolicyName=p&PolicyDocument={}",
            document("Allow", "s3:*")
        ),
    );
    let assume = format!(
        "AssumeRole&RoleArn={}&RoleSessionName=s1&Policy={}",
        encoded(&trusted),
        document("Allow", "s3:ListBucket")
    );
    let session = key(&sts(&server, ada, &assume));
    decided(&read(&session), "no-allow", "session policy");
    // A statement of the bucket's policy, and the block of public access.
    let everybody = r#"{"Version": "2012-10-17", "Statement": {"Effect": "EFFECT", "Principal": "*", "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::bucket/*"}}"#;
    let set = |effect: &str| {
        let ask = Ask::new("PUT", "/bucket?policy").body(everybody.replace("EFFECT", effect));
        assert_eq!(server.ask(ask).status, 204);
    };
    set("Deny");
    decided(&read(&Key::root()), "explicit-deny", "resource-based policy");
    set("Allow");
    let block = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    assert_eq!(
        server
            .ask(Ask::new("PUT", "/bucket?publicAccessBlock").body(block))
            .status,
        200
    );
    let answer = server.send(&get(&server));
    answer.is(403, "AccessDenied");
    let record = self::record(&server, &answer);
    assert_eq!(
        text(&record, "/diagnosis/decision/reason"),
        "public-access-restricted",
        "{record}"
    );
}

#[test]
fn a_page_that_no_rule_lets_read_the_answer_is_told_beside_whatever_the_answer_was() {
    let server = Running::diagnosing(DiagnosisMode::Full).bucket("bucket");
    server.put("/bucket/k", "hello");
    let rule = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://app.example</AllowedOrigin></CORSRule></CORSConfiguration>";
    let put_rules = Ask::new("PUT", "/bucket?cors")
        .header("x-amz-checksum-sha256", &sha256_of(rule))
        .body(rule);
    let page = |ask: Ask, origin: &str| {
        ask.header("origin", origin)
            .header("sec-fetch-mode", "cors")
            .to(&server.host())
    };
    let read = || Ask::new("GET", "/bucket/k");
    // There are no rules yet; the request is carried out all the same.
    let answer = server.send(&page(read(), "https://app.example").sign(&Key::root()));
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("CORS-NONE; status=exact; slot=cors")
    );
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(server.ask(put_rules).status, 200);
    let withheld = record(&server, &answer);
    assert_eq!(
        (text(&withheld, "/causes/0"), text(&withheld, "/code")),
        ("CORS-NONE", "none")
    );
    assert_eq!(withheld.get("httpStatus").and_then(Value::as_u64), Some(200));
    // A rule for another page.
    let answer = server.send(&page(read(), "http://app.example").sign(&Key::root()));
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("CORS-ORIGIN; status=exact; slot=header:origin")
    );
    let answer =
        server.send(&page(Ask::new("PUT", "/bucket/p").body("x"), "https://app.example").sign(&Key::root()));
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("CORS-METHOD; status=exact; slot=method")
    );
    // What is not there, and what is refused: the page learns neither, the operator both.
    let answer = server.send(&page(Ask::new("GET", "/bucket/none"), "http://app.example").sign(&Key::root()));
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.header("x-countersign-diagnosis"),
        Some("CORS-ORIGIN; status=exact; slot=header:origin")
    );
    let wrong = Key::root().with_secret("another-secret");
    let answer = server.send(&page(read(), "http://app.example").sign(&wrong));
    answer.is(403, "SignatureDoesNotMatch");
    let header = answer.header("x-countersign-diagnosis").unwrap_or_default();
    assert!(header.contains("status=unproven"), "{header}");
    let refused = record(&server, &answer);
    assert_eq!(text(&refused, "/diagnosis/page/id"), "CORS-ORIGIN", "{refused}");
    assert!(
        text(&refused, "/diagnosis/page/what").contains("another scheme"),
        "{refused}"
    );
    let denied = server.send(&page(read(), "http://app.example"));
    denied.is(403, "AccessDenied");
    assert_eq!(
        text(&record(&server, &denied), "/diagnosis/page/id"),
        "CORS-ORIGIN"
    );
    // A page that may read it, an image, a page of this very server, and no page at all.
    let own = format!("http://{}", server.host());
    for ask in [
        page(read(), "https://app.example"),
        read()
            .header("origin", "http://app.example")
            .header("sec-fetch-mode", "no-cors"),
        page(read(), &own),
        read(),
    ] {
        let answer = server.send(&ask.to(&server.host()).sign(&Key::root()));
        assert_eq!(
            (answer.status, answer.header("x-countersign-diagnosis")),
            (200, None)
        );
    }
    let off = Running::diagnosing(DiagnosisMode::Off).bucket("bucket");
    off.put("/bucket/k", "hello");
    let ask = read()
        .header("origin", "http://app.example")
        .header("sec-fetch-mode", "cors");
    let answer = off.ask(ask);
    assert_eq!(answer.header("x-countersign-diagnosis"), None);
    assert_eq!(
        text(&record(&off, &answer), "/causes/0"),
        "CORS-NONE",
        "it is on record all the same"
    );
}

fn sha256_of(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
