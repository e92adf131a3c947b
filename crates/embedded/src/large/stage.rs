//! A large body on its way in: each piece is written while the next one is received, and what a finished stage hands to
//! a commit.
//!
//! Not here: names, numbers and what makes a file durable ([`super::LargeFiles`]).
//!
//! Keeps true: of one stage at most one piece is being written and one is being filled. What is written is off the
//! serving threads, and past the page cache where the file system allows it: a body that is larger than memory would
//! only throw out what others read, and be throttled for it. A file that no commit took is removed.

use super::LargeFiles;
use crate::format::{At, BLOCK, LARGE_SUM_BYTES, Placed, crc32c};
use crate::health::unavailable;
use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::pieces::{PIECE_ALIGNMENT, PIECE_BYTES, Pieces, is_aligned};
use countersign_engine::world::File;
use countersign_engine::{Error, Home, Result, Space, Stage, Staged, rules};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

const _: () = assert!(PIECE_BYTES == LARGE_SUM_BYTES && PIECE_ALIGNMENT as u64 == BLOCK);

/// A file that no row refers to yet. Dropped, it is removed, unless a commit took it.
pub(crate) struct Unowned {
    large: Arc<LargeFiles>,
    id: u64,
    is_taken: AtomicBool,
}

impl Unowned {
    /// True if it lies among these files.
    pub(crate) fn is_of(&self, large: &Arc<LargeFiles>) -> bool {
        Arc::ptr_eq(&self.large, large)
    }

    /// True if a commit took it.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Acquire)
    }
}

impl Drop for Unowned {
    fn drop(&mut self) {
        if *self.is_taken.get_mut() {
            return;
        }
        self.large.discard_aside(vec![self.id]);
    }
}

/// A staged file in a commit that is not durable yet. Dropped, the commit gives it back.
pub(crate) struct Taken(Option<Arc<StagedFile>>);

impl Taken {
    /// Only one commit at a time takes a file: the log's thread, which asked [`Unowned::is_taken`] before.
    pub(crate) fn new(staged: Arc<StagedFile>) -> Taken {
        staged.file.is_taken.store(true, Ordering::Release);
        Taken(Some(staged))
    }

    /// A row refers to it now, or may do so after the next start.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(staged) = &self.0 {
            staged.file.is_taken.store(false, Ordering::Release);
        }
    }
}

/// What a finished stage hands to a commit.
pub(crate) struct StagedFile {
    /// Where it was staged for.
    pub(crate) space: Space,
    /// Where it was staged for.
    pub(crate) home: Home,
    /// Place and checksums.
    pub(crate) placed: Placed,
    /// The file.
    pub(crate) file: Unowned,
}

/// A body that is being received.
pub(crate) struct LargeStage {
    space: Space,
    home: Home,
    len: u64,
    pieces: Pieces,
    at_work: AtWork,
}

/// The part of a stage that blocks; it moves to another thread and back.
struct Writing {
    large: Arc<LargeFiles>,
    out: Out,
    unowned: Unowned,
    sums: Vec<u32>,
}

/// The file, and how far it is written.
struct Out {
    file: Arc<dyn File>,
    /// The same file past the page cache, as long as that works.
    direct: Option<Arc<dyn File>>,
    offset: u64,
}

/// Where that part is.
enum AtWork {
    Here(Box<Writing>),
    /// Writing a piece.
    There(oneshot::Receiver<Result<Box<Writing>>>),
    /// It failed.
    Gone,
}

impl LargeStage {
    pub(crate) fn begin(large: &Arc<LargeFiles>, space: Space, home: Home) -> Result<LargeStage> {
        large.health.check()?;
        let failed = |error: io::Error| unavailable("making a file for a body", &error);
        let (id, file) = large.create().map_err(failed)?;
        let unowned = Unowned {
            large: large.clone(),
            id,
            is_taken: AtomicBool::new(false),
        };
        let writing = Writing {
            large: large.clone(),
            out: Out {
                direct: file.past_cache(),
                file,
                offset: 0,
            },
            unowned,
            sums: Vec::new(),
        };
        Ok(LargeStage {
            space,
            home,
            len: 0,
            pieces: Pieces::default(),
            at_work: AtWork::Here(Box::new(writing)),
        })
    }

    /// Waits for the piece that is being written.
    async fn settled(&mut self) -> Result<Box<Writing>> {
        match std::mem::replace(&mut self.at_work, AtWork::Gone) {
            AtWork::Here(writing) => Ok(writing),
            AtWork::There(written) => written
                .await
                .unwrap_or_else(|_| Err(Error::Unavailable("a storage task ended early".into()))),
            AtWork::Gone => Err(Error::Invalid("a stage is used after it failed")),
        }
    }

    /// Begins to write a piece, once the one before is written.
    async fn write_out(&mut self, piece: Bytes) -> Result<()> {
        let mut writing = self.settled().await?;
        let (answer, written) = oneshot::channel();
        self.at_work = AtWork::There(written);
        let tasks = writing.large.tasks.clone();
        tasks.aside(move || {
            let done = writing.write(&piece).map(|()| writing);
            // Nobody waits if the stage was dropped; then the file goes.
            let _ = answer.send(done);
        });
        Ok(())
    }
}

#[async_trait]
impl Stage for LargeStage {
    async fn write(&mut self, mut bytes: Bytes) -> Result<()> {
        self.len = rules::grown(self.len, bytes.len())?;
        while let Some(piece) = self.pieces.next(&mut bytes) {
            self.write_out(piece).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Staged> {
        let mut writing = self.settled().await?;
        let rest = self.pieces.rest();
        let (space, home, len) = (self.space, self.home, self.len);
        let tasks = writing.large.tasks.clone();
        tasks
            .blocking(move || {
                if !rest.is_empty() {
                    writing.write(&rest)?;
                }
                let (placed, file) = writing.made_durable(len)?;
                Ok(Staged {
                    len,
                    handle: Arc::new(StagedFile {
                        space,
                        home,
                        placed,
                        file,
                    }),
                })
            })
            .await
    }
}

impl Writing {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        if !self.large.reserve.leaves(piece.len() as u64) {
            return Err(Error::Full);
        }
        self.out
            .write(piece)
            .map_err(|error| unavailable("writing a body", &error))?;
        self.sums.extend(piece.chunks(LARGE_SUM_BYTES).map(crc32c));
        Ok(())
    }

    fn made_durable(self, len: u64) -> Result<(Placed, Unowned)> {
        self.large.health.check()?;
        if let Err(error) = self.large.sync(self.unowned.id, &*self.out.file) {
            let why = format!("making a body durable: {error}");
            return Err(self.large.health.fail(why));
        }
        let placed = Placed {
            len,
            at: At::Large { id: self.unowned.id },
            sums: self.sums.into(),
        };
        Ok((placed, self.unowned))
    }
}

impl Out {
    /// Whole blocks past the page cache, the rest through it.
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let whole = piece.len() - piece.len() % PIECE_ALIGNMENT;
        let (blocks, mut rest) = piece.split_at(whole);
        let direct = self.direct.as_ref().filter(|_| whole > 0 && is_aligned(piece));
        match direct.map(|direct| direct.write_at(self.offset, blocks)) {
            Some(Ok(())) => self.offset += blocks.len() as u64,
            None => rest = piece,
            // Some file systems open a file so and then do not take it.
            Some(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                (self.direct, rest) = (None, piece);
            }
            Some(Err(error)) => return Err(error),
        }
        if !rest.is_empty() {
            self.file.write_at(self.offset, rest)?;
            self.offset += rest.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    /// One way into a file: what was written and how much at once.
    struct Way {
        bytes: Arc<Mutex<Vec<u8>>>,
        lengths: Mutex<Vec<usize>>,
        refuses: Option<io::ErrorKind>,
    }

    impl File for Way {
        fn len(&self) -> io::Result<u64> {
            Ok(lock(&self.bytes).len() as u64)
        }

        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            lock(&self.lengths).push(bytes.len());
            if let Some(kind) = self.refuses {
                return Err(kind.into());
            }
            let mut written = lock(&self.bytes);
            assert_eq!(written.len() as u64, offset, "a hole or a second time");
            written.extend_from_slice(bytes);
            Ok(())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn write_out(&self) -> io::Result<()> {
            Ok(())
        }

        fn sync(&self, _: &'static str) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a whole piece and a last one, and says what went through the page cache and what past it, in which lengths.
    fn check(refuses: Option<io::ErrorKind>) -> io::Result<(Vec<usize>, Vec<usize>)> {
        let body: Bytes = (0..PIECE_BYTES + 2 * PIECE_ALIGNMENT + 5)
            .map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8)
            .collect();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let way = |refuses| {
            Arc::new(Way {
                bytes: bytes.clone(),
                lengths: Mutex::default(),
                refuses,
            })
        };
        let (cached, direct) = (way(None), way(refuses));
        let mut out = Out {
            file: cached.clone(),
            direct: Some(direct.clone()),
            offset: 0,
        };
        let (mut pieces, mut rest) = (Pieces::default(), body.clone());
        while let Some(piece) = pieces.next(&mut rest) {
            out.write(&piece)?;
        }
        out.write(&pieces.rest())?;
        assert!(*lock(&bytes) == body, "other bytes are written");
        let lengths = |way: &Way| std::mem::take(&mut *lock(&way.lengths));
        Ok((lengths(&cached), lengths(&direct)))
    }

    #[test]
    fn whole_blocks_are_written_past_the_page_cache() {
        let found = check(None).ok();
        assert_eq!(found, Some((vec![5], vec![PIECE_BYTES, 2 * PIECE_ALIGNMENT])));
    }

    #[test]
    fn a_file_system_that_takes_no_direct_writes_is_written_through_the_page_cache() {
        let found = check(Some(io::ErrorKind::InvalidInput)).ok();
        let all = vec![PIECE_BYTES, 2 * PIECE_ALIGNMENT + 5];
        assert_eq!(found, Some((all, vec![PIECE_BYTES])));
    }

    #[test]
    fn any_other_failure_is_one() {
        let failed = check(Some(io::ErrorKind::StorageFull)).map_err(|error| error.kind());
        assert_eq!(failed, Err(io::ErrorKind::StorageFull));
    }
}
