//! What every command needs that runs until it is told to stop: a log, a runtime, and the signals.

use std::io::{self, IsTerminal};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Failure, Kind};

/// Writes the log to standard error, as much of it as `COUNTERSIGN_LOG` says.
pub(crate) fn log_to_standard_error() {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("COUNTERSIGN_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOG_FILTER)),
        )
        // Colours are for eyes; in a file or a journal they are noise.
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

/// A runtime on as many threads as there are processors.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Failed, format!("the runtime does not start: {error}")))
}

/// Is over when a signal says stop; heard from this call on.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Failure::new(Kind::Failed, format!("signals cannot be received: {error}")))
    };
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// What is logged unless `COUNTERSIGN_LOG` says otherwise. What the index tells about itself is of no use to an operator.
const LOG_FILTER: &str = "info,fjall=warn,lsm_tree=warn";
