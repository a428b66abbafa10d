//! What triggers remember between signals, with the changes of the present batch apart.

use std::collections::BTreeMap;

use calendar::Instant;
use serde::{Deserialize, Serialize};

use crate::trigger::{CountState, RateState};

/// Detectors of one workspace beyond which new streams of a rate are judged together: a field of
/// unbounded values, such as a customer's id, must not fill the memory.
pub const MAX_DETECTORS: usize = 10_000;

/// The memory of one trigger for one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// Of a count trigger.
    Count(CountState),
    /// Of one stream of a rate trigger.
    Rate(Box<RateState>),
}

impl Detector {
    /// The next instant at which it changes by itself.
    fn next_due(&self) -> Option<Instant> {
        match self {
            Detector::Count(_) => None,
            Detector::Rate(state) => state.next_due(),
        }
    }
}

/// The memory of all triggers. Changes are kept apart until their batch is durable.
#[derive(Clone, Debug, Default)]
pub struct Detectors {
    settled: BTreeMap<String, Detector>,
    changed: BTreeMap<String, Detector>,
    /// When those of `settled` change by themselves that do.
    due: BTreeMap<String, Instant>,
}

impl Detectors {
    /// From what the journal holds.
    pub fn new(settled: BTreeMap<String, Detector>) -> Detectors {
        let due = settled.iter().filter_map(|(key, detector)| Some((key.clone(), detector.next_due()?))).collect();
        Detectors { settled, changed: BTreeMap::new(), due }
    }

    /// The changes of the present batch.
    pub fn changed(&self) -> &BTreeMap<String, Detector> {
        &self.changed
    }

    /// The batch is durable.
    pub fn settle(&mut self) {
        for (key, detector) in &self.changed {
            match detector.next_due() {
                Some(at) => self.due.insert(key.clone(), at),
                None => self.due.remove(key),
            };
        }
        self.settled.append(&mut self.changed);
    }

    /// The batch is not.
    pub fn revert(&mut self) {
        self.changed.clear();
    }

    /// The next instant at which a trigger may fire without a signal: [`Triggers::settle_due`] is
    /// to be called then.
    ///
    /// [`Triggers::settle_due`]: crate::trigger::Triggers::settle_due
    pub fn next_due(&self) -> Option<Instant> {
        self.all_due().map(|(at, _)| at).min()
    }

    /// The keys of what has fallen due, the earliest first.
    pub(super) fn due_by(&self, now: Instant) -> Vec<String> {
        let mut due: Vec<(Instant, &String)> = self.all_due().filter(|(at, _)| *at <= now).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, key)| key.clone()).collect()
    }

    fn all_due(&self) -> impl Iterator<Item = (Instant, &String)> {
        let unchanged = self.due.iter().filter(|(key, _)| !self.changed.contains_key(*key));
        let changed = self.changed.iter().filter_map(|(key, detector)| Some((detector.next_due()?, key)));
        unchanged.map(|(key, at)| (*at, key)).chain(changed)
    }

    pub(super) fn count(&mut self, key: &str) -> &mut CountState {
        let slot = self.change(key, || Detector::Count(CountState::default()));
        // The trigger of that id may have been of another kind before.
        if !matches!(slot, Detector::Count(_)) {
            *slot = Detector::Count(CountState::default());
        }
        match slot {
            Detector::Count(state) => state,
            Detector::Rate(_) => unreachable!("replaced above"),
        }
    }

    pub(super) fn rate(&mut self, key: &str, begin: impl Fn() -> RateState) -> &mut RateState {
        let slot = self.change(key, || Detector::Rate(Box::new(begin())));
        if !matches!(slot, Detector::Rate(_)) {
            *slot = Detector::Rate(Box::new(begin()));
        }
        match slot {
            Detector::Rate(state) => state,
            Detector::Count(_) => unreachable!("replaced above"),
        }
    }

    /// Whether a stream of that key may be kept.
    pub(super) fn has_room_for(&self, key: &str) -> bool {
        self.settled.contains_key(key)
            || self.changed.contains_key(key)
            || self.settled.len().max(self.changed.len()) < MAX_DETECTORS
    }

    /// The stream of that key, if there is one.
    pub(super) fn known_rate(&mut self, key: &str) -> Option<&mut RateState> {
        if !self.changed.contains_key(key) {
            let before = self.settled.get(key)?.clone();
            self.changed.insert(key.to_owned(), before);
        }
        match self.changed.get_mut(key) {
            Some(Detector::Rate(state)) => Some(state),
            _ => None,
        }
    }

    fn change(&mut self, key: &str, begin: impl FnOnce() -> Detector) -> &mut Detector {
        let before = if self.changed.contains_key(key) { None } else { self.settled.get(key).cloned() };
        self.changed.entry(key.to_owned()).or_insert_with(|| before.unwrap_or_else(begin))
    }
}
