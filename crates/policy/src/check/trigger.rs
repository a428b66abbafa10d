//! Triggers: each does something, and each class can come to be.

use std::collections::BTreeSet;

use super::{Check, Finding, In};
use crate::diagnostic::Level;
use crate::model::{Trigger, TriggerKind};

pub(super) fn check(check: &mut Check<'_>) {
    classes_without_trigger(check);
    shadowed(check);
    rates_without_bounds(check);
}

fn classes_without_trigger(check: &mut Check<'_>) {
    let raised: BTreeSet<&str> = check.policy.triggers.iter().map(|trigger| trigger.raise.class.as_str()).collect();
    for id in check.policy.classes.keys().filter(|id| !raised.contains(id.as_str())) {
        let finding = Finding {
            level: Level::Note,
            code: &problem::CLASS_WITHOUT_TRIGGER,
            message: format!("no trigger raises `{id}`: only people can declare it"),
            hint: String::new(),
        };
        check.at(In::Policy, &format!("classes/{id}"), finding);
    }
}

/// An earlier trigger that fires on the same signals for the same incident, at least as severely.
fn shadowed(check: &mut Check<'_>) {
    let triggers = &check.policy.triggers;
    for (index, trigger) in triggers.iter().enumerate() {
        let earlier = triggers[..index].iter().find(|earlier| {
            same_signals(earlier, trigger)
                && earlier.mode == trigger.mode
                && earlier.raise.class == trigger.raise.class
                && earlier.raise.key == trigger.raise.key
                && earlier.raise.severity <= trigger.raise.severity
        });
        let Some(earlier) = earlier else { continue };
        let finding = Finding {
            level: Level::Warning,
            code: &problem::TRIGGER_SHADOWED,
            message: format!("`{}` never adds anything: `{}` fires on the same signals", trigger.id, earlier.id),
            hint: "remove it, or change what it looks at".to_owned(),
        };
        check.at(In::Policy, &format!("triggers/{}", trigger.id), finding);
        check.relate(In::Policy, &format!("triggers/{}", earlier.id), "this one is first");
    }
}

/// Conditions are compared as they were understood, not as they were typed.
fn same_signals(left: &Trigger, right: &Trigger) -> bool {
    match (&left.kind, &right.kind) {
        (TriggerKind::When(left), TriggerKind::When(right)) => left.to_string() == right.to_string(),
        (
            TriggerKind::Count { when, distinct_units, at_least, within },
            TriggerKind::Count { when: when2, distinct_units: distinct2, at_least: at_least2, within: within2 },
        ) => {
            when.to_string() == when2.to_string()
                && (distinct_units, at_least, within) == (distinct2, at_least2, within2)
        }
        (
            TriggerKind::Rate { metric, tolerated, by, .. },
            TriggerKind::Rate { metric: metric2, tolerated: tolerated2, by: by2, .. },
        ) => metric == metric2 && tolerated == tolerated2 && by == by2,
        _ => false,
    }
}

fn rates_without_bounds(check: &mut Check<'_>) {
    for trigger in &check.policy.triggers {
        let TriggerKind::Rate { metric, .. } = &trigger.kind else { continue };
        let known = check.policy.metrics.get(metric);
        if known.is_some_and(|metric| metric.bad_below.is_none() && metric.bad_above.is_none()) {
            let finding = Finding {
                level: Level::Error,
                code: &problem::METRIC_WITHOUT_BOUND,
                message: format!("the metric `{metric}` does not say which values are bad"),
                hint: "add `bad_below` or `bad_above` to it".to_owned(),
            };
            check.at(In::Policy, &format!("triggers/{}", trigger.id), finding);
            check.relate(In::Policy, &format!("metrics/{metric}"), "this metric");
        }
    }
}
