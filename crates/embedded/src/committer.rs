//! The one loop, with a thread of its own, that decides and writes: it takes everything that waits, makes one batch of it, one write and one
//! sync, and answers everybody.
//!
//! Not here: the layout of a batch, and where it is written.
//!
//! Keeps true: changes are decided one after the other, each against what those before it leave behind. Nobody is
//! answered before everything the answer rests on is durable and can be read from the index, which may hold it in memory.

mod decide;
mod moving;

pub(crate) use self::moving::Moved;

use crate::format::batch::Builder;
use crate::format::entry::{self, LogPosition};
use crate::format::ledger::SegmentNote;
use crate::format::{BATCH_BYTES_MAX, Sums};
use crate::health::Health;
use crate::index::MetaIndex;
use crate::large::{LargeFiles, StagedFile, Taken};
use crate::log::{AppendError, Log, Segments};
use crate::order::{Order, Orders};
use crate::overlay::{Effects, Overlay, parse_entry};
use crate::reclaim::audit::audit;
use crate::reclaim::choose::{Closed, Job, is_promising};
use crate::reclaim::ledger::Ledger;
use crate::reclaim::usage::Counters;
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use bytes::Bytes;
use countersign_engine::world::Held;
use countersign_engine::{Class, Error, Guard, Home, Outcome, Result, Row, Seal, Space};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Somebody who waits for an answer.
pub(crate) struct Waiting {
    /// What is asked for.
    pub(crate) request: Request,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Result<Answer>>,
}

/// What is asked for.
pub(crate) enum Request {
    Commit(Commit),
    Create(Space),
    Seal(Space, Vec<Class>),
    Remove(Space),
    /// Holds what is noted against all rows.
    Audit,
    /// Writes again what may still be needed of a segment; about how many bytes.
    Move(Vec<Moved>, usize),
    /// Gives up what nothing needs, and asks for a segment to compact. The last one asked for, and whether all that was
    /// needed of it was written again.
    Reclaim(Option<(u64, bool)>),
}

/// A change whose checksums are computed and whose form is checked.
pub(crate) struct Commit {
    pub(crate) space: Space,
    pub(crate) home: Home,
    pub(crate) guards: Vec<Guard>,
    pub(crate) puts: Vec<PreparedPut>,
    pub(crate) deletes: Vec<Row>,
}

/// A row to write.
pub(crate) struct PreparedPut {
    pub(crate) row: Row,
    pub(crate) value: Bytes,
    pub(crate) body: PreparedBody,
}

/// Where the body of a row to write comes from.
pub(crate) enum PreparedBody {
    None,
    Inline(Bytes, Sums),
    Staged(Arc<StagedFile>),
    Of(Row),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Committed(Outcome),
    Sealed(Seal),
    Done,
    Next(Option<Job>),
}

impl Request {
    /// About how many bytes it takes in the log.
    fn estimate(&self) -> usize {
        let commit = match self {
            Request::Commit(commit) => commit,
            Request::Move(moved, bytes) => return moved.len() * ROW_ESTIMATE + bytes,
            _ => return ROW_ESTIMATE,
        };
        let body = |put: &PreparedPut| match &put.body {
            PreparedBody::Inline(bytes, _) => bytes.len(),
            PreparedBody::Staged(staged) => staged.placed.sums.len() * 4,
            PreparedBody::None | PreparedBody::Of(_) => 0,
        };
        let row = |put: &PreparedPut| ROW_ESTIMATE + commit.home.0.len() + put.value.len() + body(put);
        commit.puts.iter().map(row).sum::<usize>()
            + commit.deletes.len() * (ROW_ESTIMATE + commit.home.0.len())
    }

    /// True if it adds to what is stored. What only deletes, or deletes and notes what is to be deleted next, does not.
    fn grows(&self) -> bool {
        match self {
            Request::Commit(commit) => {
                let has_new_body = commit
                    .puts
                    .iter()
                    .any(|put| matches!(put.body, PreparedBody::Inline(..) | PreparedBody::Staged(_)));
                has_new_body || (!commit.puts.is_empty() && commit.deletes.is_empty())
            }
            Request::Create(_) => true,
            // What is moved makes room.
            Request::Seal(..)
            | Request::Remove(_)
            | Request::Audit
            | Request::Move(..)
            | Request::Reclaim(_) => false,
        }
    }

    /// True if it is decided alone, so that it sees all rows in the index.
    fn is_alone(&self) -> bool {
        match self {
            Request::Commit(_) | Request::Move(..) | Request::Reclaim(_) => false,
            Request::Create(_) | Request::Seal(..) | Request::Remove(_) | Request::Audit => true,
        }
    }
}

/// The thread's state.
pub(crate) struct Committer {
    pub(crate) queue: mpsc::Receiver<Waiting>,
    pub(crate) log: Log,
    pub(crate) segments: Arc<Segments>,
    pub(crate) index: Arc<dyn MetaIndex>,
    pub(crate) large: Arc<LargeFiles>,
    pub(crate) health: Arc<Health>,
    /// What only requests that give something back may use.
    pub(crate) reserve: Arc<Reserve>,
    /// What the index says of the log.
    pub(crate) position: Option<LogPosition>,
    /// What is known of the segments; the same as in the index.
    pub(crate) ledger: Ledger,
    /// Removed spaces whose rows are still in the index.
    pub(crate) sweeping: VecDeque<Space>,
    /// Taken from the queue, and not fit for the batch that was being gathered.
    pub(crate) aside: Option<Waiting>,
    /// The segment of the last batch.
    pub(crate) active: Option<u64>,
    /// What was known of segments when compaction could not empty them.
    pub(crate) tried: BTreeMap<u64, SegmentNote>,
    /// Told when a segment may be worth compacting.
    pub(crate) compactor: watch::Sender<()>,
    /// Told when the index has changed.
    pub(crate) follower: watch::Sender<()>,
    /// Told the segment of the last batch when the index is to be made durable.
    pub(crate) checkpoint: watch::Sender<u64>,
    pub(crate) counters: Arc<Counters>,
    /// The index is made durable after so many bytes of log.
    pub(crate) persist_every: u64,
    /// Bytes of log since the index was made durable.
    pub(crate) unpersisted: u64,
    pub(crate) tasks: Tasks,
    pub(crate) orders: Orders,
    /// Held as long as this thread may write.
    pub(crate) _lock: Arc<Held>,
}

/// A request in a batch, until the batch is durable.
struct Decided {
    reply: oneshot::Sender<Result<Answer>>,
    answer: Result<Answer>,
    /// True if it has frames in the batch.
    writes: bool,
}

impl Committer {
    /// Works until everybody who could ask is gone.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.wait().await {
            self.tasks.turn().await;
            let requests = self.gather(first);
            self.settle(requests).await;
            self.sweep_some();
        }
        if self.health.check().is_ok() {
            // What is lost here is read from the log at the next start.
            if let (Ok(()), Some(position)) = (self.index.persist(), self.position) {
                let _ = self
                    .segments
                    .release(position.last.segment, self.reserve.shortage() > 0);
            }
        }
    }

    async fn wait(&mut self) -> Option<Waiting> {
        if let Some(aside) = self.aside.take() {
            return Some(aside);
        }
        while !self.sweeping.is_empty() {
            match self.queue.try_recv() {
                Ok(waiting) => return Some(waiting),
                Err(mpsc::error::TryRecvError::Empty) => {
                    self.sweep_some();
                    self.tasks.turn().await;
                }
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
            }
        }
        self.queue.recv().await
    }

    /// Everything that waits and fits.
    fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let mut bytes = first.request.estimate();
        let mut gathered = vec![first];
        while bytes < GATHERED_BYTES_MAX && !gathered.last().is_some_and(|last| last.request.is_alone()) {
            let Ok(waiting) = self.queue.try_recv() else { break };
            if waiting.request.is_alone() {
                self.aside = Some(waiting);
                break;
            }
            bytes += waiting.request.estimate();
            gathered.push(waiting);
        }
        gathered
    }

    async fn settle(&mut self, requests: Vec<Waiting>) {
        // A caller that went away before anything was done for it is not served.
        let requests: Vec<_> = requests
            .into_iter()
            .filter(|waiting| !waiting.reply.is_closed())
            .collect();
        if let Err(failed) = self.health.check() {
            return requests
                .into_iter()
                .for_each(|waiting| answer(waiting.reply, Err(failed.clone())));
        }
        let index = self.index.clone();
        let estimate = requests.iter().map(|waiting| waiting.request.estimate()).sum();
        let start = match self.log.make_room(estimate) {
            Ok(start) => start,
            Err(AppendError::Clean(error)) => {
                return requests
                    .into_iter()
                    .for_each(|waiting| answer(waiting.reply, Err(error.clone())));
            }
            // No request is in the log yet.
            Err(AppendError::InDoubt(why)) => {
                let failed = self.health.fail(why);
                return requests
                    .into_iter()
                    .for_each(|waiting| answer(waiting.reply, Err(failed.clone())));
            }
        };
        let is_full =
            requests.iter().any(|waiting| waiting.request.grows()) && !self.reserve.leaves(estimate as u64);
        let reclaim = requests.iter().find_map(|waiting| match waiting.request {
            Request::Reclaim(done) => Some(done),
            _ => None,
        });
        let job = reclaim.and_then(|done| self.reclaim(start.segment, done));
        let mut making = decide::Making::new(Builder::new(start, estimate), Overlay::new(&*index));
        let announced = self.log.announcement(start);
        if let Some(set) = &announced {
            making.batch.segments(set);
            making.overlay.set_segments(set);
        }
        let frames_announced = making.batch.frames();
        let mut decided = Vec::with_capacity(requests.len());
        for Waiting { request, reply } in requests {
            let frames_before = making.batch.frames();
            let answer = match request {
                request if is_full && request.grows() => Err(Error::Full),
                Request::Audit => audit(&*index, &self.ledger).map(|()| Answer::Done),
                Request::Reclaim(_) => Ok(Answer::Next(job)),
                request => making.decide(request),
            };
            decided.push(Decided {
                reply,
                answer,
                writes: making.batch.frames() > frames_before,
            });
        }
        let decide::Making {
            batch,
            overlay,
            files,
        } = making;
        if batch.frames() == frames_announced && self.log.gives_up() == 0 {
            return decided
                .into_iter()
                .for_each(|decided| answer(decided.reply, decided.answer));
        }
        let is = self.log.next();
        let (bytes, next) = batch.finish(self.log.salt(), is);
        if bytes.len() > BATCH_BYTES_MAX {
            // It would not be read back.
            return refuse_all(decided, &Error::Limit("BATCH_BYTES_MAX"));
        }
        let end = start.offset + bytes.len() as u64;
        // Everything that can fail without consequence comes before the write.
        let before = self.position.as_ref();
        let (effects, position) = match overlay.finish(before, &self.ledger, (start, is), (end, next)) {
            Ok(finished) => finished,
            Err(error) => return refuse_all(decided, &error),
        };
        let gives_up = self.log.gives_up();
        let written = bytes.len() as u64;
        let (decided, effects) = self.hurry(decided, effects).await;
        match self.log.append(start, announced, bytes, next) {
            Ok(()) => {
                self.position = Some(position);
                self.make_visible(effects, decided, files, written, gives_up);
            }
            Err(AppendError::Clean(error)) => refuse_all(decided, &error),
            Err(AppendError::InDoubt(why)) => self.leave_in_doubt(why, decided, files),
        }
    }

    /// What a test wants to be done too early.
    async fn hurry(&self, decided: Vec<Decided>, mut effects: Effects) -> (Vec<Decided>, Effects) {
        if self.orders.breaks(Order::SyncThenIndex) {
            // It is applied again in time, which changes nothing.
            let _ = self.index.apply(effects.ops.clone());
            self.follower.send_replace(());
            // Until the index holds what waited in memory.
            self.tasks.pause(Duration::from_millis(5)).await;
        }
        if self.orders.breaks(Order::SyncThenUnlink) {
            let dropped = std::mem::take(&mut effects.dropped);
            dropped.into_iter().for_each(|id| self.large.discard(id));
        }
        if !self.orders.breaks(Order::SyncThenAnswer) {
            return (decided, effects);
        }
        for one in decided {
            answer(one.reply, one.answer);
        }
        self.tasks.pause(Duration::from_millis(1)).await;
        (Vec::new(), effects)
    }

    fn make_visible(
        &mut self,
        effects: Effects,
        decided: Vec<Decided>,
        files: Vec<Taken>,
        bytes: u64,
        gave_up: u64,
    ) {
        self.ledger.take(&effects.notes);
        self.counters.show(&self.ledger);
        if let Err(error) = self.index.apply(effects.ops) {
            return self.leave_in_doubt(format!("the index took no more changes: {error}"), decided, files);
        }
        self.follower.send_replace(());
        files.into_iter().for_each(Taken::keep);
        self.sweeping.extend(effects.removed);
        decided
            .into_iter()
            .for_each(|decided| answer(decided.reply, decided.answer));
        self.large.discard_aside(effects.dropped);
        self.unpersisted += bytes;
        let Some(active) = self.position.map(|position| position.last.segment) else {
            return;
        };
        if gave_up > 0 || self.unpersisted >= self.persist_every {
            self.unpersisted = 0;
            self.counters.gave_up(gave_up);
            self.checkpoint.send_replace(active);
        }
        let was_active = self.active.replace(active).filter(|before| *before != active);
        let touched = effects.notes.iter().map(|(segment, _)| *segment);
        if touched
            .chain(was_active)
            .any(|segment| segment < active && is_promising(&self.ledger.note(segment)))
        {
            self.wake_compactor();
        }
    }

    /// Gives up with the next batch what nothing needs, and answers what is worth compacting. Segments before `active`
    /// take no more batches.
    fn reclaim(&mut self, active: u64, done: Option<(u64, bool)>) -> Option<Job> {
        let set = self.segments.set();
        let closed = Closed {
            ledger: &self.ledger,
            set: &set,
            active,
        };
        let emptied = done.and_then(|(segment, is_complete)| is_complete.then_some(segment));
        let dead = closed.dead(emptied);
        if let Some((segment, _)) = done.filter(|(segment, _)| !dead.contains(segment)) {
            self.tried.insert(segment, self.ledger.note(segment));
        }
        self.tried.retain(|segment, _| set.contains(*segment));
        let shortage = self.reserve.shortage();
        let job = closed.job(&dead, &self.tried, shortage, self.reserve.for_making_room());
        if shortage > 0
            && self.segments.waits_for_index()
            && let Some(position) = self.position
        {
            // It may have failed before.
            self.checkpoint.send_replace(position.last.segment);
        }
        self.log.give_up(&dead.into_iter().collect::<Vec<_>>());
        job
    }

    fn wake_compactor(&self) {
        // It went away only if the thread's end is near.
        self.compactor.send_replace(());
    }

    /// The batch may be found in the log at the next start, with the files it refers to.
    fn leave_in_doubt(&self, why: String, decided: Vec<Decided>, files: Vec<Taken>) {
        let failed = self.health.fail(why);
        files.into_iter().for_each(Taken::keep);
        for decided in decided {
            let error = if decided.writes {
                Error::MayHaveCommitted
            } else {
                failed.clone()
            };
            answer(decided.reply, Err(error));
        }
    }

    /// Takes some rows of a removed space out of the index, and their bodies off the disk.
    fn sweep_some(&mut self) {
        let Some(space) = self.sweeping.front().copied() else {
            return;
        };
        match self.sweep(space) {
            Ok(false) => {}
            // What cannot be swept now is swept after the next start.
            Ok(true) | Err(_) => drop(self.sweeping.pop_front()),
        }
    }

    /// True if nothing is left.
    fn sweep(&mut self, space: Space) -> Result<bool> {
        let prefix = entry::rows_of_space(space);
        let rows = self
            .index
            .scan(&prefix, &entry::after_all(prefix.clone()), SWEPT_AT_ONCE)?;
        let done = rows.len() < SWEPT_AT_ONCE;
        let mut overlay = Overlay::new(&*self.index);
        for (name, value) in rows {
            overlay.forget(name.to_vec(), &parse_entry(value)?);
        }
        if done {
            overlay.finish_sweeping(space)?;
        }
        let effects = overlay.finish_unlogged(&self.ledger)?;
        self.index.apply(effects.ops)?;
        self.follower.send_replace(());
        self.ledger.take(&effects.notes);
        self.counters.show(&self.ledger);
        if done {
            self.wake_compactor();
        }
        self.large.discard_aside(effects.dropped);
        Ok(done)
    }
}

fn refuse_all(decided: Vec<Decided>, error: &Error) {
    decided
        .into_iter()
        .for_each(|decided| answer(decided.reply, Err(error.clone())));
}

/// A caller that went away wants no answer.
fn answer(reply: oneshot::Sender<Result<Answer>>, answer: Result<Answer>) {
    let _ = reply.send(answer);
}

/// A batch takes no more requests once it is so long.
const GATHERED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows of a removed space taken out of the index between two batches.
const SWEPT_AT_ONCE: usize = 1000;
/// A frame without home, value and body.
const ROW_ESTIMATE: usize = 256;
