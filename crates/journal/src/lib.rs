//! Head, blocks, events, incident rows and outbox behind one trait: SQLite, PostgreSQL and in memory.
//!
//! The journal keeps positions, hashes, keys and blobs. It does not know what an
//! incident means, it never reads a clock, and it sends nothing: the engine encodes,
//! decides and sends. One batch is one transaction that moves its workspace's [`Head`]
//! by one [`Position`] and extends the hash chain that [`verify`] recomputes.
//!
//! Everything is synchronous: the engine commits on its own thread and reads from
//! blocking tasks. SQLite is driven through `rusqlite` and not an async driver, because
//! there is one writer, whose prepared statements and grouped commits gain nothing from
//! a runtime. PostgreSQL is driven through `tokio-postgres` on a thread of its own, because a batch sent
//! in one go takes two round trips. Nothing of either shows in the traits.

mod carry;
mod chain;
mod error;
mod id;
mod memory;
mod pool;
mod postgres;
mod read;
mod rows;
mod sqlite;
mod store;
mod verify;

pub use carry::{Carried, Field, Source, Table, carried_columns};
pub use error::{Error, Result};
pub use id::{Digest, IncidentNo, Position, Workspace};
pub use memory::Memory;
pub use postgres::{Postgres, Scratch, Server};
pub use read::{
    Counts, DeliveryFilter, DeliveryPlace, Entry, EventPlace, IncidentFilter, Living, PrivateEntry, StoredBlock,
    StoredEvent, StoredRequest,
};
pub use rows::{
    Attempt, Batch, Block, Claim, DeliveryRow, DeliveryState, DeliveryUpdate, DetectorChange, DocumentChange, EventRow,
    Head, IdempotencyRow, IncidentRow, OutboxChanges, PrivateContent, PrivateRow, RequestRow, Rewrite, TallyRow,
};
pub use sqlite::{Files, Progress, Restoring, Sqlite};
pub use store::{Leases, Present, Reader, Store, Writer};
pub use verify::{Verification, verify, verify_after};
