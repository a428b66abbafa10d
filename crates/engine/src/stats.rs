//! Counters and gauges, as plain numbers. The metrics page renders them.

use std::sync::atomic::{AtomicU64, Ordering};

use journal::{Attempt, DeliveryState};

/// What has happened since the start, and what stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Signals written.
    pub signals_accepted: u64,
    /// Signals dropped because they came before.
    pub signals_duplicate: u64,
    /// Batches written.
    pub batches: u64,
    /// Batches that the journal did not take.
    pub commit_failures: u64,
    /// Inputs set aside because deciding them failed.
    pub quarantined: u64,
    /// Commands applied.
    pub commands_applied: u64,
    /// Commands refused.
    pub commands_refused: u64,
    /// Incidents opened.
    pub incidents_opened: u64,
    /// Clocks that warned.
    pub clocks_warned: u64,
    /// Clocks that were missed.
    pub clocks_missed: u64,
    /// Attempts that delivered.
    pub attempts_delivered: u64,
    /// Attempts that are tried again.
    pub attempts_retried: u64,
    /// Attempts that ended in a dead letter.
    pub attempts_dead: u64,
    /// Heartbeats that the dead-man's switch took.
    pub heartbeats_sent: u64,
    /// Heartbeats that did not get there.
    pub heartbeats_failed: u64,
    /// Bytes of signals that wait.
    pub queued_bytes: u64,
    /// Keys in the duplicate window.
    pub duplicate_keys: u64,
    /// Position of the head.
    pub position: u64,
}

/// The counters, as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) signals_accepted: AtomicU64,
    pub(crate) signals_duplicate: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) commit_failures: AtomicU64,
    pub(crate) quarantined: AtomicU64,
    pub(crate) commands_applied: AtomicU64,
    pub(crate) commands_refused: AtomicU64,
    pub(crate) incidents_opened: AtomicU64,
    pub(crate) clocks_warned: AtomicU64,
    pub(crate) clocks_missed: AtomicU64,
    attempts_delivered: AtomicU64,
    attempts_retried: AtomicU64,
    attempts_dead: AtomicU64,
    pub(crate) heartbeats_sent: AtomicU64,
    pub(crate) heartbeats_failed: AtomicU64,
    pub(crate) duplicate_keys: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn attempted(&self, attempt: &Attempt) {
        let counter = match attempt.state {
            DeliveryState::Delivered => &self.attempts_delivered,
            DeliveryState::Pending => &self.attempts_retried,
            DeliveryState::Dead => &self.attempts_dead,
            DeliveryState::Superseded => return,
        };
        add(counter, 1);
    }

    pub(crate) fn read(&self, queued_bytes: usize, position: u64) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            signals_accepted: get(&self.signals_accepted),
            signals_duplicate: get(&self.signals_duplicate),
            batches: get(&self.batches),
            commit_failures: get(&self.commit_failures),
            quarantined: get(&self.quarantined),
            commands_applied: get(&self.commands_applied),
            commands_refused: get(&self.commands_refused),
            incidents_opened: get(&self.incidents_opened),
            clocks_warned: get(&self.clocks_warned),
            clocks_missed: get(&self.clocks_missed),
            attempts_delivered: get(&self.attempts_delivered),
            attempts_retried: get(&self.attempts_retried),
            attempts_dead: get(&self.attempts_dead),
            heartbeats_sent: get(&self.heartbeats_sent),
            heartbeats_failed: get(&self.heartbeats_failed),
            queued_bytes: queued_bytes as u64,
            duplicate_keys: get(&self.duplicate_keys),
            position,
        }
    }
}
