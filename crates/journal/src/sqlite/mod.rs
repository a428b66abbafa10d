//! The journal in one SQLite database. Nothing outside this folder knows that it is SQLite.

mod backup;
mod carry;
mod column;
mod fault;
mod health;
mod lists;
mod open;
mod outbox;
mod reader;
mod schema;
mod writer;

#[cfg(test)]
mod fault_tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use backup::{Progress, Restoring};
pub use health::Files;

use rusqlite::Connection;

use crate::pool::{Lendable, Pool};
use crate::store::{Reader, Store, Writer};
use crate::{Error, Result, Workspace};

/// Connections for reading: enough for an export, a board and the engine at once; further readers wait.
const READERS: usize = 4;

/// A journal in one SQLite database, locked against other servers for as long as it or one of its
/// writers and readers lives.
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// What the store, its writers and its readers have in common.
struct Shared {
    path: PathBuf,
    pool: Pool<Connection>,
    /// Held, never read: the lock ends when the file is closed. A store for reading only has none.
    lock: Option<File>,
}

impl Sqlite {
    /// Opens the database for a server: takes its lock, creates it if there is none, migrates it.
    ///
    /// `path` is a data directory, which is created if need be, or a database file (`….db`).
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite> {
        let (path, lock) = open::for_server(path.as_ref())?;
        Ok(Sqlite { shared: Arc::new(Shared { pool: readers(&path), path, lock: Some(lock) }) })
    }

    /// Opens an existing database beside a running server, or without one. It has readers only.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Sqlite> {
        let path = open::for_reading(path.as_ref())?;
        Ok(Sqlite { shared: Arc::new(Shared { pool: readers(&path), path, lock: None }) })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }
}

impl Lendable for Connection {}

fn readers(path: &Path) -> Pool<Connection> {
    let path = path.to_owned();
    Pool::new(READERS, move || open::reader(&path))
}

impl Store for Sqlite {
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>> {
        if self.shared.lock.is_none() {
            let detail = "it was opened for reading only".to_owned();
            return Err(Error::ReadOnly { path: self.shared.path.clone(), detail });
        }
        Ok(Box::new(writer::SqliteWriter::new(Arc::clone(&self.shared), workspace)?))
    }

    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>> {
        Ok(Arc::new(reader::SqliteReader::new(Arc::clone(&self.shared), workspace)))
    }
}
