//! The two gates of a request: who is it, and may they. Their proofs cannot be made anywhere else.
//!
//! INVARIANT: [`Authenticated`] comes only out of [`Authenticated::prove`], [`Authorized`] only out of [`Authenticated::may`], and
//! [`AuthorizedCall`] only out of [`Authenticated::may_call`]; their fields are private. An operation takes an `Authorized` and a call of IAM
//! or STS an `AuthorizedCall`, so that neither can be reached around the gates.

use std::borrow::Cow;
use std::sync::Arc;

use countersign_identity::{Account, Directory, Principal, Resolved, RoleView, Unresolved};
use countersign_policy::{
    self as policy, Attached, Context, Decision, Denial, Grant, ListOf, Policies, Reason, Requester,
    ResourcePolicy,
};
use countersign_protocol::query::Call;
use countersign_protocol::{ErrorCode, Form, Head, Named, Operation, ParseError, Said};
use countersign_sigv4::{
    self as sigv4, Claim, Expected, PathRule, Payload, PolicyDocument, Request, SigningKey,
};
use countersign_store::{self as store, Bucket, PINNED_MAX, Reach, Store};
use countersign_types::{BucketName, EtagMatch, Moment, ObjectAccess, ObjectKey};

use crate::bucket_policies::{BucketPolicy, Ground};
use crate::facts::{self, Need, Sources, Target};
use crate::gateway::Gateway;
use crate::judge::Judge;
use crate::lists;
use crate::pipeline::received::Received;
use crate::refusal::{Names, Refusal, Refused};

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
    principal: Principal,
    /// `None` if nobody asks.
    signature: Option<Signature>,
    named: Named,
    /// The policy that the form was signed by, which allowed its fields.
    policy: Option<PolicyDocument>,
    /// What the request says of its body, if nobody signed that.
    unsigned_payload: Option<Payload>,
    /// The buckets that it is about and that exist, as they were when it was allowed.
    grounds: Vec<Ground>,
    /// What answers further questions; `None` if every answer is yes, because the owner asks and no policy says otherwise.
    judge: Option<Box<Judge>>,
    /// Which objects and uploads of the bucket it may change.
    reach: Reach,
}

/// What is looked at to decide whether a request may be carried out.
pub(crate) struct Asked<'a> {
    /// Where buckets and their policies are found.
    pub(crate) gateway: &'a Gateway,
    /// The request.
    pub(crate) received: &'a Received,
    /// Its head.
    pub(crate) head: &'a Head<'a>,
    /// Its form, if it is one.
    pub(crate) form: Option<&'a Form>,
}

/// A call of IAM or STS that may be carried out.
pub(crate) struct AuthorizedCall<'a> {
    principal: Principal,
    signature: Option<Signature>,
    call: &'a Call,
    /// The ARNs that permission was asked on.
    arns: Vec<String>,
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
                let presumed = match (unresolved, &claim.session_token) {
                    (Unresolved::TokenInvalid, _) => directory.presumed(&claim.access_key_id),
                    (Unresolved::TokenExpired, Some(token)) => {
                        directory.of_ended_session(&claim.access_key_id, token, now)
                    }
                    (
                        Unresolved::UnknownAccessKeyId
                        | Unresolved::Inactive
                        | Unresolved::Expired
                        | Unresolved::TokenMissing
                        | Unresolved::TokenExpired,
                        _,
                    ) => None,
                };
                return Err(refuse(unknown(unresolved), claim, presumed, None));
            }
        };
        let signing_key = directory.signing_key(&resolved, &claim.scope);
        let verdict = sigv4::verify(request, &claim, place.rule, &signing_key);
        if !verdict.matched {
            let refusal = Refusal::Signature(sigv4::Refusal::SignatureMismatch);
            return Err(refuse(refusal, claim, Some(resolved), Some(verdict.trace)));
        }
        directory.note_use(&resolved, now, &claim.scope, || {
            request.header_text("user-agent").map(Cow::into_owned)
        });
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

    /// Whether the policies of the principal allow what is neither a call nor an operation.
    pub(crate) fn is_allowed(&self, context: &Context) -> bool {
        let applying = self.principal.policies();
        !matches!(
            policy::evaluate(context, &applying.policies()),
            Decision::Denied(_)
        )
    }

    /// Decides whether the principal may call this: every question must be answered with yes.
    pub(crate) fn may_call<'a>(
        self,
        call: &'a Call,
        questions: Vec<Question<'_>>,
    ) -> Result<AuthorizedCall<'a>, Box<Denied>> {
        let applying = self.principal.policies();
        let mut arns = Vec::with_capacity(questions.len());
        for Question { context, trust } in questions {
            arns.push(context.resource().to_owned());
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
            arns,
        })
    }

    /// Decides whether the principal may do what is named. Everything that it needs has to be allowed by the policies that
    /// apply; the root of an account may do everything to what the account owns, unless the bucket's policy denies it. A form may do
    /// only what its own policy says, as well.
    pub(crate) async fn may(self, named: Named, asked: &Asked<'_>) -> Result<Authorized, Box<Refused>> {
        let signature = self.signature.as_ref();
        match allow(&self.principal, signature, &named, asked).await {
            Ok(allowed) => Ok(Authorized {
                principal: self.principal,
                signature: self.signature,
                named,
                policy: allowed.policy,
                unsigned_payload: allowed.unsigned_payload,
                grounds: allowed.grounds,
                judge: allowed.judge,
                reach: allowed.reach,
            }),
            Err(refusal) => Err(Box::new(Refused {
                claim: signature.map(|signature| signature.claim.clone()),
                resolved: signature.map(|signature| signature.resolved.clone()),
                ..*Refused::new(refusal)
            })),
        }
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

/// What a request is allowed on.
struct Allowed {
    policy: Option<PolicyDocument>,
    unsigned_payload: Option<Payload>,
    grounds: Vec<Ground>,
    judge: Option<Box<Judge>>,
    reach: Reach,
}

async fn allow(
    principal: &Principal,
    signature: Option<&Signature>,
    named: &Named,
    asked: &Asked<'_>,
) -> Result<Allowed, Refusal> {
    if matches!(named.operation, Operation::Preflight(_)) {
        // It asks what a page may do, and does nothing.
        return Ok(Allowed {
            policy: None,
            unsigned_payload: None,
            grounds: Vec::new(),
            judge: None,
            reach: Reach::All,
        });
    }
    let policy = match signature {
        Some(signature) => read_policy(signature, named, asked.form, asked.received.at.seconds())?,
        None => None,
    };
    let unsigned_payload = match signature {
        Some(_) => None,
        None => {
            check_unsigned(&named.operation)?;
            unsigned_payload(asked)?
        }
    };
    let said = Said::of(asked.head, asked.form);
    let needs = facts::needs(named, &said);
    let looked = Looked::at(principal, named, &needs, asked.gateway).await?;
    if let (Operation::HeadBucket, Some(ground)) = (&named.operation, looked.grounds.first()) {
        asked.received.asks_for_bucket_in(&ground.bucket.region);
    }
    let sources = Sources {
        named,
        said: &said,
        received: asked.received,
        config: &asked.gateway.config,
        claim: signature.map(|signature| &signature.claim),
    };
    let (judge, reach) = if looked.is_owned_by(principal) {
        (None, Reach::All)
    } else {
        let resolved = signature.map(|signature| &signature.resolved);
        let judge = Judge::new(principal, resolved, &looked.grounds, &sources);
        looked.check_policies(principal)?;
        let reach = check(&judge, named, &needs, &looked, asked.received.method())?;
        (Some(Box::new(judge)), reach)
    };
    if let Some(missing) = looked.missing {
        return Err(no_such_bucket(&missing));
    }
    // Last, so that only those learn from it whose bucket it is not who may do what they ask for.
    looked.check_owners(named)?;
    Ok(Allowed {
        policy,
        unsigned_payload,
        grounds: looked.grounds,
        judge,
        reach,
    })
}

/// The buckets that a request is about.
struct Looked {
    grounds: Vec<Ground>,
    /// One that has to exist and does not.
    missing: Option<BucketName>,
}

impl Looked {
    /// Looks up every bucket that is named, once; and what else decides: objects that have owners and lists of their own, and the public
    /// access block of the bucket's account where it could keep somebody out.
    async fn at(
        principal: &Principal,
        named: &Named,
        needs: &[Need<'_>],
        gateway: &Gateway,
    ) -> Result<Looked, Refusal> {
        let mut looked = Looked {
            grounds: Vec::with_capacity(1),
            missing: None,
        };
        if matches!(named.operation, Operation::CreateBucket(_)) {
            // It is not there yet, and whose it is if it is, creating it says.
            return Ok(looked);
        }
        let mut names: Vec<&BucketName> = named.bucket.iter().collect();
        for name in needs.iter().filter_map(|need| need.target.bucket()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let ground = gateway.bucket_policies.look(&gateway.store, name).await;
            let failed = |error| Refusal::Store(error, Box::new(names_of(name)));
            match ground.map_err(failed)? {
                Some(mut ground) => {
                    look_further(&mut ground, principal, needs, &gateway.store)
                        .await
                        .map_err(failed)?;
                    looked.grounds.push(ground);
                }
                None if looked.missing.is_none() => looked.missing = Some(name.clone()),
                None => {}
            }
        }
        Ok(looked)
    }

    fn ground(&self, target: &Target<'_>) -> Option<&Ground> {
        find(&self.grounds, target.bucket()?)
    }

    /// Refuses if a bucket is not whose the request expects it to be.
    fn check_owners(&self, named: &Named) -> Result<(), Refusal> {
        let source = facts::source(&named.operation).map(|source| &source.bucket);
        for (bucket, expected, header) in [
            (
                named.bucket.as_ref(),
                &named.expected_bucket_owner,
                "x-amz-expected-bucket-owner",
            ),
            (
                source,
                &named.expected_source_bucket_owner,
                "x-amz-source-expected-bucket-owner",
            ),
        ] {
            let ground = bucket.and_then(|bucket| find(&self.grounds, bucket));
            let owner = ground.map(|ground| &ground.bucket.owner);
            if let (Some(owner), Some(expected)) = (owner, expected)
                && owner != expected
            {
                return Err(Refusal::OwnerDiffers(header));
            }
        }
        Ok(())
    }

    /// Whether the root of the account asks that owns all of it, and no policy could deny it. Most requests are of that kind, and no
    /// question is asked for them.
    fn is_owned_by(&self, principal: &Principal) -> bool {
        let Principal::Root(account) = principal else {
            return false;
        };
        self.grounds.iter().all(|ground| {
            let mut objects = ground.objects.iter().filter_map(|(_, access)| access.as_ref());
            ground.bucket.owner == account.id
                && !matches!(ground.policy, BucketPolicy::Of(_))
                && objects.all(|access| access.owner.is_none())
        })
    }

    /// Refuses where a policy cannot be read, so that nobody knows what it denies.
    fn check_policies(&self, principal: &Principal) -> Result<(), Refusal> {
        let is_root_of = |ground: &Ground| matches!(principal, Principal::Root(account) if account.id == ground.bucket.owner);
        let is_closed =
            |ground: &&Ground| matches!(ground.policy, BucketPolicy::Unreadable) && !is_root_of(ground);
        match self.grounds.iter().find(is_closed) {
            None => Ok(()),
            Some(ground) => {
                let error = countersign_engine::Error::Corrupt("the policy of a bucket".to_owned());
                let names = names_of(&ground.bucket.name);
                Err(Refusal::Store(store::Error::Engine(error), Box::new(names)))
            }
        }
    }
}

/// Looks up what else of a bucket decides. Where access control lists do not count, that is nothing for its own account and, without a
/// policy, for nobody.
async fn look_further(
    ground: &mut Ground,
    principal: &Principal,
    needs: &[Need<'_>],
    store: &Store,
) -> store::Result<()> {
    let has_lists = ground.bucket.access.has_lists();
    let is_own = principal
        .account()
        .is_some_and(|account| account.id == ground.bucket.owner);
    let has_policy = matches!(ground.policy, BucketPolicy::Of(_));
    if has_lists || (has_policy && !is_own) {
        ground.account_block = store.account_block(&ground.bucket.owner).await?;
    }
    if !has_lists {
        return Ok(());
    }
    let store = store.pinned([Some(Arc::clone(&ground.bucket)), None]);
    let name = &ground.bucket.name;
    for need in needs {
        match need.target {
            Target::Object(bucket, object_key) if bucket == name && ground.seen(object_key).is_none() => {
                let access = store.object_access(name, object_key).await?;
                ground.objects.push((object_key.clone(), access));
            }
            Target::AllBuckets
            | Target::Bucket(_)
            | Target::Object(..)
            | Target::Place(..)
            | Target::NewObject(..)
            | Target::ObjectsOf(_) => {}
        }
    }
    Ok(())
}

/// Refuses what any policy denies or none allows. Answers which objects and uploads may be changed.
fn check(
    judge: &Judge,
    named: &Named,
    needs: &[Need<'_>],
    looked: &Looked,
    method: &str,
) -> Result<Reach, Refusal> {
    let mut reach = Reach::All;
    if judge.requester() == &Requester::Anonymous
        && let Some(missing) = &looked.missing
    {
        // Which names are taken is no secret, at AWS neither.
        return Err(no_such_bucket(missing));
    }
    for need in needs {
        let ground = looked.ground(&need.target);
        let within = granted(judge, need, ground).map_err(|refusal| missed(judge, need, ground, refusal))?;
        if within != Reach::All {
            reach = within;
        }
        // The policy of a bucket is for its own account to read and change, whatever it says itself.
        let is_about_policy = POLICY_ACTIONS.contains(&need.action);
        if is_about_policy && ground.is_some_and(|ground| !judge.is_of(ground)) {
            let error = ParseError::new(ErrorCode::MethodNotAllowed).element("Method", method);
            return Err(Refusal::Parse(error.element("ResourceType", "BUCKETPOLICY")));
        }
    }
    if let (Operation::DeleteObjects(_), Some(bucket)) = (&named.operation, &named.bucket) {
        check_deletes(judge, bucket, looked)?;
    }
    Ok(reach)
}

/// What is said of an object that is not there, and so has no list that could allow it: who may list the bucket is told that.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>, its permissions.
fn missed(judge: &Judge, need: &Need<'_>, ground: Option<&Ground>, refusal: Refusal) -> Refusal {
    let (Refusal::Denied(denial), Target::Object(bucket, object_key), Some(ground)) =
        (&refusal, need.target, ground)
    else {
        return refusal;
    };
    let is_denied = match denial.reason {
        Reason::ExplicitDeny(_) | Reason::PublicAccessRestricted => true,
        Reason::NoAllow(_) | Reason::NoGrant => false,
    };
    let is_missing = ground.seen(object_key) == Some(None);
    if is_denied || !is_missing || !judge.decide(&listing(bucket), Some(ground)).is_allowed() {
        return refusal;
    }
    let names = Names {
        object_key: Some(object_key.to_string()),
        ..names_of(bucket)
    };
    Refusal::Store(store::Error::NoSuchKey, Box::new(names))
}

/// What says whether an object may be known to be missing.
fn listing(bucket: &BucketName) -> Need<'_> {
    Need {
        action: facts::LIST_BUCKET,
        target: Target::Bucket(bucket),
        version_id: None,
    }
}

/// Refuses what is not allowed. Whom the list of a bucket lets write, may change what is its own, and make what is not there yet.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>: `WRITE` lets nobody overwrite or delete what another
/// account owns.
fn granted(judge: &Judge, need: &Need<'_>, ground: Option<&Ground>) -> Result<Reach, Refusal> {
    let listed = match judge.decide(need, ground) {
        Decision::Denied(denial) => return Err(Refusal::Denied(denial)),
        Decision::Allowed(Grant::List(listed)) => listed,
        Decision::Allowed(Grant::Root | Grant::Statement(_) | Grant::Writer) => return Ok(Reach::All),
    };
    let resource = need.target.arn();
    tracing::debug!(
        action = need.action,
        resource,
        ?listed,
        "allowed by an access control list"
    );
    Ok(match (listed.list, need.target, ground) {
        (ListOf::Bucket, Target::Place(..), Some(ground)) => Reach::Of(match judge.requester().account() {
            Some(account) => (account.id != ground.bucket.owner).then(|| account.id.clone()),
            None => Some(lists::NOBODY.to_owned()),
        }),
        _ => Reach::All,
    })
}

/// Refuses deletes of which none could be allowed, before their document is read. Whether each one is, is asked when it is known.
fn check_deletes(judge: &Judge, bucket: &BucketName, looked: &Looked) -> Result<(), Refusal> {
    let need = Need {
        action: facts::DELETE_OBJECT,
        target: Target::ObjectsOf(bucket),
        version_id: None,
    };
    match find(&looked.grounds, bucket) {
        Some(ground) if judge.is_of(ground) || !matches!(ground.policy, BucketPolicy::None) => Ok(()),
        ground => denied(judge.decide(&need, ground)),
    }
}

fn find<'g>(grounds: &'g [Ground], name: &BucketName) -> Option<&'g Ground> {
    grounds.iter().find(|ground| ground.bucket.name == *name)
}

fn denied(decision: Decision) -> Result<(), Refusal> {
    match decision {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(denial) => Err(Refusal::Denied(denial)),
    }
}

fn no_such_bucket(name: &BucketName) -> Refusal {
    Refusal::Store(store::Error::NoSuchBucket, Box::new(names_of(name)))
}

fn names_of(bucket: &BucketName) -> Names {
    Names {
        bucket: Some(bucket.to_string()),
        ..Names::default()
    }
}

/// Refuses what only a signed request may ask for.
fn check_unsigned(operation: &Operation) -> Result<(), Refusal> {
    let (Operation::GetObject(get) | Operation::HeadObject(get)) = operation else {
        return Ok(());
    };
    if get.overrides.is_empty() {
        return Ok(());
    }
    Err(Refusal::Parse(ParseError::request(
        "Request specific response headers cannot be used for anonymous GET requests.",
    )))
}

/// What a request that nobody signed says of its body. Chunks that claim to be signed are nobody's.
fn unsigned_payload(asked: &Asked<'_>) -> Result<Option<Payload>, Refusal> {
    let Some(value) = asked
        .received
        .header("x-amz-content-sha256")
        .filter(|_| asked.form.is_none())
    else {
        return Ok(None);
    };
    match Payload::parse(value.trim()) {
        Some(Payload::Streaming(mode)) if mode.is_signed() => Err(Refusal::AccessDenied),
        Some(payload) => Ok(Some(payload)),
        None => Err(Refusal::Signature(sigv4::Refusal::BadContentSha256 {
            value: value.to_owned(),
        })),
    }
}

const POLICY_ACTIONS: [&str; 3] = [
    facts::GET_BUCKET_POLICY,
    facts::PUT_BUCKET_POLICY,
    facts::DELETE_BUCKET_POLICY,
];

/// Whether a role lets a service of this server assume it.
pub(crate) fn trusts(role: &RoleView, context: &Context) -> bool {
    let policies = Policies {
        resource: ResourcePolicy::Trust(Attached {
            name: role.arn(),
            document: role.trust(),
        }),
        ..Policies::default()
    };
    !matches!(policy::evaluate(context, &policies), Decision::Denied(_))
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

    /// The ARNs that permission was asked on.
    pub(crate) fn arns(&self) -> &[String] {
        &self.arns
    }
}

impl Authorized {
    /// The account that acts; `None` if nobody asks.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.principal.account()
    }

    /// The signature that the request came with; `None` if nobody asks.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// What the request says of its body.
    pub(crate) fn payload(&self) -> Option<&Payload> {
        let signed = self.signature.as_ref().map(|signature| &signature.claim.payload);
        signed.or(self.unsigned_payload.as_ref())
    }

    /// What the file of a form must be.
    pub(crate) fn policy(&self) -> Option<&PolicyDocument> {
        self.policy.as_ref()
    }

    /// What is to be done.
    pub(crate) fn named(&self) -> &Named {
        &self.named
    }

    /// The bucket that the request names, and its policy, as they were when it was allowed.
    pub(crate) fn ground(&self) -> Option<&Ground> {
        find(&self.grounds, self.named.bucket.as_ref()?)
    }

    /// The store, in which the buckets that were looked at are these and no others of their names.
    pub(crate) fn pin(&self, store: &Store) -> Store {
        let mut buckets: [Option<Arc<Bucket>>; PINNED_MAX] = Default::default();
        for (slot, ground) in buckets.iter_mut().zip(&self.grounds) {
            *slot = Some(Arc::clone(&ground.bucket));
        }
        store.pinned(buckets)
    }

    /// Whether one of many objects may be deleted, and if only one of the requester's own.
    pub(crate) fn may_delete(
        &self,
        object_key: &ObjectKey,
        version_id: Option<&str>,
        if_match: Option<&EtagMatch>,
    ) -> Result<Reach, Refusal> {
        let (Some(judge), Some(bucket)) = (&self.judge, &self.named.bucket) else {
            return Ok(Reach::All);
        };
        let knowing = if_match.map(|wanted| judge.told("s3:if-match", &facts::if_match_text(wanted)));
        let judge = knowing.as_ref().unwrap_or(judge);
        let need = facts::delete_need(bucket, object_key, version_id);
        granted(judge, &need, self.ground())
    }

    /// Which objects and uploads of the bucket the request may change.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Refuses an object whose owner or list is not what was decided on: it was replaced meanwhile, and the request is to be sent again.
    pub(crate) fn check_unchanged(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        access: &ObjectAccess,
    ) -> Result<(), Refusal> {
        let seen = find(&self.grounds, bucket).and_then(|ground| ground.seen(object_key));
        match seen {
            Some(seen) if seen != Some(access) => {
                Err(Refusal::Store(store::Error::Conflict, Box::new(names_of(bucket))))
            }
            _ => Ok(()),
        }
    }

    /// The same refusal, but for an object that is not there: who may not list the bucket is not told that.
    pub(crate) fn veil(&self, refusal: Refusal) -> Refusal {
        let (Some(judge), Refusal::Store(store::Error::NoSuchKey, names)) = (&self.judge, &refusal) else {
            return refusal;
        };
        let is_it = |ground: &&Ground| names.bucket.as_deref() == Some(ground.bucket.name.as_str());
        let Some(ground) = self.grounds.iter().find(is_it) else {
            return Refusal::AccessDenied;
        };
        match judge.decide(&listing(&ground.bucket.name), Some(ground)) {
            Decision::Allowed(_) => refusal,
            Decision::Denied(denial) => Refusal::Denied(denial),
        }
    }

    /// The request as the evaluation sees it, where it does this.
    pub(crate) fn doing(&self, action: &str, target: &Target<'_>, ground: Option<&Ground>) -> Context {
        let own = self.account().map(|account| account.id.as_str());
        let account = ground.map_or(own, |ground| Some(ground.bucket.owner.as_str()));
        let requester = self.principal.requester();
        Context::new(requester, action, &target.arn(), account.unwrap_or_default())
    }
}
