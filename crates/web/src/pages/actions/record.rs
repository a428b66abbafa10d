//! What is put on record, and what changes the incident without moving it on.

use policy::statutory;
use wcore::Command;
use wcore::clock::Clock;
use wcore::event::Fact;

use super::MAX_LINE;
use super::desk::{Desk, Offer, SOMETHING};
use crate::pages::event_words::fact_words;
use crate::pages::form::{Action, Field, Input};
use crate::pages::words;

fn something() -> String {
    SOMETHING.to_owned()
}

pub(super) fn note(desk: &Desk<'_>) -> Offer {
    let action = Action::new("notes", "Write a note", "Add note")
        .key("n")
        .help("For the timeline, and for nobody outside.")
        .field(Field::new("text", "Note", Input::Area));
    desk.offer(action, &Command::Note { text: something() })
}

/// Severity, pauses, clocks, facts, and what came back.
pub(super) fn changes(desk: &Desk<'_>) -> Vec<Offer> {
    let open = desk.incident.status().is_open();
    let mut changes = Vec::new();
    if open {
        changes.push(severity(desk));
        changes.push(if desk.incident.paused.is_some() { unpause(desk) } else { pause(desk) });
    }
    if desk.incident.clocks.iter().any(Clock::is_open) {
        changes.push(waive(desk));
    }
    changes.extend(notice(desk));
    changes.push(fact(desk));
    if !open {
        changes.push(reopen(desk));
    }
    changes
}

fn severity(desk: &Desk<'_>) -> Offer {
    let names = &desk.scene.names;
    let severities = names.policy.severities.iter().filter(|severity| severity.rank != desk.incident.severity);
    let severities = severities.map(|severity| (severity.name.clone(), severity.name.clone())).collect();
    let minutes = wcore::LOWER_WITHIN.as_secs() / 60;
    let action = Action::new("severity", "Change the severity", "Change")
        .key("s")
        .help(format!(
            "In doubt the higher one: it counts at once. A lower one counts when a second person confirms it \
             within {minutes} minutes."
        ))
        .field(Field::new("severity", "To", Input::Choice(severities)))
        .field(Field::new("reason", "Why?", Input::Area));
    allowed(desk, action)
}

fn pause(desk: &Desk<'_>) -> Offer {
    let action = Action::new("pause", "Pause the work", "Pause")
        .help("Stops the clocks of the work. People who wait to hear are not paused, nor is paging.")
        .field(Field::new("reason", "Why?", Input::Area));
    desk.offer(action, &Command::Pause { reason: something() })
}

fn unpause(desk: &Desk<'_>) -> Offer {
    let action = Action::new("unpause", "Go on with the work", "Go on").help("The clocks of the work run again.");
    desk.offer(action, &Command::Unpause {})
}

fn waive(desk: &Desk<'_>) -> Offer {
    let open = || desk.incident.clocks.iter().filter(|clock| clock.is_open());
    let clocks = open().map(|clock| {
        let cycle = if clock.id.cycle > 1 { format!(" no. {}", clock.id.cycle) } else { String::new() };
        (clock.id.to_string(), format!("{}{cycle}", words::clock(&clock.id.kind)))
    });
    let action = Action::new("waive", "Let a clock go", "Waive")
        .help("In your name, on record. What was missed stays missed.")
        .field(Field::new("clock", "Clock", Input::Choice(clocks.collect())))
        .field(Field::new("reason", "Why?", Input::Area));
    let first = open().next().map(|clock| clock.id.to_string()).unwrap_or_default();
    desk.offer(action, &Command::Waive { clock: first, reason: something() })
}

/// The word of a fact in forms and in the API.
pub(super) const FACTS: [(Fact, &str); 4] = [
    (Fact::AwareAt, "aware_at"),
    (Fact::ConfirmedAt, "confirmed_at"),
    (Fact::ClassifiedAt, "classified_at"),
    (Fact::SubmittedAt, "submitted_at"),
];

/// Where the class has to give notice of something, a submission names the notice.
fn fact(desk: &Desk<'_>) -> Offer {
    let notices = !notices(desk).is_empty();
    let facts = FACTS.iter().filter(|(fact, _)| !(notices && *fact == Fact::SubmittedAt));
    let facts = facts.map(|(fact, word)| ((*word).to_owned(), fact_words(*fact).to_owned())).collect();
    let help = match notices {
        true => "Facts start and chain the clocks of statutory notices.",
        false => "A dated statement, in your name.",
    };
    let action = Action::new("facts", "Record a dated fact", "Record")
        .help(help)
        .field(Field::new("fact", "Fact", Input::Choice(facts)))
        .field(Field::new("at", "When", Input::Time).optional().hint("Leave empty for now."))
        .field(Field::new("note", "What it rests on", Input::Area));
    allowed(desk, corrected(action))
}

/// The fields that put right what is on record.
fn corrected(action: Action) -> Action {
    let days = wcore::command::MAX_FACT_BEFORE.as_secs() / 86_400;
    let sure = format!("It is meant, though it lies more than {days} days before the incident.");
    action
        .field(
            Field::new("corrects", "Only to correct what is on record: why is that wrong?", Input::Line(MAX_LINE))
                .optional()
                .hint("Both stay on record, and statutory clocks follow the right one."),
        )
        .field(Field::new("sure", sure, Input::Check).optional())
}

/// An act that depends on what is typed: only whether the viewer may do it is known beforehand.
fn allowed(desk: &Desk<'_>, action: Action) -> Offer {
    let why_not = crate::api::commands::must_do(action.word, desk.grant).err();
    Offer { action, why_not }
}

/// A notice that was sent to an authority.
fn notice(desk: &Desk<'_>) -> Option<Offer> {
    let notices = notices(desk);
    if notices.is_empty() {
        return None;
    }
    let action = Action::new("facts", "Record a submitted notice", "Record the submission")
        .help("The notice left the house. What the law asks for afterwards runs from then on.")
        .field(Field::hidden("fact", "submitted_at"))
        .field(Field::new("notice", "Notice", Input::Choice(notices)))
        .field(Field::new("at", "Submitted at", Input::Time).optional().hint("Leave empty for now."))
        .field(Field::new("note", "Evidence", Input::Area).hint("For example: the authority's reference number."));
    Some(allowed(desk, corrected(action)))
}

/// The notices of the class, each once: name, and words with the law.
fn notices(desk: &Desk<'_>) -> Vec<(String, String)> {
    let class = desk.scene.names.policy.class(&desk.incident.class);
    let ids = class.map(|class| class.statutory.as_slice()).unwrap_or_default();
    let mut notices: Vec<(String, String)> = Vec::new();
    for clock in ids.iter().filter_map(|id| statutory::find(id)) {
        if !notices.iter().any(|(name, _)| *name == clock.notice) {
            notices.push((clock.notice.clone(), format!("{} to {}", clock.regime, clock.recipient)));
        }
    }
    notices
}

fn reopen(desk: &Desk<'_>) -> Offer {
    let action = Action::new("reopen", "Reopen", "Reopen")
        .help("It came back. What was acknowledged stays so; the work resumes.")
        .field(Field::new("reason", "Why?", Input::Area));
    desk.offer(action, &Command::Reopen { reason: something() })
}
