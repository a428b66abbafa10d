//! Beside the work: who holds which role, what was told to whom, what reached people.

use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;
use wcore::event::{Approval, Update};
use wcore::incident::Holder;

use super::View;
use super::acts::{folded, offered, path};
use crate::pages::actions::Desk;
use crate::pages::form::Target;
use crate::pages::frame::Scene;
use crate::pages::{actions, deliveries, glyph, moment, words};

/// Deliveries shown here; the rest stands on their own page.
const MAX_DELIVERIES: usize = 8;

/// Who answers for what, and the viewer's own acceptances.
pub(super) fn roles(desk: &Desk<'_>, view: &View) -> Markup {
    let (incident, scene) = (desk.incident, desk.scene);
    let named =
        |role: &Role| incident.roles.contains_key(role) || scene.names.policy.role(&incident.class, *role).is_some();
    let path = path(desk);
    html! {
        section.card.roles aria-labelledby="roles" {
            h2 #roles { "People" }
            ul.role-list { @for role in Role::ALL.iter().filter(|role| named(role)) { (role_row(*role, incident, scene)) } }
            @for (n, offer) in actions::acceptances(desk).iter().enumerate() {
                @let id = format!("accept-{n}");
                (offered(offer, &Target { path: &path, once: &scene.once, id: &id }, view.attempt.as_ref()))
            }
            @for role in Role::ALL {
                @for offer in actions::role_acts(desk, role) {
                    @let id = format!("{}-{role}", offer.action.word);
                    (folded(&offer, &Target { path: &path, once: &scene.once, id: &id }, view.attempt.as_ref()))
                }
            }
        }
    }
}

fn role_row(role: Role, incident: &Incident, scene: &Scene) -> Markup {
    let (title, duty) = words::role(role);
    html! {
        li {
            @match incident.roles.get(&role) {
                Some(holder) => (held(title, duty, holder, scene)),
                None => {
                    span.avatar.is-vacant aria-hidden="true" { "?" }
                    div { p { strong { "Nobody" } } p.dim { (title) ", " (duty) } }
                },
            }
        }
    }
}

fn held(title: &str, duty: &str, holder: &Holder, scene: &Scene) -> Markup {
    let name = scene.names.person(&holder.person);
    let consulted: Vec<String> = holder.consulted.iter().map(|id| scene.names.person(id).to_owned()).collect();
    html! {
        (glyph::avatar(name))
        div {
            p {
                strong { (name) }
                @if scene.viewer.person.as_deref() == Some(&holder.person) { span.you { "you" } }
            }
            p.dim {
                (title) ", " (duty)
                @if !holder.accepted { " · " strong { "not accepted yet" } }
                @if !consulted.is_empty() { " · with " (words::list(&consulted)) }
            }
            @if let Some(offer) = &holder.offer {
                p { "Asks " strong { (scene.names.person(&offer.person)) } " to take over, " (moment::at(offer.since, scene.now)) }
                p.quote dir="auto" { (offer.note) }
            }
        }
    }
}

/// What was said to audiences, newest first, each correction beside what it corrects.
pub(super) fn updates(desk: &Desk<'_>, view: &View) -> Markup {
    let incident = desk.incident;
    let first = |update: &&Update| update.corrects.is_none();
    html! {
        section.card.updates aria-labelledby="sent" {
            h2 #sent { "Told so far" @if !incident.updates.is_empty() { span.n { (incident.updates.len()) } } }
            @if let Some((_, customers_see)) = &incident.contained {
                p { span.dim { "Customers see now: " } (customers_see) }
            }
            @if incident.updates.is_empty() { p.dim { "Nobody has been told anything yet." } }
            ol.update-list {
                @for update in incident.updates.iter().rev().filter(first) {
                    @let corrections = corrections(incident, update);
                    li.is-corrected[!corrections.is_empty()] {
                        (told(desk, update))
                        @if !corrections.is_empty() {
                            ol.corrections {
                                @for correction in corrections { li { p.tag { "Correction" } (told(desk, correction)) } }
                            }
                        }
                        (correct(desk, view, update))
                    }
                }
            }
        }
    }
}

fn corrections<'a>(incident: &'a Incident, update: &Update) -> Vec<&'a Update> {
    incident.updates.iter().filter(|other| other.corrects == Some(update.no)).collect()
}

fn told(desk: &Desk<'_>, update: &Update) -> Markup {
    let scene = desk.scene;
    html! {
        p.update-head { strong { (update.audience) } span.dim { (moment::at(update.published_at, scene.now)) ", " (scene.names.person(&update.by)) } }
        p.quote dir="auto" { (update.text) }
        p.dim {
            @match update.visible_at {
                Some(at) => { "Visible since " (moment::at(at, scene.now)) },
                None => { "On its way" },
            }
            @match &update.approval {
                Approval::By(person) if *person != update.by => { " · approved by " (scene.names.person(person)) },
                Approval::InAdvance => { " · approved in advance" },
                Approval::By(_) | Approval::NotNeeded => {},
            }
            @if let Some(next) = update.next_update_at { " · next promised by " (moment::at(next, scene.now)) }
        }
    }
}

fn correct(desk: &Desk<'_>, view: &View, update: &Update) -> Markup {
    let Some(offer) = actions::correction(desk, update) else { return html! {} };
    let (path, id) = (path(desk), format!("correct-{}", update.no));
    folded(&offer, &Target { path: &path, once: &desk.scene.once, id: &id }, view.attempt.as_ref())
}

/// What reached whom.
pub(super) fn deliveries(view: &View, scene: &Scene) -> Markup {
    let shown = view.deliveries.iter().take(MAX_DELIVERIES);
    html! {
        section.card.sent aria-labelledby="deliveries" {
            h2 #deliveries { "Pages sent" @if !view.deliveries.is_empty() { span.n { (view.deliveries.len()) } } }
            @if view.deliveries.is_empty() { p.dim { "Nobody has been paged yet." } }
            ul.delivery-list { @for delivery in shown { (deliveries::item(delivery, scene)) } }
            @if view.deliveries.len() > MAX_DELIVERIES { p { a href="/deliveries" { "All deliveries" } } }
        }
    }
}
