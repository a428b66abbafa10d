//! A schema that goes away, for tests: each has one of its own on a server that they share.

use std::sync::atomic::{AtomicU32, Ordering};

use super::address::Address;
use super::driver::Driver;
use super::session::{Query, Session};
use crate::Result;

/// A schema with a name of its own, dropped with all that is in it when this goes out of scope.
pub struct Scratch {
    url: String,
}

impl Scratch {
    /// Chooses a name on the server with this URL; opening [`Scratch::url`] creates the schema.
    pub fn on(server: &str) -> Scratch {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let separator = if server.contains('?') { '&' } else { '?' };
        Scratch { url: format!("{server}{separator}schema=scratch_{}_{number}", std::process::id()) }
    }

    /// What [`Postgres::open`](crate::Postgres::open) takes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements in the schema, in one transaction, behind the journal's back.
    pub fn execute(&self, sql: &str) -> Result<()> {
        let address = Address::parse(&self.url)?;
        let driver = Driver::start()?;
        let run = || {
            let session = Session::open(&driver, &address)?;
            session.begin(&[])?;
            session.run(sql)?;
            session.write_and_commit(&[])
        };
        run().map_err(|fault| fault.at(&address.shown))
    }

    /// Asks for one text.
    pub fn ask(&self, sql: &str) -> Result<Option<String>> {
        let address = Address::parse(&self.url)?;
        let driver = Driver::start()?;
        let ask = || Session::open(&driver, &address)?.read(&[Query::new(sql)]);
        let rows = ask().map_err(|fault| fault.at(&address.shown))?;
        Ok(rows[0].first().and_then(|row| row.try_get(0).ok()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some((_, schema)) = self.url.rsplit_once("schema=") else { return };
        // The server may be gone, and the schema with it.
        let _ = self.execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
    }
}
