//! Compaction: writes what is still needed of a segment into the log again, so that the segment can be given up.
//!
//! Not here: which segment ([`super::choose`]); whether a row is still what it was when it was read: the committer sees
//! to that, as with any other change ([`crate::committer`]).
//!
//! Keeps true: never more than [`MOVED_AT_ONCE`] bytes are under way (or one body, if that is larger), so that nobody waits
//! long behind them. What is damaged or cannot be read is never written again as if it were whole: its segment stays, and the
//! others are compacted all the same.

use super::choose::Job;
use super::frames::Frames;
use super::usage::Counters;
use crate::committer::{Answer, Moved, Request, Waiting};
use crate::format::entry::{self, Entry};
use crate::format::frame::{HEADER_BYTES, Record};
use crate::format::segment::SegmentSet;
use crate::format::{At, FrameAt, Span, log_sums};
use crate::health::unavailable;
use crate::index::MetaIndex;
use crate::log::Segments;
use crate::overlay::{parse_entry, parse_space};
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use bytes::Bytes;
use countersign_engine::world::{File, Held};
use countersign_engine::{Error, Home, Result, Row, Space};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The loop's state.
pub(crate) struct Compactor {
    /// Told when there may be something to do. Ends with the committer.
    pub(crate) wake: watch::Receiver<()>,
    /// Where the committer is asked; whoever only compacts does not keep it.
    pub(crate) queue: mpsc::WeakSender<Waiting>,
    pub(crate) index: Arc<dyn MetaIndex>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: Tasks,
    /// Held as long as files may go.
    pub(crate) _lock: Arc<Held>,
}

/// A segment that is being compacted.
struct Source {
    segment: u64,
    file: Arc<dyn File>,
    /// The segments that were the log when it was begun; of these, none comes back.
    set: SegmentSet,
    hurry: bool,
    /// Read, and not yet sent to the committer.
    moved: Vec<Moved>,
    bytes: usize,
    /// False once something had to stay.
    is_complete: bool,
}

impl Compactor {
    /// Works until the committer is gone.
    pub(crate) async fn run(mut self) {
        loop {
            // What could not be done now is done when something changed, or something found no room.
            let _ = self.segments.release_again(self.reserve.shortage() > 0);
            let _ = self.work().await;
            self.tasks.pause(PAUSE).await;
            tokio::select! {
                // In one order, so that a seed repeats a run.
                biased;
                changed = self.wake.changed() => if changed.is_err() {
                    return;
                },
                () = self.reserve.refused() => {}
            }
        }
    }

    /// Compacts one segment after the other, as long as one is worth it.
    async fn work(&mut self) -> Result<()> {
        let mut done = None;
        loop {
            if self.reserve.shortage() > 0 {
                self.segments.drop_spares();
            }
            let Answer::Next(Some(job)) = self.ask(Request::Reclaim(done)).await? else {
                return Ok(());
            };
            let is_complete = self.compact(job).await?;
            done = Some((job.segment, is_complete));
        }
    }

    /// True if nothing of it is needed any more.
    async fn compact(&self, job: Job) -> Result<bool> {
        let segment = job.segment;
        let file = match self.segments.reader(segment) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unavailable("opening the log", &error)),
        };
        let mut source = Source {
            segment,
            file: file.clone(),
            set: self.segments.set(),
            hurry: job.hurry,
            moved: Vec::new(),
            bytes: 0,
            is_complete: true,
        };
        let mut frames = Frames::new(file, self.segments.salt(), segment, job.end);
        let mut read = Vec::with_capacity(FRAMES_AT_ONCE);
        loop {
            match frames.next() {
                Ok(Some(frame)) => read.push(frame),
                Ok(None) => break,
                // Whether it is damaged or cannot be read: others wait to be compacted, too.
                Err(_) => {
                    source.is_complete = false;
                    break;
                }
            }
            if read.len() == FRAMES_AT_ONCE {
                self.move_frames(&mut source, std::mem::take(&mut read)).await?;
            }
        }
        self.move_frames(&mut source, read).await?;
        self.move_taken_bodies(&mut source).await?;
        self.send(&mut source).await?;
        Ok(source.is_complete)
    }

    /// Moves what these frames still say.
    async fn move_frames(&self, source: &mut Source, frames: Vec<(FrameAt, Record)>) -> Result<()> {
        let name = |record: &Record| match record {
            Record::Put { space, home, row, .. } => entry::row_name(*space, home, row),
            Record::Create(space) | Record::Seal(space) | Record::Remove(space) => {
                entry::space_name(*space).to_vec()
            }
            // Looked up by the committer, or not at all; some name has to stand here.
            Record::Delete { .. } | Record::End | Record::Segments(_) => entry::log_position_name(),
        };
        let names: Vec<_> = frames.iter().map(|(_, record)| name(record)).collect();
        let found = self.index.get(&names)?;
        for ((frame, record), found) in frames.into_iter().zip(found) {
            self.move_frame(source, frame, record, found).await?;
        }
        self.tasks.turn().await;
        Ok(())
    }

    async fn move_frame(
        &self,
        source: &mut Source,
        frame: FrameAt,
        record: Record,
        found: Option<Bytes>,
    ) -> Result<()> {
        let bytes = frame.bytes as usize;
        match record {
            Record::Put { space, home, row, .. } => {
                let entry = found.map(parse_entry).transpose()?;
                match entry.filter(|entry| entry.frame == frame) {
                    Some(entry) => self.move_row(source, (space, home, row), entry).await,
                    None => Ok(()),
                }
            }
            Record::Create(space) | Record::Seal(space) | Record::Remove(space) => {
                let entry = found.map(|found| parse_space(space, &found)).transpose()?;
                match entry.filter(|entry| entry.frame == frame) {
                    Some(_) => self.add(source, Moved::Space { space, frame }, bytes).await,
                    None => Ok(()),
                }
            }
            Record::Delete {
                space,
                home,
                row,
                voids,
            } => {
                let Some(voids) = source.still_voids(voids) else {
                    return Ok(());
                };
                let moved = Moved::Delete {
                    space,
                    home,
                    row,
                    voids,
                };
                self.add(source, moved, bytes).await
            }
            Record::End | Record::Segments(_) => Ok(()),
        }
    }

    /// Moves bodies that lie in the segment and belong to rows whose frames do not.
    async fn move_taken_bodies(&self, source: &mut Source) -> Result<()> {
        let mut from = entry::taken_names(source.segment);
        let until = entry::after_all(from.clone());
        loop {
            let marks = self.index.scan(&from, &until, FRAMES_AT_ONCE)?;
            let names = marks.iter().map(|(mark, _)| {
                let name = entry::parse_taken_name(mark);
                name.ok_or_else(|| Error::Corrupt("a mark of a body in the index".into()))
            });
            let names: Vec<Bytes> = names.collect::<Result<_>>()?;
            let found = self
                .index
                .get(&names.iter().map(|name| name.to_vec()).collect::<Vec<_>>())?;
            for (name, found) in names.iter().zip(found) {
                let row = entry::parse_row_name(name);
                let row = row.ok_or_else(|| Error::Corrupt("a mark of a body in the index".into()))?;
                if let Some(found) = found {
                    self.move_row(source, row, parse_entry(found)?).await?;
                }
            }
            match marks.last() {
                Some((last, _)) if marks.len() == FRAMES_AT_ONCE => from = [last.as_ref(), &[0]].concat(),
                _ => return Ok(()),
            }
        }
    }

    /// Moves a row, with its body if that lies in the segment.
    async fn move_row(
        &self,
        source: &mut Source,
        (space, home, row): (Space, Home, Row),
        entry: Entry,
    ) -> Result<()> {
        let body = match entry.body.as_ref().map(|body| (body, body.at)) {
            Some((body, At::Log { segment, offset })) if segment == source.segment => {
                let mut bytes = vec![0; usize::try_from(body.len).unwrap_or(usize::MAX)];
                if source.file.read_at(offset, &mut bytes).is_err() || log_sums(&bytes) != body.sums {
                    source.is_complete = false;
                    return Ok(());
                }
                Some((Bytes::from(bytes), body.sums.clone()))
            }
            _ => None,
        };
        let bytes = entry.frame.bytes as usize + body.as_ref().map_or(0, |(bytes, _)| bytes.len());
        let frame = entry.frame;
        let moved = Moved::Row {
            space,
            home,
            row,
            frame,
            body,
        };
        self.add(source, moved, bytes).await
    }

    async fn add(&self, source: &mut Source, moved: Moved, bytes: usize) -> Result<()> {
        if source.bytes + bytes > MOVED_AT_ONCE {
            self.send(source).await?;
        }
        source.moved.push(moved);
        source.bytes += bytes + HEADER_BYTES;
        Ok(())
    }

    /// Hands to the committer what was read, and waits until it is durable.
    async fn send(&self, source: &mut Source) -> Result<()> {
        if source.moved.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut source.bytes);
        let moved = std::mem::take(&mut source.moved);
        self.ask(Request::Move(moved, bytes)).await?;
        self.counters.compacted(bytes as u64);
        if !source.hurry {
            self.tasks
                .pause(Duration::from_micros(bytes as u64 * 1_000_000 / BYTES_PER_SECOND))
                .await;
        }
        Ok(())
    }

    async fn ask(&self, request: Request) -> Result<Answer> {
        let gone = || Error::Failed("the log's thread ended".into());
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.upgrade().ok_or_else(gone)?;
        let sent = queue.send(Waiting { request, reply }).await;
        drop(queue);
        sent.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Source {
    /// The part of the span in which any other segment is left.
    fn still_voids(&self, voids: Span) -> Option<Span> {
        let mut left = self.set.within(voids).filter(|other| *other != self.segment);
        let first = left.next()?;
        let last = left.last().unwrap_or(first);
        Some(Span { first, last })
    }
}

/// Bytes that are read and written again before it is somebody else's turn.
const MOVED_AT_ONCE: usize = 256 * 1024;
const FRAMES_AT_ONCE: usize = 256;
/// While there is no hurry, so much is moved in a second.
const BYTES_PER_SECOND: u64 = 32 * 1024 * 1024;
/// Between looking whether there is something to do.
const PAUSE: Duration = Duration::from_millis(20);
