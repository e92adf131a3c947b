//! How fast the disk takes one long stream: 1 MiB writes past the page cache into a new file, synced at the end.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::log::Aligned;
use crate::Fault;

/// Bytes a second.
pub(crate) fn bandwidth(directory: &Path, time: Duration) -> Result<f64, Fault> {
    let path = directory.join("limit-stream");
    let run = || -> io::Result<f64> {
        let direct = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options
            .clone()
            .custom_flags(direct)
            .open(&path)
            .or_else(|_| options.open(&path))?;
        let buffer = Aligned::new(WRITE_BYTES);
        if file.write_all_at(buffer.bytes(WRITE_BYTES), 0).is_err() {
            file = options.open(&path)?;
        }
        let began = Instant::now();
        let mut done: u64 = 0;
        while began.elapsed() < time && done < FILE_BYTES_MAX {
            file.write_all_at(buffer.bytes(WRITE_BYTES), done)?;
            done += WRITE_BYTES as u64;
        }
        file.sync_data()?;
        Ok(done as f64 / began.elapsed().as_secs_f64())
    };
    let speed = run();
    let _ = std::fs::remove_file(&path);
    speed.map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))
}

const WRITE_BYTES: usize = 1 << 20;

/// Never more than this of somebody's disk.
const FILE_BYTES_MAX: u64 = 8 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_written_and_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(bandwidth(directory.path(), Duration::from_millis(10)).expect("it writes") > 0.0);
        assert_eq!(
            std::fs::read_dir(directory.path()).expect("a directory").count(),
            0
        );
    }
}
