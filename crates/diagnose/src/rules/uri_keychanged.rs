//! URI-KEYCHANGED: the link is one for another object.
//!
//! Keeps true: which object cannot be guessed; what the request itself names is tried, and what web servers put in place of
//! a folder. Otherwise it is only likely.

use countersign_sigv4::PathRule;

use super::path::{propose_uri, with_both_paths};
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 410,
    propose: Some(propose),
    tell: Some(tell),
    infer: Some(infer),
    ..Rule::new(
        "URI-KEYCHANGED",
        "The link was signed for another object",
        include_str!("../../pages/URI-KEYCHANGED.md"),
    )
};

/// What web servers answer with for a folder.
const DOCUMENTS: [&str; 3] = ["index.html", "index.htm", "default.html"];
/// Longest path that is taken from a header.
const PATH_BYTES_MAX: usize = 1_024;

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    if !scene.is_presigned() {
        return;
    }
    let Some(parts) = &scene.parts else { return };
    if let Some(path) = referring_path(scene) {
        propose_uri(scene, out, path, 33, "");
    }
    let uri = parts.uri.as_slice();
    for document in DOCUMENTS {
        match uri.strip_suffix(document.as_bytes()) {
            Some(folder) if folder.ends_with(b"/") => {
                propose_uri(scene, out, folder.to_vec(), 33, "");
                let bare = folder.strip_suffix(b"/").filter(|bare| !bare.is_empty());
                if let Some(bare) = bare {
                    propose_uri(scene, out, bare.to_vec(), 33, "");
                }
            }
            _ if uri.ends_with(b"/") => {
                propose_uri(scene, out, [uri, document.as_bytes()].concat(), 33, "");
            }
            _ => {}
        }
    }
    if let Some(page) = uri.strip_suffix(b".html") {
        propose_uri(scene, out, page.to_vec(), 33, "");
    }
}

/// The canonical path of the page that refers to this one, where it stands on the same host.
fn referring_path(scene: &Scene<'_>) -> Option<Vec<u8>> {
    let referer = scene.header("referer")?;
    let after = referer
        .strip_prefix(b"https://")
        .or_else(|| referer.strip_prefix(b"http://"))?;
    let path = after.strip_prefix(scene.host())?;
    let end = path
        .iter()
        .position(|b| matches!(b, b'?' | b'#'))
        .unwrap_or(path.len());
    let path = path
        .get(..end)
        .filter(|path| path.starts_with(b"/") && path.len() <= PATH_BYTES_MAX)?;
    Some(PathRule::S3.canonical_uri(path).into_bytes())
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: with_both_paths(Words::of("The link was signed for another object"), hypothesis),
        cure: cure(scene),
    }
}

fn cure(scene: &Scene<'_>) -> Words {
    let call = match scene.facts.signer.link_call() {
        "" => String::new(),
        call => format!(" with {call}"),
    };
    let way = match scene.facts.proxy_evidence {
        Some(_) => format!(
            "; a link is for one key. {}",
            scene.facts.at_the_proxy(scene.facts.proxy.keep_object_setting())
        ),
        None => ". A link cannot be bent to another key, and a web server or page must not rewrite its path."
            .to_owned(),
    };
    Words::of(format!("Sign a link for each object{call}{way}"))
}

fn infer(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_mismatch() || !scene.is_presigned() {
        return None;
    }
    // A key that verified on this very host is known to somebody; but so it is where a link is made with another secret.
    let host_is_right = scene
        .case
        .server
        .seen_hosts
        .iter()
        .any(|seen| seen.as_bytes() == scene.host());
    let score = if host_is_right { 350 } else { 240 };
    let what = Words::of("the link was made for another object, and its path was changed after signing");
    let mut finding = Finding::new(Slot::Uri, Proof::Infer, score, what, cure(scene));
    finding.received = scene
        .parts
        .as_ref()
        .map(|parts| Value::answered(parts.uri.clone()));
    Some(finding)
}
