//! The server as a client sees it: a whole one in this process, asked over real sockets.
//!
//! Not here: S3's semantics in depth (the store's tests have them) and real clients (`conformance/`).

mod access;
mod admin;
mod answers;
mod beside_signature;
mod bodies;
mod calls;
mod clock;
mod corpus;
mod cors;
mod diagnosis;
mod faults;
mod form;
mod forms;
mod guarded;
mod http;
mod keys;
mod lists;
mod members;
mod objects;
mod once;
mod refusals;
mod refused_uploads;
mod running;
mod scrub;
mod servers;
mod side_doors;
mod watched;
mod web_identity;
mod words;
