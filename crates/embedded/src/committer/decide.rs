//! Decides one request after the other and puts what they do into a batch.
//!
//! Not here: writing. Nothing in this file changes anything outside the batch that is being made.
//!
//! Keeps true: everything that can refuse a request is asked before its first frame; a request has all its frames in
//! the batch or none.

use super::{Answer, Commit, PreparedBody, Request};
use crate::format::Placed;
use crate::format::batch::{Builder, FrameBody};
use crate::format::entry::{self, Entry, SpaceState};
use crate::large::Taken;
use crate::overlay::{Overlay, state_of};
use countersign_engine::{Class, Error, Guard, Outcome, Result, Row, Seal, Space, rules};
use smallvec::SmallVec;

/// A batch that is being made.
pub(super) struct Making<'a> {
    pub(super) batch: Builder,
    pub(super) overlay: Overlay<'a>,
    /// Files that rows of this batch refer to.
    pub(super) files: Vec<Taken>,
}

impl<'a> Making<'a> {
    pub(super) fn new(batch: Builder, overlay: Overlay<'a>) -> Making<'a> {
        Making {
            batch,
            overlay,
            files: Vec::new(),
        }
    }

    pub(super) fn decide(&mut self, request: Request) -> Result<Answer> {
        match request {
            Request::Commit(commit) => self.commit(commit).map(Answer::Committed),
            Request::Create(space) => self.create(space).map(|()| Answer::Done),
            Request::Seal(space, empty) => self.seal(space, &empty).map(Answer::Sealed),
            Request::Remove(space) => self.remove(space).map(|()| Answer::Done),
            Request::Move(moved, _) => self.move_all(moved).map(|()| Answer::Done),
            // Not decided here: they change no row.
            Request::Audit | Request::Reclaim(_) => Ok(Answer::Done),
        }
    }

    fn create(&mut self, space: Space) -> Result<()> {
        let before = self.overlay.space_entry(space)?;
        match state_of(space, before) {
            Some(SpaceState::Open | SpaceState::Sealed) => {}
            Some(SpaceState::Removing | SpaceState::Removed) => {
                return Err(Error::Invalid("a space id is used twice"));
            }
            None => {
                let frame = self.batch.create(space);
                self.overlay.set_space(space, before, SpaceState::Open, frame);
            }
        }
        Ok(())
    }

    fn seal(&mut self, space: Space, empty: &[Class]) -> Result<Seal> {
        if space == Space::SYSTEM {
            return Err(Error::Invalid("the system's space cannot be sealed"));
        }
        let before = self.overlay.space_entry(space)?;
        match state_of(space, before) {
            Some(SpaceState::Sealed) => Ok(Seal::Sealed),
            Some(SpaceState::Open) => {
                for class in empty {
                    if self.overlay.has_row(&entry::rows_of_class(space, *class))? {
                        return Ok(Seal::NotEmpty);
                    }
                }
                let frame = self.batch.seal(space);
                self.overlay.set_space(space, before, SpaceState::Sealed, frame);
                Ok(Seal::Sealed)
            }
            Some(SpaceState::Removing | SpaceState::Removed) | None => Err(Error::NoSpace),
        }
    }

    fn remove(&mut self, space: Space) -> Result<()> {
        let before = self.overlay.space_entry(space)?;
        match state_of(space, before) {
            Some(SpaceState::Open) => Err(Error::Invalid("an unsealed space cannot be removed")),
            Some(SpaceState::Removing | SpaceState::Removed) => Ok(()),
            Some(SpaceState::Sealed) => {
                let frame = self.batch.remove(space);
                self.overlay.set_space(space, before, SpaceState::Removing, frame);
                Ok(())
            }
            None => Err(Error::NoSpace),
        }
    }

    fn commit(&mut self, commit: Commit) -> Result<Outcome> {
        let Commit {
            space,
            home,
            guards,
            puts,
            deletes,
        } = commit;
        match self.overlay.space(space)? {
            Some(SpaceState::Open) => {}
            Some(SpaceState::Sealed) => return Err(Error::Sealed),
            Some(SpaceState::Removing | SpaceState::Removed) | None => return Err(Error::NoSpace),
        }
        let before = {
            let touched: SmallVec<[&Row; 4]> = guards
                .iter()
                .map(|guard| &guard.row)
                .chain(puts.iter().map(|put| &put.row))
                .chain(&deletes)
                .collect();
            Before::new(&touched, self.overlay.entries(space, &home, &touched)?)
        };
        let now = |guard: &Guard| before.get(&guard.row).map(|entry| &entry.value);
        if guards.iter().any(|guard| now(guard) != guard.expected.as_ref()) {
            return Ok(Outcome::Refused(
                guards.iter().map(|guard| now(guard).cloned()).collect(),
            ));
        }
        for put in &puts {
            match &put.body {
                PreparedBody::Of(row) => drop(body_of(&before, row)?),
                PreparedBody::Staged(staged) if staged.file.is_taken() => return Err(rules::STAGED_TWICE),
                PreparedBody::Staged(_) | PreparedBody::Inline(..) | PreparedBody::None => {}
            }
        }
        // Nothing refuses any more. Bodies are taken from the rows as they were before.
        for put in &puts {
            let body = match &put.body {
                PreparedBody::None => FrameBody::None,
                PreparedBody::Inline(bytes, sums) => FrameBody::Here(bytes, sums.clone()),
                PreparedBody::Staged(staged) => FrameBody::There(staged.placed.clone()),
                PreparedBody::Of(row) => FrameBody::There(body_of(&before, row)?),
            };
            let old = before.get(&put.row);
            let since = old.map_or(self.batch.segment(), |old| old.since);
            let (frame, body) = self.batch.put(space, &home, &put.row, since, &put.value, body);
            let new = Entry {
                value: put.value.clone(),
                frame,
                since,
                body,
            };
            self.overlay.put(space, &home, &put.row, &new, old);
        }
        for row in &deletes {
            if let Some(old) = before.get(row) {
                let voids = old.span();
                let frame = self.batch.delete(space, &home, row, voids);
                self.overlay.delete(space, &home, row, (frame, voids), Some(old));
            }
        }
        for put in puts {
            if let PreparedBody::Staged(staged) = put.body {
                self.files.push(Taken::new(staged));
            }
        }
        Ok(Outcome::Done)
    }
}

/// Rows of a home that stand before a change.
struct Before<'r>(Vec<(&'r Row, Entry)>);

impl<'r> Before<'r> {
    fn new(rows: &[&'r Row], found: Vec<Option<Entry>>) -> Before<'r> {
        let standing = rows.iter().zip(found);
        let mut standing: Vec<_> = standing.filter_map(|(row, entry)| Some((*row, entry?))).collect();
        standing.sort_unstable_by_key(|(row, _)| *row);
        Before(standing)
    }

    fn get(&self, row: &Row) -> Option<&Entry> {
        let place = self.0.binary_search_by_key(&row, |(row, _)| row).ok()?;
        self.0.get(place).map(|(_, entry)| entry)
    }
}

fn body_of(before: &Before<'_>, row: &Row) -> Result<Placed> {
    let body = before.get(row).and_then(|entry| entry.body.clone());
    body.ok_or(Error::Invalid("a body is taken from a row that has none"))
}
