//! Walks one class of a bucket's rows in key order and folds keys into common prefixes.
//!
//! Not here: what the rows hold.

use crate::Store;
use crate::error::{Result, corrupt};
use crate::layout;
use bytes::Bytes;
use countersign_engine::limits::SCAN_ROWS_MAX;
use countersign_engine::{Class, Fold, Position, ScanRange, Scanned, Space};
use countersign_types::ObjectKey;
use std::ops::Bound;

/// What to walk over.
pub(crate) struct Walk<'a> {
    pub(crate) class: Class,
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// The marker as text: tells which common prefix it is past.
    pub(crate) marker: Option<&'a str>,
    /// The marker as a place: rows up to it are left out.
    pub(crate) after: Option<Position>,
    pub(crate) max: usize,
}

/// One entry.
pub(crate) enum Item {
    Prefix(String),
    Row(WalkRow),
}

/// A row that is not folded.
pub(crate) struct WalkRow {
    pub(crate) key: String,
    pub(crate) suffix: Bytes,
    pub(crate) value: Bytes,
}

impl Item {
    /// The key or common prefix.
    pub(crate) fn text(&self) -> &str {
        match self {
            Item::Prefix(prefix) => prefix,
            Item::Row(row) => &row.key,
        }
    }
}

impl Walk<'_> {
    /// The common prefix that a key is folded into.
    fn group<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.filter(|delimiter| !delimiter.is_empty())?;
        let at = key.strip_prefix(self.prefix)?.find(delimiter)?;
        key.get(..self.prefix.len() + at + delimiter.len())
    }

    /// What the engine can pass over for us: it sees escaped bytes, so the delimiter must be one that escaping leaves alone
    /// and that is no part of an escape.
    fn fold(&self) -> Option<Fold> {
        let delimiter = self.delimiter.filter(|delimiter| !delimiter.is_empty())?;
        layout::is_plain(delimiter).then(|| Fold {
            after: layout::escape(self.prefix).len(),
            delimiter: Bytes::copy_from_slice(delimiter.as_bytes()),
        })
    }

    fn until(&self) -> Bound<Position> {
        match layout::past_prefix(&layout::escape(self.prefix)) {
            Some(past) => Bound::Excluded(layout::at_home(past)),
            None => Bound::Unbounded,
        }
    }

    /// The first place that can hold an entry of this page.
    fn from(&self) -> Bound<Position> {
        let begin = layout::at_home(layout::escape(self.prefix));
        if let Some(group) = self.marker.and_then(|marker| self.group(marker)) {
            return past_group(group);
        }
        match &self.after {
            Some(after) if *after >= begin => Bound::Excluded(after.clone()),
            _ => Bound::Included(begin),
        }
    }
}

impl Store {
    /// The entries after the marker, at most `max`, and whether there are more.
    pub(crate) async fn walk(&self, space: Space, walk: &Walk<'_>) -> Result<(Vec<Item>, bool)> {
        let mut items: Vec<Item> = Vec::new();
        if walk.max == 0 || walk.prefix.len() > ObjectKey::BYTES_MAX {
            return Ok((items, false));
        }
        let until = walk.until();
        let mut from = walk.from();
        let fold = walk.fold();
        let is_folding = walk.delimiter.is_some_and(|delimiter| !delimiter.is_empty());
        // Where the engine folds, each row is an entry.
        let passes_over = is_folding && fold.is_none();
        let mut page_rows = if passes_over {
            FOLDING_PAGE_ROWS
        } else {
            walk.max.saturating_add(1)
        };
        while is_before(&from, &until) {
            let range = ScanRange {
                from: from.clone(),
                until: until.clone(),
                fold: fold.clone(),
            };
            let page = self
                .engine()
                .scan(space, walk.class, range, page_rows.clamp(1, PAGE_ROWS_MAX))
                .await?;
            let more = page.more;
            let mut last: Option<Position> = None;
            // The group whose rows are being passed over: always the entry before.
            let mut group: Option<String> = None;
            for row in page.rows {
                let Scanned { position, value } = row;
                let key = layout::unescape(&position.home).ok_or_else(|| corrupt("the name of an object"))?;
                let suffix = position.suffix.clone();
                last = Some(position);
                if group.as_deref().is_some_and(|group| key.starts_with(group)) {
                    continue;
                }
                if items.len() == walk.max {
                    return Ok((items, true));
                }
                group = walk.group(&key).map(str::to_owned);
                items.push(match &group {
                    Some(group) => Item::Prefix(group.clone()),
                    None => Item::Row(WalkRow { key, suffix, value }),
                });
            }
            let Some(last) = last.filter(|_| more) else {
                break;
            };
            (from, page_rows) = match group {
                Some(group) if passes_over => (past_group(&group), FOLDING_PAGE_ROWS),
                Some(group) => (past_group(&group), page_rows),
                None => (Bound::Excluded(last), page_rows.saturating_mul(2)),
            };
        }
        Ok((items, false))
    }
}

/// As much of a marker as can matter: no key is longer, so what lies after the whole lies after its beginning.
pub(crate) fn cut(marker: &str) -> &[u8] {
    marker
        .as_bytes()
        .get(..ObjectKey::BYTES_MAX)
        .unwrap_or(marker.as_bytes())
}

fn past_group(group: &str) -> Bound<Position> {
    // A group ends with a delimiter, which is text, so there is always something past it.
    let past = layout::past_prefix(&layout::escape(group)).unwrap_or_default();
    Bound::Included(layout::at_home(past))
}

fn is_before(from: &Bound<Position>, until: &Bound<Position>) -> bool {
    match (from, until) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(until) | Bound::Excluded(until)) => {
            from < until
        }
        _ => true,
    }
}

/// Rows are read to be passed over if a common prefix holds many and the engine cannot, so pages begin small and grow
/// while nothing is folded.
const FOLDING_PAGE_ROWS: usize = 32;
const PAGE_ROWS_MAX: usize = if SCAN_ROWS_MAX < 1024 { SCAN_ROWS_MAX } else { 1024 };
