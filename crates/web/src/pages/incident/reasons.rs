//! Why the incident is what it is: trigger, clause, policy version, evidence.
//!
//! It shows the stored decision record and judges nothing anew.

use calendar::Instant;
use engine::StoredSignal;
use maud::{Markup, html};
use wcore::Incident;
use wcore::decision::Decision;
use wcore::event::{Actor, Entry, Event, Opened};

use super::View;
use crate::pages::form::sentence;
use crate::pages::frame::Scene;
use crate::pages::{moment, words};

/// Later firings shown; the counts cover the rest.
const MAX_LATER: usize = 5;

/// The card.
pub(super) fn reasons(scene: &Scene, view: &View) -> Markup {
    let incident = &view.incident;
    let Some((entry, opened)) = opening(&view.timeline) else { return html! {} };
    let severity = scene.names.severity(incident.severity);
    html! {
        section.card.reasons aria-labelledby="why" {
            h2 #why { "Why is this a " (severity) "?" }
            @match &opened.decision {
                Some(decision) => (decided(decision, view, scene)),
                None => (declared(entry, opened, scene)),
            }
            (changes(&view.timeline, scene))
            (sources(incident))
            (later(&view.timeline, scene))
        }
    }
}

fn opening(timeline: &[Entry]) -> Option<(&Entry, &Opened)> {
    timeline.iter().find_map(|entry| {
        entry.events.iter().find_map(|event| match event {
            Event::Opened(opened) => Some((entry, opened.as_ref())),
            _ => None,
        })
    })
}

fn decided(decision: &Decision, view: &View, scene: &Scene) -> Markup {
    html! {
        p.statement { (sentence(&decision.statement)) }
        dl.pairs {
            div { dt { "Trigger" } dd { a href={ "/policy#trigger-" (decision.trigger) } { code { (decision.trigger) } } } }
            div { dt { "Clause" } dd { code.clause { (decision.clause) } } }
            div { dt { "Policy" } dd { code { (decision.policy) } } }
            div {
                dt { "Evidence" }
                dd { (words::count(decision.count, "signal", "signals")) ", " (moment::at(decision.first_at, scene.now)) }
            }
        }
        @if !view.signals.is_empty() {
            ul.signals { @for signal in &view.signals { (evidence(signal, scene.now)) } }
        }
    }
}

fn evidence(found: &StoredSignal, now: Instant) -> Markup {
    let signal = &found.signal;
    html! {
        li {
            p {
                code { (signal.metric) }
                @if let Some(label) = &signal.label { " " strong { (label) } }
                @if let Some(value) = signal.value { " " strong { (value) } }
                span.dim { " from " (signal.source) ", " (moment::at(signal.at.unwrap_or(found.recorded_at), now)) }
            }
            @if let Some(summary) = &signal.summary { p.quote { (summary) } }
            @if found.erased { p.dim { "What the customer said was erased; the timeline says by whom and why." } }
            p.dim {
                (crate::id::signal(found.position, found.index))
                @if let Some(unit) = &signal.unit { " · " (unit.kind) " " (unit.id) }
                @if let Some(link) = web_link(signal.link.as_deref()) {
                    " · " a href=(link) rel="noreferrer noopener" target="_blank" { "look at the source" }
                }
            }
        }
    }
}

/// A link of a sender, only where it leads to the web: a stored `javascript:` must never become one.
fn web_link(link: Option<&str>) -> Option<&str> {
    link.filter(|link| link.starts_with("https://") || link.starts_with("http://"))
}

fn declared(entry: &Entry, opened: &Opened, scene: &Scene) -> Markup {
    let how = match &entry.by {
        Actor::Person(_) => "declared it",
        Actor::Machine(_) | Actor::Watchbell => "declared it by its token",
    };
    html! {
        p.statement { (scene.names.actor(&entry.by)) " " (how) ", as " (scene.names.severity(opened.severity)) "." }
        dl.pairs {
            div { dt { "Class" } dd { (scene.names.class(&opened.class)) } }
            div { dt { "Policy" } dd { code { (opened.policy) } } }
        }
    }
}

/// Severity changes since the opening, oldest first.
fn changes(timeline: &[Entry], scene: &Scene) -> Markup {
    let changed = timeline.iter().flat_map(|entry| {
        entry.events.iter().filter_map(move |event| match event {
            Event::SeverityChanged { from, to, reason } => Some((entry, *from, *to, reason)),
            _ => None,
        })
    });
    let changed: Vec<_> = changed.collect();
    html! {
        @if !changed.is_empty() {
            ul.changes {
                @for (entry, from, to, reason) in changed {
                    li {
                        (scene.names.severity(from)) " → " (scene.names.severity(to)) " by " (scene.names.actor(&entry.by))
                        ", " (moment::at(entry.at, scene.now)) ": " (reason)
                    }
                }
            }
        }
    }
}

fn sources(incident: &Incident) -> Markup {
    let sources = &incident.sources;
    html! {
        @if sources.signals > 1 || !sources.alerts.is_empty() {
            p.dim {
                (words::count(sources.signals, "signal", "signals")) " in all"
                @if sources.triggers.len() > 1 { " by " (words::count(sources.triggers.len() as u64, "trigger", "triggers")) }
                @if !sources.alerts.is_empty() {
                    "; " (incident.firing()) " of " (words::count(sources.alerts.len() as u64, "alert", "alerts")) " still firing"
                }
                "."
            }
        }
    }
}

/// The latest firings after the opening.
fn later(timeline: &[Entry], scene: &Scene) -> Markup {
    let attached = timeline.iter().rev().flat_map(|entry| {
        entry.events.iter().filter_map(move |event| match event {
            Event::Attached(attached) => Some((entry.at, &attached.decision)),
            _ => None,
        })
    });
    let attached: Vec<(Instant, &Decision)> = attached.collect();
    html! {
        @if !attached.is_empty() {
            details.later #later {
                summary { (words::count(attached.len() as u64, "later firing", "later firings")) }
                ul {
                    @for (at, decision) in attached.iter().take(MAX_LATER) {
                        li { (moment::at(*at, scene.now)) " " code { (decision.trigger) } ": " (decision.statement) }
                    }
                }
            }
        }
    }
}
