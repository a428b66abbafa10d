//! Alertmanager's webhook, version 4: each alert of a notification becomes a signal.
//!
//! A strange sender is read leniently: fields that are not needed are ignored, and what can be
//! mended is mended with a warning, because Alertmanager drops what is refused. How signals are
//! mapped:
//!
//! | signal | from |
//! |---|---|
//! | `id` | `fingerprint/startsAt/status`: repeated notifications are duplicates by themselves |
//! | `source` | `alertmanager` |
//! | `metric` | label `alertname`, else `alert` |
//! | `service` | label `service`, else label `job`, else the receiver's name |
//! | `at` | `startsAt` while firing, `endsAt` once resolved; none for Go's zero time |
//! | `summary` | annotation `summary`, else `description` |
//! | `labels` | the labels |
//! | `link` | `generatorURL`, if it is an http or https link |
//! | `alert` | `fingerprint`, and the state of the alert itself, never the group's |

use std::borrow::Cow;

use calendar::Instant;
use problem::Problem;
use serde::Deserialize;
use serde_json::value::RawValue;
use wcore::signal::Signal;

use crate::alert::{Reader, lost};
use crate::json::{Text, body_text, malformed};
use crate::mend::Mender;
use crate::{Rejected, limit};

/// The source of signals from Alertmanager.
pub const SOURCE: &str = "alertmanager";

/// What one notification holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its alerts, in order; each stands for itself.
    pub signals: Vec<Result<Signal, Rejected>>,
    /// What was lost or changed on the way, for self-alerts. Nothing was refused for it.
    pub warnings: Vec<Problem>,
}

/// The notification as a whole; alerts are read one by one.
#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    receiver: Option<Text<'a>>,
    #[serde(rename = "truncatedAlerts")]
    truncated_alerts: Option<u64>,
    #[serde(borrow)]
    alerts: Option<Vec<&'a RawValue>>,
}

/// Reads a notification. `Err` refuses it whole.
pub fn read(body: &[u8], now: Instant) -> Result<Notification, Problem> {
    let text = body_text(body, limit::ALERTMANAGER_BODY_BYTES)?;
    let group = group(text)?;
    let receiver = group.receiver.map_or(Cow::Borrowed(""), |text| text.0);
    let alerts = group.alerts.unwrap_or_default();
    let code = &problem::ALERTMANAGER_FORMAT;
    let mut reader = Reader { source: SOURCE, otherwise: &receiver, code, mender: Mender::new(now) };
    let mut read =
        |(index, raw): (usize, &&RawValue)| reader.notified(raw).map_err(|problem| Rejected { index, problem });
    let signals = alerts.iter().take(limit::ALERTS).enumerate().map(&mut read).collect();
    let mut warnings = lost(group.truncated_alerts.unwrap_or(0), alerts.len().saturating_sub(limit::ALERTS));
    warnings.append(&mut reader.mender.warnings());
    Ok(Notification { signals, warnings })
}

/// Parses what surrounds the alerts, and tells other senders where they belong.
fn group(text: &str) -> Result<Group<'_>, Problem> {
    if text.starts_with('[') {
        return Err(wrong("an array of alerts is what Prometheus sends; its path is `/api/v2/alerts`"));
    }
    let group: Group<'_> = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => wrong("the body must be an object with `version` and `receiver` as texts, `truncatedAlerts` as a number and `alerts` as an array, each once"),
        false => malformed(&error, 0),
    })?;
    match group.version.as_ref().map(|version| version.0.as_ref()) {
        Some("4") => {}
        Some("1") => return Err(wrong("`version` is \"1\", as in Grafana's webhook; its path is `/intake/grafana`")),
        Some(_) => return Err(wrong("`version` must be \"4\"")),
        None => return Err(wrong("`version` is missing; it must be \"4\"")),
    }
    if group.alerts.is_none() {
        return Err(wrong("`alerts` is missing; a custom `payload` of the receiver needs to keep it"));
    }
    Ok(group)
}

fn wrong(detail: &str) -> Problem {
    Problem::new(&problem::ALERTMANAGER_FORMAT, detail)
}
