//! PagerDuty's Events API, version 2: alerts (`/v2/enqueue`) and changes (`/v2/change/enqueue`).
//!
//! Refusals have PagerDuty's own shape ([`Refusal`]), because senders parse it. What is refused
//! with 400 is never sent again, so only what the API itself calls required is required; the
//! rest is mended with a warning, and unknown fields are ignored. How events are mapped:
//!
//! | signal | from |
//! |---|---|
//! | `source` | `payload.source` |
//! | `metric` | `payload.class`, else `pagerduty`; of changes `change.pagerduty` |
//! | `service` | `payload.component`, else `payload.group`, else `payload.source` |
//! | `label` | `payload.severity` |
//! | `at` | `payload.timestamp` |
//! | `summary` | `payload.summary` |
//! | `labels` | numbers, texts and booleans of `payload.custom_details`, nested keys joined by dots |
//! | `link` | the first of `links` that can be shown, else `client_url` |
//! | `alert` | `dedup_key` and the state; the caller scopes the key by routing key, as PagerDuty does |
//! | `id` | a hash of the body, if it has a timestamp; otherwise a repetition cannot be told from what is new |
//!
//! A resolve often comes without a payload and then has no signal: the caller knows the alert by
//! its key. An acknowledgement is an act and never has one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use calendar::Instant;
use problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wcore::signal::{Alert, AlertState, Signal};

use crate::json::{body_text, text_of};
use crate::mend::{Mender, SERVICE_UNKNOWN, is_fit_link};
use crate::{check, limit};

/// The metric of an alert without a class, and the source of a change without one.
const UNNAMED: &str = "pagerduty";
/// The metric of changes.
pub const CHANGE_METRIC: &str = "change.pagerduty";
/// What PagerDuty takes for `payload.severity`.
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];
/// How deep details are taken in; what lies deeper is structure, not a label.
const DETAILS_DEPTH_MAX: usize = 3;
/// With what Alertmanager replaces details that would make the event too large.
const DETAILS_REMOVED: &str = "Custom details have been removed";

/// The key of a source, a secret: it is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RoutingKey(String);

impl RoutingKey {
    /// The key itself, for looking it up.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RoutingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutingKey(***)")
    }
}

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The alert fires.
    Trigger,
    /// Somebody or something works on it. Meets a clock only where the policy maps the key to a person.
    Acknowledge,
    /// The alert has ended.
    Resolve,
}

/// An alert event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whose event it is.
    pub routing_key: RoutingKey,
    /// Which alert, within the routing key; made here if a trigger names none. To be answered.
    pub dedup_key: String,
    /// What it asks for.
    pub action: Action,
    /// What it says: always with a trigger, with a resolve only if it has a payload.
    pub signal: Option<Signal>,
    /// What was changed on the way, for self-alerts.
    pub warnings: Vec<Problem>,
}

/// A change event. It never notifies by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose event it is.
    pub routing_key: RoutingKey,
    /// What it says.
    pub signal: Signal,
    /// What was changed on the way, for self-alerts.
    pub warnings: Vec<Problem>,
}

/// A refusal: for us a problem, for the sender the body that PagerDuty answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, with the status of the answer.
    pub problem: Problem,
    /// The body of the answer.
    pub body: RefusalBody,
}

/// What PagerDuty's senders parse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalBody {
    /// One word or two for the kind of refusal.
    pub status: &'static str,
    /// One sentence.
    pub message: &'static str,
    /// What exactly is wrong, at least one.
    pub errors: Vec<String>,
}

/// The event as it stands in the body. Members of any type, since a wrong one is to be named.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    routing_key: Value,
    #[serde(default)]
    event_action: Value,
    #[serde(default)]
    dedup_key: Value,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    links: Value,
    #[serde(default)]
    client_url: Value,
}

/// Reads the body of `/v2/enqueue`.
pub fn read(body: &[u8], now: Instant) -> Result<Event, Refusal> {
    let wire = wire(body)?;
    let mut errors = Vec::new();
    let routing_key = routing_key(&wire, &mut errors);
    let action = match wire.event_action.as_str() {
        Some("trigger") => Action::Trigger,
        Some("acknowledge") => Action::Acknowledge,
        Some("resolve") => Action::Resolve,
        _ => {
            errors.push("'event_action' must be one of trigger, acknowledge, resolve".to_owned());
            Action::Trigger
        }
    };
    let dedup_key = match (key(&wire.dedup_key), action) {
        (Ok(Some(key)), _) => key,
        (Ok(None), Action::Trigger) => made_key(body, now),
        (Ok(None), _) => {
            errors.push("'dedup_key' is missing or blank; this action needs it".to_owned());
            String::new()
        }
        (Err(error), _) => {
            errors.push(error);
            String::new()
        }
    };
    if action == Action::Trigger {
        check_payload(&wire.payload, &["summary", "source", "severity"], &mut errors);
        if !matches!(wire.payload["severity"].as_str(), None | Some("critical" | "error" | "warning" | "info")) {
            errors.push(format!("'payload.severity' must be one of {}", SEVERITIES.join(", ")));
        }
    }
    if !errors.is_empty() {
        return Err(invalid(errors));
    }
    let mut mender = Mender::new(now);
    let state = match action {
        Action::Trigger => Some(AlertState::Firing),
        Action::Resolve if wire.payload.is_object() => Some(AlertState::Resolved),
        Action::Resolve | Action::Acknowledge => None,
    };
    let signal = state.map(|state| Signal {
        alert: Some(Alert { key: dedup_key.clone(), state }),
        ..signal(&wire, body, UNNAMED, &mut mender)
    });
    let warnings = warnings(&wire.payload, &mender);
    Ok(Event { routing_key, dedup_key, action, signal, warnings })
}

/// Reads the body of `/v2/change/enqueue`.
pub fn read_change(body: &[u8], now: Instant) -> Result<Change, Refusal> {
    let wire = wire(body)?;
    let mut errors = Vec::new();
    let routing_key = routing_key(&wire, &mut errors);
    check_payload(&wire.payload, &["summary"], &mut errors);
    if !errors.is_empty() {
        return Err(invalid(errors));
    }
    let mut mender = Mender::new(now);
    let signal =
        Signal { metric: CHANGE_METRIC.to_owned(), label: None, ..signal(&wire, body, CHANGE_METRIC, &mut mender) };
    let warnings = warnings(&wire.payload, &mender);
    Ok(Change { routing_key, signal, warnings })
}

fn wire(body: &[u8]) -> Result<Wire, Refusal> {
    let unrecognized = |problem: Problem, error: &str| Refusal {
        problem,
        body: RefusalBody {
            status: "Unrecognized object",
            message: "Event object format is unrecognized",
            errors: vec![error.to_owned()],
        },
    };
    let text = body_text(body, limit::PAGERDUTY_BODY_BYTES).map_err(|problem| {
        let error = problem.detail.clone();
        unrecognized(problem, &error)
    })?;
    // An array would be taken for an object without names.
    let read = text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    read.ok_or_else(|| {
        let detail = "the body is not a JSON object with each member once";
        unrecognized(Problem::new(&problem::PAGERDUTY_FORMAT, detail), "JSON parse error")
    })
}

fn invalid(errors: Vec<String>) -> Refusal {
    let problem = Problem::new(&problem::PAGERDUTY_FORMAT, errors.join("; "));
    Refusal { problem, body: RefusalBody { status: "invalid event", message: "Event object is invalid", errors } }
}

fn routing_key(wire: &Wire, errors: &mut Vec<String>) -> RoutingKey {
    match key(&wire.routing_key) {
        Ok(Some(key)) => return RoutingKey(key),
        Ok(None) => errors.push("'routing_key' is missing or blank".to_owned()),
        Err(_) => errors.push(format!("'routing_key' must be a text of at most {} characters", limit::ID)),
    }
    RoutingKey(String::new())
}

/// A key as it was sent: it identifies, hence is not mended.
fn key(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => match check::name("dedup_key", Cow::Borrowed(text), limit::ID) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(format!("'dedup_key' must have at most {} characters and no control characters", limit::ID)),
        },
        _ => Err("'dedup_key' must be a text".to_owned()),
    }
}

/// The key of a trigger without one: always a new alert, and yet the same when replayed.
fn made_key(body: &[u8], now: Instant) -> String {
    hash(&[b"key", &now.as_micros().to_be_bytes(), body])
}

/// The first 128 bits of SHA-256, in hexadecimal digits.
fn hash(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn check_payload(payload: &Value, required: &[&str], errors: &mut Vec<String>) {
    if !payload.is_object() {
        errors.push("'payload' is missing or not an object".to_owned());
        return;
    }
    for field in required {
        if said(payload, &[field]).is_none() {
            errors.push(format!("'payload.{field}' is missing or blank"));
        }
    }
}

/// What a payload says, as a signal without its alert.
fn signal(wire: &Wire, body: &[u8], metric: &str, mender: &mut Mender) -> Signal {
    let payload = &wire.payload;
    let occurred_at = said(payload, &["timestamp"]).and_then(|text| mender.time(text));
    let (at, late) = mender.moment(occurred_at);
    Signal {
        id: occurred_at.map(|_| hash(&[b"id", body])),
        source: mender.name(said(payload, &["source"]).unwrap_or(UNNAMED), UNNAMED),
        metric: mender.name(said(payload, &["class"]).unwrap_or(metric), metric),
        service: mender.name(said(payload, &["component", "group", "source"]).unwrap_or_default(), SERVICE_UNKNOWN),
        at,
        label: said(payload, &["severity"]).map(|text| mender.name(text, UNNAMED)),
        summary: said(payload, &["summary"]).map(|text| mender.cut(text, limit::SUMMARY)),
        labels: mender.labels(details(&payload["custom_details"])),
        link: link(wire),
        late,
        ..Signal::default()
    }
}

/// The first of those fields that says something.
fn said<'a>(payload: &'a Value, fields: &[&str]) -> Option<&'a str> {
    fields.iter().filter_map(|field| payload[*field].as_str()).find(|text| !text.trim().is_empty())
}

fn link(wire: &Wire) -> Option<String> {
    let links = wire.links.as_array().into_iter().flatten().map(|link| &link["href"]);
    links.chain([&wire.client_url]).filter_map(Value::as_str).find(|text| is_fit_link(text)).map(str::to_owned)
}

/// Details as labels. PagerDuty also takes a bare text.
fn details(value: &Value) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    if value.is_object() {
        add_details("", value, DETAILS_DEPTH_MAX, &mut labels);
    } else if let Some(text) = text_of(value) {
        labels.insert("details".to_owned(), text);
    }
    labels
}

fn add_details(prefix: &str, value: &Value, depth: usize, labels: &mut BTreeMap<String, String>) {
    for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| !key.is_empty()) {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match text_of(value) {
            Some(text) => drop(labels.insert(name, text)),
            None if depth > 1 => add_details(&name, value, depth - 1, labels),
            None => {}
        }
    }
}

fn warnings(payload: &Value, mender: &Mender) -> Vec<Problem> {
    let mut warnings = mender.warnings();
    let removed = payload["custom_details"]["error"].as_str().is_some_and(|text| text.starts_with(DETAILS_REMOVED));
    if removed {
        let detail = "the sender removed `custom_details`, since the event would have been too large";
        warnings.push(Problem::new(&problem::ALERTS_ADJUSTED, detail));
    }
    warnings
}
