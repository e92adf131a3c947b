//! What is looked at before any object is written, a file for each concern.

pub(crate) mod clock;
pub(crate) mod credentials;
pub(crate) mod network;
pub(crate) mod plain;
pub(crate) mod style;
