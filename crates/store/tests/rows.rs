//! Every row of a release reads back in every later one: `fixtures/rows/<version>.txt` holds what a store of that version
//! kept of each kind, a row a line. `COUNTERSIGN_BLESS=1` writes today's anew; a released one is never written again.

mod common;

use bytes::Bytes;
use common::{TestWorld, bucket, object_key, part_number, put, put_new, read_key, store_on};
use countersign_engine::memory::Memory;
use countersign_engine::{Body, Change, Class, Engine, Home, Put, Row, ScanRange, Space};
use countersign_store::{
    Access, BytesSource, CompleteUpload, CompletedPart, Error, Expect, ExpectedChecksum, ListQuery,
    NewObject, NewUpload, Settings, Store, UploadQuery,
};
use countersign_types::{
    AclPermission, ChecksumAlgorithm, ChecksumType, CorsMethod, CorsRule, Grant, Group, ObjectAccess,
    ObjectMetadata, ObjectOwnership, PublicAccessBlock, UploadId,
};
use std::fmt::Write;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

#[tokio::test]
async fn rows_of_version_1_read_back() {
    let store = store_of(RELEASED).await;
    let found = store.bucket(&bucket()).await.expect("there");
    assert_eq!(
        (found.owner.as_str(), found.region.as_str()),
        ("ann", "us-east-1")
    );
    assert_eq!(found.access, Access::default());
    assert_eq!(
        store.cors_rules(&bucket()).await.expect("read"),
        Some(vec![rule()])
    );
    assert_eq!(read_key(&store, "plain").await.expect("read"), b"hello");
    assert_eq!(read_key(&store, "empty").await.expect("read"), b"");
    assert_eq!(read_key(&store, "a\u{0}b/\u{1}").await.expect("read"), b"escaped");
    assert_eq!(read_key(&store, "made of parts").await.expect("read"), b"a part");
    let everything = store
        .object_info(&bucket(), &object_key("everything"), None)
        .await
        .expect("read");
    assert_eq!(everything.metadata, metadata());
    let checksum = everything.checksum.expect("kept");
    assert_eq!(checksum.algorithm(), ChecksumAlgorithm::Sha1);
    let parts = store
        .object_parts(&bucket(), &object_key("made of parts"))
        .await
        .expect("read");
    assert_eq!(parts.1.len(), 1);
    assert_eq!(parts.0.checksum_type, Some(ChecksumType::Composite));
    let gone = read_key(&store, "deleted").await;
    assert!(matches!(gone, Err(Error::NoSuchKey)), "{gone:?}");

    let listing = store
        .list_objects(
            &bucket(),
            &ListQuery {
                max: 100,
                ..ListQuery::default()
            },
        )
        .await
        .expect("listed");
    assert_eq!(listing.entries.len(), 5);
    let query = UploadQuery {
        max: 10,
        ..UploadQuery::default()
    };
    let uploads = store.list_uploads(&bucket(), &query).await.expect("listed");
    let upload = uploads.uploads.first().expect("one is open");
    // It goes on where the older version left it.
    let listed = store
        .list_parts(&bucket(), &object_key("open upload"), &upload.upload_id, None, 10)
        .await
        .expect("listed");
    assert_eq!(listed.parts.len(), 1);
}

/// A store that finds the rows of a fixture.
async fn store_of(name: &str) -> Store {
    let engine = Memory::new();
    for line in fixture(name).lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [space, class, home, suffix, value, body] = fields[..] else {
            unreachable!("a row is six fields: {line}");
        };
        let space = Space(space.parse().expect("a number"));
        // The second row of a space finds it there.
        let _ = engine.create(space).await;
        let bytes = |field: &str| Bytes::from(hex::decode(field.trim_matches('"')).expect("hex"));
        let put = Put {
            row: Row {
                class: Class(class.as_bytes()[0]),
                suffix: bytes(suffix),
            },
            value: bytes(value),
            body: (body != "-").then(|| Body::Bytes(bytes(body))),
        };
        let change = Change {
            puts: vec![put],
            ..Change::default()
        };
        engine
            .commit(space, &Home(bytes(home)), change)
            .await
            .expect("written");
    }
    let store = Store::open_with(Arc::new(engine), TestWorld::new(), Settings::default()).await;
    store.expect("opens")
}

#[tokio::test]
async fn what_is_set_about_access_reads_back() {
    let store = store_of(ACCESS).await;
    let (found, policy) = store.bucket_policy(&bucket()).await.expect("there");
    assert_eq!(policy.as_deref(), Some(&b"{\"a\": 1}"[..]));
    let expected = Access {
        revision: 3,
        has_policy: true,
        public_access_block: Some(block()),
        ownership: None,
        grants: None,
    };
    assert_eq!(found.access, expected);
}

#[tokio::test]
async fn rows_are_written_as_the_fixture_has_them() {
    check_written(RELEASED, &make().await);
    check_written(ACCESS, &make_access().await);
    check_written(LISTS, &make_lists().await);
}

#[tokio::test]
async fn lists_of_access_read_back() {
    let store = store_of(LISTS).await;
    let found = store.bucket(&bucket()).await.expect("there");
    assert_eq!(found.access, access_with_lists());
    for (key, expected) in [("owned", owned()), ("closed", closed())] {
        let access = store.object_access(&bucket(), &object_key(key)).await;
        assert_eq!(access.expect("read"), Some(expected), "{key}");
        assert_eq!(read_key(&store, key).await.expect("read"), b"hello");
    }
    let query = UploadQuery {
        max: 10,
        ..UploadQuery::default()
    };
    let uploads = store
        .list_uploads(&bucket(), &query)
        .await
        .expect("listed")
        .uploads;
    let upload = uploads.first().expect("one is open");
    let upload = store
        .upload(&bucket(), &object_key("open"), &upload.upload_id)
        .await;
    let upload = upload.expect("read");
    assert_eq!(
        (upload.initiator.as_deref(), upload.access),
        (Some("bob"), owned())
    );
    assert_eq!(store.account_block("ann").await.expect("read"), Some(block()));
}

/// Rows of a bucket that has lists of access, and of what is in it.
async fn make_lists() -> String {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    store.delete_bucket(&bucket()).await.expect("removed");
    store
        .create_bucket_with(&bucket(), "ann", "us-east-1", access_with_lists())
        .await
        .expect("created");
    for (key, access) in [("owned", owned()), ("closed", closed())] {
        let object = NewObject {
            access,
            ..NewObject::default()
        };
        put_new(&store, key, "hello", object).await.expect("put");
    }
    let upload = NewUpload {
        initiator: Some("bob".to_owned()),
        access: owned(),
        ..NewUpload::default()
    };
    let begun = store.begin_upload(&bucket(), &object_key("open"), upload).await;
    begun.expect("begun");
    store.set_account_block("ann", Some(block())).await.expect("set");
    dump(&*engine).await
}

fn access_with_lists() -> Access {
    Access {
        ownership: Some(ObjectOwnership::BucketOwnerPreferred),
        grants: Some(vec![Grant::to_group(Group::LogDelivery, AclPermission::Write)]),
        ..Access::default()
    }
}

/// Another account's, and public.
fn owned() -> ObjectAccess {
    ObjectAccess {
        owner: Some("bob".to_owned()),
        grants: Some(vec![
            Grant::to_account("b0b", AclPermission::FullControl),
            Grant::to_group(Group::AllUsers, AclPermission::Read),
        ]),
    }
}

/// The bucket's, with an empty list.
fn closed() -> ObjectAccess {
    ObjectAccess {
        owner: None,
        grants: Some(Vec::new()),
    }
}

fn check_written(name: &str, made: &str) {
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path(name).parent().expect("a directory")).expect("made");
        std::fs::write(path(name), made).expect("written");
    }
    for (made, kept) in made.lines().zip(fixture(name).lines()) {
        assert_eq!(
            made, kept,
            "a row is written otherwise than before: that is a new version of it"
        );
    }
    assert_eq!(made.lines().count(), fixture(name).lines().count());
}

/// Rows of a bucket for which everything is set about access.
async fn make_access() -> String {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    let seen = || async { store.bucket(&bucket()).await.expect("there") };
    store
        .put_bucket_policy(&seen().await, b"{\"a\": 1}")
        .await
        .expect("set");
    store
        .set_public_access_block(&seen().await, Some(block()))
        .await
        .expect("set");
    store.set_ownership(&seen().await, None).await.expect("removed");
    dump(&*engine).await
}

fn block() -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: true,
        block_public_policy: true,
        ..PublicAccessBlock::default()
    }
}

/// Rows of every kind, as text.
async fn make() -> String {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    store.put_cors_rules(&bucket(), &[rule()]).await.expect("set");
    for (key, body) in [
        ("plain", "hello"),
        ("empty", ""),
        ("a\u{0}b/\u{1}", "escaped"),
        ("deleted", "x"),
    ] {
        put(&store, key, body).await.expect("put");
    }
    let everything = NewObject {
        metadata: metadata(),
        expect: with(ChecksumAlgorithm::Sha1),
        ..NewObject::default()
    };
    put_new(&store, "everything", "with all", everything)
        .await
        .expect("put");
    let id = upload(&store, "made of parts").await;
    complete(&store, "made of parts", &id).await;
    // Written over and deleted: what is left of it is to be swept.
    let id = upload(&store, "deleted").await;
    complete(&store, "deleted", &id).await;
    store
        .delete_object(&bucket(), &object_key("deleted"), &Default::default())
        .await
        .expect("deleted");
    upload(&store, "open upload").await;
    dump(&*engine).await
}

async fn upload(store: &Store, key: &str) -> UploadId {
    let declared = Some((ChecksumAlgorithm::Sha256, Some(ChecksumType::Composite)));
    let id = store
        .create_upload(&bucket(), &object_key(key), metadata(), declared)
        .await
        .expect("begun");
    let mut source = BytesSource::new("a part");
    let expect = with(ChecksumAlgorithm::Sha256);
    store
        .put_part(
            &bucket(),
            &object_key(key),
            &id,
            part_number(3),
            expect,
            &mut source,
        )
        .await
        .expect("sent");
    id
}

async fn complete(store: &Store, key: &str, id: &UploadId) {
    let listed = store
        .list_parts(&bucket(), &object_key(key), id, None, 10)
        .await
        .expect("listed");
    let part = listed.parts.first().expect("one");
    let request = CompleteUpload {
        parts: vec![CompletedPart {
            number: part_number(3),
            etag: Some(part.etag),
            checksum: part.checksum.clone(),
        }],
        ..CompleteUpload::default()
    };
    store
        .complete_upload(&bucket(), &object_key(key), id, &request)
        .await
        .expect("completed");
}

/// Names a checksum and leaves its value to the store.
fn with(algorithm: ChecksumAlgorithm) -> Expect {
    Expect {
        checksum: Some(ExpectedChecksum {
            algorithm,
            value: None,
        }),
        ..Expect::default()
    }
}

fn metadata() -> ObjectMetadata {
    ObjectMetadata {
        content_type: Some("text/plain".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        content_disposition: Some("attachment".to_owned()),
        content_language: Some("de".to_owned()),
        cache_control: Some("no-cache".to_owned()),
        expires: Some("whenever".to_owned()),
        website_redirect: Some("/x".to_owned()),
        storage_class: Some("STANDARD_IA".to_owned()),
        user: vec![
            ("one".to_owned(), "1".to_owned()),
            ("two".to_owned(), "zwö".to_owned()),
        ],
    }
}

fn rule() -> CorsRule {
    CorsRule {
        id: Some("a rule".to_owned()),
        allowed_methods: vec![CorsMethod::Get, CorsMethod::Put],
        allowed_origins: vec!["https://*.example.com".to_owned()],
        allowed_headers: vec!["x-amz-*".to_owned()],
        expose_headers: vec!["ETag".to_owned()],
        max_age_seconds: Some(300),
    }
}

/// All rows: space, class, home, suffix, value and body, the last four in hex.
async fn dump(engine: &dyn Engine) -> String {
    let mut text = String::new();
    for space in [Space::SYSTEM, Space(1), Space(2)] {
        for class in b"BPNAckpmbug" {
            let range = ScanRange {
                from: Bound::Unbounded,
                until: Bound::Unbounded,
                fold: None,
            };
            let page = match engine.scan(space, Class(*class), range, 1000).await {
                // Not every store of these tests has as many.
                Err(countersign_engine::Error::NoSpace) => continue,
                page => page.expect("read"),
            };
            for row in page.rows {
                let (home, suffix) = (Home(row.position.home), row.position.suffix);
                let name = Row {
                    class: Class(*class),
                    suffix: suffix.clone(),
                };
                let found = engine.get(space, &home, &[name]).await.expect("read");
                let stored = found.first().cloned().flatten().expect("it was scanned");
                let body = match stored.body {
                    Some(body) => {
                        let open = engine.open(&body).await.expect("read").expect("there");
                        let len = usize::try_from(open.len()).expect("small");
                        format!("\"{}\"", hex::encode(open.read(0, len).await.expect("read")))
                    }
                    None => "-".to_owned(),
                };
                let _ = writeln!(
                    text,
                    "{} {} \"{}\" \"{}\" \"{}\" {body}",
                    space.0,
                    char::from(*class),
                    hex::encode(&home.0),
                    hex::encode(&suffix),
                    hex::encode(&stored.value)
                );
            }
        }
    }
    text
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("the fixture")
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/rows")
        .join(name)
}

/// What release 0.1.0 writes.
const RELEASED: &str = "1.txt";
/// What a bucket has since that may have a policy.
const ACCESS: &str = "access.txt";
/// What buckets and objects have since that may have lists of access.
const LISTS: &str = "lists.txt";
