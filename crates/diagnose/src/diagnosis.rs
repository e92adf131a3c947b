//! What was found out about one refused request, before anybody decided who may read it.
//!
//! Not here: texts with values (see [`crate::Report`]), and anything that could be taken for permission: a proven cause
//! explains a refusal and never lifts it.

use std::borrow::Cow;
use std::fmt;

use crate::budget::Tried;
use crate::texts::Texts;
use crate::words::{Level, Value, Words};

const NOTE_SKIPPED: &str =
    "The cause was not searched for, to bound the work for refused requests: ask again in a minute.";

/// How certain the diagnosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A rewriting of the request gives exactly the signature that was sent.
    Proven,
    /// The request itself shows the fault.
    Exact,
    /// Strong evidence, no proof.
    Inferred,
    /// Nothing that was tried gives the signature; the causes listed are the most likely ones.
    Unproven,
    /// Nothing was tried, because the budget or the kind of request did not allow it.
    Skipped,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Proven => "proven",
            Status::Exact => "exact",
            Status::Inferred => "inferred",
            Status::Unproven => "unproven",
            Status::Skipped => "skipped",
        }
    }
}

/// How one cause is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The rewritten request gives the signature that was sent.
    Hmac,
    /// The request contradicts itself or the server's settings.
    Exact,
    /// Evidence only.
    Infer,
}

impl Proof {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Hmac => "hmac",
            Proof::Exact => "exact",
            Proof::Infer => "infer",
        }
    }
}

/// The part of the signature that was wrong, or of a preflight. Two causes of one diagnosis have different slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The method.
    Method,
    /// The Host header.
    Host,
    /// Bucket in the host or in the path: both move together.
    HostAndUri,
    /// The path.
    Uri,
    /// The query.
    Query,
    /// One signed header, by its lower-case name.
    Header(String),
    /// The list of signed headers.
    SignedHeaders,
    /// The payload line.
    Payload,
    /// The body against what was said about it.
    Body,
    /// One chunk of a streamed body, counted from 1.
    Chunk(u64),
    /// The trailer of a streamed body.
    Trailer,
    /// The policy of a form.
    Policy,
    /// The fields of a form and their order.
    Form,
    /// Date, region or service the signing key is made for.
    Scope,
    /// How the string to sign is put together.
    StringToSign,
    /// The time of signing or of expiry.
    Time,
    /// The secret access key.
    Secret,
    /// The session token of temporary credentials.
    SessionToken,
    /// The way of authenticating.
    Mechanism,
    /// The CORS rules of the bucket.
    Cors,
}

impl Slot {
    /// Drops what no text shows of a name that is too long to be shown.
    pub(crate) fn shorten(&mut self) {
        if let Slot::Header(name) = self
            && crate::words::plain(name.as_bytes()).is_none()
        {
            *name = String::new();
        }
    }

    /// Whether two changes would touch the same part.
    pub(crate) fn overlaps(&self, other: &Slot) -> bool {
        let path_or_host = |s: &Slot| matches!(s, Slot::Host | Slot::Uri);
        self == other
            || (*self == Slot::HostAndUri && path_or_host(other))
            || (*other == Slot::HostAndUri && path_or_host(self))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Method => f.write_str("method"),
            Slot::Host => f.write_str("host"),
            Slot::HostAndUri => f.write_str("host+uri"),
            Slot::Uri => f.write_str("uri"),
            Slot::Query => f.write_str("query"),
            Slot::Header(name) => match crate::words::plain(name.as_bytes()) {
                Some(name) if !name.contains([';', ',', ' ']) => write!(f, "header:{name}"),
                _ => f.write_str("header"),
            },
            Slot::SignedHeaders => f.write_str("signed-headers"),
            Slot::Payload => f.write_str("payload"),
            Slot::Body => f.write_str("body"),
            Slot::Chunk(number) => write!(f, "chunk:{number}"),
            Slot::Trailer => f.write_str("trailer"),
            Slot::Policy => f.write_str("policy"),
            Slot::Form => f.write_str("form"),
            Slot::Scope => f.write_str("scope"),
            Slot::StringToSign => f.write_str("string-to-sign"),
            Slot::Time => f.write_str("time"),
            Slot::Secret => f.write_str("secret"),
            Slot::SessionToken => f.write_str("session-token"),
            Slot::Mechanism => f.write_str("mechanism"),
            Slot::Cors => f.write_str("cors"),
        }
    }
}

/// Whether the signature is right as it was sent, apart from what the request was refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// It verifies: the named cause is the only fault.
    Valid,
    /// It does not verify.
    Invalid,
    /// Not computed: no secret, or nothing to compute it over.
    Unknown,
}

/// Who probably did it, and what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// `proxy`, `browser`, `sdk`, `user`, `clock`, `credentials`.
    pub kind: &'static str,
    /// The evidence, in words.
    pub evidence: &'static str,
}

/// One cause.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its stable id, for example `HST-PROXY`.
    pub id: &'static str,
    /// How it is known.
    pub proof: Proof,
    /// Which part of the signature it concerns.
    pub slot: Slot,
    /// Ids that explain the same bytes.
    pub also: Vec<&'static str>,
    pub(crate) title: &'static str,
    pub(crate) what: Words,
    pub(crate) cure: Words,
    pub(crate) signed: Option<Value>,
    pub(crate) received: Option<Value>,
    /// Whether what arrived is what was sent, so that the signer did otherwise by itself.
    pub(crate) is_by_the_signer: bool,
    /// The other cause that gives the same bytes, in words, where nothing says which of the two it was.
    pub(crate) ambiguity: Option<String>,
}

/// What was found out.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// How certain it is.
    pub status: Status,
    /// The causes, most specific first; for `Unproven` the most likely ones, best first.
    pub causes: Vec<Cause>,
    /// What the finding rules out, in sentences that are true of this request.
    pub ruled_out: Vec<&'static str>,
    /// Whether the signature is right apart from what the request was refused for.
    pub otherwise: Otherwise,
    /// Who probably did it.
    pub culprit: Option<Culprit>,
    /// What the search did.
    pub tried: Tried,
    /// The texts of both sides.
    pub(crate) texts: Option<Texts>,
    /// What is said when there is no cause to name; empty if there is nothing to add to the refusal itself.
    pub(crate) note: &'static str,
    /// What stands in the place of this at [`crate::Level::Operator`], if anything does.
    pub(crate) for_operator: Option<ForOperator>,
}

/// What only the operator is told: that a key signed which is no longer in use. To everybody else the request is one that was signed with
/// some wrong secret, or whose access key nobody has.
#[derive(Clone, Debug)]
pub(crate) struct ForOperator {
    pub(crate) status: Status,
    pub(crate) causes: Vec<Cause>,
    pub(crate) ruled_out: Vec<&'static str>,
    pub(crate) culprit: Option<Culprit>,
}

impl Diagnosis {
    /// What is said of a signature that does not match where there is no budget even for a look at the request: that, and no more.
    pub fn skipped() -> Diagnosis {
        Diagnosis {
            status: Status::Skipped,
            causes: Vec::new(),
            ruled_out: Vec::new(),
            otherwise: Otherwise::Invalid,
            culprit: None,
            tried: Tried::default(),
            texts: None,
            note: NOTE_SKIPPED,
            for_operator: None,
        }
    }

    /// Whether the request was signed with the secret of an access key that is no longer in use. It is the operator's to know: somebody
    /// still holds that secret, and should not.
    pub fn is_retired_key_used(&self) -> bool {
        self.for_operator
            .as_ref()
            .is_some_and(|told| told.status == Status::Proven)
    }

    /// As a reader of this level may see it, before any value in it is weighed.
    pub(crate) fn seen_at(&self, level: Level) -> Cow<'_, Diagnosis> {
        match &self.for_operator {
            Some(told) if level == Level::Operator => Cow::Owned(Diagnosis {
                status: told.status,
                causes: told.causes.clone(),
                ruled_out: told.ruled_out.clone(),
                culprit: told.culprit,
                ..self.clone()
            }),
            Some(_) | None => Cow::Borrowed(self),
        }
    }
}

impl Diagnosis {
    /// Bytes of memory, about: what remembering it takes.
    pub fn bytes(&self) -> usize {
        let causes = self.causes.iter().map(Cause::bytes).sum::<usize>();
        let texts = self.texts.as_ref().map_or(0, Texts::bytes);
        size_of::<Diagnosis>() + causes + texts + size_of_val(self.ruled_out.as_slice())
    }
}

impl Cause {
    fn bytes(&self) -> usize {
        let values = [&self.signed, &self.received].into_iter().flatten();
        let values = values.map(|value| value.bytes.len()).sum::<usize>();
        let words = self.what.bytes() + self.cure.bytes();
        let name = match &self.slot {
            Slot::Header(name) => name.len(),
            _ => 0,
        };
        size_of::<Cause>() + name + values + words + size_of_val(self.also.as_slice())
    }

    pub(crate) fn add(&mut self, text: &str) {
        self.what.push(text);
    }
}

impl Otherwise {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Otherwise::Valid => "valid",
            Otherwise::Invalid => "invalid",
            Otherwise::Unknown => "unknown",
        }
    }
}
