//! Buffers for reading bodies, used again once nobody holds their bytes.
//!
//! Not here: what is read into them. A buffer may hold bytes of an earlier body until it is filled; it is handed out only
//! after it was filled whole.
//!
//! Keeps true: what lies here unused is bounded. Memory that is taken from the operating system and given back for each
//! piece of a body costs more than the copying of the piece.

use bytes::Bytes;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A buffer of one length.
pub(crate) struct Buffer {
    memory: Vec<u8>,
    len: usize,
}

/// A buffer of so many bytes, whatever they are.
pub(crate) fn take(len: usize) -> Buffer {
    let memory = match class(len) {
        Some(class) => lock(class).pop().unwrap_or_else(|| vec![0; class.bytes]),
        None => vec![0; len],
    };
    Buffer { memory, len }
}

impl Buffer {
    /// The bytes, to be shared. The memory comes back once the last of them is dropped.
    pub(crate) fn freeze(mut self) -> Bytes {
        if class(self.len).is_none() {
            return Bytes::from(std::mem::take(&mut self.memory));
        }
        Bytes::from_owner(self)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(class) = class(self.len).filter(|class| class.bytes == self.memory.len()) else {
            return;
        };
        let mut unused = lock(class);
        if unused.len() < UNUSED_BYTES_MAX / class.bytes {
            unused.push(std::mem::take(&mut self.memory));
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(..self.len).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Buffers of one size.
struct Class {
    bytes: usize,
    unused: Mutex<Vec<Vec<u8>>>,
}

/// The smallest size that holds `len`; `None` where the allocator is as fast, and above the largest read.
fn class(len: usize) -> Option<&'static Class> {
    CLASSES
        .iter()
        .find(|class| class.bytes >= len)
        .filter(|_| len >= POOLED_BYTES_MIN)
}

fn lock(class: &Class) -> MutexGuard<'_, Vec<Vec<u8>>> {
    // A push or a pop is whole or did not happen.
    class.unused.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn sized(bytes: usize) -> Class {
    Class {
        bytes,
        unused: Mutex::new(Vec::new()),
    }
}

static CLASSES: [Class; 3] = [sized(64 * 1024), sized(256 * 1024), sized(1024 * 1024)];
/// Shorter reads take memory from the allocator.
const POOLED_BYTES_MIN: usize = 32 * 1024;
/// Most bytes that lie unused in buffers of one size.
const UNUSED_BYTES_MAX: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_its_length_and_its_bytes() {
        for len in [
            1,
            4096,
            POOLED_BYTES_MIN,
            64 * 1024,
            64 * 1024 + 1,
            1 << 20,
            (1 << 20) + 1,
        ] {
            let mut buffer = take(len);
            assert_eq!(buffer.len(), len);
            buffer.fill(7);
            let bytes = buffer.freeze();
            assert_eq!(bytes.len(), len);
            assert!(bytes.iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn what_lies_unused_is_bounded() {
        for bytes in CLASSES.iter().map(|class| class.bytes) {
            let taken: Vec<_> = (0..2 * UNUSED_BYTES_MAX / bytes)
                .map(|_| take(bytes).freeze())
                .collect();
            drop(taken);
            let class = class(bytes).expect("a size of ours");
            let unused = lock(class).len() * class.bytes;
            assert!(unused > 0 && unused <= UNUSED_BYTES_MAX, "{unused} of {bytes}");
        }
    }
}
