//! `GET` and `POST /heartbeat/{key}`: a job says that it lives. Cron and a plain `curl` can do that.
//!
//! The key is all that a request says: it was made for one heartbeat of the policy. What comes of a
//! heartbeat that stays away is the core's business.

use axum::Json;
use axum::extract::{Path, Request, State};
use policy::model::Heartbeat;
use problem::Problem;
use serde_json::{Value, json};
use wcore::Signal;

use super::pagerduty::admit;
use super::way::Way;
use crate::app::App;
use crate::refusal::Refusal;
use crate::serve::Sender;

/// What the names of heartbeats begin with among sources.
pub(crate) const PREFIX: &str = "heartbeat:";
/// The source of their signals.
const SOURCE: &str = "heartbeat";
/// The label of a heartbeat.
const ALIVE: &str = "alive";
/// What a heartbeat counts in the queue, in bytes.
const BYTES: usize = 64;

/// Answers 200 after the commit, with the time by which the next must come.
pub(crate) async fn heartbeat(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (principal, _slot) = admit(&app, &key, Sender::of(request.extensions(), request.headers()))?;
    let source = principal.source.clone().unwrap_or_default();
    let rules = app.engine.rules();
    let name = source.strip_prefix(PREFIX);
    let unknown = || Problem::new(&problem::HEARTBEAT_UNKNOWN, "it was made for no heartbeat of the policy in force");
    let (name, declared) = name.and_then(|name| rules.policy.heartbeats.get_key_value(name)).ok_or_else(unknown)?;
    let way = Way::enter(&app, &source, &principal, request.uri())?;
    let signal = Signal {
        source: SOURCE.to_owned(),
        metric: Heartbeat::metric(name),
        service: declared.service.clone(),
        label: Some(ALIVE.to_owned()),
        ..Signal::default()
    };
    super::take_in(&way, vec![Ok(signal)], BYTES).await?;
    let next_by = app.engine.now() + declared.every + declared.grace;
    Ok(Json(json!({ "heartbeat": name, "next_by": next_by })))
}
