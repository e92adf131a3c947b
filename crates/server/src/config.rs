//! What the operator decided, read and checked once at start.
//!
//! Not here: flags, environment and files; the binary reads those and hands values over.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one region of this server; a scope and a `LocationConstraint` must name it.
    pub region: String,
    /// Names under which clients reach this server from outside.
    pub public_urls: Vec<PublicUrl>,
    /// Names whose first label is a bucket (virtual-host style); `localhost` always is one.
    pub domains: Vec<String>,
    /// Proxies whose forwarding headers are believed when the client's address is told.
    pub trusted_proxies: Vec<Cidr>,
    /// How much a refusal tells.
    pub diagnosis: DiagnosisMode,
    /// Whether identity providers are asked at private addresses too, and in the clear there.
    pub are_private_identity_providers_allowed: bool,
    /// Where the record of refusals is kept over a restart; in memory only if nowhere.
    pub refusals_dir: Option<PathBuf>,
    /// How often and how fast everything stored is read against its checksums.
    pub scrub: ScrubSchedule,
    /// Where the scrub keeps how far it came; in memory only if nowhere.
    pub scrub_file: Option<PathBuf>,
}

impl Config {
    /// A server in a region, with nothing else decided.
    pub fn in_region(region: &str) -> Config {
        Config {
            region: region.to_owned(),
            public_urls: Vec::new(),
            domains: Vec::new(),
            trusted_proxies: Vec::new(),
            diagnosis: DiagnosisMode::default(),
            are_private_identity_providers_allowed: false,
            refusals_dir: None,
            scrub: ScrubSchedule::default(),
            scrub_file: None,
        }
    }
}

impl Config {
    /// Whether what is forwarded from this address is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|block| block.contains(address))
    }
}

/// How often everything stored is read against its checksums, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubSchedule {
    /// From the beginning of a pass to that of the next; `None`: only when it is asked for.
    pub every: Option<Duration>,
    /// Not more than so many bytes a second.
    pub bytes_per_second: u64,
}

impl Default for ScrubSchedule {
    /// Once a week, at 16 MiB a second: some nine TiB a week, and a tenth of what a slow disk reads.
    fn default() -> ScrubSchedule {
        ScrubSchedule {
            every: Some(SCRUB_EVERY),
            bytes_per_second: SCRUB_BYTES_PER_SECOND,
        }
    }
}

impl ScrubSchedule {
    /// How long so many bytes take.
    pub(crate) fn time_of(&self, bytes: u64) -> Duration {
        let millis = u128::from(bytes) * 1000 / u128::from(self.bytes_per_second.max(1));
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

const SCRUB_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const SCRUB_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// How much a refusal tells to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiagnosisMode {
    /// `Full` to loopback and private peers that come without a proxy, else `Basic`.
    #[default]
    Auto,
    /// Cause, cure, and names that the operator declared or the key verified with.
    Full,
    /// Cause, cure, and only values that stand in the request.
    Basic,
    /// Byte for byte what AWS answers.
    Off,
}

impl DiagnosisMode {
    /// Reads the value of `--diagnosis`.
    pub fn parse(text: &str) -> Option<DiagnosisMode> {
        Some(match text {
            "auto" => Self::Auto,
            "full" => Self::Full,
            "basic" => Self::Basic,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

/// A URL under which clients reach this server: scheme, host and port, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// True for `https`.
    pub is_https: bool,
    /// `host` or `host:port`, exactly as a client puts it into `Host`: a default port is left out.
    pub authority: String,
}

impl PublicUrl {
    /// Reads `http://host[:port]` or `https://host[:port]`; a path is refused, because S3 signs the path.
    pub fn parse(text: &str) -> Result<PublicUrl, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("`{text}` does not begin with http:// or https://"))?;
        let is_https = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(format!("`{scheme}` is not http or https")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let parsed: http::uri::Authority = authority
            .parse()
            .map_err(|_| format!("`{authority}` is not host or host:port"))?;
        if authority.contains('@') {
            return Err(format!("`{text}` must not carry a user name"));
        }
        let default_port = if is_https { 443 } else { 80 };
        let host = parsed.host().to_ascii_lowercase();
        let authority = match parsed.port_u16() {
            Some(port) if port != default_port => format!("{host}:{port}"),
            _ => host,
        };
        Ok(PublicUrl { is_https, authority })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }
}

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Reads `10.0.0.0/8`, `::1/128` or a single address.
    pub fn parse(text: &str) -> Result<Cidr, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{address}` is not an address"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|p| *p <= longest)
                .ok_or_else(|| format!("`{prefix}` is not a prefix length from 0 to {longest}"))?,
            None => longest,
        };
        Ok(Cidr { address, prefix })
    }

    /// True if the block holds the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(block) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(block) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_what_a_client_puts_into_host() {
        for (text, expected) in [
            ("http://S3.example.com", Ok("s3.example.com")),
            ("https://s3.example.com:443/", Ok("s3.example.com")),
            ("http://s3.example.com:443", Ok("s3.example.com:443")),
            ("http://[::1]:9000", Ok("[::1]:9000")),
            ("s3.example.com", Err(())),
            ("ftp://s3.example.com", Err(())),
            ("http://s3.example.com/s3", Err(())),
            ("http://me@s3.example.com", Err(())),
        ] {
            let got = PublicUrl::parse(text).map(|url| url.authority).map_err(|_| ());
            assert_eq!(got, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_scrub_takes_the_time_that_its_rate_says() {
        let check = |bytes_per_second, bytes, seconds| {
            let schedule = ScrubSchedule {
                bytes_per_second,
                ..ScrubSchedule::default()
            };
            assert_eq!(schedule.time_of(bytes), Duration::from_secs(seconds));
        };
        check(SCRUB_BYTES_PER_SECOND, 64 << 20, 4);
        check(1, 10, 10);
        check(0, 10, 10);
        check(u64::MAX, u64::MAX, 1);
    }

    #[test]
    fn a_block_holds_its_addresses_only() {
        let check = |block: &str, address: &str, expected: bool| {
            let block = Cidr::parse(block).expect("a block");
            assert_eq!(
                block.contains(address.parse().expect("an address")),
                expected,
                "{block} {address}"
            );
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.0.0.1", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("::/0", "::1", true);
        check("fd00::/8", "fe80::1", false);
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        assert!(Cidr::parse("10.0.0.0/33").is_err());
        assert!(Cidr::parse("example.com").is_err());
    }
}
