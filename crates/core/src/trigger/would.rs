//! What triggers would make of a signal, without counting it: for tests of sources.

use std::collections::BTreeSet;

use policy::model::{Mode, Policy, Rank, TriggerKind};
use serde::Serialize;

use super::{Triggers, absence, count, key, rate};
use crate::signal::{AlertState, Signal};

/// A trigger for which a signal would be evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Would {
    /// Its id.
    pub trigger: String,
    /// It only records what it would raise.
    pub observes: bool,
    /// Class of its incidents.
    pub class: String,
    /// Severity of its incidents.
    pub severity: Rank,
    /// The incident that is meant, by key.
    pub key: String,
    /// What it would do with the signal, in plain words.
    pub says: String,
    /// It may open an incident, now or when there is more evidence.
    #[serde(skip)]
    pub opens: bool,
    /// It would do so at once.
    #[serde(skip)]
    pub at_once: bool,
}

impl Triggers {
    /// The triggers for which a signal would be evidence. Nothing is counted.
    pub fn would(&self, policy: &Policy, signal: &Signal) -> Vec<Would> {
        let ended = is_over(signal);
        let would = |i: usize| {
            let trigger = &policy.triggers[i];
            let says = match &trigger.kind {
                TriggerKind::When(when) => when.holds(signal).then(|| "fires at once".to_owned())?,
                TriggerKind::Count { when, distinct_units, at_least, within } => {
                    let counts = when.holds(signal) && (!distinct_units || signal.unit.is_some());
                    let rule = count::Rule { distinct_units: *distinct_units, at_least: *at_least, within: *within };
                    counts.then(|| format!("is counted; fires at {}", rule.statement()))?
                }
                TriggerKind::Rate { .. } => {
                    let badness = rate::Rule::of(policy, trigger)?.badness(signal)?;
                    format!("is evidence of the bad share, {badness} bad")
                }
                TriggerKind::Absence { .. } => {
                    let rule = absence::Rule::of(policy, trigger).filter(|rule| rule.is_about(signal))?;
                    format!("shows that it still comes; fires without {}", rule.clause())
                }
            };
            let raises = !ended && trigger.mode == Mode::Active;
            // An alert that has ended is evidence only where one signal is enough, or is counted.
            let says = match (ended, &trigger.kind) {
                (false, _) => says,
                (true, TriggerKind::Rate { .. } | TriggerKind::Absence { .. }) => return None,
                (true, _) => "clears the alert, and is not counted".to_owned(),
            };
            Some(Would {
                trigger: trigger.id.clone(),
                observes: trigger.mode == Mode::Observe,
                class: trigger.raise.class.clone(),
                severity: trigger.raise.severity,
                key: key(trigger, signal),
                says,
                opens: raises && !matches!(trigger.kind, TriggerKind::Absence { .. }),
                at_once: raises && matches!(trigger.kind, TriggerKind::When(_)),
            })
        };
        let waiting = self.absent.get(&signal.metric).into_iter().flatten().copied();
        self.concerned(signal).into_iter().chain(waiting).filter_map(would).collect()
    }

    /// Why each other trigger has no use for a signal, in the order of the policy: its id, and the words.
    pub fn why_not(&self, policy: &Policy, signal: &Signal) -> Vec<(String, String)> {
        let concerned: BTreeSet<String> = self.would(policy, signal).into_iter().map(|would| would.trigger).collect();
        let others = policy.triggers.iter().filter(|trigger| !concerned.contains(&trigger.id));
        others.map(|trigger| (trigger.id.clone(), refusal(&trigger.kind, signal))).collect()
    }
}

fn refusal(kind: &TriggerKind, signal: &Signal) -> String {
    let is_not = |name: &str, has: &str, wants: &str| format!("the {name} is `{has}`, not `{wants}`");
    match kind {
        TriggerKind::When(when) | TriggerKind::Count { when, .. } if !when.holds(signal) => {
            when.why_not(signal).join(", and ")
        }
        TriggerKind::When(_) | TriggerKind::Count { .. } => {
            "it counts distinct units, and the signal has none".to_owned()
        }
        TriggerKind::Rate { metric, .. } | TriggerKind::Absence { metric, .. } if *metric != signal.metric => {
            is_not("metric", &signal.metric, metric)
        }
        TriggerKind::Absence { service, .. } if *service != signal.service => {
            is_not("service", &signal.service, service)
        }
        TriggerKind::Rate { .. } | TriggerKind::Absence { .. } if is_over(signal) => {
            "its sender says that the alert has ended".to_owned()
        }
        TriggerKind::Rate { .. } | TriggerKind::Absence { .. } => {
            "neither its value nor its label says whether it is good or bad".to_owned()
        }
    }
}

fn is_over(signal: &Signal) -> bool {
    signal.alert.as_ref().is_some_and(|alert| alert.state == AlertState::Resolved)
}
