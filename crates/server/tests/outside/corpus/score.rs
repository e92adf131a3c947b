//! Judges what was said of a row by what is true of it, and adds up.
//!
//! Keeps true: a sentence that nobody taught this file to hold against the truth is a failure, so that none goes unchecked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::play::Played;
use super::row::{Kind, Part, Proof, Row};

/// What was said of a row.
pub(crate) struct Said {
    pub(crate) status: String,
    /// The causes that the answer names: all that are certain, or the likeliest.
    pub(crate) told: Vec<String>,
    /// All causes, with what gives the same bytes.
    causes: Vec<SaidCause>,
    ruled_out: Vec<String>,
    otherwise: String,
    culprit: Option<String>,
    /// What the search did, where it did not get to its end.
    cut_short: Option<String>,
}

struct SaidCause {
    id: String,
    proof: String,
    slot: String,
}

/// The judgement of one row.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The causes that were made are those that are named.
    pub(crate) is_right: bool,
    /// And by the very ids.
    pub(crate) is_exact: bool,
    /// Somebody was named who did it: `None` if nobody was named.
    pub(crate) is_culprit_right: Option<bool>,
    /// Sentences that are false.
    pub(crate) false_sentences: Vec<String>,
    /// Something was called proven.
    pub(crate) is_proven: bool,
    /// It was carried out.
    pub(crate) is_success: bool,
    /// The caller is told a cause that is the operator's to know.
    pub(crate) is_indiscreet: bool,
}

impl Said {
    pub(crate) fn of(played: &Played) -> Said {
        let document = &played.diagnosis;
        let texts = |value: &Value, name: &str| -> Vec<String> {
            let list = value.get(name).and_then(Value::as_array);
            let texts = list.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        let status = text(document, "status");
        let causes = document.get("causes").and_then(Value::as_array);
        let causes: Vec<SaidCause> = causes
            .into_iter()
            .flatten()
            .map(|cause| SaidCause {
                id: text(cause, "id"),
                proof: text(cause, "proof"),
                slot: text(cause, "slot"),
            })
            .collect();
        let certain = matches!(status.as_str(), "proven" | "exact");
        let told = causes.iter().take(if certain { usize::MAX } else { 1 });
        let mut told: Vec<String> = told.map(|cause| cause.id.clone()).collect();
        told.dedup();
        Said {
            told,
            ruled_out: texts(document, "ruledOut"),
            otherwise: text(document, "otherwise"),
            culprit: document.get("culprit").map(|culprit| text(culprit, "kind")),
            cut_short: document.get("tried").and_then(cut_short),
            status,
            causes,
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let causes: Vec<String> = self
            .causes
            .iter()
            .map(|cause| format!("{} ({}, {})", cause.id, cause.proof, cause.slot))
            .collect();
        format!("{}: {}", self.status, causes.join("; "))
    }
}

/// Judges one row.
pub(crate) fn judge(row: &Row, played: &Played, said: &Said) -> Verdict {
    let groups = &row.truth.causes;
    let is_certain = matches!(said.status.as_str(), "proven" | "exact");
    let covered = |group: &Vec<String>| said.told.iter().any(|id| group.contains(id));
    let is_known = |id: &String| groups.iter().any(|group| group.contains(id));
    let named = !groups.is_empty() && groups.iter().all(covered) && said.told.iter().all(is_known);
    let is_right = match row.truth.proof {
        Proof::Hmac | Proof::Exact => is_certain && named,
        Proof::Infer => !is_certain && groups.iter().any(covered),
        Proof::None => said.status != "proven",
    };
    let made: Vec<&String> = groups.iter().filter_map(|group| group.first()).collect();
    let has_proof = said.causes.iter().any(|cause| cause.proof == "hmac");
    Verdict {
        is_right,
        is_exact: is_right && made.iter().all(|id| said.told.contains(id)),
        is_culprit_right: said.culprit.as_ref().map(|culprit| *culprit == row.truth.culprit),
        false_sentences: false_sentences(row, said),
        is_proven: said.status == "proven" || has_proof,
        is_success: (200..300).contains(&played.status),
        is_indiscreet: FOR_THE_OPERATOR.iter().any(|id| played.header.contains(id)),
    }
}

/// Sentences of what is ruled out that the truth contradicts.
fn false_sentences(row: &Row, said: &Said) -> Vec<String> {
    let mut named: Vec<Part> = said
        .causes
        .iter()
        .flat_map(|cause| parts_of(&cause.slot))
        .collect();
    if said
        .causes
        .iter()
        .any(|cause| ABOUT_THE_BODY.iter().any(|ids| cause.id.starts_with(ids)))
    {
        named.push(Part::Body);
    }
    let is_broken = |part: &Part| row.truth.broken.contains(part);
    let mut out = Vec::new();
    for sentence in &said.ruled_out {
        let cleared = match cleared(sentence) {
            Some(Cleared::These(parts)) => parts,
            Some(Cleared::OtherHeaders) => [Part::Headers]
                .into_iter()
                .filter(|part| !named.contains(part))
                .collect(),
            Some(Cleared::AllButNamed) => {
                let request = PARTS_OF_A_REQUEST.iter().copied();
                request.filter(|part| !named.contains(part)).collect()
            }
            None => {
                out.push(format!("nobody taught the score what this says: {sentence}"));
                continue;
            }
        };
        if let Some(part) = cleared.iter().find(|part| is_broken(part)) {
            out.push(format!("{part:?} is broken, and it says: {sentence}"));
        }
    }
    if said.otherwise == "valid" {
        // Apart from what it was refused for, which is named.
        let broken = row.truth.broken.iter().find(|part| !named.contains(part));
        if let Some(part) = broken {
            out.push(format!(
                "{part:?} is broken, and the signature is called valid otherwise"
            ));
        }
    }
    out
}

/// Causes that name the body, whichever header it is held against.
const ABOUT_THE_BODY: &[&str] = &["PAY-", "STR-", "HDR-MD5"];

/// A caller who holds an old secret must not learn that it was one.
const FOR_THE_OPERATOR: &[&str] = &["SEC-ROTATED"];

enum Cleared {
    These(Vec<Part>),
    AllButNamed,
    OtherHeaders,
}

/// What a sentence says is in order.
fn cleared(sentence: &str) -> Option<Cleared> {
    let sentence = sentence.to_ascii_lowercase();
    if sentence.contains("not named here") {
        return Some(Cleared::AllButNamed);
    }
    if sentence.contains("other signed headers") {
        return Some(Cleared::OtherHeaders);
    }
    let mut parts = Vec::new();
    for (word, part) in WORDS {
        if sentence.contains(word) {
            parts.push(*part);
        }
    }
    (!parts.is_empty()).then_some(Cleared::These(parts))
}

/// Words that sentences have for parts.
const WORDS: &[(&str, Part)] = &[
    ("secret access key", Part::Secret),
    ("your secret", Part::Secret),
    ("signing key", Part::Scope),
    ("method", Part::Method),
    ("host", Part::Host),
    ("path", Part::Uri),
    ("query", Part::Query),
    ("header", Part::Headers),
    ("payload line", Part::Payload),
    ("policy", Part::Policy),
    ("time of signing", Part::Time),
];

const PARTS_OF_A_REQUEST: &[Part] = &[
    Part::Method,
    Part::Host,
    Part::Uri,
    Part::Query,
    Part::Headers,
    Part::Payload,
    Part::Policy,
];

/// The parts that a slot stands for.
fn parts_of(slot: &str) -> Vec<Part> {
    match slot {
        "method" => vec![Part::Method],
        "host" => vec![Part::Host],
        "host+uri" => vec![Part::Host, Part::Uri],
        "uri" => vec![Part::Uri],
        "query" => vec![Part::Query],
        "signed-headers" => vec![Part::Headers],
        "payload" => vec![Part::Payload, Part::Body],
        "body" => vec![Part::Body, Part::Payload],
        "trailer" => vec![Part::Stream, Part::Body],
        "policy" => vec![Part::Policy],
        "form" => vec![Part::Policy, Part::Body],
        "scope" => vec![Part::Scope],
        "time" => vec![Part::Time],
        "secret" => vec![Part::Secret],
        "session-token" => vec![Part::Query, Part::Headers],
        "mechanism" => vec![Part::Mechanism],
        slot if slot.starts_with("header") => vec![Part::Headers],
        slot if slot.starts_with("chunk") => vec![Part::Stream, Part::Body],
        _ => Vec::new(),
    }
}

/// How far a search came that ended early.
fn cut_short(tried: &Value) -> Option<String> {
    let is_cut = tried.get("cutShort").and_then(Value::as_bool)?;
    is_cut.then(|| format!("{} pairs, {} bytes", tried["pairs"], tried["hashedBytes"]))
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The sums.
#[derive(Default)]
pub(crate) struct Score {
    right: Share,
    provable: Share,
    very_ids: Share,
    likely: Share,
    doubles: Share,
    negatives: Share,
    culprits: Share,
    culprits_named: Share,
    false_sentences: usize,
    successes: usize,
    indiscretions: usize,
    /// Rows of causes that there is no rule for.
    without_rule: usize,
    rows: usize,
    /// Causes that were made alone, and how often.
    causes: BTreeMap<String, usize>,
    /// Those that were made beside another.
    causes_beside: BTreeMap<String, usize>,
    /// Causes of which nobody is named, though somebody did it, with who that was.
    unnamed: BTreeMap<String, usize>,
    misses: Vec<String>,
}

/// So many of so many.
#[derive(Clone, Copy, Default)]
struct Share {
    hits: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, hit: bool) {
        self.all += 1;
        self.hits += usize::from(hit);
    }

    fn line(self, what: &str) -> String {
        let percent = if self.all == 0 {
            0.0
        } else {
            100.0 * self.hits as f64 / self.all as f64
        };
        format!(
            "{what:<58} {:>4} of {:>4}  {percent:>5.1} %\n",
            self.hits, self.all
        )
    }
}

impl Score {
    pub(crate) fn add(&mut self, row: &Row, played: &Played) {
        let said = Said::of(played);
        let verdict = judge(row, played, &said);
        self.rows += 1;
        for id in row.truth.causes.iter().filter_map(|group| group.first()) {
            let counted = match row.truth.kind {
                Kind::Single => &mut self.causes,
                Kind::Double => &mut self.causes_beside,
                Kind::Right | Kind::Negative => continue,
            };
            *counted.entry(id.clone()).or_default() += 1;
        }
        let mut made = row.truth.causes.iter().filter_map(|group| group.first());
        if made.any(|id| !countersign_diagnose::ids().any(|known| known == id)) {
            self.without_rule += 1;
            return;
        }
        let is_good = match row.truth.kind {
            Kind::Right => {
                // Carried out, or refused for what is or is not there.
                let is_good = said.status.is_empty() && !matches!(played.status, 400 | 403);
                self.right.add(is_good);
                is_good
            }
            Kind::Single if row.truth.proof == Proof::Infer => {
                self.likely.add(verdict.is_right);
                verdict.is_right
            }
            Kind::Single => {
                self.provable.add(verdict.is_right);
                if verdict.is_right {
                    self.very_ids.add(verdict.is_exact);
                }
                verdict.is_right
            }
            Kind::Double => {
                self.doubles.add(verdict.is_right);
                verdict.is_right
            }
            Kind::Negative => {
                self.negatives.add(!verdict.is_proven);
                !verdict.is_proven
            }
        };
        if verdict.is_right && matches!(row.truth.kind, Kind::Single) && !row.truth.culprit.is_empty() {
            self.culprits_named.add(verdict.is_culprit_right.is_some());
            match (
                verdict.is_culprit_right,
                row.truth.causes.first().and_then(|group| group.first()),
            ) {
                (Some(is_right), _) => self.culprits.add(is_right),
                (None, Some(id)) => {
                    let who = format!("{id} by {}", row.truth.culprit);
                    *self.unnamed.entry(who).or_default() += 1;
                }
                (None, None) => {}
            }
        }
        self.false_sentences += verdict.false_sentences.len();
        let is_success = verdict.is_success && row.truth.kind != Kind::Right;
        self.successes += usize::from(is_success);
        self.indiscretions += usize::from(verdict.is_indiscreet);
        let is_culprit_wrong =
            verdict.is_right && verdict.is_culprit_right == Some(false) && !row.truth.culprit.is_empty();
        if !is_good
            || !verdict.false_sentences.is_empty()
            || is_success
            || verdict.is_indiscreet
            || is_culprit_wrong
        {
            let made: Vec<String> = row.truth.causes.iter().map(|group| group.join("|")).collect();
            let mut miss = format!(
                "{}\n    made: {} by {} ({})\n    said: {} {} {}",
                row.name,
                made.join(" and "),
                row.truth.culprit,
                row.fault,
                played.status,
                played.code,
                said.line()
            );
            if let Some(culprit) = said.culprit {
                miss.push_str(&format!(", by {culprit}"));
            }
            if let Some(tried) = said.cut_short {
                miss.push_str(&format!("\n    the search was cut short: {tried}"));
            }
            for sentence in verdict.false_sentences {
                miss.push_str(&format!("\n    false: {sentence}"));
            }
            self.misses.push(miss);
        }
    }

    /// What one reads.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("{:<58} {:>4}\n", "rows", self.rows);
        text.push_str(&format!(
            "{:<58} {:>4}\n",
            "causes made alone, each",
            self.causes.len()
        ));
        text.push_str(&format!(
            "{:<58} {:>4}\n",
            "rows of causes without a rule, not counted", self.without_rule
        ));
        text.push_str(
            &self
                .right
                .line("right requests that are not refused for their signature"),
        );
        text.push_str(
            &self
                .provable
                .line("single faults that can be known for certain, named right"),
        );
        text.push_str(
            &self
                .very_ids
                .line("  of these by the very id, not another of the same bytes"),
        );
        text.push_str(
            &self
                .likely
                .line("single faults that can only be likely, named likeliest"),
        );
        text.push_str(&self.doubles.line("double faults, both named right"));
        text.push_str(&self.culprits_named.line("faults named right that say who did it"));
        text.push_str(&self.culprits.line("  of these rightly"));
        text.push_str(&self.negatives.line("negatives of which nothing is called proven"));
        text.push_str(&format!(
            "{:<58} {:>4}\n",
            "sentences that are false", self.false_sentences
        ));
        text.push_str(&format!(
            "{:<58} {:>4}\n",
            "wrong requests that were carried out", self.successes
        ));
        text
    }

    /// What is not said, and what is not made.
    pub(crate) fn gaps(&self) -> String {
        let unnamed: Vec<String> = self
            .unnamed
            .iter()
            .map(|(who, times)| format!("{who} ({times})"))
            .collect();
        let rare = self.not_made_twice();
        format!(
            "nobody is named for: {}\ncauses made alone less than twice: {}\n",
            unnamed.join(", "),
            rare.join(", ")
        )
    }

    /// What was not as it should be.
    pub(crate) fn misses(&self) -> &[String] {
        &self.misses
    }

    /// The goals that are not reached.
    pub(crate) fn shortcomings(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut goal = |is_reached: bool, what: &str| {
            if !is_reached {
                out.push(what.to_owned());
            }
        };
        goal(self.right.hits == self.right.all, "a right request is refused");
        goal(
            self.provable.hits == self.provable.all,
            "a single fault that can be known for certain is not named right",
        );
        goal(
            self.doubles.hits * 10 >= self.doubles.all * 9,
            "fewer than nine of ten double faults are named right",
        );
        goal(
            self.negatives.hits == self.negatives.all,
            "a negative is called proven",
        );
        goal(self.false_sentences == 0, "a sentence is false");
        goal(self.successes == 0, "a wrong request is carried out");
        goal(
            self.indiscretions == 0,
            "a caller is told what is the operator's to know",
        );
        out
    }

    /// Causes that were not made alone twice.
    pub(crate) fn not_made_twice(&self) -> Vec<&'static str> {
        let is_rare = |id: &&str| self.causes.get(*id).is_none_or(|times| *times < 2);
        countersign_diagnose::ids().filter(is_rare).collect()
    }

    /// Those of these causes that were not made beside another twice.
    pub(crate) fn not_made_beside<'a>(&self, ids: &[&'a str]) -> Vec<&'a str> {
        let is_rare = |id: &&str| self.causes_beside.get(*id).is_none_or(|times| *times < 2);
        ids.iter().copied().filter(is_rare).collect()
    }

    /// Rows with one fault, with two, and negatives.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (
            self.provable.all + self.likely.all,
            self.doubles.all,
            self.negatives.all,
        )
    }
}
