//! An engine in memory: complete, for tests and for trying things out.
//!
//! Not durable: what it holds ends with the last clone of it.
//!
//! Keeps true: it is the shortest reading of the contract. Where another engine answers differently, one of the
//! two has a fault.

use crate::rules;
use crate::{
    Body, BodyRef, Change, Class, Engine, Error, Found, Home, OpenBody, Outcome, Page, Position, Result, Row,
    ScanRange, Scanned, Seal, Soon, Space, Stage, Staged, Stored,
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The engine. Clones share what it holds.
#[derive(Clone, Default)]
pub struct Memory {
    spaces: Arc<Mutex<HashMap<Space, Held>>>,
}

impl Memory {
    /// An engine with nothing in it but the system's space.
    pub fn new() -> Memory {
        let memory = Memory::default();
        memory.lock().insert(Space::SYSTEM, Held::default());
        memory
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Space, Held>> {
        // Every change below is made only after all checks, so a panicking holder leaves whole rows behind.
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Engine for Memory {
    async fn create(&self, space: Space) -> Result<()> {
        match self.lock().entry(space).or_default().life {
            Life::Removed => Err(Error::Invalid("a space id is used twice")),
            Life::Open | Life::Sealed => Ok(()),
        }
    }

    async fn seal(&self, space: Space, empty: &[Class]) -> Result<Seal> {
        if space == Space::SYSTEM {
            return Err(Error::Invalid("the system's space cannot be sealed"));
        }
        let mut spaces = self.lock();
        let held = standing(&mut spaces, space)?;
        if held.life == Life::Open {
            if held.rows.keys().any(|place| empty.contains(&place.0)) {
                return Ok(Seal::NotEmpty);
            }
            held.life = Life::Sealed;
        }
        Ok(Seal::Sealed)
    }

    async fn remove(&self, space: Space) -> Result<()> {
        let mut spaces = self.lock();
        let held = spaces.get_mut(&space).ok_or(Error::NoSpace)?;
        if held.life == Life::Open {
            return Err(Error::Invalid("an unsealed space cannot be removed"));
        }
        *held = Held {
            life: Life::Removed,
            rows: BTreeMap::new(),
        };
        Ok(())
    }

    fn get<'a>(&'a self, space: Space, home: &'a Home, rows: &'a [Row]) -> Soon<'a, Result<Found>> {
        Soon::now(self.found(space, home, rows))
    }

    async fn scan(&self, space: Space, class: Class, range: ScanRange, max: usize) -> Result<Page> {
        rules::check_scan(&range, max)?;
        let mut spaces = self.lock();
        let held = standing(&mut spaces, space)?;
        let from = match range.from {
            Bound::Unbounded => Bound::Included((class, Bytes::new(), Bytes::new())),
            bound => bound.map(|position| (class, position.home, position.suffix)),
        };
        let mut page = Page::default();
        // The last row's group, whose other rows are passed over.
        let mut group: Option<Bytes> = None;
        for ((row_class, home, suffix), row) in held.rows.range((from, Bound::Unbounded)) {
            let position = Position {
                home: home.clone(),
                suffix: suffix.clone(),
            };
            let inside = match &range.until {
                Bound::Unbounded => true,
                Bound::Included(until) => position <= *until,
                Bound::Excluded(until) => position < *until,
            };
            if *row_class != class || !inside {
                break;
            }
            if group
                .as_ref()
                .is_some_and(|group| position.home.starts_with(group))
            {
                continue;
            }
            if page.rows.len() == max {
                page.more = true;
                break;
            }
            let fold = range.fold.as_ref();
            group = fold.and_then(|fold| Some(home.slice_ref(fold.group(home)?)));
            page.rows.push(Scanned {
                position,
                value: row.value.clone(),
            });
        }
        Ok(page)
    }

    async fn commit(&self, space: Space, home: &Home, change: Change) -> Result<Outcome> {
        rules::check_change(home, &change)?;
        let mut spaces = self.lock();
        let held = standing(&mut spaces, space)?;
        if held.life == Life::Sealed {
            return Err(Error::Sealed);
        }
        let now: Vec<_> = change
            .guards
            .iter()
            .map(|guard| {
                held.rows
                    .get(&place(home, &guard.row))
                    .map(|row| row.value.clone())
            })
            .collect();
        if now
            .iter()
            .zip(&change.guards)
            .any(|(now, guard)| *now != guard.expected)
        {
            return Ok(Outcome::Refused(now));
        }
        // Everything that can refuse is asked before a staged body is taken.
        for put in &change.puts {
            match &put.body {
                Some(Body::Staged(staged)) => drop(self.staged(space, home, staged)?.bytes()?),
                Some(Body::Of(row)) => drop(body_of(held, home, row)?),
                Some(Body::Bytes(_)) | None => {}
            }
        }
        let mut written = Vec::with_capacity(change.puts.len());
        for put in change.puts {
            let body = match put.body {
                None => None,
                Some(Body::Bytes(bytes)) => Some(Arc::new(bytes)),
                Some(Body::Staged(staged)) => Some(Arc::new(self.staged(space, home, &staged)?.take()?)),
                Some(Body::Of(row)) => Some(body_of(held, home, &row)?),
            };
            written.push((
                place(home, &put.row),
                HeldRow {
                    value: put.value,
                    body,
                },
            ));
        }
        for row in &change.deletes {
            held.rows.remove(&place(home, row));
        }
        held.rows.extend(written);
        Ok(Outcome::Done)
    }

    async fn stage(&self, space: Space, home: &Home) -> Result<Box<dyn Stage>> {
        rules::check_home(home)?;
        let mut spaces = self.lock();
        if standing(&mut spaces, space)?.life == Life::Sealed {
            return Err(Error::Sealed);
        }
        let engine = Arc::downgrade(&self.spaces);
        Ok(Box::new(MemoryStage {
            engine,
            space,
            home: home.clone(),
            bytes: BytesMut::new(),
        }))
    }

    fn open<'a>(&'a self, body: &'a BodyRef) -> Soon<'a, Result<Option<Arc<dyn OpenBody>>>> {
        let Some(bytes) = body.place.downcast_ref::<Weak<Bytes>>() else {
            return Soon::now(Err(Error::Invalid("a body of another engine")));
        };
        let opened = bytes.upgrade().map(|bytes| Arc::new(MemoryBody(bytes)) as _);
        Soon::now(Ok(opened))
    }
}

impl Memory {
    fn found(&self, space: Space, home: &Home, rows: &[Row]) -> Result<Found> {
        rules::check_get(home, rows)?;
        let mut spaces = self.lock();
        let held = standing(&mut spaces, space)?;
        Ok(rows
            .iter()
            .map(|row| held.rows.get(&place(home, row)).map(HeldRow::stored))
            .collect())
    }

    fn staged<'a>(&self, space: Space, home: &Home, staged: &'a Staged) -> Result<&'a MemoryStaged> {
        let foreign = Error::Invalid("a staged body of another engine");
        let Some(staged) = staged.handle.downcast_ref::<MemoryStaged>() else {
            return Err(foreign);
        };
        if !staged.engine.ptr_eq(&Arc::downgrade(&self.spaces)) {
            return Err(foreign);
        }
        if (staged.space, &staged.home) != (space, home) {
            return Err(Error::Invalid("a body staged for another home"));
        }
        Ok(staged)
    }
}

/// What is known of a space.
#[derive(Default)]
struct Held {
    life: Life,
    rows: BTreeMap<(Class, Bytes, Bytes), HeldRow>,
}

/// A space goes down this list and never up. A removed one is remembered, so that its id is not used twice.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Life {
    #[default]
    Open,
    Sealed,
    Removed,
}

/// A row; it alone keeps its body alive, so that an old [`BodyRef`] finds out that the body is gone.
struct HeldRow {
    value: Bytes,
    body: Option<Arc<Bytes>>,
}

impl HeldRow {
    fn stored(&self) -> Stored {
        let body = self.body.as_ref().map(|bytes| BodyRef {
            len: bytes.len() as u64,
            place: Arc::new(Arc::downgrade(bytes)),
        });
        Stored {
            value: self.value.clone(),
            body,
        }
    }
}

fn standing(spaces: &mut HashMap<Space, Held>, space: Space) -> Result<&mut Held> {
    spaces
        .get_mut(&space)
        .filter(|held| held.life != Life::Removed)
        .ok_or(Error::NoSpace)
}

fn place(home: &Home, row: &Row) -> (Class, Bytes, Bytes) {
    (row.class, home.0.clone(), row.suffix.clone())
}

fn body_of(held: &Held, home: &Home, row: &Row) -> Result<Arc<Bytes>> {
    let body = held.rows.get(&place(home, row)).and_then(|row| row.body.clone());
    body.ok_or(Error::Invalid("a body is taken from a row that has none"))
}

struct MemoryStage {
    engine: Weak<Mutex<HashMap<Space, Held>>>,
    space: Space,
    home: Home,
    bytes: BytesMut,
}

struct MemoryStaged {
    engine: Weak<Mutex<HashMap<Space, Held>>>,
    space: Space,
    home: Home,
    /// `None` once a commit took it.
    bytes: Mutex<Option<Bytes>>,
}

impl MemoryStaged {
    fn bytes(&self) -> Result<Bytes> {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.clone().ok_or(rules::STAGED_TWICE)
    }

    fn take(&self) -> Result<Bytes> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.take().ok_or(rules::STAGED_TWICE)
    }
}

#[async_trait]
impl Stage for MemoryStage {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        rules::grown(self.bytes.len() as u64, bytes.len())?;
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Staged> {
        let MemoryStage {
            engine,
            space,
            home,
            bytes,
        } = *self;
        Ok(Staged {
            len: bytes.len() as u64,
            handle: Arc::new(MemoryStaged {
                engine,
                space,
                home,
                bytes: Mutex::new(Some(bytes.freeze())),
            }),
        })
    }
}

struct MemoryBody(Arc<Bytes>);

impl MemoryBody {
    fn piece(&self, offset: u64, len: usize) -> Result<Bytes> {
        rules::check_read(self.len(), offset, len)?;
        let start = usize::try_from(offset).map_err(|_| Error::Invalid("a read past the end of the body"))?;
        Ok(self.0.slice(start..start + len))
    }
}

impl OpenBody for MemoryBody {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>> {
        Soon::now(self.piece(offset, len))
    }
}
