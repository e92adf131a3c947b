//! SEC-SPACE: a blank, tab or invisible character was pasted with the secret.

use super::prelude::*;
use super::secret::{propose_secret, with_secret};

pub(crate) static RULE: Rule = Rule {
    weight: 640,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "SEC-SPACE",
        "White space was pasted with the secret",
        include_str!("../../pages/SEC-SPACE.md"),
    )
};

const MARKS: [(&str, &str, &str); 5] = [
    (" ", "a blank after it", "a blank before it"),
    ("\t", "a tab after it", "a tab before it"),
    (
        "\u{a0}",
        "a no-break space after it",
        "a no-break space before it",
    ),
    (
        "\u{feff}",
        "an invisible byte order mark after it",
        "an invisible byte order mark before it",
    ),
    (
        "\u{200b}",
        "an invisible zero-width space after it",
        "an invisible zero-width space before it",
    ),
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    with_secret(scene, |secret| {
        for (mark, after, before) in MARKS {
            propose_secret(out, &[secret, mark.as_bytes()], after);
            propose_secret(out, &[mark.as_bytes(), secret], before);
        }
        propose_secret(out, &[b" ", secret, b" "], "a blank on both sides");
    });
}

fn tell(scene: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The client's secret has {}", hypothesis.detail)),
        cure: Words::of("Remove it from ")
            .say(scene.facts.signer.where_secret())
            .say(", then restart the client."),
    }
}
