//! Incidents at hand: a discardable cache at a known position, and the work of one batch on it.
//!
//! Whatever it holds, it answers as the journal does: a cold cache decides nothing differently.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use journal::{IncidentNo, Reader, StoredEvent};
use problem::Problem;
use wcore::Incident;
use wcore::event::Event;

use crate::codec;
use crate::view;

/// Incidents kept decoded. A busy installation has some hundred open; a million stay on disk.
const MAX_CACHED: usize = 20_000;

/// Decoded incidents, the oldest taken in first to go.
#[derive(Default)]
pub(crate) struct Cache {
    incidents: HashMap<u64, Arc<Incident>>,
    /// What the journal answers for a key, until something happens that may change the answer.
    keys: HashMap<String, u64>,
    order: VecDeque<u64>,
    /// Folded from their entries, since another version wrote their rows: those are written whole.
    folded: BTreeSet<u64>,
}

/// What a batch has made of an incident.
pub(crate) struct Changed {
    pub(crate) incident: Arc<Incident>,
    /// Nothing but the signals behind it have changed.
    pub(crate) only_tally: bool,
}

impl Cache {
    fn insert(&mut self, incident: Arc<Incident>) {
        let no = incident.no;
        if self.incidents.insert(no, incident).is_none() {
            self.order.push_back(no);
        }
        while self.order.len() > MAX_CACHED
            && let Some(no) = self.order.pop_front()
        {
            if let Some(old) = self.incidents.remove(&no) {
                self.keys.remove(&old.key);
            }
        }
    }

    /// Another node's entry: an incident at hand goes on with it, as a fold would.
    pub(crate) fn follow(&mut self, stored: &StoredEvent) {
        let Some(IncidentNo(no)) = stored.event.incident else { return };
        let Ok(entry) = codec::entry(&stored.event.body) else { return self.clear() };
        let opens = entry.events.iter().find_map(|event| match event {
            Event::Opened(opened) => Some(opened.key.clone()),
            _ => None,
        });
        let attaches = entry.events.iter().all(|event| matches!(event, Event::Attached(_)));
        match (self.incidents.get_mut(&no), opens) {
            (Some(incident), _) => {
                let incident = Arc::make_mut(incident);
                entry.events.iter().for_each(|event| incident.evolve(event, entry.at));
                if !attaches {
                    self.keys.remove(&incident.key);
                }
            }
            (None, Some(key)) => drop(self.keys.remove(&key)),
            // Its key is not at hand, and may be answered otherwise now.
            (None, None) if !attaches => self.keys.clear(),
            (None, None) => {}
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
    changed: BTreeMap<u64, Changed>,
    /// Changed incidents, by key, for which the journal may answer otherwise after this batch.
    turned: HashMap<String, BTreeSet<u64>>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(cache: &'a mut Cache, reader: &'a dyn Reader) -> Desk<'a> {
        Desk { cache, reader, changed: BTreeMap::new(), turned: HashMap::new() }
    }

    /// The incident of that number.
    pub(crate) fn incident(&mut self, no: u64) -> Result<Option<Arc<Incident>>, Problem> {
        if let Some(incident) = self.known(no) {
            return Ok(Some(Arc::clone(incident)));
        }
        let Some(row) = codec::stored(self.reader.incident(IncidentNo(no)))? else { return Ok(None) };
        if codec::incident(&row).is_none() {
            self.cache.folded.insert(no);
        }
        let incident = Arc::new(view::incident_of(self.reader, &row)?);
        self.cache.insert(Arc::clone(&incident));
        Ok(Some(incident))
    }

    /// The open incident of that key (the highest number, should there be several), else the closed
    /// one that changed last: as [`Reader::incident_by_key`] will answer once this batch is written.
    pub(crate) fn by_key(&mut self, key: &str) -> Result<Option<Arc<Incident>>, Problem> {
        let before = match self.cache.keys.get(key) {
            Some(no) => Some(*no),
            None => codec::stored(self.reader.incident_by_key(key))?.map(|row| row.no.0),
        };
        let mut best = None;
        if let Some(no) = before {
            best = self.incident(no)?;
            self.cache.keys.insert(key.to_owned(), no);
        }
        for no in self.turned.get(key).into_iter().flatten() {
            let Some(Changed { incident, .. }) = self.changed.get(no) else { continue };
            let rank = |incident: &Incident| {
                let open = incident.status().is_open();
                (open, !open && self.changed.contains_key(&incident.no), incident.no)
            };
            if best.as_ref().is_none_or(|best| rank(best) < rank(incident)) {
                best = Some(Arc::clone(incident));
            }
        }
        Ok(best)
    }

    fn known(&self, no: u64) -> Option<&Arc<Incident>> {
        self.changed.get(&no).map(|changed| &changed.incident).or_else(|| self.cache.incidents.get(&no))
    }

    /// The incident after a decision; `only_tally` where it changed nothing but the signals behind it.
    pub(crate) fn put(&mut self, incident: Incident, only_tally: bool) {
        let no = incident.no;
        let stays_open = self.known(no).is_some_and(|known| known.status().is_open()) && incident.status().is_open();
        if !stays_open {
            self.turned.entry(incident.key.clone()).or_default().insert(no);
        }
        let before = self.changed.get(&no).is_none_or(|changed| changed.only_tally);
        let only_tally = only_tally && before && !self.cache.folded.contains(&no);
        self.changed.insert(no, Changed { incident: Arc::new(incident), only_tally });
    }

    /// The batch is durable: what changed is what holds.
    pub(crate) fn settle(self) -> BTreeMap<u64, Arc<Incident>> {
        for key in self.turned.keys() {
            self.cache.keys.remove(key);
        }
        let mut settled = BTreeMap::new();
        for (no, changed) in self.changed {
            self.cache.folded.remove(&no);
            self.cache.insert(Arc::clone(&changed.incident));
            settled.insert(no, changed.incident);
        }
        settled
    }

    pub(crate) fn changed(&self) -> &BTreeMap<u64, Changed> {
        &self.changed
    }
}
