//! The severity changes while clocks run.

use wcore::Command;
use wcore::event::{Actor, Event};

use crate::support::World;

fn suspected() -> World {
    let mut world = World::airline();
    world.signal("pii_leak", |s| s.label = Some("suspected".to_owned()));
    world
}

fn confirm(world: &mut World) {
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
}

fn set(severity: &str) -> Command {
    Command::Severity { severity: severity.to_owned(), reason: "looked again".to_owned() }
}

fn confirmed(severity: &str) -> Command {
    Command::ConfirmSeverity { severity: severity.to_owned() }
}

fn decline() -> Command {
    Command::DeclineSeverity { reason: "a second customer wrote".to_owned() }
}

#[test]
fn raised_early_the_targets_count_from_the_original_start() {
    let mut world = suspected();
    world.expect_clocks(&[
        ("acknowledge", "due 10:20"),
        ("contain", "due 12:00"),
        ("mitigate", "due 18:00"),
        ("notify:customers", "due 11:00"),
        ("validate", "none"),
        ("notify:executives", "none"),
    ]);
    world.advance("5m");
    confirm(&mut world);
    assert_eq!(world.incidents.len(), 1);
    world.expect_clocks(&[
        ("acknowledge", "due 10:10"),
        ("contain", "due 10:30"),
        ("mitigate", "due 14:00"),
        ("validate", "due 18:00"),
        ("resolve", "due 2026-11-24T10:00:00Z"),
        ("notify:customers", "due 10:30"),
        ("notify:executives", "due 10:15"),
    ]);
}

#[test]
fn raised_late_what_is_past_already_gets_ten_minutes() {
    let mut world = suspected();
    world.advance("5m");
    world.ack("ana");
    world.advance("35m");
    confirm(&mut world);
    world.expect_clocks(&[
        ("acknowledge", "met at 10:05"),
        ("contain", "born late, due 10:50"),
        ("mitigate", "due 14:00"),
        ("notify:customers", "born late, due 10:50"),
        ("notify:executives", "born late, due 10:50"),
    ]);
    world.advance("10m");
    world.expect_clock("contain", "born late, due 10:50");
    world.advance("1m");
    world.expect_clock("contain", "born late, missed at 10:50");
}

#[test]
fn grace_never_makes_a_deadline_later_than_it_was() {
    let mut world = suspected();
    world.ack("ana");
    world.advance("55m");
    confirm(&mut world);
    world.expect_clock("notify:customers", "born late, due 11:00");
}

#[test]
fn grace_stands_still_in_a_pause_like_any_target() {
    let mut world = suspected();
    world.advance("40m");
    confirm(&mut world);
    world.expect_clock("contain", "born late, due 10:50");
    world.advance("4m");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.expect_clock("contain", "born late, paused");
    world.advance("1h");
    world.does("ana", Command::Unpause {});
    // Six of the ten minutes are left.
    world.expect_clock("contain", "born late, due 11:50");
    world.advance("6m");
    world.expect_clock("contain", "born late, due 11:50");
    world.advance("1us");
    world.expect_clock("contain", "born late, missed at 11:50");
}

#[test]
fn grace_that_a_pause_holds_back_begins_when_the_work_goes_on() {
    let mut world = suspected();
    world.advance("40m");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("5m");
    confirm(&mut world);
    world.expect_clock("contain", "born late, paused");
    world.advance("1h");
    world.does("ana", Command::Unpause {});
    world.expect_clock("contain", "born late, due 11:55");
}

#[test]
fn grace_resumes_where_a_failed_validation_withdraws_the_mitigation() {
    let mut world = suspected();
    world.advance("40m");
    confirm(&mut world);
    world.advance("5m");
    world.mitigates("ana");
    world.expect_clock("contain", "born late, met at 10:45");
    world.advance("1h");
    world.validates("mara", false);
    world.expect_clock("contain", "born late, due 11:50");
}

#[test]
fn lowered_again_a_looser_target_needs_no_grace() {
    let mut world = suspected();
    world.advance("40m");
    confirm(&mut world);
    world.lowers("ana", "ben", "SEV-2");
    world.expect_clocks(&[("contain", "due 12:00"), ("notify:customers", "due 11:00")]);
}

#[test]
fn what_was_missed_before_the_raise_stays_missed_and_is_not_promised_again() {
    let mut world = suspected();
    world.advance("30m");
    world.expect_clock("acknowledge", "missed at 10:20");
    confirm(&mut world);
    world.expect_clocks(&[("acknowledge", "missed at 10:20"), ("acknowledge#2", "none")]);
}

#[test]
fn earlier_pauses_are_credited_when_it_is_raised() {
    let mut world = suspected();
    world.ack("ana");
    world.advance("10m");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("30m");
    world.does("ana", Command::Unpause {});
    world.advance("10m");
    confirm(&mut world);
    world.expect_clocks(&[
        ("contain", "due 11:00"),
        ("mitigate", "due 14:30"),
        // New with this severity, and the same half hour stood still.
        ("validate", "due 18:30"),
        // People who wait to hear were not paused.
        ("notify:executives", "born late, due 11:00"),
    ]);
}

#[test]
fn raised_while_paused_the_new_clocks_stand_still_from_the_pause_on() {
    let mut world = suspected();
    world.advance("10m");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("10m");
    confirm(&mut world);
    world.expect_clocks(&[("contain", "paused"), ("validate", "paused")]);
    world.advance("10m");
    world.does("ana", Command::Unpause {});
    world.expect_clocks(&[("contain", "due 10:50"), ("validate", "due 18:20")]);
}

#[test]
fn a_promise_whose_fact_holds_already_is_not_made_when_it_is_raised() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-3");
    world.advance("5m");
    world.ack("ana");
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    world.tells("tom", "customers", None);
    world.advance("5m");
    world.does("ana", set("SEV-1"));
    world.expect_clocks(&[
        ("acknowledge", "met at 10:05"),
        ("contain", "none"),
        ("notify:customers", "none"),
        // They were told at 10:05: the cadence runs from there.
        ("update:customers", "due 10:35"),
        ("notify:executives", "due 10:15"),
    ]);
}

#[test]
fn acceptance_tightens_too() {
    let mut world = World::airline();
    for (rank, length) in [(1, "20m"), (2, "45m")] {
        world.policy.targets.get_mut(&rank).unwrap().accept = Some(crate::support::always(length));
    }
    world.signal("pii_leak", |s| s.label = Some("suspected".to_owned()));
    world.does("ana", Command::Accept { role: policy::model::Role::Remediation });
    world.expect_clock("accept:validation", "due 10:45");
    confirm(&mut world);
    world.expect_clocks(&[("accept:validation", "due 10:20"), ("accept:remediation", "met at 10:00")]);
}

#[test]
fn asked_for_by_one_person_a_lower_severity_changes_nothing_yet() {
    let mut world = World::sev1();
    world.advance("31m");
    world.pages();
    world.does("ana", set("SEV-2"));
    assert_eq!(world.pages(), ["10:31 lowering-2-2026-11-23T11:01:00Z: mara"]);
    world.expect_clocks(&[
        ("contain", "missed at 10:30"),
        ("mitigate", "due 14:00"),
        ("validate", "due 18:00"),
        ("resolve", "due 2026-11-24T10:00:00Z"),
    ]);
    assert_eq!(world.incident().severity, 1);
    let asked = world.incident().lowering.as_ref().unwrap();
    assert_eq!((asked.by.as_str(), asked.to, asked.reason.as_str()), ("ana", 2, "looked again"));
}

#[test]
fn only_a_second_person_confirms_a_lower_severity_and_only_the_one_asked_for() {
    let mut world = World::sev1();
    assert_eq!(world.refused("ben", confirmed("SEV-2")), "lowering-absent");
    assert_eq!(world.refused("ben", decline()), "lowering-absent");
    world.does("ana", set("SEV-2"));
    assert_eq!(world.refused("ana", confirmed("SEV-2")), "approval-required");
    assert_eq!(world.refused("nobody", confirmed("SEV-2")), "name-unknown");
    assert_eq!(world.refused("ben", confirmed("SEV-3")), "stage-mismatch");
    assert_eq!(world.refused("ben", confirmed("SEV-9")), "name-unknown");
    // Another asks for what is asked for already; whoever asked may ask for something else.
    assert_eq!(world.refused("ben", set("SEV-3")), "stage-mismatch");
    let machine = Actor::Machine("bot".to_owned());
    for command in [set("SEV-2"), confirmed("SEV-2"), decline()] {
        assert_eq!(world.act(&machine, &command).unwrap_err().code.id, "person-required");
    }
    world.does("ana", set("SEV-3"));
    assert_eq!(world.refused("ben", confirmed("SEV-2")), "stage-mismatch");
    // In time at the very instant.
    world.advance("30m");
    world.does("ben", confirmed("SEV-3"));
    assert_eq!((world.incident().severity, &world.incident().lowering), (3, &None));
    let by = world.events().find_map(|event| match event {
        Event::LoweringConfirmed { by, confirmed_by, .. } => Some((by.as_str(), confirmed_by.as_str())),
        _ => None,
    });
    assert_eq!(by, Some(("ana", "ben")));
}

/// How a request comes to nothing.
type End = fn(&mut World);

#[test]
fn a_request_for_a_lower_severity_ends_by_time_by_word_or_with_its_situation() {
    let asked = || {
        let mut world = suspected();
        world.does("ana", set("SEV-3"));
        world
    };
    let ends: [(&str, End); 5] = [
        ("lapsed", |world| {
            world.advance("30m");
            world.advance("1us");
        }),
        ("withdrawn", |world| world.does("ana", decline())),
        ("declined", |world| world.does("ben", decline())),
        ("raised meanwhile", |world| confirm(world)),
        ("raised and reopened", |world| {
            confirm(world);
            world.does("ana", Command::BreakGlass { reason: "a test run".to_owned() });
            world.does("ben", Command::Confirm {});
            world.does("ana", Command::Reopen { reason: "it was none".to_owned() });
        }),
    ];
    for (how, end) in ends {
        let mut world = asked();
        end(&mut world);
        let severity = world.incident().severity;
        assert_eq!(world.refused("mara", confirmed("SEV-3")), "lowering-absent", "{how}");
        assert_eq!(world.refused("mara", decline()), "lowering-absent", "{how}");
        assert_eq!(world.incident().severity, severity, "{how}");
        // Then another may ask.
        world.does("ben", set("SEV-3"));
        world.does("ana", confirmed("SEV-3"));
        assert_eq!(world.incident().severity, 3, "{how}");
    }
    let mut world = asked();
    world.mitigates("ana");
    world.advance("5m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    assert_eq!(world.incident().lowering, None);
    for command in [set("SEV-3"), confirmed("SEV-3"), decline()] {
        assert_eq!(world.refused("ben", command), "stage-mismatch");
    }
}

#[test]
fn lowered_by_two_targets_loosen_and_misses_stay() {
    let mut world = World::sev1();
    world.advance("31m");
    world.lowers("ana", "ben", "SEV-2");
    world.expect_clocks(&[
        ("contain", "missed at 10:30"),
        ("mitigate", "due 18:00"),
        ("validate", "cancelled: not promised at SEV-2"),
        ("resolve", "cancelled: not promised at SEV-2"),
        ("notify:executives", "missed at 10:15, cancelled: not promised at SEV-2"),
    ]);
    let said = world.events().find_map(|event| match event {
        Event::SeverityChanged { from: 1, to: 2, reason } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(said, Some("looked again"));
}

#[test]
fn raised_again_what_a_lower_severity_had_let_go_is_promised_again() {
    let mut world = World::sev1();
    world.advance("20m");
    world.lowers("ana", "ben", "SEV-2");
    world.advance("20m");
    world.does("ana", set("SEV-1"));
    world.expect_clocks(&[
        ("validate", "cancelled: not promised at SEV-2"),
        ("validate#2", "due 18:00"),
        ("resolve#2", "due 2026-11-24T10:00:00Z"),
        ("contain", "born late, due 10:50"),
        // What was missed is not promised twice.
        ("notify:executives", "missed at 10:15, cancelled: not promised at SEV-2"),
        ("notify:executives#2", "none"),
    ]);
}

#[test]
fn a_severity_is_one_of_the_policy_and_another_one() {
    let mut world = World::sev1();
    assert_eq!(world.refused("ana", set("SEV-1")), "stage-mismatch");
    assert_eq!(world.refused("ana", set("SEV-9")), "name-unknown");
}

#[test]
fn what_a_message_promised_is_not_put_off_when_the_severity_is_lowered() {
    let mut world = World::sev1();
    if let Some(targets) = world.policy.targets.get_mut(&2) {
        let always = crate::support::always;
        let window = crate::support::notices(
            Some(always("1h")),
            Some(always("4h")),
            policy::model::Milestone::Mitigated,
            Some(always("8h")),
        );
        targets.updates.insert("customers".to_owned(), window);
    }
    world.tells("tom", "customers", Some("10:20"));
    world.lowers("ana", "ben", "SEV-2");
    world.expect_clock("update:customers", "due 10:20");
    world.mitigates("ana");
    world.expect_clocks(&[("update:customers", "due 10:20"), ("closing:customers", "due 10:20")]);
    world.does("ana", set("SEV-1"));
    world.expect_clocks(&[("update:customers", "due 10:20"), ("closing:customers", "due 10:20")]);
    world.lowers("ana", "ben", "SEV-2");
    world.expect_clocks(&[("update:customers", "due 10:20"), ("closing:customers", "due 10:20")]);
}
