//! One observation that AI quality or reliability may have changed.
//!
//! Wire formats live in `intake`; this is what they all become.

use std::collections::BTreeMap;

use calendar::Instant;
use serde::{Deserialize, Serialize};

/// A signal as it is stored and as triggers see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The sender's own id: an idempotency key within `source`.
    pub id: Option<String>,
    /// Where it comes from, such as `evals` or `alertmanager`.
    pub source: String,
    /// What was measured, such as `pii_leak`.
    pub metric: String,
    /// The service of the policy that it speaks about.
    pub service: String,
    /// When it happened, as the sender says. `None`: on arrival.
    pub at: Option<Instant>,
    /// A measured number, finite.
    pub value: Option<f64>,
    /// A verdict, such as `confirmed`.
    pub label: Option<String>,
    /// One line for people. May hold customer text: never paged, never logged.
    pub summary: Option<String>,
    /// The unit of evidence, usually a conversation.
    pub unit: Option<Unit>,
    /// Who or what judged.
    pub evaluator: Option<Evaluator>,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// Where to look further.
    pub link: Option<String>,
    /// For senders with stateful alerts: which alert this is, and whether it still fires.
    pub alert: Option<Alert>,
    /// It arrived more than 72 h after it happened.
    pub late: bool,
}

/// The unit of evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unit {
    /// Kind of unit, such as `conversation`.
    pub kind: String,
    /// Its id at the sender.
    pub id: String,
}

/// Who or what judged, and in which version: a new version is a new stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evaluator {
    /// Such as `llm`, `human`, `rule`.
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// A stateful alert at its sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Identity of the alert at its sender, such as Alertmanager's fingerprint.
    pub key: String,
    /// Whether it fires or has ended.
    pub state: AlertState,
}

/// Whether an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It fires.
    Firing,
    /// Its sender says that it ended. That clears the alert, not the incident.
    Resolved,
}
