//! HST-BUCKET-TWICE: the bucket stands once too often in the path on one side, or is missing there.
//!
//! Not here: a bucket that moved between host and path (`hst_vhost`), and other prefixes (`hst_prefix`).

use super::hst_prefix::first_segment;
use super::path::{propose_uri, with_both_paths};
use super::prelude::*;
use crate::scene::{is_loopback, split_port};

pub(crate) static RULE: Rule = Rule {
    weight: 540,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HST-BUCKET-TWICE",
        "The bucket stands in the path twice, or not at all",
        include_str!("../../pages/HST-BUCKET-TWICE.md"),
    )
};

const SIGNED_ONCE_MORE: &str = "The bucket was signed once more than it was sent";
const SENT_ONCE_MORE: &str = "The bucket was sent once more than it was signed";
const NOT_SIGNED: &str = "The path was signed without the bucket";

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(parts) = &scene.parts else { return };
    let uri = parts.uri.as_slice();
    let (name, _) = split_port(scene.host());
    let label = name.split(|&b| b == b'.').next().unwrap_or_default();
    let in_host = (label.len() < name.len() && !is_loopback(name)).then(|| [b"/", label].concat());
    let Some((first, rest)) = first_segment(uri) else {
        if let Some(bucket) = in_host {
            propose_uri(scene, out, [&bucket, uri].concat(), 30, SIGNED_ONCE_MORE);
        }
        return;
    };
    propose_uri(scene, out, [first, uri].concat(), 36, SIGNED_ONCE_MORE);
    if let Some(bucket) = in_host.as_deref().filter(|bucket| *bucket != first) {
        propose_uri(scene, out, [bucket, uri].concat(), 30, SIGNED_ONCE_MORE);
    }
    let rest = if rest.is_empty() { b"/" } else { rest };
    let twice =
        in_host.as_deref() == Some(first) || first_segment(rest).is_some_and(|(second, _)| second == first);
    if twice {
        propose_uri(scene, out, rest.to_vec(), 36, SENT_ONCE_MORE);
    } else {
        propose_uri(scene, out, rest.to_vec(), 18, NOT_SIGNED);
    }
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let cure = if hypothesis.detail == NOT_SIGNED {
        Words::of("Sign the whole path, bucket included. If the host names the bucket: ")
            .say(scene.facts.signer.host_style_setting())
            .say(".")
    } else {
        Words::of("Take the bucket out of ")
            .say(scene.facts.signer.where_endpoint())
            .say("; the client puts it in itself.")
    };
    Told {
        what: with_both_paths(Words::of(hypothesis.detail), hypothesis),
        cure,
    }
}
