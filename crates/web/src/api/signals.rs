//! Signals as they were stored.
//!
//! What would raise a restricted incident is shown to administrators only: a signal belongs to no
//! incident by itself, so that the policy in force tells which ones those are.

use axum::Json;
use axum::extract::State;
use engine::{StoredSignal, View};
use policy::condition::TextField;
use policy::model::{Policy, TriggerKind};
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::Signal;

use super::{Params, cursor, list, pair, query, value};
use crate::access::Viewer;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;

/// Signals of a page that does not say otherwise.
const LIMIT: u32 = 100;
/// Most signals of a page: a megabyte of ordinary ones.
const LIMIT_MAX: u32 = 1_000;

/// Signals looked through for one page: some tens of milliseconds.
const SCAN_MAX: usize = 20_000;

/// Where a signal stands: position and index.
type Place = (u64, u32);

/// Which signals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/v1/signals`, in recorded order.
pub(crate) async fn index(
    State(app): State<App>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Json<Value>, Refusal> {
    let limit = match which.limit.unwrap_or(LIMIT) {
        limit @ 1..=LIMIT_MAX => limit as usize,
        _ => return Err(query(format!("`limit` must lie between 1 and {LIMIT_MAX}")).into()),
    };
    let after = cursor(which.cursor.as_deref(), pair)?;
    let rules = app.engine.rules();
    let stored = app.engine.read(move |view| {
        let shows = |signal: &Signal| viewer.admin || !is_restricted(&rules.policy, signal);
        Ok((page(view, (after, limit), shows)?, engine::retention::reach(view)?))
    });
    let ((page, next), reach) = stored.await?;
    let next = next.map(|(position, index)| format!("{position}.{index}"));
    let Json(mut answer) = list("signals", page.iter().map(shape).collect(), next);
    // Who begins before that point meets a gap: evidence is there, its neighbours are not.
    if let Some(from) = reach.complete_from.filter(|_| after.is_none_or(|(position, _)| position < reach.signals)) {
        answer["pruned"] = json!({"complete_from": from, "why": "pruned by retention; evidence of decisions is kept"});
    }
    Ok(Json(answer))
}

/// Signals after a place that are shown, and the cursor of what follows: pages are full while there are more,
/// or end where enough was looked through.
fn page(
    view: &View,
    (after, limit): (Option<Place>, usize),
    shows: impl Fn(&Signal) -> bool,
) -> Result<(Vec<StoredSignal>, Option<Place>), Problem> {
    // The batch of the cursor is read again, since it may hold more.
    let mut position = after.map_or(0, |(position, _)| position.saturating_sub(1));
    let (mut found, mut scanned): (Vec<StoredSignal>, usize) = (Vec::new(), 0);
    let place = |stored: &StoredSignal| (stored.position, stored.index);
    loop {
        let read = view.signals(position, limit as u32 + 1)?;
        let Some(last) = read.last().map(place) else { return Ok((found, None)) };
        scanned += read.len();
        position = last.0;
        for stored in read.into_iter().filter(|stored| after.is_none_or(|at| place(stored) > at)) {
            if !shows(&stored.signal) {
                continue;
            }
            if found.len() == limit {
                let next = found.last().map(place);
                return Ok((found, next));
            }
            found.push(stored);
        }
        // A batch larger than that, whose end the cursor is, must not lead to itself.
        if scanned >= SCAN_MAX && after.is_none_or(|at| last > at) {
            return Ok((found, Some(last)));
        }
    }
}

fn shape(stored: &StoredSignal) -> Value {
    let mut item = value(&stored.signal);
    item["external_id"] = item["id"].take();
    item["id"] = json!(id::signal(stored.position, stored.index));
    item["position"] = json!(stored.position);
    item["erased"] = json!(stored.erased);
    item["recorded_at"] = json!(stored.recorded_at);
    item
}

/// Whether this signal may belong to a restricted incident: some trigger of such a class looks at
/// its metric. Whether it fires is not asked, since an all-clear or another label of the same
/// conversation tells as much.
fn is_restricted(policy: &Policy, signal: &Signal) -> bool {
    let restricted = |class: &str| policy.class(class).is_some_and(|class| class.restricted);
    policy.triggers.iter().filter(|trigger| restricted(&trigger.raise.class)).any(|trigger| match &trigger.kind {
        TriggerKind::When(when) | TriggerKind::Count { when, .. } => {
            when.holds(signal) || when.compared_with(TextField::Metric).contains(&signal.metric.as_str())
        }
        TriggerKind::Rate { metric, .. } | TriggerKind::Absence { metric, .. } => *metric == signal.metric,
    })
}
