//! The two gates of a request: who is it, and may they. Their proofs cannot be made anywhere else.
//!
//! INVARIANT: [`Authenticated`] comes only out of [`Authenticated::prove`] and [`Authorized`] only out of
//! [`Authenticated::may`]; their fields are private. An operation takes an `Authorized`, so no operation can be reached
//! around the gates.

use std::sync::Arc;

use countersign_identity::{Account, Directory, Principal, Resolved, Unresolved};
use countersign_policy::{
    self as policy, Attached, Context, Decision, Denial, Policies, Requester, ResourcePolicy,
};
use countersign_protocol::query::Call;
use countersign_protocol::{Form, Named, Operation};
use countersign_sigv4::{
    self as sigv4, Claim, Expected, PathRule, Payload, PolicyDocument, Request, SigningKey,
};
use countersign_types::Moment;

use crate::refusal::{Refusal, Refused};

/// Who makes the request: proven by a signature, or nobody.
pub(crate) struct Authenticated {
    principal: Principal,
    signature: Option<Signature>,
}

/// A signature that matched, and what verifies the chunks that follow it.
#[derive(Clone)]
pub(crate) struct Signature {
    /// What the request said about itself.
    pub(crate) claim: Claim,
    /// The key it verified with.
    pub(crate) signing_key: Arc<SigningKey>,
    /// Whose the key is.
    pub(crate) resolved: Resolved,
}

/// A request that may be carried out.
pub(crate) struct Authorized {
    /// `None` if nobody asks.
    caller: Option<(Arc<Account>, Signature)>,
    named: Named,
    policy: Option<PolicyDocument>,
}

/// A call of IAM or STS that may be carried out.
pub(crate) struct AuthorizedCall<'a> {
    principal: Principal,
    signature: Option<Signature>,
    call: &'a Call,
}

/// What has to be allowed for a call.
pub(crate) struct Question<'a> {
    /// Who asks for what.
    pub(crate) context: Context,
    /// The trust policy of the role that it is about.
    pub(crate) trust: Option<Attached<'a>>,
}

/// A call that may not be carried out: the question, and why not.
pub(crate) struct Denied {
    /// The question.
    pub(crate) context: Context,
    /// The reason.
    pub(crate) denial: Denial,
}

/// What is being asked for, and where.
pub(crate) struct Place<'a> {
    /// Our region, or the region as sent where regions mean nothing.
    pub(crate) region: &'a str,
    /// The service of this endpoint.
    pub(crate) service: &'a str,
    /// How the path of a request to that service is made canonical.
    pub(crate) rule: PathRule,
    /// Unix seconds now.
    pub(crate) now: i64,
    /// The body, for services that hash all of it and do not go by what the request says of it. `None` for S3, whose requests name the
    /// hash of their body, or that it has none; whoever reads such a body compares.
    pub(crate) body: Option<&'a [u8]>,
}

impl Authenticated {
    /// Finds out who makes the request; of a form the claim stands in its fields. The order of the checks is AWS's: structure, region, date, expiry, key, signature.
    pub(crate) fn prove(
        request: &Request<'_>,
        form: Option<&Form>,
        place: &Place<'_>,
        directory: &Directory,
    ) -> Result<Authenticated, Box<Refused>> {
        let claim = read_claim(request, form).map_err(|refusal| {
            // Nothing of an older signature is verified; its key helps to explain it.
            let resolved = match &refusal {
                sigv4::Refusal::SigV2 {
                    access_key_id: Some(id),
                    ..
                } => directory.presumed(id),
                _ => None,
            };
            Box::new(Refused {
                resolved,
                ..*Refused::new(Refusal::Signature(refusal))
            })
        })?;
        let Some(mut claim) = claim else {
            return Ok(Authenticated {
                principal: Principal::Anonymous,
                signature: None,
            });
        };
        if let Some(body) = place.body {
            claim.payload = Payload::of_body(body);
        }
        let now = Moment::from_seconds(place.now);
        let resolved = directory.resolve(&claim.access_key_id, claim.session_token.as_deref(), now);
        let refuse = |refusal, claim, resolved, trace| {
            Box::new(Refused {
                claim: Some(claim),
                resolved,
                trace,
                ..*Refused::new(refusal)
            })
        };
        let expected = Expected {
            region: place.region,
            service: place.service,
            now: place.now,
        };
        if let Err(refusal) = claim.check(request, &expected) {
            return Err(refuse(Refusal::Signature(refusal), claim, resolved.ok(), None));
        }
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(unresolved) => {
                // Of a key that may not be used nothing more is told than of one that nobody has.
                let is_about_token = unresolved == Unresolved::TokenInvalid;
                let presumed = is_about_token
                    .then(|| directory.presumed(&claim.access_key_id))
                    .flatten();
                return Err(refuse(unknown(unresolved), claim, presumed, None));
            }
        };
        let signing_key = directory.signing_key(&resolved, &claim.scope);
        let verdict = sigv4::verify(request, &claim, place.rule, &signing_key);
        if !verdict.matched {
            let refusal = Refusal::Signature(sigv4::Refusal::SignatureMismatch);
            return Err(refuse(refusal, claim, Some(resolved), Some(verdict.trace)));
        }
        let user_agent = request.header_text("user-agent");
        directory.note_use(&resolved, now, &claim.scope, user_agent.as_deref());
        let principal = resolved.principal.clone();
        Ok(Authenticated {
            principal,
            signature: Some(Signature {
                claim,
                signing_key,
                resolved,
            }),
        })
    }

    /// The signature, unless the caller is nobody.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Who makes the request.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Decides whether the principal may call this: every question must be answered with yes.
    pub(crate) fn may_call<'a>(
        self,
        call: &'a Call,
        questions: Vec<Question<'_>>,
    ) -> Result<AuthorizedCall<'a>, Box<Denied>> {
        let applying = self.principal.policies();
        for Question { context, trust } in questions {
            let own = match context.requester() {
                // Whom a provider vouches for has no policies, whoever sends the call.
                Requester::WebIdentity { .. } => Policies::default(),
                _ => applying.policies(),
            };
            let policies = Policies {
                resource: trust.map_or(ResourcePolicy::None, ResourcePolicy::Trust),
                ..own
            };
            if let Decision::Denied(denial) = policy::evaluate(&context, &policies) {
                return Err(Box::new(Denied {
                    context,
                    denial: *denial,
                }));
            }
        }
        Ok(AuthorizedCall {
            principal: self.principal.clone(),
            signature: self.signature,
            call,
        })
    }

    /// Decides whether the principal may do what is named. There is one account and its root, who may do everything to
    /// what the account owns; nobody may ask what a page may do, and nothing else. A form may do only what its policy
    /// says, at the second `now`.
    pub(crate) fn may(self, named: Named, form: Option<&Form>, now: i64) -> Result<Authorized, Box<Refused>> {
        let (account, signature) = match (self.principal, self.signature) {
            (Principal::Root(account), Some(signature)) => (account, signature),
            (Principal::Anonymous, None) if matches!(named.operation, Operation::Preflight(_)) => {
                return Ok(Authorized {
                    caller: None,
                    named,
                    policy: None,
                });
            }
            _ => return Err(Refused::new(Refusal::AccessDenied)),
        };
        let owners = [&named.expected_bucket_owner, &named.expected_source_bucket_owner];
        if owners
            .into_iter()
            .flatten()
            .any(|expected| *expected != account.id)
        {
            return Err(Refused::new(Refusal::AccessDenied));
        }
        let policy = match read_policy(&signature, &named, form, now) {
            Ok(policy) => policy,
            Err(refusal) => {
                return Err(Box::new(Refused {
                    claim: Some(signature.claim),
                    resolved: Some(signature.resolved),
                    ..*Refused::new(refusal)
                }));
            }
        };
        Ok(Authorized {
            caller: Some((account, signature)),
            named,
            policy,
        })
    }
}

/// A key that speaks for nobody. Which of several reasons it is, AWS does not tell somebody who may not even have the key.
fn unknown(unresolved: Unresolved) -> Refusal {
    match unresolved {
        Unresolved::UnknownAccessKeyId
        | Unresolved::Inactive
        | Unresolved::Expired
        | Unresolved::TokenMissing => Refusal::UnknownAccessKeyId,
        Unresolved::TokenInvalid => Refusal::InvalidToken,
        Unresolved::TokenExpired => Refusal::ExpiredToken,
    }
}

/// The claim of a request: in its header, its query, or its form, and in one of them only.
fn read_claim(request: &Request<'_>, form: Option<&Form>) -> Result<Option<Claim>, sigv4::Refusal> {
    if request.method == "OPTIONS" {
        // A browser asks ahead of a page's request. A signature in the query is the one of that request and says nothing
        // about who asks now, which is nobody.
        return Ok(None);
    }
    let claim = sigv4::claim(request)?;
    match (claim, form) {
        (claim, None) => Ok(claim),
        (None, Some(form)) => sigv4::form_claim(&form.fields),
        (Some(_), Some(_)) => {
            let authorization = request.header_text("authorization").unwrap_or_default();
            Err(sigv4::Refusal::OnlyOneMechanism {
                authorization: authorization.into_owned(),
            })
        }
    }
}

/// The policy that a form is signed by, after it allowed the fields; `None` for a request that is not a form.
fn read_policy(
    signature: &Signature,
    named: &Named,
    form: Option<&Form>,
    now: i64,
) -> Result<Option<PolicyDocument>, Refusal> {
    let (policy, form, bucket) = match (&signature.claim.policy, form, &named.bucket) {
        (None, None, _) => return Ok(None),
        (Some(policy), Some(form), Some(bucket)) => (policy, form, bucket),
        // A policy stands for a form and for nothing else, and the other way round.
        _ => return Err(Refusal::AccessDenied),
    };
    if !matches!(named.operation, Operation::PostObject(_)) {
        return Err(Refusal::AccessDenied);
    }
    let document = PolicyDocument::parse_base64(policy).map_err(Refusal::Policy)?;
    let allowed = document.evaluate(&form.filled_in(), bucket.as_str(), now);
    allowed.map_err(Refusal::Policy)?;
    Ok(Some(document))
}

impl<'a> AuthorizedCall<'a> {
    /// Who calls.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The signature that the call came with; `None` if a token stands for it.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// What is to be done.
    pub(crate) fn call(&self) -> &'a Call {
        self.call
    }
}

impl Authorized {
    /// The account that acts, and that owns what is made; `None` if nobody asks.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.caller.as_ref().map(|(account, _)| &**account)
    }

    /// The signature that the request came with; `None` if nobody asks.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.caller.as_ref().map(|(_, signature)| signature)
    }

    /// What the file of a form must be.
    pub(crate) fn policy(&self) -> Option<&PolicyDocument> {
        self.policy.as_ref()
    }

    /// What is to be done.
    pub(crate) fn named(&self) -> &Named {
        &self.named
    }
}
