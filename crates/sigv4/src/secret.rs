//! A secret access key in memory: wiped when dropped, compared in constant time, never printed.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret half of an access key.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the secret over; the bytes are used as they are, a line break at the end included.
    pub fn new(secret: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(secret.into()))
    }

    /// The bytes, for whoever derives keys or seals them at rest.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        bool::from(self.0.as_slice().ct_eq(other.0.as_slice()))
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_value() {
        assert_eq!(format!("{:?}", Secret::new("hush")), "Secret(..)");
    }

    #[test]
    fn equality_is_by_value() {
        assert!(Secret::new("a") == Secret::new("a"));
        assert!(Secret::new("a") != Secret::new("b"));
        assert!(Secret::new("a") != Secret::new("a\n"));
    }
}
