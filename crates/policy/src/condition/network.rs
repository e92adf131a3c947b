//! A range of addresses in CIDR notation.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>: IPv4 or IPv6; an address
//! without a prefix is that address. Bits beyond the prefix do not count.

use std::net::IpAddr;

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or an address.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let prefix_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => prefix_max,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
        };
        (prefix <= prefix_max).then_some(Network { address, prefix })
    }

    /// Whether an address lies in it. An IPv4 address is one in IPv6 notation, too.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let differs = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            // Only a range of mapped addresses is one of IPv4: `::/0` is not meant to be.
            (IpAddr::V6(own), IpAddr::V4(other)) if self.prefix >= MAPPED_PREFIX => {
                (own.to_bits() ^ other.to_ipv6_mapped().to_bits()).leading_zeros()
            }
            _ => return false,
        };
        differs >= self.prefix
    }

    /// Whether S3 calls so wide a range public.
    ///
    /// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>: wider than /8 in IPv4 or /32
    /// in IPv6. The private ranges of RFC 1918 are none of them wider than /8.
    pub(crate) fn is_broad(&self) -> bool {
        self.prefix < if self.address.is_ipv4() { 8 } else { 32 }
    }
}

/// `::ffff:0:0/96` holds the IPv4 addresses.
const MAPPED_PREFIX: u32 = 96;

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn an_address_lies_in_a_range_or_not() {
        let check = |network: &str, address: &str, expected: bool| {
            let found = Network::parse(network)
                .unwrap()
                .contains(address.parse().unwrap());
            assert_eq!(found, expected, "{address} in {network}");
        };
        check("203.0.113.0/24", "203.0.113.0", true);
        check("203.0.113.0/24", "203.0.113.255", true);
        check("203.0.113.0/24", "203.0.114.0", false);
        check("203.0.113.77/24", "203.0.113.1", true);
        check("203.0.113.7", "203.0.113.7", true);
        check("203.0.113.7", "203.0.113.8", false);
        check("0.0.0.0/0", "198.51.100.1", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8:1234:5678::/64", "2001:DB8:1234:5678:0:0:0:1", true);
        check("2001:db8:1234:5678::/64", "2001:db8:1234:5679::1", false);
        check("2001:db8::1", "2001:db8::1", true);
        check("2001:db8::1", "2001:db8::2", false);
        check("::/0", "2001:db8::1", true);
        check("203.0.113.0/24", "::ffff:203.0.113.9", true);
        check("::ffff:203.0.113.0/120", "203.0.113.9", true);
        check("2001:db8::/32", "203.0.113.9", false);
        check("::/0", "203.0.113.9", false);
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in [
            "",
            "*",
            "203.0.113",
            "203.0.113.0/33",
            "203.0.113.0/",
            "203.0.113.0/+8",
            "::/129",
            "a/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn wide_ranges_are_public() {
        for (text, expected) in [
            ("0.0.0.0/0", true),
            ("0.0.0.0/1", true),
            ("192.0.0.0/7", true),
            ("10.0.0.0/8", false),
            ("172.16.0.0/12", false),
            ("203.0.113.7", false),
            ("::/0", true),
            ("2001:db8::/31", true),
            ("2001:db8::/32", false),
        ] {
            assert_eq!(Network::parse(text).unwrap().is_broad(), expected, "{text}");
        }
    }
}
