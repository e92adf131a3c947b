//! What a request that cannot be read as signed seems to be meant as: its authorization written anew, nothing else changed.
//!
//! Only to say whether the signature in it is right. The request stays refused, and nothing is ever searched from here.
//!
//! Keeps true: one reading for one request, so that explaining it costs one verification at most.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{Claim, Request, claim};

/// A request with its authorization written anew.
pub(crate) struct Repaired {
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

impl Repaired {
    /// The reading of `request`; `None` if it has nothing to write anew.
    pub(crate) fn of(request: &Request<'_>) -> Option<Repaired> {
        let mut headers: Vec<(String, Vec<u8>)> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        if let Some((_, value)) = headers
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            *value = authorization(value)?;
            let query = request.query.map(<[u8]>::to_vec);
            return Some(Repaired { query, headers });
        }
        let query = Some(query(request.query?)?);
        Some(Repaired { query, headers })
    }

    /// Runs `with` on the request as it was meant, and what it claims.
    pub(crate) fn with<T>(
        &self,
        request: &Request<'_>,
        with: impl FnOnce(&Request<'_>, &Claim) -> T,
    ) -> Option<T> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let meant = Request {
            query: self.query.as_deref(),
            headers: &headers,
            ..*request
        };
        let claim = claim(&meant).ok().flatten()?;
        Some(with(&meant, &claim))
    }
}

/// The access key id that a request seems to name whose authorization cannot be read.
pub fn presumed_access_key_id(request: &Request<'_>) -> Option<String> {
    Repaired::of(request)?.with(request, |_, claim| claim.access_key_id.to_string())
}

/// The header with its three components found by their names, whatever stands between them.
fn authorization(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?;
    let component = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        let rest = rest.trim_start().strip_prefix(['=', ':'])?.trim_start();
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let end = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'');
        rest.split(end).next().filter(|found| !found.is_empty())
    };
    let (credential, signed_headers) = (component("Credential")?, component("SignedHeaders")?);
    // `Signature` begins no other component's name.
    let signature = plain_signature(component("Signature")?);
    let meant = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed_headers}, Signature={signature}"
    );
    Some(meant.into_bytes())
}

/// The signature in lower-case hex, where it was written in capitals or in base64.
pub(crate) fn plain_signature(sent: &str) -> String {
    if sent.len() == 64 {
        return sent.to_ascii_lowercase();
    }
    match STANDARD.decode(sent) {
        Ok(bytes) if bytes.len() == 32 => hex::encode(bytes),
        _ => sent.to_owned(),
    }
}

/// The query with escaped ampersands, a second question mark, or a second encoding undone: the first of them that is there.
fn query(sent: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(sent).ok()?;
    let undone = if is_escaped(sent) {
        text.replace("&amp;", "&")
            .replace("\\u0026", "&")
            .replace("%5Cu0026", "&")
    } else if text.contains("?X-Amz-") {
        text.replace("?X-Amz-", "&X-Amz-")
    } else if text.contains("%25") {
        text.replace("%25", "%")
    } else {
        return None;
    };
    Some(undone.into_bytes())
}

/// Whether the ampersands of a query were escaped for HTML or JSON.
pub(crate) fn is_escaped(query: &[u8]) -> bool {
    [&b"&amp;"[..], b"\\u0026", b"%5Cu0026"]
        .iter()
        .any(|escaped| crate::scene::contains(query, escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_whatever_stands_between_them() {
        let plain = "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=00";
        for odd in [
            plain,
            "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request SignedHeaders=host Signature=00",
            "AWS4-HMAC-SHA256 Credential=\"a/b/c/s3/aws4_request\", SignedHeaders=\"host\", Signature=\"00\"",
            "AWS4-HMAC-SHA256,Credential=a/b/c/s3/aws4_request,SignedHeaders=host,Signature=00",
            "Credential: a/b/c/s3/aws4_request, SignedHeaders: host, Signature: 00",
        ] {
            assert_eq!(
                authorization(odd.as_bytes()).as_deref(),
                Some(plain.as_bytes()),
                "{odd}"
            );
        }
        assert_eq!(authorization(b"Bearer x"), None);
    }

    #[test]
    fn signatures_are_read_in_capitals_and_in_base64() {
        let hex = "0f".repeat(32);
        assert_eq!(plain_signature(&hex.to_uppercase()), hex);
        assert_eq!(plain_signature(&STANDARD.encode([15; 32])), hex);
        assert_eq!(plain_signature("short"), "short");
    }
}
