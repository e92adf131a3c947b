//! Access key id, secret and session token: whether they can be what they are said to be.
//!
//! Not here: whether a server knows them. Keeps true: nothing of a secret or a token stands in a finding but its length and what is odd
//! about it.

use countersign_sigv4::Secret;

use crate::finding::{self, Finding, Rule};
use crate::params::{Credentials, Params};

/// What is odd about a secret by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The rule that it breaks.
    pub rule: Rule,
    /// What is odd.
    pub what: &'static str,
    /// What to change.
    pub cure: &'static str,
}

/// The first thing that is odd about a secret by itself.
pub fn oddity(secret: &Secret, access_key_id: Option<&str>) -> Option<Oddity> {
    let bytes = secret.expose();
    let ends = [bytes.first(), bytes.last()];
    let has_at_an_end = |wanted: &[u8]| ends.iter().flatten().any(|b| wanted.contains(b));
    let odd = |rule, what, cure| Some(Oddity { rule, what, cure });
    if PLACEHOLDERS
        .iter()
        .any(|text| bytes.eq_ignore_ascii_case(text.as_bytes()))
    {
        odd(
            finding::SECRET_PLACEHOLDER,
            "The secret is empty or a word that stands for nothing, as programs make of a variable that is not set",
            "Set the variable that the secret is read from, where this process sees it.",
        )
    } else if access_key_id.is_some_and(|id| id.as_bytes() == bytes) {
        odd(
            finding::SECRET_IS_KEY_ID,
            "The secret is the access key id",
            "Hand the client the secret, where it was given the access key id twice.",
        )
    } else if has_at_an_end(b"\r\n") {
        odd(
            finding::SECRET_NEWLINE,
            "The secret begins or ends with a line break",
            "trim() what was read from a file, a variable or a Kubernetes secret.",
        )
    } else if has_at_an_end(b" \t") {
        odd(
            finding::SECRET_BLANK,
            "The secret begins or ends with a blank",
            "trim() it, and look where it comes from.",
        )
    } else if has_at_an_end(b"\"'") {
        odd(
            finding::SECRET_QUOTES,
            "The secret has quotes around it",
            "Take them off: Docker's --env-file and systemd keep quotes that a shell would take off.",
        )
    } else if bytes.contains(&b'%') {
        odd(
            finding::SECRET_PERCENT,
            "The secret has a percent sign, which those of AWS never have: it may be URL-encoded",
            "Decode it: %2F stands for / and %2B for +.",
        )
    } else {
        None
    }
}

pub(crate) fn check(params: &Params, findings: &mut Vec<Finding>) {
    let Some(credentials) = &params.credentials else {
        return;
    };
    let id = credentials.access_key_id.as_deref().filter(|id| !id.is_empty());
    match id {
        None => findings.push(finding::KEY_ID_MISSING.found(
            "credentials.accessKeyId",
            "There is no access key id",
            "Set the variable that it is read from, where this process sees it.",
        )),
        Some(id) => findings.extend(of_the_id(id)),
    }
    findings.extend(of_the_secret(credentials, id));
    findings.extend(of_the_token(credentials, id));
}

fn of_the_id(id: &str) -> Option<Finding> {
    let found = |rule: Rule, what: &str, cure| Some(rule.found("credentials.accessKeyId", what, cure));
    if id.len() == AWS_SECRET_CHARACTERS
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
    {
        return found(
            finding::KEY_ID_SWAPPED,
            "The access key id has the shape of a secret: the two may be swapped",
            "Hand the client the one that begins with AKIA or ASIA as access key id.",
        );
    }
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "\"'/=,".contains(c) || !c.is_ascii();
    id.contains(is_odd).then_some(())?;
    found(
        finding::KEY_ID_SHAPE,
        "The access key id has white space, quotes or other characters that it cannot have in a signature",
        "trim() it, and look where it comes from.",
    )
}

fn of_the_secret(credentials: &Credentials, id: Option<&str>) -> Option<Finding> {
    let field = "credentials.secretAccessKey";
    let Some(secret) = &credentials.secret else {
        return Some(finding::SECRET_MISSING.found(
            field,
            "There is no secret",
            "Set the variable that it is read from, where this process sees it.",
        ));
    };
    if let Some(odd) = oddity(secret, id) {
        return Some(odd.rule.found(field, odd.what, odd.cure));
    }
    let characters = secret.expose().len();
    let is_cut = id.is_some_and(is_of_aws) && characters != AWS_SECRET_CHARACTERS;
    is_cut.then(|| {
        finding::SECRET_LENGTH.found(
            field,
            format!("The secret has {characters} characters; those that belong to such an access key id have {AWS_SECRET_CHARACTERS}"),
            "Copy it again, all of it and nothing else.",
        )
    })
}

fn of_the_token(credentials: &Credentials, id: Option<&str>) -> Option<Finding> {
    let found = |rule: Rule, what: &str, cure| Some(rule.found("credentials.sessionToken", what, cure));
    let token = credentials
        .session_token
        .as_deref()
        .filter(|token| !token.is_empty());
    let begins = |prefix: &str| id.is_some_and(|id| id.starts_with(prefix) && is_of_aws(id));
    match token {
        None if begins("ASIA") => found(
            finding::TOKEN_MISSING,
            "An access key id that begins with ASIA is temporary and works with its session token only",
            "Hand the client the session token, too (AWS_SESSION_TOKEN).",
        ),
        None => None,
        Some(token) if token.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'".contains(c)) => {
            found(
                finding::TOKEN_SHAPE,
                "The session token has white space, line breaks or quotes in it",
                "Copy it again, in one line.",
            )
        }
        Some(_) if begins("AKIA") => found(
            finding::TOKEN_NEEDLESS,
            "An access key id that begins with AKIA is permanent and has no session token: this one belongs to other credentials",
            "Unset AWS_SESSION_TOKEN, or take all three from one place.",
        ),
        Some(_) => None,
    }
}

/// Whether it has the shape of AWS's own.
fn is_of_aws(id: &str) -> bool {
    let is_shaped = id.len() == 20 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_shaped && ["AKIA", "ASIA"].iter().any(|prefix| id.starts_with(prefix))
}

/// What programs make of a secret that is not there.
const PLACEHOLDERS: [&str; 4] = ["", "undefined", "null", "none"];
/// How long AWS's secrets are.
const AWS_SECRET_CHARACTERS: usize = 40;
