//! A few connections for reading, opened when first needed.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::open;
use crate::Result;

/// Enough for an export, a board and the engine at once; further readers wait.
const CONNECTIONS: usize = 4;

pub(super) struct Pool {
    path: PathBuf,
    slots: Mutex<Slots>,
    freed: Condvar,
}

#[derive(Default)]
struct Slots {
    idle: Vec<Connection>,
    lent: usize,
}

impl Pool {
    pub(super) fn new(path: PathBuf) -> Pool {
        Pool { path, slots: Mutex::default(), freed: Condvar::new() }
    }

    /// Runs `work` with a connection.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (_slot, idle) = self.borrow();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path)?,
        };
        let result = work(&connection);
        self.lock().idle.push(connection);
        result
    }

    fn borrow(&self) -> (Slot<'_>, Option<Connection>) {
        let guard = self.freed.wait_while(self.lock(), |slots| slots.lent >= CONNECTIONS);
        let mut slots = guard.unwrap_or_else(PoisonError::into_inner);
        slots.lent += 1;
        (Slot(self), slots.idle.pop())
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection, given back also when the work panics.
struct Slot<'a>(&'a Pool);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.lock().lent -= 1;
        self.0.freed.notify_one();
    }
}
