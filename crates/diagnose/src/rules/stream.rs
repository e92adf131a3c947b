//! Other texts that may have been signed for a chunk or a trailer, shared by the rules about streams.
//!
//! Keeps true: every text is made of the one that was to be signed and of what verification left behind; the data of a
//! chunk is never read again.

use super::prelude::*;

/// One way in which signers deviate, and what to do about it.
pub(super) struct Deviation {
    /// How the text was signed: `... was signed {how}`.
    pub(super) how: &'static str,
    pub(super) cure: &'static str,
}

/// The lines of a text to sign.
pub(super) fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|&b| b == b'\n').collect()
}

/// The text with one line replaced.
pub(super) fn with_line(text: &[u8], number: usize, line: &[u8]) -> Vec<u8> {
    let mut changed = lines(text);
    if let Some(old) = changed.get_mut(number) {
        *old = line;
    }
    changed.join(&b'\n')
}

/// Proposes that `text` was signed, for the reason of `deviation`.
pub(super) fn propose_text(out: &mut Proposals<'_>, slot: Slot, text: Vec<u8>, deviation: &Deviation) {
    if let Some(hypothesis) = out.add(Change::Text { text, slot }) {
        hypothesis.specificity = 40;
        hypothesis.detail = deviation.how;
    }
}

/// What to change for the deviation that a hypothesis is about.
pub(super) fn cure(deviations: &[&Deviation], hypothesis: &Hypothesis, otherwise: &'static str) -> Words {
    let found = deviations
        .iter()
        .find(|deviation| deviation.how == hypothesis.detail);
    Words::of(found.map_or(otherwise, |deviation| deviation.cure))
}

/// The line of the text with the signature before.
pub(super) const PREVIOUS: usize = 3;
