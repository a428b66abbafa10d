//! Where a decision turns: the last instant and length that still count, and the words for states.

use calendar::Duration;
use policy::model::Role;
use wcore::Command;
use wcore::clock::{ClockId, ClockKind};
use wcore::command::MAX_TEXT;
use wcore::decision::Decision;
use wcore::event::Event;
use wcore::incident::{Holder, Offer, Status};

use crate::support::World;

#[test]
fn a_step_that_is_due_anyway_is_paged_without_a_word_on_its_receipt() {
    let mut world = World::airline();
    world.deaf = true;
    world.declare("pii_leak", "SEV-1");
    world.pages();
    // The receipt was due at 10:02, the next step at 10:20.
    world.down_for("30m");
    assert!(world.pages().contains(&"10:30 step-1-round-0: ben".to_owned()));
    assert!(!world.events().any(|event| matches!(event, Event::ReceiptMissing { .. })));
}

#[test]
fn a_text_is_as_long_as_its_limit_and_no_longer() {
    let mut world = World::sev1();
    let note = |length: usize| Command::Note { text: "ü".repeat(length) };
    for length in [1, MAX_TEXT - 1, MAX_TEXT] {
        world.does("ana", note(length));
    }
    for length in [0, MAX_TEXT + 1] {
        assert_eq!(world.refused("ana", note(length)), "text-invalid", "{length}");
    }
}

#[test]
fn a_next_update_is_promised_from_now_on_and_within_a_week() {
    let micros = Duration::from_micros(1);
    let week = Duration::from_hours(24 * 7);
    for (after, allowed) in [(Duration::ZERO, false), (micros, true), (week, true), (week + micros, false)] {
        let mut world = World::sev1();
        let update = Command::Update {
            audience: "customers".to_owned(),
            text: "Hm.".to_owned(),
            next_update_at: Some(world.now + after),
            statement: None,
        };
        let answer = world.act(&crate::support::person("tom"), &update).map_err(|problem| problem.code.id);
        assert_eq!(answer, if allowed { Ok(()) } else { Err("time-invalid") }, "{after:#}");
    }
}

#[test]
fn proof_of_the_very_instant_of_the_fix_proves_nothing_about_it() {
    let mut world = World::sev1();
    world.advance("10m");
    world.validates("mara", true);
    assert_eq!(world.incident().status(), Status::Validated);
    world.mitigates("ana");
    assert_eq!(world.incident().status(), Status::Mitigated);
}

#[test]
fn states_have_words_and_clocks_have_names() {
    let words = ["triggered", "acknowledged", "contained", "mitigated", "validated", "resolved", "closed"];
    assert_eq!(Status::ALL.map(Status::word), words);
    let world = World::sev1();
    let id = |kind, cycle| ClockId { kind, cycle };
    let found = |id: &ClockId| world.incident().clock(id).map(|clock| clock.id.clone());
    let mitigate = id(ClockKind::Mitigate, 1);
    assert_eq!(found(&mitigate), Some(mitigate));
    assert_eq!(found(&id(ClockKind::Mitigate, 2)), None);
    assert_eq!(found(&id(ClockKind::Accept(Role::Privacy), 1)), None);
}

#[test]
fn a_role_involves_its_holder_who_is_consulted_and_who_is_asked() {
    let since = crate::support::at("10:00");
    let holder = Holder {
        person: "ana".to_owned(),
        consulted: vec!["ben".to_owned()],
        accepted: true,
        since,
        offer: Some(Offer { person: "mara".to_owned(), note: "over to you".to_owned(), since }),
    };
    let involved = ["ana", "ben", "mara", "tom"].map(|person| holder.involves(person));
    assert_eq!(involved, [true, true, true, false]);
}

#[test]
fn decisions_of_one_trigger_add_up() {
    let decision = |count, first: &str, last: &str| Decision {
        trigger: "pii-confirmed".to_owned(),
        policy: "p".to_owned(),
        clause: "c".to_owned(),
        statement: "s".to_owned(),
        count,
        first_at: crate::support::at(first),
        last_at: crate::support::at(last),
        signals: Vec::new(),
    };
    let mut all = decision(2, "10:10", "10:20");
    all.absorb(&decision(3, "10:05", "10:15"));
    assert_eq!((all.count, all.first_at, all.last_at), (5, crate::support::at("10:05"), crate::support::at("10:20")));
}
