//! What all requests of one examination share: the way, the key, the place for their objects, and what was learnt on the way about
//! how it changes them.
//!
//! Not here: which requests are made and what they show. Keeps true: an object is written down before it is sent, so whatever
//! happens afterwards, it is known what has to be deleted.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use countersign_evidence::{Answer, CanonicalText};
use countersign_sigv4::decode_percent;

use crate::draft::{Auth, Body, Change, Draft};
use crate::place::{Place, Style};
use crate::scribe::{Key, Scribe, Written};
use crate::wire::{Fault, Reply, Wire};

/// One examination.
pub(crate) struct Session<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) place: &'a Place,
    pub(crate) key: &'a Key,
    /// The region that works, once it is known.
    pub(crate) region: String,
    /// How buckets are named.
    pub(crate) style: Style,
    /// Seconds by which the server's clock is ahead of ours, if that is more than it would forgive.
    pub(crate) ahead: i64,
    /// What changes every request, so that the rest is signed as if it had been changed already.
    pub(crate) bends: Vec<Change>,
    /// The bucket, and what all keys of ours begin with.
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// `Server` and `Via` of the answers.
    pub(crate) shown: Option<String>,
    made: Mutex<BTreeSet<String>>,
}

/// A request with its answer.
pub(crate) struct Exchange {
    pub(crate) written: Written,
    pub(crate) reply: Result<Reply, Fault>,
}

impl Exchange {
    /// The answer as `evidence` has it.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let reply = self.reply.as_ref().ok()?;
        let document = String::from_utf8_lossy(&reply.body);
        Some(Answer::of_exchange(
            reply.status,
            reply.headers.clone(),
            &document,
        ))
    }

    pub(crate) fn is_success(&self) -> bool {
        self.reply.as_ref().is_ok_and(Reply::is_success)
    }

    /// Whether the signature was accepted: what comes after it may still be refused.
    pub(crate) fn is_known(&self) -> bool {
        match (&self.reply, self.answer()) {
            (Ok(reply), Some(answer)) => {
                (200..400).contains(&reply.status)
                    || (!answer.code.is_empty()
                        && !is_about_signature(&answer)
                        && !is_about_identity(&answer))
            }
            _ => false,
        }
    }
}

/// Whether an answer says that the signature does not match.
pub(crate) fn is_about_signature(answer: &Answer) -> bool {
    match answer.code.as_str() {
        "SignatureDoesNotMatch" => true,
        // Garage's word for it.
        "AccessDenied" => answer.message.contains("Invalid signature"),
        // An answer to HEAD has no document.
        "" => answer.status == Some(403),
        _ => false,
    }
}

fn is_about_identity(answer: &Answer) -> bool {
    matches!(
        answer.code.as_str(),
        "InvalidAccessKeyId"
            | "InvalidToken"
            | "ExpiredToken"
            | "AuthorizationHeaderMalformed"
            | "RequestTimeTooSkewed"
    )
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        wire: &'a Wire,
        place: &'a Place,
        key: &'a Key,
        region: &str,
        bucket: &str,
    ) -> Session<'a> {
        Session {
            wire,
            place,
            key,
            region: region.to_owned(),
            style: Style::Path,
            ahead: 0,
            bends: Vec::new(),
            bucket: bucket.to_owned(),
            prefix: format!("countersign-doctor-{}/", random()),
            shown: None,
            made: Mutex::new(BTreeSet::new()),
        }
    }

    /// A request to a path of the endpoint, signed in its header.
    pub(crate) fn at(&self, method: &'static str, path: String) -> Draft {
        Draft {
            method,
            name: self.service_name(),
            host: self.place.host_for(&self.bucket, self.style),
            path,
            query: None,
            headers: Vec::new(),
            unsigned: Vec::new(),
            body: Body::Hashed(Bytes::new()),
            auth: Auth::Header,
        }
    }

    /// The name under which the bucket is asked.
    pub(crate) fn service_name(&self) -> String {
        self.place.name_for(&self.bucket, self.style)
    }

    /// A request for the list of buckets.
    pub(crate) fn service(&self) -> Draft {
        Draft {
            name: self.place.host.clone(),
            host: self.place.authority(),
            ..self.at("GET", format!("{}/", self.place.base_path))
        }
    }

    /// A request for the bucket.
    pub(crate) fn in_bucket(&self, method: &'static str) -> Draft {
        self.at(method, self.place.bucket_path(&self.bucket, self.style))
    }

    /// A request for an object below the prefix.
    pub(crate) fn object(&self, method: &'static str, name: &str) -> Draft {
        let object_key = format!("{}{name}", self.prefix);
        if matches!(method, "PUT" | "POST") {
            self.will_make(&object_key);
        }
        self.at(
            method,
            self.place.object_path(&self.bucket, self.style, &object_key),
        )
    }

    /// A request that writes an object below the prefix.
    pub(crate) fn put(&self, name: &str, body: impl Into<Bytes>) -> Draft {
        self.object("PUT", name).body(Body::Hashed(body.into()))
    }

    /// Writes down that an object may come to be.
    pub(crate) fn will_make(&self, object_key: &str) {
        self.made().insert(object_key.to_owned());
    }

    /// Who accepts a changed path makes the object under that name.
    fn will_make_as_signed(&self, written: &Written) {
        let text = written.texts.canonical_request.as_deref();
        let Some(text) = text.and_then(CanonicalText::parse) else {
            return;
        };
        let path = String::from_utf8_lossy(&decode_percent(text.uri.as_bytes())).into_owned();
        if let Some(at) = path.find(&self.prefix) {
            self.will_make(path.get(at..).unwrap_or_default());
        }
    }

    pub(crate) fn all_made(&self) -> Vec<String> {
        self.made().iter().cloned().collect()
    }

    /// Sends a draft.
    pub(crate) async fn attempt(&self, draft: &Draft) -> Exchange {
        self.attempt_as(draft, &[]).await
    }

    /// Sends a draft that is signed as if more had been changed on its way.
    pub(crate) async fn attempt_as(&self, draft: &Draft, changes: &[Change]) -> Exchange {
        let written = self.write_as(draft, changes);
        if !changes.is_empty() && draft.method == "PUT" {
            self.will_make_as_signed(&written);
        }
        self.send(&draft.name, written).await
    }

    /// A draft signed as if more had been changed on its way. Paths and queries of suspects are as they were sent, so what is learnt comes
    /// after them; a whole text has it in it.
    pub(crate) fn write_as(&self, draft: &Draft, changes: &[Change]) -> Written {
        let is_whole = |change: &&Change| matches!(change, Change::All(_));
        let whole = changes.iter().filter(is_whole);
        let parts = changes.iter().filter(|change| !is_whole(change));
        let all: Vec<Change> = parts.chain(&self.bends).chain(whole).cloned().collect();
        self.scribe().write(draft, &all)
    }

    /// Signs a draft as it is sent, without what was learnt: to see what happens to it.
    pub(crate) async fn attempt_bare(&self, draft: &Draft) -> Exchange {
        self.send(&draft.name, self.scribe().write(draft, &[])).await
    }

    pub(crate) async fn send(&self, name: &str, written: Written) -> Exchange {
        let reply = self.wire.send(name, &written.outgoing).await;
        Exchange { written, reply }
    }

    pub(crate) fn scribe(&self) -> Scribe<'_> {
        Scribe {
            key: self.key,
            region: &self.region,
            time: crate::now().saturating_add(self.ahead),
            scheme: self.place.scheme(),
        }
    }

    fn made(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twelve hex digits that nobody else has: two examinations of one bucket do not meet.
fn random() -> String {
    let mut bytes = [0; 6];
    // Without randomness the time has to do; a name is all that hangs on it.
    if getrandom::fill(&mut bytes).is_err() {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        bytes.copy_from_slice(since.as_nanos().to_be_bytes().get(10..).unwrap_or(&[0; 6]));
    }
    hex::encode(bytes)
}
