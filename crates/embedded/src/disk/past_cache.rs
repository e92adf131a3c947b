//! Reading what is on the device, beside the page cache: only so does a check see what a disk has forgotten.
//!
//! Not here: writing.
//!
//! Keeps true: where the file system cannot read directly, the pages are dropped before they are read, and again after
//! it, so that a check neither reads what is remembered nor pushes out what others read.

use super::DiskFile;
use countersign_engine::world::File;
use rustix::fs::{Advice, OFlags, fadvise};
use std::fs;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file that is read past the cache.
pub(super) struct PastCache {
    path: PathBuf,
    /// `None` where it cannot be opened so.
    direct: Option<fs::File>,
    /// Opened when it is needed.
    buffered: OnceLock<DiskFile>,
}

impl PastCache {
    pub(super) fn open(path: &Path) -> io::Result<Arc<dyn File>> {
        let direct = fs::OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::DIRECT.bits().cast_signed())
            .open(path);
        let direct = match direct {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => None,
            Err(error) => return Err(error),
        };
        let file = PastCache {
            path: path.to_path_buf(),
            direct,
            buffered: OnceLock::new(),
        };
        if file.direct.is_none() {
            file.buffered()?;
        }
        Ok(Arc::new(file))
    }

    fn buffered(&self) -> io::Result<&DiskFile> {
        if let Some(file) = self.buffered.get() {
            return Ok(file);
        }
        let file = DiskFile(fs::File::open(&self.path)?);
        Ok(self.buffered.get_or_init(|| file))
    }

    fn read_buffered(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let file = self.buffered()?;
        let len = NonZeroU64::new(into.len() as u64);
        let forget = || {
            // Without it the read is as right, and may come from memory.
            let _is_advice_only = fadvise(&file.0, offset, len, Advice::DontNeed);
        };
        forget();
        let read = file.0.read_exact_at(into, offset);
        forget();
        read
    }
}

impl File for PastCache {
    fn len(&self) -> io::Result<u64> {
        match &self.direct {
            Some(file) => Ok(file.metadata()?.len()),
            None => self.buffered()?.len(),
        }
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        if let Some(file) = &self.direct {
            match read_direct(file, offset, into) {
                // The file system takes the flag and not the read.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                read => return read,
            }
        }
        self.read_buffered(offset, into)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn write_out(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self, _: &'static str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Direct reads begin, end and land at multiples of a block: reads whole blocks and copies the part that is wanted.
fn read_direct(file: &fs::File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    let ahead = (offset % ALIGN as u64) as usize;
    let begin = offset - ahead as u64;
    let whole = (ahead + into.len()).div_ceil(ALIGN) * ALIGN;
    let mut room = vec![0; whole + ALIGN];
    let shift = room.as_ptr().align_offset(ALIGN);
    let blocks = room
        .get_mut(shift..shift + whole)
        .ok_or(io::ErrorKind::OutOfMemory)?;
    let mut filled = 0;
    while filled < whole {
        let rest = blocks.get_mut(filled..).unwrap_or_default();
        let read = match file.read_at(rest, begin + filled as u64) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        filled += read;
        // Less than whole blocks come only where the file ends.
        if read % ALIGN != 0 || read == 0 {
            break;
        }
    }
    let wanted = blocks
        .get(ahead..filled)
        .and_then(|blocks| blocks.get(..into.len()));
    into.copy_from_slice(wanted.ok_or(io::ErrorKind::UnexpectedEof)?);
    Ok(())
}

/// What all devices and file systems that read directly are content with.
const ALIGN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_engine::world::random::Seeded;

    #[test]
    fn any_part_of_a_file_is_read_and_nothing_behind_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes = Seeded::new(1).bytes(3 * ALIGN + 100);
        fs::write(&path, &bytes).unwrap();
        // In both ways, wherever the directory lies.
        let buffered = PastCache {
            path: path.clone(),
            direct: None,
            buffered: OnceLock::new(),
        };
        for file in [PastCache::open(&path).unwrap(), Arc::new(buffered)] {
            assert_eq!(file.len().unwrap(), bytes.len() as u64);
            for offset in [0, 1, ALIGN - 1, ALIGN, 2 * ALIGN + 7, 3 * ALIGN, 3 * ALIGN + 99] {
                for len in [0, 1, 100, ALIGN, ALIGN + 1, 3 * ALIGN] {
                    let mut into = vec![0; len];
                    let read = file.read_at(offset as u64, &mut into);
                    match bytes.get(offset..offset + len) {
                        Some(expected) => assert!(read.is_ok() && into == expected, "{offset} {len}"),
                        None => assert_eq!(read.unwrap_err().kind(), io::ErrorKind::UnexpectedEof),
                    }
                }
            }
        }
        assert_eq!(
            PastCache::open(&dir.path().join("none")).err().unwrap().kind(),
            io::ErrorKind::NotFound
        );
    }
}
