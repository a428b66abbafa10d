//! What of the journal a viewer may see, row by row. For reading closures, which may block.
//!
//! Lists are read on until a page is full, so that neither short pages nor cursors tell of what is
//! not shown.

use std::collections::HashMap;

use engine::{Delivery, View};
use journal::{DeliveryFilter, DeliveryPlace, EventPlace, IncidentFilter, IncidentNo, StoredEvent};
use problem::Problem;
use wcore::Incident;
use wcore::event::Entry;

use crate::access::Viewer;

/// Kind of the journal's rows that hold what happened to an incident.
const ENTRY: &str = "entry";

/// Rows fetched at once where pages are filled.
const CHUNK: u32 = 200;

/// How the ids of incidents begin.
const PREFIX: &str = "INC-";

/// The eyes of one viewer on one state of the journal.
pub(crate) struct Sight<'a> {
    view: &'a View,
    viewer: &'a Viewer,
    known: HashMap<u64, bool>,
}

impl<'a> Sight<'a> {
    /// Of that viewer.
    pub(crate) fn new(view: &'a View, viewer: &'a Viewer) -> Sight<'a> {
        Sight { view, viewer, known: HashMap::new() }
    }

    /// Whether they may see an incident; each is looked up once.
    pub(crate) fn has(&mut self, no: u64) -> Result<bool, Problem> {
        if self.viewer.admin {
            return Ok(true);
        }
        if let Some(seen) = self.known.get(&no) {
            return Ok(*seen);
        }
        let incident: Option<Incident> = self.view.incident(no)?;
        match incident {
            Some(incident) => self.sees(&incident),
            None => Ok(false),
        }
    }

    /// The same of one that was read already: those involved in it see it, and whoever was paged for it.
    pub(crate) fn sees(&mut self, incident: &Incident) -> Result<bool, Problem> {
        if self.viewer.is_involved(incident) {
            return Ok(true);
        }
        let Some(person) = &self.viewer.person else { return Ok(false) };
        if let Some(seen) = self.known.get(&incident.no) {
            return Ok(*seen);
        }
        let seen = self.view.was_told(incident.no, person)?;
        self.known.insert(incident.no, seen);
        Ok(seen)
    }

    /// Incidents that they may see, newest first: as many as asked for, where there are so many.
    pub(crate) fn incidents(&mut self, filter: &IncidentFilter, limit: u32) -> Result<Vec<Incident>, Problem> {
        let mut filter = filter.clone();
        if self.viewer.person.is_none() && !self.viewer.admin {
            filter.restricted = Some(false);
        }
        let (chunk, mut found) = (limit.clamp(1, CHUNK), Vec::new());
        loop {
            let page = self.view.incidents(&filter, chunk)?;
            let last = page.last().map(|incident| IncidentNo(incident.no)).filter(|_| page.len() == chunk as usize);
            for incident in page {
                if self.sees(&incident)? {
                    found.push(incident);
                }
                if found.len() == limit as usize {
                    return Ok(found);
                }
            }
            filter.before = match last {
                Some(last) => Some(last),
                None => return Ok(found),
            };
        }
    }

    /// Messages that they may see, newest first, in the same way.
    pub(crate) fn deliveries(&mut self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<Delivery>, Problem> {
        let mut filter = filter.clone();
        let (chunk, mut found) = (limit.clamp(1, CHUNK), Vec::new());
        loop {
            let page = self.view.deliveries(&filter, chunk)?;
            let place = |last: &Delivery| DeliveryPlace { created_at: last.created_at, id: last.id.clone() };
            let last = page.last().map(place).filter(|_| page.len() == chunk as usize);
            for mut delivery in page {
                match delivery.incident {
                    Some(no) if !self.has(no)? => continue,
                    Some(_) => {}
                    // Messages about Watchbell itself name incidents, too.
                    None => {
                        delivery.subject = self.masked(&delivery.subject)?;
                        delivery.text = self.masked(&delivery.text)?;
                    }
                }
                found.push(delivery);
                if found.len() == limit as usize {
                    return Ok(found);
                }
            }
            filter.before = match last {
                Some(last) => Some(last),
                None => return Ok(found),
            };
        }
    }

    /// A text with the numbers of incidents that they may not see left out.
    pub(crate) fn masked(&mut self, text: &str) -> Result<String, Problem> {
        let mut masked = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(PREFIX) {
            let digits = rest[at + PREFIX.len()..].bytes().take_while(u8::is_ascii_digit).count();
            let end = at + PREFIX.len() + digits;
            let no = rest[at + PREFIX.len()..end].parse::<u64>().ok();
            masked.push_str(&rest[..at]);
            match no {
                Some(no) if !self.has(no)? => masked.push_str("an incident"),
                _ => masked.push_str(&rest[at..end]),
            }
            rest = &rest[end..];
        }
        masked.push_str(rest);
        Ok(masked)
    }

    /// What happened to an incident according to a row, if that is what it says and they may see it.
    pub(crate) fn entry(&mut self, row: &StoredEvent) -> Result<Option<(u64, Entry)>, Problem> {
        let Some(no) = row.event.incident.filter(|_| row.event.kind == ENTRY) else { return Ok(None) };
        if !self.has(no.0)? {
            return Ok(None);
        }
        serde_json::from_slice(&row.event.body).map(|entry| Some((no.0, entry))).map_err(|error| unreadable(&error))
    }

    /// Rows of the journal after a place, in order.
    pub(crate) fn rows(&self, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>, Problem> {
        self.view.reader().events(after, limit).map_err(|error| stored(&error))
    }
}

/// A failure of the journal, for people.
pub(crate) fn stored(error: &journal::Error) -> Problem {
    Problem::new(error.code(), error.to_string())
}

/// A row that is not what its kind says.
pub(crate) fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::new(&problem::STORE_CORRUPT, format!("a row does not decode ({error})"))
}
