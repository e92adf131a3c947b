//! The ways to a cause by a search: in what the server received, in what was sent, in a link alone; and what a request shows by itself.
//!
//! Not here: both sides' texts (`by_texts`), and the order of the ways (`explain`).

use countersign_diagnose::ReportCause;
use countersign_sigv4::{Secret, SigningKey, claim, verify};

use crate::codes::exact;
use crate::evidence::Sent;
use crate::explain::Explained;
use crate::forms::Form;
use crate::matter::{MADE_UP, Matter, is_valid};
use crate::odd_secret;
use crate::rebuilt::{Rebuilt, rule_of};

/// The methods that a link may have been made for; it does not say which.
const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

impl Matter<'_> {
    /// What did the client sign instead of what the server received?
    pub(crate) fn what_the_server_received(&self, explained: &mut Explained) -> bool {
        let Some(server) = &self.server else {
            return false;
        };
        let sent = self.evidence.sent.as_ref();
        let Some(rebuilt) = sent
            .and_then(|sent| Rebuilt::arrived(sent, server))
            .or_else(|| self.rebuilt(server))
        else {
            return false;
        };
        let Some(secret) = self.known.secret else {
            return self.with_a_well_known_secret(&rebuilt, explained);
        };
        let Some(report) = self.search(&rebuilt, secret) else {
            return false;
        };
        if is_valid(&report) {
            explained.notes.extend(odd_secret::notes(secret));
            explained.say(odd_secret::another_secret(
                secret,
                &self.access_key_id,
                "exact",
                "With the secret found here the signature is right for what the server received, so the server has another secret for this access key",
            ));
            return true;
        }
        explained.take(report);
        explained.notes.extend(odd_secret::notes(secret));
        true
    }

    /// Is the request as it was sent signed rightly, and if not, what was signed?
    pub(crate) fn what_was_sent(&self, explained: &mut Explained) -> bool {
        let Some(sent) = self.complete_request() else {
            return false;
        };
        let rebuilt = Rebuilt::of_sent(sent);
        let Some(secret) = self.known.secret else {
            return self.with_a_well_known_secret(&rebuilt, explained);
        };
        let Some(report) = self.search(&rebuilt, secret) else {
            return false;
        };
        if is_valid(&report) && self.is_refused_otherwise() {
            explained
                .ruled_out
                .push("The signature is right: the request was refused for something else.".to_owned());
            return true;
        }
        if is_valid(&report) {
            explained.say(odd_secret::another_secret(
                secret,
                &self.access_key_id,
                "infer",
                "The request as it was sent is signed rightly with the secret found here, so the server has another secret for this access key, \
                    unless something between the two changed the request",
            ));
            if explained.causes.iter().all(|cause| cause.id == "SEC-WRONG") {
                explained.causes.push(ReportCause {
                    proof: "infer",
                    ..exact(
                        "HST-PROXY",
                        "host",
                        "Or something between client and server changed the request; most often that is a proxy and the Host header".to_owned(),
                        "Let the proxy pass Host, path, query and headers on as they came (nginx: proxy_set_header Host $http_host;).",
                    )
                });
            }
            explained.notes.extend(odd_secret::notes(secret));
            explained.notes.push("The request as it was sent is signed rightly with the secret found here. So either something between client and \
                server changed it, or the server has another secret for this access key. Ask the server for its CanonicalRequest, or run \
                countersign doctor through the same way.".to_owned());
            return true;
        }
        explained.take(report);
        explained.notes.extend(odd_secret::notes(secret));
        true
    }

    /// Whether the answer names something else than the signature. Garage says so only in the message.
    fn is_refused_otherwise(&self) -> bool {
        self.evidence.answer.as_ref().is_some_and(|answer| {
            let is_about_it = answer.code.contains("Signature") || answer.message.contains("signature");
            !answer.code.is_empty() && !is_about_it
        })
    }

    /// With the secret: what was a link made for, and is it still as it was made?
    pub(crate) fn link_alone(&self, explained: &mut Explained) -> bool {
        let (Some(link), Some(secret)) = (self.evidence.sent.as_ref(), self.known.secret) else {
            return false;
        };
        if self.evidence.form != Form::Link {
            return false;
        }
        let mut found = None;
        for method in METHODS {
            let sent = Sent {
                method: method.to_owned(),
                ..link.clone()
            };
            let Some(report) = self.search(&Rebuilt::of_sent(&sent), secret) else {
                return false;
            };
            if is_valid(&report) {
                explained.status = "inferred";
                explained.notes.push(format!("The link is signed rightly, for the method {method}: what it was refused for lies in how it was used, or behind it."));
                explained.notes.extend(odd_secret::notes(secret));
                explained.causes = report.causes;
                return true;
            }
            let is_better = matches!(report.status, "proven" | "exact")
                && !report.causes.iter().any(|cause| cause.slot == "method");
            if is_better {
                found.get_or_insert(report);
            }
        }
        match found {
            Some(report) => {
                explained.take(report);
                true
            }
            None => false,
        }
    }

    /// What the request shows by itself.
    pub(crate) fn without_a_secret(&self, explained: &mut Explained) -> bool {
        let rebuilt = match (&self.server, &self.evidence.sent) {
            (Some(server), _) => self.rebuilt(server),
            (None, Some(sent)) if self.evidence.form == Form::Authorization => Some(Rebuilt::of_header(sent)),
            (None, Some(sent)) => Some(Rebuilt::of_sent(sent)),
            (None, None) => None,
        };
        if let Some(report) = rebuilt.and_then(|rebuilt| self.report(&rebuilt, None))
            && !report.causes.is_empty()
        {
            explained.take(report);
        }
        let is_mismatch = self
            .evidence
            .answer
            .as_ref()
            .is_some_and(|answer| answer.code == "SignatureDoesNotMatch");
        if is_mismatch && self.known.secret.is_none() {
            explained.notes.push("With the secret the cause can be searched for: set AWS_SECRET_ACCESS_KEY or AWS_PROFILE. It does not leave this machine.".to_owned());
        }
        true
    }

    /// Says of a request that was refused for something else whether its signature is right, where that can be computed.
    pub(crate) fn verdict_on_signature(&self, explained: &mut Explained) {
        let (Some(sent), Some(secret)) = (self.complete_request(), self.known.secret) else {
            return;
        };
        let verdict = Rebuilt::of_sent(sent).with(|request| {
            let claimed = claim(request).ok().flatten()?;
            let key = SigningKey::derive(secret, &claimed.scope);
            Some(verify(request, &claimed, rule_of(&claimed), &key).matched)
        });
        match verdict {
            Some(true) => {
                explained.otherwise = "valid";
                explained
                    .ruled_out
                    .push("Apart from that the signature is right.".to_owned());
            }
            Some(false) => {
                explained.otherwise = "invalid";
                explained
                    .notes
                    .push("The signature does not match either.".to_owned());
            }
            None => {}
        }
    }

    /// Was it signed with a secret that everybody knows? Nobody's own is needed to find that out.
    fn with_a_well_known_secret(&self, rebuilt: &Rebuilt, explained: &mut Explained) -> bool {
        let report = self.search(rebuilt, &Secret::new(MADE_UP));
        let Some(report) = report.filter(|report| report.status == "proven") else {
            return false;
        };
        explained.take(report);
        true
    }
}
