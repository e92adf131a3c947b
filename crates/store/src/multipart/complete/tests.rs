//! The largest upload there can be: its part rows are written here directly, since 50 GB would not fit a test.

use super::*;
use crate::{BytesSource, ListQuery, NewObject, PART_BYTES_MIN, Settings, World};
use countersign_engine::memory::Memory;
use countersign_engine::{Body, Class, Engine, ScanRange};
use countersign_types::{Moment, ObjectMetadata, WriteCondition};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

struct Still;

impl World for Still {
    fn now(&self) -> Moment {
        Moment::from_seconds(1_700_000_000)
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
}

const PARTS: u32 = 10_000;

/// The sizes of the parts: all of 5 MiB but the last, which is the only one that has its bytes.
fn record(number: u32) -> PartRecord {
    let size = if number == PARTS { 3 } else { PART_BYTES_MIN };
    let crc = u64::from(number).to_be_bytes();
    PartRecord {
        size,
        md5: [number as u8; 16],
        modified: Still.now(),
        checksum: Checksum::new(ChecksumAlgorithm::Crc64Nvme, &crc),
    }
}

async fn rows(memory: &Memory, class: Class) -> usize {
    let range = ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    memory
        .scan(Space(1), class, range, 10_000)
        .await
        .expect("scans")
        .rows
        .len()
}

#[tokio::test]
async fn ten_thousand_parts_become_an_object_in_one_commit_and_are_swept_when_it_is_replaced() {
    let memory = Memory::new();
    let settings = Settings {
        sweep_after: Duration::ZERO,
        ..Settings::default()
    };
    let store = Store::open_with(Arc::new(memory.clone()), Arc::new(Still), settings)
        .await
        .expect("opens");
    let bucket = BucketName::parse("bucket").expect("valid");
    let object_key = ObjectKey::parse(b"large").expect("valid");
    store.create_bucket(&bucket, "ann", "r").await.expect("created");
    let begun = store
        .create_upload(&bucket, &object_key, ObjectMetadata::default(), None)
        .await;
    let upload_id = begun.expect("begun");
    let generation = Generation::of_upload(&upload_id);
    let home = layout::object_home(&object_key);
    let numbers: Vec<u32> = (1..=PARTS).collect();
    for batch in numbers.chunks(1000) {
        let put = |number: &u32| Put {
            row: layout::part_row(generation, PartNumber::new(*number).expect("valid")),
            value: record(*number).encode(),
            body: (*number == PARTS).then_some(Body::Bytes(Bytes::from_static(b"end"))),
        };
        let change = Change {
            puts: batch.iter().map(put).collect(),
            ..Change::default()
        };
        assert_eq!(
            memory.commit(Space(1), &home, change).await.expect("written"),
            Outcome::Done
        );
    }
    let named = |number: &u32| CompletedPart {
        number: PartNumber::new(*number).expect("valid"),
        etag: Some(record(*number).etag()),
        checksum: None,
    };
    let request = CompleteUpload {
        parts: numbers.iter().map(named).collect(),
        ..CompleteUpload::default()
    };
    let done = store
        .complete_upload(&bucket, &object_key, &upload_id, &request)
        .await
        .expect("completed");
    let before_last = PART_BYTES_MIN * 9_999;
    assert_eq!((done.size, done.etag.parts()), (before_last + 3, Some(10_000)));

    let object = store
        .object(&bucket, &object_key, PartNumber::new(PARTS))
        .await
        .expect("is there");
    let part = object.part.clone().expect("asked for");
    assert_eq!((part.offset, part.size), (before_last, 3));
    let last = object.read(part.offset, part.size).next().await.expect("a piece");
    assert_eq!(last.expect("reads"), &b"end"[..]);
    let listing = store
        .list_objects(
            &bucket,
            &ListQuery {
                max: 1,
                ..ListQuery::default()
            },
        )
        .await
        .expect("lists");
    assert_eq!(listing.entries.first().map(|entry| entry.size), Some(done.size));
    assert!(
        (1..=5).contains(&rows(&memory, layout::MANIFEST).await),
        "the list of parts lies in a few rows"
    );
    drop(object);

    let mut source = BytesSource::new(&b"small"[..]);
    store
        .put_object(&bucket, &object_key, NewObject::default(), &mut source)
        .await
        .expect("replaced");
    for class in [
        PART,
        layout::MANIFEST,
        PARTS_MARK,
        layout::GARBAGE,
        layout::UPLOAD,
    ] {
        assert_eq!(rows(&memory, class).await, 0, "{class:?}");
    }
    store
        .delete_object(&bucket, &object_key, &WriteCondition::NONE)
        .await
        .expect("deleted");
    store.delete_bucket(&bucket).await.expect("empty");
}
