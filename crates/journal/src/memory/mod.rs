//! The journal in memory, for the simulator, virtual time and tests. It forgets everything with its last owner.
//!
//! It answers exactly as the databases do (one test suite runs against all), and mostly looks through
//! whole maps where they have indexes: it is meant for thousands of rows.

mod check;
mod reader;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calendar::Instant;

use crate::store::{Reader, Store, Writer};
use crate::{DeliveryRow, Entry, Head, IncidentNo, IncidentRow, Position, Result, StoredRequest, Workspace};

/// A journal in memory. Clones share it.
#[derive(Clone, Default)]
pub struct Memory {
    shelves: Arc<Mutex<BTreeMap<Workspace, Arc<Shelf>>>>,
}

/// One workspace.
#[derive(Default)]
struct Shelf(Mutex<State>);

/// The rows of one workspace.
struct State {
    head: Head,
    entries: BTreeMap<Position, Entry>,
    incidents: BTreeMap<IncidentNo, IncidentRow>,
    detectors: BTreeMap<String, Vec<u8>>,
    requests: BTreeMap<String, StoredRequest>,
    deliveries: BTreeMap<String, DeliveryRow>,
    /// Ids of requests that nobody has claimed, and of deliveries that are pending: they are asked
    /// for at every step, and are few among all.
    unclaimed: BTreeSet<String>,
    pending: BTreeSet<String>,
    /// Where the private row of an id stands in the entries.
    private: BTreeMap<String, (Position, usize)>,
    idempotency: BTreeMap<(String, String), (Vec<u8>, Instant)>,
    documents: BTreeMap<(String, String), Vec<u8>>,
}

impl Memory {
    /// An empty journal.
    pub fn new() -> Memory {
        Memory::default()
    }

    fn shelf(&self, workspace: Workspace) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shelves.entry(workspace).or_default())
    }
}

impl Store for Memory {
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>> {
        Ok(Box::new(writer::MemoryWriter::new(self.shelf(workspace), workspace)))
    }

    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>> {
        Ok(self.shelf(workspace))
    }
}

impl Shelf {
    /// A change is checked before it begins and cannot fail half-way, so that a poisoned lock still guards whole rows.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        State {
            head: Head::genesis(),
            entries: BTreeMap::new(),
            incidents: BTreeMap::new(),
            detectors: BTreeMap::new(),
            requests: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            unclaimed: BTreeSet::new(),
            pending: BTreeSet::new(),
            private: BTreeMap::new(),
            idempotency: BTreeMap::new(),
            documents: BTreeMap::new(),
        }
    }
}
