//! An index that is behind, held against one that is not.

use super::*;
use crate::index::Snapshot;
use countersign_engine::world::random::Seeded;
use std::sync::atomic::{AtomicBool, Ordering};

type Rows = BTreeMap<Vec<u8>, Bytes>;

/// An index in memory that fails if it is told to.
#[derive(Default)]
struct Tree {
    rows: Mutex<Arc<Rows>>,
    steps: Mutex<Vec<usize>>,
    is_failing: AtomicBool,
}

struct Moment(Arc<Rows>);

impl Snapshot for Moment {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        Ok(names.iter().map(|name| self.0.get(name).cloned()).collect())
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        let mut from = from.to_vec();
        for (name, value) in self.0.iter() {
            if name.as_slice() >= until {
                break;
            }
            if *name < from {
                continue;
            }
            match visit(name, value) {
                Step::Next => {}
                Step::To(to) => from = to,
                Step::End => break,
            }
        }
        Ok(())
    }
}

impl Tree {
    fn now(&self) -> Moment {
        Moment(self.rows.lock().expect("whole").clone())
    }
}

impl Snapshots for Tree {
    fn snapshot(&self) -> Box<dyn Snapshot + '_> {
        Box::new(self.now())
    }
}

impl MetaIndex for Tree {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        self.now().get(names)
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        self.now().walk(from, until, visit)
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        if self.is_failing.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("as told".into()));
        }
        self.steps.lock().expect("whole").push(ops.len());
        let mut rows = self.rows.lock().expect("whole");
        let rows = Arc::make_mut(&mut rows);
        for (name, value) in ops {
            match value {
                Some(value) => rows.insert(name, value.into()),
                None => rows.remove(&name),
            };
        }
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        *self.rows.lock().expect("whole") = Arc::default();
        Ok(())
    }
}

fn name(number: usize) -> Vec<u8> {
    format!("{number:03}").into_bytes()
}

fn is_caught_up(behind: &Behind) -> bool {
    let waiting = behind.read();
    waiting.told.is_empty() && waiting.making.is_empty()
}

/// Some changes of names below `names`.
fn some(random: &mut Seeded, names: usize) -> Vec<Op> {
    (0..1 + random.below(4))
        .map(|_| {
            let len = random.below(4);
            let value = (random.below(3) > 0).then(|| random.bytes(1 + len));
            (name(random.below(names)), value)
        })
        .collect()
}

/// Everything that a walk shows which passes over names as `random` says.
fn shown(index: &dyn MetaIndex, from: usize, until: usize, mut random: Seeded) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut shown = Vec::new();
    index
        .walk(&name(from), &name(until), &mut |at, value| {
            shown.push((at.to_vec(), value.to_vec()));
            match random.below(8) {
                0 => Step::End,
                1 | 2 => Step::To(name(random.below(until + 5))),
                _ => Step::Next,
            }
        })
        .expect("walked");
    shown
}

#[test]
fn whatever_waits_is_read_as_if_it_were_made() {
    const NAMES: usize = 30;
    for seed in 0..200 {
        let mut random = Seeded::new(seed);
        let (at_once, tree) = (Tree::default(), Arc::new(Tree::default()));
        let behind = Behind::new(tree.clone());
        for step in 0..40 {
            let ops = some(&mut random, NAMES);
            at_once.apply(ops.clone()).expect("applied");
            behind.apply(ops).expect("told");
            match random.below(6) {
                0 => behind.catch_up().expect("made"),
                // As it stands while the index is being changed.
                1 => {
                    let mut waiting = behind.write();
                    if waiting.making.is_empty() {
                        waiting.making = Arc::new(mem::take(&mut waiting.told));
                        if random.below(2) == 0 {
                            tree.apply(ops_of(&waiting.making)).expect("applied");
                        }
                    }
                }
                _ => {}
            }
            // What is told while others are made is newer than those.
            let ops = some(&mut random, NAMES);
            at_once.apply(ops.clone()).expect("applied");
            behind.apply(ops).expect("told");
            let names: Vec<_> = (0..NAMES).map(name).collect();
            let (expected, found) = (at_once.get(&names), behind.get(&names));
            assert_eq!(expected.ok(), found.ok(), "seed {seed}, step {step}");
            let (from, until) = (random.below(NAMES), random.below(NAMES + 5));
            let again = Seeded::new(random.number());
            assert_eq!(
                shown(&at_once, from, until, again.clone()),
                shown(&behind, from, until, again),
                "seed {seed}, step {step}: {from}..{until}"
            );
            // What is being made is made before anything else is.
            if !behind.read().making.is_empty() {
                let ops = ops_of(&behind.read().making);
                tree.apply(ops).expect("applied");
                behind.write().making = Arc::default();
            }
        }
        behind.persist().expect("made");
        assert!(is_caught_up(&behind));
        assert_eq!(at_once.now().0, tree.now().0, "seed {seed}");
    }
}

#[test]
fn what_was_gathered_is_made_in_one_step() {
    let tree = Arc::new(Tree::default());
    let behind = Behind::new(tree.clone());
    for number in 0..10 {
        behind
            .apply(vec![(name(number), Some(vec![1])), (name(100), Some(vec![2]))])
            .expect("told");
    }
    assert_eq!(*tree.steps.lock().expect("whole"), []);
    behind.catch_up().expect("made");
    behind.catch_up().expect("nothing to make");
    assert_eq!(*tree.steps.lock().expect("whole"), [11]);
}

#[test]
fn what_waits_has_a_limit() {
    let tree = Arc::new(Tree::default());
    let behind = Behind::new(tree.clone());
    let value = vec![7; WAITING_BYTES_MAX / 4];
    for number in 0..4 {
        behind
            .apply(vec![(name(number), Some(value.clone()))])
            .expect("told");
    }
    // The fourth is too much, and is made with the others before it is answered.
    assert_eq!(*tree.steps.lock().expect("whole"), [4]);
    assert!(is_caught_up(&behind));
}

#[test]
fn what_cannot_be_made_stays_readable_and_nothing_more_is_taken() {
    let tree = Arc::new(Tree::default());
    let behind = Behind::new(tree.clone());
    behind.apply(vec![(name(1), Some(vec![1]))]).expect("told");
    tree.is_failing.store(true, Ordering::Relaxed);
    assert!(behind.persist().is_err());
    assert_eq!(
        behind.get(&[name(1)]).expect("read"),
        [Some(Bytes::from_static(&[1]))]
    );
    tree.is_failing.store(false, Ordering::Relaxed);
    assert!(behind.apply(vec![(name(2), Some(vec![2]))]).is_err());
    assert!(behind.persist().is_err(), "what failed once is not tried again");
    assert_eq!(behind.get(&[name(2)]).expect("read"), [None]);
}
