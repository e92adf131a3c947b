//! One refused request with everything that is known of it, and the ways from there to a cause, each for what a text may show: both sides'
//! texts, the server's, the request, a link.
//!
//! `countersign_diagnose` is asked with two kinds of keys: with the user's secret its hypotheses must give the signature that was sent; with
//! a key made up on the spot for a text that the client says it signed, they must give that text. Either way the answer is a proof. Without
//! the secret a made-up one finds those that everybody knows: defaults and the access key id.
//!
//! Not here: the order of the ways (`explain`). Keeps true: the secret stands in nothing that comes out.

use countersign_diagnose::{
    Budget, Case, Fault, Level, Report, ReportCause, ServerFacts, Transport, diagnose,
};
use countersign_sigv4::{
    Claim, Expected, PathRule, Payload, Refusal, Request, Scope, Secret, SigningKey, claim, parse_http_date,
    verify,
};

use crate::answer::Answer;
use crate::canonical::CanonicalText;
use crate::codes::exact;
use crate::compare::compare;
use crate::difference;
use crate::evidence::{Evidence, Sent, Texts};
use crate::explain::{Explained, Known};
use crate::forms::Form;
use crate::odd_secret;
use crate::rebuilt::{Rebuilt, rule_of};

/// A secret that nobody has, for telling texts apart and for trying those that everybody knows.
const MADE_UP: &str = "a key for comparing texts";
/// The methods that a link may have been made for; it does not say which.
const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

/// Services whose requests people ask about here.
const SERVICES: [&str; 6] = ["s3", "s3express", "s3-outposts", "s3-object-lambda", "iam", "sts"];

/// One refused request.
pub(crate) struct Matter<'a> {
    evidence: &'a Evidence,
    known: &'a Known<'a>,
    /// What the client signed.
    pub(crate) client: Option<CanonicalText>,
    /// What the server made of what it received.
    pub(crate) server: Option<CanonicalText>,
    /// What the server signed; of a capture whose answer does not say it and that was changed after signing, what the request as it was
    /// sent gives.
    server_texts: Texts,
    client_string: Option<String>,
    access_key_id: String,
    now: Option<i64>,
}

impl<'a> Matter<'a> {
    pub(crate) fn of(evidence: &'a Evidence, known: &'a Known<'a>) -> Matter<'a> {
        let mut server_texts = changed_after_signing(evidence).unwrap_or_else(|| evidence.server.clone());
        // A server that shows its texts and not the signature that came with them, as Google's.
        if server_texts.signature.is_none() {
            let sent = evidence.sent.as_ref().and_then(Sent::signature);
            server_texts.signature = evidence.client.signature.clone().or(sent);
        }
        let client = whole(&evidence.client);
        // Rust's log shows the canonical request alone: the rest of what was signed are time and scope.
        let client_string = evidence.client.string_to_sign.clone().or_else(|| {
            let head: Vec<&str> = server_texts.string_to_sign.as_deref()?.lines().take(3).collect();
            Some(format!("{}\n{}", head.join("\n"), hash(client.as_ref()?)?))
        });
        Matter {
            evidence,
            known,
            client_string,
            client,
            server: whole(&server_texts),
            server_texts,
            access_key_id: evidence.access_key_id().unwrap_or_else(|| "AKID".to_owned()),
            now: evidence.answer.as_ref().and_then(time_of),
        }
    }

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

    /// The request as it was sent, if it is all there: a link without its method or a lone header is not.
    fn complete_request(&self) -> Option<&Sent> {
        let sent = self.evidence.sent.as_ref()?;
        (!sent.method.is_empty() && sent.header("host").is_some()).then_some(sent)
    }

    fn rebuilt(&self, canonical: &CanonicalText) -> Option<Rebuilt> {
        Rebuilt::of_texts(
            canonical,
            &self.server_texts,
            &self.access_key_id,
            self.evidence.sent.as_ref(),
        )
    }

    fn search(&self, rebuilt: &Rebuilt, secret: &Secret) -> Option<Report> {
        self.report(rebuilt, Some(secret))
    }

    /// Receives the request as the server did, and asks why it was refused.
    fn report(&self, rebuilt: &Rebuilt, secret: Option<&Secret>) -> Option<Report> {
        rebuilt.with(|request| {
            let claimed = claim(request);
            let (claimed, refusal) = match claimed {
                Ok(claimed) => (claimed, None),
                Err(refusal) => (None, Some(refusal)),
            };
            if claimed.is_none() && refusal.is_none() {
                return None;
            }
            let facts = self.facts(claimed.as_ref());
            let refusal = refusal
                .or_else(|| self.check(request, claimed.as_ref()?, &facts))
                .unwrap_or(Refusal::SignatureMismatch);
            let within = || true;
            let case = Case {
                request: *request,
                claim: claimed.as_ref(),
                fault: Fault::Refused(&refusal),
                secret,
                rule: claimed.as_ref().map_or(PathRule::S3, rule_of),
                server: &facts,
                transport: Transport::default(),
                body: None,
                form: None,
            };
            Some(diagnose(&case, Budget::full(&within)).at(Level::Full))
        })
    }

    /// What the request would be refused for before its signature is compared; only where place and time are known.
    fn check(&self, request: &Request<'_>, claimed: &Claim, facts: &ServerFacts) -> Option<Refusal> {
        let expected = Expected {
            region: &facts.region,
            service: &facts.service,
            now: facts.now,
        };
        claimed.check(request, &expected).err()
    }

    /// Names of the server as the client knows it: those that somebody said, and the ones it signed and sent.
    fn hosts(&self) -> Vec<String> {
        let signed = self.client.as_ref().and_then(|client| client.header("host"));
        let sent = self.evidence.sent.as_ref().and_then(|sent| sent.header("host"));
        let mut hosts = self.known.hosts.to_vec();
        for host in signed.into_iter().chain(sent) {
            if !hosts.iter().any(|other| other == host) {
                hosts.push(host.to_owned());
            }
        }
        hosts
    }

    /// What is known of the server. Where nothing is known, what the request says is taken as right.
    fn facts(&self, claimed: Option<&Claim>) -> ServerFacts {
        let region = self
            .known
            .region
            .or(claimed.map(|claimed| claimed.scope.region.as_str()));
        // A link is judged by the time at which it is looked at; anything else by when it was sent.
        let is_link = self.evidence.form == Form::Link;
        let now = match (self.now, claimed) {
            (Some(now), _) => now,
            (None, Some(claimed)) if !is_link => claimed.time,
            _ => self.known.now,
        };
        let hosts = self.hosts();
        let ports = hosts
            .iter()
            .filter_map(|host| host.rsplit_once(':')?.1.parse().ok());
        // What a header or a link alone was signed for is not known to be right; this is about S3.
        let is_lone =
            matches!(self.evidence.form, Form::Authorization | Form::Link) && self.evidence.answer.is_none();
        let service = claimed.map_or("s3", |claimed| claimed.scope.service.as_str());
        let service = if is_lone && !SERVICES.contains(&service) {
            "s3"
        } else {
            service
        };
        ServerFacts {
            region: region.unwrap_or("us-east-1").to_owned(),
            service: service.to_owned(),
            listen_ports: ports.collect(),
            seen_hosts: hosts,
            now,
            ..ServerFacts::default()
        }
    }
}

/// A canonical request that is as it was signed: of one that was cut or changed on its way into the text, the hash beside it is another.
fn whole(texts: &Texts) -> Option<CanonicalText> {
    let canonical = CanonicalText::parse(texts.canonical_request.as_deref()?)?;
    let signed = texts
        .string_to_sign
        .as_deref()
        .and_then(|text| text.trim_end().lines().last());
    let is_whole = signed.is_none_or(|signed| hash(&canonical).is_some_and(|hash| hash == signed.trim()));
    is_whole.then_some(canonical)
}

/// The hash of a canonical request, as a string to sign has it.
fn hash(canonical: &CanonicalText) -> Option<String> {
    Payload::of_body(canonical.text().as_bytes())
        .sha256()
        .map(hex::encode)
}

/// What the server must have received of a capture that was changed between signing and sending, if its answer does not say it.
fn changed_after_signing(evidence: &Evidence) -> Option<Texts> {
    if evidence.form != Form::Captured || evidence.server.canonical_request.is_some() {
        return None;
    }
    let signed = evidence.client.canonical_request.as_deref()?;
    let sent = Rebuilt::of_sent(evidence.sent.as_ref()?).texts()?;
    (sent.canonical_request.as_deref() != Some(signed)).then_some(sent)
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

/// Whether the signature is right and nothing certain speaks against the request.
fn is_valid(report: &Report) -> bool {
    report.otherwise == "valid" && report.causes.iter().all(|cause| cause.proof == "infer")
}

/// The key of the scope that a string to sign names.
fn key_of(string_to_sign: &str, secret: &Secret) -> Option<SigningKey> {
    let scope = string_to_sign.lines().nth(2)?;
    let mut words = scope.split('/');
    let scope = Scope {
        date: words.next()?.into(),
        region: words.next()?.into(),
        service: words.next()?.into(),
    };
    Some(SigningKey::derive(secret, &scope))
}

/// When the server answered.
fn time_of(answer: &Answer) -> Option<i64> {
    let in_document = answer.moment("ServerTime");
    in_document.or_else(|| answer.header("date").and_then(parse_http_date))
}
