//! The record on disk: a few files of lines, the newest of which is appended to.
//!
//! Not here: threads and queues (see `writer`), and what stands in a line (see `entry`).
//!
//! It keeps true: bounded in files, bytes and age; a line is there whole or is passed over when it is read, whatever
//! stopped the one who wrote it. Nothing is synced: this is a record of what went wrong, not anybody's data.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use countersign_types::Moment;

use crate::record::entry::{ENTRY_BYTES_MAX, Entry};

/// The files of one directory.
pub(crate) struct Files {
    dir: PathBuf,
    /// Numbers of the files there are, oldest first.
    numbers: Vec<u64>,
    last: Option<Last>,
}

/// The file that is appended to.
struct Last {
    file: File,
    bytes: u64,
    /// When its first line was written.
    since: Moment,
    /// Whether it may end in the middle of a line.
    is_torn: bool,
}

impl Last {
    /// Whether nobody can find any more what is written into it.
    fn is_removed(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
    }
}

impl Files {
    /// Opens a directory, makes it if need be, and reads what it holds: entries, oldest first.
    pub(crate) fn open(dir: &Path, now: Moment) -> io::Result<(Files, Vec<Entry>)> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut numbers = numbers(dir)?;
        let mut files = Files {
            dir: dir.to_owned(),
            numbers: Vec::new(),
            last: None,
        };
        files.let_go(&mut numbers, FILES_MAX, now)?;
        let mut entries = Vec::new();
        let mut is_torn = false;
        let mut since = None;
        for number in &numbers {
            let text = read(&files.path(*number))?;
            is_torn = !(text.is_empty() || text.ends_with('\n'));
            let before = entries.len();
            entries.extend(text.lines().filter_map(Entry::parse));
            since = entries.get(before).map(|entry: &Entry| entry.at);
        }
        if let Some(number) = numbers.last() {
            let (file, bytes) = append(&files.path(*number))?;
            let since = since.unwrap_or(now);
            files.last = Some(Last {
                file,
                bytes,
                since,
                is_torn,
            });
        }
        files.numbers = numbers;
        Ok((files, entries))
    }

    /// Appends lines, each with its line break, in one write; begins a new file and removes old ones where a bound is reached.
    pub(crate) fn append(&mut self, lines: &str, now: Moment) -> io::Result<()> {
        let length = lines.len() as u64 + 1;
        let is_over = |last: &Last| {
            last.bytes + length > FILE_BYTES_MAX
                || now.millis() - last.since.millis() > FILE_AGE_MILLIS_MAX
                || last.is_removed()
        };
        if self.last.as_ref().is_none_or(is_over) {
            self.begin(now)?;
        }
        let Some(last) = &mut self.last else {
            return Ok(());
        };
        // The line that broke off is ended first, or the next would be part of it.
        let text = if last.is_torn {
            format!("\n{lines}")
        } else {
            lines.to_owned()
        };
        // Of a write that fails nobody knows how much arrived.
        last.bytes += text.len() as u64;
        last.is_torn = true;
        last.file.write_all(text.as_bytes())?;
        last.is_torn = false;
        Ok(())
    }

    /// Removes what is too old.
    pub(crate) fn expire(&mut self, now: Moment) -> io::Result<()> {
        let mut numbers = std::mem::take(&mut self.numbers);
        let done = self.let_go(&mut numbers, FILES_MAX, now);
        if numbers.is_empty() {
            self.last = None;
        }
        self.numbers = numbers;
        done
    }

    /// Begins a new file, once there is room for it: files that cannot be removed must not become ever more.
    fn begin(&mut self, now: Moment) -> io::Result<()> {
        let number = self.numbers.last().map_or(1, |last| last.saturating_add(1));
        let mut numbers = std::mem::take(&mut self.numbers);
        let room = self.let_go(&mut numbers, FILES_MAX - 1, now);
        self.numbers = numbers;
        room?;
        let (file, bytes) = append(&self.path(number))?;
        self.numbers.push(number);
        self.last = Some(Last {
            file,
            bytes,
            since: now,
            is_torn: false,
        });
        Ok(())
    }

    /// Removes the oldest files: those too many, and those last written too long ago.
    fn let_go(&self, numbers: &mut Vec<u64>, files_max: usize, now: Moment) -> io::Result<()> {
        while let Some(oldest) = numbers.first() {
            let path = self.path(*oldest);
            if numbers.len() <= files_max && !is_too_old(&path, now) {
                break;
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => drop(numbers.remove(0)),
            }
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(file_name(number))
    }
}

fn file_name(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// The numbers of the files that are ours, in order.
fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_str().unwrap_or_default();
        let number = name.strip_suffix(SUFFIX).and_then(|number| number.parse().ok());
        numbers.extend(number.filter(|number| file_name(*number) == name));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What a file holds, up to the length that we give it.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(FILE_BYTES_MAX + ENTRY_BYTES_MAX as u64)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

fn is_too_old(path: &Path, now: Moment) -> bool {
    let written = fs::metadata(path).and_then(|metadata| metadata.modified());
    let Ok(since) = written.map(|at| at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()) else {
        return false;
    };
    let written = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    now.millis().saturating_sub(written) > super::AGE_MILLIS_MAX
}

const SUFFIX: &str = ".jsonl";
/// Most files.
const FILES_MAX: usize = 8;
/// Longest file.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// How long one file is appended to: a day. A file goes when its last line is too old, so no line outlives its age by more.
const FILE_AGE_MILLIS_MAX: i64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clock::Real;
    use crate::record::entry::tests::entry;

    fn line(now: Moment) -> (String, String) {
        let entry = entry(now.millis(), None, "HST-PROXY", "curl@::1");
        (
            format!("{}\n", entry.document.get()),
            entry.request_id.as_str().to_owned(),
        )
    }

    fn ids(dir: &Path, now: Moment) -> Vec<String> {
        let (_, entries) = Files::open(dir, now).expect("a directory");
        entries
            .iter()
            .map(|entry| entry.request_id.as_str().to_owned())
            .collect()
    }

    fn later(now: Moment, millis: i64) -> Moment {
        Moment::from_millis(now.millis() + millis)
    }

    #[test]
    fn what_was_appended_is_read_by_the_next_and_by_nobody_else() {
        let scratch = tempfile::tempdir().expect("a directory");
        let (dir, now) = (scratch.path().join("a/refusals"), Real::now());
        let (mut files, entries) = Files::open(&dir, now).expect("a directory");
        assert!(entries.is_empty());
        let (lines, expected): (Vec<_>, Vec<_>) = (0..3).map(|_| line(now)).unzip();
        files.append(&lines[..2].concat(), now).expect("written");
        let (mut files, _) = Files::open(&dir, now).expect("a directory");
        files.append(&lines[2], now).expect("written");
        assert_eq!(ids(&dir, now), expected);
        assert_eq!(numbers(&dir).expect("a list"), [1]);
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("0000000001.jsonl"))), (0o700, 0o600));
    }

    #[test]
    fn a_line_that_broke_off_is_passed_over_and_harms_no_other() {
        let now = Real::now();
        let (torn, _) = line(now);
        for length in [1, torn.len() / 2, torn.len() - 2, torn.len() - 1] {
            let scratch = tempfile::tempdir().expect("a directory");
            let (first, first_id) = line(now);
            let (next, next_id) = line(now);
            let broken = format!("{first}{}", torn.get(..length).unwrap_or_default());
            fs::write(scratch.path().join("0000000001.jsonl"), broken).expect("written");
            let (mut files, _) = Files::open(scratch.path(), now).expect("a directory");
            files.append(&next, now).expect("written");
            let found = ids(scratch.path(), now);
            assert_eq!(
                (found.first(), found.last()),
                (Some(&first_id), Some(&next_id)),
                "{length}"
            );
        }
    }

    #[test]
    fn what_is_no_line_of_ours_is_passed_over() {
        let scratch = tempfile::tempdir().expect("a directory");
        let now = Real::now();
        let (whole, id) = line(now);
        let mut bytes = b"\xff\xfe\x00nonsense\n{}\n[]\n\n".to_vec();
        bytes.extend(whole.as_bytes());
        fs::write(scratch.path().join("0000000007.jsonl"), bytes).expect("written");
        fs::write(scratch.path().join("notes.txt"), "mine").expect("written");
        for name in ["x.jsonl", "1.jsonl", ".jsonl"] {
            fs::write(scratch.path().join(name), &whole).expect("written");
        }
        assert_eq!(ids(scratch.path(), now), [id]);
        assert!(scratch.path().join("notes.txt").exists() && scratch.path().join("1.jsonl").exists());
    }

    #[test]
    fn a_flood_stays_bounded_and_the_newest_are_kept() {
        let scratch = tempfile::tempdir().expect("a directory");
        let now = Real::now();
        let (mut files, _) = Files::open(scratch.path(), now).expect("a directory");
        let most = FILES_MAX as u64 * FILE_BYTES_MAX;
        let (mut written, mut newest) = (0, String::new());
        while written < 2 * most {
            let access_key_id = "x".repeat(20_000);
            let entry = entry(now.millis(), Some(&access_key_id), "HST-PROXY", "curl@::1");
            newest = entry.request_id.as_str().to_owned();
            files
                .append(&format!("{}\n", entry.document.get()), now)
                .expect("written");
            written += entry.document.get().len() as u64;
        }
        let on_disk = || -> u64 {
            let sizes = fs::read_dir(scratch.path()).expect("a directory");
            sizes
                .map(|file| file.and_then(|f| f.metadata()).expect("a file").len())
                .sum()
        };
        assert!(on_disk() <= most && on_disk() > most / 2, "{}", on_disk());
        assert_eq!(numbers(scratch.path()).expect("a list").len(), FILES_MAX);
        assert_eq!(ids(scratch.path(), now).last(), Some(&newest));
    }

    #[test]
    fn each_day_has_its_file_and_a_file_goes_when_its_last_line_is_too_old() {
        let scratch = tempfile::tempdir().expect("a directory");
        let now = Real::now();
        let (mut files, _) = Files::open(scratch.path(), now).expect("a directory");
        files.append(&line(now).0, now).expect("written");
        files
            .append(&line(now).0, later(now, FILE_AGE_MILLIS_MAX))
            .expect("written");
        assert_eq!(files.numbers, [1]);
        files
            .append(&line(now).0, later(now, FILE_AGE_MILLIS_MAX + 1))
            .expect("written");
        assert_eq!(files.numbers, [1, 2]);
        files
            .expire(later(now, super::super::AGE_MILLIS_MAX - 60_000))
            .expect("looked at");
        assert_eq!(numbers(scratch.path()).expect("a list"), [1, 2]);
        files
            .expire(later(now, super::super::AGE_MILLIS_MAX + 60_000))
            .expect("removed");
        assert!(numbers(scratch.path()).expect("a list").is_empty());
        files.append(&line(now).0, now).expect("written");
        assert_eq!(ids(scratch.path(), now).len(), 1);
    }

    #[test]
    fn a_file_that_somebody_removed_is_written_to_no_more() {
        let scratch = tempfile::tempdir().expect("a directory");
        let (dir, now) = (scratch.path().join("refusals"), Real::now());
        let (mut files, _) = Files::open(&dir, now).expect("a directory");
        files.append(&line(now).0, now).expect("written");
        let file = dir.join("0000000001.jsonl");
        fs::remove_file(&file).expect("it was there");
        let (next, next_id) = line(now);
        files.append(&next, now).expect("written");
        assert_eq!(ids(&dir, now), [next_id]);
        fs::remove_dir_all(&dir).expect("it was there");
        assert!(files.append(&line(now).0, now).is_err(), "lost lines are counted");
    }

    #[test]
    fn a_disk_that_failed_is_written_to_again_without_harm() {
        let scratch = tempfile::tempdir().expect("a directory");
        let now = Real::now();
        let (mut files, _) = Files::open(scratch.path(), now).expect("a directory");
        let (first, first_id) = line(now);
        files.append(&first, now).expect("written");
        // Linux has a file that is always full.
        let last = files.last.as_mut().expect("a file");
        let good = std::mem::replace(
            &mut last.file,
            OpenOptions::new()
                .append(true)
                .open("/dev/full")
                .expect("it exists"),
        );
        assert!(files.append(&line(now).0, now).is_err());
        files.last.as_mut().expect("a file").file = good;
        let (next, next_id) = line(now);
        files.append(&next, now).expect("written");
        assert_eq!(ids(scratch.path(), now), [first_id, next_id]);
    }
}
