//! Why a SigV4 signature did not match, and what to change.
//!
//! One refused request goes in with everything the server knows about it ([`Case`]); out comes a [`Diagnosis`]: causes
//! that are proven (a single, named change of the request gives exactly the signature that was sent), certain from the
//! request alone, or only likely. [`Diagnosis::at`] turns it into the plain texts one reader may see.
//!
//! Absent on purpose: clock, sockets, files, randomness, look-ups. Time left is asked of a closure.
//!
//! Keeps true, each with a test in `tests/security.rs`: nothing derived from the secret leaves the crate; no part of a secret
//! is ever tried; the work per request is bounded in bytes; and a proven cause is text, never permission.
//!
//! ```
//! use countersign_diagnose::{Budget, Case, Fault, Level, ServerFacts, Transport, diagnose};
//! use countersign_sigv4::{PathRule, Payload, Refusal, Request, Secret, Signer, claim};
//!
//! // A client signs for the public name.
//! let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
//! let signer = Signer {
//!     access_key_id: "AKIAIOSFODNN7EXAMPLE",
//!     secret: &secret,
//!     session_token: None,
//!     region: "us-east-1",
//!     service: "s3",
//!     time: 1_369_353_600,
//!     rule: PathRule::S3,
//! };
//! let sent = [("host", &b"localhost:8080"[..])];
//! let request = Request { method: "GET", path: b"/photos/cat.jpg", query: None, headers: &sent };
//! let added = signer.sign_headers(&request, &Payload::of_body(b""));
//!
//! // A proxy puts its upstream's name into Host.
//! let mut headers = vec![("host", &b"127.0.0.1:9000"[..])];
//! headers.extend(added.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
//! let received = Request { headers: &headers, ..request };
//! let claim = claim(&received)?.expect("the request is signed");
//!
//! let diagnosis = diagnose(
//!     &Case {
//!         request: received,
//!         claim: Some(&claim),
//!         fault: Fault::Refused(&Refusal::SignatureMismatch),
//!         secret: Some(&secret),
//!         rule: PathRule::S3,
//!         server: &ServerFacts {
//!             region: "us-east-1".into(),
//!             service: "s3".into(),
//!             now: 1_369_353_600,
//!             ..ServerFacts::default()
//!         },
//!         transport: Transport { http_1_0: true, ..Transport::default() },
//!         body: None,
//!         form: None,
//!     },
//!     Budget::full(&|| true),
//! );
//! assert_eq!(diagnosis.at(Level::Full).header_value(), "HST-PROXY; status=proven; slot=host");
//! # Ok::<(), Refusal>(())
//! ```

mod budget;
mod canonical_text;
mod case;
mod culprit;
mod diagnose;
mod diagnosis;
mod elsewhere;
mod facts;
mod hidden;
mod hypothesis;
mod key;
mod leaning;
mod mask;
mod parts;
mod repair;
mod report;
mod rules;
mod scene;
mod search;
mod texts;
mod weights;
mod words;

pub use budget::{
    Budget, CANONICAL_REQUEST_BYTES_MAX, DIAGNOSIS_BYTES_MAX, PAIRS_BYTES_MAX, SIGNED_HEADERS_MAX,
    SINGLES_BYTES_MAX, SINGLES_MAX, SKEW_SECONDS_MAX, Tried,
};
pub use case::{
    BodyFacts, BodyFault, Case, Fault, FormFacts, FormFault, FormPlace, Preflight, PreflightPart,
    ServerFacts, Transport,
};
pub use diagnose::diagnose;
pub use diagnosis::{Cause, Culprit, Diagnosis, Otherwise, Proof, Slot, Status};
pub use elsewhere::client_ids;
pub use hidden::{is_secret_header, is_secret_parameter};
pub use key::{DateKey, KeyFacts, KnownKey, Lately, OTHER_KEYS_MAX, Outcomes, Retired};
pub use mask::Mask;
pub use repair::{has_names_in_other_case, presumed_access_key_id};
pub use report::{
    PAGES_URL, Report, ReportCause, ReportCulprit, ReportTried, SENTENCE_CHARACTERS_MAX,
    SENTENCE_OF_TWO_CHARACTERS_MAX,
};
pub use rules::{ids, page, title};
pub use texts::{ReportLine, ReportTexts, TEXT_LINES_MAX, TEXTS_BYTES_MAX};
pub use words::{Level, SENTENCE_VALUE_CHARACTERS_MAX, SHOWN_VALUE_BYTES_MAX};
