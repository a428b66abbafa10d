//! `POST /api/v2/alerts`: in Alertmanager's place, for Prometheus and rulers.
//!
//! What is sent again while it fires has the same id, hence is a duplicate.

use axum::Json;
use axum::extract::{Request, State};
use intake::alertmanager_api::Post;
use intake::limit;
use serde_json::Value;

use super::notified;
use super::way::Way;
use crate::access::Principal;
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// Answers 200 after the commit. Overload is 503: Prometheus counts what it drops, and sends again.
pub(crate) async fn prometheus(
    State(app): State<App>,
    principal: Principal,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let way = Way::enter(&app, "prometheus", &principal, request.uri())?;
    let body = way.hear(body::read(request.into_body(), limit::ALERTMANAGER_BODY_BYTES).await)?;
    let Post { alerts, warnings } = way.hear(intake::alertmanager_api::read(&body, app.engine.now()))?;
    let signals = alerts.into_iter().map(|alert| alert.map(|posted| posted.signal)).collect();
    notified(&way, (signals, warnings), body.len()).await
}
