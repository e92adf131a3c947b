//! An account as it is at one moment: everything in it, read and compiled, and never changed once it is published.
//!
//! A change is made on a copy; the rows to write are the difference of the two ([`AccountState::difference`]), so that no change can forget
//! a row. Copies share what did not change.
//!
//! Not here: reading and writing the engine ([`crate::directory`]), and what may be changed how ([`crate::iam`]).

use crate::error::{Error, Result};
use crate::layout;
use crate::managed;
use crate::master::MasterKeys;
use crate::principal::{AccessKey, Account};
use crate::records::{
    AccountRecord, GroupRecord, InlineRecord, KeyRecord, PolicyRecord, ProviderRecord, Record, RevokedRecord,
    RoleRecord, TombRecord, UserRecord, VersionRecord,
};
use crate::seal;
use bytes::Bytes;
use countersign_policy::{Document, Kind};
use countersign_sigv4::Secret;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

/// An account and all that is in it.
#[derive(Clone)]
pub(crate) struct AccountState {
    pub(crate) account: Arc<Account>,
    pub(crate) record: AccountRecord,
    /// The bytes of the account's row on the engine; `None` if there is none yet.
    pub(crate) row: Option<Bytes>,
    pub(crate) users: Arc<Named<UserEntry>>,
    pub(crate) groups: Arc<Named<GroupEntry>>,
    pub(crate) roles: Arc<Named<RoleEntry>>,
    pub(crate) policies: Arc<Named<PolicyEntry>>,
    /// By id.
    pub(crate) keys: Arc<BTreeMap<String, Arc<KeyEntry>>>,
    /// By URL.
    pub(crate) providers: Arc<BTreeMap<String, Arc<ProviderRecord>>>,
    /// By id of the access key.
    pub(crate) tombs: Arc<BTreeMap<String, Arc<TombRecord>>>,
    /// Credential tokens whose sessions have ended, by id.
    pub(crate) revoked: Arc<BTreeMap<String, Arc<RevokedRecord>>>,
}

/// The rows of class `I`, by suffix, that tell a state from an older one.
pub(crate) struct Difference {
    pub(crate) written: Vec<(String, Bytes)>,
    pub(crate) removed: Vec<String>,
}

impl Difference {
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct UserEntry {
    pub(crate) record: UserRecord,
    pub(crate) arn: String,
    pub(crate) inline: Inlines,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct GroupEntry {
    pub(crate) record: GroupRecord,
    pub(crate) arn: String,
    pub(crate) inline: Inlines,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct RoleEntry {
    pub(crate) record: RoleRecord,
    pub(crate) arn: String,
    pub(crate) trust: Document,
    pub(crate) inline: Inlines,
}

/// A managed policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyEntry {
    pub(crate) record: PolicyRecord,
    pub(crate) arn: String,
    pub(crate) versions: BTreeMap<u32, Arc<VersionEntry>>,
}

/// A version of a managed policy.
#[derive(Debug)]
pub(crate) struct VersionEntry {
    pub(crate) record: VersionRecord,
    pub(crate) document: Document,
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct KeyEntry {
    pub(crate) record: KeyRecord,
    pub(crate) access_key: Arc<AccessKey>,
}

/// The policies inside a user, group or role, by name.
pub(crate) type Inlines = BTreeMap<String, Arc<InlineEntry>>;

/// A policy inside a user, group or role.
#[derive(Debug)]
pub(crate) struct InlineEntry {
    pub(crate) record: InlineRecord,
    pub(crate) document: Document,
    /// How a decision names it: `user/ada/NAME`.
    pub(crate) label: String,
}

impl AccountState {
    /// An account with nothing in it.
    pub(crate) fn empty(record: AccountRecord, row: Option<Bytes>) -> AccountState {
        AccountState {
            account: Arc::new(Account {
                id: record.id.clone(),
                canonical_id: record.canonical_id.clone(),
                display_name: record.display_name.clone(),
            }),
            record,
            row,
            users: Arc::default(),
            groups: Arc::default(),
            roles: Arc::default(),
            policies: Arc::default(),
            keys: Arc::default(),
            providers: Arc::default(),
            tombs: Arc::default(),
            revoked: Arc::default(),
        }
    }

    /// Puts an account together from its rows, opening the secrets.
    pub(crate) fn of_rows(
        row: &Bytes,
        entities: &[(Bytes, Bytes)],
        master: &MasterKeys,
    ) -> Result<AccountState> {
        let record = AccountRecord::decode(row, "the row of an account")?;
        let mut state = AccountState::empty(record, Some(row.clone()));
        let mut parts = Parts::default();
        for (suffix, value) in entities {
            parts.read(&state.account.id, suffix, value, master)?;
        }
        parts.join(&mut state)?;
        Ok(state)
    }

    /// The rows of class `I` that tell this state from an older one: those to write, and those to remove.
    pub(crate) fn difference(&self, older: &AccountState) -> Difference {
        let (mut before, mut after) = (Rows::new(), Rows::new());
        compare(
            &older.users.by_reference,
            &self.users.by_reference,
            &mut before,
            &mut after,
        );
        compare(
            &older.groups.by_reference,
            &self.groups.by_reference,
            &mut before,
            &mut after,
        );
        compare(
            &older.roles.by_reference,
            &self.roles.by_reference,
            &mut before,
            &mut after,
        );
        compare(
            &older.policies.by_reference,
            &self.policies.by_reference,
            &mut before,
            &mut after,
        );
        compare(&older.keys, &self.keys, &mut before, &mut after);
        compare(&older.providers, &self.providers, &mut before, &mut after);
        compare(&older.tombs, &self.tombs, &mut before, &mut after);
        compare(&older.revoked, &self.revoked, &mut before, &mut after);
        let removed = before.keys().filter(|suffix| !after.contains_key(*suffix));
        let removed = removed.cloned().collect();
        after.retain(|suffix, value| before.get(suffix) != Some(value));
        Difference {
            written: after.into_iter().collect(),
            removed,
        }
    }

    /// The managed policy of an ARN: one of the account's, or one that comes with the server.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Arc<PolicyEntry>> {
        self.policies
            .by_reference(arn)
            .or_else(|| managed::policies().by_reference(arn))
    }

    /// The access keys of a user, or of the root.
    pub(crate) fn keys_of<'a>(&'a self, user_id: Option<&'a str>) -> impl Iterator<Item = &'a Arc<KeyEntry>> {
        self.keys
            .values()
            .filter(move |key| key.record.user.as_deref() == user_id)
    }

    /// `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`.
    pub(crate) fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        arn(&self.account.id, kind, path, name)
    }
}

/// `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`. A path begins and ends with a slash.
pub(crate) fn arn(account_id: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account_id}:{kind}{path}{name}")
}

/// What the secret of an access key is sealed to.
pub(crate) fn key_place(account_id: &str, access_key_id: &str) -> Vec<u8> {
    seal::bound_to(&["access key", account_id, access_key_id])
}

/// What has a name, which may change, and a reference, which does not: a unique id, or the ARN of a policy.
pub(crate) trait Entity {
    fn name(&self) -> &str;
    fn reference(&self) -> &str;
}

/// Things by name and by reference.
#[derive(Clone)]
pub(crate) struct Named<T> {
    /// By the name in lower case.
    by_name: BTreeMap<String, Arc<T>>,
    by_reference: BTreeMap<String, Arc<T>>,
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named {
            by_name: BTreeMap::new(),
            by_reference: BTreeMap::new(),
        }
    }
}

impl<T: Entity> Named<T> {
    /// The one of this name, whatever the case of its letters. What it is called, and what policies say of it, has a case.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<T>> {
        self.by_name.get(&layout::folded(name))
    }

    /// Whether a name that differs in nothing but case is given.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.by_name.contains_key(&layout::folded(name))
    }

    /// The one of this unique id or ARN.
    pub(crate) fn by_reference(&self, reference: &str) -> Option<&Arc<T>> {
        self.by_reference.get(reference)
    }

    /// In the order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.by_name.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Adds one, or puts it in place of the one of the same reference.
    pub(crate) fn insert(&mut self, entity: T) {
        self.remove(entity.reference());
        let entity = Arc::new(entity);
        self.by_name
            .insert(layout::folded(entity.name()), Arc::clone(&entity));
        self.by_reference.insert(entity.reference().to_owned(), entity);
    }

    pub(crate) fn remove(&mut self, reference: &str) {
        if let Some(removed) = self.by_reference.remove(reference) {
            self.by_name.remove(&layout::folded(removed.name()));
        }
    }
}

impl Entity for UserEntry {
    fn name(&self) -> &str {
        &self.record.name
    }

    fn reference(&self) -> &str {
        &self.record.id
    }
}

impl Entity for GroupEntry {
    fn name(&self) -> &str {
        &self.record.name
    }

    fn reference(&self) -> &str {
        &self.record.id
    }
}

impl Entity for RoleEntry {
    fn name(&self) -> &str {
        &self.record.name
    }

    fn reference(&self) -> &str {
        &self.record.id
    }
}

impl Entity for PolicyEntry {
    fn name(&self) -> &str {
        &self.record.name
    }

    fn reference(&self) -> &str {
        &self.arn
    }
}

impl UserEntry {
    pub(crate) fn new(account_id: &str, record: UserRecord, inline: Inlines) -> UserEntry {
        UserEntry {
            arn: arn(account_id, "user", &record.path, &record.name),
            inline: relabelled(inline, "user", &record.name),
            record,
        }
    }
}

impl GroupEntry {
    pub(crate) fn new(account_id: &str, record: GroupRecord, inline: Inlines) -> GroupEntry {
        GroupEntry {
            arn: arn(account_id, "group", &record.path, &record.name),
            inline: relabelled(inline, "group", &record.name),
            record,
        }
    }
}

impl RoleEntry {
    pub(crate) fn new(account_id: &str, record: RoleRecord, inline: Inlines) -> RoleEntry {
        let arn = arn(account_id, "role", &record.path, &record.name);
        RoleEntry {
            arn,
            trust: compiled(Kind::Trust, &record.trust),
            inline: relabelled(inline, "role", &record.name),
            record,
        }
    }
}

impl PolicyEntry {
    /// The version in use. There always is one.
    pub(crate) fn in_use(&self) -> Option<&Arc<VersionEntry>> {
        self.versions.get(&self.record.default_version)
    }
}

impl InlineEntry {
    /// `holder` is like `user/ada`.
    pub(crate) fn new(record: InlineRecord, document: Document, holder: &str) -> InlineEntry {
        InlineEntry {
            label: format!("{holder}/{}", record.name),
            record,
            document,
        }
    }
}

/// After a rename decisions name the holder as it is called now.
fn relabelled(inline: Inlines, kind: &str, name: &str) -> Inlines {
    let holder = format!("{kind}/{name}");
    let is_right = |entry: &InlineEntry| {
        entry
            .label
            .strip_prefix(&holder)
            .and_then(|rest| rest.strip_prefix('/'))
            == Some(&entry.record.name)
    };
    let relabelled = inline.into_iter().map(|(name, entry)| {
        if is_right(&entry) {
            return (name, entry);
        }
        let entry = InlineEntry::new(entry.record.clone(), entry.document.clone(), &holder);
        (name, Arc::new(entry))
    });
    relabelled.collect()
}

/// A document that was checked when it was stored.
///
/// INVARIANT: one that a stricter version cannot read any more denies everything, since it may have denied something. The server starts
/// all the same, and whoever may can put another in its place. A decision names it by the `Sid` below.
fn compiled(kind: Kind<'_>, text: &str) -> Document {
    Document::parse(kind, text.as_bytes()).unwrap_or_else(|_| match kind {
        Kind::Trust => TRUST_NOBODY.clone(),
        Kind::Managed | Kind::Boundary | Kind::Inline | Kind::Session | Kind::Bucket(_) => {
            DENY_EVERYTHING.clone()
        }
    })
}

/// Stands for what is not there or cannot be read.
pub(crate) static DENY_EVERYTHING: LazyLock<Document> = LazyLock::new(|| {
    let text = br#"{"Version":"2012-10-17","Statement":{"Sid":"Unreadable","Effect":"Deny","Action":"*","Resource":"*"}}"#;
    Document::parse(Kind::Managed, text).expect("the document is a policy")
});

static TRUST_NOBODY: LazyLock<Document> = LazyLock::new(|| {
    let text = br#"{"Version":"2012-10-17","Statement":{"Sid":"Unreadable","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#;
    Document::parse(Kind::Trust, text).expect("the document is a trust policy")
});

/// Rows of class `I`.
type Rows = BTreeMap<String, Bytes>;

/// What rows are made of.
trait InRows {
    fn rows(&self, into: &mut Rows);
}

/// Collects the rows of what is not the same in both. What is shared is the same.
fn compare<T: InRows>(
    older: &BTreeMap<String, Arc<T>>,
    newer: &BTreeMap<String, Arc<T>>,
    before: &mut Rows,
    after: &mut Rows,
) {
    for (reference, entry) in older {
        match newer.get(reference) {
            Some(same) if Arc::ptr_eq(same, entry) => {}
            Some(_) | None => entry.rows(before),
        }
    }
    for (reference, entry) in newer {
        match older.get(reference) {
            Some(same) if Arc::ptr_eq(same, entry) => {}
            Some(_) | None => entry.rows(after),
        }
    }
}

fn inline_rows(inline: &Inlines, into: &mut Rows) {
    for entry in inline.values() {
        let record = &entry.record;
        into.insert(layout::inline(&record.holder, &record.name), record.encode());
    }
}

impl InRows for UserEntry {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::user(&self.record.name), self.record.encode());
        inline_rows(&self.inline, into);
    }
}

impl InRows for GroupEntry {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::group(&self.record.name), self.record.encode());
        inline_rows(&self.inline, into);
    }
}

impl InRows for RoleEntry {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::role(&self.record.name), self.record.encode());
        inline_rows(&self.inline, into);
    }
}

impl InRows for PolicyEntry {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::policy(&self.record.name), self.record.encode());
        for version in self.versions.values() {
            let suffix = layout::policy_document(&self.record.name, version.record.number);
            into.insert(suffix, version.record.encode());
        }
    }
}

impl InRows for KeyEntry {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::key(&self.record.id), self.record.encode());
    }
}

impl InRows for ProviderRecord {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::oidc(&self.url), self.encode());
    }
}

impl InRows for TombRecord {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::tomb(&self.id), self.encode());
    }
}

impl InRows for RevokedRecord {
    fn rows(&self, into: &mut Rows) {
        into.insert(layout::revoked(&self.id), self.encode());
    }
}

/// The rows of an account, read and not yet put together.
#[derive(Default)]
struct Parts {
    users: Vec<UserRecord>,
    groups: Vec<GroupRecord>,
    roles: Vec<RoleRecord>,
    policies: Vec<PolicyRecord>,
    /// By the policy's name in lower case.
    versions: BTreeMap<String, BTreeMap<u32, Arc<VersionEntry>>>,
    /// By the holder's unique id.
    inline: BTreeMap<String, Inlines>,
    keys: BTreeMap<String, Arc<KeyEntry>>,
    providers: BTreeMap<String, Arc<ProviderRecord>>,
    tombs: BTreeMap<String, Arc<TombRecord>>,
    revoked: BTreeMap<String, Arc<RevokedRecord>>,
}

impl Parts {
    /// Reads one row. A kind of row that is not known is one of a later version, and left where it is.
    fn read(&mut self, account_id: &str, suffix: &[u8], value: &[u8], master: &MasterKeys) -> Result<()> {
        let shown = String::from_utf8_lossy(suffix);
        let what = format!("the row `{shown}` of account {account_id}");
        let Some((kind, rest)) = shown.split_once('/') else {
            return Ok(());
        };
        match kind {
            "user" => self.users.push(UserRecord::decode(value, &what)?),
            "group" => self.groups.push(GroupRecord::decode(value, &what)?),
            "role" => self.roles.push(RoleRecord::decode(value, &what)?),
            "policy" => match rest.split_once('/') {
                None => self.policies.push(PolicyRecord::decode(value, &what)?),
                Some((name, _)) => {
                    let record = VersionRecord::decode(value, &what)?;
                    let document = compiled(Kind::Managed, &record.document);
                    let versions = self.versions.entry(name.to_owned()).or_default();
                    versions.insert(record.number, Arc::new(VersionEntry { record, document }));
                }
            },
            "inline" => {
                let record = InlineRecord::decode(value, &what)?;
                let document = compiled(Kind::Inline, &record.document);
                let inline = self.inline.entry(record.holder.clone()).or_default();
                let name = record.name.clone();
                // Labelled when the holder is known.
                inline.insert(name, Arc::new(InlineEntry::new(record, document, "")));
            }
            "key" => {
                let record = KeyRecord::decode(value, &what)?;
                let entry = opened(account_id, record, master)?;
                self.keys.insert(entry.record.id.clone(), Arc::new(entry));
            }
            "oidc" => {
                let record = ProviderRecord::decode(value, &what)?;
                self.providers.insert(record.url.clone(), Arc::new(record));
            }
            "tomb" => {
                let record = TombRecord::decode(value, &what)?;
                self.tombs.insert(record.id.clone(), Arc::new(record));
            }
            "revoked" => {
                let record = RevokedRecord::decode(value, &what)?;
                self.revoked.insert(record.id.clone(), Arc::new(record));
            }
            _ => {}
        }
        Ok(())
    }

    fn join(mut self, state: &mut AccountState) -> Result<()> {
        let id = state.account.id.clone();
        let mut inline_of = |holder: &str| self.inline.remove(holder).unwrap_or_default();
        let users = Arc::make_mut(&mut state.users);
        for record in self.users {
            let inline = inline_of(&record.id);
            users.insert(UserEntry::new(&id, record, inline));
        }
        let groups = Arc::make_mut(&mut state.groups);
        for record in self.groups {
            let inline = inline_of(&record.id);
            groups.insert(GroupEntry::new(&id, record, inline));
        }
        let roles = Arc::make_mut(&mut state.roles);
        for record in self.roles {
            let inline = inline_of(&record.id);
            roles.insert(RoleEntry::new(&id, record, inline));
        }
        let policies = Arc::make_mut(&mut state.policies);
        for record in self.policies {
            let arn = arn(&id, "policy", &record.path, &record.name);
            let versions = self
                .versions
                .remove(&layout::folded(&record.name))
                .unwrap_or_default();
            let entry = PolicyEntry {
                record,
                arn,
                versions,
            };
            if entry.in_use().is_none() {
                return Err(Error::Damaged(format!("the managed policy {}", entry.arn)));
            }
            policies.insert(entry);
        }
        state.keys = Arc::new(self.keys);
        state.providers = Arc::new(self.providers);
        state.tombs = Arc::new(self.tombs);
        state.revoked = Arc::new(self.revoked);
        Ok(())
    }
}

/// An access key with its secret opened.
fn opened(account_id: &str, record: KeyRecord, master: &MasterKeys) -> Result<KeyEntry> {
    let what = format!("access key {}", record.id);
    let mut secret: Zeroizing<Vec<u8>> =
        master.open(&record.sealed, &key_place(account_id, &record.id), &what)?;
    let access_key = AccessKey {
        access_key_id: record.id.clone(),
        // Moved, so that the wiping goes on with the new owner.
        secret: Secret::new(std::mem::take(&mut *secret)),
    };
    Ok(KeyEntry {
        record,
        access_key: Arc::new(access_key),
    })
}
