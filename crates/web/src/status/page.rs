//! The page itself: plain HTML without a script, the same bytes from the server and in the export.
//!
//! Links are relative to the root of the site, on which both stand.

use calendar::Instant;
use maud::{DOCTYPE, Markup, html};

use super::board::{Board, Impact, Incident, Phase, State, Update};
use crate::pages::assets;

/// The page.
pub(crate) fn page(board: &Board) -> String {
    let (now, past): (Vec<&Incident>, Vec<&Incident>) =
        board.incidents.iter().partition(|incident| incident.phase != Phase::Resolved);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(board))
            body.status-page {
                a.skip href="#main" { "Skip to content" }
                header.status-top { p.status-name { (board.organization) } }
                main #main tabindex="-1" {
                    (banner(board))
                    (components(board))
                    @if !now.is_empty() { (list("Now", &now)) }
                    (history(&past))
                }
                footer.status-foot {
                    p { "Last changed " (exact(board.updated_at)) ". Times are in UTC." }
                    p {
                        a href="status/history.atom" { "Feed" } " "
                        a href="api/v2/summary.json" { "JSON" }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn head(board: &Board) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
            meta name="color-scheme" content="light dark";
            meta name="description" content=(board.description());
            title { (board.description()) " · " (board.organization) " status" }
            link rel="icon" type="image/svg+xml" href=(relative(&assets::ICON));
            link rel="stylesheet" href=(relative(&assets::STATUS_STYLE));
            link rel="alternate" type="application/atom+xml" title="History" href="status/history.atom";
        }
    }
}

/// Without its leading slash.
fn relative(asset: &assets::Asset) -> String {
    asset.path().trim_start_matches('/').to_owned()
}

fn banner(board: &Board) -> Markup {
    let kind = match board.impact() {
        None => "is-fine",
        Some(Impact::Minor) => "is-minor",
        Some(Impact::Major) => "is-major",
        Some(Impact::Critical) => "is-critical",
    };
    html! {
        section.banner.(kind) aria-labelledby="state" {
            (mark(board.impact().map_or(State::Operational, state_of)))
            h1 #state { (sentence(board)) }
        }
    }
}

fn state_of(impact: Impact) -> State {
    match impact {
        Impact::Minor => State::Degraded,
        Impact::Major => State::PartialOutage,
        Impact::Critical => State::MajorOutage,
    }
}

/// The state in the page's own words.
fn sentence(board: &Board) -> &'static str {
    match board.impact() {
        None => "Everything works",
        Some(Impact::Minor) => "Some things work less well",
        Some(Impact::Major) => "Some things do not work",
        Some(Impact::Critical) => "A major disruption",
    }
}

fn components(board: &Board) -> Markup {
    html! {
        @if !board.components.is_empty() {
            section aria-labelledby="components" {
                h2 #components { "Components" }
                ul.components {
                    @for component in &board.components {
                        li {
                            span.component-name { (component.name) }
                            span.component-state.(class(component.state)) {
                                (mark(component.state)) (component.state.title())
                            }
                        }
                    }
                }
            }
        }
    }
}

fn history(past: &[&Incident]) -> Markup {
    html! {
        @if past.is_empty() {
            section aria-labelledby="past" { h2 #past { "Past incidents" } p.none { "None." } }
        } @else { (list("Past incidents", past)) }
    }
}

fn list(title: &str, incidents: &[&Incident]) -> Markup {
    let id = title.split(' ').next().unwrap_or_default().to_lowercase();
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @for incident in incidents { (article(incident)) }
        }
    }
}

fn article(incident: &Incident) -> Markup {
    html! {
        article.incident id=(incident.id) aria-labelledby={ (incident.id) "-name" } {
            header {
                h3 id={ (incident.id) "-name" } dir="auto" { a href={ "#" (incident.id) } { (incident.name) } }
                p.incident-facts {
                    span.phase { (incident.phase.title()) }
                    span { (impact(incident.impact)) }
                }
            }
            ol.told { @for update in &incident.updates { (told(update, incident.phase)) } }
        }
    }
}

fn told(update: &Update, phase: Phase) -> Markup {
    html! {
        li.is-corrected[update.corrected.is_some()] id=(update.id) {
            p.told-head { strong { (update.phase.title()) } " " (exact(update.at)) }
            @if let Some((id, at)) = &update.corrects {
                p.told-mark { strong { "Correction" } " of what was said on " a href={ "#" (id) } { (exact(*at)) } }
            }
            @if let Some((id, at)) = &update.corrected {
                p.told-mark { strong { "Corrected" } " on " a href={ "#" (id) } { (exact(*at)) } }
            }
            @for paragraph in update.text.split("\n\n") { p.told-text dir="auto" { (paragraph) } }
            @if let (Some(next), true) = (update.next_update_at, phase != Phase::Resolved) {
                p.told-next { "Next update by " (exact(next)) }
            }
        }
    }
}

fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Minor => "Minor impact",
        Impact::Major => "Major impact",
        Impact::Critical => "Critical impact",
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Operational => "is-fine",
        State::Degraded => "is-minor",
        State::PartialOutage => "is-major",
        State::MajorOutage => "is-critical",
    }
}

/// Each state has a shape of its own beside its word.
fn mark(state: State) -> Markup {
    html! {
        svg.status-mark viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match state {
                State::Operational => { circle cx="8" cy="8" r="6.4" {} path d="m5.1 8.2 2.1 2.1 3.7-4.5" {} },
                State::Degraded => { rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" {} path d="M5 8h6" {} },
                State::PartialOutage => { path d="M8 1.8 14.8 13.8H1.200z" {} path d="M8 6.200v3.600m0 1.700v.2" {} },
                State::MajorOutage => { path d="M5.300 1.600h5.400l3.700 3.700v5.400l-3.700 3.700H5.300l-3.700-3.700V5.300z" {} path d="m5.600 5.600 4.800 4.800m0-4.800-4.800 4.800" {} },
            }
        }
    }
}

fn exact(at: Instant) -> Markup {
    let machine = at.timestamp().strftime("%FT%H:%M:%SZ").to_string();
    html! { time datetime=(machine) { (at.timestamp().strftime("%-d %b %Y, %H:%M UTC")) } }
}
