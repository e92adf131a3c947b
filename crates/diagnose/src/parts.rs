//! The canonical request in exchangeable parts.
//!
//! Not here: how the parts are made from a request; that is `countersign_sigv4::Canonical`, and there is no second way.

use countersign_sigv4::{Canonical, Claim, PathRule, Payload, header_value};
use sha2::{Digest, Sha256};

use crate::case::Case;
use crate::hypothesis::Change;

/// What hashing one HMAC costs beyond its message, in bytes: two blocks of padding and the inner digest.
pub(crate) const HMAC_BYTES: usize = 192;
/// What deriving a key costs, in bytes.
pub(crate) const DERIVE_BYTES: usize = 4 * HMAC_BYTES;

/// The canonical request, line by line.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) method: Vec<u8>,
    pub(crate) uri: Vec<u8>,
    pub(crate) query: Vec<u8>,
    /// Lower-case names in the order of the canonical request; the host among them.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) signed_headers: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Parts {
    /// The parts of the request as it was received.
    pub(crate) fn of(case: &Case<'_>, claim: &Claim) -> Parts {
        let canonical = Canonical::of(&case.request, claim, case.rule);
        let names = canonical
            .signed_headers
            .split(';')
            .filter(|name| !name.is_empty());
        let headers = names
            .map(|name| (name.to_owned(), signed_value(case, name)))
            .collect();
        // A link for another service has its body hashed; here it is one of S3, which signs none.
        let payload = match &*canonical.payload {
            "" if case.rule == PathRule::S3 => Payload::Unsigned.text().to_owned(),
            said => said.to_owned(),
        };
        Parts {
            method: canonical.method.into(),
            uri: canonical.uri.into(),
            query: canonical.query.into(),
            headers,
            signed_headers: canonical.signed_headers.into(),
            payload: payload.into(),
        }
    }

    /// The bytes with some changes made.
    pub(crate) fn bytes(&self, changes: &[&Change]) -> Vec<u8> {
        let mut method = self.method.as_slice();
        let (mut uri, mut query, mut payload) = (&self.uri, &self.query, &self.payload);
        let (mut host, mut layout) = (None, None);
        for change in changes {
            match change {
                Change::Method(value) => method = value.as_bytes(),
                Change::Uri(value) => uri = value,
                Change::Query(value) => query = value,
                Change::Headers(value) => layout = Some(value),
                Change::Payload { line, .. } => payload = line,
                Change::HostAndUri {
                    host: new_host,
                    uri: new_uri,
                } => {
                    uri = new_uri;
                    host = Some(new_host);
                }
                Change::Header { .. }
                | Change::Seed(_)
                | Change::DateKey(_)
                | Change::KeyScope(_)
                | Change::Chain(_)
                | Change::Timestamp(_)
                | Change::StringToSign(_)
                | Change::Text { .. } => {}
            }
        }
        let mut out = Vec::with_capacity(self.length() + 256);
        for line in [method, uri, query] {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        let mut add_line = |written: &str, between: &str, name: &str, value: &[u8]| {
            let changed = changes.iter().find_map(|change| match change {
                Change::Header { name: changed, value } if changed == name => Some(value),
                Change::Payload {
                    line,
                    header_too: true,
                } if name == "x-amz-content-sha256" => Some(line),
                _ => None,
            });
            let value = match (changed, host) {
                (Some(value), _) => value,
                (None, Some(host)) if name == "host" => host,
                _ => value,
            };
            out.extend_from_slice(written.as_bytes());
            out.extend_from_slice(between.as_bytes());
            out.extend_from_slice(value);
            out.push(b'\n');
        };
        match layout {
            Some(layout) => {
                for written in &layout.names {
                    let name = written.to_ascii_lowercase();
                    let value = self.laid_out_header(&name).unwrap_or_default();
                    add_line(written, layout.between, &name, value);
                }
            }
            None => {
                for (name, value) in &self.headers {
                    add_line(name, ":", name, value);
                }
            }
        }
        if layout.is_none_or(|layout| layout.blank_line) {
            out.push(b'\n');
        }
        out.extend_from_slice(layout.map_or(&self.signed_headers, |layout| layout.list.as_bytes()));
        out.push(b'\n');
        out.extend_from_slice(payload);
        out
    }

    /// The length of the canonical request as it was received.
    pub(crate) fn length(&self) -> usize {
        let lines = [
            &self.method,
            &self.uri,
            &self.query,
            &self.signed_headers,
            &self.payload,
        ];
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        lines.iter().map(|line| line.len() + 1).sum::<usize>() + headers
    }

    /// The value for a line that is laid out anew: of the host under either of its names.
    pub(crate) fn laid_out_header(&self, name: &str) -> Option<&[u8]> {
        let other = match name {
            "host" => ":authority",
            ":authority" => "host",
            _ => return self.signed_header(name),
        };
        self.signed_header(name).or_else(|| self.signed_header(other))
    }

    /// The value of a signed header, empty if it did not arrive.
    pub(crate) fn signed_header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_slice())
    }
}

/// As `header_block` has it: a header that did not arrive has an empty line.
fn signed_value(case: &Case<'_>, name: &str) -> Vec<u8> {
    let authority = || {
        if name == ":authority" {
            header_value(&case.request, "host")
        } else {
            None
        }
    };
    header_value(&case.request, name)
        .or_else(authority)
        .unwrap_or_default()
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
