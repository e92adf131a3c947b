//! A file sent by a form, as a page does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign_sigv4::{PathRule, Signer, timestamp_text};
use serde_json::json;

use crate::draft::{Auth, Body};
use crate::session::Session;

use super::{Odd, Probe};

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let body = form(session);
    let object_key = format!("{}by-form", session.prefix);
    session.will_make(&object_key);
    let post = session
        .in_bucket("POST")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(Body::Unsigned(body.into()))
        .auth(Auth::Nobody);
    let back = session.object("GET", "by-form");
    let probe = Probe::new("POST a form", post).then(Probe::new("GET what came by a form", back).expecting(
        |reply| (reply.body != FILE).then(|| Odd::failed("Another body came back than was sent by a form.")),
    ));
    vec![probe]
}

fn form(session: &Session<'_>) -> Vec<u8> {
    let scribe = session.scribe();
    let signer = Signer {
        access_key_id: &session.key.access_key_id,
        secret: &session.key.secret,
        session_token: session.key.session_token.as_deref(),
        region: scribe.region,
        service: "s3",
        time: scribe.time,
        rule: PathRule::S3,
    };
    let object_key = format!("{}by-form", session.prefix);
    let mut conditions = vec![json!({ "bucket": session.bucket }), json!({ "key": object_key })];
    // The conditions name the fields of the signature, which do not depend on them.
    for (name, value) in signer.form_fields("") {
        if !matches!(name.as_str(), "policy" | "x-amz-signature") {
            conditions.push(json!({ name: value }));
        }
    }
    let ends = iso(scribe.time.saturating_add(LIFETIME_SECONDS));
    let policy = json!({ "expiration": ends, "conditions": conditions }).to_string();
    let mut fields = vec![("key".to_owned(), object_key)];
    fields.extend(signer.form_fields(&BASE64.encode(policy)));
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{FILE}\r\n--{BOUNDARY}--\r\n"
    ));
    body.into_bytes()
}

/// `2026-01-01T00:00:00Z`.
fn iso(seconds: i64) -> String {
    let text = timestamp_text(seconds);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    )
}

const BOUNDARY: &str = "countersign-doctor-boundary";
const FILE: &str = "by a form";
const LIFETIME_SECONDS: i64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_policies_have_it() {
        assert_eq!(iso(1_735_689_601), "2025-01-01T00:00:01Z");
    }
}
