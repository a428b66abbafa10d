//! Signing in by a one-time link, and out.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::access::{cookie, cookie_of, ended_cookie};
use crate::app::App;
use crate::pages::outside;
use crate::refusal::Refusal;

/// `GET /sign-in/{code}`: a page with a button. It changes nothing, since mail scanners open links.
pub(crate) async fn ask(State(app): State<App>, Path(code): Path<String>) -> Result<Html<String>, Refusal> {
    let person = app.access.peek_link(&code)?;
    let rules = app.engine.rules();
    let name = rules.roster.people.get(&person).map_or(person.as_str(), |person| &person.name);
    Ok(Html(outside::sign_in(name, &code).into_string()))
}

/// `POST /sign-in/{code}`: uses the link up and begins a session.
pub(crate) async fn enter(State(app): State<App>, Path(code): Path<String>) -> Result<Response, Refusal> {
    let secret = app.access.sign_in(&code).await?;
    let cookie = [(header::SET_COOKIE, cookie(&secret, &app.config.public_url))];
    Ok((cookie, Redirect::to("/")).into_response())
}

/// `POST /sign-out`: ends the session on the server, too.
pub(crate) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(secret) = cookie_of(&headers) {
        app.access.end_session(secret).await?;
    }
    let cookie = [(header::SET_COOKIE, ended_cookie(&app.config.public_url))];
    Ok((cookie, Redirect::to("/")).into_response())
}
