//! The hold of everything outgoing but severity 1.

use axum::Json;
use axum::extract::State;
use calendar::Duration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Viewer;
use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;

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
    app.engine.hold(Duration::from_secs(seconds), &reason, viewer.actor()).await?;
    Ok(show(State(app)).await)
}

/// `DELETE /api/v1/hold`: what was held and is still needed is sent now.
pub(crate) async fn end(State(app): State<App>, viewer: Viewer) -> Result<Json<Value>, Refusal> {
    app.engine.end_hold(viewer.actor()).await?;
    Ok(show(State(app)).await)
}
