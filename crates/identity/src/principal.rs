//! Who makes a request, and what belongs to them: the policies that apply, the tags, how policies call them.
//!
//! A principal holds the account as it was when its key was resolved, so that a decision never mixes two states of it. Cloning
//! one copies a few pointers.
//!
//! Not here: finding a principal ([`crate::Directory::resolve`]), and deciding (that is `countersign-policy`).

use crate::managed;
use crate::records::TagRecord;
use crate::session::Session;
use crate::state::{AccountState, DENY_EVERYTHING, Inlines, RoleEntry, UserEntry};
use countersign_policy::{self as policy, Attached, Keys, Policies, Requester};
use countersign_sigv4::Secret;
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// Who makes a request. Nobody is somebody too.
#[derive(Clone)]
pub enum Principal {
    /// The root of an account: may do everything to what the account owns.
    Root(Arc<Account>),
    /// A user, with a key of its own or with temporary ones that it asked for.
    User(User),
    /// Somebody who assumed a role.
    RoleSession(RoleSession),
    /// Somebody for whom a user asked `GetFederationToken`.
    FederatedUser(FederatedUser),
    /// Nobody that we know: a request without a signature.
    Anonymous,
}

/// The unit that owns buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits, as in ARNs.
    pub id: String,
    /// 64 hex digits, as in listings and grants.
    pub canonical_id: String,
    /// What people call it.
    pub display_name: String,
}

/// An access key and its secret.
pub struct AccessKey {
    /// The public half.
    pub access_key_id: String,
    /// The private half.
    pub secret: Secret,
}

/// Whose an access key is.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The principal that the key speaks for.
    pub principal: Principal,
    /// The key itself; shared, never copied.
    pub access_key: Arc<AccessKey>,
    /// The session, if the key is a temporary one.
    pub session: Option<Arc<Session>>,
}

/// Why an access key speaks for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Nobody has it.
    #[error("nobody has this access key id")]
    UnknownAccessKeyId,
    /// It was made inactive.
    #[error("the access key is inactive")]
    Inactive,
    /// It is past the end that it was made with.
    #[error("the access key has expired")]
    Expired,
    /// The session token is not one of ours, belongs to another key, or to a session that was ended: its role or user is gone, or the
    /// key that made it is.
    #[error("the session token is not valid")]
    TokenInvalid,
    /// The session is over.
    #[error("the session has expired")]
    TokenExpired,
    /// The key is a temporary one, and no token came with it.
    #[error("the session token is missing")]
    TokenMissing,
}

/// A user of an account.
#[derive(Clone)]
pub struct User {
    pub(crate) state: Arc<AccountState>,
    pub(crate) entry: Arc<UserEntry>,
}

/// Somebody who assumed a role.
#[derive(Clone)]
pub struct RoleSession {
    pub(crate) state: Arc<AccountState>,
    pub(crate) role: Arc<RoleEntry>,
    pub(crate) session: Arc<Session>,
}

/// Somebody for whom a user asked `GetFederationToken`.
#[derive(Clone)]
pub struct FederatedUser {
    pub(crate) state: Arc<AccountState>,
    /// Who asked; `None`: the root.
    pub(crate) user: Option<Arc<UserEntry>>,
    pub(crate) session: Arc<Session>,
}

/// The policies that apply to what a principal does, but for those of the resource.
#[derive(Clone, Debug, Default)]
pub struct Applying<'a> {
    /// Those that give permissions, with their names.
    pub identity: SmallVec<[Attached<'a>; 6]>,
    /// The permissions boundary.
    pub boundary: Option<Attached<'a>>,
    /// Those that were passed when the session began, if any were.
    pub session: Option<SmallVec<[Attached<'a>; 2]>>,
}

impl Principal {
    /// The account that it belongs to. Nobody belongs to none.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Principal::Root(account) => Some(account),
            Principal::User(user) => Some(&user.state.account),
            Principal::RoleSession(session) => Some(&session.state.account),
            Principal::FederatedUser(user) => Some(&user.state.account),
            Principal::Anonymous => None,
        }
    }

    /// The same, to be kept.
    pub fn shared_account(&self) -> Option<Arc<Account>> {
        match self {
            Principal::Root(account) => Some(Arc::clone(account)),
            Principal::User(user) => Some(Arc::clone(&user.state.account)),
            Principal::RoleSession(session) => Some(Arc::clone(&session.state.account)),
            Principal::FederatedUser(user) => Some(Arc::clone(&user.state.account)),
            Principal::Anonymous => None,
        }
    }

    /// How policies call it.
    pub fn requester(&self) -> Requester {
        match self {
            Principal::Root(account) => Requester::Root(named(account)),
            Principal::User(user) => Requester::User {
                account: named(&user.state.account),
                arn: user.entry.arn.clone(),
                unique_id: user.entry.record.id.clone(),
            },
            Principal::RoleSession(RoleSession { state, role, session }) => Requester::RoleSession {
                account: named(&state.account),
                role_arn: role.arn.clone(),
                session_arn: session.arn().to_owned(),
                unique_id: session.unique_id().to_owned(),
            },
            Principal::FederatedUser(FederatedUser { state, user, session }) => Requester::FederatedUser {
                account: named(&state.account),
                user_arn: match user {
                    Some(user) => user.arn.clone(),
                    None => root_arn(&state.account),
                },
                session_arn: session.arn().to_owned(),
                unique_id: session.unique_id().to_owned(),
            },
            Principal::Anonymous => Requester::Anonymous,
        }
    }

    /// Its ARN. Nobody has none.
    pub fn arn(&self) -> Option<String> {
        match self {
            Principal::Root(account) => Some(root_arn(account)),
            Principal::User(user) => Some(user.entry.arn.clone()),
            Principal::RoleSession(RoleSession { session, .. })
            | Principal::FederatedUser(FederatedUser { session, .. }) => Some(session.arn().to_owned()),
            Principal::Anonymous => None,
        }
    }

    /// Its unique id, as in `aws:userid`. Nobody has none.
    pub fn unique_id(&self) -> Option<&str> {
        match self {
            Principal::Root(account) => Some(&account.id),
            Principal::User(user) => Some(&user.entry.record.id),
            Principal::RoleSession(RoleSession { session, .. })
            | Principal::FederatedUser(FederatedUser { session, .. }) => Some(session.unique_id()),
            Principal::Anonymous => None,
        }
    }

    /// The policies that apply to it. Neither the root nor nobody has any.
    pub fn policies(&self) -> Applying<'_> {
        match self {
            Principal::Root(_) | Principal::Anonymous => Applying::default(),
            Principal::User(User { state, entry }) => of_user(state, entry),
            Principal::RoleSession(RoleSession { state, role, session }) => Applying {
                identity: own(&role.inline, &role.record.attached, state).collect(),
                boundary: role.record.boundary.as_deref().map(|arn| attached(state, arn)),
                session: session.policies(state),
            },
            Principal::FederatedUser(FederatedUser { state, user, session }) => Applying {
                session: session.policies(state),
                ..match user {
                    Some(user) => of_user(state, user),
                    None => Applying {
                        identity: std::iter::once(attached(state, managed::ADMINISTRATOR_ACCESS)).collect(),
                        ..Applying::default()
                    },
                }
            },
        }
    }

    /// Its tags. Those of a session stand in place of those of its role.
    pub fn tags(&self) -> Vec<(&str, &str)> {
        match self {
            Principal::Root(_) | Principal::Anonymous => Vec::new(),
            Principal::User(user) => pairs(&user.entry.record.tags).collect(),
            Principal::RoleSession(RoleSession { role, session, .. }) => {
                let own = session.tags();
                let is_own = |key: &str| own.iter().any(|tag| tag.key.eq_ignore_ascii_case(key));
                let mut tags: Vec<(&str, &str)> =
                    pairs(&role.record.tags).filter(|(key, _)| !is_own(key)).collect();
                tags.extend(own.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
                tags
            }
            Principal::FederatedUser(FederatedUser { session, .. }) => {
                let tags = session.tags().iter();
                tags.map(|tag| (tag.key.as_str(), tag.value.as_str())).collect()
            }
        }
    }
}

impl Resolved {
    /// Sets the condition keys that the directory knows: tags of the principal, and what its session began with. Who it is stands in the
    /// context already.
    pub fn tell(&self, keys: &mut Keys) {
        for (key, value) in self.principal.tags() {
            keys.set(&format!("aws:PrincipalTag/{key}"), [value]);
        }
        let Some(session) = &self.session else {
            return;
        };
        keys.set("aws:TokenIssueTime", [session.issued.iso8601_seconds()]);
        // Temporary credentials say whether a second factor was shown; others do not.
        keys.set("aws:MultiFactorAuthPresent", ["false"]);
        if let Some(source_identity) = session.source_identity() {
            keys.set("aws:SourceIdentity", [source_identity]);
        }
        if let Some(provider) = session.federated_provider() {
            keys.set("aws:FederatedProvider", [provider]);
        }
    }
}

impl<'a> Applying<'a> {
    /// As the evaluation takes them, with nothing attached to the resource.
    pub fn policies(&self) -> Policies<'_> {
        Policies {
            identity: &self.identity,
            boundary: self.boundary,
            session: self.session.as_deref(),
            ..Policies::default()
        }
    }
}

impl User {
    /// Its name, without the path.
    pub fn name(&self) -> &str {
        &self.entry.record.name
    }

    /// `arn:aws:iam::111122223333:user/path/name`.
    pub fn arn(&self) -> &str {
        &self.entry.arn
    }
}

impl RoleSession {
    /// The name of the role.
    pub fn role_name(&self) -> &str {
        &self.role.record.name
    }

    /// `arn:aws:iam::111122223333:role/path/name`.
    pub fn role_arn(&self) -> &str {
        &self.role.arn
    }

    /// The unique id of the role.
    pub fn role_id(&self) -> &str {
        &self.role.record.id
    }
}

/// An ARN where there is one.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.arn().as_deref().unwrap_or("anonymous"))
    }
}

/// The secret is not shown.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// `arn:aws:iam::111122223333:root`.
pub(crate) fn root_arn(account: &Account) -> String {
    format!("arn:aws:iam::{}:root", account.id)
}

/// The managed policy of an ARN.
///
/// INVARIANT: one that should be there and is not denies everything. It cannot be removed while it is attached; what was passed for
/// a session can, and may have denied something.
pub(crate) fn attached<'a>(state: &'a AccountState, arn: &str) -> Attached<'a> {
    match state.policy(arn).and_then(|entry| Some((entry, entry.in_use()?))) {
        Some((entry, version)) => Attached {
            name: &entry.arn,
            document: &version.document,
        },
        None => Attached {
            name: "a policy that is not there",
            document: &DENY_EVERYTHING,
        },
    }
}

/// The policies in and attached to one user, group or role.
pub(crate) fn own<'a>(
    inline: &'a Inlines,
    attached_arns: &'a [String],
    state: &'a AccountState,
) -> impl Iterator<Item = Attached<'a>> {
    let inline = inline.values().map(|entry| Attached {
        name: &entry.label,
        document: &entry.document,
    });
    inline.chain(attached_arns.iter().map(|arn| attached(state, arn)))
}

fn of_user<'a>(state: &'a AccountState, user: &'a UserEntry) -> Applying<'a> {
    let mut identity: SmallVec<_> = own(&user.inline, &user.record.attached, state).collect();
    for group_id in &user.record.groups {
        if let Some(group) = state.groups.by_reference(group_id) {
            identity.extend(own(&group.inline, &group.record.attached, state));
        }
    }
    Applying {
        identity,
        boundary: user.record.boundary.as_deref().map(|arn| attached(state, arn)),
        session: None,
    }
}

fn pairs(tags: &[TagRecord]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

fn named(account: &Account) -> policy::Account {
    policy::Account {
        id: account.id.clone(),
        canonical_id: account.canonical_id.clone(),
    }
}
