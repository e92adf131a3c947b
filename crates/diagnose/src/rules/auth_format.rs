//! AUTH-FORMAT: the Authorization header is not written as AWS reads it.
//!
//! Not here: the credential inside it (`scp_terminal`), and other schemes (`alg_v2`, `alg_v4a`).

use countersign_sigv4::Refusal;

use super::prelude::*;
use crate::repair::plain_signature;
use crate::scene::contains;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "AUTH-FORMAT",
        "The Authorization header is not written as it must be",
        include_str!("../../pages/AUTH-FORMAT.md"),
    )
};

const FORM: &str = "Write it in one line: AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=.., with commas and without quotes.";
const HEX: &str = "Write the signature as 64 lower-case hex digits.";

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let (what, cure) = match scene.refusal()? {
        Refusal::ComponentsNotThree => (
            "The Authorization header does not have three components with commas between them",
            FORM,
        ),
        Refusal::ComponentMissing(component) => (
            match component.name() {
                "Credential" => "The Authorization header has no Credential=",
                "SignedHeaders" => "The Authorization header has no SignedHeaders=",
                _ => "The Authorization header has no Signature=",
            },
            FORM,
        ),
        Refusal::AuthorizationSpacing { .. } => (
            "The Authorization header has no blank after AWS4-HMAC-SHA256",
            FORM,
        ),
        Refusal::UnsupportedAuthorization { value } if value.contains("Credential") => (
            "The Authorization header does not begin with AWS4-HMAC-SHA256",
            FORM,
        ),
        Refusal::CredentialMalformed { .. } | Refusal::TerminalWrong { .. } if is_quoted(scene) => {
            ("The values in the Authorization header stand in quotes", FORM)
        }
        Refusal::SignatureMismatch => match &scene.claim()?.signature {
            sent if plain_signature(sent) == *sent => return None,
            sent if sent.len() == 64 => ("The signature is written in capital letters", HEX),
            _ => ("The signature is written in base64", HEX),
        },
        _ => return None,
    };
    Some(Finding::new(
        Slot::Mechanism,
        Proof::Exact,
        960,
        Words::of(what),
        Words::of(cure),
    ))
}

/// Whether the credential stands in quotes.
pub(super) fn is_quoted(scene: &Scene<'_>) -> bool {
    let sent = scene.header("authorization").unwrap_or_default();
    contains(sent, b"Credential=\"") || contains(sent, b"Credential='")
}
