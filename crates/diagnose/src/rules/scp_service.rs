//! SCP-SERVICE: the request was signed for another service than S3.

use super::prelude::*;

pub(crate) static RULE: Rule = Rule {
    weight: 440,
    propose: Some(propose),
    tell: Some(tell),
    check: Some(check),
    ..Rule::new(
        "SCP-SERVICE",
        "The request was signed for another service",
        include_str!("../../pages/SCP-SERVICE.md"),
    )
};

const SERVICES: [&str; 7] = [
    "s3",
    "execute-api",
    "es",
    "sts",
    "iam",
    "s3express",
    "s3-object-lambda",
];

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let Some(claim) = scene.claim() else { return };
    for service in SERVICES {
        let scope = countersign_sigv4::Scope {
            service: service.into(),
            ..claim.scope.clone()
        };
        if let Some(hypothesis) = out.add(Change::KeyScope(scope)) {
            hypothesis.specificity = 20;
            hypothesis.signed = Some(Value::constant(service));
            hypothesis.received = Some(Value::received(claim.scope.service.as_str()));
        }
    }
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    let what = Words::of("The signing key was derived for ");
    let what = match (&hypothesis.signed, &hypothesis.received) {
        (Some(used), Some(said)) => what.framed("service ", used, "", "another service").framed(
            ", while the credential says ",
            said,
            "",
            " than the credential says",
        ),
        _ => what.say("another service"),
    };
    Told {
        what,
        cure: Words::of("Use the same service, s3, in the credential and in the derivation of the key."),
    }
}

fn check(scene: &Scene<'_>) -> Option<Finding> {
    let got = &scene.claim()?.scope.service;
    if *got == scene.case.server.service {
        return None;
    }
    let (got, expected) = (
        Value::received(got.as_str()),
        Value::answered(scene.case.server.service.clone()),
    );
    let what = Words::of("The request was signed for service ")
        .value(&got, "another service")
        .say(", this endpoint belongs to ")
        .value(&expected, "s3");
    let signer = scene.facts.signer;
    let cure = Words::of(signer.service_setting())
        .say(" for service ")
        .value(&expected, "s3")
        .say(if signer.signs() {
            "."
        } else {
            " (signing proxies: --name or service_name)."
        });
    let mut finding = Finding::new(Slot::Scope, Proof::Exact, 940, what, cure);
    (finding.signed, finding.received) = (Some(got), Some(expected));
    Some(finding)
}
