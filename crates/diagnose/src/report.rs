//! A diagnosis as one reader may see it: plain texts for the header, the message, the document.
//!
//! Not here: XML (the protocol crate writes it from these fields) and the decision which level a peer gets.
//!
//! Keeps true: the header and the sentence are printable ASCII; no text holds a value its level does not allow.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::diagnosis::{Diagnosis, Proof, Status};
use crate::texts::ReportTexts;
use crate::words::{Level, Place};

/// Length, in characters, of a sentence about one cause. If its values make it longer, they are left out.
pub const SENTENCE_CHARACTERS_MAX: usize = 320;
/// The same for a sentence about two causes.
pub const SENTENCE_OF_TWO_CHARACTERS_MAX: usize = 480;
/// Where the page of a cause can be read.
pub const PAGES_URL: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/crates/diagnose/pages/");

/// A diagnosis as one reader may see it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Version of this shape: 1.
    pub version: u32,
    /// `proven`, `exact`, `inferred`, `unproven` or `skipped`.
    pub status: &'static str,
    /// The causes; for `unproven` the most likely ones, best first.
    pub causes: Vec<ReportCause>,
    /// What is certainly not the cause, in sentences.
    pub ruled_out: Vec<&'static str>,
    /// The sentence for the end of `<Message>`: printable ASCII, cause and cure; empty if there is nothing to add.
    #[serde(rename = "message")]
    pub sentence: String,
    /// Whether the signature is right apart from what the request was refused for: `valid`, `invalid`, `unknown`.
    pub otherwise: &'static str,
    /// Who probably did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub culprit: Option<ReportCulprit>,
    /// What the search did.
    pub tried: ReportTried,
}

/// One cause of a [`Report`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportCause {
    /// Stable id.
    pub id: &'static str,
    /// `hmac`, `exact` or `infer`.
    pub proof: &'static str,
    /// The part of the signature, for example `host` or `header:content-type`.
    pub slot: String,
    /// A short title.
    pub title: &'static str,
    /// What happened, one sentence.
    pub what: String,
    /// What the client signed, if it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// What this server received, if it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// What to change.
    pub cure: String,
    /// Ids that explain the same bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<&'static str>,
    /// Where nothing says which of two causes it was: the other one, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguity: Option<String>,
    /// The page about this cause.
    pub url: String,
}

/// Who probably did it.
#[derive(Clone, Debug, Serialize)]
pub struct ReportCulprit {
    /// `proxy`, `browser`, `sdk`, `user`, `clock`, `credentials`.
    pub kind: &'static str,
    /// The evidence.
    pub evidence: &'static str,
}

/// What the search did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportTried {
    /// Single hypotheses.
    pub singles: u32,
    /// Pairs.
    pub pairs: u32,
    /// Bytes hashed.
    pub hashed_bytes: u64,
    /// Whether the budget ended the search.
    pub cut_short: bool,
    /// Whether changes in pairs were not allowed, and might have found something.
    #[serde(skip_serializing_if = "is_false")]
    pub pairs_left: bool,
    /// How long it took, if somebody measured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microseconds: Option<u64>,
}

impl Diagnosis {
    /// The diagnosis as a reader of this level may see it.
    pub fn at(&self, level: Level) -> Report {
        let seen = self.seen_at(level);
        Report {
            version: 1,
            status: seen.status.as_str(),
            causes: seen.causes.iter().map(|cause| cause.at(level)).collect(),
            ruled_out: seen.ruled_out.clone(),
            sentence: seen.sentence(level),
            otherwise: seen.otherwise.as_str(),
            culprit: seen.culprit.map(|c| ReportCulprit {
                kind: c.kind,
                evidence: c.evidence,
            }),
            tried: ReportTried {
                singles: seen.tried.singles,
                pairs: seen.tried.pairs,
                hashed_bytes: seen.tried.hashed_bytes,
                cut_short: seen.tried.cut_short,
                pairs_left: seen.tried.pairs_left,
                microseconds: seen.tried.microseconds,
            },
        }
    }

    /// What was signed on both sides, as a reader of this level may see it; `None` where no comparison of signatures failed.
    pub fn texts(&self, level: Level) -> Option<ReportTexts> {
        self.texts.as_ref().map(|texts| texts.at(level))
    }

    fn sentence(&self, level: Level) -> String {
        let limit = if self.told().len() > 1 {
            SENTENCE_OF_TWO_CHARACTERS_MAX
        } else {
            SENTENCE_CHARACTERS_MAX
        };
        let fuller = [
            (Place::Sentence, true),
            (Place::Sentence, false),
            (Place::SentenceWithoutValues, true),
        ];
        let mut sentences = fuller
            .map(|(place, says_also)| self.sentence_at(level, place, says_also))
            .into_iter();
        let fitting = sentences.find(|sentence| sentence.len() <= limit);
        fitting.unwrap_or_else(|| self.sentence_at(level, Place::SentenceWithoutValues, false))
    }

    /// The causes the sentence names: all that are certain, or the likeliest.
    fn told(&self) -> &[crate::Cause] {
        match self.status {
            Status::Proven | Status::Exact => &self.causes,
            _ => self.causes.get(..1).unwrap_or_default(),
        }
    }

    fn sentence_at(&self, level: Level, place: Place, says_also: bool) -> String {
        let told = self.told();
        if told.is_empty() {
            return self.note.to_owned();
        }
        let ids = distinct(told.iter().map(|cause| cause.id));
        let mut text = String::new();
        let likely = told.first().is_some_and(|cause| cause.proof == Proof::Infer);
        match self.status {
            Status::Unproven => text.push_str("The cause is not proven. Most likely: "),
            Status::Skipped => text.push_str("The cause was not searched for. Most likely: "),
            Status::Inferred if likely => text.push_str("Most likely: "),
            _ => {}
        }
        for (n, cause) in told.iter().enumerate() {
            if n > 0 {
                text.push_str(" Also: ");
            }
            let (what, cure) = (cause.what.render(level, place), cause.cure.render(level, place));
            text.push_str(&format!("{what}. {cure}"));
            if let Some(other) = cause.ambiguity.as_ref().filter(|_| says_also) {
                text.push_str(&format!(" {other}."));
            }
        }
        text.push_str(&format!(" ({}, {})", ids.join(" and "), self.status.as_str()));
        text
    }
}

impl crate::Cause {
    fn at(&self, level: Level) -> ReportCause {
        let shown = |value: &Option<crate::words::Value>| {
            value
                .as_ref()
                .filter(|value| value.shown_at(level))
                .map(|value| value.text())
        };
        ReportCause {
            id: self.id,
            proof: self.proof.as_str(),
            slot: self.slot.to_string(),
            title: self.title,
            what: capitalised(&self.what.render(level, Place::Document)),
            signed: shown(&self.signed),
            received: shown(&self.received),
            cure: self.cure.render(level, Place::Document),
            also: self.also.clone(),
            ambiguity: self.ambiguity.clone(),
            url: format!("{PAGES_URL}{}.md", self.id),
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Each id once: two headers can be lost in the same way.
fn distinct(ids: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut out = Vec::new();
    for id in ids {
        if !out.contains(&id) {
            out.push(id);
        }
    }
    out
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(chars)
        .collect()
}

impl Report {
    /// The value of `x-countersign-diagnosis`: `HST-PROXY; status=proven; slot=host`.
    pub fn header_value(&self) -> String {
        let ids = self.told();
        let mut text = if ids.is_empty() {
            "none".to_owned()
        } else {
            ids.join(", ")
        };
        text.push_str(&format!("; status={}", self.status));
        if let Some(cause) = self.causes.first() {
            text.push_str(&format!("; slot={}", cause.slot));
        }
        text
    }

    /// Ids of the causes that header and sentence name, the most specific first: all that are certain, or the likeliest.
    pub fn told(&self) -> Vec<&'static str> {
        let told = match self.status {
            "proven" | "exact" => usize::MAX,
            _ => 1,
        };
        distinct(self.causes.iter().take(told).map(|cause| cause.id))
    }

    /// The document of the admin API, without what only the server knows: it adds `requestId` and its own fields.
    pub fn json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_else(|_| json!({ "version": 1, "status": self.status }))
    }
}
