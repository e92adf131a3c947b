//! Every way in which a request is refused, and the S3 error that says so: one total match.
//!
//! Not here: the XML, the diagnosis, and what to do about the body that may still be coming.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; texts and elements of signature errors are
//! those that AWS answers, word for word.

use std::borrow::Cow;

use countersign_engine as engine;
use countersign_identity::Resolved;
use countersign_policy::Denial;
use countersign_protocol::cors::Denied;
use countersign_protocol::form::{FORM_HEAD_BYTES_MAX, FormFault};
use countersign_protocol::{ErrorCode, ParseError};
use countersign_sigv4::{self as sigv4, ChunkError, Claim, Form, PolicyFault, SKEW_SECONDS_MAX, Trace};
use countersign_store as store;
use countersign_types::{CorsRule, Moment};
use http::StatusCode;

use crate::body::BodyFault;

/// Why a request was refused, with what a diagnosis needs of it.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// What the request said about itself, if it got that far.
    pub claim: Option<Claim>,
    /// Whose the access key is, if anybody's.
    pub resolved: Option<Resolved>,
    /// The texts that the signature was compared over.
    pub trace: Option<Trace>,
}

/// Why a request was refused.
#[derive(Debug)]
pub enum Refusal {
    /// By the signature: how it is made, where and when it is good, or that it does not match.
    Signature(sigv4::Refusal),
    /// Nobody has that access key.
    UnknownAccessKeyId,
    /// The session token is not one of ours.
    InvalidToken,
    /// The session is over.
    ExpiredToken,
    /// The policy of a form, whose signature is right, does not allow it.
    Policy(PolicyFault),
    /// Not allowed.
    AccessDenied,
    /// The bucket belongs to another account than this header expects.
    OwnerDiffers(&'static str),
    /// Not allowed by the policies that apply, which gave this reason.
    Denied(Box<Denial>),
    /// It names no operation, or one that we do not have.
    Parse(ParseError),
    /// What it asks for cannot be done; the names that error elements show.
    Store(store::Error, Box<Names>),
    /// Its body is not what was announced.
    Body(BodyFault),
    /// A `LocationConstraint` that is not this region.
    LocationConstraint {
        /// What was asked for; empty if nothing was.
        got: String,
    },
    /// No CORS rule allows what a browser asks for a page.
    Preflight(Box<RefusedPreflight>),
    /// There are no CORS rules to show.
    NoCorsRules(Box<Names>),
    /// The source of a copy does not fulfil its condition.
    SourceCondition(store::Precondition),
    /// The source of a copy is larger than one copy may be.
    SourceTooLarge {
        /// The largest size in bytes.
        maximum: u64,
    },
}

/// A preflight that no rule allows.
#[derive(Clone, Debug)]
pub struct RefusedPreflight {
    /// What there is instead of a rule that allows it.
    pub fault: PreflightFault,
    /// The method that the page wants to use; `OPTIONS` if the preflight does not say.
    pub method: String,
    /// Whether it is about an object.
    pub is_about_object: bool,
}

/// Why no rule allows a preflight.
#[derive(Clone, Debug)]
pub enum PreflightFault {
    /// There is no bucket of that name.
    NoBucket,
    /// The bucket has no rules.
    NoRules,
    /// The bucket has these rules, and none of them allows it.
    Denied(Denied, Vec<CorsRule>),
}

/// The names that error elements show.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The bucket.
    pub bucket: Option<String>,
    /// The object key.
    pub object_key: Option<String>,
    /// The upload.
    pub upload_id: Option<String>,
}

/// An S3 error, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Error {
    /// The code, which decides the status.
    pub code: ErrorCode,
    /// The text of `Message`.
    pub message: Cow<'static, str>,
    /// The elements after it.
    pub elements: Vec<(&'static str, String)>,
}

/// What somebody was refused with, whichever service it was that refused.
#[derive(Clone, Copy, Debug)]
pub struct RefusedAs<'a> {
    /// The error code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The message, as that service's.
    pub message: &'a str,
}

impl Refusal {
    /// A fault of the body. What a policy says of it is the policy's refusal.
    pub fn of_body(fault: BodyFault) -> Refusal {
        match fault {
            BodyFault::Policy(fault) => Refusal::Policy(fault),
            fault => Refusal::Body(fault),
        }
    }
}

impl Refused {
    /// A refusal about which nothing else is known.
    pub fn new(refusal: Refusal) -> Box<Refused> {
        Box::new(Refused {
            refusal,
            claim: None,
            resolved: None,
            trace: None,
        })
    }

    /// The access key id that the request claims; empty if it claims none.
    pub(crate) fn claimed_id(&self) -> &str {
        self.claim.as_ref().map_or("", |claim| &claim.access_key_id)
    }

    /// The signature that was sent, and the end of the text that it was compared over: of a request that is the hash of its canonical form.
    /// Together they tell one failure from another, whatever the length of the request.
    pub(crate) fn compared(&self) -> (&str, &[u8]) {
        let signature = self.claim.as_ref().map_or("", |claim| &claim.signature);
        let text = self.trace.as_ref().map_or(&[][..], |trace| &trace.string_to_sign);
        let end = text.len().saturating_sub(HASH_DIGITS);
        (signature, text.get(end..).unwrap_or_default())
    }

    /// The S3 error of this refusal.
    pub fn s3_error(&self, now: Moment) -> S3Error {
        let access_key_id = self.claimed_id();
        match &self.refusal {
            Refusal::Signature(sigv4::Refusal::SignatureMismatch) => self.mismatch(),
            Refusal::Signature(refusal) => signature(refusal, now),
            Refusal::UnknownAccessKeyId => {
                S3Error::new(ErrorCode::InvalidAccessKeyId).with("AWSAccessKeyId", access_key_id)
            }
            Refusal::InvalidToken => S3Error::new(ErrorCode::InvalidToken).with("Token-0", self.session_token()),
            Refusal::ExpiredToken => S3Error::new(ErrorCode::ExpiredToken).with("Token-0", self.session_token()),
            Refusal::Policy(fault) => policy(fault),
            Refusal::AccessDenied | Refusal::OwnerDiffers(_) => S3Error::new(ErrorCode::AccessDenied),
            Refusal::Denied(denial) => S3Error::new(ErrorCode::AccessDenied).saying(denial.told()),
            Refusal::Parse(error) => S3Error::parsed(error),
            Refusal::Store(error, names) => of_store(error, names),
            Refusal::Body(fault) => body(fault),
            Refusal::LocationConstraint { got } => location_constraint(got),
            Refusal::Preflight(refused) => preflight(refused),
            Refusal::NoCorsRules(names) => S3Error::new(ErrorCode::NoSuchCORSConfiguration)
                .with("BucketName", names.bucket.clone().unwrap_or_default()),
            Refusal::SourceCondition(precondition) => precondition_failed(*precondition, "x-amz-copy-source-"),
            Refusal::SourceTooLarge { maximum } => S3Error::new(ErrorCode::InvalidRequest).saying(format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {maximum}"
            )),
        }
    }

    /// The token as it was sent: whoever is told has sent it.
    fn session_token(&self) -> String {
        let claim = self.claim.as_ref();
        claim
            .and_then(|claim| claim.session_token.clone())
            .unwrap_or_default()
    }

    /// AWS's elements in AWS's order. A form has no canonical request, so AWS leaves those two out.
    fn mismatch(&self) -> S3Error {
        let error = S3Error::new(ErrorCode::SignatureDoesNotMatch);
        let (Some(claim), Some(trace)) = (&self.claim, &self.trace) else {
            return error;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let error = error
            .with("AWSAccessKeyId", claim.access_key_id.as_str())
            .with("StringToSign", text(&trace.string_to_sign))
            .with("SignatureProvided", &claim.signature)
            .with("StringToSignBytes", hex_bytes(&trace.string_to_sign));
        if claim.form == Form::Policy {
            return error;
        }
        error
            .with("CanonicalRequest", text(&trace.canonical_request))
            .with("CanonicalRequestBytes", hex_bytes(&trace.canonical_request))
    }
}

impl S3Error {
    /// As logs and records hold it.
    pub fn refused_as(&self) -> RefusedAs<'_> {
        RefusedAs {
            code: self.code.name(),
            status: self.code.status(),
            message: &self.message,
        }
    }

    /// The code with its usual message.
    pub fn new(code: ErrorCode) -> S3Error {
        S3Error {
            code,
            message: Cow::Borrowed(code.message()),
            elements: Vec::new(),
        }
    }

    fn parsed(error: &ParseError) -> S3Error {
        S3Error {
            code: error.code,
            message: error.message.clone(),
            elements: error.elements.clone(),
        }
    }

    /// With another message.
    pub fn saying(mut self, message: impl Into<Cow<'static, str>>) -> S3Error {
        self.message = message.into();
        self
    }

    /// With an element after the message.
    pub fn with(mut self, element: &'static str, value: impl Into<String>) -> S3Error {
        self.elements.push((element, value.into()));
        self
    }

    fn argument(name: &str, value: impl Into<String>, message: impl Into<Cow<'static, str>>) -> S3Error {
        S3Error::new(ErrorCode::InvalidArgument)
            .saying(message)
            .with("ArgumentName", name)
            .with("ArgumentValue", value)
    }
}

fn signature(refusal: &sigv4::Refusal, now: Moment) -> S3Error {
    use sigv4::Refusal as R;
    match refusal {
        R::SigV2 { .. } | R::SigV4a { .. } => S3Error::new(ErrorCode::InvalidRequest).saying(
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
        R::SigV2QueryParametersMissing => S3Error::new(ErrorCode::AccessDenied).saying(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        ),
        R::OnlyOneMechanism { authorization } => S3Error::argument(
            "Authorization",
            authorization,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified",
        ),
        R::UnsupportedAuthorization { value } => {
            S3Error::argument("Authorization", value, "Unsupported Authorization Type")
        }
        R::AuthorizationSpacing { value } => S3Error::argument(
            "Authorization",
            value,
            "Authorization header is invalid -- one and only one ' ' (space) required.",
        ),
        R::ComponentsNotThree => malformed(
            Form::Header,
            "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        ),
        R::ComponentMissing(component) => malformed(Form::Header, format!("missing {}.", component.name())),
        R::CredentialMalformed { form, got } => credential(
            *form,
            got,
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ),
        R::TerminalWrong { form, got } => credential(
            *form,
            got,
            format!("incorrect terminal \"{got}\". This endpoint uses \"aws4_request\"."),
        ),
        R::ScopeDateMalformed { form, got } => credential(
            *form,
            got,
            format!(
                "incorrect date format \"{got}\". This date in the credential must be in the format \"yyyyMMdd\"."
            ),
        ),
        R::RegionEmpty { form } => credential(
            *form,
            "",
            "a non-empty region must be provided in the credential.",
        ),
        R::RegionWrong {
            form: Form::Policy,
            got,
            expected,
        } => {
            let message = format!("the region \"{got}\" is wrong; expecting \"{expected}\"");
            S3Error::argument("x-amz-credential", got, message)
        }
        R::RegionWrong { form, got, expected } => credential(
            *form,
            got,
            format!("the region '{got}' is wrong; expecting '{expected}'"),
        )
        .with("Region", expected),
        R::ServiceWrong { form, got, expected } => credential(
            *form,
            got,
            format!("incorrect service \"{got}\". This endpoint belongs to \"{expected}\"."),
        ),
        R::ScopeDateDiffers {
            form: Form::Query,
            scope_date,
            timestamp,
        } => query_error(format!(
            "Invalid credential date \"{scope_date}\". This date is not the same as X-Amz-Date: \"{}\".",
            timestamp.get(..8).unwrap_or(timestamp)
        )),
        R::ScopeDateDiffers { form, scope_date, .. } => credential(
            *form,
            scope_date,
            "Invalid credential date. Date is not the same as X-Amz-Date.",
        ),
        R::DateInvalid {
            form: Form::Header, ..
        } => S3Error::new(ErrorCode::AccessDenied)
            .saying("AWS authentication requires a valid Date or x-amz-date header"),
        R::DateInvalid {
            form: Form::Query, ..
        } => query_error("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
        R::DateInvalid {
            form: Form::Policy,
            got,
        } => S3Error::argument(
            "x-amz-date",
            got.clone().unwrap_or_default(),
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        ),
        R::Skewed { sent, .. } => S3Error::new(ErrorCode::RequestTimeTooSkewed)
            .with("RequestTime", sent)
            .with("ServerTime", now.iso8601_seconds())
            .with(
                "MaxAllowedSkewMilliseconds",
                (SKEW_SECONDS_MAX * 1000).to_string(),
            ),
        R::NotYetValid { time, expires_at } => S3Error::new(ErrorCode::AccessDenied)
            .saying("Request is not yet valid")
            .with("X-Amz-Date", Moment::from_seconds(*time).amz_date())
            .with("Expires", Moment::from_seconds(*expires_at).iso8601_seconds())
            .with("ServerTime", now.iso8601_seconds()),
        R::Expired { expires_text, at } => S3Error::new(ErrorCode::AccessDenied)
            .saying("Request has expired")
            .with("X-Amz-Expires", expires_text)
            .with("Expires", Moment::from_seconds(*at).iso8601_seconds())
            .with("ServerTime", now.iso8601_seconds()),
        R::QueryParametersMissing { .. } => query_error(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
             X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ),
        R::QueryParameterRepeated { name } => query_error(format!("{name} must be given exactly once")),
        R::QueryAlgorithmUnsupported { .. } => {
            query_error("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"")
        }
        R::ExpiresNotANumber { .. } => query_error("X-Amz-Expires should be a number"),
        R::ExpiresNegative { .. } => query_error("X-Amz-Expires must be non-negative"),
        R::ExpiresTooLarge { .. } => query_error(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
             than 604800 seconds",
        ),
        R::HeadersNotSigned(names) => S3Error::new(ErrorCode::AccessDenied)
            .saying("There were headers present in the request which were not signed")
            .with("HeadersNotSigned", names.join(", ")),
        R::MissingContentSha256 => S3Error::new(ErrorCode::InvalidRequest)
            .saying("Missing required header for this request: x-amz-content-sha256"),
        R::BadContentSha256 { value } => S3Error::argument(
            "x-amz-content-sha256",
            value,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
             STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a \
             valid sha256 value.",
        ),
        R::FormFieldMissing { name } => S3Error::parsed(&ParseError::form_field_missing(name)),
        R::FormAlgorithmUnsupported { got } => S3Error::argument(
            "x-amz-algorithm",
            got,
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
        ),
        R::SignatureMismatch => S3Error::new(ErrorCode::SignatureDoesNotMatch),
    }
}

/// What is wrong with a credential, in the words for where it stood.
fn credential(form: Form, got: &str, what: impl Into<Cow<'static, str>>) -> S3Error {
    match form {
        Form::Header => malformed(form, what),
        Form::Query => query_error(format!(
            "Error parsing the X-Amz-Credential parameter; {}",
            what.into()
        )),
        Form::Policy => S3Error::argument("x-amz-credential", got, what),
    }
}

fn malformed(_: Form, what: impl Into<Cow<'static, str>>) -> S3Error {
    S3Error::new(ErrorCode::AuthorizationHeaderMalformed)
        .saying(format!("The authorization header is malformed; {}", what.into()))
}

fn query_error(message: impl Into<Cow<'static, str>>) -> S3Error {
    S3Error::new(ErrorCode::AuthorizationQueryParametersError).saying(message)
}

/// AWS calls the resource a bucket where it did not come to look at rules.
fn preflight(refused: &RefusedPreflight) -> S3Error {
    let error = S3Error::new(ErrorCode::AccessForbidden);
    let (error, resource) = match &refused.fault {
        PreflightFault::NoBucket => (error.saying("CORSResponse: Bucket not found"), "BUCKET"),
        PreflightFault::NoRules => (
            error.saying("CORSResponse: CORS is not enabled for this bucket."),
            "BUCKET",
        ),
        PreflightFault::Denied(..) if refused.is_about_object => (error, "OBJECT"),
        PreflightFault::Denied(..) => (error, "BUCKET"),
    };
    error
        .with("Method", &refused.method)
        .with("ResourceType", resource)
}

fn body(fault: &BodyFault) -> S3Error {
    match fault {
        BodyFault::Incomplete => S3Error::new(ErrorCode::IncompleteBody),
        BodyFault::LengthMissing => S3Error::new(ErrorCode::MissingContentLength),
        BodyFault::TooSlow => S3Error::new(ErrorCode::RequestTimeout),
        BodyFault::TooLarge => S3Error::new(ErrorCode::MaxMessageLengthExceeded),
        BodyFault::Chunk(error) => chunk(error),
        BodyFault::Form(fault) => form(*fault),
        BodyFault::Policy(fault) => policy(fault),
    }
}

fn form(fault: FormFault) -> S3Error {
    let files = |number| {
        S3Error::argument(
            "file",
            number,
            "POST requires exactly one file upload per request.",
        )
    };
    match fault {
        FormFault::Malformed { reason } => {
            S3Error::new(ErrorCode::MalformedPOSTRequest).with("Reason", reason)
        }
        FormFault::HeadTooLarge => S3Error::new(ErrorCode::MaxPostPreDataLengthExceeded)
            .with("MaxPostPreDataLengthBytes", FORM_HEAD_BYTES_MAX.to_string()),
        FormFault::FileMissing => files("0"),
        FormFault::FileRepeated => files("2"),
    }
}

fn policy(fault: &PolicyFault) -> S3Error {
    let denied = |what: String| {
        S3Error::new(ErrorCode::AccessDenied).saying(format!("Invalid according to Policy: {what}"))
    };
    match fault {
        PolicyFault::Malformed { reason } => {
            S3Error::new(ErrorCode::InvalidPolicyDocument).saying(format!("Invalid Policy: {reason}"))
        }
        PolicyFault::Expired { .. } => denied("Policy expired.".to_owned()),
        PolicyFault::ConditionFailed(condition) => denied(format!("Policy Condition failed: {condition}")),
        PolicyFault::ExtraFields(names) => denied(format!("Extra input fields: {}", names.join(", "))),
        PolicyFault::TooSmall { size, min } => S3Error::new(ErrorCode::EntityTooSmall)
            .with("ProposedSize", size.to_string())
            .with("MinSizeAllowed", min.to_string()),
        PolicyFault::TooLarge { size, max } => S3Error::new(ErrorCode::EntityTooLarge)
            .with("ProposedSize", size.to_string())
            .with("MaxSizeAllowed", max.to_string()),
    }
}

/// Faults of the framing; a chunk's signature is refused like a request's, without a canonical request.
fn chunk(error: &ChunkError) -> S3Error {
    let mismatch = |provided: &str, string_to_sign: &[u8]| {
        S3Error::new(ErrorCode::SignatureDoesNotMatch)
            .with("StringToSign", String::from_utf8_lossy(string_to_sign))
            .with("SignatureProvided", provided)
            .with("StringToSignBytes", hex_bytes(string_to_sign))
    };
    match error {
        ChunkError::SignatureMismatch {
            provided,
            string_to_sign,
            ..
        }
        | ChunkError::TrailerSignatureMismatch {
            provided,
            string_to_sign,
            ..
        } => mismatch(provided, string_to_sign),
        ChunkError::TooSmall { chunk, size } => S3Error::new(ErrorCode::InvalidChunkSizeError)
            .with("Chunk", chunk.to_string())
            .with("BadChunkSize", size.to_string()),
        ChunkError::LengthDiffers { .. } | ChunkError::Truncated { .. } | ChunkError::ContinuesAfterEnd => {
            S3Error::new(ErrorCode::IncompleteBody)
        }
        ChunkError::Malformed { .. } => S3Error::new(ErrorCode::InvalidRequest)
            .saying(format!("The body is not well-formed aws-chunked: {error}")),
        ChunkError::TrailerMalformed { .. }
        | ChunkError::TrailerUnannounced { .. }
        | ChunkError::TrailerMissing { .. }
        | ChunkError::TrailerSignatureMissing => S3Error::new(ErrorCode::MalformedTrailerError),
    }
}

fn location_constraint(got: &str) -> S3Error {
    let got = if got.is_empty() {
        "unspecified".to_owned()
    } else {
        got.to_owned()
    };
    S3Error::new(ErrorCode::IllegalLocationConstraintException).saying(format!(
        "The {got} location constraint is incompatible for the region specific endpoint this request was sent to."
    ))
}

fn of_store(error: &store::Error, names: &Names) -> S3Error {
    use store::Error as E;
    let name = |value: &Option<String>| value.clone().unwrap_or_default();
    match error {
        E::NoSuchBucket => S3Error::new(ErrorCode::NoSuchBucket).with("BucketName", name(&names.bucket)),
        E::BucketNotEmpty => S3Error::new(ErrorCode::BucketNotEmpty).with("BucketName", name(&names.bucket)),
        E::BucketAlreadyExists => {
            S3Error::new(ErrorCode::BucketAlreadyExists).with("BucketName", name(&names.bucket))
        }
        E::BucketAlreadyOwnedByYou => {
            S3Error::new(ErrorCode::BucketAlreadyOwnedByYou).with("BucketName", name(&names.bucket))
        }
        E::LinkUsed { at } => S3Error::new(ErrorCode::AccessDenied)
            .saying("Request has been used already")
            .with("UsedAt", at.iso8601_seconds()),
        E::LinkEnded => S3Error::new(ErrorCode::AccessDenied).saying("Request has expired"),
        E::LinkOlderThanBucket { created } => S3Error::new(ErrorCode::AccessDenied)
            .saying("Request is older than the bucket, and whether it was used already is not known")
            .with("CreationDate", created.iso8601_seconds()),
        E::NoSuchKey => S3Error::new(ErrorCode::NoSuchKey).with("Key", name(&names.object_key)),
        E::NotYours => S3Error::new(ErrorCode::AccessDenied),
        E::NoSuchUpload => S3Error::new(ErrorCode::NoSuchUpload).with("UploadId", name(&names.upload_id)),
        E::InvalidPart { number, etag } => S3Error::new(ErrorCode::InvalidPart)
            .with("UploadId", name(&names.upload_id))
            .with("PartNumber", number.to_string())
            .with("ETag", etag.map(|etag| etag.to_string()).unwrap_or_default()),
        E::InvalidPartOrder => {
            S3Error::new(ErrorCode::InvalidPartOrder).with("UploadId", name(&names.upload_id))
        }
        E::NoParts => S3Error::new(ErrorCode::MalformedXML),
        E::EntityTooSmall { number, etag, size, minimum } => S3Error::new(ErrorCode::EntityTooSmall)
            .with("ProposedSize", size.to_string())
            .with("MinSizeAllowed", minimum.to_string())
            .with("PartNumber", number.to_string())
            .with("ETag", etag.to_string()),
        E::EntityTooLarge { size, maximum } => S3Error::new(ErrorCode::EntityTooLarge)
            .with("ProposedSize", size.to_string())
            .with("MaxSizeAllowed", maximum.to_string()),
        E::MetadataTooLarge { size, maximum } => S3Error::new(ErrorCode::MetadataTooLarge)
            .with("Size", size.to_string())
            .with("MaxSizeAllowed", maximum.to_string()),
        E::PreconditionFailed(precondition) => precondition_failed(*precondition, ""),
        E::ConditionalConflict => S3Error::new(ErrorCode::ConditionalRequestConflict),
        // An unconditional write that others overtook time and again succeeds when it is sent again, as SDKs then do.
        E::Conflict => S3Error::new(ErrorCode::SlowDown),
        E::BadDigest { expected, calculated } => S3Error::new(ErrorCode::BadDigest)
            .with("ExpectedDigest", base64(expected))
            .with("CalculatedDigest", base64(calculated)),
        E::ContentSha256Mismatch { client, computed } => S3Error::new(ErrorCode::XAmzContentSHA256Mismatch)
            .with("ClientComputedContentSHA256", hex::encode(client))
            .with("S3ComputedContentSHA256", hex::encode(computed)),
        E::ChecksumMismatch { algorithm, .. } => S3Error::new(ErrorCode::BadDigest).saying(format!(
            "The {} you specified did not match the calculated checksum.",
            algorithm.name()
        )),
        E::ChecksumInvalid { algorithm, .. } => S3Error::new(ErrorCode::InvalidRequest)
            .saying(format!("Value for {} trailing header is invalid.", algorithm.header())),
        E::ChecksumAlgorithmMismatch { expected, actual } => {
            let name = |algorithm: &Option<countersign_types::ChecksumAlgorithm>| {
                algorithm.map_or("null", |algorithm| algorithm.name()).to_lowercase()
            };
            S3Error::new(ErrorCode::InvalidRequest).saying(format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                name(expected),
                name(actual)
            ))
        }
        E::ChecksumTypeUnsupported { algorithm, checksum_type } => {
            S3Error::new(ErrorCode::InvalidRequest).saying(format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                checksum_type.name(),
                algorithm.name().to_lowercase()
            ))
        }
        E::ChecksumTypeMismatch { expected, actual } => {
            S3Error::new(ErrorCode::InvalidRequest).saying(format!(
                "The upload was created using the {} checksum mode. The complete request must use the same checksum \
                 mode, not {}.",
                expected.name(),
                actual.name()
            ))
        }
        E::PartChecksumMissing { algorithm, number } => S3Error::new(ErrorCode::InvalidRequest).saying(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each \
             part. It was missing for part {number} in the request.",
            algorithm.name().to_lowercase()
        )),
        E::ObjectSizeMismatch { expected, actual } => S3Error::new(ErrorCode::InvalidRequest).saying(format!(
            "The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {actual}"
        )),
        E::IncompleteBody { .. } => S3Error::new(ErrorCode::IncompleteBody),
        E::InvalidPartNumber => S3Error::new(ErrorCode::InvalidPartNumber),
        E::InvalidRange => S3Error::new(ErrorCode::InvalidRange),
        E::ReplacedWhileRead | E::MayHaveCommitted => S3Error::new(ErrorCode::InternalError),
        E::Source(source) => match source.cause().downcast_ref::<BodyFault>() {
            Some(fault) => body(fault),
            None => match source.cause().downcast_ref::<store::Error>() {
                Some(error) => of_store(error, names),
                None => S3Error::new(ErrorCode::InternalError),
            },
        },
        E::Engine(error) => of_engine(error),
    }
}

fn of_engine(error: &engine::Error) -> S3Error {
    match error {
        // Not ours to mend by trying again, and nothing was changed: a full disk, or one that failed a sync.
        engine::Error::Full => S3Error::new(ErrorCode::ServiceUnavailable).saying(
            "The server's storage is full: reads and deletes work, writes are refused until there is space.",
        ),
        engine::Error::Failed(_) => S3Error::new(ErrorCode::ServiceUnavailable).saying(
            "The server's storage failed: reads work, writes are refused until the server is restarted.",
        ),
        engine::Error::Unavailable(_) => S3Error::new(ErrorCode::ServiceUnavailable),
        engine::Error::NoSpace
        | engine::Error::Sealed
        | engine::Error::Limit(_)
        | engine::Error::Invalid(_)
        | engine::Error::MayHaveCommitted
        | engine::Error::Corrupt(_) => S3Error::new(ErrorCode::InternalError),
    }
}

fn precondition_failed(precondition: store::Precondition, prefix: &str) -> S3Error {
    S3Error::new(ErrorCode::PreconditionFailed).with("Condition", format!("{prefix}{}", precondition.name()))
}

/// AWS's form: two lower-case hex digits a byte, separated by blanks.
fn hex_bytes(bytes: &[u8]) -> String {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut text = vec![0; bytes.len() * 3];
    let (triples, _) = text.as_chunks_mut();
    for (triple, byte) in triples.iter_mut().zip(bytes) {
        *triple = [digit(byte >> 4), digit(byte & 0xf), b' '];
    }
    text.pop();
    String::from_utf8(text).expect("digits and blanks are ASCII")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Hex digits of a SHA-256, with which the text that a request signs ends.
const HASH_DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::Refusal as R;

    fn check(refusal: Refusal, code: ErrorCode, message: &str, elements: &[&str]) {
        let error = Refused::new(refusal).s3_error(Moment::from_seconds(1_369_353_600));
        assert_eq!(error.code, code);
        assert_eq!(error.message, message, "{code}");
        let names: Vec<&str> = error.elements.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, elements, "{code}");
    }

    /// The code's own message.
    fn usual(refusal: Refusal, code: ErrorCode, elements: &[&str]) {
        check(refusal, code, code.message(), elements);
    }

    #[test]
    fn signature_errors_say_what_aws_says() {
        let query = Form::Query;
        let region = |form| R::RegionWrong {
            form,
            got: "eu-west-1".to_owned(),
            expected: "us-east-1".to_owned(),
        };
        check(
            Refusal::Signature(region(Form::Header)),
            ErrorCode::AuthorizationHeaderMalformed,
            "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
            &["Region"],
        );
        check(
            Refusal::Signature(region(query)),
            ErrorCode::AuthorizationQueryParametersError,
            "Error parsing the X-Amz-Credential parameter; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
            &["Region"],
        );
        check(
            Refusal::Signature(R::Expired {
                expires_text: "60".to_owned(),
                at: 1_369_353_000,
            }),
            ErrorCode::AccessDenied,
            "Request has expired",
            &["X-Amz-Expires", "Expires", "ServerTime"],
        );
        usual(
            Refusal::Signature(R::Skewed {
                sent: "20130524T010000Z".to_owned(),
                max_seconds: 900,
            }),
            ErrorCode::RequestTimeTooSkewed,
            &["RequestTime", "ServerTime", "MaxAllowedSkewMilliseconds"],
        );
        check(
            Refusal::Signature(R::HeadersNotSigned(vec![
                "x-amz-acl".to_owned(),
                "x-amz-meta-a".to_owned(),
            ])),
            ErrorCode::AccessDenied,
            "There were headers present in the request which were not signed",
            &["HeadersNotSigned"],
        );
        check(
            Refusal::Signature(R::FormFieldMissing {
                name: "X-Amz-Signature",
            }),
            ErrorCode::InvalidArgument,
            "Bucket POST must contain a field named 'X-Amz-Signature'.  If it is specified, please check the order of \
             the fields.",
            &["ArgumentName", "ArgumentValue"],
        );
        usual(Refusal::InvalidToken, ErrorCode::InvalidToken, &["Token-0"]);
        usual(Refusal::ExpiredToken, ErrorCode::ExpiredToken, &["Token-0"]);
        usual(
            Refusal::UnknownAccessKeyId,
            ErrorCode::InvalidAccessKeyId,
            &["AWSAccessKeyId"],
        );
    }

    #[test]
    fn a_body_that_is_wrong_says_how() {
        usual(Refusal::Body(BodyFault::TooSlow), ErrorCode::RequestTimeout, &[]);
        usual(
            Refusal::Body(BodyFault::TooLarge),
            ErrorCode::MaxMessageLengthExceeded,
            &[],
        );
        usual(
            Refusal::Body(BodyFault::LengthMissing),
            ErrorCode::MissingContentLength,
            &[],
        );
        let chunk = |error| Refusal::Body(BodyFault::Chunk(error));
        usual(
            chunk(ChunkError::TrailerUnannounced { name: "x".to_owned() }),
            ErrorCode::MalformedTrailerError,
            &[],
        );
        usual(
            chunk(ChunkError::Truncated { decoded: 1 }),
            ErrorCode::IncompleteBody,
            &[],
        );
        usual(
            chunk(ChunkError::TooSmall { chunk: 2, size: 10 }),
            ErrorCode::InvalidChunkSizeError,
            &["Chunk", "BadChunkSize"],
        );
        let mismatch = ChunkError::SignatureMismatch {
            chunk: 1,
            offset: 0,
            provided: "00".to_owned(),
            string_to_sign: b"AWS4".to_vec(),
            hash_with_line_break: [0; 32],
        };
        usual(
            chunk(mismatch),
            ErrorCode::SignatureDoesNotMatch,
            &["StringToSign", "SignatureProvided", "StringToSignBytes"],
        );
    }

    #[test]
    fn a_form_that_is_wrong_says_what_aws_says() {
        let form = |fault| Refusal::Body(BodyFault::Form(fault));
        let one_file = "POST requires exactly one file upload per request.";
        for fault in [FormFault::FileMissing, FormFault::FileRepeated] {
            let elements = ["ArgumentName", "ArgumentValue"];
            check(form(fault), ErrorCode::InvalidArgument, one_file, &elements);
        }
        let malformed = FormFault::Malformed { reason: "odd" };
        usual(form(malformed), ErrorCode::MalformedPOSTRequest, &["Reason"]);
        usual(
            form(FormFault::HeadTooLarge),
            ErrorCode::MaxPostPreDataLengthExceeded,
            &["MaxPostPreDataLengthBytes"],
        );
        let policy = |fault| Refusal::of_body(BodyFault::Policy(fault));
        check(
            policy(PolicyFault::Expired { at: 0 }),
            ErrorCode::AccessDenied,
            "Invalid according to Policy: Policy expired.",
            &[],
        );
        check(
            policy(PolicyFault::ExtraFields(vec!["a".to_owned(), "b".to_owned()])),
            ErrorCode::AccessDenied,
            "Invalid according to Policy: Extra input fields: a, b",
            &[],
        );
        check(
            policy(PolicyFault::Malformed { reason: "odd" }),
            ErrorCode::InvalidPolicyDocument,
            "Invalid Policy: odd",
            &[],
        );
        usual(
            policy(PolicyFault::TooLarge { size: 6, max: 5 }),
            ErrorCode::EntityTooLarge,
            &["ProposedSize", "MaxSizeAllowed"],
        );
        usual(
            policy(PolicyFault::TooSmall { size: 2, min: 3 }),
            ErrorCode::EntityTooSmall,
            &["ProposedSize", "MinSizeAllowed"],
        );
    }

    #[test]
    fn what_may_succeed_when_sent_again_has_a_code_that_sdks_send_again() {
        let of_store = |error| Refusal::Store(error, Box::default());
        let of_engine = |error| of_store(store::Error::Engine(error));
        usual(of_store(store::Error::Conflict), ErrorCode::SlowDown, &[]);
        usual(
            of_store(store::Error::MayHaveCommitted),
            ErrorCode::InternalError,
            &[],
        );
        usual(
            of_engine(engine::Error::Corrupt("x".to_owned())),
            ErrorCode::InternalError,
            &[],
        );
        usual(
            of_engine(engine::Error::Unavailable("x".to_owned())),
            ErrorCode::ServiceUnavailable,
            &[],
        );
        for (error, word) in [
            (engine::Error::Full, "full"),
            (engine::Error::Failed("x".to_owned()), "failed"),
        ] {
            let answered = Refused::new(of_engine(error)).s3_error(Moment::from_seconds(0));
            assert_eq!(answered.code, ErrorCode::ServiceUnavailable);
            assert!(answered.message.contains(word), "{}", answered.message);
        }
    }

    #[test]
    fn a_fault_of_the_body_is_found_inside_the_stores_error() {
        let error = store::Error::Source(store::SourceError::new(BodyFault::Incomplete));
        usual(
            Refusal::Store(error, Box::default()),
            ErrorCode::IncompleteBody,
            &[],
        );
    }

    #[test]
    fn bytes_are_shown_as_aws_shows_them() {
        assert_eq!(hex_bytes(b"AWS4-"), "41 57 53 34 2d");
        assert_eq!(hex_bytes(b""), "");
    }
}
