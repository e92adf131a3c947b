//! `opendal`, which sccache, Databend and Vector stand on: its everyday work and its refusals.
//!
//! It never makes a bucket; the harness has made one. Not here: keys with an empty or a dot segment, which its own paths
//! do not allow.

use std::time::Duration;

use ::opendal::services::S3;
use ::opendal::{Error, ErrorKind, HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use crate::harness::{
    ACCESS_KEY_ID, AWS_TEXT, BUCKET, DIFFICULT_KEYS, MIB, REGION, SECRET, Server, WRONG_SECRET,
    as_documented, bytes, documented, plain_http, upload_and_download,
};

fn connect(server: &Server, secret: &str) -> Operator {
    let s3 = S3::default()
        .endpoint(&server.url)
        .region(REGION)
        .bucket(BUCKET)
        .access_key_id(ACCESS_KEY_ID)
        .secret_access_key(secret)
        .disable_config_load();
    let transport = HttpTransporter::new(ReqwestTransport::new(plain_http()));
    Operator::new(s3)
        .expect("an operator")
        .with_context(OperationContext::default().with_http_transport(transport))
}

async fn start() -> (Server, Operator) {
    let server = Server::start().await;
    let op = connect(&server, SECRET);
    (server, op)
}

async fn read(op: &Operator, path: &str) -> Vec<u8> {
    op.read(path)
        .await
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .to_vec()
}

async fn listed(op: &Operator, path: &str) -> Vec<String> {
    let entries = op.list_with(path).recursive(true).await.expect("a listing");
    entries.into_iter().map(|entry| entry.path().to_owned()).collect()
}

#[tokio::test]
async fn difficult_keys_are_put_read_listed_and_deleted_as_themselves() {
    let (_server, op) = start().await;
    let mut keys = DIFFICULT_KEYS.to_vec();
    for key in &keys {
        op.write(key, key.as_bytes())
            .await
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(read(&op, key).await, key.as_bytes());
    }
    keys.sort_unstable();
    assert_eq!(listed(&op, "").await, keys);
    op.delete_iter(keys).await.expect("deleted");
    assert!(listed(&op, "").await.is_empty());
}

#[tokio::test]
async fn objects_of_no_byte_of_one_and_of_many_come_back_whole_and_in_ranges() {
    let (_server, op) = start().await;
    for length in [0, 1, 3 * MIB + 1] {
        let body = bytes(length);
        op.write("sized", body.clone()).await.expect("stored");
        assert!(read(&op, "sized").await == body, "{length} bytes");
        assert_eq!(
            op.stat("sized").await.expect("there").content_length(),
            length as u64
        );
    }
    assert_eq!(
        op.read_with("sized")
            .range(10..20)
            .await
            .expect("a range")
            .to_vec(),
        &bytes(20)[10..]
    );
    op.delete("sized").await.expect("deleted");
    assert!(!op.exists("sized").await.expect("an answer"));
    assert_eq!(
        op.read("sized").await.expect_err("it is gone").kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_large_object_goes_up_in_parts_side_by_side() {
    let (_server, op) = start().await;
    let body = bytes(17 * MIB);
    let mut writer = op
        .writer_with("large")
        .chunk(6 * MIB)
        .concurrent(3)
        .await
        .expect("begun");
    writer.write(body.clone()).await.expect("sent");
    let stored = writer.close().await.expect("complete");
    assert!(
        stored.etag().is_some_and(|etag| etag.ends_with("-3\"")),
        "{stored:?}"
    );
    let back = op
        .read_with("large")
        .chunk(5 * MIB)
        .concurrent(3)
        .await
        .expect("there");
    assert!(back.to_vec() == body);
}

#[tokio::test]
async fn metadata_comes_back_and_survives_a_copy() {
    let (_server, op) = start().await;
    let user = [("colour".to_owned(), "blue".to_owned())];
    let write = op
        .write_with("first", "x")
        .content_type("text/plain")
        .cache_control("no-cache");
    write.user_metadata(user).await.expect("stored");
    op.copy("first", "a copy+é").await.expect("copied");
    let found = op.stat("a copy+é").await.expect("there");
    assert_eq!(
        (found.content_type(), found.cache_control()),
        (Some("text/plain"), Some("no-cache"))
    );
    assert_eq!(
        found.user_metadata().and_then(|all| all.get("colour")),
        Some("blue")
    );
}

#[tokio::test]
async fn conditions_on_writing_are_kept() {
    let (_server, op) = start().await;
    op.write_with("once", "x")
        .if_not_exists(true)
        .await
        .expect("there was none");
    let again = op
        .write_with("once", "y")
        .if_not_exists(true)
        .await
        .expect_err("there is one");
    assert_eq!(again.kind(), ErrorKind::ConditionNotMatch);
    assert_eq!(read(&op, "once").await, b"x");
}

#[tokio::test]
async fn folders_are_listed_and_removed() {
    let (_server, op) = start().await;
    op.create_dir("one/").await.expect("a folder");
    for path in ["top", "one/a", "one/b/c", "two/d"] {
        op.write(path, path).await.expect("stored");
    }
    let top: Vec<String> = op
        .list("")
        .await
        .expect("a listing")
        .iter()
        .map(|entry| entry.path().to_owned())
        .collect();
    assert_eq!(top, ["one/", "two/", "top"]);
    op.delete_with("one/").recursive(true).await.expect("removed");
    assert_eq!(listed(&op, "").await, ["top", "two/d"]);
}

#[tokio::test]
async fn presigned_links_upload_and_download() {
    let (_server, op) = start().await;
    let soon = Duration::from_secs(60);
    let up = op.presign_write("ö link+", soon).await.expect("a link");
    let down = op.presign_read("ö link+", soon).await.expect("a link");
    upload_and_download(&up.uri().to_string(), &down.uri().to_string()).await;
}

#[tokio::test]
async fn fields_that_the_documentation_names_are_where_it_says() {
    let (server, _) = start().await;
    let row = documented("opendal");
    let op = connect(&server, WRONG_SECRET);
    let err: Error = op.write("refused", "x").await.expect_err("a wrong secret");
    let said = |column: &str| as_documented!(row, column, err.to_string());
    assert!(as_documented!(row, "AWS code", err.message()).contains("code: \"SignatureDoesNotMatch\""));
    assert!(as_documented!(row, "sentence", err.message()).contains(AWS_TEXT));
    assert!(
        err.message().contains("secret") && !err.message().contains("Cure"),
        "{err}"
    );
    assert_eq!(row["element"], "no");
    let header = "\"x-countersign-diagnosis\": \"SEC-WRONG; status=unproven";
    assert!(said("status").contains("status: 403") && said("header").contains(header));
    assert!(said("request id").contains("\"x-amz-request-id\": \""));
    let err = op.stat("refused").await.expect_err("a wrong secret");
    assert!(
        err.to_string().contains(header) && !err.to_string().contains("code:"),
        "{err}"
    );
    assert_eq!(row["AWS code on HEAD"], "no");
}
