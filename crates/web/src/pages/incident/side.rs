//! Beside the work: who holds which role, what was told to whom, what reached people.

use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;
use wcore::incident::Holder;

use super::View;
use crate::pages::form::{Target, form};
use crate::pages::frame::Scene;
use crate::pages::{actions, deliveries, glyph, moment, words};

/// Deliveries shown here; the rest stands on their own page.
const MAX_DELIVERIES: usize = 8;

/// Who answers for what, and the viewer's own acceptances.
pub(super) fn roles(scene: &Scene, view: &View) -> Markup {
    let incident = &view.incident;
    let named =
        |role: &Role| incident.roles.contains_key(role) || scene.names.policy.role(&incident.class, *role).is_some();
    let path = format!("/incidents/INC-{}", incident.no);
    html! {
        section.card.roles aria-labelledby="roles" {
            h2 #roles { "People" }
            ul.role-list { @for role in Role::ALL.iter().filter(|role| named(role)) { (role_row(*role, incident, scene)) } }
            @for (n, action) in actions::acceptance(incident, scene).iter().enumerate() {
                @let id = format!("accept-{n}");
                (form(action, &Target { path: &path, once: &scene.once, id: &id }, view.attempt.as_ref()))
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
        }
    }
}

/// What was said to audiences, newest first.
pub(super) fn updates(incident: &Incident, scene: &Scene) -> Markup {
    html! {
        section.card.updates aria-labelledby="sent" {
            h2 #sent { "Told so far" @if !incident.updates.is_empty() { span.n { (incident.updates.len()) } } }
            @if let Some((_, customers_see)) = &incident.contained {
                p { span.dim { "Customers see now: " } (customers_see) }
            }
            @if incident.updates.is_empty() { p.dim { "Nobody has been told anything yet." } }
            ol.update-list {
                @for update in incident.updates.iter().rev() {
                    li {
                        p.update-head { strong { (update.audience) } span.dim { (moment::at(update.published_at, scene.now)) ", " (scene.names.person(&update.by)) } }
                        p.quote { (update.text) }
                        p.dim {
                            @match update.visible_at {
                                Some(at) => { "Visible since " (moment::at(at, scene.now)) },
                                None => { "On its way" },
                            }
                            @if let Some(next) = update.next_update_at { " · next promised by " (moment::at(next, scene.now)) }
                        }
                    }
                }
            }
        }
    }
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
