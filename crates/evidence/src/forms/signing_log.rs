//! Logs that hold what was signed under marks of their own: the SDKs for Go, Java and Rust.
//!
//! - Go, version 1 (`aws.LogDebugWithSigning`) and 2 (`aws.LogSigning | aws.LogRequest | aws.LogResponse`): blocks
//!   `---[ CANONICAL STRING  ]---` and `---[ STRING TO SIGN ]---`, and heads as on the wire.
//! - Java, version 1 (`com.amazonaws.auth`, `com.amazonaws.request`) and 2 (`software.amazon.awssdk.auth`), at the level DEBUG.
//! - Rust (`aws_sigv4=trace`, `aws_smithy_runtime=trace`).

use crate::answer::Answer;
use crate::evidence::{Evidence, Sent, Texts};
use crate::forms::{Form, java};
use crate::http;
use crate::literal::Literal;
use crate::log::{Entry, entries};

/// How a log writes what counts.
struct Dialect {
    form: Form,
    /// Any of these tells it.
    known_by: &'static [&'static str],
    canonical_request: &'static [&'static str],
    string_to_sign: &'static [&'static str],
    /// Ends a text that is not the last of its entry.
    ends: &'static [&'static str],
}

const DIALECTS: [Dialect; 3] = [
    Dialect {
        form: Form::Go,
        known_by: &["---[ CANONICAL STRING", "---[ STRING TO SIGN"],
        canonical_request: &[
            "---[ CANONICAL STRING  ]-----------------------------",
            "---[ CANONICAL STRING ]",
        ],
        string_to_sign: &[
            "---[ STRING TO SIGN ]--------------------------------",
            "---[ STRING TO SIGN ]",
        ],
        ends: &["\n---[ ", "\n------------"],
    },
    Dialect {
        form: Form::Java,
        known_by: &[
            "AWS4 Canonical Request:",
            "AWS4 String to sign:",
            "AWS4 String to Sign:",
        ],
        canonical_request: &["AWS4 Canonical Request:"],
        string_to_sign: &["AWS4 String to sign:", "AWS4 String to Sign:"],
        ends: &[],
    },
    Dialect {
        form: Form::Rust,
        known_by: &["aws_sigv4::", "aws_sigv4:"],
        canonical_request: &["canonical_request="],
        string_to_sign: &["string_to_sign="],
        ends: &[" string_to_sign=", " canonical_request="],
    },
];

pub(crate) fn read(text: &str) -> Option<Evidence> {
    let dialect = DIALECTS
        .iter()
        .find(|dialect| dialect.known_by.iter().any(|mark| text.contains(mark)))?;
    let mut attempts: Vec<Attempt> = vec![Attempt::default()];
    for entry in entries(text) {
        let taken = Attempt::of(entry, dialect);
        let Some(last) = attempts.last_mut() else { break };
        let is_next = taken.client.canonical_request.is_some() && last.client.canonical_request.is_some();
        match is_next {
            true => attempts.push(taken),
            false => last.add(taken),
        }
    }
    for attempt in &mut attempts {
        attempt.finish();
    }
    let refused = attempts
        .iter()
        .rposition(|attempt| attempt.answer.as_ref().is_some_and(Answer::refuses))
        .unwrap_or(attempts.len() - 1);
    let attempt = attempts.swap_remove(refused);
    let mut evidence = Evidence::new(dialect.form);
    evidence.client = attempt.client;
    evidence.sent = attempt.sent;
    let answer = attempt.answer.or_else(|| Answer::in_text(text));
    Some(evidence.with_answer(answer).of_one_request())
}

#[derive(Default)]
struct Attempt {
    client: Texts,
    sent: Option<Sent>,
    answer: Option<Answer>,
    /// Lines of the wire that went and that came, in logs that show them one by one.
    went: String,
    came: String,
}

impl Attempt {
    /// What one entry says.
    fn of(entry: Entry<'_>, dialect: &Dialect) -> Attempt {
        let text_of = |marks: &[&str]| {
            let text = marks.iter().find_map(|mark| entry.text_after(mark))?;
            let end = dialect.ends.iter().filter_map(|end| text.find(end)).min();
            let text = text.get(..end.unwrap_or(text.len()))?;
            Some(unquoted(text.trim_end_matches(['\n', '\r'])))
        };
        let client = Texts {
            canonical_request: text_of(dialect.canonical_request),
            string_to_sign: text_of(dialect.string_to_sign),
            signature: None,
        };
        if client != Texts::default() {
            return Attempt {
                client,
                ..Attempt::default()
            };
        }
        let mut attempt = Attempt::default();
        match java::wire(entry) {
            Some((true, line)) => attempt.came = line,
            Some((false, line)) => attempt.went = line,
            None => (attempt.sent, attempt.answer) = wire(entry.text),
        }
        attempt
    }

    /// Puts together what was logged line by line.
    fn finish(&mut self) {
        if let Some((sent, _)) = http::request(&self.went) {
            self.sent = Some(sent);
        }
        let mut came = self.came.as_str();
        while let Some((answer, rest)) = http::answer(came) {
            // `100 Continue` is no answer yet.
            if answer.status.is_some_and(|status| status >= 200) {
                self.answer =
                    Some(answer.with_document(Answer::in_text(rest).or_else(|| self.answer.take())));
            }
            came = rest;
        }
    }

    /// Takes what the other has and this has not; of requests and answers the later ones.
    fn add(&mut self, other: Attempt) {
        self.client.canonical_request = self
            .client
            .canonical_request
            .take()
            .or(other.client.canonical_request);
        self.client.string_to_sign = self.client.string_to_sign.take().or(other.client.string_to_sign);
        self.sent = other.sent.or(self.sent.take());
        self.went.push_str(&other.went);
        self.came.push_str(&other.came);
        self.answer = match (self.answer.take(), other.answer) {
            // The document may stand in another entry than the status.
            (Some(first), Some(second)) if second.status.is_none() => Some(first.with_document(Some(second))),
            (first, second) => second.or(first),
        };
    }
}

/// A head of a request or an answer, in any line of an entry; also an error document, and what Java prints of a request.
fn wire(text: &str) -> (Option<Sent>, Option<Answer>) {
    let mut starts = text.match_indices('\n').map(|(at, _)| at + 1);
    let heads = std::iter::once(0).chain(&mut starts);
    let (mut sent, mut answer) = (None, None);
    for at in heads {
        let Some(rest) = text.get(at..) else { continue };
        // Only a line that could begin a head is worth reading.
        let line = rest.lines().next().unwrap_or_default();
        if line.contains(" HTTP/") {
            sent = sent.or_else(|| http::request(rest).map(|(sent, _)| sent));
        }
        if line.starts_with("HTTP/") {
            answer = http::answer(rest).map(|(answer, _)| answer);
        }
    }
    let sent = sent.or_else(|| java::request(text));
    let answer = answer.or_else(|| rust_response(text));
    let document = Answer::in_text(text).or_else(|| java::exception(text));
    let answer = match (answer, document) {
        (Some(answer), document) => Some(answer.with_document(document)),
        (None, document) => document,
    };
    (sent, answer)
}

/// `response=Response { status: StatusCode(403), headers: {"date": "d"}, .. }`, as the SDK for Rust prints an answer.
fn rust_response(text: &str) -> Option<Answer> {
    let (_, rest) = text.rsplit_once("Response { status: StatusCode(")?;
    let (status, rest) = rest.split_once(')')?;
    let headers = rest
        .split_once("headers: ")
        .and_then(|(_, headers)| Literal::read(headers));
    Some(Answer {
        status: status.parse().ok(),
        headers: headers.map(|(headers, _)| headers.texts()).unwrap_or_default(),
        ..Answer::default()
    })
}

/// Java's version 1 puts quotes around what it prints, and Rust may print a text as source code.
fn unquoted(text: &str) -> String {
    let text = text.trim_start_matches('\'');
    match Literal::read(text) {
        Some((Literal::Text(inner), _)) if text.starts_with('"') => inner,
        _ => text.trim_end_matches('\'').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANONICAL: &str = "PUT\n/b/k\nx-id=PutObject\nhost:h\n\nhost\nUNSIGNED-PAYLOAD";
    const STRING: &str = "AWS4-HMAC-SHA256\n20250101T000000Z\n20250101/us-east-1/s3/aws4_request\nabc";

    fn check(text: &str, form: Form) -> Evidence {
        let evidence = read(text).expect("a log");
        assert_eq!(evidence.form, form);
        assert_eq!(
            evidence.client.canonical_request.as_deref(),
            Some(CANONICAL),
            "{text}"
        );
        assert_eq!(evidence.client.string_to_sign.as_deref(), Some(STRING), "{text}");
        evidence
    }

    #[test]
    fn go_of_both_versions_is_read() {
        let signed = format!(
            "DEBUG Request Signature:\n---[ CANONICAL STRING  ]-----------------------------\n{CANONICAL}\n\
             ---[ STRING TO SIGN ]--------------------------------\n{STRING}\n-----------------------------------------------------\n"
        );
        for begin in ["2025/01/01 00:00:00 ", "SDK 2025/01/01 00:00:00 "] {
            let text = format!(
                "{begin}{signed}{begin}DEBUG Request\nPUT /b/k?x-id=PutObject HTTP/1.1\r\nHost: h\r\nX-Amz-Date: d\r\n\r\n\
                 {begin}DEBUG Response\nHTTP/1.1 403 Forbidden\r\nDate: d\r\n\r\n<Error><Code>SignatureDoesNotMatch</Code></Error>\n"
            );
            let evidence = check(&text, Form::Go);
            assert_eq!(evidence.sent.expect("a request").header("x-amz-date"), Some("d"));
            let answer = evidence.answer.expect("an answer");
            assert_eq!(
                (answer.status, answer.code.as_str()),
                (Some(403), "SignatureDoesNotMatch")
            );
        }
    }

    #[test]
    fn java_of_both_versions_is_read() {
        let begin = "2025-01-01 00:00:00 [main] DEBUG software.amazon.awssdk.auth.signer.Aws4Signer:84 - ";
        check(
            &format!("{begin}AWS4 Canonical Request: {CANONICAL}\n{begin}AWS4 String to sign: {STRING}\n"),
            Form::Java,
        );
        let quoted = |text: &str| format!("'\"{text}\"'");
        check(
            &format!(
                "{begin}AWS4 Canonical Request: {}\n{begin}AWS4 String to Sign: {}\n",
                quoted(CANONICAL),
                quoted(STRING)
            ),
            Form::Java,
        );
    }

    #[test]
    fn rust_is_read() {
        let begin = "2025-01-01T00:00:00.000000Z TRACE invoke: aws_sigv4::http_request::sign: ";
        check(
            &format!("{begin}canonical_request={CANONICAL}\n{begin}string_to_sign={STRING}\n"),
            Form::Rust,
        );
        check(
            &format!("{begin}canonical_request={CANONICAL} string_to_sign={STRING}\n"),
            Form::Rust,
        );
    }

    #[test]
    fn other_logs_are_none() {
        assert!(read("2025-01-01 00:00:00 something").is_none());
    }
}
