//! Objects written whole: what becomes visible and what does not, conditions, ranges, copies, metadata.

mod common;

use bytes::Bytes;
use common::watched::Watched;
use common::{
    Pieces, TestWorld, bucket, md5, object_key, open, put, put_new, read, read_key, store, store_on,
};
use countersign_engine::memory::Memory;
use countersign_store::{
    BytesSource, Error, Expect, ExpectedChecksum, ListQuery, NewObject, ObjectSource, Precondition, Settings,
};
use countersign_types::{
    Checksum, ChecksumAlgorithm, ChecksumType, Etag, EtagMatch, ObjectMetadata, PartNumber, WriteCondition,
};
use sha2::Digest as _;
use std::sync::Arc;

fn expecting(expect: Expect) -> NewObject {
    NewObject {
        expect,
        ..NewObject::default()
    }
}

fn crc32(value: [u8; 4]) -> ExpectedChecksum {
    ExpectedChecksum {
        algorithm: ChecksumAlgorithm::Crc32,
        value: Checksum::new(ChecksumAlgorithm::Crc32, &value),
    }
}

#[tokio::test]
async fn nothing_becomes_visible_of_a_body_that_is_not_what_was_announced() {
    let small = vec![Bytes::from_static(b"123"), Bytes::from_static(b"456789")];
    let large = vec![Bytes::from(vec![1; 700_000]), Bytes::from(vec![2; 700_000])];
    for pieces in [small, large] {
        let watched = Arc::new(Watched::new(Memory::new()));
        let store = store_on(watched.clone(), TestWorld::new(), Settings::default()).await;
        let len: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let body = || Pieces::new(pieces.clone());
        let failing = Pieces {
            failure: Some("the last chunk's signature"),
            ..body()
        };
        let trailing = |value: &str| Pieces {
            trailers: vec![("x-amz-checksum-crc32", value.to_owned())],
            ..body()
        };
        let by_trailer = Some(ExpectedChecksum {
            algorithm: ChecksumAlgorithm::Crc32,
            value: None,
        });
        type Is = fn(&Error) -> bool;
        let cases: [(&str, Pieces, Expect, Is); 8] = [
            ("source", failing, Expect::default(), |e| {
                matches!(e, Error::Source(_))
            }),
            (
                "short",
                body(),
                Expect {
                    length: Some(len + 1),
                    ..Expect::default()
                },
                |e| matches!(e, Error::IncompleteBody { .. }),
            ),
            (
                "long",
                body(),
                Expect {
                    length: Some(len - 1),
                    ..Expect::default()
                },
                |e| matches!(e, Error::IncompleteBody { .. }),
            ),
            (
                "md5",
                body(),
                Expect {
                    content_md5: Some([0; 16]),
                    ..Expect::default()
                },
                |e| matches!(e, Error::BadDigest { expected: [0, ..], calculated } if calculated != &[0; 16]),
            ),
            (
                "sha256",
                body(),
                Expect {
                    sha256: Some([0; 32]),
                    ..Expect::default()
                },
                |e| matches!(e, Error::ContentSha256Mismatch { client: [0, ..], computed } if computed != &[0; 32]),
            ),
            (
                "header",
                body(),
                Expect {
                    checksum: Some(crc32([0; 4])),
                    ..Expect::default()
                },
                |e| matches!(e, Error::ChecksumMismatch { expected, computed, .. } if expected != computed),
            ),
            (
                "trailer",
                trailing("AAAAAA=="),
                Expect {
                    checksum: by_trailer.clone(),
                    ..Expect::default()
                },
                |e| matches!(e, Error::ChecksumMismatch { .. }),
            ),
            (
                "malformed",
                trailing("AAAA"),
                Expect {
                    checksum: by_trailer,
                    ..Expect::default()
                },
                |e| matches!(e, Error::ChecksumInvalid { value, .. } if value == "AAAA"),
            ),
        ];
        for (name, mut source, expect, is_expected) in cases {
            let written = store
                .put_object(&bucket(), &object_key("k"), expecting(expect), &mut source)
                .await;
            let error = written.expect_err(name);
            assert!(is_expected(&error), "{name}: {error}");
            assert!(matches!(open(&store, "k").await, Err(Error::NoSuchKey)), "{name}");
        }
        let listed = store
            .list_objects(
                &bucket(),
                &ListQuery {
                    max: 9,
                    ..ListQuery::default()
                },
            )
            .await;
        assert!(listed.expect("lists").entries.is_empty());
        assert_eq!(watched.stages_finished(), 0, "what was staged was dropped");
    }
}

#[tokio::test]
async fn a_body_that_is_what_was_announced_is_stored_with_its_checksum() {
    let store = store().await;
    let body = Bytes::from_static(b"123456789");
    let expect = Expect {
        length: Some(9),
        content_md5: Some(md5(&body)),
        sha256: Some(sha2::Sha256::digest(&body).into()),
        checksum: Some(crc32([0xcb, 0xf4, 0x39, 0x26])),
    };
    let written = put_new(&store, "k", body.clone(), expecting(expect))
        .await
        .expect("written");
    assert_eq!(written.etag, Etag::whole(md5(&body)));
    assert_eq!(written.checksum.map(|c| c.encode()).as_deref(), Some("y/Q5Jg=="));
    assert_eq!(written.checksum_type, Some(ChecksumType::FullObject));
    let mut trailing = Pieces::new(vec![body.clone()]);
    trailing.trailers.push((
        "x-amz-checksum-sha256",
        Checksum::new(ChecksumAlgorithm::Sha256, &sha2::Sha256::digest(&body))
            .expect("32 bytes")
            .encode(),
    ));
    let by_trailer = ExpectedChecksum {
        algorithm: ChecksumAlgorithm::Sha256,
        value: None,
    };
    let expect = Expect {
        checksum: Some(by_trailer),
        ..Expect::default()
    };
    let written = store
        .put_object(&bucket(), &object_key("k"), expecting(expect), &mut trailing)
        .await;
    let algorithm = written
        .expect("written")
        .checksum
        .map(|checksum| checksum.algorithm());
    assert_eq!(algorithm, Some(ChecksumAlgorithm::Sha256));
}

#[tokio::test]
async fn a_body_without_a_checksum_gets_a_crc64nvme() {
    let store = store().await;
    put(&store, "k", &b"123456789"[..]).await.expect("written");
    let object = open(&store, "k").await.expect("is there");
    assert_eq!(
        object
            .checksum
            .as_ref()
            .map(|c| hex::encode(c.value()))
            .as_deref(),
        Some("ae8b14860a799888")
    );
    assert_eq!(object.checksum_type, Some(ChecksumType::FullObject));
}

#[tokio::test]
async fn bodies_of_every_size_read_back_whole_and_in_ranges() {
    let store = store().await;
    for len in [0, 1, 1 << 20, (1 << 20) + 1, 3_000_001] {
        let body: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let pieces = body.chunks(65_537).map(Bytes::copy_from_slice).collect();
        let written = store
            .put_object(
                &bucket(),
                &object_key("k"),
                NewObject::default(),
                &mut Pieces::new(pieces),
            )
            .await;
        assert_eq!(written.expect("written").size, len as u64);
        let object = open(&store, "k").await.expect("is there");
        assert_eq!((object.size, object.parts), (len as u64, None));
        assert!(read(object.read_all()).await.expect("reads") == body);
        let (from, to) = (len / 3, len - len / 5);
        let range = read(object.read(from as u64, (to - from) as u64))
            .await
            .expect("reads");
        assert!(range == body[from..to]);
        for (offset, len) in [(len as u64, 1), (0, len as u64 + 1), (u64::MAX, 2)] {
            assert!(matches!(
                read(object.read(offset, len)).await,
                Err(Error::InvalidRange)
            ));
        }
    }
}

#[tokio::test]
async fn an_object_written_whole_is_its_own_first_part() {
    let store = store().await;
    put(&store, "k", &b"abc"[..]).await.expect("written");
    let first = store
        .object(&bucket(), &object_key("k"), PartNumber::new(1))
        .await
        .expect("part 1");
    let part = first.part.as_ref().expect("asked for");
    assert_eq!((part.offset, part.size), (0, 3));
    let second = store
        .object(&bucket(), &object_key("k"), PartNumber::new(2))
        .await;
    assert!(matches!(second, Err(Error::InvalidPartNumber)));
}

#[tokio::test]
async fn what_is_opened_is_read_to_its_end_whatever_happens_to_the_key() {
    let store = store().await;
    for body in [vec![1; 10], vec![1; 3 << 20]] {
        put(&store, "k", body.clone()).await.expect("written");
        let object = open(&store, "k").await.expect("is there");
        put(&store, "k", vec![2; 3 << 20]).await.expect("overwritten");
        assert!(read(object.read_all()).await.expect("reads") == body);
        store
            .delete_object(&bucket(), &object_key("k"), &WriteCondition::NONE)
            .await
            .expect("deleted");
        assert!(read(object.read_all()).await.expect("reads") == body);
        assert!(matches!(open(&store, "k").await, Err(Error::NoSuchKey)));
    }
}

#[tokio::test]
async fn conditions_are_looked_at_before_the_body_is_read() {
    let store = store().await;
    let etag = put(&store, "k", &b"abc"[..]).await.expect("written").etag;
    let condition = |if_match: Option<EtagMatch>, if_none_match: Option<EtagMatch>| NewObject {
        condition: WriteCondition {
            if_match,
            if_none_match,
        },
        ..NewObject::default()
    };
    let mut unread = Pieces {
        failure: Some("must not be read"),
        ..Pieces::new(vec![])
    };
    for (key, object, which) in [
        (
            "k",
            condition(None, Some(EtagMatch::Any)),
            Some(Precondition::IfNoneMatch),
        ),
        (
            "k",
            condition(Some(EtagMatch::OneOf(vec![])), None),
            Some(Precondition::IfMatch),
        ),
        ("absent", condition(Some(EtagMatch::Any), None), None),
    ] {
        let refused = store
            .put_object(&bucket(), &object_key(key), object, &mut unread)
            .await;
        match (refused.expect_err("refused"), which) {
            (Error::PreconditionFailed(found), Some(which)) => assert_eq!(found, which),
            (Error::NoSuchKey, None) => {}
            (other, _) => panic!("{other}"),
        }
    }
    let matching = condition(Some(EtagMatch::OneOf(vec![etag])), None);
    put_new(&store, "k", &b"new"[..], matching)
        .await
        .expect("the tag is the object's");
    let delete = WriteCondition {
        if_match: Some(EtagMatch::OneOf(vec![etag])),
        if_none_match: None,
    };
    let stale = store.delete_object(&bucket(), &object_key("k"), &delete).await;
    assert!(matches!(
        stale,
        Err(Error::PreconditionFailed(Precondition::IfMatch))
    ));
}

#[tokio::test]
async fn metadata_reads_back_and_has_a_limit() {
    let store = store().await;
    let metadata = ObjectMetadata {
        content_type: Some("text/plain".into()),
        cache_control: Some("no-cache".into()),
        storage_class: Some("GLACIER".into()),
        user: vec![("b".into(), "2".into()), ("a".into(), "é".into())],
        ..ObjectMetadata::default()
    };
    let object = NewObject {
        metadata: metadata.clone(),
        ..NewObject::default()
    };
    put_new(&store, "k", &b"x"[..], object).await.expect("written");
    let info = store
        .object_info(&bucket(), &object_key("k"), None)
        .await
        .expect("is there");
    assert_eq!(info.metadata, metadata);
    for (len, is_allowed) in [(2047, true), (2048, false)] {
        let metadata = ObjectMetadata {
            user: vec![("n".into(), "v".repeat(len))],
            ..ObjectMetadata::default()
        };
        let object = NewObject {
            metadata,
            ..NewObject::default()
        };
        let written = put_new(&store, "k", &b"x"[..], object).await;
        assert_eq!(written.is_ok(), is_allowed, "{len}");
    }
}

#[tokio::test]
async fn a_copy_is_a_copy_of_bytes_and_may_be_onto_itself() {
    let store = store().await;
    let body: Vec<u8> = (0..2_500_000_u32).map(|at| at as u8).collect();
    put(&store, "from", body.clone()).await.expect("written");
    for to in ["to", "from"] {
        let from = open(&store, "from").await.expect("is there");
        let mut source = ObjectSource::new(from.read(1, from.size - 1));
        let copied = store
            .put_object(&bucket(), &object_key(to), NewObject::default(), &mut source)
            .await;
        assert_eq!(copied.expect("copied").etag, Etag::whole(md5(&body[1..])));
        if to == "to" {
            store
                .delete_object(&bucket(), &object_key("to"), &WriteCondition::NONE)
                .await
                .expect("deleted");
        }
    }
    assert!(read_key(&store, "from").await.expect("reads") == body[1..]);
}

#[tokio::test]
async fn declared_sizes_over_five_gibibytes_are_refused_unread() {
    let store = store().await;
    let expect = Expect {
        length: Some((5 << 30) + 1),
        ..Expect::default()
    };
    let refused = store
        .put_object(
            &bucket(),
            &object_key("k"),
            expecting(expect),
            &mut BytesSource::new(&b""[..]),
        )
        .await;
    assert!(matches!(refused, Err(Error::EntityTooLarge { maximum, .. }) if maximum == 5 << 30));
}
