//! What the index can give by itself: as many rows as a bucket of the listings has, in the index that the server uses, read a
//! page at a time. No names are decoded, no XML is written, nobody asks over a socket.
//!
//! This knows more of the product than HTTP: the limit of our listing is the speed of our index, and only its own code can say
//! what that is.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use countersign_embedded::{Fjall, MetaIndex};

use crate::Fault;
use crate::drive::Tally;
use crate::payload::{Random, random_bytes};
use crate::workload::{KEYS_A_PAGE, Kind, PREFIXES, first_groups};

/// An index full of rows.
pub(crate) struct Index {
    rows: Fjall,
    path: PathBuf,
    objects: u64,
}

impl Index {
    /// An index with so many rows, with a thousand common prefixes.
    pub(crate) fn create(directory: &Path, rows: u64) -> Result<Index, Fault> {
        let path = directory.join("limit-index");
        let (index, _) = Fjall::open(&path).map_err(|error| fault(&error))?;
        let members = rows.max(PREFIXES).div_ceil(PREFIXES);
        for member in 0..members {
            let value = |group: u64| random_bytes(VALUE_BYTES, member * PREFIXES + group);
            let ops = (0..PREFIXES).map(|group| (name(group, Some(member)), Some(value(group))));
            index.apply(ops.collect()).map_err(|error| fault(&error))?;
        }
        index.persist().map_err(|error| fault(&error))?;
        Ok(Index {
            rows: index,
            path,
            objects: members * PREFIXES,
        })
    }

    /// Reads pages with as many threads as there are cores; an operation is a page.
    pub(crate) fn pages(&self, kind: Kind, time: Duration) -> Result<Tally, Fault> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let total = Mutex::new(Tally::new());
        let began = Instant::now();
        let results: Vec<Result<(), Fault>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads as u64)
                .map(|thread| {
                    let total = &total;
                    scope.spawn(move || {
                        let mut random = Random(thread);
                        let mut tally = Tally::new();
                        let mut before = began.elapsed();
                        while before < time {
                            self.page(kind, &mut random)?;
                            let now = began.elapsed();
                            tally.count(before, now, 0);
                            before = now;
                        }
                        total
                            .lock()
                            .map_err(|_| Fault::new("a reader panicked"))?
                            .add(&tally);
                        Ok(())
                    })
                })
                .collect();
            let joined = handles.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .map(|result| result.unwrap_or_else(|_| Err(Fault::new("a reader panicked"))))
                .collect()
        });
        results.into_iter().collect::<Result<Vec<()>, Fault>>()?;
        total.into_inner().map_err(|_| Fault::new("a reader panicked"))
    }

    fn page(&self, kind: Kind, random: &mut Random) -> Result<(), Fault> {
        let end = [TABLE, b"listed/q"].concat();
        let scan = |from: &[u8], max: usize| self.rows.scan(from, &end, max).map_err(|error| fault(&error));
        if kind == Kind::ListKeys {
            let group = random.below(first_groups(self.objects));
            return whole(
                scan(&name(group, None), KEYS_A_PAGE as usize)?.len() as u64,
                KEYS_A_PAGE,
            );
        }
        for group in 0..PREFIXES {
            whole(scan(&name(group, None), 1)?.len() as u64, 1)?;
        }
        Ok(())
    }
}

fn whole(found: u64, wanted: u64) -> Result<(), Fault> {
    if found == wanted {
        Ok(())
    } else {
        Err(Fault::new("the index lacks rows"))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A name as long as that of an object's row; without a member, where its group begins.
fn name(group: u64, member: Option<u64>) -> Vec<u8> {
    let mut name = TABLE.to_vec();
    name.extend_from_slice(format!("listed/p{group:03}").as_bytes());
    if let Some(member) = member {
        name.extend_from_slice(format!("/k{member:07}\0").as_bytes());
    }
    name
}

fn fault(error: &countersign_engine::Error) -> Fault {
    Fault::new(format!("the index: {error}"))
}

/// Rows of one class of one space.
const TABLE: &[u8] = &[1, 0, 0, 0, 0, 0, 0, 0, 1, b'k'];

/// About what the row of a small object holds.
const VALUE_BYTES: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pages_are_read_and_nothing_stays_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let index = Index::create(directory.path(), 3000).expect("an index");
        for kind in [Kind::ListKeys, Kind::ListPrefixes] {
            assert!(
                index
                    .pages(kind, Duration::from_millis(20))
                    .expect("it reads")
                    .operations
                    > 0
            );
        }
        drop(index);
        assert_eq!(
            std::fs::read_dir(directory.path()).expect("a directory").count(),
            0
        );
    }
}
