//! Messages to people: on their way, arrived, or given up.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::Instant;
use engine::Delivery;
use journal::{DeliveryFilter, DeliveryPlace, DeliveryState, IncidentNo};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Params, cursor, limit, list, query};
use crate::access::Viewer;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Which deliveries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    incident: Option<String>,
    state: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/v1/deliveries`, newest first.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(which.limit)?;
    let filter = DeliveryFilter {
        incident: which.incident.as_deref().map(id::parse_incident).transpose()?.map(IncidentNo),
        person: None,
        state: which.state.as_deref().map(state).transpose()?,
        before: cursor(which.cursor.as_deref(), place)?,
    };
    let read = app.engine.read(move |view| {
        let mut found = Sight::new(view, &viewer).deliveries(&filter, limit + 1)?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(cursor_of);
        Ok((found.iter().map(|delivery| shape(delivery, &viewer)).collect(), next))
    });
    let (items, next) = read.await?;
    Ok(list("deliveries", items, next))
}

fn shape(delivery: &Delivery, viewer: &Viewer) -> Value {
    // Addresses are private: one's own, and administrators' business.
    let own = viewer.person.as_ref() == Some(&delivery.person);
    json!({
        "id": delivery.id,
        "incident": delivery.incident.map(id::incident),
        "severity": delivery.severity,
        "person": delivery.person,
        "channel": delivery.channel,
        "address": (own || viewer.admin).then_some(&delivery.address),
        "state": delivery.state.name(),
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "attempted_at": delivery.attempted_at,
        "next_attempt_at": delivery.next_attempt_at,
        "outcome": delivery.outcome,
        "subject": delivery.subject,
        "text": delivery.text,
        "link": delivery.link,
    })
}

fn state(word: &str) -> Result<DeliveryState, Refusal> {
    let known = DeliveryState::ALL.into_iter().find(|state| state.name() == word);
    let words = DeliveryState::ALL.map(DeliveryState::name).join(", ");
    known.ok_or_else(|| query(format!("`state` must be one of {words}")).into())
}

/// Instant and id, in one word that needs no escaping.
fn cursor_of(delivery: &Delivery) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", delivery.created_at.as_micros(), delivery.id))
}

fn place(text: &str) -> Option<DeliveryPlace> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (micros, id) = decoded.split_once(' ')?;
    Some(DeliveryPlace { created_at: Instant::from_micros(micros.parse().ok()?), id: id.to_owned() })
}
