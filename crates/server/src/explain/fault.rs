//! Which refusals are explained, and as what: a fault of the signature, of the key, of the body that came with it, or
//! of what a browser asks ahead.
//!
//! Not here: anything about causes. What a refusal holds is handed on as it is; a body is never read for it.

use countersign_diagnose::{self as diagnose, BodyFault as Fault, FormPlace, Preflight, PreflightPart};
use countersign_protocol::cors::DeniedPart;
use countersign_protocol::form::{BROKEN_OFF, FORM_HEAD_BYTES_MAX, FormDecoder, FormFault};
use countersign_protocol::{CHECKSUM_NOT_SENT, ErrorCode, FORM_KEY_EMPTY};
use countersign_sigv4::{self as sigv4, Form, Payload};
use countersign_store::Error;
use countersign_types::{Checksum, CorsRule};

use super::Endpoint;
use crate::body::{self, BodyFault, Upload};
use crate::pipeline::received::Received;
use crate::refusal::{PreflightFault, Refusal, Refused, RefusedPreflight};

/// A refusal that `diagnose` knows to explain.
pub(super) enum SearchedFault {
    Signature(sigv4::Refusal),
    UnknownAccessKeyId,
    InvalidToken,
    /// The session of the token ended at this second.
    TokenExpired(i64),
    /// The signature of the request matched, and its body is not what was said about it.
    Body(Fault, diagnose::BodyFacts),
    /// The signature of the form matched, and its policy does not allow it.
    Policy(sigv4::PolicyFault),
    /// The signature matched, and the link was good for one use and used, at this second.
    LinkUsed(i64),
    /// The signature matched, and the link was good for one use and ended before it had succeeded.
    LinkEnded,
    /// The signature matched, and the link is older than its bucket, which was made at this second.
    LinkOlderThanBucket(i64),
    /// There is no signature, and nobody may.
    Unsigned,
    /// The signature matched, and the bucket belongs to another account than this header expects.
    OwnerDiffers(&'static str),
    /// The form has no file.
    FileMissing,
    /// The form is not one that could be carried out.
    Form(diagnose::FormFault),
    /// Nobody signed the request, as far as can be read, though it carries a signature.
    Anonymous,
    /// No CORS rule allows what a browser asks for a page.
    Preflight(Preflight),
}

impl SearchedFault {
    pub(super) fn of(
        refused: &Refused,
        received: &Received,
        upload: &Upload,
        endpoint: &Endpoint,
    ) -> Option<SearchedFault> {
        let body = upload.facts();
        if let Some(fault) = of_form(&refused.refusal, received) {
            return Some(fault);
        }
        if upload.is_form()
            && let Some(fault) = of_file(&refused.refusal)
        {
            return Some(SearchedFault::Form(fault));
        }
        match &refused.refusal {
            Refusal::Signature(refusal) => return Some(SearchedFault::Signature(refusal.clone())),
            Refusal::UnknownAccessKeyId => return Some(SearchedFault::UnknownAccessKeyId),
            Refusal::InvalidToken => return Some(SearchedFault::InvalidToken),
            Refusal::ExpiredToken => {
                let session = refused.resolved.as_ref()?.session.as_ref()?;
                return Some(SearchedFault::TokenExpired(session.expires.seconds()));
            }
            Refusal::Policy(fault) => return Some(SearchedFault::Policy(fault.clone())),
            Refusal::Store(Error::LinkUsed { at }, _) => return Some(SearchedFault::LinkUsed(at.seconds())),
            Refusal::Store(Error::LinkEnded, _) => return Some(SearchedFault::LinkEnded),
            Refusal::Store(Error::LinkOlderThanBucket { created }, _) => {
                return Some(SearchedFault::LinkOlderThanBucket(created.seconds()));
            }
            Refusal::AccessDenied if refused.claim.is_none() && endpoint.is_for_signed_requests() => {
                return Some(SearchedFault::Unsigned);
            }
            Refusal::OwnerDiffers(header) => return Some(SearchedFault::OwnerDiffers(header)),
            Refusal::Preflight(refused) => return Some(SearchedFault::Preflight(preflight(refused))),
            Refusal::Denied(_) if is_signed_unreadably(refused, received) => {
                return Some(SearchedFault::Anonymous);
            }
            Refusal::Parse(_) if is_signed_options(received) => {
                return Some(SearchedFault::Preflight(NOT_ASKED));
            }
            _ => {}
        }
        // Nothing is said about a body that nobody signed for.
        let claim = refused.claim.as_ref()?;
        if claim.form == Form::Policy {
            // What is said about a file stands in fields, not in headers.
            return None;
        }
        let is_streamed = matches!(claim.payload, Payload::Streaming(_));
        let mut sha256 = None;
        let fault = match &refused.refusal {
            Refusal::Store(Error::ContentSha256Mismatch { computed, .. }, _) => {
                sha256 = Some(*computed);
                Fault::Sha256
            }
            Refusal::Store(error, _) => of_store(error, received, body, is_streamed)?,
            Refusal::Body(fault) => of_body(fault, received, body, is_streamed)?,
            Refusal::Parse(error) => match error.code {
                ErrorCode::InvalidDigest => Fault::Md5Malformed,
                ErrorCode::MissingContentLength => Fault::LengthMissing,
                _ if error.message == CHECKSUM_NOT_SENT => Fault::ChecksumMissing,
                _ => return None,
            },
            _ => return None,
        };
        let facts = diagnose::BodyFacts {
            bytes: body.length,
            sha256,
            head: body.head.clone(),
        };
        Some(SearchedFault::Body(fault, facts))
    }

    /// The word in the log: whoever watches for attackers need not look at uploads that broke off.
    pub(super) fn event(&self) -> &'static str {
        match self {
            SearchedFault::Body(..) | SearchedFault::Form(_) => "body_rejected",
            SearchedFault::Preflight(_) => "preflight_refused",
            SearchedFault::Unsigned | SearchedFault::Anonymous | SearchedFault::OwnerDiffers(_) => {
                "access_denied"
            }
            _ => "auth_rejected",
        }
    }

    /// Whether nothing is signed, so that there is nothing to search for.
    pub(super) fn is_nobodys(&self) -> bool {
        matches!(
            self,
            SearchedFault::Preflight(_) | SearchedFault::Unsigned | SearchedFault::Form(_)
        )
    }

    /// Whether the signature of the request was compared and is another.
    pub(super) fn is_mismatch(&self) -> bool {
        matches!(self, SearchedFault::Signature(sigv4::Refusal::SignatureMismatch))
    }

    /// As `diagnose` takes it.
    pub(super) fn as_fault(&self) -> diagnose::Fault<'_> {
        match self {
            SearchedFault::Signature(refusal) => diagnose::Fault::Refused(refusal),
            SearchedFault::UnknownAccessKeyId => diagnose::Fault::UnknownAccessKeyId,
            SearchedFault::InvalidToken => diagnose::Fault::InvalidToken,
            SearchedFault::TokenExpired(ended) => diagnose::Fault::TokenExpired { ended: *ended },
            SearchedFault::Body(fault, _) => diagnose::Fault::Body(fault),
            SearchedFault::Policy(fault) => diagnose::Fault::Policy(fault),
            SearchedFault::LinkUsed(at) => diagnose::Fault::LinkUsed { at: *at },
            SearchedFault::LinkEnded => diagnose::Fault::LinkEnded,
            SearchedFault::LinkOlderThanBucket(created) => {
                diagnose::Fault::LinkOlderThanBucket { created: *created }
            }
            SearchedFault::Unsigned => diagnose::Fault::Unsigned,
            SearchedFault::OwnerDiffers(header) => diagnose::Fault::OwnerDiffers { header },
            SearchedFault::FileMissing => diagnose::Fault::FileMissing,
            SearchedFault::Form(fault) => diagnose::Fault::Form(fault),
            SearchedFault::Anonymous => diagnose::Fault::Unsigned,
            SearchedFault::Preflight(preflight) => diagnose::Fault::Preflight(preflight),
        }
    }

    /// What is known of the body, where the body is what was refused.
    pub(super) fn body(&self) -> Option<&diagnose::BodyFacts> {
        match self {
            SearchedFault::Body(_, facts) => Some(facts),
            _ => None,
        }
    }
}

/// What is wrong with a form as such, wherever on its way that was found.
fn of_form(refusal: &Refusal, received: &Received) -> Option<SearchedFault> {
    let fault = match refusal {
        Refusal::Body(BodyFault::Form(fault)) => fault,
        Refusal::Store(Error::Source(source), _) => {
            let BodyFault::Form(fault) = source.cause().downcast_ref::<BodyFault>()? else {
                return None;
            };
            fault
        }
        Refusal::Parse(error) if error.message == FORM_KEY_EMPTY => {
            return Some(SearchedFault::Form(diagnose::FormFault::FieldEmpty {
                name: "key",
            }));
        }
        Refusal::Parse(error) => {
            let name = error.repeated_form_field()?.to_owned();
            return Some(SearchedFault::Form(diagnose::FormFault::FieldRepeated { name }));
        }
        _ => return None,
    };
    Some(SearchedFault::Form(match fault {
        FormFault::FileMissing => return Some(SearchedFault::FileMissing),
        FormFault::FileRepeated => diagnose::FormFault::FileRepeated,
        FormFault::HeadTooLarge => diagnose::FormFault::FieldsTooLarge {
            bytes_max: FORM_HEAD_BYTES_MAX,
        },
        FormFault::Malformed { reason } => diagnose::FormFault::Malformed {
            reason,
            place: place_of(reason, received),
        },
    }))
}

/// What is wrong with what a form carries, or where it broke off.
fn of_file(refusal: &Refusal) -> Option<diagnose::FormFault> {
    let of_body = |fault: &BodyFault| {
        matches!(fault, BodyFault::Incomplete).then_some(diagnose::FormFault::Malformed {
            reason: "it has fewer bytes than Content-Length says",
            place: FormPlace::End,
        })
    };
    match refusal {
        Refusal::Body(fault) => of_body(fault),
        Refusal::Store(Error::Source(source), _) => of_body(source.cause().downcast_ref()?),
        Refusal::Store(Error::BadDigest { .. }, _) => {
            Some(diagnose::FormFault::FileDiffers { field: "Content-MD5" })
        }
        Refusal::Store(Error::ChecksumMismatch { algorithm, .. }, _) => {
            Some(diagnose::FormFault::FileDiffers {
                field: algorithm.header(),
            })
        }
        _ => None,
    }
}

/// Where a form cannot be read.
fn place_of(reason: &str, received: &Received) -> FormPlace {
    let content_type = received.header("content-type").unwrap_or_default();
    if reason == BROKEN_OFF {
        FormPlace::End
    } else if FormDecoder::new(content_type).is_err() {
        FormPlace::Type
    } else {
        FormPlace::Parts
    }
}

/// Whether a request that was taken for nobody's has a signature in its query under names that are not those of one.
pub(super) fn is_signed_unreadably(refused: &Refused, received: &Received) -> bool {
    let query = received.query().unwrap_or_default();
    refused.claim.is_none() && diagnose::has_names_in_other_case(query.as_bytes())
}

/// Whether a browser's question came from something that is no browser, and that signed it.
fn is_signed_options(received: &Received) -> bool {
    let query = received.query().unwrap_or_default();
    received.method() == "OPTIONS"
        && (received.header("authorization").is_some() || query.contains("X-Amz-Signature="))
}

const NOT_ASKED: Preflight = Preflight {
    part: PreflightPart::NotAsked,
    nearest: None,
    allowed: Vec::new(),
};

fn of_store(error: &Error, received: &Received, body: &body::BodyFacts, is_streamed: bool) -> Option<Fault> {
    match error {
        Error::BadDigest { .. } => Some(Fault::Md5),
        Error::ChecksumMismatch {
            algorithm,
            expected,
            computed,
        } if !is_about_parts(received) => Some(Fault::Checksum {
            header: algorithm.header().to_owned(),
            sent: Checksum::encode(expected),
            computed: computed.encode(),
        }),
        Error::IncompleteBody {
            expected,
            received: arrived,
        } => Some(Fault::Length {
            announced: *expected,
            arrived: Some(*arrived),
        }),
        Error::Source(source) => {
            let fault = source.cause().downcast_ref::<BodyFault>()?;
            of_body(fault, received, body, is_streamed)
        }
        _ => None,
    }
}

/// Completing an upload compares checksums of parts, none of which is that of its body.
fn is_about_parts(received: &Received) -> bool {
    received.method() == "POST"
        && received
            .query()
            .is_some_and(|query| sigv4::query_value(Some(query.as_bytes()), "uploadId").is_some())
}

fn of_body(
    fault: &BodyFault,
    received: &Received,
    body: &body::BodyFacts,
    is_streamed: bool,
) -> Option<Fault> {
    match fault {
        BodyFault::Chunk(error) => Some(Fault::Chunk(error.clone())),
        BodyFault::LengthMissing => Some(Fault::LengthMissing),
        BodyFault::Incomplete => Some(Fault::Length {
            announced: received.header("content-length")?.trim().parse().ok()?,
            // What arrived of a stream is counted without its frames, what is announced here with them.
            arrived: (!is_streamed).then_some(body.length),
        }),
        BodyFault::TooSlow | BodyFault::TooLarge | BodyFault::Form(_) | BodyFault::Policy(_) => None,
    }
}

/// What of the rules a diagnosis looks at.
pub(super) fn preflight(refused: &RefusedPreflight) -> Preflight {
    let bare = |part| Preflight {
        part,
        nearest: None,
        allowed: Vec::new(),
    };
    let (denied, rules) = match &refused.fault {
        PreflightFault::NoBucket => return bare(PreflightPart::NoBucket),
        PreflightFault::NoRules => return bare(PreflightPart::NoRules),
        PreflightFault::Denied(denied, rules) => (denied, rules),
    };
    let nearest = rules.get(denied.nearest);
    let of_nearest = |texts: Vec<String>| -> Vec<(usize, String)> {
        texts.into_iter().map(|text| (denied.nearest + 1, text)).collect()
    };
    let (part, allowed) = match &denied.part {
        DeniedPart::Origin => {
            let of_rule = |(place, rule): (usize, &CorsRule)| {
                let origins = rule.allowed_origins.clone();
                origins.into_iter().map(move |origin| (place + 1, origin))
            };
            let origins = rules.iter().enumerate().flat_map(of_rule);
            (PreflightPart::Origin, origins.collect())
        }
        DeniedPart::Method => {
            let methods =
                nearest.map(|rule| rule.allowed_methods.iter().map(|m| m.name().to_owned()).collect());
            (PreflightPart::Method, of_nearest(methods.unwrap_or_default()))
        }
        DeniedPart::Headers(names) => {
            let headers = nearest.map(|rule| rule.allowed_headers.clone());
            let part = PreflightPart::Headers(names.clone());
            (part, of_nearest(headers.unwrap_or_default()))
        }
    };
    Preflight {
        part,
        nearest: Some(denied.nearest + 1),
        allowed,
    }
}
