//! The binary: command line, configuration, composition.
fn main() {}
