//! The heartbeat out: how old what waits is, told to an external dead-man's switch.
//!
//! It reads the journal and never waits for the engine's thread: where that hangs, the ages grow.
//! Whom the switch wakes, and when, is the switch's business.

use std::time::Duration as StdDuration;

use calendar::Instant;
use channel::{Beat, BeatTarget, Outcome, StartFault};
use journal::{DeliveryState, Reader};
use problem::Problem;
use serde::Serialize;

use crate::stats::add;
use crate::{Engine, codec};

/// Misses in a row after which people are told: one may be a restart on the other side.
pub const MISSES_TOLD: u32 = 3;
/// The longest wait for the figures; a journal that does not answer sends no heartbeat.
const READ_WAIT: StdDuration = StdDuration::from_secs(10);
/// Requests and deliveries that are looked at; the most severe come first.
const LOOKED_AT: u32 = 1_000;
/// The severity whose pages are watched.
const WATCHED_SEVERITY: u8 = 1;

/// What stands, and for how long. Ages are in seconds; `None` where nothing waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pulse {
    /// The present.
    pub at: Instant,
    /// Position of the journal's head.
    pub position: u64,
    /// Its hash, so that a journal rewritten later shows.
    pub head_hash: String,
    /// Since the last commit. A quiet server commits nothing.
    pub last_commit_age_s: i64,
    /// Since the oldest due instant that is not decided yet.
    pub oldest_due_clock_age_s: Option<i64>,
    /// Since the oldest page of a SEV-1 was asked for that is not delivered yet.
    pub oldest_undelivered_sev1_age_s: Option<i64>,
    /// The program's version.
    pub version: &'static str,
}

impl Pulse {
    fn read(reader: &dyn Reader, now: Instant) -> journal::Result<Pulse> {
        let age_s = |since: Instant| now.since(since).as_secs().max(0);
        let head = reader.head()?;
        let due = reader.next_due()?.filter(|at| *at <= now);
        let requests = reader.pending_requests(LOOKED_AT)?.into_iter();
        let requests = requests.map(|stored| (stored.request.severity, stored.request.created_at));
        let deliveries = reader.due_deliveries(Instant::MAX, LOOKED_AT)?.into_iter();
        let deliveries = deliveries.filter(|row| row.state == DeliveryState::Pending);
        let undelivered = requests.chain(deliveries.map(|row| (row.severity, row.created_at)));
        let oldest = undelivered.filter(|(severity, _)| *severity == WATCHED_SEVERITY).map(|(_, at)| at).min();
        Ok(Pulse {
            at: now,
            position: head.position.0,
            head_hash: head.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            last_commit_age_s: age_s(head.recorded_at),
            oldest_due_clock_age_s: due.map(age_s),
            oldest_undelivered_sev1_age_s: oldest.map(age_s),
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

impl Engine {
    /// The figures of the heartbeat.
    pub async fn pulse(&self) -> Result<Pulse, Problem> {
        let now = self.now();
        self.read(move |view| codec::stored(Pulse::read(view.reader(), now))).await
    }

    /// Tells the figures every so often, for as long as it is polled. Nothing else waits for it.
    pub async fn beat(self, target: BeatTarget, every: StdDuration) -> Result<(), StartFault> {
        let sender = Beat::new()?;
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut misses = 0;
        loop {
            ticks.tick().await;
            let stats = &self.inner.shared.stats;
            match self.beat_once(&sender, &target).await {
                Ok(()) => {
                    add(&stats.heartbeats_sent, 1);
                    misses = 0;
                }
                Err(reason) => {
                    add(&stats.heartbeats_failed, 1);
                    misses += 1;
                    tracing::warn!(host = target.host(), reason, misses, "heartbeat.failed");
                    if misses == MISSES_TOLD {
                        let detail = format!("{misses} in a row to {}: {reason}", target.host());
                        self.complain(Problem::new(&problem::HEARTBEAT_UNSENT, detail));
                    }
                }
            }
        }
    }

    async fn beat_once(&self, sender: &Beat, target: &BeatTarget) -> Result<(), String> {
        let pulse = tokio::time::timeout(READ_WAIT, self.pulse()).await;
        let pulse = pulse.map_err(|_| "the journal could not be read in time".to_owned())?;
        let pulse = pulse.map_err(|problem| problem.to_string())?;
        match sender.send(target, codec::json(&pulse), pulse.at).await {
            Outcome::Delivered { .. } => Ok(()),
            Outcome::Retry { reason, .. } | Outcome::Refused { reason, .. } => Err(reason),
        }
    }
}
