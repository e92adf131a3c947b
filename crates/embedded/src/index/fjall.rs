//! The index in fjall, an LSM tree, whose own journal is not synced.
//!
//! Keeps true: everything lies in one keyspace and every `apply` is one batch, so that what a crash leaves is a first
//! part of the batches. A damaged tree is thrown away, because the log can make it anew.

use super::{MetaIndex, Op, Snapshot, Snapshots, Step, Visit};
use bytes::Bytes;
use countersign_engine::{Error, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use std::path::{Path, PathBuf};

/// The index in one directory.
pub struct Fjall {
    database: Database,
    rows: Keyspace,
    dir: PathBuf,
}

impl Fjall {
    /// Opens the directory, or makes it. One that cannot be opened is emptied: `Ok` with the reason.
    pub fn open(path: &Path) -> Result<(Fjall, Option<String>)> {
        match Fjall::try_open(path) {
            Ok(index) => Ok((index, None)),
            Err(fjall::Error::Locked) => {
                Err(Error::Unavailable("the index is open in another process".into()))
            }
            Err(error) if !is_damage(&error) => Err(unavailable(&error)),
            Err(damage) => {
                // Under another name first: half of it could be opened after a kill, and lack what the other half held.
                let aside = path.with_extension("damaged");
                let _is_left_from_a_kill = std::fs::remove_dir_all(&aside);
                std::fs::rename(path, &aside).map_err(|error| unavailable(&error))?;
                let index = Fjall::try_open(path).map_err(|error| unavailable(&error))?;
                let _is_removed_now_or_next_time = std::fs::remove_dir_all(&aside);
                Ok((index, Some(format!("the index could not be opened: {damage:?}"))))
            }
        }
    }

    fn try_open(path: &Path) -> fjall::Result<Fjall> {
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .manual_journal_persist(true)
            .worker_threads(WORKERS)
            .open()?;
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default)?;
        let dir = path.to_path_buf();
        Ok(Fjall { database, rows, dir })
    }

    fn snapshot_now(&self) -> Moment<'_> {
        Moment {
            snapshot: self.database.snapshot(),
            rows: &self.rows,
        }
    }

    /// Lets the journal reach the disk without holding the lock that fjall holds while it syncs: writers would wait for
    /// it. What is written meanwhile is little, and is all that is left for [`Fjall::persist`].
    fn write_journal_out(&self) -> std::io::Result<()> {
        for file in std::fs::read_dir(&self.dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|ending| ending == "jnl") {
                match std::fs::File::open(&path) {
                    Ok(journal) => journal.sync_data()?,
                    // Journals go when what they hold is in tables.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl MetaIndex for Fjall {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        self.snapshot_now().get(names)
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        self.snapshot_now().walk(from, until, visit)
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let mut batch = self.database.batch();
        for (name, value) in ops {
            match value {
                Some(value) => batch.insert(&self.rows, name, value),
                None => batch.remove(&self.rows, name),
            }
        }
        batch.commit().map_err(|error| unavailable(&error))
    }

    fn persist(&self) -> Result<()> {
        let failed = |error: fjall::Error| unavailable(&error);
        self.database.persist(PersistMode::Buffer).map_err(failed)?;
        self.write_journal_out().map_err(|error| unavailable(&error))?;
        self.database.persist(PersistMode::SyncData).map_err(failed)
    }

    fn clear(&self) -> Result<()> {
        self.rows.clear().map_err(|error| unavailable(&error))
    }
}

/// The tree at one moment.
struct Moment<'i> {
    snapshot: fjall::Snapshot,
    rows: &'i Keyspace,
}

impl Snapshot for Moment<'_> {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let look_up = |name: &Vec<u8>| {
            let found = self
                .snapshot
                .get(self.rows, name)
                .map_err(|error| unavailable(&error))?;
            Ok(found.map(|value| Bytes::copy_from_slice(&value)))
        };
        names.iter().map(look_up).collect()
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        if from >= until {
            return Ok(());
        }
        let mut rows = self.snapshot.range(self.rows, from..until);
        // Where to go on, and how many names were passed over on the way.
        let mut ahead: Option<(Vec<u8>, usize)> = None;
        let mut patience = PASSED_MAX;
        while let Some(row) = rows.next() {
            let (name, value) = row.into_inner().map_err(|error| unavailable(&error))?;
            if let Some((to, passed)) = &mut ahead
                && *name < **to
            {
                *passed += 1;
                if *passed >= patience {
                    // What is passed over next is likely as long.
                    patience = (patience / 2).max(PASSED_MIN);
                    // `to` may lie behind the end.
                    if to.as_slice() >= until {
                        return Ok(());
                    }
                    rows = self.snapshot.range(self.rows, to.as_slice()..until);
                    *passed = 0;
                }
                continue;
            }
            if ahead.is_some_and(|(_, passed)| passed > 0) {
                // It got there by itself.
                patience = PASSED_MAX;
            }
            ahead = match visit(&name, &value) {
                Step::Next => None,
                Step::To(to) => Some((to, 0)),
                Step::End => return Ok(()),
            };
        }
        Ok(())
    }
}

impl Snapshots for Fjall {
    fn snapshot(&self) -> Box<dyn Snapshot + '_> {
        Box::new(self.snapshot_now())
    }
}

/// False if the machine is at fault and not what the directory holds: a full disk, no permission, too many open files.
fn is_damage(error: &fjall::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, UnexpectedEof};
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return matches!(
                error.kind(),
                InvalidData | InvalidInput | NotFound | Other | UnexpectedEof
            );
        }
        cause = error.source();
    }
    true
}

fn unavailable(error: &dyn std::error::Error) -> Error {
    Error::Unavailable(format!("the index: {error}"))
}

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const WORKERS: usize = 1;
/// So many names are passed over one by one before a walk begins anew further on, which costs about as much as half of them.
const PASSED_MAX: usize = 64;
/// So many at least, where walks had to begin anew before.
const PASSED_MIN: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error as IoError, ErrorKind};

    #[test]
    fn only_damage_empties_the_index() {
        let io = |kind: ErrorKind| fjall::Error::Io(IoError::from(kind));
        for damage in [
            io(ErrorKind::NotFound),
            io(ErrorKind::UnexpectedEof),
            fjall::Error::InvalidTrailer,
        ] {
            assert!(is_damage(&damage), "{damage:?}");
        }
        for not in [io(ErrorKind::StorageFull), io(ErrorKind::PermissionDenied)] {
            assert!(!is_damage(&not), "{not:?}");
        }
    }
}
