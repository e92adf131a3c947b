//! Reclaims what replaced objects, aborted uploads, unused parts and links that ended left behind.
//!
//! What is to be swept is named by a row of class `g`, written by the commit that made it garbage. Rows are deleted in
//! batches guarded by that row, and it goes with the last one: a sweep that is cut short is taken up by the
//! next. Whoever leaves something that is due at once sweeps it at once, best effort; the rest waits for [`Store::sweep`].
//!
//! INVARIANT: a named generation is reachable from no head row and no upload row, and never will be again (of
//! [`GarbageKind::Unused`]: its parts that the object's list does not name).

use crate::Store;
use crate::error::Result;
use crate::home::Leftover;
use crate::layout::{self, GARBAGE, MANIFEST, PART};
use crate::records::{Garbage, GarbageKind, Generation, decode_manifest_row};
use bytes::Bytes;
use countersign_engine as engine;
use countersign_engine::limits::{ROWS_PER_COMMIT_MAX, SCAN_ROWS_MAX};
use countersign_engine::{Change, Class, Guard, Home, Outcome, Position, Row, ScanRange, Scanned, Space};
use countersign_types::PartNumber;
use std::collections::HashSet;
use std::ops::Bound;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Replaced objects and ended uploads that are gone now.
    pub swept: u64,
    /// Those that are not due yet or are still being read.
    pub waiting: u64,
    /// Rows of used links that nobody needs any more.
    pub links: u64,
}

impl Store {
    /// Sweeps all that is due, in every bucket. Meant to be called every few minutes by one task; more do no harm.
    pub async fn sweep(&self) -> Result<Swept> {
        let mut total = Swept::default();
        let mut after = None;
        loop {
            let page = self.buckets(after.as_deref(), "", SWEEP_PAGE_ROWS).await?;
            for bucket in &page.buckets {
                let space = Space(bucket.space);
                let swept = match self.sweep_space(space, &mut total).await {
                    Ok(()) => self.sweep_links(space, &mut total).await,
                    failed => failed,
                };
                match swept {
                    // The bucket is being removed, and everything in it.
                    Err(crate::Error::Engine(engine::Error::Sealed | engine::Error::NoSpace)) => {}
                    other => other?,
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(total);
            }
        }
    }

    async fn sweep_space(&self, space: Space, total: &mut Swept) -> Result<()> {
        let mut from = Bound::Unbounded;
        loop {
            let range = ScanRange {
                from,
                until: Bound::Unbounded,
                fold: None,
            };
            let page = self.engine().scan(space, GARBAGE, range, SWEEP_PAGE_ROWS).await?;
            for row in &page.rows {
                let Position { home, suffix } = row.position.clone();
                let generation = layout::generation(&suffix)
                    .ok_or_else(|| crate::error::corrupt("the name of a row of the sweep"))?;
                if self
                    .sweep_generation(space, &Home(home), generation, &row.value)
                    .await?
                {
                    total.swept += 1;
                } else {
                    total.waiting += 1;
                }
            }
            match page.rows.last() {
                Some(last) if page.more => from = Bound::Excluded(last.position.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// Sweeps what a commit has just left, if it is due. A failure is no failure of that commit: the row is there.
    pub(crate) async fn sweep_leftover(&self, space: Space, home: &Home, leftover: Option<Leftover>) {
        if let Some(Leftover {
            generation,
            value,
            due,
        }) = leftover
            && due <= self.now()
        {
            let _left_to_the_next_sweep = self.sweep_generation(space, home, generation, &value).await;
        }
    }

    /// False: not due, still being read, or somebody else is at it.
    async fn sweep_generation(
        &self,
        space: Space,
        home: &Home,
        generation: Generation,
        value: &Bytes,
    ) -> Result<bool> {
        let garbage = Garbage::decode(value)?;
        let is_read = garbage.kind == GarbageKind::All && self.inner.pins.is_pinned(generation);
        if garbage.due > self.now() || is_read {
            return Ok(false);
        }
        let mut doomed = self.doomed(space, home, generation, garbage.kind).await?;
        doomed.push(layout::garbage_row(generation));
        for batch in doomed.chunks(ROWS_PER_COMMIT_MAX) {
            let change = Change {
                guards: vec![Guard {
                    row: layout::garbage_row(generation),
                    expected: Some(value.clone()),
                }],
                deletes: batch.to_vec(),
                ..Change::default()
            };
            match self.engine().commit(space, home, change).await {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Refused(_)) | Err(engine::Error::MayHaveCommitted) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The rows to delete, without the one that names them.
    async fn doomed(
        &self,
        space: Space,
        home: &Home,
        generation: Generation,
        kind: GarbageKind,
    ) -> Result<Vec<Row>> {
        let manifest = self.numbered_rows(space, home, MANIFEST, generation).await?;
        let parts = self.numbered_rows(space, home, PART, generation).await?;
        if kind == GarbageKind::All {
            let named = |class: Class| {
                move |row: Scanned| Row {
                    class,
                    suffix: row.position.suffix,
                }
            };
            let parts = parts.into_iter().map(named(PART));
            return Ok(parts.chain(manifest.into_iter().map(named(MANIFEST))).collect());
        }
        let mut used: HashSet<PartNumber> = HashSet::new();
        for row in manifest {
            used.extend(
                decode_manifest_row(&row.value)?
                    .into_iter()
                    .map(|part| part.number),
            );
        }
        let is_unused =
            |row: &Scanned| layout::part_number(&row.position.suffix).is_some_and(|n| !used.contains(&n));
        Ok(parts
            .into_iter()
            .filter(is_unused)
            .map(|row| Row {
                class: PART,
                suffix: row.position.suffix,
            })
            .collect())
    }

    /// All numbered rows of a generation: at most 10,000 parts, or a few rows of their list.
    pub(crate) async fn numbered_rows(
        &self,
        space: Space,
        home: &Home,
        class: Class,
        generation: Generation,
    ) -> Result<Vec<Scanned>> {
        let (mut from, until) = layout::numbered_range(home, generation, 0);
        let mut rows = Vec::new();
        loop {
            let range = ScanRange {
                from,
                until: until.clone(),
                fold: None,
            };
            let page = self.engine().scan(space, class, range, SCAN_ROWS_MAX).await?;
            rows.extend(page.rows);
            match rows.last() {
                Some(last) if page.more => from = Bound::Excluded(last.position.clone()),
                _ => return Ok(rows),
            }
        }
    }
}

pub(crate) const SWEEP_PAGE_ROWS: usize = 1000;
