//! Incidents: list, show, declare; what happened to one, and why it exists.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use engine::StoredEntry;
use journal::{IncidentFilter, IncidentNo};
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::event::Event;
use wcore::incident::Status;
use wcore::raise::Declaration;

use super::{Page, Params, cursor, idempotency, limit, list, pair, query, value};
use crate::access::{Principal, Viewer};
use crate::app::App;
use crate::body::Posted;
use crate::dto::IncidentDto;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Which incidents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    status: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/v1/incidents`, newest first.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(which.limit)?;
    let before = cursor(which.cursor.as_deref(), |text| id::parse_incident(text).ok())?;
    let mut filter = filter(which.status.as_deref())?;
    filter.before = before.map(IncidentNo);
    // One more than asked for tells whether there are more.
    let mut found = app.engine.read(move |view| Sight::new(view, &viewer).incidents(&filter, limit + 1)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|incident| id::incident(incident.no));
    let rules = app.engine.rules();
    let items = found.iter().map(|incident| value(&IncidentDto::new(incident, &rules.policy, &app.config.public_url)));
    Ok(list("incidents", items.collect(), next))
}

fn filter(status: Option<&str>) -> Result<IncidentFilter, Refusal> {
    let mut filter = IncidentFilter::default();
    match status {
        None => {}
        Some("open") => filter.open = Some(true),
        Some("closed") => filter.open = Some(false),
        Some(word) => {
            let known = Status::ALL.into_iter().find(|status| status.word() == word);
            let words = Status::ALL.map(Status::word).join(", ");
            let status = known.ok_or_else(|| query(format!("`status` must be one of open, closed, {words}")))?;
            filter.status = Some(status as u8);
        }
    }
    Ok(filter)
}

/// `GET /api/v1/incidents/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let incident = app.incident(&viewer, id::parse_incident(&id)?).await?;
    let rules = app.engine.rules();
    Ok(Json(value(&IncidentDto::new(&incident, &rules.policy, &app.config.public_url))))
}

/// `POST /api/v1/incidents`: 201 for a new incident, 200 where the declaration joined an open one,
/// and 202 where the caller may not see which.
pub(crate) async fn declare(
    State(app): State<App>,
    principal: Principal,
    (method, uri, headers): (Method, Uri, HeaderMap),
    posted: Posted,
) -> Result<Response, Refusal> {
    let declaration: Declaration = posted.parse()?;
    let key = idempotency::of(&principal, &headers, (&method, &uri), &posted.0)?;
    let applied = app.engine.declare(declaration, principal.viewer.actor(), key).await?;
    if !app.shows(&principal.viewer, &applied.incident).await? {
        // Who declares a restricted incident need not be involved in it, nor learn whether it was open already.
        let answer = Json(json!({ "id": null, "restricted": true }));
        return Ok(idempotency::marked((StatusCode::ACCEPTED, answer).into_response(), applied.replayed));
    }
    let status = if applied.opened { StatusCode::CREATED } else { StatusCode::OK };
    let rules = app.engine.rules();
    let answer = value(&IncidentDto::new(&applied.incident, &rules.policy, &app.config.public_url));
    let location = [("location", format!("/api/v1/incidents/{}", id::incident(applied.no)))];
    Ok(idempotency::marked((status, location, Json(answer)).into_response(), applied.replayed))
}

/// `GET /api/v1/incidents/{id}/timeline`, oldest first.
pub(crate) async fn timeline(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Params(page): Params<Page>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(page.limit)? as usize;
    let after = cursor(page.cursor.as_deref(), pair)?;
    let no = app.incident(&viewer, id::parse_incident(&id)?).await?.no;
    let entries = app.engine.read(move |view| view.timeline(no)).await?;
    let rest: Vec<_> =
        entries.iter().filter(|stored| after.is_none_or(|at| (stored.position, stored.index) > at)).collect();
    let page = &rest[..rest.len().min(limit)];
    let next = page.last().filter(|_| rest.len() > limit).map(|last| format!("{}.{}", last.position, last.index));
    let items = page.iter().map(|stored| {
        let entry = &stored.entry;
        json!({ "position": stored.position, "index": stored.index, "at": entry.at, "by": entry.by, "events": entry.events })
    });
    Ok(list("entries", items.collect(), next))
}

/// `GET /api/v1/incidents/{id}/decision`: why it exists, and what added to it.
pub(crate) async fn decision(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let no = app.incident(&viewer, id::parse_incident(&id)?).await?.no;
    let entries = app.engine.read(move |view| view.timeline(no)).await?;
    Ok(Json(decisions(no, &entries)))
}

/// The decision records of an incident, from its timeline: what opened it, and what added to it.
pub fn decisions(no: u64, entries: &[StoredEntry]) -> Value {
    let mut opened = Value::Null;
    let mut by = Value::Null;
    let mut attached = Vec::new();
    for stored in entries {
        for event in &stored.entry.events {
            match event {
                Event::Opened(event) => {
                    opened = event.decision.as_ref().map_or(Value::Null, super::decisions::record);
                    by = value(&stored.entry.by);
                }
                Event::Attached(event) if attached.len() < ATTACHED_MAX => {
                    attached.push(super::decisions::record(&event.decision));
                }
                _ => {}
            }
        }
    }
    json!({ "incident": id::incident(no), "by": by, "opened": opened, "attached": attached })
}

/// Attached decision records shown; the timeline has them all.
const ATTACHED_MAX: usize = 100;
