//! Runs what blocks on threads that may block.

use countersign_engine::{Error, Result};

/// Runs `work` off the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Unavailable(format!("a storage task ended early: {error}"))),
    }
}
