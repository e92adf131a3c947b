//! Nothing: this package exists for `tests/clients`, which drives the Rust clients against the built server.
//!
//! Cargo asks for a target that is no test; a library without a line costs the least.
