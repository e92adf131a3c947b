//! Reads everything that is stored against its checksums: first the log as far as the index knows it, then the body of
//! every row.
//!
//! Not here: how fast and when; the caller asks step by step. Nothing is mended and nothing is written.
//!
//! Keeps true: bytes come from the device and not from memory. A row that changes meanwhile is no damage: only what
//! a row refers to both before and after it was read is told. A body that lies in the log twice is read where
//! its row finds it, so damage to bytes that no row needs is damage to the log only where its frames are.

mod census;
mod log_frames;
mod row_bodies;

use crate::embedded::{Embedded, Shared};
use crate::format::At;
use crate::format::batch::{Next, Start};
use crate::format::entry;
use async_trait::async_trait;
use countersign_engine::Result;
use countersign_engine::upkeep::{Census, Damage, ScrubPosition, ScrubStep, Upkeep, Usage};
use std::sync::Arc;

#[async_trait]
impl Upkeep for Embedded {
    fn health(&self) -> Result<()> {
        Embedded::health(self)
    }

    async fn scrub(&self, from: Option<ScrubPosition>, bytes_max: u64) -> Result<ScrubStep> {
        self.reading(move |shared| step(shared, &Position::of(from.as_ref()), bytes_max))
            .await
    }

    async fn census(&self) -> Result<Census> {
        self.reading(census::count).await
    }

    fn usage(&self) -> Usage {
        self.counted()
    }
}

/// Where a pass stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Position {
    /// Before the first segment that has this number or a later one. If it has this number, its first batch
    /// carries what is noted.
    Segment(u64, Option<Next>, Last),
    /// Before a batch.
    Batch(Start, Next, Last),
    /// Before the first row with this name in the index or a later one.
    Row(Vec<u8>),
    /// In the body of the row with this name.
    Body(Vec<u8>, At, u64),
}

/// The last segment when the pass began, once that is known: a log that grows faster than it is checked is checked to
/// there, and the next pass goes on.
type Last = Option<u64>;

impl Position {
    fn first() -> Position {
        Position::Segment(0, None, None)
    }

    fn of(from: Option<&ScrubPosition>) -> Position {
        let Some(from) = from else {
            return Position::first();
        };
        let exact = from.exact.as_ref().and_then(|exact| exact.downcast_ref());
        exact
            .cloned()
            .or_else(|| Position::parse(&from.text))
            .unwrap_or_else(Position::first)
    }

    /// A kept text says where to begin again, and nothing that would be believed of what lies there: a directory may have
    /// been put back from a copy meanwhile.
    fn parse(text: &str) -> Option<Position> {
        match text.split_once(' ')? {
            ("segment", numbers) => {
                let (number, last) = numbers.split_once(" of ")?;
                Some(Position::Segment(
                    number.parse().ok()?,
                    None,
                    Some(last.parse().ok()?),
                ))
            }
            ("row", name) => Some(Position::Row(from_hex(name)?)),
            _ => None,
        }
    }

    fn note(self) -> ScrubPosition {
        let text = match &self {
            Position::Segment(segment, _, last) | Position::Batch(Start { segment, .. }, _, last) => {
                format!("segment {segment} of {}", last.unwrap_or(u64::MAX))
            }
            Position::Row(name) | Position::Body(name, ..) => format!("row {}", hex(name)),
        };
        ScrubPosition {
            text,
            exact: Some(Arc::new(self)),
        }
    }
}

/// What a step has done so far.
struct Doing {
    bytes_max: u64,
    bytes: u64,
    rows: u64,
    damage: Vec<Damage>,
}

impl Doing {
    fn up_to(bytes_max: u64) -> Doing {
        Doing {
            bytes_max,
            bytes: 0,
            rows: 0,
            damage: Vec::new(),
        }
    }

    fn is_enough(&self) -> bool {
        self.bytes >= self.bytes_max || self.damage.len() >= DAMAGE_IN_STEP_MAX
    }
}

fn step(shared: &Shared, from: &Position, bytes_max: u64) -> Result<ScrubStep> {
    let mut doing = Doing::up_to(bytes_max);
    let next = match from {
        Position::Segment(..) | Position::Batch(..) => {
            let next = log_frames::check(shared, from.clone(), &mut doing)?;
            Some(next.unwrap_or_else(|| Position::Row(entry::rows())))
        }
        Position::Row(name) => row_bodies::check(shared, name, None, &mut doing)?,
        Position::Body(name, at, offset) => {
            row_bodies::check(shared, name, Some((*at, *offset)), &mut doing)?
        }
    };
    Ok(ScrubStep {
        bytes: doing.bytes,
        rows: doing.rows,
        damage: doing.damage,
        next: next.map(Position::note),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect()).flatten()
}

/// A step ends early with so much damage, so that its report stays small.
const DAMAGE_IN_STEP_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_position_begins_again_where_it_stood_or_anew() {
        let start = Start {
            segment: 7,
            offset: 8192,
        };
        let next = Next {
            batch: 1,
            lsn: 2,
            chain: 3,
        };
        let name = vec![3, 0, 0xff, 0x7f];
        let at = At::Large { id: 8 };
        for (position, kept) in [
            (
                Position::Segment(7, Some(next), Some(9)),
                Position::Segment(7, None, Some(9)),
            ),
            (
                Position::Batch(start, next, Some(9)),
                Position::Segment(7, None, Some(9)),
            ),
            (Position::Row(name.clone()), Position::Row(name.clone())),
            (Position::Body(name.clone(), at, 9), Position::Row(name.clone())),
        ] {
            let note = position.clone().note();
            assert_eq!(Position::of(Some(&note)), position);
            assert_eq!(Position::of(Some(&ScrubPosition::kept(note.text))), kept);
        }
        for nothing in [
            "",
            "segment",
            "segment 1",
            "segment x of 1",
            "row 1",
            "row 0g",
            "else 1",
        ] {
            let kept = ScrubPosition::kept(nothing);
            assert_eq!(Position::of(Some(&kept)), Position::first(), "{nothing}");
        }
    }
}
