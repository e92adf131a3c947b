//! What the tests of the engine share: an index that forgets at a crash, a model, a workload, one row.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "several tests share this, and each uses some of it"
)]

pub mod model;
pub mod one_row;
pub mod prefix_index;
pub mod workload;
