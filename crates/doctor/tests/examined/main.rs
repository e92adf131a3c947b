//! The doctor from outside: a whole server of ours in this process, and in front of it something that changes what goes by.
//!
//! Not here: real proxies and other people's servers (`conformance/` has those).

mod scene;
mod servers;
mod ways;
