//! The journal in a schema of a PostgreSQL database. Nothing outside this folder knows that it is PostgreSQL.
//!
//! Any number of nodes may write to it: who decides holds the lock of the workspace's head row, and who sends
//! a delivery holds its lease.

mod address;
mod carry;
mod column;
mod driver;
mod facts;
mod fault;
mod health;
mod lease;
mod lists;
mod outbox;
mod reader;
mod rows;
mod schema;
mod scratch;
mod session;
mod writer;

#[cfg(test)]
mod stopped_tests;

pub use health::Server;
pub use scratch::Scratch;

use std::path::Path;
use std::sync::Arc;

use crate::pool::Pool;
use crate::store::{Leases, Reader, Store, Writer};
use crate::{Error, Result, Workspace};

/// Connections for reading: enough for an export, a board and the engine at once; further readers wait.
const READERS: usize = 4;

/// A journal in a PostgreSQL database.
pub struct Postgres {
    shared: Arc<Shared>,
    writable: bool,
}

/// What the store, its writers and its readers have in common.
struct Shared {
    driver: Arc<driver::Driver>,
    address: Arc<address::Address>,
    pool: Pool<session::Session>,
}

impl Postgres {
    /// Connects for a server: creates what is missing, and migrates it.
    ///
    /// `url` is `postgres://user@host/database`, with these parameters beside those of libpq that concern a
    /// connection: `schema` (default `public`), `sslmode` (`disable`, `require`, `verify-full`; without it, ways
    /// that leave the machine are encrypted), `sslrootcert`. Certificates are always verified.
    pub fn open(url: &str) -> Result<Postgres> {
        Postgres::connect(url, true, schema::migrate)
    }

    /// Connects to an existing journal, which has readers only.
    pub fn open_read_only(url: &str) -> Result<Postgres> {
        Postgres::connect(url, false, schema::check)
    }

    /// Whether an URL carries a password, which then must not stand on a command line.
    pub fn has_password(url: &str) -> bool {
        address::has_password(url)
    }

    /// What of an URL may be shown; none where it cannot be used.
    pub fn shown_of(url: &str) -> Option<std::path::PathBuf> {
        address::Address::parse(url).ok().map(|address| address.shown)
    }

    /// Hosts, database and schema, for people: never a user or a password.
    pub fn shown(&self) -> &Path {
        &self.shared.address.shown
    }

    fn connect(
        url: &str,
        writable: bool,
        prepare: fn(&session::Session, &address::Address) -> Result<(), fault::Fault>,
    ) -> Result<Postgres> {
        let address = Arc::new(address::Address::parse(url)?);
        let driver = Arc::new(driver::Driver::start()?);
        let open = {
            let (driver, address) = (Arc::clone(&driver), Arc::clone(&address));
            move || session::Session::open(&driver, &address).map_err(|fault| fault.at(&address.shown))
        };
        let pool = Pool::new(READERS, open);
        pool.with(|session| prepare(session, &address).map_err(|fault| fault.at(&address.shown)))?;
        Ok(Postgres { shared: Arc::new(Shared { driver, address, pool }), writable })
    }
}

impl Store for Postgres {
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>> {
        if !self.writable {
            let detail = "it was opened for reading only".to_owned();
            return Err(Error::ReadOnly { path: self.shown().to_owned(), detail });
        }
        Ok(Box::new(writer::PostgresWriter::new(Arc::clone(&self.shared), workspace)?))
    }

    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>> {
        Ok(Arc::new(reader::PostgresReader::new(Arc::clone(&self.shared), workspace)))
    }

    fn leases(&self, workspace: Workspace) -> Option<Arc<dyn Leases>> {
        let leases = || Arc::new(lease::PostgresLeases::new(Arc::clone(&self.shared), workspace)) as Arc<dyn Leases>;
        self.writable.then(leases)
    }
}
