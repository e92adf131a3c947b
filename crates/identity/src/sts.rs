//! Begins sessions: the calls of STS, for a caller who may.
//!
//! Not here: whether the caller may assume a role (its trust policy is asked by the server), and verifying the token of an identity
//! provider.
//!
//! SPEC: <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>.
//!
//! Keeps true: no session lasts longer than the role or the call allows, and a session that begins another one hands on its maker, its
//! source identity and its transitive tags. Nothing is written for a session.

use crate::directory::Directory;
use crate::error::Result;
use crate::iam::words::{check_count, check_document, check_name, check_tags, constraint, is_in_names};
use crate::ids;
use crate::limits::{
    ROLE_SESSION_SECONDS_DEFAULT, ROOT_SESSION_SECONDS_MAX, SESSION_PACKED_BYTES_MAX,
    SESSION_POLICY_ARNS_MAX, SESSION_SECONDS_DEFAULT, SESSION_SECONDS_MAX, SESSION_SECONDS_MIN,
};
use crate::principal::{Account, Principal, Resolved};
use crate::records::TagRecord;
use crate::seal;
use crate::session::{Claims, Session, SessionKind, make_token, packed, tags_by_key, wrap};
use crate::state::{AccountState, RoleEntry};
use countersign_policy::{Document, Kind};
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode, OidcProvider, Tag};
use countersign_types::sts::{Answer, Call, Credentials, SessionLimits, SessionUser};
use std::sync::{Arc, PoisonError};

/// A role, for whoever decides who may assume it.
#[derive(Clone)]
pub struct RoleView {
    state: Arc<AccountState>,
    role: Arc<RoleEntry>,
}

/// Somebody whom an identity provider vouches for. The token was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The provider's ARN, as the trust policy names it.
    pub provider_arn: String,
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `aud`.
    pub audience: String,
    /// The token's `sub`.
    pub subject: String,
}

/// A session of a role that is to begin.
struct RoleAsked<'a> {
    name: &'a str,
    limits: &'a SessionLimits,
    tags: &'a [Tag],
    transitive_tag_keys: &'a [String],
    source_identity: Option<&'a str>,
    provider: Option<&'a str>,
    /// The credential token that asks for it, `ACCOUNT-ID/ID`.
    credential_token: Option<String>,
}

/// A session that has begun.
struct Begun {
    credentials: Credentials,
    user: SessionUser,
    packed_policy_size: Option<u32>,
    source_identity: Option<String>,
}

impl RoleView {
    /// The account that it belongs to.
    pub fn account(&self) -> &Arc<Account> {
        &self.state.account
    }

    /// `arn:aws:iam::111122223333:role/path/name`.
    pub fn arn(&self) -> &str {
        &self.role.arn
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.role.record.name
    }

    /// `AROA...`, which a role of the same name that is made later does not have.
    pub fn id(&self) -> &str {
        &self.role.record.id
    }

    /// Who may assume it.
    pub fn trust(&self) -> &Document {
        &self.role.trust
    }

    /// Its tags.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.role.record.tags.iter();
        tags.map(|tag| (tag.key.as_str(), tag.value.as_str()))
    }
}

impl Directory {
    /// The role of an ARN, in whichever account.
    pub fn role(&self, role_arn: &str) -> Option<RoleView> {
        let account_id = role_arn.strip_prefix("arn:aws:iam::")?.split(':').next()?;
        let state = self.state(account_id)?;
        let name = role_arn.rsplit('/').next()?;
        let role = state.roles.get(name).filter(|role| role.arn == role_arn)?;
        let role = Arc::clone(role);
        Some(RoleView { state, role })
    }

    /// The identity providers of an account.
    pub fn oidc_providers(&self, account_id: &str) -> Vec<OidcProvider> {
        let state = self.state(account_id);
        let state = state.iter();
        state.flat_map(|state| state.oidc_providers()).collect()
    }

    /// Carries out a call of STS that is about the caller. Those that begin a session of a role are carried out with the role that was
    /// decided on: [`Directory::assume_role`], [`Directory::assume_role_with_web_identity`].
    pub async fn sts(&self, caller: &Resolved, call: Call, now: Moment) -> Result<Answer, Fault> {
        match call {
            Call::AssumeRole { .. } => Err(Fault::new(
                FaultCode::AccessDenied,
                "it was not decided who may assume the role",
            )),
            Call::AssumeRoleWithWebIdentity { .. } => Err(Fault::new(
                FaultCode::InvalidIdentityToken,
                "the token of the identity provider was not verified",
            )),
            Call::GetSessionToken { duration } => self.session_token(caller, duration, now).await,
            Call::GetFederationToken { name, limits, tags } => {
                self.federation_token(caller, &name, &limits, &tags, now).await
            }
            Call::GetCallerIdentity => caller_identity(caller),
            Call::GetAccessKeyInfo { access_key_id } => {
                let state = self.account_of_key(&access_key_id).ok_or_else(|| {
                    Fault::new(
                        FaultCode::ValidationError,
                        format!("The access key {access_key_id} is not one of an account here"),
                    )
                })?;
                Ok(Answer::AccessKeyInfo {
                    account: state.account.id.clone(),
                })
            }
            Call::DecodeAuthorizationMessage { encoded_message } => {
                let account = caller.principal.account().map_or("", |account| &account.id);
                let decoded = self.open_message(account, &encoded_message);
                decoded.map(Answer::DecodedMessage).ok_or_else(|| {
                    Fault::new(
                        FaultCode::InvalidAuthorizationMessage,
                        "The message is not valid: it was encoded elsewhere, for another account, or too long ago.",
                    )
                })
            }
        }
    }

    /// Begins a session of a role for a caller who may. `role` is what was decided on: whatever became of it meanwhile, nothing else is
    /// given, and a session of a role that is gone stands for nobody.
    pub async fn assume_role(
        &self,
        caller: &Resolved,
        role: &RoleView,
        call: &Call,
        now: Moment,
    ) -> Result<Answer, Fault> {
        let Call::AssumeRole {
            role_arn,
            role_session_name,
            limits,
            tags,
            transitive_tag_keys,
            external_id: _,
            source_identity,
        } = call
        else {
            return Err(Fault::new(
                FaultCode::ValidationError,
                "this call assumes no role",
            ));
        };
        if role_arn != role.arn() {
            return Err(Fault::new(
                FaultCode::AccessDenied,
                "it was decided who may assume another role",
            ));
        }
        let asked = RoleAsked {
            name: role_session_name,
            limits,
            tags,
            transitive_tag_keys,
            source_identity: source_identity.as_deref(),
            provider: None,
            credential_token: None,
        };
        let begun = self.begin_role(role, Some(caller), &asked, now).await?;
        Ok(Answer::AssumedRole {
            credentials: begun.credentials,
            user: begun.user,
            packed_policy_size: begun.packed_policy_size,
            source_identity: begun.source_identity,
        })
    }

    /// Begins a session of a role for somebody whose token was verified, and who may. `role` is what was decided on.
    pub async fn assume_role_with_web_identity(
        &self,
        identity: &WebIdentity,
        role: &RoleView,
        role_session_name: &str,
        limits: &SessionLimits,
        now: Moment,
    ) -> Result<Answer, Fault> {
        let asked = RoleAsked {
            name: role_session_name,
            limits,
            tags: &[],
            transitive_tag_keys: &[],
            source_identity: None,
            provider: Some(&identity.provider_arn),
            credential_token: None,
        };
        let begun = self.begin_role(role, None, &asked, now).await?;
        Ok(Answer::AssumedRoleWithWebIdentity {
            credentials: begun.credentials,
            user: begun.user,
            packed_policy_size: begun.packed_policy_size,
            provider: identity.issuer.clone(),
            audience: identity.audience.clone(),
            subject: identity.subject.clone(),
        })
    }

    /// Begins a session of a role for whoever showed the credential token of this id. It ends with the token.
    pub async fn credentials_of_token(
        &self,
        credential_token_id: &str,
        role: &RoleView,
        role_session_name: &str,
        duration: Option<u32>,
        now: Moment,
    ) -> Result<Credentials, Fault> {
        let limits = SessionLimits {
            duration,
            ..SessionLimits::default()
        };
        let asked = RoleAsked {
            name: role_session_name,
            limits: &limits,
            tags: &[],
            transitive_tag_keys: &[],
            source_identity: None,
            provider: None,
            credential_token: Some(format!("{}/{credential_token_id}", role.account().id)),
        };
        let begun = self.begin_role(role, None, &asked, now).await?;
        Ok(begun.credentials)
    }

    /// Seals a text that only callers of one account may have read to them, by [`Call::DecodeAuthorizationMessage`].
    pub async fn seal_message(&self, account_id: &str, text: &str, now: Moment) -> Result<String> {
        let seal_key = self.seal_key(now).await?;
        let place = message_place(account_id);
        Ok(wrap(&seal_key, text.as_bytes(), &place, &*self.random))
    }

    fn open_message(&self, account_id: &str, message: &str) -> Option<String> {
        let seal_keys = Arc::clone(&self.seal_keys.read().unwrap_or_else(PoisonError::into_inner));
        let opened = seal_keys.unwrap(message, &message_place(account_id))?;
        String::from_utf8(opened.to_vec()).ok()
    }

    async fn begin_role(
        &self,
        role: &RoleView,
        caller: Option<&Resolved>,
        asked: &RoleAsked<'_>,
        now: Moment,
    ) -> Result<Begun, Fault> {
        check_session_name("roleSessionName", asked.name, ROLE_SESSION_NAME_CHARACTERS)?;
        let RoleView { state, role } = role;
        let before = caller.and_then(|caller| caller.session.as_deref());
        let is_chained = before.is_some_and(|session| matches!(session.kind(), SessionKind::Role { .. }));
        let seconds = role_seconds(asked.limits.duration, role.record.session_max, is_chained)?;
        let (tags, transitive) = session_tags(asked, before)?;
        let source_identity = source_identity(asked.source_identity, before)?;
        let claims = Claims {
            secret: String::new(),
            account: state.account.id.clone(),
            kind: SessionKind::Role {
                id: role.record.id.clone(),
                name: role.record.name.clone(),
            },
            name: asked.name.to_owned(),
            issued: now,
            expires: end(now, seconds),
            maker: caller.and_then(long_term_key),
            limited: false,
            policies: Vec::new(),
            policy_arns: Vec::new(),
            tags,
            transitive,
            source_identity: source_identity.clone(),
            provider: asked.provider.map(str::to_owned),
            credential_token: match &asked.credential_token {
                Some(token) => Some(token.clone()),
                None => before.and_then(Session::begun_with).map(str::to_owned),
            },
        };
        let (claims, packed_policy_size) = limited(claims, asked.limits, state)?;
        let (credentials, user) = self.begin(claims, now).await?;
        Ok(Begun {
            credentials,
            user,
            packed_policy_size,
            source_identity,
        })
    }

    async fn session_token(
        &self,
        caller: &Resolved,
        duration: Option<u32>,
        now: Moment,
    ) -> Result<Answer, Fault> {
        let (account, user) = long_term_caller(caller, "GetSessionToken")?;
        let seconds = user_seconds(duration, user.is_none())?;
        let mut claims = own_claims(caller, account, now, seconds);
        claims.kind = SessionKind::User { user };
        let (credentials, _) = self.begin(claims, now).await?;
        Ok(Answer::SessionToken(credentials))
    }

    async fn federation_token(
        &self,
        caller: &Resolved,
        name: &str,
        limits: &SessionLimits,
        tags: &[Tag],
        now: Moment,
    ) -> Result<Answer, Fault> {
        let (account, user) = long_term_caller(caller, "GetFederationToken")?;
        check_session_name("name", name, FEDERATED_NAME_CHARACTERS)?;
        let seconds = user_seconds(limits.duration, user.is_none())?;
        let state = self
            .state(&account)
            .ok_or_else(|| Fault::new(FaultCode::NoSuchEntity, format!("there is no account {account}")))?;
        let mut claims = own_claims(caller, account, now, seconds);
        claims.kind = SessionKind::Federated { user };
        claims.name = name.to_owned();
        claims.tags = check_tags(tags)?;
        let (claims, packed_policy_size) = limited(claims, limits, &state)?;
        let (credentials, user) = self.begin(claims, now).await?;
        Ok(Answer::FederationToken {
            credentials,
            user,
            packed_policy_size,
        })
    }

    /// Gives a session its key and its token.
    async fn begin(&self, mut claims: Claims, now: Moment) -> Result<(Credentials, SessionUser), Fault> {
        let seal_key = self.seal_key(now).await?;
        let access_key_id = ids::id(ids::Kind::SessionKey, &*self.random);
        let secret = ids::secret(&*self.random);
        claims.secret = secret.as_str().to_owned();
        let expiration = claims.expires;
        let session_token = make_token(&seal_key, &claims, &access_key_id, &*self.random);
        let session = Session::new(&access_key_id, &session_token, claims)
            .ok_or_else(|| Fault::new(FaultCode::ServiceFailure, "the session cannot be read back"))?;
        let user = SessionUser {
            id: session.unique_id().to_owned(),
            arn: session.arn().to_owned(),
        };
        let credentials = Credentials {
            access_key_id,
            secret_access_key: secret.as_str().to_owned(),
            session_token,
            expiration,
        };
        Ok((credentials, user))
    }
}

fn caller_identity(caller: &Resolved) -> Result<Answer, Fault> {
    let principal = &caller.principal;
    match (principal.account(), principal.arn(), principal.unique_id()) {
        (Some(account), Some(arn), Some(user_id)) => Ok(Answer::CallerIdentity {
            account: account.id.clone(),
            arn,
            user_id: user_id.to_owned(),
        }),
        _ => Err(Fault::new(FaultCode::AccessDenied, "Access denied")),
    }
}

/// The account and user (`None`: the root) of a caller whose key is not a temporary one.
fn long_term_caller(caller: &Resolved, call: &str) -> Result<(String, Option<String>), Fault> {
    match (&caller.principal, &caller.session) {
        (Principal::Root(account), None) => Ok((account.id.clone(), None)),
        (Principal::User(user), None) => {
            Ok((user.state.account.id.clone(), Some(user.entry.record.id.clone())))
        }
        _ => Err(Fault::new(
            FaultCode::AccessDenied,
            format!("Cannot call {call} with session credentials"),
        )),
    }
}

/// The key at the beginning of a session that this caller begins.
fn long_term_key(caller: &Resolved) -> Option<String> {
    match &caller.session {
        None => Some(caller.access_key.access_key_id.clone()),
        Some(session) => session.maker().map(str::to_owned),
    }
}

/// Claims without a kind of their own yet: those of the caller.
fn own_claims(caller: &Resolved, account: String, now: Moment, seconds: u32) -> Claims {
    Claims {
        secret: String::new(),
        account,
        kind: SessionKind::User { user: None },
        name: String::new(),
        issued: now,
        expires: end(now, seconds),
        maker: long_term_key(caller),
        limited: false,
        policies: Vec::new(),
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        provider: None,
        credential_token: None,
    }
}

/// Claims with the policies that limit them, and how much of the room for policies and tags is taken, in percent.
fn limited(
    mut claims: Claims,
    limits: &SessionLimits,
    state: &AccountState,
) -> Result<(Claims, Option<u32>), Fault> {
    if limits.policy_arns.len() > SESSION_POLICY_ARNS_MAX {
        let must = format!("have length less than or equal to {SESSION_POLICY_ARNS_MAX}");
        return Err(constraint(&limits.policy_arns.join(","), "policyArns", &must));
    }
    if let Some(unknown) = limits.policy_arns.iter().find(|arn| state.policy(arn).is_none()) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            format!("Policy {unknown} does not exist or is not attachable."),
        ));
    }
    if let Some(text) = &limits.policy {
        check_document(Kind::Session, text)?;
        claims.policies.push(packed(text));
    }
    claims.policy_arns = limits.policy_arns.clone();
    claims.limited = !claims.policies.is_empty() || !claims.policy_arns.is_empty();
    let tags = claims.tags.iter().map(|tag| tag.key.len() + tag.value.len());
    let texts = claims.policies.iter().chain(&claims.policy_arns).map(String::len);
    let bytes: usize = tags.chain(texts).sum();
    if bytes > SESSION_PACKED_BYTES_MAX {
        return Err(Fault::new(
            FaultCode::PackedPolicyTooLarge,
            format!(
                "Packed size of the session's policies and tags is {}% of what it may be",
                bytes * 100 / SESSION_PACKED_BYTES_MAX
            ),
        ));
    }
    let percent = (bytes * 100).div_ceil(SESSION_PACKED_BYTES_MAX);
    let percent = (bytes > 0).then(|| u32::try_from(percent).unwrap_or(100));
    Ok((claims, percent))
}

/// How long a session of a role lasts.
fn role_seconds(asked: Option<u32>, role_max: u32, is_chained: bool) -> Result<u32, Fault> {
    let Some(seconds) = asked else {
        return Ok(ROLE_SESSION_SECONDS_DEFAULT.min(role_max));
    };
    check_at_least(seconds)?;
    if is_chained && seconds > ROLE_SESSION_SECONDS_DEFAULT {
        return Err(Fault::new(
            FaultCode::ValidationError,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    match seconds > role_max {
        true => Err(Fault::new(
            FaultCode::ValidationError,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )),
        false => Ok(seconds),
    }
}

/// How long a session of a user or a federated user lasts. What is too long for the root is made shorter, as AWS does.
fn user_seconds(asked: Option<u32>, is_root: bool) -> Result<u32, Fault> {
    let seconds = asked.unwrap_or(SESSION_SECONDS_DEFAULT);
    check_at_least(seconds)?;
    if seconds > SESSION_SECONDS_MAX {
        let must = format!("have value less than or equal to {SESSION_SECONDS_MAX}");
        return Err(constraint(&seconds.to_string(), "durationSeconds", &must));
    }
    Ok(match is_root {
        true => seconds.min(ROOT_SESSION_SECONDS_MAX),
        false => seconds,
    })
}

fn check_at_least(seconds: u32) -> Result<(), Fault> {
    match seconds < SESSION_SECONDS_MIN {
        true => {
            let must = format!("have value greater than or equal to {SESSION_SECONDS_MIN}");
            Err(constraint(&seconds.to_string(), "durationSeconds", &must))
        }
        false => Ok(()),
    }
}

fn end(now: Moment, seconds: u32) -> Moment {
    Moment::from_seconds(now.seconds() + i64::from(seconds))
}

/// The tags of a session: those asked for and those handed on, and the keys of those to be handed on.
fn session_tags(
    asked: &RoleAsked<'_>,
    before: Option<&Session>,
) -> Result<(Vec<TagRecord>, Vec<String>), Fault> {
    let own = check_tags(asked.tags)?;
    let is_own = |key: &str| own.iter().any(|tag| tag.key.eq_ignore_ascii_case(key));
    if let Some(unknown) = asked.transitive_tag_keys.iter().find(|key| !is_own(key)) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            format!("The specified transitive tag key {unknown} must be included in the requested tags."),
        ));
    }
    let handed_on: Vec<TagRecord> = before
        .iter()
        .flat_map(|before| before.transitive_tags())
        .cloned()
        .collect();
    if let Some(taken) = handed_on.iter().find(|tag| is_own(&tag.key)) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            format!(
                "The session tag {} is transitive and cannot be changed.",
                taken.key
            ),
        ));
    }
    let mut transitive = asked.transitive_tag_keys.to_vec();
    transitive.extend(handed_on.iter().map(|tag| tag.key.clone()));
    let tags = tags_by_key(own.into_iter().chain(handed_on));
    check_count(&tags)?;
    Ok((tags, transitive))
}

/// Once set, a source identity stays.
fn source_identity(asked: Option<&str>, before: Option<&Session>) -> Result<Option<String>, Fault> {
    if let Some(asked) = asked {
        check_session_name("sourceIdentity", asked, SOURCE_IDENTITY_CHARACTERS)?;
    }
    match (asked, before.and_then(Session::source_identity)) {
        (Some(asked), Some(before)) if asked != before => Err(Fault::new(
            FaultCode::AccessDenied,
            "The source identity of a session cannot be changed.",
        )),
        (asked, before) => Ok(asked.or(before).map(str::to_owned)),
    }
}

fn check_session_name(
    at: &str,
    name: &str,
    characters: std::ops::RangeInclusive<usize>,
) -> Result<(), Fault> {
    let len = name.chars().count();
    if len < *characters.start() {
        let must = format!("have length greater than or equal to {}", characters.start());
        return Err(constraint(name, at, &must));
    }
    if !name.chars().all(is_in_names) {
        return Err(constraint(
            name,
            at,
            "satisfy regular expression pattern: [\\w+=,.@-]*",
        ));
    }
    check_name(at, name, *characters.end())
}

fn message_place(account_id: &str) -> Vec<u8> {
    seal::bound_to(&["authorization message", account_id])
}

const ROLE_SESSION_NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;
const FEDERATED_NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=32;
const SOURCE_IDENTITY_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;
