//! Reading the directory's rows from the engine.
//!
//! Keeps true: an account is read whole: if its own row changed while the others were read, they are read again.

use crate::error::{Error, Result};
use crate::layout;
use crate::limits::CHANGE_ATTEMPTS_MAX;
use crate::master::MasterKeys;
use crate::records::{Record, SealKeyRecord, UseRecord};
use crate::seal::SealingKey;
use crate::session::{SealKey, SealKeys, seal_key_place};
use crate::state::AccountState;
use bytes::Bytes;
use countersign_engine::{Class, Engine, ScanRange, Scanned, Space};
use std::collections::BTreeMap;
use std::ops::Bound;
use zeroize::Zeroizing;

/// Everything, read at one time or another.
pub(crate) struct Everything {
    pub(crate) accounts: Vec<AccountState>,
    pub(crate) seal_keys: SealKeys,
    /// Account, id and last use.
    pub(crate) uses: Vec<(String, String, UseRecord)>,
}

/// Reads everything.
pub(crate) async fn everything(engine: &dyn Engine, master: &MasterKeys) -> Result<Everything> {
    let before = account_rows(engine).await?;
    let mut entities: BTreeMap<String, Vec<(Bytes, Bytes)>> = BTreeMap::new();
    for row in scan(engine, layout::ENTITY, layout::everything()).await? {
        if let Some(account_id) = layout::account_of(&row.position.home) {
            let of_account = entities.entry(account_id.to_owned()).or_default();
            of_account.push((row.position.suffix, row.value));
        }
    }
    let after = account_rows(engine).await?;
    let mut accounts = Vec::with_capacity(after.len());
    for (account_id, row) in after {
        let is_whole = before.get(&account_id) == Some(&row);
        let found = match is_whole {
            true => {
                let entities = entities.remove(&account_id).unwrap_or_default();
                Some(AccountState::of_rows(&row, &entities, master)?)
            }
            false => account(engine, &account_id, master).await?,
        };
        accounts.extend(found);
    }
    let mut uses = Vec::new();
    for row in scan(engine, layout::USE, layout::everything()).await? {
        let id = String::from_utf8_lossy(&row.position.suffix).into_owned();
        if let Some(account_id) = layout::account_of(&row.position.home) {
            let record = UseRecord::decode(&row.value, "the last use of a key")?;
            uses.push((account_id.to_owned(), id, record));
        }
    }
    Ok(Everything {
        accounts,
        seal_keys: seal_keys(engine, master).await?,
        uses,
    })
}

/// The rows of all accounts, by id.
pub(crate) async fn account_rows(engine: &dyn Engine) -> Result<BTreeMap<String, Bytes>> {
    let rows = scan(engine, layout::ACCOUNT, layout::everything()).await?;
    let rows = rows.into_iter().filter_map(|row| {
        let account_id = layout::account_of(&row.position.home)?.to_owned();
        Some((account_id, row.value))
    });
    Ok(rows.collect())
}

/// One account; `None`: there is none.
pub(crate) async fn account(
    engine: &dyn Engine,
    account_id: &str,
    master: &MasterKeys,
) -> Result<Option<AccountState>> {
    let home = layout::account_home(account_id);
    for _ in 0..CHANGE_ATTEMPTS_MAX {
        let Some(before) = account_row(engine, account_id).await? else {
            return Ok(None);
        };
        let rows = scan(engine, layout::ENTITY, layout::within(&home)).await?;
        if account_row(engine, account_id).await? == Some(before.clone()) {
            let entities: Vec<(Bytes, Bytes)> = rows
                .into_iter()
                .map(|row| (row.position.suffix, row.value))
                .collect();
            return AccountState::of_rows(&before, &entities, master).map(Some);
        }
    }
    Err(Error::Contended)
}

/// The row of one account.
async fn account_row(engine: &dyn Engine, account_id: &str) -> Result<Option<Bytes>> {
    let home = layout::account_home(account_id);
    let rows = [layout::account_row()];
    let found = engine.get(Space::SYSTEM, &home, &rows).await?;
    Ok(found.into_iter().next().flatten().map(|stored| stored.value))
}

/// The keys that seal session tokens.
pub(crate) async fn seal_keys(engine: &dyn Engine, master: &MasterKeys) -> Result<SealKeys> {
    let home = layout::seal_keys_home();
    let mut keys = Vec::new();
    for row in scan(engine, layout::SEAL_KEY, layout::within(&home)).await? {
        let record = SealKeyRecord::decode(&row.value, "a seal key of sessions")?;
        let what = format!("seal key {} of sessions", record.id);
        let opened = master.open(&record.sealed, &seal_key_place(&record.id), &what)?;
        let bytes: [u8; 32] = opened
            .as_slice()
            .try_into()
            .map_err(|_| Error::Damaged(what.clone()))?;
        let key = SealingKey::new(Zeroizing::new(bytes));
        if key.id() != record.id {
            return Err(Error::Damaged(what));
        }
        keys.push(SealKey {
            key,
            created: record.created,
            row: row.value,
            other: record.other,
        });
    }
    Ok(SealKeys::new(keys))
}

/// All rows of a class in a range.
pub(crate) async fn scan(engine: &dyn Engine, class: Class, range: ScanRange) -> Result<Vec<Scanned>> {
    let mut rows: Vec<Scanned> = Vec::new();
    let mut from = range.from.clone();
    loop {
        let next = ScanRange {
            from,
            until: range.until.clone(),
            fold: None,
        };
        let page = engine.scan(Space::SYSTEM, class, next, SCAN_ROWS).await?;
        let last = page.rows.last().map(|row| row.position.clone());
        rows.extend(page.rows);
        match last {
            Some(last) if page.more => from = Bound::Excluded(last),
            _ => return Ok(rows),
        }
    }
}

/// Rows asked for at once.
const SCAN_ROWS: usize = 1_000;
