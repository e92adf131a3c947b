//! Objects through the whole server: whole, in ranges, by link, by the bucket's own name, under conditions, in a race.

use countersign_server::Config;
use countersign_sigv4::Payload;

use crate::http::{Ask, Connection, Key};
use crate::running::Running;

#[test]
fn an_object_comes_back_as_it_was_sent() {
    let server = Running::start().bucket("bucket");
    let put = Ask::new("PUT", "/bucket/a%20b+c/%C3%BC")
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-amz-meta-colour", "blue")
        .body("hello");
    assert_eq!(server.ask(put).status, 200);
    let got = server.ask(Ask::new("GET", "/bucket/a%20b+c/%C3%BC"));
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    assert_eq!(got.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(got.header("x-amz-meta-colour"), Some("blue"));
    assert_eq!(got.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    // A plus sign is a plus sign, and no blank.
    assert_eq!(server.status_of("/bucket/a%20b%20c/%C3%BC"), 404);
    assert!(
        server
            .ask(Ask::new("GET", "/bucket?list-type=2"))
            .text()
            .contains("<Key>a b+c/\u{fc}</Key>")
    );
}

#[test]
fn a_large_body_passes_in_pieces() {
    let server = Running::start().bucket("bucket");
    let size = 64 * 1024 * 1024;
    // Every block of eight bytes says where it stands.
    let body: Vec<u8> = (0..size as u64 / 8).flat_map(u64::to_be_bytes).collect();
    let put = server.ask(
        Ask::new("PUT", "/bucket/k")
            .payload(Payload::Unsigned)
            .body(body.clone()),
    );
    assert_eq!(put.status, 200, "{}", put.text());
    for (from, until) in [
        (0, 0),
        (5, 5),
        (1_048_570, 1_048_590),
        (33_554_431, 50_000_000),
        (size - 3, size - 1),
    ] {
        let got = server.ask(Ask::new("GET", "/bucket/k").header("range", &format!("bytes={from}-{until}")));
        assert_eq!(got.status, 206);
        assert_eq!(
            got.header("content-range"),
            Some(format!("bytes {from}-{until}/{size}").as_str())
        );
        assert!(
            got.body.as_slice() == body.get(from..=until).unwrap_or_default(),
            "{from}-{until}"
        );
    }
    let got = server.ask(Ask::new("GET", "/bucket/k"));
    assert!(got.body == body);
    assert!(
        server.counts.largest_piece() <= 1024 * 1024,
        "{}",
        server.counts.largest_piece()
    );
    assert!(server.counts.largest_piece() > 0);
}

#[test]
fn links_put_and_get() {
    let server = Running::start().bucket("bucket");
    let link = |method: &str| {
        Ask::new(method, "/bucket/k")
            .to(&server.host())
            .presign(&Key::root(), 60)
    };
    assert_eq!(server.send(&link("PUT").body("hello")).status, 200);
    assert_eq!(server.send(&link("GET")).text(), "hello");
    server
        .send(&Ask {
            method: "DELETE".to_owned(),
            ..link("GET")
        })
        .is(403, "SignatureDoesNotMatch");
    assert_eq!(server.status_of("/bucket/k"), 200);
}

#[test]
fn a_bucket_may_stand_in_the_host() {
    let config = Config {
        domains: vec!["s3.example.com".to_owned()],
        ..Config::in_region("us-east-1")
    };
    let server = Running::with(config).bucket("bucket");
    for host in ["bucket.localhost:9000", "bucket.s3.example.com"] {
        let ask = |method: &str| Ask::new(method, "/k").header("host", host);
        assert_eq!(server.ask(ask("PUT").body(host)).status, 200);
        assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).text(), host);
        assert_eq!(server.ask(ask("GET")).text(), host);
    }
    server
        .ask(Ask::new("GET", "/k").header("host", "other.s3.example.com"))
        .is(404, "NoSuchBucket");
}

#[test]
fn conditions_decide() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let (right, wrong) = (
        "\"5d41402abc4b2a76b9719d911017c592\"",
        "\"00000000000000000000000000000000\"",
    );
    let (old, new) = ("Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
    for (name, value, status) in [
        ("if-match", right, 200),
        ("if-match", wrong, 412),
        ("if-none-match", right, 304),
        ("if-none-match", wrong, 200),
        ("if-modified-since", old, 200),
        ("if-unmodified-since", old, 412),
        ("if-unmodified-since", new, 200),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = server.ask(Ask::new(method, "/bucket/k").header(name, value));
            assert_eq!(answer.status, status, "{method} {name} {value}");
            assert_eq!(
                answer.header("etag"),
                Some(right).filter(|_| status < 400),
                "{method} {name} {value}"
            );
        }
    }
    let put = |name: &str, value: &str| {
        server
            .ask(Ask::new("PUT", "/bucket/k").header(name, value).body("new"))
            .status
    };
    assert_eq!(put("if-none-match", "*"), 412);
    assert_eq!(put("if-match", wrong), 412);
    assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).text(), "hello");
    assert_eq!(put("if-match", right), 200);
    assert_eq!(put("if-match", right), 412);
}

#[test]
fn of_many_that_want_to_be_first_one_is() {
    let server = Running::start().bucket("bucket");
    let puts: Vec<Connection> = (0..8)
        .map(|n| {
            let body = format!("I am {n}");
            let ask = Ask::new("PUT", "/bucket/k")
                .header("if-none-match", "*")
                .body(body);
            let ask = ask.to(&server.host()).sign(&Key::root());
            let mut connection = Connection::open(server.s3);
            connection.send(&ask.head());
            connection.send(&ask.body);
            connection
        })
        .collect();
    let statuses: Vec<u16> = puts.into_iter().map(|mut put| put.answer(false).status).collect();
    let winner = statuses
        .iter()
        .position(|status| *status == 200)
        .expect("somebody is first");
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 409 | 412)),
        "{statuses:?}"
    );
    assert_eq!(
        server.ask(Ask::new("GET", "/bucket/k")).text(),
        format!("I am {winner}")
    );
}

#[test]
fn a_request_in_flight_is_finished_before_the_server_ends() {
    let mut server = Running::start().bucket("bucket");
    let ask = Ask::new("PUT", "/bucket/k")
        .header("expect", "100-continue")
        .body("hello");
    let ask = ask.to(&server.host()).sign(&Key::root());
    let mut uploading = Connection::open(server.s3);
    uploading.send(&ask.head());
    // Asked for its body: the request is in the middle of its operation.
    assert_eq!(uploading.answer_head().status, 100);
    let mut idle = Connection::open(server.s3);
    assert_eq!(idle.ask(&Ask::new("GET", "/-/livez").to("a")).status, 200);
    server.stop();
    assert!(idle.ends(), "nobody waits for a connection that asks nothing");
    uploading.send(&ask.body);
    assert_eq!(uploading.answer(false).status, 200);
    assert!(uploading.ends());
    server.wait();
    assert!(
        std::net::TcpStream::connect(server.s3).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn parts_become_an_object() {
    let server = Running::start().bucket("bucket");
    let created = server.ask(Ask::new("POST", "/bucket/k?uploads").header("content-type", "text/plain"));
    let upload_id = created.element("UploadId").expect("an upload");
    let parts = [vec![b'a'; 5 * 1024 * 1024], b"the end".to_vec()];
    let mut document = "<CompleteMultipartUpload>".to_owned();
    for (number, part) in (1..).zip(&parts) {
        let target = format!("/bucket/k?partNumber={number}&uploadId={upload_id}");
        let put = server.ask(Ask::new("PUT", &target).body(part.clone()));
        assert_eq!(put.status, 200, "{}", put.text());
        let etag = put.header("etag").unwrap_or_default().replace('"', "&quot;");
        document.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        ));
    }
    document.push_str("</CompleteMultipartUpload>");
    assert_eq!(server.status_of("/bucket/k"), 404, "not before it is complete");
    let upload = format!("/bucket/k?uploadId={upload_id}");
    assert_eq!(
        server
            .ask(Ask::new("GET", &upload))
            .text()
            .matches("<Part>")
            .count(),
        2
    );
    let complete = server.ask(Ask::new("POST", &upload).body(document));
    assert_eq!(complete.status, 200, "{}", complete.text());
    assert_eq!(
        complete.element("Location"),
        Some(format!("http://{}/bucket/k", server.host()))
    );
    let got = server.ask(Ask::new("GET", "/bucket/k"));
    assert!(got.body == parts.concat());
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert!(
        got.header("etag").is_some_and(|etag| etag.ends_with("-2\"")),
        "{:?}",
        got.headers
    );

    let copy = server.ask(Ask::new("PUT", "/bucket/copy").header("x-amz-copy-source", "/bucket/k"));
    assert_eq!(copy.status, 200, "{}", copy.text());
    assert!(server.ask(Ask::new("GET", "/bucket/copy")).body == parts.concat());
    let aborted = server
        .ask(Ask::new("POST", "/bucket/other?uploads"))
        .element("UploadId")
        .expect("an upload");
    let upload = format!("/bucket/other?uploadId={aborted}");
    assert_eq!(server.ask(Ask::new("DELETE", &upload)).status, 204);
    server.ask(Ask::new("GET", &upload)).is(404, "NoSuchUpload");
}

#[test]
fn a_bucket_without_versions_lists_each_object_as_its_only_version() {
    let server = Running::start().bucket("bucket");
    for key in ["a", "b", "p/c", "p/d"] {
        server.put(&format!("/bucket/{key}"), "hello");
    }
    let list = |query: &str| {
        server
            .ask(Ask::new("GET", &format!("/bucket?versions{query}")))
            .text()
    };
    let all = list("");
    for key in ["a", "b", "p/c", "p/d"] {
        let version =
            format!("<Version><Key>{key}</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>");
        assert!(all.contains(&version), "{all}");
    }
    let first = list("&delimiter=/&max-keys=2");
    let end = "<NextKeyMarker>b</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>";
    assert!(
        first.contains(end) && first.contains("<IsTruncated>true</IsTruncated>"),
        "{first}"
    );
    let second = list("&delimiter=/&max-keys=2&key-marker=b&version-id-marker=null");
    assert!(!second.contains("<Version>"), "{second}");
    assert!(
        second.contains("<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"),
        "{second}"
    );
    let status = server.ask(Ask::new("GET", "/bucket?versioning"));
    assert_eq!(status.status, 200);
    assert!(!status.text().contains("<Status>"), "{}", status.text());
    server
        .ask(Ask::new("GET", "/none?versioning"))
        .is(404, "NoSuchBucket");
}

#[test]
fn access_control_lists_give_the_owner_everything_and_do_not_change() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    for target in ["/bucket?acl", "/bucket/k?acl"] {
        let answer = server.ask(Ask::new("GET", target));
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(
            answer.element("Permission").as_deref(),
            Some("FULL_CONTROL"),
            "{target}"
        );
        assert_eq!(answer.text().matches("<Grant>").count(), 1, "{target}");
        server
            .ask(Ask::new("PUT", target).header("x-amz-acl", "public-read"))
            .is(400, "AccessControlListNotSupported");
    }
    server.ask(Ask::new("GET", "/none?acl")).is(404, "NoSuchBucket");
    server
        .ask(Ask::new("GET", "/bucket/none?acl"))
        .is(404, "NoSuchKey");
}

#[test]
fn attributes_of_an_object_are_told_as_asked() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    let ask = |target: &str, names: &str| {
        server.ask(Ask::new("GET", target).header("x-amz-object-attributes", names))
    };
    let answer = ask("/bucket/k?attributes", "ETag,ObjectParts,ObjectSize");
    let expected = "<ETag>5d41402abc4b2a76b9719d911017c592</ETag><ObjectSize>5</ObjectSize>";
    assert!(answer.text().contains(expected), "{}", answer.text());
    assert!(answer.header("last-modified").is_some());
    ask("/bucket/none?attributes", "ETag").is(404, "NoSuchKey");
}

#[test]
fn the_parts_of_an_object_are_told_page_by_page() {
    let server = Running::start().bucket("bucket");
    let begun = server.ask(
        Ask::new("POST", "/bucket/k?uploads")
            .header("x-amz-checksum-algorithm", "CRC32")
            .header("x-amz-checksum-type", "COMPOSITE"),
    );
    let upload_id = begun.element("UploadId").expect("an upload");
    let mut listed = String::new();
    for number in 1..=3 {
        let body = if number == 3 {
            vec![b'a'; 3]
        } else {
            vec![b'a'; 5 * 1024 * 1024]
        };
        let target = format!("/bucket/k?partNumber={number}&uploadId={upload_id}");
        let checksum = if number == 3 { CRC32_OF_3 } else { CRC32_OF_5_MIB };
        let part = server.ask(
            Ask::new("PUT", &target)
                .header("x-amz-checksum-crc32", checksum)
                .body(body),
        );
        assert_eq!(part.status, 200, "{}", part.text());
        let etag = part.header("etag").expect("a tag");
        listed.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumCRC32>{checksum}</ChecksumCRC32></Part>"
        ));
    }
    let complete = format!("<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>");
    let done = server.ask(Ask::new("POST", &format!("/bucket/k?uploadId={upload_id}")).body(complete));
    assert_eq!(done.status, 200, "{}", done.text());
    let page = |after: &str| {
        let ask = Ask::new("GET", "/bucket/k?attributes")
            .header("x-amz-object-attributes", "ObjectParts,Checksum")
            .header("x-amz-max-parts", "2")
            .header("x-amz-part-number-marker", after);
        server.ask(ask).text()
    };
    let first = page("0");
    for expected in [
        "<ChecksumType>COMPOSITE</ChecksumType>",
        "<PartsCount>3</PartsCount>",
        "<NextPartNumberMarker>2</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>",
        &format!(
            "<Part><PartNumber>2</PartNumber><Size>5242880</Size><ChecksumCRC32>{CRC32_OF_5_MIB}</ChecksumCRC32></Part>"
        ),
    ] {
        assert!(first.contains(expected), "{expected} in {first}");
    }
    let second = page("2");
    let last = format!(
        "<IsTruncated>false</IsTruncated><Part><PartNumber>3</PartNumber><Size>3</Size>\
         <ChecksumCRC32>{CRC32_OF_3}</ChecksumCRC32></Part></ObjectParts>"
    );
    assert!(second.contains(&last), "{second}");
}

/// CRC-32 of three times `a`, and of 5 MiB of it, in base64.
const CRC32_OF_3: &str = "8AdzLQ==";
const CRC32_OF_5_MIB: &str = "r/zBbw==";

#[test]
fn what_was_never_set_is_said_to_be_missing_and_removing_it_changes_nothing() {
    let server = Running::start().bucket("bucket");
    server.put("/bucket/k", "hello");
    for (target, code) in [
        ("/bucket?lifecycle", "NoSuchLifecycleConfiguration"),
        ("/bucket?tagging", "NoSuchTagSet"),
        ("/bucket?object-lock", "ObjectLockConfigurationNotFoundError"),
    ] {
        server.ask(Ask::new("GET", target)).is(404, code);
    }
    for target in ["/bucket/k?retention", "/bucket/k?legal-hold"] {
        server.ask(Ask::new("GET", target)).is(400, "InvalidRequest");
    }
    let tags = server.ask(Ask::new("GET", "/bucket/k?tagging"));
    assert!(
        tags.text().ends_with("<TagSet></TagSet></Tagging>"),
        "{}",
        tags.text()
    );
    for target in ["/bucket?lifecycle", "/bucket?tagging", "/bucket/k?tagging"] {
        assert_eq!(server.ask(Ask::new("DELETE", target)).status, 204, "{target}");
        server.ask(Ask::new("PUT", target)).is(501, "NotImplemented");
    }
    assert_eq!(server.ask(Ask::new("GET", "/bucket/k")).text(), "hello");
    server
        .ask(Ask::new("GET", "/none?lifecycle"))
        .is(404, "NoSuchBucket");
    server
        .ask(Ask::new("DELETE", "/bucket/none?tagging"))
        .is(404, "NoSuchKey");
}
