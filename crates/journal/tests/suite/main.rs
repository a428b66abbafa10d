//! One suite of guarantees for every store, then what only SQLite has to hold: files, locks, versions, tampering.

// Clippy's exception for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

mod alike;
mod backup;
mod incidents;
mod order;
mod outbox;
mod small;
mod sqlite;
mod support;
mod tamper;
