//! Requests that are made to see what becomes of them, a file for each family, and how their answers turn into findings.
//!
//! A probe differs from one that was accepted in one thing; so what is refused is refused for that thing. Not here: why
//! (`refused`).

mod answers;
mod bodies;
mod forms;
mod headers;
mod keys;
mod links;
mod negatives;
mod queries;

use std::collections::VecDeque;

pub(crate) use keys::list;

use crate::cures;
use crate::draft::Draft;
use crate::finding::{Finding, Proof, Verdict, with_settings};
use crate::refused::{Why, why};
use crate::session::Session;
use crate::suspects::Suspect;
use crate::wire::Reply;

/// One request, and what is expected of its answer.
pub(crate) struct Probe {
    name: String,
    draft: Draft,
    suspects: Vec<Suspect>,
    /// The cause if it is refused, nothing tells why, and what it was made from was accepted.
    by_difference: Option<&'static str>,
    /// How bad it is if it is refused.
    refused: Verdict,
    expects: Expectation,
    /// What is asked next if this was accepted.
    then: Vec<Probe>,
}

/// What looks at an answer and says what is odd about it.
type Expectation = Box<dyn Fn(&Reply) -> Option<Odd> + Send + Sync>;

/// Something about an answer that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Odd {
    cause: Option<&'static str>,
    verdict: Verdict,
    what: String,
    cure: Option<&'static str>,
}

impl Odd {
    fn failed(what: impl Into<String>) -> Odd {
        Odd {
            cause: None,
            verdict: Verdict::Failed,
            what: what.into(),
            cure: None,
        }
    }

    fn warning(what: impl Into<String>) -> Odd {
        Odd {
            verdict: Verdict::Warning,
            ..Odd::failed(what)
        }
    }

    fn because(mut self, cause: &'static str) -> Odd {
        self.cause = Some(cause);
        self
    }

    fn cured_by(mut self, cure: &'static str) -> Odd {
        self.cure = Some(cure);
        self
    }
}

impl Probe {
    fn new(name: impl Into<String>, draft: Draft) -> Probe {
        Probe {
            name: name.into(),
            draft,
            suspects: Vec::new(),
            by_difference: None,
            refused: Verdict::Failed,
            expects: Box::new(|_| None),
            then: Vec::new(),
        }
    }

    fn suspecting(mut self, suspects: Vec<Suspect>) -> Probe {
        self.suspects = suspects;
        self
    }

    fn or_else(mut self, cause: &'static str) -> Probe {
        self.by_difference = Some(cause);
        self
    }

    /// How bad it is if this is refused.
    fn refused_is(mut self, verdict: Verdict) -> Probe {
        self.refused = verdict;
        self
    }

    fn expecting(mut self, expects: impl Fn(&Reply) -> Option<Odd> + Send + Sync + 'static) -> Probe {
        self.expects = Box::new(expects);
        self
    }

    fn then(mut self, probe: Probe) -> Probe {
        self.then.push(probe);
        self
    }
}

/// A family of probes: the id of its findings, what it is about, and its probes.
struct Family {
    id: &'static str,
    about: &'static str,
    probes: Vec<Probe>,
}

/// Makes all probes, family by family.
pub(crate) async fn run(session: &Session<'_>, told: &(dyn Fn(Finding) + Sync), watch: &dyn crate::Watch) {
    let families = [
        Family {
            id: "probe.plain",
            about: "a plain object: PUT, GET, HEAD, range, conditions, metadata",
            probes: answers::probes(session),
        },
        Family {
            id: "probe.keys",
            about: "keys with awkward characters",
            probes: keys::probes(session),
        },
        Family {
            id: "probe.queries",
            about: "long, odd and many parameters",
            probes: queries::probes(session),
        },
        Family {
            id: "probe.headers",
            about: "signed headers that are often rewritten",
            probes: headers::probes(session),
        },
        Family {
            id: "probe.bodies",
            about: "a large body, and bodies in chunks",
            probes: bodies::probes(session),
        },
        Family {
            id: "probe.links",
            about: "presigned links and a form",
            probes: [links::probes(session), forms::probes(session)]
                .into_iter()
                .flatten()
                .collect(),
        },
    ];
    for family in families {
        let is_plain = family.id == "probe.plain";
        let (findings, is_gone) = examine(session, family, watch).await;
        let is_hopeless = is_plain && findings.iter().any(is_first_refused);
        findings.into_iter().for_each(told);
        let why = match (is_gone, is_hopeless) {
            (true, _) => "The server takes no connections any more, so nothing more was tried.",
            (false, true) => "A plain object cannot be written, so nothing more was tried.",
            (false, false) => continue,
        };
        told(Finding::new("probe.more", Verdict::Skipped, why));
        return;
    }
    watch.step("names as they are listed");
    told(keys::listed(session).await);
    watch.step("what must be refused");
    negatives::run(session).await.into_iter().for_each(told);
}

fn is_first_refused(finding: &Finding) -> bool {
    let is_it = finding.probes.iter().any(|name| name == answers::FIRST);
    is_it && finding.verdict != Verdict::Ok
}

/// The findings of a family, and whether the server is gone.
async fn examine(session: &Session<'_>, family: Family, watch: &dyn crate::Watch) -> (Vec<Finding>, bool) {
    let mut waiting: VecDeque<Probe> = family.probes.into();
    let mut findings: Vec<Finding> = Vec::new();
    let mut fine = 0_usize;
    while let Some(probe) = waiting.pop_front() {
        watch.step(&format!("{}: {}", family.about, probe.name));
        let exchange = session.attempt(&probe.draft).await;
        if exchange.reply.is_err() && session.wire.open(&probe.draft.name).await.is_err() {
            let seen = "The server takes no connections any more since it was sent this request.";
            put(
                &mut findings,
                Finding::new(family.id, Verdict::Failed, seen),
                probe.name,
            );
            return (findings, true);
        }
        let is_as_expected =
            exchange.is_success() || exchange.reply.as_ref().is_ok_and(is_answer_to_condition);
        let found = match &exchange.reply {
            Ok(reply) if is_as_expected => (probe.expects)(reply).map(|odd| of_odd(session, family.id, odd)),
            _ => {
                let why = why(session, &probe.draft, &exchange, &probe.suspects).await;
                Some(of_refused(session, family.id, &probe, why))
            }
        };
        match found {
            Some(finding) => put(&mut findings, finding, probe.name),
            None => fine += 1,
        }
        if is_as_expected {
            // What follows is about the same object, so it comes next.
            for next in probe.then.into_iter().rev() {
                waiting.push_front(next);
            }
        }
    }
    if fine > 0 {
        let seen = format!(
            "{fine} of {} requests do what they should: {}.",
            fine + of_all(&findings),
            family.about
        );
        findings.insert(0, Finding::new(family.id, Verdict::Ok, seen));
    }
    (findings, false)
}

fn of_all(findings: &[Finding]) -> usize {
    findings.iter().map(|finding| finding.probes.len()).sum()
}

/// 304 and 412 answer a condition; they refuse nothing.
fn is_answer_to_condition(reply: &Reply) -> bool {
    matches!(reply.status, 304 | 412)
}

fn of_odd(session: &Session<'_>, id: &'static str, odd: Odd) -> Finding {
    let shown = session.shown.as_deref();
    let cure = odd.cure.map(str::to_owned);
    let cure = match odd.cause {
        Some(cause) => with_settings(cure, cause, shown),
        None => cure,
    };
    Finding {
        cause: odd.cause.map(|cause| (cause, Proof::Exact)),
        cure,
        ..Finding::new(id, odd.verdict, odd.what)
    }
}

fn of_refused(session: &Session<'_>, id: &'static str, probe: &Probe, mut why: Why) -> Finding {
    if why.is_denied {
        return why.finding(id, Verdict::Unknown);
    }
    if let (None, true, Some(cause)) = (why.cause, why.is_about_signature, probe.by_difference) {
        why.cause = Some((cause, Proof::Difference));
        why.what = format!("{} Without it the same request is accepted.", why.what);
        let cure = cures::of_way(cause).map(str::to_owned).or(why.cure);
        why.cure = with_settings(cure, cause, session.shown.as_deref());
    }
    why.finding(id, probe.refused)
}

/// Several probes that show the same are one finding.
fn put(findings: &mut Vec<Finding>, mut finding: Finding, probe: String) {
    let same = findings
        .iter_mut()
        .find(|other| match (other.cause, finding.cause) {
            (Some((one, _)), Some((another, _))) => one == another,
            // Up to what the answer says of each.
            (None, None) => begins(&other.seen) == begins(&finding.seen),
            _ => false,
        });
    match same {
        Some(other) => {
            other.verdict = other.verdict.max(finding.verdict);
            other.probes.push(probe);
        }
        None => {
            finding.probes.push(probe);
            findings.push(finding);
        }
    }
}

fn begins(seen: &str) -> &str {
    seen.split_once(": ").map_or(seen, |(begin, _)| begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_the_same_is_told_once_with_all_that_show_it() {
        let of = |cause| Finding::new("probe.keys", Verdict::Failed, "seen").because(cause, Proof::Exact);
        let mut findings = Vec::new();
        put(&mut findings, of("URI-MERGE"), "a".to_owned());
        put(&mut findings, of("URI-DOTS"), "b".to_owned());
        put(&mut findings, of("URI-MERGE"), "c".to_owned());
        let told: Vec<_> = findings.iter().map(|finding| finding.probes.join(" ")).collect();
        assert_eq!(told, ["a c", "b"]);
        for (seen, probe) in [("400 X: one.", "d"), ("400 X: two.", "e"), ("400 Y: one.", "f")] {
            put(
                &mut findings,
                Finding::new("probe.keys", Verdict::Failed, seen),
                probe.to_owned(),
            );
        }
        let told: Vec<_> = findings.iter().map(|finding| finding.probes.join(" ")).collect();
        assert_eq!(told, ["a c", "b", "d e", "f"]);
        assert_eq!(of_all(&findings), 6);
    }
}
