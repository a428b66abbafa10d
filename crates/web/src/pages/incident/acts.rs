//! The incident's forms: the next step, large and first, and the others, folded.

use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;
use wcore::incident::Status;

use super::View;
use crate::pages::actions;
use crate::pages::form::{Action, Attempt, Target, form};
use crate::pages::frame::Scene;
use crate::pages::glyph::{self, Mark};

/// The step that moves the incident on.
pub(super) fn primary(scene: &Scene, view: &View) -> Markup {
    let incident = &view.incident;
    let Some(action) = actions::primary(incident) else { return reviewed() };
    let path = format!("/incidents/INC-{}", incident.no);
    let target = Target { path: &path, once: &scene.once, id: "next" };
    html! {
        section.act aria-labelledby="next" {
            p.eyebrow { "Next step" }
            h2 #next { (action.title) }
            p.act-help { (action.help) }
            @if let Some(hint) = separation(incident, scene) { p.caution { (glyph::mark(Mark::Alert)) (hint) } }
            (form(&action, &target, view.attempt.as_ref()))
        }
    }
}

fn reviewed() -> Markup {
    html! {
        section.act.is-over aria-labelledby="next" {
            h2 #next { (glyph::mark(Mark::Check)) "Reviewed and closed" }
            p.act-help { "If it comes back, reopen it below; its history stays." }
        }
    }
}

/// A word before someone writes down evidence that the policy will refuse.
fn separation(incident: &Incident, scene: &Scene) -> Option<String> {
    let fixer = &incident.mitigated.as_ref()?.0.by;
    let apart = scene.names.keeps_apart(&incident.class, Role::Validation, Role::Remediation);
    let mine = scene.viewer.person.as_ref() == Some(fixer);
    (incident.status() == Status::Mitigated && apart && mine).then(|| {
        "You mitigated it, and the policy asks that somebody else validates. Assign validation below.".to_owned()
    })
}

/// Everything else that can be done.
pub(super) fn others(scene: &Scene, view: &View) -> Markup {
    let path = format!("/incidents/INC-{}", view.incident.no);
    html! {
        section.others aria-labelledby="others" {
            h2 #others { "More to do" }
            @for (group, actions) in actions::others(&view.incident, scene) {
                div.group {
                    h3 { (group) }
                    @for (n, action) in actions.iter().enumerate() {
                        (folded(action, &path, &format!("{}-{n}", action.word), scene, view.attempt.as_ref()))
                    }
                }
            }
        }
    }
}

fn folded(action: &Action, path: &str, id: &str, scene: &Scene, attempt: Option<&Attempt>) -> Markup {
    let target = Target { path, once: &scene.once, id };
    let refused = attempt.is_some_and(|attempt| attempt.is(action));
    html! {
        details.fold #(id) name="other" open[refused] data-key=[action.key] {
            summary { span { (action.title) } @if let Some(key) = action.key { kbd aria-hidden="true" { (key) } } }
            div.fold-body {
                p.act-help { (action.help) }
                (form(action, &target, attempt))
            }
        }
    }
}
