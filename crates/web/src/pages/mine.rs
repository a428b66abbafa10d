//! My work: what waits for the reader, what they answer for, and when they are on call.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use calendar::Instant;
use journal::IncidentFilter;
use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;

use super::frame::{Page, Scene, Section, page};
use super::{glyph, moment, serve, words};
use crate::access::Viewer;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Open incidents that are looked through.
const OPEN_MAX: u32 = 500;

/// `GET /mine`
pub(crate) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    let scene = serve::scene(&app, viewer)?;
    let eyes = scene.viewer.clone();
    let read = app.engine.read(move |view| {
        let filter = IncidentFilter { open: Some(true), ..IncidentFilter::default() };
        Sight::new(view, &eyes).incidents(&filter, OPEN_MAX)
    });
    let open = read.await?;
    Ok(Html(mine(&scene, &open).into_string()).into_response())
}

/// A role of the reader in an incident.
struct Duty<'a> {
    incident: &'a Incident,
    role: Role,
    /// What the reader has to say to it, if anything.
    asks: Option<&'static str>,
}

/// The page.
pub(crate) fn mine(scene: &Scene, open: &[Incident]) -> Markup {
    let me = scene.viewer.person.as_deref().unwrap_or_default();
    let duties: Vec<Duty<'_>> = open.iter().flat_map(|incident| duties(incident, me)).collect();
    let (waiting, held): (Vec<&Duty<'_>>, Vec<&Duty<'_>>) = duties.iter().partition(|duty| duty.asks.is_some());
    let summary = format!("{} for you to accept", words::count(waiting.len() as u64, "role", "roles"));
    let main = html! {
        header.page-head {
            h1 { "My work" }
            (on_call(scene, me))
        }
        @if duties.is_empty() {
            section.empty { (glyph::bell()) h2 { "Nothing waits for you" } p { "You hold no role in an open incident." } }
        }
        (list(scene, "Waits for you", &waiting))
        (list(scene, "You answer for", &held))
    };
    page(scene, &Page { title: "My work", section: Section::Mine, live: Some("*"), summary, wall: false }, main)
}

fn duties<'a>(incident: &'a Incident, me: &str) -> Vec<Duty<'a>> {
    let of = |(role, holder): (&Role, &wcore::incident::Holder)| {
        let asks = match (holder.is_offered_to(me), holder.person == me) {
            (true, _) => Some("You are asked to take it over"),
            (false, true) if !holder.accepted => Some("Not accepted yet"),
            (false, true) => None,
            (false, false) if holder.involves(me) => None,
            (false, false) => return None,
        };
        Some(Duty { incident, role: *role, asks })
    };
    incident.roles.iter().filter_map(of).collect()
}

fn list(scene: &Scene, title: &str, duties: &[&Duty<'_>]) -> Markup {
    html! {
        @if !duties.is_empty() {
            section {
                h2 { (title) }
                ul.messages { @for duty in duties { (row(scene, duty)) } }
            }
        }
    }
}

fn row(scene: &Scene, duty: &Duty<'_>) -> Markup {
    let incident = duty.incident;
    let (role, what) = words::role(duty.role);
    let id = id::incident(incident.no);
    html! {
        li.message.is-asking[duty.asks.is_some()] {
            header {
                (glyph::severity_badge(incident.severity, &scene.names.severity(incident.severity)))
                span.to { strong { (role) } ", " (what) }
                span { (words::status(incident.status())) }
            }
            h3 { a href={ "/incidents/" (id) } { (id) " " (incident.title) } }
            @if let Some(asks) = duty.asks { p { (asks) } }
            @if let Some((name, due)) = next(incident) { p.dim { (name) ", " (moment::countdown(due, scene.now)) } }
        }
    }
}

/// The promise that is due next.
fn next(incident: &Incident) -> Option<(String, Instant)> {
    let open = incident.clocks.iter().filter(|clock| clock.is_open() && clock.breached_at.is_none());
    let due = open.filter_map(|clock| Some((clock.due_at?, clock))).min_by_key(|(due, _)| *due);
    due.map(|(due, clock)| (words::clock(&clock.id.kind), due))
}

fn on_call(scene: &Scene, me: &str) -> Markup {
    let schedules = scene.names.roster.schedules.iter();
    let mine = schedules.filter(|(_, schedule)| schedule.on_call(scene.now).contains(&me));
    let mine: Vec<_> = mine.map(|(id, schedule)| (id, schedule.next_handoff(scene.now))).collect();
    html! {
        @if mine.is_empty() { p.lead { "You are not on call now." } }
        @for (id, until) in mine {
            p.lead {
                "On call: " strong { (id) }
                @if let Some(until) = until { ", until " (moment::at(until, scene.now)) }
            }
        }
    }
}
