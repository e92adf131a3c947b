//! `object_store`, which DataFusion, Polars and delta-rs stand on: its everyday work and its refusals.
//!
//! It never makes a bucket; the harness has made one. Not here: keys with an empty or a dot segment, which its own paths
//! do not allow.

use std::time::Duration;

use ::object_store::aws::{AmazonS3, AmazonS3Builder};
use ::object_store::path::Path;
use ::object_store::signer::Signer;
use ::object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    UpdateVersion, WriteMultipart,
};
use futures_util::TryStreamExt;

use crate::harness::{
    ACCESS_KEY_ID, AWS_TEXT, BUCKET, DIFFICULT_KEYS, MIB, REGION, SECRET, Server, WRONG_SECRET,
    as_documented, bytes, documented, install_cryptography, upload_and_download,
};

fn connect(server: &Server, secret: &str) -> AmazonS3 {
    install_cryptography();
    AmazonS3Builder::new()
        .with_endpoint(&server.url)
        .with_allow_http(true)
        .with_region(REGION)
        .with_bucket_name(BUCKET)
        .with_access_key_id(ACCESS_KEY_ID)
        .with_secret_access_key(secret)
        .build()
        .expect("a store")
}

async fn start() -> (Server, AmazonS3) {
    let server = Server::start().await;
    let store = connect(&server, SECRET);
    (server, store)
}

async fn read(store: &AmazonS3, path: &Path) -> Vec<u8> {
    store
        .get(path)
        .await
        .expect("there")
        .bytes()
        .await
        .expect("the whole body")
        .to_vec()
}

async fn listed(store: &AmazonS3, prefix: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = store
        .list(prefix)
        .map_ok(|object| object.location.to_string())
        .try_collect()
        .await
        .expect("a listing");
    names.sort();
    names
}

#[tokio::test]
async fn difficult_keys_are_put_read_listed_and_deleted_as_themselves() {
    let (_server, store) = start().await;
    let mut names: Vec<String> = DIFFICULT_KEYS.iter().map(|key| (*key).to_owned()).collect();
    for name in &names {
        let path = Path::parse(name).expect("a path");
        store
            .put(&path, name.clone().into_bytes().into())
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read(&store, &path).await, name.as_bytes());
    }
    names.sort();
    assert_eq!(listed(&store, None).await, names);
    let paths: Vec<_> = names
        .iter()
        .map(|name| Ok(Path::parse(name).expect("a path")))
        .collect();
    let deleted = store.delete_stream(Box::pin(futures_util::stream::iter(paths)));
    let deleted: Vec<Path> = deleted.try_collect().await.expect("deleted");
    assert_eq!(deleted.len(), names.len());
    assert!(listed(&store, None).await.is_empty());
}

#[tokio::test]
async fn a_path_from_text_is_percent_encoded_and_a_parsed_one_is_not() {
    let (_server, store) = start().await;
    store
        .put(&Path::from("é"), "encoded".into())
        .await
        .expect("stored");
    store
        .put(&Path::parse("é").expect("a path"), "parsed".into())
        .await
        .expect("stored");
    assert_eq!(listed(&store, None).await, ["%C3%A9", "é"]);
}

#[tokio::test]
async fn objects_of_no_byte_of_one_and_of_many_come_back_whole_and_in_ranges() {
    let (_server, store) = start().await;
    let path = Path::from("sized");
    for length in [0, 1, 3 * MIB + 1] {
        let body = bytes(length);
        store.put(&path, body.clone().into()).await.expect("stored");
        assert!(read(&store, &path).await == body, "{length} bytes");
        assert_eq!(store.head(&path).await.expect("there").size, length as u64);
    }
    assert_eq!(
        store.get_range(&path, 10..20).await.expect("a range"),
        &bytes(20)[10..]
    );
    store.delete(&path).await.expect("deleted");
    let gone = store.get(&path).await.expect_err("it is gone");
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn a_large_object_goes_up_in_parts() {
    let (_server, store) = start().await;
    let (path, body) = (Path::from("large"), bytes(17 * MIB));
    let mut upload =
        WriteMultipart::new_with_chunk_size(store.put_multipart(&path).await.expect("begun"), 6 * MIB);
    upload.write(&body);
    let stored = upload.finish().await.expect("complete");
    assert!(stored.e_tag.is_some_and(|etag| etag.ends_with("-3\"")));
    assert!(read(&store, &path).await == body);
}

#[tokio::test]
async fn attributes_come_back_and_survive_a_copy() {
    let (_server, store) = start().await;
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, "text/plain".into());
    attributes.insert(Attribute::Metadata("colour".into()), "blue".into());
    let options = PutOptions {
        attributes: attributes.clone(),
        ..PutOptions::default()
    };
    let (first, second) = (Path::from("first"), Path::parse("a copy+é").expect("a path"));
    store.put_opts(&first, "x".into(), options).await.expect("stored");
    store.copy(&first, &second).await.expect("copied");
    store
        .rename(&first, &Path::from("renamed"))
        .await
        .expect("renamed");
    assert_eq!(listed(&store, None).await, ["a copy+é", "renamed"]);
    let got = store
        .get_opts(&second, GetOptions::default())
        .await
        .expect("there");
    assert_eq!(got.attributes, attributes);
}

#[tokio::test]
async fn conditions_on_writing_are_kept() {
    let (_server, store) = start().await;
    let path = Path::from("once");
    let put = |mode: PutMode| store.put_opts(&path, "x".into(), mode.into());
    let first = put(PutMode::Create).await.expect("there was none");
    let again = put(PutMode::Create).await.expect_err("there is one");
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    put(PutMode::Update(first.clone().into()))
        .await
        .expect("it is the one that was read");
    let stale = UpdateVersion {
        e_tag: Some("\"other\"".to_owned()),
        version: None,
    };
    let stale = put(PutMode::Update(stale)).await.expect_err("it is another one");
    assert!(matches!(stale, Error::Precondition { .. }), "{stale}");
}

#[tokio::test]
async fn listings_stop_at_the_delimiter() {
    let (_server, store) = start().await;
    for name in ["top", "one/a", "one/b/c", "two/d"] {
        store.put(&Path::from(name), name.into()).await.expect("stored");
    }
    let top = store.list_with_delimiter(None).await.expect("a listing");
    assert_eq!(top.common_prefixes, [Path::from("one"), Path::from("two")]);
    assert_eq!(top.objects.len(), 1);
    assert_eq!(
        listed(&store, Some(&Path::from("one"))).await,
        ["one/a", "one/b/c"]
    );
}

#[tokio::test]
async fn presigned_links_upload_and_download() {
    let (_server, store) = start().await;
    let (path, soon) = (Path::parse("ö link+").expect("a path"), Duration::from_secs(60));
    let link = async |method| store.signed_url(method, &path, soon).await.expect("a link");
    let (up, down) = (link(reqwest::Method::PUT).await, link(reqwest::Method::GET).await);
    upload_and_download(up.as_str(), down.as_str()).await;
}

#[tokio::test]
async fn fields_that_the_documentation_names_are_where_it_says() {
    let (server, _) = start().await;
    let row = documented("object_store");
    let store = connect(&server, WRONG_SECRET);
    let err = store
        .put(&Path::from("refused"), "x".into())
        .await
        .expect_err("a wrong secret");
    let said = |column: &str| as_documented!(row, column, err.to_string());
    assert!(said("AWS code").contains("<Code>SignatureDoesNotMatch</Code>"));
    assert!(said("status").contains("403 Forbidden"));
    assert!(said("sentence").contains(AWS_TEXT) && said("sentence").contains("(SEC-WRONG, unproven)"));
    assert!(said("element").contains("<Diagnosis") && said("request id").contains("<RequestId>"));
    assert_eq!(row["header"], "no");
    let err = store
        .head(&Path::from("refused"))
        .await
        .expect_err("a wrong secret")
        .to_string();
    assert!(
        err.contains("403 Forbidden") && !err.contains("SEC-WRONG"),
        "{err}"
    );
    assert_eq!(row["AWS code on HEAD"], "no");
}
