//! Files of segments, made before they are needed: written with zeros, or kept from a segment that was given up. Appending
//! to such a file changes no metadata, so a batch costs one flush of the device and not two.
//!
//! Not here: beginning a segment ([`super::Log`]), and which spares there are ([`super::segments`]).
//!
//! Keeps true: a file under a segment's name has that name durably before it is handed over; what it holds is no part of
//! any log. If none is ready the log does without, and nobody waits for one.

use super::Segments;
use super::written::Written;
use crate::SyncPoint;
use crate::format::BLOCK;
use crate::health::Health;
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use countersign_engine::pieces::aligned_room;
use countersign_engine::world::{File, Files, Held, Mode};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// How long segments are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// No segment is prepared longer.
    pub(crate) bytes_max: u64,
}

impl Sizes {
    /// `wished`: the longest; on a small disk less.
    pub(crate) fn new(wished: u64, files: &dyn Files, dir: &std::path::Path) -> Sizes {
        let share = files
            .room(dir)
            .map_or(u64::MAX, |room| room.total / SHARE_OF_DISK);
        Sizes {
            bytes_max: wished.min(share.max(SHARE_BYTES_MIN)),
        }
    }

    /// The first ones are short, so that a small store is small.
    pub(crate) fn of(&self, segment: u64) -> u64 {
        let doublings = u32::try_from(segment.saturating_sub(1)).unwrap_or(u32::MAX);
        let grown = FIRST_BYTES.checked_shl(doublings.min(32)).unwrap_or(u64::MAX);
        grown.min(self.bytes_max).div_ceil(BLOCK) * BLOCK
    }
}

/// A file that waits to be begun.
pub(crate) struct Prepared {
    pub(super) segment: u64,
    pub(super) file: Arc<dyn File>,
    pub(super) bytes: u64,
}

/// The log's side: what is wanted, and what is ready.
pub(crate) struct Ahead {
    shared: Arc<Shared>,
    wake: mpsc::Sender<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// How much of the active segment is taken, in thousandths.
    filled: AtomicU64,
}

#[derive(Default)]
struct State {
    /// A segment that will be begun some time, and its length.
    wanted: Option<(u64, u64)>,
    ready: Option<Prepared>,
}

impl Ahead {
    /// The segment that is to be made ready.
    pub(super) fn want(&self, segment: u64, bytes: u64) {
        self.shared.state().wanted = Some((segment, bytes));
        // One call wakes it, whatever else is asked meanwhile.
        let _ = self.wake.try_send(());
    }

    /// The file for this segment, if it is ready. If not, it is not wanted any more.
    pub(super) fn take(&self, segment: u64) -> Option<Prepared> {
        let mut state = self.shared.state();
        state.wanted = None;
        state.ready.take().filter(|ready| ready.segment == segment)
    }

    /// Tells how far the active segment is taken. Whoever waits for it to get on is told in steps.
    pub(super) fn filled(&self, taken: u64, bytes: u64) {
        let filled = taken.saturating_mul(1000) / bytes.max(1);
        let before = self.shared.filled.swap(filled, Ordering::Relaxed);
        if filled / FILLED_STEP != before / FILLED_STEP {
            let _ = self.wake.try_send(());
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's side.
pub(crate) struct Preparer {
    shared: Arc<Shared>,
    woken: mpsc::Receiver<()>,
    segments: Arc<Segments>,
    reserve: Arc<Reserve>,
    health: Arc<Health>,
    tasks: Tasks,
    /// Held as long as this loop may write.
    _lock: Arc<Held>,
}

/// A file on its way to be a segment's.
struct Raw {
    path: PathBuf,
    /// The segment it was before, if it is a spare.
    spare: Option<u64>,
    file: Written,
    len: u64,
}

/// Both sides.
pub(crate) fn ahead(
    segments: Arc<Segments>,
    reserve: Arc<Reserve>,
    health: Arc<Health>,
    tasks: Tasks,
    lock: Arc<Held>,
) -> (Ahead, Preparer) {
    let (wake, woken) = mpsc::channel(1);
    let shared = Arc::new(Shared::default());
    let preparer = Preparer {
        shared: shared.clone(),
        woken,
        segments,
        reserve,
        health,
        tasks,
        _lock: lock,
    };
    (Ahead { shared, wake }, preparer)
}

impl Preparer {
    /// Works until the log is gone.
    pub(crate) async fn run(mut self) {
        while self.woken.recv().await.is_some() {
            // What fails here costs time later and nothing else; it is tried again for the next segment.
            let _ = self.prepare().await;
        }
    }

    /// Makes what is wanted now, if anything is.
    pub(super) async fn prepare(&mut self) -> io::Result<()> {
        if self.shared.state().wanted.is_none() {
            return Ok(());
        }
        let mut raw = self.raw()?;
        let done = self.make(&mut raw).await;
        if !matches!(done, Ok(true)) {
            match raw.spare {
                Some(number) => self.segments.add_spare(number),
                None => self.segments.files.remove(&raw.path)?,
            }
        }
        done.map(drop)
    }

    /// False if nothing is wanted any more, or there is no room for it.
    async fn make(&mut self, raw: &mut Raw) -> io::Result<bool> {
        loop {
            let Some((_, bytes)) = self.shared.state().wanted else {
                return Ok(false);
            };
            if !self.fill(raw, bytes).await? || self.health.check().is_err() {
                return Ok(false);
            }
            // A longer one may be wanted by now.
            if self.hand_over(raw)? {
                return Ok(true);
            }
        }
    }

    /// A spare, or a new file.
    fn raw(&self) -> io::Result<Raw> {
        if let Some((number, path, file)) = self.segments.take_spare() {
            let file = self.segments.written(file);
            let len = file.len()?;
            return Ok(Raw {
                path,
                spare: Some(number),
                file,
                len,
            });
        }
        let (path, file) = self.segments.new_file()?;
        let file = self.segments.written(file);
        let len = file.len()?;
        Ok(Raw {
            path,
            spare: None,
            file,
            len,
        })
    }

    /// Writes zeros up to the length, as far as the active segment's filling calls for it. False if the log is gone or there is no room.
    async fn fill(&mut self, raw: &mut Raw, bytes: u64) -> io::Result<bool> {
        if raw.len < bytes && !self.reserve.leaves(bytes - raw.len) {
            return Ok(false);
        }
        let mut zeros = aligned_room(STEP_BYTES as usize);
        zeros.resize(STEP_BYTES as usize, 0);
        let begins = raw.len;
        while raw.len < bytes {
            let step = STEP_BYTES.min(bytes - raw.len);
            raw.file
                .write_at(raw.len, zeros.get(..step as usize).unwrap_or(&zeros))?;
            raw.len += step;
            if (raw.len - begins).is_multiple_of(WRITE_OUT_BYTES) {
                raw.file.write_out()?;
            }
            if self.woken.is_closed() {
                return Ok(false);
            }
            self.tasks.turn().await;
            while raw.len < bytes && self.is_ahead(raw.len, bytes) {
                // Else a batch's sync would wait for it.
                raw.file.write_out()?;
                if self.woken.recv().await.is_none() {
                    return Ok(false);
                }
            }
        }
        raw.file.write_out()?;
        Ok(true)
    }

    /// True while the file is so far ahead of the active segment that the device is left to others.
    fn is_ahead(&self, len: u64, bytes: u64) -> bool {
        len * 1000 / bytes > self.shared.filled.load(Ordering::Relaxed) + AHEAD
    }

    /// Gives the file the name of the segment that is wanted now, if it fits.
    fn hand_over(&self, raw: &Raw) -> io::Result<bool> {
        // Nobody begins the segment meanwhile.
        let mut state = self.shared.state();
        let Some((segment, _)) = state.wanted.filter(|(_, bytes)| *bytes <= raw.len) else {
            return Ok(false);
        };
        let path = self.segments.path(segment);
        self.segments.files.rename(&raw.path, &path)?;
        state.wanted = None;
        let file = self.segments.files.open(&path, Mode::Write)?;
        let named = self
            .segments
            .files
            .sync_dir(&self.segments.dir, SyncPoint::LogAhead.name());
        match named {
            Ok(()) => {
                state.ready = Some(Prepared {
                    segment,
                    file,
                    bytes: raw.len,
                });
            }
            Err(error) => drop(
                self.health
                    .fail(format!("making a prepared segment's name durable: {error}")),
            ),
        }
        Ok(true)
    }
}

/// The first segment's length; the others double it.
const FIRST_BYTES: u64 = 8 * 1024 * 1024;
/// No segment is prepared longer than this part of the disk.
const SHARE_OF_DISK: u64 = 64;
/// However small the disk.
const SHARE_BYTES_MIN: u64 = 1024 * 1024;
/// Zeros are written in steps of so many bytes.
const STEP_BYTES: u64 = 1024 * 1024;
/// After so many bytes of zeros the cache is written out, so that no batch's sync waits for them.
const WRITE_OUT_BYTES: u64 = 4 * STEP_BYTES;
/// The file is kept further than the active segment by so many thousandths of its length.
const AHEAD: u64 = 300;
/// How far the active segment is taken is told in steps of so many thousandths.
const FILLED_STEP: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::world::Room;
    use countersign_engine::world::sim::Sim;

    #[test]
    fn segments_grow_and_a_small_disk_has_small_ones() {
        let of_max = |bytes_max: u64| {
            let sizes = Sizes { bytes_max };
            [1, 2, 3, 6, 7, 1000, u64::MAX].map(|segment| sizes.of(segment) >> 20)
        };
        assert_eq!(of_max(256 << 20), [8, 16, 32, 256, 256, 256, 256]);
        assert_eq!(of_max(20 << 20), [8, 16, 20, 20, 20, 20, 20]);
        assert_eq!(Sizes { bytes_max: 1 }.of(1), BLOCK);
        // The simulated disk is without end.
        let sim = Sim::new();
        let path = std::path::Path::new("/");
        assert_eq!(
            sim.room(path).unwrap(),
            Room {
                free: u64::MAX,
                total: u64::MAX
            }
        );
        assert_eq!(Sizes::new(256 << 20, &sim, path).bytes_max, 256 << 20);
    }
}
