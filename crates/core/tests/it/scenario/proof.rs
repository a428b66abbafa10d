//! The validation gate: the hold, bad signals in it, evidence, and the way out by two people.

use policy::model::Role;
use wcore::Command;
use wcore::event::{Actor, Event, Evidence};
use wcore::incident::Status;

use crate::support::{World, always, at, evidence};

/// Mitigated at 10:10, proven at 10:20, held for half an hour.
fn held() -> World {
    let mut world = World::airline();
    if let Some(targets) = world.policy.targets.get_mut(&1) {
        targets.hold = Some(always("30m"));
    }
    leak(&mut world);
    world.ack("ana");
    world.tells("tom", "customers", None);
    world.advance_to("10:10");
    world.mitigates("ana");
    world.advance_to("10:20");
    world.validates("mara", true);
    world.pages();
    world
}

fn leak(world: &mut World) {
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
}

fn break_glass() -> Command {
    Command::BreakGlass { reason: "the regulator is on the line".to_owned() }
}

#[test]
fn nobody_resolves_in_the_hold() {
    let mut world = held();
    assert_eq!(world.incident().status(), Status::Validated);
    assert_eq!(world.incident().hold.as_ref().map(|hold| (hold.since, hold.until)), Some((at("10:20"), at("10:50"))));
    world.advance_to("10:49:59.999999");
    let refused = world.act(&Actor::Person("ana".to_owned()), &Command::Resolve {}).unwrap_err();
    assert_eq!(refused.code.id, "hold-running");
    assert!(refused.detail.contains("2026-11-23T10:50:00Z"), "{}", refused.detail);
    world.advance_to("10:50");
    world.does("ana", Command::Resolve {});
    assert_eq!((world.incident().status(), &world.incident().hold), (Status::Resolved, &None));
}

#[test]
fn a_bad_signal_in_the_hold_fails_the_validation() {
    let mut world = held();
    world.expect_clocks(&[("validate", "met at 10:20"), ("mitigate", "met at 10:10")]);
    world.advance_to("10:40");
    leak(&mut world);
    assert_eq!(world.incident().status(), Status::Acknowledged);
    world.expect_clocks(&[
        // What had passed for done stood still.
        ("validate", "due 18:20"),
        ("mitigate", "due 14:30"),
        ("contain", "due 11:00"),
        ("closing:customers", "cancelled: the milestone was withdrawn"),
        ("update:customers#2", "due 11:10"),
    ]);
    assert_eq!(world.pages(), ["10:40 hold-broken-1: ana, mara"]);
    let refused = world.act(&Actor::Person("ana".to_owned()), &Command::Resolve {}).unwrap_err();
    assert_eq!(refused.code.id, "validation-required");
    assert!(refused.detail.contains("a bad signal failed its last validation"), "{}", refused.detail);
    // Fixed and proven anew, a new hold begins.
    world.mitigates("ana");
    world.advance_to("10:45");
    world.validates("mara", true);
    assert_eq!(world.incident().hold.as_ref().map(|hold| hold.until), Some(at("11:15")));
}

#[test]
fn after_the_hold_a_signal_attaches_and_no_more() {
    let mut world = held();
    world.advance_to("10:50");
    leak(&mut world);
    assert_eq!(world.incident().status(), Status::Validated);
}

#[test]
fn signals_from_before_the_fix_say_nothing_about_it() {
    let mut world = held();
    world.signal("pii_leak", |s| {
        s.label = Some("confirmed".to_owned());
        s.at = Some(at("10:09"));
    });
    assert_eq!(world.incident().status(), Status::Validated);
    assert_eq!(world.incident().sources.signals, 2);
}

#[test]
fn further_proof_does_not_prolong_the_hold() {
    let mut world = held();
    world.advance_to("10:40");
    world.validates("mara", true);
    assert_eq!(world.incident().hold.as_ref().map(|hold| hold.until), Some(at("10:50")));
}

#[test]
fn proof_that_is_taken_back_ends_the_hold_and_runs_its_clock_on() {
    let mut world = held();
    world.advance_to("10:40");
    world.validates("mara", false);
    assert_eq!(world.incident().hold, None);
    world.expect_clocks(&[("validate", "due 18:20"), ("mitigate", "due 14:30")]);
}

#[test]
fn an_all_clear_that_resolves_waits_for_no_hold() {
    use wcore::signal::{Alert, AlertState};
    let mut world = World::airline();
    if let Some(targets) = world.policy.targets.get_mut(&2) {
        targets.hold = Some(always("30m"));
    }
    let alert = |state| Some(Alert { key: "a1".to_owned(), state });
    world.signal("provider_down", |s| s.alert = alert(AlertState::Firing));
    world.advance("5m");
    world.validates("mara", true);
    assert!(world.incident().hold.is_some());
    world.signal("provider_down", |s| s.alert = alert(AlertState::Resolved));
    assert_eq!((world.incident().status(), &world.incident().hold), (Status::Resolved, &None));
}

#[test]
fn evidence_is_of_a_known_kind_and_can_be_seen() {
    let mut world = World::sev1();
    world.advance("10m");
    let seen = world.now;
    let validate = |kind: &str, link: Option<&str>| Command::Validate {
        passed: true,
        evidence: Evidence { kind: kind.to_owned(), link: link.map(str::to_owned), ..evidence(seen) },
    };
    for (kind, link) in [
        ("hunch", None),
        ("", None),
        ("link", None),
        ("file", Some(" ")),
        ("link", Some("javascript:alert(1)")),
        ("sample", Some("ftp://example.com")),
    ] {
        assert_eq!(world.refused("mara", validate(kind, link)), "evidence-invalid", "{kind} {link:?}");
    }
    let file = |text: String| Command::Validate {
        passed: false,
        evidence: Evidence { kind: "file".to_owned(), text, link: None, ..evidence(seen) },
    };
    for digest in ["", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64)] {
        assert_eq!(world.refused("mara", file(format!("report.csv, {digest}"))), "evidence-invalid", "{digest}");
    }
    world.does("mara", file(format!("report.csv, sha256:{}", "0a".repeat(32))));
    for (kind, link) in [
        ("evaluation", None),
        ("sample", Some("https://example.com/sample")),
        ("link", Some("http://example.com/run/7")),
        ("file", Some("https://example.com/report.pdf")),
    ] {
        world.does("mara", validate(kind, link));
    }
}

#[test]
fn two_people_break_the_glass() {
    let mut world = World::sev1();
    world.advance("10m");
    world.does("ana", break_glass());
    assert_eq!(world.pages(), ["10:10 break-glass-2026-11-23T10:40:00Z: mara"]);
    assert_eq!(world.refused("ana", Command::Confirm {}), "approval-required");
    assert_eq!(world.refused("mara", break_glass()), "stage-mismatch");
    let machine = Actor::Machine("bot".to_owned());
    assert_eq!(world.act(&machine, &Command::Confirm {}).unwrap_err().code.id, "person-required");
    world.advance("30m");
    world.does("mara", Command::Confirm {});
    assert_eq!(world.incident().status(), Status::Resolved);
    let broken = world.events().find_map(|event| match event {
        Event::BrokenGlass { by, confirmed_by, reason } => Some((by.as_str(), confirmed_by.as_str(), reason.as_str())),
        _ => None,
    });
    assert_eq!(broken, Some(("ana", "mara", "the regulator is on the line")));
    world.expect_clocks(&[("validate", "cancelled: resolved"), ("resolve", "met at 10:40")]);
}

#[test]
fn a_request_to_break_the_glass_ends_after_half_an_hour() {
    let mut world = World::sev1();
    assert_eq!(world.refused("mara", Command::Confirm {}), "break-glass-absent");
    world.does("ana", break_glass());
    world.advance("30m");
    world.advance("1us");
    assert_eq!(world.refused("mara", Command::Confirm {}), "break-glass-absent");
    // Then another may ask.
    world.does("mara", break_glass());
    world.does("ana", Command::Confirm {});
}

#[test]
fn the_glass_breaks_a_hold_too() {
    let mut world = held();
    world.does("tom", break_glass());
    world.does("ben", Command::Confirm {});
    assert_eq!(world.incident().status(), Status::Resolved);
    assert!(world.incident().roles.contains_key(&Role::Validation));
}
