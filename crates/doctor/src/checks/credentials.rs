//! Which of the sources of a key wins, which ones it hides, and what is odd about the key that wins.
//!
//! The sources are handed in, in the order in which they are asked: reading variables and files is the caller's. Keeps true: of a
//! secret and a session token only lengths and oddities are told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::finding::{Finding, Proof, Verdict};
use crate::scribe::Key;

/// A place where a key may come from.
pub struct Source {
    /// What people call it: `AWS_ACCESS_KEY_ID in the environment`.
    pub name: String,
    /// What it holds.
    pub held: Held,
}

/// What a source holds.
pub enum Held {
    /// A whole key, and when it ends, seconds since 1970, if that is written beside it.
    Key {
        /// The key.
        key: Key,
        /// When it ends.
        ends: Option<i64>,
    },
    /// Half a key: the name of what is missing.
    Half(String),
    /// No key, but where to get one; these are not followed.
    Elsewhere(String),
    /// Something is wrong with the source itself.
    Fault(String),
}

/// The key of the first source that holds one.
pub fn winner(sources: &[Source]) -> Option<&Key> {
    sources.iter().find_map(|source| match &source.held {
        Held::Key { key, .. } => Some(key),
        Held::Half(_) | Held::Elsewhere(_) | Held::Fault(_) => None,
    })
}

/// Which source wins and what is odd about its key, at this second since 1970.
pub fn check(sources: &[Source], now: i64) -> Vec<Finding> {
    let mut findings = vec![which(sources)];
    for source in sources {
        match &source.held {
            Held::Half(missing) => findings.push(
                Finding::new(
                    "credentials.half",
                    Verdict::Warning,
                    format!("{} holds half a key: {missing} is missing.", source.name),
                )
                .cured_by(
                    "Set both halves, or neither: AWS's tools end with an error or go on to the next source.",
                ),
            ),
            Held::Fault(why) => {
                findings.push(Finding::new(
                    "credentials.file",
                    Verdict::Warning,
                    format!("{}: {why}.", source.name),
                ));
            }
            Held::Key { .. } | Held::Elsewhere(_) => {}
        }
    }
    let held = sources.iter().find_map(|source| match &source.held {
        Held::Key { key, ends } => Some((key, *ends)),
        Held::Half(_) | Held::Elsewhere(_) | Held::Fault(_) => None,
    });
    if let Some((key, ends)) = held {
        findings.extend(shape(key));
        findings.push(token(key, ends, now));
    }
    findings
}

fn which(sources: &[Source]) -> Finding {
    const ID: &str = "credentials.source";
    let mut passed = Vec::new();
    let mut won: Option<(&Source, &Key)> = None;
    let mut hidden = Vec::new();
    for source in sources {
        match (&source.held, won) {
            (Held::Key { key, .. }, None) => won = Some((source, key)),
            (Held::Key { key, .. }, Some((_, other))) => {
                let same = match key.access_key_id == other.access_key_id {
                    true if key.secret.expose() == other.secret.expose() => "the same key",
                    true => "the same id with another secret",
                    false => "another key",
                };
                hidden.push(format!("{} ({same})", source.name));
            }
            (Held::Elsewhere(how), None) => passed.push(format!("{} ({how})", source.name)),
            (Held::Elsewhere(_) | Held::Half(_) | Held::Fault(_), _) => {}
        }
    }
    let Some((source, key)) = won else {
        let seen = match passed.as_slice() {
            [] => "No source holds an access key, so nothing can be signed.".to_owned(),
            passed => format!(
                "No source holds an access key; {} only say where to get one, which is not followed.",
                passed.join(", ")
            ),
        };
        return Finding::new(ID, Verdict::Failed, seen)
            .cured_by("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or run: eval \"$(aws configure export-credentials --format env)\".");
    };
    let mut seen = format!(
        "The key {} is taken from {}.",
        shown(&key.access_key_id),
        source.name
    );
    if !hidden.is_empty() {
        seen.push_str(&format!(" It hides: {}.", hidden.join(", ")));
    }
    if passed.is_empty() {
        return Finding::new(ID, Verdict::Ok, seen);
    }
    Finding::new(
        ID,
        Verdict::Warning,
        format!(
            "{seen} AWS's tools would ask {} first, which is not followed here.",
            passed.join(", ")
        ),
    )
    .cured_by("To examine with that key: eval \"$(aws configure export-credentials --format env)\".")
}

fn shape(key: &Key) -> Vec<Finding> {
    const ID: &str = "credentials.shape";
    let secret = key.secret.expose();
    let text = String::from_utf8_lossy(secret);
    let odd = |cause: &'static str, what: &str, cure: &str| {
        Finding::new(
            ID,
            Verdict::Warning,
            format!("The secret ({} bytes) {what}.", secret.len()),
        )
        .because(cause, Proof::Inferred)
        .cured_by(cure)
    };
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let is_aws = key.access_key_id.starts_with("AKIA") || key.access_key_id.starts_with("ASIA");
    let mut findings = Vec::new();
    if text.ends_with(['\n', '\r']) {
        findings.push(odd(
            "SEC-NEWLINE",
            "ends in a line break",
            "Store it without one: printf %s, not echo; save the file with Unix line ends.",
        ));
    } else if text.starts_with(is_blank) || text.ends_with(is_blank) {
        findings.push(odd(
            "SEC-SPACE",
            "begins or ends with a blank or an invisible character",
            "Copy it again without what stands around it.",
        ));
    }
    if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        findings.push(odd(
            "SEC-QUOTES",
            "has quotes around it",
            "Write the value without quotes: env files and profiles take them for part of it.",
        ));
    }
    if is_aws && text.ends_with('%') {
        findings.push(odd(
            "SEC-ZSH-PERCENT",
            "ends in %",
            "The last % is what zsh prints for a missing line end. Leave it out.",
        ));
    }
    let encoded = ["%2F", "%2f", "%2B", "%2b", "%3D", "%3d"];
    if encoded.iter().any(|code| text.contains(code)) {
        findings.push(odd(
            "SEC-URLENC",
            "holds %2F or the like: it was URL-encoded",
            "Hand the secret over as it was given out, not encoded.",
        ));
    }
    if text == key.access_key_id {
        findings.push(odd(
            "SEC-AKID",
            "is the access key id",
            "Put the secret access key there, which was shown with the id when it was made.",
        ));
    } else if PLACEHOLDERS.contains(&text.as_ref()) {
        findings.push(odd(
            "SEC-DEFAULT",
            "is one that everybody knows",
            "Set a secret of your own; if you meant another one, its variable was not set.",
        ));
    } else if is_aws
        && BASE64
            .decode(text.trim_end())
            .is_ok_and(|inner| matches!(inner.len(), 40 | 41))
        && text.len() > 50
    {
        findings.push(odd(
            "SEC-BASE64",
            "is base64 of a secret",
            "Decode it, or let Kubernetes hand it over decoded (secretKeyRef).",
        ));
    } else if is_aws && text.trim().len() != AWS_SECRET_CHARACTERS && findings.is_empty() {
        findings.push(odd(
            "SEC-WRONG",
            "is not 40 characters long, as those of AWS are",
            "Copy it again, whole.",
        ));
    }
    let id = &key.access_key_id;
    if id.contains(is_blank) || id.contains(['"', '\'']) {
        findings.push(
            Finding::new(
                ID,
                Verdict::Warning,
                "The access key id has blanks, line breaks or quotes in it.",
            )
            .cured_by("Copy it again without what stands around it."),
        );
    }
    if findings.is_empty() {
        let seen = format!("The secret has {} bytes and nothing odd about it.", secret.len());
        findings.push(Finding::new(ID, Verdict::Ok, seen));
    }
    findings
}

fn token(key: &Key, ends: Option<i64>, now: i64) -> Finding {
    const ID: &str = "credentials.token";
    let id = key.access_key_id.as_str();
    let get_new = "Get new credentials (aws sso login, assume the role again), or let the SDK refresh them.";
    match (&key.session_token, ends) {
        (None, _) if id.starts_with("ASIA") => Finding::new(ID, Verdict::Failed, "The key is temporary (ASIA..) and there is no session token.")
            .because("TOK-MISSING", Proof::Exact)
            .cured_by("Set AWS_SESSION_TOKEN, or aws_session_token in the profile, from the answer that the key came with."),
        (Some(_), Some(ends)) if ends <= now => {
            let seen = format!("The temporary key ended {} ago.", span(now.saturating_sub(ends)));
            Finding::new(ID, Verdict::Failed, seen)
                .because("TOK-EXPIRED", Proof::Exact)
                .cured_by(get_new)
        }
        (Some(token), _) if token.chars().any(char::is_whitespace) => {
            Finding::new(ID, Verdict::Failed, format!("The session token ({} bytes) has blanks or line breaks in it.", token.len()))
                .because("TOK-INVALID", Proof::Inferred)
                .cured_by("It is one line: copy it again.")
        }
        (Some(_), _) if id.starts_with("AKIA") => Finding::new(ID, Verdict::Warning, "The key is permanent (AKIA..), yet a session token is set.")
            .because("TOK-INVALID", Proof::Inferred)
            .cured_by("Unset AWS_SESSION_TOKEN, which is left over from another key."),
        (Some(_), Some(ends)) => {
            let left = span(ends.saturating_sub(now));
            Finding::new(ID, Verdict::Ok, format!("The key is temporary and has its session token; it ends in {left}."))
        }
        (Some(_), None) => Finding::new(ID, Verdict::Ok, "The key has a session token; when it ends is written nowhere."),
        (None, _) => Finding::new(ID, Verdict::Ok, "The key is permanent."),
    }
}

/// An id is no secret, but a secret may stand where the id should.
fn shown(id: &str) -> String {
    let is_id = id.len() <= ID_CHARACTERS_MAX
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    match is_id {
        true => id.to_owned(),
        false => format!(
            "({} characters that do not look like an access key id)",
            id.chars().count()
        ),
    }
}

fn span(seconds: i64) -> String {
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

const AWS_SECRET_CHARACTERS: usize = 40;
/// Longer ones are not shown: secrets are 40 long.
const ID_CHARACTERS_MAX: usize = 32;
const PLACEHOLDERS: [&str; 12] = [
    "",
    "minioadmin",
    "test",
    "undefined",
    "null",
    "None",
    "YOUR_SECRET_KEY",
    "YOUR_SECRET_ACCESS_KEY",
    "secret",
    "password",
    "changeme",
    "S3RVER",
];

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_sigv4::Secret;

    const FORTY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
        Key {
            access_key_id: id.to_owned(),
            secret: Secret::new(secret),
            session_token: token.map(str::to_owned),
        }
    }

    fn source(name: &str, held: Held) -> Source {
        Source {
            name: name.to_owned(),
            held,
        }
    }

    fn held(id: &str, secret: &str) -> Held {
        Held::Key {
            key: key(id, secret, None),
            ends: None,
        }
    }

    #[test]
    fn what_is_odd_about_a_secret_is_told_without_the_secret() {
        for (secret, cause) in [
            (FORTY.to_owned(), None),
            (format!("{FORTY}\n"), Some("SEC-NEWLINE")),
            (format!("{FORTY}\r\n"), Some("SEC-NEWLINE")),
            (format!(" {FORTY}"), Some("SEC-SPACE")),
            (format!("{FORTY}\u{200b}"), Some("SEC-SPACE")),
            (format!("\"{FORTY}\""), Some("SEC-QUOTES")),
            (format!("{FORTY}%"), Some("SEC-ZSH-PERCENT")),
            (FORTY.replace('/', "%2F"), Some("SEC-URLENC")),
            ("minioadmin".to_owned(), Some("SEC-DEFAULT")),
            (String::new(), Some("SEC-DEFAULT")),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), Some("SEC-AKID")),
            (BASE64.encode(FORTY), Some("SEC-BASE64")),
            ("wJalrXUtnFEMI".to_owned(), Some("SEC-WRONG")),
        ] {
            let findings = shape(&key("AKIAIOSFODNN7EXAMPLE", &secret, None));
            let found = findings
                .iter()
                .find_map(|finding| finding.cause)
                .map(|(id, _)| id);
            assert_eq!(found, cause, "{secret:?}");
            for finding in &findings {
                let text = finding.document().to_string();
                assert!(secret.trim().len() < 5 || !text.contains(secret.trim()), "{text}");
                assert!(!text.contains("wJalr"), "{text}");
            }
        }
        // Other servers give out secrets of other lengths.
        assert_eq!(
            shape(&key("GK31c2f218a2e44f485b94239e", &"ab".repeat(32), None))[0].verdict,
            Verdict::Ok
        );
    }

    #[test]
    fn the_first_source_with_a_key_wins_and_the_others_are_named() {
        let sources = [
            source("one", Held::Half("AWS_SECRET_ACCESS_KEY".to_owned())),
            source("two", held("AKA", FORTY)),
            source("three", held("AKB", "x")),
            source("four", held("AKA", "other")),
            source("five", Held::Elsewhere("a role".to_owned())),
        ];
        assert_eq!(
            winner(&sources).map(|key| key.access_key_id.as_str()),
            Some("AKA")
        );
        let findings = check(&sources, 0);
        let seen = &findings[0].seen;
        assert!(
            seen.contains("AKA is taken from two") && seen.contains("three (another key)"),
            "{seen}"
        );
        assert!(seen.contains("four (the same id with another secret)"), "{seen}");
        assert_eq!(findings[0].verdict, Verdict::Ok);
        assert_eq!(
            (findings[1].id, findings[1].verdict),
            ("credentials.half", Verdict::Warning)
        );
    }

    #[test]
    fn a_source_that_is_not_followed_is_a_warning_before_the_winner_and_no_key_a_failure() {
        let role = || source("web identity", Held::Elsewhere("a role".to_owned()));
        let found = &check(&[role(), source("file", held("AKA", FORTY))], 0)[0];
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(
            found.seen.contains("web identity (a role) first"),
            "{}",
            found.seen
        );
        let found = &check(&[role()], 0)[0];
        assert_eq!(found.verdict, Verdict::Failed);
        assert_eq!(check(&[], 0)[0].verdict, Verdict::Failed);
    }

    #[test]
    fn a_session_token_belongs_to_a_temporary_key_that_has_not_ended() {
        let now = 1000;
        for (id, session_token, ends, expected) in [
            ("ASIAX", None, None, (Verdict::Failed, Some("TOK-MISSING"))),
            (
                "ASIAX",
                Some("t"),
                Some(999),
                (Verdict::Failed, Some("TOK-EXPIRED")),
            ),
            (
                "ASIAX",
                Some("t\nt"),
                None,
                (Verdict::Failed, Some("TOK-INVALID")),
            ),
            ("AKIAX", Some("t"), None, (Verdict::Warning, Some("TOK-INVALID"))),
            ("ASIAX", Some("t"), Some(5000), (Verdict::Ok, None)),
            ("ASIAX", Some("t"), None, (Verdict::Ok, None)),
            ("AKIAX", None, None, (Verdict::Ok, None)),
        ] {
            let found = token(&key(id, FORTY, session_token), ends, now);
            assert_eq!(
                (found.verdict, found.cause.map(|(id, _)| id)),
                expected,
                "{id} {session_token:?} {ends:?}"
            );
        }
    }

    #[test]
    fn a_secret_in_the_place_of_the_id_is_not_shown() {
        let found = &check(&[source("env", held(FORTY, "AKIAIOSFODNN7EXAMPLE"))], 0)[0];
        assert!(!found.seen.contains("wJalr"), "{}", found.seen);
    }
}
