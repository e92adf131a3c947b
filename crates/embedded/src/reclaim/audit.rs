//! Holds what is noted of segments, large files and taken-over bodies against all rows.
//!
//! Not here: what the log says. It reads the whole index; it is for tests, and for an operator who doubts.

use super::ledger::Ledger;
use crate::format::At;
use crate::format::entry::{self, Entry};
use crate::index::MetaIndex;
use crate::overlay::{held_by_body, large_count, parse_entry, parse_space};
use bytes::Bytes;
use countersign_engine::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// `Err` says what is noted wrong.
pub(crate) fn audit(index: &dyn MetaIndex, ledger: &Ledger) -> Result<()> {
    let mut held = Held::default();
    each(index, entry::rows(), &mut |name, value| {
        held.row(&name, &parse_entry(value)?);
        Ok(())
    })?;
    each(index, entry::space_names(), &mut |name, value| {
        let space = entry::parse_space_name(&name).ok_or_else(|| wrong("the name of a space".into()))?;
        let frame = parse_space(space, &value)?.frame;
        *held.segments.entry(frame.segment).or_default() += i64::from(frame.bytes);
        Ok(())
    })?;
    held.segments.retain(|_, live| *live != 0);
    let noted = Ledger::load(index)?;
    if noted != *ledger {
        return Err(wrong(format!("of segments {noted:?}, in memory {ledger:?}")));
    }
    let noted: BTreeMap<_, _> = noted.live().collect();
    if noted != held.segments {
        return Err(wrong(format!(
            "live bytes {noted:?}, counted {:?}",
            held.segments
        )));
    }
    let mut files = BTreeMap::new();
    each(index, entry::large_names(), &mut |name, value| {
        files.insert(name.to_vec(), large_count(Some(value))?);
        Ok(())
    })?;
    if files != held.files {
        return Err(wrong(format!(
            "of large files {files:?}, counted {:?}",
            held.files
        )));
    }
    let mut taken = BTreeSet::new();
    each(index, entry::all_taken_names(), &mut |name, _| {
        taken.insert(name.to_vec());
        Ok(())
    })?;
    if taken != held.taken {
        return Err(wrong(format!(
            "{} bodies taken over, counted {}",
            taken.len(),
            held.taken.len()
        )));
    }
    Ok(())
}

/// What rows and spaces hold.
#[derive(Default)]
struct Held {
    segments: BTreeMap<u64, i64>,
    files: BTreeMap<Vec<u8>, u32>,
    taken: BTreeSet<Vec<u8>>,
}

impl Held {
    fn row(&mut self, name: &[u8], row: &Entry) {
        *self.segments.entry(row.frame.segment).or_default() += i64::from(row.frame.bytes);
        match row.body.as_ref().map(|body| (body.at, body.len)) {
            Some((At::Log { segment, .. }, len)) => {
                *self.segments.entry(segment).or_default() += held_by_body(len);
            }
            Some((At::Large { id }, _)) => *self.files.entry(entry::large_name(id)).or_default() += 1,
            None => {}
        }
        if let Some((segment, offset)) = row.taken_body() {
            self.taken.insert(entry::taken_name(segment, offset, name));
        }
    }
}

fn each(
    index: &dyn MetaIndex,
    names: Vec<u8>,
    work: &mut dyn FnMut(Bytes, Bytes) -> Result<()>,
) -> Result<()> {
    let until = entry::after_all(names.clone());
    let mut from = names;
    loop {
        let rows = index.scan(&from, &until, ROWS_AT_ONCE)?;
        let more = rows.len() == ROWS_AT_ONCE;
        for (name, value) in rows {
            from = [name.as_ref(), &[0]].concat();
            work(name, value)?;
        }
        if !more {
            return Ok(());
        }
    }
}

fn wrong(what: String) -> Error {
    Error::Corrupt(format!("what the index notes: {what}"))
}

const ROWS_AT_ONCE: usize = 1000;
