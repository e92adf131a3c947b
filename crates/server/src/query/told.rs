//! Every way in which a request to IAM or STS is refused before it is known what it calls, and the error that says so.
//!
//! Not here: faults of the call itself, which have their code; the XML; the diagnosis.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html> has AWS's sentences. Other than S3, these
//! services answer `SignatureDoesNotMatch` for a scope or a time that is wrong, too.

use std::borrow::Cow;

use countersign_protocol::query::{BODY_BYTES_MAX, QueryCode};
use countersign_sigv4::{self as sigv4, Form, SKEW_SECONDS_MAX};
use countersign_types::Moment;
use countersign_types::iam::Fault;

use crate::body::BodyFault;
use crate::refusal::{Refusal, Refused};

/// An error, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) code: QueryCode,
    pub(super) message: Cow<'static, str>,
}

impl Told {
    pub(super) fn new(code: QueryCode, message: impl Into<Cow<'static, str>>) -> Told {
        Told {
            code,
            message: message.into(),
        }
    }
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Told {
        Told::new(QueryCode::from(fault.code), fault.message)
    }
}

/// The error of a refused request.
pub(super) fn told(refused: &Refused, now: Moment) -> Told {
    match &refused.refusal {
        Refusal::Signature(refusal) => signature(refusal, now),
        Refusal::UnknownAccessKeyId | Refusal::InvalidToken => Told::new(
            QueryCode::InvalidClientTokenId,
            "The security token included in the request is invalid.",
        ),
        Refusal::ExpiredToken => Told::new(
            QueryCode::ExpiredToken,
            "The security token included in the request is expired",
        ),
        Refusal::Body(fault) => of_body(fault),
        Refusal::AccessDenied => Told::new(QueryCode::AccessDenied, "Access Denied"),
        // What only S3 refuses.
        Refusal::Denied(_)
        | Refusal::OwnerDiffers(_)
        | Refusal::Policy(_)
        | Refusal::Parse(_)
        | Refusal::Store(..)
        | Refusal::LocationConstraint { .. }
        | Refusal::Preflight(_)
        | Refusal::NoCorsRules(_)
        | Refusal::SourceCondition(_)
        | Refusal::SourceTooLarge { .. } => Told::new(
            QueryCode::InternalFailure,
            "We encountered an internal error. Please try again.",
        ),
    }
}

/// Nobody may call anything here but to show who they are in another way.
pub(super) fn unsigned() -> Told {
    Told::new(
        QueryCode::MissingAuthenticationToken,
        "Request is missing Authentication Token",
    )
}

fn signature(refusal: &sigv4::Refusal, now: Moment) -> Told {
    use sigv4::Refusal as R;
    let incomplete = |message: Cow<'static, str>| Told::new(QueryCode::IncompleteSignature, message);
    let mismatch = |message: Cow<'static, str>| Told::new(QueryCode::SignatureDoesNotMatch, message);
    match refusal {
        R::SignatureMismatch => mismatch(MISMATCH.into()),
        R::SigV2 { .. } | R::SigV2QueryParametersMissing | R::SigV4a { .. } => {
            incomplete("The request must be signed with AWS4-HMAC-SHA256.".into())
        }
        R::OnlyOneMechanism { .. } => incomplete(
            "Only one of the Authorization header and the X-Amz-Algorithm query-string parameter may be given.".into(),
        ),
        R::UnsupportedAuthorization { .. } => {
            incomplete("Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.".into())
        }
        R::AuthorizationSpacing { .. } | R::ComponentsNotThree => incomplete(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
             Authorization header requires 'SignedHeaders' parameter."
                .into(),
        ),
        R::ComponentMissing(component) => incomplete(
            format!(
                "Authorization header requires '{}' parameter.",
                component.name()
            )
            .into(),
        ),
        R::CredentialMalformed { .. } => incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.".into(),
        ),
        R::TerminalWrong { .. } => {
            mismatch("Credential should be scoped with a valid terminator: 'aws4_request'.".into())
        }
        R::ScopeDateMalformed { .. } => {
            mismatch("Date in Credential scope must be in the format YYYYMMDD.".into())
        }
        R::RegionEmpty { .. } => mismatch("Credential should be scoped to a valid region.".into()),
        R::RegionWrong { expected, .. } => mismatch(
            format!("Credential should be scoped to a valid region, not to another than '{expected}'.").into(),
        ),
        R::ServiceWrong { expected, .. } => {
            mismatch(format!("Credential should be scoped to correct service: '{expected}'.").into())
        }
        R::ScopeDateDiffers { .. } => mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.".into(),
        ),
        R::DateInvalid { form, .. } => incomplete(match form {
            Form::Header => {
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into()
            }
            Form::Query | Form::Policy => "Date must be in ISO-8601 'basic format'.".into(),
        }),
        R::Skewed { sent, .. } => skewed(sent, now),
        R::NotYetValid { time, .. } => not_yet_current(&Moment::from_seconds(*time).amz_date(), now),
        R::Expired { at, .. } => Told::new(
            QueryCode::RequestExpired,
            format!(
                "Signature expired: {} is now earlier than {}",
                Moment::from_seconds(*at).amz_date(),
                now.amz_date()
            ),
        ),
        R::QueryParametersMissing { names } => {
            let wanted: Vec<String> = names
                .iter()
                .map(|name| format!("AWS query-string parameters must include '{name}'."))
                .collect();
            incomplete(wanted.join(" ").into())
        }
        R::QueryParameterRepeated { name } => incomplete(
            format!("AWS query-string parameters must include '{name}' exactly once.").into(),
        ),
        R::QueryAlgorithmUnsupported { .. } | R::FormAlgorithmUnsupported { .. } => {
            incomplete("X-Amz-Algorithm must be 'AWS4-HMAC-SHA256'.".into())
        }
        R::ExpiresNotANumber { .. } | R::ExpiresNegative { .. } | R::ExpiresTooLarge { .. } => incomplete(
            "X-Amz-Expires must be a number of seconds, not less than 0 and not more than 604800.".into(),
        ),
        R::HeadersNotSigned(names) => {
            let wanted: Vec<String> = names
                .iter()
                .map(|name| format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))
                .collect();
            mismatch(wanted.join(" ").into())
        }
        R::MissingContentSha256 | R::BadContentSha256 { .. } => {
            incomplete("X-Amz-Content-Sha256 must be the SHA-256 of the body.".into())
        }
        R::FormFieldMissing { name } => incomplete(format!("The form requires the field '{name}'.").into()),
    }
}

fn skewed(sent: &str, now: Moment) -> Told {
    let limit = i64::try_from(SKEW_SECONDS_MAX).unwrap_or(i64::MAX);
    let earliest = Moment::from_seconds(now.seconds() - limit).amz_date();
    // Texts of one form, so that the earlier one is the smaller one.
    if *sent >= *now.amz_date() {
        return not_yet_current(sent, now);
    }
    Told::new(
        QueryCode::SignatureDoesNotMatch,
        format!(
            "Signature expired: {sent} is now earlier than {earliest} ({} - 15 min.)",
            now.amz_date()
        ),
    )
}

fn not_yet_current(sent: &str, now: Moment) -> Told {
    let limit = i64::try_from(SKEW_SECONDS_MAX).unwrap_or(i64::MAX);
    let latest = Moment::from_seconds(now.seconds() + limit).amz_date();
    Told::new(
        QueryCode::SignatureDoesNotMatch,
        format!(
            "Signature not yet current: {sent} is still later than {latest} ({} + 15 min.)",
            now.amz_date()
        ),
    )
}

/// The error of a body that could not be read.
pub(super) fn of_body(fault: &BodyFault) -> Told {
    match fault {
        BodyFault::TooLarge => Told::new(
            QueryCode::RequestEntityTooLarge,
            format!("The parameters of a call may have {BODY_BYTES_MAX} bytes"),
        ),
        BodyFault::Incomplete
        | BodyFault::LengthMissing
        | BodyFault::TooSlow
        | BodyFault::Chunk(_)
        | BodyFault::Form(_)
        | BodyFault::Policy(_) => Told::new(QueryCode::MalformedQueryString, fault.to_string()),
    }
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                        Access Key and signing method. Consult the service documentation for details.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_off_is_told_with_both_times() {
        let now = Moment::from_seconds(1_369_353_600);
        let check = |refusal: sigv4::Refusal, code: QueryCode, message: &str| {
            let refused = Refused::new(Refusal::Signature(refusal));
            assert_eq!(told(&refused, now), Told::new(code, message.to_owned()));
        };
        let skewed = |sent: &str| sigv4::Refusal::Skewed {
            sent: sent.to_owned(),
            max_seconds: SKEW_SECONDS_MAX,
        };
        check(
            skewed("20130523T234459Z"),
            QueryCode::SignatureDoesNotMatch,
            "Signature expired: 20130523T234459Z is now earlier than 20130523T234500Z (20130524T000000Z - 15 min.)",
        );
        check(
            skewed("20130524T001501Z"),
            QueryCode::SignatureDoesNotMatch,
            "Signature not yet current: 20130524T001501Z is still later than 20130524T001500Z (20130524T000000Z + 15 min.)",
        );
        check(
            sigv4::Refusal::Expired {
                expires_text: "60".to_owned(),
                at: 1_369_353_540,
            },
            QueryCode::RequestExpired,
            "Signature expired: 20130523T235900Z is now earlier than 20130524T000000Z",
        );
    }

    #[test]
    fn what_is_sent_as_a_credential_is_not_sent_back() {
        let got = || "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned();
        for refusal in [
            sigv4::Refusal::CredentialMalformed {
                form: Form::Header,
                got: got(),
            },
            sigv4::Refusal::UnsupportedAuthorization { value: got() },
            sigv4::Refusal::AuthorizationSpacing { value: got() },
            sigv4::Refusal::OnlyOneMechanism { authorization: got() },
        ] {
            let refused = Refused::new(Refusal::Signature(refusal));
            let told = told(&refused, Moment::from_seconds(0));
            assert_eq!(told.code, QueryCode::IncompleteSignature);
            assert!(!told.message.contains("wJalr"), "{}", told.message);
        }
    }
}
