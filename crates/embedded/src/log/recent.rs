//! The batches written last, kept in memory: what was just written is read without asking the system.
//!
//! Not here: anything that must outlive the process.
//!
//! Keeps true: bytes are the ones that the log holds at that place, and they are durable. There are never more than so
//! many of them, but for what readers still hold.

use crate::format::BLOCK;
use crate::format::batch::Start;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The usual bound, in bytes.
pub(crate) const RECENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The batches.
pub(crate) struct Recent {
    bytes_max: usize,
    batches: Mutex<Batches>,
}

#[derive(Default)]
struct Batches {
    /// In the order in which they were written, which is that of their places.
    queue: VecDeque<(Start, Bytes)>,
    bytes: usize,
}

impl Recent {
    pub(crate) fn new(bytes_max: usize) -> Recent {
        Recent {
            bytes_max,
            batches: Mutex::default(),
        }
    }

    /// Keeps a batch that is durable; those written longest ago make room for it.
    pub(super) fn add(&self, start: Start, batch: Bytes) {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.bytes += cost(&batch);
        batches.queue.push_back((start, batch));
        let mut gone = Vec::new();
        while batches.bytes > self.bytes_max
            && let Some((_, batch)) = batches.queue.pop_front()
        {
            batches.bytes -= cost(&batch);
            gone.push(batch);
        }
        // Memory is given back after readers may go on.
        drop(batches);
    }

    /// The bytes at this place, if they are here.
    pub(crate) fn get(&self, segment: u64, offset: u64, len: u64) -> Option<Bytes> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = batches
            .queue
            .partition_point(|(start, _)| (start.segment, start.offset) <= (segment, offset));
        let (start, batch) = batches.queue.get(behind.checked_sub(1)?)?;
        if start.segment != segment {
            return None;
        }
        let from = usize::try_from(offset.checked_sub(start.offset)?).ok()?;
        let until = from.checked_add(usize::try_from(len).ok()?)?;
        if until > batch.len() {
            return None;
        }
        let bytes = batch.slice(from..until);
        let is_large_part = bytes.len().saturating_mul(HELD_TIMES) >= batch.len();
        drop(batches);
        // Whoever reads slowly holds what it reads, and not a whole batch of others.
        Some(if is_large_part {
            bytes
        } else {
            Bytes::copy_from_slice(&bytes)
        })
    }
}

/// A reader holds at most so many times its body in memory.
const HELD_TIMES: usize = 4;

/// A batch takes its bytes, and what is lost to lie aligned.
fn cost(batch: &Bytes) -> usize {
    batch.len() + 2 * BLOCK as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_here_and_no_more_than_fits() {
        let recent = Recent::new(10 * BLOCK as usize);
        let batch = |number: u8, blocks: usize| Bytes::from(vec![number; blocks * BLOCK as usize]);
        let at = |segment, block: u64| Start {
            segment,
            offset: block * BLOCK,
        };
        recent.add(at(1, 1), batch(1, 1));
        recent.add(at(1, 2), batch(2, 2));
        assert_eq!(recent.get(1, BLOCK + 5, 3), Some(Bytes::from_static(&[1; 3])));
        assert_eq!(recent.get(1, 3 * BLOCK, BLOCK), Some(batch(2, 1)));
        for (segment, offset, len) in [
            (1, 0, 1),
            (2, BLOCK, 1),
            (0, BLOCK, 1),
            (1, 2 * BLOCK - 1, 2),
            (1, 4 * BLOCK, 1),
        ] {
            assert_eq!(recent.get(segment, offset, len), None, "{segment} {offset} {len}");
        }
        // Three blocks and four: the third batch takes another four, so the first goes.
        recent.add(at(2, 1), batch(3, 2));
        assert_eq!(recent.get(1, BLOCK, 1), None);
        assert_eq!(recent.get(1, 2 * BLOCK, 1), Some(Bytes::from_static(&[2])));
        assert_eq!(recent.get(2, BLOCK, 2 * BLOCK), Some(batch(3, 2)));
        // One that never fits drives all others out, and is not kept either.
        recent.add(at(2, 3), batch(4, 9));
        for block in 1..9 {
            assert_eq!(recent.get(2, block * BLOCK, 1), None);
        }
        let none = Recent::new(0);
        none.add(at(1, 1), batch(1, 1));
        assert_eq!(none.get(1, BLOCK, 1), None);
    }
}
