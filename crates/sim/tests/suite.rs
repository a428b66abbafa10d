//! The ordinary run: some seeds, the defects, and that a seed is repeatable.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sim::{Defect, Plan};

/// Seeds of the ordinary run; `cargo xtask sim` runs two thousand.
const SEEDS: u64 = 16;

#[test]
fn the_invariants_hold_under_every_fault() {
    let mut seeds = sim::seeds();
    seeds.extend(1..=SEEDS);
    let summary = sim::many(&seeds, 2);
    assert!(summary.failed.is_empty(), "{:#?}", summary.failed.first().unwrap());
    assert_eq!(summary.idle_faults(), [], "every fault strikes in some seed");
}

#[test]
fn the_same_seed_runs_the_same_way() {
    for seed in 1..=2 {
        let plan = Plan::new(seed);
        assert_eq!(sim::one(&plan, None).trace, sim::one(&plan, None).trace);
    }
}

#[test]
fn every_defect_is_caught() {
    let missed: Vec<Defect> = Defect::ALL.into_iter().filter(|defect| sim::caught(*defect).is_none()).collect();
    assert_eq!(missed, []);
}
