//! What the engine's thread, the outbox and the handle have in common.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use calendar::Instant;
use journal::Leases;
use problem::Problem;
use tokio::sync::watch;

use crate::hold::Hold;
use crate::outbox::{Bell, Made, Tray};
use crate::queue::Queue;
use crate::rules::Rules;
use crate::stats::Counters;
use crate::texts::Pseudonyms;
use crate::time::TimeSource;

/// Whether the engine works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// It takes requests and can write.
    pub ready: bool,
    /// Position of the head.
    pub position: u64,
    /// When it last committed.
    pub last_commit_at: Option<Instant>,
    /// Why it cannot write, if it cannot.
    pub failing: Option<String>,
    /// It is shutting down.
    pub stopping: bool,
}

/// Shared state.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) time: TimeSource,
    pub(crate) public_url: String,
    pub(crate) stats: Counters,
    pub(crate) bell: Bell,
    pub(crate) tray: Tray,
    pub(crate) passes: Made,
    pub(crate) position: watch::Sender<u64>,
    rules: RwLock<Arc<Rules>>,
    disabled: RwLock<BTreeSet<String>>,
    standing: RwLock<Standing>,
    detectors_due: RwLock<Option<Instant>>,
    hold: RwLock<Option<Hold>>,
    pub(crate) pseudonyms: Pseudonyms,
    /// Where several nodes share the journal.
    pub(crate) leases: Option<Arc<dyn Leases>>,
}

#[derive(Default)]
struct Standing {
    last_commit_at: Option<Instant>,
    failing: Option<Problem>,
}

impl Shared {
    pub(crate) fn new(
        rules: Arc<Rules>,
        time: TimeSource,
        public_url: String,
        position: u64,
        pseudonyms: Pseudonyms,
    ) -> Shared {
        Shared {
            queue: Queue::default(),
            time,
            public_url,
            stats: Counters::default(),
            bell: Bell::default(),
            tray: Tray::default(),
            passes: Made::default(),
            position: watch::Sender::new(position),
            rules: RwLock::new(rules),
            disabled: RwLock::default(),
            standing: RwLock::default(),
            detectors_due: RwLock::default(),
            hold: RwLock::default(),
            pseudonyms,
            leases: None,
        }
    }

    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_rules(&self, rules: Arc<Rules>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    pub(crate) fn is_disabled(&self, channel: &str) -> bool {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).contains(channel)
    }

    pub(crate) fn disabled(&self) -> BTreeSet<String> {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn disable(&self, channel: &str) {
        self.disabled.write().unwrap_or_else(PoisonError::into_inner).insert(channel.to_owned());
    }

    pub(crate) fn enable_all(&self) {
        self.disabled.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn committed(&self, at: Instant, position: u64) {
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        standing.last_commit_at = Some(at);
        drop(standing);
        self.position.send_replace(position);
    }

    /// The journal takes writes (again).
    pub(crate) fn recovered(&self) {
        self.standing.write().unwrap_or_else(PoisonError::into_inner).failing = None;
    }

    /// The hold that is running: one whose time is over holds nothing, even before that is recorded.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let hold = self.hold.read().unwrap_or_else(PoisonError::into_inner);
        hold.clone().filter(|hold| self.time.now() < hold.until)
    }

    /// The same, its time over or not.
    pub(crate) fn running_hold(&self) -> Option<Hold> {
        self.hold.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_hold(&self, hold: Option<Hold>) {
        *self.hold.write().unwrap_or_else(PoisonError::into_inner) = hold;
    }

    /// When the hold ends of itself, recorded or not.
    pub(crate) fn hold_ends_at(&self) -> Option<Instant> {
        self.hold.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|hold| hold.until)
    }

    /// When a trigger may fire next without a signal.
    pub(crate) fn detectors_due(&self) -> Option<Instant> {
        *self.detectors_due.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_detectors_due(&self, at: Option<Instant>) {
        *self.detectors_due.write().unwrap_or_else(PoisonError::into_inner) = at;
    }

    pub(crate) fn failed(&self, problem: &Problem) {
        self.standing.write().unwrap_or_else(PoisonError::into_inner).failing = Some(problem.clone());
    }

    pub(crate) fn health(&self) -> Health {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let stopping = self.queue.is_draining();
        let failing = standing.failing.as_ref().map(ToString::to_string);
        Health {
            ready: failing.is_none() && !stopping,
            position: *self.position.borrow(),
            last_commit_at: standing.last_commit_at,
            failing,
            stopping,
        }
    }
}
