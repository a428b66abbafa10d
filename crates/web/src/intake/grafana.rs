//! `POST` and `PUT /intake/grafana`: Grafana's webhook contact point, signed where its token is.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use intake::alertmanager::Notification;
use intake::grafana::{SIGNATURE_HEADER, SignedHeaders};
use intake::limit;
use serde_json::Value;

use super::notified;
use super::way::Way;
use crate::access::Principal;
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// The header in which Grafana must be told to put the time that it signs. A request without it is
/// verified by its body alone; taking it off a request spoils the signature.
const TIMESTAMP_HEADER: &str = "X-Grafana-Alerting-Timestamp";

/// Answers 200 after the commit. A token with a signing secret asks for the signature.
pub(crate) async fn grafana(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let way = Way::enter(&app, "grafana", &principal, request.uri())?;
    let body = way.hear(body::read(request.into_body(), limit::ALERTMANAGER_BODY_BYTES).await)?;
    let now = app.engine.now();
    if let Some(secret) = app.access.signing_secret(&principal) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let signed = SignedHeaders {
            signature: text(SIGNATURE_HEADER).unwrap_or_default(),
            timestamp: headers.contains_key(TIMESTAMP_HEADER).then(|| text(TIMESTAMP_HEADER).unwrap_or_default()),
        };
        way.hear(intake::grafana::verify(secret.expose(), &signed, &body, now))?;
    }
    let Notification { signals, warnings } = way.hear(intake::grafana::read(&body, now))?;
    notified(&way, (signals, warnings), body.len()).await
}
