//! An engine around another that counts, and fails when told to. Before every call it lets other tasks go first, so that
//! races happen.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::{
    BodyRef, Change, Class, Engine, Error, Found, Home, OpenBody, Outcome, Page, Result, Row, ScanRange,
    Seal, Soon, Space, Stage, Staged,
};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::task::yield_now;

/// What to do with one commit instead of just making it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing out of the ordinary.
    None,
    /// Make it and say that nobody knows.
    UnknownDone,
    /// Do not make it and say that nobody knows.
    UnknownLost,
}

pub(crate) struct Watched<E> {
    inner: E,
    stages_finished: Arc<AtomicUsize>,
    rows_scanned: AtomicUsize,
    /// For the next commits, in order.
    faults: Mutex<VecDeque<Fault>>,
    removals_to_fail: AtomicUsize,
}

impl<E> Watched<E> {
    pub(crate) fn new(inner: E) -> Watched<E> {
        Watched {
            inner,
            stages_finished: Arc::default(),
            rows_scanned: AtomicUsize::new(0),
            faults: Mutex::default(),
            removals_to_fail: AtomicUsize::new(0),
        }
    }

    pub(crate) fn stages_finished(&self) -> usize {
        self.stages_finished.load(Ordering::SeqCst)
    }

    pub(crate) fn take_rows_scanned(&self) -> usize {
        self.rows_scanned.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn fail_next_commits(&self, faults: &[Fault]) {
        self.faults.lock().expect("no panics").extend(faults);
    }

    pub(crate) fn end_faults(&self) {
        self.faults.lock().expect("no panics").clear();
    }

    pub(crate) fn fail_removals(&self, count: usize) {
        self.removals_to_fail.store(count, Ordering::SeqCst);
    }
}

#[async_trait]
impl<E: Engine> Engine for Watched<E> {
    async fn create(&self, space: Space) -> Result<()> {
        self.inner.create(space).await
    }

    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal> {
        self.inner.seal(space, empty).await
    }

    async fn remove(&self, space: Space) -> Result<()> {
        let fails = self
            .removals_to_fail
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match fails {
            Ok(_) => Err(Error::Unavailable("as told".into())),
            Err(_) => self.inner.remove(space).await,
        }
    }

    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>> {
        Soon::later(async move {
            yield_now().await;
            self.inner.get(space, home, rows).await
        })
    }

    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page> {
        yield_now().await;
        let page = self.inner.scan(space, class, range, max).await?;
        self.rows_scanned.fetch_add(page.rows.len(), Ordering::SeqCst);
        Ok(page)
    }

    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome> {
        yield_now().await;
        let fault = self
            .faults
            .lock()
            .expect("no panics")
            .pop_front()
            .unwrap_or(Fault::None);
        match fault {
            Fault::None => self.inner.commit(space, home, change).await,
            // What was refused is not in doubt.
            Fault::UnknownDone => match self.inner.commit(space, home, change).await? {
                Outcome::Done => Err(Error::MayHaveCommitted),
                refused @ Outcome::Refused(_) => Ok(refused),
            },
            Fault::UnknownLost => Err(Error::MayHaveCommitted),
        }
    }

    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>> {
        let inner = self.inner.stage(space, home).await?;
        Ok(Box::new(WatchedStage {
            inner,
            finished: Arc::clone(&self.stages_finished),
        }))
    }

    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>> {
        Soon::later(async move {
            yield_now().await;
            self.inner.open(body).await
        })
    }
}

struct WatchedStage {
    inner: Box<dyn Stage>,
    finished: Arc<AtomicUsize>,
}

#[async_trait]
impl Stage for WatchedStage {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.inner.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Staged> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        self.inner.finish().await
    }
}
