//! The history as an Atom feed (RFC 4287): one entry per incident, with its updates.
//!
//! Written with `maud`, whose elements are all closed here, so that the result is XML.

use calendar::Instant;
use maud::{Markup, PreEscaped, html};

use super::board::{Board, Incident};

/// The feed's content type.
pub(crate) const CONTENT_TYPE: &str = "application/atom+xml; charset=utf-8";

/// The feed.
pub(crate) fn atom(board: &Board) -> String {
    let home = format!("{}/status", board.url);
    let own = format!("{home}/history.atom");
    let feed = html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"))
        feed xmlns="http://www.w3.org/2005/Atom" {
            id { "urn:watchbell:" (board.id) }
            title { (board.organization) " status: history" }
            updated { (time(board.updated_at)) }
            (link("self", "application/atom+xml", &own))
            (link("alternate", "text/html", &home))
            author { name { (board.organization) } }
            @for incident in &board.incidents { (entry(board, incident, &home)) }
        }
    };
    feed.into_string()
}

fn entry(board: &Board, incident: &Incident, home: &str) -> Markup {
    html! {
        entry {
            id { "urn:watchbell:" (board.id) ":" (incident.id) }
            title { (incident.name) }
            published { (time(incident.created_at)) }
            updated { (time(incident.updated_at)) }
            (link("alternate", "text/html", &format!("{home}#{}", incident.id)))
            content type="html" { (content(incident).into_string()) }
        }
    }
}

/// The updates as HTML, which the feed carries as text.
fn content(incident: &Incident) -> Markup {
    html! {
        @for update in &incident.updates {
            p {
                strong { (update.phase.title()) } ", " (update.at.timestamp().strftime("%-d %b %Y %H:%M UTC"))
            }
            @for paragraph in update.marked_text().split("\n\n") { p { (paragraph) } }
        }
    }
}

fn link(rel: &str, kind: &str, href: &str) -> Markup {
    html! { link rel=(rel) type=(kind) href=(href) {} }
}

fn time(at: Instant) -> String {
    at.timestamp().strftime("%FT%H:%M:%SZ").to_string()
}
