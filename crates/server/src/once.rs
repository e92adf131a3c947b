//! One-time links: which request is one, and what tells it from all others.
//!
//! Its id is the hash of its signature, so the same link is the same link in whatever order its parameters stand. Two links
//! for the same thing that are signed in the same second with the same lifetime have one signature, and are one link.
//!
//! Not here: reading the parameter (`protocol::once`), and that no link is used twice (`store`).

use countersign_protocol::{Named, ParseError, once};
use countersign_sigv4::Form;
use countersign_store::OneTimeLink;
use countersign_types::Moment;
use sha2::{Digest, Sha256};

use crate::pipeline::proof::Signature;

/// Refuses a request that says it is good for one use and is no presigned link.
pub(crate) fn check(named: &Named, signature: Option<&Signature>) -> Result<(), ParseError> {
    if named.is_once && link(named, signature).is_none() {
        return Err(once::misplaced("1"));
    }
    Ok(())
}

/// The link, if it is good for one use.
pub(crate) fn link(named: &Named, signature: Option<&Signature>) -> Option<OneTimeLink> {
    let claim = &signature?.claim;
    let lifetime = claim.expires.filter(|_| claim.form == Form::Query)?;
    named.is_once.then(|| OneTimeLink {
        id: Sha256::digest(&claim.signature).into(),
        made: Moment::from_seconds(claim.time),
        ends: Moment::from_seconds(claim.time.saturating_add_unsigned(lifetime)),
    })
}
