//! Whether the server lives and takes requests, and the clock of test servers.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use calendar::Duration;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;

/// The longest step of a test clock: every due instant on the way is walked through.
const ADVANCE_MAX: Duration = Duration::from_hours(366 * 24);

/// `GET /livez`: the process answers. Restart it where it does not.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can write. Send it nothing where it cannot. With `?verbose` also the figures of
/// the heartbeat, null where the journal cannot be read.
pub(crate) async fn ready(State(app): State<App>, RawQuery(query): RawQuery) -> (StatusCode, Json<Value>) {
    let health = app.engine.health();
    let reason = match (&health.failing, health.stopping, health.ready) {
        (Some(failing), _, _) => Some(failing.clone()),
        (None, true, _) => Some("it is shutting down".to_owned()),
        (None, false, false) => Some("it is starting".to_owned()),
        (None, false, true) => None,
    };
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({
        "ready": reason.is_none(),
        "reason": reason,
        "position": health.position,
        "last_commit_at": health.last_commit_at,
    });
    if query.is_some_and(|query| query.split('&').any(|word| word == "verbose")) {
        body["pulse"] = json!(app.engine.pulse().await.ok());
    }
    (status, Json(body))
}

/// `GET /dev/clock`, on test servers only.
pub(crate) async fn clock(State(app): State<App>) -> Json<Value> {
    Json(json!({ "now": app.engine.now() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: Duration,
}

/// `POST /dev/clock {"advance": "15m"}`, on test servers only: walks through everything that falls due.
pub(crate) async fn advance(State(app): State<App>, posted: Posted) -> Result<Json<Value>, Refusal> {
    let Advance { advance } = posted.parse()?;
    if advance.is_negative() || advance > ADVANCE_MAX {
        let detail = format!("`advance` must lie between 0 and {ADVANCE_MAX:#}");
        return Err(Problem::new(&problem::TIME_INVALID, detail).into());
    }
    let now = app.engine.advance(advance).await?;
    Ok(Json(json!({ "now": now })))
}
