//! TOK-MISSING: an access key id of temporary credentials came without its session token.
//!
//! To S3 such an id without its token is nobody's.

use super::prelude::*;
use super::tok_s3express::is_express;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "TOK-MISSING",
        "Temporary credentials came without their session token",
        include_str!("../../pages/TOK-MISSING.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let claim = scene.claim()?;
    if !matches!(scene.case.fault, Fault::UnknownAccessKeyId)
        || claim.session_token.is_some()
        || is_express(scene)
        || !is_temporary(&claim.access_key_id)
    {
        return None;
    }
    let id = Value::received(claim.access_key_id.as_str());
    let what = Words::of("The access key id ")
        .value(&id, "of the request")
        .say(" is one of temporary credentials, and no session token came with it");
    let cure = Words::of("Give the client all three values; missing is ")
        .say(scene.facts.signer.where_session_token())
        .say(".");
    let mut finding = Finding::new(Slot::SessionToken, Proof::Exact, 900, what, cure);
    finding.received = Some(id);
    Some(finding)
}

/// AWS's form of a temporary id: `ASIA` and sixteen capitals or digits.
pub(super) fn is_temporary(access_key_id: &str) -> bool {
    let rest = access_key_id.strip_prefix("ASIA").unwrap_or_default();
    rest.len() == 16
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_temporary_ids_is_taken_for_one() {
        for (id, temporary) in [
            ("ASIAQWERTYUIOPASDF12", true),
            ("AKIAQWERTYUIOPASDF12", false),
            ("ASIA", false),
            ("ASIAqwertyuiopasdf12", false),
            ("ASIAQWERTYUIOPASDF123", false),
        ] {
            assert_eq!(is_temporary(id), temporary, "{id}");
        }
    }
}
