//! Whether the cause of a refusal is searched for, looked at, remembered or left alone, and doing so.
//!
//! Not here: the search itself (`diagnose`), and how much of it everybody may have (`throttle`).
//!
//! It keeps true: a search runs on the blocking pool, one at a time; where nobody's key is named there is none; and until it is known
//! that there will be one, nothing is done whose cost grows with the head.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use countersign_diagnose::Diagnosis;

use super::cache::Identity;
use super::fault::SearchedFault;
use super::key;
use super::question::{Asked, Question};
use crate::metrics::Skipped;
use crate::pipeline::received::Received;
use crate::refusal::Refused;
use crate::throttle::{Allowance, Asker};

/// A diagnosis, and where it came from.
pub(super) struct Found {
    pub(super) diagnosis: Arc<Diagnosis>,
    /// It was found for the same request before.
    pub(super) is_remembered: bool,
    /// Changes in pairs were left for the next failure of this key.
    pub(super) waits_for_another: bool,
}

impl Found {
    fn anew(diagnosis: Arc<Diagnosis>) -> Found {
        Found {
            diagnosis,
            is_remembered: false,
            waits_for_another: false,
        }
    }

    fn again(known: &Arc<Diagnosis>) -> Found {
        Found {
            diagnosis: Arc::clone(known),
            is_remembered: true,
            waits_for_another: known.tried.pairs_left,
        }
    }

    /// Nothing was looked at.
    fn skipped() -> Found {
        static SKIPPED: LazyLock<Arc<Diagnosis>> = LazyLock::new(|| Arc::new(Diagnosis::skipped()));
        Found::anew(Arc::clone(&SKIPPED))
    }
}

/// Finds the diagnosis: remembered, or searched for. `None` if the search itself broke.
pub(super) async fn find(asked: &Asked<'_>, refused: Refused, fault: SearchedFault) -> Option<Found> {
    let Asked {
        gateway, received, ..
    } = *asked;
    let resolved = refused.resolved.as_ref().filter(|_| !fault.is_nobodys());
    let (access_key_id, retired) = match resolved {
        Some(resolved) => (resolved.access_key.access_key_id.clone(), None),
        None => match key::retired(gateway, &refused, received.at) {
            // It was somebody's key, and one computation says whether it still signs.
            Some(retired) => (retired.access_key_id.clone(), Some(retired)),
            // Nobody has this key, or nothing is signed: there is nothing to search for and nothing to save.
            None => return look(received, asked.question(refused, fault)).await,
        },
    };
    let now = Instant::now();
    let (is_own, client) = (is_own(received), received.client_address(&gateway.config));
    let failure = gateway.keys.failure(&access_key_id, &refused);
    let at = received.at.seconds();
    let may_pair = is_own || gateway.keys.has_failed_otherwise(&access_key_id, failure, at);
    let is_kept = Identity::is_kept_for(&refused);
    let identity = || asked.identity(&refused);
    let known = is_kept
        .then(|| gateway.diagnoses.find(failure, identity, now))
        .flatten();
    if let Some(known) = &known
        && !(may_pair && known.tried.pairs_left)
    {
        return Some(Found::again(known));
    }
    let asker = Asker {
        address: client,
        access_key_id: &access_key_id,
        is_own,
    };
    let granted = gateway.throttle.ask(&asker, now);
    // Pairs were left when it was searched for, and are not to be had now either.
    if let Some(known) = known.filter(|_| granted != Allowance::Full) {
        return Some(Found::again(&known));
    }
    let turn = match granted {
        Allowance::None => Err(Skipped::Budget),
        // A queue of searches would make refusals slow for everybody; past a short wait the search is left out.
        Allowance::Singles | Allowance::Full => {
            let turn = tokio::time::timeout(SEARCH_WAIT_MAX, gateway.searches.acquire()).await;
            turn.map_err(|_| Skipped::Busy)
        }
    };
    let turn = match turn {
        Ok(turn) => turn,
        Err(why) => {
            gateway.metrics.search_skipped(why);
            // Of a signature that does not match a look shows no more than what is likely. What else a request is refused for it shows
            // by itself, and a key that was one once is answered as one that nobody has.
            if fault.is_mismatch() && retired.is_none() {
                return Some(Found::skipped());
            }
            return look(received, asked.question(refused, fault)).await;
        }
    };
    let allowance = match may_pair {
        true => granted,
        false => granted.min(Allowance::Singles),
    };
    // What is found with a budget that runs short is not what the same request may find later.
    let identity = (is_kept && granted == Allowance::Full).then(|| asked.identity(&refused));
    if retired.is_none() {
        gateway.keys.failed(&access_key_id, failure, at);
    }
    key::note_refused(gateway, &refused, received.method(), client, received.at);
    let mut question = asked.question(refused, fault);
    question.facts.key.retired = retired;
    key::tell(
        gateway,
        &question.refused,
        &mut question.facts.key,
        client,
        received.at,
    );
    let answer = search(received, question, allowance).await;
    drop(turn);
    let (diagnosis, time) = answer?;
    gateway.throttle.spent(time, Instant::now());
    let found = Found {
        waits_for_another: diagnosis.tried.pairs_left && !may_pair,
        ..Found::anew(Arc::new(diagnosis))
    };
    if let Some(identity) = identity {
        let diagnosis = Arc::clone(&found.diagnosis);
        gateway.diagnoses.keep(failure, identity, diagnosis, now);
    }
    Some(found)
}

/// Searches aside; says how long that took. `None` if the search itself broke.
pub(super) async fn search(
    received: &Received,
    question: Question,
    allowance: Allowance,
) -> Option<(Diagnosis, Duration)> {
    let answer = tokio::task::spawn_blocking(move || {
        let started = question.clock.busy();
        let diagnosis = question.search(allowance);
        (diagnosis, question.clock.busy().saturating_sub(started))
    });
    let Ok((mut diagnosis, time)) = answer.await else {
        broke_off(received);
        return None;
    };
    diagnosis.tried.microseconds = u64::try_from(time.as_micros()).ok();
    Some((diagnosis, time))
}

/// What the request shows by itself, without a search.
pub(super) async fn look(received: &Received, question: Question) -> Option<Found> {
    if question.bytes() <= LOOKED_AT_HERE_BYTES_MAX {
        return Some(Found::anew(Arc::new(question.search(Allowance::None))));
    }
    let looked = tokio::task::spawn_blocking(move || question.search(Allowance::None)).await;
    if looked.is_err() {
        broke_off(received);
    }
    looked.ok().map(|diagnosis| Found::anew(Arc::new(diagnosis)))
}

fn broke_off(received: &Received) {
    tracing::error!(
        request_id = received.request_id.as_str(),
        "the search for a cause broke off"
    );
}

/// Whether the client runs on this machine, as far as one can see: a proxy here speaks for others.
fn is_own(received: &Received) -> bool {
    let peer = received.origin.peer.ip().to_canonical();
    peer.is_loopback() && !received.is_forwarded() && !received.is_http_1_0()
}

/// How long a search may wait for its turn.
pub(super) const SEARCH_WAIT_MAX: Duration = Duration::from_millis(200);
/// Of longer heads what they show by themselves is looked at on another thread.
const LOOKED_AT_HERE_BYTES_MAX: usize = 4 * 1024;
