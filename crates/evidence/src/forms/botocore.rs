//! The debug log of botocore: `aws --debug`, and boto3 with `boto3.set_stream_logger('')`.
//!
//! Both have the same messages behind different beginnings of a line. Not here: what is between the steps of a request.

use crate::answer::Answer;
use crate::evidence::{Evidence, Sent, Texts};
use crate::forms::Form;
use crate::literal::Literal;
use crate::log::{Entry, entries};

/// What tells the log from others.
const MARKS: [&str; 3] = ["botocore.auth", "botocore.endpoint", "botocore.parsers"];

pub(crate) fn read(text: &str) -> Option<Evidence> {
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let mut attempts: Vec<Attempt> = Vec::new();
    for entry in entries(text) {
        if entry.text.contains("CanonicalRequest:") || attempts.is_empty() {
            attempts.push(Attempt::default());
        }
        if let Some(attempt) = attempts.last_mut() {
            attempt.take(entry);
        }
    }
    // The last attempt that was refused; a log that was cut off has none, and the last one counts.
    let refused = attempts
        .iter()
        .rposition(|attempt| attempt.answer.refuses())
        .unwrap_or(attempts.len() - 1);
    let mut attempt = attempts.swap_remove(refused);
    // Threads write into one log: the answer may be to what another of them signed.
    let is_answered = |other: &Attempt| {
        let provided = attempt.answer.element("SignatureProvided");
        provided.is_some() && other.client.signature.as_deref() == provided
    };
    if !is_answered(&attempt)
        && let Some(other) = attempts.iter().position(is_answered)
    {
        let other = attempts.swap_remove(other);
        attempt.client = other.client;
        attempt.sent = other.sent;
    }
    let mut evidence = Evidence::new(Form::Botocore);
    evidence.client = attempt.client;
    evidence.sent = attempt.sent;
    let answered = attempt.answer != Answer::default();
    let evidence = evidence.with_answer(answered.then_some(attempt.answer));
    Some(evidence.of_one_request())
}

/// One signature, what was sent with it and what came back.
#[derive(Default)]
struct Attempt {
    client: Texts,
    sent: Option<Sent>,
    answer: Answer,
}

impl Attempt {
    fn take(&mut self, entry: Entry<'_>) {
        if let Some(text) = entry.text_after("CanonicalRequest:") {
            self.client.canonical_request = Some(text);
        } else if let Some(text) = entry.text_after("StringToSign:") {
            self.client.string_to_sign = Some(text);
        } else if let Some(text) = entry.text_after("Signature:") {
            self.client.signature = Some(text.trim().to_owned());
        } else if let Some(request) = entry.after("Sending http request:") {
            self.sent = prepared(request);
        } else if let Some(headers) = entry.after("Response headers:") {
            if let Some((headers, _)) = Literal::read(headers) {
                self.answer.headers = headers.texts();
            }
        } else if let Some(body) = entry.after("Response body:") {
            let body = Literal::read(body).and_then(|(body, _)| body.as_text().map(str::to_owned));
            let document = body.as_deref().and_then(Answer::in_text);
            self.answer = std::mem::take(&mut self.answer).with_document(document);
        } else if let Some(status) = entry
            .text
            .rsplit_once(" HTTP/1.1\" ")
            .and_then(|(_, rest)| rest.get(..3))
        {
            self.answer.status = status.parse().ok().or(self.answer.status);
        }
    }
}

/// `<AWSPreparedRequest stream_output=False, method=PUT, url=https://.., headers={..}>`
fn prepared(text: &str) -> Option<Sent> {
    let after = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
    let method = after("method=")?.split(',').next()?;
    // The URL may hold commas, but the headers follow it.
    let url = after("url=")?.split(", headers=").next()?;
    let mut sent = Sent::to_url(method, url)?;
    let (headers, _) = Literal::read(after("headers=")?)?;
    sent.add_headers(headers.texts());
    let length = sent
        .header("content-length")
        .and_then(|length| length.parse().ok());
    sent.body_bytes = length;
    Some(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(begin: impl Fn(&str) -> String) -> String {
        [
            ("botocore.auth", "Calculating signature using v4 auth."),
            ("botocore.auth", "CanonicalRequest:\nPUT\n/b/k\n\nhost:localhost:9000\n\nhost\nUNSIGNED-PAYLOAD"),
            ("botocore.auth", "StringToSign:\nAWS4-HMAC-SHA256\n20250101T000000Z\n20250101/us-east-1/s3/aws4_request\nabc"),
            ("botocore.auth", "Signature:\n0123"),
            (
                "botocore.endpoint",
                "Sending http request: <AWSPreparedRequest stream_output=False, method=PUT, url=http://localhost:9000/b/k, headers={'User-Agent': b'Boto3/1', 'X-Amz-Date': b'20250101T000000Z', 'Content-Length': '5'}>",
            ),
            ("urllib3.connectionpool", "http://localhost:9000 \"PUT /b/k HTTP/1.1\" 403 None"),
            ("botocore.parsers", "Response headers: {'Date': 'd', 'x-amz-request-id': 'r'}"),
            (
                "botocore.parsers",
                "Response body:\nb'<?xml version=\"1.0\"?>\\n<Error><Code>SignatureDoesNotMatch</Code><StringToSign>x\\ny</StringToSign></Error>'",
            ),
        ]
        .map(|(logger, text)| format!("{}{text}\n", begin(logger)))
        .concat()
    }

    #[test]
    fn the_log_of_the_cli_and_that_of_boto3_are_read_alike() {
        for text in [
            log(|logger| format!("2025-01-01 00:00:00,123 - MainThread - {logger} - DEBUG - ")),
            log(|logger| format!("2025-01-01 00:00:00,123 {logger} [DEBUG] ")),
        ] {
            let evidence = read(&text).expect("a log");
            assert_eq!(
                evidence.client.canonical_request.as_deref(),
                Some("PUT\n/b/k\n\nhost:localhost:9000\n\nhost\nUNSIGNED-PAYLOAD")
            );
            assert!(
                evidence
                    .client
                    .string_to_sign
                    .is_some_and(|text| text.ends_with("\nabc"))
            );
            assert_eq!(evidence.client.signature.as_deref(), Some("0123"));
            let sent = evidence.sent.expect("a request");
            assert_eq!(
                (sent.method.as_str(), sent.header("host"), sent.body_bytes),
                ("PUT", Some("localhost:9000"), Some(5))
            );
            assert_eq!(sent.header("x-amz-date"), Some("20250101T000000Z"));
            let answer = evidence.answer.expect("an answer");
            assert_eq!(
                (answer.status, answer.code.as_str()),
                (Some(403), "SignatureDoesNotMatch")
            );
            assert_eq!(evidence.server.string_to_sign.as_deref(), Some("x\ny"));
        }
    }

    #[test]
    fn of_several_attempts_the_refused_one_counts() {
        let begin = |logger: &str| format!("2025-01-01 00:00:00,123 {logger} [DEBUG] ");
        let good = log(begin)
            .replace("403", "200")
            .replace("<Error>", "<Fine>")
            .replace("/b/k", "/b/good");
        let text = format!("{good}{}{good}", log(begin));
        let sent = read(&text).and_then(|evidence| evidence.sent).expect("a request");
        assert_eq!(sent.path, "/b/k");
    }

    #[test]
    fn other_logs_are_none() {
        assert!(read("2025-01-01 00:00:00,123 urllib3 [DEBUG] x").is_none());
    }
}
