//! What every engine must do, as a suite that any engine runs.
//!
//! Not here: crashes (each engine's own tests) and speed. One limit is not reached, because no test writes 5 GiB:
//! `BODY_BYTES_MAX`, which `rules` checks for all engines.
//!
//! Keeps true: a case says something of the contract only, never of one engine.

mod bodies;
mod limits;
mod rows;
mod spaces;

use crate::{Body, Change, Class, Engine, Error, Guard, Home, Outcome, Put, Row, Space, Stored};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

/// An engine to be tested.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A new and empty engine.
    async fn fresh(&self) -> Arc<dyn Engine>;
    /// Closes an engine and opens what it left behind. An engine that keeps nothing answers it as it is.
    async fn reopen(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine>;
}

/// Runs every case, each on a fresh engine. Answers how many there are, or which one found what.
pub async fn run(subject: &dyn Subject) -> Result<usize, String> {
    let cases: Vec<_> = [rows::CASES, bodies::CASES, spaces::CASES, limits::CASES].concat();
    for (name, case) in &cases {
        let mut bench = Bench {
            subject,
            engine: Some(subject.fresh().await),
        };
        case(&mut bench)
            .await
            .map_err(|finding| format!("{name}: {finding}"))?;
    }
    Ok(cases.len())
}

/// What a case works on.
struct Bench<'a> {
    subject: &'a dyn Subject,
    /// `None` only while it is opened again.
    engine: Option<Arc<dyn Engine>>,
}

/// What a case found wrong.
struct Finding(String);

type Found = Result<(), Finding>;
type Case = for<'a> fn(&'a mut Bench<'_>) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;
type Named = (&'static str, Case);

/// Names the cases of a file.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Named] = &[$((stringify!($name), |bench| Box::pin($name(bench)))),*];
    };
}

/// A finding if something is not so.
macro_rules! hold {
    ($holds:expr, $($told:tt)+) => {
        if !$holds {
            return Err($crate::conformance::Finding(format!($($told)+)));
        }
    };
}

use {cases, hold};

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Finding {
    fn from(error: Error) -> Finding {
        Finding(format!("an unexpected error: {error}"))
    }
}

impl Bench<'_> {
    fn engine(&self) -> Result<&dyn Engine, Finding> {
        self.engine
            .as_deref()
            .ok_or_else(|| Finding("the engine did not come back".into()))
    }

    async fn reopen(&mut self) -> Found {
        if let Some(engine) = self.engine.take() {
            self.engine = Some(self.subject.reopen(engine).await);
        }
        Ok(())
    }
}

const SPACE: Space = Space::SYSTEM;

fn home(name: &str) -> Home {
    Home(Bytes::copy_from_slice(name.as_bytes()))
}

fn row(class: u8, suffix: &str) -> Row {
    Row {
        class: Class(class),
        suffix: Bytes::copy_from_slice(suffix.as_bytes()),
    }
}

fn put(row: Row, value: &str) -> Put {
    Put {
        row,
        value: Bytes::copy_from_slice(value.as_bytes()),
        body: None,
    }
}

fn put_body(row: Row, value: &str, body: Body) -> Put {
    Put {
        body: Some(body),
        ..put(row, value)
    }
}

fn guard(row: Row, expected: Option<&str>) -> Guard {
    Guard {
        row,
        expected: expected.map(|value| Bytes::copy_from_slice(value.as_bytes())),
    }
}

fn puts(puts: Vec<Put>) -> Change {
    Change {
        puts,
        ..Change::default()
    }
}

/// Bytes that no two places have in common.
fn pattern(len: usize) -> Bytes {
    (0..len)
        .map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8)
        .collect()
}

async fn done(engine: &dyn Engine, space: Space, home: &Home, change: Change) -> Found {
    match engine.commit(space, home, change).await? {
        Outcome::Done => Ok(()),
        Outcome::Refused(_) => Err(Finding("a commit without a failing guard was refused".into())),
    }
}

async fn stored(
    engine: &dyn Engine,
    space: Space,
    home: &Home,
    row: &Row,
) -> Result<Option<Stored>, Finding> {
    Ok(engine
        .get(space, home, std::slice::from_ref(row))
        .await?
        .pop()
        .flatten())
}

async fn value(engine: &dyn Engine, space: Space, home: &Home, row: &Row) -> Result<Option<Bytes>, Finding> {
    Ok(stored(engine, space, home, row).await?.map(|stored| stored.value))
}

/// The whole body of a row, read through its current reference.
async fn body(engine: &dyn Engine, space: Space, home: &Home, row: &Row) -> Result<Option<Bytes>, Finding> {
    let Some(reference) = stored(engine, space, home, row)
        .await?
        .and_then(|stored| stored.body)
    else {
        return Ok(None);
    };
    let Some(opened) = engine.open(&reference).await? else {
        return Err(Finding("the body of a row that was just read is gone".into()));
    };
    hold!(
        opened.len() == reference.len,
        "a body has {} bytes, its reference says {}",
        opened.len(),
        reference.len
    );
    Ok(Some(opened.read(0, opened.len() as usize).await?))
}

async fn staged(
    engine: &dyn Engine,
    space: Space,
    home: &Home,
    bytes: &Bytes,
    piece: usize,
) -> Result<Body, Finding> {
    let mut stage = engine.stage(space, home).await?;
    for start in (0..bytes.len()).step_by(piece.max(1)) {
        stage
            .write(bytes.slice(start..bytes.len().min(start + piece)))
            .await?;
    }
    let staged = stage.finish().await?;
    hold!(
        staged.len == bytes.len() as u64,
        "a stage counts {} bytes of {}",
        staged.len,
        bytes.len()
    );
    Ok(Body::Staged(staged))
}

/// Waits for all of them at once.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    std::future::poll_fn(|context| {
        for (future, result) in &mut running {
            if result.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *result = Some(ready);
            }
        }
        if running.iter().all(|(_, result)| result.is_some()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}
