//! Which workloads a run has, and how much of everything.

use crate::Fault;
use crate::workload::Workload;

/// A named run.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    workloads: &'static [&'static str],
    /// How long a turn takes.
    pub(crate) seconds: f64,
    /// Share of the objects that are stored beforehand.
    pub(crate) objects: f64,
    /// Objects in the bucket that is listed.
    pub(crate) listed: u64,
}

impl Plan {
    pub(crate) fn workloads(&self) -> Result<Vec<Workload>, Fault> {
        self.workloads.iter().map(|text| text.parse()).collect()
    }
}

/// What the goals ask for.
pub(crate) const QUICK: Plan = Plan {
    workloads: &[
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
    ],
    seconds: 1.0,
    objects: 0.1,
    listed: 20_000,
};

/// The same in more sizes and over more or fewer connections.
pub(crate) const FULL: Plan = Plan {
    workloads: &[
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_name_workloads_and_the_full_one_has_all_of_the_quick_one() {
        let quick = QUICK.workloads().expect("they are workloads");
        let full = FULL.workloads().expect("they are workloads");
        assert!(quick.iter().all(|workload| full.contains(workload)));
    }
}
