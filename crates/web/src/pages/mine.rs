//! My work: what waits for the reader, what they answer for, and when they are on call.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use calendar::Instant;
use journal::IncidentFilter;
use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;
use wcore::incident::{Checklist, ChecklistStep};

use super::frame::{Page, Scene, Section, page};
use super::{glyph, moment, serve, words};
use crate::access::Viewer;
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::sight::Sight;

/// Open incidents that are looked through.
const OPEN_MAX: u32 = 500;

/// Resolved incidents that are looked through for steps that come afterwards: about a quarter.
const RESOLVED_MAX: u32 = 100;

/// Steps shown: more than a night holds.
const STEPS_MAX: usize = 30;

/// `GET /mine`
pub(crate) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    let scene = serve::scene(&app, viewer)?;
    let eyes = scene.viewer.clone();
    let read = app.engine.read(move |view| {
        let mut sight = Sight::new(view, &eyes);
        let filter = |open| IncidentFilter { open: Some(open), ..IncidentFilter::default() };
        Ok((sight.incidents(&filter(true), OPEN_MAX)?, sight.incidents(&filter(false), RESOLVED_MAX)?))
    });
    let (open, resolved) = read.await?;
    Ok(Html(mine(&scene, &open, &resolved).into_string()).into_response())
}

/// A role of the reader in an incident.
struct Duty<'a> {
    incident: &'a Incident,
    role: Role,
    /// What the reader has to say to it, if anything.
    asks: Option<&'static str>,
}

/// The page: of resolved incidents only steps of checklists are left to do.
pub(crate) fn mine(scene: &Scene, open: &[Incident], resolved: &[Incident]) -> Markup {
    let me = scene.viewer.person.as_deref().unwrap_or_default();
    let duties: Vec<Duty<'_>> = open.iter().flat_map(|incident| duties(incident, me)).collect();
    let (waiting, held): (Vec<&Duty<'_>>, Vec<&Duty<'_>>) = duties.iter().partition(|duty| duty.asks.is_some());
    let steps = steps(open.iter().chain(resolved), me);
    let summary = format!("{} for you to accept", words::count(waiting.len() as u64, "role", "roles"));
    let main = html! {
        header.page-head {
            h1 { "My work" }
            (on_call(scene, me))
        }
        @if duties.is_empty() && steps.is_empty() {
            section.empty { (glyph::bell()) h2 { "Nothing waits for you" } p { "You hold no role in an open incident, and no step of a checklist is yours." } }
        }
        (list(scene, "Waits for you", &waiting))
        (step_list(scene, &steps))
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

/// An open step of a checklist that is the reader's.
struct Task<'a> {
    incident: &'a Incident,
    checklist: &'a Checklist,
    no: u32,
    step: &'a ChecklistStep,
}

/// The reader's open steps, the earliest first.
fn steps<'a>(incidents: impl Iterator<Item = &'a Incident>, me: &str) -> Vec<Task<'a>> {
    let lists = incidents.flat_map(|incident| incident.checklists.iter().map(move |list| (incident, list)));
    let all = lists.flat_map(|(incident, checklist)| {
        checklist.numbered().map(move |(no, step)| Task { incident, checklist, no, step })
    });
    let mine = all.filter(|task| task.step.done.is_none() && task.incident.step_owner(task.checklist, task.step) == me);
    let mut mine: Vec<Task<'a>> = mine.collect();
    mine.sort_by_key(|task| task.step.planned.due_at);
    mine
}

fn step_list(scene: &Scene, tasks: &[Task<'_>]) -> Markup {
    html! {
        @if !tasks.is_empty() {
            section {
                h2 { "Your steps of checklists" span.n { (tasks.len()) } }
                ul.messages { @for task in tasks.iter().take(STEPS_MAX) { (task_row(scene, task)) } }
                @if tasks.len() > STEPS_MAX { p.dim { "The first " (STEPS_MAX) " of them; the others stand on the pages of their incidents." } }
            }
        }
    }
}

fn task_row(scene: &Scene, task: &Task<'_>) -> Markup {
    let Task { incident, checklist, no, step } = task;
    let id = id::incident(incident.no);
    let place = incident.checklists.iter().position(|one| one.playbook == checklist.playbook).unwrap_or(0);
    html! {
        li.message.task.is-late[step.is_late(scene.now)] {
            header {
                (glyph::severity_badge(incident.severity, &scene.names.severity(incident.severity)))
                span.to { (id) ", " (checklist.title) ", step " (no) }
                span {
                    @if step.is_late(scene.now) { strong.late { (glyph::mark(glyph::Mark::Alert)) "late " } }
                    (moment::countdown(step.planned.due_at, scene.now))
                }
            }
            h3 { a href={ "/incidents/" (id) "#checklist-" (place) "-" (no) } { (step.planned.text) } }
        }
    }
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
