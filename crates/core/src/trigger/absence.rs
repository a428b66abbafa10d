//! Absence: a metric of a service that should come, and does not.
//!
//! Silence is measured by one due instant per trigger, so that it is data like every other wait. It
//! says nothing while the service is contained or switched off: then silence neither raises, nor
//! does a return count as recovery, and the time begins anew afterwards.

use std::collections::BTreeSet;

use calendar::{Duration, Instant};
use policy::model::{Policy, Trigger, TriggerKind};
use serde::{Deserialize, Serialize};

use super::{Detectors, Firing, Observed, Triggers};
use crate::decision::{Decision, SignalRef};
use crate::incident::Incident;
use crate::signal::Signal;

/// The metric by which a sender says that a service was switched `off` or `on`.
pub const SWITCHED: &str = "service.switched";

/// What goes on is said again after this time, or after the trigger's own where that is longer.
const AGAIN_AFTER: Duration = Duration::from_hours(1);

/// Looked at so much later than it fell due, nobody was there to receive what may have been sent.
const UNWATCHED: Duration = Duration::from_mins(1);

/// What was missed unwatched gets so much longer: senders that try again have come by then.
const GRACE: Duration = Duration::from_mins(5);

/// The memory of one absence trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AbsenceState {
    trigger: String,
    /// The clause that the time was measured under: under another one it begins anew.
    clause: String,
    /// Since when nothing has come: the last signal, or when the watch began.
    since: Instant,
    /// The last signal.
    last: Option<SignalRef>,
    /// When silence raises; `None` while it says nothing.
    due: Option<Instant>,
    /// It has raised, and nothing has come since.
    missing: bool,
    /// It fell due unwatched, and got more time.
    excused: bool,
    held: bool,
}

/// Why silence about a service says nothing now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// Open incidents in which it is contained.
    incidents: BTreeSet<u64>,
    /// Its sender says that it is switched off.
    off: bool,
}

impl Quiet {
    pub(super) fn holds(&self) -> bool {
        self.off || !self.incidents.is_empty()
    }
}

/// An absence trigger.
#[derive(Clone, Copy)]
pub(super) struct Rule<'p> {
    policy: &'p Policy,
    trigger: &'p Trigger,
    metric: &'p str,
    service: &'p str,
    within: Duration,
}

impl<'p> Rule<'p> {
    /// `None` where the trigger looks at something else.
    pub(super) fn of(policy: &'p Policy, trigger: &'p Trigger) -> Option<Rule<'p>> {
        match &trigger.kind {
            TriggerKind::Absence { metric, service, within } => {
                Some(Rule { policy, trigger, metric, service, within: *within })
            }
            _ => None,
        }
    }

    pub(super) fn is_about(&self, signal: &Signal) -> bool {
        signal.metric == self.metric && signal.service == self.service
    }

    pub(super) fn clause(&self) -> String {
        format!("{} from {} at least every {:#}", self.metric, self.service, self.within)
    }

    fn stream(&self) -> String {
        format!("{}|absence", self.trigger.id)
    }

    /// The alert that stands for its silence.
    fn alert(&self) -> String {
        format!("absence/{}", self.trigger.id)
    }

    fn key(&self) -> String {
        let about = Signal { metric: self.metric.to_owned(), service: self.service.to_owned(), ..Signal::default() };
        super::key(self.trigger, &about)
    }

    fn begin(&self, held: bool, now: Instant) -> AbsenceState {
        let mut state = AbsenceState {
            trigger: self.trigger.id.clone(),
            clause: self.clause(),
            since: now,
            last: None,
            due: None,
            missing: false,
            excused: false,
            held,
        };
        state.restart(self.within, now);
        state
    }

    /// A signal of its metric: the alert that it ends, if it ends one.
    fn seen(&self, state: &mut AbsenceState, observed: Observed<'_>) -> Option<(String, String)> {
        state.last = Some(observed.place);
        state.restart(self.within, observed.now);
        let returned = state.missing && !state.held;
        state.missing &= state.held;
        returned.then(|| (self.key(), self.alert()))
    }

    /// Its time has come.
    pub(super) fn settle(&self, state: &mut AbsenceState, now: Instant) -> Option<Firing> {
        if state.clause != self.clause() {
            state.due = None;
            return None;
        }
        let due = state.due.filter(|due| *due <= now)?;
        if !state.excused && now.since(due) > UNWATCHED {
            state.excused = true;
            state.due = Some(now + GRACE);
            return None;
        }
        state.missing = true;
        state.excused = false;
        state.due = Some(now + self.within.max(AGAIN_AFTER));
        let silent = if state.last.is_some() { "the last came at" } else { "none has come since the watch began at" };
        Some(Firing {
            decision: Decision {
                trigger: self.trigger.id.clone(),
                policy: self.policy.id.clone(),
                clause: self.clause(),
                statement: format!("nothing came within {:#}; {silent} {}", self.within, state.since),
                count: 1,
                first_at: due,
                last_at: now,
                signals: state.last.into_iter().collect(),
            },
            mode: self.trigger.mode,
            class: self.trigger.raise.class.clone(),
            severity: self.trigger.raise.severity,
            key: self.key(),
            service: self.service.to_owned(),
            alert: Some(self.alert()),
        })
    }
}

impl AbsenceState {
    /// The signal that it may still name.
    pub(super) fn place(&self) -> Option<SignalRef> {
        self.last
    }

    /// The trigger that it belongs to.
    pub(super) fn trigger(&self) -> &str {
        &self.trigger
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.held)
    }

    /// No trigger asks for it any more.
    pub(super) fn retire(&mut self) {
        self.due = None;
    }

    /// The time begins anew.
    fn restart(&mut self, within: Duration, now: Instant) {
        self.since = now;
        self.due = Some(now + within);
        self.excused = false;
    }
}

impl Triggers {
    /// Begins the watch of every absence trigger that has none: to be called when a policy comes
    /// into force. A watch that goes on under the same clause is left alone.
    pub fn watch(&self, policy: &Policy, detectors: &mut Detectors, now: Instant) {
        for rule in self.absences(policy) {
            let quiet = detectors.is_quiet(rule.service);
            let clause = rule.clause();
            let known = detectors.absence(&rule.stream(), || rule.begin(quiet, now));
            if known.clause != clause || known.due.is_none() {
                *known = AbsenceState { missing: known.missing, ..rule.begin(quiet, now) };
            }
        }
    }

    /// Whether every absence trigger is watched.
    pub fn is_watched(&self, policy: &Policy, detectors: &Detectors) -> bool {
        self.absences(policy).all(|rule| detectors.has(&rule.stream()))
    }

    /// What a signal ends by coming at all: incident key and alert. Also takes note of services
    /// that are switched off and on.
    pub fn returned(
        &self,
        policy: &Policy,
        detectors: &mut Detectors,
        observed: Observed<'_>,
    ) -> Vec<(String, String)> {
        let signal = observed.signal;
        if signal.metric == SWITCHED {
            match signal.label.as_deref() {
                Some("off") => self.change_quiet(policy, detectors, (&signal.service, observed.now), |q| q.off = true),
                Some("on") => self.change_quiet(policy, detectors, (&signal.service, observed.now), |q| q.off = false),
                _ => {}
            }
        }
        let Some(about) = self.absent.get(&signal.metric) else { return Vec::new() };
        let mut ended = Vec::new();
        for rule in about.iter().filter_map(|&i| Rule::of(policy, &policy.triggers[i])) {
            if rule.is_about(signal) {
                let quiet = detectors.is_quiet(rule.service);
                let state = detectors.absence(&rule.stream(), || rule.begin(quiet, observed.now));
                ended.extend(rule.seen(state, observed));
            }
        }
        ended
    }

    /// An incident has changed: while a service is contained in one that is open, silence about it
    /// says nothing.
    pub fn heed(&self, policy: &Policy, detectors: &mut Detectors, incident: &Incident, now: Instant) {
        let contained = incident.contained.is_some() && incident.status().is_open();
        // Nearly every change is of an incident whose service was never quiet.
        if !contained && !detectors.any_quiet() {
            return;
        }
        self.change_quiet(policy, detectors, (&incident.service, now), |quiet| {
            if contained {
                quiet.incidents.insert(incident.no);
            } else {
                quiet.incidents.remove(&incident.no);
            }
        });
    }

    fn change_quiet(
        &self,
        policy: &Policy,
        detectors: &mut Detectors,
        (service, now): (&str, Instant),
        change: impl FnOnce(&mut Quiet),
    ) {
        let before = detectors.quiet(service);
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return;
        }
        let holds = after.holds();
        detectors.set_quiet(service, after);
        if holds == before.holds() {
            return;
        }
        for rule in self.absences(policy).filter(|rule| rule.service == service) {
            let state = detectors.absence(&rule.stream(), || rule.begin(holds, now));
            state.held = holds;
            if !holds {
                state.restart(rule.within, now);
            }
        }
    }

    fn absences<'p>(&self, policy: &'p Policy) -> impl Iterator<Item = Rule<'p>> {
        let indexes: Vec<usize> = self.absent.values().flatten().copied().collect();
        indexes.into_iter().filter_map(|i| Rule::of(policy, &policy.triggers[i]))
    }
}
