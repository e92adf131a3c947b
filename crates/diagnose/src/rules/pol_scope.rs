//! POL-SCOPE: the policy was signed with a key for another day or region than `x-amz-credential` says.

use countersign_sigv4::{Form, PolicyDocument, Scope, SmolStr, policy_document::Condition};

use super::prelude::*;
use super::{clk_scopedate, scp_region_key};

pub(crate) static RULE: Rule = Rule {
    weight: 690,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "POL-SCOPE",
        "The policy was signed for another scope than the form says",
        include_str!("../../pages/POL-SCOPE.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(claim) = scene.claim().filter(|claim| claim.form == Form::Policy) else {
        return;
    };
    let signed = claim.policy.as_deref().and_then(scope_in_policy);
    if let Some(scope) = signed
        && let Some(hypothesis) = out.add(Change::KeyScope(scope.clone()))
    {
        hypothesis.specificity = 25;
        hypothesis.signed = Some(Value::received(scope.to_string()));
        hypothesis.received = Some(Value::received(claim.scope.to_string()));
    }
    clk_scopedate::propose_days(claim, out);
    scp_region_key::propose_regions(scene, claim, out);
}

/// The scope that the policy itself asks for.
fn scope_in_policy(policy: &str) -> Option<Scope> {
    let document = PolicyDocument::parse_base64(policy).ok()?;
    let credential = document.conditions.iter().find_map(|condition| match condition {
        Condition::Equals { field, value } if field == "x-amz-credential" => Some(value),
        _ => None,
    })?;
    let mut parts = credential.split('/').skip(1);
    let mut part = || parts.next().map(SmolStr::from);
    Some(Scope {
        date: part()?,
        region: part()?,
        service: part()?,
    })
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let empty = Value::constant("");
    let (used, said) = (
        hypothesis.signed.as_ref().unwrap_or(&empty),
        hypothesis.received.as_ref().unwrap_or(&empty),
    );
    Told {
        what: Words::of("The key that signed the policy was derived for ")
            .value(used, "another scope")
            .say(", while x-amz-credential says ")
            .value(said, "this one"),
        cure: Words::of(
            "Derive the key from the day and region of x-amz-credential, and make it anew each UTC day.",
        ),
    }
}
