//! Tokens that stand for a role: whoever shows one gets temporary credentials of it, again and again, and holds no key.
//!
//! Each lies in a row of its own as a hash, so that the rows give nobody a token. They are read when one is shown, which is once an hour
//! for each who uses it, so nothing of them is kept in memory and what was revoked is refused at once, by every server on the engine.
//! That one was revoked is kept with the account while sessions that it began could still run: they have ended with it.
//!
//! Not here: who may make one, whether the role trusts the server that hands credentials out, and HTTP; the server has those.

use crate::error::Error;
use crate::limits::REVOKED_KEPT_SECONDS;
use crate::random;
use crate::records::{CredentialTokenRecord, Other, Record, RevokedRecord};
use crate::rows;
use crate::state::AccountState;
use crate::sts::RoleView;
use crate::{Directory, ids, layout};
use countersign_engine::{Change, Guard, Outcome, Put, Space};
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A token as it is told later on: without what makes it one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialToken {
    /// How it is called in the account.
    pub id: String,
    /// The role that it stands for.
    pub role_arn: String,
    /// When it was made.
    pub created: Moment,
    /// The ARN of who made it.
    pub created_by: String,
    /// When it stops by itself.
    pub expires: Option<Moment>,
}

/// A token that was made just now. It is told this once.
pub struct NewCredentialToken {
    /// What is sent with each request.
    pub token: Zeroizing<String>,
    /// What is told of it later on.
    pub about: CredentialToken,
}

/// The token is not shown.
impl fmt::Debug for NewCredentialToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCredentialToken")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Directory {
    /// Makes a token for a role. The role is meant, not its name: one that is made later of the same name is another.
    pub async fn create_credential_token(
        &self,
        role: &RoleView,
        created_by: &str,
        expires: Option<Moment>,
        now: Moment,
    ) -> Result<NewCredentialToken, Fault> {
        let account_id = &role.account().id;
        let revoked = self.state(account_id).map_or(0, |state| state.revoked.len());
        if self.credential_tokens(account_id).await?.len() + revoked >= CREDENTIAL_TOKENS_MAX {
            let message =
                format!("Cannot exceed quota for CredentialTokensPerAccount: {CREDENTIAL_TOKENS_MAX}");
            return Err(Fault::new(FaultCode::LimitExceeded, message));
        }
        let id = hex::encode(random::bytes::<ID_BYTES>(&*self.random));
        let secret = ids::secret(&*self.random);
        let token = Zeroizing::new([PREFIX, account_id.as_str(), id.as_str(), secret.as_str()].join("_"));
        let record = CredentialTokenRecord {
            id: id.clone(),
            hash: hash(&token),
            role_arn: role.arn().to_owned(),
            role_id: role.id().to_owned(),
            created: now,
            created_by: created_by.to_owned(),
            expires,
            other: Other::new(),
        };
        let row = layout::credential_token_row(account_id, &id);
        let change = Change {
            // Random as it is, it is nobody else's.
            guards: vec![Guard {
                row: row.clone(),
                expected: None,
            }],
            puts: vec![Put {
                row,
                value: record.encode(),
                body: None,
            }],
            deletes: Vec::new(),
        };
        let home = layout::credential_tokens_home();
        let outcome = self.engine.commit(Space::SYSTEM, &home, change).await;
        match outcome.map_err(Error::from)? {
            Outcome::Done => Ok(NewCredentialToken {
                token,
                about: about(record),
            }),
            Outcome::Refused(_) => Err(Fault::new(
                FaultCode::ConcurrentModification,
                "two tokens were made with one id",
            )),
        }
    }

    /// The tokens of an account, the oldest first.
    pub async fn credential_tokens(&self, account_id: &str) -> Result<Vec<CredentialToken>, Fault> {
        let range = layout::credential_tokens_of(account_id);
        let rows = rows::scan(&*self.engine, layout::CREDENTIAL_TOKEN, range).await?;
        let mut tokens = Vec::with_capacity(rows.len());
        for row in rows {
            tokens.push(about(CredentialTokenRecord::decode(&row.value, WHAT)?));
        }
        tokens.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(tokens)
    }

    /// Revokes a token of an account, and ends the sessions that it began, and those that they began.
    pub async fn delete_credential_token(
        &self,
        account_id: &str,
        id: &str,
        now: Moment,
    ) -> Result<(), Fault> {
        let tokens = self.credential_tokens(account_id).await?;
        if !tokens.iter().any(|token| token.id == id) {
            let message = format!("The credential token {id} cannot be found.");
            return Err(Fault::new(FaultCode::NoSuchEntity, message));
        }
        // First: whoever is stopped in between can revoke it again, and what it begins meanwhile has ended already.
        let record = Arc::new(RevokedRecord {
            id: id.to_owned(),
            at: now,
            other: Other::new(),
        });
        self.change(account_id, now, |state, _| {
            let revoked = Arc::make_mut(&mut state.revoked);
            revoked.insert(id.to_owned(), Arc::clone(&record));
            Ok(())
        })
        .await?;
        let change = Change {
            deletes: vec![layout::credential_token_row(account_id, id)],
            ..Change::default()
        };
        let home = layout::credential_tokens_home();
        let outcome = self.engine.commit(Space::SYSTEM, &home, change).await;
        outcome.map(drop).map_err(|error| Error::from(error).into())
    }

    /// The id of a token and the role that it stands for, if it is good now and the role is still there.
    pub async fn role_of_credential_token(
        &self,
        token: &str,
        now: Moment,
    ) -> Result<Option<(String, RoleView)>, Fault> {
        let parts: Vec<&str> = token.split('_').collect();
        let [PREFIX, account_id, id, _secret] = parts.as_slice() else {
            return Ok(None);
        };
        let is_plain = |text: &str| text.len() <= 2 * ID_BYTES && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_plain(account_id) || !is_plain(id) {
            return Ok(None);
        }
        let home = layout::credential_tokens_home();
        let row = [layout::credential_token_row(account_id, id)];
        let found = self.engine.get(Space::SYSTEM, &home, &row).await;
        let Some(stored) = found.map_err(Error::from)?.into_iter().next().flatten() else {
            return Ok(None);
        };
        let record = CredentialTokenRecord::decode(&stored.value, WHAT)?;
        let is_it = bool::from(record.hash.as_bytes().ct_eq(hash(token).as_bytes()));
        let is_in_time = record.expires.is_none_or(|expires| now < expires);
        if !is_it || !is_in_time {
            return Ok(None);
        }
        let role = self.role(&record.role_arn);
        Ok(role
            .filter(|role| role.id() == record.role_id)
            .map(|role| (record.id, role)))
    }
}

/// Forgets the revoked tokens whose sessions have all ended by themselves.
pub(crate) fn age(state: &mut AccountState, now: Moment) {
    let is_over = |record: &RevokedRecord| now.seconds() - record.at.seconds() > REVOKED_KEPT_SECONDS;
    if state.revoked.values().any(|record| is_over(record)) {
        Arc::make_mut(&mut state.revoked).retain(|_, record| !is_over(record));
    }
}

fn about(record: CredentialTokenRecord) -> CredentialToken {
    CredentialToken {
        id: record.id,
        role_arn: record.role_arn,
        created: record.created,
        created_by: record.created_by,
        expires: record.expires,
    }
}

/// A token has more than 200 random bits, so that a plain hash is as good as a slow one.
fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Most tokens of an account, as many as it may have roles; those revoked in the last hours are counted, so that they are bounded, too.
pub const CREDENTIAL_TOKENS_MAX: usize = 1000;
const ID_BYTES: usize = 8;
const PREFIX: &str = "cst";
const WHAT: &str = "a credential token";
