//! What is odd about a secret as it is found on this machine (`countersign_validate`): what the clean one would be is not known, so nothing
//! of it is a proof.
//!
//! Keeps true: nothing of the secret stands in what comes out.

use countersign_diagnose::ReportCause;
use countersign_sigv4::Secret;
use countersign_validate::oddity;

use crate::codes::exact;

/// The secret that signed is not the server's. What is odd about it is the likely reason.
pub(crate) fn another_secret(
    secret: &Secret,
    access_key_id: &str,
    proof: &'static str,
    what: &str,
) -> ReportCause {
    let odd = oddity(secret, Some(access_key_id));
    match odd.and_then(|odd| Some((odd.rule.cause?, odd.cure))) {
        Some((id, cure)) => ReportCause {
            proof: "infer",
            ..exact(id, "secret", what.to_owned(), cure)
        },
        None => ReportCause {
            proof,
            ..exact(
                "SEC-WRONG",
                "secret",
                what.to_owned(),
                "Copy the secret of this access key again, or make a new key pair and restart the client.",
            )
        },
    }
}

/// The same as sentences, where it did not sign or more is to be said.
pub(crate) fn notes(secret: &Secret) -> Vec<String> {
    let odd = oddity(secret, None).map(|odd| format!("{}.", odd.what));
    let is_beyond = !secret.expose().is_ascii();
    let beyond = is_beyond.then(|| "The secret holds characters beyond ASCII.".to_owned());
    odd.into_iter().chain(beyond).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_secret_names_its_cause_and_shows_nothing_of_itself() {
        for (secret, id, proof) in [
            ("wJalrXUtn/FEMI+K7", "SEC-WRONG", "exact"),
            ("wJalrXUtn/FEMI+K7\n", "SEC-NEWLINE", "infer"),
            (" wJalrXUtn/FEMI+K7", "SEC-SPACE", "infer"),
            ("\"wJalrXUtn/FEMI+K7\"", "SEC-QUOTES", "infer"),
            ("wJalrXUtn%2FFEMI%2BK7", "SEC-URLENC", "infer"),
            ("undefined", "SEC-DEFAULT", "infer"),
            ("AKIDEXAMPLE", "SEC-AKID", "infer"),
        ] {
            let secret = Secret::new(secret);
            let cause = another_secret(&secret, "AKIDEXAMPLE", "exact", "What.");
            assert_eq!((cause.id, cause.proof), (id, proof));
            assert!(!format!("{cause:?}{:?}", notes(&secret)).contains("wJalrXUtn"));
        }
    }
}
