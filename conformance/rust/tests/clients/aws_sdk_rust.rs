//! `aws-sdk-s3`: its everyday work with default settings, and its refusals as they stand in the error.
//!
//! Not here: more than 1,000 keys, which the clients with more to say about listings take.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective, ObjectIdentifier,
};

use crate::harness::{
    ACCESS_KEY_ID, AWS_TEXT, BUCKET, DIFFICULT_KEYS, MIB, REGION, SECRET, Server, WRONG_SECRET,
    as_documented, bytes, documented, upload_and_download,
};

/// A client of the SDK with no setting but those that every user makes.
pub fn connect(server: &Server, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&server.url)
        .region(Region::new(REGION))
        .force_path_style(true)
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, secret, None, None, "conformance"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let s3 = connect(&server, SECRET);
    (server, s3)
}

async fn put(s3: &Client, object_key: &str, body: &[u8]) {
    let body = ByteStream::from(body.to_vec());
    let sent = s3
        .put_object()
        .bucket(BUCKET)
        .key(object_key)
        .body(body)
        .send()
        .await;
    sent.unwrap_or_else(|error| panic!("{object_key}: {}", DisplayErrorContext(&error)));
}

async fn read(s3: &Client, object_key: &str) -> Vec<u8> {
    let got = s3.get_object().bucket(BUCKET).key(object_key).send().await;
    let got = got.unwrap_or_else(|error| panic!("{object_key}: {}", DisplayErrorContext(&error)));
    got.body.collect().await.expect("the whole body").to_vec()
}

async fn listed(s3: &Client) -> Vec<String> {
    let page = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .expect("a listing");
    page.contents()
        .iter()
        .filter_map(|object| object.key().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn difficult_keys_are_put_read_listed_and_deleted_as_themselves() {
    let (_server, s3) = start().await;
    let mut keys: Vec<&str> = DIFFICULT_KEYS
        .iter()
        .copied()
        .chain(["double//slash", "/leading/slash", "trailing/slash/", "a/../b"])
        .collect();
    for key in &keys {
        put(&s3, key, key.as_bytes()).await;
        assert_eq!(read(&s3, key).await, key.as_bytes());
    }
    keys.sort_unstable();
    assert_eq!(listed(&s3).await, keys);
    let objects = keys
        .iter()
        .map(|key| ObjectIdentifier::builder().key(*key).build().expect("a key"))
        .collect();
    let delete = Delete::builder()
        .set_objects(Some(objects))
        .build()
        .expect("a list");
    let deleted = s3
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .expect("all deleted");
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (keys.len(), 0));
    assert!(listed(&s3).await.is_empty());
}

#[tokio::test]
async fn objects_of_no_byte_of_one_and_of_many_come_back_whole_and_in_ranges() {
    let (_server, s3) = start().await;
    for length in [0, 1, 3 * MIB + 1] {
        let body = bytes(length);
        put(&s3, "sized", &body).await;
        assert!(read(&s3, "sized").await == body, "{length} bytes");
    }
    let part = s3
        .get_object()
        .bucket(BUCKET)
        .key("sized")
        .range("bytes=10-19")
        .send()
        .await
        .expect("a range");
    assert_eq!(part.content_range(), Some("bytes 10-19/3145729"));
    assert_eq!(
        part.body.collect().await.expect("ten bytes").to_vec(),
        &bytes(20)[10..]
    );
    s3.delete_object()
        .bucket(BUCKET)
        .key("sized")
        .send()
        .await
        .expect("deleted");
    let gone = s3
        .get_object()
        .bucket(BUCKET)
        .key("sized")
        .send()
        .await
        .expect_err("it is gone");
    assert_eq!(gone.code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn a_file_travels_as_a_stream_with_its_checksum_behind_it() {
    let (server, s3) = start().await;
    let body = bytes(2 * MIB + 7);
    let path = std::env::temp_dir().join(format!(
        "countersign-rust-{}",
        server.url.rsplit(':').next().unwrap_or_default()
    ));
    std::fs::write(&path, &body).expect("a file");
    let stream = ByteStream::from_path(&path).await.expect("a stream");
    let stored = s3
        .put_object()
        .bucket(BUCKET)
        .key("file")
        .body(stream)
        .send()
        .await;
    std::fs::remove_file(&path).expect("removed");
    assert!(stored.expect("stored").checksum_crc32().is_some());
    assert!(read(&s3, "file").await == body);
}

#[tokio::test]
async fn a_large_object_goes_up_in_parts() {
    let (_server, s3) = start().await;
    let body = bytes(17 * MIB);
    let upload = s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("large")
        .send()
        .await
        .expect("begun");
    let upload = upload.upload_id().expect("an id");
    let mut parts = CompletedMultipartUpload::builder();
    for (number, part) in (1..).zip(body.chunks(6 * MIB)) {
        let sent = s3
            .upload_part()
            .bucket(BUCKET)
            .key("large")
            .upload_id(upload)
            .part_number(number);
        let sent = sent
            .body(ByteStream::from(part.to_vec()))
            .send()
            .await
            .expect("a part");
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag().map(str::to_owned));
        parts = parts.parts(
            part.set_checksum_crc32(sent.checksum_crc32().map(str::to_owned))
                .build(),
        );
    }
    let complete = s3
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("large")
        .upload_id(upload);
    let complete = complete
        .multipart_upload(parts.build())
        .send()
        .await
        .expect("complete");
    assert!(
        complete.e_tag().is_some_and(|etag| etag.ends_with("-3\"")),
        "{complete:?}"
    );
    assert!(read(&s3, "large").await == body);
}

#[tokio::test]
async fn metadata_survives_a_copy_and_can_be_replaced_in_one() {
    let (_server, s3) = start().await;
    let sent = s3
        .put_object()
        .bucket(BUCKET)
        .key("first")
        .metadata("colour", "blue")
        .content_type("text/plain");
    sent.body(ByteStream::from_static(b"x"))
        .send()
        .await
        .expect("stored");
    let copy = || {
        s3.copy_object()
            .bucket(BUCKET)
            .copy_source(format!("{BUCKET}/first"))
    };
    copy().key("a copy+é").send().await.expect("copied");
    copy()
        .key("other")
        .metadata_directive(MetadataDirective::Replace)
        .metadata("colour", "red")
        .send()
        .await
        .expect("copied");
    for (key, colour) in [("a copy+é", "blue"), ("other", "red")] {
        let head = s3
            .head_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .expect("there");
        assert_eq!(
            head.metadata()
                .and_then(|all| all.get("colour"))
                .map(String::as_str),
            Some(colour),
            "{key}"
        );
        assert_eq!(head.content_length(), Some(1));
    }
}

#[tokio::test]
async fn listings_keep_prefix_delimiter_and_pages() {
    let (_server, s3) = start().await;
    for key in ["one/a", "one/b/c", "top", "two/d"] {
        put(&s3, key, b"x").await;
    }
    let list = || s3.list_objects_v2().bucket(BUCKET);
    let top = list().delimiter("/").send().await.expect("a listing");
    let folders: Vec<_> = top
        .common_prefixes()
        .iter()
        .filter_map(|each| each.prefix())
        .collect();
    assert_eq!((folders, top.contents().len()), (vec!["one/", "two/"], 1));
    let mut pages = list().prefix("one/").max_keys(1).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        found.extend(
            page.contents()
                .iter()
                .filter_map(|each| each.key().map(str::to_owned)),
        );
    }
    assert_eq!(found, ["one/a", "one/b/c"]);
}

#[tokio::test]
async fn presigned_links_upload_and_download() {
    let (_server, s3) = start().await;
    let soon = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let put = s3.put_object().bucket(BUCKET).key("ö link+");
    let up = put.presigned(soon()).await.expect("a link");
    let get = s3.get_object().bucket(BUCKET).key("ö link+");
    let down = get.presigned(soon()).await.expect("a link");
    upload_and_download(up.uri(), down.uri()).await;
}

#[tokio::test]
async fn fields_that_the_documentation_names_are_where_it_says() {
    let (server, _) = start().await;
    let row = documented("aws-sdk-rust");
    let s3 = connect(&server, WRONG_SECRET);
    let sent = s3
        .put_object()
        .bucket(BUCKET)
        .key("refused")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;
    let err = sent.expect_err("a wrong secret");
    assert_eq!(
        as_documented!(row, "AWS code", err.code()),
        Some("SignatureDoesNotMatch")
    );
    assert_eq!(
        as_documented!(row, "status", err.raw_response().unwrap().status()).as_u16(),
        403
    );
    let sentence = as_documented!(row, "sentence", err.message()).expect("a message");
    assert!(
        sentence.starts_with(AWS_TEXT) && sentence.contains("secret"),
        "{sentence}"
    );
    assert!(DisplayErrorContext(&err).to_string().contains(sentence));
    assert_eq!(err.to_string(), "service error", "what `{{err}}` alone prints");
    let body =
        as_documented!(row, "element", err.raw_response().unwrap().body().bytes()).expect("the document");
    assert!(String::from_utf8_lossy(body).contains("<Diagnosis"));
    let header = as_documented!(
        row,
        "header",
        err.raw_response()
            .unwrap()
            .headers()
            .get("x-countersign-diagnosis")
    );
    assert!(
        header
            .expect("the header")
            .starts_with("SEC-WRONG; status=unproven")
    );
    assert!(as_documented!(row, "request id", err.request_id()).is_some());
    let err = s3
        .head_object()
        .bucket(BUCKET)
        .key("refused")
        .send()
        .await
        .expect_err("a wrong secret");
    let header = err
        .raw_response()
        .and_then(|response| response.headers().get("x-countersign-diagnosis"));
    assert!(header.is_some_and(|value| value.starts_with("SEC-WRONG")));
    assert_eq!((err.code(), row["AWS code on HEAD"].as_str()), (None, "no"));
}
