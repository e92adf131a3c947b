//! Accounts: made, listed and removed by the operator.
//!
//! Not here: who may do so, and whether an account still owns buckets, which the store knows.

use crate::directory::{Directory, ROOT_ACCOUNT_ID};
use crate::iam;
use crate::ids;
use crate::limits::{ACCOUNT_NAME_CHARACTERS_MAX, ACCOUNTS_MAX};
use crate::principal::Account;
use crate::records::{AccountRecord, Other};
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode, NewAccessKey};
use std::sync::Arc;

/// An account that was made just now, with the first key of its root. The secret is told this once.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The account.
    pub account: Arc<Account>,
    /// The key.
    pub access_key: NewAccessKey,
}

impl Directory {
    /// All accounts, the operator's among them, in the order of ids.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        self.states()
            .iter()
            .map(|state| Arc::clone(&state.account))
            .collect()
    }

    /// Makes an account with an access key of its root.
    pub async fn create_account(&self, display_name: &str, now: Moment) -> Result<NewAccount, Fault> {
        check_name(display_name)?;
        let record = AccountRecord {
            id: ids::account_id(&*self.random),
            canonical_id: ids::canonical_id(&*self.random),
            display_name: display_name.to_owned(),
            created: now,
            revision: 0,
            change: String::new(),
            other: Other::new(),
        };
        let id = record.id.clone();
        let access_key = self
            .found(record, now, |state, means| {
                let accounts = means.directory.accounts();
                let mut names = accounts.iter().map(|account| &account.display_name);
                if names.any(|name| name.eq_ignore_ascii_case(display_name)) {
                    return Err(iam::words::exists("Account", display_name));
                }
                if accounts.len() >= ACCOUNTS_MAX {
                    return Err(iam::words::quota("Accounts", ACCOUNTS_MAX));
                }
                iam::add_key(state, means, None, None)
            })
            .await?;
        let account = self.account(&id).ok_or_else(|| {
            Fault::new(
                FaultCode::ServiceFailure,
                format!("account {id} is not there after it was made"),
            )
        })?;
        Ok(NewAccount { account, access_key })
    }

    /// Removes an account in which nothing is left but keys of its root. The operator's stays.
    pub async fn delete_account(&self, account_id: &str) -> Result<(), Fault> {
        let state = self.state(account_id).ok_or_else(|| {
            Fault::new(
                FaultCode::NoSuchEntity,
                format!("there is no account {account_id}"),
            )
        })?;
        if account_id == ROOT_ACCOUNT_ID {
            let message = "The operator's own account cannot be removed.";
            return Err(Fault::new(FaultCode::UnmodifiableEntity, message));
        }
        let holds = [
            ("users", state.users.len()),
            ("groups", state.groups.len()),
            ("roles", state.roles.len()),
            ("policies", state.policies.len()),
            ("identity providers", state.providers.len()),
        ];
        if let Some((what, _)) = holds.iter().find(|(_, count)| *count > 0) {
            return Err(iam::words::conflict(&format!("delete {what}")));
        }
        self.remove(&state).await
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    let is_right = (1..=ACCOUNT_NAME_CHARACTERS_MAX).contains(&name.chars().count());
    match is_right && !name.chars().any(char::is_control) && name.trim() == name {
        true => Ok(()),
        false => {
            let must = format!(
                "have 1 to {ACCOUNT_NAME_CHARACTERS_MAX} characters, without control characters and blanks around"
            );
            Err(iam::words::constraint(name, "name", &must))
        }
    }
}
