//! The kept rows held against the index that they are rows of, while it changes.

use super::*;
use countersign_engine::Space;
use countersign_engine::world::random::Seeded;
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;

/// An index in memory, slow enough for others to come between.
#[derive(Default)]
struct Rows {
    rows: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    is_failing: AtomicBool,
    looked_up: AtomicU64,
}

impl MetaIndex for Rows {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        self.looked_up.fetch_add(1, Ordering::Relaxed);
        let rows = self.rows.lock().expect("whole");
        let found = names
            .iter()
            .map(|name| rows.get(name).cloned().map(Bytes::from))
            .collect();
        drop(rows);
        std::thread::yield_now();
        Ok(found)
    }

    fn walk(&self, _: &[u8], _: &[u8], _: Visit<'_>) -> Result<()> {
        Ok(())
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        std::thread::yield_now();
        if self.is_failing.load(Ordering::Relaxed) {
            return Err(countersign_engine::Error::Unavailable("as asked".into()));
        }
        let mut rows = self.rows.lock().expect("whole");
        for (name, value) in ops {
            match value {
                Some(value) => rows.insert(name, value),
                None => rows.remove(&name),
            };
        }
        drop(rows);
        std::thread::yield_now();
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        self.rows.lock().expect("whole").clear();
        Ok(())
    }
}

fn name(number: usize) -> Vec<u8> {
    entry::space_name(Space(number as u64)).to_vec()
}

fn put(number: usize, value: &str) -> Op {
    (name(number), Some(value.as_bytes().to_vec()))
}

fn without_index(cached: &Cached, names: &[Vec<u8>]) -> Option<Found> {
    cached.kept(names.iter().map(Vec::as_slice))
}

fn text(found: Option<Found>) -> Option<Vec<Option<String>>> {
    let text = |value: Bytes| String::from_utf8(value.to_vec()).expect("text");
    Some(found?.into_iter().map(|value| value.map(text)).collect())
}

#[test]
fn what_was_read_or_written_is_answered_without_the_index() {
    let index = Arc::new(Rows::default());
    let cached = Cached::new(index.clone(), 1 << 20);
    assert_eq!(text(without_index(&cached, &[name(1)])), None);
    assert_eq!(text(cached.get_and_keep(&[name(1)]).ok()), Some(vec![None]));
    assert_eq!(
        text(without_index(&cached, &[name(1)])),
        Some(vec![None]),
        "that it is absent is kept"
    );
    cached.apply(vec![put(1, "a"), put(2, "b")]).expect("applied");
    let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
    assert_eq!(
        text(without_index(&cached, &[name(1), name(2)])),
        Some(vec![a, b.clone()])
    );
    assert_eq!(index.looked_up.load(Ordering::Relaxed), 1);
    cached.apply(vec![(name(1), None)]).expect("applied");
    assert_eq!(text(without_index(&cached, &[name(1)])), None);
    assert_eq!(
        text(cached.get_and_keep(&[name(1), name(2)]).ok()),
        Some(vec![None, b])
    );
    // The engine's own notes are read by one thread, which keeps them itself.
    cached
        .apply(vec![(entry::log_position_name(), Some(vec![1]))])
        .expect("applied");
    assert_eq!(text(without_index(&cached, &[entry::log_position_name()])), None);
}

#[test]
fn after_a_failed_change_only_the_index_is_asked() {
    let index = Arc::new(Rows::default());
    let cached = Cached::new(index.clone(), 1 << 20);
    cached.apply(vec![put(1, "a")]).expect("applied");
    index.is_failing.store(true, Ordering::Relaxed);
    assert!(cached.apply(vec![put(1, "b")]).is_err());
    let one = Some(vec![Some("a".to_owned())]);
    assert_eq!(text(cached.get_and_keep(&[name(1)]).ok()), one);
    assert_eq!(text(without_index(&cached, &[name(1)])), None);
}

/// An index with one row, where a change and a look-up wait to be let on.
struct Stopped {
    row: Mutex<Vec<u8>>,
    is_stopping: AtomicBool,
    change: [Barrier; 2],
    look_up: [Barrier; 2],
}

impl Stopped {
    fn stop(&self, at: &[Barrier; 2]) {
        if self.is_stopping.load(Ordering::Acquire) {
            let [reached, let_on] = at;
            reached.wait();
            let_on.wait();
        }
    }
}

impl MetaIndex for Stopped {
    fn get(&self, _: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let found = self.row.lock().expect("whole").clone();
        self.stop(&self.look_up);
        Ok(vec![Some(found.into())])
    }

    fn walk(&self, _: &[u8], _: &[u8], _: Visit<'_>) -> Result<()> {
        Ok(())
    }

    fn apply(&self, mut ops: Vec<Op>) -> Result<()> {
        self.stop(&self.change);
        let (_, value) = ops.pop().expect("one change");
        *self.row.lock().expect("whole") = value.expect("nothing is deleted");
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn what_was_read_while_it_changed_is_not_kept_though_the_new_value_is_too_large_to_be() {
    let barriers = || [Barrier::new(2), Barrier::new(2)];
    let index = Arc::new(Stopped {
        row: Mutex::new(b"old".to_vec()),
        is_stopping: AtomicBool::new(true),
        change: barriers(),
        look_up: barriers(),
    });
    let cached = Cached::new(index.clone(), 1 << 20);
    let new = "x".repeat(2 << 20);
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| cached.apply(vec![put(1, &new)]).expect("applied"));
        let [change_reached, change_on] = &index.change;
        change_reached.wait();
        let reading = scope.spawn(|| cached.get_and_keep(&[name(1)]).expect("read"));
        let [look_up_reached, look_up_on] = &index.look_up;
        look_up_reached.wait();
        change_on.wait();
        changing.join().expect("changed");
        look_up_on.wait();
        reading.join().expect("read");
    });
    index.is_stopping.store(false, Ordering::Release);
    let found = cached.get_and_keep(&[name(1)]).expect("read");
    assert!(
        text(Some(found)) == Some(vec![Some(new)]),
        "the old value was kept"
    );
}

#[test]
fn kept_rows_stay_within_their_bytes() {
    let cached = Cached::new(Arc::new(Rows::default()), 1 << 20);
    let value = "x".repeat(1000);
    for number in 0..10_000 {
        cached.apply(vec![put(number, &value)]).expect("applied");
    }
    assert!(cached.rows.weight() <= 1 << 20, "{}", cached.rows.weight());
    assert!(cached.rows.len() > 500, "{}", cached.rows.len());
}

/// Each change writes one number to several rows at once, some of them absent now and then. Readers must find one number
/// in all, and never a smaller one than any reader found before.
#[test]
fn several_rows_are_of_one_moment_and_never_older_than_before() {
    const GROUPS: usize = 6;
    const ROWS: usize = 3;
    const CHANGES: u64 = 3000;
    // Small, so that rows are pushed out all the time.
    let cached = Cached::new(Arc::new(Rows::default()), 4096);
    let newest: Vec<AtomicU64> = (0..GROUPS).map(|_| AtomicU64::new(0)).collect();
    let (is_over, kept) = (AtomicBool::new(false), AtomicU64::new(0));
    let names = |group: usize| (0..ROWS).map(|row| name(group * ROWS + row)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for seed in 0..3 {
            let (cached, newest, is_over, kept) = (&cached, &newest, &is_over, &kept);
            scope.spawn(move || {
                let mut random = Seeded::new(seed);
                while !is_over.load(Ordering::Acquire) {
                    let group = random.below(GROUPS);
                    let before = newest[group].load(Ordering::SeqCst);
                    let names = names(group);
                    let found = match without_index(cached, &names) {
                        Some(found) => {
                            kept.fetch_add(1, Ordering::Relaxed);
                            found
                        }
                        None if random.below(2) == 0 => cached.get_and_keep(&names).expect("read"),
                        None => cached.get(&names).expect("read").into(),
                    };
                    let numbers: Vec<u64> = found
                        .iter()
                        .map(|value| {
                            value
                                .as_ref()
                                .map_or(0, |value| u64::from_le_bytes(value[..8].try_into().expect("8")))
                        })
                        .collect();
                    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
                    // Absent rows have no number to compare.
                    if numbers[0] > 0 {
                        assert!(numbers[0] >= before, "{} after {before}", numbers[0]);
                        newest[group].fetch_max(numbers[0], Ordering::SeqCst);
                    }
                }
            });
        }
        let mut random = Seeded::new(99);
        for number in 1..=CHANGES {
            let group = random.below(GROUPS);
            let value = (random.below(5) > 0).then(|| number.to_le_bytes().to_vec());
            let ops = names(group)
                .into_iter()
                .map(|name| (name, value.clone()))
                .collect();
            cached.apply(ops).expect("applied");
        }
        is_over.store(true, Ordering::Release);
    });
    assert!(kept.into_inner() > 0, "else the test shows nothing");
}
