//! The ordinary run: some seeds, the defects, and that a seed is repeatable.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sim::{Defect, Plan};

/// Seeds of the ordinary run; `cargo xtask sim` runs two thousand.
const SEEDS: u64 = 24;

/// Everything that the journal can say about an incident. The ordinary run must make it say all of it.
const EVENTS: [&str; 44] = [
    "acknowledged",
    "approved_unsent",
    "attached",
    "audience_decided",
    "break_glass_requested",
    "broken_glass",
    "checklist",
    "clock_breached",
    "clock_ended",
    "clock_met",
    "clock_retimed",
    "clock_started",
    "clock_warned",
    "contained",
    "escalation_planned",
    "escalation_stopped",
    "fact_recorded",
    "hand_over_offered",
    "hold_broken",
    "hold_started",
    "mitigated",
    "noted",
    "notice_submitted",
    "opened",
    "page_requested",
    "paused",
    "receipt_awaited",
    "receipt_missing",
    "reopened",
    "resolved",
    "reviewed",
    "role_accepted",
    "role_assigned",
    "role_declined",
    "role_vacant",
    "severity_changed",
    "source_cleared",
    "step_received",
    "unpaused",
    "update_approved",
    "update_drafted",
    "update_published",
    "update_visible",
    "validated",
];

#[test]
fn the_invariants_hold_under_every_fault() {
    let mut seeds = sim::seeds();
    seeds.extend(1..=SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let summary = sim::many(&seeds, threads);
    assert!(summary.failed.is_empty(), "{:#?}", summary.failed.first().unwrap());
    assert_eq!(summary.idle_faults(), [], "every fault strikes in some seed");
    let silent: Vec<&str> = EVENTS.into_iter().filter(|event| !summary.events.contains_key(*event)).collect();
    assert_eq!(silent, [""; 0], "everything that can happen happens in some seed");
}

#[test]
fn the_same_seed_runs_the_same_way() {
    for seed in 1..=2 {
        let plan = Plan::new(seed);
        assert_eq!(sim::one(&plan, None).trace, sim::one(&plan, None).trace);
    }
}

#[test]
fn every_defect_is_caught_by_the_invariant_that_is_meant_to() {
    let found = |defect: Defect| sim::caught(defect).and_then(|report| report.violation).map(|found| found.invariant);
    let caught: Vec<_> = Defect::ALL.into_iter().map(|defect| (defect, found(defect))).collect();
    let wanted: Vec<_> = Defect::ALL.into_iter().map(|defect| (defect, Some(defect.says().1))).collect();
    assert_eq!(caught, wanted);
}

#[test]
fn the_documentation_lists_every_defect() {
    let page = include_str!("../../../docs/simulator.md");
    for defect in Defect::ALL {
        let (wrong, invariant) = defect.says();
        let row = format!("| `{defect:?}` | {wrong} | {invariant} |");
        assert!(page.contains(&row), "docs/simulator.md needs the row\n{row}");
    }
}
