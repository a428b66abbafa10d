//! Dated statements and statutory notices: what is on record, and that it is no legal advice.

use maud::{Markup, html};
use policy::statutory::{self, StatutoryClock};
use wcore::clock::{Clock, ClockKind};
use wcore::event::Fact;

use crate::pages::actions::Desk;
use crate::pages::event_words::fact_words;
use crate::pages::frame::Scene;
use crate::pages::glyph::{self, Mark};
use crate::pages::moment;

/// Facts on record, and those that a law waits for.
pub(super) fn facts(desk: &Desk<'_>) -> Markup {
    let (incident, names, now) = (desk.incident, &desk.scene.names, desk.scene.now);
    let class = names.policy.class(&incident.class);
    let statutory = class.is_some_and(|class| !class.statutory.is_empty());
    let unaware = statutory && !incident.facts.contains_key(&Fact::AwareAt);
    html! {
        @if statutory || !incident.facts.is_empty() {
            section.card aria-labelledby="facts" {
                h2 #facts { "Facts on record" }
                @if unaware {
                    div.caution {
                        (glyph::mark(Mark::Alert))
                        p { strong { "When did the organization become aware? " } "No statutory clock of this class runs before that is on record." }
                    }
                }
                dl.pairs {
                    @for (fact, act) in &incident.facts {
                        div { dt { (fact_words(*fact)) } dd { (moment::at(act.at, now)) span.dim { ", recorded by " (names.person(&act.by)) } (correction(desk, *fact, None)) } }
                    }
                    @for (notice, act) in &incident.notices {
                        div { dt { "Submitted " code { (notice) } } dd { (moment::at(act.at, now)) span.dim { ", recorded by " (names.person(&act.by)) } (correction(desk, Fact::SubmittedAt, Some(notice))) } }
                    }
                }
                @if statutory { p.dim { "Deadlines are templates for your counsel, not legal advice." } }
            }
        }
    }
}

/// What a fact on record took the place of.
fn correction(desk: &Desk<'_>, fact: Fact, notice: Option<&String>) -> Markup {
    let mut corrections = desk.incident.corrections.iter();
    let found = corrections.find(|one| one.fact == fact && one.notice.as_ref() == notice);
    let (names, now) = (&desk.scene.names, desk.scene.now);
    html! {
        @if let Some(one) = found {
            span.dim {
                br;
                "Corrected: " (names.person(&one.was.by)) " had stated " s { (moment::at(one.was.at, now)) } ". " (one.reason)
            }
        }
    }
}

/// Beside a statutory clock: both readings of its deadline, where it is written, and for whom.
pub(super) fn statute(clock: &Clock, scene: &Scene) -> Markup {
    let ClockKind::Statutory(id) = &clock.id.kind else { return html! {} };
    let found: Option<&StatutoryClock> = statutory::find(id);
    html! {
        span.clock-note.statute {
            @match clock.due_at {
                Some(due) => { "Strict: " strong { (moment::at(due, scene.now)) } " (this one pages)" },
                None => { "The law names no time; it runs until the notice is submitted" },
            }
            @if let Some(latest) = clock.latest_at { " · latest lawful, for counsel: " (moment::at(latest, scene.now)) }
            @if let Some(law) = found { " · to " (law.recipient) " · " (law.regime) ", " (law.source) }
            " · not legal advice"
        }
    }
}
