//! Walls that the edges alone do not hold: one library in one crate, proofs that only one file can make, and secrets that are
//! compared in constant time.

use super::Finding;
use super::edges;
use super::rust;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        if path.ends_with("Cargo.toml") && path != "Cargo.toml" {
            findings.extend(of_the_manifest(path, text));
        } else if path.ends_with(".rs") {
            findings.extend(of_the_source(path, text));
        }
    }
    findings.extend(proofs(tree));
    findings.extend(comparisons(tree));
    findings
}

fn of_the_manifest(path: &str, text: &str) -> Vec<Finding> {
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return vec![Finding::new(path, 0, "is not valid TOML")];
    };
    let mut findings = Vec::new();
    for (_, dependency) in edges::dependencies(&manifest) {
        if let Some(fault) = kept_apart(path, &dependency.replace('-', "_")) {
            findings.push(Finding::new(path, 0, fault));
        }
    }
    findings
}

fn of_the_source(path: &str, text: &str) -> Vec<Finding> {
    let file = match rust::parse(text) {
        Ok(file) => file,
        Err((line, error)) => return vec![Finding::new(path, line, error)],
    };
    let mut words = Vec::new();
    rust::identifiers(quote::ToTokens::into_token_stream(file), &mut words);
    let faults = words
        .iter()
        .filter_map(|(word, line)| Some((kept_apart(path, word)?, *line)));
    faults
        .map(|(fault, line)| Finding::new(path, line, fault))
        .collect()
}

/// Why the file at `path` may not name the library `name`, if it may not.
fn kept_apart(path: &str, name: &str) -> Option<String> {
    let home = path
        .strip_prefix("crates/")
        .and_then(|path| path.split_once('/'))
        .map_or("", |(name, _)| name);
    for (library, homes) in ONE_HOME {
        if *library == name && !homes.contains(&home) {
            return Some(format!("only {} may name `{name}`", homes.join(" and ")));
        }
    }
    let barred = NEVER
        .iter()
        .any(|(wall, names)| *wall == home && names.contains(&name));
    barred.then(|| format!("`{home}` may not name `{name}`, not even in a test"))
}

/// The proofs are defined in the proof file, with private fields and nothing that builds them from outside.
fn proofs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !tree.has_folder("crates/server") {
        return findings;
    }
    for wanted in PROOFS {
        let mut homes = Vec::new();
        for (path, text) in tree.rust_below("crates/") {
            if let Some(item) = rust::parse(text)
                .ok()
                .and_then(|file| struct_named(&file.items, wanted))
            {
                homes.push(path);
                if path == PROOF_FILE {
                    findings.extend(openings(&item));
                }
            }
        }
        if homes != [PROOF_FILE] {
            findings.push(Finding::new(
                PROOF_FILE,
                0,
                format!("`{wanted}` must be defined here and nowhere else; it is in {homes:?}"),
            ));
        }
    }
    if let Some(Ok(file)) = tree.text(PROOF_FILE).map(rust::parse) {
        for item in &file.items {
            if let syn::Item::Mod(module) = item
                && !rust::is_test_only(&module.attrs)
            {
                let line = rust::line(module.ident.span());
                findings.push(Finding::new(
                    PROOF_FILE,
                    line,
                    "a module in here could make proofs: keep this file a leaf",
                ));
            }
        }
    }
    findings
}

/// What is a secret, or as good as one, is compared in constant time where it was once: no type of `sigv4` that holds one derives a
/// comparison, and nobody put another in its place.
fn comparisons(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for &(path, times) in IN_CONSTANT_TIME {
        let Some(Ok(file)) = tree.text(path).map(rust::parse) else {
            continue;
        };
        for item in &file.items {
            if path.starts_with("crates/sigv4/")
                && let syn::Item::Struct(item) = item
                && derives(item, &["PartialEq", "PartialOrd", "Hash"])
            {
                let fault = format!(
                    "`{}` derives a comparison that takes longer the more is right",
                    item.ident
                );
                findings.push(Finding::new(path, rust::line(item.ident.span()), fault));
            }
        }
        let mut words = Vec::new();
        rust::identifiers(quote::ToTokens::into_token_stream(file), &mut words);
        let found = words.iter().filter(|(word, _)| word == "ct_eq").count();
        if found < times {
            let fault = format!("{times} comparisons were in constant time here (`ct_eq`), now {found} are");
            findings.push(Finding::new(path, 0, fault));
        }
    }
    findings
}

/// Whether a struct derives one of these.
fn derives(item: &syn::ItemStruct, names: &[&str]) -> bool {
    let mut words = Vec::new();
    let derives = item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"));
    for attribute in derives {
        rust::identifiers(quote::ToTokens::to_token_stream(attribute), &mut words);
    }
    words.iter().any(|(word, _)| names.contains(&word.as_str()))
}

fn struct_named(items: &[syn::Item], wanted: &str) -> Option<syn::ItemStruct> {
    items.iter().find_map(|item| match item {
        syn::Item::Struct(item) if item.ident == wanted => Some(item.clone()),
        syn::Item::Mod(module) => struct_named(&module.content.as_ref()?.1, wanted),
        _ => None,
    })
}

/// Ways past the constructor: a visible field, or a derive that makes a value out of nothing.
fn openings(item: &syn::ItemStruct) -> Vec<Finding> {
    let name = &item.ident;
    let line = rust::line(name.span());
    let mut findings = Vec::new();
    if item
        .fields
        .iter()
        .any(|field| !matches!(field.vis, syn::Visibility::Inherited))
    {
        findings.push(Finding::new(
            PROOF_FILE,
            line,
            format!("`{name}` has a field that others can fill in"),
        ));
    }
    if derives(item, &["Default", "Deserialize"]) {
        findings.push(Finding::new(
            PROOF_FILE,
            line,
            format!("`{name}` derives a way to be made from nothing"),
        ));
    }
    findings
}

const PROOF_FILE: &str = "crates/server/src/pipeline/proof.rs";

/// Files with comparisons of secrets, of what is as good as one, or with a signature; and how many there are.
const IN_CONSTANT_TIME: &[(&str, usize)] = &[
    ("crates/sigv4/src/secret.rs", 1),
    ("crates/sigv4/src/signing_key.rs", 2),
    ("crates/sigv4/src/comparing_key.rs", 1),
    ("crates/identity/src/session.rs", 1),
    ("crates/identity/src/credential_tokens.rs", 1),
];

const PROOFS: [&str; 3] = ["Authenticated", "Authorized", "AuthorizedCall"];

/// A library that only these crates know.
const ONE_HOME: &[(&str, &[&str])] = &[("quick_xml", &["protocol"]), ("fjall", &["embedded"])];

/// What a crate may never name: the server runs on any engine, and S3 semantics know neither HTTP nor the engine.
const NEVER: &[(&str, &[&str])] = &[
    ("server", &["countersign_embedded", "countersign_rados"]),
    (
        "store",
        &[
            "countersign_embedded",
            "countersign_rados",
            "countersign_protocol",
            "countersign_policy",
            "hyper",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const PROOF: &str = "//! Proofs.\npub struct Authenticated { who: u8 }\n#[derive(Clone)]\npub struct Authorized { what: u8 }\npub struct AuthorizedCall { call: u8 }";

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    fn faults_with_proof(proof: &str, path: &str, text: &str) -> Vec<String> {
        faults(&[("crates/server/src/pipeline/proof.rs", proof), (path, text)])
    }

    #[test]
    fn a_secret_that_is_not_compared_in_constant_time_is_found() {
        let check = |text: &str| faults(&[("crates/sigv4/src/secret.rs", text)]);
        let held =
            "pub struct Secret(Vec<u8>);\nfn is(a: &Secret, b: &Secret) -> bool { a.0.ct_eq(&b.0).into() }";
        assert_eq!(check(held), [""; 0]);
        let derived = check(&format!("#[derive(Clone, PartialEq)]\n{held}"));
        assert_eq!(
            derived,
            [
                "crates/sigv4/src/secret.rs:2: `Secret` derives a comparison that takes longer the more is right"
            ]
        );
        let plain =
            check("pub struct Secret(Vec<u8>);\nfn is(a: &Secret, b: &Secret) -> bool { a.0 == b.0 }");
        assert_eq!(
            plain,
            ["crates/sigv4/src/secret.rs: 1 comparisons were in constant time here (`ct_eq`), now 0 are"]
        );
    }

    #[test]
    fn house_with_its_walls_has_no_finding() {
        let protocol = ("crates/protocol/src/xml.rs", "use quick_xml::Reader;");
        let embedded = ("crates/embedded/Cargo.toml", "[dependencies]\nfjall = \"3\"");
        assert_eq!(
            faults(&[protocol, embedded, ("crates/server/src/pipeline/proof.rs", PROOF)]),
            [""; 0]
        );
    }

    #[test]
    fn library_outside_its_home_is_found() {
        let source = faults_with_proof(PROOF, "crates/store/src/lib.rs", "//! x\nuse quick_xml::Reader;");
        assert_eq!(
            source,
            ["crates/store/src/lib.rs:2: only protocol may name `quick_xml`"]
        );
        let manifest = faults_with_proof(
            PROOF,
            "crates/store/Cargo.toml",
            "[dev-dependencies]\nquick-xml = \"1\"",
        );
        assert_eq!(
            manifest,
            ["crates/store/Cargo.toml: only protocol may name `quick_xml`"]
        );
    }

    #[test]
    fn server_that_names_an_engine_is_found_even_in_a_test() {
        let text = "#[cfg(test)]\nmod tests { use countersign_embedded::Embedded; }";
        let found = faults_with_proof(PROOF, "crates/server/src/lib.rs", text);
        assert_eq!(
            found,
            ["crates/server/src/lib.rs:2: `server` may not name `countersign_embedded`, not even in a test"]
        );
    }

    #[test]
    fn missing_proof_is_found() {
        let found = faults(&[("crates/server/src/lib.rs", "pub struct Authenticated;")]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`Authenticated` must be defined here and nowhere else"));
    }

    #[test]
    fn second_definition_of_a_proof_is_found() {
        let found = faults_with_proof(
            PROOF,
            "crates/server/src/forged.rs",
            "pub struct Authorized { what: u8 }",
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("forged.rs"));
    }

    #[test]
    fn proof_that_others_can_make_is_found() {
        for (proof, part) in [
            (
                "pub struct Authenticated { pub(crate) who: u8 }\npub struct Authorized { what: u8 }\npub struct AuthorizedCall { call: u8 }",
                "others can fill in",
            ),
            (
                "#[derive(Default)]\npub struct Authenticated { who: u8 }\npub struct Authorized { what: u8 }\npub struct AuthorizedCall { call: u8 }",
                "from nothing",
            ),
            (
                "pub struct Authenticated { who: u8 }\npub struct Authorized { what: u8 }\npub struct AuthorizedCall { call: u8 }\nmod door;",
                "keep this file a leaf",
            ),
        ] {
            let found = faults_with_proof(proof, "crates/types/src/lib.rs", "");
            assert_eq!(found.len(), 1, "{proof}: {found:?}");
            assert!(found[0].contains(part), "{found:?}");
        }
    }
}
