//! The head of the hash chain, which a later verification is compared with, and for
//! administrators the acts that concern no incident.

use axum::Json;
use axum::extract::State;
use engine::View;
use engine::audit::StoredAct;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::event::Actor;

use super::{Params, cursor, limit, pair};
use crate::access::Viewer;
use crate::app::App;
use crate::refusal::Refusal;
use crate::sight::stored;

/// Acts looked through for one page: some ten milliseconds.
const SCAN_MAX: u32 = 10_000;

/// Which acts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Who did it: a person's id, a token's name, or `watchbell`.
    pub(crate) actor: Option<String>,
    /// What, such as `token.created`.
    pub(crate) what: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) cursor: Option<String>,
}

impl Wanted {
    fn admits(&self, act: &StoredAct) -> bool {
        let asked = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w.is_empty() || w == is);
        asked(&self.actor, actor(&act.act.by)) && asked(&self.what, &act.act.what)
    }
}

/// `GET /api/v1/audit`, newest first.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(wanted.limit)? as usize;
    let before = cursor(wanted.cursor.as_deref(), pair)?;
    let read = app.engine.read(move |view| {
        let head = view.reader().head().map_err(|error| stored(&error))?;
        let acts = if viewer.admin { acts(view, &wanted, (before, limit))? } else { (Vec::new(), None) };
        Ok((head, acts))
    });
    let (head, (acts, next)) = read.await?;
    let hash: String = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Json(json!({
        "position": head.position.0,
        "hash": hash,
        "recorded_at": head.recorded_at,
        "acts": acts.iter().map(shape).collect::<Vec<_>>(),
        "next": next,
    })))
}

/// Acts before a place, and the cursor of what follows.
pub(crate) fn acts(
    view: &View,
    wanted: &Wanted,
    (before, limit): (Option<(u64, u32)>, usize),
) -> Result<(Vec<StoredAct>, Option<String>), Problem> {
    let rows = view.acts(before, SCAN_MAX)?;
    let place = |act: &StoredAct| format!("{}.{}", act.position, act.index);
    let scanned = rows.last().filter(|_| rows.len() == SCAN_MAX as usize).map(place);
    let mut found: Vec<StoredAct> = rows.into_iter().filter(|act| wanted.admits(act)).take(limit + 1).collect();
    let next = if found.len() > limit {
        found.truncate(limit);
        found.last().map(place)
    } else {
        scanned
    };
    Ok((found, next))
}

/// Who, in a word.
pub(crate) fn actor(by: &Actor) -> &str {
    match by {
        Actor::Person(name) | Actor::Machine(name) => name,
        Actor::Watchbell => "watchbell",
    }
}

fn shape(stored: &StoredAct) -> Value {
    json!({
        "position": stored.position,
        "at": stored.at,
        "by": actor(&stored.act.by),
        "what": stored.act.what,
        "about": stored.act.about,
        "note": stored.act.note,
    })
}
