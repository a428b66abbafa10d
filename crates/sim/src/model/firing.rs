//! What signals must have raised: the triggers of the documents, counted once more by hand.

use std::collections::BTreeMap;

use wcore::Signal;
use wcore::signal::AlertState;

use crate::plan::DAY;

/// Distinct conversations with a made-up commitment within a day, and the severity that they raise.
const COMMITMENTS: [(usize, u64); 2] = [(8, 1), (4, 2)];

/// An incident that must be touched by the batch that holds a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Position of the batch.
    pub(crate) position: u64,
    /// Its class.
    pub(crate) class: &'static str,
    /// Its service.
    pub(crate) service: String,
    /// It is at least as severe afterwards.
    pub(crate) severity: u64,
}

/// What was seen of the signals that are counted: by service, when each unit came last.
#[derive(Default)]
pub(crate) struct Firings(BTreeMap<String, BTreeMap<String, i64>>);

impl Firings {
    /// What a signal recorded at an instant raises.
    pub(crate) fn of(&mut self, signal: &Signal, position: u64, at: i64) -> Option<Expected> {
        let cleared = signal.alert.as_ref().is_some_and(|alert| alert.state == AlertState::Resolved);
        let (class, severity) = match (signal.metric.as_str(), signal.label.as_deref()) {
            ("pii_leak", Some("confirmed")) => ("pii_leak", 1),
            ("pii_leak", Some("suspected")) => ("pii_leak", 2),
            ("degraded", _) => ("degraded", 3),
            ("provider_down", _) if !cleared => ("outage", 2),
            ("commitment", _) => ("commitment", self.counted(signal, at)?),
            _ => return None,
        };
        Some(Expected { position, class, service: signal.service.clone(), severity })
    }

    fn counted(&mut self, signal: &Signal, at: i64) -> Option<u64> {
        let units = self.0.entry(signal.service.clone()).or_default();
        units.insert(signal.unit.as_ref()?.id.clone(), at);
        let recent = units.values().filter(|seen| **seen > at - DAY).count();
        COMMITMENTS.iter().find(|(count, _)| recent >= *count).map(|(_, severity)| *severity)
    }
}
