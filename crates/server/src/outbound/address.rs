//! Which addresses belong to the public network: what may be asked when somebody else named the place.
//!
//! Not here: names. A name is looked up once, and the address it has is held against this and connected to.
//!
//! SPEC: the IANA registries of special-purpose addresses, <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True if packets to this address leave for the public network; machines beside this one, and this one, do not answer there.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        // This network, private use, loopback.
        0 | 10 | 127 => true,
        // Shared by the customers of a provider.
        100 => (64..128).contains(&second),
        // Link-local: where clouds serve the credentials of a machine.
        169 => second == 254,
        172 => (16..32).contains(&second),
        // Protocol assignments, documentation, relays of version 6, private use.
        192 => matches!((second, third), (0, 0 | 2) | (88, 99) | (168, _)),
        // Benchmarks, documentation.
        198 => matches!((second, third), (18 | 19, _) | (51, 100)),
        203 => (second, third) == (0, 113),
        // Multicast, reserved, broadcast.
        224..=255 => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, high, low] = address.segments();
    let last = u32::from(high) << 16 | u32::from(low);
    // A translator puts an address of version 4 into the last bytes.
    if [first, second, third, fourth, fifth, sixth] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(Ipv4Addr::from(last));
    }
    let is_special = match (first, second) {
        // Protocol assignments, Teredo among them: such an address holds one of version 4, masked.
        (0x2001, 0..0x0200) => true,
        // Documentation.
        (0x2001, 0x0db8) | (0x3fff, 0..0x1000) => true,
        // 6to4, which holds an address of version 4.
        (0x2002, _) => true,
        _ => false,
    };
    // Only this eighth is given out; the rest is loopback, link-local, private, multicast, or nobody's.
    (first & 0xe000) == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_network_are_public() {
        let check = |addresses: &[&str], expected| {
            for text in addresses {
                let address: IpAddr = text.parse().expect("an address");
                assert_eq!(is_public(address), expected, "{text}");
            }
        };
        check(
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "169.253.1.1",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.1",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.0.1",
                "198.20.0.1",
                "223.255.255.255",
                "::ffff:1.1.1.1",
                "2606:4700:4700::1111",
                "2001:200::1",
                "64:ff9b::101:101",
            ],
            true,
        );
        check(
            &[
                "0.0.0.0",
                "10.0.0.1",
                "100.64.0.1",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.170",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "::ffff:169.254.169.254",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::1",
                "fe80::1",
                "fc00::1",
                "fd00:ec2::254",
                "ff02::1",
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::1",
                "3fff::1",
                "4000::1",
            ],
            false,
        );
    }
}
