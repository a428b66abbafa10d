//! Who is paged, when, and when it stops.

use wcore::Command;
use wcore::event::{Actor, Event};

use crate::support::{World, receipt};

/// Pages of the escalation alone, without warnings and misses.
fn steps(world: &mut World) -> Vec<String> {
    world.pages().into_iter().filter(|page| page.contains(" step-")).collect()
}

fn skip(world: &mut World, step: u32, round: u32) {
    world.act(&Actor::Watchbell, &Command::SkipStep { step, round }).unwrap();
}

#[test]
fn a_sev_1_never_falls_silent() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-1");
    world.advance("56m");
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            // The first page outside the first step comes at `escalate_after`, not after its wait.
            "10:20 step-1-round-0: ben",
            "10:30 step-2-round-0: mara",
            "10:35 step-3-round-0: fallback",
            "10:45 step-3-round-1: fallback",
            "10:55 step-3-round-2: fallback",
        ]
    );
    world.advance("24h");
    assert_eq!(steps(&mut world).len(), 24 * 6);
}

#[test]
fn a_lesser_severity_ends_with_its_last_step() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-2");
    world.advance("24h");
    assert_eq!(
        steps(&mut world),
        ["10:00 step-0-round-0: schedule/ai-oncall", "10:45 step-1-round-0: ben", "10:55 step-2-round-0: mara"]
    );
    let stopped =
        |event: &Event| matches!(event, Event::EscalationStopped { reason } if reason == "every step was paged");
    assert!(world.events().any(stopped));
}

#[test]
fn a_step_repeats_in_rounds_until_acknowledged() {
    let mut world = World::airline();
    world.declare("provider_outage", "SEV-2");
    world.advance("80m");
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:45 step-1-round-0: fallback",
            "11:00 step-1-round-1: fallback",
            "11:15 step-1-round-2: fallback",
        ]
    );
    world.ack("ben");
    world.advance("24h");
    assert_eq!(steps(&mut world), [""; 0]);
}

#[test]
fn an_acknowledgement_stops_the_steps_whoever_gives_it_and_however() {
    let acts: [(&str, Command); 4] = [
        ("ben", Command::Acknowledge {}),
        ("mara", Command::Mitigate { note: "rolled back".to_owned() }),
        ("ana", Command::Contain { customers_see: "a person answers".to_owned() }),
        (
            "tom",
            Command::Update {
                audience: "customers".to_owned(),
                text: "Hm.".to_owned(),
                next_update_at: None,
                statement: None,
            },
        ),
    ];
    for (who, act) in acts {
        let mut world = World::sev1();
        world.advance("9m");
        world.does(who, act);
        world.expect_clock("acknowledge", "met at 10:09");
        world.advance("3h");
        assert_eq!(steps(&mut world), [""; 0], "{who}");
    }
}

/// A world in which no channel gives a receipt.
fn deaf(class: &str, severity: &str) -> World {
    let mut world = World::airline();
    world.deaf = true;
    world.declare(class, severity);
    world
}

#[test]
fn without_a_receipt_the_next_step_is_paged_after_two_minutes_whatever_its_wait() {
    let mut world = deaf("pii_leak", "SEV-1");
    world.advance("30m");
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:02 step-1-round-0: ben",
            "10:04 step-2-round-0: mara",
            // Beyond the fallback stands nobody: from there on it is repeated.
            "10:06 step-3-round-0: fallback",
            "10:16 step-3-round-1: fallback",
            "10:26 step-3-round-2: fallback",
        ]
    );
    let missing = world.events().filter(|event| matches!(event, Event::ReceiptMissing { .. })).count();
    assert_eq!(missing, 3);
}

#[test]
fn with_a_receipt_the_wait_is_for_the_acknowledgement() {
    let mut world = deaf("pii_leak", "SEV-1");
    world.advance("119s");
    world.act(&Actor::Watchbell, &receipt(0, 0)).unwrap();
    world.act(&Actor::Watchbell, &receipt(0, 0)).unwrap();
    world.advance("19m");
    assert_eq!(steps(&mut world), ["10:00 step-0-round-0: schedule/ai-oncall", "10:20 step-1-round-0: ben"]);
    let received = world.events().filter(|event| matches!(event, Event::StepReceived { .. })).count();
    assert_eq!(received, 1, "the first receipt is told");
    // One that comes late is for a step that is over.
    world.advance("3m");
    world.act(&Actor::Watchbell, &receipt(1, 0)).unwrap();
    assert_eq!(steps(&mut world), ["10:22 step-2-round-0: mara"]);
    assert_eq!(world.incident().escalation.current, Some((2, 0)));
}

#[test]
fn a_receipt_on_the_last_instant_is_too_late() {
    let mut world = deaf("pii_leak", "SEV-1");
    world.down_for("2m");
    world.act(&Actor::Watchbell, &receipt(0, 0)).unwrap();
    assert_eq!(steps(&mut world), ["10:00 step-0-round-0: schedule/ai-oncall", "10:02 step-1-round-0: ben"]);
}

#[test]
fn a_last_step_that_cannot_be_reached_is_followed_by_the_fallback_at_any_severity() {
    let mut world = deaf("pii_leak", "SEV-3");
    world.advance("5m");
    world.ack("tom");
    world.advance("1h");
    assert_eq!(
        steps(&mut world),
        ["10:00 step-0-round-0: schedule/ai-oncall", "10:02 step-1-round-0: ben", "10:04 step-2-round-0: mara"]
    );
    let mut world = deaf("pii_leak", "SEV-3");
    world.advance("7m");
    assert_eq!(steps(&mut world).last().unwrap(), "10:06 step-3-round-0: fallback");
}

#[test]
fn rounds_of_a_step_that_repeats_do_not_put_the_next_off() {
    let mut world = World::airline();
    world.deaf = true;
    let mut step = world.policy.steps("pii_leak")[0].clone();
    (step.wait, step.repeat_until_acknowledged) = (crate::support::span("30s"), true);
    world.activate(|policy| {
        policy.escalation.values_mut().for_each(|steps| *steps = vec![step.clone()]);
        policy.targets.values_mut().for_each(|targets| targets.escalate_after = None);
        policy.classes.values_mut().for_each(|class| class.targets.escalate_after = None);
    });
    world.declare("pii_leak", "SEV-1");
    world.advance("5m");
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:00:30 step-0-round-1: schedule/ai-oncall",
            "10:01 step-0-round-2: schedule/ai-oncall",
            "10:01:30 step-0-round-3: schedule/ai-oncall",
            "10:02 step-1-round-3: fallback",
        ]
    );
}

#[test]
fn an_acknowledgement_ends_the_waiting_for_a_receipt() {
    for severity in ["SEV-1", "SEV-3"] {
        let mut world = deaf("pii_leak", severity);
        world.advance("1m");
        world.ack("ana");
        assert!(world.incident().escalation.is_at_rest(), "{severity}");
        world.advance("10m");
        assert_eq!(steps(&mut world), ["10:00 step-0-round-0: schedule/ai-oncall"], "{severity}");
    }
}

#[test]
fn an_empty_step_is_skipped_at_once_and_recorded() {
    let mut world = World::sev1();
    skip(&mut world, 0, 0);
    assert_eq!(steps(&mut world), ["10:00 step-1-round-0: ben"]);
    assert!(world.events().any(|event| *event == Event::StepSkipped { step: 0, round: 0 }));
    world.advance("10m");
    assert_eq!(steps(&mut world), ["10:10 step-2-round-0: mara"]);
    // News of a step that is no longer the present one comes too late.
    skip(&mut world, 1, 0);
    assert_eq!(steps(&mut world), [""; 0]);
}

#[test]
fn where_every_step_is_empty_the_fallback_is_paged_at_any_severity() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-3");
    for step in 0..3 {
        skip(&mut world, step, 0);
    }
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:00 step-1-round-0: ben",
            "10:00 step-2-round-0: mara",
            "10:00 step-3-round-0: fallback",
        ]
    );
    assert_eq!(world.events().filter(|event| matches!(event, Event::StepSkipped { .. })).count(), 3);
}

#[test]
fn a_repeated_step_with_nobody_waits_for_its_round() {
    let mut world = World::airline();
    world.declare("provider_outage", "SEV-2");
    world.advance("45m");
    skip(&mut world, 1, 0);
    world.advance("15m");
    assert_eq!(
        steps(&mut world),
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:45 step-1-round-0: fallback",
            "11:00 step-1-round-1: fallback",
        ]
    );
}

#[test]
fn nobody_is_paged_for_a_step_that_was_empty_once_someone_has_acknowledged() {
    let mut world = World::sev1();
    world.ack("ana");
    skip(&mut world, 0, 0);
    assert_eq!(steps(&mut world), [""; 0]);
}

#[test]
fn a_raised_severity_brings_the_next_step_forward() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-2");
    world.advance("5m");
    let raise = Command::Severity { severity: "SEV-1".to_owned(), reason: "confirmed".to_owned() };
    world.act(&crate::support::person("ana"), &raise).unwrap();
    world.advance("16m");
    let pages: Vec<String> = world.pages().into_iter().filter(|page| !page.contains("customers")).collect();
    assert_eq!(
        pages,
        [
            "10:00 step-0-round-0: schedule/ai-oncall",
            "10:05 raised-1: ana, schedule/ai-oncall",
            "10:12 warning-notify:executives-80: tom",
            "10:15:00.000001 missed-notify:executives: tom, mara, ana",
            "10:20 step-1-round-0: ben",
        ]
    );
}

#[test]
fn raised_after_its_last_step_the_fallback_is_paged() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-2");
    world.advance("2h");
    steps(&mut world);
    world.does("ana", Command::Note { text: "looking".to_owned() });
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
    world.advance("16m");
    assert_eq!(steps(&mut world), ["12:05 step-3-round-0: fallback", "12:15 step-3-round-1: fallback"]);
}

#[test]
fn six_hours_of_downtime_are_one_page_per_question() {
    let mut world = World::sev1();
    world.down_for("6h");
    assert_eq!(
        world.pages(),
        [
            "16:00 missed-contain: ana, ben",
            "16:00 missed-mitigate: ana, ben",
            "16:00 missed-notify:customers: tom, mara, ana",
            "16:00 missed-notify:executives: tom, mara, ana",
            "16:00 step-1-round-0: ben",
        ]
    );
    // Every miss is on record at its own deadline all the same.
    world.expect_clocks(&[
        ("acknowledge", "missed at 10:10"),
        ("contain", "missed at 10:30"),
        ("mitigate", "missed at 14:00"),
        ("notify:customers", "missed at 10:30"),
        ("update:customers", "missed at 11:00"),
        ("update:customers#10", "missed at 15:30"),
        ("update:customers#11", "due 16:00"),
        ("notify:executives", "missed at 10:15"),
        ("update:executives#2", "missed at 14:15"),
        ("update:executives#3", "due 16:15"),
    ]);
    world.advance("10m");
    assert_eq!(steps(&mut world), ["16:10 step-2-round-0: mara"]);
}

#[test]
fn nothing_more_is_paged_after_resolution() {
    let mut world = World::airline();
    let alert = |state| wcore::signal::Alert { key: "a1".to_owned(), state };
    world.signal("provider_down", |s| s.alert = Some(alert(wcore::signal::AlertState::Firing)));
    world.advance("10m");
    world.signal("provider_down", |s| s.alert = Some(alert(wcore::signal::AlertState::Resolved)));
    assert_eq!(world.incident().status(), wcore::incident::Status::Resolved);
    world.expect_clocks(&[("acknowledge", "cancelled: resolved"), ("mitigate", "cancelled: resolved")]);
    steps(&mut world);
    world.advance("24h");
    assert_eq!(steps(&mut world), [""; 0]);
}

#[test]
fn a_warning_given_long_after_its_instant_is_told_to_be_late() {
    let mut world = World::sev1();
    world.advance("15m");
    world.down_for("13m");
    let warned = |event: &Event| match event {
        Event::ClockWarned { clock, percent, late } => Some((clock.to_string(), *percent, *late)),
        _ => None,
    };
    let warned: Vec<_> = world.events().filter_map(warned).collect();
    // At 10:08 and 10:12 it was running; at 10:24 it was not.
    for (clock, late) in [("acknowledge", false), ("notify:executives", false), ("contain", true)] {
        assert!(warned.contains(&(clock.to_owned(), 80, late)), "{clock}: {warned:?}");
    }
}
