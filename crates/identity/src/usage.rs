//! When access keys and roles were used last, and for what: kept in memory, written now and then.
//!
//! Not here: when they are written; the server decides. What a crash takes away is at most what was not written yet.

use crate::limits::{USE_GRAIN_SECONDS, USER_AGENT_CHARACTERS_MAX};
use crate::records::{Other, UseRecord};
use countersign_types::Moment;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The last uses, by account and by id of the key or role.
#[derive(Default)]
pub(crate) struct Uses {
    uses: RwLock<HashMap<String, Arc<Use>>>,
}

struct Use {
    account: String,
    /// Seconds of what is noted, so that most requests take no lock of their own.
    seconds: AtomicI64,
    noted: Mutex<Noted>,
}

struct Noted {
    record: UseRecord,
    is_written: bool,
}

impl Uses {
    /// Notes a use, unless one was noted just before: then nothing is copied, and `user_agent` is not asked.
    pub(crate) fn note(
        &self,
        account: &str,
        id: &str,
        now: Moment,
        region: &str,
        service: &str,
        user_agent: impl FnOnce() -> Option<String>,
    ) {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let known = uses.get(id).cloned();
        drop(uses);
        if let Some(known) = &known
            && now.seconds() - known.seconds.load(Ordering::Relaxed) < USE_GRAIN_SECONDS
        {
            return;
        }
        let record = UseRecord {
            at: now,
            region: region.to_owned(),
            service: service.to_owned(),
            user_agent: user_agent().map(|text| text.chars().take(USER_AGENT_CHARACTERS_MAX).collect()),
            other: Other::new(),
        };
        match known {
            Some(known) => known.take(record, false),
            None => self.insert(account, id, record, false),
        }
    }

    /// What the engine holds.
    pub(crate) fn read(&self, account: &str, id: &str, record: UseRecord) {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let known = uses.get(id).cloned();
        drop(uses);
        match known {
            Some(known) => known.take(record, true),
            None => self.insert(account, id, record, true),
        }
    }

    pub(crate) fn of(&self, id: &str) -> Option<UseRecord> {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let known = uses.get(id)?;
        let noted = known.noted.lock().unwrap_or_else(PoisonError::into_inner);
        Some(noted.record.clone())
    }

    pub(crate) fn forget(&self, id: &str) {
        self.uses
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    /// What is to be written: account, id and record.
    pub(crate) fn unwritten(&self) -> Vec<(String, String, UseRecord)> {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let mut unwritten = Vec::new();
        for (id, known) in uses.iter() {
            let noted = known.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if !noted.is_written {
                unwritten.push((known.account.clone(), id.clone(), noted.record.clone()));
            }
        }
        unwritten.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        unwritten
    }

    /// A record was written; another may have been noted since.
    pub(crate) fn written(&self, id: &str, record: &UseRecord) {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get(id) {
            let mut noted = known.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.is_written |= noted.record == *record;
        }
    }

    fn insert(&self, account: &str, id: &str, record: UseRecord, is_written: bool) {
        let new = Arc::new(Use {
            account: account.to_owned(),
            seconds: AtomicI64::new(record.at.seconds()),
            noted: Mutex::new(Noted {
                record: record.clone(),
                is_written,
            }),
        });
        let mut uses = self.uses.write().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::clone(uses.entry(id.to_owned()).or_insert(new));
        drop(uses);
        known.take(record, is_written);
    }
}

impl Use {
    /// The later one stays.
    fn take(&self, record: UseRecord, is_written: bool) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if record.at > noted.record.at {
            self.seconds.store(record.at.seconds(), Ordering::Relaxed);
            *noted = Noted { record, is_written };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(uses: &Uses, seconds: i64, service: &str) {
        let now = Moment::from_seconds(seconds);
        uses.note("111122223333", "AKIA1", now, "us-east-1", service, || {
            Some("boto3".to_owned())
        });
    }

    #[test]
    fn the_later_use_is_kept_and_one_in_a_while_is_enough() {
        let uses = Uses::default();
        let service = |uses: &Uses| uses.of("AKIA1").map(|record| record.service);
        assert_eq!(service(&uses), None);
        note(&uses, 100, "s3");
        note(&uses, 100 + USE_GRAIN_SECONDS - 1, "iam");
        assert_eq!(service(&uses).as_deref(), Some("s3"));
        note(&uses, 100 + USE_GRAIN_SECONDS, "iam");
        assert_eq!(service(&uses).as_deref(), Some("iam"));
        let mut older = uses.of("AKIA1").expect("noted");
        older.at = Moment::from_seconds(1);
        older.service = "sts".to_owned();
        uses.read("111122223333", "AKIA1", older);
        assert_eq!(service(&uses).as_deref(), Some("iam"));
    }

    #[test]
    fn what_was_noted_while_it_was_written_is_written_next() {
        let uses = Uses::default();
        note(&uses, 100, "s3");
        let [(account, id, record)] = uses.unwritten().try_into().expect("one");
        assert_eq!((account.as_str(), id.as_str()), ("111122223333", "AKIA1"));
        note(&uses, 200, "iam");
        uses.written(&id, &record);
        let [(_, _, record)] = uses.unwritten().try_into().expect("one");
        assert_eq!(record.service, "iam");
        uses.written(&id, &record);
        assert!(uses.unwritten().is_empty());
        uses.forget("AKIA1");
        assert!(uses.of("AKIA1").is_none());
    }

    #[test]
    fn a_long_name_of_a_client_is_cut() {
        let uses = Uses::default();
        let long = "é".repeat(USER_AGENT_CHARACTERS_MAX + 1);
        uses.note("1", "AKIA1", Moment::from_seconds(1), "r", "s3", || Some(long));
        let agent = uses
            .of("AKIA1")
            .and_then(|record| record.user_agent)
            .expect("noted");
        assert_eq!(agent.chars().count(), USER_AGENT_CHARACTERS_MAX);
    }
}
