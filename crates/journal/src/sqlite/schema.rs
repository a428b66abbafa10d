//! The schema and its numbered migrations. `user_version` says how many have run.

use rusqlite::{Connection, TransactionBehavior};

use super::fault::Fault;

/// Every migration in order; a released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_journal.sql"),
    include_str!("migrations/0002_event_kind.sql"),
    include_str!("migrations/0003_incident_tally.sql"),
    include_str!("migrations/0004_event_span.sql"),
    include_str!("migrations/0005_incident_life.sql"),
];

/// Positions of which `event_span` says together whether they hold something of an incident. So many
/// batches pass before an incident's events dirty a page of their own again; so many are looked up
/// for each such row. The fourth migration writes this number, so it never changes.
pub(super) const SPAN: u64 = 64;

/// "WBEL": tells our databases from those of other programs.
pub(super) const APPLICATION_ID: i32 = 0x5742_454c;

/// The schema version that this program reads and writes.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are fewer than 2^32 migrations")
}

/// What a database file says of itself.
pub(super) enum Found {
    /// A new, empty database.
    Empty,
    /// One of ours, with this many migrations run.
    Ours(u32),
    /// Another program's.
    Foreign,
}

/// Reads whose database it is and its version. Writes nothing.
pub(super) fn inspect(connection: &Connection) -> Result<Found, Fault> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, tables) {
        (APPLICATION_ID, version, _) => Found::Ours(version),
        (0, 0, 0) => Found::Empty,
        _ => Found::Foreign,
    })
}

/// Runs the migrations after the first `done`, all or none.
pub(super) fn migrate(connection: &mut Connection, done: u32) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS.iter().skip(done as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}
