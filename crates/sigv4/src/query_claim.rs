//! The claim of a presigned link: everything stands in the query.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::check::QUERY_EXPIRES_SECONDS_MAX;
use crate::claim::{Claim, Form, Scope, split_signed_headers};
use crate::header_claim::{ALGORITHM, ECDSA_ALGORITHM};
use crate::payload::{Payload, is_ecdsa_streaming};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::timestamp::parse_timestamp;
use crate::uri::{query_name_is, query_pairs, query_text};

/// Reads the `X-Amz-*` parameters. One that is given twice is refused: which of the two was meant nobody can say.
pub(crate) fn query_claim(request: &Request<'_>) -> Result<Claim, Refusal> {
    let found = Parameters::find(request.query.unwrap_or_default());
    let [
        algorithm,
        credential,
        signature,
        timestamp,
        signed_headers,
        expires,
    ] = &found.required;
    if algorithm.first.as_deref() == Some(ECDSA_ALGORITHM) {
        return Err(Refusal::SigV4a { form: Form::Query });
    }
    let (
        Some(algorithm),
        Some(credential),
        Some(signature),
        Some(timestamp),
        Some(signed_headers),
        Some(expires),
    ) = (
        &algorithm.first,
        &credential.first,
        &signature.first,
        &timestamp.first,
        &signed_headers.first,
        &expires.first,
    )
    else {
        return Err(found.missing());
    };
    if let Some(name) = found.repeated() {
        return Err(Refusal::QueryParameterRepeated { name });
    }
    if algorithm != ALGORITHM {
        let algorithm = algorithm.clone().into_owned();
        return Err(Refusal::QueryAlgorithmUnsupported { got: algorithm });
    }
    let (access_key_id, scope) = Scope::parse_credential(Form::Query, credential)?;
    let Some(time) = parse_timestamp(timestamp) else {
        return Err(Refusal::DateInvalid {
            form: Form::Query,
            got: Some(timestamp.clone().into_owned()),
        });
    };
    let signed_headers = split_signed_headers(signed_headers);
    Ok(Claim {
        form: Form::Query,
        access_key_id,
        payload: payload(
            request,
            found.content_sha256.first.as_deref(),
            &signed_headers,
            &scope,
        )?,
        scope,
        signed_headers,
        signature: signature.clone().into_owned(),
        timestamp: timestamp.as_ref().into(),
        time,
        expires: Some(lifetime(expires)?),
        session_token: found.security_token.first.map(Cow::into_owned),
        policy: None,
    })
}

/// The parameters of a signature in a query, read in one go.
#[derive(Default)]
struct Parameters<'a> {
    /// As [`REQUIRED`] has them.
    required: [Parameter<'a>; REQUIRED.len()],
    security_token: Parameter<'a>,
    content_sha256: Parameter<'a>,
}

#[derive(Default)]
struct Parameter<'a> {
    /// The value where it stands first.
    first: Option<Cow<'a, str>>,
    is_repeated: bool,
}

impl<'a> Parameters<'a> {
    fn find(query: &'a [u8]) -> Parameters<'a> {
        let mut found = Parameters::default();
        for (raw, value) in query_pairs(query) {
            let required = REQUIRED.iter().zip(&mut found.required);
            let others = [
                (&SECURITY_TOKEN, &mut found.security_token),
                (&"X-Amz-Content-Sha256", &mut found.content_sha256),
            ];
            let known = required.chain(others).find(|(name, _)| query_name_is(raw, name));
            match known {
                Some((_, parameter)) if parameter.first.is_some() => parameter.is_repeated = true,
                Some((_, parameter)) => parameter.first = Some(query_text(value.unwrap_or_default())),
                None => {}
            }
        }
        found
    }

    fn missing(&self) -> Refusal {
        let missing = REQUIRED
            .into_iter()
            .zip(&self.required)
            .filter(|(_, parameter)| parameter.first.is_none());
        let names = missing.map(|(name, _)| name).collect();
        Refusal::QueryParametersMissing { names }
    }

    fn repeated(&self) -> Option<&'static str> {
        let required = REQUIRED.into_iter().zip(&self.required);
        let (name, _) = required
            .chain([(SECURITY_TOKEN, &self.security_token)])
            .find(|(_, parameter)| parameter.is_repeated)?;
        Some(name)
    }
}

/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>: whole seconds, at most
/// seven days.
fn lifetime(text: &str) -> Result<u64, Refusal> {
    let got = || text.to_owned();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::ExpiresNotANumber { got: got() });
    }
    if digits.len() < text.len() && digits.bytes().any(|byte| byte != b'0') {
        return Err(Refusal::ExpiresNegative { got: got() });
    }
    // More digits than fit are a large number, not a malformed one.
    let seconds = digits.parse().unwrap_or(u64::MAX);
    if seconds > QUERY_EXPIRES_SECONDS_MAX {
        return Err(Refusal::ExpiresTooLarge { got: got() });
    }
    Ok(seconds)
}

/// The parameter, else the header if it is signed, else `UNSIGNED-PAYLOAD`. A streamed body needs a signature that
/// was made for it, and a link is made before the body is known.
fn payload(
    request: &Request<'_>,
    parameter: Option<&str>,
    signed_headers: &[SmolStr],
    scope: &Scope,
) -> Result<Payload, Refusal> {
    const NAME: &str = "x-amz-content-sha256";
    let from_header = || {
        let signed = signed_headers.iter().any(|name| name.eq_ignore_ascii_case(NAME));
        if signed { request.header_text(NAME) } else { None }
    };
    let Some(value) = parameter.map(Cow::Borrowed).or_else(from_header) else {
        return Ok(if scope.service == "s3" {
            Payload::Unsigned
        } else {
            Payload::Implied
        });
    };
    if is_ecdsa_streaming(&value) {
        return Err(Refusal::SigV4a { form: Form::Query });
    }
    match Payload::parse(&value) {
        Some(payload) if !matches!(payload, Payload::Streaming(way) if way.is_signed()) => Ok(payload),
        _ => Err(Refusal::BadContentSha256 {
            value: value.into_owned(),
        }),
    }
}

/// In the order in which AWS names them.
const REQUIRED: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
];

const SECURITY_TOKEN: &str = "X-Amz-Security-Token";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("X-Amz-Algorithm", ALGORITHM),
        (
            "X-Amz-Credential",
            "AKID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
        ),
        ("X-Amz-Signature", "abc"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-SignedHeaders", "host%3Brange"),
        ("X-Amz-Expires", "86400"),
    ];

    fn check(change: (&str, Option<&str>), headers: &[(&str, &[u8])]) -> Result<Claim, Refusal> {
        let mut pairs: Vec<(&str, &str)> = GOOD.into_iter().filter(|(name, _)| *name != change.0).collect();
        pairs.extend(change.1.map(|value| (change.0, value)));
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let query = query.join("&");
        let request = Request {
            method: "GET",
            path: b"/",
            query: Some(query.as_bytes()),
            headers,
        };
        crate::claim(&request).map(|claim| claim.expect("signed"))
    }

    #[test]
    fn a_complete_link_is_read() {
        let claim = check(("x", None), &[]).expect("well formed");
        assert_eq!(claim.scope.to_string(), "20130524/us-east-1/s3/aws4_request");
        assert_eq!(claim.signed_headers, ["host", "range"]);
        assert_eq!((claim.expires, claim.payload), (Some(86_400), Payload::Unsigned));
        let claim = check(("X-Amz-Security-Token", Some("a%2Bb")), &[]).expect("well formed");
        assert_eq!(claim.session_token.as_deref(), Some("a+b"));
    }

    #[test]
    fn every_required_parameter_is_required() {
        for name in REQUIRED {
            assert_eq!(
                check((name, None), &[]),
                Err(Refusal::QueryParametersMissing { names: vec![name] })
            );
        }
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        for name in REQUIRED {
            let (_, value) = GOOD
                .into_iter()
                .find(|(good, _)| *good == name)
                .expect("required");
            let twice = format!("{value}&{name}=other");
            assert_eq!(
                check((name, Some(&twice)), &[]),
                Err(Refusal::QueryParameterRepeated { name })
            );
        }
    }

    #[test]
    fn malformed_parameters_have_their_own_refusals() {
        let got = |text: &str| text.to_owned();
        let form = Form::Query;
        for (name, value, refusal) in [
            ("X-Amz-Algorithm", ECDSA_ALGORITHM, Refusal::SigV4a { form }),
            (
                "X-Amz-Algorithm",
                "AWS4-MD5",
                Refusal::QueryAlgorithmUnsupported { got: got("AWS4-MD5") },
            ),
            (
                "X-Amz-Credential",
                "a%252Fb",
                Refusal::CredentialMalformed {
                    form,
                    got: got("a%2Fb"),
                },
            ),
            (
                "X-Amz-Date",
                "2013",
                Refusal::DateInvalid {
                    form,
                    got: Some(got("2013")),
                },
            ),
            ("X-Amz-Expires", "", Refusal::ExpiresNotANumber { got: got("") }),
            (
                "X-Amz-Expires",
                "1h",
                Refusal::ExpiresNotANumber { got: got("1h") },
            ),
            (
                "X-Amz-Expires",
                "%2B5",
                Refusal::ExpiresNotANumber { got: got("+5") },
            ),
            ("X-Amz-Expires", "-1", Refusal::ExpiresNegative { got: got("-1") }),
            (
                "X-Amz-Expires",
                "604801",
                Refusal::ExpiresTooLarge { got: got("604801") },
            ),
            (
                "X-Amz-Expires",
                "99999999999999999999999",
                Refusal::ExpiresTooLarge {
                    got: got("99999999999999999999999"),
                },
            ),
            (
                "X-Amz-Content-Sha256",
                "x",
                Refusal::BadContentSha256 { value: got("x") },
            ),
            (
                "X-Amz-Content-Sha256",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                Refusal::BadContentSha256 {
                    value: got("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
                },
            ),
            (
                "X-Amz-Content-Sha256",
                "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
                Refusal::SigV4a { form },
            ),
        ] {
            assert_eq!(check((name, Some(value)), &[]), Err(refusal), "{name}={value}");
        }
        for value in ["0", "1", "604800"] {
            assert!(check(("X-Amz-Expires", Some(value)), &[]).is_ok(), "{value}");
        }
    }

    #[test]
    fn an_unsigned_payload_header_does_not_count() {
        let hash = crate::EMPTY_SHA256;
        let headers = [("x-amz-content-sha256", hash.as_bytes())];
        assert_eq!(
            check(("x", None), &headers).map(|claim| claim.payload),
            Ok(Payload::Unsigned)
        );
        let signed = ("X-Amz-SignedHeaders", Some("host;x-amz-content-sha256"));
        assert_eq!(
            check(signed, &headers).map(|claim| claim.payload),
            Ok(Payload::Hash(hash.into()))
        );
        let parameter = ("X-Amz-Content-Sha256", Some(hash));
        assert_eq!(
            check(parameter, &[]).map(|claim| claim.payload),
            Ok(Payload::Hash(hash.into()))
        );
    }
}
