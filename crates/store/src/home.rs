//! What stands in an object's home before a write, and the guards and leftovers of replacing it.
//!
//! INVARIANT: row `p` stands if and only if the head row is of an object made of parts, and names its generation. Every
//! write guards `p`; only a conditional write guards the head row, too. So two plain writes never stand in each other's way,
//! no write loses sight of parts that it replaces, and no condition is decided on something that has changed.

use crate::condition::{Write, evaluate_write_condition};
use crate::error::{Error, Result};
use crate::layout::{self, HEAD, PARTS_MARK};
use crate::model::Reach;
use crate::records::{Garbage, GarbageKind, Generation, Head, PartsMark};
use crate::{Store, Value};
use bytes::Bytes;
use countersign_engine::{Change, Found, Guard, Home, Put, Row, Space, Stored};
use countersign_types::{Moment, WriteCondition};

/// The rows that say what the object is now.
pub(crate) struct Current {
    pub(crate) head: Value,
    pub(crate) mark: Value,
}

/// What a replaced object leaves behind, as its row in class `g` says.
pub(crate) struct Leftover {
    pub(crate) generation: Generation,
    pub(crate) value: Bytes,
    pub(crate) due: Moment,
}

impl Current {
    /// What usually stands before a write that has no condition: anything but an object made of parts.
    pub(crate) fn without_parts() -> Current {
        Current {
            head: None,
            mark: None,
        }
    }

    pub(crate) fn head(&self) -> Result<Option<Head>> {
        self.head.as_deref().map(Head::decode).transpose()
    }

    /// Refuses if what is there now is out of reach, or if the condition does not hold for it.
    pub(crate) fn check(&self, reach: &Reach, condition: &WriteCondition) -> Result<()> {
        if let (Reach::Of(owner), Some(head)) = (reach, self.head_within(reach)?)
            && head.access.owner != *owner
        {
            return Err(Error::NotYours);
        }
        if condition.is_none() {
            return Ok(());
        }
        let etag = self.head()?.map(|head| head.etag);
        match evaluate_write_condition(condition, etag.as_ref()) {
            Write::Proceed => Ok(()),
            Write::NoSuchKey => Err(Error::NoSuchKey),
            Write::PreconditionFailed(which) => Err(Error::PreconditionFailed(which)),
        }
    }

    /// What is there, if it matters whose it is. One that cannot be read may be anybody's, and can be replaced by who may replace all.
    fn head_within(&self, reach: &Reach) -> Result<Option<Head>> {
        match reach {
            Reach::All => Ok(None),
            Reach::Of(_) => self.head(),
        }
    }

    /// Adds the guards that the decision needs; [`Current::learn`] takes their answers in the same order.
    pub(crate) fn guard(&self, is_conditional: bool, change: &mut Change) {
        change.guards.push(Guard {
            row: layout::single(PARTS_MARK),
            expected: self.mark.clone(),
        });
        if is_conditional {
            change.guards.push(Guard {
                row: layout::single(HEAD),
                expected: self.head.clone(),
            });
        }
    }

    /// Takes over what a refused commit says these guards' rows hold.
    pub(crate) fn learn(&mut self, mut found: impl Iterator<Item = Value>) {
        if let Some(mark) = found.next() {
            self.mark = mark;
        }
        if let Some(head) = found.next() {
            self.head = head;
        }
    }

    /// Names the parts of the replaced object for the sweep and removes its mark (unless the change writes a new one).
    pub(crate) fn leave(
        &self,
        due: Moment,
        has_new_mark: bool,
        change: &mut Change,
    ) -> Result<Option<Leftover>> {
        let Some(mark) = self.mark.as_deref() else {
            return Ok(None);
        };
        let PartsMark(generation) = PartsMark::decode(mark)?;
        if !has_new_mark {
            change.deletes.push(layout::single(PARTS_MARK));
        }
        Ok(Some(leave_garbage(generation, GarbageKind::All, due, change)))
    }
}

/// Writes the row that names what is to be swept.
pub(crate) fn leave_garbage(
    generation: Generation,
    kind: GarbageKind,
    due: Moment,
    change: &mut Change,
) -> Leftover {
    let value = Garbage { kind, due }.encode();
    change.puts.push(Put {
        row: layout::garbage_row(generation),
        value: value.clone(),
        body: None,
    });
    Leftover {
        generation,
        value,
        due,
    }
}

impl Store {
    pub(crate) async fn rows(&self, space: Space, home: &Home, rows: &[Row]) -> Result<Found> {
        Ok(self.engine().get(space, home, rows).await?)
    }

    pub(crate) async fn row(&self, space: Space, home: &Home, row: Row) -> Result<Option<Stored>> {
        let mut found = self.rows(space, home, std::slice::from_ref(&row)).await?;
        Ok(found.pop().flatten())
    }

    /// What stands in a home. Of a plain object, or none, the head row says that there is no mark; most are, and it is
    /// likely in memory.
    pub(crate) async fn current(&self, space: Space, home: &Home) -> Result<Current> {
        let head = self.row(space, home, layout::single(HEAD)).await?;
        // One that cannot be read may be anything, and can still be replaced.
        let is_plain =
            |head: &Stored| Head::decode(&head.value).is_ok_and(|head| head.manifest_rows.is_none());
        if head.as_ref().is_none_or(is_plain) {
            return Ok(Current {
                head: head.map(|head| head.value),
                mark: None,
            });
        }
        let rows = [layout::single(HEAD), layout::single(PARTS_MARK)];
        let mut found = self
            .rows(space, home, &rows)
            .await?
            .into_iter()
            .map(|row| row.map(|row| row.value));
        Ok(Current {
            head: found.next().flatten(),
            mark: found.next().flatten(),
        })
    }

    /// When the parts of an object that is replaced now may be swept.
    pub(crate) fn replaced_due(&self) -> Moment {
        let delay = i64::try_from(self.inner.settings.sweep_after.as_millis()).unwrap_or(i64::MAX);
        Moment::from_millis(self.now().millis().saturating_add(delay))
    }
}
