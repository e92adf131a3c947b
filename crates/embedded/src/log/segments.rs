//! The files of the log's segments: which are the log, which are open for reading, and what becomes of those given up.
//!
//! Not here: what a segment holds, and whether it may be given up.
//!
//! Keeps true: the file of a segment that was given up stays as it is while somebody reads from it and until no start
//! could want to read it again; only then it is kept for another segment, or removed.

use super::recent::Recent;
use super::written::Written;
use crate::format::Salt;
use crate::format::segment::SegmentSet;
use countersign_engine::world::{File, Files, Mode};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files of the log; readers and the writer share them.
pub(crate) struct Segments {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) salt: Salt,
    /// True if files are written past the page cache.
    direct: bool,
    /// What was written last.
    pub(crate) recent: Recent,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// The segments that are the log. Empty until it was read.
    set: SegmentSet,
    /// Opened for reading, by number; until the segment is given up.
    open: HashMap<u64, Arc<dyn File>>,
    /// No longer the log, and their files still there: with the one file that all readers share, if there is one.
    given_up: BTreeMap<u64, Option<Arc<dyn File>>>,
    /// A start reads the log from this segment on, or from a later one.
    durable_in: u64,
    /// Files kept to be written again, by the number of the segment that they last were.
    spares: BTreeSet<u64>,
}

impl Segments {
    pub(crate) fn new(
        files: Arc<dyn Files>,
        dir: PathBuf,
        salt: Salt,
        direct: bool,
        recent: Recent,
    ) -> Segments {
        Segments {
            files,
            dir,
            salt,
            direct,
            recent,
            shelf: Mutex::default(),
        }
    }

    /// A segment's file, for reading; `None` if the segment was given up: then no row refers to it any more. Whoever
    /// holds the answer may read on even if it is given up meanwhile.
    pub(crate) fn reader(&self, segment: u64) -> io::Result<Option<Arc<dyn File>>> {
        let mut shelf = self.shelf();
        if !shelf.set.contains(segment) {
            return Ok(None);
        }
        self.opened(&mut shelf, segment).map(Some)
    }

    /// As [`Segments::reader`], where no file has to be opened for it: does not block.
    pub(crate) fn reader_at_once(&self, segment: u64) -> Option<Arc<dyn File>> {
        self.shelf().open.get(&segment).cloned()
    }

    /// As [`Segments::reader`], for reading what is on the device. Whoever calls holds an answer of that: else
    /// the file may be another segment by now.
    pub(crate) fn past_cache(&self, segment: u64) -> io::Result<Arc<dyn File>> {
        self.files.open_past_cache(&self.path(segment))
    }

    /// As [`Segments::reader`], whether the segment is a part of the log or not; while the log is read.
    pub(super) fn file(&self, segment: u64) -> io::Result<Arc<dyn File>> {
        self.opened(&mut self.shelf(), segment)
    }

    /// What every header of this log is salted with.
    pub(crate) fn salt(&self) -> Salt {
        self.salt
    }

    /// The segments that are the log.
    pub(crate) fn set(&self) -> SegmentSet {
        self.shelf().set.clone()
    }

    /// From now on these are the log. The others are given up.
    pub(super) fn replace_set(&self, set: SegmentSet) {
        let mut shelf = self.shelf();
        let gone: Vec<u64> = shelf.set.iter().filter(|number| !set.contains(*number)).collect();
        shelf.set = set;
        for number in gone {
            let file = shelf.open.remove(&number);
            shelf.given_up.insert(number, file);
        }
    }

    /// After the log was read: these segments are the log, and these files are left of segments given up before.
    pub(super) fn begin_with(&self, set: SegmentSet, left_over: impl IntoIterator<Item = u64>) {
        let mut shelf = self.shelf();
        shelf.open.retain(|number, _| set.contains(*number));
        shelf.given_up = left_over.into_iter().map(|number| (number, None)).collect();
        shelf.set = set;
    }

    /// Removes a file that is no part of the log, whatever its number.
    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        self.shelf().open.remove(&number);
        self.files.remove(&self.path(number))
    }

    /// True if files are left that are no part of the log any more.
    pub(crate) fn has_given_up(&self) -> bool {
        !self.shelf().given_up.is_empty()
    }

    /// Lets go the files of segments that were given up, lie before `durable_in` and are read by nobody. `durable_in`: the
    /// segment of the last batch that the index holds durably; a start reads from there on. What cannot be let go
    /// now is tried again the next time. Some become spares, but none where `space_is_short`: what waits to be used again is no
    /// room for anything else.
    pub(crate) fn release(&self, durable_in: u64, space_is_short: bool) -> io::Result<()> {
        loop {
            let mut shelf = self.shelf();
            shelf.durable_in = shelf.durable_in.max(durable_in);
            let is_free =
                |file: &Option<Arc<dyn File>>| file.as_ref().is_none_or(|file| Arc::strong_count(file) == 1);
            let free = shelf
                .given_up
                .range(..durable_in)
                .find_map(|(number, file)| is_free(file).then_some(*number));
            let Some(number) = free else { return Ok(()) };
            shelf.given_up.remove(&number);
            let keep = !space_is_short && shelf.spares.len() < SPARES_MAX;
            drop(shelf);
            let done = if keep {
                self.files.rename(&self.path(number), &self.spare_path(number))
            } else {
                self.files.remove(&self.path(number))
            };
            match done {
                Ok(()) if keep => drop(self.shelf().spares.insert(number)),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.shelf().given_up.insert(number, None);
                    return Err(error);
                }
            }
        }
    }

    /// Lets go what could not be let go before because somebody read from it.
    pub(crate) fn release_again(&self, space_is_short: bool) -> io::Result<()> {
        let durable_in = self.shelf().durable_in;
        self.release(durable_in, space_is_short)
    }

    /// True if files are left only because the index is not known to be durable as of a later segment.
    pub(crate) fn waits_for_index(&self) -> bool {
        let shelf = self.shelf();
        shelf.given_up.range(shelf.durable_in..).next().is_some()
    }

    /// A file of the log, for appending.
    pub(super) fn written(&self, file: Arc<dyn File>) -> Written {
        Written::new(file, self.direct)
    }

    /// A spare, to be written again, with the number of the segment that it last was.
    pub(super) fn take_spare(&self) -> Option<(u64, PathBuf, Arc<dyn File>)> {
        let number = self.shelf().spares.pop_last()?;
        let path = self.spare_path(number);
        // One that cannot be opened is no spare any more.
        let file = self.files.open(&path, Mode::Write).ok()?;
        Some((number, path, file))
    }

    /// Removes all spares, to make room. What cannot be removed now is found at the next start.
    pub(crate) fn drop_spares(&self) {
        let spares = std::mem::take(&mut self.shelf().spares);
        for number in spares {
            let _ = self.files.remove(&self.spare_path(number));
        }
    }

    /// A spare that was taken and is not needed.
    pub(super) fn add_spare(&self, number: u64) {
        self.shelf().spares.insert(number);
    }

    /// A file that is to be a segment's some time.
    pub(super) fn new_file(&self) -> io::Result<(PathBuf, Arc<dyn File>)> {
        let path = self.dir.join(NEW_NAME);
        let file = self.files.open(&path, Mode::Create)?;
        Ok((path, file))
    }

    /// The numbers of all files that have a segment's name. Spares are noted, and removed where there are too many.
    pub(super) fn list(&self) -> io::Result<BTreeSet<u64>> {
        let mut segments = BTreeSet::new();
        let mut spares = BTreeSet::new();
        for name in self.files.list(&self.dir)? {
            let number = |end: &str| name.strip_suffix(end)?.parse::<u64>().ok();
            if let Some(number) = number(SEGMENT_ENDING) {
                segments.insert(number);
            } else if let Some(number) = number(SPARE_ENDING) {
                if spares.len() < SPARES_MAX {
                    spares.insert(number);
                } else {
                    self.files.remove(&self.dir.join(&name))?;
                }
            } else if name == NEW_NAME {
                self.files.remove(&self.dir.join(&name))?;
            }
        }
        self.shelf().spares = spares;
        Ok(segments)
    }

    pub(super) fn path(&self, segment: u64) -> PathBuf {
        self.dir.join(format!("{segment:010}{SEGMENT_ENDING}"))
    }

    fn spare_path(&self, segment: u64) -> PathBuf {
        self.dir.join(format!("{segment:010}{SPARE_ENDING}"))
    }

    fn opened(&self, shelf: &mut Shelf, segment: u64) -> io::Result<Arc<dyn File>> {
        if let Some(file) = shelf.open.get(&segment) {
            return Ok(file.clone());
        }
        let file = self.files.open(&self.path(segment), Mode::Read)?;
        if shelf.open.len() >= OPEN_MAX {
            // A file that is read stays: only so it is seen who reads from it. Of the others every second one goes.
            let mut goes = false;
            shelf.open.retain(|_, file| {
                let is_read = Arc::strong_count(file) > 1;
                goes = !goes;
                is_read || !goes
            });
        }
        shelf.open.insert(segment, file.clone());
        Ok(file)
    }

    #[cfg(test)]
    pub(super) fn kept_open(&self) -> usize {
        self.shelf().open.len()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SEGMENT_ENDING: &str = ".log";
const SPARE_ENDING: &str = ".spare";
/// A file that is being prepared or tried, and no segment's.
pub(super) const NEW_NAME: &str = "new";
/// So many segments stay open for the next reader, and more only while they are read. A process may have a thousand files
/// open where nobody raised the limit, and a large log has more segments than that.
pub(super) const OPEN_MAX: usize = 256;
/// So many files of segments that were given up are kept to be written again.
const SPARES_MAX: usize = 2;
