//! What triggers remember between signals, with the changes of the present batch apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::trigger::CountState;

/// The memory of one trigger for one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// Of a count trigger.
    Count(CountState),
}

/// The memory of all triggers. Changes are kept apart until their batch is durable.
#[derive(Clone, Debug, Default)]
pub struct Detectors {
    settled: BTreeMap<String, Detector>,
    changed: BTreeMap<String, Detector>,
}

impl Detectors {
    /// From what the journal holds.
    pub fn new(settled: BTreeMap<String, Detector>) -> Detectors {
        Detectors { settled, changed: BTreeMap::new() }
    }

    /// The changes of the present batch.
    pub fn changed(&self) -> &BTreeMap<String, Detector> {
        &self.changed
    }

    /// The batch is durable.
    pub fn settle(&mut self) {
        self.settled.append(&mut self.changed);
    }

    /// The batch is not.
    pub fn revert(&mut self) {
        self.changed.clear();
    }

    pub(super) fn count(&mut self, key: &str) -> &mut CountState {
        if !self.changed.contains_key(key) {
            let before = self.settled.get(key).cloned();
            self.changed.insert(key.to_owned(), before.unwrap_or(Detector::Count(CountState::default())));
        }
        match self.changed.get_mut(key) {
            Some(Detector::Count(state)) => state,
            None => unreachable!("the key was inserted above"),
        }
    }
}
