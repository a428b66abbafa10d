//! Triggers turn signals into firings, each with its decision record.
//!
//! What a firing does to an incident is decided in `raise`.

mod absence;
mod count;
mod detectors;
mod rate;
mod would;

use std::collections::BTreeMap;

use calendar::Instant;
use policy::condition::{Fields, FlagField, NumberField, TextField};
use policy::model::{KeyPart, Mode, Policy, Rank, Trigger, TriggerKind};
use xxhash_rust::xxh3::Xxh3;

pub use absence::{AbsenceState, Quiet, SWITCHED};
pub use count::CountState;
pub use detectors::{Detector, Detectors, MAX_DETECTORS};
pub use rate::{BETS_AFTER, MAX_PENDING, RateState};

pub use would::Would;

use crate::decision::{Decision, SignalRef};
use crate::signal::{Signal, Unit};

/// A trigger fired for one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// Why.
    pub decision: Decision,
    /// Whether it raises, or only says what it would have raised.
    pub mode: Mode,
    /// Class of the incident.
    pub class: String,
    /// Severity of the incident.
    pub severity: Rank,
    /// What makes two firings the same incident.
    pub key: String,
    /// Its service.
    pub service: String,
    /// The alert that it stands for, where it ends by itself.
    pub alert: Option<String>,
}

/// A policy's triggers, indexed by the metric that they need.
#[derive(Clone, Debug)]
pub struct Triggers {
    by_metric: BTreeMap<String, Vec<usize>>,
    any: Vec<usize>,
    /// Those that wait for a metric to stay away.
    absent: BTreeMap<String, Vec<usize>>,
}

/// One signal, and where and when it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The signal.
    pub signal: &'a Signal,
    /// Its place in the journal.
    pub place: SignalRef,
    /// Journal time.
    pub now: Instant,
}

impl Triggers {
    /// Indexes the triggers of a policy.
    pub fn new(policy: &Policy) -> Triggers {
        let mut triggers = Triggers { by_metric: BTreeMap::new(), any: Vec::new(), absent: BTreeMap::new() };
        for (i, trigger) in policy.triggers.iter().enumerate() {
            let metric = match &trigger.kind {
                TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.only_metric(),
                TriggerKind::Rate { metric, .. } => Some(metric.as_str()),
                TriggerKind::Absence { metric, .. } => {
                    triggers.absent.entry(metric.clone()).or_default().push(i);
                    continue;
                }
            };
            match metric {
                Some(metric) => triggers.by_metric.entry(metric.to_owned()).or_default().push(i),
                None => triggers.any.push(i),
            }
        }
        triggers
    }

    /// The triggers that fire for a signal, in the order of the policy.
    pub fn observe(&self, policy: &Policy, detectors: &mut Detectors, observed: Observed<'_>) -> Vec<Firing> {
        let mut firings = Vec::new();
        for i in self.concerned(observed.signal) {
            let trigger = &policy.triggers[i];
            match rate::Rule::of(policy, trigger) {
                Some(rule) => firings.extend(rule.observe(detectors, observed)),
                None => firings.extend(fire(policy, trigger, detectors, observed)),
            }
        }
        firings
    }

    /// The triggers that may look at a signal, in the order of the policy.
    fn concerned(&self, signal: &Signal) -> Vec<usize> {
        let specific = self.by_metric.get(&signal.metric).map(Vec::as_slice).unwrap_or_default();
        let mut order: Vec<usize> = specific.iter().chain(&self.any).copied().collect();
        order.sort_unstable();
        order
    }

    /// Lets triggers fire that do so without a further signal: see [`Detectors::next_due`].
    pub fn settle_due(&self, policy: &Policy, detectors: &mut Detectors, now: Instant) -> Vec<Firing> {
        let mut firings = Vec::new();
        for key in detectors.due_by(now) {
            let trigger = |id: &str| policy.triggers.iter().find(|trigger| trigger.id == id);
            match detectors.known(&key) {
                Some(Detector::Rate(stream)) => {
                    match trigger(stream.trigger()).and_then(|trigger| rate::Rule::of(policy, trigger)) {
                        Some(rule) => firings.extend(rule.settle(stream, now)),
                        None => stream.retire(),
                    }
                }
                Some(Detector::Absence(state)) => {
                    match trigger(state.trigger()).and_then(|trigger| absence::Rule::of(policy, trigger)) {
                        Some(rule) => firings.extend(rule.settle(state, now)),
                        None => state.retire(),
                    }
                }
                Some(Detector::Count(_) | Detector::Quiet(_)) | None => {}
            }
        }
        firings
    }

    /// The incidents that a signal speaks about, by key, without counting it: used where its
    /// sender says that an alert has ended.
    pub fn keys(&self, policy: &Policy, signal: &Signal) -> Vec<String> {
        let specific = self.by_metric.get(&signal.metric).map(Vec::as_slice).unwrap_or_default();
        let matching = specific.iter().chain(&self.any).map(|&i| &policy.triggers[i]).filter(|trigger| {
            trigger.mode == Mode::Active
                && match &trigger.kind {
                    TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.holds(signal),
                    TriggerKind::Rate { .. } | TriggerKind::Absence { .. } => false,
                }
        });
        let mut keys: Vec<String> = matching.map(|trigger| key(trigger, signal)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

fn fire(policy: &Policy, trigger: &Trigger, detectors: &mut Detectors, observed: Observed<'_>) -> Option<Firing> {
    let signal = observed.signal;
    let (clause, statement, signals) = match &trigger.kind {
        TriggerKind::When(when) => {
            if !when.holds(signal) {
                return None;
            }
            (when.source.clone(), "one signal is enough".to_owned(), vec![observed.place])
        }
        TriggerKind::Count { when, distinct_units, at_least, within } => {
            if !when.holds(signal) {
                return None;
            }
            let rule = count::Rule { distinct_units: *distinct_units, at_least: *at_least, within: *within };
            let statement = rule.statement();
            let clause = format!("{} {statement}", when.source);
            let mut name = format!("{}|{}", trigger.id, key(trigger, signal));
            if !detectors.make_room_for(&name, observed.now) {
                // Counted together rather than not at all. No key of its own is named so.
                name = format!("{}\\further", trigger.id);
            }
            let signals = detectors.count(&name, |state| state.observe(rule, &clause, observed))?;
            (when.source.clone(), statement, signals)
        }
        TriggerKind::Rate { .. } | TriggerKind::Absence { .. } => return None,
    };
    let happened = signal.at.unwrap_or(observed.now);
    Some(Firing {
        decision: Decision {
            trigger: trigger.id.clone(),
            policy: policy.id.clone(),
            clause,
            statement,
            count: 1,
            first_at: happened.min(observed.now),
            last_at: happened.min(observed.now),
            signals,
        },
        mode: trigger.mode,
        class: trigger.raise.class.clone(),
        severity: trigger.raise.severity,
        key: key(trigger, signal),
        service: signal.service.clone(),
        alert: None,
    })
}

/// The key of the incident that a signal belongs to. Parts are joined by `|`, which they escape.
fn key(trigger: &Trigger, signal: &Signal) -> String {
    let parts = trigger.raise.key.iter().map(|part| {
        let value = match part {
            KeyPart::Class => trigger.raise.class.as_str(),
            KeyPart::Service => &signal.service,
            KeyPart::Metric => &signal.metric,
            KeyPart::Source => &signal.source,
            KeyPart::Label(name) => signal.labels.get(name).map_or("", String::as_str),
        };
        value.replace('|', "\\|")
    });
    parts.collect::<Vec<_>>().join("|")
}

/// Stands for a unit of evidence where only sameness matters.
fn fingerprint(unit: &Unit) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(unit.kind.as_bytes());
    hash.update(&[0]);
    hash.update(unit.id.as_bytes());
    hash.digest()
}

/// The key of an incident of that class and service: the default of every trigger.
pub fn default_key(class: &str, service: &str) -> String {
    format!("{}|{}", class.replace('|', "\\|"), service.replace('|', "\\|"))
}

impl Fields for Signal {
    fn text(&self, field: TextField) -> Option<&str> {
        let unit = self.unit.as_ref();
        let evaluator = self.evaluator.as_ref();
        match field {
            TextField::Source => Some(&self.source),
            TextField::Metric => Some(&self.metric),
            TextField::Service => Some(&self.service),
            TextField::Label => self.label.as_deref(),
            TextField::Summary => self.summary.as_deref(),
            TextField::Link => self.link.as_deref(),
            TextField::UnitKind => unit.map(|unit| unit.kind.as_str()),
            TextField::UnitId => unit.map(|unit| unit.id.as_str()),
            TextField::EvaluatorKind => evaluator.map(|evaluator| evaluator.kind.as_str()),
            TextField::EvaluatorName => evaluator.and_then(|evaluator| evaluator.name.as_deref()),
            TextField::EvaluatorVersion => evaluator.and_then(|evaluator| evaluator.version.as_deref()),
        }
    }

    fn number(&self, field: NumberField) -> Option<f64> {
        match field {
            NumberField::Value => self.value,
        }
    }

    fn flag(&self, field: FlagField) -> bool {
        match field {
            FlagField::Late => self.late,
        }
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}
