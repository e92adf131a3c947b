//! An HTTP archive: everything a browser sent and got, saved from its network panel.
//!
//! SPEC: <http://www.softwareishard.com/blog/har-12-spec/>. Browsers leave `Authorization` and cookies out unless they are asked to
//! export sensitive data, which is said where it matters.

use serde_json::Value;

use crate::answer::Answer;
use crate::evidence::{Evidence, Sent};
use crate::forms::Form;

const NOTE_SANITIZED: &str = "This archive was saved without sensitive data, so the Authorization header is missing: export it \
    again \"with sensitive data\" (in Chromium: hold the download button of the network panel).";

pub(crate) fn is_one(text: &str) -> bool {
    let beginning: String = text.chars().take(400).filter(|c| !c.is_whitespace()).collect();
    beginning.starts_with("{\"log\":{") && text.contains("\"entries\"")
}

/// The last request that is signed and was refused, with the preflight or the redirects that led to it.
pub(crate) fn read(text: &str) -> Option<Evidence> {
    let archive: Value = serde_json::from_str(text).ok()?;
    let entries = archive.pointer("/log/entries")?.as_array()?;
    let exchanges: Vec<(Sent, Answer)> = entries.iter().filter_map(exchange).collect();
    let at = exchanges
        .iter()
        .rposition(|(sent, answer)| is_about_s3(sent, answer) && was_refused(answer))?;
    let (before, from) = exchanges.split_at_checked(at)?;
    let (sent, answer) = from.first()?.clone();
    let mut evidence = Evidence::new(Form::Har);
    evidence.earlier = before
        .iter()
        .filter(|(other, answer)| leads_to(other, answer, &sent))
        .cloned()
        .collect();
    let is_signed = sent.header("authorization").is_some() || sent.query.as_deref().is_some_and(is_presigned);
    if !is_signed && sent.method != "OPTIONS" {
        evidence.notes.push(NOTE_SANITIZED);
    }
    evidence.sent = Some(sent);
    Some(evidence.with_answer(Some(answer)))
}

/// Whether it is the preflight of the refused request, or was answered with a redirect to it.
fn leads_to(other: &Sent, answer: &Answer, refused: &Sent) -> bool {
    let is_redirect = answer.status.is_some_and(|status| (300..400).contains(&status));
    other.path == refused.path && (other.method == "OPTIONS" || is_redirect)
}

fn exchange(entry: &Value) -> Option<(Sent, Answer)> {
    let text = |value: &Value, pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut sent = Sent::to_url(&text(entry, "/request/method"), &text(entry, "/request/url"))?;
    sent.add_headers(headers(entry.pointer("/request/headers")));
    sent.body_bytes = entry.pointer("/request/bodySize").and_then(Value::as_u64);
    // Playwright writes -1 where others write 0.
    let status = entry
        .pointer("/response/status")
        .and_then(Value::as_i64)
        .map(|status| status.max(0));
    let answer = Answer {
        status: status.and_then(|status| u16::try_from(status).ok()),
        headers: headers(entry.pointer("/response/headers")),
        ..Answer::default()
    };
    let body = text(entry, "/response/content/text");
    Some((sent, answer.with_document(Answer::in_text(&body))))
}

fn headers(list: Option<&Value>) -> Vec<(String, String)> {
    let list = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text = |header: &Value, name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
    let headers = list
        .iter()
        .filter_map(|header| Some((text(header, "name")?, text(header, "value")?)));
    // Chromium writes those of HTTP/2 with a colon; the authority is the host.
    headers
        .filter_map(|(name, value)| match name.as_str() {
            ":authority" => Some(("Host".to_owned(), value)),
            name if name.starts_with(':') => None,
            _ => Some((name, value)),
        })
        .collect()
}

fn was_refused(answer: &Answer) -> bool {
    // A preflight that was refused, and an answer that the page was not allowed to see, have the status 0.
    answer.refuses() || answer.status == Some(0)
}

fn is_about_s3(sent: &Sent, answer: &Answer) -> bool {
    let is_amz = |(name, _): &(String, String)| name.to_ascii_lowercase().starts_with("x-amz-");
    let asks_for_amz = sent
        .header("access-control-request-headers")
        .is_some_and(|names| names.contains("x-amz-") || names.contains("authorization"));
    sent.header("authorization")
        .is_some_and(|value| value.starts_with("AWS"))
        || sent.query.as_deref().is_some_and(is_presigned)
        || sent.headers.iter().any(is_amz)
        || answer.headers.iter().any(is_amz)
        || !answer.code.is_empty()
        || (sent.method == "OPTIONS" && asks_for_amz)
}

fn is_presigned(query: &str) -> bool {
    query.contains("X-Amz-") || query.contains("AWSAccessKeyId=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn archive(entries: Value) -> String {
        json!({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": entries}})
            .to_string()
    }

    fn entry(method: &str, url: &str, request: Value, status: u16, body: &str) -> Value {
        json!({"request": {"method": method, "url": url, "headers": request},
               "response": {"status": status, "headers": [{"name": "date", "value": "d"}], "content": {"text": body}}})
    }

    #[test]
    fn the_refused_request_is_found_among_others() {
        let link = "https://h/b/k?X-Amz-Signature=s";
        let refusal = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
        let text = archive(json!([
            entry("GET", "https://page/", json!([]), 404, "no such page"),
            entry("OPTIONS", link, json!([]), 200, ""),
            entry(
                "PUT",
                link,
                json!([{"name": ":authority", "value": "h"}, {"name": "content-type", "value": "image/png"}]),
                403,
                refusal
            ),
            entry("GET", "https://page/style.css", json!([]), 200, ""),
        ]));
        assert!(is_one(&text));
        let evidence = read(&text).expect("one was refused");
        let sent = evidence.sent.expect("a request");
        assert_eq!((sent.method.as_str(), sent.header("host")), ("PUT", Some("h")));
        assert_eq!(sent.header("content-type"), Some("image/png"));
        assert_eq!(evidence.answer.expect("an answer").code, "SignatureDoesNotMatch");
        assert_eq!((evidence.earlier.len(), evidence.notes.len()), (1, 0));
    }

    #[test]
    fn an_archive_without_sensitive_data_says_so() {
        let headers = json!([{"name": "x-amz-date", "value": "20250101T000000Z"}]);
        let text = archive(json!([entry("PUT", "https://h/b/k", headers, 403, "")]));
        assert_eq!(read(&text).expect("refused").notes, [NOTE_SANITIZED]);
    }

    #[test]
    fn an_archive_without_refusals_is_none() {
        assert!(
            read(&archive(json!([entry(
                "GET",
                "https://h/b/k?X-Amz-Signature=s",
                json!([]),
                200,
                ""
            )])))
            .is_none()
        );
        assert!(!is_one("{\"a\": 1}"));
    }
}
