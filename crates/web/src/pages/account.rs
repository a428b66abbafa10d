//! A person's own account: role, password, and where they are signed in.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use engine::Delivery;
use maud::{Markup, html};
use problem::Problem;
use serde::Deserialize;

use super::deliveries::item;
use super::frame::{Page, Scene, Section, page};
use super::outside::{new_password, refusal};
use super::{moment, serve};
use crate::access::{Grant, Principal, SecretHash, Session, cookie_of};
use crate::api::Params;
use crate::app::App;
use crate::refusal::Refusal;
use crate::serve::Sender;

/// What the page shows.
pub(crate) struct Account {
    /// The person's role, or a word for a program's token.
    pub(crate) role: &'static str,
    /// They sign in by a password.
    pub(crate) has_password: bool,
    /// Where they are signed in, by id.
    pub(crate) sessions: Vec<(String, Session)>,
    /// The session that asks.
    pub(crate) own: Option<String>,
    /// What was refused.
    pub(crate) refused: Option<Problem>,
    /// What became of the test page that they asked for.
    pub(crate) tested: Option<Vec<Delivery>>,
}

/// What the address may ask.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    /// The id of a test page.
    tested: String,
}

/// `GET /account`
pub(crate) async fn show(
    State(app): State<App>,
    principal: Principal,
    Params(asked): Params<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = principal.viewer.person.clone().unwrap_or_default();
    let tested = match asked.tested.is_empty() {
        true => None,
        false => Some(app.engine.read(move |view| view.test_page(&person, &asked.tested)).await?),
    };
    Ok(answer(&app, &principal, &headers, Shown { refused: None, tested })?.into_response())
}

/// `POST /account/test-page`
pub(crate) async fn send_test_page(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = principal.viewer.person.clone().unwrap_or_default();
    match app.engine.test_page(&person, principal.viewer.actor()).await {
        Ok(id) => Ok(Redirect::to(&format!("/account?tested={id}#test")).into_response()),
        Err(problem) => refused(&app, &principal, &headers, problem),
    }
}

fn refused(app: &App, principal: &Principal, headers: &HeaderMap, problem: Problem) -> Result<Response, Refusal> {
    let status = StatusCode::from_u16(problem.code.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    Ok((status, answer(app, principal, headers, Shown { refused: Some(problem), tested: None })?).into_response())
}

/// What the form for a new password sends.
#[derive(Deserialize)]
pub(crate) struct Change {
    current: String,
    password: String,
    again: String,
}

/// `POST /account/password`: other sessions of the person end.
pub(crate) async fn change_password(
    State(app): State<App>,
    principal: Principal,
    (Sender(from), headers): (Sender, HeaderMap),
    Form(Change { current, password, again }): Form<Change>,
) -> Result<Response, Refusal> {
    let person = principal.viewer.person.clone().unwrap_or_default();
    let keep = SecretHash::of(cookie_of(&headers).unwrap_or_default());
    let changed = match password == again {
        true => app.access.change_password(&person, (current, password), (from, keep)).await,
        false => Err(Problem::new(&problem::PASSWORD_WEAK, "the two fields differ")),
    };
    match changed {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(problem) => refused(&app, &principal, &headers, problem),
    }
}

/// `POST /account/sessions/{id}`: ends it.
pub(crate) async fn end_session(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    app.access.revoke_session(&principal.viewer, &id).await?;
    Ok(Redirect::to("/account"))
}

/// What the page shows of the latest act.
struct Shown {
    refused: Option<Problem>,
    tested: Option<Vec<Delivery>>,
}

fn answer(app: &App, principal: &Principal, headers: &HeaderMap, shown: Shown) -> Result<Html<String>, Problem> {
    let scene = serve::scene(app, principal.viewer.clone())?;
    let person = principal.viewer.person.as_deref().unwrap_or_default();
    let account = Account {
        role: match &principal.grant {
            Grant::Role(role) => role.word(),
            Grant::Scopes(_) => "token",
        },
        has_password: app.access.has_password(person),
        sessions: app.access.list_sessions(Some(person)),
        own: cookie_of(headers).map(|secret| SecretHash::of(secret).to_string()),
        refused: shown.refused,
        tested: shown.tested,
    };
    Ok(Html(account_page(&scene, &account).into_string()))
}

/// The page.
pub(crate) fn account_page(scene: &Scene, account: &Account) -> Markup {
    let main = html! {
        header.page-head {
            h1 { (scene.viewer.name) }
            p.lead { "Your role here is " strong { (account.role) } "." }
        }
        section aria-labelledby="sessions" {
            h2 #sessions { "Signed in" }
            ul.sessions { @for (id, session) in &account.sessions { (row(scene, account, id, session)) } }
        }
        @if scene.viewer.person.is_some() { (test(scene, account)) }
        @if account.has_password {
            section aria-labelledby="password" {
                h2 #password { "Password" }
                form.card.fields.gate-form method="post" action="/account/password" {
                    (refusal(account.refused.as_ref().filter(|refused| refused.code != &problem::TEST_PAGE_NOBODY)))
                    div.field {
                        label for="current" { "Current password" }
                        input #current name="current" type="password" autocomplete="current-password" required;
                    }
                    (new_password())
                    div.form-buttons { button.button.primary type="submit" { "Change it" } }
                    p.hint { "Your other sessions end." }
                }
            }
        }
    };
    let summary = "Your account".to_owned();
    page(scene, &Page { title: "Your account", section: Section::Elsewhere, live: None, summary, wall: false }, main)
}

/// The test page: a button, and what became of the one before.
fn test(scene: &Scene, account: &Account) -> Markup {
    html! {
        section aria-labelledby="test" {
            h2 #test { "Do pages reach you?" }
            @match &account.tested {
                Some(sent) if sent.is_empty() => p { "That test page is not known here any more." },
                Some(sent) => {
                    p.act-help { "A test page went to each of your contacts. " a href="" { "Look again" } " while one is on its way." }
                    ul.delivery-list.card { @for delivery in sent { (item(delivery, scene)) } }
                }
                None => p.act-help { "A test page goes to every contact of yours by the way of a SEV-1, marked as a test. Nobody else is told." },
            }
            form.fields method="post" action="/account/test-page" {
                (refusal(account.refused.as_ref().filter(|refused| refused.code == &problem::TEST_PAGE_NOBODY)))
                div.form-buttons { button.button type="submit" { "Send me a test page" } }
            }
        }
    }
}

fn row(scene: &Scene, account: &Account, id: &str, session: &Session) -> Markup {
    let is_own = account.own.as_deref() == Some(id);
    html! {
        li {
            p {
                "Since " (moment::at(session.created_at, scene.now)) span.dim { ", until " (moment::at(session.expires_at, scene.now)) }
                @if is_own { span.tag { "this one" } }
            }
            form method="post" action={ "/account/sessions/" (id) } {
                button.button type="submit" { @if is_own { "Sign out" } @else { "End" } span.visually-hidden { " the session of " (moment::machine(session.created_at)) } }
            }
        }
    }
}
