//! Folds every incident again from its entries, and compares with the rows: equal, byte for byte.

use std::collections::BTreeMap;

use journal::{EventPlace, IncidentRow, Position, Reader};
use problem::Problem;
use wcore::Incident;
use wcore::event::Event;

use crate::codec;
use crate::view::stored_entry;

/// Events read at once.
const PAGE: u32 = 5_000;

/// What folding again came to.
#[derive(Debug, Default)]
pub struct Refold {
    /// The rows as they should be.
    pub rows: Vec<IncidentRow>,
    /// Incidents whose stored row differs, by number.
    pub different: Vec<u64>,
    /// Incidents without a stored row, by number.
    pub missing: Vec<u64>,
}

/// Folds the whole journal.
pub fn refold(reader: &dyn Reader) -> Result<Refold, Problem> {
    let mut incidents: BTreeMap<u64, (Incident, Position)> = BTreeMap::new();
    let mut after = EventPlace::default();
    loop {
        let events = codec::stored(reader.events(after, PAGE))?;
        let Some(last) = events.last() else { break };
        after = last.place;
        for stored in &events {
            let Some(found) = stored_entry(stored)? else { continue };
            for event in &found.entry.events {
                apply(&mut incidents, found.incident, event, &found.entry)?;
            }
            if let Some((_, updated)) = incidents.get_mut(&found.incident) {
                *updated = stored.place.position;
            }
        }
    }
    let mut refold = Refold::default();
    for (no, (incident, updated)) in &incidents {
        let row = codec::incident_row(incident, *updated);
        match codec::stored(reader.incident(row.no))? {
            Some(stored) if stored == row => {}
            Some(_) => refold.different.push(*no),
            None => refold.missing.push(*no),
        }
        refold.rows.push(row);
    }
    Ok(refold)
}

fn apply(
    incidents: &mut BTreeMap<u64, (Incident, Position)>,
    no: u64,
    event: &Event,
    entry: &wcore::event::Entry,
) -> Result<(), Problem> {
    match (incidents.get_mut(&no), event) {
        (None, Event::Opened(opened)) => {
            incidents.insert(no, (Incident::open(opened, entry.at), Position::default()));
        }
        (Some((incident, _)), event) => incident.evolve(event, entry.at),
        (None, _) => return Err(codec::unreadable(format!("INC-{no} begins without an opening event"))),
    }
    Ok(())
}
