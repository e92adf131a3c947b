//! ACC-OWNER: the bucket does not belong to the account that the request expects.
//!
//! Not here: whose it is; whoever has to guess is not told.

use super::prelude::*;
use crate::case::Fault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "ACC-OWNER",
        "The bucket belongs to another account than the request expects",
        include_str!("../../pages/ACC-OWNER.md"),
    )
};

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let Fault::OwnerDiffers { header } = scene.case.fault else {
        return None;
    };
    let expected = Value::received(scene.header(header).unwrap_or_default());
    let what = Words::of(format!("{header} names the account "))
        .value(&expected, "that the request expects")
        .say(", and the bucket belongs to another");
    let is_account_id = expected.bytes.len() == 12 && expected.bytes.iter().all(u8::is_ascii_digit);
    let place = match scene.facts.signer.where_expected_owner() {
        "" => String::new(),
        place => format!(" ({place})"),
    };
    let cure = if is_account_id {
        format!(
            "Check the bucket's name and the server, send the id of the account that owns the bucket, or leave the header out{place}."
        )
    } else {
        format!("Send the account's id, which has 12 digits, or leave the header out{place}.")
    };
    let slot = Slot::Header(header.to_owned());
    let mut finding = Finding::new(slot, Proof::Exact, 900, what, Words::of(cure));
    finding.received = Some(expected);
    Some(finding)
}
