//! SCP-AUTO: the credential names a region that only another vendor knows.

use super::credential::region;
use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "SCP-AUTO",
        "The region is a name of another vendor",
        include_str!("../../pages/SCP-AUTO.md"),
    )
};

const ALIASES: [(&str, &str); 12] = [
    ("auto", "a name Cloudflare R2 uses"),
    ("wnam", "a name Cloudflare R2 uses"),
    ("enam", "a name Cloudflare R2 uses"),
    ("weur", "a name Cloudflare R2 uses"),
    ("garage", "the default name of Garage"),
    ("aws-global", "an SDK's name for the global endpoint"),
    ("s3-global", "an SDK's name for the global endpoint"),
    ("default", "a placeholder"),
    ("US", "the old name of us-east-1 in bucket locations"),
    ("EU", "the old name of eu-west-1 in bucket locations"),
    ("us-standard", "the old name of us-east-1"),
    ("us_east_1", "us-east-1 written with underscores"),
];

/// Who uses this name of a region, in words.
pub(super) fn vendor(region: &str) -> Option<&'static str> {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == region)
        .map(|(_, words)| *words)
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let got = region(scene)?;
    let vendor = vendor(&got).filter(|_| got != scene.case.server.region)?;
    let (got, expected) = (
        Value::received(got),
        Value::answered(scene.case.server.region.clone()),
    );
    let what = Words::of("The client signed for region ")
        .value(&got, "an alias")
        .say(format!(", {vendor}"));
    let cure = Words::of(scene.facts.signer.region_setting())
        .value(&expected, "the one that Region names")
        .say(".");
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 960, what, cure);
    (finding.signed, finding.received) = (Some(got), Some(expected));
    Some(finding)
}
