//! An index that takes changes at once and makes them a little later, so that who changes it never waits for its tree.
//!
//! The tree syncs its journal, makes new files and merges old ones while it holds what writers need; on a busy disk that takes
//! half a second. Here a change is held in memory, where it is seen, and a loop of its own makes what was gathered in one step.
//!
//! Not here: why nothing is lost. The log holds every change and the index is made anew from it.
//!
//! Keeps true: what is read is what all changes told so far add up to, at one moment. Changes reach the index in their order,
//! each whole: what is gathered is made in one step. What waits in memory has a limit; past it, who changes waits.

use super::{MetaIndex, Op, Snapshots, Step, Visit};
use crate::health::Health;
use crate::tasks::Tasks;
use bytes::Bytes;
use countersign_engine::{Error, Result};
use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::watch;

/// Changes by name; `None`: the name is gone.
type Changes = BTreeMap<Vec<u8>, Option<Bytes>>;

/// An index, and the changes that it does not hold yet.
pub(crate) struct Behind {
    index: Arc<dyn Snapshots>,
    waiting: RwLock<Waiting>,
    /// Held by whoever changes the index.
    changing: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    /// Told since the index was changed last.
    told: Changes,
    /// Being made. They are older than those told.
    making: Arc<Changes>,
    /// About how much is told.
    bytes: usize,
    /// Why the index takes no more changes.
    failed: Option<Error>,
}

impl Waiting {
    /// What waits for a name; `None`: nothing does.
    fn of(&self, name: &[u8]) -> Option<&Option<Bytes>> {
        self.told.get(name).or_else(|| self.making.get(name))
    }

    /// What waits for names from `from` (included) to `until` (excluded).
    fn range(&self, from: &[u8], until: &[u8]) -> Changes {
        let part = |changes: &Changes| -> Changes {
            let range =
                changes.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(until)));
            range.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let mut all = part(&self.making);
        all.extend(part(&self.told));
        all
    }
}

impl Behind {
    pub(crate) fn new(index: Arc<dyn Snapshots>) -> Behind {
        Behind {
            index,
            waiting: RwLock::default(),
            changing: Mutex::default(),
        }
    }

    /// Makes every change that was told before.
    fn catch_up(&self) -> Result<()> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let making = {
            let mut waiting = self.write();
            if let Some(failed) = &waiting.failed {
                return Err(failed.clone());
            }
            if waiting.told.is_empty() {
                return Ok(());
            }
            waiting.bytes = 0;
            waiting.making = Arc::new(mem::take(&mut waiting.told));
            waiting.making.clone()
        };
        let made = self.index.apply(ops_of(&making));
        let mut waiting = self.write();
        match &made {
            Ok(()) => waiting.making = Arc::default(),
            // They stay, so that what was acknowledged can be read.
            Err(error) => waiting.failed = Some(error.clone()),
        }
        made
    }

    fn read(&self) -> RwLockReadGuard<'_, Waiting> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Waiting> {
        self.waiting.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetaIndex for Behind {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let (mut found, snapshot) = {
            let waiting = self.read();
            let found: Vec<Option<Option<Bytes>>> =
                names.iter().map(|name| waiting.of(name).cloned()).collect();
            // Taken while nothing can change what waits, so that both are of one moment.
            let snapshot = found.iter().any(Option::is_none).then(|| self.index.snapshot());
            (found, snapshot)
        };
        if let Some(snapshot) = snapshot {
            let is_open = |at: &usize| found.get(*at).is_some_and(Option::is_none);
            let open: Vec<usize> = (0..names.len()).filter(is_open).collect();
            let asked: Vec<Vec<u8>> = open.iter().filter_map(|at| names.get(*at).cloned()).collect();
            for (at, value) in open.into_iter().zip(snapshot.get(&asked)?) {
                if let Some(place) = found.get_mut(at) {
                    *place = Some(value);
                }
            }
        }
        Ok(found.into_iter().map(Option::flatten).collect())
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        if from >= until {
            return Ok(());
        }
        let (ahead, snapshot) = {
            let waiting = self.read();
            (waiting.range(from, until), self.index.snapshot())
        };
        if ahead.is_empty() {
            return snapshot.walk(from, until, visit);
        }
        let mut merged = Merged {
            ahead: ahead.into_iter().peekable(),
            to: None,
            has_ended: false,
            visit,
        };
        snapshot.walk(from, until, &mut |name, value| merged.meet(name, value))?;
        merged.finish();
        Ok(())
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let is_full = {
            let mut waiting = self.write();
            if let Some(failed) = &waiting.failed {
                return Err(failed.clone());
            }
            for (name, value) in ops {
                waiting.bytes += name.len() + value.as_ref().map_or(0, Vec::len) + CHANGE_OVERHEAD;
                waiting.told.insert(name, value.map(Bytes::from));
            }
            waiting.bytes > WAITING_BYTES_MAX
        };
        if is_full { self.catch_up() } else { Ok(()) }
    }

    fn persist(&self) -> Result<()> {
        self.catch_up()?;
        self.index.persist()
    }

    fn clear(&self) -> Result<()> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        *self.write() = Waiting::default();
        self.index.clear()
    }
}

/// Changes as an index takes them.
fn ops_of(changes: &Changes) -> Vec<Op> {
    let op = |(name, value): (&Vec<u8>, &Option<Bytes>)| {
        (name.clone(), value.as_ref().map(|value| value.to_vec()))
    };
    changes.iter().map(op).collect()
}

/// A walk through the index with what waits laid over it.
struct Merged<'v, I: Iterator<Item = (Vec<u8>, Option<Bytes>)>> {
    ahead: std::iter::Peekable<I>,
    /// Names before this one are passed over.
    to: Option<Vec<u8>>,
    has_ended: bool,
    visit: Visit<'v>,
}

impl<I: Iterator<Item = (Vec<u8>, Option<Bytes>)>> Merged<'_, I> {
    /// The index shows a name.
    fn meet(&mut self, name: &[u8], value: &[u8]) -> Step {
        while let Some((waiting, changed)) = self.ahead.next_if(|(waiting, _)| waiting.as_slice() <= name) {
            let is_same = waiting == name;
            self.show(&waiting, changed.as_deref());
            if self.has_ended {
                return Step::End;
            }
            if is_same {
                return self.go_on();
            }
        }
        self.show(name, Some(value));
        self.go_on()
    }

    /// The index shows no more.
    fn finish(mut self) {
        while !self.has_ended
            && let Some((name, value)) = self.ahead.next()
        {
            self.show(&name, value.as_deref());
        }
    }

    fn show(&mut self, name: &[u8], value: Option<&[u8]>) {
        let is_passed_over = self.to.as_deref().is_some_and(|to| name < to);
        let Some(value) = value.filter(|_| !is_passed_over) else {
            return;
        };
        match (self.visit)(name, value) {
            Step::Next => self.to = None,
            Step::To(to) => self.to = Some(to),
            Step::End => self.has_ended = true,
        }
    }

    /// What the index is told.
    fn go_on(&self) -> Step {
        match (&self.to, self.has_ended) {
            (_, true) => Step::End,
            (Some(to), false) => Step::To(to.clone()),
            (None, false) => Step::Next,
        }
    }
}

/// The loop that makes the changes.
pub(crate) struct Follower {
    pub(crate) index: Arc<Behind>,
    /// Told after each change. Ends with the committer.
    pub(crate) due: watch::Receiver<()>,
    pub(crate) health: Arc<Health>,
    pub(crate) tasks: Tasks,
}

impl Follower {
    /// Works until the committer is gone.
    pub(crate) async fn run(mut self) {
        while self.due.changed().await.is_ok() {
            // A moment later there is more to be made in the same step.
            self.tasks.pause(GATHERED_FOR).await;
            self.due.borrow_and_update();
            if let Err(error) = self.index.catch_up() {
                self.health
                    .fail(format!("the index took no more changes: {error}"));
            }
        }
    }
}

/// About so much may wait.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a change takes beside its name and value.
const CHANGE_OVERHEAD: usize = 64;
/// Nobody waits for it, and each step has a price.
const GATHERED_FOR: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests;
