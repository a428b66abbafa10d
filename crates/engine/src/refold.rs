//! Folds every incident again from its entries, and compares with the rows: equal, byte for byte.
//!
//! The chain covers events and not rows, so this is what finds a row that somebody edited.

use std::collections::BTreeMap;

use calendar::Instant;
use journal::{EventPlace, IncidentFilter, IncidentNo, IncidentRow, Position, Reader};
use problem::Problem;
use wcore::Incident;
use wcore::event::Event;

use crate::codec;
use crate::view::{entries, stored_entry};

/// Events read at once.
const PAGE: u32 = 5_000;
/// Reads of an incident that a running server keeps changing; a commit takes longer than a read.
const READS: usize = 8;

/// What folding again came to.
#[derive(Debug, Default)]
pub struct Refold {
    /// The rows as they should be.
    pub rows: Vec<IncidentRow>,
    /// Incidents whose stored row differs, by number.
    pub different: Vec<u64>,
    /// Incidents without a stored row, by number.
    pub missing: Vec<u64>,
    /// Stored rows of which no event tells, by number.
    pub invented: Vec<u64>,
}

/// In what a stored row is not what its events give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It says something else.
    Differs,
    /// It is not there.
    Missing,
    /// No event tells of it.
    Invented,
}

impl Difference {
    /// The rest of a sentence that begins with the incident's number.
    pub fn words(self) -> &'static str {
        match self {
            Difference::Differs => "is stored otherwise than its events tell",
            Difference::Missing => "is told by events and has no row",
            Difference::Invented => "has a row of which no event tells",
        }
    }
}

impl Refold {
    /// Whether the rows are what they should be.
    pub fn is_equal(&self) -> bool {
        self.first().is_none()
    }

    /// The first incident that is not what it should be.
    pub fn first(&self) -> Option<(u64, Difference)> {
        let kinds = [
            (&self.different, Difference::Differs),
            (&self.missing, Difference::Missing),
            (&self.invented, Difference::Invented),
        ];
        kinds.into_iter().filter_map(|(list, difference)| Some((*list.first()?, difference))).min_by_key(|(no, _)| *no)
    }
}

/// Folds one incident and compares it with its row; a server may write to it meanwhile.
pub fn compare(reader: &dyn Reader, no: u64) -> Result<Option<Difference>, Problem> {
    let read = || codec::stored(reader.incident(IncidentNo(no)));
    let mut row = read()?;
    for _ in 0..READS {
        let entries = entries(reader, no)?;
        let updated = entries.last().map(|last| (Position(last.position), last.entry.at));
        let folded = Incident::fold(entries.iter().map(|stored| &stored.entry)).zip(updated);
        let difference = match (&row, folded) {
            (None, None) => None,
            (None, Some(_)) => Some(Difference::Missing),
            (Some(_), None) => Some(Difference::Invented),
            (Some(row), Some((incident, updated))) => {
                (!is_same(row, &codec::incident_row(&incident, updated))).then_some(Difference::Differs)
            }
        };
        let now = read()?;
        if difference.is_none() || now == row {
            return Ok(difference);
        }
        row = now;
    }
    Ok(None)
}

/// A row whose state another version of this program wrote is folded again when it is read, so that
/// only what it is found by has to be right.
fn is_same(stored: &IncidentRow, folded: &IncidentRow) -> bool {
    let mut folded = folded.clone();
    // Rows did not always say when they ended; without it they count as living until they change.
    folded.ended_at = folded.ended_at.and(stored.ended_at);
    if codec::is_of_this_version(stored) {
        return stored == &folded;
    }
    let IncidentRow { state, tally, next_due, .. } = stored.clone();
    stored == &IncidentRow { state, tally, next_due, ..folded }
}

/// An incident, and where and when it was changed last.
type Folded = (Incident, (Position, Instant));

/// Folds the whole journal.
pub fn refold(reader: &dyn Reader) -> Result<Refold, Problem> {
    refold_told(reader, &mut |_| ())
}

/// The same, and tells of each position that it has come to.
pub fn refold_told(reader: &dyn Reader, told: &mut dyn FnMut(Position)) -> Result<Refold, Problem> {
    let mut incidents: BTreeMap<u64, Folded> = BTreeMap::new();
    let mut after = EventPlace::default();
    loop {
        let events = codec::stored(reader.events(after, PAGE))?;
        let Some(last) = events.last() else { break };
        after = last.place;
        told(after.position);
        for stored in &events {
            let Some(found) = stored_entry(stored)? else { continue };
            for event in &found.entry.events {
                apply(&mut incidents, found.incident, event, &found.entry)?;
            }
            if let Some((_, updated)) = incidents.get_mut(&found.incident) {
                *updated = (stored.place.position, stored.recorded_at);
            }
        }
    }
    let mut refold = Refold::default();
    for (no, (incident, updated)) in &incidents {
        let row = codec::incident_row(incident, *updated);
        match codec::stored(reader.incident(row.no))? {
            Some(stored) if is_same(&stored, &row) => {}
            Some(_) => refold.different.push(*no),
            None => refold.missing.push(*no),
        }
        refold.rows.push(row);
    }
    let newest = codec::stored(reader.incidents(&IncidentFilter::default(), 1))?;
    for no in 1..=newest.first().map_or(0, |row| row.no.0) {
        if !incidents.contains_key(&no) && codec::stored(reader.incident(IncidentNo(no)))?.is_some() {
            refold.invented.push(no);
        }
    }
    Ok(refold)
}

fn apply(
    incidents: &mut BTreeMap<u64, Folded>,
    no: u64,
    event: &Event,
    entry: &wcore::event::Entry,
) -> Result<(), Problem> {
    match (incidents.get_mut(&no), event) {
        (None, Event::Opened(opened)) => {
            incidents.insert(no, (Incident::open(opened, entry.at), (Position::default(), entry.at)));
        }
        (Some((incident, _)), event) => incident.evolve(event, entry.at),
        (None, _) => return Err(codec::unreadable(format!("INC-{no} begins without an opening event"))),
    }
    Ok(())
}
