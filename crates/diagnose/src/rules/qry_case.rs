//! QRY-CASE: names of query parameters are written in other capitals than they were signed in.
//!
//! A link whose `X-Amz-*` names were changed cannot be read as one any more; then the request itself shows it.

use countersign_sigv4::{Form, Refusal, canonical_query, decode_query, encode_uri, query_pairs};

use super::prelude::*;
use super::query::raw_pairs;
use crate::case::Fault;
use crate::repair::{KNOWN_NAMES, has_names_in_other_case, restored_name};

pub(crate) static RULE: Rule = Rule {
    weight: 650,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "QRY-CASE",
        "Names of query parameters are written in other capitals",
        include_str!("../../pages/QRY-CASE.md"),
    )
};

const SIGNED_LOWER: &str = "in small letters";
const SIGNED_RIGHT: &str = "as AWS writes them";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(query) = scene.case.request.query else {
        return;
    };
    // As the client would have signed the names that it sends in capitals now.
    let lower = renamed(query, |name| name.to_ascii_lowercase());
    add(scene, out, &lower, SIGNED_LOWER);
    let restored = renamed(query, |name| {
        restored_name(name).map_or_else(|| name.to_vec(), |known| known.as_bytes().to_vec())
    });
    add(scene, out, &restored, SIGNED_RIGHT);
    // Those of the signature as they must be, all others in small letters.
    let others = renamed(query, |name| {
        if KNOWN_NAMES
            .iter()
            .take(SIGNATURE_NAMES)
            .any(|known| known.as_bytes() == name)
        {
            name.to_vec()
        } else {
            name.to_ascii_lowercase()
        }
    });
    add(scene, out, &others, SIGNED_LOWER);
}

/// How many of the known names belong to the signature.
const SIGNATURE_NAMES: usize = 8;

/// The query with each decoded name changed.
fn renamed(query: &[u8], rename: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let pieces: Vec<Vec<u8>> = raw_pairs(query)
        .map(|(name, value)| {
            let name = rename(&decode_query(name));
            [encode_uri(&name, false).as_bytes(), b"=", value].concat()
        })
        .collect();
    pieces.join(&b'&')
}

fn add(scene: &Scene<'_>, out: &mut Proposals<'_>, query: &[u8], how: &'static str) {
    let presigned = scene.claim().is_some_and(|claim| claim.form == Form::Query);
    // The signature is not part of what is signed, whatever its name is written like.
    let without_signature: Vec<&[u8]> = query
        .split(|&b| b == b'&')
        .filter(|piece| {
            let name = query_pairs(piece)
                .next()
                .map(|(name, _)| name)
                .unwrap_or_default();
            !(presigned && name.eq_ignore_ascii_case(b"x-amz-signature"))
        })
        .collect();
    let query = canonical_query(&without_signature.join(&b'&'), None);
    if let Some(hypothesis) = out.add(Change::Query(query.into_bytes())) {
        hypothesis.specificity = 30;
        hypothesis.detail = how;
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!(
            "The names of the query parameters were signed {}, and arrived in other capitals",
            hypothesis.detail
        )),
        cure: cure(scene),
    }
}

fn cure(scene: &Scene<'_>) -> Words {
    let way = match scene.facts.proxy_evidence {
        Some(_) => scene
            .facts
            .at_the_proxy(scene.facts.proxy.keep_capitals_setting()),
        None => "Nothing on the way may change their case.".to_owned(),
    };
    Words::of("Keep the names of parameters as they were signed: X-Amz-Signature and x-amz-signature are two names. ")
        .say(way)
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let is_unreadable = matches!(scene.refusal(), Some(Refusal::QueryParametersMissing { .. }))
        || matches!(scene.case.fault, Fault::Unsigned);
    if !is_unreadable || !has_names_in_other_case(scene.case.request.query?) {
        return None;
    }
    let what = match scene.case.fault {
        Fault::Unsigned => {
            "The request was taken for one that nobody signed: the names of its X-Amz-* parameters arrived in other capitals"
        }
        _ => "The names of some X-Amz-* parameters arrived in other capitals",
    };
    Some(Finding::new(
        Slot::Query,
        Proof::Exact,
        963,
        Words::of(what),
        cure(scene),
    ))
}
