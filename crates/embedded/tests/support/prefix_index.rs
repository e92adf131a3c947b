//! An index in memory that, at a simulated crash, keeps a first part of what was applied and nothing else.

use bytes::Bytes;
use countersign_embedded::{MetaIndex, Op, OpenIndex, Step, Visit};
use countersign_engine::Result;
use countersign_engine::world::random::Seeded;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The index. Clones are the same index.
#[derive(Clone, Default)]
pub struct PrefixIndex(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What is durable, and what was applied since.
    durable: BTreeMap<Vec<u8>, Vec<u8>>,
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
            rows,
            since: Vec::new(),
        })))
    }

    /// For opening an engine on it.
    pub fn opener(&self) -> OpenIndex {
        let index = Arc::new(self.clone());
        Box::new(move || Ok((index, None)))
    }
}

fn apply(rows: &mut BTreeMap<Vec<u8>, Vec<u8>>, ops: &[Op]) {
    for (name, value) in ops {
        match value {
            Some(value) => rows.insert(name.clone(), value.clone()),
            None => rows.remove(name),
        };
    }
}

impl MetaIndex for PrefixIndex {
    fn get(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let state = self.0.lock().unwrap();
        Ok(names
            .iter()
            .map(|name| state.rows.get(name).cloned().map(Bytes::from))
            .collect())
    }

    fn walk(&self, from: &[u8], until: &[u8], visit: Visit<'_>) -> Result<()> {
        let state = self.0.lock().unwrap();
        let mut from = from.to_vec();
        for (name, value) in state.rows.range(from.clone()..) {
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

    fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let mut state = self.0.lock().unwrap();
        apply(&mut state.rows, &ops);
        state.since.push(ops);
        Ok(())
    }

    fn persist(&self) -> Result<()> {
        let mut state = self.0.lock().unwrap();
        state.durable = state.rows.clone();
        state.since.clear();
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        *self.0.lock().unwrap() = State::default();
        Ok(())
    }
}
