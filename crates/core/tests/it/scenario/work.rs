//! The work: contained, mitigated, proven, resolved, paused, and what comes back.

use wcore::Command;
use wcore::clock::ClockId;
use wcore::incident::Status;
use wcore::signal::{Alert, AlertState};

use crate::support::{World, at, evidence};

/// Acknowledged and announced at 10:05, mitigated at 11:00, proven at 11:10, resolved at 11:20.
fn resolved() -> World {
    let mut world = World::sev1();
    world.advance_to("10:05");
    world.ack("ana");
    world.tells("tom", "customers", None);
    world.tells("tom", "executives", None);
    world.advance_to("11:00");
    world.mitigates("ana");
    world.advance_to("11:10");
    world.validates("mara", true);
    world.advance_to("11:20");
    world.does("ana", Command::Resolve {});
    world
}

#[test]
fn a_good_response_keeps_every_promise() {
    let mut world = World::sev1();
    world.advance("5m");
    world.ack("ana");
    world.tells("tom", "customers", None);
    world.tells("tom", "executives", None);
    world.advance("10m");
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    world.advance("15m");
    world.mitigates("ana");
    assert_eq!(world.incident().status(), Status::Mitigated);
    world.expect_clocks(&[
        ("update:customers", "cancelled: its milestone is reached"),
        ("closing:customers", "due 11:30"),
    ]);
    world.advance("10m");
    world.validates("mara", true);
    world.tells("tom", "customers", None);
    world.does("ana", Command::Resolve {});
    let (cause, action) = ("a prompt change".to_owned(), "a canary".to_owned());
    // Five business days of 08:00 to 18:00 in Berlin, without Wednesday the 25th: Tuesday at 11:40.
    world.expect_clock("review", "due 2026-12-01T10:40:00Z");
    world.does("ana", Command::Review { cause, action, owner: None, due_at: None });
    assert_eq!(world.incident().status(), Status::Closed);
    assert!(world.incident().clocks.iter().all(|clock| !clock.is_open() && clock.breached_at.is_none()));
    assert_eq!(world.incident().next_due(), None);
}

#[test]
fn reopened_the_work_resumes_and_the_gap_counts_as_a_pause() {
    let mut world = resolved();
    world.advance_to("11:30");
    world.tells("tom", "customers", None);
    world.advance_to("13:20");
    world.pages();
    world.does("ben", Command::Reopen { reason: "it leaks again".to_owned() });
    assert_eq!(world.incident().status(), Status::Acknowledged);
    world.expect_clocks(&[
        ("acknowledge", "met at 10:05"),
        ("notify:customers", "met at 10:05"),
        ("closing:customers", "met at 11:30"),
        ("contain", "missed at 10:30"),
        // 3 h of work were left at 11:00, 6 h 50 min at 11:10, 22 h 40 min at 11:20.
        ("mitigate", "due 16:20"),
        ("validate", "due 20:10"),
        ("resolve", "due 2026-11-24T12:00:00Z"),
        ("review", "cancelled: reopened"),
    ]);
    assert_eq!(open(&world, "update:customers"), "due 13:50");
    assert_eq!(open(&world, "update:executives"), "due 15:20");
    assert_eq!(world.pages(), ["13:20 reopened-1: ana"]);
}

#[test]
fn what_an_all_clear_ended_runs_on_when_it_fires_again() {
    let mut world = World::airline();
    let alert = |state| Some(Alert { key: "a1".to_owned(), state });
    world.signal("provider_down", |s| s.alert = alert(AlertState::Firing));
    world.advance_to("10:10");
    world.signal("provider_down", |s| s.alert = alert(AlertState::Resolved));
    world.expect_clocks(&[("acknowledge", "cancelled: resolved"), ("contain", "cancelled: resolved")]);
    world.advance_to("11:10");
    world.pages();
    world.signal("provider_down", |s| s.alert = alert(AlertState::Firing));
    // An hour lay between.
    world.expect_clocks(&[("acknowledge", "due 11:20"), ("contain", "due 13:00"), ("mitigate", "due 19:00")]);
    world.advance_to("12:15");
    let pages: Vec<String> = world.pages().into_iter().filter(|page| !page.contains("customers")).collect();
    // Nobody had acknowledged, so that its steps begin again.
    assert_eq!(
        pages,
        [
            "11:10 reopened-1: ana",
            "11:10 step-0-round-1: schedule/ai-oncall",
            "11:55 step-1-round-1: fallback",
            "12:10 step-1-round-2: fallback",
        ]
    );
}

#[test]
fn a_firing_within_a_day_reopens_and_later_opens_anew() {
    let mut world = resolved();
    world.advance("24h");
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
    assert_eq!((world.incidents.len(), world.incident().reopened), (1, 1));
    let mut world = resolved();
    world.advance("24h");
    world.advance("1us");
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
    assert_eq!((world.incidents.len(), world.incident().reopened), (2, 0));
}

#[test]
fn a_failed_validation_withdraws_the_mitigation() {
    let mut world = World::sev1();
    world.advance_to("10:05");
    world.ack("ana");
    world.tells("tom", "customers", None);
    world.advance_to("10:10");
    world.mitigates("ana");
    world.expect_clocks(&[
        ("mitigate", "met at 10:10"),
        ("contain", "met at 10:10"),
        ("update:customers", "cancelled: its milestone is reached"),
        ("closing:customers", "due 11:10"),
    ]);
    world.advance_to("10:40");
    world.validates("mara", false);
    assert_eq!(world.incident().status(), Status::Acknowledged);
    world.expect_clocks(&[
        ("mitigate", "due 14:30"),
        // Nothing but the mitigation had contained it.
        ("contain", "due 11:00"),
        ("closing:customers", "cancelled: the milestone was withdrawn"),
        ("update:customers#2", "due 11:10"),
        ("validate", "due 18:00"),
    ]);
    assert_eq!(world.refused("ana", Command::Resolve {}), "validation-required");
}

#[test]
fn a_failed_validation_leaves_a_containment_standing() {
    let mut world = World::sev1();
    world.ack("ana");
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    world.advance("10m");
    world.mitigates("ana");
    world.advance("10m");
    world.validates("mara", false);
    world.expect_clock("contain", "met at 10:00");
    assert_eq!(world.incident().status(), Status::Contained);
}

#[test]
fn a_pause_stops_the_work_and_nobody_who_waits() {
    let mut world = World::sev1();
    world.ack("ana");
    world.advance("10m");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.expect_clocks(&[
        ("contain", "paused"),
        ("mitigate", "paused"),
        ("validate", "paused"),
        ("resolve", "paused"),
        ("notify:customers", "due 10:30"),
        ("notify:executives", "due 10:15"),
    ]);
    world.advance("1h");
    world.expect_clocks(&[("notify:customers", "missed at 10:30"), ("contain", "paused")]);
    world.does("ana", Command::Unpause {});
    world.expect_clocks(&[
        ("contain", "due 11:30"),
        ("mitigate", "due 15:00"),
        ("validate", "due 19:00"),
        ("resolve", "due 2026-11-24T11:00:00Z"),
    ]);
}

#[test]
fn a_pause_does_not_stop_paging() {
    let mut world = World::sev1();
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("20m");
    assert!(world.pages().contains(&"10:20 step-1-round-0: ben".to_owned()));
}

#[test]
fn a_clock_that_resumes_during_a_pause_stands_still_with_the_others() {
    let mut world = World::sev1();
    world.ack("ana");
    world.advance("10m");
    world.mitigates("ana");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("10m");
    world.validates("mara", false);
    world.expect_clock("mitigate", "paused");
    world.advance("10m");
    world.does("ana", Command::Unpause {});
    // Stood still from 10:10 to 10:30.
    world.expect_clock("mitigate", "due 14:20");
}

#[test]
fn resolution_ends_a_pause() {
    let mut world = World::sev1();
    world.ack("ana");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("10m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    assert_eq!(world.incident().paused, None);
    world.expect_clock("review", "due 2026-12-01T10:10:00Z");
}

#[test]
fn evidence_must_be_newer_than_the_mitigation() {
    let mut world = World::sev1();
    let stale = |observed: &str| Command::Validate { passed: true, evidence: evidence(at(observed)) };
    world.advance_to("10:20");
    assert_eq!(world.refused("mara", stale("10:00")), "evidence-stale");
    world.mitigates("ana");
    world.advance_to("10:30");
    assert_eq!(world.refused("mara", stale("10:19")), "evidence-stale");
    assert_eq!(world.refused("mara", stale("10:20")), "evidence-stale");
    assert_eq!(world.refused("mara", stale("10:31")), "time-invalid");
    world.does("mara", stale("10:20:00.000001"));
    assert_eq!(world.incident().status(), Status::Validated);
}

#[test]
fn proof_from_before_the_mitigation_does_not_resolve() {
    let mut world = World::sev1();
    world.advance_to("10:10");
    world.validates("mara", true);
    world.expect_clock("validate", "met at 10:10");
    world.advance_to("10:20");
    world.mitigates("ana");
    assert_eq!(world.incident().status(), Status::Mitigated);
    // The gap of ten minutes in which it passed for proven does not count.
    world.expect_clock("validate", "due 18:10");
    assert_eq!(world.refused("ana", Command::Resolve {}), "validation-required");
    world.advance_to("10:30");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    assert_eq!(world.incident().status(), Status::Resolved);
}

#[test]
fn resolution_waits_for_proof() {
    let mut world = World::sev1();
    assert_eq!(world.refused("ana", Command::Resolve {}), "validation-required");
    world.mitigates("ana");
    assert_eq!(world.refused("ana", Command::Resolve {}), "validation-required");
    world.advance("10m");
    world.validates("mara", false);
    assert_eq!(world.refused("ana", Command::Resolve {}), "validation-required");
    assert_eq!(world.incident().status(), Status::Acknowledged);
}

#[test]
fn a_waived_clock_is_let_go_by_name_and_a_miss_stays_a_miss() {
    let mut world = World::sev1();
    let waive = |clock: &str| Command::Waive { clock: clock.to_owned(), reason: "no exposure".to_owned() };
    world.does("ana", waive("contain"));
    assert_eq!(world.refused("ana", waive("contain")), "clock-unknown");
    world.advance("31m");
    world.does("ana", waive("notify:customers"));
    world.expect_clocks(&[
        ("contain", "waived by ana: no exposure"),
        ("notify:customers", "missed at 10:30, waived by ana: no exposure"),
    ]);
    let empty = Command::Waive { clock: "mitigate".to_owned(), reason: " ".to_owned() };
    assert_eq!(world.refused("ana", empty), "text-invalid");
}

/// What the one open clock of that kind says.
fn open(world: &World, kind: &str) -> String {
    let open: Vec<&ClockId> =
        world.incident().clocks.iter().filter(|clock| clock.is_open()).map(|clock| &clock.id).collect();
    let named: Vec<String> = open.iter().filter(|id| id.kind.to_string() == kind).map(|id| id.to_string()).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    world.clock(&named[0])
}

#[test]
fn a_clock_met_in_a_pause_runs_on_when_the_fix_fails_after_it() {
    let mut world = World::sev1();
    world.advance_to("10:30");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance_to("11:00");
    world.mitigates("ana");
    world.advance_to("11:30");
    world.does("ana", Command::Unpause {});
    world.advance_to("12:00");
    world.validates("mara", false);
    // Four hours from 10:00; the pause until the fix and the gap after it do not count.
    world.expect_clock("mitigate", "due 15:30");
}
