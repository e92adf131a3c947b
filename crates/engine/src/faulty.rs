//! An engine that goes wrong on purpose, in front of one that does not.
//!
//! Not here: faults that break the contract. Whoever stands above must cope with everything that this engine does.
//!
//! Keeps true: the same plan on the same calls does the same. After [`Fault::Failed`] no write succeeds any more.

use crate::world::random::Seeded;
use crate::{
    BodyRef, Change, Class, Engine, Error, Found, Home, OpenBody, Outcome, Page, Result, Row, ScanRange,
    Seal, Soon, Space, Stage, Staged,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call answers [`Error::Unavailable`] and does nothing.
    Unavailable,
    /// A write answers [`Error::Full`] and does nothing. Reads go on.
    Full,
    /// A write is done, and answers [`Error::MayHaveCommitted`]. Reads go on.
    Applied,
    /// A write is not done, and answers [`Error::MayHaveCommitted`]. Reads go on.
    NotApplied,
    /// From now on all writes answer [`Error::Failed`]. Reads go on.
    Failed,
    /// The call gives way so many times before it is done.
    Delayed(u32),
}

/// How often what goes wrong, in calls of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odds {
    /// Of [`Fault::Unavailable`].
    pub unavailable: usize,
    /// Of [`Fault::Full`].
    pub full: usize,
    /// Of [`Fault::Applied`].
    pub applied: usize,
    /// Of [`Fault::NotApplied`].
    pub not_applied: usize,
    /// Of [`Fault::Delayed`], up to eight times.
    pub delayed: usize,
}

/// What goes wrong when.
#[derive(Debug)]
pub struct Plan {
    script: VecDeque<Option<Fault>>,
    random: Seeded,
    odds: Odds,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn none() -> Plan {
        Plan::seeded(0, Odds::default())
    }

    /// Goes wrong by chance; the seed repeats it.
    pub fn seeded(seed: u64, odds: Odds) -> Plan {
        Plan {
            script: VecDeque::new(),
            random: Seeded::new(seed),
            odds,
        }
    }

    /// One entry for each of the next calls; nothing goes wrong after them.
    pub fn script(faults: impl IntoIterator<Item = Option<Fault>>) -> Plan {
        Plan {
            script: faults.into_iter().collect(),
            ..Plan::none()
        }
    }

    fn next(&mut self) -> Option<Fault> {
        if let Some(fault) = self.script.pop_front() {
            return fault;
        }
        let mut drawn = self.random.below(1000);
        let Odds {
            unavailable,
            full,
            applied,
            not_applied,
            delayed,
        } = self.odds;
        let faults = [
            (unavailable, Fault::Unavailable),
            (full, Fault::Full),
            (applied, Fault::Applied),
            (not_applied, Fault::NotApplied),
            (delayed, Fault::Delayed(1 + self.random.below(8) as u32)),
        ];
        for (odds, fault) in faults {
            if drawn < odds {
                return Some(fault);
            }
            drawn -= odds;
        }
        None
    }
}

/// The engine that goes wrong.
pub struct Faulty {
    inner: Arc<dyn Engine>,
    faults: Arc<Faults>,
}

struct Faults {
    state: Mutex<State>,
}

struct State {
    plan: Plan,
    failed: bool,
}

/// Whether a write is done, and what it answers then.
enum Write {
    Do,
    DoAndDoubt,
}

impl Faulty {
    /// Puts a plan in front of an engine.
    pub fn new(inner: Arc<dyn Engine>, plan: Plan) -> Faulty {
        let state = Mutex::new(State { plan, failed: false });
        Faulty {
            inner,
            faults: Arc::new(Faults { state }),
        }
    }

    /// Goes on by another plan; a failure is over, as if the engine had been opened again.
    pub fn plan(&self, plan: Plan) {
        *self.faults.state.lock().unwrap_or_else(PoisonError::into_inner) = State { plan, failed: false };
    }
}

impl Faults {
    fn draw(&self) -> (Option<Fault>, bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = state.plan.next();
        state.failed |= fault == Some(Fault::Failed);
        (fault, state.failed)
    }

    async fn read(&self) -> Result<()> {
        match self.draw().0 {
            Some(Fault::Unavailable) => Err(unavailable()),
            Some(Fault::Delayed(times)) => {
                give_way(times).await;
                Ok(())
            }
            Some(Fault::Full | Fault::Applied | Fault::NotApplied | Fault::Failed) | None => Ok(()),
        }
    }

    async fn write(&self) -> Result<Write> {
        let (fault, failed) = self.draw();
        if failed {
            return Err(Error::Failed("a planned failure".into()));
        }
        match fault {
            None | Some(Fault::Failed) => Ok(Write::Do),
            Some(Fault::Unavailable) => Err(unavailable()),
            Some(Fault::Full) => Err(Error::Full),
            Some(Fault::NotApplied) => Err(Error::MayHaveCommitted),
            Some(Fault::Applied) => Ok(Write::DoAndDoubt),
            Some(Fault::Delayed(times)) => {
                give_way(times).await;
                Ok(Write::Do)
            }
        }
    }
}

impl Write {
    /// What a write that was done answers. What was refused for itself is told as it is: it changed nothing.
    fn answer<T>(&self, done: Result<T>) -> Result<T> {
        match self {
            Write::DoAndDoubt if done.is_ok() => Err(Error::MayHaveCommitted),
            Write::Do | Write::DoAndDoubt => done,
        }
    }
}

#[async_trait]
impl Engine for Faulty {
    async fn create(&self, space: Space) -> Result<()> {
        self.faults.write().await?.answer(self.inner.create(space).await)
    }

    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal> {
        self.faults
            .write()
            .await?
            .answer(self.inner.seal(space, empty).await)
    }

    async fn remove(&self, space: Space) -> Result<()> {
        self.faults.write().await?.answer(self.inner.remove(space).await)
    }

    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>> {
        Soon::later(async move {
            self.faults.read().await?;
            self.inner.get(space, home, rows).await
        })
    }

    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page> {
        self.faults.read().await?;
        self.inner.scan(space, class, range, max).await
    }

    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome> {
        self.faults
            .write()
            .await?
            .answer(self.inner.commit(space, home, change).await)
    }

    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>> {
        // Staging promises nothing, so there is nothing to doubt.
        let _ = in_staging(self.faults.write().await)?;
        let stage = self.inner.stage(space, home).await?;
        Ok(Box::new(FaultyStage {
            stage,
            faults: self.faults.clone(),
        }))
    }

    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>> {
        Soon::later(async move {
            self.faults.read().await?;
            let opened = self.inner.open(body).await?;
            Ok(opened.map(|body| {
                Arc::new(FaultyBody {
                    body,
                    faults: self.faults.clone(),
                }) as _
            }))
        })
    }
}

struct FaultyStage {
    stage: Box<dyn Stage>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Stage for FaultyStage {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let _ = in_staging(self.faults.write().await)?;
        self.stage.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Staged> {
        let _ = in_staging(self.faults.write().await)?;
        self.stage.finish().await
    }
}

struct FaultyBody {
    body: Arc<dyn OpenBody>,
    faults: Arc<Faults>,
}

impl OpenBody for FaultyBody {
    fn len(&self) -> u64 {
        self.body.len()
    }

    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>> {
        Soon::later(async move {
            self.faults.read().await?;
            self.body.read(offset, len).await
        })
    }
}

fn in_staging(write: Result<Write>) -> Result<Write> {
    match write {
        Err(Error::MayHaveCommitted) => Err(unavailable()),
        other => other,
    }
}

fn unavailable() -> Error {
    Error::Unavailable("a planned fault".into())
}

/// Lets others run, so many times.
async fn give_way(times: u32) {
    for _ in 0..times {
        let mut waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
