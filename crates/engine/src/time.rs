//! Where the journal's time comes from. Decisions never ask; they are told.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration as StdDuration, Instant as Monotonic, SystemTime, UNIX_EPOCH};

use calendar::{Duration, Instant};

/// A source of time.
#[derive(Clone, Debug)]
pub enum TimeSource {
    /// The machine's clock, which never goes back here: see [`Ahead`].
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
    /// A simulated machine's clock, under the same rule as the machine's own.
    Machine(Arc<Machine>),
}

/// The clocks of a simulated machine, as one process on it reads them.
#[derive(Debug)]
pub struct Machine {
    wall_us: AtomicI64,
    monotonic_us: AtomicI64,
    ahead: Ahead,
}

impl Machine {
    /// As a process that starts finds them.
    pub fn new(wall: Instant, monotonic_us: i64) -> Machine {
        let (wall_us, monotonic_us) = (AtomicI64::new(wall.as_micros()), AtomicI64::new(monotonic_us));
        let machine = Machine { wall_us, monotonic_us, ahead: Ahead(AtomicI64::new(i64::MIN)) };
        machine.now();
        machine
    }

    /// Time passes, or the wall clock is set.
    pub fn set(&self, wall: Instant, monotonic_us: i64) {
        self.wall_us.store(wall.as_micros(), Ordering::SeqCst);
        self.monotonic_us.store(monotonic_us, Ordering::SeqCst);
    }

    fn now(&self) -> Instant {
        self.at_least(Instant::from_micros(self.wall_us.load(Ordering::SeqCst)))
    }

    fn at_least(&self, wall: Instant) -> Instant {
        self.ahead.now(wall, self.monotonic_us.load(Ordering::SeqCst))
    }
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
            TimeSource::Machine(machine) => machine.now(),
        }
    }

    /// How long to wait for `at`; `None` where waiting does not bring it nearer.
    pub fn until(&self, at: Instant) -> Option<StdDuration> {
        let ahead = at.since(self.now()).as_micros().max(0);
        let real = StdDuration::from_micros(u64::try_from(ahead).unwrap_or(u64::MAX));
        match self {
            TimeSource::System => Some(real),
            TimeSource::Scaled { speed, .. } => Some(real.div_f64(*speed)),
            TimeSource::Test(_) | TimeSource::Machine(_) => None,
        }
    }

    /// Lets the machine's time start no earlier than `head`, so that waiting does what it says
    /// where the last run's clock was ahead of this one's.
    pub(crate) fn not_before(&self, head: Instant) {
        match self {
            TimeSource::System => AHEAD.now(head, monotonic_us()),
            TimeSource::Machine(machine) => machine.at_least(head),
            TimeSource::Scaled { .. } | TimeSource::Test(_) => return,
        };
    }

    /// Moves a test clock forward; `false` for the others.
    pub(crate) fn set(&self, at: Instant) -> bool {
        match self {
            TimeSource::Test(micros) => {
                micros.fetch_max(at.as_micros(), Ordering::SeqCst);
                true
            }
            TimeSource::System | TimeSource::Scaled { .. } | TimeSource::Machine(_) => false,
        }
    }
}

/// How far the wall clock was ever ahead of the monotonic one, in microseconds.
///
/// Time is their sum: a step forward is followed, a step back is not. Otherwise every deadline
/// and every retry set before the step would stand still until the wall clock caught up.
#[derive(Debug)]
struct Ahead(AtomicI64);

static AHEAD: Ahead = Ahead(AtomicI64::new(i64::MIN));
static STARTED: LazyLock<Monotonic> = LazyLock::new(Monotonic::now);

impl Ahead {
    fn now(&self, wall: Instant, monotonic_us: i64) -> Instant {
        let ahead = wall.as_micros() - monotonic_us;
        let most = self.0.fetch_max(ahead, Ordering::SeqCst).max(ahead);
        Instant::from_micros(monotonic_us.saturating_add(most))
    }
}

fn system_now() -> Instant {
    AHEAD.now(wall_now(), monotonic_us())
}

fn monotonic_us() -> i64 {
    i64::try_from(STARTED.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// What the machine's wall clock shows, whichever way it steps.
pub(crate) fn wall_now() -> Instant {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_forward_is_followed_and_a_step_back_does_not_stop_time() {
        let ahead = Ahead(AtomicI64::new(i64::MIN));
        let at = |s: i64| Instant::from_micros(1_795_788_000_000_000 + s * 1_000_000);
        let now = |wall: Instant, monotonic_s: i64| ahead.now(wall, monotonic_s * 1_000_000);
        assert_eq!(now(at(0), 0), at(0));
        assert_eq!(now(at(60), 10), at(60), "50 s forward");
        assert_eq!(now(at(-86_400), 20), at(70), "a day back: ten seconds passed all the same");
        assert_eq!(now(at(80), 30), at(80), "the wall clock is right again");
    }

    #[test]
    fn a_journal_from_the_future_goes_on_from_its_head() {
        let head = system_now() + Duration::from_mins(5);
        TimeSource::System.not_before(head);
        let now = TimeSource::System.now();
        assert!(now >= head && now < head + Duration::from_mins(1), "{now} for {head}");
    }
    #[test]
    fn a_simulated_machine_keeps_the_same_rule_until_its_process_starts_again() {
        let at = |s: i64| Instant::from_micros(1_795_788_000_000_000 + s * 1_000_000);
        let machine = Arc::new(Machine::new(at(0), 0));
        let time = TimeSource::Machine(Arc::clone(&machine));
        machine.set(at(-3_600), 10_000_000);
        assert_eq!(time.now(), at(10), "an hour back: ten seconds passed all the same");
        let restarted = TimeSource::Machine(Arc::new(Machine::new(at(-3_600), 10_000_000)));
        assert_eq!(restarted.now(), at(-3_600), "another process knows nothing of it");
        restarted.not_before(at(5));
        assert_eq!(restarted.now(), at(5), "but its journal does");
    }
}
