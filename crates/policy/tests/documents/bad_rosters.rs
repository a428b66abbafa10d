//! Bad rosters and what is said about them, in `expected/bad_rosters.txt`.
//!
//! Each case is the small valid pair with one part replaced.

use crate::common::{POLICY, ROSTER, edited, loaded};
use expect_test::expect_file;

/// What is wrong, and which part is replaced by which.
const CASES: &[(&str, &str, &str)] = &[
    ("no contact", "contacts: [{inbox: ana}]", "contacts: []"),
    ("address", "email: ben@example.com", "email: ben.example.com"),
    ("two channels in one contact", "{email: ben@example.com}", "{email: ben@example.com, inbox: ben}"),
    ("contact on an unknown channel", "webhook: pager, to", "webhook: papers, to"),
    ("nobody on call", "people: [ana, ben]", "people: []"),
    ("person of a schedule", "people: [ana, ben]", "people: [ana, bne]"),
    ("zone", "oncall:\n    time_zone: Europe/Berlin", "oncall:\n    time_zone: Europe/Bern"),
    ("rotation", "every: 1 week", "every: fortnight"),
    ("rotation by days on a weekday", "every: 1 week", "every: 1 day"),
    (
        "override backwards",
        "    layers: [{rot",
        "    overrides: [{from: 2026-12-27 09:00, to: 2026-12-24 09:00, person: ben}]\n    layers: [{rot",
    ),
    ("no fallback", "fallback: [ben]\n", ""),
    ("empty fallback", "fallback: [ben]", "fallback: []"),
    ("never open", r#"weekly: {mon-fri: ["08:00-18:00"]}"#, "weekly: {mon-fri: []}"),
    ("overlap", r#"["08:00-18:00"]"#, r#"["08:00-18:00", "17:00-19:00"]"#),
    ("hours", r#"["08:00-18:00"]"#, r#"["8 to 6"]"#),
    ("weekday", "mon-fri", "weekdays"),
    ("holiday", "holidays: [2026-12-25]", "holidays: [25.12.2026]"),
    (
        "calendar built in",
        "  office: {",
        r#"  always: {time_zone: UTC, weekly: {mon: ["08:00-18:00"]}}
  office: {"#,
    ),
    ("kind of channel", "type: webhook", "type: pigeon"),
    ("secret in the file", "secret_env: PAGER_SECRET", "secret_env: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=="),
    ("reserved id", "  ana: {name: Ana", "  fallback: {name: Nobody}\n  ana: {name: Ana"),
    ("not an id", "  ana: {name: Ana", "  Zoë Ruiz: {name: Zoë}\n  ana: {name: Ana"),
];

#[test]
fn every_problem_is_shown_at_its_place() {
    let shown: Vec<String> = CASES
        .iter()
        .map(|(name, from, to)| {
            let (_, shown) = loaded(POLICY, &edited(ROSTER, from, to));
            format!("# {name}\n\n{shown}\n")
        })
        .collect();
    expect_file!["expected/bad_rosters.txt"].assert_eq(&shown.concat());
}

#[test]
fn the_pair_itself_is_clean() {
    let (loaded, shown) = loaded(POLICY, ROSTER);
    assert_eq!(shown, "no problems found\n");
    assert!(loaded.policy.is_some() && loaded.roster.is_some());
}

#[test]
fn something_else_is_no_roster() {
    let (loaded, shown) = loaded(POLICY, "- people\n");
    assert!(loaded.policy.is_none() && loaded.roster.is_none());
    assert!(shown.contains("the roster must be a mapping, but a list stands here"), "{shown}");
}
