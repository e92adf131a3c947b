//! What stands in the place of an access key id and cannot be one: a secret, which must not be told.
//!
//! Not here: hiding it. Keeps true: a slash within it does not end it, for four parts of a scope follow an id.

use countersign_sigv4::query_value;

use crate::evidence::Evidence;

/// What stands in the place of an access key id and is none: whoever swapped the two halves of a key sent the secret there.
pub(crate) fn odd_ids(evidence: &Evidence) -> Vec<String> {
    let mut ids = Vec::new();
    ids.extend(evidence.access_key_id());
    let sent = evidence.sent.iter();
    for sent in sent.chain(evidence.earlier.iter().map(|(sent, _)| sent)) {
        let header = sent.header("authorization").unwrap_or_default();
        let header = header.split_once("Credential=").map(|(_, rest)| rest);
        let header = header.and_then(|rest| rest.split([',', ' ']).next());
        ids.extend(header.and_then(id_of));
        let query = query_value(sent.query.as_deref().map(str::as_bytes), "X-Amz-Credential");
        let plain = query.as_deref().map(String::from_utf8_lossy);
        let plain = plain.and_then(|query| id_of(&query));
        // A + that is not escaped may be meant as it is.
        ids.extend(plain.as_ref().map(|id| id.replace(' ', "+")));
        ids.extend(plain);
    }
    let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    ids.retain(|id| id.len() > ID_BYTES_MAX || !id.bytes().all(is_id));
    ids
}

/// What stands before the four parts of a scope; all of it where there are no four.
fn id_of(credential: &str) -> Option<String> {
    let id = match credential.strip_suffix("aws4_request") {
        Some(_) => credential.rsplitn(5, '/').nth(4)?,
        None => credential,
    };
    Some(id.to_owned())
}

/// The longest access key id that is taken for one; a secret is longer.
const ID_BYTES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_stands_before_the_scope() {
        for (credential, id) in [
            ("AKID/20250101/us-east-1/s3/aws4_request", Some("AKID")),
            ("a/b/c/20250101/us-east-1/s3/aws4_request", Some("a/b/c")),
            ("a/b/c", Some("a/b/c")),
            ("s3/aws4_request", None),
        ] {
            assert_eq!(id_of(credential).as_deref(), id, "{credential}");
        }
    }
}
