//! Access itself: tokens, and one-time links by which people sign in. For administrators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calendar::Duration;
use engine::audit::Act;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Page, Params, cursor, limit, list};
use crate::access::{Token, Viewer};
use crate::app::App;
use crate::body::Posted;
use crate::refusal::Refusal;

/// How long a sign-in link works: time to find the mail on the phone.
const LINK_LIFETIME: Duration = Duration::from_mins(60);

/// `POST /api/v1/tokens`: the only answer that holds the secrets.
pub(crate) async fn create(
    State(app): State<App>,
    viewer: Viewer,
    posted: Posted,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (id, secret, token) = app.access.create_token(posted.parse()?, viewer.actor()).await?;
    let mut item = shape(&id, &token);
    item["token"] = json!(secret);
    if let Some(secret) = &token.signing_secret {
        item["signing_secret"] = json!(secret.tell());
    }
    Ok((StatusCode::CREATED, Json(item)))
}

/// `GET /api/v1/tokens`, newest first.
pub(crate) async fn index(State(app): State<App>, Params(page): Params<Page>) -> Result<Json<Value>, Refusal> {
    let limit = limit(page.limit)? as usize;
    let tokens = app.access.list_tokens();
    let first = cursor(page.cursor.as_deref(), |id| tokens.iter().position(|(other, _)| other == id))?;
    let rest = &tokens[first.map_or(0, |at| at + 1)..];
    let page = &rest[..rest.len().min(limit)];
    let next = page.last().filter(|_| rest.len() > limit).map(|(id, _)| id.clone());
    Ok(list("tokens", page.iter().map(|(id, token)| shape(id, token)).collect(), next))
}

/// `DELETE /api/v1/tokens/{id}`
pub(crate) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.access.delete_token(&id, viewer.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom a link is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLink {
    person: String,
    #[serde(default)]
    admin: bool,
}

/// `POST /api/v1/sign-in-links`
pub(crate) async fn create_link(
    State(app): State<App>,
    viewer: Viewer,
    posted: Posted,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let wish: NewLink = posted.parse()?;
    let path = match wish.admin {
        true => app.access.administrator_link(&wish.person, LINK_LIFETIME).await?,
        false => app.access.one_time_link(&wish.person, LINK_LIFETIME).await?,
    };
    let rights = if wish.admin { "with an administrator's rights" } else { "" };
    app.engine.note(Act::new(viewer.actor(), "sign-in-link.created", wish.person.clone()).noting(rights)).await?;
    let expires_at = app.engine.now() + LINK_LIFETIME;
    let url = format!("{}{path}", app.config.public_url);
    Ok((StatusCode::CREATED, Json(json!({ "person": wish.person, "url": url, "expires_at": expires_at }))))
}

fn shape(id: &str, token: &Token) -> Value {
    json!({
        "id": id,
        "name": token.name,
        "scopes": token.scopes,
        "person": token.person,
        "source": token.source,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last4": token.last4,
        "signed": token.signing_secret.is_some(),
    })
}
