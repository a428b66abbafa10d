//! The link of a page by mail: one button, by which one person acknowledges one incident.
//!
//! Opening it changes nothing, any number of times, since mail scanners open links. It tells no
//! more than the mail did, and signs nobody in.

use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use engine::Pass;
use problem::Problem;
use wcore::event::Actor;
use wcore::{Command, Incident};

use crate::access::{Grant, Guess, Permission, Role};
use crate::app::App;
use crate::pages::pass::{Held, page};
use crate::refusal::Refusal;
use crate::serve::Sender;

/// `GET /a/{code}`
pub(crate) async fn ask(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
) -> Result<Html<String>, Refusal> {
    let held = held(&app, &code, sender).await?;
    Ok(Html(page(&app.engine.rules(), &held, app.engine.now()).into_string()))
}

/// `POST /a/{code}`: acknowledges, and leads back to what the link then shows.
pub(crate) async fn take(
    State(app): State<App>,
    sender: Sender,
    Path(code): Path<String>,
) -> Result<Redirect, Refusal> {
    let held = held(&app, &code, sender).await?;
    // Who has no account is paged all the same, and takes what they are paged for.
    let role = app.access.role_of(&held.person).unwrap_or(Role::Responder);
    Grant::Role(role).must_allow(Permission::Respond)?;
    if held.incident.acknowledged.is_none() {
        let by = Actor::Person(held.person.clone());
        app.engine.command(held.incident.no, Command::Acknowledge {}, by, None).await?;
    }
    Ok(Redirect::to(&format!("/a/{code}")))
}

/// Whom a code is for, and what it is about. Guesses are counted by the sender's address.
async fn held(app: &App, code: &str, Sender(from): Sender) -> Result<Held, Problem> {
    let (sent, now) = (code.to_owned(), app.engine.now());
    let read = app.engine.read(move |view| {
        let Some(pass) = view.pass(&sent, now)? else { return Ok(None) };
        let incident: Option<Incident> = view.incident(pass.incident)?;
        Ok(incident.map(|incident| (pass, incident)))
    });
    let Some((Pass { person, .. }, incident)) = read.await? else {
        let ended = Problem::new(&problem::PASS_ENDED, "open the incident from the board instead");
        return Err(app.access.guessed(Guess::Link, from, ended));
    };
    let name = app.access.name_of(&person)?;
    Ok(Held { code: code.to_owned(), person, name, incident })
}
