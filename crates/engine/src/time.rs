//! Where the journal's time comes from. Decisions never ask; they are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration as StdDuration, Instant as Monotonic, SystemTime, UNIX_EPOCH};

use calendar::{Duration, Instant};

/// A source of time.
#[derive(Clone, Debug)]
pub enum TimeSource {
    /// The machine's clock.
    System,
    /// A demonstration: starts at an instant and runs so many times as fast.
    Scaled {
        /// Where it starts.
        origin: Instant,
        /// When it started, on the machine.
        started: Monotonic,
        /// Seconds per second.
        speed: f64,
    },
    /// Stands still until it is advanced.
    Test(Arc<AtomicI64>),
}

impl TimeSource {
    /// Time that runs `speed` times as fast, from now on.
    pub fn scaled(speed: f64) -> TimeSource {
        TimeSource::Scaled { origin: system_now(), started: Monotonic::now(), speed }
    }

    /// Time that stands still at `at`.
    pub fn test(at: Instant) -> TimeSource {
        TimeSource::Test(Arc::new(AtomicI64::new(at.as_micros())))
    }

    /// The present.
    pub fn now(&self) -> Instant {
        match self {
            TimeSource::System => system_now(),
            TimeSource::Scaled { origin, started, speed } => {
                let micros = started.elapsed().as_micros() as f64 * speed;
                *origin + Duration::from_micros(micros as i64)
            }
            TimeSource::Test(micros) => Instant::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// How long to wait for `at`; `None` where waiting does not bring it nearer.
    pub fn until(&self, at: Instant) -> Option<StdDuration> {
        let ahead = at.since(self.now()).as_micros().max(0);
        let real = StdDuration::from_micros(u64::try_from(ahead).unwrap_or(u64::MAX));
        match self {
            TimeSource::System => Some(real),
            TimeSource::Scaled { speed, .. } => Some(real.div_f64(*speed)),
            TimeSource::Test(_) => None,
        }
    }

    /// Moves a test clock forward; `false` for the others.
    pub(crate) fn set(&self, at: Instant) -> bool {
        match self {
            TimeSource::Test(micros) => {
                micros.fetch_max(at.as_micros(), Ordering::SeqCst);
                true
            }
            TimeSource::System | TimeSource::Scaled { .. } => false,
        }
    }
}

fn system_now() -> Instant {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
