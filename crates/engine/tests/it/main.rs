//! Tests of the engine through its public interface, on a test clock, in memory and on SQLite.

// Clippy exempts test functions only, not what they share.
#![allow(clippy::unwrap_used)]

mod crash;
mod duplicates;
mod erasure;
mod heartbeat;
mod hold;
mod idempotency;
mod order;
mod outbox;
mod poison;
mod policies;
mod publication;
mod receipts;
mod refold;
mod restore;
mod retention;
mod retries;
mod servers;
mod shutdown;
mod storage;
mod support;
mod test_page;
mod time;
