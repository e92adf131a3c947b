//! Multipart uploads: parts, Complete and its checks, checksums, the sweep, and readers of objects made of parts.

mod common;

use bytes::Bytes;
use common::watched::{Fault, Watched};
use common::{TestWorld, bucket, md5, object_key, open, part_number, put, read, read_key, store, store_on};
use countersign_engine::memory::Memory;
use countersign_engine::upkeep::RowName;
use countersign_engine::{Class, Engine, Home, Row, ScanRange, Space};
use countersign_store::{
    BytesSource, CompleteUpload, CompletedPart, Error, Expect, ExpectedChecksum, ObjectSource, PutObject,
    PutPart, Result, RowOwner, RowRole, Settings, Store, Swept, combine_checksums,
};
use countersign_types::{
    Checksum, ChecksumAlgorithm, ChecksumType, Etag, EtagMatch, ObjectMetadata, UploadId, WriteCondition,
};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

const MIB: usize = 1 << 20;

async fn begin(store: &Store, key: &str) -> UploadId {
    let begun = store
        .create_upload(&bucket(), &object_key(key), ObjectMetadata::default(), None)
        .await;
    begun.expect("begun")
}

async fn send(
    store: &Store,
    key: &str,
    id: &UploadId,
    number: u32,
    body: impl Into<Bytes>,
) -> Result<PutPart> {
    let mut source = BytesSource::new(body);
    store
        .put_part(
            &bucket(),
            &object_key(key),
            id,
            part_number(number),
            Expect::default(),
            &mut source,
        )
        .await
}

fn named(number: u32, part: &PutPart) -> CompletedPart {
    CompletedPart {
        number: part_number(number),
        etag: Some(part.etag),
        checksum: None,
    }
}

fn request(parts: Vec<CompletedPart>) -> CompleteUpload {
    CompleteUpload {
        parts,
        ..CompleteUpload::default()
    }
}

async fn complete(store: &Store, key: &str, id: &UploadId, request: &CompleteUpload) -> Result<PutObject> {
    store
        .complete_upload(&bucket(), &object_key(key), id, request)
        .await
}

/// An object of two parts: 5 MiB of `fill` and 3 bytes of it.
async fn two_parts(store: &Store, key: &str, fill: u8) -> PutObject {
    let id = begin(store, key).await;
    let first = send(store, key, &id, 1, vec![fill; 5 * MIB])
        .await
        .expect("part 1");
    let second = send(store, key, &id, 7, vec![fill; 3]).await.expect("part 7");
    let request = request(vec![named(1, &first), named(7, &second)]);
    complete(store, key, &id, &request).await.expect("completed")
}

async fn rows(engine: &dyn Engine, class: u8) -> usize {
    let range = ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    engine
        .scan(Space(1), Class(class), range, 10_000)
        .await
        .expect("scans")
        .rows
        .len()
}

#[tokio::test]
async fn an_object_of_parts_reads_as_one_and_part_by_part() {
    let store = store().await;
    let done = two_parts(&store, "k", 7).await;
    let md5s = [md5(&vec![7; 5 * MIB]), md5(&[7; 3])].concat();
    assert_eq!(done.etag, Etag::of_parts(md5(&md5s), 2));
    let object = open(&store, "k").await.expect("is there");
    assert_eq!(
        (object.size, object.parts, object.etag),
        (5 * MIB as u64 + 3, Some(2), done.etag)
    );
    assert!(read(object.read_all()).await.expect("reads") == vec![7; 5 * MIB + 3]);
    let across = read(object.read(5 * MIB as u64 - 2, 4)).await.expect("reads");
    assert_eq!(across, [7; 4]);
    // Parts are counted as Complete listed them, whatever their numbers were.
    let second = store
        .object(&bucket(), &object_key("k"), Some(part_number(2)))
        .await
        .expect("part 2");
    let part = second.part.clone().expect("asked for");
    assert_eq!((part.offset, part.size), (5 * MIB as u64, 3));
    let info = store
        .object_info(&bucket(), &object_key("k"), Some(part_number(2)))
        .await
        .expect("part 2");
    assert_eq!(info.part, Some(part));
    let (listed, parts) = store
        .object_parts(&bucket(), &object_key("k"))
        .await
        .expect("is there");
    assert_eq!((listed.etag, parts.len()), (done.etag, 2));
    assert_eq!(parts.last(), info.part.as_ref());
    let third = store
        .object(&bucket(), &object_key("k"), Some(part_number(7)))
        .await;
    assert!(matches!(third, Err(Error::InvalidPartNumber)));
    let whole = Checksum::new(
        ChecksumAlgorithm::Crc64Nvme,
        &crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &vec![7; 5 * MIB + 3]).to_be_bytes(),
    );
    assert_eq!(
        (object.checksum.clone(), object.checksum_type),
        (whole, Some(ChecksumType::FullObject))
    );
}

#[tokio::test]
async fn a_complete_that_does_not_fit_says_why_and_leaves_the_upload_as_it_was() {
    let store = store().await;
    let id = begin(&store, "k").await;
    let small = send(&store, "k", &id, 1, vec![1; 5 * MIB - 1])
        .await
        .expect("part 1");
    let last = send(&store, "k", &id, 2, vec![2; 1]).await.expect("part 2");
    let (small, last) = (named(1, &small), named(2, &last));
    let wrong = CompletedPart {
        etag: Some(Etag::whole([0; 16])),
        ..last.clone()
    };
    let absent = CompletedPart {
        number: part_number(3),
        ..last.clone()
    };
    let sized = CompleteUpload {
        size: Some(2),
        ..request(vec![last.clone()])
    };
    let typed = CompleteUpload {
        checksum_type: Some(ChecksumType::Composite),
        ..request(vec![last.clone()])
    };
    let zero = Checksum::new(ChecksumAlgorithm::Crc64Nvme, &[0; 8]);
    let summed = CompleteUpload {
        checksum: zero.clone(),
        ..request(vec![last.clone()])
    };
    let part_summed = request(vec![CompletedPart {
        checksum: zero,
        ..last.clone()
    }]);
    type Is = fn(&Error) -> bool;
    let cases: [(CompleteUpload, Is); 10] = [
        (request(vec![]), |e| matches!(e, Error::NoParts)),
        (request(vec![last.clone(), small.clone()]), |e| {
            matches!(e, Error::InvalidPartOrder)
        }),
        (request(vec![last.clone(), last.clone()]), |e| {
            matches!(e, Error::InvalidPartOrder)
        }),
        (
            request(vec![wrong]),
            |e| matches!(e, Error::InvalidPart { number, .. } if number.get() == 2),
        ),
        (
            request(vec![absent]),
            |e| matches!(e, Error::InvalidPart { number, .. } if number.get() == 3),
        ),
        (request(vec![small, last.clone()]), |e| {
            matches!(e, Error::EntityTooSmall { number, size, minimum, .. }
                if number.get() == 1 && *size == *minimum - 1)
        }),
        (sized, |e| {
            matches!(
                e,
                Error::ObjectSizeMismatch {
                    expected: 2,
                    actual: 1
                }
            )
        }),
        (typed, |e| matches!(e, Error::ChecksumTypeMismatch { .. })),
        (summed, |e| matches!(e, Error::ChecksumMismatch { .. })),
        (part_summed, |e| matches!(e, Error::InvalidPart { .. })),
    ];
    for (request, is_expected) in cases {
        let error = complete(&store, "k", &id, &request)
            .await
            .expect_err("does not fit");
        assert!(is_expected(&error), "{error}");
    }
    assert!(matches!(open(&store, "k").await, Err(Error::NoSuchKey)));
    // A part may be sent again after a Complete that failed.
    let first = send(&store, "k", &id, 1, vec![1; 5 * MIB])
        .await
        .expect("part 1 again");
    complete(&store, "k", &id, &request(vec![named(1, &first), last]))
        .await
        .expect("fits");
    assert_eq!(read_key(&store, "k").await.expect("reads").len(), 5 * MIB + 1);
}

#[tokio::test]
async fn a_repeated_complete_answers_the_same_while_the_object_is_that_one() {
    let store = store().await;
    let id = begin(&store, "k").await;
    let part = send(&store, "k", &id, 1, &b"abc"[..]).await.expect("part");
    let request = request(vec![named(1, &part)]);
    let first = complete(&store, "k", &id, &request).await.expect("completed");
    assert_eq!(complete(&store, "k", &id, &request).await.expect("again"), first);
    let late = send(&store, "k", &id, 1, &b"late"[..]).await;
    assert!(matches!(late, Err(Error::NoSuchUpload)));
    put(&store, "k", &b"other"[..]).await.expect("overwritten");
    assert!(matches!(
        complete(&store, "k", &id, &request).await,
        Err(Error::NoSuchUpload)
    ));
}

#[tokio::test]
async fn conditions_hold_for_complete_too() {
    let store = store().await;
    let id = begin(&store, "k").await;
    let part = send(&store, "k", &id, 1, &b"abc"[..]).await.expect("part");
    put(&store, "k", &b"there"[..]).await.expect("written");
    let condition = WriteCondition {
        if_match: None,
        if_none_match: Some(EtagMatch::Any),
    };
    let request = CompleteUpload {
        condition,
        ..request(vec![named(1, &part)])
    };
    assert!(matches!(
        complete(&store, "k", &id, &request).await,
        Err(Error::PreconditionFailed(_))
    ));
    store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await
        .expect("deleted");
    complete(&store, "k", &id, &request).await.expect("absent now");
}

#[tokio::test]
async fn chosen_checksums_are_kept_per_part_and_made_into_the_objects() {
    let store = store().await;
    for (algorithm, checksum_type) in [
        (ChecksumAlgorithm::Crc32, ChecksumType::Composite),
        (ChecksumAlgorithm::Crc32c, ChecksumType::FullObject),
        (ChecksumAlgorithm::Sha1, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha256, ChecksumType::Composite),
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject),
    ] {
        let chosen = Some((algorithm, Some(checksum_type)));
        let begun = store
            .create_upload(&bucket(), &object_key("k"), ObjectMetadata::default(), chosen)
            .await;
        let id = begun.expect("begun");
        let mut parts = Vec::new();
        let mut sums = Vec::new();
        for (number, len) in [(1, 5 * MIB), (2, 9)] {
            let computed = Some(ExpectedChecksum {
                algorithm,
                value: None,
            });
            let expect = Expect {
                checksum: computed,
                ..Expect::default()
            };
            let mut source = BytesSource::new(vec![3; len]);
            let part = store
                .put_part(
                    &bucket(),
                    &object_key("k"),
                    &id,
                    part_number(number),
                    expect,
                    &mut source,
                )
                .await;
            let part = part.expect("written");
            let checksum = part.checksum.clone().expect("computed");
            assert_eq!(checksum.algorithm(), algorithm);
            parts.push(CompletedPart {
                checksum: part.checksum.clone(),
                ..named(number, &part)
            });
            sums.push((checksum, part.size));
        }
        if checksum_type == ChecksumType::Composite {
            let bare: Vec<_> = parts
                .iter()
                .map(|part| CompletedPart {
                    checksum: None,
                    ..part.clone()
                })
                .collect();
            let refused = complete(&store, "k", &id, &request(bare)).await;
            assert!(matches!(refused, Err(Error::PartChecksumMissing { number, .. }) if number.get() == 1));
        }
        let sized: Vec<_> = sums.iter().map(|(sum, size)| (sum, *size)).collect();
        let expected = combine_checksums(algorithm, checksum_type, &sized);
        assert!(expected.is_some());
        let request = CompleteUpload {
            checksum: expected.clone(),
            ..request(parts)
        };
        let done = complete(&store, "k", &id, &request).await.expect("completed");
        assert_eq!(
            (done.checksum, done.checksum_type),
            (expected, Some(checksum_type))
        );
    }
    for (algorithm, checksum_type) in [
        (ChecksumAlgorithm::Sha256, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite),
    ] {
        let chosen = Some((algorithm, Some(checksum_type)));
        let refused = store
            .create_upload(&bucket(), &object_key("k"), ObjectMetadata::default(), chosen)
            .await;
        assert!(matches!(refused, Err(Error::ChecksumTypeUnsupported { .. })));
    }
}

#[tokio::test]
async fn parts_that_complete_does_not_name_are_swept_at_once() {
    let memory = Memory::new();
    let store = store_on(Arc::new(memory.clone()), TestWorld::new(), Settings::default()).await;
    let id = begin(&store, "k").await;
    // More than one commit can delete.
    let mut last = None;
    for number in 1..=2_500 {
        let part = send(&store, "k", &id, number, &b"12345678"[..])
            .await
            .expect("written");
        last = Some(named(number, &part));
    }
    let request = request(last.into_iter().collect());
    let done = complete(&store, "k", &id, &request).await.expect("completed");
    assert_eq!(done.size, 8);
    assert_eq!((rows(&memory, b'b').await, rows(&memory, b'g').await), (1, 0));
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"12345678");
}

#[tokio::test]
async fn parts_of_what_is_replaced_are_swept_when_due_and_not_before() {
    let memory = Memory::new();
    let world = TestWorld::new();
    let store = store_on(Arc::new(memory.clone()), world.clone(), Settings::default()).await;
    two_parts(&store, "k", 1).await;
    two_parts(&store, "k", 2).await;
    put(&store, "k", &b"whole"[..]).await.expect("overwritten");
    assert_eq!((rows(&memory, b'b').await, rows(&memory, b'p').await), (4, 0));
    assert_eq!(
        store.sweep().await.expect("sweeps"),
        Swept {
            swept: 0,
            waiting: 2,
            links: 0
        }
    );
    world.pass(Duration::from_secs(3601));
    assert_eq!(
        store.sweep().await.expect("sweeps"),
        Swept {
            swept: 2,
            waiting: 0,
            links: 0
        }
    );
    for class in [b'b', b'm', b'g', b'p'] {
        assert_eq!(rows(&memory, class).await, 0, "{}", class as char);
    }
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"whole");
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let memory = Memory::new();
    let store = store_on(Arc::new(memory.clone()), TestWorld::new(), Settings::default()).await;
    let id = begin(&store, "k").await;
    send(&store, "k", &id, 1, vec![1; 2 * MIB]).await.expect("part");
    store
        .abort_upload(&bucket(), &object_key("k"), &id)
        .await
        .expect("aborted");
    for class in [b'b', b'u', b'g'] {
        assert_eq!(rows(&memory, class).await, 0, "{}", class as char);
    }
    let again = store.abort_upload(&bucket(), &object_key("k"), &id).await;
    assert!(matches!(again, Err(Error::NoSuchUpload)));
}

#[tokio::test]
async fn a_reader_keeps_the_parts_it_reads_from_the_sweep() {
    let memory = Memory::new();
    let settings = Settings {
        sweep_after: Duration::ZERO,
        ..Settings::default()
    };
    let store = store_on(Arc::new(memory.clone()), TestWorld::new(), settings).await;
    two_parts(&store, "k", 1).await;
    let object = open(&store, "k").await.expect("is there");
    let mut reader = object.read_all();
    drop(object);
    let first = reader.next().await.expect("a piece").expect("reads");
    put(&store, "k", &b"whole"[..]).await.expect("overwritten");
    assert_eq!(
        store.sweep().await.expect("sweeps"),
        Swept {
            swept: 0,
            waiting: 1,
            links: 0
        }
    );
    let rest = read(reader).await.expect("reads to the end");
    assert!(first.iter().chain(&rest).all(|byte| *byte == 1) && first.len() + rest.len() == 5 * MIB + 3);
    assert_eq!(
        store.sweep().await.expect("sweeps"),
        Swept {
            swept: 1,
            waiting: 0,
            links: 0
        }
    );
    assert_eq!(rows(&memory, b'b').await, 0);
}

#[tokio::test]
async fn a_reader_in_another_process_ends_with_an_error_and_never_with_other_bytes() {
    let memory = Memory::new();
    let world = TestWorld::new();
    let ours = store_on(Arc::new(memory.clone()), world.clone(), Settings::default()).await;
    let theirs = Store::open(Arc::new(memory), world.clone()).await.expect("opens");
    two_parts(&ours, "k", 1).await;
    let object = open(&ours, "k").await.expect("is there");
    two_parts(&theirs, "k", 2).await;
    assert!(read(object.read_all()).await.expect("not due yet") == vec![1; 5 * MIB + 3]);
    world.pass(Duration::from_secs(3601));
    theirs.sweep().await.expect("sweeps");
    assert!(matches!(
        read(object.read_all()).await,
        Err(Error::ReplacedWhileRead)
    ));
}

#[tokio::test]
async fn a_part_can_be_copied_from_an_object_of_parts() {
    let store = store().await;
    two_parts(&store, "from", 4).await;
    let id = begin(&store, "to").await;
    let from = open(&store, "from").await.expect("is there");
    let mut source = ObjectSource::new(from.read(1, 5 * MIB as u64));
    let number = part_number(1);
    let copied = store
        .put_part(
            &bucket(),
            &object_key("to"),
            &id,
            number,
            Expect::default(),
            &mut source,
        )
        .await;
    let copied = copied.expect("copied");
    assert_eq!(copied.etag, Etag::whole(md5(&vec![4; 5 * MIB])));
    complete(&store, "to", &id, &request(vec![named(1, &copied)]))
        .await
        .expect("completed");
}

#[tokio::test]
async fn commits_of_which_nobody_knows_are_looked_up() {
    let watched = Arc::new(Watched::new(Memory::new()));
    let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
    let unknown = |fault| watched.fail_next_commits(&[fault]);

    unknown(Fault::UnknownDone);
    put(&store, "k", &b"1"[..]).await.expect("it is there");
    unknown(Fault::UnknownLost);
    assert!(matches!(
        put(&store, "k", &b"2"[..]).await,
        Err(Error::MayHaveCommitted)
    ));
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"1");

    unknown(Fault::UnknownDone);
    let id = begin(&store, "k").await;
    unknown(Fault::UnknownDone);
    let part = send(&store, "k", &id, 1, &b"part"[..])
        .await
        .expect("it is there");
    unknown(Fault::UnknownLost);
    assert!(matches!(
        send(&store, "k", &id, 2, &b"x"[..]).await,
        Err(Error::MayHaveCommitted)
    ));
    let request = request(vec![named(1, &part)]);
    // The first fault meets the freeze, the second the object.
    watched.fail_next_commits(&[Fault::UnknownLost, Fault::None, Fault::UnknownLost]);
    assert!(matches!(
        complete(&store, "k", &id, &request).await,
        Err(Error::MayHaveCommitted)
    ));
    watched.fail_next_commits(&[Fault::UnknownDone]);
    complete(&store, "k", &id, &request)
        .await
        .expect("frozen already, so this met the object");
    assert_eq!(read_key(&store, "k").await.expect("reads"), b"part");

    unknown(Fault::UnknownLost);
    let lost = store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await;
    assert!(matches!(lost, Err(Error::MayHaveCommitted)));
    unknown(Fault::UnknownDone);
    store
        .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
        .await
        .expect("it is gone");
}

#[tokio::test]
async fn a_row_is_told_by_the_bucket_and_object_that_it_belongs_to() {
    let engine = Arc::new(Memory::new());
    let store = store_on(engine.clone(), TestWorld::new(), Settings::default()).await;
    put(&store, "plain \u{1}", "a").await.expect("put");
    two_parts(&store, "of parts", 1).await;
    two_parts(&store, "replaced", 2).await;
    put(&store, "replaced", "b").await.expect("put");
    let id = begin(&store, "uploading").await;
    send(&store, "uploading", &id, 3, "c").await.expect("part 3");

    let mut names = Vec::new();
    for class in [Class(b'k'), Class(b'b'), Class(b'u')] {
        let range = ScanRange {
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            fold: None,
        };
        let page = engine.scan(Space(1), class, range, 100).await.expect("scans");
        names.extend(page.rows.into_iter().map(|found| RowName {
            space: Space(1),
            home: Home(found.position.home),
            row: Row {
                class,
                suffix: found.position.suffix,
            },
        }));
    }
    for space in [Space::SYSTEM, Space(99)] {
        let row = names.first().expect("some").clone();
        names.push(RowName { space, ..row });
    }
    let of = |key: &str, role| RowOwner {
        bucket: Some(bucket()),
        object_key: Some(object_key(key)),
        role,
    };
    let of_none = |role| RowOwner {
        bucket: None,
        object_key: None,
        role,
    };
    let expected = [
        of("of parts", RowRole::Object),
        of("plain \u{1}", RowRole::Object),
        of("replaced", RowRole::Object),
        of("of parts", RowRole::Part(part_number(1))),
        of("of parts", RowRole::Part(part_number(7))),
        of("replaced", RowRole::Leftover),
        of("replaced", RowRole::Leftover),
        of("uploading", RowRole::UploadPart(part_number(3))),
        of("uploading", RowRole::Internal),
        of_none(RowRole::Internal),
        of_none(RowRole::Leftover),
    ];
    assert_eq!(store.owners_of(&names).await.expect("told"), expected);
}
