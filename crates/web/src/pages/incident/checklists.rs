//! What to do: the playbook of the incident's class, and every playbook that was started here.

use maud::{Markup, html};
use wcore::incident::{Checklist, ChecklistStep};

use super::View;
use super::acts::{folded, offered, path};
use crate::pages::actions::{Desk, checklists as acts};
use crate::pages::form::{Target, form};
use crate::pages::glyph::{self, Mark};
use crate::pages::{moment, words};

/// The cards.
pub(super) fn checklists(desk: &Desk<'_>, view: &View) -> Markup {
    let own = desk.scene.names.policy.playbook_of(&desk.incident.class);
    let own = own.filter(|playbook| desk.incident.checklist(&playbook.id).is_none());
    let path = path(desk);
    let target = |id: &'static str| Target { path: &path, once: &desk.scene.once, id };
    let another = acts::start_another(desk, own.map(|playbook| playbook.id.as_str()));
    html! {
        @for (n, checklist) in desk.incident.checklists.iter().enumerate() { (card(desk, view, (n, checklist))) }
        @if let Some(playbook) = own {
            section.card.playbook-card aria-labelledby="playbook" {
                h2 #playbook { "What to do" }
                p { a href={ "/playbooks/" (playbook.id) } { (playbook.title) } }
                p.dim { (playbook.summary) }
                (offered(&acts::start(desk, playbook), &target("start"), view.attempt.as_ref()))
            }
        }
        @if let Some(offer) = another { (folded(&offer, &target("start-another"), view.attempt.as_ref())) }
    }
}

fn card(desk: &Desk<'_>, view: &View, (n, checklist): (usize, &Checklist)) -> Markup {
    let id = format!("checklist-{n}");
    let (done, all) = (checklist.done(), checklist.steps.len());
    let late = checklist.steps.iter().filter(|step| step.is_late(desk.scene.now)).count() as u64;
    let known = desk.scene.names.policy.playbook(&checklist.playbook).is_some();
    html! {
        section.card.tracked aria-labelledby=(id) {
            h2 #(id) { (checklist.title) }
            p.progress {
                progress max=(all) value=(done) aria-label="Steps that are done" {}
                span { (done) " of " (words::count(all as u64, "step", "steps")) " done" }
                @if late > 0 { strong.late { (glyph::mark(Mark::Alert)) (late) " late" } }
                @if checklist.is_done() { span.all-done { (glyph::mark(Mark::Check)) "All done" } }
            }
            p.dim {
                "Started by " (desk.scene.names.person(&checklist.started.by)) ", " (moment::at(checklist.started.at, desk.scene.now))
                @if known { " · " a href={ "/playbooks/" (checklist.playbook) } { "Playbook" } }
            }
            ol.checklist {
                @for (no, step) in checklist.numbered() { (row(desk, view, (checklist, &format!("{id}-{no}")), (no, step))) }
            }
        }
    }
}

/// A step: what, who, by when, and whether it is done. The number gives way to a mark.
fn row(desk: &Desk<'_>, view: &View, (checklist, id): (&Checklist, &str), (no, step): (u32, &ChecklistStep)) -> Markup {
    let (scene, incident) = (desk.scene, desk.incident);
    let planned = &step.planned;
    let owner = incident.step_owner(checklist, step);
    let mine = scene.viewer.person.as_deref() == Some(owner);
    let tick = acts::tick(desk, checklist, (no, step));
    let may = tick.why_not.is_none();
    let path = path(desk);
    let press = format!("{id}-tick");
    html! {
        li #(id) .is-done[step.done.is_some()] .is-late[step.is_late(scene.now)] {
            p.step-text { (planned.text) }
            @match &step.done {
                Some(act) => p.dim.step-state {
                    (glyph::mark(Mark::Check))
                    span {
                        "Done by " (scene.names.person(&act.by)) ", " (moment::at(act.at, scene.now))
                        @if step.was_late() { ", " strong { "late" } }
                    }
                },
                None => p.dim.step-state {
                    @if step.is_late(scene.now) { strong.late { (glyph::mark(Mark::Alert)) "late " } }
                    span { (moment::countdown(planned.due_at, scene.now)) " · " (scene.names.person(owner)) " · " (planned.role) }
                    @if mine { span.you { "you" } }
                },
            }
            @if !step.note.is_empty() { p.quote dir="auto" { (step.note) } }
            @if may && step.done.is_none() {
                (form(&tick.action, &Target { path: &path, once: &scene.once, id: &press }, None))
            }
            (more(desk, view, (checklist, id), (no, step)))
        }
    }
}

/// Reasons, evidence and further acts, folded: ten steps must fit on a phone.
fn more(
    desk: &Desk<'_>,
    view: &View,
    (checklist, id): (&Checklist, &str),
    (no, step): (u32, &ChecklistStep),
) -> Markup {
    let offers = acts::more(desk, checklist, (no, step));
    let planned = &step.planned;
    let attempt = view.attempt.as_ref();
    let tried = attempt.is_some_and(|attempt| offers.iter().any(|offer| attempt.is(&offer.action)));
    let path = path(desk);
    html! {
        details.step-more open[tried] {
            summary { @if step.done.is_some() { "Note, or not done after all" } @else { "Why, what to keep, who" } }
            @if let Some(why) = &planned.why { p { "Why: " (why) } }
            @if let Some(evidence) = &planned.evidence { p { "Keep: " (evidence) } }
            @for (n, offer) in offers.iter().enumerate() {
                @if offer.why_not.is_none() {
                    @let form_id = format!("{id}-{n}");
                    (form(&offer.action, &Target { path: &path, once: &desk.scene.once, id: &form_id }, attempt))
                }
            }
        }
    }
}
