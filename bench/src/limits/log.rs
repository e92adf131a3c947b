//! The log that a store cannot beat: records of one size, appended over zeros with O_DIRECT, one sync for all who wait.
//!
//! No names, no index, no checksums, no network. Every record is on the device when its writer goes on.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::Fault;
use crate::drive::Tally;

/// A record, and who waits for it.
pub(crate) type Waiting = (Vec<u8>, oneshot::Sender<()>);

/// A file full of zeros that is written over again and again.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// False where the file system takes no O_DIRECT.
    direct: bool,
}

impl Log {
    pub(crate) fn create(directory: &Path) -> Result<Log, Fault> {
        let path = directory.join("limit-log");
        let made = || -> io::Result<(File, bool)> {
            let mut plain = File::create(&path)?;
            let zeros = vec![0; 1 << 20];
            for _ in 0..LOG_BYTES >> 20 {
                io::Write::write_all(&mut plain, &zeros)?;
            }
            plain.sync_all()?;
            let direct = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).unwrap_or_default();
            let opened = OpenOptions::new().write(true).custom_flags(direct).open(&path);
            let works = |file: &File| {
                let buffer = Aligned::new(BLOCK_BYTES);
                file.write_all_at(buffer.bytes(BLOCK_BYTES), 0)
            };
            match opened {
                Ok(file) if works(&file).is_ok() => Ok((file, true)),
                _ => Ok((OpenOptions::new().write(true).open(&path)?, false)),
            }
        };
        let (file, direct) = made().map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))?;
        Ok(Log { path, file, direct })
    }

    /// The name of a limit, which says so if the page cache stands between.
    pub(crate) fn named(&self, name: &str) -> String {
        let suffix = if self.direct { "" } else { " (buffered)" };
        format!("{name}{suffix}")
    }

    /// One writer that syncs each record by itself.
    pub(crate) fn alone(&self, record_bytes: usize, time: Duration) -> Result<Tally, Fault> {
        let mut end = End::new(&self.file, record_bytes);
        let mut tally = Tally::new();
        let began = Instant::now();
        let mut before = began.elapsed();
        while before < time {
            end.write(record_bytes).map_err(|error| self.fault(&error))?;
            let now = began.elapsed();
            tally.count(before, now, record_bytes as u64);
            before = now;
        }
        Ok(tally)
    }

    /// Many writers and one thread that writes for all who wait.
    pub(crate) fn together(
        &self,
        writers: usize,
        record_bytes: usize,
        time: Duration,
    ) -> Result<Tally, Fault> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::new(format!("the writers do not start: {error}")))?;
        let (queue, waiting) = mpsc::unbounded_channel::<Waiting>();
        let total = Arc::new(Mutex::new(Tally::new()));
        std::thread::scope(|scope| {
            let committer = scope.spawn(move || self.commit(record_bytes, waiting));
            runtime.block_on(async {
                let began = Instant::now();
                let mut tasks = tokio::task::JoinSet::new();
                for _ in 0..writers {
                    let (queue, total) = (queue.clone(), Arc::clone(&total));
                    tasks.spawn(async move {
                        let record = vec![7; record_bytes];
                        let mut tally = Tally::new();
                        let mut before = began.elapsed();
                        while before < time {
                            let (done, answer) = oneshot::channel();
                            if queue.send((record.clone(), done)).is_err() || answer.await.is_err() {
                                break;
                            }
                            let now = began.elapsed();
                            tally.count(before, now, record_bytes as u64);
                            before = now;
                        }
                        if let Ok(mut total) = total.lock() {
                            total.add(&tally);
                        }
                    });
                }
                drop(queue);
                tasks.join_all().await;
            });
            let ended = committer
                .join()
                .map_err(|_| Fault::new("the writing thread panicked"))?;
            ended.map_err(|error| self.fault(&error))
        })?;
        let total = total.lock().map_err(|_| Fault::new("a writer panicked"))?;
        Ok(total.clone())
    }

    /// Writes and syncs all that wait at once, again and again, until nobody is left who could. Records are at most so long.
    pub(crate) fn commit(
        &self,
        record_bytes_max: usize,
        mut waiting: mpsc::UnboundedReceiver<Waiting>,
    ) -> io::Result<()> {
        let mut end = End::new(&self.file, BATCH_BYTES_MAX + record_bytes_max);
        while let Some(first) = waiting.blocking_recv() {
            let mut bytes = first.0.len();
            let mut batch = vec![first];
            while bytes < BATCH_BYTES_MAX
                && let Ok(next) = waiting.try_recv()
            {
                bytes += next.0.len();
                batch.push(next);
            }
            let mut at = 0;
            for (record, _) in &batch {
                end.take(at, record);
                at += record.len();
            }
            end.write(bytes)?;
            for (_, done) in batch {
                // A writer that is gone waits for nothing.
                let _ = done.send(());
            }
        }
        Ok(())
    }

    fn fault(&self, error: &io::Error) -> Fault {
        Fault::new(format!("`{}`: {error}", self.path.display()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The place in the file where the next batch goes.
struct End<'a> {
    file: &'a File,
    buffer: Aligned,
    offset: u64,
}

impl End<'_> {
    fn new(file: &File, batch_bytes_max: usize) -> End<'_> {
        let buffer = Aligned::new(batch_bytes_max.next_multiple_of(BLOCK_BYTES));
        End {
            file,
            buffer,
            offset: 0,
        }
    }

    /// Puts a record at this place of the batch.
    fn take(&mut self, at: usize, record: &[u8]) {
        if let Some(room) = self.buffer.room().get_mut(at..at + record.len()) {
            room.copy_from_slice(record);
        }
    }

    /// Writes so many bytes, in whole blocks, and syncs them.
    fn write(&mut self, bytes: usize) -> io::Result<()> {
        let bytes = bytes.next_multiple_of(BLOCK_BYTES);
        if self.offset + bytes as u64 > LOG_BYTES {
            self.offset = 0;
        }
        self.file.write_all_at(self.buffer.bytes(bytes), self.offset)?;
        self.offset += bytes as u64;
        self.file.sync_data()
    }
}

/// Memory that begins at a block, as O_DIRECT wants it.
pub(crate) struct Aligned {
    bytes: Vec<u8>,
    begin: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn new(len: usize) -> Aligned {
        let bytes = vec![7; len + BLOCK_BYTES];
        let begin = bytes.as_ptr().align_offset(BLOCK_BYTES);
        Aligned { bytes, begin, len }
    }

    pub(crate) fn bytes(&self, len: usize) -> &[u8] {
        self.bytes
            .get(self.begin..self.begin + len.min(self.len))
            .unwrap_or_default()
    }

    fn room(&mut self) -> &mut [u8] {
        self.bytes
            .get_mut(self.begin..self.begin + self.len)
            .unwrap_or_default()
    }
}

/// What a log of this kind writes at least.
pub(crate) const BLOCK_BYTES: usize = 4096;

/// Large enough that a drive does not keep all of it in a cache of its own.
const LOG_BYTES: u64 = 256 << 20;

/// What waits goes into one batch up to here.
const BATCH_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_write_records_and_leave_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = Log::create(directory.path()).expect("a log");
        let time = Duration::from_millis(50);
        let alone = log.alone(4500, time).expect("it writes");
        let together = log.together(8, 4500, time).expect("it writes");
        for tally in [alone, together] {
            assert!(tally.operations > 0);
            assert_eq!(tally.bytes, tally.operations * 4500);
        }
        drop(log);
        assert_eq!(
            std::fs::read_dir(directory.path()).expect("a directory").count(),
            0
        );
    }
}
