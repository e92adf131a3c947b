//! Why what is kept could not be read or written.
//!
//! Not here: what IAM says to a caller; that is `countersign_types::iam::Fault`.

use countersign_engine as engine;
use countersign_types::iam::{Fault, FaultCode};

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the directory could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A secret is sealed by a key that was not given: nothing can be served before it is.
    #[error("{what} is sealed by the master key `{id}`, which is not among those given")]
    UnknownMasterKey {
        /// The key's id.
        id: String,
        /// What is sealed.
        what: String,
    },
    /// A row was written by a later version of this program.
    #[error("{0} was written by a later version")]
    TooNew(String),
    /// A row is not what was written.
    #[error("{0} is damaged")]
    Damaged(String),
    /// Others changed the same account all the time.
    #[error("the account changes too often to be read whole")]
    Contended,
    /// The engine below failed.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        let code = match &error {
            Error::Contended => FaultCode::ConcurrentModification,
            Error::UnknownMasterKey { .. } | Error::TooNew(_) | Error::Damaged(_) | Error::Engine(_) => {
                FaultCode::ServiceFailure
            }
        };
        Fault::new(code, error.to_string())
    }
}
