//! One refused request as it is kept, answered and written: a line of JSON, and what it is found by.
//!
//! Not here: deciding what may be shown (that is `diagnose`) and to whom (that is `admin`).
//!
//! It keeps true: every text went through the mask and is of bounded length, so a line has a bounded length too.

use countersign_diagnose::Mask;
use std::net::IpAddr;

use countersign_types::Moment;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::pipeline::received::Received;
use crate::record::client::client;
use crate::record::mask::{mask, unknown_access_key_id};
use crate::refusal::{Refused, RefusedAs};
use crate::request_id::RequestId;

/// One refused request.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The request's id.
    pub(crate) request_id: RequestId,
    /// When it was received.
    pub(crate) at: Moment,
    /// The access key id that the request named, if it named one.
    pub(crate) access_key_id: Option<String>,
    /// The S3 error code.
    pub(crate) code: String,
    /// Ids of the causes that the answer named, the most specific first.
    pub(crate) causes: Vec<String>,
    /// Program and address, `family@address`.
    pub(crate) client: String,
    /// Everything that is kept, as one line.
    pub(crate) document: Box<RawValue>,
}

/// What is noted of a refused request while it is still there: before the search for its cause takes it over.
pub(crate) struct Note {
    mask: Mask,
    access_key_id: Option<String>,
    client: String,
}

impl Note {
    /// Notes who asks.
    pub(crate) fn of(received: &Received, refused: &Refused, client_address: IpAddr) -> Note {
        let mask = mask(received, refused);
        let known = refused.resolved.as_ref();
        let access_key_id = match known {
            Some(resolved) => Some(resolved.access_key.access_key_id.clone()),
            None => {
                let claimed = refused.claim.as_ref().map(|claim| claim.access_key_id.as_str());
                claimed.map(|id| clean(&mask.text(&unknown_access_key_id(id)), ID_CHARACTERS_MAX))
            }
        };
        // In a browser only the second of them is the SDK's to set.
        let user_agent = received
            .header("x-amz-user-agent")
            .or_else(|| received.header("user-agent"));
        let user_agent = user_agent.map(|text| mask.text(text));
        Note {
            access_key_id,
            client: client(user_agent.as_deref(), client_address),
            mask,
        }
    }

    /// The access key id that the request named, as far as it may be kept.
    pub(crate) fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }

    /// The entry for what the request was refused with, and why.
    pub(crate) fn entry(self, received: &Received, error: &RefusedAs<'_>, told: Told) -> Entry {
        let Told {
            causes,
            mut diagnosis,
            for_caller,
        } = told;
        let kept = |text: &str, max: usize| clean(&self.mask.text(text), max);
        let header = |name: &str| {
            received
                .header(name)
                .map(|text| kept(text, HEADER_CHARACTERS_MAX))
        };
        self.mask.document(&mut diagnosis);
        let for_caller = for_caller.map(|mut diagnosis| {
            self.mask.document(&mut diagnosis);
            diagnosis
        });
        let mut document = Document {
            version: VERSION,
            request_id: received.request_id.as_str(),
            time: received.at.iso8601(),
            code: error.code,
            http_status: error.status.as_u16(),
            causes: &causes,
            message: kept(error.message, MESSAGE_CHARACTERS_MAX),
            method: kept(received.method(), METHOD_CHARACTERS_MAX),
            path: kept(received.path(), PATH_CHARACTERS_MAX),
            host: header("host"),
            origin: header("origin"),
            user_agent: header("user-agent"),
            access_key_id: self.access_key_id.as_deref(),
            client: &self.client,
            diagnosis,
            diagnosis_for_caller: for_caller,
        };
        let line = document.line();
        received.is_now_on_record();
        Entry {
            request_id: received.request_id.clone(),
            at: received.at,
            access_key_id: self.access_key_id,
            code: error.code.to_owned(),
            causes,
            client: self.client,
            document: line,
        }
    }

    /// Program and address, `family@address`.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }
}

/// What was found out about a refusal, as the record holds it.
pub(crate) struct Told {
    /// Ids of the causes that the answer named, the most specific first.
    pub(crate) causes: Vec<String>,
    /// Everything, for the operator.
    pub(crate) diagnosis: Value,
    /// What whoever was refused may read of it, where that is less.
    pub(crate) for_caller: Option<Value>,
}

impl Entry {
    /// Reads a line that was written before; `None` for anything else, such as the torn end of a file.
    pub(crate) fn parse(line: &str) -> Option<Entry> {
        if line.len() > ENTRY_BYTES_MAX {
            return None;
        }
        // By way of a tree, which is bounded in depth for what is passed over, too.
        let read: Value = serde_json::from_str(line).ok()?;
        let read = Read::deserialize(read)
            .ok()
            .filter(|read| read.version == VERSION)?;
        Some(Entry {
            request_id: RequestId::parse(&read.request_id)?,
            at: Moment::parse_iso8601(&read.time)?,
            access_key_id: read.access_key_id,
            code: read.code,
            causes: read.causes,
            client: read.client,
            document: RawValue::from_string(line.to_owned()).ok()?,
        })
    }

    /// What a group calls the reason: the most specific cause, or `none`.
    pub(crate) fn cause(&self) -> &str {
        self.causes.first().map_or(NO_CAUSE, String::as_str)
    }

    /// The line as the holder of its access key may read it: what is the operator's alone is not in it.
    pub(crate) fn for_caller(&self) -> Box<RawValue> {
        let whole = || self.document.clone();
        if !self.document.get().contains(FOR_CALLER) {
            return whole();
        }
        let Ok(Value::Object(mut fields)) = serde_json::from_str(self.document.get()) else {
            // What cannot be taken apart is not told at all.
            let bare = json!({ "version": VERSION, "requestId": self.request_id.as_str() });
            return to_raw_value(&bare).expect("texts and numbers can be written");
        };
        match fields.remove(FOR_CALLER) {
            Some(diagnosis) => fields.insert("diagnosis".to_owned(), diagnosis),
            None => return whole(),
        };
        to_raw_value(&fields).expect("texts and numbers can be written")
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.document.get().len() + ENTRY_EXTRA_BYTES
    }
}

/// What a line holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    request_id: &'a str,
    time: String,
    code: &'a str,
    http_status: u16,
    causes: &'a [String],
    message: String,
    method: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    client: &'a str,
    diagnosis: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis_for_caller: Option<Value>,
}

impl Document<'_> {
    /// The line, within its bound: the texts of both sides go if it would be longer, and then all values of the diagnosis.
    fn line(&mut self) -> Box<RawValue> {
        let write = |document: &Self| to_raw_value(document).expect("texts and numbers can be written");
        let line = write(self);
        if line.get().len() <= ENTRY_BYTES_MAX {
            return line;
        }
        if let Some(texts) = self.diagnosis.get_mut(TEXTS) {
            *texts = json!({ "leftOut": "too long" });
            let line = write(self);
            if line.get().len() <= ENTRY_BYTES_MAX {
                return line;
            }
        }
        for diagnosis in [Some(&mut self.diagnosis), self.diagnosis_for_caller.as_mut()]
            .into_iter()
            .flatten()
        {
            let status = diagnosis.get("status").cloned().unwrap_or_default();
            *diagnosis = json!({ "version": 1, "status": status, "shortened": true });
        }
        write(self)
    }
}

/// What is read of a line; other fields are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    version: u32,
    request_id: String,
    time: String,
    code: String,
    causes: Vec<String>,
    access_key_id: Option<String>,
    client: String,
}

/// A text without control characters, cut where it is too long.
fn clean(text: &str, characters_max: usize) -> String {
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == characters_max {
            out.push('\u{2026}');
            break;
        }
        if c.is_control() {
            out.push_str(&format!("\\x{:02x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The field of a diagnosis that holds the texts of both sides.
pub(crate) const TEXTS: &str = "texts";
/// The field of a line that holds what its caller may read instead of `diagnosis`.
const FOR_CALLER: &str = "diagnosisForCaller";
/// What stands for the cause where none is named.
pub(crate) const NO_CAUSE: &str = "none";
/// The version of a line's form.
const VERSION: u32 = 1;
/// Longest line. A usual one has two to four thousand bytes.
pub(crate) const ENTRY_BYTES_MAX: usize = 64 * 1024;
/// What an entry takes besides its line.
const ENTRY_EXTRA_BYTES: usize = 512;
const PATH_CHARACTERS_MAX: usize = 2048;
const HEADER_CHARACTERS_MAX: usize = 512;
const MESSAGE_CHARACTERS_MAX: usize = 2048;
const METHOD_CHARACTERS_MAX: usize = 32;
const ID_CHARACTERS_MAX: usize = 128;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An entry as if it had been refused at a time.
    pub(crate) fn entry(at: i64, access_key_id: Option<&str>, cause: &str, client: &str) -> Entry {
        let line = json!({
            "version": 1,
            "requestId": RequestId::new().as_str(),
            "time": Moment::from_millis(at).iso8601(),
            "code": "SignatureDoesNotMatch",
            "causes": if cause == NO_CAUSE { vec![] } else { vec![cause] },
            "accessKeyId": access_key_id,
            "client": client,
        });
        Entry::parse(&line.to_string()).expect("a line")
    }

    #[test]
    fn a_line_of_version_1_is_read_and_what_is_new_in_it_is_passed_over() {
        let line = r#"{"version":1,"requestId":"0123456789ABCDEF","time":"2026-11-25T13:00:00.007Z","code":"SignatureDoesNotMatch","httpStatus":403,"causes":["HST-PROXY"],"message":"m","method":"GET","path":"/b/k","accessKeyId":"AKID","client":"curl@192.0.2.7","diagnosis":{"version":1,"status":"proven"},"inAYear":[1]}"#;
        let entry = Entry::parse(line).expect("a line");
        assert_eq!(entry.request_id.as_str(), "0123456789ABCDEF");
        assert_eq!(entry.at.iso8601(), "2026-11-25T13:00:00.007Z");
        assert_eq!(
            (entry.cause(), entry.client.as_str()),
            ("HST-PROXY", "curl@192.0.2.7")
        );
        assert_eq!(entry.access_key_id.as_deref(), Some("AKID"));
        assert_eq!(entry.document.get(), line, "it is told as it was written");
    }

    #[test]
    fn a_caller_reads_what_is_the_callers_and_the_line_of_an_older_version_whole() {
        let line = |more: &str| {
            let whole = r#"{"version":1,"requestId":"0123456789ABCDEF","time":"2026-11-25T13:00:00.007Z","code":"C","causes":[],"client":"diagnosisForCaller@::1","diagnosis":{"a":1}"#;
            Entry::parse(&format!("{whole}{more}}}")).expect("a line")
        };
        let entry = line(r#","diagnosisForCaller":{"b":2}"#);
        let read: Value = serde_json::from_str(entry.for_caller().get()).expect("JSON");
        assert_eq!(read.get("diagnosis"), Some(&json!({ "b": 2 })));
        assert_eq!(read.get("diagnosisForCaller"), None);
        assert!(read.get("client").is_some());
        let older = line("");
        assert_eq!(older.for_caller().get(), older.document.get());
    }

    #[test]
    fn what_is_no_whole_line_is_passed_over() {
        let whole = r#"{"version":1,"requestId":"0123456789ABCDEF","time":"2026-11-25T13:00:00.007Z","code":"C","causes":[],"client":"c@::1"}"#;
        assert!(Entry::parse(whole).is_some_and(|entry| entry.cause() == NO_CAUSE));
        for length in 0..whole.len() {
            assert!(
                Entry::parse(whole.get(..length).unwrap_or_default()).is_none(),
                "{length}"
            );
        }
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("0123456789ABCDEF", "../../etc"),
            ("2026-11-25", "yesterday"),
        ] {
            assert!(Entry::parse(&whole.replace(from, to)).is_none(), "{to}");
        }
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        let deep = whole.replace("\"version\":1", &format!("\"version\":1,\"diagnosis\":{deep}"));
        assert!(
            Entry::parse(&deep).is_none(),
            "no client could read a list with this in it"
        );
        let long = whole.replace("\"C\"", &format!("\"{}\"", "C".repeat(ENTRY_BYTES_MAX)));
        assert!(Entry::parse(&long).is_none());
    }

    #[test]
    fn a_line_that_would_be_too_long_keeps_all_but_its_diagnosis() {
        let mut document = Document {
            version: VERSION,
            request_id: "0123456789ABCDEF",
            time: Moment::from_seconds(0).iso8601(),
            code: "SignatureDoesNotMatch",
            http_status: 403,
            causes: &["HDR-UNSIGNED".to_owned()],
            message: String::new(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            host: None,
            origin: None,
            user_agent: None,
            access_key_id: None,
            client: "curl@::1",
            diagnosis: json!({ "status": "proven", "texts": { "canonicalRequest": ["x".repeat(ENTRY_BYTES_MAX)] } }),
            diagnosis_for_caller: Some(json!({ "status": "proven" })),
        };
        let line = document.line();
        assert!(line.get().len() < 1000 && line.get().contains(r#""texts":{"leftOut":"too long"}"#));
        document.diagnosis = json!({ "status": "proven", "sentence": "x".repeat(ENTRY_BYTES_MAX) });
        document.diagnosis_for_caller = Some(document.diagnosis.clone());
        let line = document.line();
        assert!(line.get().len() < 1000);
        let entry = Entry::parse(line.get()).expect("a line");
        assert_eq!(entry.cause(), "HDR-UNSIGNED");
        assert!(line.get().contains(r#""status":"proven""#), "{}", line.get());
    }

    #[test]
    fn texts_are_cut_and_hold_no_control_characters() {
        assert_eq!(clean("a\x1b[31m\u{9b}b\n", 100), "a\\x1b[31m\\x9bb\\x0a");
        assert_eq!(clean("äöü", 2), "äö\u{2026}");
        assert_eq!(clean("äö", 2), "äö");
    }
}
