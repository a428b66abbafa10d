//! The pages behind the guard: read what a page shows, or turn a form into a command.
//!
//! The same engine and the same commands as the API. A refused command is shown at its form,
//! with what was typed; everything else that is refused becomes a page of its own.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use calendar::Instant;
use engine::{Delivery, Idempotency, SelfAlert, StoredSignal, View};
use journal::{DeliveryFilter, IncidentFilter, IncidentNo};
use problem::Problem;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use wcore::Incident;
use wcore::decision::Decision;
use wcore::event::Event;

use super::board::{Alert, Board, Tab};
use super::form::Attempt;
use super::frame::Scene;
use super::inbox::Inbox;
use super::incident::alone;
use super::names::Names;
use super::submit::Fields;
use super::{board, declare, deliveries, flash, hold, inbox, incident, pace, policy, proof, submit};
use crate::access::{Grant, Permission, Principal, Viewer};
use crate::api::commands::must_may;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Open incidents on the board. With more than that, the board is not what is needed.
const BOARD_MAX: u32 = 500;
/// Closed incidents on their tab: about a quarter of a busy team.
const CLOSED_MAX: u32 = 100;
/// Deliveries on a page: some hours of a bad day.
const DELIVERIES_MAX: u32 = 300;
/// Signals read for one decision: its references lie in one or a few batches.
const EVIDENCE_MAX: u32 = 4_096;
/// The channel that the inbox shows.
const INBOX: &str = "inbox";

/// What the address may ask of the board.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct BoardQuery {
    show: String,
    q: String,
    wall: String,
}

/// `GET /`
pub(crate) async fn show_board(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<BoardQuery>,
) -> Result<Response, Refusal> {
    let may_respond = principal.grant.allows(Permission::Respond);
    let scene = scene(&app, principal.viewer)?;
    let tab = if query.show == "closed" { Tab::Closed } else { Tab::Open };
    let eyes = scene.viewer.clone();
    let read = app.engine.read(move |view| {
        let open = incidents(view, &eyes, true, BOARD_MAX)?;
        let closed = if tab == Tab::Closed { incidents(view, &eyes, false, CLOSED_MAX)? } else { Vec::new() };
        Ok((open, closed, alerts(view, &eyes)?))
    });
    let (open, closed, alerts) = read.await?;
    let board = Board { open, closed, tab, query: query.q, wall: !query.wall.is_empty(), alerts, may_respond };
    Ok(html(board::board(&scene, &board)))
}

/// What Watchbell says about itself, without what the viewer may not know of.
fn alerts(view: &View, viewer: &Viewer) -> Result<Vec<Alert>, Problem> {
    let mut sight = Sight::new(view, viewer);
    let mut alerts = Vec::new();
    for SelfAlert { code, detail, count, last_at, .. } in view.unseen_alerts()? {
        alerts.push(Alert { code, detail: sight.masked(&detail)?, count, last_at });
    }
    Ok(alerts)
}

/// `POST /self-alerts/{code}/seen`: it goes from the board until it occurs again.
pub(crate) async fn see_alert(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(fields) = form.map_err(|rejection| unreadable(&rejection))?;
    let last_at = fields.get("last_at").and_then(|text| text.parse().ok()).map(Instant::from_micros);
    let unknown = || Problem::new(&problem::COMMAND_MALFORMED, "`last_at` is missing");
    app.engine.see_alert(&code, last_at.ok_or_else(unknown)?, viewer.actor()).await?;
    Ok(Redirect::to("/"))
}

fn incidents(view: &View, viewer: &Viewer, open: bool, limit: u32) -> Result<Vec<Incident>, Problem> {
    let filter = IncidentFilter { open: Some(open), ..IncidentFilter::default() };
    Sight::new(view, viewer).incidents(&filter, limit)
}

/// `GET /incidents`: the board lists them.
pub(crate) async fn to_board() -> Redirect {
    Redirect::to("/")
}

/// An act with a page of its own, such as the link of a message; others are on the incident's page.
pub(crate) async fn show_act(
    State(app): State<App>,
    principal: Principal,
    Path((id, word)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let no = id::parse_incident(&id)?;
    if !alone::WORDS.contains(&word.as_str()) {
        return Ok(Redirect::to(&format!("/incidents/{}", id::incident(no))).into_response());
    }
    let scene = scene(&app, principal.viewer.clone())?;
    let view = read_incident(&app, &scene, (no, &principal.grant)).await?;
    let page = alone::alone(&scene, &view, &word);
    Ok(html(page.unwrap_or_else(|| incident::incident(&scene, &view))))
}

/// `GET /incidents/{id}`
pub(crate) async fn show_incident(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let scene = scene(&app, principal.viewer.clone())?;
    let mut view = read_incident(&app, &scene, (id::parse_incident(&id)?, &principal.grant)).await?;
    let said = flash::said(&headers);
    view.done = said.and_then(submit::done);
    let page = html(incident::incident(&scene, &view));
    Ok(if said.is_some() { flash::forget(page) } else { page })
}

async fn read_incident(app: &App, scene: &Scene, (no, grant): (u64, &Grant)) -> Result<incident::View, Problem> {
    let incident = app.incident(&scene.viewer, no).await?;
    let read = app.engine.read(move |view| {
        let timeline: Vec<_> = view.timeline(no)?.into_iter().map(|stored| stored.entry).collect();
        let filter = DeliveryFilter { incident: Some(IncidentNo(no)), ..DeliveryFilter::default() };
        let opening = timeline.iter().flat_map(|entry| &entry.events).find_map(|event| match event {
            Event::Opened(opened) => opened.decision.as_ref(),
            _ => None,
        });
        let signals = opening.map_or(Ok(Vec::new()), |decision| evidence(view, decision))?;
        Ok((view.deliveries(&filter, DELIVERIES_MAX)?, signals, timeline))
    });
    let (deliveries, signals, timeline) = read.await?;
    Ok(incident::View { incident, timeline, deliveries, signals, grant: grant.clone(), attempt: None, done: None })
}

/// The signals that a decision names.
fn evidence(view: &View, decision: &Decision) -> Result<Vec<StoredSignal>, Problem> {
    let mut found = Vec::new();
    let mut positions: Vec<u64> = decision.signals.iter().map(|signal| signal.position).collect();
    positions.dedup();
    for position in positions {
        let named = |signal: &StoredSignal| {
            signal.position == position
                && decision.signals.iter().any(|named| named.position == position && named.index == signal.index)
        };
        // A block is read whole, so that asking for one signal gives all of its batch.
        found
            .extend(view.signals(position.saturating_sub(1), 1)?.into_iter().take(EVIDENCE_MAX as usize).filter(named));
    }
    Ok(found)
}

/// `POST /incidents/{id}/{command}`
pub(crate) async fn send_command(
    State(app): State<App>,
    principal: Principal,
    Path((id, word)): Path<(String, String)>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refusal> {
    let no = id::parse_incident(&id)?;
    let Form(fields) = form.map_err(|rejection| unreadable(&rejection))?;
    let scene = scene(&app, principal.viewer.clone())?;
    app.incident(&scene.viewer, no).await?;
    let by = scene.viewer.actor();
    let command = submit::command(&word, &fields, scene.now).and_then(|command| {
        must_may(&principal.grant, submit::api_word(&word, &command), &command, &scene.names.policy)?;
        Ok(command)
    });
    let done = command.as_ref().map_or("", |command| submit::api_word(&word, command)).to_owned();
    let sent = match command {
        Ok(command) => app.engine.command(no, command, by, once(&principal, &word, &fields)).await,
        Err(problem) => Err(problem),
    };
    match sent {
        Ok(_) => Ok(flash::go(no, &done)),
        Err(problem) => {
            let mut view = read_incident(&app, &scene, (no, &principal.grant)).await?;
            let status = problem.code.status;
            let own_page = word == alone::CONFIRM;
            view.attempt = Some(Attempt { word, fields, problem });
            let page = own_page.then(|| alone::alone(&scene, &view, alone::CONFIRM)).flatten();
            Ok(refused(status, page.unwrap_or_else(|| incident::incident(&scene, &view))))
        }
    }
}

/// `GET /incidents/new`
pub(crate) async fn show_declare(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    Ok(html(declare::declare(&scene(&app, viewer)?, None)))
}

/// `POST /incidents`
pub(crate) async fn send_declaration(
    State(app): State<App>,
    principal: Principal,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(fields) = form.map_err(|rejection| unreadable(&rejection))?;
    let scene = scene(&app, principal.viewer.clone())?;
    let key = once(&principal, "declare", &fields);
    match app.engine.declare(submit::declaration(&fields), scene.viewer.actor(), key).await {
        // Who reports a restricted incident holds no role in it, and may not read it.
        Ok(applied) if !app.shows(&scene.viewer, &applied.incident).await? => Ok(html(declare::taken(&scene))),
        Ok(applied) => Ok(flash::go(applied.no, "declare")),
        Err(problem) => {
            let status = problem.code.status;
            let attempt = Attempt { word: String::new(), fields, problem };
            Ok(refused(status, declare::declare(&scene, Some(&attempt))))
        }
    }
}

/// What the address may ask of the inbox.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct InboxQuery {
    person: String,
}

/// `GET /inbox`
pub(crate) async fn show_inbox(
    State(app): State<App>,
    viewer: Viewer,
    Query(query): Query<InboxQuery>,
) -> Result<Response, Refusal> {
    let scene = scene(&app, viewer)?;
    let person = Some(query.person).filter(|person| !person.is_empty());
    let (eyes, whose) = (scene.viewer.clone(), person.clone());
    let read = app.engine.read(move |view| {
        let wanted =
            |page: &Delivery| page.channel == INBOX && whose.as_ref().is_none_or(|person| page.person == *person);
        let pages = seen_deliveries(view, &eyes)?.into_iter().filter(wanted).collect();
        let open = incidents(view, &eyes, true, BOARD_MAX)?;
        let unacknowledged = open.iter().filter(|incident| incident.acknowledged.is_none());
        Ok((pages, unacknowledged.map(|incident| incident.no).collect()))
    });
    let (pages, unacknowledged) = read.await?;
    Ok(html(inbox::inbox(&scene, &Inbox { pages, person, unacknowledged })))
}

/// `GET /deliveries`
pub(crate) async fn show_deliveries(State(app): State<App>, principal: Principal) -> Result<Response, Refusal> {
    Ok(html(deliveries_page(&app, principal, None).await?))
}

/// The deliveries with the form of the hold, and how its last attempt was refused.
pub(super) async fn deliveries_page(
    app: &App,
    principal: Principal,
    attempt: Option<&Attempt>,
) -> Result<maud::Markup, Problem> {
    let scene = scene(app, principal.viewer)?;
    let eyes = scene.viewer.clone();
    let found = app.engine.read(move |view| seen_deliveries(view, &eyes)).await?;
    Ok(deliveries::deliveries(&scene, &found, &hold::section(&scene, &principal.grant, attempt)))
}

fn seen_deliveries(view: &View, viewer: &Viewer) -> Result<Vec<Delivery>, Problem> {
    Sight::new(view, viewer).deliveries(&DeliveryFilter::default(), DELIVERIES_MAX)
}

/// `GET /policy`
pub(crate) async fn show_policy(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    let lacks = if viewer.admin { app.access.lacks().into_values().collect() } else { Vec::new() };
    let since = app.engine.read(|view| view.in_force_since()).await?;
    Ok(html(policy::policy(&scene(&app, viewer)?, &lacks, since)))
}

/// `GET /policy/proof`
pub(crate) async fn show_proof(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    let scene = scene(&app, viewer)?;
    let (policy, roster, now) = (scene.names.policy.clone(), scene.names.roster.clone(), scene.now);
    // A long roster takes a moment, in which others are to be served.
    let shown = tokio::task::spawn_blocking(move || lab::prove::prove(&policy, &roster, now)).await;
    let shown =
        shown.map_err(|error| Problem::new(&problem::STORE_FAILED, format!("the proof ended early ({error})")))?;
    Ok(html(proof::proof(&scene, &shown)))
}

pub(super) fn scene(app: &App, viewer: Viewer) -> Result<Scene, Problem> {
    let rules = app.engine.rules();
    let now = app.engine.now();
    let names = Names { policy: rules.policy.clone(), roster: rules.roster.clone() };
    Ok(Scene { names, viewer, now, rate: pace::pace(app, now), held: app.engine.held(), once: random()? })
}

/// Random text that names one rendering of a form.
fn random() -> Result<String, Problem> {
    let mut bytes = [0_u8; 12];
    let unlucky = |error| Problem::new(&problem::STORE_FAILED, format!("the system gave no random bytes ({error})"));
    getrandom::fill(&mut bytes).map_err(unlucky)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A form sent twice is one command.
fn once(principal: &Principal, word: &str, fields: &Fields) -> Option<Idempotency> {
    let key = fields.get("once").filter(|key| !key.is_empty() && key.len() <= 64)?;
    let mut hash = Sha256::new();
    hash.update(word);
    for (name, value) in fields {
        for part in [name, value] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let first: [u8; 8] = hash.finalize()[..8].try_into().expect("a SHA-256 digest has 32 bytes");
    // Forms of one rendering share the random text; the word keeps them apart.
    let key = format!("form-{word}-{key}-{:x}", u64::from_le_bytes(first));
    Some(Idempotency { scope: principal.credential.clone(), key, fingerprint: u64::from_le_bytes(first) })
}

/// A form that is none.
pub(crate) fn unreadable(rejection: &FormRejection) -> Problem {
    Problem::new(&problem::COMMAND_MALFORMED, rejection.body_text())
}

fn html(page: maud::Markup) -> Response {
    Html(page.into_string()).into_response()
}

pub(super) fn refused(status: u16, page: maud::Markup) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, Html(page.into_string())).into_response()
}
