//! Sources: where each sender posts, its key, what to paste there, a test, and what came.
//!
//! A test reads a body exactly as its source would, and shows what triggers would make of it.
//! Nothing of it is stored, and nothing is raised.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use problem::Problem;
use serde::Deserialize;
use wcore::Signal;
use wcore::trigger::Would;

use super::form::sentence;
use super::frame::{Page, Scene, Section, page};
use super::outside::refusal;
use super::{moment, serve, words};
use crate::access::{NewToken, Scope, Token, Viewer};
use crate::app::App;
use crate::intake::{self, Sorted};
use crate::refusal::Refusal;
use crate::source::{KEY, Source, all, find, keys};

/// `GET /sources`
pub(crate) async fn index(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    let scene = serve::scene(&app, viewer)?;
    Ok(answer(StatusCode::OK, &sources(&scene, &all(&app))))
}

/// `GET /sources/{name}`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    shown(&app, viewer, &name, Shown::default())
}

/// What the form for a key sends.
#[derive(Deserialize)]
pub(crate) struct KeyWish {
    name: String,
    signed: Option<String>,
}

/// `POST /sources/{name}/keys`: the only answer that holds the key.
pub(crate) async fn make_key(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<String>,
    form: Result<Form<KeyWish>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(wish) = form.map_err(|rejection| serve::unreadable(&rejection))?;
    let source = find(&app, &name)?;
    let signed = source.can_sign && wish.signed.is_some();
    let wish = NewToken {
        name: wish.name,
        scopes: vec![Scope::SignalsWrite],
        person: None,
        expires_at: None,
        source: Some(name.clone()),
        signed,
    };
    let shown_now = match app.access.create_token(wish, viewer.actor()).await {
        Ok((_, secret, token)) => {
            let signing = token.signing_secret.as_ref().map(|secret| secret.tell().to_owned());
            Shown { key: Some((secret, signing)), ..Shown::default() }
        }
        Err(refused) => Shown { refused: Some(refused), ..Shown::default() },
    };
    shown(&app, viewer, &name, shown_now)
}

/// What the form of a test sends.
#[derive(Deserialize)]
pub(crate) struct Trial {
    body: String,
}

/// `POST /sources/{name}/test`
pub(crate) async fn test(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<String>,
    form: Result<Form<Trial>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(Trial { body }) = form.map_err(|rejection| serve::unreadable(&rejection))?;
    let understood = intake::understand(&app, &name, body.as_bytes()).map(|Sorted { signals, rejected }| {
        let rules = app.engine.rules();
        let signals = signals.into_iter().map(|signal| {
            let would = rules.would(&signal);
            (signal, would)
        });
        (signals.collect(), rejected.into_iter().map(|rejected| rejected.problem).collect())
    });
    shown(&app, viewer, &name, Shown { trial: Some((body, understood)), ..Shown::default() })
}

/// What a body was understood as, and what of it was not.
type Understood = (Vec<(Signal, Vec<Would>)>, Vec<Problem>);

/// What a form of the page came to.
#[derive(Default)]
pub(crate) struct Shown {
    /// A new key, and its signing secret.
    pub(crate) key: Option<(String, Option<String>)>,
    /// Why there is none.
    pub(crate) refused: Option<Problem>,
    /// A body that was tried.
    pub(crate) trial: Option<(String, Result<Understood, Problem>)>,
}

fn shown(app: &App, viewer: Viewer, name: &str, shown: Shown) -> Result<Response, Refusal> {
    let source = find(app, name)?;
    let scene = serve::scene(app, viewer)?;
    let wrong = shown.refused.as_ref().or(shown.trial.as_ref().and_then(|(_, understood)| understood.as_ref().err()));
    let status = wrong.map_or(200, |problem| problem.code.status);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let keys = if scene.viewer.admin { keys(app, name) } else { Vec::new() };
    Ok(answer(status, &one(&scene, &source, &keys, &shown)))
}

fn answer(status: StatusCode, page: &Markup) -> Response {
    (status, Html(page.0.clone())).into_response()
}

/// All sources.
pub(crate) fn sources(scene: &Scene, sources: &[Source]) -> Markup {
    let main = html! {
        header.page-head {
            h1 { "Sources" }
            p.lead { "Where signals come from. Figures count from the start of the server." }
        }
        div.table {
            table {
                thead { tr { th scope="col" { "Source" } th scope="col" { "Last received" } th scope="col" { "Received" } th scope="col" { "Rejected" } th scope="col" { "Quota a minute" } } }
                tbody {
                    @for source in sources {
                        tr {
                            td data-label="Source" { a href={ "/sources/" (source.name) } { (source.title) } @if source.declared { span.tag { "declared" } } p.dim { (source.about) } }
                            td data-label="Last received" { (last(scene, source)) }
                            td data-label="Received" { (source.account.received) }
                            td data-label="Rejected" { (source.account.rejected) }
                            td data-label="Quota a minute" { (quota(scene, source)) }
                        }
                    }
                }
            }
        }
        p.hint { "Another product's webhook is declared in the policy, under " code { "sources" } "." }
    };
    let summary = words::count(sources.len() as u64, "source", "sources");
    page(scene, &Page { title: "Sources", section: Section::Sources, live: None, summary, wall: false }, main)
}

fn last(scene: &Scene, source: &Source) -> Markup {
    html! { @match source.account.last_at { Some(at) => (moment::at(at, scene.now)), None => span.dim { "nothing yet" } } }
}

fn quota(scene: &Scene, source: &Source) -> Markup {
    html! {
        @match source.per_minute {
            Some(per_minute) => { (per_minute) p.dim { (source.account.left(per_minute, scene.now)) " left" } },
            None => span.dim { "none" },
        }
    }
}

/// One source.
pub(crate) fn one(scene: &Scene, source: &Source, keys: &[(String, Token)], shown: &Shown) -> Markup {
    let main = html! {
        header.page-head {
            p.crumbs { a href="/sources" { "Sources" } }
            h1 { (source.title) }
            p.lead { (source.about) }
        }
        section aria-labelledby="where" {
            h2 #where { "Address" }
            pre tabindex="0" role="region" aria-label="Address" { code { (source.url) } }
            @if !source.signed.is_empty() { p { (source.signed) } }
        }
        (key_section(scene, source, keys, shown))
        section aria-labelledby="paste" {
            h2 #paste { "At the sender" }
            p.hint { "Put the key in place of " code { (KEY) } "." }
            pre tabindex="0" role="region" aria-label="Configuration" { code { (source.snippet) } }
        }
        @if !source.example.is_null() { (test_section(source, shown)) }
        (came_section(scene, source))
    };
    let summary = format!("{} received", source.account.received);
    page(scene, &Page { title: &source.title, section: Section::Sources, live: None, summary, wall: false }, main)
}

fn key_section(scene: &Scene, source: &Source, keys: &[(String, Token)], shown: &Shown) -> Markup {
    let path = format!("/sources/{}/keys", source.name);
    html! {
        section aria-labelledby="key" {
            h2 #key { "Key" }
            @if let Some((key, signing)) = &shown.key {
                div.card role="status" {
                    p { strong { "The new key. It is not shown again." } }
                    pre tabindex="0" role="region" aria-label="Key" { code { (key) } }
                    @if let Some(signing) = signing { p { "Its signing secret:" } pre tabindex="0" role="region" aria-label="Signing secret" { code { (signing) } } }
                }
            }
            p { "A key opens this source and nothing else. On the command line:" }
            pre tabindex="0" role="region" aria-label="Command" { code { "watchbell token create NAME --scope signals:write --source " (source.name) @if source.can_sign { " --signed" } } }
            @if scene.viewer.admin {
                @if !keys.is_empty() {
                    ul { @for (_, token) in keys { li { (token.name) span.dim { " …" (token.last4) ", until " (moment::at(token.expires_at, scene.now)) } } } }
                }
                (refusal(shown.refused.as_ref()))
                form.card.fields.gate-form method="post" action=(path) {
                    div.field { label for="name" { "Who will use it" } input #name name="name" type="text" maxlength="100" value=(source.title) required; }
                    @if source.can_sign { label.switch { input type="checkbox" name="signed" value="yes"; span { "With a signing secret" } } }
                    div.form-buttons { button.button type="submit" { "Make a key" } }
                }
            } @else {
                p.hint { "An administrator can make one here." }
            }
        }
    }
}

fn test_section(source: &Source, shown: &Shown) -> Markup {
    let example = || serde_json::to_string_pretty(&source.example).unwrap_or_default();
    let body = shown.trial.as_ref().map_or_else(example, |(body, _)| body.clone());
    html! {
        section aria-labelledby="test" {
            h2 #test { "Test" }
            @if let Some((_, understood)) = &shown.trial { (trial(understood)) }
            form.card.fields method="post" action={ "/sources/" (source.name) "/test#test" } {
                div.field {
                    label for="body" { "What the sender sends" }
                    textarea #body name="body" rows="10" spellcheck="false" { (body) }
                    p.hint { "It is read as if it had come in. Nothing is stored, nothing is raised. A sender can ask the same with " code { "?test" } " after the address." }
                }
                div.form-buttons { button.button.primary type="submit" { "Try it" } }
            }
        }
    }
}

fn trial(understood: &Result<Understood, Problem>) -> Markup {
    let (signals, rejected) = match understood {
        Ok(understood) => understood,
        Err(problem) => return refusal(Some(problem)),
    };
    html! {
        div role="status" {
            @for (signal, would) in signals {
                div.card {
                    p { "Understood as " strong { (signal.metric) } " from " strong { (signal.source) } " about " strong { (signal.service) } }
                    pre tabindex="0" role="region" aria-label="Signal" { code { (serde_json::to_string_pretty(signal).unwrap_or_default()) } }
                    @if would.is_empty() { p { "No trigger looks at it." } }
                    ul { @for would in would { li { (reaction(would)) } } }
                }
            }
            @for problem in rejected { (refusal(Some(problem))) }
            @if signals.is_empty() && rejected.is_empty() { p { "It holds no signal." } }
        }
    }
}

fn reaction(would: &Would) -> Markup {
    html! {
        code { (would.trigger) } " " (would.says) ": " (would.class) ", severity " (would.severity)
        @if would.observes { span.tag { "observes only" } }
    }
}

fn came_section(scene: &Scene, source: &Source) -> Markup {
    let account = &source.account;
    html! {
        section aria-labelledby="came" {
            h2 #came { "What came" }
            dl.pairs {
                div { dt { "Last received" } dd { (last(scene, source)) } }
                div { dt { "Received" } dd { (account.received) } }
                div { dt { "Came before" } dd { (account.duplicates) } }
                div { dt { "Rejected" } dd { (account.rejected) } }
                div { dt { "Quota a minute" } dd { (quota(scene, source)) } }
            }
            @if !account.rejects.is_empty() {
                h3 { "Last rejections" }
                ul { @for reject in &account.rejects { li {
                    a href={ "/docs/errors/" (reject.code) } { code { (reject.code) } } " " (sentence(&reject.detail)) span.dim { " " (moment::at(reject.at, scene.now)) }
                } } }
            }
        }
    }
}
