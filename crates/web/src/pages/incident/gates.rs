//! What waits for time or for a second person: the hold after validation, break-glass, and a lower
//! severity.

use maud::{Markup, html};
use policy::model::Mode;
use wcore::incident::Status;

use super::View;
use super::acts::{folded, path};
use crate::pages::actions::{Desk, decline_severity};
use crate::pages::form::Target;
use crate::pages::glyph::{self, Mark};
use crate::pages::{moment, words};

/// Until when the validation must stand, and what would fail it.
pub(super) fn hold(desk: &Desk<'_>) -> Markup {
    let (incident, now) = (desk.incident, desk.scene.now);
    let Some(hold) = incident.hold.as_ref().filter(|_| incident.status() == Status::Validated) else {
        return html! {};
    };
    let triggers = triggers(desk);
    html! {
        section.card.gate-card aria-labelledby="hold" {
            @if now < hold.until {
                h2 #hold { "The fix must stand until " (moment::at(hold.until, now)) }
                p { "Validated " (moment::at(hold.since, now)) ". It may be resolved in " (moment::countdown(hold.until, now)) "." }
                p.dim {
                    "A bad signal newer than the mitigation fails the validation, and the work goes on"
                    @if triggers.is_empty() { "." } @else {
                        ". Of this class that is what these triggers take in: "
                        @for (n, trigger) in triggers.iter().enumerate() {
                            @if n > 0 { ", " }
                            a href={ "/policy#trigger-" (trigger) } { code { (trigger) } }
                        }
                        "."
                    }
                }
            } @else {
                h2 #hold { (glyph::mark(Mark::Check)) "The fix stood" }
                p.dim { "Its hold ended " (moment::at(hold.until, now)) " without a bad signal." }
            }
            @if incident.holds_broken > 0 {
                p.dim { "A bad signal failed an earlier validation " (words::count(u64::from(incident.holds_broken), "time", "times")) "." }
            }
        }
    }
}

/// Triggers that raise incidents of this class.
fn triggers<'a>(desk: &Desk<'a>) -> Vec<&'a str> {
    let raising = desk.scene.names.policy.triggers.iter();
    let raising = raising.filter(|trigger| trigger.raise.class == desk.incident.class && trigger.mode != Mode::Observe);
    raising.map(|trigger| trigger.id.as_str()).collect()
}

/// A request to resolve without proof that waits for its second person.
pub(super) fn glass(desk: &Desk<'_>) -> Markup {
    let (incident, now) = (desk.incident, desk.scene.now);
    let waits = incident.break_glass.as_ref().filter(|glass| now <= glass.until && incident.status().is_open());
    let Some(glass) = waits else { return html! {} };
    let own = desk.scene.viewer.person.as_deref() == Some(glass.by.as_str());
    html! {
        section.card.gate-card.is-alarm aria-labelledby="glass" {
            h2 #glass { (glyph::mark(Mark::Alert)) (desk.scene.names.person(&glass.by)) " asks to resolve without proof" }
            p.quote { (glass.reason) }
            @if own {
                p { "A second person must confirm it by " (moment::at(glass.until, now)) "; then it lapses." }
            } @else {
                p { "Confirm by " (moment::at(glass.until, now)) ", if you share the decision. Otherwise let it lapse." }
                p { a.button href={ "/incidents/" (crate::id::incident(incident.no)) "/confirm" } { "Look and confirm" } }
            }
        }
    }
}

/// A request for a lower severity that waits for its second person.
pub(super) fn lowering(desk: &Desk<'_>, view: &View) -> Markup {
    let (incident, now, names) = (desk.incident, desk.scene.now, &desk.scene.names);
    let waits = incident.lowering.as_ref().filter(|asked| now <= asked.until && incident.status().is_open());
    let Some(asked) = waits else { return html! {} };
    let own = desk.scene.viewer.person.as_deref() == Some(asked.by.as_str());
    let path = path(desk);
    let target = Target { path: &path, once: &desk.scene.once, id: "decline-severity" };
    html! {
        section.card.gate-card aria-labelledby="lowering" {
            h2 #lowering {
                (glyph::mark(Mark::Alert)) (names.person(&asked.by)) " asks to lower it to " (names.severity(asked.to))
            }
            p.quote { (asked.reason) }
            @if own {
                p { "A second person must confirm it by " (moment::at(asked.until, now)) "; then it lapses. Until then it stays " (names.severity(incident.severity)) "." }
            } @else {
                p { "Confirm by " (moment::at(asked.until, now)) ", if you share the decision. Until then it stays " (names.severity(incident.severity)) "." }
                p { a.button href={ (path) "/confirm-severity" } { "Look and confirm" } }
            }
            (folded(&decline_severity(desk, own), &target, view.attempt.as_ref()))
        }
    }
}
