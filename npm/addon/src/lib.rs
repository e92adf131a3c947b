//! Explaining and validating for Node: text in, JSON out.
//!
//! What a refusal means is `countersign_evidence`'s, what is wrong with parameters `countersign_validate`'s; what people call in JavaScript is in
//! `npm/`. Not here: either of them. Nothing here reads a file, the environment or a socket, so a secret that comes in stays in the process, and
//! is wiped from what this crate holds.
//!
//! Keeps true: a bug here is an exception there. A panic that reached Node would end the whole process, over the explanation of an error that
//! its program may have caught.
//!
//! `unsafe` is denied here as everywhere in this repository: what Node's interface needs of it is in `napi`.

use countersign_evidence::{Known, explain, read};
use countersign_sigv4::Secret;
use countersign_validate::{Params, validate};
use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;
use serde::Deserialize;

/// What is known beside the text.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    /// The key whose secret comes along.
    access_key_id: Option<String>,
    /// The region of the server.
    region: Option<String>,
    /// Names of the server as clients write them.
    hosts: Vec<String>,
    /// Seconds since 1970.
    now: i64,
}

/// Explains a text: an error, a log, a capture of the npm package. The answer is the document, and the same as people read it.
///
/// # Errors
///
/// The text is none of the forms that are understood.
#[napi(js_name = "explain", catch_unwind)]
pub fn explain_text(text: String, options: String, secret: Option<String>) -> Result<String> {
    let options: Options = serde_json::from_str(&options).map_err(usage)?;
    let evidence = read(text.as_bytes()).map_err(usage)?;
    let secret = secret.map(Secret::new);
    let other_key = options.access_key_id.and_then(|id| evidence.other_key(&id));
    let known = Known {
        secret: secret.as_ref().filter(|_| other_key.is_none()),
        region: options.region.as_deref(),
        hosts: &options.hosts,
        now: options.now,
    };
    let mut explained = explain(&evidence, &known);
    explained.notes.extend(other_key);
    let mut document = explained.document();
    if let Some(document) = document.as_object_mut() {
        document.insert("text".to_owned(), explained.text().into());
    }
    Ok(document.to_string())
}

/// Looks at the parameters of a request that is not made yet; the answer is the list of findings.
///
/// # Errors
///
/// The parameters have another shape than `Params`.
#[napi(js_name = "validate", catch_unwind)]
pub fn validate_params(params: String, secret: Option<String>) -> Result<String> {
    let mut params: Params = serde_json::from_str(&params).map_err(usage)?;
    if let Some(credentials) = &mut params.credentials {
        credentials.secret = secret.map(Secret::new);
    }
    serde_json::to_string(&validate(&params)).map_err(usage)
}

fn usage(why: impl std::fmt::Display) -> Error {
    Error::new(Status::InvalidArg, why.to_string())
}
