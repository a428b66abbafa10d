//! Triggers turn signals into firings, each with its decision record.
//!
//! What a firing does to an incident is decided in `raise`.

mod absence;
mod count;
mod detectors;
mod rate;
mod sign;
mod would;

use std::collections::BTreeMap;

use calendar::Instant;
use policy::condition::{Fields, FlagField, NumberField, TextField, TextPlace};
use policy::model::{KeyPart, Mode, Policy, Rank, Trigger, TriggerKind};
use xxhash_rust::xxh3::Xxh3;

pub use absence::{AbsenceState, Quiet, SWITCHED};
pub use count::CountState;
pub use detectors::{Detector, Detectors, MAX_DETECTORS};
pub use rate::{BETS_AFTER, MAX_PENDING, RateState};

pub use sign::{Sign, Spark};
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

/// A policy's triggers, indexed by a text that they require.
#[derive(Clone, Debug)]
pub struct Triggers {
    by_text: BTreeMap<TextPlace, BTreeMap<String, Vec<usize>>>,
    /// Those that require none are looked at for every signal.
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

impl Observed<'_> {
    /// When it happened, as far as that has passed.
    fn happened(&self) -> Instant {
        self.signal.at.map_or(self.now, |at| at.min(self.now))
    }
}

impl Triggers {
    /// Indexes the triggers of a policy: each under what it requires and the fewest others do.
    pub fn new(policy: &Policy) -> Triggers {
        let required: Vec<Vec<(TextPlace, &str)>> = policy.triggers.iter().map(required).collect();
        let mut wanted: BTreeMap<&(TextPlace, &str), usize> = BTreeMap::new();
        for requirement in required.iter().flatten() {
            *wanted.entry(requirement).or_default() += 1;
        }
        let mut triggers = Triggers { by_text: BTreeMap::new(), any: Vec::new(), absent: BTreeMap::new() };
        for (i, (trigger, required)) in policy.triggers.iter().zip(&required).enumerate() {
            if let TriggerKind::Absence { metric, .. } = &trigger.kind {
                triggers.absent.entry(metric.clone()).or_default().push(i);
                continue;
            }
            let concerned = match required.iter().min_by_key(|requirement| wanted[requirement]) {
                Some((place, text)) => {
                    let texts = triggers.by_text.entry(place.clone()).or_default();
                    texts.entry((*text).to_owned()).or_default()
                }
                None => &mut triggers.any,
            };
            concerned.push(i);
        }
        triggers
    }

    /// The triggers that fire for a signal, in the order of the policy.
    pub fn observe(&self, policy: &Policy, detectors: &mut Detectors, observed: Observed<'_>) -> Vec<Firing> {
        self.signs(policy, detectors, observed).into_iter().map(Sign::into_firing).collect()
    }

    /// The same, for those who already know most of what a firing says.
    pub fn signs<'a>(&self, policy: &'a Policy, detectors: &mut Detectors, observed: Observed<'a>) -> Vec<Sign<'a>> {
        let mut signs = Vec::new();
        for i in self.concerned(observed.signal) {
            let trigger = &policy.triggers[i];
            match &trigger.kind {
                TriggerKind::When(when) => {
                    signs.extend(
                        when.holds(observed.signal).then(|| Sign::one(policy, trigger, &when.source, observed)),
                    );
                }
                TriggerKind::Count { .. } => signs.extend(count(policy, trigger, detectors, observed).map(gathered)),
                TriggerKind::Rate { .. } => {
                    let rule = rate::Rule::of(policy, trigger);
                    signs.extend(rule.into_iter().flat_map(|rule| rule.observe(detectors, observed)).map(gathered));
                }
                TriggerKind::Absence { .. } => {}
            }
        }
        signs
    }

    /// The triggers that may look at a signal, in the order of the policy.
    fn concerned(&self, signal: &Signal) -> Vec<usize> {
        let specific = self.by_text.iter().filter_map(|(place, texts)| texts.get(place.of(signal)?)).flatten();
        let mut order: Vec<usize> = specific.chain(&self.any).copied().collect();
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
        let matching = self.concerned(signal).into_iter().map(|i| &policy.triggers[i]).filter(|trigger| {
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

/// Texts without which a trigger has no use for a signal.
fn required(trigger: &Trigger) -> Vec<(TextPlace, &str)> {
    match &trigger.kind {
        TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.required(),
        TriggerKind::Rate { metric, .. } | TriggerKind::Absence { metric, .. } => {
            vec![(TextPlace::Field(TextField::Metric), metric)]
        }
    }
}

fn gathered<'a>(firing: Firing) -> Sign<'a> {
    Sign::Gathered(Box::new(firing))
}

fn count(policy: &Policy, trigger: &Trigger, detectors: &mut Detectors, observed: Observed<'_>) -> Option<Firing> {
    let TriggerKind::Count { when, distinct_units, at_least, within } = &trigger.kind else { return None };
    let signal = observed.signal;
    if !when.holds(signal) {
        return None;
    }
    let rule = count::Rule { distinct_units: *distinct_units, at_least: *at_least, within: *within };
    let statement = rule.statement();
    let clause = format!("{} {statement}", when.source);
    let key = key(trigger, signal);
    let mut name = format!("{}|{key}", trigger.id);
    if !detectors.make_room_for(&name, observed.now) {
        // Counted together rather than not at all. No key of its own is named so.
        name = format!("{}\\further", trigger.id);
    }
    let signals = detectors.count(&name, |state| state.observe(rule, &clause, observed))?;
    let happened = observed.happened();
    Some(Firing {
        decision: Decision {
            trigger: trigger.id.clone(),
            policy: policy.id.clone(),
            clause: when.source.clone(),
            statement,
            count: 1,
            first_at: happened,
            last_at: happened,
            signals,
        },
        mode: trigger.mode,
        class: trigger.raise.class.clone(),
        severity: trigger.raise.severity,
        key,
        service: signal.service.clone(),
        alert: None,
    })
}

/// The key of the incident that a signal belongs to. Parts are joined by `|`, which they escape.
fn key(trigger: &Trigger, signal: &Signal) -> String {
    let mut key = String::new();
    for (i, part) in trigger.raise.key.iter().enumerate() {
        if i > 0 {
            key.push('|');
        }
        let value = match part {
            KeyPart::Class => trigger.raise.class.as_str(),
            KeyPart::Service => &signal.service,
            KeyPart::Metric => &signal.metric,
            KeyPart::Source => &signal.source,
            KeyPart::Label(name) => signal.labels.get(name).map_or("", String::as_str),
        };
        if value.contains('|') {
            key.push_str(&value.replace('|', "\\|"));
        } else {
            key.push_str(value);
        }
    }
    key
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
