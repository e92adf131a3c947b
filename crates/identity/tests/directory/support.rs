//! A directory on an engine in memory, with a clock and randomness that repeat.

use countersign_engine::memory::Memory;
use countersign_engine::world::random::Seeded;
use countersign_engine::{Class, Engine, ScanRange, Scanned, Space};
use countersign_identity::{
    AccessKey, Account, Directory, MasterKeys, Principal, Random, Resolved, Unresolved,
};
use countersign_sigv4::Secret;
use countersign_types::Moment;
use countersign_types::iam::{AccessKeyStatus, Answer, Call, Fault, FaultCode, Holder, NewAccessKey, PageOf};
use std::ops::Bound;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

pub(crate) const ROOT_KEY: &str = "AKROOT0000000000";
pub(crate) const ROOT_SECRET: &str = "the operator's own secret";
pub(crate) const ROOT_ACCOUNT: &str = "000000000001";

/// 2026-11-25T00:00:00Z.
pub(crate) const START: i64 = 1_795_564_800;

pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// So many seconds after the start.
pub(crate) fn at(seconds: i64) -> Moment {
    Moment::from_seconds(START + seconds)
}

/// Bytes that repeat.
pub(crate) struct Repeating(Mutex<Seeded>);

impl Repeating {
    pub(crate) fn seeded(seed: u64) -> Arc<Repeating> {
        Arc::new(Repeating(Mutex::new(Seeded::new(seed))))
    }
}

impl Random for Repeating {
    fn fill(&self, into: &mut [u8]) {
        let bytes = self.0.lock().expect("nobody panics holding it").bytes(into.len());
        into.copy_from_slice(&bytes);
    }
}

pub(crate) fn master(of: &[u8]) -> MasterKeys {
    let keys = of.iter().map(|byte| Zeroizing::new([*byte; 32]));
    MasterKeys::new(keys.collect()).expect("there is one")
}

pub(crate) fn root_key() -> AccessKey {
    AccessKey {
        access_key_id: ROOT_KEY.to_owned(),
        secret: Secret::new(ROOT_SECRET),
    }
}

/// A server on an engine.
pub(crate) struct World {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) directory: Directory,
    pub(crate) account: Arc<Account>,
}

impl World {
    pub(crate) async fn new() -> World {
        World::on(Arc::new(Memory::new()), 1).await
    }

    pub(crate) async fn on(engine: Arc<dyn Engine>, seed: u64) -> World {
        let opened = Directory::open(
            Arc::clone(&engine),
            root_key(),
            master(&[1]),
            Repeating::seeded(seed),
        );
        let directory = opened.await.expect("it opens");
        let account = directory.account(ROOT_ACCOUNT).expect("the operator's account");
        World {
            engine,
            directory,
            account,
        }
    }

    /// The root of the account.
    pub(crate) fn root(&self) -> Principal {
        Principal::Root(Arc::clone(&self.account))
    }

    /// A call of the root.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, Fault> {
        self.call_at(call, at(0)).await
    }

    pub(crate) async fn call_at(&self, call: Call, now: Moment) -> Result<Answer, Fault> {
        self.directory.iam(&self.root(), &self.account, call, now).await
    }

    /// A call that must come to something.
    pub(crate) async fn done(&self, call: Call) -> Answer {
        let shown = format!("{call:?}");
        match self.call(call).await {
            Ok(answer) => answer,
            Err(fault) => panic!("{shown}: {fault}"),
        }
    }

    /// A call that must be refused with this code and message.
    #[track_caller]
    pub(crate) fn refused<'a>(
        &'a self,
        call: Call,
        code: FaultCode,
        message: &'a str,
    ) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let shown = format!("{call:?} at {place}");
            let fault = self.call(call).await.expect_err(&shown);
            assert_eq!((fault.code, fault.message.as_str()), (code, message), "{shown}");
        }
    }

    pub(crate) async fn user(&self, name: &str) {
        self.done(create_user(name)).await;
    }

    /// An access key of a user.
    pub(crate) async fn key(&self, user: &str) -> NewAccessKey {
        match self.done(create_key(Some(user))).await {
            Answer::NewAccessKey(key) => key,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn role(&self, name: &str, trust: &str) {
        self.done(create_role(name, trust)).await;
    }

    pub(crate) async fn policy(&self, name: &str, document: &str) -> String {
        match self.done(create_policy(name, document)).await {
            Answer::Policy(policy) => policy.arn,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn resolve(
        &self,
        id: &str,
        token: Option<&str>,
        seconds: i64,
    ) -> Result<Resolved, Unresolved> {
        self.directory.resolve(id, token, at(seconds))
    }

    /// Who a key speaks for, as an ARN.
    pub(crate) fn arn_of(&self, id: &str) -> Result<String, Unresolved> {
        let resolved = self.resolve(id, None, 0)?;
        Ok(resolved.principal.arn().unwrap_or_default())
    }

    /// All rows of the directory.
    pub(crate) async fn rows(&self) -> Vec<(u8, Scanned)> {
        let mut rows = Vec::new();
        for class in *b"AIKU" {
            let everything = ScanRange {
                from: Bound::Unbounded,
                until: Bound::Unbounded,
                fold: None,
            };
            let page = self
                .engine
                .scan(Space::SYSTEM, Class(class), everything, 10_000)
                .await;
            let page = page.expect("it is read");
            assert!(!page.more);
            rows.extend(page.rows.into_iter().map(|row| (class, row)));
        }
        rows
    }
}

pub(crate) fn create_user(name: &str) -> Call {
    Call::CreateUser {
        path: None,
        user_name: name.to_owned(),
        permissions_boundary: None,
        tags: Vec::new(),
    }
}

pub(crate) fn get_user(name: &str) -> Call {
    Call::GetUser {
        user_name: Some(name.to_owned()),
    }
}

pub(crate) fn delete_user(name: &str) -> Call {
    Call::DeleteUser {
        user_name: name.to_owned(),
    }
}

pub(crate) fn create_key(user: Option<&str>) -> Call {
    Call::CreateAccessKey {
        user_name: user.map(str::to_owned),
        expiration_date: None,
    }
}

pub(crate) fn create_group(name: &str) -> Call {
    Call::CreateGroup {
        path: None,
        group_name: name.to_owned(),
    }
}

pub(crate) fn create_role(name: &str, trust: &str) -> Call {
    Call::CreateRole {
        path: None,
        role_name: name.to_owned(),
        trust_policy: trust.to_owned(),
        description: None,
        max_session_duration: None,
        permissions_boundary: None,
        tags: Vec::new(),
    }
}

pub(crate) fn create_policy(name: &str, document: &str) -> Call {
    Call::CreatePolicy {
        path: None,
        policy_name: name.to_owned(),
        document: document.to_owned(),
        description: None,
        tags: Vec::new(),
    }
}

pub(crate) fn attach(holder: &Holder, policy_arn: &str) -> Call {
    Call::AttachPolicy {
        holder: holder.clone(),
        policy_arn: policy_arn.to_owned(),
    }
}

pub(crate) fn put_inline(holder: &Holder, name: &str, document: &str) -> Call {
    Call::PutInlinePolicy {
        holder: holder.clone(),
        policy_name: name.to_owned(),
        document: document.to_owned(),
    }
}

pub(crate) fn add_to_group(group: &str, user: &str) -> Call {
    Call::AddUserToGroup {
        group_name: group.to_owned(),
        user_name: user.to_owned(),
    }
}

pub(crate) fn set_key(user: &str, id: &str, status: AccessKeyStatus) -> Call {
    Call::UpdateAccessKey {
        user_name: Some(user.to_owned()),
        access_key_id: id.to_owned(),
        status,
    }
}

pub(crate) fn delete_key(user: &str, id: &str) -> Call {
    Call::DeleteAccessKey {
        user_name: Some(user.to_owned()),
        access_key_id: id.to_owned(),
    }
}

pub(crate) fn user(name: &str) -> Holder {
    Holder::User(name.to_owned())
}

pub(crate) fn page() -> PageOf {
    PageOf::default()
}

/// Who trusts an account as a whole.
pub(crate) fn trusting(account: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole"}}}}"#
    )
}

pub(crate) fn allowing(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    )
}
