//! What people have at hand about a refused S3 request, read into one form, and what it shows.
//!
//! A text goes in: an error document, a log of an SDK, a link, what curl printed. [`read`] tells which of these it is and takes
//! from it the request, what the client signed, and what the server answered. [`explain`] finds the cause in that, with the
//! secret by proof, without it by comparing texts; [`compare`] holds two of them against each other.
//!
//! Absent on purpose: files, sockets, clock, environment, and where a secret comes from.
//!
//! Keeps true: whatever the text, reading it ends, panics never, and takes time and memory in proportion to its length; a
//! secret is used for computing only, and stands in nothing that comes out.

mod answer;
mod bundle;
mod by_request;
mod by_texts;
mod canonical;
mod codes;
mod compare;
mod cors;
mod difference;
mod evidence;
mod explain;
mod forms;
mod http;
mod literal;
mod log;
mod matter;
mod odd_id;
mod odd_secret;
mod paste;
mod rebuilt;
mod shown;

pub use answer::{Answer, Told, ToldCause};
pub use bundle::{Bundle, Surroundings};
pub use canonical::CanonicalText;
pub use compare::{Comparison, Line, compare};
pub use evidence::{Evidence, Sent, Texts};
pub use explain::{Explained, Known, explain};
pub use forms::{Form, Unreadable, read};
pub use shown::harmless;
