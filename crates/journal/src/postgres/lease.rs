//! Deliveries are held by one node at a time: taking one moves its next attempt to the lease's end.

use std::sync::Arc;

use calendar::Instant;

use super::Shared;
use super::column::{self, DELIVERY, Fields};
use super::fault::Fault;
use super::session::Query;
use crate::store::Leases;
use crate::{DeliveryRow, Result, Workspace};

pub(super) struct PostgresLeases {
    shared: Arc<Shared>,
    workspace: Workspace,
}

impl PostgresLeases {
    pub(super) fn new(shared: Arc<Shared>, workspace: Workspace) -> PostgresLeases {
        PostgresLeases { shared, workspace }
    }

    /// Runs one statement in a transaction of its own. Where a connection is lost while it commits, rows may be
    /// held by nobody until their lease ends.
    fn change<T>(&self, query: &Query<'_>, map: impl Fn(&mut Fields<'_>) -> Result<T, Fault>) -> Result<Vec<T>> {
        let path = &self.shared.address.shown;
        let changed = self.shared.pool.with(|session| {
            let changed = session.begin(std::slice::from_ref(query)).and_then(|answers| {
                let rows = answers[0].iter().map(|row| map(&mut Fields::of(row))).collect::<Result<Vec<T>, Fault>>()?;
                session.write_and_commit(&[])?;
                Ok(rows)
            });
            if changed.is_err() {
                session.roll_back();
            }
            Ok(changed)
        })?;
        changed.map_err(|fault| {
            if fault.is_lost() {
                self.shared.pool.forget();
            }
            fault.at(path)
        })
    }
}

impl Leases for PostgresLeases {
    fn take(&self, due: Instant, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>> {
        let sql = format!(
            "WITH due AS (
                 SELECT id FROM delivery WHERE workspace = $1 AND state = 0 AND next_attempt_at <= $2
                 ORDER BY severity, next_attempt_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
             UPDATE delivery SET next_attempt_at = $4
             WHERE workspace = $1 AND id IN (SELECT id FROM due) RETURNING {DELIVERY}"
        );
        let query = Query::new(sql).bind(column::workspace(self.workspace)).bind(due.as_micros());
        let query = query.bind(i64::from(limit)).bind(until.as_micros());
        let mut rows = self.change(&query, column::delivery)?;
        rows.sort_by(|a, b| (a.severity, a.created_at, &a.id).cmp(&(b.severity, b.created_at, &b.id)));
        Ok(rows)
    }

    fn keep(&self, ids: &[String], until: Instant) -> Result<()> {
        // Rows that somebody changes just now have an outcome: they are not waited for.
        let sql = "UPDATE delivery SET next_attempt_at = greatest(next_attempt_at, $3)
                   WHERE workspace = $1 AND id IN (
                       SELECT id FROM delivery WHERE workspace = $1 AND id = ANY ($2) AND state = 0
                       FOR UPDATE SKIP LOCKED)";
        let query = Query::new(sql).bind(column::workspace(self.workspace));
        let query = query.bind(ids.iter().map(String::as_str).collect::<Vec<&str>>()).bind(until.as_micros());
        self.change(&query, |_| Ok(())).map(drop)
    }
}
