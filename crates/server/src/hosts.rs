//! The hosts that each access key verified with lately: what a client that reaches us rightly calls us.
//!
//! Not here: accepting anything on the strength of it. It only helps to say which host a refused request was signed for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{PoisonError, RwLock};

/// Hosts by access key id, bounded both ways.
#[derive(Debug, Default)]
pub struct Hosts {
    /// There are few, and comparing with some costs less than the hash of one.
    by_access_key: RwLock<BTreeMap<String, VecDeque<String>>>,
}

impl Hosts {
    /// Notes that the key verified with this host.
    pub fn note(&self, access_key_id: &str, host: &str) {
        if host.len() > HOST_BYTES_MAX || self.is_newest(access_key_id, host) {
            return;
        }
        let mut all = self.by_access_key.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ACCESS_KEYS_MAX && !all.contains_key(access_key_id) {
            all.clear();
        }
        let hosts = all.entry(access_key_id.to_owned()).or_default();
        hosts.retain(|known| known != host);
        hosts.push_front(host.to_owned());
        hosts.truncate(HOSTS_MAX);
    }

    /// The hosts of a key, newest first.
    pub fn of(&self, access_key_id: &str) -> Vec<String> {
        let all = self.by_access_key.read().unwrap_or_else(PoisonError::into_inner);
        all.get(access_key_id).into_iter().flatten().cloned().collect()
    }

    fn is_newest(&self, access_key_id: &str, host: &str) -> bool {
        let all = self.by_access_key.read().unwrap_or_else(PoisonError::into_inner);
        all.get(access_key_id)
            .and_then(|hosts| hosts.front())
            .is_some_and(|newest| newest == host)
    }
}

const HOSTS_MAX: usize = 8;
const HOST_BYTES_MAX: usize = 255;
const ACCESS_KEYS_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_hosts_are_kept_without_repeats() {
        let hosts = Hosts::default();
        for host in ["a", "b", "a", "a"] {
            hosts.note("AKID", host);
        }
        assert_eq!(hosts.of("AKID"), ["a", "b"]);
        assert!(hosts.of("other").is_empty());
        (0..20).for_each(|n| hosts.note("AKID", &n.to_string()));
        assert_eq!(hosts.of("AKID").len(), HOSTS_MAX);
        hosts.note("AKID", &"x".repeat(300));
        assert_eq!(hosts.of("AKID").first().map(String::as_str), Some("19"));
    }

    #[test]
    fn a_flood_of_keys_and_hosts_takes_bounded_memory() {
        let hosts = Hosts::default();
        let long = "h".repeat(HOST_BYTES_MAX - 4);
        for n in 0..10 * ACCESS_KEYS_MAX {
            for host in 0..2 * HOSTS_MAX {
                hosts.note(&format!("AKID{n}"), &format!("{host:04}{long}"));
            }
        }
        let all = hosts.by_access_key.read().unwrap_or_else(PoisonError::into_inner);
        assert!(all.len() <= ACCESS_KEYS_MAX, "{}", all.len());
        assert!(all.values().all(|hosts| hosts.len() == HOSTS_MAX));
    }
}
