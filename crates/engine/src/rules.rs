//! The rules of the contract that need no stored state, checked in one place for every engine.
//!
//! Not here: guards, seals and anything else that depends on what is stored.
//!
//! Keeps true: what one engine refuses for its form, every engine refuses with the same [`Error`].

use crate::limits::{
    BODY_BYTES_MAX, COMMIT_BODIES_BYTES_MAX, COMMIT_BYTES_MAX, GUARDS_PER_COMMIT_MAX, HOME_BYTES_MAX,
    INLINE_BODY_BYTES_MAX, READ_BYTES_MAX, ROW_BYTES_MAX, ROWS_PER_COMMIT_MAX, ROWS_PER_GET_MAX,
    SCAN_ROWS_MAX, SUFFIX_BYTES_MAX,
};
use crate::{Body, Change, Error, Guard, Home, Put, Result, Row, ScanRange};
use smallvec::SmallVec;
use std::collections::HashSet;
use std::sync::Arc;

/// Checks a home's name.
pub fn check_home(home: &Home) -> Result<()> {
    within(home.0.len(), HOME_BYTES_MAX, "HOME_BYTES_MAX")?;
    no_zero_byte(&home.0, "a home holds a zero byte")
}

/// Checks a row's name.
pub fn check_row(row: &Row) -> Result<()> {
    within(row.suffix.len(), SUFFIX_BYTES_MAX, "SUFFIX_BYTES_MAX")?;
    no_zero_byte(&row.suffix, "a suffix holds a zero byte")
}

/// Checks what a `get` asks for.
pub fn check_get(home: &Home, rows: &[Row]) -> Result<()> {
    check_home(home)?;
    within(rows.len(), ROWS_PER_GET_MAX, "ROWS_PER_GET_MAX")?;
    rows.iter().try_for_each(check_row)
}

/// Checks what a scan asks for, and how many rows.
pub fn check_scan(range: &ScanRange, max: usize) -> Result<()> {
    if range.fold.as_ref().is_some_and(|fold| fold.delimiter.is_empty()) {
        return Err(Error::Invalid("an empty delimiter"));
    }
    if max == 0 {
        return Err(Error::Invalid("a scan of no rows"));
    }
    within(max, SCAN_ROWS_MAX, "SCAN_ROWS_MAX")
}

/// Checks a whole change: names, sizes, and that no row is named twice and no body taken twice.
pub fn check_change(home: &Home, change: &Change) -> Result<()> {
    check_home(home)?;
    within(
        change.guards.len(),
        GUARDS_PER_COMMIT_MAX,
        "GUARDS_PER_COMMIT_MAX",
    )?;
    within(
        change.puts.len() + change.deletes.len(),
        ROWS_PER_COMMIT_MAX,
        "ROWS_PER_COMMIT_MAX",
    )?;
    change.guards.iter().try_for_each(check_guard)?;
    change.puts.iter().try_for_each(check_put)?;
    change.deletes.iter().try_for_each(check_row)?;
    let values = change.puts.iter().map(|put| put.value.len()).sum();
    within(values, COMMIT_BYTES_MAX, "COMMIT_BYTES_MAX")?;
    let bodies = change.puts.iter().map(inline_bytes).sum();
    within(bodies, COMMIT_BODIES_BYTES_MAX, "COMMIT_BODIES_BYTES_MAX")?;
    check_rows_named_once(change)
}

/// The length of a body after `more` bytes came to it.
pub fn grown(len: u64, more: usize) -> Result<u64> {
    len.checked_add(more as u64)
        .filter(|sum| *sum <= BODY_BYTES_MAX)
        .ok_or(Error::Limit("BODY_BYTES_MAX"))
}

/// Checks that `len` bytes at `offset` lie inside a body of `body_len` bytes.
pub fn check_read(body_len: u64, offset: u64, len: usize) -> Result<()> {
    within(len, READ_BYTES_MAX, "READ_BYTES_MAX")?;
    match offset.checked_add(len as u64) {
        Some(end) if end <= body_len => Ok(()),
        _ => Err(Error::Invalid("a read past the end of the body")),
    }
}

fn check_guard(guard: &Guard) -> Result<()> {
    check_row(&guard.row)?;
    match &guard.expected {
        Some(expected) if expected.is_empty() => Err(Error::Invalid("a guard expects an empty value")),
        Some(expected) => within(expected.len(), ROW_BYTES_MAX, "ROW_BYTES_MAX"),
        None => Ok(()),
    }
}

fn check_put(put: &Put) -> Result<()> {
    check_row(&put.row)?;
    if put.value.is_empty() {
        return Err(Error::Invalid("an empty row value"));
    }
    within(put.value.len(), ROW_BYTES_MAX, "ROW_BYTES_MAX")?;
    within(inline_bytes(put), INLINE_BODY_BYTES_MAX, "INLINE_BODY_BYTES_MAX")
}

fn check_rows_named_once(change: &Change) -> Result<()> {
    let named = change.puts.iter().map(|put| &put.row).chain(&change.deletes);
    let mut named: SmallVec<[&Row; 4]> = named.collect();
    named.sort_unstable();
    if named
        .windows(2)
        .any(|pair| matches!(pair, [row, next] if row == next))
    {
        return Err(Error::Invalid("a row is named twice"));
    }
    let staged = change.puts.iter().filter_map(|put| match &put.body {
        Some(Body::Staged(staged)) => Some(Arc::as_ptr(&staged.handle).cast::<()>()),
        _ => None,
    });
    let mut handed_over = HashSet::new();
    if !staged.into_iter().all(|handle| handed_over.insert(handle)) {
        return Err(STAGED_TWICE);
    }
    let mut taken = HashSet::new();
    for put in &change.puts {
        if let Some(Body::Of(row)) = &put.body {
            check_row(row)?;
            if named.binary_search(&row).is_err() {
                return Err(Error::Invalid("a body is taken from a row that keeps it"));
            }
            if !taken.insert(row) {
                return Err(Error::Invalid("a body is taken twice"));
            }
        }
    }
    Ok(())
}

/// What handing over a staged body answers once a commit took it.
pub const STAGED_TWICE: Error = Error::Invalid("a staged body is handed over twice");

fn inline_bytes(put: &Put) -> usize {
    match &put.body {
        Some(Body::Bytes(bytes)) => bytes.len(),
        _ => 0,
    }
}

fn within(size: usize, max: usize, limit: &'static str) -> Result<()> {
    if size > max {
        Err(Error::Limit(limit))
    } else {
        Ok(())
    }
}

fn no_zero_byte(bytes: &[u8], what: &'static str) -> Result<()> {
    if bytes.contains(&0) {
        Err(Error::Invalid(what))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_grows_to_its_limit_and_no_further() {
        assert_eq!(grown(0, 7).ok(), Some(7));
        assert_eq!(grown(BODY_BYTES_MAX - 1, 1).ok(), Some(BODY_BYTES_MAX));
        assert!(matches!(
            grown(BODY_BYTES_MAX, 1),
            Err(Error::Limit("BODY_BYTES_MAX"))
        ));
        assert!(matches!(grown(u64::MAX, 1), Err(Error::Limit("BODY_BYTES_MAX"))));
    }

    #[test]
    fn a_read_ends_inside_the_body() {
        assert!(check_read(10, 10, 0).is_ok());
        assert!(check_read(10, 3, 7).is_ok());
        assert!(matches!(check_read(10, 4, 7), Err(Error::Invalid(_))));
        assert!(matches!(check_read(10, u64::MAX, 1), Err(Error::Invalid(_))));
    }
}
