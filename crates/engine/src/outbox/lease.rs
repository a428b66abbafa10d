//! Which node sends a delivery, where several share a journal: whoever holds its lease.
//!
//! A lease is the row's next attempt, moved a little into the future: nobody finds the row due until then.
//! The holder moves it on while it works; when a node dies, its deliveries fall due for the others. Where one
//! engine has the journal for itself there are no leases, and nothing here is used.

use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use journal::{DeliveryRow, DeliveryState, DeliveryUpdate};
use problem::Problem;

use super::clerk::Clerk;
use crate::codec;
use crate::shared::Shared;

/// How long a node that dies keeps what it held: a page comes that much later then.
pub(crate) const LEASE: Duration = Duration::from_secs(4);
/// What must be left of a lease for an attempt to begin: until then it is moved on for sure.
const LEFT_MIN: Duration = Duration::from_millis(1_500);
/// How often leases of attempts under way are moved on.
pub(super) const KEEP_EVERY: StdDuration = StdDuration::from_secs(1);
/// Deliveries taken at once: what one node can hand to its receivers within a lease.
const TAKEN_MAX: u32 = 256;

/// Until when deliveries that are written now are held by this node; none without leases.
pub(crate) fn held_until(shared: &Shared, present: Instant) -> Option<Instant> {
    shared.leases.as_ref().map(|_| present + LEASE)
}

/// Holds what a claim would have sent at once.
pub(crate) fn hold(update: &mut DeliveryUpdate, present: Instant, until: Instant) {
    let DeliveryUpdate::Claim(claim) = update else { return };
    let due = |row: &&mut DeliveryRow| row.next_attempt_at.is_some_and(|at| at <= present);
    for row in claim.deliveries.iter_mut().filter(|row| row.state == DeliveryState::Pending).filter(due) {
        row.next_attempt_at = Some(until);
    }
}

impl Clerk {
    /// Deliveries that are due, held by this node from now on where that is needed.
    pub(super) async fn take_due(&self, most: u32) -> Result<Vec<DeliveryRow>, Problem> {
        let now = self.shared.time.now();
        let leases = self.shared.leases.clone();
        self.blocking(move |reader| match leases {
            Some(leases) => codec::stored(leases.take(now, now + LEASE, most.min(TAKEN_MAX))),
            None => codec::stored(reader.due_deliveries(now, most)),
        })
        .await
    }

    /// Whether this node may begin to send: its lease will last until it is moved on. A node that stood still
    /// for a while finds that others have taken over.
    pub(super) fn still_holds(&self, row: &DeliveryRow) -> bool {
        let now = self.shared.time.now();
        self.shared.leases.is_none() || row.next_attempt_at.is_some_and(|until| until.since(now) >= LEFT_MIN)
    }

    /// Moves the leases of these deliveries on.
    pub(super) fn keep(&self, ids: &[String]) {
        let Some(leases) = &self.shared.leases else { return };
        let until = self.shared.time.now() + LEASE;
        if let Err(problem) = codec::stored(leases.keep(ids, until)) {
            tracing::warn!(code = problem.code.id, detail = problem.detail, "outbox.leases_not_kept");
        }
    }
}
