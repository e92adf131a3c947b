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

mod budget;
mod case;
mod diagnose;
mod diagnosis;
mod facts;
mod hypothesis;
mod parts;
mod report;
mod rules;
mod scene;
mod search;
mod words;

pub use budget::{
    Budget, CANONICAL_REQUEST_BYTES_MAX, PAIRS_BYTES_MAX, SIGNED_HEADERS_MAX, SINGLES_BYTES_MAX, SINGLES_MAX,
    SKEW_SECONDS_MAX, Tried,
};
pub use case::{BodyFacts, Case, Fault, ServerFacts, Transport};
pub use diagnose::diagnose;
pub use diagnosis::{Cause, Culprit, Diagnosis, Otherwise, Proof, Slot, Status};
pub use report::{
    PAGES_URL, Report, ReportCause, ReportCulprit, ReportTried, SENTENCE_CHARACTERS_MAX,
    SENTENCE_OF_TWO_CHARACTERS_MAX,
};
pub use rules::{ids, page, title};
pub use words::{Level, SENTENCE_VALUE_CHARACTERS_MAX, SHOWN_VALUE_BYTES_MAX};
