//! Playbooks, for programs: those that come with Watchbell, and the policy's own.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::app::App;
use crate::pages::playbooks::find;
use crate::refusal::Refusal;

/// `GET /api/v1/playbooks`: all of them, each with the classes that name it. They are few.
pub(crate) async fn index(State(app): State<App>) -> Json<Value> {
    let rules = app.engine.rules();
    let policy = &rules.policy;
    let row = |id: &str| {
        let classes: Vec<&str> = policy.classes_of(id).collect();
        let playbook = policy.playbook(id)?;
        Some(json!({
            "id": id, "title": playbook.title, "summary": playbook.summary, "steps": playbook.steps.len(),
            "classes": classes, "related": playbook.related, "maps": playbook.maps,
        }))
    };
    let rows = policy.playbooks.keys().filter_map(|id| row(id)).collect();
    super::list("playbooks", rows, None)
}

/// `GET /api/v1/playbooks/{id}`
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let rules = app.engine.rules();
    let playbook = find(&rules.policy, &id)?;
    let mut value = super::value(playbook);
    value["classes"] = rules.policy.classes_of(&id).collect();
    Ok(Json(value))
}
