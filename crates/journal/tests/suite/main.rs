//! One suite of guarantees for every store, then what only one of them has to hold: files, locks and versions
//! of SQLite, lost connections, several nodes and versions of PostgreSQL.

// Clippy's exception for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

mod alike;
mod backup;
mod carry;
mod incidents;
mod order;
mod outbox;
mod postgres;
mod proxy;
mod small;
mod sqlite;
mod support;
mod tamper;
