//! What is done now and then: seal keys of sessions, last uses, what is left of removed keys, and sealing anew.
//!
//! Not here: when; the server decides.

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::layout;
use crate::limits::{ACCESS_KEY_ID_BYTES_MAX, RESEALED_PER_COMMIT, USES_PER_COMMIT};
use crate::records::{Other, Record, SealKeyRecord, UseRecord};
use crate::seal::SealingKey;
use crate::session::{SealKey, SealKeys, seal_key_place};
use crate::state::{AccountState, key_place};
use crate::{credential_tokens, tombstone};
use bytes::Bytes;
use countersign_engine::{self as engine, Change, Guard, Outcome, Put, Row, Space};
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode};
use std::sync::{Arc, PoisonError};

impl Directory {
    /// Makes a new key for session tokens. It takes over as soon as every server on the engine knows it; the keys before it stay until the
    /// last session has ended that they sealed.
    pub async fn rotate_session_keys(&self, now: Moment) -> Result<()> {
        let _writing = self.writing.lock().await;
        self.reload_seal_keys().await?;
        self.make_seal_key(now).await
    }

    /// Writes what was noted of uses since the last time.
    pub async fn flush_usage(&self) -> Result<()> {
        let unwritten = self.uses.unwritten();
        // They are in the order of accounts.
        for of_account in unwritten.chunk_by(|a, b| a.0 == b.0) {
            for uses in of_account.chunks(USES_PER_COMMIT) {
                self.write_uses(uses).await?;
            }
        }
        Ok(())
    }

    /// Removes what has had its time: days of removed keys, revoked tokens, and seal keys whose sessions have all ended.
    pub async fn sweep(&self, now: Moment) -> Result<(), Fault> {
        for state in self.states() {
            if !state.tombs.is_empty() || !state.revoked.is_empty() {
                self.change(&state.account.id, now, |state, means| {
                    tombstone::age(state, means.now);
                    credential_tokens::age(state, means.now);
                    Ok(())
                })
                .await?;
            }
        }
        let _writing = self.writing.lock().await;
        let spent: Vec<Row> = self
            .seal_keys_now()
            .spent(now)
            .map(|key| layout::seal_key_row(key.key.id()))
            .collect();
        if !spent.is_empty() {
            let change = Change {
                deletes: spent,
                ..Change::default()
            };
            let home = layout::seal_keys_home();
            self.engine
                .commit(Space::SYSTEM, &home, change)
                .await
                .map_err(Error::from)?;
            self.reload_seal_keys().await?;
        }
        Ok(())
    }

    /// Seals everything by the current master key that another one sealed, and answers how many secrets these were. After it the older
    /// master keys are not needed any more.
    pub async fn reseal(&self, now: Moment) -> Result<usize, Fault> {
        let mut count = 0;
        for state in self.states() {
            loop {
                let resealed = self
                    .change(&state.account.id, now, |state, means| {
                        Ok(reseal_keys(state, means.directory)? + reseal_tombs(state, means.directory)?)
                    })
                    .await?;
                count += resealed;
                if resealed == 0 {
                    break;
                }
            }
        }
        Ok(count + self.reseal_seal_keys().await?)
    }

    /// The key that seals tokens now; made if there is none.
    pub(crate) async fn seal_key(&self, now: Moment) -> Result<SealingKey> {
        if let Some(current) = self.seal_keys_now().current(now) {
            return Ok(current.key.clone());
        }
        let _writing = self.writing.lock().await;
        // Another server may have made one.
        self.reload_seal_keys().await?;
        if self.seal_keys_now().current(now).is_none() {
            self.make_seal_key(now).await?;
        }
        let seal_keys = self.seal_keys_now();
        let current = seal_keys.current(now);
        current.map(|current| current.key.clone()).ok_or(Error::Contended)
    }

    /// Reads the last use of a key or role that other servers may have written.
    pub(crate) async fn read_use(&self, state: &AccountState, id: &str) -> Result<()> {
        let is_name =
            id.len() <= ACCESS_KEY_ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name {
            return Ok(());
        }
        let home = layout::account_home(&state.account.id);
        let rows = [layout::use_row(id)];
        let found = self.engine.get(Space::SYSTEM, &home, &rows).await?;
        if let Some(stored) = found.into_iter().next().flatten() {
            let record = UseRecord::decode(&stored.value, "the last use of a key")?;
            self.uses.read(&state.account.id, id, record);
        }
        Ok(())
    }

    /// Reads last uses of keys or roles that other servers may have written.
    pub(crate) async fn read_uses(
        &self,
        state: &AccountState,
        ids: impl Iterator<Item = &String>,
    ) -> Result<()> {
        let ids: Vec<&String> = ids.collect();
        let home = layout::account_home(&state.account.id);
        for ids in ids.chunks(USES_PER_COMMIT) {
            let rows: Vec<Row> = ids.iter().map(|id| layout::use_row(id)).collect();
            let found = self.engine.get(Space::SYSTEM, &home, &rows).await?;
            for (id, stored) in ids.iter().zip(found) {
                if let Some(stored) = stored {
                    let record = UseRecord::decode(&stored.value, "the last use of a key")?;
                    self.uses.read(&state.account.id, id, record);
                }
            }
        }
        Ok(())
    }

    fn seal_keys_now(&self) -> Arc<SealKeys> {
        Arc::clone(&self.seal_keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn make_seal_key(&self, now: Moment) -> Result<()> {
        let key = SealingKey::random(&*self.random);
        let row = self.sealed_row(&key, now, Other::new());
        let change = Change {
            puts: vec![put(layout::seal_key_row(key.id()), row)],
            ..Change::default()
        };
        let home = layout::seal_keys_home();
        match self.engine.commit(Space::SYSTEM, &home, change).await {
            // If it is there, it is good, and if not, the next session makes another.
            Ok(_) | Err(engine::Error::MayHaveCommitted) => self.reload_seal_keys().await,
            Err(error) => Err(error.into()),
        }
    }

    fn sealed_row(&self, key: &SealingKey, created: Moment, other: Other) -> Bytes {
        let place = seal_key_place(key.id());
        let record = SealKeyRecord {
            id: key.id().to_owned(),
            created,
            sealed: self.master.seal(key.expose(), &place, &*self.random),
            other,
        };
        record.encode()
    }

    async fn reseal_seal_keys(&self) -> Result<usize, Fault> {
        let _writing = self.writing.lock().await;
        self.reload_seal_keys().await?;
        let mut count = 0;
        for key in self.seal_keys_now().iter() {
            let SealKey {
                key,
                created,
                row,
                other,
            } = key;
            let record = SealKeyRecord::decode(row, "a seal key of sessions")?;
            if self.master.is_current(&record.sealed) {
                continue;
            }
            let name = layout::seal_key_row(key.id());
            let change = Change {
                guards: vec![Guard {
                    row: name.clone(),
                    expected: Some(row.clone()),
                }],
                puts: vec![put(name, self.sealed_row(key, *created, other.clone()))],
                deletes: Vec::new(),
            };
            let home = layout::seal_keys_home();
            match self
                .engine
                .commit(Space::SYSTEM, &home, change)
                .await
                .map_err(Error::from)?
            {
                Outcome::Done => count += 1,
                Outcome::Refused(_) => {
                    let message = "a seal key of sessions was changed at the same time";
                    return Err(Fault::new(FaultCode::ConcurrentModification, message));
                }
            }
        }
        self.reload_seal_keys().await?;
        Ok(count)
    }

    /// Writes last uses of one account, but for those that another server noted later.
    async fn write_uses(&self, uses: &[(String, String, UseRecord)]) -> Result<()> {
        let Some((account_id, _, _)) = uses.first() else {
            return Ok(());
        };
        // A request may still have used a key while it was removed.
        let (uses, left): (Vec<_>, Vec<_>) = uses
            .iter()
            .partition(|(account, id, _)| self.has_use(account, id));
        for (_, id, _) in left {
            self.uses.forget(id);
        }
        let home = layout::account_home(account_id);
        let rows: Vec<Row> = uses.iter().map(|(_, id, _)| layout::use_row(id)).collect();
        let found = self.engine.get(Space::SYSTEM, &home, &rows).await?;
        let mut change = Change::default();
        for ((row, stored), (_, _, record)) in rows.into_iter().zip(found).zip(&uses) {
            let stored = stored.and_then(|stored| UseRecord::decode(&stored.value, "a last use").ok());
            if stored.is_none_or(|stored| stored.at < record.at) {
                change.puts.push(put(row, record.encode()));
            }
        }
        if !change.puts.is_empty() {
            self.engine.commit(Space::SYSTEM, &home, change).await?;
        }
        for (_, id, record) in uses {
            self.uses.written(id, record);
        }
        Ok(())
    }
}

/// Seals some of the access keys anew.
fn reseal_keys(state: &mut AccountState, directory: &Directory) -> Result<usize, Fault> {
    let Directory { master, random, .. } = directory;
    let old = state
        .keys
        .values()
        .filter(|key| !master.is_current(&key.record.sealed));
    let old: Vec<_> = old.take(RESEALED_PER_COMMIT).cloned().collect();
    if old.is_empty() {
        return Ok(0);
    }
    let keys = Arc::make_mut(&mut state.keys);
    for key in &old {
        let mut resealed = (**key).clone();
        let place = key_place(&state.account.id, &key.record.id);
        resealed.record.sealed = master.seal(key.access_key.secret.expose(), &place, &**random);
        keys.insert(key.record.id.clone(), Arc::new(resealed));
    }
    Ok(old.len())
}

/// The same for what is left of removed keys; one of them has many days.
fn reseal_tombs(state: &mut AccountState, directory: &Directory) -> Result<usize, Fault> {
    let Directory { master, random, .. } = directory;
    let is_old = |sealed: &String| !master.is_current(sealed);
    let old = state.tombs.values().filter(|tomb| tomb.days.values().any(is_old));
    let old: Vec<_> = old.take(RESEALED_PER_COMMIT).cloned().collect();
    if old.is_empty() {
        return Ok(0);
    }
    let tombs = Arc::make_mut(&mut state.tombs);
    for tomb in &old {
        let mut resealed = (**tomb).clone();
        for (day, sealed) in &mut resealed.days {
            let place = tombstone::place(&state.account.id, &tomb.id, day);
            let opened = master.open(sealed, &place, &format!("removed access key {}", tomb.id))?;
            *sealed = master.seal(&opened, &place, &**random);
        }
        tombs.insert(tomb.id.clone(), Arc::new(resealed));
    }
    Ok(old.len())
}

fn put(row: Row, value: Bytes) -> Put {
    Put {
        row,
        value,
        body: None,
    }
}
