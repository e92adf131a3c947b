//! One refused request with everything that is known of it, and how `countersign_diagnose` is asked about it.
//!
//! It is asked with two kinds of keys: with the user's secret its hypotheses must give the signature that was sent; with
//! a key made up on the spot for a text that the client says it signed, they must give that text. Either way the answer is a proof. Without
//! the secret a made-up one finds those that everybody knows: defaults and the access key id.
//!
//! Not here: the ways from there to a cause (`by_texts`, `by_request`). Keeps true: the secret stands in nothing that comes out.

use countersign_diagnose::{Budget, Case, Fault, Level, Report, ServerFacts, Transport, diagnose};
use countersign_sigv4::{
    Claim, Expected, PathRule, Payload, Refusal, Request, Scope, Secret, SigningKey, claim, parse_http_date,
};

use crate::answer::Answer;
use crate::canonical::CanonicalText;
use crate::evidence::{Evidence, Sent, Texts};
use crate::explain::Known;
use crate::forms::Form;
use crate::rebuilt::{Rebuilt, rule_of};

/// A secret that nobody has, for telling texts apart and for trying those that everybody knows.
pub(crate) const MADE_UP: &str = "a key for comparing texts";
/// Services whose requests people ask about here.
const SERVICES: [&str; 6] = ["s3", "s3express", "s3-outposts", "s3-object-lambda", "iam", "sts"];

/// One refused request.
pub(crate) struct Matter<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) known: &'a Known<'a>,
    /// What the client signed.
    pub(crate) client: Option<CanonicalText>,
    /// What the server made of what it received.
    pub(crate) server: Option<CanonicalText>,
    /// What the server signed; of a capture whose answer does not say it and that was changed after signing, what the request as it was
    /// sent gives.
    pub(crate) server_texts: Texts,
    pub(crate) client_string: Option<String>,
    pub(crate) access_key_id: String,
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

    /// The request as it was sent, if it is all there: a link without its method or a lone header is not.
    pub(crate) fn complete_request(&self) -> Option<&Sent> {
        let sent = self.evidence.sent.as_ref()?;
        (!sent.method.is_empty() && sent.header("host").is_some()).then_some(sent)
    }

    pub(crate) fn rebuilt(&self, canonical: &CanonicalText) -> Option<Rebuilt> {
        Rebuilt::of_texts(
            canonical,
            &self.server_texts,
            &self.access_key_id,
            self.evidence.sent.as_ref(),
        )
    }

    pub(crate) fn search(&self, rebuilt: &Rebuilt, secret: &Secret) -> Option<Report> {
        self.report(rebuilt, Some(secret))
    }

    /// Receives the request as the server did, and asks why it was refused.
    pub(crate) fn report(&self, rebuilt: &Rebuilt, secret: Option<&Secret>) -> Option<Report> {
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

/// Whether the signature is right and nothing certain speaks against the request.
pub(crate) fn is_valid(report: &Report) -> bool {
    report.otherwise == "valid" && report.causes.iter().all(|cause| cause.proof == "infer")
}

/// The key of the scope that a string to sign names.
pub(crate) fn key_of(string_to_sign: &str, secret: &Secret) -> Option<SigningKey> {
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
