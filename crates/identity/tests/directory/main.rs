//! The directory from outside: calls of IAM and STS, keys, sessions, several servers on one engine, and what lies on it.

#![expect(clippy::panic, reason = "tests may fail loudly, in their helpers too")]

mod calls;
mod keys;
mod support;
