//! An explanation as it is shown: the document for programs, the text for people, and one sentence for the end of an error message.
//!
//! Not here: finding anything out (`explain`), and colours, which the command line has.
//!
//! Keeps true: the document has the server's names for the server's things; no text holds what a terminal obeys.

use serde_json::{Value, json};

use crate::compare::Line;
use crate::explain::Explained;

impl Explained {
    /// For programs.
    pub fn document(&self) -> Value {
        let line = |line: &Line| json!({ "what": line.what, "signed": line.shown(&line.left), "received": line.shown(&line.right), "same": line.is_same() });
        let lines = self
            .comparison
            .as_ref()
            .map(|comparison| comparison.lines.as_slice());
        let mut document = json!({
            "version": 1,
            "form": self.form.as_str(),
            "status": self.status,
            "causes": self.causes,
            "byServer": self.by_server.as_ref().map(|told| &told.named),
            "ruledOut": self.ruled_out,
            "message": self.sentence(),
            "otherwise": self.otherwise,
            "lines": lines.map(|lines| lines.iter().map(line).collect::<Vec<_>>()),
            "notes": self.notes,
        });
        // As in the server's document these are there where something is known.
        let more = [
            (
                "culprit",
                self.culprit
                    .as_ref()
                    .and_then(|culprit| serde_json::to_value(culprit).ok()),
            ),
            (
                "tried",
                self.tried
                    .as_ref()
                    .and_then(|tried| serde_json::to_value(tried).ok()),
            ),
            ("texts", lines.map(texts)),
        ];
        for (name, value) in more {
            if let (Some(value), Some(fields)) = (value, document.as_object_mut()) {
                fields.insert(name.to_owned(), value);
            }
        }
        document
    }

    /// What happened and what to do, for the end of an error message; empty if nothing is known.
    pub fn sentence(&self) -> String {
        let Some(first) = self.causes.first() else {
            return String::new();
        };
        let likely = match self.status {
            "proven" | "exact" => "",
            _ => "Most likely: ",
        };
        let what = first.what.trim_end_matches('.');
        harmless(&format!(
            "{likely}{what}. {} ({}, {})",
            first.cure, first.id, self.status
        ))
    }

    /// As a person reads it.
    pub fn text(&self) -> String {
        let mut out = format!("This is {}.\n", self.form);
        if let Some(told) = &self.by_server {
            out.push_str(&format!("\nThe server says: {}\n", harmless(&told.named)));
            for cause in &told.causes {
                out.push_str(&format!(
                    "  {}\n  cure      {}\n",
                    harmless(&cause.title),
                    harmless(&cause.cure)
                ));
            }
        }
        for cause in &self.causes {
            out.push_str(&format!("\n{} ({}, {})\n", cause.title, cause.id, self.status));
            let fields = [
                ("what", Some(&cause.what)),
                ("signed", cause.signed.as_ref()),
                ("received", cause.received.as_ref()),
                ("cure", Some(&cause.cure)),
            ];
            for (name, text) in fields {
                if let Some(text) = text {
                    out.push_str(&format!("  {name:9} {}\n", harmless(text)));
                }
            }
        }
        if self.causes.is_empty() && self.by_server.is_none() {
            out.push_str("\nNo known cause can be told from it.\n");
        }
        let difference = self
            .comparison
            .as_ref()
            .and_then(|comparison| comparison.first_difference());
        if let Some(line) = difference {
            out.push_str(&format!("\nfirst difference: {}\n", harmless(&line.what)));
            for (name, side) in [("signed", &line.left), ("received", &line.right)] {
                out.push_str(&format!(
                    "  {name:9} {}\n",
                    harmless(line.shown(side).as_deref().unwrap_or("(no such line)"))
                ));
            }
        }
        for (heading, sentences) in [("ruled out", &self.ruled_out), ("note", &self.notes)] {
            for sentence in sentences {
                out.push_str(&format!("\n{heading}: {}\n", harmless(sentence)));
            }
        }
        if let Some(cause) = self.causes.first() {
            out.push_str(&format!("\nMore: countersign explain {}\n", cause.id));
        }
        out
    }
}

/// Both canonical requests in the shape of the server's document: a line that is the same on both sides is a text.
fn texts(lines: &[Line]) -> Value {
    let is_same = lines.iter().all(Line::is_same);
    let mut canonical_request = Vec::new();
    for line in lines {
        let side = |side: &Option<String>| {
            let text = line.shown(side)?;
            Some(match line.what.strip_prefix("header ") {
                Some(name) => format!("{name}:{text}"),
                None => text,
            })
        };
        if line.what == "signed headers" {
            canonical_request.push(json!(""));
        }
        canonical_request.push(match (line.is_same(), side(&line.left), side(&line.right)) {
            (true, Some(text), _) => json!(text),
            (_, Some(signed), Some(received)) => json!({ "signed": signed, "received": received }),
            (_, Some(signed), None) => json!({ "signed": signed }),
            (_, None, received) => json!({ "received": received }),
        });
    }
    json!({ "differs": if is_same { "key" } else { "lines" }, "canonicalRequest": canonical_request })
}

/// A text without anything that a terminal obeys.
pub fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use crate::explain::{Explained, Known, explain};
    use crate::forms::read;

    fn explained(text: &str) -> Explained {
        let evidence = read(text.as_bytes()).expect("evidence");
        let known = Known {
            secret: None,
            region: None,
            hosts: &[],
            now: 1_735_689_600,
        };
        explain(&evidence, &known)
    }

    const EXPIRED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message>\
        <Expires>2025-01-01T00:00:00Z\u{1b}[31m</Expires><ServerTime>2025-01-02T00:00:00Z</ServerTime></Error>";

    #[test]
    fn the_same_is_said_to_programs_to_people_and_in_one_sentence() {
        let explained = explained(&EXPIRED.replace('\u{1b}', ""));
        let document = explained.document();
        assert_eq!(
            document.pointer("/causes/0/id").and_then(|id| id.as_str()),
            Some("PRE-EXPIRED")
        );
        let sentence = document.pointer("/message").and_then(|text| text.as_str());
        assert!(
            sentence.is_some_and(|text| text.ends_with("(PRE-EXPIRED, exact)")),
            "{document}"
        );
        assert!(
            explained.text().contains("(PRE-EXPIRED, exact)"),
            "{}",
            explained.text()
        );
    }

    #[test]
    fn both_texts_are_in_the_shape_of_the_servers_document_and_hold_no_token() {
        let canonical = |host: &str, token: &str| {
            format!("GET\\n/b/k\\nX-Amz-Security-Token={token}\\nhost:{host}\\nx-amz-security-token:{token}\\n\\nhost;x-amz-security-token\\nUNSIGNED-PAYLOAD").replace("\\n", "\n")
        };
        let text = |host: &str| {
            crate::canonical::CanonicalText::parse(&canonical(host, "tokentoken")).expect("canonical")
        };
        let mut explained = explained("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>");
        explained.comparison = Some(crate::compare::compare(&text("a"), &text("b")));
        let document = explained.document();
        let expected = serde_json::json!({ "differs": "lines", "canonicalRequest": ["GET", "/b/k", "X-Amz-Security-Token=***",
            { "signed": "host:a", "received": "host:b" }, "x-amz-security-token:***", "", "host;x-amz-security-token", "UNSIGNED-PAYLOAD"] });
        assert_eq!(document.get("texts"), Some(&expected));
        assert!(!document.to_string().contains("tokentoken") && !explained.text().contains("tokentoken"));
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let mut explained = explained(&EXPIRED.replace('\u{1b}', ""));
        for cause in &mut explained.causes {
            cause.what.push_str("\u{1b}[31m\u{7}\n");
        }
        let (text, sentence) = (explained.text(), explained.sentence());
        assert!(!text.contains(['\u{1b}', '\u{7}']) && !sentence.contains(['\u{1b}', '\u{7}', '\n']));
    }

    #[test]
    fn where_nothing_is_known_there_is_no_sentence() {
        let explained = explained("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>");
        assert_eq!((explained.status, explained.sentence().as_str()), ("unknown", ""));
        assert!(explained.text().contains("No known cause"));
    }
}
