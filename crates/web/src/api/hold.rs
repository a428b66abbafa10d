//! The hold of everything outgoing but severity 1.

use axum::Json;
use axum::extract::State;
use calendar::Duration;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::event::Actor;

use crate::access::Viewer;
use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// A wish to hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    seconds: i64,
    reason: String,
}

/// `GET /api/v1/hold`
pub(crate) async fn show(State(app): State<App>) -> Json<Value> {
    let hold = app.engine.held();
    let shape =
        |hold: engine::Hold| json!({ "by": hold.by, "reason": hold.reason, "since": hold.since, "until": hold.until });
    Json(json!({ "hold": hold.map(shape) }))
}

/// `POST /api/v1/hold`
pub(crate) async fn begin(State(app): State<App>, viewer: Viewer, posted: Posted) -> Result<Json<Value>, Refusal> {
    let Wish { seconds, reason } = posted.parse()?;
    announce(&app, viewer.actor(), (Duration::from_secs(seconds), reason)).await?;
    Ok(show(State(app)).await)
}

/// Begins a hold. Everybody reads the reason, so that it does not name restricted incidents.
pub(crate) async fn announce(app: &App, by: Actor, (length, reason): (Duration, String)) -> Result<(), Problem> {
    let read = app.engine.read(move |view| Sight::new(view, &Viewer::anybody()).masked(&reason));
    app.engine.hold(length, &read.await?, by).await
}

/// `DELETE /api/v1/hold`: what was held and is still needed is sent now.
pub(crate) async fn end(State(app): State<App>, viewer: Viewer) -> Result<Json<Value>, Refusal> {
    app.engine.end_hold(viewer.actor()).await?;
    Ok(show(State(app)).await)
}
