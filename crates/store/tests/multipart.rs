//! (soon)
#[test]
fn placeholder() {}
