//! Why one request was refused while we know what we sent and what we signed: by the texts of the server where it tells them, else by
//! experiment.
//!
//! An experiment is the same request, signed as if a suspected change had been made to it already. Who accepts that has received it
//! changed in this way: nobody without the secret could make it fit. Not here: which changes are suspected (`suspects`).

use countersign_diagnose::PAGES_URL;
use countersign_evidence::{
    Answer, CanonicalText, Evidence, Explained, Known, Line, Texts, compare, explain,
};
use countersign_sigv4::{canonical_query, canonical_value, decode_percent};

use crate::cures;
use crate::draft::{Auth, Change, Draft, between};
use crate::finding::{Finding, Proof, Verdict, with_settings};
use crate::session::{Exchange, Session, is_about_signature};
use crate::suspects::Suspect;

/// Why a request was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Why {
    /// The cause, if one is found.
    pub(crate) cause: Option<(&'static str, Proof)>,
    /// What happened, in sentences.
    pub(crate) what: String,
    /// What we signed.
    pub(crate) signed: Option<String>,
    /// What the other side made of what it received.
    pub(crate) received: Option<String>,
    /// What to change.
    pub(crate) cure: Option<String>,
    /// With which changes the rest can be examined all the same.
    pub(crate) bends: Vec<Change>,
    /// Whether it was refused for what was signed, and not for something that comes after.
    pub(crate) is_about_signature: bool,
    /// Whether nothing was refused by the store but by somebody's rights or abilities: nothing to mend on the way.
    pub(crate) is_denied: bool,
}

impl Why {
    /// As a finding.
    pub(crate) fn finding(self, id: &'static str, verdict: Verdict) -> Finding {
        Finding {
            cause: self.cause,
            signed: self.signed,
            received: self.received,
            cure: self.cure,
            ..Finding::new(id, verdict, self.what)
        }
    }
}

/// Finds out why.
pub(crate) async fn why(
    session: &Session<'_>,
    draft: &Draft,
    exchange: &Exchange,
    suspects: &[Suspect],
) -> Why {
    let reply = match &exchange.reply {
        Ok(reply) => reply,
        Err(fault) => {
            return Why {
                what: format!("There was no answer: {fault}."),
                ..Why::default()
            };
        }
    };
    let Some(answer) = exchange.answer() else {
        return Why::default();
    };
    if !is_about_signature(&answer) {
        return otherwise(session, exchange, &answer, reply.status);
    }
    let mut why = match texts(session, draft, exchange, &answer, suspects) {
        Some(why) => why,
        None => by_experiment(session, draft, suspects).await,
    };
    why.is_about_signature = true;
    // What the texts say is tried as well, where the request can be made again.
    if let (Some((id, Proof::Exact)), Some(theirs), Auth::Header) =
        (why.cause, server_text(&answer), draft.auth)
    {
        let again = session.attempt_as(draft, &[Change::All(Box::new(theirs))]).await;
        if again.is_success() && id != "SEC-WRONG" {
            why.cause = Some((id, Proof::Experiment));
        }
    }
    if let Some((id, _)) = why.cause {
        why.cure = cures::of_way(id).map(str::to_owned).or(why.cure);
        why.cure = with_settings(why.cure.take(), id, session.shown.as_deref());
    }
    why
}

/// Both sides' texts are known: what differs?
fn texts(
    session: &Session<'_>,
    draft: &Draft,
    exchange: &Exchange,
    answer: &Answer,
    suspects: &[Suspect],
) -> Option<Why> {
    let ours = exchange.written.texts.canonical_request.as_deref();
    let ours = CanonicalText::parse(ours?)?;
    let theirs = server_text(answer)?;
    if let Some((line, signed, received)) = canonicalisation(&ours, &theirs) {
        return Some(Why {
            cause: Some(("SRV-CANON", Proof::Exact)),
            what: format!(
                "The server received what was sent, and makes other canonical text of it than AWS does: the {line} differs and stands for the same."
            ),
            signed: Some(signed),
            received: Some(received),
            cure: Some(format!(
                "The client is right: report it to whoever makes the server. Until then keep such characters out. {PAGES_URL}SRV-CANON.md"
            )),
            ..Why::default()
        });
    }
    let evidence = Evidence::of_exchange(
        exchange.written.sent.clone(),
        exchange.written.texts.clone(),
        answer.clone(),
    );
    let hosts = hosts(session);
    let mut why = explained(&explain(&evidence, &known(session, &hosts)));
    let is_it = |suspect: &&Suspect| {
        let written = session.write_as(draft, std::slice::from_ref(&suspect.change));
        let changed = written
            .texts
            .canonical_request
            .as_deref()
            .and_then(CanonicalText::parse);
        changed.is_some_and(|changed| is_same_but_for_moment(&changed, &theirs))
    };
    if why.cause.is_none()
        && let Some(suspect) = suspects.iter().find(is_it)
    {
        why = Why {
            cause: Some((suspect.cause, Proof::Exact)),
            ..of_suspect(suspect)
        };
    }
    // Where they differ is certain also where no known cause fits.
    if why.cause.is_none() || (why.signed.is_none() && why.received.is_none()) {
        let comparison = compare(&ours, &theirs);
        if let Some(line) = comparison.first_difference() {
            why.signed = line.shown(&line.left);
            why.received = line.shown(&line.right);
            if why.what.is_empty() {
                why.what = format!(
                    "What the server received differs from what was sent first in: {}.",
                    line.what
                );
            }
        }
    }
    why.bends = between(&ours, &theirs).unwrap_or_default();
    Some(why)
}

/// Whether two texts differ in nothing but when they were made.
fn is_same_but_for_moment(one: &CanonicalText, other: &CanonicalText) -> bool {
    let mut moved = one.clone();
    Change::All(Box::new(other.clone())).apply(&mut moved);
    moved == *one
}

/// The names under which the server is asked.
fn hosts(session: &Session<'_>) -> Vec<String> {
    vec![session.place.authority(), session.place.host.clone()]
}

fn known<'a>(session: &'a Session<'_>, hosts: &'a [String]) -> Known<'a> {
    Known {
        secret: Some(&session.key.secret),
        region: Some(&session.region),
        hosts,
        now: crate::now().saturating_add(session.ahead),
    }
}

/// What `evidence` says, in our words.
fn explained(explained: &Explained) -> Why {
    let Some(cause) = explained.causes.first() else {
        return Why::default();
    };
    let proof = match explained.status {
        "proven" | "exact" => Proof::Exact,
        _ => Proof::Inferred,
    };
    Why {
        cause: Some((cause.id, proof)),
        what: sentence(&cause.what),
        signed: cause.signed.clone(),
        received: cause.received.clone(),
        cure: Some(sentence(&cause.cure)),
        ..Why::default()
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', ';']) {
        return text.to_owned();
    }
    format!("{text}.")
}

fn of_suspect(suspect: &Suspect) -> Why {
    Why {
        what: suspect.what.clone(),
        signed: Some(suspect.signed.clone()),
        received: Some(suspect.received.clone()),
        cure: suspect.cure.map(str::to_owned),
        ..Why::default()
    }
}

/// No texts: the same again, signed as each suspect would have it, until one is accepted.
async fn by_experiment(session: &Session<'_>, draft: &Draft, suspects: &[Suspect]) -> Why {
    let mut tried = 0;
    for suspect in suspects.iter().take(EXPERIMENTS_MAX) {
        tried += 1;
        let exchange = session
            .attempt_as(draft, std::slice::from_ref(&suspect.change))
            .await;
        if exchange.is_success() {
            return Why {
                cause: Some((suspect.cause, Proof::Experiment)),
                what: format!("{} The same request, signed for that, is accepted.", suspect.what),
                bends: vec![suspect.change.clone()],
                ..of_suspect(suspect)
            };
        }
    }
    Why {
        what: format!(
            "The signature was refused, the server does not say what it compared with, and none of {tried} suspected changes fits."
        ),
        ..Why::default()
    }
}

/// Refused for something else than the signature.
fn otherwise(session: &Session<'_>, exchange: &Exchange, answer: &Answer, status: u16) -> Why {
    let mut why = Why::default();
    if !answer.code.is_empty() {
        // By its code alone: what was signed for a change that is known would look like a change to whoever compares.
        let evidence = Evidence::of_exchange(exchange.written.sent.clone(), Texts::default(), answer.clone());
        let known = Known {
            secret: None,
            ..known(session, &[])
        };
        let told = explained(&explain(&evidence, &known));
        if matches!(told.cause, Some((_, Proof::Exact))) {
            why = told;
        }
    }
    let is_denied = matches!(
        answer.code.as_str(),
        "AccessDenied" | "AllAccessDisabled" | "NotImplemented" | "MethodNotAllowed"
    );
    why.is_denied = why.cause.is_none() && is_denied;
    let said = match (answer.code.as_str(), answer.message.as_str()) {
        ("", _) => format!(
            "It was answered with {status}, and not by S3{}.",
            session
                .shown
                .as_deref()
                .map_or_else(String::new, |shown| format!(" ({shown})"))
        ),
        (code, message) => format!("It was answered with {status} {code}: {}", sentence(message)),
    };
    why.what = match why.what.as_str() {
        "" => said,
        what => format!("{what} {said}"),
    };
    if status == 413 {
        why.cure = Some("Let the proxy take bodies of any size (nginx: client_max_body_size 0).".to_owned());
    }
    why
}

fn server_text(answer: &Answer) -> Option<CanonicalText> {
    CanonicalText::parse(answer.element("CanonicalRequest")?)
}

/// A line in which the texts differ although it stands for the same: only who makes the text can have done that, nobody on the way.
fn canonicalisation(ours: &CanonicalText, theirs: &CanonicalText) -> Option<(String, String, String)> {
    let same_path = decode_percent(ours.uri.as_bytes()) == decode_percent(theirs.uri.as_bytes());
    let same_query =
        canonical_query(ours.query.as_bytes(), None) == canonical_query(theirs.query.as_bytes(), None);
    let stands_for_same = |line: &&Line| match (line.what.as_str(), &line.left, &line.right) {
        ("path", _, _) => same_path,
        ("query", _, _) => same_query,
        (what, Some(ours), Some(theirs)) => {
            what.starts_with("header ") && canonical_value(theirs.as_bytes()) == ours.as_bytes()
        }
        (_, None, _) | (_, _, None) => false,
    };
    let lines = compare(ours, theirs).lines;
    let line = lines
        .iter()
        .filter(|line| !line.is_same())
        .find(stands_for_same)?;
    Some((
        line.what.clone(),
        line.shown(&line.left)?,
        line.shown(&line.right)?,
    ))
}

/// Requests for one refusal. A suspicion list is shorter; this holds if somebody adds to it.
const EXPERIMENTS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_makes_the_text_can_write_the_same_in_another_way() {
        let text = |uri: &str, query: &str, value: &str| {
            let text = format!(
                "GET\n{uri}\n{query}\nhost:h\nx-amz-meta-a:{value}\n\nhost;x-amz-meta-a\nUNSIGNED-PAYLOAD"
            );
            CanonicalText::parse(&text).expect("a canonical request")
        };
        let ours = text("/b/a%28b", "a=&b=%20", "a b");
        for (theirs, line) in [
            (text("/b/a(b", "a=&b=%20", "a b"), Some("path")),
            (text("/b/a%28b", "a&b=%20", "a b"), Some("query")),
            (text("/b/a%28b", "b=%20&a=", "a b"), Some("query")),
            (text("/b/a%28b", "a=&b=%20", "a   b"), Some("header x-amz-meta-a")),
            (text("/b/ab", "a=&b=%20", "a b"), None),
            (text("/b/a%28b", "a=", "a b"), None),
            (text("/b/a%28b", "a=&b=%20", "ab"), None),
            (ours.clone(), None),
        ] {
            let found = canonicalisation(&ours, &theirs);
            assert_eq!(found.map(|(line, _, _)| line).as_deref(), line, "{theirs:?}");
        }
    }
}
