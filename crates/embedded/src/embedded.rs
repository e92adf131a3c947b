//! The engine as the contract sees it: reads from the index and the files, everything else through the log's thread.
//!
//! Not here: any decision on a change ([`crate::committer`]).

use crate::body::{Owner, Pinned, Place, Warm};
use crate::committer::{Answer, Commit, PreparedBody, PreparedPut, Request, Waiting};
use crate::format::entry::{self, Entry, SpaceState};
use crate::format::{At, log_sums};
use crate::health::{Health, unavailable};
use crate::index::{self, Cached, MetaIndex, Step};
use crate::large::{LargeFiles, LargeStage, StagedFile};
use crate::log::Segments;
use crate::open::{self, OpenIndex, Options, Recovery};
use crate::overlay::{parse_entry, space_state};
use crate::reclaim::usage::Counters;
use crate::tasks::{Running, Tasks};
use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::upkeep::Usage;
use countersign_engine::world::Files;
use countersign_engine::{
    Body, BodyRef, Change, Class, Engine, Error, Found, Home, OpenBody, Outcome, Page, Result, Row,
    ScanRange, Scanned, Seal, Soon, Space, Stage, Stored, rules,
};
use smallvec::SmallVec;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The engine on local disks. Dropping it waits until everything that was asked for is done, and lets the directory go;
/// where everything runs by turns, only [`Embedded::close`] waits.
pub struct Embedded {
    shared: Arc<Shared>,
    /// `None` only while it is dropped.
    sender: Option<mpsc::Sender<Waiting>>,
    /// The engine's loops, the committer first.
    running: Vec<Running>,
    recovery: Recovery,
}

/// What reading needs.
pub(crate) struct Shared {
    pub(crate) index: Arc<Cached>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) large: Arc<LargeFiles>,
    pub(crate) health: Arc<Health>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: Tasks,
}

impl Embedded {
    /// Opens a directory of this machine's disk; it is made if its parent exists. Blocks while the log is read.
    pub fn open(dir: &Path, options: &Options) -> Result<Embedded> {
        open::on_disk(dir, options)
    }

    /// Opens a directory of any files, with any index.
    pub fn open_with(
        files: Arc<dyn Files>,
        index: OpenIndex,
        dir: &Path,
        options: &Options,
    ) -> Result<Embedded> {
        open::with(files, index, dir, options)
    }

    /// What opening found and did.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// `Err` once writes are refused, with the reason.
    pub fn health(&self) -> Result<()> {
        self.shared.health.check()
    }

    /// Waits until everything that was asked for is done, and lets the directory go.
    pub async fn close(mut self) {
        self.sender = None;
        for running in std::mem::take(&mut self.running) {
            running.ended().await;
        }
    }

    pub(crate) fn counted(&self) -> Usage {
        self.shared.counters.usage()
    }

    /// Reads the whole index and holds what is noted beside the rows (what of each segment is still needed, which files
    /// are referred to) against them. Writes wait meanwhile.
    pub async fn audit(&self) -> Result<()> {
        self.ask(Request::Audit).await.map(|_| ())
    }

    pub(crate) fn new(
        shared: Shared,
        sender: mpsc::Sender<Waiting>,
        running: Vec<Running>,
        recovery: Recovery,
    ) -> Embedded {
        Embedded {
            shared: Arc::new(shared),
            sender: Some(sender),
            running,
            recovery,
        }
    }

    async fn ask(&self, request: Request) -> Result<Answer> {
        let gone = || Error::Failed("the log's thread ended".into());
        let (reply, answer) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or_else(gone)?;
        sender
            .send(Waiting { request, reply })
            .await
            .map_err(|_| gone())?;
        // Without an answer, nobody knows how far the thread came.
        answer.await.unwrap_or(Err(Error::MayHaveCommitted))
    }

    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = self.shared.clone();
        self.shared.tasks.blocking(move || work(&shared)).await
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.sender = None;
        self.running.drain(..).for_each(Running::join);
    }
}

#[async_trait]
impl Engine for Embedded {
    async fn create(&self, space: Space) -> Result<()> {
        self.ask(Request::Create(space)).await.map(|_| ())
    }

    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal> {
        match self.ask(Request::Seal(space, empty.to_vec())).await? {
            Answer::Sealed(seal) => Ok(seal),
            Answer::Committed(_) | Answer::Done | Answer::Next(_) => Err(MISMATCHED),
        }
    }

    async fn remove(&self, space: Space) -> Result<()> {
        self.ask(Request::Remove(space)).await.map(|_| ())
    }

    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>> {
        if let Err(error) = rules::check_get(home, rows) {
            return Soon::now(Err(error));
        }
        let mut names: Names = rows.iter().map(|row| entry::row_name(space, home, row)).collect();
        let of_space = entry::space_name(space);
        // The system's space is always there.
        let noted = (space != Space::SYSTEM).then_some(of_space.as_slice());
        let all = names.iter().map(Vec::as_slice).chain(noted);
        if let Some(found) = self.shared.index.kept(all) {
            return Soon::now(stored_rows(space, names, found));
        }
        Soon::later(async move {
            let index = self.shared.index.clone();
            let look_up = move || {
                names.extend((space != Space::SYSTEM).then(|| of_space.to_vec()));
                let found = index.get_and_keep(&names)?;
                stored_rows(space, names, found)
            };
            self.shared.tasks.blocking(look_up).await
        })
    }

    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page> {
        rules::check_scan(&range, max)?;
        self.reading(move |shared| shared.scan(space, class, &range, max))
            .await
    }

    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome> {
        rules::check_change(home, &change)?;
        match self
            .ask(Request::Commit(self.prepare(space, home, change)?))
            .await?
        {
            Answer::Committed(outcome) => Ok(outcome),
            Answer::Sealed(_) | Answer::Done | Answer::Next(_) => Err(MISMATCHED),
        }
    }

    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>> {
        rules::check_home(home)?;
        let home = home.clone();
        self.reading(move |shared| match shared.space(space)? {
            Some(SpaceState::Open) => {
                Ok(Box::new(LargeStage::begin(&shared.large, space, home)?) as Box<dyn Stage>)
            }
            Some(SpaceState::Sealed) => Err(Error::Sealed),
            Some(SpaceState::Removing | SpaceState::Removed) | None => Err(Error::NoSpace),
        })
        .await
    }

    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>> {
        let Ok(place) = body.place.clone().downcast::<Place>() else {
            return Soon::now(Err(Error::Invalid("a body of another engine")));
        };
        if let At::Log { segment, offset } = place.placed.at
            && let Some(bytes) = self.shared.segments.recent.get(segment, offset, place.placed.len)
        {
            return Soon::now(Ok(Some(Arc::new(Warm { bytes, place }))));
        }
        if let At::Log { segment, .. } = place.placed.at
            && let Some(file) = self.shared.segments.reader_at_once(segment)
        {
            let tasks = self.shared.tasks.clone();
            return Soon::now(Ok(Some(Arc::new(Pinned { file, place, tasks }))));
        }
        Soon::later(self.reading(move |shared| shared.open(place)))
    }
}

impl Embedded {
    /// Computes checksums and takes staged files; what the log's thread need not do.
    fn prepare(&self, space: Space, home: &Home, change: Change) -> Result<Commit> {
        let mut puts = Vec::with_capacity(change.puts.len());
        for put in change.puts {
            let body = match put.body {
                None => PreparedBody::None,
                Some(Body::Of(row)) => PreparedBody::Of(row),
                Some(Body::Bytes(bytes)) => {
                    let sums = log_sums(&bytes);
                    PreparedBody::Inline(bytes, sums)
                }
                Some(Body::Staged(staged)) => {
                    let Ok(staged) = staged.handle.downcast::<StagedFile>() else {
                        return Err(Error::Invalid("a staged body of another engine"));
                    };
                    if !staged.file.is_of(&self.shared.large) {
                        return Err(Error::Invalid("a staged body of another engine"));
                    }
                    if (staged.space, &staged.home) != (space, home) {
                        return Err(Error::Invalid("a body staged for another home"));
                    }
                    PreparedBody::Staged(staged)
                }
            };
            puts.push(PreparedPut {
                row: put.row,
                value: put.value,
                body,
            });
        }
        Ok(Commit {
            space,
            home: home.clone(),
            guards: change.guards,
            puts,
            deletes: change.deletes,
        })
    }
}

impl Shared {
    pub(crate) fn space(&self, space: Space) -> Result<Option<SpaceState>> {
        space_state(
            space,
            self.index
                .get(&[entry::space_name(space).to_vec()])?
                .pop()
                .flatten()
                .as_deref(),
        )
    }

    fn scan(&self, space: Space, class: Class, range: &ScanRange, max: usize) -> Result<Page> {
        let all = entry::rows_of_class(space, class);
        let after = |mut name: Vec<u8>| {
            name.push(0);
            name
        };
        let from = match &range.from {
            Bound::Unbounded => all.clone(),
            Bound::Included(position) => entry::position_name(space, class, position),
            Bound::Excluded(position) => after(entry::position_name(space, class, position)),
        };
        let until = match &range.until {
            Bound::Unbounded => entry::after_all(all.clone()),
            Bound::Included(position) => after(entry::position_name(space, class, position)),
            Bound::Excluded(position) => entry::position_name(space, class, position),
        };
        let mut page = Page::default();
        let mut damaged = false;
        self.index.walk(&from, &until, &mut |name, entry| {
            if page.rows.len() == max {
                page.more = true;
                return Step::End;
            }
            let (Some(position), Some(value)) = (entry::parse_row_position(name), Entry::parse_value(entry))
            else {
                damaged = true;
                return Step::End;
            };
            let group = range.fold.as_ref().and_then(|fold| fold.group(&position.home));
            let next = match group {
                Some(group) => Step::To(entry::after_all([&all, group].concat())),
                None => Step::Next,
            };
            let value = Bytes::copy_from_slice(value);
            page.rows.push(Scanned { position, value });
            next
        })?;
        // Asked after the rows: a removed space's rows go away only once it says so.
        standing(self.space(space)?)?;
        if damaged {
            return Err(Error::Corrupt("a row of the index".into()));
        }
        Ok(page)
    }

    fn open(&self, place: Arc<Place>) -> Result<Option<Arc<dyn OpenBody>>> {
        let file = match place.placed.at {
            At::Log { segment, .. } => match self.segments.reader(segment) {
                Ok(Some(file)) => file,
                // Segments go only after the index forgot every row in them.
                Ok(None) => return Ok(None),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(place.owner.corrupt(&format!("log segment {segment} is missing")));
                }
                Err(error) => return Err(unavailable("opening the log", &error)),
            },
            At::Large { id } => match self.large.open(id)? {
                Some(file) => file,
                // Files go only after the index forgot them.
                None if self
                    .index
                    .get(&[entry::large_name(id)])?
                    .first()
                    .is_some_and(Option::is_some) =>
                {
                    return Err(place.owner.corrupt("its file is missing"));
                }
                None => return Ok(None),
            },
        };
        let tasks = self.tasks.clone();
        Ok(Some(Arc::new(Pinned { file, place, tasks })))
    }
}

/// Names in the index; most reads ask for one row.
type Names = SmallVec<[Vec<u8>; 1]>;

/// Rows from what was found under their names, and under the name of their space unless that is the system's.
fn stored_rows(space: Space, names: Names, mut found: index::Found) -> Result<Found> {
    if space != Space::SYSTEM {
        standing(space_state(space, found.pop().flatten().as_deref())?)?;
    }
    let stored = |(name, found): (Vec<u8>, Option<Bytes>)| {
        let Some(found) = found else { return Ok(None) };
        let Entry { value, body, .. } = parse_entry(found)?;
        let body = body.map(|placed| BodyRef {
            len: placed.len,
            place: Arc::new(Place {
                placed,
                owner: Owner(name),
            }),
        });
        Ok(Some(Stored { value, body }))
    };
    names.into_iter().zip(found).map(stored).collect()
}

/// Refuses a space whose rows cannot be read.
pub(crate) fn standing(state: Option<SpaceState>) -> Result<()> {
    match state {
        Some(SpaceState::Open | SpaceState::Sealed) => Ok(()),
        Some(SpaceState::Removing | SpaceState::Removed) | None => Err(Error::NoSpace),
    }
}

const MISMATCHED: Error = Error::Invalid("the log's thread answered another question");
