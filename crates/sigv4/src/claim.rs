//! Who a request says it comes from, and how it is signed. A claim proves nothing yet.
//!
//! Reads the structure only: no place, no time, no secret. Not here: forms (`form_claim`), and whether the claim
//! fits this region and this moment (`check`).

use std::{fmt, iter};

use smol_str::SmolStr;

use crate::header_claim::header_claim;
use crate::payload::Payload;
use crate::query_claim::query_claim;
use crate::refusal::Refusal;
use crate::request::{Request, text};
use crate::timestamp::is_scope_date;
use crate::uri::{query_name_is, query_pairs};

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query of a presigned link.
    Query,
    /// In the fields of a browser form, over its POST policy.
    Policy,
}

/// The credential scope: what a signing key is good for. `Display` is the line of the string to sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The day as sent, `YYYYMMDD`.
    pub date: SmolStr,
    /// The region as sent.
    pub region: SmolStr,
    /// The service as sent.
    pub service: SmolStr,
}

/// What a signed request says about itself. Everything is as sent, so that nothing is lost for an explanation. What is
/// short, as nearly all of it is, stands in the claim itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// Where the signature stood.
    pub form: Form,
    /// The access key id it names.
    pub access_key_id: SmolStr,
    /// The credential scope it names.
    pub scope: Scope,
    /// The names in its signed headers in the order sent, in the case sent. Empty for a form.
    pub signed_headers: Vec<SmolStr>,
    /// The signature as sent, whatever it looks like.
    pub signature: String,
    /// The date line of the string to sign: `x-amz-date` as sent, or a `Date` header brought into that form.
    pub timestamp: SmolStr,
    /// Unix seconds of `timestamp`.
    pub time: i64,
    /// Lifetime of a presigned link in seconds from `time`; `None` for the other forms.
    pub expires: Option<u64>,
    /// The session token of temporary credentials, where one is given.
    pub session_token: Option<String>,
    /// What the request says about its body. [`Payload::Unsigned`] for a form, whose file is not signed.
    pub payload: Payload,
    /// The POST policy: the base64 text exactly as sent. Only for a form.
    pub policy: Option<String>,
}

/// Reads who a request claims to come from: `None` if it is not signed at all.
///
/// Refuses what is wrong in itself: other signature versions, two mechanisms at once, missing or malformed parts. For
/// a presigned link and for a header alike; a form's claim stands in its body, see [`crate::form_claim`].
pub fn claim(request: &Request<'_>) -> Result<Option<Claim>, Refusal> {
    let mut headers = request.header_values("authorization");
    let (authorization, second) = (headers.next(), headers.next());
    let found = QueryMechanisms::of(request.query);
    let ways = [authorization.is_some(), second.is_some(), found.v4, found.v2];
    if ways.into_iter().filter(|is_there| *is_there).count() > 1 {
        let authorization = request.header_text("authorization").unwrap_or_default();
        let authorization = authorization.into_owned();
        return Err(Refusal::OnlyOneMechanism { authorization });
    }
    match authorization {
        Some(authorization) => header_claim(request, &text(authorization.trim_ascii())).map(Some),
        None if found.v4 => query_claim(request).map(Some),
        None if found.v2 => Err(query_v2(request)),
        None => Ok(None),
    }
}

/// What stands in the query. Names are case-sensitive, as AWS has them.
struct QueryMechanisms {
    v4: bool,
    v2: bool,
}

impl QueryMechanisms {
    fn of(query: Option<&[u8]>) -> QueryMechanisms {
        let mut found = QueryMechanisms { v4: false, v2: false };
        for (name, _) in query_pairs(query.unwrap_or_default()) {
            let is_one_of = |names: &[&str]| names.iter().any(|known| query_name_is(name, known));
            found.v4 = found.v4 || is_one_of(&["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"]);
            found.v2 = found.v2 || is_one_of(&["AWSAccessKeyId", "Signature"]);
        }
        found
    }
}

fn query_v2(request: &Request<'_>) -> Refusal {
    let value = |name| crate::uri::query_value(request.query, name);
    match (value("AWSAccessKeyId"), value("Signature"), value("Expires")) {
        (Some(access_key_id), Some(_), Some(_)) => Refusal::SigV2 {
            form: Form::Query,
            access_key_id: Some(String::from_utf8_lossy(&access_key_id).into_owned()),
        },
        _ => Refusal::SigV2QueryParametersMissing,
    }
}

impl Scope {
    /// The last word of every scope.
    pub const TERMINAL: &'static str = "aws4_request";

    /// Reads `id/date/region/service/aws4_request`: the access key id, and the scope.
    pub(crate) fn parse_credential(form: Form, credential: &str) -> Result<(SmolStr, Scope), Refusal> {
        let malformed = || Refusal::CredentialMalformed {
            form,
            got: credential.to_owned(),
        };
        let mut parts = split(credential, b'/');
        let (Some(access_key_id), Some(date), Some(region), Some(service), Some(terminal), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(malformed());
        };
        if access_key_id.is_empty() || service.is_empty() {
            return Err(malformed());
        }
        if terminal != Scope::TERMINAL {
            return Err(Refusal::TerminalWrong {
                form,
                got: terminal.to_owned(),
            });
        }
        if !is_scope_date(date) {
            return Err(Refusal::ScopeDateMalformed {
                form,
                got: date.to_owned(),
            });
        }
        if region.is_empty() {
            return Err(Refusal::RegionEmpty { form });
        }
        let scope = Scope {
            date: date.into(),
            region: region.into(),
            service: service.into(),
        };
        Ok((access_key_id.into(), scope))
    }
}

impl Scope {
    /// Writes the line of the string to sign behind what is there.
    pub(crate) fn push_text(&self, text: &mut Vec<u8>) {
        for part in [&self.date, &self.region, &self.service] {
            text.extend_from_slice(part.as_bytes());
            text.push(b'/');
        }
        text.extend_from_slice(Scope::TERMINAL.as_bytes());
    }

    /// The bytes of that line.
    pub(crate) fn text_bytes(&self) -> usize {
        self.date.len() + self.region.len() + self.service.len() + 3 + Scope::TERMINAL.len()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/{}/{}/{}",
            self.date,
            self.region,
            self.service,
            Scope::TERMINAL
        )
    }
}

/// Neither the signature nor the session token: together with the request they are a credential.
impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Claim")
            .field("form", &self.form)
            .field("access_key_id", &self.access_key_id)
            .field("scope", &self.scope)
            .field("signed_headers", &self.signed_headers)
            .field("timestamp", &self.timestamp)
            .field("expires", &self.expires)
            .field("session_token", &self.session_token.as_ref().map(|_| ".."))
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

/// The names of a `SignedHeaders` list, as sent.
pub(crate) fn split_signed_headers(list: &str) -> Vec<SmolStr> {
    let mut names = Vec::with_capacity(SIGNED_HEADERS_TYPICAL);
    names.extend(
        split(list, b';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(SmolStr::from),
    );
    names
}

/// The pieces of a text between separators, which are ASCII.
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let left = rest?;
        let Some(at) = memchr::memchr(separator, left.as_bytes()) else {
            return rest.take();
        };
        rest = left.get(at + 1..);
        left.get(..at)
    })
}

/// Names that most clients sign at most.
const SIGNED_HEADERS_TYPICAL: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: Option<&str>, headers: &[(&str, &[u8])]) -> Result<Option<Claim>, Refusal> {
        claim(&Request {
            method: "GET",
            path: b"/",
            query: query.map(str::as_bytes),
            headers,
        })
    }

    #[test]
    fn a_request_without_any_signature_is_anonymous() {
        assert_eq!(check(None, &[("host", b"h")]), Ok(None));
        assert_eq!(check(Some("acl&Expires=5&x-amz-signature=1"), &[]), Ok(None));
    }

    #[test]
    fn two_mechanisms_are_one_too_many() {
        let both = Refusal::OnlyOneMechanism {
            authorization: "Bearer x".into(),
        };
        for query in [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Signature=0",
            "Signature=a",
            "AWSAccessKeyId=a",
        ] {
            assert_eq!(
                check(Some(query), &[("Authorization", b"Bearer x")]),
                Err(both.clone()),
                "{query}"
            );
        }
        let neither = Refusal::OnlyOneMechanism {
            authorization: String::new(),
        };
        assert_eq!(check(Some("X-Amz-Algorithm=x&Signature=y"), &[]), Err(neither));
        let twice = Refusal::OnlyOneMechanism {
            authorization: "AWS a:b,AWS c:d".into(),
        };
        assert_eq!(
            check(
                None,
                &[("authorization", b"AWS a:b"), ("authorization", b"AWS c:d")]
            ),
            Err(twice)
        );
    }

    #[test]
    fn links_of_version_two_are_recognised() {
        let complete = Refusal::SigV2 {
            form: Form::Query,
            access_key_id: Some("AK/ID".into()),
        };
        assert_eq!(
            check(Some("AWSAccessKeyId=AK%2FID&Signature=x%3D&Expires=1"), &[]),
            Err(complete)
        );
        for query in [
            "AWSAccessKeyId=a",
            "Signature=s&Expires=1",
            "AWSAccessKeyId=a&Signature=s",
        ] {
            assert_eq!(
                check(Some(query), &[]),
                Err(Refusal::SigV2QueryParametersMissing),
                "{query}"
            );
        }
    }

    #[test]
    fn credentials_are_five_parts() {
        let form = Form::Header;
        let parse = |credential| Scope::parse_credential(form, credential);
        let (id, scope) = parse("AKID/20130524/us-east-1/s3/aws4_request").expect("well formed");
        assert_eq!(
            (id.as_str(), scope.to_string().as_str()),
            ("AKID", "20130524/us-east-1/s3/aws4_request")
        );
        for got in [
            "",
            "AKID",
            "AKID/20130524/s3/aws4_request",
            "/20130524/r/s3/aws4_request",
            "a/b/c/d/e/f",
        ] {
            assert_eq!(
                parse(got),
                Err(Refusal::CredentialMalformed {
                    form,
                    got: got.into()
                }),
                "{got}"
            );
        }
        assert_eq!(
            parse("A/20130524/r/s3/aws5"),
            Err(Refusal::TerminalWrong {
                form,
                got: "aws5".into()
            })
        );
        assert_eq!(
            parse("A/2013-05-24/r/s3/aws4_request"),
            Err(Refusal::ScopeDateMalformed {
                form,
                got: "2013-05-24".into()
            })
        );
        assert_eq!(
            parse("A/20130524//s3/aws4_request"),
            Err(Refusal::RegionEmpty { form })
        );
    }
}
