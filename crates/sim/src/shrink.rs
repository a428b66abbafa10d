//! Makes a failing plan small: drops inputs and faults as long as it fails the same way.

use crate::defect::Defect;
use crate::plan::Plan;
use crate::run::{one, until};

/// Runs spent on one plan.
const MAX_RUNS: usize = 400;

/// A smaller plan that fails the same way.
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// Runs that it took.
    pub runs: usize,
}

/// Delta debugging (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing input", 2002)
/// over the list of what happens.
///
/// What was to happen after the failure goes first, without a run: nothing before knows of it.
/// After that no run goes on beyond the instant of the earliest failure found.
pub fn shrink(plan: &Plan, defect: Option<Defect>) -> Shrunk {
    let first = one(plan, defect);
    let Some(wanted) = first.violation.as_ref().map(|violation| violation.invariant) else {
        return Shrunk { plan: plan.clone(), runs: 1 };
    };
    let mut ended_us = first.ended_us;
    let mut best = plan.clone();
    best.acts.retain(|(at, _)| *at <= ended_us);
    let mut runs = 1;
    let mut chunk = best.acts.len().div_ceil(2);
    while chunk > 0 && runs < MAX_RUNS {
        let mut start = 0;
        let mut smaller = false;
        while start < best.acts.len() && runs < MAX_RUNS {
            let mut candidate = best.clone();
            candidate.acts.drain(start..(start + chunk).min(best.acts.len()));
            runs += 1;
            let report = until(&candidate, defect, ended_us);
            if report.violation.is_some_and(|violation| violation.invariant == wanted) {
                (best, ended_us, smaller) = (candidate, report.ended_us, true);
            } else {
                start += chunk;
            }
        }
        if !smaller {
            chunk /= 2;
        }
    }
    Shrunk { plan: best, runs }
}
