//! Incidents at hand: a discardable cache at a known position, and the work of one batch on it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use journal::{IncidentNo, Reader};
use problem::Problem;
use wcore::Incident;

use crate::codec;
use crate::view;

/// Incidents kept decoded. A busy installation has some hundred open; a million stay on disk.
const MAX_CACHED: usize = 20_000;

/// Decoded incidents, the oldest taken in first to go.
#[derive(Default)]
pub(crate) struct Cache {
    incidents: HashMap<u64, Arc<Incident>>,
    keys: HashMap<String, u64>,
    order: VecDeque<u64>,
}

impl Cache {
    fn insert(&mut self, incident: Arc<Incident>) {
        let no = incident.no;
        // A later incident of the same key takes it over.
        if self.keys.get(&incident.key).is_none_or(|known| *known <= no) {
            self.keys.insert(incident.key.clone(), no);
        }
        if self.incidents.insert(no, incident).is_none() {
            self.order.push_back(no);
        }
        while self.order.len() > MAX_CACHED
            && let Some(no) = self.order.pop_front()
        {
            if let Some(old) = self.incidents.remove(&no)
                && self.keys.get(&old.key) == Some(&no)
            {
                self.keys.remove(&old.key);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Cache::default();
    }
}

/// Incidents as one batch sees and changes them.
pub(crate) struct Desk<'a> {
    cache: &'a mut Cache,
    reader: &'a dyn Reader,
    changed: BTreeMap<u64, Arc<Incident>>,
    new_keys: HashMap<String, u64>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(cache: &'a mut Cache, reader: &'a dyn Reader) -> Desk<'a> {
        Desk { cache, reader, changed: BTreeMap::new(), new_keys: HashMap::new() }
    }

    /// The incident of that number.
    pub(crate) fn incident(&mut self, no: u64) -> Result<Option<Arc<Incident>>, Problem> {
        if let Some(incident) = self.changed.get(&no).or_else(|| self.cache.incidents.get(&no)) {
            return Ok(Some(Arc::clone(incident)));
        }
        let Some(row) = codec::stored(self.reader.incident(IncidentNo(no)))? else { return Ok(None) };
        self.remember(row).map(Some)
    }

    /// The open incident of that key, else the one resolved last.
    pub(crate) fn by_key(&mut self, key: &str) -> Result<Option<Arc<Incident>>, Problem> {
        if let Some(no) = self.new_keys.get(key).or_else(|| self.cache.keys.get(key)).copied() {
            return self.incident(no);
        }
        let Some(row) = codec::stored(self.reader.incident_by_key(key))? else { return Ok(None) };
        self.remember(row).map(Some)
    }

    fn remember(&mut self, row: journal::IncidentRow) -> Result<Arc<Incident>, Problem> {
        let incident = Arc::new(view::incident_of(self.reader, &row)?);
        self.cache.insert(Arc::clone(&incident));
        Ok(incident)
    }

    /// The incident after a decision.
    pub(crate) fn put(&mut self, incident: Incident) {
        self.new_keys.insert(incident.key.clone(), incident.no);
        self.changed.insert(incident.no, Arc::new(incident));
    }

    /// The batch is durable: what changed is what holds.
    pub(crate) fn settle(self) -> BTreeMap<u64, Arc<Incident>> {
        for incident in self.changed.values() {
            self.cache.insert(Arc::clone(incident));
        }
        self.changed
    }

    pub(crate) fn changed(&self) -> &BTreeMap<u64, Arc<Incident>> {
        &self.changed
    }
}
