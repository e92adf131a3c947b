//! What the tests of this crate share: a world that repeats itself, short names for values, sources that misbehave.
#![allow(dead_code, reason = "each test binary uses some of it")]

pub(crate) mod watched;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::memory::Memory;
use countersign_engine::{Class, Engine, ScanRange, Space};
use countersign_store::{
    BytesSource, NewObject, Object, ObjectReader, PutObject, Result, Settings, Source, SourceError, Store,
    World,
};
use countersign_types::{BucketName, Moment, ObjectKey, PartNumber};
use md5::Digest as _;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Time stands still unless it is moved; randomness is counted.
pub(crate) struct TestWorld {
    millis: AtomicI64,
    drawn: AtomicU64,
}

impl TestWorld {
    pub(crate) fn new() -> Arc<TestWorld> {
        Arc::new(TestWorld {
            millis: AtomicI64::new(1_700_000_000_000),
            drawn: AtomicU64::new(0),
        })
    }

    pub(crate) fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).expect("a short time");
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl World for TestWorld {
    fn now(&self) -> Moment {
        Moment::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn random(&self) -> [u8; 16] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        u128::from(drawn)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_le_bytes()
            .map(|b| b ^ drawn as u8)
    }
}

pub(crate) fn bucket() -> BucketName {
    BucketName::parse("bucket").expect("valid")
}

pub(crate) fn object_key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.as_bytes()).expect("valid")
}

pub(crate) fn part_number(number: u32) -> PartNumber {
    PartNumber::new(number).expect("valid")
}

/// A store in memory with the bucket [`bucket`].
pub(crate) async fn store() -> Store {
    let engine = watched::Watched::new(Memory::new());
    store_on(Arc::new(engine), TestWorld::new(), Settings::default()).await
}

pub(crate) async fn store_on(engine: Arc<dyn Engine>, world: Arc<TestWorld>, settings: Settings) -> Store {
    let store = Store::open_with(engine, world, settings).await.expect("opens");
    store
        .create_bucket(&bucket(), "ann", "us-east-1")
        .await
        .expect("created");
    store
}

pub(crate) async fn put(store: &Store, key: &str, body: impl Into<Bytes>) -> Result<PutObject> {
    put_new(store, key, body, NewObject::default()).await
}

pub(crate) async fn put_new(
    store: &Store,
    key: &str,
    body: impl Into<Bytes>,
    object: NewObject,
) -> Result<PutObject> {
    store
        .put_object(&bucket(), &object_key(key), object, &mut BytesSource::new(body))
        .await
}

pub(crate) async fn open(store: &Store, key: &str) -> Result<Object> {
    store.object(&bucket(), &object_key(key), None).await
}

pub(crate) async fn read(mut reader: ObjectReader) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(piece) = reader.next().await {
        let piece = piece?;
        assert!(!piece.is_empty() && piece.len() <= countersign_store::READ_PIECE_BYTES_MAX);
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

pub(crate) async fn read_key(store: &Store, key: &str) -> Result<Vec<u8>> {
    read(open(store, key).await?.read_all()).await
}

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    md5::Md5::digest(bytes).into()
}

/// Gives pieces, then ends as told, with trailers.
pub(crate) struct Pieces {
    pub pieces: Vec<Bytes>,
    pub failure: Option<&'static str>,
    pub trailers: Vec<(&'static str, String)>,
}

impl Pieces {
    pub(crate) fn new(pieces: Vec<Bytes>) -> Pieces {
        Pieces {
            pieces,
            failure: None,
            trailers: Vec::new(),
        }
    }
}

#[async_trait]
impl Source for Pieces {
    async fn next(&mut self) -> Option<Result<Bytes, SourceError>> {
        if self.pieces.is_empty() {
            return self.failure.take().map(|failure| Err(SourceError::new(failure)));
        }
        Some(Ok(self.pieces.remove(0)))
    }

    fn trailer(&self, name: &str) -> Option<String> {
        let found = self.trailers.iter().find(|(trailer, _)| *trailer == name);
        found.map(|(_, value)| value.clone())
    }
}

/// No row of any class stands in the first bucket's space.
pub(crate) async fn assert_nothing_is_left(engine: &dyn Engine) {
    for class in *b"kpmbugco" {
        let range = ScanRange {
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            fold: None,
        };
        let page = engine
            .scan(Space(1), Class(class), range, 10)
            .await
            .expect("scans");
        assert!(page.rows.is_empty(), "class {}: {:?}", class as char, page.rows);
    }
}
