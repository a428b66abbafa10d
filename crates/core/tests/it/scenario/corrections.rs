//! Facts that were wrong, and the clocks of the law that hung on them.

use policy::model::Policy;
use wcore::Command;
use wcore::event::Fact;

use crate::support::{World, at};

const TYPO: &str = "the year was mistyped";

fn stated(fact: Fact, instant: &str, notice: Option<&str>, corrects: Option<&str>) -> Command {
    let (notice, corrects) = (notice.map(str::to_owned), corrects.map(str::to_owned));
    Command::Fact { fact, at: Some(at(instant)), note: "the transcript".to_owned(), notice, corrects, sure: true }
}

fn fact(fact: Fact, instant: &str) -> Command {
    stated(fact, instant, None, None)
}

fn corrected(fact: Fact, instant: &str) -> Command {
    stated(fact, instant, None, Some(TYPO))
}

fn submitted(notice: &str, instant: &str) -> Command {
    stated(Fact::SubmittedAt, instant, Some(notice), None)
}

fn resubmitted(notice: &str, instant: &str) -> Command {
    stated(Fact::SubmittedAt, instant, Some(notice), Some(TYPO))
}

/// An incident with notices to give, opened at ten o'clock.
fn leak(notices: &[&str]) -> World {
    let mut world = World::airline();
    let set = |policy: &mut Policy| {
        let class = policy.classes.get_mut("suspected_leak").unwrap();
        class.statutory = notices.iter().map(|id| (*id).to_owned()).collect();
    };
    set(&mut world.policy);
    world.declare("suspected_leak", "SEV-1");
    world.pages();
    world
}

#[test]
fn missed_by_a_slip_of_the_pen_a_clock_is_shown_as_corrected_and_runs_anew() {
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "2025-11-23T09:00:00Z"));
    world.advance("1m");
    world.expect_clock("statutory:gdpr-33-1", "missed at 2025-11-26T09:00:00Z");
    world.pages();
    world.does("ana", corrected(Fact::AwareAt, "09:00"));
    world.expect_clocks(&[
        ("statutory:gdpr-33-1", "missed at 2025-11-26T09:00:00Z, corrected by ana: the year was mistyped"),
        ("statutory:gdpr-33-1#2", "due 2026-11-26T09:00:00Z"),
    ]);
    assert_eq!(world.incident().facts[&Fact::AwareAt].at, at("09:00"));
    let [kept] = world.incident().corrections.as_slice() else { panic!() };
    assert_eq!((kept.was.at, kept.was.by.as_str(), kept.reason.as_str()), (at("2025-11-23T09:00:00Z"), "mara", TYPO));
    // Its next cycle can be missed in earnest, and pages for itself.
    world.advance("80h");
    world.expect_clock("statutory:gdpr-33-1#2", "missed at 2026-11-26T09:00:00Z");
    assert!(world.pages().iter().any(|page| page.contains(" missed-statutory:gdpr-33-1#2: mara, ana")));
}

#[test]
fn a_deadline_moves_with_its_fact_both_ways() {
    let mut world = leak(&["gdpr-33-1", "nis2-notify", "nis2-final"]);
    world.does("mara", fact(Fact::AwareAt, "08:00"));
    for (aware, due) in [("09:30", "09:30"), ("07:00", "07:00")] {
        world.does("mara", corrected(Fact::AwareAt, aware));
        let due = format!("due 2026-11-26T{due}:00Z");
        world.expect_clocks(&[
            ("statutory:gdpr-33-1", due.as_str()),
            ("statutory:nis2-notify", due.as_str()),
            ("statutory:gdpr-33-1#2", "none"),
            ("statutory:nis2-final", "none"),
        ]);
    }
    // Of each fact the last correction is kept beside it, the journal has all.
    let was: Vec<_> = world.incident().corrections.iter().map(|kept| kept.was.at).collect();
    assert_eq!(was, [at("09:30")]);
}

#[test]
fn truly_late_a_corrected_clock_is_missed_at_the_right_instant() {
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "2026-01-01T09:00:00Z"));
    world.advance("1m");
    world.does("mara", corrected(Fact::AwareAt, "2026-11-20T09:00:00Z"));
    world.advance("1us");
    world.expect_clocks(&[
        ("statutory:gdpr-33-1", "missed at 2026-01-04T09:00:00Z, corrected by mara: the year was mistyped"),
        ("statutory:gdpr-33-1#2", "missed at 09:00"),
    ]);
}

#[test]
fn a_notice_that_was_given_keeps_the_corrected_clock() {
    // In time by the right instant, late by the wrong one.
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "2026-11-19T09:00:00Z"));
    world.advance("1m");
    world.does("mara", submitted("gdpr-33-1", "10:01"));
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-22T09:00:00Z, met at 10:01");
    world.does("mara", corrected(Fact::AwareAt, "2026-11-22T09:00:00Z"));
    world.expect_clocks(&[
        ("statutory:gdpr-33-1", "missed at 2026-11-22T09:00:00Z, corrected by mara: the year was mistyped"),
        ("statutory:gdpr-33-1#2", "met at 10:01"),
    ]);
    // And the other way round.
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "09:00"));
    world.does("mara", submitted("gdpr-33-1", "10:00"));
    world.expect_clock("statutory:gdpr-33-1", "met at 10:00");
    world.does("mara", corrected(Fact::AwareAt, "2026-11-20T09:00:00Z"));
    world.expect_clocks(&[("statutory:gdpr-33-1", "missed at 09:00, met at 10:00"), ("statutory:gdpr-33-1#2", "none")]);
}

#[test]
fn a_corrected_submission_moves_what_it_keeps_and_what_follows_it() {
    let mut world = leak(&["gdpr-33-1", "nis2-notify", "nis2-final"]);
    world.does("mara", fact(Fact::AwareAt, "09:00"));
    world.advance("2h");
    assert_eq!(world.refused("mara", resubmitted("nis2-notify", "11:00")), "stage-mismatch");
    world.does("mara", submitted("nis2-notify", "09:30"));
    world.expect_clock("statutory:nis2-final", "due 2026-12-23T09:30:00Z");
    assert_eq!(world.refused("mara", submitted("nis2-notify", "11:00")), "fact-unchanged");
    world.does("ben", resubmitted("nis2-notify", "11:00"));
    world.expect_clocks(&[
        ("statutory:gdpr-33-1", "due 2026-11-26T09:00:00Z"),
        ("statutory:nis2-notify", "met at 11:00"),
        ("statutory:nis2-final", "due 2026-12-23T11:00:00Z"),
    ]);
    assert_eq!(world.incident().notices["nis2-notify"].at, at("11:00"));
    // Submitted late in truth: the miss is the corrected clock's own.
    world.advance_to("2026-11-27T09:00:00Z");
    world.does("mara", submitted("gdpr-33-1", "2026-11-26T08:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "missed at 2026-11-26T09:00:00Z, met at 2026-11-26T08:00:00Z");
    world.does("mara", resubmitted("gdpr-33-1", "2026-11-26T10:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1#2", "missed at 2026-11-26T09:00:00Z, met at 2026-11-26T10:00:00Z");
    assert_eq!(world.incident().corrections.len(), 2);
}

#[test]
fn a_corrected_classification_makes_a_clock_lapse_or_owed() {
    let dora = || {
        let mut world = leak(&["dora-initial-a", "dora-initial-b"]);
        world.does("mara", fact(Fact::AwareAt, "10:00"));
        world
    };
    let lapsed = "cancelled: not classified in that time; it counts from the classification";
    // In time by mistake: owed and missed, then corrected, and lapsed.
    let mut world = dora();
    world.advance("24h");
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-24T09:00:00Z"));
    world.advance("2h");
    world.expect_clock("statutory:dora-initial-b", "missed at 2026-11-24T10:00:00Z");
    world.does("mara", corrected(Fact::ClassifiedAt, "2026-11-24T11:00:00Z"));
    world.advance("1us");
    world.expect_clocks(&[
        ("statutory:dora-initial-a", "due 2026-11-24T15:00:00Z"),
        ("statutory:dora-initial-b", "missed at 2026-11-24T10:00:00Z, corrected by mara: the year was mistyped"),
        ("statutory:dora-initial-b#2", lapsed),
    ]);
    // Late by mistake: lapsed, then owed after all.
    world.does("mara", corrected(Fact::ClassifiedAt, "2026-11-24T09:30:00Z"));
    world.advance("1us");
    world.expect_clocks(&[
        ("statutory:dora-initial-a", "due 2026-11-24T13:30:00Z"),
        ("statutory:dora-initial-b#3", "missed at 2026-11-24T10:00:00Z"),
    ]);
    // Nothing of the classification changes what lapsed long before it.
    let mut world = dora();
    world.advance("30h");
    world.does("mara", fact(Fact::ClassifiedAt, "2026-11-24T15:00:00Z"));
    world.does("mara", corrected(Fact::ClassifiedAt, "2026-11-24T15:30:00Z"));
    world.expect_clocks(&[
        ("statutory:dora-initial-a", "due 2026-11-24T19:30:00Z"),
        ("statutory:dora-initial-b", lapsed),
        ("statutory:dora-initial-b#2", "none"),
    ]);
}

#[test]
fn let_go_in_time_a_clock_stays_so_whatever_the_date() {
    let waive = || Command::Waive { clock: "statutory:gdpr-33-1".to_owned(), reason: "no risk".to_owned() };
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "09:00"));
    world.does("mara", waive());
    world.does("mara", corrected(Fact::AwareAt, "08:00"));
    world.expect_clocks(&[("statutory:gdpr-33-1", "waived by mara: no risk"), ("statutory:gdpr-33-1#2", "none")]);
    // Let go because it was missed by mistake, it is owed again.
    let mut world = leak(&["gdpr-33-1"]);
    world.does("mara", fact(Fact::AwareAt, "2025-11-23T09:00:00Z"));
    world.advance("1m");
    world.does("mara", waive());
    world.does("mara", corrected(Fact::AwareAt, "09:00"));
    world.expect_clock("statutory:gdpr-33-1#2", "due 2026-11-26T09:00:00Z");
}

#[test]
fn a_correction_says_what_is_right_and_why_and_changes_something() {
    let mut world = leak(&["gdpr-33-1"]);
    assert_eq!(world.refused("mara", corrected(Fact::AwareAt, "09:00")), "stage-mismatch");
    world.does("mara", fact(Fact::AwareAt, "09:00"));
    assert_eq!(world.refused("mara", corrected(Fact::AwareAt, "09:00")), "fact-unchanged");
    assert_eq!(world.refused("mara", stated(Fact::AwareAt, "08:00", None, Some(" "))), "text-invalid");
    assert_eq!(world.refused("mara", corrected(Fact::AwareAt, "10:01")), "time-invalid");
    let (note, corrects) = ("the transcript".to_owned(), Some(TYPO.to_owned()));
    let now = Command::Fact { fact: Fact::AwareAt, at: None, note, notice: None, corrects, sure: true };
    assert_eq!(world.refused("mara", now), "time-invalid");
    world.expect_clock("statutory:gdpr-33-1", "due 2026-11-26T09:00:00Z");
}

#[test]
fn a_fact_long_before_the_incident_is_meant_or_refused() {
    let unsure = |instant: &str| Command::Fact {
        fact: Fact::AwareAt,
        at: Some(at(instant)),
        note: "the transcript".to_owned(),
        notice: None,
        corrects: None,
        sure: false,
    };
    let week_before_ten = [("2026-11-16T09:59:59.999999Z", false), ("2026-11-16T10:00:00Z", true)];
    for (instant, allowed) in week_before_ten {
        let mut world = leak(&["gdpr-33-1"]);
        let answer = world.act(&crate::support::person("mara"), &unsure(instant));
        assert_eq!(answer.map_err(|problem| problem.code.id), if allowed { Ok(()) } else { Err("time-invalid") });
        let mut world = leak(&["gdpr-33-1"]);
        world.does("mara", fact(Fact::AwareAt, instant));
        assert!(world.incident().facts.contains_key(&Fact::AwareAt));
    }
    // Seen from the first signal, where that came before the incident.
    let mut world = World::airline();
    world.signal("pii_leak", |s| {
        s.label = Some("confirmed".to_owned());
        s.at = Some(at("08:00"));
    });
    assert_eq!(world.refused("mara", unsure("2026-11-16T07:59:59Z")), "time-invalid");
    world.does("mara", unsure("2026-11-16T08:00:00Z"));
    // The journal's clock may be behind a person's by a few seconds.
    let mut world = leak(&["gdpr-33-1"]);
    assert_eq!(world.refused("mara", unsure("10:00:05.000001")), "time-invalid");
    world.does("mara", unsure("10:00:05"));
}
