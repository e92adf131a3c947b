//! A refusal on record as a person reads it: what happened, why, what to change, what was signed on both sides, what the search cost.
//!
//! Not here: finding any of it out. A field that is missing, as in lines of an older server, leaves its paragraph out.

use countersign_evidence::harmless;
use serde_json::Value;

use super::beside::beside;
use crate::terminal::{Ink, Screen};

/// The document of the server.
pub(super) fn told(document: &Value, screen: &Screen) -> String {
    let diagnosis = document.get("diagnosis").unwrap_or(&Value::Null);
    let paragraphs = [
        head(document, screen),
        causes(diagnosis, screen),
        decision(diagnosis, screen),
        without_cause(document, diagnosis),
        page(diagnosis, screen),
        besides(diagnosis, screen),
        texts(diagnosis.get("texts").unwrap_or(&Value::Null), screen),
        search(diagnosis.get("tried").unwrap_or(&Value::Null)),
    ];
    let told: Vec<String> = paragraphs.into_iter().filter(|text| !text.is_empty()).collect();
    told.join("\n")
}

fn head(document: &Value, screen: &Screen) -> String {
    let title = format!("{} {}", text(document, "code"), text(document, "requestId"));
    let mut out = format!("{}\n", screen.paint(&title, Ink::Bold));
    let request = format!("{} {}", text(document, "method"), text(document, "path"));
    for (name, value) in [
        ("time", text(document, "time")),
        ("request", request.trim().to_owned()),
        ("host", text(document, "host")),
        ("origin", text(document, "origin")),
        ("client", text(document, "client")),
        ("key", text(document, "accessKeyId")),
    ] {
        out.push_str(&field(name, &value));
    }
    out
}

fn causes(diagnosis: &Value, screen: &Screen) -> String {
    let causes = list(diagnosis, "causes");
    let status = text(diagnosis, "status");
    let told = causes.iter().map(|cause| {
        let title = format!("{} ({}, {status})", text(cause, "title"), text(cause, "id"));
        let mut out = format!("{}\n", screen.paint(&title, Ink::Bold));
        for name in ["what", "signed", "received", "cure"] {
            out.push_str(&field(name, &text(cause, name)));
        }
        let also: Vec<String> = list(cause, "also").iter().map(plain).collect();
        out.push_str(&field("also", &also.join(", ")));
        out
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What access policies decided.
fn decision(diagnosis: &Value, screen: &Screen) -> String {
    let Some(decision) = diagnosis.get("decision").filter(|decision| decision.is_object()) else {
        return String::new();
    };
    let title = format!("{} ({})", text(decision, "reason"), text(decision, "policyType"));
    let mut out = format!("{}\n", screen.paint(&title, Ink::Bold));
    let statement = decision.get("statement").and_then(Value::as_u64);
    for (name, value) in [
        ("who", text(diagnosis, "requester")),
        ("action", text(diagnosis, "action")),
        ("resource", text(diagnosis, "resource")),
        ("policy", text(decision, "policy")),
        (
            "statement",
            statement.map(|number| number.to_string()).unwrap_or_default(),
        ),
        ("sid", text(decision, "sid")),
    ] {
        out.push_str(&field(name, &value));
    }
    out
}

fn without_cause(document: &Value, diagnosis: &Value) -> String {
    if !list(diagnosis, "causes").is_empty() {
        return String::new();
    }
    let message = text(document, "message");
    // What the answer said after AWS's own text, where no cause is named.
    let more = text(diagnosis, "message");
    [message, more]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| format!("{text}\n"))
        .collect()
}

/// Why a page could not read the answer, whatever it said.
fn page(diagnosis: &Value, screen: &Screen) -> String {
    let Some(page) = diagnosis.get("page") else {
        return String::new();
    };
    let title = format!("the page could not read this answer ({})", text(page, "id"));
    let mut out = format!("{}\n", screen.paint(&title, Ink::Bold));
    for name in ["what", "cure"] {
        out.push_str(&field(name, &text(page, name)));
    }
    out
}

/// What follows from the finding: what is right, and who probably did it.
fn besides(diagnosis: &Value, screen: &Screen) -> String {
    let mut out = String::new();
    let ruled_out = list(diagnosis, "ruledOut");
    if !ruled_out.is_empty() {
        out.push_str(&format!("{}\n", screen.paint("ruled out", Ink::Bold)));
    }
    for sentence in ruled_out {
        out.push_str(&format!("  {}\n", plain(sentence)));
    }
    if let Some(culprit) = diagnosis.get("culprit") {
        out.push_str(&format!(
            "likely culprit: {} ({})\n",
            text(culprit, "kind"),
            text(culprit, "evidence")
        ));
    }
    out
}

fn texts(texts: &Value, screen: &Screen) -> String {
    let left_out = text(texts, "leftOut");
    if !left_out.is_empty() {
        return format!("what was signed is not on record: {left_out}\n");
    }
    let differs = text(texts, "differs");
    let mut out = String::new();
    for (name, title) in [
        ("canonicalRequest", "canonical request"),
        ("stringToSign", "string to sign"),
    ] {
        let lines = beside(texts, name, screen);
        if !lines.is_empty() {
            out.push_str(&format!("{}\n{lines}", screen.paint(title, Ink::Bold)));
        }
    }
    if out.is_empty() {
        return out;
    }
    let omitted = texts
        .get("omittedLines")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    if omitted > 0 {
        out.push_str(&format!("    .. and {omitted} more lines\n"));
    }
    out.push_str(match differs.as_str() {
        "key" => "The client signed this very text, with another key.\n",
        "lines-and-key" => "The client signed the text on the right, with another key.\n",
        "unknown" => {
            "This is the text that this server compared with; what the client signed is not known.\n"
        }
        _ => "",
    });
    out
}

fn search(tried: &Value) -> String {
    let number = |name: &str| tried.get(name).and_then(Value::as_u64);
    let (Some(singles), Some(pairs), Some(bytes)) =
        (number("singles"), number("pairs"), number("hashedBytes"))
    else {
        return String::new();
    };
    let mut out = format!("search: {singles} single changes, {pairs} pairs, {bytes} bytes hashed");
    if let Some(microseconds) = number("microseconds") {
        out.push_str(&format!(", {microseconds} microseconds"));
    }
    let is_so = |name: &str| tried.get(name).and_then(Value::as_bool) == Some(true);
    if is_so("pairsLeft") {
        out.push_str("; changes in pairs were left out");
    } else if is_so("cutShort") {
        out.push_str("; the budget ended it");
    }
    if is_so("remembered") {
        out.push_str("; remembered from the same request a moment before");
    }
    out.push('\n');
    out
}

fn field(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!("  {name:9} {value}\n")
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    harmless(value.as_str().unwrap_or_default())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(document: &Value, expected: &str) {
        assert_eq!(told(document, &Screen::of(100, false)), expected);
    }

    #[test]
    fn a_proof_is_told_with_both_texts_and_its_cost() {
        let document = json!({
            "code": "SignatureDoesNotMatch", "requestId": "0123456789ABCDEF", "time": "2026-11-25T13:00:00.007Z",
            "method": "GET", "path": "/b/k", "host": "127.0.0.1:9000", "client": "curl@::1", "accessKeyId": "AKID",
            "diagnosis": {
                "status": "proven",
                "causes": [{ "id": "HST-PROXY", "title": "A proxy changed the Host header", "what": "It did",
                             "signed": "localhost", "received": "127.0.0.1:9000", "cure": "Pass it on.", "also": ["HST-REPLACED"] }],
                "ruledOut": ["The secret access key is correct."],
                "culprit": { "kind": "proxy", "evidence": "HTTP/1.0" },
                "texts": { "differs": "lines", "canonicalRequest": ["GET", { "received": "host:127.0.0.1:9000", "signed": "host:localhost" }], "omittedLines": 2 },
                "tried": { "singles": 120, "pairs": 0, "hashedBytes": 60000, "cutShort": false, "microseconds": 823, "remembered": true },
            },
        });
        check(
            &document,
            "SignatureDoesNotMatch 0123456789ABCDEF
  time      2026-11-25T13:00:00.007Z
  request   GET /b/k
  host      127.0.0.1:9000
  client    curl@::1
  key       AKID

A proxy changed the Host header (HST-PROXY, proven)
  what      It did
  signed    localhost
  received  127.0.0.1:9000
  cure      Pass it on.
  also      HST-REPLACED

ruled out
  The secret access key is correct.
likely culprit: proxy (HTTP/1.0)

canonical request
    received by the server | signed by the client
    GET                    | GET
  ! host:127.0.0.1:9000    | host:localhost
    .. and 2 more lines

search: 120 single changes, 0 pairs, 60000 bytes hashed, 823 microseconds; remembered from the same request a moment before
",
        );
    }

    #[test]
    fn another_key_and_an_unknown_text_are_said_in_words() {
        let of = |differs: &str| {
            let texts = json!({ "differs": differs, "canonicalRequest": ["GET"] });
            told(
                &json!({ "diagnosis": { "texts": texts } }),
                &Screen::of(100, false),
            )
        };
        assert!(of("key").ends_with("    GET\nThe client signed this very text, with another key.\n"));
        assert!(of("unknown").ends_with("what the client signed is not known.\n"));
        let left_out = json!({ "diagnosis": { "texts": { "leftOut": "too long" } } });
        assert!(told(&left_out, &Screen::of(100, false)).contains("not on record: too long"));
    }

    #[test]
    fn a_denial_names_the_statement_that_decided() {
        let document = json!({
            "code": "AccessDenied", "requestId": "0123456789ABCDEF", "message": "User: ada is not authorized",
            "diagnosis": { "status": "exact", "requester": "arn:aws:iam::1:user/ada", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
                "decision": { "reason": "explicit-deny", "policyType": "resource-based policy", "policy": "b", "statement": 2, "sid": null } },
        });
        check(
            &document,
            "AccessDenied 0123456789ABCDEF

explicit-deny (resource-based policy)
  who       arn:aws:iam::1:user/ada
  action    s3:GetObject
  resource  arn:aws:s3:::b/k
  policy    b
  statement 2

User: ada is not authorized
",
        );
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        let document = json!({ "code": "A\u{1b}[31m", "diagnosis": { "causes": [{ "title": "\u{9b}x", "cure": "\u{7}y" }], "ruledOut": ["\u{1b}z"] } });
        assert!(
            !told(&document, &Screen::of(100, false))
                .chars()
                .any(|c| c.is_control() && c != '\n')
        );
    }
}
