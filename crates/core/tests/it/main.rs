//! Tests of the crate through its public interface, on virtual time.

// Clippy exempts test functions only, not what they share.
#![allow(clippy::unwrap_used)]

mod golden;
mod promises;
mod properties;
mod rate;
mod scenario;
mod support;
