//! Why a request is refused before its signature was compared, and the one way after.
//!
//! Each variant is a case that S3 answers differently, with the data its error elements need. The S3 codes and texts
//! are not here; whoever speaks HTTP maps them.

use std::fmt;

use crate::claim::Form;

/// A refusal, and what it needs to be told. Texts are as sent; they may hold a signature, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Signed with Signature Version 2, which is not spoken here. The id where it could be read.
    SigV2 {
        /// Where the old signature stood.
        form: Form,
        /// The access key id the request named.
        access_key_id: Option<String>,
    },
    /// A presigned link of Signature Version 2 without all of `Signature`, `Expires` and `AWSAccessKeyId`.
    SigV2QueryParametersMissing,
    /// Signed with the asymmetric Signature Version 4A.
    SigV4a {
        /// Where the algorithm was named.
        form: Form,
    },
    /// More than one of: `Authorization` header, `X-Amz-Algorithm` parameter, `Signature` parameter.
    OnlyOneMechanism {
        /// The `Authorization` header as sent; empty if there was none.
        authorization: String,
    },
    /// An `Authorization` scheme that is none of AWS's.
    UnsupportedAuthorization {
        /// The header as sent.
        value: String,
    },
    /// An `Authorization` header without the blank after its scheme.
    AuthorizationSpacing {
        /// The header as sent.
        value: String,
    },
    /// An `Authorization` header that has not the three components.
    ComponentsNotThree,
    /// An `Authorization` header without this component.
    ComponentMissing(Component),
    /// A credential that is not `id/date/region/service/aws4_request`.
    CredentialMalformed {
        /// Where the credential stood.
        form: Form,
        /// The credential as sent.
        got: String,
    },
    /// A credential whose last part is not `aws4_request`.
    TerminalWrong {
        /// Where the credential stood.
        form: Form,
        /// The last part as sent.
        got: String,
    },
    /// A credential whose date is not eight digits.
    ScopeDateMalformed {
        /// Where the credential stood.
        form: Form,
        /// The date as sent.
        got: String,
    },
    /// A credential without a region.
    RegionEmpty {
        /// Where the credential stood.
        form: Form,
    },
    /// A credential for another region.
    RegionWrong {
        /// Where the credential stood.
        form: Form,
        /// The region as sent.
        got: String,
        /// The region of this place.
        expected: String,
    },
    /// A credential for another service.
    ServiceWrong {
        /// Where the credential stood.
        form: Form,
        /// The service as sent.
        got: String,
        /// The service of this place.
        expected: String,
    },
    /// A credential for another day than the request's date.
    ScopeDateDiffers {
        /// Where the credential stood.
        form: Form,
        /// The date in the credential.
        scope_date: String,
        /// The date of the request, as the string to sign has it.
        timestamp: String,
    },
    /// Neither `x-amz-date` nor `Date` can be read as a date. For a form: `x-amz-date`.
    DateInvalid {
        /// Where the date should stand.
        form: Form,
        /// What stood there; `None` if nothing.
        got: Option<String>,
    },
    /// A date more than [`crate::SKEW_SECONDS_MAX`] from now, in a header-signed request.
    Skewed {
        /// The date as sent.
        sent: String,
        /// The largest distance, in seconds.
        max_seconds: u64,
    },
    /// A presigned link that starts more than [`crate::SKEW_SECONDS_MAX`] in the future.
    NotYetValid {
        /// Unix seconds of its `X-Amz-Date`.
        time: i64,
        /// Unix seconds of its end.
        expires_at: i64,
    },
    /// A presigned link after its end.
    Expired {
        /// Its `X-Amz-Expires` as sent.
        expires_text: String,
        /// Unix seconds of its end.
        at: i64,
    },
    /// A presigned link without these parameters.
    QueryParametersMissing {
        /// The names, in the order AWS lists them.
        names: Vec<&'static str>,
    },
    /// A presigned link with one of its parameters twice.
    QueryParameterRepeated {
        /// The parameter.
        name: &'static str,
    },
    /// A presigned link with an unknown `X-Amz-Algorithm`.
    QueryAlgorithmUnsupported {
        /// The algorithm as sent.
        got: String,
    },
    /// An `X-Amz-Expires` that is not a number.
    ExpiresNotANumber {
        /// The value as sent.
        got: String,
    },
    /// An `X-Amz-Expires` below zero.
    ExpiresNegative {
        /// The value as sent.
        got: String,
    },
    /// An `X-Amz-Expires` above [`crate::QUERY_EXPIRES_SECONDS_MAX`].
    ExpiresTooLarge {
        /// The value as sent.
        got: String,
    },
    /// `host` or `x-amz-*` headers that stand in the request and not in its signed headers; lower case, in order.
    HeadersNotSigned(Vec<String>),
    /// A header-signed S3 request without `x-amz-content-sha256`.
    MissingContentSha256,
    /// An `x-amz-content-sha256` that is no known word and no SHA-256, or a streamed one in a presigned link.
    BadContentSha256 {
        /// The value as sent.
        value: String,
    },
    /// A signed form without this field.
    FormFieldMissing {
        /// The field, in AWS's spelling.
        name: &'static str,
    },
    /// A form with an unknown `x-amz-algorithm`.
    FormAlgorithmUnsupported {
        /// The algorithm as sent.
        got: String,
    },
    /// The signature is not the right one.
    SignatureMismatch,
}

/// A component of the `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// `Credential=`
    Credential,
    /// `SignedHeaders=`
    SignedHeaders,
    /// `Signature=`
    Signature,
}

impl Component {
    /// The name as it stands in the header.
    pub fn name(self) -> &'static str {
        match self {
            Component::Credential => "Credential",
            Component::SignedHeaders => "SignedHeaders",
            Component::Signature => "Signature",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::SigV2 { .. } => formatter.write_str("signature version 2 is not supported"),
            Refusal::SigV2QueryParametersMissing => {
                formatter.write_str("a link of signature version 2 lacks some of its parameters")
            }
            Refusal::SigV4a { .. } => formatter.write_str("signature version 4a is not supported"),
            Refusal::OnlyOneMechanism { .. } => {
                formatter.write_str("the request is signed in more than one way")
            }
            Refusal::UnsupportedAuthorization { .. } => formatter.write_str("unknown authorization scheme"),
            Refusal::AuthorizationSpacing { .. } => {
                formatter.write_str("the authorization header has no blank after its scheme")
            }
            Refusal::ComponentsNotThree => {
                formatter.write_str("the authorization header has not exactly three components")
            }
            Refusal::ComponentMissing(component) => {
                write!(
                    formatter,
                    "the authorization header has no `{}`",
                    component.name()
                )
            }
            Refusal::CredentialMalformed { got, .. } => write!(formatter, "malformed credential `{got}`"),
            Refusal::TerminalWrong { got, .. } => {
                write!(
                    formatter,
                    "the credential ends in `{got}` instead of `aws4_request`"
                )
            }
            Refusal::ScopeDateMalformed { got, .. } => {
                write!(formatter, "the date `{got}` in the credential is not yyyymmdd")
            }
            Refusal::RegionEmpty { .. } => formatter.write_str("the credential has no region"),
            Refusal::RegionWrong { got, expected, .. } => {
                write!(
                    formatter,
                    "the credential is for region `{got}`, this is `{expected}`"
                )
            }
            Refusal::ServiceWrong { got, expected, .. } => {
                write!(
                    formatter,
                    "the credential is for service `{got}`, this is `{expected}`"
                )
            }
            Refusal::ScopeDateDiffers {
                scope_date,
                timestamp,
                ..
            } => {
                write!(
                    formatter,
                    "the credential is for `{scope_date}`, the request is dated `{timestamp}`"
                )
            }
            Refusal::DateInvalid { got: Some(got), .. } => write!(formatter, "cannot read the date `{got}`"),
            Refusal::DateInvalid { got: None, .. } => formatter.write_str("the request has no date"),
            Refusal::Skewed { sent, max_seconds } => {
                write!(
                    formatter,
                    "the date `{sent}` is more than {max_seconds} seconds from now"
                )
            }
            Refusal::NotYetValid { .. } => formatter.write_str("the link is not yet valid"),
            Refusal::Expired { expires_text, .. } => {
                write!(
                    formatter,
                    "the link expired `{expires_text}` seconds after it was signed"
                )
            }
            Refusal::QueryParametersMissing { names } => {
                write!(formatter, "the link lacks `{}`", names.join("`, `"))
            }
            Refusal::QueryParameterRepeated { name } => write!(formatter, "the link has `{name}` twice"),
            Refusal::QueryAlgorithmUnsupported { got } | Refusal::FormAlgorithmUnsupported { got } => {
                write!(formatter, "unknown algorithm `{got}`")
            }
            Refusal::ExpiresNotANumber { got } => write!(formatter, "the lifetime `{got}` is not a number"),
            Refusal::ExpiresNegative { got } => write!(formatter, "the lifetime `{got}` is negative"),
            Refusal::ExpiresTooLarge { got } => write!(formatter, "the lifetime `{got}` is more than a week"),
            Refusal::HeadersNotSigned(names) => {
                write!(formatter, "headers not signed: `{}`", names.join("`, `"))
            }
            Refusal::MissingContentSha256 => formatter.write_str("the request has no `x-amz-content-sha256`"),
            Refusal::BadContentSha256 { value } => {
                write!(formatter, "`x-amz-content-sha256` cannot be `{value}` here")
            }
            Refusal::FormFieldMissing { name } => write!(formatter, "the form has no field `{name}`"),
            Refusal::SignatureMismatch => formatter.write_str("the signature does not match"),
        }
    }
}

impl std::error::Error for Refusal {}
