//! From signals to incidents: duplicates are dropped, the rest observed, and what fires is
//! gathered by key, so that each incident is decided once per batch.

use std::sync::Arc;

use policy::model::Mode;
use problem::Problem;
use wcore::Signal;
use wcore::decision::SignalRef;
use wcore::event::Actor;
use wcore::raise::{self, Raised};
use wcore::signal::AlertState;
use wcore::trigger::{Firing, MAX_DETECTORS, Observed};

use super::{Answer, Work};
use crate::duplicates;
use crate::rules::Rules;

/// What the signals of a batch mean for one key.
pub(super) struct Group {
    key: String,
    raised: Raised,
    cleared: Vec<String>,
    no: Option<u64>,
}

/// What became of the signals of one request; its groups are settled later.
pub(super) struct Taken {
    accepted: u32,
    duplicates: u32,
    groups: Vec<usize>,
}

impl Group {
    fn new(key: &str) -> Group {
        let raised = Raised { firings: Vec::new(), alerts: Vec::new() };
        Group { key: key.to_owned(), raised, cleared: Vec::new(), no: None }
    }
}

impl<'i> Work<'_, 'i> {
    /// Drops duplicates, numbers the rest, and sorts what they fire by incident.
    pub(super) fn take_signals(&mut self, signals: &'i [Signal]) -> Taken {
        let (mut accepted, mut duplicates) = (0, 0);
        let mut groups = Vec::new();
        let rules = Arc::clone(&self.basis.rules);
        for signal in signals {
            if let Some(id) = &signal.id {
                let key = duplicates::key(&signal.source, id);
                if self.basis.duplicates.contains(key) || !self.new_keys.insert(key) {
                    duplicates += 1;
                    continue;
                }
            }
            accepted += 1;
            let index = u32::try_from(self.signals.len()).unwrap_or(u32::MAX);
            let place = SignalRef { position: self.basis.position.0, index };
            self.signals.push(signal);
            self.observe(signal, place, &rules, &mut groups);
        }
        if self.basis.detectors.take_crowded() {
            let detail = format!("the limit is {MAX_DETECTORS}; signals of further keys are judged together");
            self.complaints.push(Problem::new(&problem::DETECTORS_FULL, detail));
        }
        groups.sort_unstable();
        groups.dedup();
        Taken { accepted, duplicates, groups }
    }

    /// The answer to a request, once its groups are settled.
    pub(super) fn accepted(&self, taken: Taken) -> Answer {
        let Taken { accepted, duplicates, groups } = taken;
        let mut incidents: Vec<u64> = groups.iter().filter_map(|&group| self.groups[group].no).collect();
        incidents.sort_unstable();
        incidents.dedup();
        Answer::Accepted { accepted, duplicates, incidents, quarantined: Vec::new() }
    }

    fn observe(&mut self, signal: &Signal, place: SignalRef, rules: &Rules, groups: &mut Vec<usize>) {
        if let Some(alert) = signal.alert.as_ref().filter(|alert| alert.state == AlertState::Resolved) {
            for key in rules.triggers.keys(&rules.policy, signal) {
                let group = self.group(&key);
                self.groups[group].cleared.push(alert.key.clone());
                groups.push(group);
            }
            return;
        }
        let observed = Observed { signal, place, now: self.basis.now };
        for (key, alert) in rules.triggers.returned(&rules.policy, self.basis.detectors, observed) {
            let group = self.group(&key);
            self.groups[group].cleared.push(alert);
            groups.push(group);
        }
        for sign in rules.triggers.signs(&rules.policy, self.basis.detectors, observed) {
            if sign.mode() == Mode::Observe {
                self.note_observed(sign.into_firing());
                continue;
            }
            let group = self.group(sign.key());
            let alert = signal.alert.as_ref().map(|alert| alert.key.as_str());
            // It fires again: an earlier all-clear of this batch no longer holds.
            self.groups[group].cleared.retain(|key| Some(key.as_str()) != alert);
            self.groups[group].raised.take(sign, alert);
            groups.push(group);
        }
    }

    fn note_observed(&mut self, firing: Firing) {
        let key = (firing.decision.trigger.clone(), firing.key.clone());
        match self.observed.get_mut(&key) {
            Some(known) => known.decision.absorb(&firing.decision),
            None => {
                self.observed.insert(key, firing);
            }
        }
    }

    /// Detectors whose evidence has become final by time alone.
    pub(crate) fn settle_detectors(&mut self) {
        let rules = Arc::clone(&self.basis.rules);
        for firing in rules.triggers.settle_due(&rules.policy, self.basis.detectors, self.basis.now) {
            if firing.mode == Mode::Observe {
                self.note_observed(firing);
            } else {
                let group = self.group(&firing.key);
                self.groups[group].raised.absorb(firing, None);
            }
        }
        self.moves_head |= self.basis.detectors.waits_changed();
    }

    fn group(&mut self, key: &str) -> usize {
        if let Some(group) = self.by_key.get(key) {
            return *group;
        }
        self.groups.push(Group::new(key));
        self.by_key.insert(key.to_owned(), self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// One decision per incident, however many signals spoke about it.
    pub(super) fn settle_groups(&mut self) -> Result<(), Problem> {
        let rules = Arc::clone(&self.basis.rules);
        for i in 0..self.groups.len() {
            let known = self.basis.desk.by_key(&self.groups[i].key)?;
            let nothing = Raised { firings: Vec::new(), alerts: Vec::new() };
            let raised = std::mem::replace(&mut self.groups[i].raised, nothing);
            let mut incident = None;
            if let Some(known) = known {
                let policy = self.pinned(&known)?;
                let ctx = self.context(&policy, &rules);
                if raise::takes_in(&known, &ctx) {
                    if !raised.firings.is_empty() {
                        let decided = raise::attach(&known, &raised, &ctx);
                        self.record(decided, &Actor::Watchbell);
                    }
                    incident = Some(known.no);
                }
            }
            if incident.is_none() && !raised.firings.is_empty() {
                let no = self.next_no();
                let policy = Arc::clone(&rules.policy);
                if let Some(decided) = raise::open(no, &raised, &self.context(&policy, &rules)) {
                    self.record(decided, &Actor::Watchbell);
                    incident = Some(no);
                }
            }
            self.groups[i].no = incident;
            self.settle_cleared(i, &rules)?;
        }
        Ok(())
    }

    fn settle_cleared(&mut self, group: usize, rules: &Rules) -> Result<(), Problem> {
        let cleared = std::mem::take(&mut self.groups[group].cleared);
        let Some(no) = self.groups[group].no.filter(|_| !cleared.is_empty()) else { return Ok(()) };
        let Some(incident) = self.basis.desk.incident(no)? else { return Ok(()) };
        let policy = self.pinned(&incident)?;
        let quiet = self.basis.detectors.is_quiet(&incident.service);
        let decided = raise::clear(&incident, &cleared, quiet, &self.context(&policy, rules));
        self.record(decided, &Actor::Watchbell);
        Ok(())
    }
}
