//! Finds the change that gives the signature which was sent: one change first, then two.
//!
//! Not here: which changes are tried (the rules) and what is said about them.
//!
//! Keeps true: every proposal inside the budget is computed, without leaving early at a match, so that the time taken
//! says nothing about which one matched; a match is found by HMAC alone; the budget is asked before each computation.

use std::collections::HashMap;

use countersign_sigv4::{Scope, SigningKey, string_to_sign};
use zeroize::Zeroizing;

use crate::budget::{Budget, CANONICAL_REQUEST_BYTES_MAX, Meter, SINGLES_MAX, Tried};
use crate::hypothesis::{Change, Hypothesis};
use crate::parts::{DERIVE_BYTES, HMAC_BYTES, Parts, sha256};

/// Single changes, best first, that are combined into pairs.
const PAIRED_SINGLES_MAX: usize = 120;

/// Everything a signature is computed from.
pub(crate) struct Sent<'a> {
    /// `None` for what has no canonical request: a form, a chunk, a trailer.
    pub(crate) parts: Option<&'a Parts>,
    /// What is signed then: the policy as sent, or the text of the chunk or trailer; empty for a request.
    pub(crate) message: &'a [u8],
    pub(crate) timestamp: &'a str,
    /// The scope as it stands in the string to sign.
    pub(crate) scope: &'a Scope,
    /// `AWS4` and the secret.
    pub(crate) seed: Zeroizing<Vec<u8>>,
    /// Hex, as it was sent.
    pub(crate) signature: &'a str,
}

impl Sent<'_> {
    fn key(&self, changes: &[&Change]) -> SigningKey {
        let mut scope = self.scope;
        let mut seed: &[u8] = &self.seed;
        for change in changes {
            match change {
                Change::Seed(value) => seed = &value.0,
                Change::KeyScope(value) => scope = value,
                _ => {}
            }
        }
        SigningKey::derive_from_seed(seed, scope)
    }

    /// What is to be signed with some changes made, before anything is hashed.
    fn message<'c>(&'c self, changes: &[&'c Change]) -> Message<'c> {
        let (mut whole, mut timestamp) = (self.message, self.timestamp);
        for change in changes {
            match change {
                Change::Text { text, .. } => whole = text,
                Change::Timestamp(text) => timestamp = text,
                _ => {}
            }
        }
        match self.parts {
            Some(parts) => Message::Canonical {
                request: parts.bytes(changes),
                timestamp,
                scope: self.scope,
            },
            None => Message::Text(whole),
        }
    }

    /// The text to sign of what arrived.
    fn own_text(&self) -> Vec<u8> {
        self.message(&[]).text()
    }

    /// The length of what is hashed for [`Sent::own_text`].
    fn length(&self) -> usize {
        self.parts.map_or(self.message.len(), Parts::length)
    }

    /// Whether the signature is right as it was sent.
    pub(crate) fn verifies(&self, tried: &mut Tried) -> bool {
        tried.hashed_bytes += (self.length() + DERIVE_BYTES + HMAC_BYTES) as u64;
        self.key(&[]).matches(&self.own_text(), self.signature)
    }
}

/// What is to be signed.
enum Message<'a> {
    /// This text as it is.
    Text(&'a [u8]),
    /// A string to sign with the hash of this canonical request.
    Canonical {
        request: Vec<u8>,
        timestamp: &'a str,
        scope: &'a Scope,
    },
}

impl Message<'_> {
    /// Bytes that are hashed for it, the HMAC's own not counted.
    fn length(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Canonical {
                request,
                timestamp,
                scope,
            } => request.len() + timestamp.len() + scope.to_string().len() + TEXT_BYTES,
        }
    }

    fn text(&self) -> Vec<u8> {
        match self {
            Message::Text(text) => text.to_vec(),
            Message::Canonical {
                request,
                timestamp,
                scope,
            } => string_to_sign(timestamp, scope, &sha256(request)),
        }
    }
}

/// Bytes of a string to sign beside its date and scope: the algorithm, the hash, the line breaks.
const TEXT_BYTES: usize = 83;

/// The hypotheses that explain the signature: none, one group of equal ones, or two groups that hold together.
#[derive(Default)]
pub(crate) struct Found {
    /// Each group explains one change; the first of a group says most.
    pub(crate) groups: Vec<Vec<Hypothesis>>,
}

/// One distinct change with all hypotheses that propose it.
struct Candidate {
    members: Vec<Hypothesis>,
    /// The changed text to sign; `None` for a change of the key.
    text: Option<Vec<u8>>,
    /// The changed key; `None` for a change of the text.
    key: Option<SigningKey>,
}

impl Candidate {
    fn change(&self) -> Option<&Change> {
        self.members.first().map(|member| &member.change)
    }

    fn weight(&self) -> u32 {
        self.members.iter().map(|member| member.weight).max().unwrap_or(0)
    }

    fn specificity(&self) -> u32 {
        self.members
            .iter()
            .map(|member| member.specificity)
            .max()
            .unwrap_or(0)
    }
}

/// Searches within the budget.
pub(crate) fn search(
    sent: &Sent<'_>,
    proposals: Vec<Hypothesis>,
    budget: Budget<'_>,
    tried: &mut Tried,
) -> Found {
    let mut candidates = distinct(sent, proposals);
    let own_text = sent.own_text();
    let own_key = sent.key(&[]);

    let mut meter = Meter::new(budget.singles_bytes_max, budget.within);
    let mut matched = Vec::new();
    for (n, candidate) in candidates.iter_mut().enumerate() {
        let Some(change) = candidate.members.first().map(|member| member.change.clone()) else {
            continue;
        };
        let fits = if change.is_about_the_key() {
            if !meter.spend(DERIVE_BYTES + HMAC_BYTES + own_text.len(), tried) {
                break;
            }
            let key = sent.key(&[&change]);
            let fits = key.matches(&own_text, sent.signature);
            candidate.key = Some(key);
            fits
        } else {
            let changes = [&change];
            let message = sent.message(&changes);
            if !meter.spend(message.length() + HMAC_BYTES, tried) {
                break;
            }
            let text = message.text();
            let fits = own_key.matches(&text, sent.signature);
            candidate.text = Some(text);
            fits
        };
        tried.singles += 1;
        if fits {
            matched.push(n);
        }
    }
    if !matched.is_empty() {
        let members = matched
            .iter()
            .filter_map(|&n| candidates.get(n))
            .flat_map(|c| c.members.clone());
        return Found {
            groups: vec![most_specific_first(members.collect())],
        };
    }
    if sent.length() > CANONICAL_REQUEST_BYTES_MAX {
        tried.cut_short = true;
        return Found::default();
    }
    if budget.pairs_bytes_max == 0 {
        tried.cut_short = true;
        return Found::default();
    }
    pairs(
        sent,
        &candidates,
        &own_key,
        Meter::new(budget.pairs_bytes_max, budget.within),
        tried,
    )
}

/// One candidate per change, best first; changes that change nothing are left out.
fn distinct(sent: &Sent<'_>, proposals: Vec<Hypothesis>) -> Vec<Candidate> {
    let mut index: HashMap<Change, usize> = HashMap::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    for proposal in proposals {
        if changes_nothing(sent, &proposal.change) {
            continue;
        }
        match index.get(&proposal.change) {
            Some(&n) => {
                if let Some(candidate) = candidates.get_mut(n) {
                    candidate.members.push(proposal);
                }
            }
            None => {
                index.insert(proposal.change.clone(), candidates.len());
                candidates.push(Candidate {
                    members: vec![proposal],
                    text: None,
                    key: None,
                });
            }
        }
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.weight()));
    candidates.truncate(SINGLES_MAX);
    candidates
}

fn changes_nothing(sent: &Sent<'_>, change: &Change) -> bool {
    match (change, sent.parts) {
        (Change::Seed(seed), _) => seed.0 == sent.seed,
        (Change::KeyScope(scope), _) => scope == sent.scope,
        (Change::Text { text, .. }, None) => text == sent.message,
        (Change::Text { .. }, Some(_)) | (_, None) => true,
        // A header that is not signed is not part of the signature, so its value cannot explain it.
        (Change::Header { name, value }, Some(parts)) => parts
            .signed_header(name)
            .is_none_or(|own| own == value.as_slice()),
        (Change::HostAndUri { .. }, Some(parts)) => parts.signed_header("host").is_none(),
        (Change::Method(method), Some(parts)) => method.as_bytes() == parts.method,
        (Change::Uri(uri), Some(parts)) => *uri == parts.uri,
        (Change::Query(query), Some(parts)) => *query == parts.query,
        (Change::Headers(_), Some(_)) => false,
        (Change::Timestamp(text), Some(_)) => text == sent.timestamp,
        (Change::Payload { line, .. }, Some(parts)) => *line == parts.payload,
    }
}

fn pairs(
    sent: &Sent<'_>,
    candidates: &[Candidate],
    own_key: &SigningKey,
    mut meter: Meter<'_>,
    tried: &mut Tried,
) -> Found {
    let considered: Vec<&Candidate> = candidates.iter().take(PAIRED_SINGLES_MAX).collect();
    let mut order: Vec<(u64, &Candidate, &Candidate)> = Vec::new();
    for (n, first) in considered.iter().enumerate() {
        for second in considered.iter().skip(n + 1) {
            let (Some(a), Some(b)) = (first.change(), second.change()) else {
                continue;
            };
            if !a.slot().overlaps(&b.slot()) {
                order.push((
                    u64::from(first.weight()) * u64::from(second.weight()),
                    first,
                    second,
                ));
            }
        }
    }
    order.sort_by_key(|(weight, _, _)| std::cmp::Reverse(*weight));

    // All of the same weight are finished, so that equals are known; the first to say most names the causes.
    let mut fitting: Vec<(u64, &Candidate, &Candidate)> = Vec::new();
    for (weight, first, second) in order {
        if fitting.first().is_some_and(|(found, _, _)| *found != weight) {
            break;
        }
        match pair_fits(sent, first, second, own_key, &mut meter, tried) {
            Some(true) => fitting.push((weight, first, second)),
            Some(false) => {}
            None => break,
        }
    }
    fitting.sort_by_key(|(_, a, b)| std::cmp::Reverse(a.specificity() + b.specificity()));
    let mut groups: Vec<Vec<Hypothesis>> = Vec::new();
    for candidate in fitting.iter().flat_map(|(_, first, second)| [first, second]) {
        let slot = candidate.change().map(Change::slot);
        let same_slot = |group: &Vec<Hypothesis>| group.first().map(|member| member.change.slot()) == slot;
        match groups.iter().position(same_slot) {
            Some(n) => {
                if let Some(group) = groups.get_mut(n) {
                    group.extend(candidate.members.iter().cloned());
                }
            }
            None if groups.len() < 2 => groups.push(candidate.members.clone()),
            // Another way to cut the same bytes into two changes; the one that says more was taken.
            None => {}
        }
    }
    let mut groups: Vec<_> = groups.into_iter().map(most_specific_first).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.first().map_or(0, |member| member.specificity)));
    Found { groups }
}

/// Whether two changes together give the signature; `None` when the budget is used up.
fn pair_fits(
    sent: &Sent<'_>,
    first: &Candidate,
    second: &Candidate,
    own_key: &SigningKey,
    meter: &mut Meter<'_>,
    tried: &mut Tried,
) -> Option<bool> {
    let (a, b) = (first.change()?, second.change()?);
    let (changed_text, key);
    let changes = [a, b];
    let (key, text) = match (a.is_about_the_key(), b.is_about_the_key()) {
        (false, false) => {
            let message = sent.message(&changes);
            spend(meter, message.length() + HMAC_BYTES, tried)?;
            changed_text = message.text();
            (own_key, &changed_text)
        }
        (true, true) => {
            let message = sent.message(&[]);
            spend(meter, message.length() + HMAC_BYTES + DERIVE_BYTES, tried)?;
            changed_text = message.text();
            key = sent.key(&changes);
            (&key, &changed_text)
        }
        (about_key, _) => {
            let (of_key, of_text) = if about_key {
                (first, second)
            } else {
                (second, first)
            };
            // A candidate the singles did not reach has neither; it was cut off by the budget then.
            let (Some(key), Some(text)) = (&of_key.key, &of_text.text) else {
                return Some(false);
            };
            spend(meter, HMAC_BYTES + text.len(), tried)?;
            (key, text)
        }
    };
    tried.pairs += 1;
    Some(key.matches(text, sent.signature))
}

fn spend(meter: &mut Meter<'_>, bytes: usize, tried: &mut Tried) -> Option<()> {
    meter.spend(bytes, tried).then_some(())
}

fn most_specific_first(mut members: Vec<Hypothesis>) -> Vec<Hypothesis> {
    members.sort_by_key(|member| std::cmp::Reverse((member.specificity, member.weight)));
    members
}
