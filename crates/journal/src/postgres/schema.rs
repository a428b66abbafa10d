//! The schema and its numbered migrations; `watchbell_schema.version` says how many have run.
//!
//! Other nodes go on while one migrates, so a migration first only expands: what running nodes read and
//! write stays. What nobody uses any more goes with a later version.

use tokio_postgres::error::SqlState;

use super::address::Address;
use super::column::Fields;
use super::fault::Fault;
use super::session::{Query, Session};
use crate::{Error, Result};

/// Every migration in order, each one transaction; a released one never changes.
const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_journal.sql"), include_str!("migrations/0002_incident_life.sql")];

/// The schema version that this program reads and writes.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are fewer than 2^32 migrations")
}

/// Creates what is missing. Nodes that start together do it once: the others wait, and find it done.
pub(super) fn migrate(session: &Session, address: &Address) -> Result<(), Fault> {
    create_schema(session, &address.schema)?;
    loop {
        session.begin_migration()?;
        let step = step(session, address);
        if !matches!(step, Ok(true)) {
            session.roll_back();
        }
        if !step? {
            return Ok(());
        }
    }
}

/// Runs the next migration, if there is one.
fn step(session: &Session, address: &Address) -> Result<bool, Fault> {
    let found = version(|query| session.query(&query))?.unwrap_or(0);
    let Some(migration) = MIGRATIONS.get(found as usize) else {
        return if found > known() { Err(newer(address, found)) } else { Ok(false) };
    };
    let both = format!("{migration};\nUPDATE watchbell_schema SET version = {}", found + 1);
    session.migrate(&both).map_err(|fault| match &fault {
        // Our names are taken, and nothing says that they are ours.
        Fault::Sql(error) if error.code() == Some(&SqlState::DUPLICATE_TABLE) => {
            Fault::Refused(Error::Foreign { path: address.shown.clone() })
        }
        _ => fault,
    })?;
    Ok(true)
}

/// Checks that there is a schema of this version. Writes nothing.
pub(super) fn check(session: &Session, address: &Address) -> Result<(), Fault> {
    let path = address.shown.clone();
    let found = version(|query| Ok(session.read(&[query])?.swap_remove(0)))?;
    match found {
        None => Err(Error::Missing { path }.into()),
        Some(found) if found > known() => Err(newer(address, found)),
        Some(found) if found < known() => Err(Error::Older { path, found, known: known() }.into()),
        Some(_) => Ok(()),
    }
}

fn newer(address: &Address, found: u32) -> Fault {
    Error::Newer { path: address.shown.clone(), found, known: known() }.into()
}

/// How many migrations have run; none where there is no schema of ours.
fn version(ask: impl Fn(Query<'static>) -> Result<Vec<tokio_postgres::Row>, Fault>) -> Result<Option<u32>, Fault> {
    let there = ask(Query::new("SELECT to_regclass('watchbell_schema') IS NOT NULL"))?;
    let there: bool = match there.first() {
        Some(row) => Fields::of(row).take()?,
        None => false,
    };
    if !there {
        return Ok(None);
    }
    let rows = ask(Query::new("SELECT version FROM watchbell_schema"))?;
    rows.first().map(|row| Fields::of(row).number()).transpose()
}

/// Creates the schema that the URL names. Looked for first, since creating needs a right that using does not.
fn create_schema(session: &Session, name: &str) -> Result<(), Fault> {
    let known = Query::new("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(name);
    if session.read(&[known])?.first().is_some_and(|rows| rows.is_empty()) {
        // Two nodes may both find it missing; to the later one the server says that it is there.
        let created = session.begin(&[Query::new(format!("CREATE SCHEMA IF NOT EXISTS {name}"))]);
        match created {
            Ok(_) => session.write_and_commit(&[])?,
            Err(Fault::Sql(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => session.roll_back(),
            Err(fault) => {
                session.roll_back();
                return Err(fault);
            }
        }
    }
    Ok(())
}
