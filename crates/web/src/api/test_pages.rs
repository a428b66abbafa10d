//! Test pages: whether a page would arrive, shown by one that does.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use engine::Delivery;
use journal::DeliveryState;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query;
use crate::access::Viewer;
use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;

/// Seconds for which outcomes are waited for where nothing else is said.
const WAIT_S: u64 = 10;
/// The most: requests end after 30 s.
const WAIT_MAX_S: u64 = 25;
/// How often outcomes are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Whom to page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    person: String,
    wait_s: Option<u64>,
}

/// `POST /api/v1/test-pages`: answers when every contact has an outcome, or after `wait_s`.
pub(crate) async fn create(State(app): State<App>, viewer: Viewer, posted: Posted) -> Result<Json<Value>, Refusal> {
    let Wish { person, wait_s } = posted.parse()?;
    let wait = wait_s.unwrap_or(WAIT_S);
    if wait > WAIT_MAX_S {
        return Err(query(format!("`wait_s` is at most {WAIT_MAX_S}")).into());
    }
    let id = app.engine.test_page(&person, viewer.actor()).await?;
    let found = outcomes(&app, &person, &id, Duration::from_secs(wait)).await?;
    let contacts: Vec<Value> = found.iter().map(shape).collect();
    Ok(Json(json!({ "id": id, "person": person, "contacts": contacts })))
}

/// What becomes of one, waited for a while.
async fn outcomes(app: &App, person: &str, id: &str, wait: Duration) -> Result<Vec<Delivery>, Problem> {
    let end = tokio::time::Instant::now() + wait;
    loop {
        let (person, id) = (person.to_owned(), id.to_owned());
        let found = app.engine.read(move |view| view.test_page(&person, &id)).await?;
        let settled = found.iter().all(|delivery| delivery.state != DeliveryState::Pending);
        if (settled && !found.is_empty()) || tokio::time::Instant::now() >= end {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn shape(delivery: &Delivery) -> Value {
    let took = delivery.attempted_at.map(|at| at.since(delivery.created_at));
    json!({
        "delivery": delivery.id, "channel": delivery.channel, "address": delivery.address,
        "state": delivery.state.name(), "outcome": delivery.outcome, "attempts": delivery.attempts,
        "took_ms": took.map(|took| took.as_millis()),
    })
}
