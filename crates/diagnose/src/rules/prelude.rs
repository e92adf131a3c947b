//! What every rule file needs, in one `use`.
//!
//! Not here: anything a rule could decide with.

pub(super) use crate::diagnosis::{Proof, Slot};
pub(super) use crate::hypothesis::{Change, Hypothesis, Proposals};
pub(super) use crate::rules::{Finding, Rule, Told};
pub(super) use crate::scene::Scene;
pub(super) use crate::words::{Value, Words};
