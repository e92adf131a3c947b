//! The ways to a cause where a text shows what one side signed, or both: the texts against each other, and against the rules.
//!
//! Not here: searching with the secret for what was signed instead (`by_request`), and the order of the ways (`explain`).

use countersign_diagnose::ReportCause;
use countersign_sigv4::Secret;

use crate::canonical::CanonicalText;
use crate::codes::exact;
use crate::compare::compare;
use crate::difference;
use crate::evidence::{Sent, Texts};
use crate::explain::Explained;
use crate::matter::{MADE_UP, Matter, is_valid, key_of};
use crate::odd_secret;
use crate::rebuilt::Rebuilt;

impl Matter<'_> {
    /// Both sides signed the same text, so they have different secrets.
    pub(crate) fn same_texts(&self, explained: &mut Explained) -> bool {
        let (client, server) = (
            self.client_string.as_deref(),
            self.server_texts.string_to_sign.as_deref(),
        );
        let (Some(client), Some(server)) = (client, server) else {
            return false;
        };
        if client.trim_end() != server.trim_end() {
            return false;
        }
        explained.ruled_out.push(
            "The request was built as the server expects it: host, path, query, headers and time are right."
                .to_owned(),
        );
        let text = self.server.as_ref().or(self.client.as_ref());
        let rebuilt = text.and_then(|text| self.rebuilt(text));
        let proven = rebuilt.and_then(|rebuilt| {
            let secrets = [self.known.secret, Some(&Secret::new(MADE_UP))]
                .map(|secret| secret.and_then(|secret| self.search(&rebuilt, secret)));
            secrets
                .into_iter()
                .flatten()
                .find(|report| report.status == "proven")
        });
        if let Some(report) = proven {
            explained.take(report);
            return true;
        }
        let otherwise = "Client and server signed the same text and came to different signatures, so their secrets differ";
        let (Some(secret), Some(signature)) = (self.known.secret, &self.server_texts.signature) else {
            explained.say(odd_secret::another_secret(
                &Secret::new(MADE_UP),
                "",
                "exact",
                otherwise,
            ));
            return true;
        };
        let made_by_known =
            key_of(client, secret).is_some_and(|key| key.matches(client.trim_end().as_bytes(), signature));
        if made_by_known {
            explained.notes.push(
                "The secret found here is the one the client signed with; the server has another one."
                    .to_owned(),
            );
            explained.notes.extend(odd_secret::notes(secret));
            explained.say(odd_secret::another_secret(
                secret,
                &self.access_key_id,
                "exact",
                otherwise,
            ));
        } else {
            explained.notes.push(
                "The client did not sign with the secret found here: it takes its credentials from somewhere else.".to_owned(),
            );
            explained.notes.extend(odd_secret::notes(secret));
            explained.say(odd_secret::another_secret(
                &Secret::new(MADE_UP),
                "",
                "exact",
                otherwise,
            ));
        }
        true
    }

    /// What did the client sign otherwise? The change that gives its text is the cause.
    pub(crate) fn texts_against_each_other(&self, explained: &mut Explained) -> bool {
        let (Some(client), Some(server)) = (&self.client, &self.server) else {
            return false;
        };
        let (Some(signed), Some(computed)) = (&self.client_string, &self.server_texts.string_to_sign) else {
            return false;
        };
        // A key of our own for the client's text: nobody needs the real one to tell texts apart.
        let made_up = Secret::new(MADE_UP);
        let Some(key) = key_of(computed, &made_up) else {
            return false;
        };
        let texts = Texts {
            signature: Some(key.sign(signed.trim_end().as_bytes()).to_hex()),
            ..self.server_texts.clone()
        };
        let rebuilt = Rebuilt::of_texts(server, &texts, &self.access_key_id, self.evidence.sent.as_ref());
        let report = rebuilt.and_then(|rebuilt| self.search(&rebuilt, &made_up));
        explained.status = "exact";
        match report {
            Some(report) if report.status == "proven" => {
                explained.take(report);
                for cause in &mut explained.causes {
                    cause.proof = "exact";
                }
                explained.status = "exact";
                explained
                    .ruled_out
                    .retain(|sentence| !sentence.contains("secret"));
                return true;
            }
            // What arrived gives the client's text as soon as it is made canonical by the rules.
            Some(report) if is_valid(&report) => explained.causes.push(miscanonicalized(client, server)),
            _ => explained.causes = difference::causes(client, server),
        }
        if explained.causes.is_empty() {
            // None of the known causes, but where they differ is certain.
            explained.notes.splice(0..0, first_difference(client, server));
        }
        true
    }

    /// The client shows what it signed and with which signature: does the secret that is known give that one?
    pub(crate) fn signed_with_another_secret(&self, explained: &mut Explained) -> bool {
        let (Some(client), Some(secret)) = (&self.client, self.known.secret) else {
            return false;
        };
        let sent = self.evidence.sent.as_ref();
        let texts = Texts {
            signature: self
                .evidence
                .client
                .signature
                .clone()
                .or(sent.and_then(Sent::signature)),
            ..self.evidence.client.clone()
        };
        let Some(report) = Rebuilt::of_texts(client, &texts, &self.access_key_id, sent)
            .and_then(|rebuilt| self.search(&rebuilt, secret))
        else {
            return false;
        };
        if is_valid(&report) {
            return false;
        }
        if report.status == "proven" {
            explained.take(report);
            return true;
        }
        explained.status = "exact";
        explained.causes.push(exact(
            "SEC-WRONG",
            "secret",
            "What the client says that it signed has another signature with the secret found here".to_owned(),
            "See where the client takes its credentials from (environment, profile, a file of its own), and put the right secret there.",
        ));
        explained.notes.extend(odd_secret::notes(secret));
        true
    }

    /// The client's request made canonical by the rules, and the server's text, which the rules make of nothing that arrived.
    pub(crate) fn server_against_the_rules(&self, explained: &mut Explained) -> bool {
        let Some(server) = &self.server else {
            return false;
        };
        let Some(client) = self.client.clone().or_else(|| {
            self.complete_request()
                .and_then(|sent| Rebuilt::of_sent(sent).canonical())
        }) else {
            return false;
        };
        let by_the_rules = self.rebuilt(server).and_then(|rebuilt| rebuilt.canonical());
        if *server == client || by_the_rules.as_ref() != Some(&client) {
            return false;
        }
        explained.status = "exact";
        explained
            .comparison
            .get_or_insert_with(|| compare(&client, server));
        explained.causes.push(miscanonicalized(&client, server));
        true
    }
}

/// The server's text is not what the rules make of what it received.
fn miscanonicalized(client: &CanonicalText, server: &CanonicalText) -> ReportCause {
    let lines = compare(client, server);
    let line = lines.first_difference();
    let place = line.map_or("text", |line| line.what.as_str());
    let mut cause = exact(
        "SRV-CANON",
        "server",
        format!(
            "The server made its canonical request otherwise than the rules say, in the line {place}; what the client signed is right"
        ),
        "The client needs no change: report it to the server's vendor with both lines, or avoid what it gets wrong (such characters in keys).",
    );
    cause.signed = line.and_then(|line| line.shown(&line.left));
    cause.received = line.and_then(|line| line.shown(&line.right));
    cause
}

fn first_difference(client: &CanonicalText, server: &CanonicalText) -> Option<String> {
    let lines = compare(client, server);
    let line = lines.first_difference()?;
    let shown = |side: &Option<String>| {
        line.shown(side)
            .map_or("nothing".to_owned(), |text| format!("`{text}`"))
    };
    Some(format!(
        "Client and server differ first in the line {}: the client signed {}, the server made {} of what it received.",
        line.what,
        shown(&line.left),
        shown(&line.right)
    ))
}
