//! SEC-SMTP: credentials of another kind were used as an access key: of a mail service, of another store, or a value made from the secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{ComparingKey, Scope};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::prelude::*;
use super::secret::{propose_secret, with_secret};
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    weight: 380,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "SEC-SMTP",
        "Credentials of another kind were used",
        include_str!("../../pages/SEC-SMTP.md"),
    )
};

const HASHED: &str =
    "the SHA-256 of the secret in hex, as Cloudflare R2 makes a secret from the value of an API token";
const MAIL: &str = "the SMTP password that Amazon SES makes from the secret";

/// Regions that an SMTP password is usually made for.
const MAIL_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// Both are made by a hash that keeps everything there is to guess: nobody comes to them without the whole secret.
fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        let hashed = Zeroizing::new(hex::encode(Sha256::digest(secret)));
        propose_secret(out, &[hashed.as_bytes()], HASHED);
        let own = scene.case.server.region.as_str();
        let others = MAIL_REGIONS.into_iter().filter(|region| *region != own);
        for region in std::iter::once(own).chain(others) {
            propose_secret(out, &[mail_password(secret, region).as_bytes()], MAIL);
        }
    });
}

/// SPEC: <https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html>: the signature of `SendRawEmail` with the key of a day that
/// never was, behind a byte for the version, in base64.
fn mail_password(secret: &[u8], region: &str) -> Zeroizing<String> {
    let scope = Scope {
        date: "11111111".into(),
        region: region.into(),
        service: "ses".into(),
    };
    let seed = Zeroizing::new([b"AWS4", secret].concat());
    let signature = ComparingKey::derive_from_seed(&seed, &scope).sign(b"SendRawEmail");
    let mut password = Zeroizing::new(vec![4]);
    password.extend_from_slice(signature.as_slice());
    Zeroizing::new(STANDARD.encode(&*password))
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The client signed with {}", hypothesis.detail)),
        cure: Words::of("Set the access key id and the secret access key themselves: ")
            .say(scene.facts.signer.where_key_pair())
            .say("."),
    }
}

/// Ids of other services have forms of their own.
fn infer(scene: &Scene<'_>) -> Option<Finding> {
    let id = scene.claim()?.access_key_id.as_str();
    if !matches!(scene.case.fault, Fault::UnknownAccessKeyId) {
        return None;
    }
    let kind = kind_of(id)?;
    let what = Words::of(format!(
        "the access key id that was sent looks like {kind}, not like one of this server"
    ));
    let cure = Words::of("Create an access key here, and give the client its id and its secret: ")
        .say(scene.facts.signer.where_key_pair())
        .say(".");
    Some(Finding::new(Slot::Secret, Proof::Infer, 780, what, cure))
}

fn kind_of(id: &str) -> Option<&'static str> {
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if id.contains('@') {
        Some("an e-mail address, with which people sign in")
    } else if id == "apikey" {
        Some("the user name of a mail service")
    } else if id.starts_with("GOOG") {
        Some("an HMAC key of Google Cloud Storage")
    } else if id.starts_with("AIDA") || id.starts_with("AROA") {
        Some("the unique id of a user or a role")
    } else if id.len() == 32 && is_hex(id) {
        Some("an id of Cloudflare R2 or of OpenStack")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the script that AWS publishes for it.
    #[test]
    fn the_password_is_the_one_that_a_mail_client_has() {
        let password = mail_password(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");
        assert_eq!(*password, "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9");
    }

    #[test]
    fn ids_of_other_services_are_told_by_their_form() {
        for (id, is_other) in [
            ("ops@example.com", true),
            ("apikey", true),
            ("GOOG1EABCDEFGH", true),
            ("AROAQWERTYUIOPASDF12", true),
            ("0123456789abcdef0123456789abcdef", true),
            ("0123456789ABCDEF0123456789ABCDEF", false),
            ("AKIAQWERTYUIOPASDF12", false),
            ("", false),
        ] {
            assert_eq!(kind_of(id).is_some(), is_other, "{id}");
        }
    }
}
