//! Reads a closed segment's frames one after the other, without their bodies.
//!
//! Not here: what is done with them.
//!
//! Keeps true: what is handed out was written for this segment of this log, header and payload.

use crate::format::frame::{self, HEADER_BYTES, Header, Record};
use crate::format::{At, BLOCK, FrameAt, Salt, crc32c};
use countersign_engine::world::File;
use countersign_engine::{Error, Result};
use std::sync::Arc;

/// Where reading stands.
pub(crate) struct Frames {
    file: Arc<dyn File>,
    salt: Salt,
    segment: u64,
    offset: u64,
    end: u64,
    /// Bytes of the file, from an offset on.
    window: (u64, Vec<u8>),
}

impl Frames {
    /// From the segment's first frame to `end`, where its last batch ends.
    pub(crate) fn new(file: Arc<dyn File>, salt: Salt, segment: u64, end: u64) -> Frames {
        Frames {
            file,
            salt,
            segment,
            offset: BLOCK,
            end,
            window: (0, Vec::new()),
        }
    }

    /// The next frame; `None` behind the last one.
    pub(crate) fn next(&mut self) -> Result<Option<(FrameAt, Record)>> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let (offset, salt, segment) = (self.offset, self.salt, self.segment);
        let damaged = || {
            Error::Corrupt(format!(
                "the log at offset {offset} of segment {segment}: no whole frame stands there"
            ))
        };
        let header = Header::parse(self.bytes(offset, HEADER_BYTES)?, salt);
        let header = header
            .filter(|header| header.segment == segment)
            .ok_or_else(damaged)?;
        let payload_at = offset + HEADER_BYTES as u64;
        let payload = self.bytes(payload_at, header.payload_bytes as usize)?;
        let here = At::Log {
            segment,
            offset: payload_at + payload.len() as u64,
        };
        let is_right = crc32c(payload) == header.payload_sum;
        let record = frame::parse_payload(header.kind, payload, here).filter(|_| is_right);
        let after = offset + header.frame_bytes() as u64;
        self.offset = if header.index + 1 == header.count {
            after.next_multiple_of(BLOCK)
        } else {
            after
        };
        let frame = FrameAt {
            segment,
            offset,
            bytes: frame::frame_bytes(header.payload_bytes as usize, 0) as u32,
        };
        Ok(Some((frame, record.ok_or_else(damaged)?)))
    }

    fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let (from, held) = &self.window;
        if offset < *from || offset + len as u64 > from + held.len() as u64 {
            let ahead = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; WINDOW_BYTES.min(ahead).max(len)];
            self.file
                .read_at(offset, &mut bytes)
                .map_err(|error| Error::Unavailable(format!("reading the log: {error}")))?;
            self.window = (offset, bytes);
        }
        let (from, held) = &self.window;
        let start = (offset - from) as usize;
        held.get(start..start + len)
            .ok_or_else(|| Error::Unavailable("reading the log: too few bytes".into()))
    }
}

/// Read at once.
const WINDOW_BYTES: usize = 128 * 1024;
