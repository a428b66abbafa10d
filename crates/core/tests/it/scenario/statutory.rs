//! Facts and the clocks of the law.

use wcore::Command;
use wcore::clock::ClockKind;
use wcore::event::{Actor, Fact};

use crate::support::{World, always, at, person};

fn fact(fact: Fact, instant: &str) -> Command {
    Command::Fact {
        fact,
        at: Some(at(instant)),
        note: "the transcript shows it".to_owned(),
        notice: None,
        corrects: None,
        sure: false,
    }
}

fn submitted(notice: &str, instant: &str) -> Command {
    let notice = Some(notice.to_owned());
    Command::Fact {
        fact: Fact::SubmittedAt,
        at: Some(at(instant)),
        note: "form 7".to_owned(),
        notice,
        corrects: None,
        sure: false,
    }
}

/// An incident that may be a leak, opened on Friday 27 November 2026 at 16:00 in Berlin.
fn leak() -> World {
    let mut world = World::airline();
    world.advance_to("2026-11-27T15:00:00Z");
    world.declare("suspected_leak", "SEV-1");
    world.pages();
    world
}

/// By when a notice is due, strictly and at the latest.
fn due(world: &World, id: &str) -> (String, String) {
    let kind = ClockKind::Statutory(id.to_owned());
    let clock = world.incident().open_clocks(&kind).next().unwrap();
    let shown = |at: Option<calendar::Instant>| at.map_or("never".to_owned(), |at| at.to_string());
    (shown(clock.due_at), shown(clock.latest_at))
}

fn pair(strict: &str, latest: &str) -> (String, String) {
    (strict.to_owned(), latest.to_owned())
}

#[test]
fn seventy_two_hours_run_from_awareness_recorded_the_next_day() {
    let mut world = leak();
    world.expect_clock("statutory:gdpr-33-1", "none");
    world.advance_to("2026-11-28T09:00:00Z");
    // Friday 15:00 in Berlin.
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T15:00:00+01:00"));
    let friday = pair("2026-11-30T14:00:00Z", "2026-11-30T15:00:00Z");
    assert_eq!(due(&world, "gdpr-33-1"), friday);
    // Neither severity nor a pause moves it, up or down.
    for severity in ["SEV-3", "SEV-2", "SEV-1"] {
        if severity == "SEV-3" {
            world.lowers("ana", "ben", severity);
        } else {
            let reason = "looked again".to_owned();
            world.does("ana", Command::Severity { severity: severity.to_owned(), reason });
        }
        assert_eq!(due(&world, "gdpr-33-1"), friday, "{severity}");
    }
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance("5h");
    assert_eq!(due(&world, "gdpr-33-1"), friday);
    world.does("ana", Command::Unpause {});
    assert_eq!(due(&world, "gdpr-33-1"), friday);
    world.advance_to("2026-11-30T14:00:00Z");
    world.expect_clock("statutory:gdpr-33-1", "due 2026-11-30T14:00:00Z");
    world.pages();
    world.advance("1us");
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-30T14:00:00Z");
    assert!(world.pages().contains(&"2026-11-30T14:00:00.000001Z missed-statutory:gdpr-33-1: mara, ana".to_owned()));
}

#[test]
fn awareness_may_turn_out_earlier_and_never_later() {
    let mut world = leak();
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    assert_eq!(world.refused("mara", fact(Fact::AwareAt, "2026-11-27T14:59:00Z")), "fact-unchanged");
    assert_eq!(world.refused("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z")), "fact-unchanged");
    assert_eq!(due(&world, "gdpr-33-1"), pair("2026-11-30T14:00:00Z", "2026-11-30T15:00:00Z"));
    assert_eq!(world.incident().facts[&Fact::AwareAt].at, at("2026-11-27T14:00:00Z"));
    world.does("mara", fact(Fact::AwareAt, "2026-11-26T08:30:00Z"));
    assert_eq!(due(&world, "gdpr-33-1"), pair("2026-11-29T08:30:00Z", "2026-11-29T09:00:00Z"));
    assert_eq!(world.incident().facts[&Fact::AwareAt].at, at("2026-11-26T08:30:00Z"));
}

#[test]
fn recorded_too_late_a_notice_is_missed_without_grace() {
    let mut world = leak();
    world.advance("96h");
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.advance("1us");
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-30T14:00:00Z");
}

#[test]
fn a_notice_keeps_its_clock_when_it_was_submitted() {
    let mut world = leak();
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.advance_to("2026-11-30T13:00:00Z");
    assert_eq!(world.refused("mara", fact(Fact::SubmittedAt, "2026-11-30T12:00:00Z")), "notice-unknown");
    assert_eq!(world.refused("mara", submitted("gdpr-33", "2026-11-30T12:00:00Z")), "notice-unknown");
    assert_eq!(world.refused("mara", submitted("sec-8k-105", "2026-11-30T12:00:00Z")), "notice-unknown");
    let about = Command::Fact {
        fact: Fact::AwareAt,
        at: None,
        note: "seen".to_owned(),
        notice: Some("gdpr-33-1".to_owned()),
        corrects: None,
        sure: false,
    };
    assert_eq!(world.refused("mara", about), "notice-unknown");
    world.does("mara", submitted("gdpr-33-1", "2026-11-30T12:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "met at 2026-11-30T12:00:00Z");
    let bot = Actor::Machine("bot".to_owned());
    let refused = world.act(&bot, &submitted("nis2-notify", "2026-11-30T12:00:00Z")).unwrap_err();
    assert_eq!(refused.code.id, "person-required");
}

#[test]
fn submitted_in_time_and_recorded_late_both_facts_stand() {
    let mut world = leak();
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.advance_to("2026-12-01T09:00:00Z");
    world.does("mara", submitted("gdpr-33-1", "2026-11-30T12:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-30T14:00:00Z, met at 2026-11-30T12:00:00Z");
}

#[test]
fn a_chain_begins_with_the_actual_submission() {
    let mut world = leak();
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.expect_clock("statutory:nis2-final", "none");
    world.advance_to("2026-11-28T12:00:00Z");
    world.does("mara", submitted("nis2-notify", "2026-11-28T10:00:00Z"));
    world.expect_clock("statutory:nis2-notify", "met at 2026-11-28T10:00:00Z");
    // A month on: strictly the same hour, at the latest the end of that Monday in Berlin.
    assert_eq!(due(&world, "nis2-final"), pair("2026-12-28T10:00:00Z", "2026-12-28T23:00:00Z"));
    world.does("mara", submitted("nis2-final", "2026-11-28T11:00:00Z"));
    world.expect_clock("statutory:nis2-final", "met at 2026-11-28T11:00:00Z");
}

#[test]
fn submitted_before_awareness_was_recorded_a_notice_is_kept_at_once() {
    let mut world = leak();
    world.does("mara", submitted("gdpr-33-1", "2026-11-27T14:30:00Z"));
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "met at 2026-11-27T14:30:00Z");
}

#[test]
fn submitted_too_late_before_awareness_was_recorded_a_notice_is_missed_all_the_same() {
    let mut world = leak();
    world.advance("96h");
    world.does("mara", submitted("gdpr-33-1", "2026-12-01T09:00:00Z"));
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-30T14:00:00Z, met at 2026-12-01T09:00:00Z");
    assert_eq!(
        world
            .incident()
            .clocks
            .iter()
            .filter(|clock| clock.breached_at.is_some_and(|_| matches!(clock.id.kind, ClockKind::Statutory(_))))
            .count(),
        1
    );
}

#[test]
fn a_law_without_a_time_runs_until_its_notice_and_is_never_missed() {
    let mut world = leak();
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-27T14:00:00Z"));
    assert_eq!(due(&world, "gdpr-34"), pair("never", "never"));
    world.advance("500h");
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-27T13:00:00Z"));
    world.expect_clock("statutory:gdpr-34", "never due");
    world.does("mara", submitted("gdpr-34", "2026-12-01T13:00:00Z"));
    world.expect_clock("statutory:gdpr-34", "met at 2026-12-01T13:00:00Z");
}

#[test]
fn the_law_still_waits_after_resolution_and_can_be_waived_by_name() {
    let mut world = leak();
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T14:00:00Z"));
    world.mitigates("ana");
    world.advance("10m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    world.expect_clock("statutory:gdpr-33-1", "due 2026-11-30T14:00:00Z");
    let reason = "no risk to anyone, says counsel".to_owned();
    world.does("mara", Command::Waive { clock: "statutory:gdpr-33-1".to_owned(), reason });
    world.expect_clock("statutory:gdpr-33-1", "waived by mara: no risk to anyone, says counsel");
    // What was let go does not come back with an earlier date.
    world.does("mara", fact(Fact::AwareAt, "2026-11-27T13:00:00Z"));
    world.expect_clocks(&[("statutory:gdpr-33-1#2", "none")]);
}

#[test]
fn a_class_without_notices_records_a_submission_as_it_is() {
    let mut world = World::sev1();
    world.does("mara", fact(Fact::SubmittedAt, "10:00"));
    // It starts nothing: said again, it is another submission.
    world.does("mara", fact(Fact::SubmittedAt, "10:00"));
    assert!(world.incident().facts.contains_key(&Fact::SubmittedAt));
    assert_eq!(world.refused("mara", submitted("gdpr-33-1", "10:00")), "notice-unknown");
}

#[test]
fn a_suspicion_is_confirmed_in_time() {
    let suspected = || {
        let mut world = World::airline();
        for rank in [1, 2] {
            world.policy.targets.get_mut(&rank).unwrap().confirm = Some(always("2h"));
        }
        world.declare("suspected_leak", "SEV-2");
        world.expect_clock("confirm", "due 12:00");
        world
    };
    let mut world = suspected();
    world.advance("1h");
    // Whatever else becomes known is no confirmation.
    world.does("mara", fact(Fact::AwareAt, "10:30"));
    world.expect_clock("confirm", "due 12:00");
    world.does("mara", fact(Fact::ConfirmedAt, "10:45"));
    world.expect_clocks(&[("confirm", "met at 11:00"), ("statutory:contract-dpa", "due 2026-11-24T10:45:00Z")]);
    // Said again, nothing more is promised.
    assert_eq!(world.refused("mara", fact(Fact::ConfirmedAt, "10:50")), "fact-unchanged");
    world.expect_clock("confirm#2", "none");

    let mut world = suspected();
    world.advance_to("12:01");
    world.expect_clock("confirm", "missed at 12:00");
    world.does("mara", fact(Fact::ConfirmedAt, "11:59"));
    world.expect_clock("confirm", "missed at 12:00, met at 12:01");

    // Resolved as a false alarm, nothing is left to confirm.
    let mut world = suspected();
    world.advance("10m");
    world.validates("ben", true);
    world.act(&person("ana"), &Command::Resolve {}).unwrap();
    world.expect_clock("confirm", "cancelled: resolved");
}

/// A financial entity's incident, known since ten o'clock on Monday.
fn dora() -> World {
    let mut world = World::airline();
    world.policy.classes.get_mut("suspected_leak").unwrap().statutory =
        vec!["dora-initial-a".to_owned(), "dora-initial-b".to_owned()];
    world.declare("suspected_leak", "SEV-1");
    world.does("mara", fact(Fact::AwareAt, "10:00"));
    world
}

#[test]
fn classified_in_time_the_sooner_of_both_deadlines_counts() {
    let mut world = dora();
    world.advance_to("2026-11-24T09:00:00Z");
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-24T09:00:00Z"));
    world.expect_clock("statutory:dora-initial-a", "due 2026-11-24T13:00:00Z");
    world.advance("2h");
    world.expect_clock("statutory:dora-initial-b", "missed at 2026-11-24T10:00:00Z");
}

#[test]
fn classified_later_only_the_time_from_the_classification_counts() {
    let mut world = dora();
    world.advance_to("2026-11-24T15:00:00Z");
    let lapsed = "cancelled: not classified in that time; it counts from the classification";
    world.expect_clock("statutory:dora-initial-b", lapsed);
    assert!(!world.pages().iter().any(|page| page.contains("missed-statutory")));
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-24T14:30:00Z"));
    world.expect_clocks(&[
        ("statutory:dora-initial-a", "due 2026-11-24T18:30:00Z"),
        ("statutory:dora-initial-b", lapsed),
        ("statutory:dora-initial-b#2", "none"),
    ]);
    world.advance("5h");
    world.expect_clock("statutory:dora-initial-a", "missed at 2026-11-24T18:30:00Z");
}

#[test]
fn a_classification_that_was_in_time_and_is_recorded_late_was_owed_after_all() {
    let mut world = dora();
    world.advance_to("2026-11-24T15:00:00Z");
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-24T09:30:00Z"));
    world.advance("1us");
    world.expect_clocks(&[
        ("statutory:dora-initial-a", "missed at 2026-11-24T13:30:00Z"),
        ("statutory:dora-initial-b#2", "missed at 2026-11-24T10:00:00Z"),
    ]);
    // Without the other clock nothing takes its place: then it is owed.
    let mut world = dora();
    world.policy.classes.get_mut("suspected_leak").unwrap().statutory = vec!["dora-initial-b".to_owned()];
    world.advance_to("2026-11-24T15:00:00Z");
    world.expect_clock("statutory:dora-initial-b", "missed at 2026-11-24T10:00:00Z");
}
