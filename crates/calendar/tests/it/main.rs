//! Tests of the crate through its public interface: other programs' vectors, properties, and cases of our own.

// Clippy exempts test functions only, not what they share.
#![allow(clippy::unwrap_used)]

mod business;
mod business_vectors;
mod oncall_vectors;
mod properties;
mod schedule;
mod sla_vectors;
mod support;
