//! So many matching signals, or distinct units of evidence, within a sliding window.
//!
//! Only the latest `at_least` are kept: if the oldest of them is inside the window, the
//! trigger fires, and nothing older can change that.

use std::collections::VecDeque;

use calendar::{Duration, Instant};
use serde::{Deserialize, Serialize};

use crate::decision::{Decision, SignalRef};
use crate::trigger::{Observed, fingerprint};

/// The rule of one count trigger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) distinct_units: bool,
    pub(super) at_least: u32,
    pub(super) within: Duration,
}

/// What is kept of the signals counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountState {
    /// What was counted: another clause begins anew.
    clause: String,
    /// From then on nothing that was counted counts any more.
    stale_at: Instant,
    /// Fingerprint of the unit (0 where signals are counted), when it was last seen, and where first.
    recent: VecDeque<(u64, Instant, SignalRef)>,
}

impl Rule {
    pub(super) fn statement(&self) -> String {
        let what = if self.distinct_units { "distinct units" } else { "signals" };
        format!("at least {} {what} within {:#}", self.at_least, self.within)
    }
}

impl CountState {
    /// From then on it remembers nothing that matters.
    pub(super) fn stale_at(&self) -> Instant {
        self.stale_at
    }

    /// Signals that it may still name.
    pub(super) fn places(&self) -> impl Iterator<Item = SignalRef> {
        self.recent.iter().map(|(_, _, place)| *place)
    }

    /// Counts a signal for a clause; the first of those counted if that makes it fire.
    pub(super) fn observe(&mut self, rule: Rule, clause: &str, observed: Observed<'_>) -> Option<Vec<SignalRef>> {
        if self.clause != clause {
            *self = CountState { clause: clause.to_owned(), ..CountState::default() };
        }
        self.stale_at = self.stale_at.max(observed.now + rule.within);
        let mut entry = (0, observed.now, observed.place);
        if rule.distinct_units {
            // A signal without a unit is no evidence of another unit.
            entry.0 = fingerprint(observed.signal.unit.as_ref()?);
            if let Some(at) = self.recent.iter().position(|(unit, _, _)| *unit == entry.0) {
                let seen = self.recent.remove(at);
                entry.2 = seen.map_or(entry.2, |(_, _, place)| place);
            }
        }
        self.recent.push_back(entry);
        let at_least = rule.at_least.max(1) as usize;
        while self.recent.len() > at_least {
            self.recent.pop_front();
        }
        let start = observed.now - rule.within;
        while self.recent.front().is_some_and(|(_, at, _)| *at <= start) {
            self.recent.pop_front();
        }
        let fires = self.recent.len() >= at_least;
        fires.then(|| self.recent.iter().map(|(_, _, place)| *place).take(Decision::MAX_SIGNALS).collect())
    }
}
