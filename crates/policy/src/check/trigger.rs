//! Triggers: each does something, and each class can come to be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, In};
use crate::condition::TextField;
use crate::diagnostic::Level;
use crate::mapping::Field;
use crate::model::{Raise, Trigger, TriggerKind};
use crate::suggest;

pub(super) fn check(check: &mut Check<'_>) {
    classes_without_trigger(check);
    shadowed(check);
    rates_without_bounds(check);
    services_exist(check);
    sources_name_services(check);
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

/// A trigger after one that fires on the same signals for the same incident, at least as severely.
fn shadowed(check: &mut Check<'_>) {
    let policy = check.policy;
    let mut first: BTreeMap<String, &Trigger> = BTreeMap::new();
    for trigger in &policy.triggers {
        let Raise { class, key, severity } = &trigger.raise;
        let effect = format!("{:?} {class} {key:?} {}", trigger.mode, signals(&trigger.kind));
        let earlier = first.entry(effect).or_insert(trigger);
        if earlier.id == trigger.id || earlier.raise.severity > *severity {
            *earlier = trigger;
            continue;
        }
        let finding = Finding {
            level: Level::Warning,
            code: &problem::TRIGGER_SHADOWED,
            message: format!("`{}` never adds anything: `{}` fires on the same signals", trigger.id, earlier.id),
            hint: "remove it, or change what it looks at".to_owned(),
        };
        let earlier = format!("triggers/{}", earlier.id);
        check.at(In::Policy, &format!("triggers/{}", trigger.id), finding);
        check.relate(In::Policy, &earlier, "this one is first");
    }
}

/// What a trigger looks at. Conditions are shown as they were understood, not as they were typed.
fn signals(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::When(condition) => condition.to_string(),
        TriggerKind::Count { when, distinct_units, at_least, within } => {
            format!("{at_least} in {within:?}, distinct {distinct_units}: {when}")
        }
        TriggerKind::Absence { metric, service, within } => format!("no {metric} of {service} in {within:?}"),
        TriggerKind::Rate { metric, tolerated, by, .. } => format!("{metric} over {tolerated} by {by:?}"),
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

/// A webhook that always speaks about a service of which nobody has heard.
fn sources_name_services(check: &mut Check<'_>) {
    let policy = check.policy;
    for (id, source) in &policy.sources {
        let service = match &source.mapping.service {
            Field::Constant(service) | Field::At { default: Some(service), .. } => service,
            Field::At { default: None, .. } => continue,
        };
        if !policy.services.contains_key(service) {
            let finding = Finding {
                level: Level::Warning,
                code: &problem::UNKNOWN_SERVICE,
                message: format!("the source `{id}` speaks about the service `{service}`, which is not listed"),
                hint: suggest::did_you_mean(service, policy.services.keys().map(String::as_str))
                    .unwrap_or_else(|| format!("add it: services: {{{service}: {{name: …}}}}")),
            };
            check.at(In::Policy, &format!("sources/{id}/service"), finding);
        }
    }
}

/// A misspelt service makes a condition that never holds.
fn services_exist(check: &mut Check<'_>) {
    let policy = check.policy;
    for trigger in &policy.triggers {
        let services = match &trigger.kind {
            TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.compared_with(TextField::Service),
            TriggerKind::Absence { service, .. } => [service.as_str()].into_iter().collect(),
            TriggerKind::Rate { .. } => continue,
        };
        for service in services.into_iter().filter(|service| !policy.services.contains_key(*service)) {
            let finding = Finding {
                level: Level::Warning,
                code: &problem::UNKNOWN_SERVICE,
                message: format!("`{}` asks for the service `{service}`, which is not listed", trigger.id),
                hint: suggest::did_you_mean(service, policy.services.keys().map(String::as_str))
                    .unwrap_or_else(|| format!("add it: services: {{{service}: {{name: …}}}}")),
            };
            check.at(In::Policy, &format!("triggers/{}", trigger.id), finding);
        }
    }
}
