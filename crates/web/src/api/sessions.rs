//! Sessions: one's own, and for administrators everybody's.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Page, Params, cursor, limit, list};
use crate::access::Viewer;
use crate::app::App;
use crate::refusal::Refusal;

/// `GET /api/v1/sessions`, newest first.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(page): Params<Page>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(page.limit)? as usize;
    // A program has no sessions, and sees nobody's unless it administers.
    let whose = viewer.person.as_deref().unwrap_or_default();
    let sessions = app.access.list_sessions((!viewer.admin).then_some(whose));
    let first = cursor(page.cursor.as_deref(), |id| sessions.iter().position(|(other, _)| other == id))?;
    let rest = &sessions[first.map_or(0, |at| at + 1)..];
    let page = &rest[..rest.len().min(limit)];
    let next = page.last().filter(|_| rest.len() > limit).map(|(id, _)| id.clone());
    let items = page.iter().map(|(id, session)| {
        json!({
            "id": id,
            "person": session.person,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
        })
    });
    Ok(list("sessions", items.collect(), next))
}

/// `DELETE /api/v1/sessions/{id}`
pub(crate) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.access.revoke_session(&viewer, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
