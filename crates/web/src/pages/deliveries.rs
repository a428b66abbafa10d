//! Everything that was sent to people, with its outcome: what went wrong stands first.

use engine::Delivery;
use journal::DeliveryState;
use maud::{Markup, html};

use super::frame::{Page, Scene, Section, page};
use super::glyph::{self, Mark};
use super::{moment, words};

/// A state as people read it.
fn look(state: DeliveryState) -> (&'static str, &'static str, Mark) {
    match state {
        DeliveryState::Dead => ("not delivered", "is-missed", Mark::Missed),
        DeliveryState::Pending => ("on its way", "is-running", Mark::Dial),
        DeliveryState::Delivered => ("delivered", "is-met", Mark::Check),
        DeliveryState::Superseded => ("not needed", "is-off", Mark::Dash),
    }
}

/// The page; `hold` is the part in which messages are held and let go.
pub(crate) fn deliveries(scene: &Scene, deliveries: &[Delivery], hold: &Markup) -> Markup {
    let (dead, rest): (Vec<&Delivery>, Vec<&Delivery>) =
        deliveries.iter().partition(|delivery| delivery.state == DeliveryState::Dead);
    let main = html! {
        header.page-head {
            h1 { "Deliveries" }
            p.lead { "Every attempt to reach a person. What could not be delivered stands first." }
        }
        (hold)
        @if deliveries.is_empty() {
            div.empty { (glyph::bell()) h2 { "Nothing has been sent yet" } p { "Pages appear here as soon as an incident opens." } }
        }
        @if !dead.is_empty() {
            section aria-labelledby="dead" {
                h2 #dead { "Not delivered" span.n { (dead.len()) } }
                (table(&dead, scene))
            }
        }
        @if !rest.is_empty() {
            section aria-labelledby="sent" { h2 #sent { "Sent and on their way" span.n { (rest.len()) } } (table(&rest, scene)) }
        }
    };
    let summary =
        format!("{}, {} not delivered", words::count(deliveries.len() as u64, "delivery", "deliveries"), dead.len());
    let frame = Page { title: "Deliveries", section: Section::Deliveries, live: Some("*"), summary, wall: false };
    page(scene, &frame, main)
}

fn table(deliveries: &[&Delivery], scene: &Scene) -> Markup {
    html! {
        div.table {
            table {
                thead { tr { th scope="col" { "State" } th scope="col" { "To" } th scope="col" { "About" } th scope="col" { "Outcome" } th scope="col" { "When" } } }
                tbody {
                    @for delivery in deliveries {
                        tr {
                            td data-label="State" { (state(delivery.state)) }
                            td data-label="To" { (recipient(delivery, scene)) p.dim { (delivery.channel) " " (address(delivery, scene)) } }
                            td data-label="About" { (about(delivery)) }
                            td data-label="Outcome" { (outcome(delivery)) }
                            td data-label="When" { (moment::exact(delivery.attempted_at.unwrap_or(delivery.created_at))) }
                        }
                    }
                }
            }
        }
    }
}

/// The person; a message to an audience has none.
fn recipient<'a>(delivery: &'a Delivery, scene: &'a Scene) -> &'a str {
    if delivery.person.is_empty() { "an audience" } else { scene.names.person(&delivery.person) }
}

/// Addresses are private: one's own, and administrators' business.
fn address<'a>(delivery: &'a Delivery, scene: &Scene) -> &'a str {
    let own = scene.viewer.person.as_ref() == Some(&delivery.person);
    if own || scene.viewer.admin { &delivery.address } else { "" }
}

fn about(delivery: &Delivery) -> Markup {
    html! {
        @match delivery.incident {
            Some(no) => a href={ "/incidents/INC-" (no) } { (delivery.subject) },
            None => span { (delivery.subject) },
        }
    }
}

fn outcome(delivery: &Delivery) -> Markup {
    html! {
        @if delivery.outcome.is_empty() { span.dim { "not tried yet" } } @else { (delivery.outcome) }
        @if delivery.attempts > 1 { p.dim { (delivery.attempts) " attempts" } }
    }
}

/// A state's mark and word.
fn state(state: DeliveryState) -> Markup {
    let (word, class, mark) = look(state);
    html! { span.state-mark.(class) { (glyph::mark(mark)) span { (word) } } }
}

/// A delivery as a line on an incident's page.
pub(crate) fn item(delivery: &Delivery, scene: &Scene) -> Markup {
    html! {
        li {
            (state(delivery.state))
            div {
                p { (recipient(delivery, scene)) span.dim { " by " (delivery.channel) ", " (moment::at(delivery.created_at, scene.now)) } }
                @if !delivery.outcome.is_empty() { p.dim { (delivery.outcome) } }
            }
        }
    }
}
