//! The claim of a request signed in its `Authorization` header.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::claim::{Claim, Form, Scope, split, split_signed_headers};
use crate::payload::{Payload, is_ecdsa_streaming};
use crate::refusal::{Component, Refusal};
use crate::request::Request;
use crate::timestamp::{parse_http_date, parse_timestamp, timestamp_text};

/// Reads the header `authorization` and the headers that belong to it.
pub(crate) fn header_claim(request: &Request<'_>, authorization: &str) -> Result<Claim, Refusal> {
    let components = Components::parse(authorization)?;
    let (access_key_id, scope) = Scope::parse_credential(Form::Header, components.credential)?;
    let (timestamp, time) = date(request)?;
    Ok(Claim {
        form: Form::Header,
        access_key_id,
        signed_headers: split_signed_headers(components.signed_headers),
        signature: components.signature.to_owned(),
        timestamp,
        time,
        expires: None,
        session_token: request.header_text("x-amz-security-token").map(Cow::into_owned),
        payload: payload(request, &scope)?,
        policy: None,
        scope,
    })
}

struct Components<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Components<'a> {
    /// The components may stand in any order, with or without blanks around the commas, as AWS reads them.
    fn parse(authorization: &'a str) -> Result<Components<'a>, Refusal> {
        let value = || authorization.to_owned();
        let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        match scheme {
            ALGORITHM if rest.is_empty() => return Err(Refusal::AuthorizationSpacing { value: value() }),
            ALGORITHM => {}
            "AWS" => {
                let access_key_id = rest.split_once(':').map(|(id, _)| id.trim().to_owned());
                return Err(Refusal::SigV2 {
                    form: Form::Header,
                    access_key_id,
                });
            }
            ECDSA_ALGORITHM => return Err(Refusal::SigV4a { form: Form::Header }),
            _ if scheme.starts_with(ALGORITHM) => {
                return Err(Refusal::AuthorizationSpacing { value: value() });
            }
            _ => return Err(Refusal::UnsupportedAuthorization { value: value() }),
        }

        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        let mut pieces = 0;
        for piece in split(rest, b',').map(str::trim).filter(|piece| !piece.is_empty()) {
            pieces += 1;
            if let Some(value) = piece.strip_prefix("Credential=") {
                credential = Some(value);
            } else if let Some(value) = piece.strip_prefix("SignedHeaders=") {
                signed_headers = Some(value);
            } else if let Some(value) = piece.strip_prefix("Signature=") {
                signature = Some(value);
            }
        }
        if pieces != 3 {
            return Err(Refusal::ComponentsNotThree);
        }
        Ok(Components {
            credential: credential.ok_or(Refusal::ComponentMissing(Component::Credential))?,
            signed_headers: signed_headers.ok_or(Refusal::ComponentMissing(Component::SignedHeaders))?,
            signature: signature.ok_or(Refusal::ComponentMissing(Component::Signature))?,
        })
    }
}

/// `x-amz-date` if there is one, else `Date`, which may also be an HTTP date; then the string to sign has it in the
/// form of `x-amz-date`.
fn date(request: &Request<'_>) -> Result<(SmolStr, i64), Refusal> {
    let invalid = |got: Option<Cow<'_, str>>| Refusal::DateInvalid {
        form: Form::Header,
        got: got.map(Cow::into_owned),
    };
    if let Some(sent) = request.header_text("x-amz-date") {
        return match parse_timestamp(&sent) {
            Some(time) => Ok((sent.into(), time)),
            None => Err(invalid(Some(sent))),
        };
    }
    let Some(sent) = request.header_text("date") else {
        return Err(invalid(None));
    };
    match parse_timestamp(&sent).or_else(|| parse_http_date(&sent)) {
        Some(time) => Ok((timestamp_text(time).into(), time)),
        None => Err(invalid(Some(sent))),
    }
}

/// S3 insists on `x-amz-content-sha256`; other services let the hash of the body stand for it.
fn payload(request: &Request<'_>, scope: &Scope) -> Result<Payload, Refusal> {
    let Some(value) = request.header_text("x-amz-content-sha256") else {
        return if scope.service == "s3" {
            Err(Refusal::MissingContentSha256)
        } else {
            Ok(Payload::Implied)
        };
    };
    if is_ecdsa_streaming(&value) {
        return Err(Refusal::SigV4a { form: Form::Header });
    }
    Payload::parse(&value).ok_or_else(|| Refusal::BadContentSha256 {
        value: value.into_owned(),
    })
}

/// The algorithm of Signature Version 4: scheme of the header, `X-Amz-Algorithm`, first line of the string to sign.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The algorithm of Signature Version 4A.
pub(crate) const ECDSA_ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::EMPTY_SHA256;

    const CREDENTIAL: &str = "Credential=AKID/20130524/us-east-1/s3/aws4_request";

    fn check(authorization: &str, more: &[(&str, &str)]) -> Result<Claim, Refusal> {
        let mut headers = vec![("Authorization", authorization.as_bytes())];
        headers.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request {
            method: "GET",
            path: b"/",
            query: None,
            headers: &headers,
        };
        crate::claim(&request).map(|claim| claim.expect("signed"))
    }

    fn good() -> String {
        format!("{ALGORITHM} {CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=abc")
    }

    const DATE: (&str, &str) = ("X-Amz-Date", "20130524T000000Z");
    const BODY: (&str, &str) = ("X-Amz-Content-Sha256", EMPTY_SHA256);

    #[test]
    fn components_stand_in_any_order_and_spacing() {
        let expected = check(&good(), &[DATE, BODY]).expect("well formed");
        assert_eq!(expected.access_key_id, "AKID");
        assert_eq!(expected.signed_headers, ["host", "x-amz-date"]);
        assert_eq!(
            (expected.signature.as_str(), expected.time),
            ("abc", 1_369_353_600)
        );
        for authorization in [
            format!("{ALGORITHM} {CREDENTIAL},SignedHeaders=host;x-amz-date,Signature=abc"),
            format!("{ALGORITHM}  Signature=abc ,{CREDENTIAL} , SignedHeaders=host;x-amz-date,"),
        ] {
            assert_eq!(
                check(&authorization, &[DATE, BODY]),
                Ok(expected.clone()),
                "{authorization}"
            );
        }
    }

    #[test]
    fn malformed_headers_have_their_own_refusals() {
        let value = |text: &str| text.to_owned();
        for (authorization, refusal) in [
            (
                value("AWS AKID:c2ln"),
                Refusal::SigV2 {
                    form: Form::Header,
                    access_key_id: Some("AKID".into()),
                },
            ),
            (
                value("AWS nonsense"),
                Refusal::SigV2 {
                    form: Form::Header,
                    access_key_id: None,
                },
            ),
            (
                format!("{ECDSA_ALGORITHM} Credential=a/b/c/d"),
                Refusal::SigV4a { form: Form::Header },
            ),
            (
                value("Bearer x"),
                Refusal::UnsupportedAuthorization {
                    value: "Bearer x".into(),
                },
            ),
            (
                value(""),
                Refusal::UnsupportedAuthorization { value: String::new() },
            ),
            (
                value(ALGORITHM),
                Refusal::AuthorizationSpacing {
                    value: ALGORITHM.into(),
                },
            ),
            (
                format!("{ALGORITHM}{CREDENTIAL}"),
                Refusal::AuthorizationSpacing {
                    value: format!("{ALGORITHM}{CREDENTIAL}"),
                },
            ),
            (format!("{ALGORITHM} {CREDENTIAL}"), Refusal::ComponentsNotThree),
            (
                format!("{ALGORITHM} {CREDENTIAL},a,b,c"),
                Refusal::ComponentsNotThree,
            ),
            (
                format!("{ALGORITHM} {CREDENTIAL},Signature=a,x=y"),
                Refusal::ComponentMissing(Component::SignedHeaders),
            ),
            (
                format!("{ALGORITHM} {CREDENTIAL},SignedHeaders=a,x"),
                Refusal::ComponentMissing(Component::Signature),
            ),
            (
                format!("{ALGORITHM} credential=x,SignedHeaders=a,Signature=b"),
                Refusal::ComponentMissing(Component::Credential),
            ),
        ] {
            assert_eq!(
                check(&authorization, &[DATE, BODY]),
                Err(refusal),
                "{authorization}"
            );
        }
    }

    #[test]
    fn a_date_is_needed_and_must_be_readable() {
        let invalid = |got: Option<&str>| {
            Err(Refusal::DateInvalid {
                form: Form::Header,
                got: got.map(Into::into),
            })
        };
        assert_eq!(check(&good(), &[BODY]), invalid(None));
        let bad = "2013-05-24T00:00:00Z";
        assert_eq!(
            check(&good(), &[BODY, ("x-amz-date", bad), ("date", DATE.1)]),
            invalid(Some(bad))
        );
        assert_eq!(
            check(&good(), &[BODY, ("date", "tomorrow")]),
            invalid(Some("tomorrow"))
        );
        for date in [DATE.1, "Fri, 24 May 2013 00:00:00 GMT"] {
            let claim = check(&good(), &[BODY, ("Date", date)]).expect("readable");
            assert_eq!(
                (claim.timestamp.as_str(), claim.time),
                (DATE.1, 1_369_353_600),
                "{date}"
            );
        }
    }

    #[test]
    fn s3_wants_the_payload_line_and_others_do_not() {
        assert_eq!(check(&good(), &[DATE]), Err(Refusal::MissingContentSha256));
        let iam = good().replace("/s3/", "/iam/");
        assert_eq!(
            check(&iam, &[DATE]).map(|claim| claim.payload),
            Ok(Payload::Implied)
        );
        let bad = Err(Refusal::BadContentSha256 { value: "abc".into() });
        assert_eq!(check(&good(), &[DATE, ("x-amz-content-sha256", "abc")]), bad);
        let ecdsa = (
            "x-amz-content-sha256",
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
        );
        assert_eq!(
            check(&good(), &[DATE, ecdsa]),
            Err(Refusal::SigV4a { form: Form::Header })
        );
    }

    #[test]
    fn the_session_token_is_carried() {
        let claim = check(&good(), &[DATE, BODY, ("X-Amz-Security-Token", " tok ")]).expect("well formed");
        assert_eq!(claim.session_token.as_deref(), Some("tok"));
        assert!(!format!("{claim:?}").contains("tok\""));
    }
}
