//! `GET /api/v1/sources`: the ways in, and what came by each since the server started.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::list;
use crate::app::App;
use crate::source::{Source, all, keys};

/// Everything at once: there are as many as products in use.
pub(crate) async fn index(State(app): State<App>) -> Json<Value> {
    list("sources", all(&app).iter().map(|source| shape(&app, source)).collect(), None)
}

fn shape(app: &App, source: &Source) -> Value {
    let account = &source.account;
    let now = app.engine.now();
    json!({
        "name": source.name,
        "title": source.title,
        "declared": source.declared,
        "url": source.url,
        "keys": keys(app, &source.name).len(),
        "per_minute": source.per_minute,
        "left": source.per_minute.map(|per_minute| account.left(per_minute, now)),
        "received": account.received,
        "duplicates": account.duplicates,
        "rejected": account.rejected,
        "last_received_at": account.last_at,
        "last_rejects": account.rejects,
    })
}
