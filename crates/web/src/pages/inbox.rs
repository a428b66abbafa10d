//! The built-in inbox: pages delivered to people where no other channel is needed.

use engine::Delivery;
use maud::{Markup, html};

use super::frame::{Page, Scene, Section, page};
use super::{glyph, moment, words};

/// What the inbox shows.
pub(crate) struct Inbox {
    /// Pages, newest first.
    pub(crate) pages: Vec<Delivery>,
    /// Only those of this person.
    pub(crate) person: Option<String>,
    /// Open incidents that nobody has acknowledged: their pages still ask.
    pub(crate) unacknowledged: Vec<u64>,
}

/// The page.
pub(crate) fn inbox(scene: &Scene, inbox: &Inbox) -> Markup {
    let whose = inbox.person.as_deref().map(|person| scene.names.person(person).to_owned());
    let main = html! {
        header.page-head {
            h1 { "Inbox" @if let Some(whose) = &whose { span.dim { " of " (whose) } } }
            p.lead { "Pages as they reached people. Replies are commands: open the incident and act." }
        }
        (filter(scene, inbox))
        @if inbox.pages.is_empty() {
            div.empty { (glyph::bell()) h2 { "No pages" } p { "When an incident opens, whoever is on call reads about it here." } }
        }
        ol.messages aria-label="Pages, newest first" { @for page in &inbox.pages { (message(page, scene, inbox)) } }
    };
    let summary = words::count(inbox.pages.len() as u64, "page", "pages");
    let frame = Page { title: "Inbox", section: Section::Inbox, live: Some("*"), summary, wall: false };
    page(scene, &frame, main)
}

fn filter(scene: &Scene, inbox: &Inbox) -> Markup {
    html! {
        form.filter method="get" action="/inbox" {
            label for="person" { "Pages to" }
            select #person name="person" data-submit {
                option value="" selected[inbox.person.is_none()] { "everyone" }
                @for (id, person) in &scene.names.roster.people {
                    option value=(id) selected[inbox.person.as_deref() == Some(id)] { (person.name) }
                }
            }
            button.button type="submit" { "Show" }
        }
    }
}

fn message(page: &Delivery, scene: &Scene, inbox: &Inbox) -> Markup {
    let asks = page.incident.filter(|no| inbox.unacknowledged.contains(no));
    html! {
        li.message.is-asking[asks.is_some()].{ "is-sev-" (page.severity.min(4)) } id=(page.id) {
            header {
                (glyph::severity_badge(page.severity, &scene.names.severity(page.severity)))
                span.to { "to " strong { (scene.names.person(&page.person)) } }
                (moment::exact(page.created_at))
            }
            h2 { (page.subject) }
            p.message-text { (page.text) }
            p.message-links {
                @if let Some(no) = asks { a.button.primary href={ "/incidents/INC-" (no) "#next" } { "Acknowledge…" } }
                @if let Some(no) = page.incident { a.button href={ "/incidents/INC-" (no) } { "Open INC-" (no) } }
            }
        }
    }
}
