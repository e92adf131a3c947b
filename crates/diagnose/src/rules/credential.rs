//! The region and service a request names, read leniently where the claim could not be made.
//!
//! Not here: whether they are right.

use super::prelude::*;
use countersign_sigv4::Refusal;

/// The region in the credential as sent, if the refusal or the claim tells it.
pub(super) fn region(scene: &Scene<'_>) -> Option<String> {
    match scene.refusal() {
        Some(Refusal::RegionWrong { got, .. }) => Some(got.clone()),
        Some(Refusal::RegionEmpty { .. }) => Some(String::new()),
        _ => scene.claim().map(|claim| claim.scope.region.to_string()),
    }
}
