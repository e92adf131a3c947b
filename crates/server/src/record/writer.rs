//! The thread that writes the record to disk, and the queue in front of it.
//!
//! It keeps true: whoever refuses a request never waits for a disk. What does not fit into the queue, or onto the disk, is
//! not written and counted; it can be asked for all the same until the server stops.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::Real;
use crate::record::entry::Entry;
use crate::record::files::Files;

/// Why an entry was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NotWritten {
    /// More were refused at once than the queue holds.
    QueueFull,
    /// The disk did not take it.
    Disk,
}

/// Hands entries to the thread that writes. Dropped, it waits a while for what is queued.
pub(crate) struct Writer {
    queue: Option<SyncSender<Arc<Entry>>>,
    /// Answers when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl Writer {
    /// Starts the thread; `lost` hears how many entries the disk did not take.
    pub(crate) fn start(files: Files, lost: impl Fn(u64) + Send + 'static) -> std::io::Result<Writer> {
        let (queue, entries) = mpsc::sync_channel(QUEUE_ENTRIES_MAX);
        let (end, ended) = mpsc::channel();
        thread::Builder::new()
            .name("refusals".to_owned())
            .spawn(move || {
                write(files, &entries, &lost, &|| thread::sleep(BATCH_PAUSE));
                drop(end);
            })?;
        Ok(Writer {
            queue: Some(queue),
            ended: Mutex::new(ended),
        })
    }

    /// Queues an entry; false if there is no room.
    pub(crate) fn write(&self, entry: Arc<Entry>) -> bool {
        self.queue
            .as_ref()
            .is_some_and(|queue| queue.try_send(entry).is_ok())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        // Both ends of the wait are the end: the thread is through, or its disk is not worth waiting for.
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(STOP_TIME_MAX);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

/// Writes what comes until nobody can send any more.
fn write(mut files: Files, entries: &Receiver<Arc<Entry>>, lost: &dyn Fn(u64), pause: &dyn Fn()) {
    let (mut works, mut is_behind) = (true, false);
    loop {
        let done = match entries.recv_timeout(EXPIRE_PAUSE) {
            Ok(first) => {
                // Under a flood this thread would otherwise be woken, and write, for each.
                // Where more waits than is written at once there is nothing to gather, and a stop would not wait for all of it.
                if !is_behind {
                    pause();
                }
                let (lines, count) = batch(&first, entries);
                is_behind = lines.len() >= BATCH_BYTES_MAX;
                let done = files.append(&lines, Real::now());
                if done.is_err() {
                    lost(count);
                }
                done
            }
            Err(RecvTimeoutError::Timeout) => files.expire(Real::now()),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match done {
            Ok(()) => works = true,
            // Told once, however long it lasts: a disk that is full is full for every line.
            Err(error) if works => {
                tracing::warn!(%error, "refusals cannot be written to disk; they are kept in memory");
                works = false;
            }
            Err(_) => {}
        }
    }
}

/// The lines of what is queued by now, and how many.
fn batch(first: &Entry, entries: &Receiver<Arc<Entry>>) -> (String, u64) {
    let mut lines = format!("{}\n", first.document.get());
    let mut count = 1;
    while lines.len() < BATCH_BYTES_MAX {
        match entries.try_recv() {
            Ok(entry) => {
                lines.push_str(entry.document.get());
                lines.push('\n');
                count += 1;
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    (lines, count)
}

/// Most entries that wait for the disk.
const QUEUE_ENTRIES_MAX: usize = 1024;
/// How long what comes is gathered before it is written: shorter than anybody takes to ask for it after a crash.
const BATCH_PAUSE: Duration = Duration::from_millis(20);
/// With so many bytes a write is long enough.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// How often old files are looked for when nothing is refused.
const EXPIRE_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How long a stop waits for what is queued.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::tests::entry;

    #[test]
    fn what_is_queued_is_on_disk_when_the_writer_is_gone() {
        let scratch = tempfile::tempdir().expect("a directory");
        let open = || Files::open(scratch.path(), Real::now()).expect("a directory");
        let writer = Writer::start(open().0, |_| {}).expect("a thread");
        let count = 200;
        for _ in 0..count {
            let entry = entry(Real::now().millis(), None, "HST-PROXY", "curl@::1");
            assert!(writer.write(Arc::new(entry)));
        }
        drop(writer);
        assert_eq!(open().1.len(), count);
    }

    #[test]
    fn nothing_is_gathered_while_more_waits_than_is_written_at_once() {
        let (queue, entries) = mpsc::channel();
        let entry = Arc::new(entry(Real::now().millis(), None, "HST-PROXY", "curl@::1"));
        for _ in 0..3 * BATCH_BYTES_MAX / entry.document.get().len() {
            queue.send(Arc::clone(&entry)).expect("somebody listens");
        }
        drop(queue);
        let scratch = tempfile::tempdir().expect("a directory");
        let (files, _) = Files::open(scratch.path(), Real::now()).expect("a directory");
        let pauses = std::cell::Cell::new(0);
        write(files, &entries, &|_| {}, &|| pauses.set(pauses.get() + 1));
        assert_eq!(pauses.get(), 1);
    }

    #[test]
    fn a_full_queue_is_said_and_a_disk_that_fails_is_counted() {
        // Nobody takes from this queue.
        let (queue, entries) = mpsc::sync_channel(QUEUE_ENTRIES_MAX);
        let writer = Writer {
            queue: Some(queue),
            ended: Mutex::new(mpsc::channel().1),
        };
        let entry = Arc::new(entry(Real::now().millis(), None, "HST-PROXY", "curl@::1"));
        let taken = (0..2 * QUEUE_ENTRIES_MAX)
            .filter(|_| writer.write(Arc::clone(&entry)))
            .count();
        assert_eq!(taken, QUEUE_ENTRIES_MAX);

        // Somebody does, for a directory that is gone.
        let scratch = tempfile::tempdir().expect("a directory");
        let (files, _) = Files::open(scratch.path(), Real::now()).expect("a directory");
        drop(scratch);
        let lost = std::cell::Cell::new(0);
        drop(writer);
        write(files, &entries, &|count| lost.set(lost.get() + count), &|| {});
        assert_eq!(lost.get(), QUEUE_ENTRIES_MAX as u64);
    }
}
