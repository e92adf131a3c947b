//! What each operation needs, a row an operation: the table of AWS, written a second time.

use super::*;
use countersign_protocol::Head;

const UPLOAD: &str = "uploadId=00112233445566778899aabbccddeeff";
const MD5: (&str, &str) = ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==");

/// The actions and resources of `METHOD /path?query`, as `s3:Action arn`.
fn needed(line: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.as_bytes())),
        None => (target, None),
    };
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let head = Head {
        method,
        path: path.as_bytes(),
        query,
        headers: &headers,
        host_bucket: None,
    };
    let named = countersign_protocol::parse(&head).expect("an operation");
    let needs = needs(&named, &Said::of(&head, None));
    needs
        .iter()
        .map(|need| format!("{} {}", need.action, need.target.arn()))
        .collect()
}

fn check(line: &str, headers: &[(&str, &str)], expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(needed(line, headers), expected, "{line} {headers:?}");
}

#[test]
fn every_operation_on_buckets_needs_the_action_that_aws_says() {
    for (line, action) in [
        ("HEAD /abc", "s3:ListBucket"),
        ("GET /abc", "s3:ListBucket"),
        ("GET /abc?list-type=2", "s3:ListBucket"),
        ("GET /abc?versions", "s3:ListBucketVersions"),
        ("PUT /abc", "s3:CreateBucket"),
        ("DELETE /abc", "s3:DeleteBucket"),
        ("GET /abc?location", "s3:GetBucketLocation"),
        ("GET /abc?versioning", "s3:GetBucketVersioning"),
        ("GET /abc?uploads", "s3:ListBucketMultipartUploads"),
        ("GET /abc?cors", "s3:GetBucketCORS"),
        ("DELETE /abc?cors", "s3:PutBucketCORS"),
        ("GET /abc?acl", "s3:GetBucketAcl"),
        ("PUT /abc?acl", "s3:PutBucketAcl"),
        ("PUT /abc?policy", "s3:PutBucketPolicy"),
        ("GET /abc?policy", "s3:GetBucketPolicy"),
        ("DELETE /abc?policy", "s3:DeleteBucketPolicy"),
        ("GET /abc?policyStatus", "s3:GetBucketPolicyStatus"),
        ("PUT /abc?publicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("GET /abc?publicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("DELETE /abc?publicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("PUT /abc?ownershipControls", "s3:PutBucketOwnershipControls"),
        ("GET /abc?ownershipControls", "s3:GetBucketOwnershipControls"),
        ("DELETE /abc?ownershipControls", "s3:PutBucketOwnershipControls"),
        ("GET /abc?accelerate", "s3:GetAccelerateConfiguration"),
        ("GET /abc?encryption", "s3:GetEncryptionConfiguration"),
        ("DELETE /abc?encryption", "s3:PutEncryptionConfiguration"),
        ("GET /abc?lifecycle", "s3:GetLifecycleConfiguration"),
        ("DELETE /abc?lifecycle", "s3:PutLifecycleConfiguration"),
        ("GET /abc?logging", "s3:GetBucketLogging"),
        ("GET /abc?notification", "s3:GetBucketNotification"),
        ("GET /abc?object-lock", "s3:GetBucketObjectLockConfiguration"),
        ("GET /abc?replication", "s3:GetReplicationConfiguration"),
        ("DELETE /abc?replication", "s3:PutReplicationConfiguration"),
        ("GET /abc?requestPayment", "s3:GetBucketRequestPayment"),
        ("GET /abc?tagging", "s3:GetBucketTagging"),
        ("DELETE /abc?tagging", "s3:PutBucketTagging"),
        ("GET /abc?website", "s3:GetBucketWebsite"),
        ("DELETE /abc?website", "s3:DeleteBucketWebsite"),
    ] {
        check(line, &[], &[&format!("{action} arn:aws:s3:::abc")]);
    }
    check("GET /", &[], &["s3:ListAllMyBuckets arn:aws:s3:::*"]);
    check("PUT /abc?cors", &[MD5], &["s3:PutBucketCORS arn:aws:s3:::abc"]);
    check("OPTIONS /abc", &[("origin", "https://a.example")], &[]);
    check("POST /abc?delete", &[MD5], &[]);
}

#[test]
fn every_operation_on_objects_needs_the_action_that_aws_says() {
    for (line, action) in [
        ("GET /abc/a/k", "s3:GetObject"),
        ("HEAD /abc/a/k", "s3:GetObject"),
        ("GET /abc/a/k?partNumber=1", "s3:GetObject"),
        ("PUT /abc/a/k", "s3:PutObject"),
        ("DELETE /abc/a/k", "s3:DeleteObject"),
        ("GET /abc/a/k?acl", "s3:GetObjectAcl"),
        ("PUT /abc/a/k?acl", "s3:PutObjectAcl"),
        ("GET /abc/a/k?tagging", "s3:GetObjectTagging"),
        ("DELETE /abc/a/k?tagging", "s3:DeleteObjectTagging"),
        ("GET /abc/a/k?retention", "s3:GetObjectRetention"),
        ("GET /abc/a/k?legal-hold", "s3:GetObjectLegalHold"),
        ("POST /abc/a/k?uploads", "s3:PutObject"),
    ] {
        check(line, &[], &[&format!("{action} arn:aws:s3:::abc/a/k")]);
    }
    for (method, query, action) in [
        ("PUT", "&partNumber=1", "s3:PutObject"),
        ("POST", "", "s3:PutObject"),
        ("DELETE", "", "s3:AbortMultipartUpload"),
        ("GET", "", "s3:ListMultipartUploadParts"),
    ] {
        let line = format!("{method} /abc/k?{UPLOAD}{query}");
        check(&line, &[], &[&format!("{action} arn:aws:s3:::abc/k")]);
    }
    check(
        "GET /abc/k?attributes",
        &[("x-amz-object-attributes", "ETag")],
        &[
            "s3:GetObject arn:aws:s3:::abc/k",
            "s3:GetObjectAttributes arn:aws:s3:::abc/k",
        ],
    );
}

#[test]
fn a_version_is_read_with_get_object_version() {
    for (line, actions) in [
        ("GET /abc/k?versionId=null", &["s3:GetObjectVersion"][..]),
        ("HEAD /abc/k?versionId=null", &["s3:GetObjectVersion"]),
        ("DELETE /abc/k?versionId=null", &["s3:DeleteObjectVersion"]),
        ("GET /abc/k?acl&versionId=null", &["s3:GetObjectVersionAcl"]),
        ("PUT /abc/k?acl&versionId=null", &["s3:PutObjectVersionAcl"]),
        (
            "GET /abc/k?tagging&versionId=null",
            &["s3:GetObjectVersionTagging"],
        ),
        (
            "DELETE /abc/k?tagging&versionId=null",
            &["s3:DeleteObjectVersionTagging"],
        ),
        (
            "GET /abc/k?attributes&versionId=null",
            &["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"],
        ),
    ] {
        let expected: Vec<String> = actions
            .iter()
            .map(|action| format!("{action} arn:aws:s3:::abc/k"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(line, &[("x-amz-object-attributes", "ETag")], &expected);
    }
}

#[test]
fn the_source_of_a_copy_is_read_like_any_object() {
    let part = format!("PUT /abc/k?partNumber=1&{UPLOAD}");
    for line in ["PUT /abc/k", &part] {
        check(
            line,
            &[("x-amz-copy-source", "/other/a%2Fb")],
            &[
                "s3:GetObject arn:aws:s3:::other/a/b",
                "s3:PutObject arn:aws:s3:::abc/k",
            ],
        );
        check(
            line,
            &[("x-amz-copy-source", "other/k?versionId=null")],
            &[
                "s3:GetObjectVersion arn:aws:s3:::other/k",
                "s3:PutObject arn:aws:s3:::abc/k",
            ],
        );
    }
}

#[test]
fn what_a_write_sets_beside_the_object_needs_its_own_action() {
    let full = ("x-amz-acl", "bucket-owner-full-control");
    check(
        "PUT /abc/k",
        &[("x-amz-acl", "private")],
        &["s3:PutObject arn:aws:s3:::abc/k"],
    );
    for (line, more) in [
        ("PUT /abc/k", None),
        ("POST /abc/k?uploads", None),
        ("PUT /abc/k", Some("other/k")),
    ] {
        let mut headers = vec![full];
        headers.extend(more.map(|source| ("x-amz-copy-source", source)));
        let expected = [
            "s3:PutObject arn:aws:s3:::abc/k",
            "s3:PutObjectAcl arn:aws:s3:::abc/k",
        ];
        let found = needed(line, &headers);
        assert!(found.ends_with(&expected.map(str::to_owned)), "{line}: {found:?}");
    }
    check(
        "PUT /abc/k",
        &[("x-amz-grant-read", "id=c1")],
        &[
            "s3:PutObject arn:aws:s3:::abc/k",
            "s3:PutObjectAcl arn:aws:s3:::abc/k",
        ],
    );
    // A link carries its headers in the query.
    check(
        "PUT /abc/k?x-amz-acl=bucket-owner-full-control",
        &[],
        &[
            "s3:PutObject arn:aws:s3:::abc/k",
            "s3:PutObjectAcl arn:aws:s3:::abc/k",
        ],
    );
    check(
        "PUT /abc",
        &[full, ("x-amz-object-ownership", "BucketOwnerEnforced")],
        &[
            "s3:CreateBucket arn:aws:s3:::abc",
            "s3:PutBucketAcl arn:aws:s3:::abc",
            "s3:PutBucketOwnershipControls arn:aws:s3:::abc",
        ],
    );
}

#[test]
fn each_of_many_objects_needs_its_own_permission() {
    let (bucket, object_key) = (
        BucketName::parse("abc").expect("valid"),
        ObjectKey::parse(b"k").expect("valid"),
    );
    let plain = delete_need(&bucket, &object_key, None);
    assert_eq!(
        (plain.action, plain.target.arn().as_str()),
        ("s3:DeleteObject", "arn:aws:s3:::abc/k")
    );
    let of_version = delete_need(&bucket, &object_key, Some("null"));
    assert_eq!(
        (of_version.action, of_version.version_id),
        ("s3:DeleteObjectVersion", Some("null"))
    );
}

#[test]
fn a_condition_in_a_document_reads_like_a_header() {
    let check = |text: &str, expected: &str| {
        assert_eq!(if_match_text(&EtagMatch::parse(text)), expected, "{text}");
    };
    check("*", "*");
    let tag = "\"900150983cd24fb0d6963f7d28e17f72\"";
    check(tag, tag);
    check("900150983cd24fb0d6963f7d28e17f72", tag);
    check("nonsense", "\"\"");
}

#[test]
fn what_the_client_says_are_keys_that_are_the_clients_to_say() {
    let granting = GRANT_HEADERS.map(|(name, _)| name);
    for key in OBJECT_HEADERS
        .into_iter()
        .chain(granting)
        .map(|name| format!("s3:{name}"))
    {
        assert!(Keys::default().claim(&key, ["x"]), "{key}");
    }
    for key in [
        "aws:UserAgent",
        "aws:Referer",
        "s3:prefix",
        "s3:delimiter",
        "s3:max-keys",
        "s3:if-match",
        "s3:if-none-match",
        "s3:x-amz-copy-source",
        "s3:VersionId",
    ] {
        assert!(Keys::default().claim(key, ["x"]), "{key}");
    }
}
