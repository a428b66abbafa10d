//! The mixture Shiryaev–Roberts e-detector, with its false pages budgeted by the calendar.
//!
//! At a bet of badness x in 0..=1, with p0 tolerated, `inj` = budget × time since the last bet and
//! K alternatives q, for each of them
//!
//! ```text
//! M = (1 + λ (x − p0)) · (M + inj / K)        λ = (q − p0) / (p0 (1 − p0))
//! ```
//!
//! and it fires where the sum of all M reaches 1, from where it starts again at 0. As long as the
//! bad share, whatever came before, is at most p0, the sum grows in the mean by `inj` at most, and
//! a firing takes 1 away: so in T weeks at most budget × T false firings are expected, at any
//! traffic and however the bets depend on each other. (After Shin, Ramdas and Rinaldo,
//! "E-detectors", arXiv 2203.03532, with time in place of the number of bets.)
//!
//! What is bad, and which bets are made when, is not known here.

use calendar::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// Alternatives that are mixed: enough for shares from just above p0 to nearly all.
const GRID: usize = 12;

/// The lowest alternative, as a multiple of p0: smaller rises are not worth a page.
const LOWEST_ALTERNATIVE: f64 = 1.3;

/// The highest alternative.
const HIGHEST_ALTERNATIVE: f64 = 0.9;

/// Tolerated shares are taken at least so far inside 0..1: at the ends no bet is possible.
const TOLERATED_MARGIN: f64 = 1e-6;

/// Evidence at which it fires: one page's worth.
const FIRES_AT: f64 = 1.0;

const WEEK: Duration = Duration::from_hours(7 * 24);

/// What a team tolerates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// Bad share, 0 to 1.
    pub(super) share: f64,
    /// Budget of false pages.
    pub(super) false_pages_per_week: f64,
}

/// What a stream's bets have won since it last fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// M, per alternative.
    mass: [f64; GRID],
    /// When the last bet was made, or the stream began.
    last_at: Instant,
}

impl Evidence {
    /// A stream begins.
    pub(super) fn since(at: Instant) -> Evidence {
        Evidence { mass: [0.0; GRID], last_at: at }
    }

    /// A bet is made; the evidence reached where that fires.
    pub(super) fn bet(&mut self, tolerance: Tolerance, at: Instant, badness: f64) -> Option<f64> {
        let p0 = tolerance.share.clamp(TOLERATED_MARGIN, 1.0 - TOLERATED_MARGIN);
        let elapsed = at.since(self.last_at).max(Duration::ZERO);
        let inj = tolerance.false_pages_per_week.max(0.0) * weeks(elapsed);
        self.last_at = self.last_at.max(at);
        let reached = grow(&mut self.mass, &alternatives(p0), p0, inj, badness.clamp(0.0, 1.0));
        if reached < FIRES_AT {
            return None;
        }
        self.mass = [0.0; GRID];
        Some(reached)
    }
}

/// One step of the formula, in a fixed order; the sum of all M.
fn grow(mass: &mut [f64], alternatives: &[f64], p0: f64, inj: f64, x: f64) -> f64 {
    let weight = 1.0 / alternatives.len() as f64;
    let mut sum = 0.0;
    for (m, q) in mass.iter_mut().zip(alternatives) {
        let lambda = (q - p0) / (p0 * (1.0 - p0));
        *m = (1.0 + lambda * (x - p0)) * (*m + weight * inj);
        sum += *m;
    }
    sum
}

/// The alternatives, equally spaced in logit. Where so much is tolerated that the usual ends would
/// change places, they lie between p0 and 1.
fn alternatives(p0: f64) -> [f64; GRID] {
    let low = (LOWEST_ALTERNATIVE * p0).min((1.0 + p0) / 2.0);
    let high = HIGHEST_ALTERNATIVE.max((1.0 + low) / 2.0);
    let (from, to) = (logit(low), logit(high));
    std::array::from_fn(|k| logistic(from + (to - from) * k as f64 / (GRID - 1) as f64))
}

/// `libm` instead of the platform's functions, so that every machine gets the same bits.
fn logit(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn weeks(length: Duration) -> f64 {
    // Exact: the microseconds of any two instants' distance are far below 2^63, of a week below 2^53.
    length.as_micros() as f64 / WEEK.as_micros() as f64
}

#[cfg(test)]
mod tests;
