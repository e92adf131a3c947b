//! What must hold for any input: one function a target, called by `cargo fuzz` and by the tests of this crate.
//!
//! A target takes bytes and panics when a promise is broken. It holds more than "does not panic": cutting the
//! input differently changes nothing, budgets are kept, secrets do not come out.
//!
//! Not here: a search for inputs. That is the fuzzer's, or in tests a fixed walk from the seeds in `fuzz/seeds`.

mod access_policy;
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

/// Runs the target of that name; unknown names are a mistake in the caller's source.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("every entry point names a target of the table");
    target(input);
}
