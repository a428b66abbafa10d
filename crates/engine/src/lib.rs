//! The shell around the core: batching, due clocks, outbox, shutdown. It knows no HTTP.
//!
//! One thread per workspace takes inputs, decides them together, writes one transaction and
//! answers; a 2xx therefore means that it is on disk. Reading order: `queue`, `run`, `attempt`,
//! `batch`, `isolate`, then `outbox`.

mod attempt;
pub mod audit;
mod batch;
pub mod block;
mod cache;
pub mod codec;
mod duplicates;
mod erase;
mod follow;
mod handle;
mod heartbeat;
pub mod hold;
mod isolate;
mod outbox;
mod queue;
mod refold;
mod remembered;
mod restore;
pub mod retention;
mod rules;
mod run;
mod shared;
mod start;
mod stats;
mod step;
mod test_page;
mod texts;
mod time;
mod versions;
mod view;

use std::sync::Arc;

use wcore::{Incident, Signal};

pub use duplicates::WINDOW as DUPLICATE_WINDOW;
pub use erase::{Found, Selection, find};
pub use handle::Engine;
pub use heartbeat::{MISSES_TOLD, Pulse};
pub use hold::Hold;
pub use outbox::{PASSES, Pass};
pub use refold::{Difference, Refold, compare, refold, refold_told};
pub use restore::{RESENT_AFTER_RESTORE, Restored, after_restore};
pub use retention::Retention;
pub use rules::{Documents, Rules, Secrets};
pub use shared::Health;
pub use start::{Config, StartError, start, start_with};
pub use stats::Stats;
pub use step::{Asked, Sending, Stepper};
pub use texts::Pseudonyms;
pub use time::{Machine, TimeSource};
pub use versions::{Origin, Reign, Versions};
pub use view::{Delivery, Seen, SelfAlert, StoredEntry, StoredSignal, View};

/// Collection of the documents of policies that incidents are pinned to, by version.
pub(crate) const PINNED_POLICIES: &str = "policies";
/// Collection of settings.
pub(crate) const SETTINGS: &str = "settings";
/// The policy and roster in force.
pub(crate) const ACTIVE: &str = "active";
/// In which versions the files of policy and roster were last taken.
pub(crate) const FILES_TAKEN: &str = "files-taken";
/// Under which units of evidence get their pseudonyms.
pub(crate) const PSEUDONYM_KEY: &str = "pseudonym-key";
/// What the names of requests begin with since the last restore.
pub(crate) const LINEAGE: &str = "lineage";

/// Which version of the core decided last.
pub(crate) const DECIDED_BY: &str = "decided-by";
/// Goes up with every change of the core by which the same input is decided otherwise. A node that has a
/// lower one than the journal writes nothing: equal nodes decide alike.
pub(crate) const DECIDES: u32 = 1;

/// What a command or declaration came to, after commit.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Number of the incident.
    pub no: u64,
    /// Position of the batch that holds it.
    pub position: u64,
    /// The incident afterwards.
    pub incident: Arc<Incident>,
    /// It was opened by this.
    pub opened: bool,
    /// The same request came before; nothing was done again.
    pub replayed: bool,
}

/// What a request with signals came to, after commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Position of the head afterwards.
    pub position: u64,
    /// Signals written.
    pub accepted: u32,
    /// Signals that came before.
    pub duplicates: u32,
    /// Incidents opened or touched, ascending.
    pub incidents: Vec<u64>,
    /// Signals set aside because deciding them failed, by their index within the request, ascending.
    pub quarantined: Vec<u32>,
}

/// A caller's key for repeating a request safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key: a token or session.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Hash of method, path and body.
    pub fingerprint: u64,
}

/// A fault injected by tests of the engine's own robustness: panics on signals that match.
#[derive(Clone)]
pub struct Fault(Arc<dyn Fn(&Signal) -> bool + Send + Sync>);

impl Fault {
    /// Deciding a signal for which `poison` says yes panics.
    pub fn new(poison: impl Fn(&Signal) -> bool + Send + Sync + 'static) -> Fault {
        Fault(Arc::new(poison))
    }

    fn check(&self, signals: &[Signal]) {
        assert!(!signals.iter().any(|signal| (self.0)(signal)), "injected fault");
    }
}
