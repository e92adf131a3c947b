//! The Rust clients against the built server: the official SDK, `object_store` and `opendal`, each in its own module.
//!
//! One test binary for the three, since they share most of what has to be compiled and linked. Run a single one by the
//! name of its module. Not here: starting the server (`harness`). Keeps true: a test is named by its client and by what
//! is true of it.

mod aws_sdk_rust;
mod harness;
mod object_store;
mod opendal;
