//! From evidence to cause: the server's own word, else the two sides' texts, else a search, else what the request shows by itself.
//!
//! Not here: each of these ways (`matter`), hypotheses, which are `countersign_diagnose`'s, and what an error code says (`codes`).
//!
//! Keeps true: the secret stands in nothing that comes out.

use countersign_diagnose::{PAGES_URL, Report, ReportCause, ReportCulprit, ReportTried, ids, title};
use countersign_sigv4::Secret;

use crate::answer::{Answer, Told};
use crate::codes::{self, Word};
use crate::compare::{Comparison, compare};
use crate::cors;
use crate::evidence::Evidence;
use crate::forms::Form;
use crate::matter::Matter;

/// What is known beside the text.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The secret of the access key, as the client has it.
    pub secret: Option<&'a Secret>,
    /// The region of the server; `None` if nobody knows, then it is taken from the text.
    pub region: Option<&'a str>,
    /// Names of the server as clients write them, `host[:port]`.
    pub hosts: &'a [String],
    /// The time, seconds since 1970, if the text does not say when it was.
    pub now: i64,
}

/// What a text shows.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What kind of text it was.
    pub form: Form,
    /// `proven`, `exact`, `inferred`, `unproven`, or `unknown` if the text shows too little.
    pub status: &'static str,
    /// The causes, the most specific first.
    pub causes: Vec<ReportCause>,
    /// What is certainly not the cause, in sentences.
    pub ruled_out: Vec<String>,
    /// Whether the signature is right apart from what the request was refused for: `valid`, `invalid`, `unknown`.
    pub otherwise: &'static str,
    /// Who probably did it.
    pub culprit: Option<ReportCulprit>,
    /// What the search did, where there was one.
    pub tried: Option<ReportTried>,
    /// What the client signed (left) and what the server made of what it received (right), where both are known.
    pub comparison: Option<Comparison>,
    /// What the server said itself, if it is one that explains.
    pub by_server: Option<Told>,
    /// What else is worth knowing, and what to do to know more: sentences.
    pub notes: Vec<String>,
}

/// Finds out what a text shows.
pub fn explain(evidence: &Evidence, known: &Known<'_>) -> Explained {
    let mut explained = Explained {
        form: evidence.form,
        status: "unknown",
        causes: Vec::new(),
        ruled_out: Vec::new(),
        otherwise: "unknown",
        culprit: None,
        tried: None,
        comparison: None,
        by_server: evidence.answer.as_ref().and_then(Answer::told),
        notes: evidence.notes.iter().map(|note| (*note).to_owned()).collect(),
    };
    // Who captures sees whether there was an answer; a log may just not hold it.
    if evidence.form == Form::Captured && evidence.answer.is_none() {
        let note = "No answer came, so nothing was refused: look at why there was no connection.";
        explained.notes.push(note.to_owned());
        return explained;
    }
    let matter = Matter::of(evidence, known);
    if let (Some(client), Some(server)) = (&matter.client, &matter.server) {
        explained.comparison = Some(compare(client, server));
    }
    let word = evidence
        .answer
        .as_ref()
        .and_then(|answer| codes::by_code(answer, evidence.sent.as_ref()));
    match word {
        Some(Word::Cause(cause)) => {
            explained.status = "exact";
            explained.causes.push(*cause);
            matter.verdict_on_signature(&mut explained);
        }
        Some(Word::NoCause(sentence)) => {
            explained.status = "exact";
            explained.notes.push(sentence);
        }
        // The surest way first; each says whether it could be gone.
        None => {
            let _gone = kept_by_the_browser(evidence, &mut explained)
                || matter.same_texts(&mut explained)
                || matter.texts_against_each_other(&mut explained)
                || matter.signed_with_another_secret(&mut explained)
                || matter.server_against_the_rules(&mut explained)
                || matter.what_the_server_received(&mut explained)
                || matter.what_was_sent(&mut explained)
                || matter.link_alone(&mut explained)
                || matter.without_a_secret(&mut explained);
        }
    }
    if let Some(answer) = &evidence.answer {
        explained.take_from_server(answer);
    }
    explained.doubt_what_may_be_cut_off(evidence);
    if let Some(cause) = codes::of_link(evidence.sent.as_ref())
        && !matches!(explained.status, "exact" | "proven")
    {
        explained.status = "inferred";
        explained.causes.insert(0, cause);
    }
    explained
}

/// A browser let the page see no answer.
fn kept_by_the_browser(evidence: &Evidence, explained: &mut Explained) -> bool {
    let Some(cause) = cors::cause(evidence) else {
        return false;
    };
    explained.status = if cause.proof == "exact" {
        "exact"
    } else {
        "inferred"
    };
    explained.causes.push(cause);
    true
}

impl Explained {
    /// The one cause there is.
    pub(crate) fn say(&mut self, cause: ReportCause) {
        self.status = match cause.proof {
            "exact" => "exact",
            _ => "inferred",
        };
        self.causes.push(cause);
    }

    /// A log without an answer may end in the middle of the request; what seems to be missing there proves nothing.
    fn doubt_what_may_be_cut_off(&mut self, evidence: &Evidence) {
        let shows_answers = match evidence.form {
            Form::Botocore | Form::JavaScript | Form::Go | Form::Java | Form::Rust | Form::CurlVerbose => {
                true
            }
            Form::ErrorDocument
            | Form::CurlCommand
            | Form::Har
            | Form::Link
            | Form::Authorization
            | Form::Captured
            | Form::Exchange => false,
        };
        if shows_answers && evidence.answer.is_none() && self.status == "exact" {
            self.status = "inferred";
            self.notes.push(
                "The text shows no answer of a server; if it was cut off, more of it shows more.".to_owned(),
            );
        }
    }

    /// Takes over what a server explained itself and is surer of than we are: it knows its own secret, and what it received.
    fn take_from_server(&mut self, answer: &Answer) {
        let Some(told) = &self.by_server else { return };
        let Some((names, status)) = told.named.rsplit_once(", ") else {
            return;
        };
        let (status, proof) = match status {
            "proven" => ("proven", "hmac"),
            "exact" => ("exact", "exact"),
            _ => return,
        };
        if matches!(self.status, "proven" | "exact") {
            return;
        }
        // The document has no ids where attributes are not read: titles have one id each, and the message names the first ones.
        let names: Vec<&str> = names.split(" and ").collect();
        let with_title = |wanted: &str| ids().find(|id| title(id) == Some(wanted));
        let named = |n: usize| ids().find(|id| names.get(n) == Some(id));
        let causes = told.causes.iter().enumerate().filter_map(|(n, cause)| {
            let id = with_title(&cause.title).or_else(|| named(n))?;
            Some(ReportCause {
                id,
                proof,
                slot: answer
                    .told_slot()
                    .filter(|_| n == 0)
                    .unwrap_or_default()
                    .to_owned(),
                title: title(id).unwrap_or_default(),
                what: title(id).unwrap_or_default().to_owned(),
                signed: cause.signed.clone(),
                received: cause.received.clone(),
                cure: cause.cure.clone(),
                also: Vec::new(),
                ambiguity: None,
                url: format!("{PAGES_URL}{id}.md"),
            })
        });
        let causes: Vec<ReportCause> = causes.collect();
        if !causes.is_empty() {
            self.status = status;
            self.causes = causes;
            self.ruled_out.clone_from(&told.ruled_out);
        }
    }

    /// Takes over what `diagnose` found. It speaks as the server; here it is spoken of.
    pub(crate) fn take(&mut self, report: Report) {
        // Where there was nothing to try, the likeliest is no less than that.
        self.status = match report.status {
            "skipped" => "unproven",
            status => status,
        };
        let there = |text: String| {
            text.replace("this server", "the server")
                .replace("This server", "The server")
        };
        self.otherwise = report.otherwise;
        self.culprit = report.culprit;
        self.tried = Some(report.tried);
        self.causes = report.causes;
        for cause in &mut self.causes {
            cause.what = there(std::mem::take(&mut cause.what));
            cause.cure = there(std::mem::take(&mut cause.cure));
        }
        self.ruled_out.extend(
            report
                .ruled_out
                .iter()
                .map(|sentence| there((*sentence).to_owned())),
        );
    }
}
