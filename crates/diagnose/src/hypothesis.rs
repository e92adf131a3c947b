//! One guess about what the client signed: a single change to the request or to the signing key.
//!
//! Not here: how likely causes are ranked afterwards, and the computing of signatures (see `search`).
//!
//! Keeps true: a change to the secret is made only in `rules::secret`, from values that reveal nothing about the secret
//! or that are as hard to guess; there is no way to try a part of a secret. Another key takes its place whole.

use countersign_sigv4::{Chain, Scope};
use zeroize::Zeroizing;

use crate::diagnosis::Slot;
use crate::key::DateKey;
use crate::rules::Rule;
use crate::words::Value;

/// The detail of a change that the signer made by itself: what arrived is what was sent.
pub(crate) const BY_THE_SIGNER: &str = "by the signer";

/// What is different between what was received and what may have been signed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    /// The method was this one.
    Method(String),
    /// A signed header had this value.
    Header { name: String, value: Vec<u8> },
    /// The bucket stood on the other side: host and path change together.
    HostAndUri { host: Vec<u8>, uri: Vec<u8> },
    /// The canonical path was this text.
    Uri(Vec<u8>),
    /// The canonical query was this text.
    Query(Vec<u8>),
    /// The header lines and the list of their names were laid out in this way.
    Headers(HeaderLayout),
    /// The payload line was this text; with `header_too`, so was the signed `x-amz-content-sha256`.
    Payload { line: Vec<u8>, header_too: bool },
    /// The signing key was made from this start value instead of `AWS4` + secret.
    Seed(Seed),
    /// The signing key was made from this first link of its chain, which belongs to another access key.
    DateKey(DateKey),
    /// The signing key was made for this date, region and service; the text of the scope stays as it was sent.
    KeyScope(Scope),
    /// The signing key was made by other steps from the secret and the scope.
    Chain(Chain),
    /// The date line of the string to sign was this text.
    Timestamp(String),
    /// The string to sign was put together in this way.
    StringToSign(TextForm),
    /// This was signed in the place of the text of a chunk, a trailer or a form, which has no canonical request.
    Text { text: Vec<u8>, slot: Slot },
}

impl Change {
    pub(crate) fn slot(&self) -> Slot {
        match self {
            Change::Header { name, .. } if is_host(name) => Slot::Host,
            Change::Header { name, .. } => Slot::Header(name.clone()),
            Change::HostAndUri { .. } => Slot::HostAndUri,
            Change::Method(_) => Slot::Method,
            Change::Uri(_) => Slot::Uri,
            Change::Query(_) => Slot::Query,
            Change::Headers(_) => Slot::SignedHeaders,
            Change::Payload { .. } => Slot::Payload,
            Change::Seed(_) | Change::DateKey(_) => Slot::Secret,
            Change::KeyScope(_) | Change::Chain(_) => Slot::Scope,
            Change::StringToSign(_) => Slot::StringToSign,
            Change::Timestamp(_) => Slot::Time,
            Change::Text { slot, .. } => slot.clone(),
        }
    }

    /// Bytes that it holds, about.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Change::Method(text) | Change::Timestamp(text) => text.len(),
            Change::Header { name, value } => name.len() + value.len(),
            Change::HostAndUri { host, uri } => host.len() + uri.len(),
            Change::Uri(text) | Change::Query(text) => text.len(),
            Change::Headers(layout) => {
                layout.list.len() + layout.names.iter().map(|name| name.len()).sum::<usize>()
            }
            Change::Payload { line, .. } => line.len(),
            Change::Seed(seed) => seed.0.len(),
            Change::KeyScope(scope) => scope.date.len() + scope.region.len() + scope.service.len(),
            Change::Text { text, .. } => text.len(),
            Change::Chain(_) | Change::StringToSign(_) => 0,
            Change::DateKey(date_key) => date_key.expose().len(),
        }
    }

    /// Whether it changes the key and leaves the canonical request alone.
    pub(crate) fn is_about_the_key(&self) -> bool {
        matches!(
            self,
            Change::Seed(_) | Change::DateKey(_) | Change::KeyScope(_) | Change::Chain(_)
        )
    }
}

/// Whether a signed name is that of the host, in HTTP/1.1 or in HTTP/2.
pub(crate) fn is_host(name: &str) -> bool {
    matches!(name, "host" | ":authority")
}

/// How signers put together the string to sign otherwise than they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextForm {
    /// The hash in capital letters.
    Capitals,
    /// The hash in base64.
    Base64,
    /// The canonical request itself in the place of its hash.
    NotHashed,
    /// A line break at the end.
    LineAtEnd,
    /// Carriage returns before the line breaks.
    CarriageReturns,
    /// The whole credential, with the access key id, in the line of the scope.
    Credential,
    /// The day in the line of the time.
    Day,
    /// Without the line of the algorithm.
    NoAlgorithm,
}

/// How a signer writes the header lines and the list of their names.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HeaderLayout {
    /// The names as they stand in the lines, in order.
    pub(crate) names: Vec<String>,
    /// What stands between name and value.
    pub(crate) between: &'static str,
    /// The line with the list of names.
    pub(crate) list: String,
    /// Whether an empty line follows the header lines.
    pub(crate) blank_line: bool,
}

/// A start value of the signing key; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) Zeroizing<Vec<u8>>);

impl std::hash::Hash for Seed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

/// A change with the rule that proposes it.
#[derive(Clone)]
pub(crate) struct Hypothesis {
    pub(crate) rule: &'static Rule,
    pub(crate) change: Change,
    /// How likely, 1 to 1000, and more where the request shows signs of it; decides the order, never the outcome.
    pub(crate) weight: u32,
    /// How much it says; the higher one names the cause when two give the same bytes.
    pub(crate) specificity: u32,
    pub(crate) signed: Option<Value>,
    pub(crate) received: Option<Value>,
    /// What is special about this variant, in words; the rule builds its sentences from it.
    pub(crate) detail: &'static str,
}

/// Collects what one rule proposes.
pub(crate) struct Proposals<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) list: &'a mut Vec<Hypothesis>,
    /// How many more this rule may propose.
    pub(crate) left: usize,
    /// How many more bytes these may have together.
    pub(crate) bytes_left: usize,
}

impl Proposals<'_> {
    /// A proposal with the rule's own weight; the returned reference may be refined.
    pub(crate) fn add(&mut self, change: Change) -> Option<&mut Hypothesis> {
        self.left = self.left.checked_sub(1)?;
        self.bytes_left = self.bytes_left.checked_sub(change.bytes())?;
        self.list.push(Hypothesis {
            rule: self.rule,
            change,
            weight: self.rule.weight,
            specificity: 10,
            signed: None,
            received: None,
            detail: "",
        });
        self.list.last_mut()
    }
}
