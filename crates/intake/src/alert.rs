//! The alert objects that Prometheus, Alertmanager and Grafana have in common, and what of a
//! signal follows from their labels and annotations.
//!
//! What surrounds the alerts, and which states they have, is the business of each format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use calendar::Instant;
use problem::{Code, Problem};
use serde::Deserialize;
use serde_json::value::RawValue;
use wcore::signal::{Alert, AlertState, Signal};

use crate::check;
use crate::json::{Text, kind};
use crate::limit;
use crate::mend::{Mender, SERVICE_UNKNOWN, cut, first_of, is_fit_link};

/// The metric of an alert without a name.
const METRIC_UNNAMED: &str = "alert";
/// The labels that name the service, in order of preference.
const SERVICE_LABELS: [&str; 2] = ["service", "job"];
/// The annotations that make the summary, in order of preference.
const SUMMARY_ANNOTATIONS: [&str; 2] = ["summary", "description"];

/// An alert as it stands in the body. Fields that only one sender has are optional like the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    pub(crate) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) fingerprint: Option<Text<'a>>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
    #[serde(borrow)]
    pub(crate) starts_at: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) ends_at: Option<Text<'a>>,
    #[serde(borrow, rename = "generatorURL")]
    pub(crate) generator_url: Option<Text<'a>>,
    #[serde(borrow, rename = "panelURL")]
    pub(crate) panel_url: Option<Text<'a>>,
    #[serde(borrow, rename = "dashboardURL")]
    pub(crate) dashboard_url: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) values: Option<&'a RawValue>,
}

/// What the alerts of one body have in common, and what was mended in them.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'static str,
    /// The service of an alert whose labels name none.
    pub(crate) otherwise: &'a str,
    /// With what a misshapen alert is refused.
    pub(crate) code: &'static Code,
    pub(crate) mender: Mender,
}

impl Reader<'_> {
    /// Parses one element of the list of alerts.
    pub(crate) fn wire<'b>(&self, raw: &'b RawValue) -> Result<Wire<'b>, Problem> {
        // Its values must not be quoted.
        serde_json::from_str(raw.get()).map_err(|_| match kind(raw) {
            "an object" => {
                self.wrong("every field must be a text, `labels` and `annotations` objects of texts, each once")
            }
            other => self.wrong(&format!("an alert must be an object, found {other}")),
        })
    }

    /// An alert of a notification, which names its state and its fingerprint.
    pub(crate) fn notified(&mut self, raw: &RawValue) -> Result<Signal, Problem> {
        let mut wire = self.wire(raw)?;
        let key = wire.fingerprint.take().ok_or_else(|| self.wrong("`fingerprint` is missing"))?;
        let key = check::name("fingerprint", key.0, limit::NAME)?;
        let state = match wire.status.as_ref().map(|status| status.0.as_ref()) {
            Some("firing") => AlertState::Firing,
            Some("resolved") => AlertState::Resolved,
            _ => return Err(self.wrong("`status` must be `firing` or `resolved`")),
        };
        let starts_at = self.instant("startsAt", wire.starts_at.take())?;
        let occurred_at = match state {
            AlertState::Firing => starts_at,
            AlertState::Resolved => self.instant("endsAt", wire.ends_at.take())?,
        };
        Ok(self.signal(wire, Alert { key, state }, starts_at, occurred_at))
    }

    /// The signal of an alert. Its id tells repetitions from what is new.
    pub(crate) fn signal(
        &mut self,
        wire: Wire<'_>,
        alert: Alert,
        starts_at: Option<Instant>,
        occurred_at: Option<Instant>,
    ) -> Signal {
        let word = match alert.state {
            AlertState::Firing => "firing",
            AlertState::Resolved => "resolved",
        };
        let start = starts_at.map_or_else(String::new, |at| at.to_string());
        let (at, late) = self.mender.moment(occurred_at);
        let labels = wire.labels.unwrap_or_default();
        let annotations = wire.annotations.unwrap_or_default();
        let metric = labels.get("alertname").map_or(METRIC_UNNAMED, String::as_str);
        let service = first_of(&labels, &SERVICE_LABELS).unwrap_or(match self.otherwise {
            "" => SERVICE_UNKNOWN,
            otherwise => otherwise,
        });
        let links = [wire.generator_url, wire.panel_url, wire.dashboard_url];
        Signal {
            id: Some(format!("{}/{start}/{word}", alert.key)),
            source: self.source.to_owned(),
            metric: self.mender.name(metric, METRIC_UNNAMED),
            service: self.mender.name(service, SERVICE_UNKNOWN),
            at,
            value: wire.values.and_then(only_value),
            summary: first_of(&annotations, &SUMMARY_ANNOTATIONS).map(|text| cut(text, limit::SUMMARY)),
            labels: self.mender.labels(labels),
            link: links.into_iter().flatten().map(|text| text.0).find(|text| is_fit_link(text)).map(Cow::into_owned),
            alert: Some(alert),
            late,
            ..Signal::default()
        }
    }

    /// A time of the alert; Go's zero time, or any before 2000, stands for none.
    pub(crate) fn instant(&self, field: &str, text: Option<Text<'_>>) -> Result<Option<Instant>, Problem> {
        let Some(Text(text)) = text else { return Ok(None) };
        let at = Instant::parse(&text).map_err(|_| self.wrong(&format!("`{field}` is not an RFC 3339 time")))?;
        Ok((at >= limit::EARLIEST).then_some(at))
    }

    pub(crate) fn wrong(&self, detail: &str) -> Problem {
        Problem::new(self.code, detail)
    }
}

/// The number of an alert whose rule has one; of several none is *the* value.
fn only_value(raw: &RawValue) -> Option<f64> {
    let values: BTreeMap<String, f64> = serde_json::from_str(raw.get()).ok()?;
    match values.len() {
        1 => values.into_values().next(),
        _ => None,
    }
}

/// Warnings of a list of alerts: those that were cut off by the sender, and those beyond our limit.
pub(crate) fn lost(truncated: u64, beyond: usize) -> Vec<Problem> {
    let problem = |detail| Problem::new(&problem::ALERTS_TRUNCATED, detail);
    let by_sender = format!("alerts cut off by the sender (`truncatedAlerts`): {truncated}");
    let by_us = format!("alerts beyond the first {}, not taken in: {beyond}", limit::ALERTS);
    [(truncated > 0, by_sender), (beyond > 0, by_us)]
        .into_iter()
        .filter_map(|(applies, detail)| applies.then(|| problem(detail)))
        .collect()
}
