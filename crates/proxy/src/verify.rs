//! Who signed a request: the one holder of the key, or nobody.
//!
//! Not here: the texts of refusals, and what explains them. Keeps true: only [`verify`] makes a [`Verified`], in the order in which
//! AWS checks: structure, region, date, expiry, key, signature.

use countersign_diagnose::presumed_access_key_id;
use countersign_identity::Resolved;
use countersign_protocol::Form;
use countersign_server::front::{Refusal, Refused};
use countersign_sigv4::{self as sigv4, ChunkSeed, Claim, Expected, PathRule, Request, SigningKey};

use crate::key::Key;

/// A signature that matched.
pub(crate) struct Verified {
    claim: Claim,
    signing_key: SigningKey,
}

impl Verified {
    /// What the request said about itself.
    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Where the chain of its chunks starts.
    pub(crate) fn chunk_seed(&self) -> ChunkSeed {
        ChunkSeed::of(&self.claim, &self.signing_key)
    }

    /// A refusal of this request for something else than its signature.
    pub(crate) fn refused(&self, key: &Key, refusal: Refusal) -> Box<Refused> {
        Box::new(Refused {
            claim: Some(self.claim.clone()),
            resolved: Some(key.resolved()),
            ..*Refused::new(refusal)
        })
    }
}

/// Verifies a request, or a form whose claim stands in its fields; `None` if nobody signed it.
pub(crate) fn verify(
    request: &Request<'_>,
    form: Option<&Form>,
    expected: &Expected<'_>,
    key: &Key,
) -> Result<Option<Verified>, Box<Refused>> {
    let claim = read_claim(request, form).map_err(|refusal| {
        let is_ours = presumed_access_key_id(request).is_some_and(|id| id == key.id());
        refused(Refusal::Signature(refusal), None, is_ours.then(|| key.resolved()))
    })?;
    let Some(claim) = claim else {
        return Ok(None);
    };
    let resolved = (claim.access_key_id == key.id()).then(|| key.resolved());
    if let Err(refusal) = claim.check(request, expected) {
        return Err(refused(Refusal::Signature(refusal), Some(claim), resolved));
    }
    let Some(resolved) = resolved else {
        return Err(refused(Refusal::UnknownAccessKeyId, Some(claim), None));
    };
    if !key.has_token(claim.session_token.as_deref()) {
        // AWS knows no temporary key without its token.
        let refusal = match claim.session_token {
            Some(_) => Refusal::InvalidToken,
            None => Refusal::UnknownAccessKeyId,
        };
        let resolved = claim.session_token.is_some().then_some(resolved);
        return Err(refused(refusal, Some(claim), resolved));
    }
    let signing_key = SigningKey::derive(key.secret(), &claim.scope);
    let verdict = sigv4::verify(request, &claim, PathRule::S3, &signing_key);
    if !verdict.matched {
        return Err(Box::new(Refused {
            trace: Some(verdict.trace),
            ..*refused(
                Refusal::Signature(sigv4::Refusal::SignatureMismatch),
                Some(claim),
                Some(resolved),
            )
        }));
    }
    Ok(Some(Verified { claim, signing_key }))
}

fn refused(refusal: Refusal, claim: Option<Claim>, resolved: Option<Resolved>) -> Box<Refused> {
    Box::new(Refused {
        claim,
        resolved,
        ..*Refused::new(refusal)
    })
}

fn read_claim(request: &Request<'_>, form: Option<&Form>) -> Result<Option<Claim>, sigv4::Refusal> {
    if request.method == "OPTIONS" {
        // A browser asks ahead of a page's request; a signature in the query is the one of that request.
        return Ok(None);
    }
    match (sigv4::claim(request)?, form) {
        (claim, None) => Ok(claim),
        (None, Some(form)) => sigv4::form_claim(&form.fields),
        (Some(_), Some(_)) => Err(sigv4::Refusal::OnlyOneMechanism {
            authorization: request
                .header_text("authorization")
                .unwrap_or_default()
                .into_owned(),
        }),
    }
}
