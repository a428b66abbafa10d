//! The decision record: why a trigger fired, with its evidence.
//!
//! It is stored in the event that it caused, so that `explain` only has to read.

use calendar::Instant;
use serde::{Deserialize, Serialize};

/// Where a signal stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SignalRef {
    /// Position of its batch.
    pub position: u64,
    /// Place within the batch, from 0.
    pub index: u32,
}

/// Why a trigger fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The trigger's id.
    pub trigger: String,
    /// Version of the policy that decided.
    pub policy: String,
    /// The clause, as its author wrote it.
    pub clause: String,
    /// In plain words, with the counts.
    pub statement: String,
    /// Signals of this batch that made it fire.
    pub count: u64,
    /// When the first of them was recorded or happened, whichever is earlier.
    pub first_at: Instant,
    /// When the last of them happened.
    pub last_at: Instant,
    /// The first of them, at most [`Decision::MAX_SIGNALS`].
    pub signals: Vec<SignalRef>,
}

impl Decision {
    /// References kept per decision: enough to look, small enough to store a million of.
    pub const MAX_SIGNALS: usize = 8;

    /// Takes one more signal in.
    pub fn add(&mut self, happened: Instant, place: SignalRef) {
        self.count += 1;
        self.first_at = self.first_at.min(happened);
        self.last_at = self.last_at.max(happened);
        if self.signals.len() < Decision::MAX_SIGNALS {
            self.signals.push(place);
        }
    }

    /// Takes another firing of the same trigger for the same incident in.
    pub fn absorb(&mut self, other: &Decision) {
        self.count += other.count;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.statement.clone_from(&other.statement);
        let room = Decision::MAX_SIGNALS.saturating_sub(self.signals.len());
        self.signals.extend(other.signals.iter().take(room));
    }
}
