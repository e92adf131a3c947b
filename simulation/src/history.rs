//! What was asked of one object key, when, and what came of it; and whether one order of all that explains it.
//!
//! Not here: who asks. A history knows moments, which are numbers that grow.
//!
//! Keeps true: [`History::check`] answers `Ok` only if every operation can be given one moment between its question and
//! its answer so that, one after the other, all answers are right. What was never answered may have happened, once,
//! before its [`History::settle`], or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a key holds, by number: the same number, the same bytes.
pub type Content = u32;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To hold this, if the condition holds.
    Put(Content, Condition),
    /// To hold nothing.
    Delete,
    /// What it holds.
    Read,
}

/// Of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Whatever it holds.
    None,
    /// Only over this.
    Over(Content),
    /// Only over nothing.
    Absent,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// The condition does not hold, for what is there.
    Refused,
    /// The condition does not hold, since nothing is there.
    NothingThere,
    /// It holds this.
    Found(Option<Content>),
    /// It holds something.
    Present,
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    asked: Asked,
    from: u64,
    /// `None` until it is answered.
    answered: Option<(u64, Answer)>,
    /// When it can no longer happen, if it was not answered.
    settled: Option<u64>,
    /// It certainly did not happen.
    is_void: bool,
}

/// Everything that was asked of one key.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<Operation>);

impl History {
    /// Somebody asks. The answer names the operation.
    pub fn ask(&mut self, asked: Asked, now: u64) -> usize {
        self.0.push(Operation {
            asked,
            from: now,
            answered: None,
            settled: None,
            is_void: false,
        });
        self.0.len() - 1
    }

    /// The answer came.
    pub fn answer(&mut self, operation: usize, answer: Answer, now: u64) {
        if let Some(operation) = self.0.get_mut(operation) {
            operation.answered = Some((now, answer));
        }
    }

    /// It certainly did not happen.
    pub fn void(&mut self, operation: usize) {
        if let Some(operation) = self.0.get_mut(operation) {
            operation.is_void = true;
        }
    }

    /// What was not answered so far either happened by now or never.
    pub fn settle(&mut self, now: u64) {
        for operation in self.0.iter_mut().filter(|one| one.answered.is_none()) {
            operation.settled.get_or_insert(now);
        }
    }

    /// How many operations.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Err` tells the first answer that no order explains.
    pub fn check(&self) -> Result<(), Unexplained> {
        // Beginnings before ends: at the same moment, two overlap.
        let mut events: BTreeMap<(u64, bool), Vec<usize>> = BTreeMap::new();
        for (number, operation) in self.0.iter().enumerate() {
            let unanswered = operation.answered.is_none();
            if operation.is_void || (unanswered && operation.asked == Asked::Read) {
                continue;
            }
            events.entry((operation.from, false)).or_default().push(number);
            if let Some(end) = operation.answered.map(|(end, _)| end).or(operation.settled) {
                events.entry((end, true)).or_default().push(number);
            }
        }
        let mut open = BTreeSet::new();
        let mut cases = BTreeSet::from([Case::default()]);
        for ((now, is_end), numbers) in events {
            for number in numbers {
                if !is_end {
                    open.insert(number);
                    continue;
                }
                cases = self.all_from(cases, &open);
                open.remove(&number);
                let is_needed = self.0.get(number).is_some_and(|one| one.answered.is_some());
                let before = std::mem::take(&mut cases);
                cases.extend(before.iter().filter_map(|case| {
                    let mut case = case.clone();
                    (case.happened.remove(&number) || !is_needed).then_some(case)
                }));
                if cases.is_empty() {
                    return Err(self.unexplained(number, now, &before));
                }
            }
        }
        Ok(())
    }

    /// Every case that these become when open operations happen.
    fn all_from(&self, cases: BTreeSet<Case>, open: &BTreeSet<usize>) -> BTreeSet<Case> {
        let mut all = BTreeSet::new();
        let mut waiting: Vec<Case> = cases.into_iter().collect();
        while let Some(case) = waiting.pop() {
            let mut tried = Vec::new();
            for number in self.by_end(open.difference(&case.happened)) {
                let Some(one) = self.0.get(number) else { continue };
                // Of two that ask the same and were not answered, the one that ends first goes first: the other can
                // still do whatever the first could.
                if one.answered.is_none() {
                    if tried.contains(&one.asked) {
                        continue;
                    }
                    tried.push(one.asked);
                }
                let after = one.after(case.holds);
                let Some(holds) = after else { continue };
                let mut happened = case.happened.clone();
                happened.insert(number);
                let after = Case { holds, happened };
                if !all.contains(&after) {
                    waiting.push(after);
                }
            }
            all.insert(case);
        }
        all
    }

    fn by_end<'a>(&self, open: impl Iterator<Item = &'a usize>) -> Vec<usize> {
        let mut open: Vec<usize> = open.copied().collect();
        open.sort_by_key(|number| {
            self.0
                .get(*number)
                .and_then(|one| one.settled)
                .unwrap_or(u64::MAX)
        });
        open
    }

    fn unexplained(&self, number: usize, now: u64, cases: &BTreeSet<Case>) -> Unexplained {
        let around = self.0.iter().filter(|one| {
            let end = one.answered.map(|(end, _)| end).or(one.settled);
            end.is_none_or(|end| end + NEAR >= now) && one.from <= now
        });
        let holds: BTreeSet<_> = cases.iter().map(|case| case.holds).collect();
        Unexplained(format!(
            "at {now} no order explains {:?}; it may have held {holds:?}; around it: {:#?}",
            self.0.get(number),
            around.collect::<Vec<_>>()
        ))
    }
}

/// How things may stand: what is held, and which of the open operations have happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    holds: Option<Content>,
    happened: BTreeSet<usize>,
}

impl Operation {
    /// What is held after it; `None` if it cannot have happened so.
    fn after(&self, holds: Option<Content>) -> Option<Option<Content>> {
        let answer = self.answered.map(|(_, answer)| answer);
        match (self.asked, answer) {
            (Asked::Put(content, condition), None | Some(Answer::Done)) => {
                condition.allows(holds).then_some(Some(content))
            }
            (Asked::Put(_, condition), Some(Answer::Refused)) => {
                (holds.is_some() && !condition.allows(holds)).then_some(holds)
            }
            (Asked::Put(_, condition), Some(Answer::NothingThere)) => {
                (holds.is_none() && !condition.allows(holds)).then_some(holds)
            }
            (Asked::Delete, None | Some(Answer::Done)) => Some(None),
            (Asked::Read, Some(Answer::Found(found))) => (found == holds).then_some(holds),
            (Asked::Read, Some(Answer::Present)) => holds.is_some().then_some(holds),
            _ => None,
        }
    }
}

impl Condition {
    fn allows(self, holds: Option<Content>) -> bool {
        match self {
            Condition::None => true,
            Condition::Over(content) => holds == Some(content),
            Condition::Absent => holds.is_none(),
        }
    }
}

/// An answer that is wrong in every order.
#[derive(Debug, PartialEq, Eq)]
pub struct Unexplained(String);

impl fmt::Display for Unexplained {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// Operations that ended so many moments before a wrong answer are told with it.
const NEAR: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    /// Questions with their beginning, their end and their answer; `None`: never answered.
    fn check(operations: &[(Asked, u64, u64, Option<Answer>)]) -> bool {
        let mut history = History::default();
        for (asked, from, end, answer) in operations {
            let number = history.ask(*asked, *from);
            match answer {
                Some(answer) => history.answer(number, *answer, *end),
                None => history.0[number].settled = Some(*end),
            }
        }
        history.check().is_ok()
    }

    const PUT: fn(Content) -> Asked = |content| Asked::Put(content, Condition::None);
    const DONE: Option<Answer> = Some(Answer::Done);
    const FOUND: fn(Content) -> Option<Answer> = |content| Some(Answer::Found(Some(content)));
    const NOTHING: Option<Answer> = Some(Answer::Found(None));

    #[test]
    fn what_was_acknowledged_is_read() {
        assert!(check(&[(PUT(1), 1, 2, DONE), (Asked::Read, 3, 4, FOUND(1))]));
        assert!(!check(&[(PUT(1), 1, 2, DONE), (Asked::Read, 3, 4, NOTHING)]));
        assert!(!check(&[
            (PUT(1), 1, 2, DONE),
            (PUT(2), 3, 4, DONE),
            (Asked::Read, 5, 6, FOUND(1))
        ]));
    }

    #[test]
    fn what_overlaps_may_come_in_either_order_but_in_one() {
        let puts = [(PUT(1), 1, 9, DONE), (PUT(2), 2, 8, DONE)];
        for found in [1, 2] {
            assert!(check(&[puts[0], puts[1], (Asked::Read, 10, 11, FOUND(found))]));
        }
        let back_and_forth = [(Asked::Read, 10, 11, FOUND(1)), (Asked::Read, 12, 13, FOUND(2))];
        assert!(!check(&[puts[0], puts[1], back_and_forth[0], back_and_forth[1]]));
    }

    #[test]
    fn what_was_never_answered_may_have_happened_until_it_is_settled() {
        let lost = (PUT(1), 1, 5, None);
        assert!(check(&[lost, (Asked::Read, 6, 7, NOTHING)]));
        assert!(check(&[lost, (Asked::Read, 6, 7, FOUND(1))]));
        assert!(!check(&[
            lost,
            (Asked::Read, 6, 7, NOTHING),
            (Asked::Read, 8, 9, FOUND(1))
        ]));
        assert!(check(&[
            lost,
            (Asked::Read, 2, 3, NOTHING),
            (Asked::Read, 6, 7, FOUND(1))
        ]));
    }

    #[test]
    fn conditions_hold_or_are_refused() {
        let over = |content| Asked::Put(9, Condition::Over(content));
        let first = (PUT(1), 1, 2, DONE);
        assert!(check(&[first, (over(1), 3, 4, DONE)]));
        assert!(!check(&[first, (over(2), 3, 4, DONE)]));
        assert!(check(&[first, (over(2), 3, 4, Some(Answer::Refused))]));
        assert!(!check(&[first, (over(1), 3, 4, Some(Answer::Refused))]));
        let absent = Asked::Put(9, Condition::Absent);
        assert!(check(&[(absent, 1, 2, DONE)]));
        assert!(!check(&[first, (absent, 3, 4, DONE)]));
        assert!(!check(&[(over(1), 1, 2, Some(Answer::Refused))]));
        assert!(check(&[(over(1), 1, 2, Some(Answer::NothingThere))]));
        // Of two that contradict each other one succeeds.
        assert!(!check(&[(absent, 1, 9, DONE), (absent, 2, 8, DONE)]));
    }

    #[test]
    fn void_operations_never_happened() {
        let mut history = History::default();
        let put = history.ask(PUT(1), 1);
        history.void(put);
        let read = history.ask(Asked::Read, 2);
        history.answer(read, Answer::Found(Some(1)), 3);
        assert!(history.check().is_err());
    }
}
