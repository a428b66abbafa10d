//! Decision records across incidents: why triggers fired, and what observing ones would have raised.

use axum::Json;
use axum::extract::State;
use journal::{EventPlace, Position, StoredEvent};
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::decision::Decision;
use wcore::event::Event;

use super::{Page, Params, cursor, limit, list, pair};
use crate::access::Viewer;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::{Sight, unreadable};

/// Journal rows looked through for one page: some ten milliseconds.
const SCAN_MAX: u32 = 10_000;
/// Kind of the journal's rows that say what an observing trigger would have raised.
const OBSERVED: &str = "observed";

/// What an observing trigger would have raised.
#[derive(Deserialize)]
struct Observed {
    class: String,
    decision: Decision,
}

/// `GET /api/v1/decisions`, oldest first.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(page): Params<Page>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(page.limit)? as usize;
    let after = cursor(page.cursor.as_deref(), pair)?;
    let after = after.map(|(position, index)| EventPlace { position: Position(position), index }).unwrap_or_default();
    let rules = app.engine.rules();
    let restricted = move |class: &str| rules.policy.class(class).is_some_and(|class| class.restricted);
    let read = app.engine.read(move |view| {
        let mut sight = Sight::new(view, &viewer);
        let rows = sight.rows(after, SCAN_MAX)?;
        let mut items = Vec::new();
        let mut last = None;
        for row in &rows {
            let mut more: Vec<Value> = observed(row, |class| viewer.admin || !restricted(class))?.into_iter().collect();
            more.extend(effective(row, &mut sight)?);
            // That there is more is said only where it is shown.
            if items.len() >= limit && !more.is_empty() {
                return Ok((items, last));
            }
            if items.len() < limit {
                items.extend(more);
                last = Some(row.place);
            }
        }
        let scanned = rows.last().map(|row| row.place).filter(|_| rows.len() == SCAN_MAX as usize);
        Ok((items, scanned))
    });
    let (items, next) = read.await?;
    Ok(list("decisions", items, next.map(|place| format!("{}.{}", place.position, place.index))))
}

/// The decision records that opened or joined an incident.
fn effective(row: &StoredEvent, sight: &mut Sight<'_>) -> Result<Vec<Value>, Problem> {
    let Some((no, entry)) = sight.entry(row)? else { return Ok(Vec::new()) };
    let decisions = entry.events.iter().filter_map(|event| match event {
        Event::Opened(opened) => Some(("opened", opened.decision.as_ref()?)),
        Event::Attached(attached) => Some(("attached", &attached.decision)),
        _ => None,
    });
    let place = |(effect, decision)| placed(decision, row, effect, Some(no));
    Ok(decisions.map(place).collect())
}

fn observed(row: &StoredEvent, shows: impl Fn(&str) -> bool) -> Result<Option<Value>, Problem> {
    if row.event.kind != OBSERVED {
        return Ok(None);
    }
    let observed: Observed = serde_json::from_slice(&row.event.body).map_err(|error| unreadable(&error))?;
    Ok(shows(&observed.class).then(|| placed(&observed.decision, row, "observed", None)))
}

fn placed(decision: &Decision, row: &StoredEvent, effect: &str, incident: Option<u64>) -> Value {
    let mut record = record(decision);
    record["effect"] = json!(effect);
    record["incident"] = json!(incident.map(id::incident));
    record["at"] = json!(row.recorded_at);
    record
}

/// A decision record in the API.
pub(crate) fn record(decision: &Decision) -> Value {
    let signals: Vec<String> = decision.signals.iter().map(|place| id::signal(place.position, place.index)).collect();
    json!({
        "trigger": decision.trigger,
        "policy_version": decision.policy,
        "clause": decision.clause,
        "statement": decision.statement,
        "count": decision.count,
        "first_at": decision.first_at,
        "last_at": decision.last_at,
        "signals": signals,
    })
}
