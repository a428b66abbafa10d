//! The incident's promises as a list: running ones first, each with its state, time and bar.

use calendar::Instant;
use maud::{Markup, html};
use wcore::Incident;
use wcore::clock::{Clock, Ending};

use crate::pages::face::{self, Face};
use crate::pages::frame::Scene;
use crate::pages::names::Names;
use crate::pages::{glyph, moment, words};

/// The list.
pub(super) fn clocks(incident: &Incident, scene: &Scene) -> Markup {
    let now = scene.now;
    let (mut open, ended): (Vec<&Clock>, Vec<&Clock>) = incident.clocks.iter().partition(|clock| clock.is_open());
    open.sort_by_key(|clock| face::urgency(clock, now));
    let (kept, off): (Vec<&Clock>, Vec<&Clock>) =
        ended.into_iter().partition(|clock| clock.met_at.is_some() || clock.breached_at.is_some());
    html! {
        section.clocks aria-labelledby="clocks" {
            h2 #clocks { "Clocks" @if !open.is_empty() { span.n { (open.len()) " running" } } }
            @if open.is_empty() { p.dim { "No clock is running." } }
            ul.clock-list { @for clock in open { (item(clock, scene)) } }
            @if !kept.is_empty() {
                details.ended #ended-clocks open[incident.clocks.len() <= MAX_UNFOLDED] {
                    summary { (tally(&kept, scene)) }
                    ul.clock-list { @for clock in kept.iter().rev() { (item(clock, scene)) } }
                }
            }
            @if !off.is_empty() {
                details.ended #off-clocks {
                    summary { (words::count(off.len() as u64, "was not required", "were not required")) }
                    ul.clock-list { @for clock in off.iter().rev() { (item(clock, scene)) } }
                }
            }
        }
    }
}

/// Up to so many clocks, ended ones are shown at once.
const MAX_UNFOLDED: usize = 12;

fn tally(ended: &[&Clock], scene: &Scene) -> String {
    let missed = ended.iter().filter(|clock| clock.breached_at.is_some()).count() as u64;
    let met = ended.iter().filter(|clock| Face::of(clock, scene.now) == Face::Met).count() as u64;
    match (met, missed) {
        (met, 0) => format!("{met} met in time"),
        (0, missed) => format!("{missed} ended after a miss"),
        (met, missed) => format!("{met} met in time, {missed} ended after a miss"),
    }
}

fn item(clock: &Clock, scene: &Scene) -> Markup {
    let (face, now) = (Face::of(clock, scene.now), scene.now);
    html! {
        li.clock.(face.class()) {
            (glyph::mark(face.mark()))
            div.clock-what {
                span.clock-name { (words::clock(&clock.id.kind)) @if clock.id.cycle > 1 { span.dim { " no. " (clock.id.cycle) } } }
                span.clock-note { (note(clock, face, scene)) }
            }
            span.clock-time { (face::time_left(clock, face, now)) }
            (face::bar(clock, face, now))
            (super::facts::statute(clock, scene))
        }
    }
}

/// The promise, who answers for it, and how it ended.
fn note(clock: &Clock, face: Face, scene: &Scene) -> Markup {
    let target = match clock.calendar.as_str() {
        policy::ALWAYS => words::plain(clock.target),
        calendar => format!("{} of {calendar}", words::hours(clock.target)),
    };
    html! {
        (target) " promised"
        @if clock.is_open() { " · " (words::role(clock.id.kind.accountable()).0.to_lowercase()) }
        @match (face, clock.due_at) {
            (Face::Missed, Some(due)) => { " · was due " (moment::at(due, scene.now)) },
            (Face::Running | Face::AtRisk, Some(due)) => { " · due " (moment::at(due, scene.now)) },
            _ => {},
        }
        @if face == Face::AtRisk { " · " strong { "at risk" } }
        @if clock.born_late { " · late from the start, with 10 min of grace" }
        (ending(clock, &scene.names, scene.now))
    }
}

fn ending(clock: &Clock, names: &Names, now: Instant) -> Markup {
    html! {
        @match &clock.ending {
            Some(Ending::Cancelled { reason }) => { " · " (reason) },
            Some(Ending::Waived { by, reason }) => { " · by " (names.person(by)) ": " (reason) },
            Some(Ending::Superseded { by }) => { " · by " (words::clock(&by.kind)) },
            Some(Ending::Corrected { by, reason }) => {
                @if let Some(missed) = clock.breached_at { " · missed at " (moment::at(missed, now)) " by mistake" }
                " · fact corrected by " (names.person(by)) ": " (reason)
            },
            Some(Ending::Met) | None => {},
        }
    }
}
