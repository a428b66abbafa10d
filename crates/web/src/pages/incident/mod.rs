//! The page of one incident: the next step first, then clocks, people, reasons and history.

mod acts;
pub(crate) mod alone;
mod checklists;
mod clocks;
mod facts;
mod gates;
mod pending;
mod reasons;
mod side;
mod timeline;

use calendar::Duration;
use engine::{Delivery, StoredSignal};
use maud::{Markup, html};
use wcore::Incident;
use wcore::event::Entry;
use wcore::incident::Status;

use super::actions::Desk;
use super::form::{self, Attempt};
use super::frame::{Page, Scene, Section, page};
use super::{face, glyph, moment, words};
use crate::access::Grant;

/// Everything that the page shows.
pub(crate) struct View {
    /// The incident.
    pub(crate) incident: Incident,
    /// Its history, oldest first.
    pub(crate) timeline: Vec<Entry>,
    /// Its deliveries, newest first.
    pub(crate) deliveries: Vec<Delivery>,
    /// Signals that its opening decision names.
    pub(crate) signals: Vec<StoredSignal>,
    /// What the reader's credential allows.
    pub(crate) grant: Grant,
    /// A form that was refused.
    pub(crate) attempt: Option<Attempt>,
    /// What was just done.
    pub(crate) done: Option<&'static str>,
}

/// The page.
pub(crate) fn incident(scene: &Scene, view: &View) -> Markup {
    let incident = &view.incident;
    let id = format!("INC-{}", incident.no);
    let desk = Desk { incident, scene, grant: &view.grant };
    let body = body(&desk, view);
    let main = html! {
        @if let Some(attempt) = view.attempt.as_ref().filter(|_| !form::tells_refusal(&body)) {
            // Its form is gone meanwhile: somebody else was faster.
            (form::refusal(&attempt.problem))
        }
        @if let Some(done) = view.done { p.done role="status" { (glyph::mark(glyph::Mark::Check)) (done) } }
        (head(incident, scene))
        (stages(incident))
        (body)
    };
    let title = format!("{id} {}", incident.title);
    let frame = Page {
        title: &title,
        section: Section::Board,
        live: Some(&id),
        summary: summary(incident, scene),
        wall: false,
    };
    page(scene, &frame, main)
}

/// Everything below the heading.
fn body(desk: &Desk<'_>, view: &View) -> Markup {
    let (incident, scene) = (desk.incident, desk.scene);
    html! {
        div.columns {
            div.column-work {
                (gates::glass(desk))
                (gates::lowering(desk, view))
                (gates::hold(desk))
                (acts::primary(desk, view))
                (pending::pending(desk, view))
                (clocks::clocks(incident, scene))
                (checklists::checklists(desk, view))
                (acts::others(desk, view))
            }
            div.column-side {
                (reasons::reasons(scene, view))
                (side::roles(desk, view))
                (facts::facts(desk))
                (side::updates(desk, view))
                (side::deliveries(view, scene))
            }
            div.column-log { (timeline::timeline(scene, view)) }
        }
    }
}

/// One sentence for those who listen.
fn summary(incident: &Incident, scene: &Scene) -> String {
    let chips = face::chips(incident, scene.now);
    let next = chips.first().map(|chip| format!(", {} {}", words::clock(&chip.clock.id.kind), chip.face.word()));
    format!("INC-{} {}{}", incident.no, words::status(incident.status()), next.unwrap_or_default())
}

fn head(incident: &Incident, scene: &Scene) -> Markup {
    let (names, now) = (&scene.names, scene.now);
    html! {
        header.incident-head.{ "is-sev-" (incident.severity.min(4)) } {
            p.crumbs {
                (glyph::severity_badge(incident.severity, &names.severity(incident.severity)))
                span.no { "INC-" (incident.no) }
                @if incident.restricted { span.restricted { "restricted" } }
            }
            h1 { (incident.title) }
            p.facts {
                @for name in [names.class(&incident.class), names.service(&incident.service)] {
                    // Titles of triggers hold both already.
                    @if !incident.title.contains(name) { span { (name) } }
                }
                span { "opened " (moment::at(incident.opened_at, now)) }
                span {
                    @match incident.resolved_at {
                        Some(at) => { "took " (words::plain(at.since(incident.opened_at).max(Duration::ZERO))) },
                        None => { "open for " (moment::age(incident.opened_at, now)) },
                    }
                }
                @if incident.reopened > 0 { span { "reopened " (words::count(u64::from(incident.reopened), "time", "times")) } }
            }
            @if let Some(reason) = &incident.paused {
                p.paused-note { (glyph::mark(glyph::Mark::Paused)) strong { "Work is paused: " } (reason) }
            }
        }
    }
}

/// The way from triggered to reviewed. Containment may be skipped.
fn stages(incident: &Incident) -> Markup {
    let current = incident.status();
    let reached = |status: Status| match status {
        Status::Contained => incident.contained.is_some(),
        Status::Mitigated => incident.mitigated.is_some(),
        Status::Validated => incident.is_validated(),
        other => other <= current,
    };
    html! {
        ol.stages aria-label="Stages" {
            @for status in Status::ALL {
                @let done = reached(status);
                @let skipped = !done && status < current;
                li.is-done[done].is-skipped[skipped] aria-current=[(status == current).then_some("step")] {
                    span.dot aria-hidden="true" {}
                    span { (words::status(status)) }
                    span.visually-hidden { @if done { " (reached)" } @else if skipped { " (skipped)" } @else { " (ahead)" } }
                }
            }
        }
    }
}
