//! Words to audiences: drafted, approved, published, corrected, and prepared in advance.

use policy::model::{Policy, Role, Window};
use wcore::Command;
use wcore::command::HoldingFields;
use wcore::event::{Actor, Approval, Event};

use crate::support::{World, at};

fn draft(text: &str) -> Command {
    let text = text.to_owned();
    Command::Draft { audience: "customers".to_owned(), text, next_update_at: None, corrects: None }
}

fn approve(update: u32) -> Command {
    Command::Approve { update }
}

fn publish(update: u32) -> Command {
    Command::Publish { update }
}

fn correct(update: u32) -> Command {
    Command::Correct { update, text: "Only chats are concerned.".to_owned() }
}

fn update(text: &str) -> Command {
    let text = text.to_owned();
    Command::Update { audience: "customers".to_owned(), text, next_update_at: None, statement: None }
}

fn holding(next_update_at: &str) -> Command {
    let fields = HoldingFields { impact: "wrong answers".to_owned(), next_update_at: at(next_update_at) };
    let (audience, text) = ("customers".to_owned(), String::new());
    Command::Update { audience, text, next_update_at: None, statement: Some(fields) }
}

/// A restricted SEV-1, whose customers hear what publishing approves.
fn restricted(change: impl FnOnce(&mut Policy)) -> World {
    let mut world = World::airline();
    change(&mut world.policy);
    world.declare("confirmed_leak", "SEV-1");
    world.pages();
    world
}

fn own_approval(policy: &mut Policy, allowed: bool) {
    let targets = policy.targets.get_mut(&1).unwrap();
    let Some(Window::Notices { own_approval, .. }) = targets.updates.get_mut("customers") else { panic!() };
    *own_approval = Some(allowed);
}

#[test]
fn a_correction_that_says_the_same_is_refused_drafted_or_not() {
    let mut world = World::sev1();
    world.does("tom", update("All chats give wrong answers."));
    let again = || " All chats give wrong answers. ".to_owned();
    assert_eq!(world.refused("tom", Command::Correct { update: 1, text: again() }), "correction-unchanged");
    let draft =
        Command::Draft { audience: "customers".to_owned(), text: again(), next_update_at: None, corrects: Some(1) };
    assert_eq!(world.refused("tom", draft), "correction-unchanged");
    world.does("tom", correct(1));
}

#[test]
fn words_are_drafted_by_anyone_approved_by_the_role_and_published_by_a_person() {
    let mut world = World::sev1();
    world.does("ana", draft("We are looking into it."));
    assert_eq!(world.refused("ana", publish(1)), "approval-required");
    assert_eq!(world.refused("ana", approve(1)), "approval-required");
    world.advance("5m");
    world.does("tom", approve(1));
    assert_eq!(world.refused("tom", approve(1)), "stage-mismatch");
    // Neither a draft nor its approval is seen by anyone.
    world.expect_clock("notify:customers", "due 10:30");
    world.advance("30s");
    let bot = Actor::Machine("bot".to_owned());
    assert_eq!(world.act(&bot, &publish(1)).unwrap_err().code.id, "person-required");
    world.does("ana", publish(1));
    world.expect_clocks(&[("notify:customers", "met at 10:05:30"), ("update:customers", "due 10:35:30")]);
    let sent = &world.incident().updates[0];
    assert_eq!((sent.no, sent.by.as_str(), &sent.approval), (1, "ana", &Approval::By("tom".to_owned())));
    assert!(world.incident().pending.is_empty());
    assert_eq!(world.refused("ana", publish(1)), "update-unknown");
}

#[test]
fn a_newer_draft_takes_the_place_of_the_one_that_waits() {
    let mut world = World::sev1();
    world.does("ana", draft("We are looking into it."));
    world.does("tom", approve(1));
    world.does("ben", draft("We know the cause."));
    assert_eq!(world.refused("tom", publish(1)), "update-unknown");
    // What was approved was the other text.
    assert_eq!(world.refused("tom", publish(2)), "approval-required");
    // A message that overtakes a draft ends it.
    world.does("tom", update("It is fixed."));
    assert_eq!(world.incident().updates[0].no, 3);
    assert_eq!(world.refused("tom", approve(2)), "update-unknown");
}

#[test]
fn without_an_approving_role_a_draft_is_published_as_it_is() {
    let mut world = World::sev1();
    let words = Command::Draft {
        audience: "executives".to_owned(),
        text: "We are on it.".to_owned(),
        next_update_at: Some(at("10:20")),
        corrects: None,
    };
    world.does("ana", words.clone());
    assert_eq!(world.refused("tom", approve(1)), "stage-mismatch");
    // A promise that has passed meanwhile is none.
    world.advance("20m");
    assert_eq!(world.refused("ana", publish(1)), "time-invalid");
    assert_eq!(world.refused("ana", words), "time-invalid");
}

#[test]
fn approved_words_that_nobody_publishes_are_reported_once_after_a_minute() {
    let mut world = World::sev1();
    world.ack("ana");
    world.does("ana", draft("We are looking into it."));
    world.advance("1m");
    world.does("tom", approve(1));
    assert_eq!(world.incident().next_due(), Some(at("10:02:00.000001")));
    world.advance_to("10:02");
    let unsent = |world: &World| world.events().filter(|event| matches!(event, Event::ApprovedUnsent { .. })).count();
    assert_eq!(unsent(&world), 0);
    world.advance("5m");
    assert_eq!((unsent(&world), world.pages()), (1, vec!["10:02:00.000001 unsent-1: tom, ana".to_owned()]));
    // Late, they are published all the same.
    world.does("tom", publish(1));
    world.expect_clock("notify:customers", "met at 10:07");
}

#[test]
fn a_restricted_class_wants_a_second_person_for_every_word() {
    let mut world = restricted(|_| ());
    assert_eq!(world.refused("tom", update("Hm.")), "approval-required");
    world.does("tom", draft("We are looking into it."));
    assert_eq!(world.refused("tom", approve(1)), "approval-required");
    // The backup approves, the author publishes.
    world.does("mara", approve(1));
    world.does("tom", publish(1));
    world.expect_clock("notify:customers", "met at 10:00");
}

#[test]
fn the_policy_says_whether_authors_approve_their_own_words() {
    let mut world = restricted(|policy| own_approval(policy, true));
    world.does("tom", update("We are looking into it."));
    world.does("tom", draft("It is fixed."));
    world.does("tom", approve(2));

    // The audience's word holds for every window, unless the window says otherwise.
    let never = |policy: &mut Policy| policy.audiences.get_mut("customers").unwrap().own_approval = Some(false);
    let mut world = World::airline();
    never(&mut world.policy);
    world.declare("pii_leak", "SEV-1");
    assert_eq!(world.refused("tom", update("Hm.")), "approval-required");
    let mut world = restricted(|policy| {
        never(policy);
        own_approval(policy, true);
    });
    world.does("tom", update("We are looking into it."));
}

#[test]
fn an_audience_that_a_role_decided_to_inform_has_the_approval_of_its_severity() {
    let mut world = World::airline();
    own_approval(&mut world.policy, false);
    world.declare("suspected_leak", "SEV-1");
    world.does("ana", draft("We are looking into it."));
    assert_eq!(world.refused("tom", approve(1)), "role-required");
    assert_eq!(world.refused("tom", publish(1)), "role-required");
    let reason = "counsel agreed".to_owned();
    world.does("mara", Command::Decide { audience: "customers".to_owned(), inform: true, reason });
    assert_eq!(world.refused("tom", update("Hm.")), "approval-required");
    world.does("tom", approve(1));
    world.does("ana", publish(1));
}

#[test]
fn nobody_approves_for_a_role_that_nobody_holds() {
    let mut world = World::sev1();
    let decline = Command::Decline { role: Role::Publishing, reason: "ill".to_owned() };
    world.does("tom", decline.clone());
    world.does("mara", decline);
    assert_eq!(world.refused("ana", update("Hm.")), "approval-required");
    // The policy's backup still stands in.
    world.does("mara", update("We are looking into it."));
}

#[test]
fn a_correction_is_published_beside_the_message_that_it_corrects() {
    let mut world = World::sev1();
    world.advance("10m");
    world.tells("tom", "customers", Some("10:25"));
    assert_eq!(world.refused("ana", correct(1)), "approval-required");
    assert_eq!(world.refused("tom", correct(7)), "update-unknown");
    world.advance("5m");
    world.does("tom", correct(1));
    world.does("tom", Command::Correct { update: 2, text: "Only chats in German.".to_owned() });
    let sent: Vec<(u32, &str, Option<u32>)> =
        world.incident().updates.iter().map(|sent| (sent.no, sent.text.as_str(), sent.corrects)).collect();
    assert_eq!(
        sent,
        [
            (1, "We are looking into it.", None),
            (2, "Only chats are concerned.", Some(1)),
            // A correction of a correction points at the first message, too.
            (3, "Only chats in German.", Some(1)),
        ]
    );
    // What the first had promised stays promised.
    world.expect_clock("update:customers#3", "due 10:25");
}

#[test]
fn a_correction_that_needs_a_second_person_is_drafted() {
    let mut world = restricted(|_| ());
    world.does("ana", draft("All chats are concerned."));
    world.does("tom", approve(1));
    world.does("tom", publish(1));
    assert_eq!(world.refused("tom", correct(1)), "approval-required");
    let words = |audience: &str| Command::Draft {
        audience: audience.to_owned(),
        text: "Only some chats are.".to_owned(),
        next_update_at: None,
        corrects: Some(1),
    };
    assert_eq!(world.refused("ana", words("executives")), "update-unknown");
    world.does("ana", words("customers"));
    world.does("tom", approve(2));
    world.does("tom", publish(2));
    assert_eq!(world.incident().updates[1].corrects, Some(1));
}

#[test]
fn a_holding_statement_needs_two_fields_and_nobody_else() {
    let mut world = World::sev1();
    world.advance("3m");
    world.does("ana", holding("10:25"));
    let sent = &world.incident().updates[0];
    assert_eq!(sent.text, "We are looking into wrong answers. Next news by 2026-11-23 10:25 UTC.");
    assert_eq!(sent.approval, Approval::InAdvance);
    world.expect_clocks(&[("notify:customers", "met at 10:03"), ("update:customers", "due 10:25")]);
    assert_eq!(world.refused("ana", holding("10:02")), "time-invalid");
    // What somebody drafts meanwhile says more, and goes on waiting.
    world.does("ana", draft("We know the cause."));
    world.does("ana", holding("10:40"));
    world.does("tom", approve(2));
    world.does("tom", publish(2));
    let mut both = holding("10:45");
    if let Command::Update { text, .. } = &mut both {
        *text = "and this".to_owned();
    }
    assert_eq!(world.refused("ana", both), "text-invalid");
}

#[test]
fn a_holding_statement_speaks_the_language_of_its_audience() {
    for (language, begins) in [("de", "Wir"), ("de-AT", "Wir"), ("fr", "We"), ("en-GB", "We")] {
        let mut world = World::airline();
        world.policy.audiences.get_mut("customers").unwrap().language = Some(language.to_owned());
        world.declare("pii_leak", "SEV-1");
        world.does("ana", holding("10:25"));
        assert!(world.incident().updates[0].text.starts_with(begins), "{language}");
    }
    let mut world = World::airline();
    world.declare("latency_degradation", "SEV-1");
    assert_eq!(world.refused("ana", holding("10:25")), "statement-missing");
}

#[test]
fn no_machine_keeps_a_promise_of_words() {
    let mut world = World::sev1();
    world.tells("tom", "executives", None);
    for by in [Actor::Machine("bot".to_owned()), Actor::Watchbell] {
        for command in [update("Hm."), holding("10:25"), draft("Hm."), approve(1), publish(1), correct(1)] {
            let refused = world.act(&by, &command).map_err(|problem| problem.code.id);
            assert_eq!(refused, Err("person-required"), "{command:?}");
        }
    }
    world.advance("31m");
    world.expect_clocks(&[("notify:customers", "missed at 10:30"), ("update:customers", "due 11:00")]);
}

#[test]
fn a_machine_cannot_claim_that_a_message_was_seen() {
    let mut world = World::airline();
    let audience = world.policy.audiences.get_mut("executives").unwrap();
    audience.channels = vec!["mail".to_owned()];
    let mail = policy::model::Channel::Webhook {
        url: policy::model::FromEnv::Value("https://example.com".to_owned()),
        secret_env: None,
        allow_internal: false,
    };
    world.roster.channels.insert("mail".to_owned(), mail);
    world.declare("pii_leak", "SEV-1");
    world.tells("tom", "executives", None);
    let shown = Command::ShowUpdate { update: 1, surface: "mail".to_owned() };
    let bot = Actor::Machine("bot".to_owned());
    assert_eq!(world.act(&bot, &shown).unwrap_err().code.id, "person-required");
    world.expect_clock("notify:executives", "due 10:15");
    world.act(&Actor::Watchbell, &shown).unwrap();
    world.expect_clock("notify:executives", "met at 10:00");
}
