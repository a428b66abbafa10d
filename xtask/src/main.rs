//! The development loop: `cargo xtask {test, bench, codegen}`.
fn main() {}
