//! How a command ends: the exit codes that scripts rely on, and the message a person reads.

use std::fmt;

/// Why a command did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It tried and failed.
    Failed,
    /// Flags, environment or files are wrong; nothing was tried.
    Usage,
    /// The server is not ready, or what is stored is damaged.
    Unhealthy,
    /// The server refused the caller.
    Refused,
    /// What was asked for does not exist.
    NotFound,
    /// Somebody else holds what is needed.
    Conflict,
    /// It was examined, and something has to be mended.
    Findings,
}

impl Kind {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Unhealthy => 3,
            Kind::Refused => 4,
            Kind::NotFound => 5,
            Kind::Conflict => 6,
            Kind::Findings => 7,
        }
    }
}

/// The end of a command that did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// For scripts.
    pub(crate) kind: Kind,
    /// For people.
    pub(crate) message: String,
}

impl Failure {
    /// A failure of some kind with a message.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
