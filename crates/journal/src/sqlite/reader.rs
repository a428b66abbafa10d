//! Reading. Each call uses one connection of the pool, or the writer's; lists with filters are built in `lists`.
//!
//! `INDEXED BY` stands where SQLite, which keeps no statistics here, would walk a longer index for the
//! sake of its order. It is a promise as well: should the index go, the statement fails in the tests.

use std::sync::{Arc, Mutex, PoisonError};

use calendar::Instant;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::column::{self, BLOCK, DELIVERY, EVENT, INCIDENT, Micros, REQUEST, TALLY};
use super::fault::Fault;
use super::schema::SPAN;
use super::writer::read_head;
use super::{Shared, lists};
use crate::store::Reader;
use crate::{
    Counts, DeliveryFilter, DeliveryRow, Digest, Entry, EventPlace, EventRow, Head, IncidentFilter, IncidentNo,
    IncidentRow, Living, Position, PrivateContent, PrivateEntry, Result, StoredBlock, StoredEvent, StoredRequest,
    Workspace,
};

pub(super) struct SqliteReader {
    shared: Arc<Shared>,
    workspace: Workspace,
    /// The writer's connection, for its own thread; without it those of the pool.
    writers: Option<Arc<Mutex<Connection>>>,
}

impl SqliteReader {
    pub(super) fn new(shared: Arc<Shared>, workspace: Workspace) -> SqliteReader {
        SqliteReader { shared, workspace, writers: None }
    }

    /// One that reads through the writer's connection: its pages are at hand after a commit, where
    /// every other connection reads them anew.
    pub(super) fn of_writer(
        shared: Arc<Shared>,
        workspace: Workspace,
        writers: Arc<Mutex<Connection>>,
    ) -> SqliteReader {
        SqliteReader { shared, workspace, writers: Some(writers) }
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T> {
        let work = |connection: &Connection| work(connection).map_err(|fault| fault.at(&self.shared.path));
        match &self.writers {
            // A panic within a transaction has rolled it back.
            Some(connection) => work(&connection.lock().unwrap_or_else(PoisonError::into_inner)),
            None => self.shared.pool.with(work),
        }
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.read(|connection| Ok(connection.prepare_cached(sql)?.query_row(params, map).optional()?))
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.read(|connection| Ok(connection.prepare_cached(sql)?.query_map(params, map)?.collect::<Result<_, _>>()?))
    }

    /// The least instant of a column, none when there are no rows.
    fn earliest(&self, sql: &str) -> Result<Option<Instant>> {
        let earliest = self.one(sql, [self.workspace], |row| row.get::<_, Option<Micros>>(0))?;
        Ok(earliest.flatten().map(|micros| micros.0))
    }
}

impl Reader for SqliteReader {
    fn head(&self) -> Result<Head> {
        self.read(|connection| read_head(connection, self.workspace))
    }

    fn incident(&self, no: IncidentNo) -> Result<Option<IncidentRow>> {
        let sql = format!("SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = ?1 AND no = ?2");
        self.one(&sql, params![self.workspace, no], column::incident)
    }

    fn incident_by_key(&self, key: &str) -> Result<Option<IncidentRow>> {
        let sql = format!(
            "SELECT {INCIDENT} FROM incident {TALLY} WHERE incident.rowid = coalesce(
                 (SELECT rowid FROM incident INDEXED BY incident_key WHERE workspace = ?1 AND key = ?2 AND open = 1
                  ORDER BY no DESC LIMIT 1),
                 (SELECT rowid FROM incident INDEXED BY incident_key
                  WHERE workspace = ?1 AND key = ?2 AND open = 0
                  ORDER BY updated DESC, no DESC LIMIT 1))"
        );
        self.one(&sql, params![self.workspace, key], column::incident)
    }

    fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<IncidentRow>> {
        self.read(|connection| lists::incidents(connection, self.workspace, filter, limit))
    }

    fn incidents_living(&self, living: &Living, limit: u32) -> Result<Vec<IncidentRow>> {
        self.read(|connection| lists::living(connection, self.workspace, living, limit))
    }

    fn due(&self, until: Instant, limit: u32) -> Result<Vec<IncidentRow>> {
        // The inner query sorts within the index; only the rows that are returned are read whole.
        let sql = format!(
            "SELECT {INCIDENT} FROM incident {TALLY} WHERE incident.rowid IN (
                 SELECT rowid FROM incident INDEXED BY incident_due WHERE workspace = ?1 AND next_due <= ?2
                 ORDER BY severity, next_due, no LIMIT ?3)
             ORDER BY severity, next_due, no"
        );
        self.all(&sql, params![self.workspace, Micros(until), limit], column::incident)
    }

    fn next_due(&self) -> Result<Option<Instant>> {
        self.earliest("SELECT min(next_due) FROM incident WHERE workspace = ?1 AND next_due IS NOT NULL")
    }

    fn events(&self, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = format!(
            "SELECT {EVENT} FROM event JOIN batch USING (workspace, position)
             WHERE event.workspace = ?1 AND (event.position, event.idx) > (?2, ?3)
             ORDER BY event.position, event.idx LIMIT ?4"
        );
        self.all(&sql, params![self.workspace, after.position, after.index, limit], column::event)
    }

    fn incident_events(&self, no: IncidentNo, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        self.read(|connection| incident_events(connection, (self.workspace, no), after, limit))
    }

    fn events_of_kind(&self, kind: &str, before: Option<EventPlace>, limit: u32) -> Result<Vec<StoredEvent>> {
        let before = before.unwrap_or(EventPlace::LAST);
        let sql = format!(
            "SELECT {EVENT} FROM event INDEXED BY event_kind JOIN batch USING (workspace, position)
             WHERE event.workspace = ?1 AND event.kind = ?2 AND event.incident IS NULL
                 AND (event.position, event.idx) < (?3, ?4)
             ORDER BY event.position DESC, event.idx DESC LIMIT ?5"
        );
        self.all(&sql, params![self.workspace, kind, before.position, before.index, limit], column::event)
    }

    fn blocks(&self, after: Position, limit: u32) -> Result<Vec<StoredBlock>> {
        let sql = format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = ?1 AND block.position > ?2 AND length(block.bytes) > 0 ORDER BY block.position LIMIT ?3"
        );
        self.all(&sql, params![self.workspace, after, limit], column::block)
    }

    fn block(&self, position: Position) -> Result<Option<StoredBlock>> {
        let sql = format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = ?1 AND block.position = ?2 AND length(block.bytes) > 0"
        );
        self.one(&sql, params![self.workspace, position], column::block)
    }

    fn position_before(&self, instant: Instant) -> Result<Position> {
        let sql = "SELECT position FROM batch WHERE workspace = ?1 AND recorded_at < ?2
                   ORDER BY recorded_at DESC LIMIT 1";
        Ok(self.one(sql, params![self.workspace, Micros(instant)], |row| row.get(0))?.unwrap_or_default())
    }

    fn entry(&self, position: Position) -> Result<Option<Entry>> {
        self.read(|connection| entry(connection, self.workspace, position))
    }

    fn detectors(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT key, state FROM detector WHERE workspace = ?1 ORDER BY key";
        self.all(sql, [self.workspace], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn detector(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT state FROM detector WHERE workspace = ?1 AND key = ?2";
        self.one(sql, params![self.workspace, key], |row| row.get(0))
    }

    fn pending_requests(&self, limit: u32) -> Result<Vec<StoredRequest>> {
        let sql = format!(
            "SELECT {REQUEST} FROM request WHERE workspace = ?1 AND claimed_at IS NULL
             ORDER BY severity, created_at, id LIMIT ?2"
        );
        self.all(&sql, params![self.workspace, limit], column::request)
    }

    fn request(&self, id: &str) -> Result<Option<StoredRequest>> {
        let sql = format!("SELECT {REQUEST} FROM request WHERE workspace = ?1 AND id = ?2");
        self.one(&sql, params![self.workspace, id], column::request)
    }

    fn due_deliveries(&self, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>> {
        let sql = format!(
            "SELECT {DELIVERY} FROM delivery WHERE rowid IN (
                 SELECT rowid FROM delivery INDEXED BY delivery_pending
                 WHERE workspace = ?1 AND state = 0 AND next_attempt_at <= ?2
                 ORDER BY severity, next_attempt_at, id LIMIT ?3)
             ORDER BY severity, next_attempt_at, id"
        );
        self.all(&sql, params![self.workspace, Micros(until), limit], column::delivery)
    }

    fn next_attempt(&self) -> Result<Option<Instant>> {
        self.earliest("SELECT min(next_attempt_at) FROM delivery WHERE workspace = ?1 AND state = 0")
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>> {
        let sql = format!("SELECT {DELIVERY} FROM delivery WHERE workspace = ?1 AND id = ?2");
        self.one(&sql, params![self.workspace, id], column::delivery)
    }

    fn deliveries(&self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
        self.read(|connection| lists::deliveries(connection, self.workspace, filter, limit))
    }

    fn document(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM document WHERE workspace = ?1 AND collection = ?2 AND id = ?3";
        self.one(sql, params![self.workspace, collection, id], |row| row.get(0))
    }

    fn documents(&self, collection: &str, after: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT id, body FROM document WHERE workspace = ?1 AND collection = ?2 AND id > ?3
                   ORDER BY id LIMIT ?4";
        self.all(sql, params![self.workspace, collection, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn idempotency(&self, scope: &str, key: &str, now: Instant) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT response FROM idempotency
                   WHERE workspace = ?1 AND scope = ?2 AND key = ?3 AND expires_at > ?4";
        self.one(sql, params![self.workspace, scope, key, Micros(now)], |row| row.get(0))
    }

    fn private(&self, id: &str) -> Result<Option<PrivateContent>> {
        let sql = "SELECT salt, bytes FROM private WHERE workspace = ?1 AND id = ?2 AND salt IS NOT NULL";
        self.one(sql, params![self.workspace, id], |row| Ok(PrivateContent { salt: row.get(0)?, bytes: row.get(1)? }))
    }

    fn counts(&self) -> Result<Counts> {
        self.read(|connection| lists::counts(connection, self.workspace))
    }
}

/// Goes through the spans that hold something of an incident, and looks each of their positions up.
fn incident_events(
    connection: &Connection,
    (workspace, no): (Workspace, IncidentNo),
    after: EventPlace,
    limit: u32,
) -> Result<Vec<StoredEvent>, Fault> {
    let mut spans = connection.prepare_cached(
        "SELECT span FROM event_span WHERE workspace = ?1 AND incident = ?2 AND span >= ?3 ORDER BY span",
    )?;
    // The order of a cross join stays as it is written.
    let mut within = connection.prepare_cached(&format!(
        "SELECT {EVENT} FROM batch CROSS JOIN event INDEXED BY event_place
             ON event.workspace = batch.workspace AND event.position = batch.position AND event.incident = ?2
         WHERE batch.workspace = ?1 AND batch.position BETWEEN ?3 AND ?4 AND (event.position, event.idx) > (?5, ?6)
         ORDER BY event.position, event.idx LIMIT ?7"
    ))?;
    let mut events = Vec::new();
    let mut found = spans.query(params![workspace, no, Position(after.position.0 / SPAN)])?;
    while let Some(row) = found.next()? {
        let left = limit - u32::try_from(events.len()).unwrap_or(limit);
        if left == 0 {
            break;
        }
        let first = row.get::<_, Position>(0)?.0 * SPAN;
        let (from, to) = (Position(first).max(after.position), Position(first + SPAN - 1));
        let here =
            within.query_map(params![workspace, no, from, to, after.position, after.index, left], column::event)?;
        for event in here {
            events.push(event?);
        }
    }
    Ok(events)
}

/// Reads a position in one transaction, so that an erasure in between cannot look like damage.
fn entry(connection: &Connection, workspace: Workspace, position: Position) -> Result<Option<Entry>, Fault> {
    let transaction = connection.unchecked_transaction()?;
    let place = params![workspace, position];
    let batch = transaction
        .prepare_cached("SELECT recorded_at, hash, block_digest FROM batch WHERE workspace = ?1 AND position = ?2")?
        .query_row(place, |row| Ok((row.get::<_, Micros>(0)?.0, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((recorded_at, hash, block_digest)) = batch else { return Ok(None) };
    let block = transaction
        .prepare_cached(&format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = ?1 AND block.position = ?2"
        ))?
        .query_row(place, column::block)
        .optional()?
        .map(|stored| stored.block);
    let events = transaction
        .prepare_cached("SELECT incident, kind, body FROM event WHERE workspace = ?1 AND position = ?2 ORDER BY idx")?
        .query_map(place, |row| {
            Ok(EventRow { incident: row.get(0)?, kind: row.get::<_, String>(1)?.into(), body: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    let private = transaction
        .prepare_cached(
            "SELECT id, digest, salt, bytes FROM private WHERE workspace = ?1 AND position = ?2 ORDER BY idx",
        )?
        .query_map(place, private)?
        .collect::<Result<_, _>>()?;
    Ok(Some(Entry { position, recorded_at, hash, block_digest, block, events, private }))
}

fn private(row: &Row<'_>) -> rusqlite::Result<PrivateEntry> {
    let digest: Digest = row.get(1)?;
    let content = match (row.get(2)?, row.get(3)?) {
        (Some(salt), Some(bytes)) => Some(PrivateContent { salt, bytes }),
        _ => None,
    };
    Ok(PrivateEntry { id: row.get(0)?, digest, content })
}
