//! Which workloads a run has, and how much of everything.

use crate::Fault;
use crate::workload::Workload;

/// A named run.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Beside those of the goals.
    more: &'static [&'static str],
    /// How long a turn takes.
    pub(crate) seconds: f64,
    /// Share of the objects that are stored beforehand.
    pub(crate) objects: f64,
    /// Objects in the bucket that is listed.
    pub(crate) listed: u64,
}

impl Plan {
    pub(crate) fn workloads(&self) -> Result<Vec<Workload>, Fault> {
        let texts = GOALS.iter().chain(self.more);
        texts.map(|text| text.parse()).collect()
    }
}

/// The goals alone, little of everything.
pub(crate) const QUICK: Plan = Plan {
    more: &[],
    seconds: 1.0,
    objects: 0.1,
    listed: 20_000,
};

/// Also in more sizes and over more or fewer connections.
pub(crate) const FULL: Plan = Plan {
    more: &[
        "put/256MiB/16",
        "get/4KiB/1",
        "get/4KiB/4",
        "get/4KiB/16",
        "get/4KiB/64",
        "put/4KiB/4",
        "put/4KiB/16",
        "head/4KiB/32",
        "get/1KiB/32",
        "get/64KiB/32",
        "get/1MiB/16",
        "put/1KiB/64",
        "put/1MiB/16",
        "multipart/256MiB/4",
    ],
    seconds: 3.0,
    objects: 1.0,
    listed: 100_000,
};

/// What the goals ask for, but for what takes long.
const GOALS: [&str; 11] = [
    "get/4KiB/32",
    "put/4KiB/64",
    "put/4KiB/1",
    "get/16MiB/4",
    "put/16MiB/4",
    "list-keys/16B/4",
    "list-prefixes/16B/4",
    "delete/4KiB/64",
    "delete-many/16B/4",
    "mixed/64KiB/32",
    "put/64KiB/64",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_name_workloads_each_once() {
        for plan in [QUICK, FULL] {
            let workloads = plan.workloads().expect("they are workloads");
            let different: std::collections::BTreeSet<_> = workloads.iter().collect();
            assert_eq!(different.len(), workloads.len());
        }
    }
}
