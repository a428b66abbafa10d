//! Signals whose erased words a condition asks for: what they caused cannot be decided again.
//!
//! Words that no condition reads, and conditions that other fields decide, are none of its business.

use std::collections::BTreeSet;

use calendar::Instant;
use policy::condition::TextField;
use policy::model::{Policy, TriggerKind};
use wcore::event::Opened;

use super::past::Past;

/// The fields that hold what customers said; see `engine::erase`.
const WORDS: [TextField; 3] = [TextField::Summary, TextField::Link, TextField::UnitId];

/// A signal that may have raised something, if only its words were known.
pub(super) struct Unreadable {
    at: Instant,
    service: String,
    /// What the triggers raise that ask for its words.
    classes: BTreeSet<String>,
}

impl Unreadable {
    /// Whether an incident may rest on it from an instant on.
    pub(super) fn concerns(&self, opened: &Opened, at: Instant) -> bool {
        self.at <= at && self.service == opened.service && self.classes.contains(&opened.class)
    }
}

/// The signals of a past that cannot be decided again.
pub(super) fn find(live: &Policy, past: &Past) -> Vec<Unreadable> {
    let mut found = Vec::new();
    for (at, batch) in past.batches() {
        let policy = past.reign(at).map_or(live, |reign| &reign.policy);
        for (_, signal) in batch.signals.iter().filter(|(place, _)| past.is_erased(*place)) {
            let asking = policy.triggers.iter().filter(|trigger| match &trigger.kind {
                TriggerKind::When(when) | TriggerKind::Count { when, .. } => {
                    when.holds_without(signal, &WORDS).is_none()
                }
                _ => false,
            });
            let classes: BTreeSet<String> = asking.map(|trigger| trigger.raise.class.clone()).collect();
            if !classes.is_empty() {
                found.push(Unreadable { at, service: signal.service.clone(), classes });
            }
        }
    }
    found
}
