//! PAY-CE: `Content-Encoding` with `aws-chunked` was signed and arrived otherwise.
//!
//! Not here: other codings, which nobody has a reason to change for the sake of a stream.

use super::framing::is_streamed;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 730,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "PAY-CE",
        "Content-Encoding: aws-chunked was changed on the way",
        include_str!("../../pages/PAY-CE.md"),
    )
};

const NAME: &str = "content-encoding";

const VALUES: [&str; 9] = [
    "aws-chunked",
    "aws-chunked,gzip",
    "aws-chunked, gzip",
    "gzip,aws-chunked",
    "gzip, aws-chunked",
    "gzip",
    "zstd,aws-chunked",
    "zstd, aws-chunked",
    "",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let received = scene
        .parts
        .as_ref()
        .and_then(|parts| parts.signed_header(NAME))
        .map(<[u8]>::to_vec);
    let Some(received) = received.filter(|value| is_streamed(scene) || names_chunks(value)) else {
        return;
    };
    // What arrived with the word put before it and behind it, for codings that stand in no list.
    let mut values: Vec<Vec<u8>> = VALUES.iter().map(|value| value.as_bytes().to_vec()).collect();
    if !received.is_empty() && !names_chunks(&received) {
        for (before, after) in [
            ("aws-chunked,", ""),
            ("aws-chunked, ", ""),
            ("", ",aws-chunked"),
            ("", ", aws-chunked"),
        ] {
            values.push([before.as_bytes(), &received, after.as_bytes()].concat());
        }
    }
    for value in values {
        let signed = Value::constant(value.clone());
        if let Some(hypothesis) = out.add(Change::Header {
            name: NAME.to_owned(),
            value,
        }) {
            hypothesis.specificity = 36;
            hypothesis.signed = Some(signed);
            hypothesis.received = scene.has_header(NAME).then(|| Value::received(received.clone()));
        }
    }
}

fn names_chunks(value: &[u8]) -> bool {
    crate::scene::contains(value, b"aws-chunked")
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let nothing = Value::constant("");
    let signed = hypothesis.signed.as_ref().unwrap_or(&nothing);
    let what = Words::of("Content-Encoding was changed after signing: ")
        .value(signed, "another value")
        .say(" was signed, ");
    let what = match &hypothesis.received {
        Some(received) => what.value(received, "another").say(" arrived"),
        None => what.say("none arrived"),
    };
    let cure = match scene.facts.proxy_evidence {
        Some(_) => format!(
            "Content-Encoding must arrive letter by letter. {}.",
            scene.facts.leave_header_setting()
        ),
        None => {
            "Send Content-Encoding letter by letter as it was signed; a proxy or CDN on the way must not change it."
                .to_owned()
        }
    };
    Told {
        what,
        cure: Words::of(cure),
    }
}
