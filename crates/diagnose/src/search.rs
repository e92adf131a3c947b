//! Finds the change that gives the signature which was sent: one change first, then two.
//!
//! Not here: which changes are tried (the rules) and what is said about them.
//!
//! Keeps true: every proposal inside the budget is computed, without leaving early at a match, so that the time taken
//! says nothing about which one matched; a match is found by HMAC alone; the budget is asked before each computation. A match that
//! only the operator is told of changes nothing else: neither what else is found, nor how much work is done.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{Claim, ComparingKey, Provided, Scope, string_to_sign_head};
use zeroize::Zeroizing;

use crate::budget::{Budget, CANONICAL_REQUEST_BYTES_MAX, Meter, SINGLES_MAX, Tried};
use crate::canonical_text::CanonicalText;
use crate::diagnosis::Slot;
use crate::hypothesis::{Change, Hypothesis, TextForm};
use crate::key::DateKey;
use crate::parts::{DERIVE_BYTES, HMAC_BYTES, Parts};

/// Single changes of one part, best first, that are combined into pairs: many hosts must not leave out everything else.
const PAIRED_IN_ONE_SLOT_MAX: usize = 64;
/// Pairs that are put in order, the likeliest of them; the budget ends before that for all but the shortest requests.
const PAIRS_MAX: usize = 12_288;
/// Bits of a place among the candidates, of which there are fewer than these can tell apart.
const PLACE_BITS: u32 = 16;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
const _: () = assert!(SINGLES_MAX as u64 <= PLACE_MASK);
/// The hex of a SHA-256, which ends a string to sign.
const HASH_BYTES: usize = 64;

/// Everything a signature is computed from.
pub(crate) struct Sent<'a> {
    signed: Signed<'a>,
    /// The scope as it stands in the string to sign.
    scope: &'a Scope,
    /// `AWS4` and the secret.
    seed: Zeroizing<Vec<u8>>,
    /// Hex, as it was sent.
    signature: &'a str,
    /// The same for comparing; `None` if no signature is written so.
    provided: Option<Provided>,
    access_key_id: &'a str,
}

/// What was signed.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for a search, and most are the large one"
)]
enum Signed<'a> {
    Request {
        parts: &'a Parts,
        text: CanonicalText<'a>,
        timestamp: &'a str,
        /// The string to sign up to the hash of the text.
        head: Vec<u8>,
    },
    /// The policy of a form, or the text of a chunk or trailer: signed as it is.
    Text(&'a [u8]),
}

impl<'a> Sent<'a> {
    /// A signed request.
    pub(crate) fn request(parts: &'a Parts, claim: &'a Claim, seed: Zeroizing<Vec<u8>>) -> Sent<'a> {
        let signed = Signed::Request {
            parts,
            text: CanonicalText::of(parts),
            timestamp: &claim.timestamp,
            head: string_to_sign_head(&claim.timestamp, &claim.scope),
        };
        Sent {
            signed,
            scope: &claim.scope,
            seed,
            signature: &claim.signature,
            provided: Provided::parse(&claim.signature),
            access_key_id: &claim.access_key_id,
        }
    }

    /// Something that has no canonical request: a form, a chunk, a trailer.
    pub(crate) fn text(
        text: &'a [u8],
        claim: &'a Claim,
        seed: Zeroizing<Vec<u8>>,
        signature: &'a str,
    ) -> Sent<'a> {
        Sent {
            signed: Signed::Text(text),
            scope: &claim.scope,
            seed,
            signature,
            provided: Provided::parse(signature),
            access_key_id: &claim.access_key_id,
        }
    }

    /// Whether the signature is right as it was sent, or would be if it were written so.
    pub(crate) fn verifies_as(&self, signature: &str, tried: &mut Tried) -> bool {
        let head = match &self.signed {
            Signed::Request { head, .. } => head.len() + HASH_BYTES,
            Signed::Text(_) => 0,
        };
        tried.hashed_bytes += (self.length() + head + DERIVE_BYTES + HMAC_BYTES) as u64;
        let provided = Provided::parse(signature);
        self.key(&[])
            .matches(&self.own_message(), self.own_text(), provided.as_ref())
    }

    /// Whether the signature is right for a key of which only the first link of its chain is there.
    pub(crate) fn verifies_by(&self, date_key: &DateKey, tried: &mut Tried) -> bool {
        tried.hashed_bytes += (self.length() + HASH_BYTES + DERIVE_BYTES + HMAC_BYTES) as u64;
        let change = Change::DateKey(date_key.clone());
        self.key(&[&change])
            .matches(&self.own_message(), self.own_text(), self.provided.as_ref())
    }

    /// The signature as it was sent.
    pub(crate) fn signature(&self) -> &'a str {
        self.signature
    }

    fn key(&self, changes: &[&Change]) -> Key {
        let mut scope = self.scope;
        let mut seed: &[u8] = &self.seed;
        let (mut chain, mut date_key) = (None, None);
        for change in changes {
            match change {
                Change::Seed(value) => seed = &value.0,
                Change::DateKey(value) => date_key = Some(value),
                Change::KeyScope(value) => scope = value,
                Change::Chain(value) => chain = Some(*value),
                Change::Method(_)
                | Change::Header { .. }
                | Change::HostAndUri { .. }
                | Change::Uri(_)
                | Change::Query(_)
                | Change::Headers(_)
                | Change::Payload { .. }
                | Change::Timestamp(_)
                | Change::StringToSign(_)
                | Change::Text { .. } => {}
            }
        }
        let bare = match (date_key, chain) {
            // Of another key there is no more than this; by which steps it would go on is not tried.
            (Some(date_key), _) => ComparingKey::derive_from_date_key(date_key.expose(), scope),
            (None, None) => ComparingKey::derive_from_seed(seed, scope),
            (None, Some(chain)) => ComparingKey::derive_by(chain, seed, scope),
        };
        let having_read_head = match &self.signed {
            Signed::Request { head, .. } => bare.having_read(head),
            Signed::Text(_) => bare.clone(),
        };
        Key {
            bare,
            having_read_head,
        }
    }

    /// What is to be signed with some changes made; `None` if hashing it is beyond what is left.
    fn message(&self, changes: &[&Change], meter: &mut Meter<'_>, tried: &mut Tried) -> Option<Message> {
        let Signed::Request {
            parts,
            text,
            timestamp,
            ..
        } = &self.signed
        else {
            spend(meter, self.text_of(changes).len() + HMAC_BYTES, tried)?;
            return Some(Message::default());
        };
        let changed_time = changes.iter().find_map(|change| match change {
            Change::Timestamp(text) if text != timestamp => Some(text),
            _ => None,
        });
        let head = changed_time.map(|time| string_to_sign_head(time, self.scope));
        let mut lines = Vec::new();
        let changed = text.with(changes, &mut lines);
        let form = changes.iter().find_map(|change| match change {
            Change::StringToSign(form) => Some(*form),
            _ => None,
        });
        let whole = if form == Some(TextForm::NotHashed) {
            text.length()
        } else {
            0
        };
        let bytes = changed.cost() + head.as_ref().map_or(0, Vec::len) + whole + HASH_BYTES + HMAC_BYTES;
        spend(meter, bytes, tried)?;
        let hash = changed.hash();
        let Some(form) = form else {
            return Some(Message {
                head,
                rest: Rest::Hash(hash),
            });
        };
        let own_head = match &self.signed {
            Signed::Request { head, .. } => head.as_slice(),
            Signed::Text(_) => &[],
        };
        let head = head.as_deref().unwrap_or(own_head);
        let canonical = || parts.bytes(changes);
        Some(Message {
            rest: Rest::Whole(written_as(form, head, &hash, self.access_key_id, canonical)),
            head: None,
        })
    }

    /// What is signed as it is, in the place of a hash.
    fn text_of<'c>(&'c self, changes: &[&'c Change]) -> &'c [u8] {
        let changed = changes.iter().copied().find_map(|change| match change {
            Change::Text { text, .. } => Some(text.as_slice()),
            _ => None,
        });
        changed.unwrap_or(self.own_text())
    }

    fn own_text(&self) -> &[u8] {
        match &self.signed {
            Signed::Request { .. } => &[],
            Signed::Text(text) => text,
        }
    }

    /// What was to be signed of what arrived.
    fn own_message(&self) -> Message {
        match &self.signed {
            Signed::Request { text, .. } => Message {
                head: None,
                rest: Rest::Hash(text.hash()),
            },
            Signed::Text(_) => Message::default(),
        }
    }

    /// The length of what was to be signed of what arrived: of the canonical request, or of the text.
    fn length(&self) -> usize {
        match &self.signed {
            Signed::Request { text, .. } => text.length(),
            Signed::Text(text) => text.len(),
        }
    }
}

/// What is to be signed, as far as it is not the text itself.
#[derive(Default)]
struct Message {
    /// The string to sign up to the hash, where that is another one than was sent.
    head: Option<Vec<u8>>,
    rest: Rest,
}

#[derive(Default)]
enum Rest {
    /// Nothing: a text is signed as it is.
    #[default]
    Text,
    /// The hash of a canonical request, which is signed as hex.
    Hash([u8; 32]),
    /// A whole string to sign, put together in another way.
    Whole(Vec<u8>),
}

impl Message {
    /// Bytes that one HMAC takes in for it, beside a text that is signed as it is.
    fn length(&self, text: &[u8]) -> usize {
        let head = self.head.as_ref().map_or(0, Vec::len);
        let rest = match &self.rest {
            Rest::Text => text.len(),
            Rest::Hash(_) => HASH_BYTES,
            Rest::Whole(text) => text.len(),
        };
        head + rest
    }
}

/// A signing key.
struct Key {
    bare: ComparingKey,
    /// It has read the string to sign up to the hash: what nearly all texts have in common.
    having_read_head: ComparingKey,
}

impl Key {
    fn matches(&self, message: &Message, text: &[u8], provided: Option<&Provided>) -> bool {
        let Some(provided) = provided else {
            return false;
        };
        let read;
        let key = match (&message.head, &message.rest) {
            (_, Rest::Whole(_)) => &self.bare,
            (Some(head), _) => {
                read = self.bare.having_read(head);
                &read
            }
            (None, _) => &self.having_read_head,
        };
        match &message.rest {
            Rest::Text => key.matches(text, provided),
            Rest::Hash(hash) => key.matches_hash(hash, provided),
            Rest::Whole(text) => key.matches(text, provided),
        }
    }
}

/// A string to sign as some signers put it together. `head` ends before the hash.
pub(crate) fn written_as(
    form: TextForm,
    head: &[u8],
    hash: &[u8; 32],
    access_key_id: &str,
    canonical: impl FnOnce() -> Vec<u8>,
) -> Vec<u8> {
    let digits = digits(hash);
    let right = || [head, digits.as_slice()].concat();
    let mut lines = head.splitn(4, |&b| b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (algorithm, time, scope) = (line(), line(), line());
    let joined = |lines: &[&[u8]]| lines.join(&b'\n');
    match form {
        TextForm::Capitals => [head, digits.to_ascii_uppercase().as_slice()].concat(),
        TextForm::Base64 => [head, STANDARD.encode(hash).as_bytes()].concat(),
        TextForm::NotHashed => [head, &canonical()].concat(),
        TextForm::LineAtEnd => [head, &digits, b"\n"].concat(),
        TextForm::CarriageReturns => {
            let right = right();
            let lines: Vec<&[u8]> = right.split(|&b| b == b'\n').collect();
            lines.join(&b"\r\n"[..])
        }
        TextForm::Credential => {
            let credential = [access_key_id.as_bytes(), b"/", scope].concat();
            joined(&[algorithm, time, &credential, &digits])
        }
        TextForm::Day => joined(&[algorithm, time.get(..8).unwrap_or(time), scope, &digits]),
        TextForm::NoAlgorithm => joined(&[time, scope, &digits]),
    }
}

fn digits(hash: &[u8; 32]) -> [u8; HASH_BYTES] {
    let mut digits = [0; HASH_BYTES];
    hex::encode_to_slice(hash, &mut digits).expect("two digits for each byte");
    digits
}

/// The hypotheses that explain the signature: none, one group of equal ones, or two groups that hold together.
#[derive(Default)]
pub(crate) struct Found {
    /// Each group explains one change; the first of a group says most.
    pub(crate) groups: Vec<Vec<Hypothesis>>,
    /// Other pairs that give the same signature by changing other parts, by the ids of their causes.
    pub(crate) other_pairs: Vec<[&'static str; 2]>,
    /// What gives the signature and only the operator is told of: one change, or two that hold together.
    pub(crate) for_operator: Vec<Vec<Hypothesis>>,
}

/// One distinct change with all hypotheses that propose it.
struct Candidate {
    first: Hypothesis,
    others: Vec<Hypothesis>,
    weight: u32,
    specificity: u32,
    /// The changed text, where the text is what changes.
    message: Option<Message>,
    /// The changed key, where the key is what changes. Apart, for it is large, and candidates are put in order.
    key: Option<Box<Key>>,
}

impl Candidate {
    fn new(first: Hypothesis) -> Candidate {
        Candidate {
            weight: first.weight,
            specificity: first.specificity,
            first,
            others: Vec::new(),
            message: None,
            key: None,
        }
    }

    fn join(&mut self, other: Hypothesis) {
        self.weight = self.weight.max(other.weight);
        self.specificity = self.specificity.max(other.specificity);
        self.others.push(other);
    }

    fn change(&self) -> &Change {
        &self.first.change
    }

    fn members(&self) -> impl Iterator<Item = &Hypothesis> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether only the operator is told of it. One for everybody has no members that are not.
    fn is_for_operator(&self) -> bool {
        self.first.rule.is_for_operator
    }

    /// Whether the change alone gives the signature; `None` when the budget is used up.
    fn fits(&mut self, sent: &Sent<'_>, own: &Own, meter: &mut Meter<'_>, tried: &mut Tried) -> Option<bool> {
        let change = &self.first.change;
        if change.is_about_the_key() {
            let text = sent.own_text();
            let length = own.message.length(text);
            spend(meter, DERIVE_BYTES + HMAC_BYTES + length, tried)?;
            let key = sent.key(&[change]);
            let fits = key.matches(&own.message, text, sent.provided.as_ref());
            self.key = Some(Box::new(key));
            Some(fits)
        } else {
            let message = sent.message(&[change], meter, tried)?;
            let fits = own
                .key
                .matches(&message, sent.text_of(&[change]), sent.provided.as_ref());
            self.message = Some(message);
            Some(fits)
        }
    }
}

/// What arrived, and the key that was to sign it.
struct Own {
    message: Message,
    key: Key,
}

/// Searches within the budget.
pub(crate) fn search(
    sent: &Sent<'_>,
    proposals: Vec<Hypothesis>,
    budget: Budget<'_>,
    tried: &mut Tried,
) -> Found {
    let mut candidates = distinct(sent, proposals);
    let own = Own {
        message: sent.own_message(),
        key: sent.key(&[]),
    };
    let mut meter = Meter::new(budget.singles_bytes_max, budget.within);
    let mut matched: Vec<Hypothesis> = Vec::new();
    let mut for_operator: Vec<Vec<Hypothesis>> = Vec::new();
    for candidate in &mut candidates {
        let Some(fits) = candidate.fits(sent, &own, &mut meter, tried) else {
            break;
        };
        tried.singles += 1;
        match (fits, candidate.is_for_operator()) {
            (true, true) if for_operator.is_empty() => {
                for_operator.push(candidate.members().cloned().collect());
            }
            (true, false) => matched.extend(candidate.members().cloned()),
            (true, true) | (false, _) => {}
        }
    }
    if !matched.is_empty() {
        return Found {
            groups: vec![most_specific_first(matched)],
            other_pairs: Vec::new(),
            for_operator,
        };
    }
    let is_long = sent.length() > CANONICAL_REQUEST_BYTES_MAX;
    if is_long || budget.pairs_bytes_max == 0 {
        tried.cut_short = true;
        tried.pairs_left = !is_long;
        return Found {
            for_operator,
            ..Found::default()
        };
    }
    let meter = Meter::new(budget.pairs_bytes_max, budget.within);
    let found = pairs(sent, &candidates, &own, meter, tried);
    if for_operator.is_empty() {
        return found;
    }
    Found {
        for_operator,
        ..found
    }
}

/// One candidate per change, best first; changes that change nothing are left out.
fn distinct(sent: &Sent<'_>, proposals: Vec<Hypothesis>) -> Vec<Candidate> {
    // What only the operator is told of is never one with what everybody is.
    let mut index: HashMap<(&Change, bool), usize> = HashMap::with_capacity(proposals.len());
    let places: Vec<Option<usize>> = proposals
        .iter()
        .map(|proposal| {
            if changes_nothing(sent, &proposal.change) {
                return None;
            }
            let next = index.len();
            let key = (&proposal.change, proposal.rule.is_for_operator);
            Some(*index.entry(key).or_insert(next))
        })
        .collect();
    let mut candidates: Vec<Candidate> = Vec::with_capacity(index.len());
    for (proposal, place) in proposals.into_iter().zip(places) {
        let Some(place) = place else { continue };
        match candidates.get_mut(place) {
            Some(candidate) => candidate.join(proposal),
            // The first of its change: places are given in this order.
            None => candidates.push(Candidate::new(proposal)),
        }
    }
    candidates.sort_by_cached_key(|candidate| std::cmp::Reverse(candidate.weight));
    candidates.truncate(SINGLES_MAX);
    candidates
}

fn changes_nothing(sent: &Sent<'_>, change: &Change) -> bool {
    match (change, &sent.signed) {
        (Change::Seed(seed), _) => seed.0 == sent.seed,
        (Change::KeyScope(scope), _) => scope == sent.scope,
        // Other keys are not compared with our own: no two have the same secret.
        (Change::Chain(_) | Change::DateKey(_), _) => false,
        (Change::Text { text, .. }, Signed::Text(own)) => text == own,
        (Change::Text { .. }, Signed::Request { .. }) | (_, Signed::Text(_)) => true,
        // A header that is not signed is not part of the signature, so its value cannot explain it.
        (Change::Header { name, value }, Signed::Request { parts, .. }) => parts
            .signed_header(name)
            .is_none_or(|own| own == value.as_slice()),
        (Change::HostAndUri { .. }, Signed::Request { parts, .. }) => parts.signed_header("host").is_none(),
        (Change::Method(method), Signed::Request { parts, .. }) => method.as_bytes() == parts.method,
        (Change::Uri(uri), Signed::Request { parts, .. }) => *uri == parts.uri,
        (Change::Query(query), Signed::Request { parts, .. }) => *query == parts.query,
        (Change::Headers(_) | Change::StringToSign(_), Signed::Request { .. }) => false,
        (Change::Timestamp(text), Signed::Request { timestamp, .. }) => text == timestamp,
        (Change::Payload { line, .. }, Signed::Request { parts, .. }) => *line == parts.payload,
    }
}

/// The candidates that are combined: the likeliest of each part.
fn paired(candidates: &[Candidate]) -> Vec<(Slot, &Candidate)> {
    let mut in_slot: HashMap<Slot, usize> = HashMap::new();
    let mut chosen = Vec::new();
    for candidate in candidates {
        let slot = candidate.change().slot();
        let count = in_slot.entry(slot.clone()).or_default();
        if *count < PAIRED_IN_ONE_SLOT_MAX {
            *count += 1;
            chosen.push((slot, candidate));
        }
    }
    chosen
}

fn pairs(
    sent: &Sent<'_>,
    candidates: &[Candidate],
    own: &Own,
    mut meter: Meter<'_>,
    tried: &mut Tried,
) -> Found {
    let paired = paired(candidates);
    // One number a pair, the likeliest first: what is missing of its weight, then the places of both.
    let mut order: Vec<u64> = Vec::new();
    for (n, (slot, first)) in paired.iter().enumerate() {
        for (m, (other, second)) in paired.iter().enumerate().skip(n + 1) {
            if !slot.overlaps(other) {
                let missing = u32::MAX - first.weight.saturating_mul(second.weight);
                order.push(u64::from(missing) << 32 | (n as u64) << PLACE_BITS | m as u64);
            }
        }
    }
    if order.len() > PAIRS_MAX {
        order.select_nth_unstable(PAIRS_MAX);
        order.truncate(PAIRS_MAX);
    }
    order.sort_unstable();
    let order = order.into_iter().filter_map(|pair| {
        let place = |bits: u64| paired.get((bits & PLACE_MASK) as usize);
        let ((_, first), (_, second)) = (place(pair >> PLACE_BITS)?, place(pair)?);
        Some((pair >> 32, *first, *second))
    });

    // All of the same weight are finished, so that equals are known; the first to say most names the causes.
    let mut fitting: Vec<(u64, &Candidate, &Candidate)> = Vec::new();
    let mut for_operator: Vec<Vec<Hypothesis>> = Vec::new();
    for (weight, first, second) in order {
        if fitting.first().is_some_and(|(found, _, _)| *found != weight) {
            break;
        }
        match pair_fits(sent, first, second, own, &mut meter, tried) {
            Some(true) if first.is_for_operator() || second.is_for_operator() => {
                if for_operator.is_empty() {
                    let members = [first, second].map(|one| one.members().cloned().collect());
                    for_operator = members.map(most_specific_first).into();
                }
            }
            Some(true) => fitting.push((weight, first, second)),
            Some(false) => {}
            None => break,
        }
    }
    fitting.sort_by_key(|(_, a, b)| std::cmp::Reverse(a.specificity + b.specificity));
    let mut groups: Vec<Vec<Hypothesis>> = Vec::new();
    let mut other_pairs = Vec::new();
    for (_, first, second) in fitting {
        let mut is_other = false;
        for candidate in [first, second] {
            let slot = candidate.change().slot();
            let is_same =
                |group: &Vec<Hypothesis>| group.first().is_some_and(|member| member.change.slot() == slot);
            let members = candidate.members().cloned();
            let is_full = groups.len() == 2;
            match groups.iter_mut().find(|group| is_same(group)) {
                Some(group) => group.extend(members),
                // Another way to cut the same bytes into two changes; the one that says more was taken.
                None if is_full => is_other = true,
                None => groups.push(members.collect()),
            }
        }
        if is_other {
            other_pairs.push([first.first.rule.id, second.first.rule.id]);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().map(most_specific_first).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.first().map_or(0, |member| member.specificity)));
    Found {
        groups,
        other_pairs,
        for_operator,
    }
}

/// Whether two changes together give the signature; `None` when the budget is used up.
fn pair_fits(
    sent: &Sent<'_>,
    first: &Candidate,
    second: &Candidate,
    own: &Own,
    meter: &mut Meter<'_>,
    tried: &mut Tried,
) -> Option<bool> {
    let changes = [first.change(), second.change()];
    let fits = match changes.map(Change::is_about_the_key) {
        [false, false] => {
            let message = sent.message(&changes, meter, tried)?;
            own.key
                .matches(&message, sent.text_of(&changes), sent.provided.as_ref())
        }
        [true, true] => {
            let text = sent.own_text();
            let length = own.message.length(text);
            spend(meter, DERIVE_BYTES + HMAC_BYTES + length, tried)?;
            sent.key(&changes)
                .matches(&own.message, text, sent.provided.as_ref())
        }
        [about_key, _] => {
            let (of_key, of_text) = if about_key {
                (first, second)
            } else {
                (second, first)
            };
            // A candidate the singles did not reach has neither; it was cut off by the budget then.
            let (Some(key), Some(message)) = (&of_key.key, &of_text.message) else {
                return Some(false);
            };
            let text = sent.text_of(&changes);
            spend(meter, HMAC_BYTES + message.length(text), tried)?;
            key.matches(message, text, sent.provided.as_ref())
        }
    };
    tried.pairs += 1;
    Some(fits)
}

fn spend(meter: &mut Meter<'_>, bytes: usize, tried: &mut Tried) -> Option<()> {
    meter.spend(bytes, tried).then_some(())
}

fn most_specific_first(mut members: Vec<Hypothesis>) -> Vec<Hypothesis> {
    members.sort_by_key(|member| std::cmp::Reverse((member.specificity, member.weight)));
    members
}
