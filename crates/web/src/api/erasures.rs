//! Erasing what customers said in signals: found first, and erased only when asked for in earnest.

use axum::Json;
use axum::extract::State;
use engine::Selection;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::signal::Unit;

use crate::access::Principal;
use crate::app::App;
use crate::body::Posted;
use crate::id;
use crate::refusal::Refusal;

/// Ids of signals that an answer lists; the number counts them all.
const LISTED_MAX: usize = 100;
/// Longest reason, in characters: it is kept for ever.
const REASON_MAX: usize = 500;

/// What is to be erased: one of the three, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    signal: Option<String>,
    incident: Option<String>,
    unit: Option<Unit>,
    reason: String,
    /// Only look what it would be.
    #[serde(default)]
    preview: bool,
}

/// `POST /api/v1/erasures`
pub(crate) async fn create(
    State(app): State<App>,
    principal: Principal,
    posted: Posted,
) -> Result<Json<Value>, Refusal> {
    let wish: Wish = posted.parse()?;
    let reason = reason(&wish.reason)?;
    let found = app.engine.erasable(selection(&wish)?).await?;
    let signals = found.signals();
    let places = found.places.iter().flat_map(|(position, here)| here.iter().map(move |index| (*position, *index)));
    let ids: Vec<String> = places.take(LISTED_MAX).map(|(position, index)| id::signal(position, index)).collect();
    let incidents: Vec<String> = found.incidents.iter().map(|no| id::incident(*no)).collect();
    let erases = !wish.preview && signals > 0;
    if erases {
        app.engine.erase(found, reason, principal.viewer.actor()).await?;
    }
    Ok(Json(json!({"erased": erases, "signals": signals, "ids": ids, "incidents": incidents})))
}

fn reason(given: &str) -> Result<String, Problem> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > REASON_MAX {
        return Err(invalid(format!("`reason` must say why, in at most {REASON_MAX} characters")));
    }
    Ok(given.to_owned())
}

fn selection(wish: &Wish) -> Result<Selection, Problem> {
    match (&wish.signal, &wish.incident, &wish.unit) {
        (Some(signal), None, None) => {
            let (position, index) = id::parse_signal(signal)
                .ok_or_else(|| invalid(format!("`{}` is no signal's id, such as SIG-12-0", id::shown(signal))))?;
            Ok(Selection::Signal { position, index })
        }
        (None, Some(incident), None) => Ok(Selection::Incident(id::parse_incident(incident)?)),
        (None, None, Some(unit)) => Ok(Selection::Unit(unit.clone())),
        _ => Err(invalid("name one of `signal`, `incident` and `unit`".to_owned())),
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(&problem::TEXT_INVALID, detail)
}
