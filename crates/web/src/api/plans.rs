//! Plans: what other documents would change, bringing them into force, and what was in force when.
//!
//! A plan changes nothing. Running incidents keep the policy that they opened under, so that it lists
//! their clocks as they are, beside what the candidate would promise.

use axum::Json;
use axum::extract::{Path, State};
use engine::{Documents, Origin, Reign, Rules, Versions, View};
use journal::IncidentFilter;
use lab::{Change, changes, resets, roster_changes};
use policy::model::Policy;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use similar::TextDiff;
use wcore::Incident;
use wcore::event::Actor;

use super::value;
use crate::access::{Principal, Viewer};
use crate::app::App;
use crate::body::PostedDocuments;
use crate::id;
use crate::refusal::Refusal;

/// Versions that are looked through: years of changes, and some megabytes.
const VERSIONS_MAX: u32 = 200;
/// Open incidents whose clocks a plan lists.
const INCIDENTS_MAX: u32 = 200;
/// Longest reason, in characters: it is kept for ever.
const REASON_MAX: usize = 500;

/// What should be in force; what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    policy: Option<String>,
    roster: Option<String>,
}

/// A plan that was read, and why it should come into force.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    base: Versions,
    policy: Option<String>,
    roster: Option<String>,
    reason: String,
}

/// `POST /api/v1/policy/plan`
pub(crate) async fn plan(State(app): State<App>, posted: PostedDocuments) -> Result<Json<Value>, Refusal> {
    let Candidate { policy, roster } = posted.0.parse()?;
    let rules = app.engine.rules();
    let now = rules.documents.clone();
    let after = Documents {
        policy: policy.unwrap_or_else(|| now.policy.clone()),
        roster: roster.unwrap_or_else(|| now.roster.clone()),
    };
    let loaded = after.load();
    let sources = [
        policy::Source { name: "policy.yaml", text: &after.policy },
        policy::Source { name: "roster.yaml", text: &after.roster },
    ];
    let mut plan = json!({
        "base": Versions::of(&now),
        "candidate": Versions::of(&after),
        "documents": after,
        "differs": now != after,
        "valid": loaded.policy.is_some() && loaded.roster.is_some(),
        "diagnostics": policy::to_json(&loaded.diagnostics, &sources),
        "text": {
            "policy": unified(&now.policy, &after.policy, "policy.yaml"),
            "roster": unified(&now.roster, &after.roster, "roster.yaml"),
        },
    });
    if let (Some(policy), Some(roster)) = (loaded.policy, loaded.roster) {
        let mut found = changes(&rules.policy, &policy);
        found.extend(roster_changes(&rules.roster, &roster));
        plan["changes"] = found.iter().map(change).collect();
        plan["resets"] = json!(resets(&rules.policy, &policy));
        plan["open"] = app.engine.read(move |view| open(view, &policy)).await?;
    }
    Ok(Json(plan))
}

/// `POST /api/v1/policy/apply`
pub(crate) async fn apply(
    State(app): State<App>,
    principal: Principal,
    posted: PostedDocuments,
) -> Result<Json<Value>, Refusal> {
    let Wish { base, policy, roster, reason } = posted.0.parse()?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        let detail = format!("`reason` must say why, in at most {REASON_MAX} characters");
        return Err(Problem::new(&problem::TEXT_INVALID, detail).into());
    }
    let now = app.engine.rules().documents.clone();
    let documents = Documents { policy: policy.unwrap_or(now.policy), roster: roster.unwrap_or(now.roster) };
    let rules = Rules::compile(documents).map_err(|found| {
        let first = found.into_iter().find(|found| found.severity == policy::Level::Error);
        Problem::new(&problem::PLAN_INVALID, first.map(|first| first.message).unwrap_or_default())
    })?;
    let in_force = json!({ "policy": rules.policy.id, "roster": rules.roster.id });
    app.engine.activate(rules, principal.viewer.actor(), Origin::Applied { base, reason }).await?;
    Ok(Json(json!({ "in_force": in_force })))
}

/// `GET /api/v1/policy/versions`, newest first.
pub(crate) async fn versions(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    let reigns = app.engine.read(|view| view.reigns(VERSIONS_MAX)).await?;
    Ok(Json(json!({ "versions": reigns.iter().map(shape).collect::<Vec<_>>() })))
}

/// `GET /api/v1/policy/versions/{version}`: the newest with that policy. The roster's text holds addresses,
/// which are for administrators.
pub(crate) async fn version(
    State(app): State<App>,
    viewer: Viewer,
    Path(version): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let reigns = app.engine.read(|view| view.reigns(VERSIONS_MAX)).await?;
    let found = reigns.iter().find(|reign| Versions::of(&reign.documents).policy == version);
    let unknown = || Problem::new(&problem::VERSION_UNKNOWN, format!("`{}`", id::shown(&version)));
    let reign = found.ok_or_else(unknown)?;
    let mut answer = shape(reign);
    answer["text"] = json!({
        "policy": reign.documents.policy,
        "roster": viewer.admin.then_some(&reign.documents.roster),
    });
    Ok(Json(answer))
}

fn shape(reign: &Reign) -> Value {
    let by = reign.by.as_ref().map(|by| match by {
        Actor::Person(name) | Actor::Machine(name) => name.as_str(),
        Actor::Watchbell => "watchbell",
    });
    let Versions { policy, roster } = Versions::of(&reign.documents);
    json!({ "policy": policy, "roster": roster, "at": reign.at, "by": by, "reason": reign.reason })
}

fn change(change: &Change) -> Value {
    let mut shaped = value(change);
    shaped["line"] = json!(change.line());
    shaped
}

/// The differences of two texts as a patch; empty where there are none.
fn unified(from: &str, to: &str, name: &str) -> String {
    if from == to {
        return String::new();
    }
    TextDiff::from_lines(from, to).unified_diff().header(name, name).to_string()
}

/// Open incidents with their clocks: none of them moves.
fn open(view: &View, candidate: &Policy) -> Result<Value, Problem> {
    let incidents: Vec<Incident> = view.incidents(&IncidentFilter::default(), INCIDENTS_MAX)?;
    let mut listed = Vec::new();
    for incident in &incidents {
        let targets = candidate.targets(&incident.class, incident.severity);
        let clocks: Vec<Value> = incident
            .clocks
            .iter()
            .filter(|clock| clock.is_open())
            .map(|clock| {
                let promised = lab::promised(&targets, &clock.id.kind);
                json!({
                    "clock": lab::clock(&clock.id.kind),
                    "due_at": clock.due_at,
                    "stays": true,
                    "candidate": promised.map(|target| lab::target(&target)),
                })
            })
            .collect();
        if !clocks.is_empty() {
            listed.push(json!({ "incident": id::incident(incident.no), "policy": incident.policy, "clocks": clocks }));
        }
    }
    Ok(json!(listed))
}
