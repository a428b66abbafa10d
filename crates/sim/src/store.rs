//! A journal that fails on demand: full, broken, or dying before or after a commit.
//!
//! Everything that it keeps is in [`journal::Memory`], which outlives the engine's process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{
    Batch, DeliveryUpdate, Error, EventPlace, Head, IncidentRow, Memory, OutboxChanges, Present, Reader, Result, Store,
};
use journal::{Workspace, Writer};

use wcore::Incident;
use wcore::event::Entry;

use crate::defect::Defect;
use crate::plan::Fault;

/// What the simulator tells the store, and what the store tells the simulator.
#[derive(Default)]
pub(crate) struct Control {
    /// It fails so.
    pub(crate) failing: Option<Fault>,
    /// The process dies at the next write.
    pub(crate) dies: Option<Fault>,
    /// The process is dead: nothing is written any more.
    pub(crate) dead: bool,
    /// How it died last.
    pub(crate) died_of: Option<Fault>,
    /// What is broken on purpose.
    pub(crate) defect: Option<Defect>,
    /// How often it was.
    pub(crate) injected: u32,
    /// What was written to the outbox since it was last taken.
    pub(crate) outbox: Vec<DeliveryUpdate>,
}

/// The store.
#[derive(Clone, Default)]
pub(crate) struct Faulty {
    memory: Memory,
    control: Arc<Mutex<Control>>,
}

impl Faulty {
    /// The levers.
    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Faulty {
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>> {
        Ok(Box::new(FaultyWriter { inner: self.memory.writer(workspace)?, store: self.clone() }))
    }

    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>> {
        self.memory.reader(workspace)
    }
}

struct FaultyWriter {
    inner: Box<dyn Writer>,
    store: Faulty,
}

impl FaultyWriter {
    /// Lets a write through, or not.
    fn write<T>(
        &mut self,
        deliveries: &[DeliveryUpdate],
        write: impl FnOnce(&mut dyn Writer) -> Result<T>,
    ) -> Result<T> {
        let mut control = self.store.control();
        if control.dead {
            return Err(failed("the process is dead"));
        }
        match control.failing {
            Some(Fault::StoreFull) => return Err(Error::Full { path: "simulated".into() }),
            Some(_) => return Err(failed("simulated")),
            None => {}
        }
        let dies = control.dies.take();
        if dies.is_some() {
            (control.dead, control.died_of) = (true, dies);
        }
        if dies == Some(Fault::CrashBeforeCommit) {
            return Err(failed("died before the commit"));
        }
        let written = write(&mut *self.inner)?;
        control.outbox.extend_from_slice(deliveries);
        if control.dead { Err(failed("died after the commit")) } else { Ok(written) }
    }
}

fn failed(detail: &str) -> Error {
    Error::Disk { path: "simulated".into(), detail: detail.to_owned() }
}

impl Writer for FaultyWriter {
    fn head(&mut self) -> Result<Head> {
        self.inner.head()
    }

    fn begin(&mut self) -> Result<Option<Present>> {
        self.inner.begin()
    }

    fn give_up(&mut self) {
        self.inner.give_up();
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn commit(&mut self, batch: &Batch) -> Result<Head> {
        let mut batch = batch.clone();
        if self.tamper(|defect| defect.spoil(&mut batch)) {
            self.follow(&mut batch)?;
        }
        self.write(&batch.deliveries, |writer| writer.commit(&batch))
    }

    fn apply(&mut self, changes: &OutboxChanges) -> Result<()> {
        let mut changes = changes.clone();
        self.tamper(|defect| defect.spoil_outbox(&mut changes.deliveries));
        self.write(&changes.deliveries, |writer| writer.apply(&changes))
    }

    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()> {
        self.inner.replace_incidents(rows)
    }
}

impl FaultyWriter {
    /// Whether what is stored follows a mistake from now on.
    fn tamper(&self, spoil: impl FnOnce(Defect) -> bool) -> bool {
        let mut control = self.store.control();
        let Some(defect) = control.defect else { return false };
        if spoil(defect) {
            control.injected += 1;
        }
        control.injected > 0 && defect.is_decided()
    }

    /// Folds the rows of a batch from its events as they were spoiled: a mistake of deciding would
    /// stand in both, and must be noticed by what it breaks.
    fn follow(&self, batch: &mut Batch) -> Result<()> {
        let reader = self.reader()?;
        for counted in std::mem::take(&mut batch.tallies) {
            let row = reader.incident(counted.no)?;
            batch.incidents.extend(row.map(|row| IncidentRow { updated: counted.updated, ..row }));
        }
        for row in &mut batch.incidents {
            let mut entries: Vec<Entry> = Vec::new();
            for stored in reader.incident_events(row.no, EventPlace::default(), u32::MAX)? {
                entries.extend(serde_json::from_slice::<Entry>(&stored.event.body));
            }
            let new = batch.events.iter().filter(|event| event.incident == Some(row.no));
            entries.extend(new.filter_map(|event| serde_json::from_slice::<Entry>(&event.body).ok()));
            if let Some(incident) = Incident::fold(&entries) {
                (row.state, row.tally) = (engine::codec::state(&incident), Vec::new());
                row.next_due = incident.next_due();
                row.ended_at = incident.is_settled().then_some(batch.recorded_at);
                (row.severity, row.open) = (incident.severity, incident.status().is_open());
            }
        }
        Ok(())
    }

    fn reader(&self) -> Result<Arc<dyn Reader>> {
        self.store.memory.reader(Workspace::default())
    }
}
