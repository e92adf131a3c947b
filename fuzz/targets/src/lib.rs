//! What must hold for any input: one function a target, called by `cargo fuzz` and by the tests of this crate.
//!
//! A target takes bytes and panics when a promise is broken. It holds more than "does not panic": cutting the
//! input differently changes nothing, budgets are kept, secrets do not come out.
//!
//! Not here: a search for inputs. That is the fuzzer's, or in tests a fixed walk from the seeds in `fuzz/seeds`.

mod access_policy;
mod call;
mod chunks;
mod diagnosis;
mod document;
mod form;
mod http_text;
mod operation;
mod policy;
mod signature;

pub use http_text::HttpText;

/// A target: its name, which is that of its folder of seeds, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("access_policy", access_policy::run),
    ("call", call::run),
    ("chunks", chunks::run),
    ("diagnosis", diagnosis::run),
    ("document", document::run),
    ("form", form::run),
    ("operation", operation::run),
    ("policy", policy::run),
    ("signature", signature::run),
];

/// The secret that targets sign and verify with; long and odd enough not to appear in an input by chance.
const SECRET: &str = "zY3!fuzz/only+secret=4711#Qx";

/// An input of two parts: the text ahead of the first blank line, and what follows its first line break.
fn split_at_blank_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (text, rest) = input.split_at(end.unwrap_or(input.len()));
    (text, rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// Runs the target of that name; unknown names are a mistake in the caller's source.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("every entry point names a target of the table");
    target(input);
}
