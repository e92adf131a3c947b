//! An index in memory that, at a simulated crash, keeps a first part of what was applied and nothing else.

use bytes::Bytes;
use countersign_embedded::{MetaIndex, Op, OpenIndex, Snapshot, Snapshots, Step, Visit};
use countersign_engine::Result;
use countersign_engine::world::random::Seeded;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The index. Clones are the same index.
#[derive(Clone, Default)]
pub struct PrefixIndex(Arc<Mutex<State>>);

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Default)]
struct State {
    /// Shared with snapshots, and copied once it changes while there is one.
    rows: Arc<Rows>,
    /// What is durable, and what was applied since.
    durable: Rows,
    since: Vec<Vec<Op>>,
}

impl PrefixIndex {
    /// What is left after a crash; this one stays as it is.
    pub fn crash(&self, random: &mut Seeded) -> PrefixIndex {
        let state = self.0.lock().unwrap();
        let kept = match random.below(3) {
            0 => state.since.len(),
            1 => 0,
            _ => random.below(state.since.len() + 1),
        };
        let mut rows = state.durable.clone();
        for ops in state.since.iter().take(kept) {
            apply(&mut rows, ops);
        }
        PrefixIndex(Arc::new(Mutex::new(State {
            durable: rows.clone(),
            rows: Arc::new(rows),
            since: Vec::new(),
        })))
    }

    /// For opening an engine on it.
    pub fn opener(&self) -> OpenIndex {
        let index = Arc::new(self.clone());
        Box::new(move || Ok((index, None)))
    }
}

fn apply(rows: &mut Rows, ops: &[Op]) {
    for (name, value) in ops {
        match value {
            Some(value) => rows.insert(name.clone(), value.clone()),
            None => rows.remove(name),
        };
    }
}

impl PrefixIndex {
    fn rows(&self) -> Arc<Rows> {
        self.0.lock().unwrap().rows.clone()
    }
}

/// What it held at one moment.
struct Moment(Arc<Rows>);

impl Snapshots for PrefixIndex {
    fn snapshot(&self) -> Box<dyn Snapshot + '_> {
        Box::new(Moment(self.rows()))
    }
}

impl Snapshot for Moment {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let value = |name: &Vec<u8>| self.0.get(name).cloned().map(Bytes::from);
        Ok(names.iter().map(value).collect())
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        let mut from = from.to_vec();
        for (name, value) in self.0.range(from.clone()..) {
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

impl MetaIndex for PrefixIndex {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        Moment(self.rows()).get(names)
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        Moment(self.rows()).walk(from, until, visit)
    }

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let mut state = self.0.lock().unwrap();
        apply(Arc::make_mut(&mut state.rows), &ops);
        state.since.push(ops);
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        let mut state = self.0.lock().unwrap();
        state.durable = (*state.rows).clone();
        state.since.clear();
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        *self.0.lock().unwrap() = State::default();
        Ok(())
    }
}
