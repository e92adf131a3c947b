//! Who may do what: bucket policies, the public access block and what else is set about it, asked by the root and by nobody.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::{Cidr, Config, DiagnosisMode};
use sha2::{Digest, Sha256};

use crate::form::Form;
use crate::http::{Answer, Ask, Key};
use crate::running::Running;

/// A server with the bucket and an object in it.
fn server() -> Running {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    server
}

/// A policy of the bucket with these statements.
fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

/// A statement about everybody: an effect, actions, what of the bucket (`/*`), and more.
fn everybody(effect: &str, actions: &str, of_bucket: &str, more: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": "*", "Action": [{actions}], "Resource": "arn:aws:s3:::bucket{of_bucket}"{more}}}"#
    )
}

fn reading() -> String {
    everybody("Allow", r#""s3:GetObject""#, "/*", "")
}

#[track_caller]
fn put_policy(server: &Running, statements: &str) {
    let answer = server.ask(Ask::new("PUT", "/bucket?policy").body(policy(statements)));
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Asks as nobody.
fn nobody(server: &Running, method: &str, target: &str) -> Answer {
    server.send(&Ask::new(method, target))
}

#[test]
fn a_policy_is_put_shown_and_removed_and_ends_with_the_bucket() {
    let server = server();
    for target in ["/bucket?policy", "/bucket?policyStatus"] {
        server.ask(Ask::new("GET", target)).is(404, "NoSuchBucketPolicy");
    }
    put_policy(&server, &reading());
    let shown = server.ask(Ask::new("GET", "/bucket?policy"));
    assert_eq!(
        (shown.status, shown.header("content-type"), shown.text()),
        (200, Some("application/json"), policy(&reading()))
    );
    let status = server.ask(Ask::new("GET", "/bucket?policyStatus"));
    assert_eq!(status.element("IsPublic").as_deref(), Some("true"));
    put_policy(&server, &everybody("Deny", r#""s3:PutObject""#, "/*", ""));
    let status = server.ask(Ask::new("GET", "/bucket?policyStatus"));
    assert_eq!(status.element("IsPublic").as_deref(), Some("false"));
    for _ in 0..2 {
        assert_eq!(server.ask(Ask::new("DELETE", "/bucket?policy")).status, 204);
        server
            .ask(Ask::new("GET", "/bucket?policy"))
            .is(404, "NoSuchBucketPolicy");
    }
    put_policy(&server, &reading());
    for target in ["/bucket/k", "/bucket"] {
        assert_eq!(server.ask(Ask::new("DELETE", target)).status, 204);
    }
    let server = server.bucket("bucket");
    server
        .ask(Ask::new("GET", "/bucket?policy"))
        .is(404, "NoSuchBucketPolicy");
}

#[test]
fn a_document_that_is_no_policy_of_the_bucket_is_refused_in_the_words_of_aws() {
    let server = server();
    let check = |document: &str, message: &str| {
        let answer = server.ask(Ask::new("PUT", "/bucket?policy").body(document));
        answer.is(400, "MalformedPolicy");
        assert_eq!(answer.element("Message").as_deref(), Some(message), "{document}");
    };
    check("", "Policies must be valid JSON and the first byte must be '{'");
    let elsewhere = reading().replace("bucket/", "other/");
    check(&policy(&elsewhere), "Policy has invalid resource");
    check(
        &policy(&reading().replace("GetObject", "GetObjekt")),
        "Policy has invalid action",
    );
    check(
        &policy(&reading()).replace(']', &format!("]{}", " ".repeat(20 * 1024))),
        "Policy exceeds the maximum allowed document size.",
    );
    for principal in [
        r#"{"AWS": "arn:aws:iam::000000000001:user/nobody"}"#,
        r#"{"AWS": "arn:aws:iam::999988887777:root"}"#,
        r#"{"AWS": "999988887777"}"#,
        r#"{"CanonicalUser": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}"#,
        r#"{"AWS": "ada"}"#,
    ] {
        let of_them = reading().replace(r#""Principal": "*""#, &format!(r#""Principal": {principal}"#));
        check(&policy(&of_them), "Invalid principal in policy");
    }
    let of_the_root = reading().replace(
        r#""Principal": "*""#,
        r#""Principal": {"AWS": ["arn:aws:iam::000000000001:root", "000000000001"], "Service": "logs.example.com"}"#,
    );
    put_policy(&server, &of_the_root);
}

#[test]
fn nobody_may_do_what_a_policy_lets_everybody_do_and_nothing_else() {
    let server = server();
    nobody(&server, "GET", "/bucket/k").is(403, "AccessDenied");
    put_policy(&server, &reading());
    let got = nobody(&server, "GET", "/bucket/k");
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    assert_eq!(nobody(&server, "HEAD", "/bucket/k").status, 200);
    for (method, target) in [
        ("PUT", "/bucket/k"),
        ("DELETE", "/bucket/k"),
        ("GET", "/bucket"),
        ("GET", "/bucket?policy"),
        ("DELETE", "/bucket?policy"),
        ("GET", "/bucket/k?acl"),
    ] {
        nobody(&server, method, target).is(403, "AccessDenied");
    }
    // The policy of a bucket is for its own account, whatever it says.
    put_policy(&server, &everybody("Allow", r#""s3:*""#, "", ""));
    nobody(&server, "GET", "/bucket?policy").is(405, "MethodNotAllowed");
    nobody(&server, "DELETE", "/bucket?policy").is(405, "MethodNotAllowed");
    let listed = nobody(&server, "GET", "/bucket");
    assert_eq!(listed.status, 200);
    // The owner of the bucket owns what is in it, whoever asks.
    assert_eq!(listed.element("DisplayName").as_deref(), Some("root"));
    nobody(&server, "GET", "/").is(403, "AccessDenied");
}

#[test]
fn what_nobody_wrote_belongs_to_the_owner_of_the_bucket_and_is_what_was_announced() {
    let server = server();
    put_policy(&server, &everybody("Allow", r#""s3:PutObject""#, "/*", ""));
    let put = |ask: Ask| server.send(&ask);
    assert_eq!(put(Ask::new("PUT", "/bucket/plain").body("plain")).status, 200);
    assert_eq!(server.ask(Ask::new("GET", "/bucket/plain")).text(), "plain");
    let owner = server.ask(Ask::new("GET", "/bucket/plain?acl"));
    assert_eq!(owner.element("DisplayName").as_deref(), Some("root"));

    let streamed = Ask::new("PUT", "/bucket/streamed")
        .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("x-amz-decoded-content-length", "5")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .body("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n");
    assert_eq!(put(streamed.clone()).status, 200, "{}", put(streamed).text());
    assert_eq!(server.ask(Ask::new("GET", "/bucket/streamed")).text(), "hello");

    let signed = Ask::new("PUT", "/bucket/never")
        .header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        .header("x-amz-decoded-content-length", "5")
        .body("5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n");
    put(signed).is(403, "AccessDenied");
    let other = "0".repeat(64);
    put(Ask::new("PUT", "/bucket/never")
        .header("x-amz-content-sha256", &other)
        .body("x"))
    .is(400, "XAmzContentSHA256Mismatch");
    put(Ask::new("PUT", "/bucket/never")
        .header("x-amz-content-sha256", "none")
        .body("x"))
    .is(400, "InvalidArgument");
    assert_eq!(server.status_of("/bucket/never"), 404);

    let form = Form::new(&[("key", "posted")], "meow");
    assert_eq!(put(Ask::new("POST", "/bucket").with_form(form)).status, 204);
    assert_eq!(server.ask(Ask::new("GET", "/bucket/posted")).text(), "meow");
}

#[test]
fn whoever_asks_for_a_bucket_is_told_its_region() {
    let server = server();
    for (answer, status) in [
        (nobody(&server, "HEAD", "/bucket"), 403),
        (server.ask(Ask::new("HEAD", "/bucket")), 200),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("x-amz-bucket-region"),
            Some("us-east-1"),
            "{status}"
        );
    }
    let none = nobody(&server, "HEAD", "/no-such-bucket");
    assert_eq!((none.status, none.header("x-amz-bucket-region")), (404, None));
    let object = nobody(&server, "HEAD", "/bucket/k");
    assert_eq!((object.status, object.header("x-amz-bucket-region")), (403, None));
}

#[test]
fn who_may_not_list_is_not_told_what_is_missing() {
    let server = server();
    put_policy(
        &server,
        &everybody("Allow", r#""s3:GetObject", "s3:GetObjectAcl""#, "/*", ""),
    );
    for target in ["/bucket/none", "/bucket/none?acl"] {
        nobody(&server, "GET", target).is(403, "AccessDenied");
        assert_eq!(nobody(&server, "HEAD", "/bucket/none").status, 403);
    }
    let listing = everybody("Allow", r#""s3:ListBucket""#, "", "");
    put_policy(&server, &format!("{}, {listing}", reading()));
    nobody(&server, "GET", "/bucket/none").is(404, "NoSuchKey");
    assert_eq!(nobody(&server, "HEAD", "/bucket/none").status, 404);
}

#[test]
fn a_policy_about_objects_says_nothing_about_their_versions() {
    let server = server();
    put_policy(&server, &reading());
    assert_eq!(nobody(&server, "GET", "/bucket/k").status, 200);
    nobody(&server, "GET", "/bucket/k?versionId=null").is(403, "AccessDenied");
    let only_null = r#", "Condition": {"StringEquals": {"s3:VersionId": "null"}}"#;
    put_policy(
        &server,
        &everybody("Allow", r#""s3:GetObjectVersion""#, "/*", only_null),
    );
    nobody(&server, "GET", "/bucket/k").is(403, "AccessDenied");
    assert_eq!(nobody(&server, "GET", "/bucket/k?versionId=null").status, 200);
}

#[test]
fn a_copy_needs_its_source_to_be_read() {
    let server = server().bucket("other");
    server.put("/other/secret", "secret");
    server.put("/bucket/open/k", "open");
    let writing = everybody("Allow", r#""s3:PutObject""#, "/*", "");
    let reading = everybody("Allow", r#""s3:GetObject""#, "/open/*", "");
    put_policy(&server, &format!("{writing}, {reading}"));
    let upload = server.ask(Ask::new("POST", "/bucket/parts?uploads"));
    let upload = upload.element("UploadId").expect("an upload");
    let copy = |target: &str, source: &str| {
        server.send(&Ask::new("PUT", target).header("x-amz-copy-source", source))
    };
    for target in [
        "/bucket/copy",
        &format!("/bucket/parts?partNumber=1&uploadId={upload}"),
    ] {
        for source in ["other/secret", "/bucket/k", "/bucket/open/k?versionId=null"] {
            copy(target, source).is(403, "AccessDenied");
        }
        assert_eq!(copy(target, "/bucket/open/k").status, 200, "{target}");
    }
    assert_eq!(server.ask(Ask::new("GET", "/bucket/copy")).text(), "open");
    copy("/bucket/copy", "nowhere/k").is(404, "NoSuchBucket");
}

#[test]
fn each_of_many_objects_is_deleted_by_its_own_permission() {
    let server = server();
    server.put("/bucket/mine/a", "a");
    put_policy(
        &server,
        &everybody("Allow", r#""s3:DeleteObject""#, "/mine/*", ""),
    );
    let document = "<Delete><Object><Key>k</Key></Object><Object><Key>mine/a</Key></Object><Object><Key>mine/b</Key>\
                    <VersionId>null</VersionId></Object></Delete>";
    let ask = Ask::new("POST", "/bucket?delete").header("x-amz-sdk-checksum-algorithm", "CRC32");
    let answer = server.send(&ask.header("x-amz-checksum-crc32", DELETE_CRC32).body(document));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    for part in [
        "<Deleted><Key>mine/a</Key></Deleted>",
        "<Error><Key>k</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(text.matches("<Code>AccessDenied</Code>").count(), 2, "{text}");
    assert_eq!(server.status_of("/bucket/k"), 200);
    assert_eq!(server.status_of("/bucket/mine/a"), 404);
}

#[test]
fn deletions_can_be_made_to_name_what_they_delete() {
    let server = server();
    let only_with_a_tag = r#", "Condition": {"Null": {"s3:if-match": "false"}}"#;
    let deleting = everybody("Allow", r#""s3:DeleteObject""#, "/*", only_with_a_tag);
    put_policy(&server, &deleting);
    nobody(&server, "DELETE", "/bucket/k").is(403, "AccessDenied");
    let tag = server.ask(Ask::new("HEAD", "/bucket/k"));
    let tag = tag.header("etag").expect("a tag");
    let delete =
        |condition: &str| server.send(&Ask::new("DELETE", "/bucket/k").header("if-match", condition));
    delete("\"900150983cd24fb0d6963f7d28e17f72\"").is(412, "PreconditionFailed");
    assert_eq!(delete(tag).status, 204);

    // The same of many at once, each with its own condition.
    let entry = |key: &str, tag: &str| format!("<Object><Key>{key}</Key>{tag}</Object>");
    for name in ["a", "b"] {
        server.put(&format!("/bucket/{name}"), "hello");
    }
    let tagged = format!("<ETag>{}</ETag>", tag.replace('"', "&quot;"));
    let document = format!("<Delete>{}{}</Delete>", entry("a", ""), entry("b", &tagged));
    let user = "arn:aws:iam::000000000001:root";
    let forced = format!(
        r#"{{"Effect": "Deny", "Principal": {{"AWS": "{user}"}}, "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/*",
            "Condition": {{"Null": {{"s3:if-match": "true"}}}}}}"#
    );
    put_policy(&server, &forced);
    let checksum = STANDARD.encode(Sha256::digest(&document));
    let ask = Ask::new("POST", "/bucket?delete").header("x-amz-checksum-sha256", &checksum);
    let answer = server.ask(ask.body(document));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    assert!(text.contains("<Key>a</Key><Code>AccessDenied</Code>"), "{text}");
    assert!(text.contains("<Deleted><Key>b</Key></Deleted>"), "{text}");
}

/// CRC-32 of the document that this sends, in base64.
const DELETE_CRC32: &str = "FgRsvg==";

#[test]
fn a_policy_binds_the_root_too_but_for_the_way_back() {
    let server = server();
    put_policy(&server, &everybody("Deny", r#""s3:*""#, "", ""));
    put_policy(
        &server,
        &format!(
            "{}, {}",
            everybody("Deny", r#""s3:*""#, "/*", ""),
            everybody("Deny", r#""s3:*""#, "", "")
        ),
    );
    let denied = server.ask(Ask::new("GET", "/bucket/k"));
    denied.is(403, "AccessDenied");
    assert_eq!(
        denied.element("Message").as_deref(),
        Some(
            "User: arn:aws:iam::000000000001:root is not authorized to perform: s3:GetObject on resource: \
             \"arn:aws:s3:::bucket/k\" with an explicit deny in a resource-based policy"
        )
    );
    server.ask(Ask::new("DELETE", "/bucket")).is(403, "AccessDenied");
    assert_eq!(server.ask(Ask::new("GET", "/bucket?policy")).status, 200);
    assert_eq!(server.ask(Ask::new("DELETE", "/bucket?policy")).status, 204);
    assert_eq!(server.status_of("/bucket/k"), 200);
}

fn put_block(server: &Running, setting: &str) {
    let document = format!(
        "<PublicAccessBlockConfiguration><{setting}>true</{setting}></PublicAccessBlockConfiguration>"
    );
    let answer = server.ask(Ask::new("PUT", "/bucket?publicAccessBlock").body(document));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_block_is_put_shown_and_removed() {
    let server = server();
    let missing = || {
        server
            .ask(Ask::new("GET", "/bucket?publicAccessBlock"))
            .is(404, "NoSuchPublicAccessBlockConfiguration");
    };
    missing();
    put_block(&server, "BlockPublicPolicy");
    let shown = server.ask(Ask::new("GET", "/bucket?publicAccessBlock"));
    assert_eq!(shown.element("BlockPublicPolicy").as_deref(), Some("true"));
    assert_eq!(shown.element("RestrictPublicBuckets").as_deref(), Some("false"));
    for _ in 0..2 {
        assert_eq!(
            server.ask(Ask::new("DELETE", "/bucket?publicAccessBlock")).status,
            204
        );
        missing();
    }
    server
        .ask(Ask::new("PUT", "/bucket?publicAccessBlock").body("<Other/>"))
        .is(400, "MalformedXML");
}

#[test]
fn a_block_refuses_public_policies_and_takes_others() {
    let server = server();
    put_block(&server, "BlockPublicPolicy");
    let refused = server.ask(Ask::new("PUT", "/bucket?policy").body(policy(&reading())));
    refused.is(403, "AccessDenied");
    let message = refused.element("Message").unwrap_or_default();
    assert!(
        message.contains("because public policies are prevented by the BlockPublicPolicy setting"),
        "{message}"
    );
    put_policy(&server, &everybody("Deny", r#""s3:PutObject""#, "/*", ""));
    let by_address = r#", "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}"#;
    put_policy(
        &server,
        &everybody("Allow", r#""s3:GetObject""#, "/*", by_address),
    );
    assert_eq!(nobody(&server, "GET", "/bucket/k").status, 200);
}

#[test]
fn a_block_keeps_strangers_out_of_a_bucket_with_a_public_policy() {
    let server = server();
    put_policy(&server, &reading());
    put_block(&server, "RestrictPublicBuckets");
    nobody(&server, "GET", "/bucket/k").is(403, "AccessDenied");
    assert_eq!(server.status_of("/bucket/k"), 200);
    let only_here = r#", "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}"#;
    put_policy(&server, &everybody("Allow", r#""s3:GetObject""#, "/*", only_here));
    assert_eq!(
        nobody(&server, "GET", "/bucket/k").status,
        200,
        "it is not public"
    );
}

#[test]
fn a_header_does_not_reach_what_is_the_servers_to_know() {
    let over = |trusted_proxies: Vec<Cidr>| {
        let server = Running::with(Config {
            trusted_proxies,
            ..Config::in_region("us-east-1")
        });
        let server = server.bucket("bucket");
        server.put("/bucket/k", "hello");
        server
    };
    let conditions = [
        r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
        r#""Bool": {"aws:SecureTransport": "true"}"#,
        r#""StringEquals": {"aws:username": "ada"}"#,
        r#""StringEquals": {"aws:PrincipalArn": "arn:aws:iam::000000000001:root"}"#,
        r#""StringEquals": {"s3:authType": "REST-HEADER"}"#,
    ];
    let statements: Vec<String> = conditions
        .iter()
        .map(|condition| {
            let condition = format!(r#", "Condition": {{{condition}}}"#);
            everybody("Allow", r#""s3:GetObject""#, "/*", &condition)
        })
        .collect();
    let query = "aws:SourceIp=203.0.113.9&aws:username=ada&s3:authType=REST-HEADER&aws:SecureTransport=true";
    let ask = || {
        Ask::new("GET", &format!("/bucket/k?{query}"))
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-real-ip", "203.0.113.9")
            .header("x-forwarded-proto", "https")
            .header("x-amz-source-ip", "203.0.113.9")
            .header("x-amz-username", "ada")
            .header("x-amz-principalarn", "arn:aws:iam::000000000001:root")
    };
    let server = over(Vec::new());
    put_policy(&server, &statements.join(", "));
    server.send(&ask()).is(403, "AccessDenied");
    // What a proxy says that the operator trusts is known by that.
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST).to_string();
    let server = over(vec![Cidr::parse(&here).expect("an address")]);
    for statement in statements.get(..2).unwrap_or_default() {
        put_policy(&server, statement);
        assert_eq!(server.send(&ask()).status, 200, "{statement}");
    }
    for statement in statements.get(2..).unwrap_or_default() {
        put_policy(&server, statement);
        server.send(&ask()).is(403, "AccessDenied");
    }
}

#[test]
fn a_policy_sees_how_a_request_is_signed_and_what_it_says() {
    let server = server();
    // Nothing is denied that the condition does not meet, so each of these is met by its request and by no other.
    let denied = |condition: &str, actions: &str, of_bucket: &str| {
        let condition = format!(r#", "Condition": {{{condition}}}"#);
        put_policy(&server, &everybody("Deny", actions, of_bucket, &condition));
    };
    let link = || {
        Ask::new("GET", "/bucket/k")
            .to(&server.host())
            .presign(&Key::root(), 60)
    };
    denied(
        r#""StringEquals": {"s3:authType": "REST-QUERY-STRING"}"#,
        r#""s3:GetObject""#,
        "/*",
    );
    server.send(&link()).is(403, "AccessDenied");
    assert_eq!(server.status_of("/bucket/k"), 200);
    denied(
        r#""NumericGreaterThan": {"s3:signatureAge": "600000"}"#,
        r#""s3:GetObject""#,
        "/*",
    );
    assert_eq!(server.send(&link()).status, 200);
    let old = Key {
        time: crate::http::now() - 700,
        ..Key::root()
    };
    let link = Ask::new("GET", "/bucket/k")
        .to(&server.host())
        .presign(&old, 3600);
    server.send(&link).is(403, "AccessDenied");
    denied(
        r#""StringNotLike": {"s3:prefix": "a/*"}"#,
        r#""s3:ListBucket""#,
        "",
    );
    assert_eq!(server.status_of("/bucket?prefix=a%2Fb"), 200);
    for target in ["/bucket?prefix=b", "/bucket", "/bucket?list-type=2&prefix=A%2F"] {
        assert_eq!(server.status_of(target), 403, "{target}");
    }
    denied(
        r#""StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}"#,
        r#""s3:PutObject""#,
        "/*",
    );
    let put = |class: &str| {
        let ask = Ask::new("PUT", "/bucket/new").header("x-amz-storage-class", class);
        server.ask(ask.body("x")).status
    };
    assert_eq!((put("STANDARD"), put("STANDARD_IA")), (200, 403));
    denied(
        r#""StringLike": {"aws:UserAgent": "curl/*"}"#,
        r#""s3:GetObject""#,
        "/*",
    );
    let by = |agent: &str| {
        server
            .ask(Ask::new("GET", "/bucket/k").header("user-agent", agent))
            .status
    };
    assert_eq!((by("curl/8.0"), by("aws-cli/2")), (403, 200));
    denied(
        r#""StringNotLike": {"s3:x-amz-copy-source": "bucket/k"}"#,
        r#""s3:PutObject""#,
        "/*",
    );
    let copy = |source: &str| {
        server
            .ask(Ask::new("PUT", "/bucket/copy").header("x-amz-copy-source", source))
            .status
    };
    assert_eq!(
        (copy("/bucket/k"), copy("bucket/%6b"), copy("bucket/new")),
        (200, 200, 403)
    );
}

#[test]
fn lists_of_access_cannot_be_put_whatever_they_say() {
    let server = server();
    let owner = server.ask(Ask::new("GET", "/bucket?acl"));
    for target in ["/bucket?acl", "/bucket/k?acl"] {
        for acl in ["private", "bucket-owner-full-control"] {
            let ask = Ask::new("PUT", target).header("x-amz-acl", acl);
            server.ask(ask).is(400, "AccessControlListNotSupported");
        }
        server
            .ask(Ask::new("PUT", target).body(owner.text()))
            .is(400, "AccessControlListNotSupported");
        server
            .ask(Ask::new("PUT", target).body("<Other/>"))
            .is(400, "MalformedACLError");
        server
            .ask(Ask::new("PUT", target))
            .is(400, "MissingSecurityHeader");
    }
    server
        .ask(Ask::new("PUT", "/bucket/none?acl").header("x-amz-acl", "private"))
        .is(404, "NoSuchKey");
}

#[test]
fn ownership_controls_are_there_from_the_start_and_can_be_removed_and_put_again() {
    let server = server();
    let check = |expected: Option<&str>| {
        let shown = server.ask(Ask::new("GET", "/bucket?ownershipControls"));
        assert_eq!(shown.element("ObjectOwnership").as_deref(), expected);
        if expected.is_none() {
            shown.is(404, "OwnershipControlsNotFoundError");
        }
    };
    check(Some("BucketOwnerEnforced"));
    for _ in 0..2 {
        let removed = server.ask(Ask::new("DELETE", "/bucket?ownershipControls"));
        assert_eq!(removed.status, 204);
        check(None);
    }
    let put = |ownership: &str| {
        let document = format!(
            "<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
        );
        server.ask(Ask::new("PUT", "/bucket?ownershipControls").body(document))
    };
    put("Nobody").is(400, "MalformedXML");
    check(None);
    for ownership in ["ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"] {
        assert_eq!(put(ownership).status, 200);
        check(Some(ownership));
    }
}

#[test]
fn nobody_overrides_the_headers_of_an_answer() {
    let server = server();
    put_policy(&server, &reading());
    let target = "/bucket/k?response-content-type=text/html";
    let refused = nobody(&server, "GET", target);
    refused.is(400, "InvalidRequest");
    assert_eq!(
        refused.element("Message").as_deref(),
        Some("Request specific response headers cannot be used for anonymous GET requests.")
    );
    assert_eq!(server.status_of(target), 200);
}

#[test]
fn a_denial_names_its_statement_on_record_and_to_the_account_itself() {
    let statements = format!(
        "{}, {}",
        reading(),
        everybody("Deny", r#""s3:DeleteObject""#, "/*", r#", "Sid": "KeepAll""#)
    );
    for (mode, is_shown) in [
        (DiagnosisMode::Full, true),
        (DiagnosisMode::Basic, false),
        (DiagnosisMode::Off, false),
    ] {
        let server = Running::diagnosing(mode).bucket("bucket");
        put_policy(&server, &statements);
        let by_root = server.ask(Ask::new("DELETE", "/bucket/k"));
        by_root.is(403, "AccessDenied");
        let shown = "<Diagnosis version=\"1\" status=\"exact\"><Decision><Reason>explicit-deny</Reason><PolicyType>\
                     resource-based policy</PolicyType><Policy>bucket</Policy><Statement>2</Statement><Sid>KeepAll</Sid>\
                     </Decision></Diagnosis>";
        assert_eq!(
            by_root.text().contains(shown),
            is_shown,
            "{mode:?}: {}",
            by_root.text()
        );
        let by_nobody = nobody(&server, "DELETE", "/bucket/k");
        by_nobody.is(403, "AccessDenied");
        assert!(!by_nobody.text().contains("Decision"), "{}", by_nobody.text());
        let message = by_nobody.element("Message").unwrap_or_default();
        let is_bare = message == "Access Denied";
        assert_eq!(is_bare, mode == DiagnosisMode::Off, "{message}");
        assert!(
            message.starts_with("Access Denied") && !message.contains("resource-based"),
            "{message}"
        );
        for answer in [by_root, by_nobody] {
            let record = server.ask_admin(&format!("/api/v1/refusals/{}", answer.request_id()));
            let text = record.text();
            for part in [
                r#""action":"s3:DeleteObject""#,
                r#""resource":"arn:aws:s3:::bucket/k""#,
                r#""policyType":"resource-based policy""#,
                r#""statement":2"#,
                r#""sid":"KeepAll""#,
            ] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
        }
    }
}
