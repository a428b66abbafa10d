//! Words to audiences: updates, holding statements, drafts, approvals, corrections, decisions.
//!
//! Who reads the status page is asked for what a reader at night needs, and for nothing more.

use calendar::Duration;
use policy::model::{Audience, Window};
use policy::statement::Statement;
use wcore::Command;
use wcore::clock::ClockKind;
use wcore::command::HoldingFields;
use wcore::event::Update;
use wcore::incident::Pending;

use super::desk::{Desk, Offer, SOMETHING};
use crate::api::commands::PUBLIC_SURFACE;
use crate::pages::form::{Action, Button, Field, Input, Preview};

/// Offers for the next update, in minutes.
const NEXT_UPDATE_MINUTES: [(u32, &str); 6] =
    [(15, "15 minutes"), (30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (1_440, "1 day")];
/// Chosen beforehand: what the best-known matrix promises while customers are affected.
const USUAL_MINUTES: &str = "30";

fn something() -> String {
    SOMETHING.to_owned()
}

/// Updates to everybody: first to those who read the status page, then to those inside.
pub(super) fn updates(desk: &Desk<'_>) -> Vec<Offer> {
    let audiences = &desk.scene.names.policy.audiences;
    let is_public = |audience: &Audience| audience.surface.as_deref() == Some(PUBLIC_SURFACE);
    let (public, inside): (Vec<_>, Vec<_>) = audiences.iter().partition(|(_, audience)| is_public(audience));
    let mut offers = Vec::new();
    offers.extend(statement(desk));
    for (name, _) in public {
        let closing = desk.incident.open_clocks(&ClockKind::Closing(name.clone())).next().is_some();
        if closing {
            offers.push(self::closing(desk, name));
        }
        offers.push(public_update(desk, name, closing));
    }
    if !inside.is_empty() {
        offers.push(inside_update(desk, inside.iter().map(|(name, _)| (*name).clone()).collect()));
    }
    if let Some(first) = offers.iter_mut().find(|offer| offer.action.word == "updates") {
        first.action.key = Some("u");
    }
    offers
}

fn update_of(audience: &str) -> Command {
    Command::Update { audience: audience.to_owned(), text: something(), next_update_at: None, statement: None }
}

/// Published in one step where the viewer may, drafted where they may not.
fn written(desk: &Desk<'_>, action: Action, audience: &str) -> Offer {
    let refused = desk.refusal("updates", &update_of(audience));
    let draft =
        Command::Draft { audience: audience.to_owned(), text: something(), next_update_at: None, corrects: None };
    let may_draft = desk.refusal("drafts", &draft).is_none();
    let publish = Button { label: "Publish".to_owned(), answer: Some(("then", "publish")), primary: true };
    let keep =
        Button { label: "Save as draft".to_owned(), answer: Some(("then", "draft")), primary: refused.is_some() };
    match refused {
        None => Offer { action: action.buttons(vec![publish, keep]), why_not: None },
        Some(problem) if may_draft => {
            let help = format!("You cannot publish it yourself: {}. Draft it, for another person.", problem.detail);
            Offer { action: action.help(help).buttons(vec![keep]), why_not: None }
        }
        Some(problem) => Offer { action, why_not: Some(problem) },
    }
}

/// The fields of an update to readers of the status page.
fn public_update(desk: &Desk<'_>, audience: &str, is_over: bool) -> Offer {
    let next = Field::new("next_in", "Next update", Input::Choice(promises(is_over)));
    let next = if is_over { next.optional() } else { next.value(USUAL_MINUTES) };
    let action = Action::new("updates", format!("Update {audience}"), "Publish")
        .help("Published under your name, and not editable afterwards.")
        .field(Field::hidden("audience", audience))
        .field(Field::new("impact", "What is affected, and what are we doing?", Input::Area))
        .field(
            Field::new("workaround", "What can they do meanwhile?", Input::Area)
                .hint("If nothing is known, say so: they stop looking."),
        )
        .field(next);
    written(desk, action, audience)
}

fn promises(with_none: bool) -> Vec<(String, String)> {
    let mut next = Vec::new();
    if with_none {
        next.push((String::new(), "none is promised".to_owned()));
    }
    next.extend(NEXT_UPDATE_MINUTES.iter().map(|(minutes, words)| (minutes.to_string(), format!("in {words}"))));
    next
}

fn inside_update(desk: &Desk<'_>, audiences: Vec<String>) -> Offer {
    let first = audiences.first().cloned().unwrap_or_default();
    let mut next = promises(true);
    next[0].1 = "as the policy says".to_owned();
    let action = Action::new("updates", "Tell people inside", "Publish")
        .help("Published under your name, and not editable afterwards.")
        .field(Field::new("audience", "To", Input::Choice(audiences.into_iter().map(|a| (a.clone(), a)).collect())))
        .field(Field::new("impact", "What is affected, and what are we doing?", Input::Area))
        .field(Field::new("workaround", "What can they do meanwhile?", Input::Area).optional())
        .field(Field::new("next_in", "Next update", Input::Choice(next)).optional());
    written(desk, action, &first)
}

/// The last word of an incident: that it is over, and whether data was affected.
fn closing(desk: &Desk<'_>, audience: &str) -> Offer {
    let action = Action::new("closings", format!("Close with {audience}"), "Publish")
        .help("The closing notice. Published under your name, and not editable afterwards.")
        .field(Field::hidden("audience", audience))
        .field(Field::new("recovered", "What has recovered?", Input::Area))
        .field(Field::new("data", "Which data was affected?", Input::Line(super::MAX_LINE)).hint("For example: none."));
    written(desk, action, audience)
}

/// Words approved in advance, in two fields.
fn statement(desk: &Desk<'_>) -> Option<Offer> {
    let policy = &desk.scene.names.policy;
    let class = &desk.incident.class;
    let found = |audience: &Audience| policy.statement(class, audience.language.as_deref());
    // Readers of the status page first: the statements are written for them.
    let mut audiences: Vec<(&String, &Audience, &Statement)> =
        policy.audiences.iter().filter_map(|(name, audience)| Some((name, audience, found(audience)?))).collect();
    audiences.sort_by_key(|(_, audience, _)| audience.surface.as_deref() != Some(PUBLIC_SURFACE));
    let first = audiences.first()?.0.clone();
    let mut previews: Vec<Preview> = Vec::new();
    for (name, audience, statement) in &audiences {
        let text = statement.template();
        match previews.iter_mut().find(|preview| preview.text == text) {
            Some(preview) => preview.readers.push((*name).clone()),
            None => previews.push(Preview {
                readers: vec![(*name).clone()],
                language: audience.language.clone().unwrap_or_else(|| "en".to_owned()),
                text,
            }),
        }
    }
    let choices = audiences.iter().map(|(name, ..)| ((*name).clone(), (*name).clone())).collect();
    let action = Action::new("statements", "Send the holding statement", "Publish the statement")
        .help("These words were approved in advance. Fill in two things.")
        .previews(previews)
        .field(Field::new("audience", "To", Input::Choice(choices)))
        .field(
            Field::new("impact", "What do customers notice?", Input::Line(super::MAX_LINE))
                .hint("Takes the place of {impact}. For example: wrong answers about refunds"),
        )
        .field(Field::new("next_in", "Next update", Input::Choice(promises(false))).value(USUAL_MINUTES));
    let fields = HoldingFields { impact: something(), next_update_at: desk.scene.now + Duration::from_mins(30) };
    let probe = Command::Update { audience: first, text: String::new(), next_update_at: None, statement: Some(fields) };
    Some(desk.offer(action, &probe))
}

/// What can be done with words that wait, and who may approve them where that is what they wait for.
pub(crate) fn words_acts(desk: &Desk<'_>, pending: &Pending) -> (Vec<Offer>, Vec<String>) {
    let no = pending.words.no;
    let approve = Command::Approve { update: no };
    let publish = Command::Publish { update: no };
    let waits = pending.approved.is_none() && desk.refusal("publish", &publish).is_some();
    let act = |word: &'static str, button: &str, command: &Command| {
        // The page has one obvious button, and that is the next step.
        let button = Button { label: button.to_owned(), answer: None, primary: false };
        let action = Action::new(word, "", "").field(Field::hidden("update", no.to_string())).buttons(vec![button]);
        desk.offer(action, command)
    };
    let offer =
        if waits { act("approve", "Approve these words", &approve) } else { act("publish", "Publish them", &publish) };
    let who = if waits { desk.who_may(&approve) } else { Vec::new() };
    (vec![offer], who)
}

/// Putting right what was published; none where the viewer can neither publish nor draft it.
pub(crate) fn correction(desk: &Desk<'_>, update: &Update) -> Option<Offer> {
    let correct = Command::Correct { update: update.no, text: something() };
    let draft = Command::Draft {
        audience: update.audience.clone(),
        text: something(),
        next_update_at: None,
        corrects: Some(update.no),
    };
    let may_publish = desk.refusal("corrections", &correct).is_none();
    if !may_publish && desk.refusal("drafts", &draft).is_some() {
        return None;
    }
    let publish =
        Button { label: "Publish the correction".to_owned(), answer: Some(("then", "publish")), primary: true };
    let keep = Button { label: "Save as draft".to_owned(), answer: Some(("then", "draft")), primary: !may_publish };
    let action = Action::new("corrections", "Correct it", "")
        .help("What was sent stays readable; the correction is published beside it.")
        .field(Field::hidden("update", update.no.to_string()))
        .field(Field::hidden("audience", update.audience.clone()))
        .field(Field::new("text", "What is right", Input::Area).value(update.text.clone()))
        .buttons(if may_publish { vec![publish, keep] } else { vec![keep] });
    Some(Offer { action, why_not: None })
}

/// Audiences about which a role has yet to decide.
pub(super) fn decisions(desk: &Desk<'_>) -> Vec<Offer> {
    let incident = desk.incident;
    let targets = desk.scene.names.policy.targets(&incident.class, incident.severity);
    let waits = |audience: &String| {
        let clock = incident.open_clocks(&ClockKind::Decide(audience.clone())).next().is_some();
        clock || !incident.informed.contains(audience)
    };
    let decided_by_a_role = targets.updates.iter().filter(|(_, window)| matches!(window, Window::Decide { .. }));
    decided_by_a_role.filter(|(audience, _)| waits(audience)).map(|(audience, _)| decide(desk, audience)).collect()
}

fn decide(desk: &Desk<'_>, audience: &str) -> Offer {
    let action = Action::new("decide", format!("Decide whether {audience} are told"), "")
        .help("The policy leaves this to a role. Nothing goes out before.")
        .field(Field::hidden("audience", audience))
        .field(Field::new("reason", "Why?", Input::Area))
        .buttons(vec![
            Button { label: "Tell them".to_owned(), answer: Some(("inform", "true")), primary: true },
            Button { label: "Do not tell them".to_owned(), answer: Some(("inform", "false")), primary: false },
        ]);
    desk.offer(action, &Command::Decide { audience: audience.to_owned(), inform: true, reason: something() })
}
