//! The past as a replay needs it: batches in order, and what is known of real incidents.

use std::collections::BTreeMap;

use calendar::{Instant, Intervals};
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
    until: Instant,
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

    /// The end of what is known.
    pub fn until(&self) -> Instant {
        self.until
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

fn opening(entries: &[Entry]) -> Option<(&Entry, &Opened)> {
    let first = entries.first()?;
    match first.events.first()? {
        Event::Opened(opened) => Some((first, opened)),
        _ => None,
    }
}
