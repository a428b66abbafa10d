//! The head of the hash chain: what a later verification is compared with.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::refusal::Refusal;
use crate::sight::stored;

/// `GET /api/v1/audit`
pub(crate) async fn head(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    let head = app.engine.read(|view| view.reader().head().map_err(|error| stored(&error))).await?;
    let hash: String = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Json(json!({ "position": head.position.0, "hash": hash, "recorded_at": head.recorded_at })))
}
