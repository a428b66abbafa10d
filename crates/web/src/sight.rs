//! What of the journal a viewer may see, row by row. For reading closures, which may block.

use std::collections::HashMap;

use engine::View;
use journal::{EventPlace, StoredEvent};
use problem::Problem;
use wcore::Incident;
use wcore::event::Entry;

use crate::access::{Viewer, may_see};

/// Kind of the journal's rows that hold what happened to an incident.
const ENTRY: &str = "entry";

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
        let seen = incident.is_some_and(|incident| may_see(self.viewer, &incident));
        self.known.insert(no, seen);
        Ok(seen)
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
