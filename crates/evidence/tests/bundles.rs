//! What is handed to somebody who helps holds what helps, and no secret, token or whole signature.
//!
//! Not here: what is known of the machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_evidence::{Bundle, Evidence, Known, Surroundings, explain, read};
use countersign_sigv4::Secret;

const SECRET: &str = "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEJ//token/of+a==";
const SIGNATURE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn bundled(text: &str, secret: Option<&str>) -> Option<(String, String)> {
    let evidence = read(text.as_bytes()).ok()?;
    Some(of(&evidence, secret))
}

fn of(evidence: &Evidence, secret: Option<&str>) -> (String, String) {
    let known_secret = secret.map(Secret::new);
    let known = Known {
        secret: known_secret.as_ref(),
        region: None,
        hosts: &[],
        now: 1_735_689_600,
    };
    let mut explained = explain(evidence, &known);
    explained.notes.extend(evidence.other_key("AKIDOFSOMEBODYELSE01"));
    let around = Surroundings {
        program: "countersign 0.1.0".to_owned(),
        credentials: vec!["The key AKID is taken from somewhere.".to_owned()],
        variables: vec!["AWS_REGION".to_owned()],
        ..Surroundings::default()
    };
    let secrets: Vec<&str> = secret.into_iter().collect();
    let bundle = Bundle::of(Some(evidence), Some(&explained), &around, &secrets);
    (bundle.text(), bundle.document().to_string())
}

/// A command line with something secret in every place for it.
fn full() -> String {
    let encoded = TOKEN.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    format!(
        "curl -X PUT 'https://h.example/b/k?x-amz-security-token={encoded}&versionId=7' -H 'Authorization: AWS4-HMAC-SHA256 \
         Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date;x-amz-meta-a;x-amz-security-token, \
         Signature={SIGNATURE}' -H 'x-amz-date: 20250101T000000Z' -H 'x-amz-security-token: {TOKEN}' -H 'x-amz-meta-a: told' \
         -H 'Cookie: session={TOKEN}' -H 'X-Api-Key: {SECRET}' -H 'X-Unheard: of' -H 'x-amz-server-side-encryption-customer-key: {SECRET}' \
         -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H 'User-Agent: agent {SIGNATURE}'"
    )
}

#[test]
fn what_helps_is_told_and_what_is_secret_is_not() {
    let (text, document) = bundled(&full(), Some(SECRET)).expect("a form");
    for told in [
        "countersign 0.1.0",
        "PUT /b/k?",
        "versionId=7",
        "AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/s3/aws4_request",
        "Signature=01234567\n",
        "x-amz-meta-a: told",
        "AWS_REGION",
        "x-api-key: *** (",
        "x-unheard: (",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    for shown in [&text, &document] {
        for secret in [SECRET, TOKEN, SIGNATURE, "token%2Fof"] {
            assert!(!shown.contains(secret), "{secret}\n{shown}");
        }
    }
}

#[test]
fn a_secret_in_the_place_of_the_access_key_is_hidden() {
    let swapped = full().replace("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI+K7MDENG+bPxRfiCYEXAMPLEKEY");
    let (text, document) = bundled(&swapped, None).expect("a form");
    assert!(
        !text.contains("K7MDENG") && !document.contains("K7MDENG"),
        "{text}"
    );
}

#[test]
fn a_secret_with_slashes_in_the_place_of_the_access_key_is_hidden() {
    let hidden = |text: &str| {
        let (text, document) = bundled(text, None).expect("a form");
        for part in ["wJalr", "XUtnFEMI", "K7MDENG", "bPxRfiCY"] {
            assert!(!text.contains(part) && !document.contains(part), "{part}\n{text}");
        }
    };
    let other = "wJalr/XUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY0";
    let command = full().replace(SECRET, "x");
    hidden(&command.replace("AKIAIOSFODNN7EXAMPLE", other));
    for slash in ["/", "%2F", "%2f"] {
        let credential = format!("{other}/20250101/us-east-1/s3/aws4_request").replace('/', slash);
        hidden(&format!(
            "https://h.example/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date=20250101T000000Z\
             &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={SIGNATURE}"
        ));
    }
}

#[test]
fn a_header_that_is_named_like_a_credential_is_told_by_its_length_also_if_it_is_signed() {
    for name in [
        "x-api-key",
        "x-vault-token",
        "x-forwarded-access-token",
        "x-client-secret",
        "x-auth-request",
        "x-amz-mfa",
    ] {
        let value = "value-that-nobody-reads";
        let command = full()
            .replace("x-amz-meta-a;", &format!("x-amz-meta-a;{name};"))
            .replace(
                " -H 'x-amz-date",
                &format!(" -H '{name}: {value}' -H 'x-amz-date"),
            );
        assert!(command.contains(value), "else the test shows nothing");
        let (text, document) = bundled(&command, Some(SECRET)).expect("a form");
        assert!(
            !text.contains(value) && !document.contains(value),
            "{name}\n{text}"
        );
    }
}

#[test]
fn a_known_secret_is_hidden_in_each_of_its_forms() {
    let encoded = SECRET.replace('/', "%2F").replace('+', "%2B");
    let command = full().replace("/b/k?", &format!("/b/{encoded}?"));
    let command = command.replace("'User-Agent: agent", &format!("'User-Agent: agent {SECRET}"));
    // As it was read from a file with a line break at its end.
    for known in [SECRET.to_owned(), format!("{SECRET}\r\n"), format!(" {SECRET}")] {
        let (text, document) = bundled(&command, Some(&known)).expect("a form");
        for form in [SECRET, &encoded] {
            assert!(
                !text.contains(form) && !document.contains(form),
                "{form} {known:?}\n{text}"
            );
        }
    }
}

#[test]
fn a_bundle_without_a_text_says_what_is_around() {
    let around = Surroundings {
        time_zone: "Europe/Berlin".to_owned(),
        ..Surroundings::default()
    };
    let bundle = Bundle::of(None, None, &around, &[]);
    assert!(bundle.text().contains("Europe/Berlin"), "{}", bundle.text());
}

/// Signatures and tokens in a text, by their places alone and with nothing of the code that is tested.
fn secrets_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_value = |c: char| c.is_ascii_alphanumeric() || "+/=%-_.".contains(c);
    for (place, signs) in [
        ("Signature", "=:"),
        ("signature", "=:"),
        ("ecurity-Token", "=:"),
        ("ecurity-token", "=:"),
        ("ecurityToken", "=:"),
        ("Cookie", ":"),
        ("cookie", ":"),
    ] {
        for (at, _) in text.match_indices(place) {
            let rest = &text[at + place.len()..];
            let rest = rest.trim_start_matches(['"', '\'', '\\', ' ']);
            let Some(rest) = rest.strip_prefix(|c| signs.contains(c)) else {
                continue;
            };
            let rest = rest.trim_start_matches(['"', '\'', '\\', ' ']);
            let end = rest.find(|c| !is_value(c)).unwrap_or(rest.len());
            // Eight digits of a signature are told; what is no longer than that hides nothing.
            if end >= 20 {
                found.insert(rest[..end].to_owned());
            }
        }
    }
    found
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files_below(&path, into),
            false => into.push(path),
        }
    }
}

#[test]
fn no_fixture_gives_a_bundle_with_a_credential_in_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    files_below(&here.join("fixtures"), &mut files);
    // The forms of this folder's tests, and those that the server's corpus holds, are texts as well.
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    let known = [
        SECRET.to_owned(),
        "wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY".to_owned(),
    ];
    let mut looked_for = 0;
    for text in texts.chain([full()]) {
        for secret in [
            None,
            Some(SECRET),
            Some("wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY"),
        ] {
            let Some((told, document)) = bundled(&text, secret) else {
                continue;
            };
            for credential in secrets_in(&text).iter().chain(&known) {
                looked_for += 1;
                for shown in [&told, &document] {
                    assert!(!shown.contains(credential.as_str()), "{credential}\n{shown}");
                }
            }
        }
    }
    assert!(looked_for > 0, "else the test shows nothing");
}
