//! Reads everything that is stored against its checksums, now and then and slowly, and tells what is damaged.
//!
//! Not here: what is read and what damage is (the engine knows), and mending: there is one copy.
//!
//! It keeps true: the bytes a second that were chosen are not exceeded by more than a step; a pass goes on where it stood
//! when the server is started again; what is damaged is logged once for each row, and listed within bounds.

mod kept;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use countersign_engine::upkeep::{Damage, RowName, ScrubPosition, Upkeep};
use countersign_store::Store;
use countersign_types::Moment;
use serde::Serialize;
use tokio::sync::{Notify, watch};

pub(crate) use kept::{Damaged, Pass};

use crate::clock::Real;
use crate::config::ScrubSchedule;
use crate::listen::until_stopped;
use crate::metrics::Metrics;
use kept::Kept;

/// The scrub of one store.
pub(crate) struct Scrubber {
    upkeep: Arc<dyn Upkeep>,
    store: Store,
    schedule: ScrubSchedule,
    /// Where a pass is kept over a restart; nowhere if `None`.
    file: Option<PathBuf>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    /// Told when a pass is asked for.
    asked: Notify,
}

struct State {
    kept: Kept,
    /// Of the running pass; exact as long as this process runs.
    position: Option<ScrubPosition>,
    is_asked: bool,
    /// Rows whose damage was logged by this process.
    told: HashSet<RowName>,
}

/// How things stand, for the admin API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    state: &'static str,
    every_seconds: Option<u64>,
    bytes_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<Pass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Pass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Scrubber {
    /// A scrub that goes on with what the file holds.
    pub(crate) fn open(
        upkeep: Arc<dyn Upkeep>,
        store: Store,
        schedule: ScrubSchedule,
        file: Option<PathBuf>,
        metrics: Arc<Metrics>,
    ) -> Scrubber {
        let mut kept = file.as_deref().map(kept::read).unwrap_or_default();
        if schedule.every.is_none() {
            // Nobody asked for the rest of it.
            kept.running = None;
        }
        let position = kept.running.as_ref().and_then(|pass| pass.position.clone());
        metrics.scrub_stands(kept.running.is_some(), kept.last.as_ref());
        let state = State {
            position: position.map(ScrubPosition::kept),
            kept,
            is_asked: false,
            told: HashSet::new(),
        };
        Scrubber {
            upkeep,
            store,
            schedule,
            file,
            metrics,
            state: Mutex::new(state),
            asked: Notify::new(),
        }
    }

    /// Asks for a pass now; one that runs already is the answer.
    pub(crate) fn ask(&self) {
        let mut state = self.state();
        if state.kept.running.is_none() {
            state.kept.running = Some(Pass::begin(Real::now()));
            state.position = None;
        }
        state.is_asked = true;
        drop(state);
        self.asked.notify_one();
    }

    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.state();
        let due = self.due(&state).filter(|_| state.kept.running.is_none());
        Standing {
            state: match (&state.kept.running, self.schedule.every) {
                (Some(_), _) => "running",
                (None, Some(_)) => "waiting",
                (None, None) => "off",
            },
            every_seconds: self.schedule.every.map(|every| every.as_secs()),
            bytes_per_second: self.schedule.bytes_per_second,
            running: state.kept.running.clone(),
            last: state.kept.last.clone(),
            next: due.map(Moment::iso8601_seconds),
        }
    }

    /// Scrubs until the server stops.
    pub(crate) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            let wait = self.time_to_next();
            tokio::select! {
                () = tokio::time::sleep(wait.min(LOOK_AGAIN_AFTER)), if !wait.is_zero() => continue,
                () = self.asked.notified(), if !wait.is_zero() => continue,
                () = until_stopped(&mut stopped) => return,
                () = std::future::ready(()), if wait.is_zero() => {}
            }
            if self.pass(&mut stopped).await.is_none() {
                self.keep().await;
                return;
            }
            self.keep().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next pass is due; `None`: only when it is asked for.
    fn due(&self, state: &State) -> Option<Moment> {
        let every = i64::try_from(self.schedule.every?.as_millis()).unwrap_or(i64::MAX);
        let last = state.kept.last.as_ref().and_then(Pass::started_at);
        Some(last.map_or(Moment::from_millis(0), |last| {
            Moment::from_millis(last.millis().saturating_add(every))
        }))
    }

    fn time_to_next(&self) -> Duration {
        let state = self.state();
        if state.is_asked || state.kept.running.is_some() {
            return Duration::ZERO;
        }
        match self.due(&state) {
            Some(due) => {
                let millis = due.millis().saturating_sub(Real::now().millis());
                Duration::from_millis(u64::try_from(millis).unwrap_or(0))
            }
            None => LOOK_AGAIN_AFTER,
        }
    }

    /// One pass, or the rest of one; `None`: the server stops.
    async fn pass(&self, stopped: &mut watch::Receiver<bool>) -> Option<()> {
        self.begin();
        let mut kept_at = Instant::now();
        loop {
            let from = self.state().position.clone();
            let begun = Instant::now();
            let step = tokio::select! {
                step = self.upkeep.scrub(from, STEP_BYTES) => step,
                () = until_stopped(stopped) => return None,
            };
            let pause = match step {
                Ok(step) => {
                    let damage = self.named(step.damage).await;
                    self.metrics.scrubbed(step.bytes, step.rows);
                    let is_done = step.next.is_none();
                    self.note(step.bytes, step.rows, damage, step.next);
                    if is_done {
                        self.end();
                        return Some(());
                    }
                    self.schedule.time_of(step.bytes).saturating_sub(begun.elapsed())
                }
                Err(error) => {
                    self.note_trouble(&error.to_string());
                    TRY_AGAIN_AFTER
                }
            };
            if kept_at.elapsed() > KEEP_EVERY {
                kept_at = Instant::now();
                self.keep().await;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = until_stopped(stopped) => return None,
            }
        }
    }

    fn begin(&self) {
        let mut state = self.state();
        state.is_asked = false;
        if state.kept.running.is_none() {
            state.position = None;
            state.kept.running = Some(Pass::begin(Real::now()));
        }
        self.metrics.scrub_stands(true, state.kept.last.as_ref());
    }

    fn end(&self) {
        let mut state = self.state();
        state.is_asked = false;
        if let Some(mut pass) = state.kept.running.take() {
            pass.end(Real::now());
            tracing::info!(
                bytes = pass.bytes,
                rows = pass.rows,
                damaged = pass.damaged,
                "everything stored was read against its checksums"
            );
            state.kept.last = Some(pass);
        }
        state.position = None;
        self.metrics.scrub_stands(false, state.kept.last.as_ref());
    }

    /// Says what the damaged rows are to a user of S3, and logs what was not logged before.
    async fn named(&self, damage: Vec<Damage>) -> Vec<Damaged> {
        let named = named(&self.store, damage).await;
        for (row, damaged) in &named {
            let Damaged {
                bucket,
                object_key,
                part,
                what,
                ..
            } = damaged;
            if self.is_news(row.as_ref()) {
                tracing::error!(?bucket, ?object_key, ?part, what, "stored data is damaged");
            }
        }
        named.into_iter().map(|(_, damaged)| damaged).collect()
    }

    fn is_news(&self, row: Option<&RowName>) -> bool {
        // Damage that is no row's is told each time: it has no name to be known by.
        let Some(row) = row else { return true };
        let mut state = self.state();
        state.told.len() >= TOLD_MAX || state.told.insert(row.clone())
    }

    fn note(&self, bytes: u64, rows: u64, damage: Vec<Damaged>, next: Option<ScrubPosition>) {
        let mut state = self.state();
        if let Some(pass) = &mut state.kept.running {
            pass.note(bytes, rows, damage);
            pass.position = next.as_ref().map(|next| next.text.clone());
            self.metrics.scrub_found(pass.damaged);
        }
        state.position = next;
    }

    fn note_trouble(&self, why: &str) {
        let mut state = self.state();
        if let Some(pass) = &mut state.kept.running
            && pass.trouble.as_deref() != Some(why)
        {
            tracing::warn!(why, "a scrub does not get on; it tries again every minute");
            pass.trouble = Some(why.to_owned());
        }
    }

    async fn keep(&self) {
        let Some(path) = self.file.clone() else { return };
        let kept = self.state().kept.clone();
        let written = tokio::task::spawn_blocking(move || kept::write(&path, &kept)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "a restart will not know how far the scrub came");
        }
    }
}

/// One pass over everything as fast as it goes, told as the admin API tells it. `told` hears of the bytes read and the damage
/// found so far.
pub async fn scrub_once(
    upkeep: &dyn Upkeep,
    store: &Store,
    told: &mut (dyn FnMut(u64, u64) + Send),
) -> countersign_engine::Result<serde_json::Value> {
    let mut pass = Pass::begin(Real::now());
    let mut from = None;
    loop {
        let step = upkeep.scrub(from, STEP_BYTES).await?;
        let damage = named(store, step.damage).await.into_iter();
        pass.note(
            step.bytes,
            step.rows,
            damage.map(|(_, damaged)| damaged).collect(),
        );
        told(pass.bytes, pass.damaged);
        match step.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    pass.end(Real::now());
    Ok(serde_json::to_value(pass).expect("texts and numbers can be written"))
}

/// What damaged rows are to a user of S3.
async fn named(store: &Store, damage: Vec<Damage>) -> Vec<(Option<RowName>, Damaged)> {
    let rows: Vec<RowName> = damage.iter().filter_map(|damage| damage.row.clone()).collect();
    let mut owners = Vec::new();
    if !rows.is_empty() {
        match store.owners_of(&rows).await {
            Ok(found) => owners = found,
            Err(error) => tracing::warn!(%error, "it cannot be said what damaged rows belong to"),
        }
    }
    let mut owners = owners.into_iter();
    let name = |Damage { row, what }| {
        let owner = row.as_ref().and_then(|_| owners.next());
        (row, Damaged::new(owner, what))
    };
    damage.into_iter().map(name).collect()
}

/// About how much is read at once.
const STEP_BYTES: u64 = 1024 * 1024;
/// A kill loses so much of the way, at most.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// After a step that failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The clock may be set meanwhile.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// Most rows that are remembered as logged.
const TOLD_MAX: usize = 10_000;
