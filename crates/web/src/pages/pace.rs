//! How fast the journal's time runs beside the browser's, so that countdowns tick with it.
//!
//! On an ordinary server it is the same time, and nothing is measured. A demonstration runs
//! faster; a test clock stands still.

use std::sync::OnceLock;
use std::time::{Duration as StdDuration, Instant as Monotonic};

use calendar::Instant;

use crate::app::App;

/// A shorter stretch says too little about a demonstration's speed.
const MEASURED: StdDuration = StdDuration::from_secs(1);

/// Journal seconds per second.
pub(super) fn pace(app: &App, now: Instant) -> f64 {
    static FIRST: OnceLock<(Instant, Monotonic)> = OnceLock::new();
    if app.config.test_clock {
        return 0.0;
    }
    if !app.config.dev {
        return 1.0;
    }
    let (journal, real) = *FIRST.get_or_init(|| (now, Monotonic::now()));
    let elapsed = real.elapsed();
    if elapsed < MEASURED {
        return 1.0;
    }
    (now.since(journal).as_secs_f64() / elapsed.as_secs_f64()).round().max(1.0)
}
