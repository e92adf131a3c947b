//! What is left of a removed access key: for each of the next days the first link of its signing keys.
//!
//! With it a signature made with the old key can be told from one made with any other secret, so that the operator learns that something
//! still uses it. The secret cannot be had back from it, and nothing is ever verified with it: the key is gone.
//!
//! Keeps true: no day is kept longer than it lasts.

use crate::limits::{TOMBSTONE_DAYS, TOMBSTONES_MAX};
use crate::master::MasterKeys;
use crate::random::Random;
use crate::records::{KeyRecord, Other, TombRecord};
use crate::seal;
use crate::state::AccountState;
use countersign_sigv4::{Secret, SigningKey};
use countersign_types::Moment;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Buries a key that is removed now.
pub(crate) fn bury(
    state: &mut AccountState,
    key: &KeyRecord,
    secret: &Secret,
    now: Moment,
    master: &MasterKeys,
    random: &dyn Random,
) {
    let days = (0..TOMBSTONE_DAYS).map(|ahead| {
        let day = day_of(Moment::from_seconds(now.seconds() + ahead * DAY_SECONDS));
        let date_key = SigningKey::date_key(secret, &day);
        let sealed = master.seal(&*date_key, &place(&state.account.id, &key.id, &day), random);
        (day, sealed)
    });
    let tomb = TombRecord {
        id: key.id.clone(),
        user: key.user.clone(),
        removed: now,
        days: days.collect(),
        other: Other::new(),
    };
    let tombs = Arc::make_mut(&mut state.tombs);
    tombs.insert(tomb.id.clone(), Arc::new(tomb));
    while tombs.len() > TOMBSTONES_MAX {
        let oldest = tombs
            .values()
            .min_by_key(|tomb| tomb.removed)
            .map(|tomb| tomb.id.clone());
        match oldest {
            Some(oldest) => drop(tombs.remove(&oldest)),
            None => return,
        }
    }
}

/// Takes the days away that are over, and what has none left.
pub(crate) fn age(state: &mut AccountState, now: Moment) {
    let today = day_of(now);
    let is_past = |tomb: &TombRecord| tomb.days.keys().any(|day| *day < today);
    if !state.tombs.values().any(|tomb| is_past(tomb)) {
        return;
    }
    let tombs = Arc::make_mut(&mut state.tombs);
    for tomb in tombs.values_mut().filter(|tomb| is_past(tomb)) {
        Arc::make_mut(tomb).days.retain(|day, _| *day >= today);
    }
    tombs.retain(|_, tomb| !tomb.days.is_empty());
}

/// The key of a day.
pub(crate) fn open(
    account_id: &str,
    tomb: &TombRecord,
    day: &str,
    master: &MasterKeys,
) -> Option<Zeroizing<[u8; 32]>> {
    let sealed = tomb.days.get(day)?;
    let opened = master
        .open(sealed, &place(account_id, &tomb.id, day), "a removed access key")
        .ok()?;
    Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
}

/// What the key of a day is sealed to.
pub(crate) fn place(account_id: &str, access_key_id: &str, day: &str) -> Vec<u8> {
    seal::bound_to(&["removed access key", account_id, access_key_id, day])
}

/// `YYYYMMDD`.
fn day_of(moment: Moment) -> String {
    moment.amz_date().get(..8).unwrap_or_default().to_owned()
}

const DAY_SECONDS: i64 = 86_400;
