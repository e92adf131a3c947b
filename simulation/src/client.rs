//! One client: does one random operation after the other and writes down what was answered.
//!
//! Not here: whether the answers fit together ([`crate::history`]). What is wrong by itself is told at once: wrong bytes,
//! an error that nothing explains, a listing out of order.

use crate::history::{Answer, Asked, Condition, Content};
use crate::record::{Name, Question, Record, Upload};
use countersign_engine as engine;
use countersign_engine::world::turns::Table;
use countersign_store::{
    BytesSource, CompleteUpload, CompletedPart, Error, Expect, ListQuery, NewObject, Object, ObjectSource,
    Result, Source, Store,
};
use countersign_types::{BucketName, EtagMatch, ObjectKey, ObjectMetadata, PartNumber, WriteCondition};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The first is never removed.
pub(crate) const BUCKETS: [&str; 2] = ["first", "second"];
pub(crate) const OBJECT_KEYS: [&str; 5] = ["a", "a/b", "a/c", "b", "z\u{e9}"];
/// Far smaller than S3's, so that uploads have several.
pub(crate) const PART_BYTES_MIN: u64 = 500;

/// A client of one life.
pub(crate) struct Client {
    pub(crate) store: Store,
    pub(crate) record: Arc<Record>,
    pub(crate) table: Table,
    pub(crate) life: u64,
}

impl Client {
    /// So many operations, unless everything ends before.
    pub(crate) async fn work(self, operations: usize) {
        for _ in 0..operations {
            self.step().await;
            if self.record.is_crashed() || self.record.found_wrong().is_some() {
                return;
            }
        }
    }

    async fn step(&self) {
        let bucket = self.of(&BUCKETS);
        let key = self.of(&OBJECT_KEYS);
        match self.below(24) {
            0..=5 => self.put(bucket, key).await,
            6..=9 => self.read(bucket, key).await,
            10..=12 => self.delete(bucket, key).await,
            13 | 14 => self.list(bucket).await,
            15 => self.copy(bucket, key, self.of(&OBJECT_KEYS)).await,
            16 => self.begin_upload(key).await,
            17..=19 => self.go_on_with_an_upload().await,
            20 => self.create_bucket(bucket).await,
            21 => self.delete_bucket(BUCKETS[1]).await,
            22 => match self.store.sweep().await {
                Ok(_) => {}
                Err(error) => self.explain(&error),
            },
            _ => {
                let time = self.below(50) as u64;
                self.table.pause(Duration::from_millis(time)).await;
            }
        }
    }

    async fn put(&self, bucket: &'static str, key: &'static str) {
        let (content, bytes) = self.record.new_content(self.len());
        let condition = self.condition();
        let question = self
            .record
            .ask((bucket, Some(key)), Asked::Put(content, condition));
        self.put_from(bucket, key, question, condition, &mut BytesSource::new(bytes))
            .await;
    }

    async fn put_from(
        &self,
        bucket: &'static str,
        key: &'static str,
        question: Question,
        condition: Condition,
        source: &mut dyn Source,
    ) {
        let object = NewObject {
            condition: self.write_condition(condition),
            ..NewObject::default()
        };
        let there = self.ask_of_bucket(bucket);
        let put = self
            .store
            .put_object(&bucket_name(bucket), &object_key(key), object, source)
            .await;
        self.written(there, question, put.map(drop));
    }

    /// What came of a write of an object.
    fn written(&self, there: Question, question: Question, done: Result<()>) {
        let answer = match done {
            Ok(()) => Answer::Done,
            Err(Error::PreconditionFailed(_)) => Answer::Refused,
            Err(Error::NoSuchKey) => Answer::NothingThere,
            Err(error) => return self.not_done(there, question, &error),
        };
        self.record.answer(question, answer);
        self.record.answer(there, Answer::Present);
    }

    fn not_done(&self, there: Question, question: Question, error: &Error) {
        if matches!(error, Error::NoSuchBucket) {
            self.record.void(question);
            return self.record.answer(there, Answer::Found(None));
        }
        self.record.void(there);
        match self.is_explained(error) {
            Doubt::None => self.record.void(question),
            Doubt::MayBeDone => {}
        }
    }

    pub(crate) async fn read(&self, bucket: &'static str, key: &'static str) {
        drop(self.open(bucket, key).await);
    }

    /// Opens an object and reads it to its end, some time later.
    async fn open(&self, bucket: &'static str, key: &'static str) -> Option<(Content, Object)> {
        let question = self.record.ask((bucket, Some(key)), Asked::Read);
        let there = self.ask_of_bucket(bucket);
        let opened = self
            .store
            .object(&bucket_name(bucket), &object_key(key), None)
            .await;
        let object = match opened {
            Ok(object) => object,
            Err(Error::NoSuchKey) => {
                self.record.answer(question, Answer::Found(None));
                self.record.answer(there, Answer::Present);
                return None;
            }
            Err(error) => {
                self.not_done(there, question, &error);
                return None;
            }
        };
        let Some(content) = self.record.of_etag(object.etag) else {
            self.record
                .wrong(format!("{key} has the tag of nothing: {}", object.etag));
            return None;
        };
        self.record.answer(question, Answer::Found(Some(content)));
        self.record.answer(there, Answer::Present);
        if self.below(4) == 0 {
            self.table
                .pause(Duration::from_millis(self.below(20) as u64))
                .await;
        }
        let mut reader = object.read_all();
        let mut read = Vec::new();
        while let Some(piece) = reader.next().await {
            match piece {
                Ok(piece) => read.extend_from_slice(&piece),
                Err(error) => {
                    self.record
                        .wrong(format!("reading {key}, which is open: {error}"));
                    return None;
                }
            }
        }
        let sent = self.record.sent(content).map(|(bytes, _)| bytes);
        if sent.is_none_or(|sent| sent != read) {
            self.record
                .wrong(format!("{key} holds other bytes than were sent"));
        }
        Some((content, object))
    }

    /// Reads an object of a directory that is damaged. What can be read must be right.
    pub(crate) async fn read_despite_damage(
        &self,
        bucket: &'static str,
        key: &'static str,
    ) -> std::result::Result<(), engine::Error> {
        let name = bucket_name(bucket);
        let question = self.record.ask((bucket, Some(key)), Asked::Read);
        let refused = |error| match error {
            Error::Engine(error) => Err(error),
            Error::NoSuchKey => {
                self.record.answer(question, Answer::Found(None));
                Ok(())
            }
            Error::NoSuchBucket => Ok(()),
            other => {
                self.record
                    .wrong(format!("reading {key} of a damaged directory: {other}"));
                Ok(())
            }
        };
        let object = match self.store.object(&name, &object_key(key), None).await {
            Ok(object) => object,
            Err(error) => return refused(error),
        };
        let content = self.record.of_etag(object.etag);
        self.record.answer(question, Answer::Found(content));
        let mut reader = object.read_all();
        let mut read = Vec::new();
        while let Some(piece) = reader.next().await {
            match piece {
                Ok(piece) => read.extend_from_slice(&piece),
                Err(error) => return refused(error),
            }
        }
        let sent = content.and_then(|content| self.record.sent(content));
        if sent.is_none_or(|(sent, _)| sent != read) {
            self.record
                .wrong(format!("{key} holds other bytes than were sent"));
        }
        Ok(())
    }

    async fn delete(&self, bucket: &'static str, key: &'static str) {
        let question = self.record.ask((bucket, Some(key)), Asked::Delete);
        let there = self.ask_of_bucket(bucket);
        let deleted = self
            .store
            .delete_object(&bucket_name(bucket), &object_key(key), &WriteCondition::NONE)
            .await;
        self.written(there, question, deleted.map(drop));
    }

    async fn copy(&self, bucket: &'static str, from: &'static str, to: &'static str) {
        let Some((content, object)) = self.open(bucket, from).await else {
            return;
        };
        // A copy is one whole object, whatever it was made of.
        let Some((bytes, _)) = self.record.sent(content) else {
            return;
        };
        let etag = countersign_types::Etag::whole(md5::Digest::finalize(md5_of(&bytes)).into());
        let content = self.record.content(bytes, etag);
        let question = self
            .record
            .ask((bucket, Some(to)), Asked::Put(content, Condition::None));
        let mut source = ObjectSource::new(object.read_all());
        self.put_from(bucket, to, question, Condition::None, &mut source)
            .await;
    }

    /// Lists page by page. Each key of a page was there, and none between them.
    pub(crate) async fn list(&self, bucket: &'static str) {
        let max = 1 + self.below(OBJECT_KEYS.len());
        let mut after: Option<String> = None;
        loop {
            let questions: Vec<_> = OBJECT_KEYS
                .iter()
                .filter(|key| after.as_deref().is_none_or(|after| **key > after))
                .map(|key| (*key, self.record.ask((bucket, Some(key)), Asked::Read)))
                .collect();
            let there = self.ask_of_bucket(bucket);
            let query = ListQuery {
                start_after: after.clone(),
                max,
                ..ListQuery::default()
            };
            let page = match self.store.list_objects(&bucket_name(bucket), &query).await {
                Ok(page) => page,
                Err(error) => {
                    for (_, question) in questions {
                        self.record.void(question);
                    }
                    let nothing = self.record.ask((bucket, None), Asked::Read);
                    self.record.void(nothing);
                    return self.not_done(there, nothing, &error);
                }
            };
            self.record.answer(there, Answer::Present);
            if !page.entries.is_sorted_by(|one, next| one.key < next.key) {
                self.record.wrong("a listing out of order");
            }
            let mut listed = BTreeMap::new();
            for entry in &page.entries {
                match self.record.of_etag(entry.etag) {
                    Some(content) => drop(listed.insert(entry.key.as_str(), content)),
                    None => self
                        .record
                        .wrong(format!("{} is listed with the tag of nothing", entry.key)),
                }
            }
            for (key, question) in questions {
                // What comes after a page's end is not on it.
                if page.next.as_deref().is_some_and(|last| key > last) {
                    self.record.void(question);
                } else {
                    self.record.answer(question, Answer::Found(listed.remove(key)));
                }
            }
            if let Some((key, _)) = listed.pop_first() {
                self.record.wrong(format!("{key} is listed, and nobody wrote it"));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return,
            }
        }
    }

    async fn begin_upload(&self, key: &'static str) {
        let begun = self
            .store
            .create_upload(
                &bucket_name(BUCKETS[0]),
                &object_key(key),
                ObjectMetadata::default(),
                None,
            )
            .await;
        match begun {
            Ok(id) => self.record.keep_upload(Upload {
                object_key: key,
                id,
                parts: BTreeMap::new(),
                doubtful: None,
            }),
            Err(error) => self.explain(&error),
        }
    }

    async fn go_on_with_an_upload(&self) {
        let Some(mut upload) = self.record.take_upload(self.table.number()) else {
            return;
        };
        if !self.settle_doubt(&mut upload).await {
            return self.record.keep_upload(upload);
        }
        match self.below(8) {
            0 => self.abort(upload).await,
            1 | 2 if !upload.parts.is_empty() => self.complete(upload).await,
            _ => self.put_part(upload).await,
        }
    }

    /// A part that was sent in an earlier life is there or is not; whatever was acknowledged is.
    async fn settle_doubt(&self, upload: &mut Upload) -> bool {
        if upload.doubtful.is_some_and(|(_, _, life)| life == self.life) {
            return false;
        }
        let listed = self
            .store
            .list_parts(
                &bucket_name(BUCKETS[0]),
                &object_key(upload.object_key),
                &upload.id,
                None,
                100,
            )
            .await;
        let page = match listed {
            Ok(page) => page,
            Err(error) => {
                self.explain(&error);
                return false;
            }
        };
        let found: BTreeMap<u16, Option<Content>> = page
            .parts
            .iter()
            .map(|part| (part.number.get(), self.record.of_etag(part.etag)))
            .collect();
        let mut with_doubtful = upload.parts.clone();
        if let Some((number, content, _)) = upload.doubtful {
            with_doubtful.insert(number, content);
        }
        let is = |parts: &BTreeMap<u16, Content>| {
            found.len() == parts.len() && parts.iter().all(|(n, c)| found.get(n) == Some(&Some(*c)))
        };
        if is(&with_doubtful) {
            upload.parts = with_doubtful;
        } else if !is(&upload.parts) {
            self.record.wrong(format!("parts {found:?} of {upload:?}"));
        }
        upload.doubtful = None;
        true
    }

    async fn put_part(&self, mut upload: Upload) {
        let number = 1 + self.below(4) as u16;
        let (content, bytes) = self
            .record
            .new_content(PART_BYTES_MIN as usize + self.below(3000));
        upload.doubtful = Some((number, content, self.life));
        self.record.note_upload(&upload);
        let put = self
            .store
            .put_part(
                &bucket_name(BUCKETS[0]),
                &object_key(upload.object_key),
                &upload.id,
                part_number(number),
                Expect::default(),
                &mut BytesSource::new(bytes),
            )
            .await;
        match put {
            Ok(_) => {
                upload.parts.insert(number, content);
                upload.doubtful = None;
            }
            Err(error) => {
                if let Doubt::None = self.is_explained(&error) {
                    upload.doubtful = None;
                }
            }
        }
        self.record.keep_upload(upload);
    }

    async fn complete(&self, upload: Upload) {
        self.record.forget_upload(&upload);
        let Some(content) = self.record.assembled(&upload.parts) else {
            return;
        };
        let condition = self.condition();
        let name: Name = (BUCKETS[0], Some(upload.object_key));
        let question = self.record.ask(name, Asked::Put(content, condition));
        let there = self.ask_of_bucket(BUCKETS[0]);
        let parts = upload.parts.iter().map(|(number, content)| CompletedPart {
            number: part_number(*number),
            etag: self.record.sent(*content).map(|(_, etag)| etag),
            checksum: None,
        });
        let request = CompleteUpload {
            parts: parts.collect(),
            condition: self.write_condition(condition),
            ..CompleteUpload::default()
        };
        let completed = self
            .store
            .complete_upload(
                &bucket_name(BUCKETS[0]),
                &object_key(upload.object_key),
                &upload.id,
                &request,
            )
            .await;
        if let Ok(put) = &completed
            && self.record.of_etag(put.etag) != Some(content)
        {
            self.record
                .wrong("a completed upload has another tag than its parts");
        }
        if matches!(completed, Err(Error::PreconditionFailed(_) | Error::NoSuchKey)) {
            // It goes on as before.
            self.record.keep_upload(upload);
        }
        self.written(there, question, completed.map(drop));
    }

    async fn abort(&self, upload: Upload) {
        self.record.forget_upload(&upload);
        let aborted = self
            .store
            .abort_upload(
                &bucket_name(BUCKETS[0]),
                &object_key(upload.object_key),
                &upload.id,
            )
            .await;
        if let Err(error) = aborted {
            self.explain(&error);
        }
    }

    pub(crate) async fn create_bucket(&self, bucket: &'static str) {
        let (incarnation, _) = self.record.new_content(16);
        let asked = Asked::Put(incarnation, Condition::Absent);
        let question = self.record.ask((bucket, None), asked);
        let created = self
            .store
            .create_bucket(&bucket_name(bucket), "ann", "us-east-1")
            .await;
        match created {
            Ok(()) => self.record.answer(question, Answer::Done),
            Err(Error::BucketAlreadyOwnedByYou) => self.record.answer(question, Answer::Refused),
            Err(error) => {
                if let Doubt::None = self.is_explained(&error) {
                    self.record.void(question);
                }
            }
        }
    }

    /// A bucket that could be removed was empty at that moment.
    async fn delete_bucket(&self, bucket: &'static str) {
        let question = self.record.ask((bucket, None), Asked::Delete);
        let keys = OBJECT_KEYS.map(|key| self.record.ask((bucket, Some(key)), Asked::Read));
        match self.store.delete_bucket(&bucket_name(bucket)).await {
            Ok(()) => {
                self.record.answer(question, Answer::Done);
                for key in keys {
                    self.record.answer(key, Answer::Found(None));
                }
            }
            Err(Error::BucketNotEmpty) => self.record.void(question),
            // It may have come as far as that nobody can write to the bucket; whoever meets it then removes it.
            Err(Error::Engine(engine::Error::Failed(_))) => {}
            Err(error) => self.not_done(self.ask_of_bucket(bucket), question, &error),
        }
    }

    fn ask_of_bucket(&self, bucket: &'static str) -> Question {
        self.record.ask((bucket, None), Asked::Read)
    }

    /// Whether the operation may have been done all the same. An error that nothing explains is wrong.
    fn is_explained(&self, error: &Error) -> Doubt {
        match error {
            Error::Engine(engine::Error::Full) => {
                self.record.count(|report| report.full += 1);
                Doubt::None
            }
            Error::Conflict | Error::ConditionalConflict | Error::NoSuchBucket | Error::NoSuchUpload => {
                Doubt::None
            }
            Error::Engine(engine::Error::Failed(_)) => Doubt::None,
            Error::Source(error) if is_of_engine(error) => Doubt::None,
            Error::MayHaveCommitted => Doubt::MayBeDone,
            other => {
                self.record.wrong(format!("nothing explains `{other}`"));
                Doubt::MayBeDone
            }
        }
    }

    /// The same where nothing hangs on whether it was done.
    fn explain(&self, error: &Error) {
        let _either_way = self.is_explained(error);
    }

    fn condition(&self) -> Condition {
        match self.below(6) {
            0 => Condition::Absent,
            1 => self
                .record
                .any_content(self.table.number())
                .map_or(Condition::None, Condition::Over),
            _ => Condition::None,
        }
    }

    fn write_condition(&self, condition: Condition) -> WriteCondition {
        let mut write = WriteCondition::NONE;
        match condition {
            Condition::None => {}
            Condition::Absent => write.if_none_match = Some(EtagMatch::Any),
            Condition::Over(content) => {
                let etag = self.record.sent(content).map(|(_, etag)| etag);
                write.if_match = Some(EtagMatch::OneOf(etag.into_iter().collect()));
            }
        }
        write
    }

    fn len(&self) -> usize {
        match self.below(60) {
            0 => (1 << 20) + 1 + self.below(1000),
            1..=4 => 60_000 + self.below(20_000),
            5 | 6 => 0,
            _ => 1 + self.below(5000),
        }
    }

    fn below(&self, end: usize) -> usize {
        usize::try_from(self.table.number() >> 33).unwrap_or(0) % end.max(1)
    }

    fn of(&self, choices: &[&'static str]) -> &'static str {
        choices.get(self.below(choices.len())).copied().unwrap_or("a")
    }
}

/// After an operation that was not acknowledged.
enum Doubt {
    /// It was not done.
    None,
    /// It may be found done.
    MayBeDone,
}

/// A copy whose source fails.
fn is_of_engine(error: &countersign_store::SourceError) -> bool {
    matches!(
        error.cause().downcast_ref::<Error>(),
        Some(Error::Engine(engine::Error::Failed(_)))
    )
}

fn md5_of(bytes: &[u8]) -> md5::Md5 {
    md5::Digest::new_with_prefix(bytes)
}

fn bucket_name(name: &str) -> BucketName {
    BucketName::parse(name).expect("the names above are valid")
}

fn object_key(key: &str) -> ObjectKey {
    ObjectKey::parse(key.as_bytes()).expect("the keys above are valid")
}

fn part_number(number: u16) -> PartNumber {
    PartNumber::new(u32::from(number)).expect("numbers from 1 to 4 are valid")
}
