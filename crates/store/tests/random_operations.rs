//! Random operations against the store and the [`reference`]: both must answer the same, always. A seed repeats a run.

mod common;
mod reference;

use bytes::Bytes;
use common::watched::{Fault, Watched};
use common::{TestWorld, bucket, object_key, part_number, read, store_on};
use countersign_engine::memory::Memory;
use countersign_store::{
    BytesSource, CompleteUpload, CompletedPart, Error, Expect, ListQuery, NewObject, ObjectSource, Settings,
    Store, UploadQuery,
};
use countersign_types::{CorsRule, Etag, EtagMatch, ObjectMetadata, UploadId, WriteCondition};
use reference::{Reference, Refused};
use std::sync::Arc;
use std::time::Duration;

/// A small generator of our own, so that a seed means the same for ever.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn text(&mut self, len_max: usize) -> String {
        let len = self.below(len_max + 1);
        (0..len)
            .map(|_| self.of(&['a', 'b', '/', '\0', '\u{1}', 'é']))
            .collect()
    }

    fn key(&mut self) -> String {
        let key = self.text(4);
        if key.is_empty() { "a".to_owned() } else { key }
    }
}

struct Run {
    random: Random,
    store: Store,
    engine: Arc<Watched<Memory>>,
    world: Arc<TestWorld>,
    reference: Reference,
    large: Bytes,
    /// Every upload that was ever begun, so that ended ones are used, too.
    uploads: Vec<(String, UploadId)>,
    /// Completes of more than one part that succeeded; refused operations.
    completed: usize,
    refused: usize,
}

#[expect(clippy::panic, reason = "any other failure is one of the test")]
fn refused(error: &Error) -> Refused {
    match error {
        Error::NoSuchKey => Refused::NoSuchKey,
        Error::NoSuchUpload => Refused::NoSuchUpload,
        Error::PreconditionFailed(_) => Refused::PreconditionFailed,
        Error::InvalidPart { .. } => Refused::InvalidPart,
        Error::InvalidPartOrder => Refused::InvalidPartOrder,
        Error::EntityTooSmall { .. } => Refused::EntityTooSmall,
        Error::NoParts => Refused::NoParts,
        other => panic!("nothing in this run can fail so: {other}"),
    }
}

impl Run {
    async fn new(seed: u64) -> Run {
        let world = TestWorld::new();
        let sweep_after = Duration::from_secs(if seed.is_multiple_of(2) { 0 } else { 3600 });
        let engine = Arc::new(Watched::new(Memory::new()));
        let settings = Settings {
            sweep_after,
            ..Settings::default()
        };
        let store = store_on(engine.clone(), Arc::clone(&world), settings).await;
        Run {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            store,
            engine,
            world,
            reference: Reference::default(),
            large: Bytes::from(vec![7; (5 << 20) + 16]),
            uploads: Vec::new(),
            completed: 0,
            refused: 0,
        }
    }

    /// One operation; of some commits nobody knows whether they were made, which must make no difference.
    async fn step(&mut self) {
        if self.random.one_in(3) {
            let before = self.random.below(3);
            self.engine
                .fail_next_commits(&[Fault::None, Fault::None][..before]);
            self.engine.fail_next_commits(&[Fault::UnknownDone]);
        }
        match self.random.below(14) {
            0..=2 => self.put().await,
            3 => self.delete().await,
            4 | 5 => self.read().await,
            6 | 7 => self.list().await,
            8 => self.create_upload().await,
            9 | 10 => self.put_part().await,
            11 => self.complete().await,
            12 => self.list_uploads().await,
            _ => match self.random.below(5) {
                4 => self.cors().await,
                0 => self.abort().await,
                1 => self.copy().await,
                2 => {
                    self.world.pass(Duration::from_secs(2000));
                    self.store.sweep().await.expect("sweeps");
                }
                _ => self.list_parts().await,
            },
        }
    }

    /// Rules are put or taken away, and read.
    async fn cors(&mut self) {
        let change = if self.random.one_in(3) {
            self.reference.cors = None;
            self.store.delete_cors_rules(&bucket()).await
        } else {
            let rule = CorsRule {
                id: Some(self.random.text(2)),
                ..CorsRule::default()
            };
            let rules = vec![rule; self.random.below(3)];
            self.reference.cors = Some(rules.clone());
            self.store.put_cors_rules(&bucket(), &rules).await
        };
        // Of an unknown commit the caller is told so; here it was made.
        assert!(
            matches!(change, Ok(()) | Err(Error::MayHaveCommitted)),
            "{change:?}"
        );
        let found = self.store.cors_rules(&bucket()).await.expect("reads");
        assert_eq!(found, self.reference.cors);
    }

    /// Deletes everything and looks whether anything was left behind.
    async fn end(&mut self) {
        self.engine.end_faults();
        for key in self.reference.objects.keys() {
            let deleted = self
                .store
                .delete_object(&bucket(), &object_key(key), &WriteCondition::NONE)
                .await;
            assert!(deleted.expect("deleted").existed);
        }
        for (key, id) in self.reference.uploads.keys() {
            self.store
                .abort_upload(&bucket(), &object_key(key), id)
                .await
                .expect("aborted");
        }
        self.store.delete_cors_rules(&bucket()).await.expect("deleted");
        self.world.pass(Duration::from_secs(3600));
        self.store.sweep().await.expect("sweeps");
        common::assert_nothing_is_left(self.engine.as_ref()).await;
    }

    fn bytes(&mut self) -> Bytes {
        let from = self.random.below(16);
        let len = self.random.of(&[0, 1, 1, 2, 2, 3, 3, 3, 5 << 20]);
        let len = if self.random.one_in(6) { len } else { len.min(3) };
        self.large.slice(from..from + len)
    }

    fn condition(&mut self, key: &str) -> WriteCondition {
        let mut condition = WriteCondition::NONE;
        if self.random.one_in(3) {
            let current = self.reference.objects.get(key).map(|object| object.etag);
            let tags = EtagMatch::OneOf(current.into_iter().collect());
            let other = EtagMatch::OneOf(vec![Etag::whole([0; 16])]);
            let tags = self.random.of(&[EtagMatch::Any, tags, other]);
            if self.random.one_in(2) {
                condition.if_match = Some(tags);
            } else {
                condition.if_none_match = Some(tags);
            }
        }
        condition
    }

    async fn put(&mut self) {
        let (key, bytes, content_type) = (self.random.key(), self.bytes(), self.random.text(2));
        let condition = self.condition(&key);
        let object = NewObject {
            metadata: ObjectMetadata {
                content_type: Some(content_type.clone()),
                ..ObjectMetadata::default()
            },
            condition: condition.clone(),
            ..NewObject::default()
        };
        let mut source = BytesSource::new(bytes.clone());
        let put = self
            .store
            .put_object(&bucket(), &object_key(&key), object, &mut source)
            .await;
        let expected = self.reference.put(&key, bytes, &content_type, &condition);
        self.refused += usize::from(expected.is_err());
        assert_eq!(
            put.map(|put| put.etag).map_err(|error| refused(&error)),
            expected,
            "put {key:?} {condition:?}"
        );
    }

    async fn delete(&mut self) {
        let key = self.random.key();
        let condition = self.condition(&key);
        let deleted = self
            .store
            .delete_object(&bucket(), &object_key(&key), &condition)
            .await;
        let expected = self.reference.delete(&key, &condition);
        assert_eq!(
            deleted.map(|d| d.existed).map_err(|error| refused(&error)),
            expected,
            "delete {key:?}"
        );
    }

    async fn read(&mut self) {
        let key = self.any_key();
        let number = self.random.of(&[None, None, Some(1), Some(2)]);
        let part = number.map(part_number);
        let opened = self.store.object(&bucket(), &object_key(&key), part).await;
        let info = self.store.object_info(&bucket(), &object_key(&key), part).await;
        let Some(expected) = self.reference.objects.get(&key) else {
            assert!(matches!(opened, Err(Error::NoSuchKey)), "{key:?}");
            assert!(matches!(info, Err(Error::NoSuchKey)), "{key:?}");
            return;
        };
        let part_count = expected.parts.len().max(1);
        if number.is_some_and(|number| number as usize > part_count) {
            assert!(matches!(opened, Err(Error::InvalidPartNumber)));
            assert!(matches!(info, Err(Error::InvalidPartNumber)));
            return;
        }
        let opened = opened.expect("is there");
        assert_eq!(&info.expect("is there"), opened.info());
        assert_eq!(
            (opened.etag, opened.size),
            (expected.etag, expected.bytes.len() as u64)
        );
        assert_eq!(
            opened.metadata.content_type.as_deref(),
            Some(expected.content_type.as_str())
        );
        assert_eq!(opened.parts.map(usize::from).unwrap_or(0), expected.parts.len());
        let (offset, len) = match &opened.part {
            Some(part) => {
                let place = usize::from(part.number.get()) - 1;
                let before: usize = expected.parts.iter().take(place).sum();
                let size = expected.parts.get(place).copied().unwrap_or(expected.bytes.len());
                assert_eq!((part.offset, part.size), (before as u64, size as u64));
                (before, size)
            }
            None => {
                let offset = self.random.below(expected.bytes.len() + 1);
                (offset, self.random.below(expected.bytes.len() - offset + 1))
            }
        };
        let bytes = read(opened.read(offset as u64, len as u64)).await.expect("reads");
        assert!(
            bytes == expected.bytes[offset..offset + len],
            "{key:?} {offset}+{len}"
        );
    }

    fn any_key(&mut self) -> String {
        let keys: Vec<String> = self.reference.objects.keys().cloned().collect();
        if keys.is_empty() || self.random.one_in(8) {
            self.random.key()
        } else {
            self.random.of(&keys)
        }
    }

    async fn list(&mut self) {
        let (prefix, delimiter) = (
            self.random.text(2),
            self.random.of(&["", "/", "/", "a", "é", "b/", "\u{1}"]),
        );
        let mut marker = if self.random.one_in(2) {
            String::new()
        } else {
            self.random.text(3)
        };
        let max = self.random.of(&[0, 1, 2, 3, 1000]);
        loop {
            let query = ListQuery {
                prefix: prefix.clone(),
                delimiter: Some(delimiter.to_owned()),
                start_after: Some(marker.clone()),
                max,
            };
            let listing = self.store.list_objects(&bucket(), &query).await.expect("lists");
            let (expected, truncated) = self.reference.list(&prefix, delimiter, &marker, max);
            let mut all: Vec<(String, Option<()>)> = Vec::new();
            all.extend(listing.entries.iter().map(|entry| (entry.key.clone(), Some(()))));
            all.extend(
                listing
                    .common_prefixes
                    .iter()
                    .map(|prefix| (prefix.clone(), None)),
            );
            all.sort();
            assert_eq!(
                (all, listing.truncated),
                (expected.clone(), truncated),
                "{query:?}"
            );
            for entry in &listing.entries {
                let object = &self.reference.objects[&entry.key];
                assert_eq!((entry.etag, entry.size), (object.etag, object.bytes.len() as u64));
            }
            let last = expected.last().map(|(entry, _)| entry.clone());
            assert_eq!(listing.next, last.filter(|_| truncated), "{query:?}");
            match listing.next {
                Some(next) => marker = next,
                None => return,
            }
        }
    }

    async fn create_upload(&mut self) {
        let (key, content_type) = (self.random.key(), self.random.text(2));
        self.world.pass(Duration::from_millis(1));
        let metadata = ObjectMetadata {
            content_type: Some(content_type.clone()),
            ..ObjectMetadata::default()
        };
        let id = self
            .store
            .create_upload(&bucket(), &object_key(&key), metadata, None)
            .await
            .expect("begun");
        let upload = reference::Upload {
            content_type,
            ..reference::Upload::default()
        };
        self.reference.uploads.insert((key.clone(), id.clone()), upload);
        self.uploads.push((key, id));
    }

    /// Mostly one that is not ended.
    fn any_upload(&mut self) -> Option<(String, UploadId)> {
        let open: Vec<_> = self.reference.uploads.keys().cloned().collect();
        let choices = if open.is_empty() || self.random.one_in(6) {
            &self.uploads
        } else {
            &open
        };
        (!choices.is_empty()).then(|| self.random.of(choices))
    }

    async fn put_part(&mut self) {
        let Some((key, id)) = self.any_upload() else {
            return;
        };
        let number = self.random.below(2) + 1;
        let bytes = if number == 1 && !self.random.one_in(4) {
            self.large.slice(number..)
        } else {
            self.bytes()
        };
        let mut source = BytesSource::new(bytes.clone());
        let number = part_number(number as u32);
        let put = self
            .store
            .put_part(
                &bucket(),
                &object_key(&key),
                &id,
                number,
                Expect::default(),
                &mut source,
            )
            .await;
        match self.reference.uploads.get_mut(&(key, id)) {
            Some(upload) => {
                assert_eq!(put.expect("written").size, bytes.len() as u64);
                upload.parts.insert(number.get(), bytes);
            }
            None => assert!(matches!(put, Err(Error::NoSuchUpload))),
        }
    }

    async fn complete(&mut self) {
        let Some((key, id)) = self.any_upload() else {
            return;
        };
        let upload = self
            .reference
            .uploads
            .get(&(key.clone(), id.clone()))
            .cloned()
            .unwrap_or_default();
        let mut parts: Vec<CompletedPart> = Vec::new();
        for (number, bytes) in &upload.parts {
            if self.random.one_in(9) {
                continue;
            }
            let is_wrong = self.random.one_in(12);
            parts.push(CompletedPart {
                number: part_number((*number).into()),
                etag: Some(Etag::whole(if is_wrong { [0; 16] } else { common::md5(bytes) })),
                checksum: None,
            });
        }
        if parts.is_empty() && self.random.one_in(2) {
            parts.push(CompletedPart {
                number: part_number(9),
                etag: None,
                checksum: None,
            });
        }
        if self.random.one_in(12) {
            parts.reverse();
        }
        let condition = self.condition(&key);
        let request = CompleteUpload {
            parts: parts.clone(),
            condition: condition.clone(),
            ..CompleteUpload::default()
        };
        let completed = self
            .store
            .complete_upload(&bucket(), &object_key(&key), &id, &request)
            .await;
        let expected = self.reference.complete(&key, &id, &parts, &condition);
        self.refused += usize::from(expected.is_err());
        self.completed += usize::from(expected.is_ok() && parts.len() > 1);
        assert_eq!(
            completed.map(|put| put.etag).map_err(|error| refused(&error)),
            expected,
            "{key:?} {parts:?}"
        );
    }

    async fn abort(&mut self) {
        let Some((key, id)) = self.any_upload() else {
            return;
        };
        let aborted = self.store.abort_upload(&bucket(), &object_key(&key), &id).await;
        match self.reference.uploads.remove(&(key, id)) {
            Some(_) => aborted.expect("aborted"),
            None => assert!(matches!(aborted, Err(Error::NoSuchUpload))),
        }
    }

    async fn copy(&mut self) {
        let (from, to) = (self.any_key(), self.random.key());
        let Ok(source) = self.store.object(&bucket(), &object_key(&from), None).await else {
            return;
        };
        let object = NewObject {
            metadata: source.metadata.clone(),
            ..NewObject::default()
        };
        let mut bytes = ObjectSource::new(source.read_all());
        self.store
            .put_object(&bucket(), &object_key(&to), object, &mut bytes)
            .await
            .expect("copied");
        let expected = self.reference.objects[&from].clone();
        let copied = self
            .reference
            .put(&to, expected.bytes, &expected.content_type, &WriteCondition::NONE);
        copied.expect("copied");
    }

    async fn list_parts(&mut self) {
        let Some((key, id)) = self.any_upload() else {
            return;
        };
        let (after, max) = (self.random.below(3), self.random.of(&[0, 1, 2, 1000]));
        let after_part = (after > 0).then(|| part_number(after as u32));
        let page = self
            .store
            .list_parts(&bucket(), &object_key(&key), &id, after_part, max)
            .await;
        let Some(upload) = self.reference.uploads.get(&(key, id)) else {
            assert!(matches!(page, Err(Error::NoSuchUpload)));
            return;
        };
        let page = page.expect("listed");
        let all: Vec<_> = upload
            .parts
            .iter()
            .filter(|(number, _)| usize::from(**number) > after)
            .collect();
        let expected: Vec<_> = all
            .iter()
            .take(max)
            .map(|(number, bytes)| (**number, bytes.len() as u64))
            .collect();
        let listed: Vec<_> = page
            .parts
            .iter()
            .map(|part| (part.number.get(), part.size))
            .collect();
        assert_eq!((listed, page.truncated), (expected, max > 0 && all.len() > max));
    }

    async fn list_uploads(&mut self) {
        let (prefix, delimiter) = (self.random.text(1), self.random.of(&["", "/", "a", "b/"]));
        let max = self.random.of(&[0, 1, 2, 1000]);
        let (mut marker, mut id_marker) = (self.random.text(2), None);
        loop {
            let query = UploadQuery {
                prefix: prefix.clone(),
                delimiter: Some(delimiter.to_owned()),
                key_marker: Some(marker.clone()),
                upload_id_marker: id_marker.clone(),
                max,
            };
            let page = self.store.list_uploads(&bucket(), &query).await.expect("lists");
            let (expected, truncated) =
                self.reference
                    .list_uploads(&prefix, delimiter, &marker, id_marker.as_ref(), max);
            let mut all: Vec<(String, Option<UploadId>)> = Vec::new();
            all.extend(
                page.uploads
                    .iter()
                    .map(|upload| (upload.key.clone(), Some(upload.upload_id.clone()))),
            );
            all.extend(page.common_prefixes.iter().map(|prefix| (prefix.clone(), None)));
            all.sort();
            assert_eq!((all, page.truncated), (expected, truncated), "{query:?}");
            match page.next_key_marker {
                Some(next) => (marker, id_marker) = (next, page.next_upload_id_marker),
                None => return,
            }
        }
    }
}

#[tokio::test]
async fn the_store_answers_as_the_reference_does() {
    let (mut completed, mut refused) = (0, 0);
    for seed in 1..=12 {
        let mut run = Run::new(seed).await;
        for _ in 0..400 {
            run.step().await;
        }
        run.end().await;
        completed += run.completed;
        refused += run.refused;
    }
    assert!(
        completed >= 12 && refused > 200,
        "{completed} and {refused} are too few to say anything"
    );
}
