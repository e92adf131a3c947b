//! POL-B64: the policy was signed in another spelling than it was sent in.
//!
//! What is signed is the text of the field `policy`, to the letter; encoders differ in line breaks, alphabet and padding.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use countersign_sigv4::decode_percent;

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 700,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "POL-B64",
        "The policy was signed in another spelling than it was sent in",
        include_str!("../../pages/POL-B64.md"),
    )
};

/// Where MIME and PEM break their lines.
const LINE_LENGTHS: [usize; 2] = [76, 64];
/// What HTML templates make of the characters of base64.
const ESCAPES: [(&str, &str); 6] = [
    ("&#43;", "+"),
    ("&#x2B;", "+"),
    ("&#47;", "/"),
    ("&#x2F;", "/"),
    ("&#61;", "="),
    ("&#x3D;", "="),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(sent) = scene.claim().and_then(|claim| claim.policy.as_deref()) else {
        return;
    };
    let mut add = |text: Vec<u8>, detail: &'static str| {
        let slot = Slot::Policy;
        if let Some(hypothesis) = out.add(Change::Text { text, slot }) {
            hypothesis.specificity = 30;
            hypothesis.detail = detail;
        }
    };
    let plain: String = sent.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    add(
        plain.clone().into(),
        "The policy arrived with line breaks or blanks that were not signed",
    );
    add(
        sent.replace(' ', "+").into(),
        "Each + of the policy arrived as a blank",
    );
    for length in LINE_LENGTHS {
        for line_break in ["\n", "\r\n"] {
            let lines = broken(&plain, length, line_break);
            add(
                format!("{lines}{line_break}").into(),
                "The policy was signed with line breaks that were not sent",
            );
            add(
                lines.into(),
                "The policy was signed with line breaks that were not sent",
            );
        }
    }
    add(
        format!("{plain}\n").into(),
        "The policy was signed with a line break at its end",
    );
    let url_safe = plain.replace('+', "-").replace('/', "_");
    add(
        url_safe.into(),
        "The policy was signed in the base64 of URLs and sent in the usual one",
    );
    let standard = plain.replace('-', "+").replace('_', "/");
    add(
        standard.clone().into(),
        "The policy was signed in the usual base64 and sent in that of URLs",
    );
    let bare = plain.trim_end_matches('=');
    add(bare.into(), "The policy was signed without the = at its end");
    let padded = format!("{bare}{}", "=".repeat((4 - bare.len() % 4) % 4));
    add(padded.into(), "The policy was sent without the = at its end");
    let decoded = STANDARD_NO_PAD
        .decode(standard.trim_end_matches('='))
        .or_else(|_| URL_SAFE_NO_PAD.decode(bare));
    if let Ok(json) = decoded {
        add(
            STANDARD.encode(&json).into(),
            "The policy was encoded in another way after it was signed",
        );
        add(
            json.trim_ascii().to_vec(),
            "The JSON of the policy was signed instead of its base64",
        );
        add(json, "The JSON of the policy was signed instead of its base64");
    }
    add(
        STANDARD.encode(&plain).into(),
        "The base64 of the policy was encoded once more before it was signed",
    );
    let percent = plain.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    add(
        percent.into(),
        "The policy was signed percent-encoded and sent plain",
    );
    add(
        decode_percent(sent.as_bytes()),
        "The policy was sent percent-encoded",
    );
    let unescaped = ESCAPES.iter().fold(sent.to_owned(), |text, (escape, plain)| {
        text.replace(escape, plain)
    });
    add(unescaped.into(), "The policy was sent with HTML escapes");
}

fn broken(text: &str, length: usize, line_break: &str) -> String {
    let lines: Vec<String> = text
        .as_bytes()
        .chunks(length)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join(line_break)
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(hypothesis.detail),
        cure: Words::of(
            "Sign exactly the text that the field policy carries: the base64 of the JSON, in one line.",
        ),
    }
}
