//! POL-V2: the policy is signed with signature version 2.
//!
//! The old signature is computed as well, only to tell whether the secret is right; it never opens anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{Form, Refusal};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "POL-V2",
        "The policy is signed with signature version 2",
        include_str!("../../pages/POL-V2.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let what = match scene.refusal()? {
        Refusal::SigV2 {
            form: Form::Policy, ..
        } => {
            let form = scene.case.form?;
            let matches = signed(scene, form.field("policy"), form.field("signature"));
            match (scene.case.secret, matches) {
                (_, true) => "The form is signed with signature version 2. Its secret is right",
                (Some(_), false) => {
                    "The form is signed with signature version 2, and that signature does not match either"
                }
                (None, false) => {
                    "The form is signed with signature version 2, which this server does not take"
                }
            }
        }
        Refusal::SignatureMismatch => {
            let claim = scene.claim()?;
            let policy = claim.policy.as_deref()?;
            if !signed(scene, Some(policy.as_bytes()), Some(claim.signature.as_bytes())) {
                return None;
            }
            "The fields are those of version 4, but x-amz-signature holds a signature of version 2. The secret is right"
        }
        _ => return None,
    };
    let cure = Words::of(
        "Let the SDK make the form (createPresignedPost, generate_presigned_post with s3v4), or sign with the version 4 key.",
    );
    Some(Finding::new(
        Slot::Mechanism,
        Proof::Exact,
        975,
        Words::of(what),
        cure,
    ))
}

/// Whether this is the base64 of the policy's HMAC-SHA1.
fn signed(scene: &Scene<'_>, policy: Option<&[u8]>, signature: Option<&[u8]>) -> bool {
    let (Some(secret), Some(policy), Some(signature)) = (scene.case.secret, policy, signature) else {
        return false;
    };
    let Ok(signature) = STANDARD.decode(signature.trim_ascii()) else {
        return false;
    };
    let mac = Hmac::<Sha1>::new_from_slice(secret.expose());
    mac.is_ok_and(|mac| mac.chain_update(policy).verify_slice(&signature).is_ok())
}
