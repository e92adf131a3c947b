//! What real tools printed of real refusals: each is read as what it is, and its cause is found.
//!
//! `fixtures/captures` is made by `conformance/evidence/make`, which writes down what it did in `truth.jsonl` and shares nothing with this
//! crate. A line says what has to be said without a secret, with the right one, and with a mangled one where the client has that.

#![expect(clippy::panic, reason = "a broken case is named before the test ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign_evidence::{Explained, Form, Known, Unreadable, explain, read};
use countersign_sigv4::Secret;
use serde_json::Value;

/// At least so many captures of each form.
const OF_EACH_FORM: usize = 5;
/// At least so many causes in all.
const CAUSES: usize = 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures")
}

/// One capture with what was done to make it.
struct Capture {
    file: String,
    text: Vec<u8>,
    truth: Value,
}

/// What has to be said with one secret, or without any.
struct Expected<'a> {
    secret: Option<&'a str>,
    statuses: Vec<&'a str>,
    /// Any of these; none at all if it is empty; `None` if none need be found.
    causes: Option<Vec<&'a str>>,
    /// What at most may be claimed for certain.
    only: Option<Vec<&'a str>>,
    /// One of these is among the likely ones.
    among: Option<Vec<&'a str>>,
}

impl Expected<'_> {
    fn fits(&self, said: &[&str], is_certain: bool) -> bool {
        let is_one_of = |list: &Option<Vec<&str>>, id: &&str| list.iter().flatten().any(|other| other == id);
        match (&self.causes, &self.among) {
            (Some(causes), _) if causes.is_empty() => said.is_empty(),
            (Some(_), _) => said.first().is_some_and(|id| is_one_of(&self.causes, id)),
            (None, Some(_)) => !is_certain && said.iter().any(|id| is_one_of(&self.among, id)),
            (None, None) => !is_certain || said.first().is_none_or(|id| is_one_of(&self.only, id)),
        }
    }
}

fn captures() -> Vec<Capture> {
    let truths = std::fs::read_to_string(folder().join("truth.jsonl")).expect("truth.jsonl");
    let lines = truths.lines().map(|line| {
        let truth: Value = serde_json::from_str(line).expect("a line of JSON");
        let file = truth["file"].as_str().expect("a file").to_owned();
        let text = std::fs::read(folder().join(&file)).unwrap_or_else(|why| panic!("{file}: {why}"));
        Capture { file, text, truth }
    });
    lines.collect()
}

impl Capture {
    /// The folder: which tool it is of, and how it was told to print.
    fn folder(&self) -> &str {
        self.file.split('/').next().expect("a folder")
    }

    fn form(&self) -> Form {
        match self.folder() {
            "error-document" => Form::ErrorDocument,
            "aws-cli" | "boto3" => Form::Botocore,
            "js-v2" | "js-v3" | "js-middleware" => Form::JavaScript,
            "go-v1" | "go-v2" => Form::Go,
            "java-v1" | "java-v2" => Form::Java,
            "rust" => Form::Rust,
            "curl-verbose" => Form::CurlVerbose,
            "curl-command" => Form::CurlCommand,
            "har" => Form::Har,
            "link" => Form::Link,
            "authorization" => Form::Authorization,
            other => panic!("no form {other}"),
        }
    }

    fn expected(&self) -> Vec<Expected<'_>> {
        let each = self.truth["expect"].as_array().expect("expectations").iter();
        let expected = each.map(|each| Expected {
            secret: each["secret"].as_str(),
            statuses: words(&each["status"]).expect("statuses"),
            causes: words(&each["cause"]),
            only: words(&each["only"]),
            among: words(&each["among"]),
        });
        expected.collect()
    }

    fn explained(&self, text: &[u8], secret: Option<&str>) -> Result<Explained, Unreadable> {
        let secret = secret.map(Secret::new);
        let hosts: Vec<String> = self.truth["endpoint"]
            .as_str()
            .map(str::to_owned)
            .into_iter()
            .collect();
        let known = Known {
            secret: secret.as_ref(),
            region: self.truth["region"].as_str(),
            hosts: &hosts,
            now: self.truth["now"].as_i64().expect("a time"),
        };
        Ok(explain(&read(text)?, &known))
    }

    /// What is wrong with what is said of a text that holds this capture.
    fn faults(&self, text: &[u8]) -> Vec<String> {
        self.expected()
            .iter()
            .filter_map(|expected| {
                let explained = match self.explained(text, expected.secret) {
                    Ok(explained) => explained,
                    Err(why) => return Some(format!("{}: {why}", self.file)),
                };
                let said: Vec<&str> = explained.causes.iter().map(|cause| cause.id).collect();
                let is_certain = matches!(explained.status, "exact" | "proven");
                let is_right = explained.form == self.form()
                    && expected.statuses.contains(&explained.status)
                    && expected.fits(&said, is_certain);
                let with = match expected.secret {
                    Some(_) => "with",
                    None => "without",
                };
                (!is_right).then(|| {
                    format!(
                        "{} {with} a secret: {} {:?} of {}, not {:?} {:?}; {:?}",
                        self.file,
                        explained.status,
                        said,
                        explained.form,
                        expected.statuses,
                        expected.causes,
                        explained.notes
                    )
                })
            })
            .collect()
    }
}

/// The words of a list; `None` if it is none.
fn words(list: &Value) -> Option<Vec<&str>> {
    list.as_array()?.iter().map(Value::as_str).collect()
}

/// Fails with everything that is wrong, not with the first of it. A changed text that is read as the same evidence says the same.
fn check(change: impl Fn(&[u8]) -> Vec<u8>) {
    let is_unchanged = |capture: &Capture, text: &[u8]| {
        text != capture.text && read(text).is_ok_and(|evidence| Ok(evidence) == read(&capture.text))
    };
    let captures = captures();
    let changed = captures.iter().map(|capture| (capture, change(&capture.text)));
    let changed = changed.filter(|(capture, text)| !is_unchanged(capture, text));
    let faults: Vec<String> = changed
        .flat_map(|(capture, text)| capture.faults(&text))
        .collect();
    assert!(faults.is_empty(), "{}\n{} wrong", faults.join("\n"), faults.len());
}

#[test]
fn every_capture_is_read_as_what_it_is_and_its_cause_is_found() {
    check(<[u8]>::to_vec);
}

/// The text line by line, each changed.
fn by_line(text: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("text");
    text.lines()
        .map(|line| change(line) + "\n")
        .collect::<String>()
        .into_bytes()
}

/// The captures of more than a line or two, each changed; what a collector writes before one line alone is not told from it.
fn check_lines(change: impl Fn(&[u8]) -> Vec<u8>) {
    check(|text| {
        let lines = text
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        if lines < 3 { text.to_vec() } else { change(text) }
    });
}

#[test]
fn colours_and_line_breaks_of_windows_change_nothing() {
    check(|text| by_line(text, |line| format!("\u{1b}[2m{line}\u{1b}[0m")));
    check(|text| by_line(text, |line| format!("{line}\r")));
}

#[test]
fn what_a_collector_writes_before_each_line_changes_nothing() {
    for prefix in [
        "app-1  | ",
        "2026-11-26T06:00:00.1234567Z ",
        "2026-11-26T06:00:00.123456789Z stderr F ",
        "Nov 26 06:00:00 host uploader[4242]: ",
        "[pod/uploader-7c9/app] ",
    ] {
        check_lines(|text| by_line(text, |line| format!("{prefix}{line}").trim_end().to_owned()));
    }
    check_lines(|text| {
        by_line(text, |line| {
            serde_json::json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-11-26T06:00:00Z"}).to_string()
        })
    });
}

#[test]
fn a_text_that_was_escaped_for_json_is_read_like_any() {
    let escaped = |text: &[u8]| serde_json::to_string(&String::from_utf8_lossy(text)).expect("JSON");
    check(|text| escaped(text).into_bytes());
    check_lines(|text| escaped(text).trim_matches('"').as_bytes().to_vec());
}

#[test]
fn a_text_that_was_escaped_for_a_page_is_read_like_any() {
    check_lines(|text| {
        let text = String::from_utf8_lossy(text);
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        escaped.into_bytes()
    });
}

#[test]
fn a_text_that_was_cut_off_is_never_said_to_show_another_cause_for_certain() {
    let mut faults = Vec::new();
    for capture in captures() {
        // Of what has no cause to be found nothing must be claimed, and a link that is cut is a cut link.
        let expected = capture.expected();
        let all: Vec<&str> = expected
            .iter()
            .flat_map(|expected| expected.causes.iter().chain(&expected.only).flatten().copied())
            .collect();
        let is_link = matches!(capture.folder(), "link" | "authorization" | "curl-command");
        for part in (1..6).filter(|_| !is_link) {
            let end = capture.text.len() * part / 6;
            let cut = capture.text.get(..end).expect("within");
            let Ok(explained) = capture.explained(cut, None) else {
                continue;
            };
            let is_certain = matches!(explained.status, "exact" | "proven");
            let named = explained.causes.first().map(|cause| cause.id);
            if is_certain && named.is_some_and(|id| !all.contains(&id)) {
                faults.push(format!("{} up to {end}: {named:?}", capture.file));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_form_is_captured_often_and_of_many_causes() {
    let (mut forms, mut causes) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    for capture in captures() {
        *forms.entry(capture.folder().to_owned()).or_default() += 1;
        let named = capture
            .expected()
            .into_iter()
            .filter_map(|expected| Some(expected.causes?.first()?.to_string()));
        causes.extend(named);
    }
    assert_eq!(forms.len(), 16, "{forms:?}");
    for (form, count) in forms {
        assert!(count >= OF_EACH_FORM, "{count} captures of {form}");
    }
    assert!(causes.len() >= CAUSES, "{causes:?}");
}

#[test]
fn no_file_lies_there_without_its_truth() {
    let told: BTreeSet<String> = captures().into_iter().map(|capture| capture.file).collect();
    let mut there = BTreeSet::new();
    for folder in std::fs::read_dir(folder())
        .expect("the folder")
        .flatten()
        .filter(|entry| entry.path().is_dir())
    {
        for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
            there.insert(format!(
                "{}/{}",
                folder.file_name().display(),
                file.file_name().display()
            ));
        }
    }
    assert_eq!(told, there);
}

#[test]
fn nothing_of_a_secret_comes_out() {
    for capture in captures() {
        for expected in capture.expected() {
            let Some(secret) = expected.secret else { continue };
            let core: String = secret
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(12)
                .collect();
            // A default secret is a word that everybody knows, and an access key id is no secret.
            if secret.len() < 30 {
                continue;
            }
            let out = format!("{:?}", capture.explained(&capture.text, Some(secret)));
            let out: String = out.chars().filter(char::is_ascii_alphanumeric).collect();
            assert!(!out.contains(&core), "{}: {core}", capture.file);
        }
    }
}
