//! One act on a page of its own: acknowledging from a message, and what needs a second look.
//!
//! Opening it changes nothing, any number of times; its one button does.

use maud::{Markup, html};
use wcore::incident::Status;

use super::View;
use super::acts::{offered, path};
use crate::pages::actions::{self, Desk, Offer};
use crate::pages::form::Target;
use crate::pages::frame::{Page, Scene, Section, page};
use crate::pages::glyph::{self, Mark};
use crate::pages::{moment, words};

/// Words of the acts that have a page of their own.
pub(crate) const WORDS: [&str; 3] = [ACKNOWLEDGE, CONFIRM, CONFIRM_SEVERITY];
/// Taking it, from a message.
const ACKNOWLEDGE: &str = "acknowledge";
/// Resolving without proof, as the second person.
pub(crate) const CONFIRM: &str = "confirm";
/// Lowering the severity, as the second person.
const CONFIRM_SEVERITY: &str = "confirm-severity";

/// The page of that act; none where it has none.
pub(crate) fn alone(scene: &Scene, view: &View, word: &str) -> Option<Markup> {
    let desk = Desk { incident: &view.incident, scene, grant: &view.grant };
    let offer = match word {
        ACKNOWLEDGE => actions::acknowledge(&desk),
        CONFIRM => actions::confirm(&desk),
        CONFIRM_SEVERITY => actions::confirm_severity(&desk),
        _ => return None,
    };
    let incident = &view.incident;
    let over = word == ACKNOWLEDGE && (incident.acknowledged.is_some() || !incident.status().is_open());
    let id = crate::id::incident(incident.no);
    let main = html! {
        div.narrow.alone {
            p.crumbs {
                (glyph::severity_badge(incident.severity, &scene.names.severity(incident.severity)))
                a.no href={ "/incidents/" (id) } { (id) }
                @if incident.restricted { span.restricted { "restricted" } }
            }
            h1 { (incident.title) }
            p.facts { span { (scene.names.service(&incident.service)) } span { "opened " (moment::at(incident.opened_at, scene.now)) } }
            @if over { (taken(scene, view)) } @else { (act(&desk, view, &offer)) }
            p { a href={ "/incidents/" (id) } { "All about " (id) } }
        }
    };
    let title = format!("{} {id}", offer.action.title);
    let frame = Page { title: &title, section: Section::Board, live: None, summary: String::new(), wall: false };
    Some(page(scene, &frame, main))
}

fn act(desk: &Desk<'_>, view: &View, offer: &Offer) -> Markup {
    let path = path(desk);
    let incident = &view.incident;
    let asked = match offer.action.word {
        CONFIRM => incident.break_glass.as_ref().map(|glass| (&glass.by, &glass.reason)),
        CONFIRM_SEVERITY => incident.lowering.as_ref().map(|asked| (&asked.by, &asked.reason)),
        _ => None,
    };
    html! {
        section.act aria-labelledby="next" {
            h2 #next { (offer.action.title) }
            @if let Some((by, reason)) = asked {
                p { (desk.scene.names.person(by)) " asks for it:" }
                p.quote { (reason) }
            }
            p.act-help { (offer.action.help) }
            (offered(offer, &Target { path: &path, once: &desk.scene.once, id: "next" }, view.attempt.as_ref()))
        }
    }
}

/// Somebody has it already.
fn taken(scene: &Scene, view: &View) -> Markup {
    let incident = &view.incident;
    html! {
        section.act.is-over {
            h2 { (glyph::mark(Mark::Check)) (words::status(incident.status().max(Status::Acknowledged))) }
            @if let Some(act) = &incident.acknowledged {
                p { "Taken by " (scene.names.person(&act.by)) ", " (moment::at(act.at, scene.now)) "." }
            }
        }
    }
}
