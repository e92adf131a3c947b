//! Keeps the directory up to date: what other servers changed is read, what was noted is written, what has had its time is removed.
//!
//! Not here: what any of it means; the directory knows.
//!
//! Keeps true: a change that another server on the same engine acknowledged is in force here within [`REFRESH_PAUSE`] and the time that a
//! scan of the accounts takes; together less than [`CHANGE_HEARD_WITHIN`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::gateway::Gateway;
use crate::listen;

/// Runs until the server stops; what was noted until then is written.
pub(crate) async fn run(gateway: Arc<Gateway>, mut stopped: watch::Receiver<bool>) {
    let directory = &gateway.directory;
    let mut flushed = Instant::now();
    let mut swept = flushed.checked_sub(SWEEP_PAUSE).unwrap_or(flushed);
    // A log that says the same every other second hides what else it says.
    let mut is_failing = false;
    loop {
        match directory.refresh().await {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(%error, "accounts cannot be read: what is known of them stays in force");
            }
            Err(_) => {}
        }
        if flushed.elapsed() >= FLUSH_PAUSE {
            flushed = Instant::now();
            flush(&gateway).await;
        }
        if swept.elapsed() >= SWEEP_PAUSE {
            swept = Instant::now();
            if let Err(error) = directory.sweep(gateway.clock.now()).await {
                tracing::warn!(%error, "what is left of removed access keys could not be swept");
            }
        }
        tokio::select! {
            () = sleep(REFRESH_PAUSE) => {}
            () = listen::until_stopped(&mut stopped) => break,
        }
    }
    flush(&gateway).await;
}

async fn flush(gateway: &Gateway) {
    if let Err(error) = gateway.directory.flush_usage().await {
        tracing::warn!(%error, "the last uses of access keys could not be written");
    }
}

/// The longest that a change of another server may take to be in force here.
const CHANGE_HEARD_WITHIN: Duration = Duration::from_secs(5);
/// How often it is asked whether other servers changed something. As long again is left for reading them.
const REFRESH_PAUSE: Duration = Duration::from_secs(2);
const _: () = assert!(2 * REFRESH_PAUSE.as_secs() <= CHANGE_HEARD_WITHIN.as_secs());
/// How often last uses are written.
const FLUSH_PAUSE: Duration = Duration::from_secs(60);
/// How often what has had its time is removed.
const SWEEP_PAUSE: Duration = Duration::from_secs(3600);
