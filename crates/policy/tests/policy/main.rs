//! What the crate promises to whoever uses it, over its public interface: documents, conditions, combinations, wording.

mod combinations;
mod conditions;
mod documents;
mod lists;
mod oracle;
mod principals;
mod properties;
mod public;
mod support;
mod wording;
