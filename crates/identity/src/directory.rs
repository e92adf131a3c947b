//! The directory: all accounts in memory, found without waiting, changed through the engine.
//!
//! What is known is published as a whole, account by account: whoever resolves a key holds on to the account as it was then. A change
//! is computed on a copy, written in one commit that is guarded by the account's row, and published when it is durable; if another
//! server was faster, the account is read again and the change is computed anew.
//!
//! Not here: what changes mean ([`crate::iam`]), and verifying a signature.
//!
//! Keeps true: what [`Directory::resolve`] answers is no older than the last acknowledged change of this server, and no older than
//! the last [`Directory::refresh`] for those of others.

use crate::error::Result;
use crate::ids;
use crate::layout;
use crate::limits::{ACCESS_KEY_ID_BYTES_MAX, CHANGE_ATTEMPTS_MAX, SESSIONS_MAX};
use crate::master::MasterKeys;
use crate::principal::{
    AccessKey, Account, FederatedUser, Principal, Resolved, RoleSession, Unresolved, User,
};
use crate::random::{self, Random, SystemRandom};
use crate::records::{AccountRecord, Other, Record};
use crate::rows::{self, Everything};
use crate::session::{SealKeys, Session, SessionKind};
use crate::signing_keys::SigningKeys;
use crate::state::{AccountState, Difference, KeyEntry};
use crate::usage::Uses;
use bytes::Bytes;
use countersign_engine::memory::Memory;
use countersign_engine::{self as engine, Change, Engine, Guard, Outcome, Put, Space};
use countersign_sigv4::{Scope, SigningKey};
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::Mutex;

/// All accounts, their users, roles and keys.
pub struct Directory {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) master: MasterKeys,
    /// The operator's own key, which is not stored.
    root: Resolved,
    published: RwLock<Published>,
    pub(crate) seal_keys: RwLock<Arc<SealKeys>>,
    /// Held while something is written or read again, so that nothing older is published over something newer.
    pub(crate) writing: Mutex<()>,
    signing_keys: SigningKeys,
    /// Sessions opened before, by access key id.
    sessions: RwLock<HashMap<String, Arc<Session>>>,
    pub(crate) uses: Uses,
}

/// What requests are answered from.
#[derive(Default)]
struct Published {
    accounts: BTreeMap<String, Arc<AccountState>>,
    /// The account of each stored access key.
    keys: HashMap<String, String>,
}

/// What a change needs beside the account.
pub(crate) struct Means<'a> {
    pub(crate) now: Moment,
    pub(crate) directory: &'a Directory,
}

impl Directory {
    /// Reads all accounts. The operator's own account is there from the beginning, with the key `root`.
    pub async fn open(
        engine: Arc<dyn Engine>,
        root: AccessKey,
        master: MasterKeys,
        random: Arc<dyn Random>,
    ) -> Result<Directory> {
        let Everything {
            accounts,
            seal_keys,
            uses,
        } = rows::everything(&*engine, &master).await?;
        let mut directory = Directory::with(engine, root, master, random);
        for state in accounts {
            directory.publish(state);
        }
        directory.seal_keys = RwLock::new(Arc::new(seal_keys));
        for (account, id, record) in uses {
            directory.uses.read(&account, &id, record);
        }
        Ok(directory)
    }

    /// A directory in memory with the operator's account alone, which ends with the process.
    pub fn of_root(root: AccessKey) -> Directory {
        let random = SystemRandom;
        let master = MasterKeys::random(&random);
        Directory::with(Arc::new(Memory::new()), root, master, Arc::new(random))
    }

    fn with(
        engine: Arc<dyn Engine>,
        root: AccessKey,
        master: MasterKeys,
        random: Arc<dyn Random>,
    ) -> Directory {
        let state = AccountState::empty(root_record(), None);
        let root = Resolved {
            principal: Principal::Root(Arc::clone(&state.account)),
            access_key: Arc::new(root),
            session: None,
        };
        let accounts = BTreeMap::from([(state.account.id.clone(), Arc::new(state))]);
        Directory {
            engine,
            random,
            master,
            root,
            published: RwLock::new(Published {
                accounts,
                keys: HashMap::new(),
            }),
            seal_keys: RwLock::default(),
            writing: Mutex::new(()),
            signing_keys: SigningKeys::default(),
            sessions: RwLock::default(),
            uses: Uses::default(),
        }
    }

    /// Finds whose access key this is. `session_token` is what came with the request, if anything did.
    pub fn resolve(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now: Moment,
    ) -> Result<Resolved, Unresolved> {
        if access_key_id == self.root.access_key.access_key_id {
            return without_token(session_token).map(|()| self.root.clone());
        }
        let published = self.published();
        if let Some((state, key)) = published.key(access_key_id) {
            without_token(session_token)?;
            is_in_use(key, now)?;
            return resolved(state, key).ok_or(Unresolved::UnknownAccessKeyId);
        }
        if !ids::is_session_key(access_key_id) {
            return Err(Unresolved::UnknownAccessKeyId);
        }
        let token = session_token.ok_or(Unresolved::TokenMissing)?;
        let session = self.session(access_key_id, token)?;
        if now >= session.expires {
            self.signing_keys.forget(access_key_id);
            return Err(Unresolved::TokenExpired);
        }
        let Some(principal) = published.principal_of(&session, self.root_key_id(), now) else {
            drop(published);
            self.signing_keys.forget(access_key_id);
            return Err(Unresolved::TokenInvalid);
        };
        Ok(Resolved {
            principal,
            access_key: Arc::clone(session.access_key()),
            session: Some(session),
        })
    }

    /// The key of an access key id for whoever explains a signature that cannot be read, or whose token is missing. It grants nothing.
    pub fn presumed(&self, access_key_id: &str) -> Option<Resolved> {
        if access_key_id == self.root.access_key.access_key_id {
            return Some(self.root.clone());
        }
        let published = self.published();
        let (state, key) = published.key(access_key_id)?;
        resolved(state, key)
    }

    /// Whose the temporary key of a token is whose session is over, for whoever explains that. It grants nothing.
    pub fn of_ended_session(
        &self,
        access_key_id: &str,
        session_token: &str,
        now: Moment,
    ) -> Option<Resolved> {
        let session = self.session(access_key_id, session_token).ok()?;
        let published = self.published();
        let principal = published.principal_of(&session, self.root_key_id(), now)?;
        Some(Resolved {
            principal,
            access_key: Arc::clone(session.access_key()),
            session: Some(session),
        })
    }

    /// The signing key of `resolved` for a scope that was already found right (this day, our region, our service):
    /// a wrong scope must not fill the cache.
    pub fn signing_key(&self, resolved: &Resolved, scope: &Scope) -> Arc<SigningKey> {
        self.signing_keys.of(&resolved.access_key, scope)
    }

    /// The account that owns what the operator's key makes.
    pub fn root_account(&self) -> Account {
        match &self.root.principal {
            Principal::Root(account) => (**account).clone(),
            _ => unreachable!("the operator's key is the root's"),
        }
    }

    /// Whether it is the operator: the root of the operator's own account.
    pub fn is_operator(&self, principal: &Principal) -> bool {
        matches!(principal, Principal::Root(account) if account.id == ROOT_ACCOUNT_ID)
    }

    /// The account of an id.
    pub fn account(&self, account_id: &str) -> Option<Arc<Account>> {
        Some(Arc::clone(&self.state(account_id)?.account))
    }

    /// The account of a canonical id.
    pub fn account_by_canonical_id(&self, canonical_id: &str) -> Option<Arc<Account>> {
        let published = self.published();
        let mut accounts = published.accounts.values().map(|state| &state.account);
        accounts
            .find(|account| account.canonical_id == canonical_id)
            .cloned()
    }

    /// Whether an ARN that a policy names stands for somebody: a user, a role, the root of an account, or a session that there may be.
    pub fn is_known(&self, arn: &str) -> bool {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service, "", account_id, resource] = parts.as_slice() else {
            return false;
        };
        let Some(state) = self.state(account_id) else {
            return false;
        };
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let name = rest.rsplit('/').next().unwrap_or(rest);
        match (*service, kind) {
            ("iam", "root") => rest.is_empty(),
            ("iam", "user") => state.users.get(name).is_some_and(|user| user.arn == arn),
            ("iam", "role") => state.roles.get(name).is_some_and(|role| role.arn == arn),
            ("sts", "assumed-role") => rest
                .split_once('/')
                .and_then(|(role, _)| Some((role, state.roles.get(role)?)))
                .is_some_and(|(name, role)| role.record.name == name),
            ("sts", "federated-user") => !rest.is_empty(),
            _ => false,
        }
    }

    /// Notes that a key was used, unless that was noted just before. Cheap: it is called with each request.
    pub fn note_use(
        &self,
        resolved: &Resolved,
        now: Moment,
        scope: &Scope,
        user_agent: impl FnOnce() -> Option<String>,
    ) {
        let Some(account) = resolved.principal.account() else {
            return;
        };
        let id = match (&resolved.principal, &resolved.session) {
            (Principal::RoleSession(session), _) => session.role_id(),
            (_, None) => &resolved.access_key.access_key_id,
            // Temporary keys of users are in no list.
            (_, Some(_)) => return,
        };
        if id.len() > ACCESS_KEY_ID_BYTES_MAX {
            return;
        }
        self.uses
            .note(&account.id, id, now, &scope.region, &scope.service, user_agent);
    }

    /// Reads again what others changed. What cannot be read stays as it is known, and the first failure is answered when everything
    /// else was read.
    pub async fn refresh(&self) -> Result<()> {
        let _writing = self.writing.lock().await;
        let now_there = rows::account_rows(&*self.engine).await?;
        let mut first_failure = Ok(());
        for (account_id, row) in &now_there {
            let known = self.state(account_id);
            if known.is_some_and(|known| known.row.as_ref() == Some(row)) {
                continue;
            }
            if let Err(error) = self.reload(account_id).await {
                first_failure = first_failure.and(Err(error));
            }
        }
        let known: Vec<Arc<AccountState>> = self.published().accounts.values().cloned().collect();
        for state in known {
            if state.row.is_some() && !now_there.contains_key(&state.account.id) {
                self.withdraw(&state.account.id);
            }
        }
        self.reload_seal_keys().await?;
        first_failure
    }

    /// Reads the seal keys again, if they are others.
    pub(crate) async fn reload_seal_keys(&self) -> Result<()> {
        let seal_keys = rows::seal_keys(&*self.engine, &self.master).await?;
        *self.seal_keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(seal_keys);
        Ok(())
    }

    /// The state of an account.
    pub(crate) fn state(&self, account_id: &str) -> Option<Arc<AccountState>> {
        self.published().accounts.get(account_id).cloned()
    }

    /// The states of all accounts.
    pub(crate) fn states(&self) -> Vec<Arc<AccountState>> {
        self.published().accounts.values().cloned().collect()
    }

    /// Whether an account has a key or role whose last use is noted.
    pub(crate) fn has_use(&self, account_id: &str, id: &str) -> bool {
        self.state(account_id).is_some_and(|state| {
            let is_operators = account_id == ROOT_ACCOUNT_ID && id == self.root_key_id();
            state.keys.contains_key(id) || state.roles.by_reference(id).is_some() || is_operators
        })
    }

    /// The operator's key.
    pub(crate) fn root_key_id(&self) -> &str {
        &self.root.access_key.access_key_id
    }

    /// The operator's key, if the account is the operator's.
    pub(crate) fn root_access_key(&self, state: &AccountState) -> Option<&AccessKey> {
        (state.account.id == ROOT_ACCOUNT_ID).then_some(&*self.root.access_key)
    }

    /// The account of an access key, stored or the operator's.
    pub(crate) fn account_of_key(&self, access_key_id: &str) -> Option<Arc<AccountState>> {
        if access_key_id == self.root_key_id() {
            return self.state(ROOT_ACCOUNT_ID);
        }
        let published = self.published();
        let (state, _) = published.key(access_key_id)?;
        Some(Arc::clone(state))
    }

    /// Changes an account: `change` is applied to a copy, which is written and published. It may be applied several times, each time to
    /// what the account is then, and must not do anything else.
    pub(crate) async fn change<T>(
        &self,
        account_id: &str,
        now: Moment,
        change: impl Fn(&mut AccountState, &Means<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _writing = self.writing.lock().await;
        for _ in 0..CHANGE_ATTEMPTS_MAX {
            let older = self.state(account_id).ok_or_else(|| no_account(account_id))?;
            let mut newer = (*older).clone();
            let answer = change(&mut newer, &self.means(now))?;
            let difference = newer.difference(&older);
            if difference.is_empty() {
                return Ok(answer);
            }
            match self.write(&older, newer, difference, now).await? {
                Written::Done => return Ok(answer),
                Written::Overtaken => self.reload(account_id).await?,
            }
        }
        Err(Fault::new(
            FaultCode::ConcurrentModification,
            "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait \
             a few minutes and submit your request again.",
        ))
    }

    /// Makes a new account with what `fill` puts into it.
    pub(crate) async fn found<T>(
        &self,
        record: AccountRecord,
        now: Moment,
        fill: impl FnOnce(&mut AccountState, &Means<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _writing = self.writing.lock().await;
        let older = AccountState::empty(record, None);
        let mut newer = older.clone();
        let answer = fill(&mut newer, &self.means(now))?;
        let difference = newer.difference(&older);
        match self.write(&older, newer, difference, now).await? {
            Written::Done => Ok(answer),
            Written::Overtaken => Err(Fault::new(
                FaultCode::ConcurrentModification,
                "an account of this id was made at the same time",
            )),
        }
    }

    /// Removes an account that holds nothing; the caller has looked.
    ///
    /// It may have been changed since, which its row tells.
    pub(crate) async fn remove(&self, state: &AccountState) -> Result<(), Fault> {
        let _writing = self.writing.lock().await;
        let account_id = &state.account.id;
        let home = layout::account_home(account_id);
        let mut deletes = vec![layout::account_row()];
        for class in [layout::ENTITY, layout::USE] {
            let rows = rows::scan(&*self.engine, class, layout::within(&home)).await?;
            deletes.extend(rows.into_iter().map(|row| engine::Row {
                class,
                suffix: row.position.suffix,
            }));
        }
        let change = Change {
            guards: vec![Guard {
                row: layout::account_row(),
                expected: state.row.clone(),
            }],
            puts: Vec::new(),
            deletes,
        };
        let outcome = self.engine.commit(Space::SYSTEM, &home, change).await;
        match outcome.map_err(crate::Error::from)? {
            Outcome::Done => {
                self.withdraw(account_id);
                Ok(())
            }
            Outcome::Refused(_) => Err(Fault::new(
                FaultCode::ConcurrentModification,
                "the account was changed at the same time",
            )),
        }
    }

    fn means(&self, now: Moment) -> Means<'_> {
        Means { now, directory: self }
    }

    async fn write(
        &self,
        older: &AccountState,
        mut newer: AccountState,
        difference: Difference,
        now: Moment,
    ) -> Result<Written, Fault> {
        let Difference { written, removed } = difference;
        newer.record.revision += 1;
        newer.record.change = hex::encode(random::bytes::<8>(&*self.random));
        if older.row.is_none() {
            newer.record.created = now;
        }
        let row = newer.record.encode();
        newer.row = Some(row.clone());
        let mut change = Change {
            guards: vec![Guard {
                row: layout::account_row(),
                expected: older.row.clone(),
            }],
            puts: vec![put(layout::account_row(), row.clone())],
            deletes: removed.into_iter().map(layout::entity_row).collect(),
        };
        change.puts.extend(
            written
                .into_iter()
                .map(|(suffix, value)| put(layout::entity_row(suffix), value)),
        );
        let uses = gone(older, &newer);
        change.deletes.extend(uses.iter().map(|id| layout::use_row(id)));
        let home = layout::account_home(&older.account.id);
        match self.engine.commit(Space::SYSTEM, &home, change).await {
            Ok(Outcome::Done) => {}
            Ok(Outcome::Refused(_)) => return Ok(Written::Overtaken),
            Err(engine::Error::MayHaveCommitted) => {
                // The row being there is proof, anything else is none.
                let unknown = |_| Fault::from(crate::Error::Engine(engine::Error::MayHaveCommitted));
                self.reload(&older.account.id).await.map_err(unknown)?;
                let is_there = self
                    .state(&older.account.id)
                    .is_some_and(|state| state.row.as_ref() == Some(&row));
                return match is_there {
                    true => Ok(Written::Done),
                    false => Err(unknown(crate::Error::Contended)),
                };
            }
            Err(error) => return Err(crate::Error::from(error).into()),
        }
        self.publish(newer);
        Ok(Written::Done)
    }

    /// Reads an account again.
    async fn reload(&self, account_id: &str) -> Result<()> {
        match rows::account(&*self.engine, account_id, &self.master).await? {
            Some(state) => self.publish(state),
            None => self.withdraw(account_id),
        }
        Ok(())
    }

    /// Makes a state the one that requests are answered from.
    fn publish(&self, newer: AccountState) {
        let newer = Arc::new(newer);
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let older = published
            .accounts
            .insert(newer.account.id.clone(), Arc::clone(&newer));
        let mut stale = Vec::new();
        for (id, key) in older.iter().flat_map(|older| older.keys.iter()) {
            let stays = newer
                .keys
                .get(id)
                .is_some_and(|now| Arc::ptr_eq(&now.access_key, &key.access_key) && now.record.active);
            if !stays {
                stale.push(id.clone());
            }
            if !newer.keys.contains_key(id) {
                published.keys.remove(id);
            }
        }
        for id in newer.keys.keys() {
            if !published.keys.contains_key(id) {
                published.keys.insert(id.clone(), newer.account.id.clone());
            }
        }
        drop(published);
        for id in stale {
            self.signing_keys.forget(&id);
        }
        if let Some(older) = older {
            for id in gone(&older, &newer) {
                self.uses.forget(&id);
            }
        }
    }

    /// An account is no longer there. The operator's own is empty then.
    fn withdraw(&self, account_id: &str) {
        if account_id == ROOT_ACCOUNT_ID {
            self.publish(AccountState::empty(root_record(), None));
            return;
        }
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let gone = published.accounts.remove(account_id);
        published.keys.retain(|_, account| account != account_id);
        drop(published);
        for id in gone.iter().flat_map(|gone| gone.keys.keys()) {
            self.signing_keys.forget(id);
        }
    }

    fn published(&self) -> RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of a token, opened now or before.
    fn session(&self, access_key_id: &str, token: &str) -> Result<Arc<Session>, Unresolved> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let known = sessions
            .get(access_key_id)
            .filter(|session| session.has_token(token))
            .cloned();
        drop(sessions);
        if let Some(known) = known {
            return Ok(known);
        }
        let seal_keys = Arc::clone(&self.seal_keys.read().unwrap_or_else(PoisonError::into_inner));
        let session = seal_keys
            .open(token, access_key_id)
            .and_then(|claims| Session::new(access_key_id, token, claims));
        let session = Arc::new(session.ok_or(Unresolved::TokenInvalid)?);
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.clear();
        }
        sessions.insert(access_key_id.to_owned(), Arc::clone(&session));
        Ok(session)
    }
}

impl Means<'_> {
    pub(crate) fn random(&self) -> &dyn Random {
        &*self.directory.random
    }

    pub(crate) fn master(&self) -> &MasterKeys {
        &self.directory.master
    }

    /// The operator's key, if the account is the operator's.
    pub(crate) fn root_key_id(&self, state: &AccountState) -> Option<&str> {
        (state.account.id == ROOT_ACCOUNT_ID).then(|| self.directory.root_key_id())
    }
}

impl Published {
    fn key(&self, access_key_id: &str) -> Option<(&Arc<AccountState>, &Arc<KeyEntry>)> {
        let account_id = self.keys.get(access_key_id)?;
        let state = self.accounts.get(account_id)?;
        Some((state, state.keys.get(access_key_id)?))
    }

    /// Whether a credential token was revoked, as sessions call it: `ACCOUNT-ID/ID`. One of an account that is gone was.
    fn is_revoked(&self, token: &str) -> bool {
        let of_account = token
            .split_once('/')
            .and_then(|(account_id, id)| Some((self.accounts.get(account_id)?, id)));
        of_account.is_none_or(|(state, id)| state.revoked.contains_key(id))
    }

    /// Whom a session stands for; `None`: it was ended.
    fn principal_of(&self, session: &Arc<Session>, root_key_id: &str, now: Moment) -> Option<Principal> {
        let state = self.accounts.get(session.account())?;
        match session.maker() {
            Some(maker) if maker != root_key_id => {
                let (_, key) = self.key(maker)?;
                is_in_use(key, now).ok()?;
            }
            Some(_) | None => {}
        }
        if session.begun_with().is_some_and(|token| self.is_revoked(token)) {
            return None;
        }
        let user = |id: &str| state.users.by_reference(id).cloned();
        Some(match session.kind() {
            SessionKind::Role { id, .. } => Principal::RoleSession(RoleSession {
                state: Arc::clone(state),
                role: Arc::clone(state.roles.by_reference(id)?),
                session: Arc::clone(session),
            }),
            SessionKind::Federated { user: id } => Principal::FederatedUser(FederatedUser {
                state: Arc::clone(state),
                user: match id {
                    Some(id) => Some(user(id)?),
                    None => None,
                },
                session: Arc::clone(session),
            }),
            SessionKind::User { user: Some(id) } => Principal::User(User {
                state: Arc::clone(state),
                entry: user(id)?,
            }),
            SessionKind::User { user: None } => Principal::Root(Arc::clone(&state.account)),
        })
    }
}

/// What came of writing a change.
enum Written {
    Done,
    /// Somebody else changed the account first.
    Overtaken,
}

/// Whose a stored key is.
fn resolved(state: &Arc<AccountState>, key: &KeyEntry) -> Option<Resolved> {
    let principal = match &key.record.user {
        None => Principal::Root(Arc::clone(&state.account)),
        Some(user_id) => Principal::User(User {
            state: Arc::clone(state),
            entry: Arc::clone(state.users.by_reference(user_id)?),
        }),
    };
    Some(Resolved {
        principal,
        access_key: Arc::clone(&key.access_key),
        session: None,
    })
}

/// A key that is not temporary has no token: one that comes with it was never given out.
fn without_token(session_token: Option<&str>) -> Result<(), Unresolved> {
    match session_token {
        None => Ok(()),
        Some(_) => Err(Unresolved::TokenInvalid),
    }
}

pub(crate) fn is_in_use(key: &KeyEntry, now: Moment) -> Result<(), Unresolved> {
    if !key.record.active {
        return Err(Unresolved::Inactive);
    }
    match key.record.expires {
        Some(expires) if now >= expires => Err(Unresolved::Expired),
        Some(_) | None => Ok(()),
    }
}

/// The ids of keys and roles that are in the older state only.
fn gone(older: &AccountState, newer: &AccountState) -> Vec<String> {
    let keys = older.keys.keys().filter(|id| !newer.keys.contains_key(*id));
    let roles = older.roles.iter().map(|role| &role.record.id);
    let roles = roles.filter(|id| newer.roles.by_reference(id).is_none());
    keys.chain(roles).cloned().collect()
}

fn put(row: engine::Row, value: Bytes) -> Put {
    Put {
        row,
        value,
        body: None,
    }
}

fn no_account(account_id: &str) -> Fault {
    Fault::new(
        FaultCode::NoSuchEntity,
        format!("there is no account {account_id}"),
    )
}

/// The operator's own account, before anything is kept of it.
fn root_record() -> AccountRecord {
    AccountRecord {
        id: ROOT_ACCOUNT_ID.to_owned(),
        // SHA-256 of `countersign account 000000000001`: stable, and says nothing about the key.
        canonical_id: "e990fb7ce425f8e92798b722b45b00fc358cbb2332000de2db7a5531b368dff0".to_owned(),
        display_name: "root".to_owned(),
        created: Moment::from_millis(0),
        revision: 0,
        change: String::new(),
        other: Other::new(),
    }
}

/// The operator's own account.
pub(crate) const ROOT_ACCOUNT_ID: &str = "000000000001";
