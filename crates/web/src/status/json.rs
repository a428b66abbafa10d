//! Statuspage's public API, version 2: the shapes that aggregators and libraries read.
//!
//! Enumerations have their values and no others; maintenances are not kept here, so that their
//! lists are empty.

use calendar::Instant;
use serde_json::{Value, json};

use super::board::{Board, Component, Incident, State, Update};

/// A document: its path, and how it is made.
pub(crate) type Document = (&'static str, fn(&Board) -> Value);

/// Every document. Routes and the export derive from it.
pub(crate) const DOCUMENTS: [Document; 8] = [
    ("/api/v2/status.json", |board| json!({ "page": page(board), "status": status(board) })),
    ("/api/v2/summary.json", summary),
    ("/api/v2/components.json", |board| json!({ "page": page(board), "components": components(board) })),
    ("/api/v2/incidents.json", |board| json!({ "page": page(board), "incidents": incidents(board, &board.incidents) })),
    (
        "/api/v2/incidents/unresolved.json",
        |board| json!({ "page": page(board), "incidents": incidents(board, board.unresolved()) }),
    ),
    ("/api/v2/scheduled-maintenances.json", maintenances),
    ("/api/v2/scheduled-maintenances/active.json", maintenances),
    ("/api/v2/scheduled-maintenances/upcoming.json", maintenances),
];

fn summary(board: &Board) -> Value {
    json!({
        "page": page(board),
        "components": components(board),
        "incidents": incidents(board, board.unresolved()),
        "scheduled_maintenances": [],
        "status": status(board),
    })
}

fn maintenances(board: &Board) -> Value {
    json!({ "page": page(board), "scheduled_maintenances": [] })
}

fn page(board: &Board) -> Value {
    json!({
        "id": board.id,
        "name": board.organization,
        "url": format!("{}/status", board.url),
        "time_zone": "Etc/UTC",
        "updated_at": time(board.updated_at),
    })
}

fn status(board: &Board) -> Value {
    let indicator = board.impact().map_or("none", |impact| impact.word());
    json!({ "indicator": indicator, "description": board.description() })
}

fn components(board: &Board) -> Vec<Value> {
    (1..).zip(&board.components).map(|(place, one)| component(board, one, place)).collect()
}

fn component(board: &Board, one: &Component, position: u32) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "status": one.state.word(),
        "created_at": time(one.created_at),
        "updated_at": time(one.updated_at),
        "position": position,
        "description": null,
        "showcase": false,
        "start_date": null,
        "group_id": null,
        "page_id": board.id,
        "group": false,
        "only_show_if_degraded": false,
    })
}

fn incidents<'a>(board: &Board, list: impl IntoIterator<Item = &'a Incident>) -> Vec<Value> {
    list.into_iter().map(|one| incident(board, one)).collect()
}

fn incident(board: &Board, one: &Incident) -> Value {
    let own = |component: &&Component| one.component.as_ref() == Some(&component.name);
    let affected: Vec<Value> =
        (1..).zip(&board.components).filter(|(_, c)| own(c)).map(|(place, c)| component(board, c, place)).collect();
    json!({
        "id": one.id,
        "name": one.name,
        "status": one.phase.word(),
        "created_at": time(one.created_at),
        "updated_at": time(one.updated_at),
        "monitoring_at": one.monitoring_at.map(time),
        "resolved_at": one.resolved_at.map(time),
        "impact": one.impact.word(),
        "shortlink": format!("{}/status#{}", board.url, one.id),
        "started_at": time(one.created_at),
        "page_id": board.id,
        "incident_updates": updates(board, one),
        "components": affected,
        "reminder_intervals": null,
    })
}

/// Newest first, each with what it changed about the component.
fn updates(board: &Board, one: &Incident) -> Vec<Value> {
    let component = one.component.as_deref().and_then(|name| board.component(name));
    let state = |update: &Update| State::under(&Incident { phase: update.phase, ..one.clone() });
    let shape = |(place, told): (usize, &Update)| {
        let before = one.updates.get(place + 1).map_or(State::Operational, state);
        let change = |component: &Component| {
            json!([{
                "code": component.id, "name": component.name,
                "old_status": before.word(), "new_status": state(told).word(),
            }])
        };
        json!({
            "id": told.id,
            "status": told.phase.word(),
            "body": told.marked_text(),
            "incident_id": one.id,
            "created_at": time(told.at),
            "updated_at": time(told.at),
            "display_at": time(told.at),
            "affected_components": component.map(change),
            "deliver_notifications": false,
            "custom_tweet": null,
            "tweet_id": null,
        })
    };
    one.updates.iter().enumerate().map(shape).collect()
}

/// ISO 8601 with milliseconds, as clients expect.
fn time(at: Instant) -> String {
    at.timestamp().strftime("%FT%H:%M:%S.%3fZ").to_string()
}
