//! The head of a signed request, written as a client would, at the price of two hashes.
//!
//! The signing key is derived once a day and the texts are written into buffers that are used again, because the client
//! shares the machine with the server it measures. What is signed is checked against `sigv4` itself.
//!
//! Not here: keys with characters that need an escape. The load uses letters, digits and `/`, `-`, `.`, `_` alone.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_sigv4::{Scope, Secret, SigningKey, timestamp_text};
use sha2::{Digest, Sha256};

/// Whose requests they are, and where they go.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    pub(crate) region: String,
    /// As in the `Host` header.
    pub(crate) host: String,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    /// `/bucket/key`
    pub(crate) path: &'a str,
    /// Sorted and escaped already; may be empty.
    pub(crate) query: &'a str,
    /// The value of `x-amz-content-sha256`.
    pub(crate) payload: &'a str,
    /// The value of `Content-MD5`, if it is sent.
    pub(crate) content_md5: Option<&'a str>,
    pub(crate) body_bytes: u64,
}

/// Writes signed heads, one after the other.
pub(crate) struct Signer {
    credentials: Credentials,
    day: Option<Day>,
    text: Vec<u8>,
    to_sign: Vec<u8>,
}

struct Day {
    time: i64,
    /// `20260102T030405Z`
    timestamp: String,
    /// `20260102/region/s3/aws4_request`
    scope: Scope,
    signing_key: SigningKey,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials) -> Signer {
        Signer {
            credentials,
            day: None,
            text: Vec::with_capacity(1024),
            to_sign: Vec::with_capacity(256),
        }
    }

    /// Writes the head of this request behind `out`.
    pub(crate) fn head(&mut self, ask: &Ask<'_>, out: &mut Vec<u8>) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        self.head_at(ask, i64::try_from(now).unwrap_or(i64::MAX), out);
    }

    fn head_at(&mut self, ask: &Ask<'_>, now: i64, out: &mut Vec<u8>) {
        let day = Day::at(&mut self.day, &self.credentials, now);
        let Credentials {
            access_key_id, host, ..
        } = &self.credentials;
        let Ask {
            method,
            path,
            query,
            payload,
            ..
        } = ask;
        let (md5_line, md5_name) = match ask.content_md5 {
            Some(value) => (format!("content-md5:{value}\n"), "content-md5;"),
            None => (String::new(), ""),
        };
        let Day {
            timestamp,
            scope,
            signing_key,
            ..
        } = day;
        self.text.clear();
        self.to_sign.clear();
        // Writing into memory cannot fail.
        let _ = write!(
            self.text,
            "{method}\n{path}\n{query}\n{md5_line}host:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{timestamp}\n\n\
             {md5_name}{SIGNED_HEADERS}\n{payload}"
        );
        let mut digest = [0; 64];
        let _ = hex::encode_to_slice(Sha256::digest(&self.text), &mut digest);
        let _ = write!(self.to_sign, "AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n");
        self.to_sign.extend_from_slice(&digest);
        let signature = signing_key.sign(&self.to_sign).to_hex();
        let joint = if query.is_empty() { "" } else { "?" };
        let _ = write!(
            out,
            "{method} {path}{joint}{query} HTTP/1.1\r\nhost: {host}\r\nx-amz-date: {timestamp}\r\n\
             x-amz-content-sha256: {payload}\r\nauthorization: AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, \
             SignedHeaders={md5_name}{SIGNED_HEADERS}, Signature={signature}\r\n"
        );
        if let Some(value) = ask.content_md5 {
            let _ = write!(out, "content-md5: {value}\r\n");
        }
        if ask.body_bytes > 0 || matches!(*method, "PUT" | "POST") {
            let _ = write!(out, "content-length: {}\r\n", ask.body_bytes);
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl Day {
    /// The one of this second; the signing key is made anew when the date changes.
    fn at<'a>(kept: &'a mut Option<Day>, credentials: &Credentials, now: i64) -> &'a Day {
        let fresh = match kept.take() {
            Some(day) if day.time == now => day,
            before => Day::new(before, credentials, now),
        };
        kept.insert(fresh)
    }

    fn new(before: Option<Day>, credentials: &Credentials, now: i64) -> Day {
        let timestamp = timestamp_text(now);
        let scope = Scope {
            date: timestamp.get(..8).unwrap_or_default().into(),
            region: credentials.region.as_str().into(),
            service: "s3".into(),
        };
        let signing_key = match before {
            Some(day) if day.scope == scope => day.signing_key,
            _ => SigningKey::derive(&credentials.secret, &scope),
        };
        Day {
            time: now,
            timestamp,
            scope,
            signing_key,
        }
    }
}

const SIGNED_HEADERS: &str = "host;x-amz-content-sha256;x-amz-date";

/// The payload is not part of what is signed.
pub(crate) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::{EMPTY_SHA256, PathRule, Request, claim, verify};

    fn check(ask: &Ask<'_>, times: &[i64]) {
        let secret = Secret::new("a secret");
        let mut signer = Signer::new(Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret: secret.clone(),
            region: "us-east-1".into(),
            host: "127.0.0.1:9000".into(),
        });
        for time in times {
            let mut head = Vec::new();
            signer.head_at(ask, *time, &mut head);
            let text = String::from_utf8(head).expect("text");
            let (first, rest) = text.split_once("\r\n").expect("a request line");
            let target = first.split(' ').nth(1).expect("a target");
            let (path, query) = target
                .split_once('?')
                .map_or((target, None), |(path, query)| (path, Some(query)));
            let headers: Vec<(&str, &[u8])> = rest
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name, value.as_bytes()))
                .collect();
            let request = Request {
                method: ask.method,
                path: path.as_bytes(),
                query: query.map(str::as_bytes),
                headers: &headers,
            };
            let claim = claim(&request).expect("well formed").expect("signed");
            let signing_key = SigningKey::derive(&secret, &claim.scope);
            assert!(
                verify(&request, &claim, PathRule::S3, &signing_key).matched,
                "{text}"
            );
            assert_eq!(claim.time, *time);
        }
    }

    #[test]
    fn what_is_signed_is_accepted_also_after_midnight() {
        let get = Ask {
            method: "GET",
            path: "/bucket/a/b-c.d_e",
            query: "",
            payload: EMPTY_SHA256,
            content_md5: None,
            body_bytes: 0,
        };
        let times = [
            1_767_323_045,
            1_767_323_045,
            1_767_323_046,
            1_767_323_046 + 86_400,
        ];
        check(&get, &times);
        check(
            &Ask {
                method: "PUT",
                payload: UNSIGNED,
                body_bytes: 9,
                ..get
            },
            &times,
        );
        check(
            &Ask {
                query: "delimiter=%2F&list-type=2&max-keys=1000",
                path: "/bucket",
                ..get
            },
            &times,
        );
        let delete = Ask {
            method: "POST",
            query: "delete=",
            content_md5: Some("rL0Y20zC+Fzt72VPzMSk2A=="),
            ..get
        };
        check(&delete, &times);
    }
}
