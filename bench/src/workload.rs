//! What is asked of a store: which operation, on how many bytes, over how many connections.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Fault;

/// One line of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    /// Bytes of one object.
    pub(crate) size: usize,
    pub(crate) connections: usize,
}

/// The operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// New objects.
    Put,
    /// Objects of a set that was stored before.
    Get,
    /// The same, heads only.
    Head,
    /// Objects that were stored for it.
    Delete,
    /// The same, a thousand in one request; an operation is a request.
    DeleteMany,
    /// A page of a thousand keys out of many, at a random place.
    ListKeys,
    /// A page of all common prefixes of many keys.
    ListPrefixes,
    /// 45 % GET, 30 % HEAD, 15 % PUT, 10 % DELETE.
    Mixed,
    /// Objects of a set that was stored before, four of five times written over, else deleted.
    Churn,
    /// An upload in parts of 16 MiB, from its beginning to its completion.
    Multipart,
}

impl Workload {
    /// Whether bytes get stored, so that it makes sense to ask how many reached the device.
    pub(crate) fn stores(&self) -> bool {
        matches!(self.kind, Kind::Put | Kind::Multipart)
    }

    /// Whether anything is written.
    pub(crate) fn writes(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Get | Kind::Head | Kind::ListKeys | Kind::ListPrefixes
        )
    }

    /// How many objects it wants to find, or to be stored for each of its rounds, if the share is all of them. Listings are
    /// told how many.
    pub(crate) fn objects(&self, share: f64) -> u64 {
        let in_memory = (STORED_BYTES / self.size.max(1)) as u64;
        let objects = match self.kind {
            Kind::Put | Kind::Multipart | Kind::ListKeys | Kind::ListPrefixes => return 0,
            Kind::Get | Kind::Head => in_memory.clamp(OBJECTS_MIN, 10_000),
            Kind::Mixed => in_memory.clamp(OBJECTS_MIN, 4_000),
            Kind::Churn => in_memory.clamp(OBJECTS_MIN, 200_000),
            Kind::Delete | Kind::DeleteMany => 20_000,
        };
        let wanted = (objects as f64 * share) as u64;
        match self.kind {
            Kind::DeleteMany => wanted.max(1).next_multiple_of(KEYS_A_PAGE),
            _ => wanted.max(OBJECTS_MIN),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.name(), Size(self.size), self.connections)
    }
}

/// As text, so that a file of results can be read by people.
impl Serialize for Workload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Workload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Workload, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl FromStr for Workload {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Workload, Fault> {
        let wrong = || {
            Fault::new(format!(
                "`{text}`: a workload is `operation/size/connections`, such as `put/4KiB/64`"
            ))
        };
        let mut parts = text.split('/');
        let (Some(name), Some(size), Some(connections), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let kind = KINDS
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(wrong)?;
        let connections: usize = connections.parse().map_err(|_| wrong())?;
        if !(1..=CONNECTIONS_MAX).contains(&connections) {
            return Err(wrong());
        }
        let Size(size) = size.parse().map_err(|_| wrong())?;
        Ok(Workload {
            kind,
            size,
            connections,
        })
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Put => "put",
            Kind::Get => "get",
            Kind::Head => "head",
            Kind::Delete => "delete",
            Kind::DeleteMany => "delete-many",
            Kind::ListKeys => "list-keys",
            Kind::ListPrefixes => "list-prefixes",
            Kind::Mixed => "mixed",
            Kind::Churn => "churn",
            Kind::Multipart => "multipart",
        }
    }
}

/// Bytes as people write them: `4KiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = UNITS
            .iter()
            .find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (name, unit) = fitting.unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl FromStr for Size {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Size, Fault> {
        let wrong = || Fault::new(format!("`{text}` is no size, such as `4KiB`"));
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
            .unwrap_or((text, 1));
        let count: usize = digits.parse().map_err(|_| wrong())?;
        count.checked_mul(unit).map(Size).ok_or_else(wrong)
    }
}

const KINDS: [Kind; 10] = [
    Kind::Put,
    Kind::Get,
    Kind::Head,
    Kind::Delete,
    Kind::DeleteMany,
    Kind::ListKeys,
    Kind::ListPrefixes,
    Kind::Mixed,
    Kind::Churn,
    Kind::Multipart,
];

const UNITS: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// What S3 gives in one page, and takes in one request to delete.
pub(crate) const KEYS_A_PAGE: u64 = 1000;

/// The common prefixes of any set of objects: as many as one page gives.
pub(crate) const PREFIXES: u64 = 1000;

/// How many of the common prefixes have a whole page of keys behind them, if there are so many objects (1,000 at least).
pub(crate) fn first_groups(objects: u64) -> u64 {
    let members = (objects / PREFIXES).max(1);
    PREFIXES.saturating_sub(KEYS_A_PAGE.div_ceil(members)).max(1)
}

/// The parts of an upload.
pub(crate) const PART_BYTES: usize = 16 << 20;

/// A set has at least so many.
const OBJECTS_MIN: u64 = 8;

/// A set to read from is at most about this large, so that it stays in memory on any machine.
const STORED_BYTES: usize = 256 << 20;

/// More than a machine of one's own needs.
const CONNECTIONS_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_is_read_as_it_is_written() {
        for text in [
            "put/4KiB/64",
            "get/16MiB/4",
            "list-prefixes/16B/2",
            "mixed/64KiB/32",
            "multipart/256MiB/1",
            "get/1000B/1",
        ] {
            assert_eq!(text.parse::<Workload>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_workload_is_refused() {
        for text in [
            "",
            "put",
            "put/4KiB",
            "put/4KiB/0",
            "put/4KiB/4097",
            "put/x/1",
            "frob/4KiB/1",
            "put/4KiB/1/1",
            "put/99999999999999999999GiB/1",
        ] {
            assert!(text.parse::<Workload>().is_err(), "{text}");
        }
    }

    #[test]
    fn behind_each_prefix_that_is_asked_for_lies_a_page() {
        for (objects, groups) in [
            (1000, 1),
            (2000, 500),
            (20_000, 950),
            (1_000_000, 999),
            (10_000_000, 999),
        ] {
            assert_eq!(first_groups(objects), groups, "{objects}");
            // The last group that is asked for is the one before `groups`.
            assert!((PREFIXES - (groups - 1)) * (objects / PREFIXES) >= KEYS_A_PAGE);
        }
    }

    #[test]
    fn a_set_of_objects_is_never_empty_and_pages_are_whole() {
        let objects = |text: &str, share: f64| text.parse::<Workload>().expect(text).objects(share);
        assert_eq!(objects("get/16MiB/4", 1.0), 16);
        assert_eq!(objects("get/4KiB/4", 1.0), 10_000);
        assert_eq!(objects("get/4KiB/4", 0.0), 8);
        assert_eq!(objects("delete-many/16B/4", 0.5), 10_000);
        assert_eq!(objects("delete-many/16B/4", 0.0), 1000);
    }
}
