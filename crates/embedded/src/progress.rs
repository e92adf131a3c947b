//! Tells whoever opens a directory how the reading of the log gets on.

use std::fmt;
use std::sync::Arc;

/// Is told of every batch that was read from the log at open, by its length in bytes.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(u64) + Send + Sync>>);

impl Progress {
    /// Calls `told` for every batch, on the thread that opens.
    pub fn to(told: impl Fn(u64) + Send + Sync + 'static) -> Progress {
        Progress(Some(Arc::new(told)))
    }

    /// A batch was read.
    pub(crate) fn read(&self, bytes: u64) {
        if let Some(told) = &self.0 {
            told(bytes);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}
