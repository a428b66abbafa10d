//! A few connections for reading, opened when first needed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Result;

/// A connection that can be lent again and again.
pub(crate) trait Lendable {
    /// Whether it still works as far as is known without asking.
    fn is_usable(&self) -> bool {
        true
    }
}

pub(crate) struct Pool<C> {
    open: Box<dyn Fn() -> Result<C> + Send + Sync>,
    /// How many may be lent at once; further readers wait.
    limit: usize,
    slots: Mutex<Slots<C>>,
    freed: Condvar,
}

struct Slots<C> {
    idle: Vec<C>,
    lent: usize,
}

impl<C: Lendable> Pool<C> {
    pub(crate) fn new(limit: usize, open: impl Fn() -> Result<C> + Send + Sync + 'static) -> Pool<C> {
        let slots = Mutex::new(Slots { idle: Vec::new(), lent: 0 });
        Pool { open: Box::new(open), limit, slots, freed: Condvar::new() }
    }

    /// Runs `work` with a connection.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&C) -> Result<T>) -> Result<T> {
        let (_slot, idle) = self.borrow();
        let connection = match idle {
            Some(connection) => connection,
            None => (self.open)()?,
        };
        let result = work(&connection);
        if connection.is_usable() {
            self.lock().idle.push(connection);
        }
        result
    }

    /// Closes all connections that are not lent: what ended one has ended the others, too.
    pub(crate) fn forget(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    fn borrow(&self) -> (Slot<'_, C>, Option<C>) {
        let guard = self.freed.wait_while(self.lock(), |slots| slots.lent >= self.limit);
        let mut slots = guard.unwrap_or_else(PoisonError::into_inner);
        slots.lent += 1;
        slots.idle.retain(Lendable::is_usable);
        (Slot(self), slots.idle.pop())
    }

    fn lock(&self) -> MutexGuard<'_, Slots<C>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection, given back also when the work panics.
struct Slot<'a, C: Lendable>(&'a Pool<C>);

impl<C: Lendable> Drop for Slot<'_, C> {
    fn drop(&mut self) {
        self.0.lock().lent -= 1;
        self.0.freed.notify_one();
    }
}
