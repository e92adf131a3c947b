//! What the server knows of the claimed access key beyond its secret: the other keys of the same principal, what became of a key
//! that is no longer in use, and how it fared lately.
//!
//! Not here: how any of it was found out; everything is passed in. Secrets are not, but for the claimed key's own: of every other
//! key there is at most the first link of its signing keys for one day, which cannot be turned back into the secret.

use zeroize::Zeroizing;

/// Most other keys that are tried for one request.
pub const OTHER_KEYS_MAX: usize = 8;

/// What is known of the claimed access key.
#[derive(Clone, Debug, Default)]
pub struct KeyFacts {
    /// The other keys of the same principal, those in use first and then the newest. Past [`OTHER_KEYS_MAX`] they are passed over.
    pub others: Vec<KnownKey>,
    /// The claimed key itself, where it was once a key and is no longer in use.
    pub retired: Option<KnownKey>,
    /// How it fared lately.
    pub lately: Lately,
}

/// An access key that the claimed one may have been taken for, or was once.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Its id, for the operator only.
    pub access_key_id: String,
    /// What became of it; `None` if it is in use.
    pub retired: Option<Retired>,
    /// The first link of its signing keys for the day in the credential, if that is there.
    pub date_key: Option<DateKey>,
}

/// What became of a key that is no longer in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It was removed.
    Removed {
        /// When, seconds since 1970.
        at: i64,
    },
    /// It was made inactive, and can be made active again.
    Inactive,
    /// It reached the end that it was made with.
    Expired {
        /// When, seconds since 1970.
        at: i64,
    },
}

/// The first link of the signing keys of one secret: the key of a day. Wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DateKey(Zeroizing<[u8; 32]>);

impl DateKey {
    /// Takes it over.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> DateKey {
        DateKey(bytes)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for DateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DateKey(..)")
    }
}

impl std::hash::Hash for DateKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

/// How the claimed key fared lately, as far as the server remembers. Nothing in it proves anything: it says what to try first and what
/// is likely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// Whether the key is new and no request ever verified with it.
    pub is_unused: bool,
    /// Whether another key of the same principal was taken out of use in the last days.
    pub is_rotated: bool,
    /// When a request from any other client verified with it last, seconds since 1970.
    pub verified_elsewhere: Option<i64>,
    /// When one of this client did.
    pub verified_here: Option<i64>,
    /// How far this client's clock was off then, in seconds, if its request said so.
    pub clock_here: Option<i64>,
    /// What became of this client's requests that read.
    pub reads: Outcomes,
    /// What became of its requests that carry something.
    pub writes: Outcomes,
}

/// What became of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Whether one verified.
    pub has_verified: bool,
    /// How many were refused for their signature since one verified, this one not among them.
    pub refused: u32,
}

impl KeyFacts {
    /// The other keys that are tried.
    pub(crate) fn tried(&self) -> impl Iterator<Item = (&KnownKey, &DateKey)> {
        let others = self.others.iter().take(OTHER_KEYS_MAX);
        others.filter_map(|other| Some((other, other.date_key.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_day_is_not_shown() {
        let known = KnownKey {
            access_key_id: "AKID".to_owned(),
            retired: None,
            date_key: Some(DateKey::new(Zeroizing::new([7; 32]))),
        };
        let shown = format!("{known:?}");
        assert!(shown.contains("DateKey(..)") && !shown.contains('7'), "{shown}");
    }
}
