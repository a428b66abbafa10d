//! `/metrics`: the engine's counters and the requests, in Prometheus' text format. One table.
//!
//! No name of a customer, a person or an incident is a label.

use std::fmt;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use engine::Stats;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;

/// Content type of the OpenMetrics text format.
const TEXT: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
/// Upper bounds of request durations, in seconds: from a commit on a fast disk to the time limit.
const DURATIONS_S: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What is counted of a request: the route's template, never the path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// Counters of the HTTP side.
#[derive(Debug)]
pub(crate) struct Meters {
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    rejected: Counter,
}

impl Default for Meters {
    fn default() -> Meters {
        let histogram: fn() -> Histogram = || Histogram::new(DURATIONS_S);
        Meters { requests: Family::new_with_constructor(histogram), rejected: Counter::default() }
    }
}

impl Meters {
    /// A request was answered.
    pub(crate) fn answered(&self, route: &str, status: u16, duration_s: f64) {
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status }).observe(duration_s);
    }

    /// Signals were not taken in.
    pub(crate) fn rejected(&self, count: usize) {
        self.rejected.inc_by(count as u64);
    }
}

enum Kind {
    Counter,
    Gauge,
}

/// A row of the table: name, help, kind, and where the number is.
type Row = (&'static str, &'static str, Kind, fn(&Stats) -> u64);

/// The engine's figures. Counters get the suffix `_total` from the format.
const TABLE: [Row; 18] = [
    ("signals_accepted", "Signals written", Kind::Counter, |s| s.signals_accepted),
    ("signals_duplicate", "Signals dropped because they came before", Kind::Counter, |s| s.signals_duplicate),
    ("batches", "Batches written, one transaction each", Kind::Counter, |s| s.batches),
    ("commit_failures", "Batches that the disk did not take", Kind::Counter, |s| s.commit_failures),
    ("inputs_quarantined", "Inputs set aside because deciding them failed", Kind::Counter, |s| s.quarantined),
    ("commands_applied", "Commands applied", Kind::Counter, |s| s.commands_applied),
    ("commands_refused", "Commands refused", Kind::Counter, |s| s.commands_refused),
    ("incidents_opened", "Incidents opened", Kind::Counter, |s| s.incidents_opened),
    ("clocks_warned", "Warnings given before deadlines", Kind::Counter, |s| s.clocks_warned),
    ("clocks_missed", "Deadlines missed", Kind::Counter, |s| s.clocks_missed),
    ("attempts_delivered", "Attempts that delivered a message", Kind::Counter, |s| s.attempts_delivered),
    ("attempts_retried", "Attempts that failed and are repeated", Kind::Counter, |s| s.attempts_retried),
    ("attempts_dead", "Messages given up", Kind::Counter, |s| s.attempts_dead),
    ("heartbeats_sent", "Heartbeats that the dead-man's switch took", Kind::Counter, |s| s.heartbeats_sent),
    ("heartbeats_failed", "Heartbeats that did not get there", Kind::Counter, |s| s.heartbeats_failed),
    ("queued_bytes", "Bytes of signals that wait to be written", Kind::Gauge, |s| s.queued_bytes),
    ("duplicate_keys", "Keys in the window for duplicates", Kind::Gauge, |s| s.duplicate_keys),
    ("journal_position", "Position of the journal's head", Kind::Gauge, |s| s.position),
];

/// The table over one reading of the counters.
#[derive(Debug)]
struct Snapshot {
    stats: Stats,
    ready: bool,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, kind, read) in &TABLE {
            let count = read(&self.stats);
            match kind {
                Kind::Counter => {
                    let row = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
                    ConstCounter::new(count).encode(row)?;
                }
                Kind::Gauge => {
                    let row = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(row)?;
                }
            }
        }
        let row = encoder.encode_descriptor("ready", "1 where requests are taken", None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.ready)).encode(row)
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let mut registry = Registry::with_prefix("watchbell");
    let snapshot = Snapshot { stats: app.engine.stats(), ready: app.engine.health().ready };
    registry.register_collector(Box::new(snapshot));
    registry.register("http_request_duration_seconds", "Requests by route and status", app.meters.requests.clone());
    registry.register(
        "signals_rejected",
        "Signals not taken in, for what is wrong with them",
        app.meters.rejected.clone(),
    );
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a text does not fail");
    ([(header::CONTENT_TYPE, TEXT)], text)
}
