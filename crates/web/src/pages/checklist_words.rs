//! What happened to a checklist, in plain words for the timeline.

use maud::{Markup, html};
use wcore::event::ChecklistEvent;

use super::event_words::{Line, major};
use super::names::Names;
use super::words;

/// One line. A started checklist may be of a playbook that the policy no longer has.
pub(super) fn line(event: &ChecklistEvent, names: &Names) -> Line {
    let step = |playbook: &str, step: u32| html! { "Step " (step) " of " (title(playbook, names)) };
    match event {
        ChecklistEvent::Started { title, steps, .. } => {
            let steps = words::count(steps.len() as u64, "step", "steps");
            major(html! { strong { "Checklist started: " (title) } ", " (steps) })
        }
        ChecklistEvent::Ticked { playbook, step: no, note, .. } => {
            major(html! { (step(playbook, *no)) " is done" }).quoting(note)
        }
        ChecklistEvent::Unticked { playbook, step: no, reason, .. } => {
            major(html! { (step(playbook, *no)) " is not done after all" }).quoting(reason)
        }
        ChecklistEvent::Assigned { playbook, step: no, person } => {
            major(html! { (step(playbook, *no)) " is given to " (names.person(person)) })
        }
    }
}

fn title(playbook: &str, names: &Names) -> Markup {
    match names.policy.playbook(playbook) {
        Some(found) => html! { (found.title) },
        None => html! { code { (playbook) } },
    }
}
