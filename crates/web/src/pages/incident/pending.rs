//! Words that wait: what they say, whose they are, what they wait for, and who may say yes.

use maud::{Markup, html};
use wcore::incident::Pending;

use super::View;
use super::acts::{offered, path};
use crate::pages::actions::{Desk, words_acts};
use crate::pages::form::Target;
use crate::pages::{moment, words};

/// The waiting words, where there are any.
pub(super) fn pending(desk: &Desk<'_>, view: &View) -> Markup {
    let waiting: Vec<&Pending> = desk.incident.pending.values().collect();
    html! {
        @if !waiting.is_empty() {
            section.card.pending aria-labelledby="waiting" {
                h2 #waiting { "Waiting words" span.n { (waiting.len()) } }
                ol.update-list { @for one in waiting { (item(desk, view, one)) } }
            }
        }
    }
}

fn item(desk: &Desk<'_>, view: &View, pending: &Pending) -> Markup {
    let (names, now) = (&desk.scene.names, desk.scene.now);
    let said = &pending.words;
    let (offers, who) = words_acts(desk, pending);
    let path = path(desk);
    html! {
        li {
            p.update-head { strong { (said.audience) } span.dim { "No. " (said.no) ", by " (names.person(&said.by)) } }
            @if let Some(no) = said.corrects { p.dim { "Corrects update " (no) "." } }
            p.quote dir="auto" { (said.text) }
            @if let Some(next) = said.next_update_at { p.dim { "Promises the next by " (moment::at(next, now)) } }
            @match &pending.approved {
                Some(act) => p.dim {
                    "Approved by " (names.person(&act.by)) ", " (moment::at(act.at, now)) ". "
                    strong { "Not published yet." }
                },
                None if !who.is_empty() => p { "May be approved by " (words::list(&who)) "." },
                None => {},
            }
            @for (n, offer) in offers.iter().enumerate() {
                @let id = format!("words-{}-{n}", said.no);
                (offered(offer, &Target { path: &path, once: &desk.scene.once, id: &id }, view.attempt.as_ref()))
            }
        }
    }
}
