//! The way from a refused request to its causes.
//!
//! Certain findings first, then one verification of the signature as it is, then the search for what else the client
//! may have signed, then what is likely. Not here: the causes themselves (see `rules`).
//!
//! Keeps true: without a secret nothing is computed; a finding never becomes permission, for the answer is text only.

use countersign_sigv4::{ChunkError, Claim, Form};
use zeroize::Zeroizing;

use crate::budget::{
    Budget, PROPOSALS_EACH_MAX, PROPOSED_BYTES_EACH_MAX, SIGNED_HEADERS_MAX, SKEW_SECONDS_MAX, Tried,
};
use crate::case::{BodyFault, Case, Fault};
use crate::culprit::culprit;
use crate::diagnosis::{Cause, Diagnosis, ForOperator, Otherwise, Proof, Slot, Status};
use crate::hypothesis::{BY_THE_SIGNER, Change, Hypothesis, Proposals};
use crate::leaning;
use crate::parts::Parts;
use crate::repair::{Repaired, plain_signature};
use crate::rules::{Finding, RULES, Rule, sec_rotated};
use crate::scene::Scene;
use crate::search::{Found, Sent, search};
use crate::texts::Texts;
use crate::weights::Weights;
use crate::words::Value;

/// Most likely causes that are listed when nothing is proven.
const INFERENCES_MAX: usize = 3;

/// Hypotheses that a request usually gives, duplicates counted.
const PROPOSALS_TYPICAL: usize = 512;

const NOTE_UNKNOWN_KEY: &str = "No active access key of this server has this id. Check that the client talks to the \
    right server, and that the key was created here.";
const NOTE_NOT_SEARCHED: &str = "The cause was not searched for, to bound the work for refused requests.";

/// Finds out why a request was refused, within a budget.
///
/// The answer explains; it holds no permission and no secret. Without [`Case::secret`] only what the request shows by
/// itself is said.
pub fn diagnose(case: &Case<'_>, budget: Budget<'_>) -> Diagnosis {
    let mut tried = Tried::default();
    let parts = case
        .claim
        .filter(|claim| claim.form != Form::Policy)
        .map(|claim| Parts::of(case, claim));
    let mut scene = Scene::new(case, parts, Otherwise::Unknown);
    let seed = case
        .secret
        .map(|secret| Zeroizing::new([b"AWS4", secret.expose()].concat()));
    let is_searched = budget.singles_bytes_max > 0;
    let searchable_parts = is_searched.then(|| scene.parts.clone()).flatten();
    let sent = match (case.claim, seed) {
        (Some(claim), Some(seed)) if is_searched => {
            wrongly_signed(case, claim, searchable_parts.as_ref(), seed)
        }
        _ => None,
    };
    scene.otherwise = match &sent {
        _ if scene.body_fault().is_some() => Otherwise::Valid,
        Some(sent) if may_verify(case) && sent.verifies_as(sent.signature(), &mut tried) => Otherwise::Valid,
        Some(sent) if is_spelled_otherwise(sent, &mut tried) => Otherwise::Valid,
        Some(_) if may_verify(case) => Otherwise::Invalid,
        _ if case.claim.is_none() && is_searched => repaired(case, &mut tried),
        _ if scene.is_mismatch() => Otherwise::Invalid,
        _ => Otherwise::Unknown,
    };

    let findings = findings(&scene, |rule| rule.check);
    let found = match &sent {
        Some(sent)
            if may_search(case) && (scene.otherwise == Otherwise::Invalid || scene.has_wrong_signature()) =>
        {
            search(sent, proposals(&scene), budget, &mut tried)
        }
        _ => Found::default(),
    };
    let for_operator = match case.fault {
        Fault::UnknownAccessKeyId if is_searched => {
            of_retired_key(&scene, searchable_parts.as_ref(), &mut tried)
        }
        _ => for_operator(&scene, &found),
    };
    let told = conclude(&scene, findings, &found, tried);
    // What it was refused for before its signature was compared is still there.
    let before: &[Cause] = match case.fault {
        Fault::UnknownAccessKeyId => &[],
        _ if scene.has_wrong_signature() => &[],
        _ => &told.causes,
    };
    let for_operator = for_operator.map(|own| ForOperator {
        causes: before.iter().cloned().chain(own.causes).collect(),
        ..own
    });
    Diagnosis {
        // A look is for what the request shows by itself, and the texts are long.
        texts: is_searched.then(|| Texts::of(&scene, &found)).flatten(),
        for_operator,
        ..told
    }
}

/// What only the operator is told of a search.
fn for_operator(scene: &Scene<'_>, found: &Found) -> Option<ForOperator> {
    let causes: Vec<Cause> = found
        .for_operator
        .iter()
        .filter_map(|group| proven_cause(scene, group))
        .collect();
    let slots: Vec<Slot> = causes.iter().map(|cause| cause.slot.clone()).collect();
    Some(ForOperator {
        status: Status::Proven,
        culprit: causes.first().and_then(|cause| culprit(scene, cause)),
        ruled_out: ruled_out(scene, Status::Proven, &slots),
        causes,
    })
    .filter(|told| !told.causes.is_empty())
}

/// What only the operator is told of a key that was one once. Nothing is searched: one computation says whether it signed this.
fn of_retired_key(scene: &Scene<'_>, parts: Option<&Parts>, tried: &mut Tried) -> Option<ForOperator> {
    let known = scene.case.server.key.retired.as_ref()?;
    let claim = scene.claim()?;
    let date_key = known.date_key.as_ref().filter(|_| may_verify(scene.case));
    // There is no secret; the key is given.
    let sent = wrongly_signed(scene.case, claim, parts, Zeroizing::default())?;
    let signed = date_key.map(|date_key| sent.verifies_by(date_key, tried));
    let cause = certain_cause(
        scene,
        &sec_rotated::RULE,
        sec_rotated::of_claimed(scene, known, signed)?,
    );
    let status = match cause.proof {
        Proof::Hmac => Status::Proven,
        Proof::Exact | Proof::Infer => Status::Exact,
    };
    Some(ForOperator {
        status,
        culprit: culprit(scene, &cause),
        ruled_out: Vec::new(),
        causes: vec![cause],
    })
}

/// What was signed and the signature that was sent for it: of the request, or of the chunk or trailer that does not fit.
/// `None` for a request that signs more headers than are looked at.
fn wrongly_signed<'a>(
    case: &Case<'a>,
    claim: &'a Claim,
    parts: Option<&'a Parts>,
    seed: Zeroizing<Vec<u8>>,
) -> Option<Sent<'a>> {
    if claim.signed_headers.len() > SIGNED_HEADERS_MAX {
        return None;
    }
    let sent = match (case.fault, parts) {
        (
            Fault::Body(BodyFault::Chunk(
                ChunkError::SignatureMismatch {
                    provided,
                    string_to_sign,
                    ..
                }
                | ChunkError::TrailerSignatureMismatch {
                    provided,
                    string_to_sign,
                    ..
                },
            )),
            _,
        ) => Sent::text(string_to_sign, claim, seed, provided),
        (_, Some(parts)) => Sent::request(parts, claim, seed),
        (_, None) => {
            let policy = claim.policy.as_deref().unwrap_or_default();
            Sent::text(policy.as_bytes(), claim, seed, &claim.signature)
        }
    };
    Some(sent)
}

/// Whether the signature is right and only written in capitals or in base64.
fn is_spelled_otherwise(sent: &Sent<'_>, tried: &mut Tried) -> bool {
    let signature = plain_signature(sent.signature());
    signature != sent.signature() && sent.verifies_as(&signature, tried)
}

/// Whether the signature of a request that cannot be read as signed is right in a reading that it seems to have.
fn repaired(case: &Case<'_>, tried: &mut Tried) -> Otherwise {
    let Some(secret) = case.secret else {
        return Otherwise::Unknown;
    };
    let readings = Repaired::readings(&case.request);
    let verified: Vec<bool> = readings
        .iter()
        .filter_map(|reading| reading.verifies(&case.request, case.rule, secret, tried))
        .collect();
    match verified.as_slice() {
        [] => Otherwise::Unknown,
        some if some.contains(&true) => Otherwise::Valid,
        [_] => Otherwise::Invalid,
        // Several readings are guesses, and none of them need be what was signed.
        _ => Otherwise::Unknown,
    }
}

/// Whether the signature may be computed as it is.
fn may_verify(case: &Case<'_>) -> bool {
    case.claim
        .is_some_and(|claim| claim.signed_headers.len() <= SIGNED_HEADERS_MAX && claim.signature.len() == 64)
}

/// Whether this kind of request is worth a search.
fn may_search(case: &Case<'_>) -> bool {
    let Some(claim) = case.claim else { return false };
    let skew = claim.time.abs_diff(case.server.now);
    may_verify(case) && (claim.form != Form::Header || skew <= SKEW_SECONDS_MAX)
}

fn proposals(scene: &Scene<'_>) -> Vec<Hypothesis> {
    let weights = Weights::of(scene);
    let mut list = Vec::with_capacity(PROPOSALS_TYPICAL);
    for rule in RULES {
        if let Some(propose) = rule.propose {
            let start = list.len();
            propose(
                scene,
                &mut Proposals {
                    rule,
                    list: &mut list,
                    left: PROPOSALS_EACH_MAX,
                    bytes_left: PROPOSED_BYTES_EACH_MAX,
                },
            );
            weights.weigh(rule.id, list.get_mut(start..).unwrap_or_default());
        }
    }
    if scene.body_fault().is_some() {
        // The secret has signed the request.
        list.retain(|hypothesis| !matches!(hypothesis.change, Change::Seed(_) | Change::DateKey(_)));
    }
    for hypothesis in &mut list {
        hypothesis.weight = leaning::weighed(hypothesis.weight, hypothesis.rule.id, scene);
    }
    list
}

/// What the rules find without a search, best first.
fn findings(
    scene: &Scene<'_>,
    ask: impl Fn(&Rule) -> Option<fn(&Scene<'_>) -> Option<Finding>>,
) -> Vec<(&'static Rule, Finding)> {
    let asked = RULES.iter().filter_map(|rule| ask(rule).map(|ask| (*rule, ask)));
    let mut found: Vec<_> = asked
        .filter_map(|(rule, ask)| ask(scene).map(|finding| (rule, finding)))
        .collect();
    for (rule, finding) in found
        .iter_mut()
        .filter(|(_, finding)| finding.proof == Proof::Infer)
    {
        finding.score = leaning::weighed(finding.score, rule.id, scene);
    }
    found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.score));
    found
}

fn conclude(
    scene: &Scene<'_>,
    findings: Vec<(&'static Rule, Finding)>,
    found: &Found,
    tried: Tried,
) -> Diagnosis {
    let proven: Vec<Cause> = found
        .groups
        .iter()
        .filter_map(|group| proven_cause(scene, group))
        .collect();
    let mut causes: Vec<Cause> = findings
        .into_iter()
        // A proof explains a mismatch completely; what else looks odd was signed like that.
        .filter(|_| proven.is_empty() || !scene.has_wrong_signature())
        .map(|(rule, finding)| certain_cause(scene, rule, finding))
        // Nothing is said twice: a proof says more.
        .filter(|cause| {
            let is_same = |proven: &Cause| proven.id == cause.id && proven.slot == cause.slot;
            !proven.iter().any(is_same)
        })
        .collect();
    // Refused before the comparison of signatures: the most useful word is whether that was the only fault.
    let others = causes.len() > 1;
    if let (Some(cause), true) = (
        causes.last_mut(),
        tried.hashed_bytes > 0 && !scene.has_wrong_signature(),
    ) {
        match scene.otherwise {
            Otherwise::Valid if others => cause.add(". Apart from these the signature is valid"),
            Otherwise::Valid => cause.add(". Apart from that the signature is valid"),
            Otherwise::Invalid if proven.is_empty() => cause.add(". The signature does not match either"),
            _ => {}
        }
    }
    let slots_proven: Vec<Slot> = proven.iter().map(|cause| cause.slot.clone()).collect();
    let other_pair = found.other_pairs.first().map(other_pair);
    causes.extend(proven);
    if let (Some(cause), Some(other)) = (causes.last_mut(), other_pair) {
        cause.ambiguity = Some(other);
    }
    if let (Some(cause), Some(_)) = (causes.last_mut(), scene.body_fault()) {
        cause.add(". The signature of the request is valid");
    }

    let status = match causes.iter().map(|cause| cause.proof).next() {
        _ if !slots_proven.is_empty() => Status::Proven,
        Some(Proof::Exact | Proof::Hmac) => Status::Exact,
        Some(Proof::Infer) => Status::Inferred,
        None => {
            let searched = tried.singles > 0;
            // What is likely needs no search, and is worth saying where none was made, too.
            let likely = self::findings(scene, |rule| rule.infer)
                .into_iter()
                .take(INFERENCES_MAX);
            causes.extend(likely.map(|(rule, finding)| certain_cause(scene, rule, finding)));
            match (searched, causes.is_empty()) {
                (true, _) => Status::Unproven,
                (false, false) if scene.has_wrong_signature() => Status::Skipped,
                (false, false) => Status::Inferred,
                // That nobody has this key is certain; there was nothing to search for.
                (false, true) if matches!(scene.case.fault, Fault::UnknownAccessKeyId) => Status::Exact,
                (false, true) => Status::Skipped,
            }
        }
    };
    let ruled_out = ruled_out(scene, status, &touched(found));
    let culprit = causes.first().and_then(|cause| culprit(scene, cause));
    let note = match scene.case.fault {
        _ if !causes.is_empty() => "",
        Fault::UnknownAccessKeyId => NOTE_UNKNOWN_KEY,
        _ if scene.has_wrong_signature() => NOTE_NOT_SEARCHED,
        _ => "",
    };
    Diagnosis {
        status,
        causes,
        ruled_out,
        otherwise: scene.otherwise,
        culprit,
        tried,
        texts: None,
        note,
        for_operator: None,
    }
}

fn proven_cause(scene: &Scene<'_>, group: &[Hypothesis]) -> Option<Cause> {
    let best = group.first()?;
    let told = best.rule.tell?(scene, best);
    // Nothing says which of the two it was: neither rule knows more about this request than the other.
    let rival = group
        .iter()
        .find(|member| member.rule.id != best.rule.id && member.specificity == best.specificity);
    let mut also: Vec<&'static str> = Vec::new();
    for member in group {
        if member.rule.id != best.rule.id && !also.contains(&member.rule.id) {
            also.push(member.rule.id);
        }
    }
    let mut cause = Cause {
        id: best.rule.id,
        proof: Proof::Hmac,
        slot: best.change.slot(),
        also,
        title: best.rule.title,
        what: told.what,
        cure: told.cure,
        signed: best.signed.clone(),
        received: best.received.clone(),
        is_by_the_signer: best.detail == BY_THE_SIGNER,
        ambiguity: rival.map(|rival| as_well(&format!("{} ({})", rival.rule.title, rival.rule.id))),
    };
    judge(scene, &mut cause);
    Some(cause)
}

/// Two other causes that give the same bytes together.
fn other_pair(ids: &[&'static str; 2]) -> String {
    let titles = ids.map(|id| format!("{} ({id})", crate::rules::title(id).unwrap_or_default()));
    as_well(&titles.join(", and: "))
}

fn as_well(cause: &str) -> String {
    format!("It could as well be: {cause}")
}

fn certain_cause(scene: &Scene<'_>, rule: &'static Rule, finding: Finding) -> Cause {
    let mut cause = Cause {
        id: rule.id,
        proof: finding.proof,
        slot: finding.slot,
        also: finding.also,
        title: rule.title,
        what: finding.told.what,
        cure: finding.told.cure,
        signed: finding.signed,
        received: finding.received,
        is_by_the_signer: false,
        ambiguity: None,
    };
    judge(scene, &mut cause);
    cause
}

/// The last word about every value of a cause. Judged whole, and kept no longer than it may be shown: diagnoses are remembered.
fn judge(scene: &Scene<'_>, cause: &mut Cause) {
    let judge = |value: &mut Value| {
        scene.judge(value);
        value.shorten();
    };
    cause.slot.shorten();
    cause.what.judge(&judge);
    cause.cure.judge(&judge);
    for value in [&mut cause.signed, &mut cause.received].into_iter().flatten() {
        judge(value);
    }
}

/// The parts that proven changes touch.
fn touched(found: &Found) -> Vec<Slot> {
    let changes = found.groups.iter().filter_map(|group| group.first());
    let slots = changes.flat_map(|hypothesis| {
        let with_it = match &hypothesis.change {
            Change::Payload { header_too: true, .. } => Some(Slot::Header("x-amz-content-sha256".to_owned())),
            _ => None,
        };
        std::iter::once(hypothesis.change.slot()).chain(with_it)
    });
    slots.collect()
}

/// What a match says about everything that was left unchanged: a sentence for each part.
fn ruled_out(scene: &Scene<'_>, status: Status, touched: &[Slot]) -> Vec<&'static str> {
    let is_known = scene.otherwise == Otherwise::Valid || status == Status::Proven;
    if !is_known {
        return Vec::new();
    }
    let is_request = scene.parts.is_some();
    let is_form = scene.claim().is_some_and(|claim| claim.form == Form::Policy);
    let is_changed = |slots: &[Slot]| touched.iter().any(|slot| slots.contains(slot));
    // The host is a signed header, too, with a sentence of its own.
    let header_changed = touched
        .iter()
        .any(|slot| matches!(slot, Slot::Header(_) | Slot::Host | Slot::HostAndUri));
    // The layout of the header lines is another matter than what stands in them.
    let headers = match header_changed {
        true => "All other signed headers arrived as they were signed.",
        false => "The signed headers arrived as they were signed.",
    };
    let sentences = [
        (
            true,
            is_changed(&[Slot::Secret]),
            "The secret access key is correct.",
        ),
        (
            true,
            is_changed(&[Slot::Scope]),
            "The signing key was made for the date, region and service in the credential.",
        ),
        (
            is_form,
            is_changed(&[Slot::Policy]),
            "The policy of the form arrived as it was signed.",
        ),
        (
            is_request,
            is_changed(&[Slot::Method]),
            "The method arrived as it was signed.",
        ),
        (
            is_request,
            is_changed(&[Slot::Host, Slot::HostAndUri]),
            "The host arrived as it was signed.",
        ),
        (
            is_request,
            is_changed(&[Slot::Uri, Slot::HostAndUri]),
            "The path arrived as it was signed.",
        ),
        (
            is_request,
            is_changed(&[Slot::Query]),
            "The query arrived as it was signed.",
        ),
        (is_request, is_changed(&[Slot::SignedHeaders]), headers),
        (
            is_request,
            is_changed(&[Slot::Payload]),
            "The payload line arrived as it was signed.",
        ),
        (
            is_request,
            is_changed(&[Slot::Time]),
            "The time of signing arrived as it was signed.",
        ),
    ];
    sentences
        .into_iter()
        .filter(|(applies, changed, _)| *applies && !changed)
        .map(|(_, _, sentence)| sentence)
        .collect()
}

#[cfg(test)]
mod tests;
