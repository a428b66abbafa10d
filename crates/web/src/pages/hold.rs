//! Holding outgoing messages from the page of deliveries, where people see that there are too many.
//!
//! What a hold is and how long it may be the engine says; here are its form and its button.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use calendar::Duration;
use maud::{Markup, html};
use problem::Problem;

use super::form::{Action, Attempt, Field, Input, TICKED, Target, form, refusal};
use super::frame::Scene;
use super::serve::{self, refused, unreadable};
use super::submit::Fields;
use super::{moment, words};
use crate::access::{Grant, Permission, Principal};
use crate::api::hold::announce;
use crate::app::App;
use crate::refusal::Refusal;

/// Where the form goes.
const PATH: &str = "/hold";
/// The last part of the path that ends a hold.
const END: &str = "end";
/// Lengths on offer, in minutes: a short storm, a long one, and the most that there is.
const LENGTHS: [i64; 3] = [15, 30, 60];

/// `POST /hold`
pub(crate) async fn begin(
    State(app): State<App>,
    principal: Principal,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(fields) = form.map_err(|rejection| unreadable(&rejection))?;
    let begun = match wish(&fields) {
        Ok(wish) => announce(&app, principal.viewer.actor(), wish).await,
        Err(problem) => Err(problem),
    };
    answer(&app, principal, begun, Attempt { word: String::new(), fields, problem: unsure() }).await
}

/// `POST /hold/end`
pub(crate) async fn end(State(app): State<App>, principal: Principal) -> Result<Response, Refusal> {
    let ended = app.engine.end_hold(principal.viewer.actor()).await;
    let attempt = Attempt { word: END.to_owned(), fields: Fields::new(), problem: unsure() };
    answer(&app, principal, ended, attempt).await
}

/// Back to the deliveries, with the reason where it was refused.
async fn answer(
    app: &App,
    principal: Principal,
    done: Result<(), Problem>,
    attempt: Attempt,
) -> Result<Response, Refusal> {
    let Err(problem) = done else { return Ok(Redirect::to("/deliveries").into_response()) };
    let status = problem.code.status;
    let attempt = Attempt { problem, ..attempt };
    Ok(refused(status, serve::deliveries_page(app, principal, Some(&attempt)).await?))
}

fn wish(fields: &Fields) -> Result<(Duration, String), Problem> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if text("sure") != TICKED {
        return Err(unsure());
    }
    let minutes = text("minutes").parse().ok().filter(|minutes| LENGTHS.contains(minutes));
    let unknown = || Problem::new(&problem::TIME_INVALID, "`minutes` is none of those on offer");
    Ok((Duration::from_mins(minutes.ok_or_else(unknown)?), text("reason")))
}

fn unsure() -> Problem {
    Problem::new(&problem::COMMAND_MALFORMED, "the box is not ticked, and people are not told meanwhile")
}

/// The form, or what is held and the button that ends it.
pub(crate) fn section(scene: &Scene, grant: &Grant, attempt: Option<&Attempt>) -> Markup {
    let may = grant.allows(Permission::Respond);
    match &scene.held {
        Some(hold) => html! {
            section.card aria-labelledby="held" {
                h2 #held { "Messages are held" }
                p { "Until " (moment::at(hold.until, scene.now)) ": " (hold.reason) }
                p.dim { "What waits is due below. It goes out at the end, unless it is not needed any more." }
                @if may {
                    form method="post" action={ (PATH) "/" (END) } {
                        @if let Some(attempt) = attempt { (refusal(&attempt.problem)) }
                        div.form-buttons { button.button.primary type="submit" { "Let them go out now" } }
                    }
                }
            }
        },
        None if may => html! {
            details.fold #hold open[attempt.is_some()] {
                summary { span { "Hold outgoing messages" } }
                div.fold-body {
                    @if let Some(attempt) = attempt.filter(|attempt| attempt.word == END) { (refusal(&attempt.problem)) }
                    p.act-help { (HELP) }
                    (form(&action(), &Target { path: PATH, once: &scene.once, id: "hold" }, attempt))
                }
            }
        },
        None => html! { p.hint { "Holding outgoing messages asks for the role responder." } },
    }
}

/// What a hold does.
const HELP: &str = "Against a storm of messages: everything below severity 1 waits, and goes out when the hold ends, \
                    by itself after an hour at most. Everybody sees a banner, and the fallback is told. \
                    Clocks go on, and what is missed meanwhile is missed.";

fn action() -> Action {
    let lengths =
        LENGTHS.iter().map(|minutes| (minutes.to_string(), words::count(minutes.unsigned_abs(), "minute", "minutes")));
    Action::new("", "Hold outgoing messages", "Hold messages")
        .field(Field::new("minutes", "For", Input::Choice(lengths.collect())))
        .field(Field::new("reason", "Why", Input::Line(engine::hold::REASON_MAX)).hint("Everybody reads it."))
        .field(Field::new("sure", "People are not told of incidents below severity 1 meanwhile", Input::Check))
}
