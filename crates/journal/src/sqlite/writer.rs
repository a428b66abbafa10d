//! Commits: one batch, one transaction. What deliveries and documents need is in `outbox`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::column::{self, Count, Micros, micros};
use super::fault::Fault;
use super::reader::SqliteReader;
use super::schema::SPAN;
use super::{Shared, open, outbox};
use crate::chain::{self, Sealed};
use crate::store::{Reader, Writer};
use crate::{
    Batch, DetectorChange, Head, IdempotencyRow, IncidentRow, OutboxChanges, Position, Result, Rewrite, TallyRow,
    Workspace,
};

pub(super) struct SqliteWriter {
    shared: Arc<Shared>,
    workspace: Workspace,
    connection: Arc<Mutex<Connection>>,
}

impl SqliteWriter {
    pub(super) fn new(shared: Arc<Shared>, workspace: Workspace) -> Result<SqliteWriter> {
        let connection = Arc::new(Mutex::new(open::writer(&shared.path)?));
        Ok(SqliteWriter { shared, workspace, connection })
    }

    /// Runs `work` in one transaction: durable on return, rolled back on any error.
    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T> {
        let mut connection = self.connection();
        let run = || -> Result<T, Fault> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|fault| fault.at(&self.shared.path))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic within a transaction has rolled it back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer for SqliteWriter {
    fn head(&mut self) -> Result<Head> {
        read_head(&self.connection(), self.workspace).map_err(|fault| fault.at(&self.shared.path))
    }

    fn commit(&mut self, batch: &Batch) -> Result<Head> {
        let workspace = self.workspace;
        let head = self.transact(|transaction| {
            let sealed = chain::seal(workspace, &read_head(transaction, workspace)?, batch)?;
            Commit { transaction, workspace, position: sealed.head.position }.write(batch, &sealed)?;
            Ok(sealed.head)
        })?;
        if !batch.erase.is_empty() || !batch.rewrite.is_empty() {
            self.empty_log();
        }
        Ok(head)
    }

    fn apply(&mut self, changes: &OutboxChanges) -> Result<()> {
        let workspace = self.workspace;
        self.transact(|transaction| {
            outbox::requests_and_deliveries(transaction, workspace, &[], &changes.deliveries)?;
            outbox::documents(transaction, workspace, &changes.documents)?;
            if let Some(until) = changes.forget_expired {
                transaction
                    .prepare_cached("DELETE FROM idempotency WHERE workspace = ?1 AND expires_at <= ?2")?
                    .execute(params![workspace, Micros(until)])?;
            }
            Ok(())
        })
    }

    fn reader(&self) -> Option<Arc<dyn Reader>> {
        let (shared, connection) = (Arc::clone(&self.shared), Arc::clone(&self.connection));
        Some(Arc::new(SqliteReader::of_writer(shared, self.workspace, connection)))
    }

    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()> {
        let workspace = self.workspace;
        self.transact(|transaction| {
            transaction.execute("DELETE FROM incident WHERE workspace = ?1", [workspace])?;
            write_incidents(transaction, workspace, rows)
        })
    }
}

impl SqliteWriter {
    /// Moves the log into the database and cuts it to nothing, so that erased data does not linger in it.
    /// A reader in the middle of something delays that to a later checkpoint; the erasure itself is committed.
    fn empty_log(&self) {
        let _ = self.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// The head of a workspace.
pub(super) fn read_head(connection: &Connection, workspace: Workspace) -> Result<Head, Fault> {
    let head = connection
        .prepare_cached("SELECT position, hash, recorded_at, next_incident, tzdata FROM head WHERE workspace = ?1")?
        .query_row([workspace], column::head)
        .optional()?;
    Ok(head.unwrap_or_else(Head::genesis))
}

/// One batch on its way into its transaction.
struct Commit<'a> {
    transaction: &'a Transaction<'a>,
    workspace: Workspace,
    position: Position,
}

impl Commit<'_> {
    fn write(&self, batch: &Batch, sealed: &Sealed) -> Result<(), Fault> {
        self.link(sealed)?;
        self.block(batch)?;
        self.events(batch)?;
        self.private(batch, sealed)?;
        self.rewrite(&batch.rewrite)?;
        self.prune(&batch.prune)?;
        write_incidents(self.transaction, self.workspace, &batch.incidents)?;
        write_tallies(self.transaction, self.workspace, &batch.tallies)?;
        self.detectors(&batch.detectors)?;
        outbox::requests_and_deliveries(self.transaction, self.workspace, &batch.requests, &batch.deliveries)?;
        self.idempotency(&batch.idempotency)?;
        outbox::documents(self.transaction, self.workspace, &batch.documents)
    }

    fn link(&self, sealed: &Sealed) -> Result<(), Fault> {
        let head = &sealed.head;
        self.transaction
            .prepare_cached(
                "INSERT INTO head (workspace, position, hash, recorded_at, next_incident, tzdata)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (workspace) DO UPDATE SET position = excluded.position, hash = excluded.hash,
                     recorded_at = excluded.recorded_at, next_incident = excluded.next_incident,
                     tzdata = excluded.tzdata",
            )?
            .execute(params![
                self.workspace,
                head.position,
                head.hash,
                Micros(head.recorded_at),
                Count(head.next_incident),
                head.tzdata
            ])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO batch (workspace, position, recorded_at, hash, block_digest) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.workspace, head.position, Micros(head.recorded_at), head.hash, sealed.block])?;
        Ok(())
    }

    fn block(&self, batch: &Batch) -> Result<(), Fault> {
        let Some(block) = &batch.block else { return Ok(()) };
        self.transaction
            .prepare_cached(
                "INSERT INTO block (workspace, position, count, first_at, last_at, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.workspace,
                self.position,
                block.count,
                Micros(block.first_at),
                Micros(block.last_at),
                block.bytes
            ])?;
        Ok(())
    }

    fn events(&self, batch: &Batch) -> Result<(), Fault> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO event (workspace, position, idx, incident, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let mut note = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO event_span (workspace, incident, span) VALUES (?1, ?2, ?3)")?;
        let span = Count(self.position.0 / SPAN);
        for (index, event) in (0u32..).zip(&batch.events) {
            insert.execute(params![self.workspace, self.position, index, event.incident, event.kind, event.body])?;
            if let Some(no) = event.incident {
                note.execute(params![self.workspace, no, span])?;
            }
        }
        Ok(())
    }

    fn private(&self, batch: &Batch, sealed: &Sealed) -> Result<(), Fault> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO private (workspace, id, position, idx, digest, salt, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?;
        for ((index, row), digest) in (0u32..).zip(&batch.private).zip(&sealed.private) {
            let content = &row.content;
            let row_values = params![self.workspace, row.id, self.position, index, digest, content.salt, content.bytes];
            if insert.execute(row_values)? == 0 {
                return Err(Fault::constraint(format!("private row `{}` exists already", row.id)));
            }
        }
        let mut erase = self
            .transaction
            .prepare_cached("UPDATE private SET salt = NULL, bytes = NULL WHERE workspace = ?1 AND id = ?2")?;
        for id in &batch.erase {
            erase.execute(params![self.workspace, id])?;
        }
        Ok(())
    }

    fn rewrite(&self, rewrites: &[Rewrite]) -> Result<(), Fault> {
        let mut replace = self.transaction.prepare_cached(
            "UPDATE block SET bytes = ?3 WHERE workspace = ?1 AND position = ?2 AND length(bytes) > 0",
        )?;
        for Rewrite { position, block } in rewrites {
            replace.execute(params![self.workspace, position, block.bytes])?;
        }
        Ok(())
    }

    fn prune(&self, positions: &[Position]) -> Result<(), Fault> {
        let mut empty =
            self.transaction.prepare_cached("UPDATE block SET bytes = x'' WHERE workspace = ?1 AND position = ?2")?;
        for position in positions {
            empty.execute(params![self.workspace, position])?;
        }
        Ok(())
    }

    fn detectors(&self, changes: &[DetectorChange]) -> Result<(), Fault> {
        let mut put = self.transaction.prepare_cached(
            "INSERT INTO detector (workspace, key, state) VALUES (?1, ?2, ?3)
             ON CONFLICT (workspace, key) DO UPDATE SET state = excluded.state",
        )?;
        let mut delete = self.transaction.prepare_cached("DELETE FROM detector WHERE workspace = ?1 AND key = ?2")?;
        for change in changes {
            match &change.state {
                Some(state) => put.execute(params![self.workspace, change.key, state])?,
                None => delete.execute(params![self.workspace, change.key])?,
            };
        }
        Ok(())
    }

    fn idempotency(&self, rows: &[IdempotencyRow]) -> Result<(), Fault> {
        let mut put = self.transaction.prepare_cached(
            "INSERT INTO idempotency (workspace, scope, key, expires_at, response) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (workspace, scope, key)
             DO UPDATE SET expires_at = excluded.expires_at, response = excluded.response",
        )?;
        for row in rows {
            put.execute(params![self.workspace, row.scope, row.key, Micros(row.expires_at), row.response])?;
        }
        Ok(())
    }
}

/// Inserts or replaces incident rows.
fn write_incidents(transaction: &Transaction<'_>, workspace: Workspace, rows: &[IncidentRow]) -> Result<(), Fault> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO incident (workspace, no, key, class, service, status, open, severity, restricted,
             opened_at, ended_at, next_due, updated, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (workspace, no) DO UPDATE SET key = excluded.key, class = excluded.class,
             service = excluded.service, status = excluded.status, open = excluded.open,
             severity = excluded.severity, restricted = excluded.restricted, opened_at = excluded.opened_at,
             ended_at = excluded.ended_at, next_due = excluded.next_due, updated = excluded.updated, state = excluded.state",
    )?;
    let mut count = transaction.prepare_cached(
        "INSERT INTO incident_tally (workspace, no, updated, tally) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (workspace, no) DO UPDATE SET updated = excluded.updated, tally = excluded.tally",
    )?;
    for row in rows {
        put.execute(params![
            workspace,
            row.no,
            row.key,
            row.class,
            row.service,
            row.status,
            row.open,
            row.severity,
            row.restricted,
            Micros(row.opened_at),
            micros(row.ended_at),
            micros(row.next_due),
            row.updated,
            row.state
        ])?;
        count.execute(params![workspace, row.no, row.updated, row.tally])?;
    }
    Ok(())
}

/// Changes the tallies of incidents, and nothing else of them.
fn write_tallies(transaction: &Transaction<'_>, workspace: Workspace, rows: &[TallyRow]) -> Result<(), Fault> {
    let mut count = transaction
        .prepare_cached("UPDATE incident_tally SET updated = ?3, tally = ?4 WHERE workspace = ?1 AND no = ?2")?;
    for row in rows {
        count.execute(params![workspace, row.no, row.updated, row.tally])?;
    }
    Ok(())
}
