//! What a diagnosis is told of the access key that a refused request claims: the other keys of the same principal, what became of a key
//! that was one once, and how it fared lately.
//!
//! Not here: what is made of it. Nothing is looked up for an id that nobody has and nobody had, and nothing of it is ever verified with.

use std::net::IpAddr;

use countersign_diagnose::{DateKey, KeyFacts, KnownKey, Lately, Retired};
use countersign_identity as identity;
use countersign_sigv4 as sigv4;
use countersign_types::Moment;

use crate::gateway::Gateway;
use crate::key_memory::Kind;
use crate::refusal::{Refusal, Refused};

/// The key of an id that was one once, if that is why the request is refused.
pub(super) fn retired(gateway: &Gateway, refused: &Refused, now: Moment) -> Option<KnownKey> {
    let claim = refused.claim.as_ref()?;
    let is_unknown = matches!(refused.refusal, Refusal::UnknownAccessKeyId);
    let directory = &gateway.directory;
    let retired = is_unknown.then(|| directory.retired_key(&claim.access_key_id, &claim.scope.date, now));
    retired.flatten().map(known)
}

/// Adds what is known of the key of somebody: its kin, and how it fared.
pub(super) fn tell(gateway: &Gateway, refused: &Refused, facts: &mut KeyFacts, client: IpAddr, now: Moment) {
    let (Some(claim), Some(resolved)) = (&refused.claim, &refused.resolved) else {
        return;
    };
    let directory = &gateway.directory;
    let history = directory.key_history(resolved, now);
    let others = directory.other_keys(resolved, &claim.scope.date, now);
    facts.others = others.into_iter().map(known).collect();
    facts.lately = Lately {
        is_unused: history.is_unused,
        is_rotated: history.is_rotated,
        ..gateway.keys.of(&claim.access_key_id, client, now.seconds())
    };
}

/// Remembers that the signature of a request did not match, if the key is somebody's.
pub(super) fn note_refused(gateway: &Gateway, refused: &Refused, method: &str, client: IpAddr, now: Moment) {
    let is_mismatch = matches!(
        refused.refusal,
        Refusal::Signature(sigv4::Refusal::SignatureMismatch)
    );
    if let (true, Some(resolved)) = (is_mismatch, &refused.resolved) {
        let id = &resolved.access_key.access_key_id;
        gateway.keys.refused(id, client, Kind::of(method), now.seconds());
    }
}

fn known(key: identity::OtherKey) -> KnownKey {
    KnownKey {
        access_key_id: key.access_key_id,
        retired: key.retired.map(|retired| match retired {
            identity::Retired::Removed(at) => Retired::Removed { at: at.seconds() },
            identity::Retired::Inactive => Retired::Inactive,
            identity::Retired::Expired(at) => Retired::Expired { at: at.seconds() },
        }),
        date_key: key.date_key.map(DateKey::new),
    }
}
