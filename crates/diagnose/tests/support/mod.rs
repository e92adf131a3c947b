//! Plays a client and a server: signs what the client signed, receives what arrived, and asks for the diagnosis.
//!
//! Shares nothing with the rewriting in `diagnose`: the signed request is a file of its own, and what a faulty signer
//! does differently is written out in the context as text.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of the support code"
)]
#![expect(clippy::panic, reason = "a broken fixture is named before the test ends")]

mod form;
mod key;
mod stream;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use countersign_diagnose::{
    BodyFacts, BodyFault, Budget, Case, Diagnosis, Fault, Preflight, PreflightPart, Report, ReportCause,
    ServerFacts, Transport, diagnose,
};
use countersign_sigv4::{
    Canonical, Claim, Expected, PathRule, Payload, Refusal, Request, Scope, Secret, SigningKey, claim,
    parse_timestamp, string_to_sign, verify,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The secret of the access key in the fixtures, unless the context says otherwise.
pub const SECRET: &str = "wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY";

/// A request read from a `.http` file.
#[derive(Clone, Debug)]
pub struct Http {
    pub method: String,
    pub path: Vec<u8>,
    pub query: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub http_1_0: bool,
}

impl Http {
    pub fn parse(text: &str) -> Http {
        let (head, body) = text
            .split_once("\n\n")
            .unwrap_or((text.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let line = lines.next().expect("a request line");
        let mut words = line.split(' ');
        let (method, target, version) = (
            words.next().expect("method"),
            words.next().expect("target"),
            words.next().expect("version"),
        );
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.as_bytes().to_vec())),
            None => (target, None),
        };
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').expect("a header line");
            (name.to_owned(), unescape(value.trim_start()))
        });
        Http {
            method: method.to_owned(),
            path: path.as_bytes().to_vec(),
            query,
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
            http_1_0: version == "HTTP/1.0",
        }
    }

    pub fn with<T>(&self, run: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        run(&Request {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
        })
    }
}

/// A header value as bytes: `\\xNN` in a file stands for one byte, for not every value is UTF-8.
fn unescape(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hex digits after \\x"));
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    bytes
}

/// The context of a fixture.
pub struct Context(pub Value);

impl Context {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn list(&self, name: &str) -> Vec<String> {
        let items = self
            .0
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        items
            .iter()
            .map(|item| item.as_str().expect("a text").to_owned())
            .collect()
    }

    pub fn secret(&self) -> Secret {
        Secret::new(self.text("secret").unwrap_or(SECRET))
    }

    pub fn server(&self) -> ServerFacts {
        let ports = self
            .0
            .get("listen_ports")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let ports = ports
            .iter()
            .map(|port| u16::try_from(port.as_u64().expect("a port")).expect("a port"));
        ServerFacts {
            region: self.text("region").unwrap_or("us-east-1").to_owned(),
            service: "s3".to_owned(),
            public_names: self.list("public_names"),
            domains: self.list("domains"),
            listen_ports: ports.collect(),
            seen_hosts: self.list("seen_hosts"),
            key: key::facts(&self.0, self.now()),
            now: self.now(),
        }
    }

    fn now(&self) -> i64 {
        parse_timestamp(self.text("now").unwrap_or("20261122T040000Z")).expect("a time")
    }

    /// The signature of the client over what it signed.
    pub fn sign(&self, signed: &str) -> String {
        let secret = self
            .text("client_secret")
            .or(self.text("secret"))
            .unwrap_or(SECRET);
        if self.is_form() {
            return self.sign_form(signed);
        }
        if let Some(text) = self.text("sigv2_string_to_sign") {
            let mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).expect("any key");
            let mac = mac.chain_update(text).finalize().into_bytes();
            let signature = base64::engine::general_purpose::STANDARD.encode(mac);
            let in_query = signed.contains("&Signature=");
            return if in_query {
                countersign_sigv4::encode_uri(signature.as_bytes(), false)
            } else {
                signature
            };
        }
        let http = Http::parse(&signed.replace("{signature}", &"0".repeat(64)));
        http.with(|request| {
            let Ok(Some(claim)) = claim(request) else {
                return "0".repeat(64);
            };
            let mut canonical = Canonical::of(request, &claim, PathRule::S3);
            if let Some(uri) = self.text("signed_uri") {
                canonical.uri = uri.to_owned();
            }
            if let Some(block) = self.text("signed_header_block") {
                canonical.headers = block.as_bytes().to_vec();
            }
            if let Some(list) = self.text("signed_header_list") {
                canonical.signed_headers = list.to_owned();
            }
            if let Some(line) = self.text("signed_payload_line") {
                canonical.payload = line.to_owned();
            }
            if let Some(query) = self.text("signed_query") {
                canonical.query = query.to_owned();
            }
            let timestamp = self.text("signed_timestamp").unwrap_or(&claim.timestamp);
            let hash = canonical.hash();
            let text = match self.text("signed_text") {
                Some(text) => {
                    let hash = hex::encode(hash);
                    let text = text
                        .replace("{hash}", &hash)
                        .replace("{HASH}", &hash.to_uppercase());
                    text.into_bytes()
                }
                None => string_to_sign(timestamp, &claim.scope, &hash),
            };
            let date = self.text("key_date").unwrap_or(&claim.scope.date);
            let region = self.text("key_region").unwrap_or(&claim.scope.region);
            let service = self.text("key_service").unwrap_or(&claim.scope.service);
            let prefix = self.text("key_prefix").unwrap_or("AWS4");
            let right = || vec![date, region, service, Scope::TERMINAL];
            let steps = self.text("key_steps").map(|steps| steps.split(' ').collect());
            let mut key = format!("{prefix}{secret}").into_bytes();
            for step in steps.unwrap_or_else(right) {
                key = mac(&key, step.as_bytes());
                if self.flag("key_in_hex") {
                    key = hex::encode(key).into_bytes();
                }
            }
            hex::encode(mac(&key, &text))
        })
    }

    /// The request of a fixture as it arrived, and the signature in it, where it has one. What was captured carries the signature
    /// that its client made, so there is nothing to sign.
    pub fn arrived(&self, case: &Path) -> (String, Option<String>) {
        let read = |name: &str| {
            fs::read_to_string(case.join(name))
                .unwrap_or_else(|error| panic!("{}: {error}", case.join(name).display()))
        };
        let request = read("request.http");
        if is_captured(case) {
            let signature = signature_in(&request);
            return (request, signature);
        }
        let signature = self.sign(&read("signed.http"));
        (request.replace("{signature}", &signature), Some(signature))
    }

    /// What a server refuses though nothing is wrong with the signature, or none is there.
    fn fault_beside_the_signature(&self) -> Option<Fault<'_>> {
        let number = |name: &str| self.0.get(name).and_then(Value::as_i64);
        if let Some(at) = number("link_used") {
            return Some(Fault::LinkUsed { at });
        }
        if let Some(created) = number("link_older_than_bucket") {
            return Some(Fault::LinkOlderThanBucket { created });
        }
        if let Some(header) = self.text("owner_differs") {
            return Some(Fault::OwnerDiffers { header });
        }
        if self.flag("link_ended") {
            return Some(Fault::LinkEnded);
        }
        self.flag("unsigned").then_some(Fault::Unsigned)
    }

    /// What no CORS rule allows, where the fixture is about a preflight.
    fn preflight(&self) -> Option<Preflight> {
        let cors = self.0.get("cors")?;
        let denied = cors.get("denied").and_then(Value::as_array).cloned();
        let part = match cors.get("part").and_then(Value::as_str).expect("a part") {
            "asked" => PreflightPart::NotAsked,
            "bucket" => PreflightPart::NoBucket,
            "rules" => PreflightPart::NoRules,
            "origin" => PreflightPart::Origin,
            "method" => PreflightPart::Method,
            _ => PreflightPart::Headers(denied.unwrap_or_default().iter().map(text).collect()),
        };
        let place = |value: &Value| usize::try_from(value.as_u64().expect("a place")).expect("small");
        let allowed = cors.get("allowed").and_then(Value::as_array).cloned();
        let pair = |pair: &Value| (place(&pair[0]), text(&pair[1]));
        Some(Preflight {
            part,
            nearest: cors.get("nearest").map(place),
            allowed: allowed.unwrap_or_default().iter().map(pair).collect(),
        })
    }

    /// Receives a request as the server does, and diagnoses the refusal; `None` if nothing was refused.
    pub fn receive(&self, received: &str, budget: Budget<'_>) -> Option<Diagnosis> {
        if self.is_form() {
            return self.receive_form(received, budget);
        }
        let http = Http::parse(received);
        let (server, secret) = (self.server(), self.secret());
        if let Some(preflight) = self.preflight() {
            return Some(http.with(|request| refuse_preflight(request, &server, &preflight, budget)));
        }
        http.with(|request| {
            let (claimed, refusal) = match claim(request) {
                Ok(claimed) => (claimed, None),
                Err(refusal) => (None, Some(refusal)),
            };
            let expected = Expected {
                region: &server.region,
                service: &server.service,
                now: server.now,
            };
            let refusal = refusal.or_else(|| claimed.as_ref()?.check(request, &expected).err());
            let has_token = claimed.as_ref().is_some_and(|c| c.session_token.is_some());
            let token_refused = refusal.is_none() && has_token;
            let refusal = refusal.or_else(|| {
                let claimed = claimed.as_ref()?;
                let key = SigningKey::derive(&secret, &claimed.scope);
                let matched = verify(request, claimed, PathRule::S3, &key).matched;
                (!matched).then_some(Refusal::SignatureMismatch)
            });
            let (body, body_fault) = match &claimed {
                Some(claim) => self.receive_body(&http, request, claim),
                None => (None, None),
            };
            let known = !self.flag("unknown_key");
            let fault = match (&refusal, &body_fault) {
                _ if !known => Fault::UnknownAccessKeyId,
                _ if token_refused => match self.text("token_ended") {
                    Some(ended) => Fault::TokenExpired {
                        ended: parse_timestamp(ended).expect("a time"),
                    },
                    None => Fault::InvalidToken,
                },
                (None, _) if claimed.is_none() => Fault::Unsigned,
                (Some(refusal), _) => Fault::Refused(refusal),
                (None, Some(fault)) => Fault::Body(fault),
                (None, None) => self.fault_beside_the_signature()?,
            };
            let case = Case {
                request: *request,
                claim: claimed.as_ref(),
                fault,
                secret: known.then_some(&secret),
                rule: PathRule::S3,
                server: &server,
                transport: Transport {
                    http_1_0: http.http_1_0,
                    tls: self.flag("tls"),
                    sni: self.text("sni"),
                    peer_is_loopback: self.flag("peer_is_loopback"),
                },
                body: body.filter(|_| matches!(fault, Fault::Body(_))),
                form: None,
            };
            Some(diagnose(&case, budget))
        })
    }
}

/// Whether `conformance/capture` wrote the fixture: its folder is called `captured-..`.
pub fn is_captured(case: &Path) -> bool {
    case.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(CAPTURED))
}

/// How the folders of captures begin.
pub const CAPTURED: &str = "captured-";

/// The 64 digits that stand behind the name of the signature in a header, a link or a form.
fn signature_in(request: &str) -> Option<String> {
    let lower = request.to_lowercase();
    let digits = ["signature=", "x-amz-signature: "].iter().filter_map(|name| {
        let (_, rest) = lower.split_once(name)?;
        rest.get(..64)
    });
    let mut whole = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    whole.next().map(str::to_owned)
}

fn mac(hmac_key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(hmac_key).expect("any key");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A preflight is nobody's: there is no claim, and no secret.
fn refuse_preflight(
    request: &Request<'_>,
    server: &ServerFacts,
    preflight: &Preflight,
    budget: Budget<'_>,
) -> Diagnosis {
    let case = Case {
        request: *request,
        claim: None,
        fault: Fault::Preflight(preflight),
        secret: None,
        rule: PathRule::S3,
        server,
        transport: Transport::default(),
        body: None,
        form: None,
    };
    diagnose(&case, budget)
}

impl Context {
    /// Reads the body as the server does: what is known of it then, and what is wrong with it.
    fn receive_body(
        &self,
        http: &Http,
        request: &Request<'_>,
        claim: &Claim,
    ) -> (Option<BodyFacts>, Option<BodyFault>) {
        if let Some(stream) = self.0.get("stream") {
            let framed = stream::frame(stream, claim, &self.secret());
            let (facts, fault) = stream::receive(framed, request, claim, &self.secret());
            return (facts, fault.or_else(|| self.0.get("body_fault").map(body_fault)));
        }
        if matches!(claim.payload, Payload::Streaming(_)) && self.0.get("client").is_some() {
            let (facts, fault) = stream::receive(http.body.clone(), request, claim, &self.secret());
            return (facts, fault.or_else(|| self.0.get("body_fault").map(body_fault)));
        }
        let sha256: [u8; 32] = Sha256::digest(&http.body).into();
        let facts = BodyFacts {
            bytes: http.body.len() as u64,
            sha256: Some(sha256),
            head: http.body.clone(),
        };
        let differs = claim.payload.sha256().is_some_and(|hash| hash != sha256);
        let fault = match self.0.get("body_fault") {
            Some(fault) => Some(body_fault(fault)),
            None => differs.then_some(BodyFault::Sha256),
        };
        (Some(facts), fault)
    }
}

/// A fault that the server finds by means of its own, written out.
fn body_fault(fault: &Value) -> BodyFault {
    let text = |name: &str| fault[name].as_str().expect("a text").to_owned();
    let number = |name: &str| fault[name].as_u64();
    match text("kind").as_str() {
        "md5" => BodyFault::Md5,
        "md5-malformed" => BodyFault::Md5Malformed,
        "checksum-missing" => BodyFault::ChecksumMissing,
        "length-missing" => BodyFault::LengthMissing,
        "length" => BodyFault::Length {
            announced: number("announced").expect("a number"),
            arrived: number("arrived"),
        },
        "checksum" => BodyFault::Checksum {
            header: text("header"),
            sent: text("sent"),
            computed: text("computed"),
        },
        other => panic!("{other} is no fault of a body"),
    }
}

/// A budget without an end in time.
pub fn unhurried() -> Budget<'static> {
    Budget::full(&|| true)
}

/// What a person compares: everything a report says, line by line.
pub fn describe(diagnosis: &Diagnosis, operator: &Report, full: &Report, basic: &Report) -> String {
    let mut out = format!("header:    {}\n", full.header_value());
    out.push_str(&format!("full:      {}\n", full.sentence));
    out.push_str(&format!("basic:     {}\n", basic.sentence));
    out.push_str(&all_of(full));
    out.push_str(&format!("otherwise: {:?}\n", diagnosis.otherwise).to_lowercase());
    out.push_str(&culprit_of(full));
    if operator.json() != full.json() {
        out.push_str(&format!("\noperator:  {}\n", operator.sentence));
        out.push_str(&all_of(operator));
        out.push_str(&culprit_of(operator));
    }
    out
}

fn all_of(report: &Report) -> String {
    let mut out: String = report.causes.iter().map(cause_text).collect();
    for line in &report.ruled_out {
        out.push_str(&format!("ruled out: {line}\n"));
    }
    out
}

fn culprit_of(report: &Report) -> String {
    let culprit = report.culprit.as_ref();
    culprit.map_or_else(String::new, |culprit| {
        format!("culprit:   {} ({})\n", culprit.kind, culprit.evidence)
    })
}

fn cause_text(cause: &ReportCause) -> String {
    let mut out = format!(
        "\n{} by {} in {}: {}\n",
        cause.id, cause.proof, cause.slot, cause.title
    );
    out.push_str(&format!("  what:     {}\n", cause.what));
    for (name, value) in [("signed:  ", &cause.signed), ("received:", &cause.received)] {
        if let Some(value) = value {
            out.push_str(&format!("  {name} {value}\n"));
        }
    }
    out.push_str(&format!("  cure:     {}\n", cause.cure));
    if !cause.also.is_empty() {
        out.push_str(&format!("  also:     {}\n", cause.also.join(", ")));
    }
    if let Some(other) = &cause.ambiguity {
        out.push_str(&format!("  or:       {other}\n"));
    }
    out.push('\n');
    out
}
