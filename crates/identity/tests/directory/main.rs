//! The directory from outside: calls of IAM and STS, keys, sessions, several servers on one engine, and what lies on it.

#![expect(clippy::panic, reason = "tests may fail loudly, in their helpers too")]

mod accounts;
mod calls;
mod credential_tokens;
mod faults;
mod formats;
mod keys;
mod limits;
mod overviews;
mod policies;
mod restarts;
mod secrets;
mod servers;
mod sessions;
mod simulations;
mod subjects;
mod support;
