//! What an erasure concerns: which signals of which blocks, and whose timelines have to say so.

use std::collections::{BTreeMap, BTreeSet};

use journal::{EventPlace, Position};
use problem::Problem;
use wcore::decision::Decision;
use wcore::event::Event;
use wcore::signal::Unit;

use crate::codec;
use crate::rules::Rules;
use crate::view::{StoredEntry, View, stored_entry};

/// Entries and signals read at once.
const PAGE: u32 = 1_000;

/// Whose words are to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of one signal, by its place.
    Signal {
        /// Position of its batch.
        position: u64,
        /// Place within the batch.
        index: u32,
    },
    /// Those of the signals behind an incident.
    Incident(u64),
    /// Those of all signals of a unit.
    Unit(Unit),
}

/// What an erasure would take away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was asked for, without personal data: this is kept.
    pub what: String,
    /// Places of the signals of which something is left to erase: indexes by position.
    pub places: BTreeMap<u64, BTreeSet<u32>>,
    /// Incidents whose evidence is concerned.
    pub incidents: BTreeSet<u64>,
}

impl Found {
    /// How many signals lose their words.
    pub fn signals(&self) -> usize {
        self.places.values().map(BTreeSet::len).sum()
    }
}

/// Looks through the journal. It reads much, and blocks.
pub fn find(view: &View, rules: &Rules, selection: &Selection) -> Result<Found, Problem> {
    let (what, wanted) = match selection {
        Selection::Signal { position, index } => {
            let places = BTreeMap::from([(*position, BTreeSet::from([*index]))]);
            (format!("signal {position}-{index}"), places)
        }
        Selection::Incident(no) => (format!("INC-{no}"), of_incident(view, rules, *no)?),
        Selection::Unit(unit) => (format!("a {}", unit.kind), of_unit(view, unit)?),
    };
    let places = with_words(view, wanted)?;
    let mut incidents = concerned(view, &places)?;
    if let Selection::Incident(no) = selection
        && !places.is_empty()
    {
        incidents.insert(*no);
    }
    Ok(Found { what, places, incidents })
}

fn decision(event: &Event) -> Option<&Decision> {
    match event {
        Event::Opened(opened) => opened.decision.as_ref(),
        Event::Attached(attached) => Some(&attached.decision),
        _ => None,
    }
}

pub(crate) fn decisions(stored: &StoredEntry) -> impl Iterator<Item = &Decision> {
    stored.entry.events.iter().filter_map(decision)
}

/// The signals that decisions name, and those of the same batches that raise the same incident:
/// a decision names only the first few.
fn of_incident(view: &View, rules: &Rules, no: u64) -> Result<BTreeMap<u64, BTreeSet<u32>>, Problem> {
    let mut places: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    let Some(incident) = view.incident(no)? else {
        return Err(Problem::new(&problem::INCIDENT_UNKNOWN, format!("INC-{no} does not exist")));
    };
    for stored in view.timeline(no)? {
        let mut decided = false;
        for decision in decisions(&stored) {
            decided = true;
            for place in &decision.signals {
                places.entry(place.position).or_default().insert(place.index);
            }
        }
        if decided {
            for signal in view.block(stored.position)? {
                if rules.triggers.keys(&rules.policy, &signal.signal).contains(&incident.key) {
                    places.entry(signal.position).or_default().insert(signal.index);
                }
            }
        }
    }
    Ok(places)
}

fn of_unit(view: &View, unit: &Unit) -> Result<BTreeMap<u64, BTreeSet<u32>>, Problem> {
    let mut places: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let signals = view.signals(after, PAGE)?;
        let Some(last) = signals.last() else { return Ok(places) };
        after = last.position;
        for stored in signals.iter().filter(|stored| stored.signal.unit.as_ref() == Some(unit)) {
            places.entry(stored.position).or_default().insert(stored.index);
        }
    }
}

/// Only those of which something is still there: the rest has been done before.
fn with_words(view: &View, wanted: BTreeMap<u64, BTreeSet<u32>>) -> Result<BTreeMap<u64, BTreeSet<u32>>, Problem> {
    let mut places = BTreeMap::new();
    for (position, indexes) in wanted {
        let here = view.block(position)?;
        let words = here.iter().filter(|stored| stored.is_erasable() && indexes.contains(&stored.index));
        let left: BTreeSet<u32> = words.map(|stored| stored.index).collect();
        if !left.is_empty() {
            places.insert(position, left);
        }
    }
    Ok(places)
}

/// Incidents whose decisions name one of the signals.
fn concerned(view: &View, places: &BTreeMap<u64, BTreeSet<u32>>) -> Result<BTreeSet<u64>, Problem> {
    let mut incidents = BTreeSet::new();
    let Some(first) = places.keys().next() else { return Ok(incidents) };
    let mut after = EventPlace::end_of(Position(first.saturating_sub(1)));
    loop {
        let page = codec::stored(view.reader().events(after, PAGE))?;
        let Some(last) = page.last() else { return Ok(incidents) };
        after = last.place;
        for event in &page {
            let Some(stored) = stored_entry(event)? else { continue };
            let mut named = decisions(&stored).flat_map(|decision| &decision.signals);
            if named.any(|place| places.get(&place.position).is_some_and(|here| here.contains(&place.index))) {
                incidents.insert(stored.incident);
            }
        }
    }
}
