//! Each rule as a row of data: parameters, and everything that is found in them.
//!
//! Keeps true: a rule without a row fails, so does a row that finds more or less than it says.

use std::collections::BTreeSet;

use countersign_sigv4::Secret;
use countersign_validate::{Finding, Params, RULES, Severity, validate};
use serde_json::{Value, json};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const AKIA: &str = "AKIAIOSFODNN7EXAMPLE";
const ASIA: &str = "ASIAIOSFODNN7EXAMPLE";
/// 2025-01-01T00:00:00Z
const NOW: i64 = 1_735_689_600;
const LINK: &str = "https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20250101%2Fr%2Fs3%2Faws4_request\
    &X-Amz-Date=20250101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00&x-id=PutObject";

fn found(params: &Value) -> Vec<Finding> {
    let mut read: Params = serde_json::from_value(params.clone()).expect("parameters");
    let secret = params
        .pointer("/credentials/secretAccessKey")
        .and_then(Value::as_str);
    if let Some(credentials) = &mut read.credentials {
        credentials.secret = secret.map(Secret::new);
    }
    validate(&read)
}

fn credentials(id: &str, secret: &str) -> Value {
    json!({"credentials": {"accessKeyId": id, "secretAccessKey": secret}})
}

fn temporary(id: &str, token: &str) -> Value {
    json!({"credentials": {"accessKeyId": id, "secretAccessKey": SECRET, "sessionToken": token}})
}

fn metadata(name: &str, value: &str) -> Value {
    json!({"metadata": {name: value}})
}

fn key(key: &str) -> Value {
    json!({"key": key})
}

fn bucket(bucket: &str) -> Value {
    json!({"bucket": bucket})
}

fn region(region: &str) -> Value {
    json!({"region": region})
}

fn endpoint(endpoint: &str) -> Value {
    json!({"bucket": "photos", "endpoint": endpoint})
}

fn link(url: &str) -> Value {
    json!({"url": url, "method": "PUT", "now": NOW + 60})
}

/// Parameters, and the names of the rules that they break.
fn rows() -> Vec<(Value, &'static [&'static str])> {
    let mut rows: Vec<(Value, &'static [&'static str])> = vec![
        (bucket("ab"), &["bucket-length"]),
        (bucket(&"a".repeat(64)), &["bucket-length"]),
        (bucket("Photos"), &["bucket-upper-case"]),
        (bucket("my_photos"), &["bucket-character"]),
        (bucket("photos/2025"), &["bucket-slash"]),
        (bucket("s3://photos"), &["bucket-slash"]),
        (bucket("-photos"), &["bucket-edge"]),
        (bucket("my..photos"), &["bucket-double-dot", "bucket-dot-tls"]),
        (
            json!({"bucket": "192.168.0.1", "forcePathStyle": true}),
            &["bucket-address"],
        ),
        (bucket("xn--photos"), &["bucket-reserved"]),
        (bucket("my.photos"), &["bucket-dot-tls"]),
        (
            json!({"bucket": "my.photos", "endpoint": "https://s3.example.com"}),
            &["bucket-dot-tls"],
        ),
        (key(""), &["key-empty"]),
        (key(&"ü".repeat(513)), &["key-length"]),
        (key("s3://photos/cat.jpg"), &["key-url"]),
        (key("/cat.jpg"), &["key-leading-slash"]),
        (key("2025//cat.jpg"), &["key-double-slash"]),
        (key("//cat.jpg"), &["key-leading-slash"]),
        (key("./cat.jpg"), &["key-dot-segment"]),
        (key("a/../cat.jpg"), &["key-dot-segment"]),
        (key("cat.jpg "), &["key-edge-blank"]),
        (key("\tcat.jpg"), &["key-edge-blank", "key-control"]),
        (key("my%20cat.jpg"), &["key-percent"]),
        (key("a+b.jpg"), &["key-plus"]),
        (key("a\\b#1.jpg"), &["key-awkward"]),
        (key("a\u{1}b"), &["key-control"]),
        (key("cafe\u{301}.jpg"), &["key-decomposed"]),
        (key("caf\u{fffd}.jpg"), &["key-broken"]),
        (metadata("my name", "v"), &["metadata-name"]),
        (metadata("", "v"), &["metadata-name"]),
        (metadata("naïve", "v"), &["metadata-name"]),
        (metadata("Owner", "v"), &["metadata-name-case"]),
        (
            json!({"metadata": {"Owner": "v", "owner": "w"}}),
            &["metadata-name-case", "metadata-name-twice"],
        ),
        (metadata("x-amz-meta-owner", "v"), &["metadata-name-prefix"]),
        (metadata("my_name", "v"), &["metadata-name-underscore"]),
        (metadata("a", "one\ntwo"), &["metadata-control"]),
        (metadata("a", "Müller"), &["metadata-non-ascii"]),
        (metadata("a", " v"), &["metadata-blanks"]),
        (metadata("a", "v  w"), &["metadata-blanks"]),
        (metadata("a", "v\tw"), &["metadata-blanks"]),
        (metadata("a", &"v".repeat(2048)), &["metadata-size"]),
        (region(""), &["region-empty"]),
        (region("us-east-1\n"), &["region-shape"]),
        (region("US-EAST-1"), &["region-shape"]),
        (region("s3.eu-west-1.amazonaws.com"), &["region-shape"]),
        (region("eu-west-1a"), &["region-zone"]),
        (region("auto"), &["region-auto"]),
        (
            json!({"region": "us-east-1", "endpoint": "https://s3.eu-west-1.amazonaws.com"}),
            &["region-endpoint"],
        ),
        (
            json!({"region": "us-east-1", "endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com"}),
            &["region-endpoint"],
        ),
        (
            json!({"region": "us-east-1", "endpoint": "https://b.s3-eu-west-1.amazonaws.com"}),
            &["region-endpoint"],
        ),
        (
            json!({"region": "eu-west-1", "endpoint": "https://s3.amazonaws.com"}),
            &["region-endpoint"],
        ),
        (endpoint("http://localhost:9000\n"), &["endpoint-blank"]),
        (endpoint("\"http://localhost:9000\""), &["endpoint-blank"]),
        (endpoint("localhost:9000"), &["endpoint-scheme"]),
        (endpoint("s3://photos"), &["endpoint-scheme"]),
        (endpoint("http://localhost:9000/s3"), &["endpoint-path"]),
        (endpoint("http://localhost:9000/"), &["endpoint-slash"]),
        (endpoint("https://photos.s3.example.com"), &["endpoint-bucket"]),
        (endpoint("https://s3.example.com/photos"), &["endpoint-bucket"]),
        (endpoint("https://s3.example.com?x=1"), &["endpoint-query"]),
        (endpoint("https://s3.example.com:443"), &["endpoint-port"]),
        (endpoint("http://s3.example.com:80"), &["endpoint-port"]),
        (endpoint("https://S3.example.com"), &["endpoint-upper-case"]),
        (credentials("", SECRET), &["key-id-missing"]),
        (credentials("AKIAIOSFODNN7EXAMPLE\n", SECRET), &["key-id-shape"]),
        (credentials(SECRET, AKIA), &["key-id-swapped"]),
        (json!({"credentials": {"accessKeyId": AKIA}}), &["secret-missing"]),
        (credentials(AKIA, "undefined"), &["secret-placeholder"]),
        (credentials(AKIA, ""), &["secret-placeholder"]),
        (credentials(AKIA, AKIA), &["secret-is-key-id"]),
        (credentials(AKIA, &format!("{SECRET}\n")), &["secret-newline"]),
        (credentials(AKIA, &format!(" {SECRET}")), &["secret-blank"]),
        (credentials(AKIA, &format!("\"{SECRET}\"")), &["secret-quotes"]),
        (
            credentials(AKIA, &SECRET.replace('/', "%2F")),
            &["secret-percent"],
        ),
        (credentials(AKIA, &SECRET[..39]), &["secret-length"]),
        (credentials(ASIA, SECRET), &["token-missing"]),
        (temporary(AKIA, "token"), &["token-needless"]),
        (temporary(ASIA, "to\nken"), &["token-shape"]),
        (
            json!({"now": NOW, "credentials": {"accessKeyId": ASIA, "secretAccessKey": SECRET, "sessionToken": "t", "expiration": NOW}}),
            &["credentials-ended"],
        ),
        (json!({"now": NOW, "serverTime": NOW + 901}), &["clock-skew"]),
        (json!({"now": NOW + 901, "serverTime": NOW}), &["clock-skew"]),
        (json!({"now": NOW + 61, "serverTime": NOW}), &["clock-drift"]),
        (json!({"expiresIn": 1.5}), &["expiry-whole"]),
        (json!({"expiresIn": 0}), &["expiry-range"]),
        (json!({"expiresIn": 604_801}), &["expiry-range"]),
        (
            json!({"now": NOW, "expiresIn": 61, "credentials": {"accessKeyId": ASIA, "secretAccessKey": SECRET, "sessionToken": "t", "expiration": NOW + 60}}),
            &["expiry-session"],
        ),
        (
            json!({"expiresIn": 60, "method": "put", "requestChecksumCalculation": "WHEN_SUPPORTED"}),
            &["link-checksum-to-be"],
        ),
        (
            link(&format!("{LINK}&x-amz-checksum-crc32=AAAAAA%3D%3D")),
            &["link-checksum"],
        ),
        (
            link(&format!("{LINK}&X-Amz-Checksum-Crc32c=AAAAAA%3D%3D")),
            &["link-checksum"],
        ),
        (
            link("https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256"),
            &["link-truncated"],
        ),
        (link("https://h/b/k"), &["link-truncated"]),
        (link(&LINK.replace('&', "&amp;")), &["link-amp"]),
        (link(&LINK.replace("%2F", "%252F")), &["link-encoded-twice"]),
        (json!({"url": LINK, "now": NOW + 61}), &["link-expired"]),
        (
            json!({"url": LINK, "now": NOW, "method": "GET"}),
            &["link-method"],
        ),
        (
            json!({"url": LINK, "headers": {"Authorization": "x"}}),
            &["link-two-signatures"],
        ),
        (
            json!({"url": LINK, "headers": {"X-Amz-Acl": "private"}}),
            &["link-header-unsigned"],
        ),
    ];
    let typed = LINK.replace("SignedHeaders=host", "SignedHeaders=content-type%3Bhost");
    rows.push((json!({"url": typed}), &["link-header-lacking"]));
    rows
}

/// Parameters that are as they should be.
fn sound() -> Vec<Value> {
    vec![
        json!({}),
        bucket("photos"),
        bucket("my-alias-s3alias"),
        bucket("arn:aws:s3:us-east-1:123456789012:accesspoint/Mine"),
        json!({"bucket": "my.photos", "forcePathStyle": true}),
        json!({"bucket": "my.photos", "endpoint": "http://localhost:9000"}),
        key("a/b/c.jpg"),
        key("folder/"),
        key("100%.txt"),
        key("..."),
        key("日本語/ファイル.txt"),
        key(&"a".repeat(1024)),
        json!({"metadata": {"owner": "me and you", "a": ""}}),
        metadata("a", &"v".repeat(2047)),
        region("eu-central-1"),
        json!({"region": "auto", "endpoint": "https://account.r2.cloudflarestorage.com"}),
        json!({"region": "garage", "endpoint": "http://localhost:3900"}),
        json!({"region": "eu-west-1", "endpoint": "https://s3.eu-west-1.amazonaws.com"}),
        json!({"region": "cn-north-1", "endpoint": "https://s3.cn-north-1.amazonaws.com.cn"}),
        endpoint("http://[::1]:9000"),
        endpoint("https://photos-of-others.example.com"),
        credentials(AKIA, SECRET),
        credentials("minioadmin", "minioadmin1"),
        temporary(ASIA, "token/+=="),
        json!({"now": NOW, "serverTime": NOW - 60}),
        json!({"expiresIn": 1}),
        json!({"expiresIn": 604_800}),
        json!({"url": LINK, "now": NOW + 60, "method": "put", "headers": {"Content-Type": "image/png"}}),
        json!({"url": LINK.replace("SignedHeaders=host", "SignedHeaders=content-type%3Bhost"), "headers": {"Content-Type": "image/png"}}),
        json!({"expiresIn": 60, "method": "PUT", "requestChecksumCalculation": "WHEN_REQUIRED"}),
    ]
}

#[test]
fn each_row_finds_what_it_says_and_nothing_else() {
    for (params, expected) in rows() {
        let names: Vec<&str> = found(&params).iter().map(|finding| finding.rule).collect();
        assert_eq!(names, expected, "{params}");
    }
}

#[test]
fn parameters_as_they_should_be_have_no_finding() {
    for params in sound() {
        assert_eq!(found(&params), [], "{params}");
    }
}

#[test]
fn every_rule_has_a_row() {
    let reached: BTreeSet<&str> = rows()
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    let lacking: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.name)
        .filter(|name| !reached.contains(name))
        .collect();
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn a_finding_is_written_for_people_and_programs() {
    let finding = found(&key("/cat.jpg")).remove(0);
    assert_eq!(finding.severity, Severity::Warning);
    let written = serde_json::to_value(&finding).expect("JSON");
    for (name, value) in [
        ("rule", "key-leading-slash"),
        ("field", "key"),
        ("severity", "warning"),
        ("cause", "URI-MERGE"),
    ] {
        assert_eq!(
            written.get(name).and_then(Value::as_str),
            Some(value),
            "{written}"
        );
    }
}

#[test]
fn no_finding_holds_a_secret_or_a_token() {
    let odd = ["\n", " ", "\"", "%", ""].map(|odd| format!("{SECRET}{odd}"));
    for secret in &odd {
        for id in [AKIA, ASIA, "", SECRET] {
            let params = json!({"credentials": {"accessKeyId": id, "secretAccessKey": secret, "sessionToken": format!("{SECRET} token")}});
            let told = format!("{:?}", found(&params));
            assert!(!told.contains("wJalrXUtn"), "{told}");
        }
    }
}

#[test]
fn any_text_in_any_place_is_checked_without_a_fault() {
    for text in [
        "",
        "\u{0}",
        "://",
        "http://",
        "https://:",
        "%",
        "%F",
        "?",
        "&&=",
        "ü",
        "\u{fffd}",
        "https://h?X-Amz-Date=9",
        &"%".repeat(9999),
    ] {
        let params = json!({"bucket": text, "key": text, "metadata": {text: text}, "headers": {text: text}, "method": text, "url": text,
            "region": text, "endpoint": text, "expiresIn": -1e300, "now": i64::MIN, "serverTime": i64::MAX,
            "credentials": {"accessKeyId": text, "secretAccessKey": text, "sessionToken": text, "expiration": i64::MAX}});
        let told = found(&params);
        assert!(!told.is_empty(), "{text}");
    }
}
