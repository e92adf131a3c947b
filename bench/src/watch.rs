//! What a process and a disk did meanwhile: processor time, memory, bytes written to the device.
//!
//! Bytes are taken from the statistics of the block device and not from `/proc/PID/io`, which on kernels with large folios
//! counts whole folios for a few bytes. The price: whatever else writes to the device is counted too.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A process with its children, looked at from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched(pub(crate) u32);

/// Resident memory in bytes: now, and the most since it was last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Watched {
    /// Seconds of processor time of the process and its children, dead children too.
    pub(crate) fn cpu_seconds(self) -> Option<f64> {
        // The process itself must be there; a child that is gone meanwhile is counted by its parent.
        ticks(&read(self.0, "stat")?)?;
        let all = self
            .family()
            .into_iter()
            .filter_map(|pid| ticks(&read(pid, "stat")?));
        let a_second = rustix::param::clock_ticks_per_second();
        Some(all.sum::<u64>() as f64 / a_second as f64)
    }

    pub(crate) fn memory(self) -> Memory {
        let mut memory = Memory::default();
        for pid in self.family() {
            let status = read(pid, "status").unwrap_or_default();
            memory.now += kibibytes(&status, "VmRSS:") * 1024;
            memory.peak += kibibytes(&status, "VmHWM:") * 1024;
        }
        memory
    }

    /// Begins a new peak. Only the owner of a process may; for others the peak is that of their whole life.
    pub(crate) fn reset_peak(self) {
        for pid in self.family() {
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }

    fn family(self) -> BTreeSet<u32> {
        let mut family = BTreeSet::from([self.0]);
        let mut open = vec![self.0];
        while let Some(pid) = open.pop() {
            let tasks = fs::read_dir(format!("/proc/{pid}/task"))
                .into_iter()
                .flatten()
                .flatten();
            for task in tasks {
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
                    if family.insert(child) {
                        open.push(child);
                    }
                }
            }
        }
        family
    }
}

/// The device below a directory.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    statistics: PathBuf,
    directory: PathBuf,
}

impl Device {
    /// `None` where no block device stands behind the directory (memory, network, overlay).
    pub(crate) fn of(directory: &Path) -> Option<Device> {
        let device = fs::metadata(directory).ok()?.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let statistics = PathBuf::from(format!("/sys/dev/block/{major}:{minor}/stat"));
        statistics.exists().then(|| Device {
            statistics,
            directory: directory.to_owned(),
        })
    }

    /// Bytes written since the machine started, after everything that waits in memory was written.
    pub(crate) fn settled_bytes_written(&self) -> Option<u64> {
        let directory = fs::File::open(&self.directory).ok()?;
        rustix::fs::syncfs(&directory).ok()?;
        self.bytes_written()
    }

    /// Bytes written since the machine started.
    pub(crate) fn bytes_written(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.statistics).ok()?;
        let sectors: u64 = text.split_whitespace().nth(6)?.parse().ok()?;
        Some(sectors * SECTOR_BYTES)
    }
}

fn read(pid: u32, name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/{name}")).ok()
}

/// User and system time of the process and of its children that ended. The name in parentheses may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let times = rest.split_whitespace().skip(11).take(4);
    times.map(|word| word.parse::<u64>().ok()).sum()
}

fn kibibytes(status: &str, label: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

const SECTOR_BYTES: u64 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 9 0 1";
        assert_eq!(ticks(stat), Some(11 + 22 + 33 + 44));
        assert_eq!(ticks("nothing"), None);
    }

    #[test]
    fn this_process_has_memory_and_time_and_one_that_is_not_there_has_none() {
        let memory = Watched(std::process::id()).memory();
        assert!(memory.now > 0 && memory.peak >= memory.now / 2, "{memory:?}");
        assert!(Watched(std::process::id()).cpu_seconds().is_some());
        assert_eq!(Watched(u32::MAX).cpu_seconds(), None);
    }

    #[test]
    fn a_child_belongs_to_the_family() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("`sleep` runs");
        let family = Watched(std::process::id()).family();
        child.kill().and_then(|()| child.wait()).expect("it ends");
        assert!(family.contains(&child.id()));
    }
}
