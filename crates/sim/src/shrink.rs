//! Makes a failing plan small: drops inputs and faults as long as it fails the same way.

use crate::defect::Defect;
use crate::plan::Plan;
use crate::run::one;

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
pub fn shrink(plan: &Plan, defect: Option<Defect>) -> Shrunk {
    let invariant = |plan: &Plan| one(plan, defect).violation.map(|violation| violation.invariant);
    let wanted = invariant(plan);
    let mut best = plan.clone();
    let mut runs = 1;
    let mut chunk = best.acts.len().div_ceil(2);
    while chunk > 0 && wanted.is_some() && runs < MAX_RUNS {
        let mut start = 0;
        let mut smaller = false;
        while start < best.acts.len() && runs < MAX_RUNS {
            let mut candidate = best.clone();
            candidate.acts.drain(start..(start + chunk).min(best.acts.len()));
            runs += 1;
            if invariant(&candidate) == wanted {
                best = candidate;
                smaller = true;
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
