//! What the clients of all lives know together: every question with its answer, every byte that was ever sent, and the
//! uploads that are under way.
//!
//! Keeps true: after the moment of a crash nothing is written down any more; whoever would have heard the answer is gone.

use crate::Report;
use crate::history::{Answer, Asked, Content, History};
use bytes::Bytes;
use countersign_engine::world::random::Seeded;
use countersign_types::{Etag, UploadId};
use md5::Digest as _;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bucket, or an object key in it.
pub(crate) type Name = (&'static str, Option<&'static str>);

/// One for a whole run.
pub(crate) struct Record(Mutex<State>);

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question(Name, usize);

struct State {
    now: u64,
    crashed: bool,
    life: u64,
    random: Seeded,
    histories: BTreeMap<Name, History>,
    contents: Vec<Sent>,
    by_etag: BTreeMap<String, Content>,
    uploads: Vec<Upload>,
    /// Those that somebody works on, as they would be found if he were killed.
    taken: Vec<Upload>,
    wrong: Option<String>,
    report: Report,
}

#[derive(Clone)]
struct Sent {
    bytes: Bytes,
    etag: Etag,
}

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) object_key: &'static str,
    pub(crate) id: UploadId,
    /// Parts that were acknowledged.
    pub(crate) parts: BTreeMap<u16, Content>,
    /// A part that was sent and not answered, and in which life.
    pub(crate) doubtful: Option<(u16, Content, u64)>,
}

impl Record {
    pub(crate) fn new(seed: u64) -> Record {
        Record(Mutex::new(State {
            now: 0,
            crashed: false,
            life: 0,
            random: Seeded::new(seed),
            histories: BTreeMap::new(),
            contents: Vec::new(),
            by_etag: BTreeMap::new(),
            uploads: Vec::new(),
            taken: Vec::new(),
            wrong: None,
            report: Report::default(),
        }))
    }

    /// A life begins. What was never answered in the ones before has happened by now or never will; but a bucket's removal
    /// that was cut short is finished by whoever touches it next.
    pub(crate) fn begin_life(&self) -> u64 {
        let mut state = self.state();
        state.now += 1;
        state.life += 1;
        state.crashed = false;
        let taken = std::mem::take(&mut state.taken);
        state.uploads.extend(taken);
        let now = state.now;
        let keys = state.histories.iter_mut().filter(|(name, _)| name.1.is_some());
        keys.for_each(|(_, history)| history.settle(now));
        state.life
    }

    /// From now on nobody hears anything.
    pub(crate) fn crash(&self) {
        let mut state = self.state();
        state.crashed = true;
        state.report.crashes += 1;
    }

    pub(crate) fn is_crashed(&self) -> bool {
        self.state().crashed
    }

    pub(crate) fn ask(&self, name: Name, asked: Asked) -> Question {
        let mut state = self.state();
        state.now += 1;
        let now = state.now;
        Question(name, state.histories.entry(name).or_default().ask(asked, now))
    }

    pub(crate) fn answer(&self, question: Question, answer: Answer) {
        let mut state = self.state();
        if state.crashed {
            return;
        }
        state.now += 1;
        state.report.operations += 1;
        let now = state.now;
        if let Some(history) = state.histories.get_mut(&question.0) {
            history.answer(question.1, answer, now);
        }
    }

    /// It certainly did not happen.
    pub(crate) fn void(&self, question: Question) {
        let mut state = self.state();
        let crashed = state.crashed;
        if let Some(history) = state.histories.get_mut(&question.0).filter(|_| !crashed) {
            history.void(question.1);
        }
    }

    /// Something that must never be.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        let mut state = self.state();
        if !state.crashed {
            state.wrong.get_or_insert(what.into());
        }
    }

    pub(crate) fn found_wrong(&self) -> Option<String> {
        self.state().wrong.clone()
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Report)) {
        count(&mut self.state().report);
    }

    /// New bytes.
    pub(crate) fn new_content(&self, len: usize) -> (Content, Bytes) {
        let bytes = Bytes::from(self.state().random.bytes(len));
        let etag = Etag::whole(md5::Md5::digest(&bytes).into());
        (self.content(bytes.clone(), etag), bytes)
    }

    /// The number of bytes that are sent with this tag.
    pub(crate) fn content(&self, bytes: Bytes, etag: Etag) -> Content {
        let mut state = self.state();
        let next = Content::try_from(state.contents.len()).unwrap_or(Content::MAX);
        let number = *state.by_etag.entry(etag.to_string()).or_insert(next);
        if number == next {
            state.contents.push(Sent { bytes, etag });
        }
        number
    }

    /// What these parts are together.
    pub(crate) fn assembled(&self, parts: &BTreeMap<u16, Content>) -> Option<Content> {
        let (mut bytes, mut md5s) = (Vec::new(), Vec::new());
        for content in parts.values() {
            let (part, _) = self.sent(*content)?;
            md5s.extend(<[u8; 16]>::from(md5::Md5::digest(&part)));
            bytes.extend_from_slice(&part);
        }
        let count = u16::try_from(parts.len()).ok()?;
        let etag = Etag::of_parts(md5::Md5::digest(&md5s).into(), count);
        Some(self.content(bytes.into(), etag))
    }

    pub(crate) fn sent(&self, content: Content) -> Option<(Bytes, Etag)> {
        let state = self.state();
        let sent = state.contents.get(content as usize)?;
        Some((sent.bytes.clone(), sent.etag))
    }

    /// What was sent with this tag.
    pub(crate) fn of_etag(&self, etag: Etag) -> Option<Content> {
        self.state().by_etag.get(&etag.to_string()).copied()
    }

    /// Some content that this key once had or was to have.
    pub(crate) fn any_content(&self, number: u64) -> Option<Content> {
        let count = self.state().contents.len() as u64;
        Content::try_from(number.checked_rem(count)?).ok()
    }

    /// Takes an upload that nobody else works on.
    pub(crate) fn take_upload(&self, number: u64) -> Option<Upload> {
        let mut state = self.state();
        let place = number.checked_rem(state.uploads.len() as u64)?;
        let upload = state.uploads.swap_remove(usize::try_from(place).ok()?);
        state.taken.push(upload.clone());
        Some(upload)
    }

    /// This is what is known of it, whatever comes next.
    pub(crate) fn note_upload(&self, upload: &Upload) {
        let mut state = self.state();
        let known = state.taken.iter_mut().find(|known| known.id == upload.id);
        if let Some(known) = known {
            *known = upload.clone();
        }
    }

    /// It is about to end, one way or the other.
    pub(crate) fn forget_upload(&self, upload: &Upload) {
        self.state().taken.retain(|known| known.id != upload.id);
    }

    /// Others may work on it.
    pub(crate) fn keep_upload(&self, upload: Upload) {
        let mut state = self.state();
        if !state.crashed {
            state.taken.retain(|known| known.id != upload.id);
            state.uploads.push(upload);
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let state = self.state();
        for ((bucket, key), history) in &state.histories {
            let told = |wrong| format!("bucket {bucket}, {key:?}: {wrong}");
            history.check().map_err(told)?;
        }
        Ok(())
    }

    pub(crate) fn report(&self) -> Report {
        self.state().report.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
