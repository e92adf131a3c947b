//! Any text can be read as a POST policy, and any form can be held against it.
//!
//! The input is the policy, a blank line, and one `name: value` a line for the fields.

use countersign_sigv4::{PolicyDocument, PolicyFault, form_claim};

use crate::{HttpText, split_at_blank_line};

pub(crate) fn run(input: &[u8]) {
    let (document, rest) = split_at_blank_line(input);
    // The empty request line makes the rest headers.
    let fields = HttpText::read(rest);
    let fields: Vec<(String, Vec<u8>)> = fields
        .headers()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect();
    let _claim = form_claim(&fields);
    let Ok(policy) = PolicyDocument::parse(document) else {
        return;
    };
    let before = policy.evaluate(&fields, "bucket", policy.expiration.saturating_sub(1));
    let after = policy.evaluate(&fields, "bucket", policy.expiration.saturating_add(1));
    let is_expired = |answer| matches!(answer, Err(PolicyFault::Expired { .. }));
    assert!(is_expired(after), "a policy outlived its expiration");
    assert!(!is_expired(before), "a policy ended before its expiration");
    if let Some(bytes_max) = policy.file_bytes_max() {
        assert!(policy.check_length(bytes_max.saturating_add(1)).is_err() || bytes_max == u64::MAX);
    }
}
