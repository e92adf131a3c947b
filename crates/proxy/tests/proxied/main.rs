//! The proxy from outside, over sockets, in front of an upstream that does what a test wants.
//!
//! Not here: real clients and real servers (`conformance/` has those).

mod attacks;
mod ends;
mod passing;
mod scene;
