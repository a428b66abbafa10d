//! Accounts of people. For administrators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calendar::Duration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::list;
use crate::access::{Role, Viewer};
use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;

/// How long the link to choose a password works: until the person is back at work.
const LINK_LIFETIME: Duration = Duration::from_hours(72);

/// A wish for an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    person: String,
    role: Role,
}

/// `GET /api/v1/users`, by person; all of them, since a workspace has few.
pub(crate) async fn index(State(app): State<App>) -> Json<Value> {
    let lacks = app.access.lacks();
    let shape = |account: crate::access::Account| {
        json!({
            "lacks": lacks.get(&account.person),
            "person": account.person,
            "role": account.role,
            "created_at": account.created_at,
            "has_password": account.password.is_some(),
        })
    };
    let Json(mut answer) = list("users", app.access.list_accounts().into_iter().map(shape).collect(), None);
    // Those without an account are in no list, and asked all the same.
    answer["lacks"] = json!(lacks.values().collect::<Vec<_>>());
    Json(answer)
}

/// `POST /api/v1/users`: an account with that role, new or not, and a link to choose a password.
/// Until the link is used, a password that was chosen before goes on working.
pub(crate) async fn put(
    State(app): State<App>,
    viewer: Viewer,
    posted: Posted,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let NewUser { person, role } = posted.parse()?;
    let is_new = app.access.role_of(&person).is_none();
    let account = app.access.put_account(&person, role, viewer.actor()).await?;
    let path = app.access.password_link(&person, LINK_LIFETIME).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = json!({
        "person": account.person,
        "role": account.role,
        "lacks": app.access.lacks().get(&account.person),
        "url": format!("{}{path}", app.config.public_url),
        "expires_at": app.engine.now() + LINK_LIFETIME,
    });
    Ok((status, Json(answer)))
}

/// `DELETE /api/v1/users/{person}`: their sessions end at once.
pub(crate) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    Path(person): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.access.remove_account(&person, viewer.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
