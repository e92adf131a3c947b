//! What compaction asks for: rows, deletes and spaces are written again as they are, if they still are.
//!
//! Not here: finding them ([`crate::reclaim::compactor`]).
//!
//! Keeps true: nothing that anybody can read is changed by it.

use super::decide::Making;
use crate::format::batch::FrameBody;
use crate::format::entry::{Entry, SpaceState};
use crate::format::{FrameAt, Span, Sums};
use bytes::Bytes;
use countersign_engine::{Home, Result, Row, Space};

/// Something to be written again.
pub(crate) enum Moved {
    /// A row, if the frame is still the one that says what it is. `body`: its body, if that is to be moved as well.
    Row {
        space: Space,
        home: Home,
        row: Row,
        frame: FrameAt,
        body: Option<(Bytes, Sums)>,
    },
    /// That a row is deleted.
    Delete {
        space: Space,
        home: Home,
        row: Row,
        voids: Span,
    },
    /// A space's state, if the frame is still the one that says so.
    Space { space: Space, frame: FrameAt },
}

impl Making<'_> {
    pub(super) fn move_all(&mut self, moved: Vec<Moved>) -> Result<()> {
        moved.into_iter().try_for_each(|moved| match moved {
            Moved::Row {
                space,
                home,
                row,
                frame,
                body,
            } => self.move_row(space, &home, &row, frame, body),
            Moved::Delete {
                space,
                home,
                row,
                voids,
            } => self.move_delete(space, &home, &row, voids),
            Moved::Space { space, frame } => self.move_space(space, frame),
        })
    }

    fn move_row(
        &mut self,
        space: Space,
        home: &Home,
        row: &Row,
        frame: FrameAt,
        body: Option<(Bytes, Sums)>,
    ) -> Result<()> {
        if let Some(old) = self.standing(space, home, row)?.filter(|old| old.frame == frame) {
            let since = old.since;
            self.write_again(space, home, row, &old, since, body);
        }
        Ok(())
    }

    /// A row that is there again must not be deleted by it; instead the row's own puts reach back as far as the delete
    /// did, so that the next delete makes void what this one made void.
    fn move_delete(&mut self, space: Space, home: &Home, row: &Row, voids: Span) -> Result<()> {
        match self.overlay.space(space)? {
            Some(SpaceState::Open | SpaceState::Sealed) => {}
            // The removal makes void whatever there was.
            Some(SpaceState::Removing | SpaceState::Removed) | None => return Ok(()),
        }
        match self.standing(space, home, row)? {
            Some(old) if old.since <= voids.first => {}
            Some(old) => self.write_again(space, home, row, &old, voids.first, None),
            None => {
                let frame = self.batch.delete(space, home, row, voids);
                self.overlay.delete(space, home, row, (frame, voids), None);
            }
        }
        Ok(())
    }

    fn move_space(&mut self, space: Space, frame: FrameAt) -> Result<()> {
        let Some(old) = self.overlay.space_entry(space)?.filter(|old| old.frame == frame) else {
            return Ok(());
        };
        let frame = match old.state {
            SpaceState::Open => self.batch.create(space),
            SpaceState::Sealed => self.batch.seal(space),
            SpaceState::Removing | SpaceState::Removed => self.batch.remove(space),
        };
        self.overlay.set_space(space, Some(old), old.state, frame);
        Ok(())
    }

    /// A row that is there, in a space that is there.
    fn standing(&mut self, space: Space, home: &Home, row: &Row) -> Result<Option<Entry>> {
        match self.overlay.space(space)? {
            Some(SpaceState::Open | SpaceState::Sealed) => {
                Ok(self.overlay.entries(space, home, &[row])?.pop().flatten())
            }
            Some(SpaceState::Removing | SpaceState::Removed) | None => Ok(None),
        }
    }

    fn write_again(
        &mut self,
        space: Space,
        home: &Home,
        row: &Row,
        old: &Entry,
        since: u64,
        body: Option<(Bytes, Sums)>,
    ) {
        let body = match (&body, &old.body) {
            (Some((bytes, sums)), _) => FrameBody::Here(bytes, sums.clone()),
            (None, Some(placed)) => FrameBody::There(placed.clone()),
            (None, None) => FrameBody::None,
        };
        let (frame, body) = self.batch.put(space, home, row, since, &old.value, body);
        let new = Entry {
            value: old.value.clone(),
            frame,
            since,
            body,
        };
        self.overlay.put(space, home, row, &new, Some(old));
    }
}
