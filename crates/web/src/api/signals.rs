//! Signals as they were stored.
//!
//! What would raise a restricted incident is shown to administrators only: a signal belongs to no
//! incident by itself, so that the policy in force tells which ones those are.

use axum::Json;
use axum::extract::State;
use engine::StoredSignal;
use policy::condition::TextField;
use policy::model::{Policy, TriggerKind};
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
    let stored = app.engine.read(move |view| {
        // The batch of the cursor is read again, since it may hold more; it counts on top.
        let (position, skipped) =
            after.map_or((0, 0), |(position, index)| (position.saturating_sub(1), index.saturating_add(1)));
        let signals = view.signals(position, skipped.saturating_add(limit as u32 + 1))?;
        Ok((signals, engine::retention::reach(view)?))
    });
    let (stored, reach) = stored.await?;
    let first = stored.partition_point(|stored| after.is_some_and(|at| (stored.position, stored.index) <= at));
    let rest = &stored[first..];
    let page = &rest[..rest.len().min(limit)];
    let next = page.last().filter(|_| rest.len() > limit).map(|last| format!("{}.{}", last.position, last.index));
    let rules = app.engine.rules();
    let shown = page.iter().filter(|stored| viewer.admin || !is_restricted(&rules.policy, &stored.signal));
    let Json(mut answer) = list("signals", shown.map(shape).collect(), next);
    // Who begins before that point meets a gap: evidence is there, its neighbours are not.
    if let Some(from) = reach.complete_from.filter(|_| after.is_none_or(|(position, _)| position < reach.signals)) {
        answer["pruned"] = json!({"complete_from": from, "why": "pruned by retention; evidence of decisions is kept"});
    }
    Ok(Json(answer))
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
