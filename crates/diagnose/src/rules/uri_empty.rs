//! URI-EMPTY: the path was signed as an empty text, or without the slash that begins it.

use super::path::{propose_uri, with_both_paths};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 575,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "URI-EMPTY",
        "The path was signed without its first slash",
        include_str!("../../pages/URI-EMPTY.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    if let Some(rest) = parts.uri.strip_prefix(b"/") {
        propose_uri(scene, out, rest.to_vec(), 38, "");
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let how = match scene.facts.signer.path_call() {
        "" => String::new(),
        call => format!(" ({call})"),
    };
    let is_empty = matches!(&hypothesis.change, Change::Uri(uri) if uri.is_empty());
    if is_empty {
        return Told {
            what: Words::of("The path was signed as an empty text, and / is what was sent"),
            cure: Words::of(format!(
                "Sign / where the URL has no path: a canonical path is never empty{how}."
            )),
        };
    }
    Told {
        what: with_both_paths(
            Words::of("The path was signed without the slash that begins it"),
            hypothesis,
        ),
        cure: Words::of(format!(
            "Begin the canonical path with a slash, as the request line does{how}."
        )),
    }
}
