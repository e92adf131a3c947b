//! What a request that cannot be read as signed seems to be meant as: its authorization written anew, nothing else changed.
//!
//! Only to say whether the signature in it is right. The request stays refused, and nothing is ever searched from here.
//!
//! Keeps true: at most [`READINGS_MAX`] readings of one request, so that explaining it costs no more verifications.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{
    Claim, EMPTY_SHA256, PathRule, Request, Secret, SigningKey, Trace, claim, decode_query, parse_timestamp,
    query_pairs, query_value, string_to_sign, timestamp_text, verify,
};

use crate::budget::{SIGNED_HEADERS_MAX, Tried};
use crate::parts::{DERIVE_BYTES, HMAC_BYTES, sha256};
use crate::rules::http_date;

/// Most readings of one request.
const READINGS_MAX: usize = 2;

/// A request with its authorization written anew.
pub(crate) struct Repaired {
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    /// What was signed for the date, where it is written in a way that cannot be read: in the header as it was sent, and as this in
    /// the string to sign.
    date: Option<Date>,
}

struct Date {
    sent: Vec<u8>,
    in_text: String,
}

impl Repaired {
    /// The readings of `request`, the likeliest first; none if it has nothing to write anew.
    pub(crate) fn readings(request: &Request<'_>) -> Vec<Repaired> {
        let mut readings = Repaired::all(request).unwrap_or_default();
        readings.truncate(READINGS_MAX);
        readings
    }

    fn all(request: &Request<'_>) -> Option<Vec<Repaired>> {
        let mut headers: Vec<(String, Vec<u8>)> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        let bare = |query: Option<Vec<u8>>, headers: Vec<(String, Vec<u8>)>| Repaired {
            query,
            headers,
            date: None,
        };
        let query = request.query.map(<[u8]>::to_vec);
        let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        if query_value(request.query, "X-Amz-Signature").is_some()
            && request.header("authorization").is_some()
        {
            // Two signatures: the link has everything that it needs, whoever sent a header with it.
            headers.retain(|(name, _)| !is(name, "authorization"));
            return Some(vec![bare(query, headers)]);
        }
        if let Some((_, value)) = headers.iter_mut().find(|(name, _)| is(name, "authorization")) {
            *value = authorization(value)?;
            if request.header("x-amz-content-sha256").is_none() {
                // What signers for other services take: the hash of no body. What S3 takes if told so.
                let with = |line: &str| {
                    let mut headers = headers.clone();
                    headers.push(("x-amz-content-sha256".to_owned(), line.into()));
                    bare(query.clone(), headers)
                };
                return Some(vec![with(EMPTY_SHA256), with("UNSIGNED-PAYLOAD")]);
            }
            let date = headers.iter_mut().find(|(name, _)| is(name, "x-amz-date"));
            if let Some((_, value)) = date
                && let Some(meant) = date_meant(value)
            {
                let sent = std::mem::replace(value, meant.clone().into_bytes());
                let as_sent = String::from_utf8_lossy(&sent).into_owned();
                let readings = [meant, as_sent].map(|in_text| Repaired {
                    query: query.clone(),
                    headers: headers.clone(),
                    date: Some(Date {
                        sent: sent.clone(),
                        in_text,
                    }),
                });
                return Some(readings.into());
            }
            return Some(vec![bare(query, headers)]);
        }
        let query = Some(self::query(request.query?)?);
        Some(vec![bare(query, headers)])
    }

    /// Whether the signature is right in this reading; `None` if it cannot be computed.
    pub(crate) fn verifies(
        &self,
        request: &Request<'_>,
        rule: PathRule,
        secret: &Secret,
        tried: &mut Tried,
    ) -> Option<bool> {
        let verified = self.with(request, |request, claim| {
            if claim.signed_headers.len() > SIGNED_HEADERS_MAX {
                return None;
            }
            let length = request
                .headers
                .iter()
                .map(|(_, value)| value.len())
                .sum::<usize>()
                + request.path.len()
                + request.query.map_or(0, <[u8]>::len);
            tried.hashed_bytes += (length + DERIVE_BYTES + HMAC_BYTES) as u64;
            let key = SigningKey::derive(secret, &claim.scope);
            let Some(date) = &self.date else {
                return Some(verify(request, claim, rule, &key).matched);
            };
            let headers: Vec<(&str, &[u8])> = request
                .headers
                .iter()
                .map(|(name, value)| match *name {
                    name if name.eq_ignore_ascii_case("x-amz-date") => (name, date.sent.as_slice()),
                    name => (name, *value),
                })
                .collect();
            let as_sent = Request {
                headers: &headers,
                ..*request
            };
            let canonical = Trace::of(&as_sent, claim, rule).canonical_request;
            let text = string_to_sign(&date.in_text, &claim.scope, &sha256(&canonical));
            Some(key.matches(&text, &claim.signature))
        });
        verified.flatten()
    }

    /// Runs `with` on the request as it was meant, and what it claims.
    fn with<T>(&self, request: &Request<'_>, with: impl FnOnce(&Request<'_>, &Claim) -> T) -> Option<T> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let meant = Request {
            query: self.query.as_deref(),
            headers: &headers,
            ..*request
        };
        let claim = claim(&meant).ok().flatten()?;
        Some(with(&meant, &claim))
    }
}

/// The access key id that a request seems to name whose authorization cannot be read.
pub fn presumed_access_key_id(request: &Request<'_>) -> Option<String> {
    let readings = Repaired::readings(request);
    let first = readings.first()?;
    first.with(request, |_, claim| claim.access_key_id.to_string())
}

/// The time that a date in another form means, as it must be written; `None` if it is written so already.
fn date_meant(sent: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(sent.trim_ascii()).ok()?;
    if parse_timestamp(text).is_some() {
        return None;
    }
    if let Some(time) = http_date(text.as_bytes()) {
        return Some(timestamp_text(time));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at_checked(8)?;
    let meant = format!("{day}T{time}Z");
    parse_timestamp(&meant).map(|_| meant)
}

/// The header with its three components found by their names, whatever stands between them.
fn authorization(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?;
    let component = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        let rest = rest.trim_start().strip_prefix(['=', ':'])?.trim_start();
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let end = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'');
        rest.split(end).next().filter(|found| !found.is_empty())
    };
    let (credential, signed_headers) = (component("Credential")?, component("SignedHeaders")?);
    // `Signature` begins no other component's name.
    let signature = plain_signature(component("Signature")?);
    let meant = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed_headers}, Signature={signature}"
    );
    Some(meant.into_bytes())
}

/// The signature in lower-case hex, where it was written in capitals or in base64.
pub(crate) fn plain_signature(sent: &str) -> String {
    if sent.len() == 64 {
        return sent.to_ascii_lowercase();
    }
    match STANDARD.decode(sent) {
        Ok(bytes) if bytes.len() == 32 => hex::encode(bytes),
        _ => sent.to_owned(),
    }
}

/// The query with escaped ampersands, a second question mark, or a second encoding undone: the first of them that is there.
fn query(sent: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(sent).ok()?;
    let undone = if has_names_in_other_case(sent) {
        with_restored_names(text)
    } else if is_escaped(sent) {
        text.replace("&amp;", "&")
            .replace("\\u0026", "&")
            .replace("%5Cu0026", "&")
    } else if text.contains("?X-Amz-") {
        text.replace("?X-Amz-", "&X-Amz-")
    } else if text.contains("%25") {
        text.replace("%25", "%")
    } else {
        return None;
    };
    Some(undone.into_bytes())
}

/// Names of parameters that have capitals, those of a signature first.
pub(crate) const KNOWN_NAMES: [&str; 14] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "versionId",
    "partNumber",
    "uploadId",
    "requestPayment",
    "publicAccessBlock",
    "ownershipControls",
];
/// How many of them every link has.
const REQUIRED_NAMES: usize = 6;

/// The name as it must be written, if this is one of the known ones in any case.
pub(crate) fn restored_name(name: &[u8]) -> Option<&'static str> {
    KNOWN_NAMES
        .into_iter()
        .find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether a query has a parameter of a signature under a name in other capitals, by which it is not one.
pub fn has_names_in_other_case(query: &[u8]) -> bool {
    query_pairs(query).any(|(name, _)| {
        let name = decode_query(name);
        let known = restored_name(&name);
        known.is_some_and(|known| {
            known.as_bytes() != name
                && KNOWN_NAMES
                    .iter()
                    .take(REQUIRED_NAMES)
                    .any(|required| *required == known)
        })
    })
}

/// The query with the names of a signature as they must be written.
fn with_restored_names(query: &str) -> String {
    let pieces = query.split('&').map(|piece| {
        let (name, rest) = piece.split_at(piece.find('=').unwrap_or(piece.len()));
        let known = restored_name(&decode_query(name.as_bytes()));
        format!("{}{rest}", known.unwrap_or(name))
    });
    pieces.collect::<Vec<String>>().join("&")
}

/// Whether the ampersands of a query were escaped for HTML or JSON.
pub(crate) fn is_escaped(query: &[u8]) -> bool {
    [&b"&amp;"[..], b"\\u0026", b"%5Cu0026"]
        .iter()
        .any(|escaped| crate::scene::contains(query, escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_whatever_stands_between_them() {
        let plain = "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=00";
        for odd in [
            plain,
            "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request SignedHeaders=host Signature=00",
            "AWS4-HMAC-SHA256 Credential=\"a/b/c/s3/aws4_request\", SignedHeaders=\"host\", Signature=\"00\"",
            "AWS4-HMAC-SHA256,Credential=a/b/c/s3/aws4_request,SignedHeaders=host,Signature=00",
            "Credential: a/b/c/s3/aws4_request, SignedHeaders: host, Signature: 00",
        ] {
            assert_eq!(
                authorization(odd.as_bytes()).as_deref(),
                Some(plain.as_bytes()),
                "{odd}"
            );
        }
        assert_eq!(authorization(b"Bearer x"), None);
    }

    #[test]
    fn dates_are_read_in_the_forms_that_programs_have_by_themselves() {
        for (sent, meant) in [
            ("2026-11-22T03:59:00.123Z", Some("20261122T035900Z")),
            ("20261122T035900+0000", Some("20261122T035900Z")),
            ("20261122T035900", Some("20261122T035900Z")),
            ("2026-11-22 03:59:00 UTC", Some("20261122T035900Z")),
            ("Sun, 22 Nov 2026 03:59:00 GMT", Some("20261122T035900Z")),
            ("20261122T035900Z", None),
            ("20261322T035900Z", None),
            ("1795406340", None),
            ("yesterday", None),
        ] {
            assert_eq!(date_meant(sent.as_bytes()).as_deref(), meant, "{sent}");
        }
    }

    #[test]
    fn names_of_a_signature_are_restored_and_all_else_stays() {
        let sent = b"x-amz-algorithm=A&X-AMZ-DATE=2&versionid=v&x%2Damz-signature=0&x-amz-meta-a=B";
        let restored = "X-Amz-Algorithm=A&X-Amz-Date=2&versionId=v&X-Amz-Signature=0&x-amz-meta-a=B";
        assert!(has_names_in_other_case(sent));
        assert_eq!(query(sent).as_deref(), Some(restored.as_bytes()));
        for as_they_must_be in [restored, "versionid=v", "x-amz-meta-a=B"] {
            assert!(
                !has_names_in_other_case(as_they_must_be.as_bytes()),
                "{as_they_must_be}"
            );
        }
    }

    #[test]
    fn signatures_are_read_in_capitals_and_in_base64() {
        let hex = "0f".repeat(32);
        assert_eq!(plain_signature(&hex.to_uppercase()), hex);
        assert_eq!(plain_signature(&STANDARD.encode([15; 32])), hex);
        assert_eq!(plain_signature("short"), "short");
    }
}
