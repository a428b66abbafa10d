//! A store whose writer can be held, made to fail, or cut off as if the power were gone.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use journal::{
    Batch, Error, Head, IncidentRow, Leases, OutboxChanges, Present, Reader, Result, Store, Workspace, Writer,
};

/// What becomes of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Works,
    /// They wait.
    Held,
    /// The disk is full.
    Full,
    /// The disk fails.
    Broken,
}

/// The switch.
#[derive(Clone)]
pub(crate) struct Gate(Arc<(Mutex<State>, Condvar)>);

struct State {
    mode: Mode,
    waiting: u32,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate(Arc::new((Mutex::new(State { mode: Mode::Works, waiting: 0 }), Condvar::new())))
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.0.0.lock().unwrap().mode = mode;
        self.0.1.notify_all();
    }

    /// Whether a write waits behind a held gate.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.0.lock().unwrap().waiting > 0
    }

    fn pass(&self) -> Result<()> {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        while state.mode == Mode::Held {
            state.waiting += 1;
            state = changed.wait(state).unwrap();
            state.waiting -= 1;
        }
        let path = PathBuf::from("watchbell.db");
        match state.mode {
            Mode::Full => Err(Error::Full { path }),
            Mode::Broken => Err(Error::Disk { path, detail: "input/output error".to_owned() }),
            Mode::Works | Mode::Held => Ok(()),
        }
    }
}

/// A store behind a gate.
pub(crate) struct Gated {
    pub(crate) store: Box<dyn Store>,
    pub(crate) gate: Gate,
}

struct GatedWriter {
    writer: Box<dyn Writer>,
    gate: Gate,
}

impl Store for Gated {
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>> {
        Ok(Box::new(GatedWriter { writer: self.store.writer(workspace)?, gate: self.gate.clone() }))
    }

    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>> {
        self.store.reader(workspace)
    }

    fn leases(&self, workspace: Workspace) -> Option<Arc<dyn Leases>> {
        self.store.leases(workspace)
    }
}

impl Writer for GatedWriter {
    fn head(&mut self) -> Result<Head> {
        self.writer.head()
    }

    fn begin(&mut self) -> Result<Option<Present>> {
        self.writer.begin()
    }

    fn give_up(&mut self) {
        self.writer.give_up();
    }

    fn is_shared(&self) -> bool {
        self.writer.is_shared()
    }

    fn commit(&mut self, batch: &Batch) -> Result<Head> {
        self.gate.pass()?;
        self.writer.commit(batch)
    }

    fn apply(&mut self, changes: &OutboxChanges) -> Result<()> {
        self.gate.pass()?;
        self.writer.apply(changes)
    }

    fn reader(&self) -> Option<Arc<dyn Reader>> {
        self.writer.reader()
    }

    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()> {
        self.writer.replace_incidents(rows)
    }
}
