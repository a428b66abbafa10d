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
use std::collections::BTreeMap;

use calendar::Instant;
use problem::Problem;
use serde::Deserialize;
use serde_json::value::RawValue;
use wcore::signal::{Alert, AlertState, Signal};

use crate::json::{Text, body_text, kind, malformed};
use crate::{Rejected, check, limit};

/// The source of signals from Alertmanager.
pub const SOURCE: &str = "alertmanager";
/// The metric of an alert without a name.
const METRIC_UNNAMED: &str = "alert";
/// The labels that name the service, in order of preference.
const SERVICE_LABELS: [&str; 2] = ["service", "job"];
/// The annotations that make the summary, in order of preference.
const SUMMARY_ANNOTATIONS: [&str; 2] = ["summary", "description"];
/// The service of an alert that names none, through a receiver without a name.
const SERVICE_UNKNOWN: &str = "unknown";

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAlert<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    fingerprint: Option<Text<'a>>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    #[serde(borrow)]
    starts_at: Option<Text<'a>>,
    #[serde(borrow)]
    ends_at: Option<Text<'a>>,
    #[serde(borrow, rename = "generatorURL")]
    generator_url: Option<Text<'a>>,
}

/// What the alerts of one notification have in common, and what was mended in them.
struct Reader<'a> {
    now: Instant,
    receiver: &'a str,
    shortened: usize,
    from_future: usize,
}

/// Reads a notification. `Err` refuses it whole.
pub fn read(body: &[u8], now: Instant) -> Result<Notification, Problem> {
    let text = body_text(body, limit::ALERTMANAGER_BODY_BYTES)?;
    let group = group(text)?;
    let receiver = group.receiver.map_or(Cow::Borrowed(""), |text| text.0);
    let alerts = group.alerts.unwrap_or_default();
    let mut reader = Reader { now, receiver: &receiver, shortened: 0, from_future: 0 };
    let mut read =
        |(index, raw): (usize, &&RawValue)| reader.signal(raw).map_err(|problem| Rejected { index, problem });
    let signals = alerts.iter().take(limit::ALERTS).enumerate().map(&mut read).collect();
    let beyond = alerts.len().saturating_sub(limit::ALERTS);
    let warnings = reader.warnings(group.truncated_alerts.unwrap_or(0), beyond);
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

impl Reader<'_> {
    fn signal(&mut self, raw: &RawValue) -> Result<Signal, Problem> {
        let wire: WireAlert<'_> = serde_json::from_str(raw.get()).map_err(|_| unreadable(raw))?;
        let key = wire.fingerprint.ok_or_else(|| wrong("`fingerprint` is missing"))?;
        let key = check::name("fingerprint", key.0, limit::NAME)?;
        let state = match wire.status.as_ref().map(|status| status.0.as_ref()) {
            Some("firing") => AlertState::Firing,
            Some("resolved") => AlertState::Resolved,
            _ => return Err(wrong("`status` must be `firing` or `resolved`")),
        };
        let starts_at = instant("startsAt", wire.starts_at)?;
        let (occurred_at, word) = match state {
            AlertState::Firing => (starts_at, "firing"),
            AlertState::Resolved => (instant("endsAt", wire.ends_at)?, "resolved"),
        };
        let start = starts_at.map_or_else(String::new, |at| at.to_string());
        let (at, late) = self.moment(occurred_at);
        let labels = wire.labels.unwrap_or_default();
        let annotations = wire.annotations.unwrap_or_default();
        let metric = labels.get("alertname").map_or(METRIC_UNNAMED, String::as_str);
        let service = first_of(&labels, &SERVICE_LABELS).unwrap_or(match self.receiver {
            "" => SERVICE_UNKNOWN,
            receiver => receiver,
        });
        Ok(Signal {
            id: Some(format!("{key}/{start}/{word}")),
            source: SOURCE.to_owned(),
            metric: self.name(metric, METRIC_UNNAMED),
            service: self.name(service, SERVICE_UNKNOWN),
            at,
            summary: first_of(&annotations, &SUMMARY_ANNOTATIONS).map(|text| cut(text, limit::SUMMARY)),
            labels: self.labels(labels),
            link: wire.generator_url.map(|text| text.0).filter(|text| is_fit_link(text)).map(Cow::into_owned),
            alert: Some(Alert { key, state }),
            late,
            ..Signal::default()
        })
    }

    /// A time ahead of us counts from arrival: refusing the alert would lose a page.
    fn moment(&mut self, occurred_at: Option<Instant>) -> (Option<Instant>, bool) {
        match occurred_at {
            Some(at) if at.since(self.now) > limit::AHEAD => {
                self.from_future += 1;
                (None, false)
            }
            Some(at) => (Some(at), self.now.since(at) > limit::LATE),
            None => (None, false),
        }
    }

    /// A name of ours out of a label's value.
    fn name(&mut self, value: &str, otherwise: &str) -> String {
        let clean = value.replace(|c: char| c.is_control(), " ");
        match clean.trim() {
            "" => otherwise.to_owned(),
            name => self.cut(name, limit::NAME),
        }
    }

    fn labels(&mut self, labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let fits = |(key, value): (&String, &String)| {
            !check::is_longer(key, limit::LABEL_KEY) && !check::is_longer(value, limit::LABEL_VALUE)
        };
        if labels.len() <= limit::LABELS && labels.iter().all(fits) {
            return labels;
        }
        self.shortened += labels.len().saturating_sub(limit::LABELS);
        let shorten =
            |(key, value): (String, String)| (self.cut(&key, limit::LABEL_KEY), self.cut(&value, limit::LABEL_VALUE));
        labels.into_iter().take(limit::LABELS).map(shorten).collect()
    }

    fn cut(&mut self, text: &str, chars_max: usize) -> String {
        self.shortened += usize::from(check::is_longer(text, chars_max));
        cut(text, chars_max)
    }

    fn warnings(&self, truncated: u64, beyond: usize) -> Vec<Problem> {
        let lost = &problem::ALERTS_TRUNCATED;
        let changed = &problem::ALERTS_ADJUSTED;
        let limit = limit::ALERTS;
        [
            (truncated > 0, lost, format!("alerts cut off by Alertmanager (`truncatedAlerts`): {truncated}")),
            (beyond > 0, lost, format!("alerts beyond the first {limit}, not taken in: {beyond}")),
            (self.shortened > 0, changed, format!("names or labels shortened or left out: {}", self.shortened)),
            (self.from_future > 0, changed, format!("alerts that lie in the future: {}", self.from_future)),
        ]
        .into_iter()
        .filter_map(|(applies, code, detail)| applies.then(|| Problem::new(code, detail)))
        .collect()
    }
}

/// Why an alert could not be parsed. Its values must not be quoted.
fn unreadable(raw: &RawValue) -> Problem {
    match kind(raw) {
        "an object" => wrong("every field must be a text, `labels` and `annotations` objects of texts, each once"),
        other => wrong(&format!("an alert must be an object, found {other}")),
    }
}

/// A time of the alert; Go's zero time, or any before 2000, stands for none.
fn instant(field: &str, text: Option<Text<'_>>) -> Result<Option<Instant>, Problem> {
    let Some(Text(text)) = text else { return Ok(None) };
    let at = Instant::parse(&text).map_err(|_| wrong(&format!("`{field}` is not an RFC 3339 time")))?;
    Ok((at >= limit::EARLIEST).then_some(at))
}

fn wrong(detail: &str) -> Problem {
    Problem::new(&problem::ALERTMANAGER_FORMAT, detail)
}

fn first_of<'a>(texts: &'a BTreeMap<String, String>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().filter_map(|key| texts.get(*key)).map(String::as_str).find(|text| !text.trim().is_empty())
}

fn is_fit_link(text: &str) -> bool {
    check::is_link(text) && !check::is_longer(text, limit::LINK)
}

/// The text, or its beginning and an ellipsis.
fn cut(text: &str, chars_max: usize) -> String {
    if !check::is_longer(text, chars_max) {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}
