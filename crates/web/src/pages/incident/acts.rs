//! The incident's forms: the next step, large and first, and the others, folded. What would be
//! refused says why in place of its form.

use maud::{Markup, html};
use problem::Problem;

use super::View;
use crate::pages::actions::{self, Desk, Offer};
use crate::pages::form::{Attempt, Target, form, sentence};
use crate::pages::glyph::{self, Mark};

/// The step that moves the incident on.
pub(super) fn primary(desk: &Desk<'_>, view: &View) -> Markup {
    let Some(offer) = actions::primary(desk) else { return reviewed() };
    let path = path(desk);
    let target = Target { path: &path, once: &desk.scene.once, id: "next" };
    html! {
        section.act aria-labelledby="next" {
            p.eyebrow { "Next step" }
            h2 #next { (offer.action.title) }
            p.act-help { (offer.action.help) }
            (offered(&offer, &target, view.attempt.as_ref()))
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

/// The form, or why there is none. A refused attempt keeps its form, with what was typed.
pub(super) fn offered(offer: &Offer, target: &Target<'_>, attempt: Option<&Attempt>) -> Markup {
    let tried = attempt.is_some_and(|attempt| attempt.is(&offer.action));
    match &offer.why_not {
        Some(problem) if !tried => withheld(problem),
        _ => form(&offer.action, target, attempt),
    }
}

/// Why an act is not offered, in the words in which it would be refused.
pub(super) fn withheld(problem: &Problem) -> Markup {
    html! {
        div.caution {
            (glyph::mark(Mark::Alert))
            div {
                p { strong { (heading(problem)) ": " } (sentence(problem.code.title)) }
                p.dim { (sentence(&problem.detail)) }
            }
        }
    }
}

/// How long the refusal lasts: until something happens, or until the reader has another role.
fn heading(problem: &Problem) -> &'static str {
    let by_role = [problem::ROLE_MISSING.id, problem::SCOPE_MISSING.id].contains(&problem.code.id);
    if by_role { "Not with your role" } else { "Not now" }
}

/// Everything else that can be done.
pub(super) fn others(desk: &Desk<'_>, view: &View) -> Markup {
    let path = path(desk);
    html! {
        section.others aria-labelledby="others" {
            h2 #others { "More to do" }
            @for (group, offers) in actions::others(desk) {
                div.group {
                    h3 { (group) }
                    @for (n, offer) in offers.iter().enumerate() {
                        @let id = format!("{}-{n}", offer.action.word);
                        (folded(offer, &Target { path: &path, once: &desk.scene.once, id: &id }, view.attempt.as_ref()))
                    }
                }
            }
        }
    }
}

/// An act behind its title, open where its last attempt was refused.
pub(super) fn folded(offer: &Offer, target: &Target<'_>, attempt: Option<&Attempt>) -> Markup {
    let action = &offer.action;
    let refused = attempt.is_some_and(|attempt| attempt.is(action));
    html! {
        details.fold.is-shut[offer.why_not.is_some()] #(target.id) name="other" open[refused] data-key=[action.key] {
            summary {
                span { (action.title) }
                @if let Some(problem) = &offer.why_not { small { (heading(problem).to_lowercase()) } }
                @if let Some(key) = action.key { kbd aria-hidden="true" { (key) } }
            }
            div.fold-body {
                p.act-help { (action.help) }
                (offered(offer, target, attempt))
            }
        }
    }
}

/// Where the forms of an incident go.
pub(super) fn path(desk: &Desk<'_>) -> String {
    format!("/incidents/{}", crate::id::incident(desk.incident.no))
}
