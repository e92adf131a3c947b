//! Reading bodies back, block by block, each against its checksum.
//!
//! Keeps true: no byte is handed out that was not checked. A body stays readable while it is open, because its file
//! is open.

use crate::buffers;
use crate::format::{At, Placed, crc32c, entry};
use crate::tasks::Tasks;
use bytes::Bytes;
use countersign_engine::world::File;
use countersign_engine::{Error, OpenBody, Result, Soon, rules};
use std::io;
use std::sync::Arc;

/// What a [`countersign_engine::BodyRef`] of this engine carries.
pub(crate) struct Place {
    /// Where the body lies.
    pub(crate) placed: Placed,
    /// The row it belongs to, for messages.
    pub(crate) owner: Owner,
}

impl Place {
    /// Holds bytes against their checksums; they begin with this block.
    fn check(&self, first: u64, bytes: &[u8]) -> Result<()> {
        for (number, bytes) in bytes.chunks(self.placed.at.sum_bytes()).enumerate() {
            let number = first as usize + number;
            if self.placed.sums.get(number) != Some(&crc32c(bytes)) {
                return Err(self
                    .owner
                    .corrupt(&format!("block {number} does not match its checksum")));
            }
        }
        Ok(())
    }
}

/// A row, by its name in the index.
pub(crate) struct Owner(pub(crate) Vec<u8>);

impl Owner {
    /// Says what is wrong with the row's body.
    pub(crate) fn corrupt(&self, what: &str) -> Error {
        let Some((space, home, row)) = entry::parse_row_name(&self.0) else {
            return Error::Corrupt(format!("body of a row: {what}"));
        };
        let (home, suffix) = (home.0.escape_ascii(), row.suffix.escape_ascii());
        let (class, space) = (row.class.0, space.0);
        Error::Corrupt(format!(
            "body of row `{home}` `{suffix}` (class {class}, space {space}): {what}"
        ))
    }
}

/// A pinned body.
#[derive(Clone)]
pub(crate) struct Pinned {
    pub(crate) file: Arc<dyn File>,
    pub(crate) place: Arc<Place>,
    pub(crate) tasks: Tasks,
}

impl OpenBody for Pinned {
    fn len(&self) -> u64 {
        self.place.placed.len
    }

    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>> {
        if let Some(read) = self.read_at_once(offset, len).transpose() {
            return Soon::now(read);
        }
        let pinned = self.clone();
        Soon::later(async move {
            let read = self
                .tasks
                .blocking(move || pinned.read_blocks(offset, len, Patience::Device))
                .await?;
            read.ok_or_else(|| self.place.owner.corrupt("its file was not read"))
        })
    }
}

/// A body that is in memory since it was written.
pub(crate) struct Warm {
    pub(crate) bytes: Bytes,
    pub(crate) place: Arc<Place>,
}

impl OpenBody for Warm {
    fn len(&self) -> u64 {
        self.place.placed.len
    }

    fn read(&self, offset: u64, len: usize) -> Soon<'_, Result<Bytes>> {
        Soon::now(self.piece(offset, len))
    }
}

impl Warm {
    fn piece(&self, offset: u64, len: usize) -> Result<Bytes> {
        rules::check_read(self.place.placed.len, offset, len)?;
        let block = self.place.placed.at.sum_bytes();
        let (start, end) = (offset as usize, offset as usize + len);
        let first = start / block;
        let until = (end.div_ceil(block) * block).min(self.bytes.len());
        let blocks = self.bytes.get(first * block..until.max(first * block));
        self.place.check(first as u64, blocks.unwrap_or_default())?;
        Ok(self.bytes.slice(start..end))
    }
}

/// What a read waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Nothing: it gives what is in memory.
    None,
    /// The device.
    Device,
}

impl Pinned {
    /// `None`: it would have to wait.
    fn read_at_once(&self, offset: u64, len: usize) -> Result<Option<Bytes>> {
        rules::check_read(self.len(), offset, len)?;
        if len == 0 {
            return Ok(Some(Bytes::new()));
        }
        self.read_blocks(offset, len, Patience::None)
    }

    /// False: it would have to wait.
    fn read_into(&self, offset: u64, into: &mut [u8], patience: Patience) -> Result<bool> {
        let read = match patience {
            Patience::None => self.file.read_at_once(offset, into),
            Patience::Device => self.file.read_at(offset, into).map(|()| true),
        };
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.place.owner.corrupt("its file is too short"),
            _ => Error::Unavailable(format!("reading a body: {error}")),
        })
    }

    /// Reads all blocks that the range touches and cuts the range out of them. `None`: it would have to wait.
    fn read_blocks(&self, offset: u64, len: usize, patience: Patience) -> Result<Option<Bytes>> {
        let placed = &self.place.placed;
        let block = placed.at.sum_bytes() as u64;
        let first = offset / block;
        let from = first * block;
        let until = ((offset + len as u64).div_ceil(block) * block).min(placed.len);
        let mut bytes = buffers::take((until - from) as usize);
        let begin = match placed.at {
            At::Log { offset, .. } => offset,
            At::Large { .. } => 0,
        };
        // Whoever asks for whole blocks reads on, and finds the next in memory while these are on their way to the client.
        // Whoever asks for a range within one may not.
        let ahead = (placed.len - until).min(AHEAD_BYTES);
        if patience == Patience::Device && ahead > 0 && len as u64 >= block {
            self.file.read_ahead(begin + from, until - from + ahead);
        }
        if !self.read_into(begin + from, &mut bytes, patience)? {
            return Ok(None);
        }
        if self.place.check(first, &bytes).is_err() {
            if patience == Patience::None {
                return Ok(None);
            }
            // A cache beside direct writes may be wrong where the device is right. Only then it is damage.
            self.file.forget(begin + from, bytes.len() as u64);
            self.read_into(begin + from, &mut bytes, patience)?;
            self.place.check(first, &bytes)?;
        }
        let start = (offset - from) as usize;
        Ok(Some(bytes.freeze().slice(start..start + len)))
    }
}

/// So much of a body is read from the device ahead of what was asked for.
const AHEAD_BYTES: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::log_sums;
    use countersign_engine::{Class, Home, Row, Space};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A file whose cache is wrong until it is let go.
    struct Stale {
        bytes: Vec<u8>,
        is_stale: AtomicBool,
        forgets: bool,
    }

    impl File for Stale {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }
        fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
            let from = offset as usize;
            into.copy_from_slice(&self.bytes[from..from + into.len()]);
            if self.is_stale.load(Ordering::Relaxed) {
                into.fill(0);
            }
            Ok(())
        }
        fn read_at_once(&self, offset: u64, into: &mut [u8]) -> io::Result<bool> {
            self.read_at(offset, into).map(|()| true)
        }
        fn forget(&self, _offset: u64, _len: u64) {
            self.is_stale.fetch_and(!self.forgets, Ordering::Relaxed);
        }
        fn write_at(&self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn truncate(&self, _len: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn write_out(&self) -> io::Result<()> {
            Ok(())
        }
        fn sync(&self, _point: &'static str) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_cache_that_is_wrong_is_no_damage() {
        for forgets in [true, false] {
            let bytes = Bytes::from(vec![7; 100_000]);
            let placed = Placed {
                len: 100_000,
                at: At::Log {
                    segment: 1,
                    offset: 0,
                },
                sums: log_sums(&bytes),
            };
            let home = Home(Bytes::from_static(b"home"));
            let row = Row {
                class: Class(1),
                suffix: Bytes::new(),
            };
            let owner = Owner(entry::row_name(Space::SYSTEM, &home, &row));
            let pinned = Pinned {
                file: Arc::new(Stale {
                    bytes: bytes.to_vec(),
                    is_stale: AtomicBool::new(true),
                    forgets,
                }),
                place: Arc::new(Place { placed, owner }),
                tasks: Tasks::threads(),
            };
            match pinned.read(70_000, 30_000).await {
                Ok(read) => assert!(forgets && read == bytes.slice(70_000..)),
                Err(Error::Corrupt(_)) => assert!(!forgets, "the device was right"),
                Err(other) => panic!("{other}"),
            }
        }
    }
}
