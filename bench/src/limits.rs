//! What the machine itself can do: the denominators of the report. Measured by the side of the stores, in the same run.

pub(crate) mod disk;
pub(crate) mod hash;
pub(crate) mod index;
pub(crate) mod log;
pub(crate) mod memory;
