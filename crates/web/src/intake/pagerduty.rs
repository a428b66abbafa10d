//! `POST /v2/enqueue` and `/v2/change/enqueue`: PagerDuty's Events API, for its many senders.
//!
//! The routing key is a token with `signals:write`, and keys of alerts are kept apart by it. As at
//! PagerDuty, acknowledging or resolving what is not open is accepted and does nothing.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use engine::{Idempotency, View};
use intake::limit;
use intake::pagerduty::{Action, Event, read, read_change};
use intake::redact::name;
use journal::IncidentFilter;
use problem::Problem;
use serde_json::{Value, json};
use wcore::event::Event as Happened;
use wcore::signal::{Alert, AlertState};
use wcore::{Command, Incident, Signal};

use super::take_in;
use super::way::Way;
use crate::access::{Guess, Permission, Principal, Slot};
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;
use crate::serve::Sender;

/// Open incidents among which an alert is looked for.
const OPEN_MAX: u32 = 1_000;
/// Digits of a token's hash that keep its alerts apart from others': no two tokens share them.
const SCOPE_DIGITS: usize = 12;

/// `POST /v2/enqueue`
pub(crate) async fn enqueue(State(app): State<App>, request: Request) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (head, body) = request.into_parts();
    let body = body::read(body, limit::PAGERDUTY_BODY_BYTES).await?;
    let event = read(&body, app.engine.now()).map_err(refused)?;
    let (principal, _slot) = admit(&app, event.routing_key.expose(), Sender::of(&head.extensions, &head.headers))?;
    let way = Way::enter(&app, "pagerduty", &principal, &head.uri)?;
    let key = alert_key(&app, &principal, &event.dedup_key);
    match event.action {
        Action::Acknowledge => acknowledge(&app, &principal, key).await?,
        Action::Trigger | Action::Resolve => {
            if let Some(signal) = said(&app, &event, key).await? {
                take_in(&way, vec![Ok(signal)], body.len()).await?;
            }
        }
    }
    complain(&app, event.warnings);
    let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": event.dedup_key });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `POST /v2/change/enqueue`: a change is a signal, and never notifies by itself.
pub(crate) async fn change(State(app): State<App>, request: Request) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (head, body) = request.into_parts();
    let body = body::read(body, limit::PAGERDUTY_BODY_BYTES).await?;
    let change = read_change(&body, app.engine.now()).map_err(refused)?;
    let (principal, _slot) = admit(&app, change.routing_key.expose(), Sender::of(&head.extensions, &head.headers))?;
    let way = Way::enter(&app, "pagerduty", &principal, &head.uri)?;
    take_in(&way, vec![Ok(change.signal)], body.len()).await?;
    complain(&app, change.warnings);
    Ok((StatusCode::ACCEPTED, Json(json!({ "status": "success", "message": "Change event processed" }))))
}

/// The guard cannot know the sender, since the key stands in the body.
pub(super) fn admit(app: &App, key: &str, Sender(from): Sender) -> Result<(Principal, Slot), Refusal> {
    let recognised = app.access.by_token(key);
    let principal = recognised.map_err(|refusal| app.access.guessed(Guess::Token, from, refusal))?;
    principal.must(Permission::SendSignals)?;
    let max = app.config.in_flight_max;
    let too_many =
        || Problem::new(&problem::IN_FLIGHT_TOO_MANY, format!("{max} requests of this credential are under way"));
    let slot = app.in_flight.enter(&principal.credential, max).ok_or_else(too_many)?;
    Ok((principal, slot))
}

/// The key as it is stored: a trigger, an acknowledgement and a resolve all come to the same one.
fn alert_key(app: &App, principal: &Principal, dedup_key: &str) -> String {
    let scope = principal.credential.trim_start_matches("token:");
    let key = format!("{}/{dedup_key}", scope.get(..SCOPE_DIGITS).unwrap_or(scope));
    let stand_in = |kind: &str, id: &str| app.engine.stand_in(kind, id);
    name::id(&key, name::ALERT, &stand_in).unwrap_or(key)
}

/// What an event says about its alert. A resolve without a payload, which is the usual one, says
/// what the alert said when it fired, except that it has ended.
async fn said(app: &App, event: &Event, key: String) -> Result<Option<Signal>, Problem> {
    if let Some(signal) = &event.signal {
        let alert = signal.alert.as_ref().map(|alert| Alert { key, state: alert.state });
        return Ok(Some(Signal { alert, ..signal.clone() }));
    }
    let fired = app.engine.read(move |view| match firing(view, &key)? {
        Some(incident) => last_signal(view, incident.no, &key),
        None => Ok(None),
    });
    let ended = |signal: Signal| {
        let alert = signal.alert.map(|alert| Alert { state: AlertState::Resolved, ..alert });
        Signal { id: None, at: None, late: false, alert, ..signal }
    };
    Ok(fired.await?.map(ended))
}

/// The open incident in which an alert fires.
fn firing(view: &View, key: &str) -> Result<Option<Incident>, Problem> {
    let filter = IncidentFilter { open: Some(true), ..IncidentFilter::default() };
    let fires = |incident: &Incident| incident.sources.alerts.get(key) == Some(&AlertState::Firing);
    Ok(view.incidents(&filter, OPEN_MAX)?.into_iter().find(fires))
}

/// The last signal by which an alert fired in an incident.
fn last_signal(view: &View, no: u64, key: &str) -> Result<Option<Signal>, Problem> {
    let names = |alerts: &[String]| alerts.iter().any(|alert| alert == key);
    for stored in view.timeline(no)?.iter().rev() {
        for event in &stored.entry.events {
            let decision = match event {
                Happened::Opened(opened) if names(&opened.alerts) => opened.decision.as_ref(),
                Happened::Attached(attached) if names(&attached.alerts) => Some(&attached.decision),
                _ => None,
            };
            // A decision names its first signals only, but its batch holds them all.
            let Some(position) = decision.and_then(|decision| decision.signals.first()).map(|place| place.position)
            else {
                continue;
            };
            let batch = view.signals(position.saturating_sub(1), 1)?;
            let is_it = |signal: &Signal| signal.alert.as_ref().is_some_and(|alert| alert.key == key);
            let found = batch.into_iter().map(|stored| stored.signal).rfind(is_it);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}

/// A sender's acknowledgement is a remark, unless its token is a person's: only people keep promises.
async fn acknowledge(app: &App, principal: &Principal, key: String) -> Result<(), Problem> {
    let known = key.clone();
    let Some(incident) = app.engine.read(move |view| firing(view, &known)).await? else { return Ok(()) };
    let viewer = &principal.viewer;
    let command = match &viewer.person {
        Some(_) => Command::Acknowledge {},
        None => Command::Note {
            text: format!(
                "{} acknowledged its alert. No clock is met by it: its key belongs to no person.",
                viewer.name
            ),
        },
    };
    // Senders repeat themselves; the remark is made once.
    let once = Idempotency {
        scope: principal.credential.clone(),
        key: format!("pagerduty-acknowledge-{}-{key}", incident.no),
        fingerprint: 0,
    };
    app.engine.command(incident.no, command, viewer.actor(), Some(once)).await.map(drop)
}

fn complain(app: &App, warnings: Vec<Problem>) {
    for warning in warnings {
        app.engine.complain(warning);
    }
}

/// A refusal in PagerDuty's words.
fn refused(refusal: intake::pagerduty::Refusal) -> Refusal {
    Refusal::from(refusal.problem)
        .with("status", json!(refusal.body.status))
        .with("message", json!(refusal.body.message))
        .with("errors", json!(refusal.body.errors))
}
