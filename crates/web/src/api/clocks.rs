//! Clocks of all incidents.

use axum::Json;
use axum::extract::State;
use journal::{IncidentFilter, IncidentNo};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Params, cursor, limit, list, pair, query, value};
use crate::access::Viewer;
use crate::app::App;
use crate::dto::{ClockDto, SeverityDto};
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Incidents looked through for one page.
const INCIDENTS_MAX: u32 = 200;

/// Which clocks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    state: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/v1/clocks`: by incident, newest first, and within one in the order in which they began.
/// `?state=open` leaves out those that have ended.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(which.limit)? as usize;
    let after = cursor(which.cursor.as_deref(), pair)?;
    let only_open = match which.state.as_deref() {
        None => false,
        Some("open") => true,
        Some(_) => return Err(query("`state` can only be `open`").into()),
    };
    // Clocks of resolved incidents run, too: the review's.
    let filter = IncidentFilter { before: after.map(|(no, _)| IncidentNo(no + 1)), ..IncidentFilter::default() };
    let read = app.engine.read(move |view| Sight::new(view, &viewer).incidents(&filter, INCIDENTS_MAX));
    let incidents = read.await?;
    let rules = app.engine.rules();
    let mut items = Vec::new();
    for incident in &incidents {
        let given = after.filter(|(no, _)| *no == incident.no).map_or(0, |(_, given)| given as usize);
        for (place, clock) in incident.clocks.iter().enumerate().skip(given) {
            if only_open && !clock.is_open() {
                continue;
            }
            if items.len() == limit {
                return Ok(list("clocks", items, Some(format!("{}.{place}", incident.no))));
            }
            let mut item = value(&ClockDto::new(clock));
            item["incident"] = json!(id::incident(incident.no));
            item["severity"] = value(&SeverityDto::new(incident, &rules.policy));
            items.push(item);
        }
    }
    let more = incidents.len() == INCIDENTS_MAX as usize;
    let next = incidents.last().filter(|last| more && last.no > 1).map(|last| format!("{}.0", last.no - 1));
    Ok(list("clocks", items, next))
}
