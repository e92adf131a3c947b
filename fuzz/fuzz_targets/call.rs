//! Entry point for `cargo fuzz run call`; what must hold is in `fuzz/targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| countersign_fuzz_targets::run("call", input));
