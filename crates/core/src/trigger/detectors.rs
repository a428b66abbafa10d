//! What triggers remember between signals, with the changes of the present batch apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use calendar::Instant;
use serde::{Deserialize, Serialize};

use crate::decision::SignalRef;
use crate::trigger::{AbsenceState, CountState, Quiet, RateState};

/// Detectors of one workspace beyond which further keys of a trigger are judged together: a field of
/// unbounded values, such as a customer's id, must not fill the memory. Counts whose window has
/// passed make room first.
pub const MAX_DETECTORS: usize = 10_000;

/// The memory of one trigger for one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// Of a count trigger.
    Count(CountState),
    /// Of one stream of a rate trigger.
    Rate(Box<RateState>),
    /// Of an absence trigger.
    Absence(AbsenceState),
    /// Why silence about a service says nothing.
    Quiet(Quiet),
}

/// What the keys of services begin with: no trigger's id holds a `|`.
const QUIET: &str = "|quiet|";

impl Detector {
    /// Signals that it may still name in a decision.
    pub fn places(&self) -> impl Iterator<Item = SignalRef> {
        let (count, rate, absence) = match self {
            Detector::Count(state) => (Some(state.places()), None, None),
            Detector::Rate(state) => (None, Some(state.places()), None),
            Detector::Absence(state) => (None, None, state.place()),
            Detector::Quiet(_) => (None, None, None),
        };
        count.into_iter().flatten().chain(rate.into_iter().flatten()).chain(absence)
    }

    /// The next instant at which it changes by itself.
    fn next_due(&self) -> Option<Instant> {
        match self {
            Detector::Count(_) | Detector::Quiet(_) => None,
            Detector::Rate(state) => state.next_due(),
            Detector::Absence(state) => state.next_due(),
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
    /// Counts of `settled` that the present batch forgets.
    forgotten: BTreeSet<String>,
    /// No count is stale before then; `None`: not known.
    stale_from: Option<Instant>,
    /// A key had no room and was judged together with others.
    crowded: bool,
}

impl Detectors {
    /// From what the journal holds.
    pub fn new(settled: BTreeMap<String, Detector>) -> Detectors {
        let due = settled.iter().filter_map(|(key, detector)| Some((key.clone(), detector.next_due()?))).collect();
        Detectors { settled, due, ..Detectors::default() }
    }

    /// The changes of the present batch.
    pub fn changed(&self) -> &BTreeMap<String, Detector> {
        &self.changed
    }

    /// Keys that the present batch forgets.
    pub fn forgotten(&self) -> &BTreeSet<String> {
        &self.forgotten
    }

    /// Whether keys have been judged together for want of room since this was asked last.
    pub fn take_crowded(&mut self) -> bool {
        std::mem::take(&mut self.crowded)
    }

    /// Whether a wait for what stays away has changed: it must outlive the program, or a program
    /// that starts again and again would excuse the same silence each time.
    pub fn waits_changed(&self) -> bool {
        self.changed.values().any(|detector| matches!(detector, Detector::Absence(_)))
    }

    /// The batch is durable.
    pub fn settle(&mut self) {
        for key in std::mem::take(&mut self.forgotten) {
            self.settled.remove(&key);
        }
        // One by one: joining the maps would touch every detector for a few changed ones.
        for (key, detector) in std::mem::take(&mut self.changed) {
            match detector.next_due() {
                Some(at) => self.due.insert(key.clone(), at),
                None => self.due.remove(&key),
            };
            self.settled.insert(key, detector);
        }
    }

    /// The batch is not.
    pub fn revert(&mut self) {
        self.changed.clear();
        self.forgotten.clear();
        (self.stale_from, self.crowded) = (None, false);
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

    /// Lets a count trigger count under a key.
    pub(super) fn count<T>(&mut self, key: &str, count: impl FnOnce(&mut CountState) -> T) -> T {
        let slot = self.change(key, || Detector::Count(CountState::default()));
        // The trigger of that id may have been of another kind before.
        if !matches!(slot, Detector::Count(_)) {
            *slot = Detector::Count(CountState::default());
        }
        let Detector::Count(state) = slot else { unreachable!("replaced above") };
        let counted = count(state);
        let stale_at = state.stale_at();
        self.stale_from = self.stale_from.map(|from| from.min(stale_at));
        counted
    }

    pub(super) fn rate(&mut self, key: &str, begin: impl Fn() -> RateState) -> &mut RateState {
        let slot = self.change(key, || Detector::Rate(Box::new(begin())));
        if !matches!(slot, Detector::Rate(_)) {
            *slot = Detector::Rate(Box::new(begin()));
        }
        match slot {
            Detector::Rate(state) => state,
            _ => unreachable!("replaced above"),
        }
    }

    /// Whether a detector of that key may be kept, once stale counts have made room.
    pub(super) fn make_room_for(&mut self, key: &str, now: Instant) -> bool {
        let has_room = self.has_room_for(key) || {
            self.forget_stale(now);
            self.has_room_for(key)
        };
        self.crowded |= !has_room;
        has_room
    }

    fn has_room_for(&self, key: &str) -> bool {
        let settled = self.settled.len() - self.forgotten.len();
        self.changed.contains_key(key)
            || (self.settled.contains_key(key) && !self.forgotten.contains(key))
            || settled.max(self.changed.len()) < MAX_DETECTORS
    }

    /// Forgets counts that remember nothing that matters. It looks at all of them, but only when
    /// one of them may be stale.
    fn forget_stale(&mut self, now: Instant) {
        if self.stale_from.is_some_and(|from| from > now) {
            return;
        }
        let mut stale_from = Instant::MAX;
        for (key, detector) in self.settled.iter().chain(&self.changed) {
            let Detector::Count(state) = detector else { continue };
            if state.stale_at() > now {
                stale_from = stale_from.min(state.stale_at());
            } else if !self.changed.contains_key(key) {
                self.forgotten.insert(key.clone());
            }
        }
        self.stale_from = Some(stale_from);
    }

    pub(super) fn absence(&mut self, key: &str, begin: impl Fn() -> AbsenceState) -> &mut AbsenceState {
        let slot = self.change(key, || Detector::Absence(begin()));
        if !matches!(slot, Detector::Absence(_)) {
            *slot = Detector::Absence(begin());
        }
        match slot {
            Detector::Absence(state) => state,
            _ => unreachable!("replaced above"),
        }
    }

    /// Why silence about a service says nothing, if it does.
    pub(super) fn quiet(&self, service: &str) -> Quiet {
        let key = format!("{QUIET}{service}");
        match self.changed.get(&key).or_else(|| self.settled.get(&key)) {
            Some(Detector::Quiet(quiet)) => quiet.clone(),
            _ => Quiet::default(),
        }
    }

    pub(super) fn set_quiet(&mut self, service: &str, quiet: Quiet) {
        self.changed.insert(format!("{QUIET}{service}"), Detector::Quiet(quiet));
    }

    /// Whether silence about a service says nothing: it is contained, or switched off.
    pub fn is_quiet(&self, service: &str) -> bool {
        self.any_quiet() && self.quiet(service).holds()
    }

    /// Whether any service ever was.
    pub(super) fn any_quiet(&self) -> bool {
        let first = |all: &BTreeMap<String, Detector>| {
            all.range::<str, _>((Bound::Included(QUIET), Bound::Unbounded))
                .next()
                .is_some_and(|(key, _)| key.starts_with(QUIET))
        };
        first(&self.settled) || first(&self.changed)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.settled.contains_key(key) || self.changed.contains_key(key)
    }

    /// The memory of that key, if there is one, to be changed.
    pub(super) fn known(&mut self, key: &str) -> Option<&mut Detector> {
        if !self.changed.contains_key(key) {
            let before = self.settled.get(key)?.clone();
            self.changed.insert(key.to_owned(), before);
        }
        self.changed.get_mut(key)
    }

    fn change(&mut self, key: &str, begin: impl FnOnce() -> Detector) -> &mut Detector {
        let forgotten = self.forgotten.remove(key);
        let known = !forgotten && !self.changed.contains_key(key);
        let before = if known { self.settled.get(key).cloned() } else { None };
        self.changed.entry(key.to_owned()).or_insert_with(|| before.unwrap_or_else(begin))
    }
}
