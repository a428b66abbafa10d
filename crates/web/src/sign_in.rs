//! Signing in by password or by a one-time link, choosing a password, and signing out.

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use problem::Problem;
use serde::Deserialize;

use crate::access::{Guess, Purpose, cookie, cookie_of, ended_cookie};
use crate::app::App;
use crate::pages::outside;
use crate::refusal::Refusal;
use crate::serve::Sender;

/// What the form to sign in sends.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    person: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Onward {
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn form(Query(Onward { next }): Query<Onward>) -> Html<String> {
    Html(outside::sign_in_form("", own_path(&next), None).into_string())
}

/// `POST /sign-in`: what is refused is said at the form.
pub(crate) async fn by_password(
    State(app): State<App>,
    Sender(from): Sender,
    Form(Credentials { person, password, next }): Form<Credentials>,
) -> Result<Response, Refusal> {
    let person = person.trim().to_lowercase();
    match app.access.sign_in_by_password(&person, password, from).await {
        Ok(secret) => Ok(signed_in_to(&app, &secret, own_path(&next))),
        Err(problem) if is_for_form(&problem) => {
            let page = outside::sign_in_form(&person, own_path(&next), Some(&problem));
            Ok((status(&problem), Html(page.into_string())).into_response())
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What the form to choose a password sends.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    password: String,
    again: String,
}

/// `GET /set-password/{code}`: changes nothing, since mail scanners open links.
pub(crate) async fn ask_password(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
) -> Result<Html<String>, Refusal> {
    let person = whose(&app, &code, Purpose::Password, sender)?;
    Ok(Html(outside::choose_password(&name_of(&app, &person), &person, &code, None).into_string()))
}

/// `POST /set-password/{code}`: uses the link up once the password is good, and begins a session.
pub(crate) async fn choose_password(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
    Form(NewPassword { password, again }): Form<NewPassword>,
) -> Result<Response, Refusal> {
    let person = whose(&app, &code, Purpose::Password, sender)?;
    let chosen = match password == again {
        true => app.access.choose_password(&code, password).await,
        false => Err(Problem::new(&problem::PASSWORD_WEAK, "the two fields differ")),
    };
    match chosen {
        Ok(secret) => Ok(signed_in(&app, &secret)),
        Err(problem) if is_for_form(&problem) => {
            let page = outside::choose_password(&name_of(&app, &person), &person, &code, Some(&problem));
            Ok((status(&problem), Html(page.into_string())).into_response())
        }
        Err(problem) => Err(problem.into()),
    }
}

/// `GET /sign-in/{code}`: a page with a button. It changes nothing, since mail scanners open links.
pub(crate) async fn ask(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
) -> Result<Html<String>, Refusal> {
    let person = whose(&app, &code, Purpose::SignIn, sender)?;
    Ok(Html(outside::sign_in(&name_of(&app, &person), &code).into_string()))
}

/// `POST /sign-in/{code}`: uses the link up and begins a session.
pub(crate) async fn enter(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
) -> Result<Response, Refusal> {
    whose(&app, &code, Purpose::SignIn, sender)?;
    let secret = app.access.sign_in(&code).await?;
    Ok(signed_in(&app, &secret))
}

/// `POST /sign-out`: ends the session on the server, too.
pub(crate) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(secret) = cookie_of(&headers) {
        app.access.end_session(secret).await?;
    }
    let cookie = [(header::SET_COOKIE, ended_cookie(&app.config.public_url))];
    Ok((cookie, Redirect::to("/")).into_response())
}

fn signed_in(app: &App, secret: &str) -> Response {
    signed_in_to(app, secret, "/")
}

fn signed_in_to(app: &App, secret: &str, next: &str) -> Response {
    let cookie = [(header::SET_COOKIE, cookie(secret, &app.config.public_url))];
    (cookie, Redirect::to(next)).into_response()
}

/// Longest path that is led back to, in bytes: an incident's, with room.
const PATH_MAX: usize = 200;

/// A path of this server as it is, and the board in place of anything else: a link must not lead
/// away from here through signing in.
pub(crate) fn own_path(path: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let own = path.starts_with('/') && !path.starts_with("//") && path.len() <= PATH_MAX && path.bytes().all(plain);
    if own { path } else { "/" }
}

/// Whom a link is for; wrong codes are counted.
fn whose(app: &App, code: &str, purpose: Purpose, Sender(from): Sender) -> Result<String, Problem> {
    app.access.peek_link(code, purpose).map_err(|refusal| app.access.guessed(Guess::Link, from, refusal))
}

fn name_of(app: &App, person: &str) -> String {
    let rules = app.engine.rules();
    rules.roster.people.get(person).map_or(person, |person| &person.name).to_owned()
}

/// Refusals that are mended at the form.
fn is_for_form(problem: &Problem) -> bool {
    [problem::SIGN_IN_REFUSED.id, problem::SIGN_IN_THROTTLED.id, problem::PASSWORD_WEAK.id].contains(&problem.code.id)
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.code.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_paths_of_this_server_only() {
        for (path, wanted) in [
            ("/incidents/INC-7/acknowledge", "/incidents/INC-7/acknowledge"),
            ("/", "/"),
            ("", "/"),
            ("incidents", "/"),
            ("//evil.test", "/"),
            ("/\\evil.test", "/"),
            ("https://evil.test", "/"),
            ("/a\r\nset-cookie:x", "/"),
            ("/%2f%2fevil.test", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(own_path(path), wanted, "{path}");
        }
    }
}
