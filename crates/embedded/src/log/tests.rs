//! The log alone, on simulated files: segments that come and go, and what a start makes of what is left of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

use super::ahead::{Preparer, Sizes, ahead};
use super::recover::{Found, Known, recover};
use super::segments::OPEN_MAX;
use super::{AppendError, Log, Recent, Segments};
use crate::SyncPoint;
use crate::format::batch::Builder;
use crate::format::entry::LogPosition;
use crate::format::frame::Record;
use crate::format::segment::SegmentSet;
use crate::format::{BLOCK, Salt};
use crate::health::Health;
use crate::reserve::Reserve;
use crate::tasks::Tasks;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::sim::{Crash, Sim, Step};
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Error, Space};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const SALT: Salt = Salt(0x5A17);
/// Room for three small batches and the end in each segment.
const SIZES: Sizes = Sizes { bytes_max: 5 * BLOCK };

#[test]
fn segments_follow_one_another_and_each_but_the_last_is_closed() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=7);
    assert_eq!(log.seen, (1..=7).collect::<Vec<_>>());
    let again = open(&files, None).unwrap();
    assert_eq!(again.seen, (1..=7).collect::<Vec<_>>());
    assert_eq!(again.set(), [1, 2, 3]);
    // Seven batches of the test, and the two that close.
    assert_eq!(again.found.batches, 9);
}

#[test]
fn a_segment_given_up_is_let_go_once_no_start_and_no_reader_wants_it() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=3);
    let before = log.known.clone().unwrap();
    write(&mut log, 4..=7);
    let pinned = log.segments.reader(1).unwrap().unwrap();
    log.log.give_up(&[1, 3, 9]);
    write(&mut log, 8..=8);
    assert_eq!(log.set(), [2, 3], "the active one stays");
    assert!(log.segments.reader(1).unwrap().is_none());

    let known = log.known.clone().unwrap();
    log.segments.release(before.position.last.segment, false).unwrap();
    log.segments.release(known.position.last.segment, false).unwrap();
    assert!(has(&files, "0000000001.log"), "it is read");
    assert!(pinned.read_at(0, &mut [0; 10]).is_ok());
    drop(pinned);
    log.segments.release(before.position.last.segment, false).unwrap();
    assert!(has(&files, "0000000001.log"), "a start would read it again");
    log.segments.release(known.position.last.segment, false).unwrap();
    assert!(!has(&files, "0000000001.log") && has(&files, "0000000001.spare"));

    // From the log alone, and behind what an index knows.
    let again = open(&files, None).unwrap();
    assert_eq!(
        (again.seen.clone(), again.set()),
        (vec![4, 5, 6, 7, 8], vec![2, 3])
    );
    let again = open(&files, Some(known)).unwrap();
    assert_eq!((again.seen.clone(), again.set()), (vec![], vec![2, 3]));
}

#[test]
fn an_index_that_is_behind_is_told_everything_also_what_was_given_up_since() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=1);
    let early = log.known.clone().unwrap();
    write(&mut log, 2..=7);
    log.log.give_up(&[2]);
    write(&mut log, 8..=10);
    let behind = open(&files, Some(early)).unwrap();
    assert_eq!(behind.seen, (2..=10).collect::<Vec<_>>());
    assert_eq!(behind.set(), [1, 3, 4]);
    assert!(behind.segments.has_given_up());
    // Made anew, the index sees only what is still the log, and what was given up goes first.
    let anew = open(&files, None).unwrap();
    assert_eq!(anew.seen, [1, 2, 3, 7, 8, 9, 10]);
    assert!(!has(&files, "0000000002.log"));
    assert!(!anew.segments.has_given_up());
}

#[test]
fn what_a_batch_in_doubt_gives_up_stays_until_the_batch_is_durable() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=7);
    log.log.give_up(&[1]);
    files.fail(SyncPoint::LogBatch.name(), 1);
    assert!(matches!(try_write(&mut log, 8), Err(AppendError::InDoubt(_))));
    // The set without it is in the cache, and the power may go at any step of the start that sees it.
    let cuts = Arc::new(Mutex::new(Vec::new()));
    let (cut, source) = (cuts.clone(), files.clone());
    files.watch(move |_| {
        for seed in 0..20 {
            let left = source.crash(Crash::Power, &mut Seeded::new(seed));
            cut.lock().unwrap().push(left);
        }
    });
    assert_eq!(open(&files, None).unwrap().seen, [4, 5, 6, 7, 8]);
    files.watch(|_| {});
    assert!(!has(&files, "0000000001.log"));
    for left in cuts.lock().unwrap().drain(..) {
        let seen = open(&left, None).unwrap().seen;
        assert!(
            seen == [4, 5, 6, 7, 8] || seen == (1..=7).collect::<Vec<_>>(),
            "{seen:?}"
        );
    }
}

#[test]
fn few_segments_stay_open_and_those_that_are_read_do_not_go() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    let segments = 3 * OPEN_MAX as u64;
    // Three batches in each.
    write(&mut log, 1..=3 * segments);
    let again = open(&files, None).unwrap();
    assert_eq!(again.seen.len() as u64, 3 * segments);
    assert!(again.segments.kept_open() <= OPEN_MAX);
    let reader = |number| again.segments.reader(number).unwrap().unwrap();
    let read: Vec<_> = (1..=2 * OPEN_MAX as u64).map(reader).collect();
    assert_eq!(again.segments.kept_open(), read.len());
    for number in 1..=segments {
        reader(number);
        let known = again.segments.reader_at_once(7).unwrap();
        assert!(Arc::ptr_eq(&known, &read[6]), "it is not seen who reads it");
    }
    drop(read);
    (1..=segments).for_each(|number| drop(reader(number)));
    assert!(again.segments.kept_open() <= OPEN_MAX);
}

#[test]
fn spares_are_few() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=16);
    log.log.give_up(&[1, 2, 3, 4]);
    write(&mut log, 17..=17);
    log.segments.release(6, false).unwrap();
    let mut names = files.list(Path::new("/log")).unwrap();
    names.sort();
    assert_eq!(
        names,
        [
            "0000000001.spare",
            "0000000002.spare",
            "0000000005.log",
            "0000000006.log"
        ]
    );
}

#[test]
fn a_missing_segment_and_a_damaged_header_are_told() {
    for segment in [1, 2] {
        let (files, _) = three_segments();
        files.remove(&path(segment)).unwrap();
        told(open(&files, None), &format!("segment {segment} is missing"));
        let (files, _) = three_segments();
        for offset in [0, 9, 13, 17, 25, 33, 43] {
            let damaged = copy(&files);
            damaged.damage(&path(segment), offset, 1).unwrap();
            told(
                open(&damaged, None),
                &format!("the header of log segment {segment} is damaged"),
            );
        }
    }
}

#[test]
fn a_flipped_bit_in_a_closed_segment_is_told() {
    let (files, _) = three_segments();
    for segment in [1, 2] {
        // The batches, and the one that closes.
        for block in 1..=4 {
            for offset in [0, 5, 20, 62, 70] {
                let damaged = copy(&files);
                damaged.damage(&path(segment), block * BLOCK + offset, 4).unwrap();
                let what = format!("damaged at offset {} of segment {segment}", block * BLOCK);
                // A frame that closes has no payload.
                if block < 4 || offset < 64 {
                    told(open(&damaged, None), &what);
                }
            }
        }
    }
}

#[test]
fn a_damaged_header_of_the_last_segment_hides_nothing_and_removes_nothing() {
    let (files, known) = three_segments();
    files.damage(&path(3), 20, 1).unwrap();
    told(open(&files, None), "segment 3");
    told(open(&files, Some(known)), "segment 3 is damaged");
    // Also if it is all there is.
    for segment in [1, 2] {
        files.remove(&path(segment)).unwrap();
    }
    told(open(&files, None), "segment 3");
    assert!(has(&files, "0000000003.log"));
}

#[test]
fn what_a_file_held_in_an_earlier_life_is_not_read() {
    for cut in [None, Some(0), Some(100), Some(BLOCK), Some(2 * BLOCK)] {
        let files = disk();
        let mut log = open(&files, None).unwrap();
        write(&mut log, 1..=7);
        log.log.give_up(&[1]);
        write(&mut log, 8..=8);
        log.segments.release(3, false).unwrap();
        // As the next segment's file, with its old header and frames.
        files.rename(&at("0000000001.spare"), &path(4)).unwrap();
        let stale = bytes(&files, 4);
        let mut again = open(&files, None).unwrap();
        assert_eq!(again.seen, [4, 5, 6, 7, 8]);
        write(&mut again, 9..=11);
        assert_eq!(open(&files, None).unwrap().seen, [4, 5, 6, 7, 8, 9, 10, 11]);
        let Some(cut) = cut else { continue };
        // Begun and cut short: what was written of it, and behind it what was there before.
        let file = files.open(&path(4), Mode::Write).unwrap();
        file.write_at(cut, &stale[cut as usize..]).unwrap();
        let torn = open(&files, None).unwrap();
        let left = if cut < 2 * BLOCK { 9 } else { 10 };
        assert_eq!(torn.seen.last(), Some(&left), "cut at {cut}: {:?}", torn.seen);
    }
}

#[test]
fn what_is_cut_short_never_comes_back() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=2);
    let whole = bytes(&files, 1);
    let file = files.open(&path(1), Mode::Write).unwrap();
    file.truncate(2 * BLOCK + 300).unwrap();
    let mut again = open(&files, None).unwrap();
    assert_eq!((again.seen.clone(), again.found.torn_bytes), (vec![1], 300));
    write(&mut again, 3..=3);
    // The rest of the batch that was cut short reaches the device after all, as far as nothing is in its place.
    let len = file.len().unwrap();
    file.write_at(len, &whole[len.min(whole.len() as u64) as usize..])
        .unwrap();
    assert_eq!(open(&files, None).unwrap().seen, [1, 3]);
}

#[test]
fn a_prepared_segment_is_begun_with_one_sync_and_grows_by_nothing() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    let mut preparer = prepare(&files, &mut log);
    preparer.make_ready();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    files.watch(move |step| told.lock().unwrap().push(step.clone()));
    let steps_of = |log: &mut Opened, number| {
        steps.lock().unwrap().clear();
        write(log, [number]);
        std::mem::take(&mut *steps.lock().unwrap())
    };
    let sync = |segment, point: SyncPoint| Step::Sync(path(segment), point.name());
    let appended = |segment| vec![Step::Write(path(segment)), sync(segment, SyncPoint::LogBatch)];
    assert_eq!(
        steps_of(&mut log, 1),
        [vec![Step::Write(path(1))], appended(1)].concat()
    );
    for number in 2..=3 {
        assert_eq!(steps_of(&mut log, number), appended(1));
    }
    preparer.make_ready();
    let closed = vec![Step::Write(path(1)), sync(1, SyncPoint::LogEnd)];
    let header = vec![Step::Write(path(2))];
    assert_eq!(steps_of(&mut log, 4), [closed, header, appended(2)].concat());
    assert_eq!(bytes(&files, 2).len() as u64, SIZES.of(2));
    // Nothing was made ready: it goes on without.
    write(&mut log, 5..=6);
    let steps = steps_of(&mut log, 7);
    assert!(
        steps.contains(&Step::SyncDir(PathBuf::from("/log"), SyncPoint::LogDir.name())),
        "{steps:?}"
    );
    // What was begun without is not made any more; the next one is.
    preparer.make_ready();
    assert_eq!(bytes(&files, 4).len() as u64, SIZES.of(4));
    write(&mut log, 8..=13);
    assert_eq!(open(&files, None).unwrap().seen, (1..=13).collect::<Vec<_>>());
}

#[test]
fn a_segment_given_up_is_written_again() {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=7);
    log.log.give_up(&[1]);
    write(&mut log, 8..=8);
    let old = bytes(&files, 1);
    log.segments.release(3, false).unwrap();
    prepare(&files, &mut log).make_ready();
    assert_eq!(bytes(&files, 4).get(..old.len()), Some(&old[..]));
    assert!(!has(&files, "0000000001.spare"));
    write(&mut log, 9..=11);
    assert_eq!(open(&files, None).unwrap().seen, (4..=11).collect::<Vec<_>>());
}

#[test]
fn a_prepared_file_outlives_a_start_and_hides_no_batch_that_was_cut_short() {
    for cut in [0, 1, BLOCK, BLOCK + 40, BLOCK + 64, 2 * BLOCK] {
        let files = disk();
        let mut log = open(&files, None).unwrap();
        prepare(&files, &mut log).make_ready();
        let zeros = bytes(&files, 1);
        write(&mut log, 1..=1);
        let file = files.open(&path(1), Mode::Write).unwrap();
        file.write_at(cut, &zeros[cut as usize..]).unwrap();
        let mut torn = open(&files, None).unwrap();
        let whole = cut >= 2 * BLOCK;
        assert_eq!(torn.seen, if whole { vec![1] } else { vec![] }, "cut at {cut}");
        // The header is whole after its first 44 bytes, the frame's after 64.
        let left = match cut {
            0 | 1 => 0,
            _ if whole => 0,
            _ if cut < BLOCK + 64 => BLOCK,
            _ => 2 * BLOCK,
        };
        assert_eq!(torn.found.torn_bytes, left, "cut at {cut}");
        write(&mut torn, 2..=3);
        assert_eq!(bytes(&files, 1).len(), zeros.len());
        let seen = if whole { vec![1, 2, 3] } else { vec![2, 3] };
        assert_eq!(open(&files, None).unwrap().seen, seen);
    }
}

#[test]
fn a_file_is_prepared_no_further_ahead_than_the_active_segment_calls_for() {
    let files = disk();
    let opened = open(&files, None).unwrap();
    let reserve = Reserve::new(Arc::new(files.clone()), PathBuf::from("/log"), 0);
    let (ahead, mut preparer) = ahead(
        opened.segments.clone(),
        Arc::new(reserve),
        Arc::new(Health::default()),
        Tasks::threads(),
        Arc::new(Box::new(())),
    );
    let mebibyte = 1 << 20;
    ahead.filled(0, 1000);
    ahead.want(2, 10 * mebibyte);
    let written = || {
        let names = files.list(Path::new("/log")).unwrap();
        let len = |name: &String| {
            let file = files.open(&Path::new("/log").join(name), Mode::Read).unwrap();
            file.len().unwrap()
        };
        names.iter().map(len).max().unwrap_or(0)
    };
    let mut preparing = Box::pin(preparer.prepare());
    let mut poll = || {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        preparing.as_mut().poll(&mut context)
    };
    assert!(poll().is_pending());
    assert_eq!(written(), 4 * mebibyte, "the first mebibyte behind three tenths");
    ahead.filled(150, 1000);
    assert!(poll().is_pending());
    assert_eq!(written(), 5 * mebibyte);
    ahead.filled(1000, 1000);
    assert!(matches!(poll(), std::task::Poll::Ready(Ok(()))));
    assert_eq!(written(), 10 * mebibyte);
    assert!(ahead.take(2).is_some());
}

/// What prepares files, one at a time and only when it is told to.
struct ByHand(Preparer);

impl ByHand {
    fn make_ready(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.0.prepare()).unwrap();
    }
}

fn prepare(files: &Sim, opened: &mut Opened) -> ByHand {
    let reserve = Reserve::new(Arc::new(files.clone()), PathBuf::from("/log"), 0);
    let (ahead, preparer) = ahead(
        opened.segments.clone(),
        Arc::new(reserve),
        Arc::new(Health::default()),
        Tasks::threads(),
        Arc::new(Box::new(())),
    );
    opened.log.prepare_with(ahead);
    ByHand(preparer)
}

/// A log with what was read of it.
struct Opened {
    log: Log,
    segments: Arc<Segments>,
    found: Found,
    /// Numbers that stand in its batches, in order.
    seen: Vec<u64>,
    /// What an index would know.
    known: Option<Known>,
}

impl Opened {
    fn set(&self) -> Vec<u64> {
        self.segments.set().iter().collect()
    }
}

fn open(files: &Sim, known: Option<Known>) -> Result<Opened, Error> {
    let segments = Arc::new(Segments::new(
        Arc::new(files.clone()),
        PathBuf::from("/log"),
        SALT,
        true,
        Recent::new(1 << 20),
    ));
    let mut seen = Vec::new();
    let mut now = known.clone();
    let (log, found) = recover(segments.clone(), SIZES, known.as_ref(), &mut |read| {
        let mut set = now.take().map_or_else(SegmentSet::default, |known| known.set);
        let position = position(read.start, read.is, read.end(), read.batch.next);
        for (_, record) in read.batch.records {
            match record {
                Record::Create(space) => seen.push(space.0),
                Record::Segments(said) => set = said,
                _ => {}
            }
        }
        now = Some(Known { position, set });
        Ok(())
    })?;
    Ok(Opened {
        log,
        segments,
        found,
        seen,
        known: now,
    })
}

/// One batch for each number.
fn write(opened: &mut Opened, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        try_write(opened, number).unwrap();
    }
}

fn try_write(opened: &mut Opened, number: u64) -> Result<(), AppendError> {
    let log = &mut opened.log;
    let start = log.make_room(100)?;
    let announced = log.announcement(start);
    let mut batch = Builder::new(start, 100);
    if let Some(set) = &announced {
        batch.segments(set);
    }
    batch.create(Space(number));
    let is = log.next();
    let (bytes, next) = batch.finish(log.salt(), is);
    let end = start.offset + bytes.len() as u64;
    log.append(start, announced, bytes, next)?;
    opened.seen.push(number);
    opened.known = Some(Known {
        position: position(start, is, end, next),
        set: opened.segments.set(),
    });
    Ok(())
}

fn position(
    last: crate::format::batch::Start,
    last_is: crate::format::batch::Next,
    end: u64,
    next: crate::format::batch::Next,
) -> LogPosition {
    LogPosition {
        last,
        last_is,
        end,
        next,
        large_next: 1,
    }
}

fn three_segments() -> (Sim, Known) {
    let files = disk();
    let mut log = open(&files, None).unwrap();
    write(&mut log, 1..=9);
    (files, log.known.unwrap())
}

fn disk() -> Sim {
    let files = Sim::new();
    files.create_dir(Path::new("/log")).unwrap();
    files.sync_dir(Path::new("/"), "root").unwrap();
    files
}

fn copy(files: &Sim) -> Sim {
    files.crash(Crash::Kill, &mut Seeded::new(1))
}

fn path(segment: u64) -> PathBuf {
    at(&format!("{segment:010}.log"))
}

fn at(name: &str) -> PathBuf {
    Path::new("/log").join(name)
}

fn has(files: &Sim, name: &str) -> bool {
    files
        .list(Path::new("/log"))
        .unwrap()
        .iter()
        .any(|there| there == name)
}

fn bytes(files: &Sim, segment: u64) -> Vec<u8> {
    let file = files.open(&path(segment), Mode::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn told(opened: Result<Opened, Error>, what: &str) {
    match opened {
        Err(Error::Corrupt(told)) => assert!(told.contains(what), "`{told}` does not say `{what}`"),
        Err(other) => panic!("told otherwise: {other}"),
        Ok(opened) => panic!("it opened and holds {:?}, not: {what}", opened.seen),
    }
}
