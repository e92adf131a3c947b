//! An engine that counts what it is asked, over any other, and lets something happen in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::{
    BodyRef, Change, Class, Engine, Found, Home, OpenBody, Outcome, Page, Result, Row, ScanRange, Seal, Soon,
    Space, Stage, Staged,
};

/// What happens before a read.
type Happening = Box<dyn FnOnce() + Send>;

/// What was asked so far.
#[derive(Default)]
pub(crate) struct Counts {
    reads: AtomicUsize,
    changes: AtomicUsize,
    largest_piece: AtomicUsize,
    happening: Mutex<Option<(usize, Happening)>>,
}

impl Counts {
    /// Calls that read, and calls that change something.
    pub(crate) fn so_far(&self) -> (usize, usize) {
        (
            self.reads.load(Ordering::SeqCst),
            self.changes.load(Ordering::SeqCst),
        )
    }

    /// The largest piece of a body that was read or staged at once.
    pub(crate) fn largest_piece(&self) -> usize {
        self.largest_piece.load(Ordering::SeqCst)
    }

    /// Lets something happen before so many reads from now have begun.
    pub(crate) fn before_read(&self, number: usize, happening: impl FnOnce() + Send + 'static) {
        let at = self.reads.load(Ordering::SeqCst) + number;
        *self.happening.lock().expect("nobody panics with it") = Some((at, Box::new(happening)));
    }

    fn read(&self) {
        let now = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        let mut happening = self.happening.lock().expect("nobody panics with it");
        let due = happening.take_if(|(at, _)| *at == now);
        drop(happening);
        if let Some((_, happen)) = due {
            happen();
        }
    }

    fn change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn piece(&self, len: usize) {
        self.largest_piece.fetch_max(len, Ordering::SeqCst);
    }
}

pub(crate) struct Watched {
    pub(crate) inner: Arc<dyn Engine>,
    pub(crate) counts: Arc<Counts>,
}

struct WatchedStage(Box<dyn Stage>, Arc<Counts>);
struct WatchedBody(Arc<dyn OpenBody>, Arc<Counts>);

#[async_trait]
impl Engine for Watched {
    async fn create(&self, space: Space) -> Result<()> {
        self.counts.change();
        self.inner.create(space).await
    }

    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal> {
        self.counts.change();
        self.inner.seal(space, empty).await
    }

    async fn remove(&self, space: Space) -> Result<()> {
        self.counts.change();
        self.inner.remove(space).await
    }

    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>> {
        self.counts.read();
        self.inner.get(space, home, rows)
    }

    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page> {
        self.counts.read();
        self.inner.scan(space, class, range, max).await
    }

    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome> {
        self.counts.change();
        self.inner.commit(space, home, change).await
    }

    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>> {
        self.counts.change();
        let stage = self.inner.stage(space, home).await?;
        Ok(Box::new(WatchedStage(stage, Arc::clone(&self.counts))))
    }

    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>> {
        self.counts.read();
        Soon::later(async move {
            let body = self.inner.open(body).await?;
            Ok(body.map(|body| Arc::new(WatchedBody(body, Arc::clone(&self.counts))) as _))
        })
    }
}

#[async_trait]
impl Stage for WatchedStage {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.1.piece(bytes.len());
        self.0.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Staged> {
        self.0.finish().await
    }
}

impl OpenBody for WatchedBody {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>> {
        self.1.piece(len);
        self.0.read(offset, len)
    }
}
