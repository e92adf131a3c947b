//! HDR-CASEMAP: a name in SignedHeaders was brought to lower case by the rules of Turkish, which make an `I` a dotless `i`.
//!
//! The name is certain from the request; that the header itself was signed with it is proven where the bytes survived the way.

use super::prelude::*;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: EVIDENT,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "HDR-CASEMAP",
        "A header name was brought to lower case by the rules of another language",
        include_str!("../../pages/HDR-CASEMAP.md"),
    )
};

/// The dotless `i`; its UTF-8 read as Latin-1; and what decoders and encoders put in the place of what they cannot read.
const DOTLESS: [&str; 4] = ["\u{131}", "\u{c4}\u{b1}", "\u{fffd}", "?"];

/// The name that was meant, if this one has a dotless `i` for every `i` that was a capital.
pub(super) fn meant(name: &str) -> Option<String> {
    let meant = DOTLESS.iter().fold(name.to_ascii_lowercase(), |text, dotless| {
        text.replace(dotless, "i")
    });
    (!name.is_ascii() || name.contains('?')).then_some(meant)
}

/// The names in SignedHeaders that are such, with those that were meant; the request has a header of each.
fn mapped(scene: &Scene<'_>) -> Vec<(String, String)> {
    let names = scene.claim().map(|claim| claim.signed_headers.as_slice());
    let names = names.unwrap_or_default().iter();
    names
        .filter_map(|name| Some((name.to_ascii_lowercase(), meant(name)?)))
        .filter(|(_, meant)| scene.has_header(meant))
        .collect()
}

/// Whether a header is signed under such a name.
pub(super) fn is_signed_otherwise(scene: &Scene<'_>, name: &str) -> bool {
    mapped(scene)
        .iter()
        .any(|(_, meant)| meant.eq_ignore_ascii_case(name))
}

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    for (name, meant) in mapped(scene) {
        let value = countersign_sigv4::header_value(&scene.case.request, &meant).unwrap_or_default();
        if let Some(hypothesis) = out.add(Change::Header { name, value }) {
            hypothesis.specificity = 40;
        }
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let name = match &hypothesis.change {
        Change::Header { name, .. } => meant(name),
        _ => None,
    };
    told(scene, &name.unwrap_or_default())
}

fn told(scene: &Scene<'_>, meant: &str) -> Told {
    Told {
        what: Words::of("The header ")
            .value(&Value::received(meant.as_bytes()), "named in slot")
            .say(" was signed under a name with a dotless i, as Turkish makes of a capital I"),
        cure: Words::of("Lower-case header names without regard to the user's language (")
            .say(scene.facts.signer.lower_case_call())
            .say(")."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    use countersign_sigv4::Refusal;
    let is_refused_for_it = match scene.refusal()? {
        Refusal::SignatureMismatch => true,
        Refusal::HeadersNotSigned(names) => names.iter().any(|name| is_signed_otherwise(scene, name)),
        _ => false,
    };
    if !is_refused_for_it {
        return None;
    }
    let (name, meant) = mapped(scene).into_iter().next()?;
    let Told { what, cure } = told(scene, &meant);
    let slot = Slot::Header(name.clone());
    let mut finding = Finding::new(slot, Proof::Exact, 915, what, cure);
    finding.signed = Some(Value::received(name));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_found_however_the_letter_arrived() {
        for (name, expected) in [
            ("\u{131}f-match", Some("if-match")),
            ("\u{c4}\u{b1}f-match", Some("if-match")),
            ("\u{fffd}f-match", Some("if-match")),
            ("?f-match", Some("if-match")),
            ("if-match", None),
        ] {
            assert_eq!(meant(name).as_deref(), expected, "{name}");
        }
    }
}
