//! One case, laid out for the rules: canonical parts, facts about the way here, hosts that may have been signed.
//!
//! Not here: any verdict. Built once per request; rules only read it.

use std::cell::OnceCell;
use std::collections::HashSet;

use countersign_sigv4::{ChunkError, Claim, Form, Refusal, decode_query, query_pairs, query_value};
use memchr::memmem::Finder;

use crate::case::{BodyFault, Case, Fault, Preflight};
use crate::diagnosis::Otherwise;
use crate::facts::{Facts, Traces};
use crate::hidden::{is_secret_header, is_secret_parameter};
use crate::parts::Parts;
use crate::weights::EVIDENT;
use crate::words::{Origin, Value};

/// Hosts tried for one request.
const HOSTS_MAX: usize = 200;
/// Most values that are looked for because of where they stand. An honest request has a handful.
const HIDDEN_VALUES_MAX: usize = 32;
/// Shortest of them.
const HIDDEN_BYTES_MIN: usize = 8;
/// Names tried from each list that the server keeps.
const NAMES_EACH_MAX: usize = 8;

/// Names that development set-ups give an object store, with any port.
const LOCAL_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "minio", "host.docker.internal"];
/// Names that are rarer, with the ports of this server and [`RARE_PORTS`].
const RARE_NAMES: [&str; 5] = ["[::1]", "0.0.0.0", "s3", "countersign", "storage"];
/// The port that development set-ups use most.
const USUAL_PORT: &str = ":9000";
/// Most that a host with a port that nobody named weighs.
const GUESSED_WEIGHT_MAX: u32 = 860;
/// Ports that rare names are tried with.
const RARE_PORTS: [u16; 3] = [9000, 8080, 80];
/// Ports that object stores and their proxies use.
const KNOWN_PORTS: [u16; 10] = [9000, 8080, 8000, 8443, 8081, 3000, 8333, 3900, 4566, 7480];

/// A Host value the client may have signed.
#[derive(Clone, Debug)]
pub(crate) struct HostCandidate {
    pub(crate) value: Value,
    pub(crate) weight: u32,
}

/// One case, laid out for the rules.
pub(crate) struct Scene<'a> {
    pub(crate) case: &'a Case<'a>,
    pub(crate) facts: Facts,
    /// `None` if the request was not well-formed enough to have a canonical form.
    pub(crate) parts: Option<Parts>,
    pub(crate) otherwise: Otherwise,
    /// Written out when a rule asks first: a look at the request needs none of them.
    hosts: OnceCell<Vec<HostCandidate>>,
    /// Collected when a value is first judged.
    hidden: OnceCell<Vec<Finder<'static>>>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(case: &'a Case<'a>, parts: Option<Parts>, otherwise: Otherwise) -> Scene<'a> {
        let facts = Facts::of(Traces::of(case));
        Scene {
            case,
            facts,
            parts,
            otherwise,
            hosts: OnceCell::new(),
            hidden: OnceCell::new(),
        }
    }

    /// Hosts that may have been signed, those that something names before those that are guessed.
    pub(crate) fn hosts(&self) -> &[HostCandidate] {
        self.hosts.get_or_init(|| host_candidates(self.case))
    }

    pub(crate) fn claim(&self) -> Option<&'a Claim> {
        self.case.claim
    }

    pub(crate) fn refusal(&self) -> Option<&'a Refusal> {
        match self.case.fault {
            Fault::Refused(refusal) => Some(refusal),
            Fault::UnknownAccessKeyId
            | Fault::InvalidToken
            | Fault::TokenExpired { .. }
            | Fault::Policy(_)
            | Fault::FileMissing
            | Fault::Form(_)
            | Fault::LinkUsed { .. }
            | Fault::LinkEnded
            | Fault::LinkOlderThanBucket { .. }
            | Fault::Unsigned
            | Fault::OwnerDiffers { .. }
            | Fault::Body(_)
            | Fault::Preflight(_) => None,
        }
    }

    /// What no CORS rule allows, if that is what the request was refused for.
    pub(crate) fn preflight(&self) -> Option<&'a Preflight> {
        match self.case.fault {
            Fault::Preflight(preflight) => Some(preflight),
            _ => None,
        }
    }

    /// What is wrong with the body of a request whose signature matched.
    pub(crate) fn body_fault(&self) -> Option<&'a BodyFault> {
        match self.case.fault {
            Fault::Body(fault) => Some(fault),
            _ => None,
        }
    }

    /// What is wrong with the framing of a streamed body.
    pub(crate) fn chunk_error(&self) -> Option<&'a ChunkError> {
        match self.body_fault() {
            Some(BodyFault::Chunk(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether the comparison of the request's signature is what failed.
    pub(crate) fn is_mismatch(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::SignatureMismatch))
    }

    /// Whether a comparison of signatures failed: the request's, that of a chunk, or that of the trailer.
    pub(crate) fn has_wrong_signature(&self) -> bool {
        self.is_mismatch()
            || matches!(
                self.chunk_error(),
                Some(ChunkError::SignatureMismatch { .. } | ChunkError::TrailerSignatureMismatch { .. })
            )
    }

    /// Whether the request is signed in its query.
    pub(crate) fn is_presigned(&self) -> bool {
        match self.claim() {
            Some(claim) => claim.form == Form::Query,
            None => self.query("X-Amz-Signature").is_some() || self.query("X-Amz-Algorithm").is_some(),
        }
    }

    /// First value of a header as received, trimmed.
    pub(crate) fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.case.request.header(name).map(<[u8]>::trim_ascii)
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.header(name).is_some()
    }

    /// Decoded value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<Vec<u8>> {
        query_value(self.case.request.query, name)
    }

    /// The Host that was received.
    pub(crate) fn host(&self) -> &'a [u8] {
        self.header("host").unwrap_or_default()
    }

    pub(crate) fn signs(&self, name: &str) -> bool {
        self.claim().is_some_and(|claim| {
            claim
                .signed_headers
                .iter()
                .any(|signed| signed.eq_ignore_ascii_case(name))
        })
    }

    /// Bucket and rest of the raw path, each with its leading slash; the rest may be empty.
    pub(crate) fn path_after_bucket(&self) -> Option<(&'a [u8], &'a [u8])> {
        let path = self.case.request.path.strip_prefix(b"/")?;
        let end = path.iter().position(|&b| b == b'/').unwrap_or(path.len());
        let (bucket, rest) = path.split_at_checked(end)?;
        if bucket.is_empty() {
            None
        } else {
            Some((bucket, rest))
        }
    }

    /// The last word about a value: secrets and signatures are withheld whatever a rule thinks, and what stands in the
    /// request may be shown to whoever sent it.
    pub(crate) fn judge(&self, value: &mut Value) {
        if value.origin == Origin::Withheld {
            return;
        }
        if self.holds_a_secret(&value.bytes) {
            value.origin = Origin::Withheld;
        } else if matches!(value.origin, Origin::Configured | Origin::Internal) {
            // Were it shown where it happens to stand in the request, a request could be written to find it out.
        } else if self.stands_in_request(&value.bytes) {
            value.origin = Origin::Received;
        } else if value.origin == Origin::Received {
            // A rule took it for received, but it is made from parts of the request; anybody could have made it.
            value.origin = Origin::Constant;
        }
    }

    /// Whether something stands in it that may be said to nobody.
    pub(crate) fn holds_a_secret(&self, bytes: &[u8]) -> bool {
        let hidden = self.hidden.get_or_init(|| {
            let values = self.hidden_values();
            let finders = values.iter().filter(|value| !value.is_empty());
            finders.map(|value| Finder::new(value).into_owned()).collect()
        });
        hidden.iter().any(|hidden| hidden.find(bytes).is_some())
    }

    /// What may be said to nobody, wherever it stands: the secret, and what this request holds in the places for signatures and
    /// credentials.
    fn hidden_values(&self) -> Vec<Vec<u8>> {
        let claim = self.claim();
        let token = claim.and_then(|claim| claim.session_token.as_deref());
        let signature = claim.map(|claim| claim.signature.as_str());
        let of_chunk = match self.chunk_error() {
            Some(
                ChunkError::SignatureMismatch { provided, .. }
                | ChunkError::TrailerSignatureMismatch { provided, .. },
            ) => Some(provided.as_str()),
            _ => None,
        };
        let secret = self.case.secret.map(|secret| secret.expose());
        let named = [token, signature, of_chunk]
            .into_iter()
            .flatten()
            .map(str::as_bytes);
        let request = &self.case.request;
        let headers = request.headers.iter();
        let headers = headers
            .filter(|(name, _)| is_secret_header(name))
            .map(|(_, value)| value.trim_ascii().to_vec());
        let parameters = query_pairs(request.query.unwrap_or_default())
            .filter(|(name, _)| is_secret_parameter(&String::from_utf8_lossy(&decode_query(name))))
            .flat_map(|(_, value)| {
                let value = value.unwrap_or_default();
                [value.to_vec(), decode_query(value)]
            });
        // A few letters hide nothing that cannot be guessed, and stand in every other text.
        let found = headers
            .chain(parameters)
            .filter(|value| value.len() >= HIDDEN_BYTES_MIN);
        let named = named.chain(secret).map(<[u8]>::to_vec);
        named.chain(found.take(HIDDEN_VALUES_MAX)).collect()
    }

    fn stands_in_form(&self, bytes: &[u8]) -> bool {
        self.case.form.is_some_and(|form| {
            let fields = form.fields.iter();
            fields
                .filter(|(name, _)| !name.eq_ignore_ascii_case("x-amz-signature"))
                .any(|(name, value)| contains(value, bytes) || name.as_bytes() == bytes)
                || form.late.iter().any(|name| name.as_bytes() == bytes)
                || form
                    .file_type
                    .as_ref()
                    .is_some_and(|text| text.as_bytes() == bytes)
        })
    }

    fn stands_in_request(&self, bytes: &[u8]) -> bool {
        let request = &self.case.request;
        bytes.is_empty()
            || contains(request.path, bytes)
            || request.query.is_some_and(|query| {
                contains(query, bytes) || contains(&countersign_sigv4::decode_percent(query), bytes)
            })
            || request.headers.iter().any(|(name, value)| {
                !name.eq_ignore_ascii_case("authorization") && contains(value, bytes)
                    || name.as_bytes().eq_ignore_ascii_case(bytes)
            })
            || self.claim().is_some_and(|claim| {
                let scope = &claim.scope;
                [
                    &claim.access_key_id,
                    &scope.region,
                    &scope.service,
                    &scope.date,
                    &claim.timestamp,
                ]
                .iter()
                .any(|text| text.as_bytes() == bytes)
                    || claim.signed_headers.iter().any(|name| name.as_bytes() == bytes)
            })
            || request.method.as_bytes() == bytes
            || self.stands_in_form(bytes)
    }
}

/// Whether `hay` holds `needle`; nothing is held by anything. In time that grows with their lengths and not with the product of
/// these: both may be as long as a head, and be written so that they differ late at every place.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && memchr::memmem::find(hay, needle).is_some()
}

/// Splits `host:port`; an IPv6 address keeps its brackets.
pub(crate) fn split_port(host: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(colon) = host.iter().rposition(|&b| b == b':') else {
        return (host, None);
    };
    let (name, port) = (
        host.get(..colon).unwrap_or_default(),
        host.get(colon + 1..).unwrap_or_default(),
    );
    let is_port = !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    if is_port && (!name.contains(&b':') || name.ends_with(b"]")) {
        (name, Some(port))
    } else {
        (host, None)
    }
}

/// Whether a host is the machine itself.
pub(crate) fn is_loopback(host: &[u8]) -> bool {
    let (name, _) = split_port(host);
    name == b"localhost" || name.starts_with(b"127.") || name == b"[::1]" || name == b"0.0.0.0"
}

fn host_candidates(case: &Case<'_>) -> Vec<HostCandidate> {
    let request = &case.request;
    let mut named: Vec<(Vec<u8>, Origin, u32)> = Vec::new();
    for name in ["x-forwarded-host", "x-original-host"] {
        for value in request.header_values(name) {
            let pieces = value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
            named.extend(
                pieces
                    .take(4)
                    .map(|piece| (piece.to_vec(), Origin::Received, EVIDENT)),
            );
        }
    }
    for value in request.header_values("forwarded") {
        named.extend(
            forwarded_hosts(value)
                .into_iter()
                .map(|host| (host, Origin::Received, EVIDENT)),
        );
    }
    let declared = |list: &[String], weight| -> Vec<(Vec<u8>, Origin, u32)> {
        let names = list.iter().take(NAMES_EACH_MAX);
        names
            .map(|name| (name.clone().into_bytes(), Origin::Declared, weight))
            .collect()
    };
    named.extend(declared(&case.server.seen_hosts, 900));
    named.extend(declared(&case.server.public_names, 880));
    named.extend(declared(&case.server.domains, 700));
    if let Some(sni) = case.transport.sni {
        named.push((sni.as_bytes().to_vec(), Origin::Declared, 860));
    }
    // In virtual-host style the bucket stays in front where a proxy exchanges the rest.
    let host = split_port(case.request.header("host").unwrap_or_default().trim_ascii()).0;
    if let Some(dot) = host
        .iter()
        .position(|&b| b == b'.')
        .filter(|_| !host.ends_with(b"]"))
        && !host.iter().all(|b| b.is_ascii_digit() || *b == b'.')
    {
        let bucket = host.get(..=dot).unwrap_or_default();
        for name in case
            .server
            .public_names
            .iter()
            .chain(&case.server.domains)
            .take(NAMES_EACH_MAX)
        {
            named.push(([bucket, name.as_bytes()].concat(), Origin::Declared, 690));
        }
    }
    // The same name with another port: a port mapping of containers, or a proxy that names its own.
    let received = split_port(case.request.header("host").unwrap_or_default().trim_ascii()).0;
    named.push((received.to_vec(), Origin::Received, 600));
    named.extend(constant(&LOCAL_NAMES, 600));

    let (own, known) = (own_ports(case), ports(case));
    let rare: Vec<u16> = own.iter().copied().chain(RARE_PORTS).collect();
    let (known, rare) = (written(&known), written(&rare));
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut hosts = Vec::new();
    let mut add = |bytes: Vec<u8>, origin: Origin, weight: u32| {
        let sound = !bytes.is_empty() && bytes.len() <= 255 && bytes.iter().all(|b| b.is_ascii_graphic());
        if sound && hosts.len() < HOSTS_MAX && !seen.contains(&bytes) {
            seen.insert(bytes.clone());
            hosts.push(HostCandidate {
                value: Value { bytes, origin },
                weight,
            });
        }
    };
    let rarer = constant(&RARE_NAMES, 470);
    for (name, origin, weight) in named.iter().chain(&rarer) {
        add(name.clone(), *origin, *weight);
    }
    let with_known = named.iter().map(|name| (name, &known));
    for ((name, origin, weight), ports) in with_known.chain(rarer.iter().map(|name| (name, &rare))) {
        let (bare, _) = split_port(name);
        // The name is what was given; a port that was made up is as unlikely as any other guess.
        let guessed = (*weight).min(GUESSED_WEIGHT_MAX);
        add(bare.to_vec(), *origin, guessed - 20);
        for (n, port) in ports.iter().enumerate() {
            let place = if port == USUAL_PORT { 0 } else { n };
            let less = 20 + 15 * u32::try_from(place).unwrap_or(20);
            add(
                [bare, port.as_bytes()].concat(),
                *origin,
                guessed.saturating_sub(less),
            );
        }
    }
    hosts
}

fn constant(names: &[&str], weight: u32) -> Vec<(Vec<u8>, Origin, u32)> {
    let names = names.iter().map(|name| name.as_bytes().to_vec());
    names.map(|name| (name, Origin::Constant, weight)).collect()
}

/// Ports as they stand behind a name, each once.
fn written(ports: &[u16]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::with_capacity(ports.len());
    for port in ports {
        let text = format!(":{port}");
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Ports the client may have written: those of this server and of the proxy first.
pub(crate) fn ports(case: &Case<'_>) -> Vec<u16> {
    let mut ports = own_ports(case);
    for port in [443, 80].into_iter().chain(KNOWN_PORTS) {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

/// The ports of this server and of the proxy in front.
fn own_ports(case: &Case<'_>) -> Vec<u16> {
    let forwarded = case
        .request
        .header("x-forwarded-port")
        .and_then(|v| std::str::from_utf8(v.trim_ascii()).ok());
    let own = split_port(case.request.header("host").unwrap_or_default()).1;
    let own = own.and_then(|port| std::str::from_utf8(port).ok());
    let mut ports: Vec<u16> = Vec::new();
    let listed = [forwarded, own]
        .into_iter()
        .flatten()
        .filter_map(|port| port.parse().ok());
    let listen = case.server.listen_ports.iter().copied().take(4);
    for port in listed.chain(listen) {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

/// The `host=` parameters of a Forwarded header.
fn forwarded_hosts(value: &[u8]) -> Vec<Vec<u8>> {
    let pieces = value.split(|&b| b == b',' || b == b';').map(<[u8]>::trim_ascii);
    let hosts = pieces.filter_map(|piece| {
        let (name, host) = piece.split_at_checked(5)?;
        let host = host
            .strip_prefix(b"\"")
            .and_then(|h| h.strip_suffix(b"\""))
            .unwrap_or(host);
        name.eq_ignore_ascii_case(b"host=").then(|| host.to_vec())
    });
    hosts.take(4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_split_off_names_and_addresses() {
        let check = |host: &str, name: &str, port: Option<&str>| {
            assert_eq!(
                split_port(host.as_bytes()),
                (name.as_bytes(), port.map(str::as_bytes)),
                "{host}"
            );
        };
        check("a.b:9000", "a.b", Some("9000"));
        check("a.b", "a.b", None);
        check("[::1]:80", "[::1]", Some("80"));
        check("[::1]", "[::1]", None);
        check("a:b", "a:b", None);
    }

    #[test]
    fn forwarded_names_hosts_quoted_or_not() {
        assert_eq!(
            forwarded_hosts(b"for=1.2.3.4;host=\"a.example:8443\";proto=https, Host=b.example"),
            [b"a.example:8443".to_vec(), b"b.example".to_vec()]
        );
    }
}
