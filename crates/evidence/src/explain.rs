//! From evidence to cause: the server's own word, else the two sides' texts, else a search with the secret, else what the
//! request shows by itself.
//!
//! Not here: hypotheses, which are `countersign_diagnose`'s. They are asked with two kinds of keys: with the user's secret they must
//! give the signature that was sent; with a key made up on the spot for a text that the client says it signed, they must give
//! that text. Either way the answer is a proof.
//!
//! Keeps true: the secret stands in nothing that comes out.

use countersign_diagnose::{
    Budget, Case, Fault, Level, PAGES_URL, Report, ReportCause, ServerFacts, Transport, diagnose, ids, title,
};
use countersign_sigv4::{
    Claim, Expected, PathRule, Refusal, Request, Scope, Secret, SigningKey, claim, parse_http_date, verify,
};

use countersign_validate::oddity;

use crate::answer::{Answer, Told};
use crate::canonical::CanonicalText;
use crate::codes;
use crate::compare::{Comparison, compare};
use crate::evidence::{Evidence, Sent, Texts};
use crate::forms::Form;
use crate::rebuilt::Rebuilt;

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
        comparison: None,
        by_server: evidence.answer.as_ref().and_then(Answer::told),
        notes: evidence.notes.iter().map(|note| (*note).to_owned()).collect(),
    };
    let case = Matter::of(evidence, known);
    let sides = (case.client.as_ref(), case.server.as_ref());
    if let (Some(client), Some(server)) = sides {
        explained.comparison = Some(compare(client, server));
    }
    let named = evidence
        .answer
        .as_ref()
        .and_then(|answer| codes::by_code(answer, evidence.sent.as_ref()));
    if let Some(cause) = named {
        explained.status = "exact";
        explained.causes.push(cause);
        case.verdict_on_signature(&mut explained);
        return explained;
    }
    // The surest way first; each says whether it could be gone.
    let _gone = case.same_texts(&mut explained)
        || case.texts_against_each_other(&mut explained)
        || case.what_the_server_received(&mut explained)
        || case.what_was_sent(&mut explained)
        || case.without_a_secret(&mut explained);
    if let Some(answer) = &evidence.answer {
        explained.take_from_server(answer);
    }
    explained
}

/// One refused request with everything that is known of it.
struct Matter<'a> {
    evidence: &'a Evidence,
    known: &'a Known<'a>,
    client: Option<CanonicalText>,
    server: Option<CanonicalText>,
    /// What the server signed; of a capture whose answer does not say it and that was changed after signing, what the request as it
    /// was sent gives.
    server_texts: Texts,
    access_key_id: String,
    now: Option<i64>,
}

impl<'a> Matter<'a> {
    fn of(evidence: &'a Evidence, known: &'a Known<'a>) -> Matter<'a> {
        let parse = |texts: &Texts| texts.canonical_request.as_deref().and_then(CanonicalText::parse);
        let server_texts = changed_after_signing(evidence).unwrap_or_else(|| evidence.server.clone());
        Matter {
            evidence,
            known,
            client: parse(&evidence.client),
            server: parse(&server_texts),
            server_texts,
            access_key_id: evidence.access_key_id().unwrap_or_else(|| "AKID".to_owned()),
            now: evidence.answer.as_ref().and_then(time_of),
        }
    }

    /// Both sides signed the same text, so they have different secrets.
    fn same_texts(&self, explained: &mut Explained) -> bool {
        let (client, server) = (
            &self.evidence.client.string_to_sign,
            &self.server_texts.string_to_sign,
        );
        let (Some(client), Some(server)) = (client, server) else {
            return false;
        };
        if client.trim_end() != server.trim_end() {
            return false;
        }
        let id = "SEC-WRONG";
        explained.status = "exact";
        explained.causes.push(ReportCause {
            id,
            proof: "exact",
            slot: "secret".to_owned(),
            title: title(id).unwrap_or_default(),
            what: "Client and server signed the same text and came to different signatures, so their secrets differ".to_owned(),
            signed: None,
            received: None,
            cure: "Copy the secret of this access key again, or make a new key pair and restart the client.".to_owned(),
            also: Vec::new(),
            ambiguity: None,
            url: format!("{PAGES_URL}{id}.md"),
        });
        explained.ruled_out.push(
            "The request was built as the server expects it: host, path, query, headers and time are right."
                .to_owned(),
        );
        if let (Some(secret), Some(signature)) = (self.known.secret, self.signature()) {
            let made_by_known = key_of(client, secret)
                .is_some_and(|key| key.matches(client.trim_end().as_bytes(), signature));
            explained.notes.push(match made_by_known {
                true => "The secret found here is the one the client signed with; the server has another one.",
                false => "The client did not sign with the secret found here: it takes its credentials from somewhere else.",
            }.to_owned());
            explained.notes.extend(oddities(secret));
        }
        true
    }

    /// What did the client sign otherwise? The change that gives its text is the cause.
    fn texts_against_each_other(&self, explained: &mut Explained) -> bool {
        let (Some(client), Some(server)) = (&self.client, &self.server) else {
            return false;
        };
        let Some(string_to_sign) = self.evidence.client.string_to_sign.as_deref() else {
            return false;
        };
        // A key of our own for the client's text: nobody needs the real one to tell texts apart.
        let made_up = Secret::new("a key for comparing texts");
        let Some(key) = self
            .server_texts
            .string_to_sign
            .as_deref()
            .and_then(|text| key_of(text, &made_up))
        else {
            return false;
        };
        let texts = Texts {
            signature: Some(key.sign(string_to_sign.trim_end().as_bytes()).to_hex()),
            ..self.server_texts.clone()
        };
        let rebuilt = Rebuilt::of_texts(server, &texts, &self.access_key_id, self.evidence.sent.as_ref());
        let report = rebuilt.and_then(|rebuilt| self.search(&rebuilt, &made_up));
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
            }
            // None of the known causes, but where they differ is certain.
            _ => {
                explained.status = "exact";
                let lines = compare(client, server);
                if let Some(line) = lines.first_difference() {
                    let shown = |side: &Option<String>| {
                        side.as_deref()
                            .map_or("nothing".to_owned(), |text| format!("`{text}`"))
                    };
                    explained.notes.insert(0, format!(
                        "Client and server differ first in the line {}: the client signed {}, the server made {} of what it received.",
                        line.what, shown(&line.left), shown(&line.right)
                    ));
                }
            }
        }
        true
    }

    /// With the secret: what did the client sign instead of what the server received?
    fn what_the_server_received(&self, explained: &mut Explained) -> bool {
        let (Some(server), Some(secret)) = (&self.server, self.known.secret) else {
            return false;
        };
        let sent = self.evidence.sent.as_ref();
        let rebuilt = Rebuilt::of_texts(server, &self.server_texts, &self.access_key_id, sent);
        let Some(report) = rebuilt.and_then(|rebuilt| self.search(&rebuilt, secret)) else {
            return false;
        };
        if is_valid(&report) {
            explained.say(another_secret(
                secret,
                &self.access_key_id,
                "exact",
                "With the secret found here the signature is right for what the server received, so the server has another secret for this access key",
            ));
            explained.notes.extend(oddities(secret));
            return true;
        }
        explained.take(report);
        explained.notes.extend(oddities(secret));
        true
    }

    /// With the secret: is the request as it was sent signed rightly, and if not, what was signed?
    fn what_was_sent(&self, explained: &mut Explained) -> bool {
        let (Some(sent), Some(secret)) = (self.complete_request(), self.known.secret) else {
            return false;
        };
        let Some(report) = self.search(&Rebuilt::of_sent(sent), secret) else {
            return false;
        };
        if is_valid(&report) && self.is_refused_otherwise() {
            explained
                .ruled_out
                .push("The signature is right: the request was refused for something else.".to_owned());
            return true;
        }
        if is_valid(&report) {
            explained.say(another_secret(
                secret,
                &self.access_key_id,
                "infer",
                "The request as it was sent is signed rightly with the secret found here, so the server has another secret for this access key, \
                    unless something between the two changed the request",
            ));
            explained.notes.extend(oddities(secret));
            explained.notes.push("The request as it was sent is signed rightly with the secret found here. So either something between client and \
                server changed it, or the server has another secret for this access key. Ask the server for its CanonicalRequest, or run \
                countersign doctor through the same way.".to_owned());
            return true;
        }
        explained.take(report);
        explained.notes.extend(oddities(secret));
        true
    }

    /// Whether the answer names something else than the signature.
    fn is_refused_otherwise(&self) -> bool {
        let code = self.evidence.answer.as_ref().map_or("", |answer| &answer.code);
        !code.is_empty() && !code.contains("Signature")
    }

    /// What the request shows by itself.
    fn without_a_secret(&self, explained: &mut Explained) -> bool {
        let rebuilt = match (&self.server, &self.evidence.sent) {
            (Some(server), sent) => {
                Rebuilt::of_texts(server, &self.server_texts, &self.access_key_id, sent.as_ref())
            }
            (None, Some(sent)) => Some(Rebuilt::of_sent(sent)),
            (None, None) => None,
        };
        let Some(report) = rebuilt.and_then(|rebuilt| self.report(&rebuilt, None)) else {
            return false;
        };
        if !report.causes.is_empty() {
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
    fn verdict_on_signature(&self, explained: &mut Explained) {
        let (Some(sent), Some(secret)) = (self.complete_request(), self.known.secret) else {
            return;
        };
        let verdict = Rebuilt::of_sent(sent).with(|request| {
            let claimed = claim(request).ok().flatten()?;
            let key = SigningKey::derive(secret, &claimed.scope);
            Some(verify(request, &claimed, PathRule::S3, &key).matched)
        });
        match verdict {
            Some(true) => explained
                .ruled_out
                .push("Apart from that the signature is right.".to_owned()),
            Some(false) => explained
                .notes
                .push("The signature does not match either.".to_owned()),
            None => {}
        }
    }

    /// The request as it was sent, if it is all there: a link without its method or a lone header is not.
    fn complete_request(&self) -> Option<&Sent> {
        let sent = self.evidence.sent.as_ref()?;
        (!sent.method.is_empty() && sent.header("host").is_some()).then_some(sent)
    }

    fn signature(&self) -> Option<&str> {
        let texts = [&self.evidence.server, &self.evidence.client];
        texts.iter().find_map(|texts| texts.signature.as_deref())
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
                rule: PathRule::S3,
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
        ServerFacts {
            region: region.unwrap_or("us-east-1").to_owned(),
            service: claimed
                .map_or("s3", |claimed| claimed.scope.service.as_str())
                .to_owned(),
            seen_hosts: self.hosts(),
            now,
            ..ServerFacts::default()
        }
    }
}

impl Explained {
    /// The one cause there is.
    fn say(&mut self, cause: ReportCause) {
        self.status = match cause.proof {
            "exact" => "exact",
            _ => "inferred",
        };
        self.causes.push(cause);
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
    fn take(&mut self, report: Report) {
        self.status = report.status;
        let there = |text: String| {
            text.replace("this server", "the server")
                .replace("This server", "The server")
        };
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

/// What the server must have received of a capture that was changed between signing and sending, if its answer does not say it.
fn changed_after_signing(evidence: &Evidence) -> Option<Texts> {
    if evidence.form != Form::Captured || evidence.server.canonical_request.is_some() {
        return None;
    }
    let signed = evidence.client.canonical_request.as_deref()?;
    let sent = Rebuilt::of_sent(evidence.sent.as_ref()?).texts()?;
    (sent.canonical_request.as_deref() != Some(signed)).then_some(sent)
}

/// The secret that signed is not the server's. What is odd about it is the likely reason.
fn another_secret(secret: &Secret, access_key_id: &str, proof: &'static str, what: &str) -> ReportCause {
    let odd = oddity(secret, Some(access_key_id));
    let named = odd.and_then(|odd| Some((odd.rule.cause?, odd.cure)));
    let (id, cure) = named.unwrap_or((
        "SEC-WRONG",
        "Copy the secret of this access key again, or make a new key pair and restart the client.",
    ));
    ReportCause {
        id,
        proof: if named.is_some() { "infer" } else { proof },
        slot: "secret".to_owned(),
        title: title(id).unwrap_or_default(),
        what: what.to_owned(),
        signed: None,
        received: None,
        cure: cure.to_owned(),
        also: Vec::new(),
        ambiguity: None,
        url: format!("{PAGES_URL}{id}.md"),
    }
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

/// What is odd about a secret, without any of it.
fn oddities(secret: &Secret) -> Vec<String> {
    let odd = oddity(secret, None).map(|odd| format!("{}.", odd.what));
    let is_beyond = !secret.expose().is_ascii();
    let beyond = is_beyond.then(|| "The secret holds characters beyond ASCII.".to_owned());
    odd.into_iter().chain(beyond).collect()
}
