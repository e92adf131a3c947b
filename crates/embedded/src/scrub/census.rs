//! Counts what is stored, from the index alone; of bodies in files of their own it asks whether the files are there.
//!
//! Not here: reading bodies.

use crate::embedded::{Shared, standing};
use crate::format::entry::{self, Entry, SpaceEntry};
use crate::format::{At, Placed};
use crate::health::unavailable;
use crate::index::MetaIndex;
use countersign_engine::upkeep::{Census, Damage, RowName};
use countersign_engine::{Result, Space};
use std::collections::BTreeSet;
use std::io;

/// Counts everything.
pub(super) fn count(shared: &Shared) -> Result<Census> {
    let mut standing_spaces = BTreeSet::from([Space::SYSTEM]);
    each(shared, entry::space_names(), |name, state| {
        let state = SpaceEntry::parse(state).map(|entry| entry.state);
        if let (Some(space), Ok(())) = (entry::parse_space_name(name), standing(state)) {
            standing_spaces.insert(space);
        }
        Ok(())
    })?;
    let mut census = Census {
        spaces: standing_spaces.len() as u64,
        ..Census::default()
    };
    each(shared, entry::rows(), |name, value| {
        let Some((space, home, row)) = entry::parse_row_name(name) else {
            return Ok(());
        };
        if !standing_spaces.contains(&space) {
            return Ok(());
        }
        census.rows += 1;
        let Some(Placed { len, at, .. }) = Entry::parse(value.clone()).and_then(|entry| entry.body) else {
            return Ok(());
        };
        census.body_bytes += len;
        if let At::Large { id } = at {
            census.large_bodies += 1;
            if shared.large.open(id)?.is_none() {
                census.missing_count += 1;
                if census.missing.len() < MISSING_TOLD_MAX {
                    census.missing.push(Damage {
                        row: Some(RowName { space, home, row }),
                        what: format!("large file {id:016x} is missing"),
                    });
                }
            }
        }
        Ok(())
    })?;
    census.scrub_bytes = log_bytes(shared)? + census.body_bytes;
    Ok(census)
}

fn log_bytes(shared: &Shared) -> Result<u64> {
    let failed = |error| unavailable("listing the log", &error);
    let mut bytes = 0;
    for segment in shared.segments.set().iter() {
        match shared
            .segments
            .reader(segment)
            .and_then(|file| file.map_or(Ok(0), |file| file.len()))
        {
            Ok(len) => bytes += len,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(bytes)
}

/// Calls for each name that begins so, with its value.
fn each(
    shared: &Shared,
    prefix: Vec<u8>,
    mut call: impl FnMut(&bytes::Bytes, &bytes::Bytes) -> Result<()>,
) -> Result<()> {
    let until = entry::after_all(prefix.clone());
    let mut from = prefix;
    loop {
        let found = shared.index.scan(&from, &until, ROWS_AT_ONCE)?;
        for (name, value) in &found {
            call(name, value)?;
        }
        match found.last() {
            Some((name, _)) => from = [name.as_ref(), &[0]].concat(),
            None => return Ok(()),
        }
    }
}

/// Rows looked up at once.
const ROWS_AT_ONCE: usize = 1000;
/// Most missing bodies that are told one by one.
const MISSING_TOLD_MAX: usize = 1000;
