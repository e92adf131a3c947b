//! Uploads from browser forms: what is taken, what each fault is answered, and that nothing refused becomes visible.

use crate::form::{BOUNDARY, Form};
use crate::http::{Answer, Connection, Key};
use crate::running::Running;

/// Sends a form, signed by root, to the bucket.
fn post(server: &Running, form: Form) -> Answer {
    send(server, form.sign(&Key::root()))
}

/// Sends a form as it is.
fn send(server: &Running, form: Form) -> Answer {
    server.send(&form.to("/bucket").to(&server.host()))
}

fn server() -> Running {
    Running::start().bucket("bucket")
}

fn get(server: &Running, target: &str) -> Answer {
    server.ask(crate::http::Ask::new("GET", target))
}

#[test]
fn a_form_uploads_its_file() {
    let server = server();
    let answer = post(
        &server,
        Form::new(&[("key", "a/b c"), ("Content-Type", "image/png")], "meow"),
    );
    answer.is(204, "");
    let etag = "\"4a4be40c96ac6314e91d93f38043a634\"";
    assert_eq!(answer.header("etag"), Some(etag));
    let expected = format!("http://{}/bucket/a%2Fb%20c", server.host());
    assert_eq!(answer.header("location"), Some(expected.as_str()));
    let found = get(&server, "/bucket/a/b%20c");
    assert_eq!((found.status, found.text().as_str()), (200, "meow"));
    assert_eq!(found.header("content-type"), Some("image/png"));
    assert_eq!(found.header("etag"), Some(etag));
}

#[test]
fn a_form_keeps_what_its_fields_say() {
    let server = server();
    let fields = [
        ("key", "k"),
        ("acl", "bucket-owner-full-control"),
        ("Cache-Control", "no-cache"),
        ("Content-Disposition", "inline"),
        ("Content-Encoding", "gzip"),
        ("Expires", "whenever"),
        ("x-amz-meta-color", "red"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-checksum-crc32", "nSTRlQ=="),
    ];
    let answer = post(&server, Form::new(&fields[..8], "meow"));
    answer.is(204, "");
    let found = get(&server, "/bucket/k");
    for (name, expected) in [
        ("cache-control", "no-cache"),
        ("content-disposition", "inline"),
        ("content-encoding", "gzip"),
        ("expires", "whenever"),
        ("x-amz-meta-color", "red"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("content-type", "binary/octet-stream"),
    ] {
        assert_eq!(found.header(name), Some(expected), "{name}");
    }
    post(&server, Form::new(&fields, "another")).is(400, "BadDigest");
    assert_eq!(get(&server, "/bucket/k").text(), "meow");
}

#[test]
fn a_form_goes_to_a_bucket_in_the_path_or_in_the_host() {
    let server = server();
    let form = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    let slash = server.send(&form.clone().to("/bucket/").to(&server.host()));
    let expected = format!("http://{}/bucket/k", server.host());
    assert_eq!(
        (slash.status, slash.header("location")),
        (204, Some(expected.as_str()))
    );
    let host = server.send(&form.clone().to("/").to("bucket.localhost:9000"));
    assert_eq!(
        (host.status, host.header("location")),
        (204, Some("http://bucket.localhost:9000/k"))
    );
    server
        .send(&form.clone().to("/bucket/k").to(&server.host()))
        .is(405, "MethodNotAllowed");
    server
        .send(&form.to("/nobucket").to(&server.host()))
        .is(404, "NoSuchBucket");
}

#[test]
fn success_is_answered_as_the_form_asks() {
    let server = server();
    let post = |extra: &[(&str, &str)]| {
        let form = extra
            .iter()
            .fold(Form::new(&[("key", "a b")], "meow"), |form, (name, value)| {
                form.field(name, value)
            });
        post(&server, form)
    };
    let created = post(&[("success_action_status", "201")]);
    assert_eq!(
        (created.status, created.header("content-type")),
        (201, Some("application/xml"))
    );
    assert_eq!(created.element("Key").as_deref(), Some("a b"));
    assert_eq!(created.element("Bucket").as_deref(), Some("bucket"));
    assert_eq!(created.element("Location").as_deref(), created.header("location"));
    assert_eq!(
        created.element("ETag").as_deref(),
        Some("&quot;4a4be40c96ac6314e91d93f38043a634&quot;")
    );
    let ok = post(&[("success_action_status", "200")]);
    assert_eq!((ok.status, ok.text().as_str()), (200, ""));
    assert_eq!(post(&[("success_action_status", "404")]).status, 204);
    let redirect = post(&[
        ("success_action_status", "201"),
        ("success_action_redirect", "http://a.example/done?x=1"),
    ]);
    assert_eq!(redirect.status, 303);
    assert_eq!(
        redirect.header("location"),
        Some("http://a.example/done?x=1&bucket=bucket&key=a%20b&etag=%224a4be40c96ac6314e91d93f38043a634%22")
    );
    let legacy = post(&[("redirect", "http://a.example/")]);
    assert_eq!(legacy.status, 303);
    assert_eq!(post(&[("success_action_redirect", "nowhere")]).status, 204);
}

#[test]
fn the_name_of_the_file_fills_in_the_key() {
    let server = server();
    let form = Form::new(
        &[("key", "u/${filename}"), ("x-amz-meta-name", "${filename}")],
        "meow",
    )
    .file("name=\"file\"; filename=\"C:\\dir\\cat.txt\"");
    post(&server, form).is(204, "");
    let found = get(&server, "/bucket/u/cat.txt");
    assert_eq!(
        (found.status, found.header("x-amz-meta-name")),
        (200, Some("cat.txt"))
    );
    let form =
        Form::new(&[("key", "v/${filename}")], "meow").conditions("[\"starts-with\", \"$key\", \"v/cat\"]");
    let form = form.file("name=\"file\"; filename=\"dog.txt\"");
    post(&server, form).is(403, "AccessDenied");
}

#[test]
fn a_name_of_the_file_that_fills_in_too_much_is_refused() {
    let server = server();
    let value = "${filename}".repeat(1000);
    let file = format!("name=\"file\"; filename=\"{}\"", "n".repeat(20));
    let form = Form::new(&[("key", "k"), ("success_action_redirect", &value)], "meow");
    let answer = post(&server, form.clone().file(&file));
    answer.is(400, "MaxPostPreDataLengthExceeded");
    get(&server, "/bucket/k").is(404, "NoSuchKey");
    post(&server, form).is(204, "");
}

#[test]
fn fields_after_the_file_are_ignored() {
    let server = server();
    let form = Form::new(&[("key", "k")], "meow")
        .late("key", "other")
        .late("submit", "Go")
        .late("acl", "public-read");
    post(&server, form).is(204, "");
    assert_eq!(
        (server.status_of("/bucket/k"), server.status_of("/bucket/other")),
        (200, 404)
    );
}

/// Refused with this message, and nothing is there.
fn check_policy(form: Form, status: u16, code: &str, message: &str) {
    let server = server();
    let answer = post(&server, form);
    answer.is(status, code);
    let told = answer.element("Message").unwrap_or_default();
    assert!(told.starts_with(message), "{told}");
    assert_eq!(get(&server, "/bucket").element("KeyCount"), None);
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn every_condition_of_the_policy_is_held() {
    let form = |conditions: &str| {
        Form::new(&[("key", "k"), ("acl", "bucket-owner-full-control")], "meow").conditions(conditions)
    };
    let claim = "[\"starts-with\", \"$x-amz-credential\", \"\"], {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"}, \
                 [\"starts-with\", \"$x-amz-date\", \"\"]";
    let denied = |conditions: &str, message: &str| {
        let message = format!("Invalid according to Policy: {message}");
        check_policy(
            form(&format!("{claim}, {conditions}")),
            403,
            "AccessDenied",
            &message,
        );
    };
    denied(
        "{\"key\": \"other\"}, {\"acl\": \"bucket-owner-full-control\"}",
        "Policy Condition failed: [\"eq\", \"$key\", \"other\"]",
    );
    denied(
        "[\"starts-with\", \"$key\", \"u/\"], {\"acl\": \"bucket-owner-full-control\"}",
        "Policy Condition failed: [\"starts-with\", \"$key\", \"u/\"]",
    );
    denied(
        "{\"bucket\": \"other\"}, {\"key\": \"k\"}, {\"acl\": \"bucket-owner-full-control\"}",
        "Policy Condition failed: [\"eq\", \"$bucket\", \"other\"]",
    );
    denied("{\"key\": \"k\"}", "Extra input fields: acl");
    denied(
        "{\"key\": \"k\"}, {\"acl\": \"bucket-owner-full-control\"}, {\"Content-Type\": \"image/png\"}",
        "Policy Condition failed: [\"eq\", \"$content-type\", \"image/png\"]",
    );
    let form = Form::new(&[("key", "k")], "meow").expiring("2020-01-01T00:00:00Z");
    check_policy(
        form,
        403,
        "AccessDenied",
        "Invalid according to Policy: Policy expired.",
    );
    let form = Form::new(&[("key", "k")], "meow").conditions("{}");
    check_policy(form, 400, "InvalidPolicyDocument", "Invalid Policy: ");
}

#[test]
fn a_file_outside_its_range_is_never_visible() {
    let conditions = "[\"content-length-range\", 3, 5], [\"starts-with\", \"$key\", \"\"], \
                      [\"starts-with\", \"$x-amz-credential\", \"\"], [\"starts-with\", \"$x-amz-date\", \"\"], \
                      [\"starts-with\", \"$x-amz-algorithm\", \"\"]";
    let server = server();
    let post = |size: usize| {
        let form = Form::new(&[("key", &format!("k{size}"))], vec![b'a'; size]);
        post(&server, form.conditions(conditions))
    };
    for size in [3, 5] {
        post(size).is(204, "");
    }
    let small = post(2);
    small.is(400, "EntityTooSmall");
    assert_eq!(
        (
            small.element("ProposedSize").as_deref(),
            small.element("MinSizeAllowed").as_deref()
        ),
        (Some("2"), Some("3"))
    );
    for size in [6, 3_000_000] {
        let large = post(size);
        large.is(400, "EntityTooLarge");
        assert_eq!(large.element("MaxSizeAllowed").as_deref(), Some("5"));
    }
    for size in [2, 6, 3_000_000] {
        assert_eq!(server.status_of(&format!("/bucket/k{size}")), 404);
    }
    assert!(
        server.counts.largest_piece() <= 5,
        "reading goes on behind the range"
    );
}

#[test]
fn a_large_file_streams_through() {
    let server = server();
    let data: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    post(&server, Form::new(&[("key", "k")], data.clone())).is(204, "");
    assert!(
        get(&server, "/bucket/k").body == data,
        "the file came back changed"
    );
    assert!(
        server.counts.largest_piece() < 2_000_000,
        "the file was held whole"
    );
}

#[test]
fn a_form_that_claims_nothing_is_nobodys() {
    let server = server();
    send(&server, Form::new(&[("key", "k")], "meow")).is(403, "AccessDenied");
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn a_form_has_no_second_claim() {
    let server = server();
    let form = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    let ask = form.clone().to("/bucket").to(&server.host());
    let bearer = server.send(&ask.clone().header("authorization", "Bearer x"));
    bearer.is(400, "InvalidArgument");
    assert_eq!(
        bearer
            .element("Message")
            .as_deref()
            .map(|m| m.starts_with("Unsupported Authorization Type")),
        Some(true)
    );
    let bare = crate::http::Ask {
        form: None,
        ..ask.clone()
    };
    for twice in [bare.clone().sign(&Key::root()), bare.presign(&Key::root(), 60)] {
        let answer = server.send(&twice);
        answer.is(400, "InvalidArgument");
        assert!(answer.text().contains("Only one auth mechanism allowed"));
    }
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn a_field_that_is_missing_is_named() {
    let server = server();
    let signed = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    for (field, name) in [
        ("key", "key"),
        ("policy", "policy"),
        ("x-amz-algorithm", "X-Amz-Algorithm"),
        ("x-amz-credential", "X-Amz-Credential"),
        ("x-amz-date", "X-Amz-Date"),
        ("x-amz-signature", "X-Amz-Signature"),
    ] {
        let answer = send(&server, signed.clone().without(field));
        answer.is(400, "InvalidArgument");
        let message = answer.element("Message").unwrap_or_default();
        let expected = format!(
            "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
        );
        assert!(message.starts_with(&expected), "{message}");
        assert_eq!(answer.element("ArgumentName").as_deref(), Some(name));
    }
}

#[test]
fn a_form_without_one_file_is_refused() {
    let server = server();
    let signed = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    let none = send(&server, signed.clone().file("name=\"files[]\"; filename=\"a\""));
    let two = send(&server, signed.late("file", "x"));
    for (answer, number) in [(none, "0"), (two, "2")] {
        answer.is(400, "InvalidArgument");
        let message = answer.element("Message").unwrap_or_default();
        assert!(
            message.starts_with("POST requires exactly one file upload per request."),
            "{message}"
        );
        assert_eq!(answer.element("ArgumentValue").as_deref(), Some(number));
    }
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    let server = server();
    let ask = Form::new(&[("key", "k")], "meow")
        .sign(&Key::root())
        .to("/bucket")
        .to(&server.host());
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=\"a\"b",
    ] {
        server
            .send(&ask.clone().replace("content-type", content_type))
            .is(400, "MalformedPOSTRequest");
    }
    let second = ask.clone().header(
        "content-type",
        &format!("multipart/form-data; boundary={BOUNDARY}"),
    );
    server.send(&second).is(400, "MalformedPOSTRequest");
    let cut = ask.body.len() - BOUNDARY.len() - 6;
    for length in [cut, cut - 20, 100, 0] {
        let answer = server.send(&ask.clone().body(&ask.body[..length]));
        answer.is(400, "MalformedPOSTRequest");
    }
    let long = Form::new(&[("key", "k"), ("x-ignore-a", &"a".repeat(21_000))], "meow").sign(&Key::root());
    let answer = send(&server, long);
    answer.is(400, "MaxPostPreDataLengthExceeded");
    assert_eq!(
        answer.element("MaxPostPreDataLengthBytes").as_deref(),
        Some("20480")
    );
    for content_type in ["application/x-www-form-urlencoded", "text/plain"] {
        let answer = server.send(&ask.clone().replace("content-type", content_type));
        answer.is(412, "PreconditionFailed");
        assert_eq!(
            answer.element("Condition").as_deref(),
            Some("Bucket POST must be of the enclosure-type multipart/form-data")
        );
    }
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn a_client_that_breaks_off_inside_a_form_leaves_nothing() {
    let server = server();
    let ask = Form::new(&[("key", "k")], vec![b'a'; 100_000])
        .sign(&Key::root())
        .to("/bucket")
        .to(&server.host());
    for length in [200, ask.body.len() - 50] {
        let mut connection = Connection::open(server.s3);
        connection.send(&ask.head());
        connection.send(&ask.body[..length]);
        connection.end_sending();
        connection.answer(false).is(400, "IncompleteBody");
    }
    assert_eq!(server.status_of("/bucket/k"), 404);
}

#[test]
fn a_wrong_signature_of_a_form_is_told_without_a_canonical_request() {
    let server = server();
    let form = Form::new(&[("key", "k")], "meow").sign(&Key::root().with_secret("another"));
    let policy = form.value("policy");
    let answer = send(&server, form);
    answer.is(403, "SignatureDoesNotMatch");
    assert_eq!(answer.element("StringToSign"), Some(policy));
    assert_eq!(answer.element("CanonicalRequest"), None);
}

#[test]
fn a_form_of_another_place_or_key_is_refused() {
    let server = server();
    let form = |key: Key| send(&server, Form::new(&[("key", "k")], "meow").sign(&key));
    let region = form(Key {
        region: "eu-west-1".to_owned(),
        ..Key::root()
    });
    region.is(400, "InvalidArgument");
    assert_eq!(
        region.element("ArgumentName").as_deref(),
        Some("x-amz-credential")
    );
    form(Key {
        access_key_id: "CSAKNOBODY0000000001".to_owned(),
        ..Key::root()
    })
    .is(403, "InvalidAccessKeyId");
    let token = Form::new(&[("key", "k"), ("x-amz-security-token", "t")], "meow").sign(&Key::root());
    send(&server, token).is(400, "InvalidToken");
}

/// The diagnosis of a refused form.
fn diagnosed(answer: &Answer) -> &str {
    answer.header("x-countersign-diagnosis").unwrap_or_default()
}

#[test]
fn a_field_behind_the_file_is_seen_there() {
    let server = server();
    let signed = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    let mut late = signed.clone().without("policy");
    late = late.late("policy", &signed.value("policy"));
    assert_eq!(
        diagnosed(&send(&server, late.clone())),
        "POL-ORDER; status=exact; slot=form"
    );
    let missing = signed.clone().without("policy");
    assert_eq!(
        diagnosed(&send(&server, missing)),
        "POL-MISSING; status=exact; slot=form"
    );
    let mut first = signed.clone();
    first.late = std::mem::take(&mut first.fields);
    assert_eq!(
        diagnosed(&send(&server, first.clone())),
        "POL-ORDER; status=exact; slot=form"
    );
    // Behind a long file nobody looks.
    first.data = vec![b'a'; 3_000_000];
    assert_eq!(
        diagnosed(&send(&server, first)),
        "POL-ORDER; status=inferred; slot=form"
    );
    let unnamed = signed.file("name=\"files[]\"; filename=\"a\"");
    let answer = send(&server, unnamed);
    assert_eq!(diagnosed(&answer), "POL-MISSING; status=exact; slot=form");
    assert!(answer.text().contains("it has files[]"), "{}", answer.text());
}

#[test]
fn a_policy_that_does_not_allow_the_form_is_explained() {
    let server = server();
    let small = "[\"content-length-range\", 0, 3], [\"starts-with\", \"$key\", \"\"], \
                 [\"starts-with\", \"$x-amz-credential\", \"\"], [\"starts-with\", \"$x-amz-date\", \"\"], \
                 [\"starts-with\", \"$x-amz-algorithm\", \"\"]";
    let image = small.replace(
        "[\"content-length-range\", 0, 3]",
        "[\"starts-with\", \"$Content-Type\", \"text/\"]",
    );
    for (conditions, cause, words) in [
        (
            "{\"key\": \"other\"}",
            "POL-COND",
            "The policy wants key to be other, and the form says k",
        ),
        (small, "POL-COND", "at most 3 bytes"),
        (
            image.as_str(),
            "POL-CT",
            "The file is sent as text/plain, but the form has no field Content-Type",
        ),
    ] {
        let answer = post(&server, Form::new(&[("key", "k")], "meow").conditions(conditions));
        assert_eq!(diagnosed(&answer), format!("{cause}; status=exact; slot=policy"));
        assert!(answer.text().contains(words), "{}", answer.text());
        assert!(
            answer.text().contains("the signature is valid"),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn a_form_that_cannot_be_carried_out_is_explained() {
    let server = server();
    let large = "a".repeat(20 * 1024);
    let other_file = [("key", "k"), ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    for (form, code, cause, words) in [
        (
            Form::new(&[("key", "k")], "meow")
                .sign(&Key::root())
                .field("KEY", "other"),
            "InvalidArgument",
            "POL-TWICE; status=exact; slot=form",
            "The form has the field KEY more than once",
        ),
        (
            Form::new(&[("key", "k")], "meow")
                .sign(&Key::root())
                .field("x-ignore-a", &large),
            "MaxPostPreDataLengthExceeded",
            "POL-SIZE; status=exact; slot=form",
            "larger than 20480 bytes",
        ),
        (
            Form::new(&[("key", "k")], "meow")
                .sign(&Key::root())
                .file("filename=\"cat.txt\""),
            "MalformedPOSTRequest",
            "POL-FORM; status=exact; slot=form",
            "The form cannot be read: a part has no name",
        ),
        (
            Form::new(&[("key", "")], "meow").sign(&Key::root()),
            "InvalidArgument",
            "POL-MISSING; status=exact; slot=form",
            "The field key of the form is empty",
        ),
        (
            Form::new(&other_file, "meow").sign(&Key::root()),
            "BadDigest",
            "PAY-MISMATCH; status=exact; slot=body",
            "does not have the hash in the field Content-MD5",
        ),
    ] {
        let answer = send(&server, form);
        assert_eq!((answer.code().as_str(), diagnosed(&answer)), (code, cause));
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}

#[test]
fn a_wrong_signature_of_a_form_is_explained() {
    let server = server();
    let newline = Key::root().with_secret(&format!("{}\n", crate::http::SECRET));
    let answer = send(&server, Form::new(&[("key", "k")], "meow").sign(&newline));
    assert_eq!(diagnosed(&answer), "SEC-NEWLINE; status=proven; slot=secret");
    let signed = Form::new(&[("key", "k")], "meow").sign(&Key::root());
    let policy = signed.value("policy");
    let broken = format!("{}\r\n{}", &policy[..76], &policy[76..]);
    let form = signed.without("policy").field("policy", &broken);
    assert_eq!(
        diagnosed(&send(&server, form)),
        "POL-B64; status=proven; slot=policy"
    );
    let answer = send(
        &server,
        Form::new(&[("key", "k")], "meow").sign(&Key::root().with_secret("another")),
    );
    assert!(
        diagnosed(&answer).contains("status=unproven"),
        "{}",
        diagnosed(&answer)
    );
    assert!(!answer.text().contains(crate::http::SECRET));
}

#[test]
fn a_refused_field_is_told_as_the_policy_was_held_against_it() {
    let server = server();
    let check = |form: Form, condition: &str, words: &str| {
        let rest = "[\"starts-with\", \"$x-amz-credential\", \"\"], [\"starts-with\", \"$x-amz-date\", \"\"], \
                    [\"starts-with\", \"$x-amz-algorithm\", \"\"]";
        let answer = post(&server, form.conditions(&format!("{condition}, {rest}")));
        assert_eq!(diagnosed(&answer), "POL-COND; status=exact; slot=policy");
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    };
    check(
        Form::new(&[("key", "${filename}")], "meow"),
        "[\"starts-with\", \"$key\", \"u/\"]",
        "to begin with u/, and the form says cat.txt.",
    );
    check(
        Form::new(
            &[("x-amz-meta-a", "1"), ("X-Amz-Meta-A", "2"), ("key", "k")],
            "meow",
        ),
        "{\"key\": \"k\"}, {\"x-amz-meta-a\": \"1\"}",
        "wants x-amz-meta-a to be 1, and the form says 1,2.",
    );
}
