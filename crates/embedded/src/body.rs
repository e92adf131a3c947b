//! Reading bodies back, block by block, each against its checksum.
//!
//! Keeps true: no byte is handed out that was not checked. A body stays readable while it is open, because its file
//! is open.

use crate::buffers;
use crate::format::{At, Placed, crc32c};
use crate::tasks::Tasks;
use async_trait::async_trait;
use bytes::Bytes;
use countersign_engine::world::File;
use countersign_engine::{Error, Home, OpenBody, Result, Row, Space, rules};
use std::io;
use std::sync::Arc;

/// What a [`countersign_engine::BodyRef`] of this engine carries.
pub(crate) struct Place {
    /// Where the body lies.
    pub(crate) placed: Placed,
    /// The row it belongs to, for messages.
    pub(crate) owner: Owner,
}

/// A row's full name.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) space: Space,
    pub(crate) home: Home,
    pub(crate) row: Row,
}

impl Owner {
    /// Says what is wrong with the row's body.
    pub(crate) fn corrupt(&self, what: &str) -> Error {
        let (home, suffix) = (self.home.0.escape_ascii(), self.row.suffix.escape_ascii());
        let class = self.row.class.0;
        Error::Corrupt(format!(
            "body of row `{home}` `{suffix}` (class {class}, space {}): {what}",
            self.space.0
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

#[async_trait]
impl OpenBody for Pinned {
    fn len(&self) -> u64 {
        self.place.placed.len
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Bytes> {
        rules::check_read(self.len(), offset, len)?;
        if len == 0 {
            return Ok(Bytes::new());
        }
        if let Some(bytes) = self.read_blocks(offset, len, Patience::None)? {
            return Ok(bytes);
        }
        let pinned = self.clone();
        let read = self
            .tasks
            .blocking(move || pinned.read_blocks(offset, len, Patience::Device))
            .await?;
        read.ok_or_else(|| self.place.owner.corrupt("its file was not read"))
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
        let read = match patience {
            Patience::None => self.file.read_at_once(begin + from, &mut bytes),
            Patience::Device => self.file.read_at(begin + from, &mut bytes).map(|()| true),
        };
        let is_read = read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.place.owner.corrupt("its file is too short"),
            _ => Error::Unavailable(format!("reading a body: {error}")),
        })?;
        if !is_read {
            return Ok(None);
        }
        for (number, bytes) in bytes.chunks(block as usize).enumerate() {
            let number = first as usize + number;
            if placed.sums.get(number) != Some(&crc32c(bytes)) {
                return Err(self
                    .place
                    .owner
                    .corrupt(&format!("block {number} does not match its checksum")));
            }
        }
        let start = (offset - from) as usize;
        Ok(Some(bytes.freeze().slice(start..start + len)))
    }
}
