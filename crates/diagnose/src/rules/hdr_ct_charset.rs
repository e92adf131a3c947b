//! HDR-CT-CHARSET: a charset was added to Content-Type after signing, lost, or written differently.
//!
//! Not here: another type altogether, see `hdr_ct_changed`.

use super::content_type::{essence, propose_type, received};
use super::prelude::*;
use crate::facts::Client;

pub(crate) static RULE: Rule = Rule {
    weight: 820,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-CT-CHARSET",
        "The charset in Content-Type differs from what was signed",
        include_str!("../../pages/HDR-CT-CHARSET.md"),
    )
};

const CHARSETS: [&str; 6] = [
    "; charset=utf-8",
    ";charset=utf-8",
    "; charset=UTF-8",
    ";charset=UTF-8",
    "; Charset=UTF-8",
    "; charset=\"utf-8\"",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let sent = received(scene);
    if !scene.signs("content-type") || sent.is_empty() || essence(sent).starts_with(b"multipart/") {
        return;
    }
    let bare = essence(sent);
    // Other parameters and other letters of the type itself are a changed type, not a changed charset.
    if names_a_charset(sent) {
        propose_type(scene, out, bare.to_vec(), 820, 30);
        propose_type(scene, out, sent.to_ascii_lowercase(), 700, 28);
        let tight: Vec<u8> = sent.iter().copied().filter(|&b| b != b' ').collect();
        propose_type(scene, out, tight, 700, 28);
    }
    for charset in CHARSETS {
        propose_type(scene, out, [bare, charset.as_bytes()].concat(), 810, 30);
    }
}

fn names_a_charset(value: &[u8]) -> bool {
    value
        .to_ascii_lowercase()
        .windows(8)
        .any(|window| window == b"charset=")
}

/// The value without what only looks different: capitals, blanks, quotes.
fn plain(value: &[u8]) -> Vec<u8> {
    let kept = value.iter().filter(|b| !b" \"".contains(b));
    kept.map(u8::to_ascii_lowercase).collect()
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let (Some(signed), Some(received)) = (&hypothesis.signed, &hypothesis.received) else {
        return Told {
            what: Words::of(RULE.title),
            cure: Words::of("Send the Content-Type that was signed."),
        };
    };
    let appended = names_a_charset(&received.bytes) && !names_a_charset(&signed.bytes);
    let what = Words::of(if appended {
        "A charset was appended after signing: "
    } else if plain(&received.bytes) == plain(&signed.bytes) {
        "The charset was written in another way, in its blanks, capitals or quotes: "
    } else if names_a_charset(&signed.bytes) && !names_a_charset(&received.bytes) {
        "The charset was lost after signing: "
    } else {
        "The charset was changed: "
    })
    .value(signed, "one Content-Type")
    .say(" was signed, ")
    .value(received, "another")
    .say(" was sent");
    let cure = match appended {
        true if scene.facts.browser => Client::Browser.no_charset_setting(),
        true => scene.facts.client.no_charset_setting(),
        false => "Send the Content-Type letter by letter as it was signed",
    };
    Told {
        what,
        cure: Words::of(cure).say("."),
    }
}
