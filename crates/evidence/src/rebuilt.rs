//! A request put together again from what a text shows of it, so that it can be verified and searched.
//!
//! Either as the server received it, from the canonical request in its answer, or as the client sent it. Not here: what is
//! done with it (`explain`).

use countersign_sigv4::{Claim, PathRule, Request, Trace, claim};

use crate::canonical::CanonicalText;
use crate::evidence::{Sent, Texts};

/// A request whose bytes are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rebuilt {
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
}

impl Rebuilt {
    /// As it was sent.
    pub(crate) fn of_sent(sent: &Sent) -> Rebuilt {
        Rebuilt {
            method: sent.method.clone(),
            path: sent.path.clone(),
            query: sent.query.clone(),
            headers: sent.headers.clone(),
        }
    }

    /// A lone header, with what has to be there for its scope to be read: a time of the day that the scope names, and something for each
    /// header that it says is signed.
    pub(crate) fn of_header(sent: &Sent) -> Rebuilt {
        let mut rebuilt = Rebuilt::of_sent(sent);
        let value = sent.header("authorization").unwrap_or_default();
        let part = |name: &str| {
            value
                .split_once(name)
                .map_or("", |(_, rest)| rest.split([',', ' ']).next().unwrap_or_default())
        };
        let date = part("Credential=").split('/').nth(1).unwrap_or_default();
        let needed = [
            ("x-amz-date", format!("{date}T120000Z")),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned()),
            ("host", "s3.amazonaws.com".to_owned()),
        ];
        let signed = part("SignedHeaders=").split(';').filter(|name| !name.is_empty());
        let signed = signed.map(|name| (name, "unknown".to_owned()));
        for (name, value) in needed.into_iter().chain(signed) {
            let is_there = rebuilt
                .headers
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name));
            if !is_there {
                rebuilt.headers.push((name.to_owned(), value));
            }
        }
        rebuilt
    }

    /// As one side made it canonical. Headers that are not signed are taken from what was sent: they tell who sent it.
    pub(crate) fn of_texts(
        canonical: &CanonicalText,
        texts: &Texts,
        access_key_id: &str,
        sent: Option<&Sent>,
    ) -> Option<Rebuilt> {
        let string_to_sign = texts.string_to_sign.as_deref()?;
        let signature = texts.signature.as_deref()?;
        let mut lines = string_to_sign.lines();
        let (algorithm, time, scope) = (lines.next()?, lines.next()?, lines.next()?);
        // A line without a value is what is left of a signed header that did not arrive, unless it was sent so.
        let was_sent = |name: &str| sent.is_some_and(|sent| sent.header(name).is_some());
        let mut headers = canonical.headers.clone();
        headers.retain(|(name, value)| !value.is_empty() || was_sent(name));
        let has = |headers: &[(String, String)], name: &str| {
            headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
        };
        let mut query = Some(canonical.query.clone()).filter(|query| !query.is_empty());
        if canonical.query.contains("X-Amz-Algorithm=") {
            query = query.map(|query| format!("{query}&X-Amz-Signature={signature}"));
        } else {
            headers.push((
                "authorization".to_owned(),
                format!(
                    "{algorithm} Credential={access_key_id}/{scope}, SignedHeaders={}, Signature={signature}",
                    canonical.signed_headers
                ),
            ));
            for (name, value) in [
                ("x-amz-content-sha256", canonical.payload.as_str()),
                ("x-amz-date", time),
            ] {
                let is_dated = name == "x-amz-date" && has(&headers, "date");
                if !has(&headers, name) && !is_dated {
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        for (name, value) in sent.map(|sent| sent.headers.as_slice()).unwrap_or_default() {
            let name = name.to_ascii_lowercase();
            let belongs_to_signature = name.starts_with("x-amz-") || name == "authorization";
            if !belongs_to_signature && !has(&headers, &name) {
                headers.push((name, value.clone()));
            }
        }
        Some(Rebuilt {
            method: canonical.method.clone(),
            path: canonical.uri.clone(),
            query,
            headers,
        })
    }

    /// The request as it was sent, if that is what arrived: it shows more than its canonical form does, such as the order of the query.
    pub(crate) fn arrived(sent: &Sent, canonical: &CanonicalText) -> Option<Rebuilt> {
        let rebuilt = Rebuilt::of_sent(sent);
        (rebuilt.canonical().as_ref() == Some(canonical)).then_some(rebuilt)
    }

    /// Its canonical request; `None` if it is not signed.
    pub(crate) fn canonical(&self) -> Option<CanonicalText> {
        CanonicalText::parse(&self.texts()?.canonical_request?)
    }

    /// Its texts; `None` if it is not signed.
    pub(crate) fn texts(&self) -> Option<Texts> {
        self.with(|request| {
            let claimed = claim(request).ok().flatten()?;
            let trace = Trace::of(request, &claimed, rule_of(&claimed));
            let text = |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).into_owned());
            Some(Texts {
                canonical_request: text(&trace.canonical_request),
                string_to_sign: text(&trace.string_to_sign),
                signature: Some(claimed.signature.clone()),
            })
        })
    }

    /// Runs `with` on the request.
    pub(crate) fn with<T>(&self, with: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        with(&Request {
            method: &self.method,
            path: self.path.as_bytes(),
            query: self.query.as_deref().map(str::as_bytes),
            headers: &headers,
        })
    }
}

/// How the service of a request makes a path canonical. SPEC: S3 and its kin encode it once, every other service once more.
pub(crate) fn rule_of(claimed: &Claim) -> PathRule {
    match claimed.scope.service.as_str() {
        "s3" | "s3express" | "s3-outposts" | "s3-object-lambda" => PathRule::S3,
        _ => PathRule::Generic,
    }
}

/// The access key id that a text names.
pub(crate) fn access_key_id(sent: Option<&Sent>, element: Option<&str>) -> Option<String> {
    let in_header = |sent: &Sent| {
        let (_, rest) = sent.header("authorization")?.split_once("Credential=")?;
        rest.split('/').next().map(str::to_owned)
    };
    let in_query = |sent: &Sent| {
        let (_, rest) = sent.query.as_deref()?.split_once("X-Amz-Credential=")?;
        rest.split(['/', '&', '%']).next().map(str::to_owned)
    };
    let in_sent = sent.and_then(|sent| in_header(sent).or_else(|| in_query(sent)));
    element.map(str::to_owned).or(in_sent).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::{Payload, Secret, Signer, SigningKey, verify};

    #[test]
    fn what_a_server_made_canonical_verifies_again() {
        let secret = Secret::new("a secret");
        let signer = Signer {
            access_key_id: "AKID",
            secret: &secret,
            session_token: Some("token/+="),
            region: "eu-west-1",
            service: "s3",
            time: 1_735_689_600,
            rule: PathRule::S3,
        };
        let host = [("host", &b"h:9000"[..]), ("content-type", b"text/plain")];
        let request = Request {
            method: "PUT",
            path: b"/b/a%20b%2Fc//d",
            query: Some(b"x-id=PutObject"),
            headers: &host,
        };
        let added = signer.sign_headers(&request, &Payload::Unsigned);
        let mut headers = host.to_vec();
        headers.extend(
            added
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        let received = Request {
            headers: &headers,
            ..request
        };
        let claimed = claim(&received).expect("well-formed").expect("signed");
        let trace = Trace::of(&received, &claimed, PathRule::S3);
        let texts = Texts {
            canonical_request: Some(String::from_utf8(trace.canonical_request).expect("text")),
            string_to_sign: Some(String::from_utf8(trace.string_to_sign).expect("text")),
            signature: Some(claimed.signature.clone()),
        };
        let canonical =
            CanonicalText::parse(texts.canonical_request.as_deref().expect("there")).expect("canonical");
        let rebuilt = Rebuilt::of_texts(&canonical, &texts, "AKID", None).expect("rebuilt");
        rebuilt.with(|request| {
            let claimed = claim(request).expect("well-formed").expect("signed");
            let key = SigningKey::derive(&secret, &claimed.scope);
            assert!(verify(request, &claimed, PathRule::S3, &key).matched);
        });
    }

    #[test]
    fn the_access_key_is_read_from_header_or_link() {
        let mut sent = Sent::to_url(
            "GET",
            "https://h/k?X-Amz-Credential=AKLINK%2F20250101%2Fr%2Fs3%2Faws4_request",
        )
        .expect("a URL");
        assert_eq!(access_key_id(Some(&sent), None).as_deref(), Some("AKLINK"));
        sent.headers.push((
            "authorization".into(),
            "AWS4-HMAC-SHA256 Credential=AKHEAD/2025".into(),
        ));
        assert_eq!(access_key_id(Some(&sent), None).as_deref(), Some("AKHEAD"));
        assert_eq!(
            access_key_id(Some(&sent), Some("AKDOC")).as_deref(),
            Some("AKDOC")
        );
        assert_eq!(access_key_id(None, None), None);
    }
}
