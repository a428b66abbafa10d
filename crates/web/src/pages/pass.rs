//! The page behind the link of a mail. It tells what the mail told, and what became of it.

use calendar::Instant;
use engine::Rules;
use maud::{Markup, html};
use wcore::Incident;

use super::frame::outside;
use super::glyph::{self, Mark};
use super::outside::sign_in_for;
use super::{moment, words};
use crate::id;

/// A valid link: whom it is for, and what it is about.
pub(crate) struct Held {
    /// The link's code.
    pub(crate) code: String,
    /// The person's id.
    pub(crate) person: String,
    /// The person's name.
    pub(crate) name: String,
    /// What they acknowledge.
    pub(crate) incident: Incident,
}

/// The page.
pub(crate) fn page(rules: &Rules, held: &Held, now: Instant) -> Markup {
    let incident = &held.incident;
    let id = id::incident(incident.no);
    let open = incident.status().is_open();
    outside(
        &id,
        html! {
            section.narrow.gate {
                p { (glyph::severity_badge(incident.severity, rules.policy.severity_name(incident.severity))) }
                h1 { (id) }
                p.lead { code { (incident.class) } " on " code { (incident.service) } ", opened " (moment::at(incident.opened_at, now)) "." }
                @match &incident.acknowledged {
                    Some(act) => p {
                        (glyph::mark(Mark::Check))
                        @if act.by == held.person { "You took it " } @else { "Somebody else took it " }
                        (moment::at(act.at, now)) ". Paging has stopped."
                    },
                    None if !open => p { "Nobody needs to take it any more: it is " (words::status(incident.status()).to_lowercase()) "." },
                    None => {
                        p { "You are " strong { (held.name) } ". Acknowledging means that you take it: paging stops, and you lead." }
                        form method="post" action={ "/a/" (held.code) } {
                            button.button.primary type="submit" { "Acknowledge" }
                        }
                    },
                }
                p.gate-links { a.button href=(sign_in_for(&format!("/incidents/{id}"))) { "Sign in and open it" } }
            }
        },
    )
}
