//! Pages of a night, for the gallery: words that wait, the hold, break-glass, statutory clocks.

use calendar::Duration;
use maud::Markup;
use wcore::Command;
use wcore::event::Fact;
use wcore::incident::Hold;

use super::gallery::view;
use super::sample::{self, Story, refunds, signal};
use crate::pages::incident::alone::alone;
use crate::pages::incident::incident;
use crate::pages::mine;

/// Every page, by name.
pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let (words, hold, glass, leak) = (words(), hold(), glass(), leak());
    let shown = |story: &Story, person: &str| incident(&story.scene(person), &view(story, None));
    let confirm = alone(&glass.scene("mara"), &view(&glass, None), "confirm").unwrap();
    let acknowledge = alone(&glass.scene("mara"), &view(&glass, None), "acknowledge").unwrap();
    let list = checklist();
    vec![
        ("incident-checklist", shown(&list, "ana")),
        ("mine", mine::mine(&list.scene("ana"), std::slice::from_ref(&list.incident), &[])),
        ("incident-words", shown(&words, "tom")),
        ("incident-words-author", shown(&words, "ana")),
        ("incident-hold", shown(&hold, "ana")),
        ("incident-glass", shown(&glass, "mara")),
        ("incident-leak", shown(&leak, "ines")),
        ("incident-lowering", shown(&leak, "mara")),
        ("confirm-severity", alone(&leak.scene("mara"), &view(&leak, None), "confirm-severity").unwrap()),
        ("confirm", confirm),
        ("acknowledge", acknowledge),
    ]
}

fn words() -> Story {
    let mut story = refunds();
    let text = "Some customers were told of refunds that we do not give.";
    story.act("tom", sample::update("customers", text)).wait(2);
    story.act("tom", Command::Correct { update: 2, text: "Some customers were told of refunds on fares.".to_owned() });
    let draft = Command::Draft {
        audience: "customers".to_owned(),
        text:
            "The assistant hands every question on refunds to a person.\n\nWhat you can do meanwhile: ask us by mail."
                .to_owned(),
        next_update_at: Some(story.now + Duration::from_mins(30)),
        corrects: None,
    };
    story.act("ana", draft);
    story
}

fn checklist() -> Story {
    let mut story = refunds();
    let checklist = || "hallucinated-policy".to_owned();
    story.act("ana", Command::StartChecklist { playbook: checklist() }).wait(12);
    let note = "Transcript and passages are in the evidence folder, digest 4f1c.".to_owned();
    story.act("ana", Command::TickStep { checklist: checklist(), step: 1, note }).wait(16);
    story.act("ben", Command::TickStep { checklist: checklist(), step: 2, note: String::new() });
    story.act("ana", Command::AssignStep { checklist: checklist(), step: 4, person: "ben".to_owned() }).wait(6);
    story
}

fn hold() -> Story {
    let mut story = sample::proven();
    story.incident.hold = Some(Hold { since: story.now, until: story.now + Duration::from_hours(2) });
    story
}

fn glass() -> Story {
    let mut story = refunds();
    story.act("ana", sample::mitigate("Rolled back."));
    let reason = "The evaluation cluster is down, and refunds are paid out by hand until this is closed.";
    story.act("ana", Command::BreakGlass { reason: reason.to_owned() });
    story
}

fn leak() -> Story {
    let mut story = Story::begin(8, 0, signal("pii_leak", "confirmed", "Showed the address of another customer."));
    let fact = |at, corrects: Option<&str>| {
        let (note, corrects) = ("A customer called the hotline.".to_owned(), corrects.map(str::to_owned));
        Command::Fact { fact: Fact::AwareAt, at: Some(at), note, notice: None, corrects, sure: true }
    };
    let at = story.now - Duration::from_hours(2);
    story.act("tom", fact(at - Duration::from_hours(365 * 24), None)).wait(1);
    story.act("ines", fact(at, Some("The year was mistyped.")));
    let reason = "One customer, who has been told.".to_owned();
    story.act("ana", Command::Severity { severity: "SEV-2".to_owned(), reason });
    story
}
