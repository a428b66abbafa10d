//! Where signals come in. The hot path: the body is parsed where it arrived, and the answer
//! follows the commit.
//!
//! Good signals are taken in though others of the request are not. A request of which nothing at
//! all can be taken in is refused, so that its sender notices. Formats are read by the crate
//! `intake`; here stands what needs the engine, such as which incident a sender's key means.

pub(crate) mod flood;
mod grafana;
pub(crate) mod heartbeat;
mod pagerduty;
mod prometheus;
pub(crate) mod way;
mod webhook;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use intake::alertmanager::Notification;
use intake::{Rejected, limit};
use problem::Problem;
use serde_json::{Value, json};
use wcore::Signal;

use crate::access::Principal;
use crate::app::App;
use crate::body;
use crate::id;
use crate::refusal::Refusal;
use way::Way;

pub(crate) use grafana::grafana;
pub(crate) use heartbeat::heartbeat;
pub(crate) use pagerduty::{change, enqueue};
pub(crate) use prometheus::prometheus;
pub(crate) use webhook::webhook;

/// Most rejections listed in an answer, so that it stays smaller than the request.
const REJECTED_SHOWN_MAX: usize = 1_000;

/// `POST /v1/signals`
pub(crate) async fn native(
    State(app): State<App>,
    principal: Principal,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let way = Way::enter(&app, "native", &principal, request.uri())?;
    let body = way.hear(body::read(request.into_body(), limit::BODY_BYTES).await)?;
    let read = way.hear(intake::native::read(&body, app.engine.now()))?;
    let answer = take_in(&way, read, body.len()).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `POST /intake/alertmanager`: 2xx only after the commit; what was mended or lost is complained about.
pub(crate) async fn alertmanager(
    State(app): State<App>,
    principal: Principal,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let way = Way::enter(&app, "alertmanager", &principal, request.uri())?;
    let body = way.hear(body::read(request.into_body(), limit::ALERTMANAGER_BODY_BYTES).await)?;
    let Notification { signals, warnings } = way.hear(intake::alertmanager::read(&body, app.engine.now()))?;
    notified(&way, (signals, warnings), body.len()).await
}

/// Takes a notification in, and complains about what was mended or lost.
async fn notified(
    way: &Way<'_>,
    (signals, warnings): (Vec<Result<Signal, Rejected>>, Vec<Problem>),
    bytes: usize,
) -> Result<Json<Value>, Refusal> {
    let mut answer = take_in(way, signals, bytes).await?;
    if !warnings.is_empty() {
        answer["warnings"] = Value::Array(warnings.iter().map(shape).collect());
    }
    for warning in warnings.into_iter().filter(|_| !way.test) {
        way.app.engine.complain(warning);
    }
    Ok(Json(answer))
}

async fn take_in(way: &Way<'_>, read: Vec<Result<Signal, Rejected>>, bytes: usize) -> Result<Value, Refusal> {
    let app = way.app;
    let Sorted { mut signals, rejected } = sort(app, read);
    if way.test {
        let rejected: Vec<Value> = rejected.iter().take(REJECTED_SHOWN_MAX).map(rejection).collect();
        return Ok(json!({ "test": true, "understood": way.explain(&signals), "rejected": rejected }));
    }
    app.meters.rejected(rejected.len());
    if !rejected.is_empty() {
        let problems: Vec<Problem> = rejected.iter().map(|rejected| rejected.problem.clone()).collect();
        app.ledger.rejected(way.name, &problems, app.engine.now());
    }
    let shown = || Value::Array(rejected.iter().take(REJECTED_SHOWN_MAX).map(rejection).collect());
    if let (true, Some(first)) = (signals.is_empty(), rejected.first()) {
        let detail = format!("signal {}: {}", first.index, first.problem.detail);
        return Err(Refusal::from(Problem::new(first.problem.code, detail)).with("rejected", shown()));
    }
    let (accepted, duplicates, incidents) = match signals.is_empty() {
        true => (0, 0, Vec::new()),
        false => {
            way.admit(&signals)?;
            way.contain(&mut signals);
            let accepted = app.engine.signals(signals, bytes).await?;
            app.ledger.received(way.name, (accepted.accepted, accepted.duplicates), app.engine.now());
            (accepted.accepted, accepted.duplicates, accepted.incidents)
        }
    };
    let incidents: Vec<String> = incidents.into_iter().map(id::incident).collect();
    Ok(json!({ "accepted": accepted, "duplicates": duplicates, "rejected": shown(), "incidents": incidents }))
}

/// Reads a body as the source of that name would, and takes nothing in.
pub(crate) fn understand(app: &App, name: &str, body: &[u8]) -> Result<Sorted, Problem> {
    let now = app.engine.now();
    let read = match name {
        "native" => intake::native::read(body, now)?,
        "alertmanager" => intake::alertmanager::read(body, now)?.signals,
        "grafana" => intake::grafana::read(body, now)?.signals,
        "prometheus" => {
            let alerts = intake::alertmanager_api::read(body, now)?.alerts;
            alerts.into_iter().map(|alert| alert.map(|posted| posted.signal)).collect()
        }
        "pagerduty" => {
            let event = intake::pagerduty::read(body, now).map_err(|refusal| refusal.problem)?;
            event.signal.into_iter().map(Ok).collect()
        }
        declared => {
            intake::mapping::read(body, &webhook::declared(&app.engine.rules(), declared)?.mapping, now)?.signals
        }
    };
    Ok(sort(app, read))
}

/// What a body came to.
pub(crate) struct Sorted {
    /// As triggers would see them.
    pub(crate) signals: Vec<Signal>,
    /// What cannot be taken in.
    pub(crate) rejected: Vec<Rejected>,
}

/// Good signals, redacted, apart from the others.
pub(crate) fn sort(app: &App, read: Vec<Result<Signal, Rejected>>) -> Sorted {
    let stand_in = |kind: &str, id: &str| app.engine.stand_in(kind, id);
    let mut sorted = Sorted { signals: Vec::with_capacity(read.len()), rejected: Vec::new() };
    for one in read {
        match one {
            Ok(mut signal) => {
                // Before anything is decided: triggers see exactly what is stored.
                intake::redact::signal(&mut signal, &stand_in);
                sorted.signals.push(signal);
            }
            Err(one) => sorted.rejected.push(one),
        }
    }
    sorted
}

fn rejection(rejected: &Rejected) -> Value {
    let mut item = shape(&rejected.problem);
    item["index"] = json!(rejected.index);
    item
}

fn shape(problem: &Problem) -> Value {
    json!({ "code": problem.code.id, "message": format!("{}: {}", problem.code.title, problem.detail) })
}
