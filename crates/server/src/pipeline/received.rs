//! A request as it was received: raw method, path, query and headers, and when and how it came.
//!
//! Nothing here decodes or rewrites anything; whoever did so before `sigv4` would break signatures.

use std::net::IpAddr;
use std::sync::OnceLock;

use countersign_diagnose::is_secret_parameter;
use countersign_protocol::{Form, Head};
use countersign_sigv4::Request;
use countersign_types::Moment;
use http::header::{self, AsHeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Version};

use crate::config::Config;
use crate::listen::Origin;
use crate::request_id::RequestId;

/// A request without its body.
pub struct Received {
    parts: Parts,
    /// Where the connection comes from.
    pub origin: Origin,
    /// When it was received.
    pub at: Moment,
    /// Its id.
    pub request_id: RequestId,
    /// Signatures and tokens in the fields of its form, if it is one: what no record of it may hold.
    form_secrets: OnceLock<Vec<(String, String)>>,
    /// What it turned out to ask for, once that is known.
    operation: OnceLock<&'static str>,
    /// The region of the bucket that it asks for.
    bucket_region: OnceLock<String>,
    /// Whether it is in the record of refusals, where each request stands once.
    on_record: OnceLock<()>,
}

/// Header lines: lower-case name and raw value, several lines of a name in their order.
pub type Lines<'a> = Vec<(&'a str, &'a [u8])>;

impl Received {
    /// Takes a request as it comes off the socket at this moment.
    pub fn new(parts: Parts, origin: Origin, at: Moment) -> Received {
        Received {
            parts,
            origin,
            at,
            request_id: RequestId::new(),
            form_secrets: OnceLock::new(),
            operation: OnceLock::new(),
            bucket_region: OnceLock::new(),
            on_record: OnceLock::new(),
        }
    }

    /// Notes what the fields of its form must keep to themselves.
    pub fn has_form(&self, form: &Form) {
        self.form_secrets.get_or_init(|| {
            let fields = form.fields.iter().filter(|(name, _)| is_secret_parameter(name));
            fields
                .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
                .collect()
        });
    }

    /// Names and values of what no record may hold of a form.
    pub(crate) fn form_secrets(&self) -> &[(String, String)] {
        self.form_secrets.get().map_or(&[], Vec::as_slice)
    }

    /// Notes that it is in the record of refusals.
    pub(crate) fn is_now_on_record(&self) {
        self.on_record.get_or_init(|| ());
    }

    /// Whether it is in the record of refusals.
    pub(crate) fn is_on_record(&self) -> bool {
        self.on_record.get().is_some()
    }

    /// Notes the name of the operation, for whoever counts requests.
    pub(crate) fn is_for(&self, operation: &'static str) {
        self.operation.get_or_init(|| operation);
    }

    /// The name of the operation, if the request got so far.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.operation.get().copied()
    }

    /// Notes where the bucket lies that it asks for: that is told whether or not whoever asks may use the bucket.
    pub(crate) fn asks_for_bucket_in(&self, region: &str) {
        self.bucket_region.get_or_init(|| region.to_owned());
    }

    /// The region to tell.
    pub(crate) fn bucket_region(&self) -> Option<&str> {
        self.bucket_region.get().map(String::as_str)
    }

    /// The method as sent.
    pub fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The path as sent.
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The query as sent, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// A header's first value, if it is text.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A header's value, if it stands there once and is text.
    pub fn only_header(&self, name: &str) -> Option<&str> {
        let mut lines = self.parts.headers.get_all(name).iter();
        let only = lines.next()?;
        if lines.next().is_some() {
            return None;
        }
        only.to_str().ok()
    }

    /// True if the request came as HTTP/1.0, as from a proxy of the simplest kind.
    pub fn is_http_1_0(&self) -> bool {
        self.parts.version == Version::HTTP_10
    }

    /// True if a proxy left its mark.
    pub fn is_forwarded(&self) -> bool {
        FORWARDING_HEADERS
            .iter()
            .any(|name| self.parts.headers.contains_key(*name))
    }

    /// The client's address as far as it can be trusted: the peer's, or what a trusted proxy says the peer's was.
    pub(crate) fn client_address(&self, config: &Config) -> IpAddr {
        let peer = self.origin.peer.ip().to_canonical();
        if !config.trusts(peer) {
            return peer;
        }
        // A proxy may add a line of its own instead of adding to the one that is there.
        let lines = self.parts.headers.get_all("x-forwarded-for").iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let hops = hops.map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        // From the nearest hop outwards, the first that is not a proxy of ours.
        let mut last = peer;
        for hop in hops {
            last = hop.to_canonical();
            if !config.trusts(last) {
                break;
            }
        }
        last
    }

    /// Whether the client's connection was encrypted, as far as it can be trusted. This server's own are not; the nearest
    /// proxy may say that its were.
    pub(crate) fn is_secure(&self, config: &Config) -> bool {
        if !config.trusts(self.origin.peer.ip()) {
            return false;
        }
        let last = self.parts.headers.get_all("x-forwarded-proto").iter().next_back();
        let nearest = last.and_then(|line| line.to_str().ok()?.rsplit(',').next());
        nearest.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
    }

    /// False if the request names more than one host: in two lines, or in a target that contradicts the line. Which of
    /// them a proxy and we would go by is anybody's guess, so we go by none.
    pub fn has_one_host(&self) -> bool {
        let mut lines = self
            .parts
            .headers
            .get_all(header::HOST)
            .iter()
            .map(HeaderValue::as_bytes);
        let first = lines.next();
        let target = self
            .parts
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes());
        lines.next().is_none() && (target.is_none() || target == first)
    }

    /// True if the request says how its body ends. Without that HTTP takes it for empty, which is not what a client that
    /// forgot the length means.
    pub fn announces_length(&self) -> bool {
        [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
            .iter()
            .any(|name| self.parts.headers.contains_key(name))
    }

    /// False if the head is longer than any S3 client has reason to send: by its bytes, its lines, or its parameters.
    pub fn has_head_within_limits(&self, lines: &Lines<'_>) -> bool {
        let request_line = self.method().len() + self.path().len() + self.query().map_or(0, str::len);
        let headers = lines.iter().map(|(name, value)| name.len() + value.len());
        let parameters = self.query().map_or(0, |query| query.split('&').count());
        lines.len() <= HEADERS_MAX
            && parameters <= PARAMETERS_MAX
            && request_line + headers.sum::<usize>() <= HEAD_BYTES_MAX
    }

    /// All header lines.
    pub fn lines(&self) -> Lines<'_> {
        self.parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect()
    }

    /// The request as the signature sees it.
    pub fn signed<'a>(&'a self, lines: &'a Lines<'a>) -> Request<'a> {
        Request {
            method: self.method(),
            path: self.path().as_bytes(),
            query: self.query().map(str::as_bytes),
            headers: lines,
        }
    }

    /// The request as the protocol sees it.
    pub fn head<'a>(&'a self, lines: &'a Lines<'a>, domains: &[String]) -> Head<'a> {
        Head {
            method: self.method(),
            path: self.path().as_bytes(),
            query: self.query().map(str::as_bytes),
            headers: lines,
            host_bucket: self.host_bucket(domains),
        }
    }

    /// The bucket that the host names, below one of these domains or `localhost`.
    pub fn host_bucket(&self, domains: &[String]) -> Option<&str> {
        let host = self.header(header::HOST)?;
        host_bucket(host, domains)
    }

    /// Its headers as they came.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }
}

/// The bucket in a virtual-host style name: what stands before `.domain`.
fn host_bucket<'a>(host: &'a str, domains: &[String]) -> Option<&'a str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let domains = domains.iter().map(String::as_str).chain(["localhost"]);
    // The longest domain wins: with `example.com` and `s3.example.com`, `s3` is no bucket.
    let labels = domains.filter_map(|domain| {
        let split = name.len().checked_sub(domain.len())?;
        let (label, rest) = name.split_at_checked(split)?;
        let is_below = rest.eq_ignore_ascii_case(domain) && (label.is_empty() || label.ends_with('.'));
        is_below.then_some(label)
    });
    let shortest = labels.min_by_key(|label| label.len())?;
    shortest.strip_suffix('.').filter(|bucket| !bucket.is_empty())
}

/// Most bytes of a request's head, separators not counted.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Most header lines of a request.
const HEADERS_MAX: usize = 128;
/// Most parameters in a request's query. Each may stand for a header and is held against all others, before anybody is
/// known to have sent them.
const PARAMETERS_MAX: usize = 512;

/// What proxies add, by any of which we know that the peer is not the client.
const FORWARDING_HEADERS: [&str; 9] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "cf-ray",
    "cdn-loop",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Real;

    #[test]
    fn the_bucket_stands_before_a_declared_domain() {
        let domains = ["s3.example.com".to_owned(), "example.com".to_owned()];
        for (host, expected) in [
            ("photos.s3.example.com", Some("photos")),
            ("photos.s3.example.com:9000", Some("photos")),
            ("my.photos.S3.Example.com", Some("my.photos")),
            ("s3.example.com", None),
            ("photos.example.com", Some("photos")),
            ("photos.localhost:9000", Some("photos")),
            ("localhost:9000", None),
            ("photoss3.example.org", None),
            ("evils3.example.com", Some("evils3")),
            ("[::1]:9000", None),
            ("127.0.0.1", None),
            (".s3.example.com", None),
            ("", None),
        ] {
            assert_eq!(host_bucket(host, &domains), expected, "{host}");
        }
    }

    /// A request from this peer with these headers, for a server that trusts 10.0.0.0/8.
    fn forwarded(peer: &str, headers: &[(&str, &str)]) -> (Received, Config) {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let peer = format!("{peer}:1234").parse().expect("an address");
        let config = Config {
            trusted_proxies: vec![crate::config::Cidr::parse("10.0.0.0/8").expect("a block")],
            ..Config::in_region("us-east-1")
        };
        (Received::new(parts, Origin { peer }, Real::now()), config)
    }

    #[test]
    fn the_clients_address_is_the_peers_unless_a_trusted_proxy_forwards() {
        let check = |peer: &str, lines: &[&str], expected: &str| {
            let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            let (received, config) = forwarded(peer, &headers);
            assert_eq!(
                received.client_address(&config).to_string(),
                expected,
                "{peer} {lines:?}"
            );
        };
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check("[::ffff:192.0.2.1]", &[], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("[::ffff:10.0.0.1]", &["::ffff:198.51.100.7"], "198.51.100.7");
        // What the client made up stands farther away than what a proxy saw.
        check("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7");
        check("10.0.0.1", &["1.1.1.1", "198.51.100.7"], "198.51.100.7");
        check("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7");
        check("10.0.0.1", &["1.1.1.1, nobody"], "10.0.0.1");
    }

    #[test]
    fn a_connection_is_encrypted_if_the_nearest_trusted_proxy_says_so() {
        let check = |peer: &str, lines: &[&str], expected: bool| {
            let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("x-forwarded-proto", *line)).collect();
            let (received, config) = forwarded(peer, &headers);
            assert_eq!(received.is_secure(&config), expected, "{peer} {lines:?}");
        };
        check("192.0.2.1", &["https"], false);
        check("10.0.0.1", &[], false);
        check("10.0.0.1", &["HTTPS"], true);
        check("10.0.0.1", &["https, http"], false);
        check("10.0.0.1", &["https", "http"], false);
        check("10.0.0.1", &["http", "https"], true);
    }
}
