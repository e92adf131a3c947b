//! How much work one refused request may cause.
//!
//! Not here: a clock (time left is asked of a closure), and limits across requests (the server holds those).
//!
//! Keeps true: work is counted in bytes hashed before it is done, so no request can make the search hash more than
//! its budget, whatever its size.

/// Bytes hashed for hypotheses that change one thing.
pub const SINGLES_BYTES_MAX: u64 = 512 * 1024;
/// Bytes hashed for hypotheses that change two things.
pub const PAIRS_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// A longer canonical request gets single hypotheses only.
pub const CANONICAL_REQUEST_BYTES_MAX: usize = 8 * 1024;
/// A request with more signed headers gets no search at all.
pub const SIGNED_HEADERS_MAX: usize = 64;
/// Most distinct single hypotheses that are tried for one request, the likeliest first.
pub const SINGLES_MAX: usize = 400;
/// Most hypotheses that one rule may propose for one request.
pub(crate) const PROPOSALS_EACH_MAX: usize = 200;
/// Most bytes that one rule may propose for one request: of a long request a search can try few changes, and writing out
/// what it cannot try costs as much as trying it.
pub(crate) const PROPOSED_BYTES_EACH_MAX: usize = 256 * 1024;
/// Most bytes of memory that a diagnosis takes, whatever the request.
pub const DIAGNOSIS_BYTES_MAX: usize = 48 * 1024;
/// A request whose clock is further away gets no search, only one verification.
pub const SKEW_SECONDS_MAX: u64 = 7 * 86_400;

/// The work one call of [`crate::diagnose`] may do.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Bytes hashed for single hypotheses; 0 allows none.
    pub singles_bytes_max: u64,
    /// Bytes hashed for pairs; 0 allows none.
    pub pairs_bytes_max: u64,
    /// Whether there is time left. Asked before each hypothesis; `false` ends the search.
    pub within: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// The full budget, bounded in time by the closure.
    pub fn full(within: &'a dyn Fn() -> bool) -> Budget<'a> {
        Budget {
            singles_bytes_max: SINGLES_BYTES_MAX,
            pairs_bytes_max: PAIRS_BYTES_MAX,
            within,
        }
    }

    /// Single hypotheses only: for callers that have asked too often.
    pub fn singles(within: &'a dyn Fn() -> bool) -> Budget<'a> {
        Budget {
            pairs_bytes_max: 0,
            ..Budget::full(within)
        }
    }

    /// No search: only what is certain from the request itself, and no signature is computed.
    pub fn none() -> Budget<'static> {
        Budget {
            singles_bytes_max: 0,
            pairs_bytes_max: 0,
            within: &|| false,
        }
    }
}

impl std::fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget")
            .field("singles_bytes_max", &self.singles_bytes_max)
            .field("pairs_bytes_max", &self.pairs_bytes_max)
            .finish_non_exhaustive()
    }
}

/// What the search did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Single hypotheses whose signature was computed.
    pub singles: u32,
    /// Pairs whose signature was computed.
    pub pairs: u32,
    /// Bytes hashed for both.
    pub hashed_bytes: u64,
    /// Whether the budget ended the search before everything was tried.
    pub cut_short: bool,
    /// Whether changes in pairs were not allowed, and might have found something.
    pub pairs_left: bool,
    /// How long all of it took, in microseconds. There is no clock here: whoever asked fills it in, or nobody does.
    pub microseconds: Option<u64>,
}

/// Counts work against one of the two limits.
pub(crate) struct Meter<'a> {
    left: u64,
    within: &'a dyn Fn() -> bool,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(bytes_max: u64, within: &'a dyn Fn() -> bool) -> Meter<'a> {
        Meter {
            left: bytes_max,
            within,
        }
    }

    /// Takes `bytes` from the budget, or says that the search is over.
    pub(crate) fn spend(&mut self, bytes: usize, tried: &mut Tried) -> bool {
        let bytes = bytes as u64;
        if bytes > self.left || !(self.within)() {
            tried.cut_short = true;
            return false;
        }
        self.left -= bytes;
        tried.hashed_bytes += bytes;
        true
    }
}
