//! The steps of an incident, from taking it to its review, and the way out without proof.

use calendar::Duration;
use wcore::Command;
use wcore::event::Evidence;

use super::MAX_LINE;
use super::desk::{Desk, Offer, SOMETHING};
use crate::pages::form::{Action, Button, Field, Input};
use crate::pages::words;

fn something() -> String {
    SOMETHING.to_owned()
}

/// Taking it.
pub(crate) fn acknowledge(desk: &Desk<'_>) -> Offer {
    let action = Action::new("acknowledge", "Acknowledge", "Acknowledge")
        .key("a")
        .help("You take it. Paging stops, and you lead.");
    desk.offer(action, &Command::Acknowledge {})
}

pub(super) fn contain(desk: &Desk<'_>) -> Offer {
    let action = Action::new("contain", "Contain", "Contained")
        .help("Customers are no longer harmed, even if the cause still acts.")
        .field(
            Field::new("customers_see", "What do customers see now?", Input::Area)
                .hint("For example: the assistant hands every refund question to a person."),
        );
    desk.offer(action, &Command::Contain { customers_see: something() })
}

pub(super) fn mitigate(desk: &Desk<'_>) -> Offer {
    let action = Action::new("mitigate", "Mitigate", "Mitigated")
        .help("The cause no longer acts. The proof comes next.")
        .field(Field::new("note", "What was done?", Input::Area).hint("For example: rolled prompt v48 back to v47."));
    desk.offer(action, &Command::Mitigate { note: something() })
}

/// What proof can rest on: the core's word, and ours.
const EVIDENCE: [(&str, &str); 4] =
    [("evaluation", "Evaluation run"), ("sample", "Sample"), ("link", "Link"), ("file", "File")];

pub(super) fn validate(desk: &Desk<'_>) -> Offer {
    let kinds = EVIDENCE.map(|(kind, words)| (kind.to_owned(), words.to_owned())).to_vec();
    let action = Action::new("validations", "Validate", "")
        .help("Prove that it is fixed, with evidence newer than the mitigation.")
        .field(Field::new("kind", "Kind of evidence", Input::Choice(kinds)))
        .field(
            Field::new("set", "Evaluation set, sample, or file and its digest", Input::Line(MAX_LINE))
                .hint("For example: refund-policy-v3, 200 conversations."),
        )
        .field(Field::new("text", "What did it show?", Input::Area))
        .field(
            Field::new("link", "Where it can be seen", Input::Line(MAX_LINE))
                .optional()
                .hint("A link. Needed for links, and for files without a SHA-256 digest."),
        )
        .field(
            Field::new("observed_at", "Observed at", Input::Time)
                .optional()
                .hint("Leave empty only if you saw it just now: what was seen before the mitigation proves nothing."),
        )
        .buttons(vec![
            Button { label: "Passed".to_owned(), answer: Some(("passed", "true")), primary: true },
            Button { label: "Failed".to_owned(), answer: Some(("passed", "false")), primary: false },
        ]);
    let evidence = Evidence {
        kind: "sample".to_owned(),
        text: something(),
        link: None,
        // Newer than what was done this very moment.
        observed_at: desk.scene.now + Duration::from_micros(1),
    };
    desk.offer(action, &Command::Validate { passed: true, evidence })
}

pub(super) fn resolve(desk: &Desk<'_>) -> Offer {
    let open = match desk.incident.open_steps() as u64 {
        0 => String::new(),
        open => format!(" Still open, which holds nothing up: {} of checklists.", words::count(open, "step", "steps")),
    };
    let help = format!("It is proven. Closing notices and the review follow.{open}");
    let action = Action::new("resolve", "Resolve", "Resolve").help(help);
    desk.offer(action, &Command::Resolve {})
}

pub(super) fn review(desk: &Desk<'_>) -> Offer {
    let mut people = vec![(String::new(), "me".to_owned())];
    people.extend(desk.scene.names.roster.people.iter().map(|(id, person)| (id.clone(), person.name.clone())));
    let action = Action::new("reviews", "Review", "Close the review")
        .help("What caused it, and what will be different.")
        .field(Field::new("cause", "Cause", Input::Area))
        .field(Field::new("action", "What is done about it", Input::Area))
        .field(Field::new("owner", "Who does it", Input::Choice(people)).optional())
        .field(Field::new("due_at", "Until when", Input::Time).optional());
    desk.offer(action, &Command::Review { cause: something(), action: something(), owner: None, due_at: None })
}

/// What the review decided has been done.
pub(super) fn action_done(desk: &Desk<'_>) -> Offer {
    let action = Action::new("action-done", "The action is done", "Record as done")
        .help("What the review decided has been done. The weekly review shows it first.")
        .field(Field::new("note", "What came of it?", Input::Area));
    desk.offer(action, &Command::ActionDone { note: something() })
}

/// Asking to resolve without proof.
pub(super) fn break_glass(desk: &Desk<'_>) -> Offer {
    let minutes = wcore::command::BREAK_GLASS_WITHIN.as_secs() / 60;
    let action = Action::new("break-glass", "Resolve without proof", "Ask a second person")
        .help(format!(
            "Break-glass: for when proof cannot be waited for. A second person confirms within {minutes} minutes; \
             the weekly review shows it, with both names."
        ))
        .field(Field::new("reason", "Why is there no time for proof?", Input::Area))
        .field(Field::new("sure", "I know that it cannot be taken back once it is confirmed.", Input::Check));
    desk.offer(action, &Command::BreakGlass { reason: something() })
}

/// Confirming it as the second person.
pub(crate) fn confirm(desk: &Desk<'_>) -> Offer {
    let action = Action::new("confirm", "Confirm: resolve without proof", "Resolve without proof")
        .help("It resolves at once, without proof that it is fixed. This cannot be taken back.")
        .field(Field::new("sure", "I have looked at it myself, and I share the decision.", Input::Check));
    desk.offer(action, &Command::Confirm {})
}

/// Confirming a lower severity as the second person.
pub(crate) fn confirm_severity(desk: &Desk<'_>) -> Offer {
    let to = desk.incident.lowering.as_ref().map_or(desk.incident.severity, |asked| asked.to);
    let severity = desk.scene.names.severity(to);
    let action =
        Action::new("confirm-severity", format!("Confirm: lower it to {severity}"), format!("Lower it to {severity}"))
            .help("Its looser deadlines count from then on. What was missed stays missed.")
            .field(Field::hidden("severity", severity.clone()))
            .field(Field::new("sure", "I have looked at it myself, and I share the decision.", Input::Check));
    desk.offer(action, &Command::ConfirmSeverity { severity })
}

/// Declining a lower severity, or taking the own request back.
pub(crate) fn decline_severity(desk: &Desk<'_>, own: bool) -> Offer {
    let (title, label) = if own { ("Take it back", "Take it back") } else { ("Do not agree", "Decline") };
    let action = Action::new("decline-severity", title, label).help("The severity stays as it is.").field(Field::new(
        "reason",
        "Why?",
        Input::Area,
    ));
    desk.offer(action, &Command::DeclineSeverity { reason: something() })
}
