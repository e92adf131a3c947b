//! Every byte that the engine writes is made and read here; `docs/format.md` says the same in words.
//!
//! Not here: files, syncs, and when what is written.
//!
//! Keeps true: what is read back is checked before it is believed, and no input makes this module panic. A change of
//! any layout is a new [`FORMAT_VERSION`] and a new fixture; the old one is read for ever.

pub(crate) mod batch;
mod bytes;
pub(crate) mod entry;
pub(crate) mod frame;
pub(crate) mod ledger;
pub(crate) mod segment;

use smallvec::SmallVec;

/// The version of every layout in this module.
pub(crate) const FORMAT_VERSION: u8 = 1;
/// Batches and segment headers begin at multiples of this, so that no sync ever rewrites what an earlier one promised
/// and the log can be written past the page cache.
pub(crate) const BLOCK: u64 = 4096;
/// A body in the log has one checksum for each so many bytes.
pub(crate) const LOG_SUM_BYTES: usize = 64 * 1024;
/// A body in a file of its own has one checksum for each so many bytes.
pub(crate) const LARGE_SUM_BYTES: usize = 1024 * 1024;
/// No batch is longer: 16 MiB gathered, and one commit of the largest kind on top.
pub(crate) const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A body's length, place and checksums, as rows keep them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Length in bytes.
    pub(crate) len: u64,
    /// Where it lies.
    pub(crate) at: At,
    /// CRC32C of each [`At::sum_bytes`] of it.
    pub(crate) sums: Sums,
}

/// Checksums of a body; those of a small one need no memory of their own.
pub(crate) type Sums = SmallVec<[u32; 4]>;

/// Where a body lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// In the log: the segment's number and the offset of the body's first byte in its file.
    Log { segment: u64, offset: u64 },
    /// In a file of its own.
    Large { id: u64 },
}

/// Where the frame lies that says what a row or a space is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameAt {
    /// The segment's number.
    pub(crate) segment: u64,
    /// Offset of its header in the segment's file.
    pub(crate) offset: u64,
    /// How long it is without its body.
    pub(crate) bytes: u32,
}

impl FrameAt {
    /// True if a body that lies there is the frame's own, and not one taken over from another frame.
    pub(crate) fn has_body_at(&self, segment: u64, offset: u64) -> bool {
        // The next frame's body begins at least a header later.
        let end = self.offset + u64::from(self.bytes);
        segment == self.segment && offset > self.offset && offset <= end
    }
}

/// Segments from the first to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Span {
    /// The smallest one that holds both.
    pub(crate) fn and(self, other: Span) -> Span {
        Span {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

impl At {
    /// How many bytes one checksum covers.
    pub(crate) fn sum_bytes(self) -> usize {
        match self {
            At::Log { .. } => LOG_SUM_BYTES,
            At::Large { .. } => LARGE_SUM_BYTES,
        }
    }
}

/// CRC32C (Castagnoli) of some bytes.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// CRC32C of some bytes behind a few others; of headers, which are short.
pub(crate) fn crc32c_behind(first: &[u8], bytes: &[u8]) -> u32 {
    let mut both: SmallVec<[u8; 128]> = SmallVec::from_slice(first);
    both.extend_from_slice(bytes);
    crc32c(&both)
}

/// The checksums of a body in the log.
pub(crate) fn log_sums(body: &[u8]) -> Sums {
    body.chunks(LOG_SUM_BYTES).map(crc32c).collect()
}

/// The next multiple of `step`.
pub(crate) fn round_up(len: usize, step: usize) -> usize {
    len.div_ceil(step) * step
}

/// A random number of each log, mixed into the checksum of every header, so that no body that somebody stores can
/// pass for a part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) u64);

impl Salt {
    /// CRC32C of the salt and then `bytes`.
    pub(crate) fn sum(self, bytes: &[u8]) -> u32 {
        crc32c_behind(&self.0.to_le_bytes(), bytes)
    }
}

/// What the file `format` of a data directory holds.
pub(crate) fn format_file(salt: Salt) -> String {
    let text = format!("{FORMAT_OPENING}{FORMAT_VERSION}\nlog {:016x}\n", salt.0);
    format!("{text}check {:08x}\n", crc32c(text.as_bytes()))
}

/// What the file `format` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FormatFile {
    /// This program reads and writes it.
    Ours(Salt),
    /// A later program's; its version.
    Newer(String),
    /// Not whole, or nothing of ours.
    Damaged,
}

/// Reads the file `format`.
pub(crate) fn parse_format_file(bytes: &[u8]) -> FormatFile {
    let Some(rest) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.strip_prefix(FORMAT_OPENING))
    else {
        return FormatFile::Damaged;
    };
    let Some((version, rest)) = rest.split_once('\n') else {
        return FormatFile::Damaged;
    };
    if version.parse() != Ok(FORMAT_VERSION) {
        let number = version.len() < 8 && version.bytes().all(|byte| byte.is_ascii_digit());
        return if number {
            FormatFile::Newer(version.to_owned())
        } else {
            FormatFile::Damaged
        };
    }
    let salt = rest.strip_prefix("log ").and_then(|rest| rest.get(..16));
    let salt = salt.and_then(|salt| u64::from_str_radix(salt, 16).ok());
    // Another salt would make of the whole log something that was never begun.
    match salt.map(Salt) {
        Some(salt) if format_file(salt).as_bytes() == bytes => FormatFile::Ours(salt),
        _ => FormatFile::Damaged,
    }
}

const FORMAT_OPENING: &str = "countersign data directory\nformat ";
