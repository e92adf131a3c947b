//! The one place where a secret is changed for a hypothesis.
//!
//! INVARIANT: a transform is allowed only if guessing its result is as hard as guessing the secret: it does not depend on the
//! secret at all, the secret can be computed back from the result, or it is a cryptographic hash of all of it. Nothing is cut off,
//! folded or replaced by less, since that would let somebody find the secret piece by piece.

use zeroize::Zeroizing;

use super::prelude::*;
use crate::hypothesis::Seed;

/// Runs `make` with the secret, if there is one.
pub(super) fn with_secret(scene: &Scene<'_>, make: impl FnOnce(&[u8])) {
    if let Some(secret) = scene.case.secret {
        make(secret.expose());
    }
}

/// Proposes that the client's secret was these pieces, one after the other.
pub(super) fn propose_secret(out: &mut Proposals<'_>, pieces: &[&[u8]], detail: &'static str) {
    let length = 4 + pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let mut seed = Zeroizing::new(Vec::with_capacity(length));
    seed.extend_from_slice(b"AWS4");
    for piece in pieces {
        seed.extend_from_slice(piece);
    }
    propose_seed(out, seed, detail);
}

/// Proposes another start value of the signing key.
pub(super) fn propose_seed(out: &mut Proposals<'_>, seed: Zeroizing<Vec<u8>>, detail: &'static str) {
    if let Some(hypothesis) = out.add(Change::Seed(Seed(seed))) {
        hypothesis.specificity = 20;
        hypothesis.detail = detail;
    }
}

/// `from` replaced by the longer `to` everywhere.
pub(super) fn replaced(secret: &[u8], from: u8, to: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(secret.len() * to.len().max(1)));
    for &byte in secret {
        if byte == from {
            out.extend_from_slice(to);
        } else {
            out.push(byte);
        }
    }
    out
}
