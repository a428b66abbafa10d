//! Calendars: every target falls due, whenever its clock starts.

use std::collections::BTreeSet;

use policy::model::{Target, Targets, Window};

use super::{Case, Guarantee, Witness, counted, guarantee};
use crate::words;

/// Every target finds enough open time on its calendar, from any instant of the year.
pub(super) fn open(case: &Case<'_>) -> Guarantee {
    let of_severities = case.policy.targets.values();
    let of_classes = case.policy.classes.values().map(|class| &class.targets);
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut witnesses = Vec::new();
    for target in of_severities.chain(of_classes).flat_map(all) {
        if !seen.insert((target.calendar.clone(), words::length(target.length))) {
            continue;
        }
        // Deadlines never come sooner for a later start: the first and the last instant decide.
        let due = |at| case.roster.calendar(&target.calendar).and_then(|c| wcore::deadline(c, target.length, at));
        if due(case.now).is_none() || due(case.until).is_none() {
            let text = format!(
                "The calendar “{}” has too little open time for {}: a clock that starts this year would never fall due on it.",
                target.calendar,
                words::length(target.length)
            );
            witnesses.push(Witness::against(text));
        }
    }
    let examined = counted(seen.len(), "different target");
    guarantee("calendars-open", "Calendars have open time for every target", examined, witnesses)
}

/// Every target of a severity or class.
pub(super) fn all(targets: &Targets) -> Vec<&Target> {
    let plain = [
        &targets.acknowledge,
        &targets.accept,
        &targets.confirm,
        &targets.escalate_after,
        &targets.contain,
        &targets.mitigate,
        &targets.validate,
        &targets.hold,
        &targets.resolve,
        &targets.review,
    ];
    let windows = targets.updates.values().flat_map(|window| match window {
        Window::None => vec![],
        Window::Decide { within, .. } => vec![within],
        Window::Notices { first, every, closing, .. } => [first, every, closing].into_iter().flatten().collect(),
    });
    plain.into_iter().flatten().chain(windows).collect()
}
