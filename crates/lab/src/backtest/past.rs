//! The past as a replay needs it: batches in order, and what is known of real incidents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::{Instant, Intervals};
use policy::model::{Policy, Roster};
use wcore::Signal;
use wcore::decision::SignalRef;
use wcore::event::{Entry, Event, Opened};

/// Recorded signals, and what people did, in the order of the journal.
#[derive(Clone, Debug)]
pub struct Past {
    batches: BTreeMap<Instant, Batch>,
    journal: BTreeMap<u64, Vec<Entry>>,
    /// When incidents of a key were really open.
    open: BTreeMap<String, Intervals>,
    /// Real incidents by key and opening.
    numbers: BTreeMap<(String, Instant), u64>,
    reigns: Vec<Reign>,
    erased: BTreeSet<SignalRef>,
    from: Instant,
    until: Instant,
}

/// A policy and a roster that were in force from an instant on.
#[derive(Clone, Debug)]
pub struct Reign {
    /// When they came into force.
    pub at: Instant,
    /// The promises and triggers.
    pub policy: Arc<Policy>,
    /// The people.
    pub roster: Arc<Roster>,
}

/// What was recorded at one instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// Entries by the number of their incident, in the order of the journal.
    pub(super) entries: Vec<(u64, Entry)>,
    /// Signals with their places.
    pub(super) signals: Vec<(SignalRef, Signal)>,
}

impl Past {
    /// Signals as (position, recorded at, signal) and incidents with all their entries, each oldest
    /// first, up to an instant. Detectors begin empty: what a window counted before is not known.
    pub fn new(
        signals: impl IntoIterator<Item = (u64, Instant, Signal)>,
        incidents: impl IntoIterator<Item = (u64, Vec<Entry>)>,
        until: Instant,
    ) -> Past {
        let mut past = Past {
            batches: BTreeMap::new(),
            journal: BTreeMap::new(),
            open: BTreeMap::new(),
            numbers: BTreeMap::new(),
            reigns: Vec::new(),
            erased: BTreeSet::new(),
            from: Instant::MIN,
            until,
        };
        for (position, at, signal) in signals.into_iter().filter(|(_, at, _)| *at <= until) {
            let batch = past.batches.entry(at).or_default();
            let index = u32::try_from(batch.signals.len()).unwrap_or(u32::MAX);
            batch.signals.push((SignalRef { position, index }, signal));
        }
        for (no, mut entries) in incidents {
            entries.retain(|entry| entry.at <= until);
            past.remember(no, &entries);
            for entry in &entries {
                past.batches.entry(entry.at).or_default().entries.push((no, entry.clone()));
            }
            past.journal.insert(no, entries);
        }
        past
    }

    /// The same, told from an instant on: incidents that opened before are there as they stood then,
    /// and signals from before only fill the detectors.
    #[must_use]
    pub fn beginning(mut self, from: Instant) -> Past {
        for (_, batch) in self.batches.range_mut(..from) {
            batch.entries.clear();
        }
        self.from = from;
        self
    }

    /// The same, with what was in force when, in order: incidents stay with the policy under which
    /// they opened.
    #[must_use]
    pub fn ruled(mut self, reigns: Vec<Reign>) -> Past {
        self.reigns = reigns;
        self
    }

    /// The same, with the places of signals whose words were erased.
    #[must_use]
    pub fn erased(mut self, places: impl IntoIterator<Item = SignalRef>) -> Past {
        self.erased.extend(places);
        self
    }

    /// Whether the words of a signal were erased.
    pub(super) fn is_erased(&self, place: SignalRef) -> bool {
        self.erased.contains(&place)
    }

    fn remember(&mut self, no: u64, entries: &[Entry]) {
        let Some((first, opened)) = opening(entries) else { return };
        self.numbers.insert((opened.key.clone(), first.at), no);
        let open = self.open.entry(opened.key.clone()).or_default();
        let mut since = Some(first.at);
        for entry in entries {
            for event in &entry.events {
                match event {
                    Event::Resolved { .. } => {
                        if let Some(start) = since.take() {
                            open.add(start, entry.at);
                        }
                    }
                    Event::Reopened { .. } => since = Some(entry.at),
                    _ => {}
                }
            }
        }
        if let Some(start) = since {
            open.add(start, Instant::MAX);
        }
    }

    /// The beginning of what is told; the beginning of time where nothing else was said.
    pub fn from(&self) -> Instant {
        self.from
    }

    /// The beginning of what is known: from then on silence is measured.
    pub(super) fn begins(&self) -> Option<Instant> {
        self.batches.keys().next().copied()
    }

    /// The end of what is known.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Signals of the time that is told.
    pub fn signals(&self) -> usize {
        self.batches.range(self.from..).map(|(_, batch)| batch.signals.len()).sum()
    }

    /// What was in force at an instant.
    pub(super) fn reign(&self, at: Instant) -> Option<&Reign> {
        self.reigns.iter().rev().find(|reign| reign.at <= at)
    }

    /// The policy of that version.
    pub(super) fn policy(&self, id: &str) -> Option<&Policy> {
        self.reigns.iter().map(|reign| &*reign.policy).find(|policy| policy.id == id)
    }

    /// Incidents that had opened before what is told, with what had happened to them by then.
    pub(super) fn carried(&self) -> impl Iterator<Item = (u64, &[Entry])> {
        let before = |entries: &[Entry]| entries.partition_point(|entry| entry.at < self.from);
        let carried = self.journal.iter().map(move |(no, entries)| (*no, &entries[..before(entries)]));
        carried.filter(|(_, entries)| !entries.is_empty())
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = (Instant, &Batch)> {
        self.batches.iter().map(|(at, batch)| (*at, batch))
    }

    pub(super) fn incidents(&self) -> impl Iterator<Item = u64> + '_ {
        self.journal.keys().copied()
    }

    pub(super) fn entries(&self, no: u64) -> &[Entry] {
        self.journal.get(&no).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn opened(&self, no: u64) -> Option<&Opened> {
        opening(self.entries(no)).map(|(_, opened)| opened)
    }

    /// The number that an incident of that key, opened then, really has.
    pub(super) fn number(&self, key: &str, opened_at: Instant) -> Option<u64> {
        self.numbers.get(&(key.to_owned(), opened_at)).copied()
    }

    /// The first number that no real incident has.
    pub(super) fn first_free_number(&self) -> u64 {
        self.journal.keys().next_back().map_or(1, |no| no + 1)
    }

    /// Until when an incident of that key was really open, if it was at an instant; else that instant.
    pub(super) fn open_until(&self, key: &str, at: Instant) -> Instant {
        let mut periods = self.open.get(key).into_iter().flat_map(Intervals::iter);
        periods.find(|(start, end)| *start <= at && at < *end).map_or(at, |(_, end)| end)
    }
}

pub(super) fn opening(entries: &[Entry]) -> Option<(&Entry, &Opened)> {
    let first = entries.first()?;
    match first.events.first()? {
        Event::Opened(opened) => Some((first, opened)),
        _ => None,
    }
}
