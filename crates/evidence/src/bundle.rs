//! Everything that somebody who helps needs to know of a refused request, safe to be pasted where anybody reads it.
//!
//! Not here: finding the cause (`explain`), and what is known of the machine, which is handed in.
//!
//! Keeps true: no secret, token, cookie or customer's key stands in a bundle, and of a signature the first eight digits. What is
//! shown of headers, parameters and answers is chosen by name; a header that nobody knows is told by its length.

use countersign_diagnose::{Mask, is_secret_header};
use countersign_sigv4::{encode_uri, lower_escapes};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::canonical::CanonicalText;
use crate::evidence::{Evidence, Sent, Texts};
use crate::explain::Explained;
use crate::odd_id::odd_ids;
use crate::shown::harmless;

/// What is known of the machine and of whoever signs there.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// This program and its version.
    pub program: String,
    /// Operating system, processor, kernel.
    pub platform: String,
    /// The machine's clock, UTC.
    pub now: String,
    /// Its time zone.
    pub time_zone: String,
    /// Where keys come from and what is odd about them, in sentences without values.
    pub credentials: Vec<String>,
    /// Names of variables that are set.
    pub variables: Vec<String>,
}

/// A bundle.
pub struct Bundle(Value);

impl Bundle {
    /// Puts a bundle together. `secrets` are values that are known beside the text and must not stand in it.
    pub fn of(
        evidence: Option<&Evidence>,
        explained: Option<&Explained>,
        around: &Surroundings,
        secrets: &[&str],
    ) -> Bundle {
        let mut mask = Mask::default();
        let mut known: Vec<Mask> = secrets.iter().map(|secret| in_each_form(secret)).collect();
        if let Some(evidence) = evidence {
            collect(evidence, &mut mask);
            known.extend(odd_ids(evidence).iter().map(|id| in_each_form(id)));
        }
        let mut document = json!({
            "version": 1,
            "program": around.program,
            "platform": around.platform,
            "now": around.now,
            "timeZone": around.time_zone,
            "credentials": around.credentials,
            "variables": around.variables,
            "form": evidence.map(|evidence| evidence.form.to_string()),
            "request": evidence.and_then(|evidence| evidence.sent.as_ref()).map(request),
            "earlier": evidence.map(earlier),
            "answer": evidence.and_then(|evidence| evidence.answer.as_ref()).map(answer),
            "signed": evidence.map(|evidence| texts(&evidence.client)),
            "received": evidence.map(|evidence| texts(&evidence.server)),
            "explanation": explained.map(Explained::document),
            "explanationText": explained.map(Explained::text),
        });
        for mask in known.iter().chain([&mask]) {
            mask.document(&mut document);
        }
        Bundle(document)
    }

    /// For programs.
    pub fn document(&self) -> Value {
        let mut document = self.0.clone();
        if let Some(fields) = document.as_object_mut() {
            fields.remove("explanationText");
        }
        document
    }

    /// For people: what is pasted into a ticket.
    pub fn text(&self) -> String {
        let mut out =
            String::from("---- countersign bundle: no secret, token or whole signature is in it ----\n");
        for (title, name) in [
            ("program", "program"),
            ("platform", "platform"),
            ("clock", "now"),
            ("time zone", "timeZone"),
            ("form", "form"),
        ] {
            if let Some(text) = self.0.get(name).and_then(Value::as_str) {
                out.push_str(&format!("{title:10} {}\n", harmless(text)));
            }
        }
        for (title, name) in [
            ("credentials", "credentials"),
            ("variables that are set", "variables"),
        ] {
            section(&mut out, title, lines(self.0.get(name)));
        }
        let part = |pointer: &str| self.0.pointer(pointer);
        section(&mut out, "request", lines(part("/request")));
        section(&mut out, "requests before it", lines(part("/earlier")));
        section(&mut out, "answer", lines(part("/answer")));
        for (title, pointer) in [
            (
                "canonical request, as the client signed it",
                "/signed/canonicalRequest",
            ),
            (
                "canonical request, as the server made it of what it received",
                "/received/canonicalRequest",
            ),
            ("string to sign of the client", "/signed/stringToSign"),
            ("string to sign of the server", "/received/stringToSign"),
        ] {
            section(&mut out, title, lines(part(pointer)));
        }
        let explanation = part("/explanationText")
            .and_then(Value::as_str)
            .unwrap_or_default();
        section(
            &mut out,
            "explanation",
            explanation.lines().map(str::to_owned).collect(),
        );
        out.push_str("---- end of the bundle ----\n");
        out
    }
}

/// All values in the evidence that must not be told.
fn collect(evidence: &Evidence, mask: &mut Mask) {
    let sent = evidence
        .sent
        .iter()
        .chain(evidence.earlier.iter().map(|(sent, _)| sent));
    for sent in sent {
        for (name, value) in &sent.headers {
            hide_header(mask, name, value);
        }
        mask.query(sent.query.as_deref().unwrap_or_default().as_bytes());
    }
    for texts in [&evidence.client, &evidence.server] {
        mask.signature(texts.signature.as_deref().unwrap_or_default());
        let canonical = texts.canonical_request.as_deref();
        if let Some(canonical) = canonical.and_then(CanonicalText::parse) {
            for (name, value) in &canonical.headers {
                hide_header(mask, name, value);
            }
            mask.query(canonical.query.as_bytes());
        }
    }
}

fn hide_header(mask: &mut Mask, name: &str, value: &str) {
    mask.header(name, value);
    if is_secret(name) {
        mask.hide(value);
    }
}

/// A value as it is, without the blanks around it that a file or a variable had, and as it stands in a URL.
fn in_each_form(value: &str) -> Mask {
    let mut mask = Mask::default();
    for value in [value, value.trim()] {
        mask.hide(value);
        let encoded = encode_uri(value.as_bytes(), false);
        mask.hide(&lower_escapes(&encoded));
        mask.hide(&encoded);
    }
    mask
}

fn request(sent: &Sent) -> Value {
    let mut all = vec![format!("{} {}", sent.method, sent.target()).trim().to_owned()];
    let signed = sent.header("authorization").unwrap_or_default();
    let signed = signed.split("SignedHeaders=").nth(1).unwrap_or_default();
    let signed: Vec<&str> = signed
        .split([',', ' '])
        .next()
        .unwrap_or_default()
        .split(';')
        .collect();
    for (name, value) in &sent.headers {
        let name = name.to_ascii_lowercase();
        let is_told = signed.contains(&name.as_str()) || is_known(&name);
        all.push(format!("{name}: {}", header(&name, value, is_told)));
    }
    all.extend(sent.body_bytes.map(|bytes| format!("({bytes} bytes of body)")));
    json!(all)
}

/// Of a header what may be told.
fn header(name: &str, value: &str, is_told: bool) -> String {
    if is_secret(name) {
        return match value.split_once("Signature=") {
            Some((head, signature)) if name == "authorization" => {
                let digits: String = signature.chars().take(SIGNATURE_CHARACTERS).collect();
                format!("{head}Signature={digits}")
            }
            _ => format!("*** ({} bytes)", value.len()),
        };
    }
    match is_told {
        true => value.to_owned(),
        false => format!("({} bytes)", value.len()),
    }
}

/// Whether a header carries a credential, or is named as if it did: those of other systems are signed along with the rest.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_secret_header(&name) || SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn is_known(name: &str) -> bool {
    KNOWN_HEADERS.contains(&name)
        || ["x-amz-", "amz-sdk-", "content-", "if-", "x-forwarded-"]
            .iter()
            .any(|start| name.starts_with(start))
}

fn earlier(evidence: &Evidence) -> Value {
    let lines = evidence.earlier.iter().map(|(sent, answer)| {
        let status = answer
            .status
            .map_or_else(|| "?".to_owned(), |status| status.to_string());
        format!("{} {} -> {status} {}", sent.method, sent.target(), answer.code)
    });
    json!(lines.collect::<Vec<_>>())
}

fn answer(answer: &Answer) -> Value {
    let mut all = Vec::new();
    all.extend(answer.status.map(|status| format!("status: {status}")));
    if !answer.code.is_empty() {
        all.push(format!("code: {}", answer.code));
        all.push(format!("message: {}", answer.message));
    }
    let told = |known: &'static [&'static str]| {
        move |(name, _): &&(String, String)| known.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    let elements = answer.elements.iter().filter(told(&KNOWN_ELEMENTS));
    let headers = answer.headers.iter().filter(told(&KNOWN_ANSWER_HEADERS));
    all.extend(
        elements
            .chain(headers)
            .map(|(name, value)| format!("{name}: {value}")),
    );
    json!(all)
}

fn texts(texts: &Texts) -> Value {
    let split = |text: &Option<String>| -> Vec<String> {
        let text = text.as_deref().unwrap_or_default();
        text.lines()
            .map(|line| match line.split_once(':') {
                Some((name, value)) if is_secret(name) => {
                    format!("{name}:*** ({} bytes)", value.len())
                }
                _ => line.to_owned(),
            })
            .collect()
    };
    json!({
        "canonicalRequest": split(&texts.canonical_request),
        "stringToSign": split(&texts.string_to_sign),
        "signature": texts.signature,
    })
}

fn lines(value: Option<&Value>) -> Vec<String> {
    let lines = value.and_then(Value::as_array).into_iter().flatten();
    lines.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn section(out: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}\n"));
    for line in lines {
        out.push_str(format!("  {}", harmless(&line)).trim_end());
        out.push('\n');
    }
}

/// Words in the names of headers that carry credentials.
const SECRET_WORDS: [&str; 12] = [
    "token",
    "secret",
    "password",
    "credential",
    "cookie",
    "api-key",
    "apikey",
    "access-key",
    "private-key",
    "x-auth",
    "jwt",
    "x-amz-mfa",
];
/// How many digits of a signature are told, to tell one from another.
const SIGNATURE_CHARACTERS: usize = 8;
/// Headers of a request that are told whether they are signed or not.
const KNOWN_HEADERS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "date",
    "expect",
    "forwarded",
    "host",
    "origin",
    "range",
    "te",
    "transfer-encoding",
    "traceparent",
    "user-agent",
    "via",
    "x-real-ip",
    "content-type",
];
/// Elements of an error document that are told: none that repeats a token or a text.
const KNOWN_ELEMENTS: [&str; 20] = [
    "ArgumentName",
    "AWSAccessKeyId",
    "BucketName",
    "ClientComputedContentSHA256",
    "Endpoint",
    "Expires",
    "HeadersNotSigned",
    "HostId",
    "MaxAllowedSkewMilliseconds",
    "Method",
    "Region",
    "RequestId",
    "RequestTime",
    "Resource",
    "ResourceType",
    "S3ComputedContentSHA256",
    "ServerTime",
    "X-Amz-Expires",
    "Condition",
    "Bucket",
];
/// Headers of an answer that are told.
const KNOWN_ANSWER_HEADERS: [&str; 14] = [
    "cf-ray",
    "content-type",
    "date",
    "location",
    "server",
    "via",
    "x-amz-bucket-region",
    "x-amz-cf-id",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-cache",
    "x-countersign-diagnosis",
    "x-minio-error-code",
    "x-minio-error-desc",
];
