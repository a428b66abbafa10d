//! Reading. Each call is one round trip on one connection of the pool; lists with filters are built in `lists`.

use std::sync::Arc;

use calendar::Instant;
use tokio_postgres::Row;

use super::column::{self, BLOCK, DELIVERY, EVENT, Fields, INCIDENT, REQUEST, TALLY, signed};
use super::fault::Fault;
use super::session::{Query, Session};
use super::writer::{clock, head_query, read_head, read_present};
use super::{Shared, lists};
use crate::pool::Lendable;
use crate::store::{Present, Reader};
use crate::{
    Counts, DeliveryFilter, DeliveryRow, Entry, EventPlace, Head, IncidentFilter, IncidentNo, IncidentRow, Living,
    Position, PrivateContent, PrivateEntry, Result, StoredBlock, StoredEvent, StoredRequest, Workspace,
};

pub(super) struct PostgresReader {
    shared: Arc<Shared>,
    workspace: Workspace,
}

impl Lendable for Session {
    fn is_usable(&self) -> bool {
        Session::is_usable(self)
    }
}

impl PostgresReader {
    pub(super) fn new(shared: Arc<Shared>, workspace: Workspace) -> PostgresReader {
        PostgresReader { shared, workspace }
    }

    /// A statement whose first parameter is the workspace.
    fn query<'a>(&self, sql: impl Into<std::borrow::Cow<'a, str>>) -> Query<'a> {
        Query::new(sql).bind(column::workspace(self.workspace))
    }

    /// Asks, and asks once more on a new connection where one was lost: reading changes nothing.
    fn read<T>(&self, queries: &[Query<'_>], map: impl Fn(&[Vec<Row>]) -> Result<T, Fault>) -> Result<T> {
        let path = &self.shared.address.shown;
        let ask = || self.shared.pool.with(|session| Ok(session.read(queries).and_then(|answers| map(&answers))));
        let answered = match ask()? {
            Err(fault) if fault.is_lost() => {
                self.shared.pool.forget();
                ask()?
            }
            answered => answered,
        };
        answered.map_err(|fault| fault.at(path))
    }

    fn all<T>(&self, query: Query<'_>, map: impl Fn(&mut Fields<'_>) -> Result<T, Fault>) -> Result<Vec<T>> {
        self.read(&[query], |answers| answers[0].iter().map(|row| map(&mut Fields::of(row))).collect())
    }

    fn one<T>(&self, query: Query<'_>, map: impl Fn(&mut Fields<'_>) -> Result<T, Fault>) -> Result<Option<T>> {
        Ok(self.all(query, map)?.into_iter().next())
    }

    /// The least instant of a column, none when there are no rows.
    fn earliest(&self, sql: &'static str) -> Result<Option<Instant>> {
        Ok(self.one(self.query(sql), |fields| fields.instant_opt())?.flatten())
    }
}

impl Reader for PostgresReader {
    fn head(&self) -> Result<Head> {
        let query = head_query(column::workspace(self.workspace), "");
        self.read(&[query], |answers| read_head(&answers[0]))
    }

    fn present(&self) -> Result<Present> {
        let query = head_query(column::workspace(self.workspace), "");
        self.read(&[query, clock()], read_present)
    }

    fn incident(&self, no: IncidentNo) -> Result<Option<IncidentRow>> {
        let sql = format!("SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = $1 AND no = $2");
        self.one(self.query(sql).bind(signed(no.0)), column::incident)
    }

    fn incident_by_key(&self, key: &str) -> Result<Option<IncidentRow>> {
        let sql = format!(
            "SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = $1 AND no = coalesce(
                 (SELECT no FROM incident WHERE workspace = $1 AND key = $2 AND open ORDER BY no DESC LIMIT 1),
                 (SELECT no FROM incident WHERE workspace = $1 AND key = $2 AND NOT open
                  ORDER BY updated DESC, no DESC LIMIT 1))"
        );
        self.one(self.query(sql).bind(key), column::incident)
    }

    fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<IncidentRow>> {
        self.all(lists::incidents(self.workspace, filter, limit), column::incident)
    }

    fn incidents_living(&self, living: &Living, limit: u32) -> Result<Vec<IncidentRow>> {
        self.all(lists::living(self.workspace, living, limit), column::incident)
    }

    fn due(&self, until: Instant, limit: u32) -> Result<Vec<IncidentRow>> {
        // The inner query sorts the index's columns; only the rows that are returned are read whole.
        let sql = format!(
            "SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = $1 AND no IN (
                 SELECT no FROM incident WHERE workspace = $1 AND next_due <= $2
                 ORDER BY severity, next_due, no LIMIT $3)
             ORDER BY severity, next_due, no"
        );
        self.all(self.query(sql).bind(until.as_micros()).bind(i64::from(limit)), column::incident)
    }

    fn next_due(&self) -> Result<Option<Instant>> {
        self.earliest("SELECT min(next_due) FROM incident WHERE workspace = $1 AND next_due IS NOT NULL")
    }

    fn events(&self, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = format!(
            "SELECT {EVENT} FROM event JOIN batch USING (workspace, position)
             WHERE event.workspace = $1 AND (event.position, event.idx) > ($2, $3)
             ORDER BY event.position, event.idx LIMIT $4"
        );
        self.all(place(self.query(sql), after).bind(i64::from(limit)), column::event)
    }

    fn incident_events(&self, no: IncidentNo, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = format!(
            "SELECT {EVENT} FROM event JOIN batch USING (workspace, position)
             WHERE event.workspace = $1 AND event.incident = $2 AND (event.position, event.idx) > ($3, $4)
             ORDER BY event.position, event.idx LIMIT $5"
        );
        let query = place(self.query(sql).bind(signed(no.0)), after);
        self.all(query.bind(i64::from(limit)), column::event)
    }

    fn events_of_kind(&self, kind: &str, before: Option<EventPlace>, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = format!(
            "SELECT {EVENT} FROM event JOIN batch USING (workspace, position)
             WHERE event.workspace = $1 AND event.kind = $2 AND event.incident IS NULL
                 AND (event.position, event.idx) < ($3, $4)
             ORDER BY event.position DESC, event.idx DESC LIMIT $5"
        );
        let query = place(self.query(sql).bind(kind), before.unwrap_or(EventPlace::LAST));
        self.all(query.bind(i64::from(limit)), column::event)
    }

    fn blocks(&self, after: Position, limit: u32) -> Result<Vec<StoredBlock>> {
        let sql = format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = $1 AND block.position > $2 AND block.bytes <> ''
             ORDER BY block.position LIMIT $3"
        );
        self.all(self.query(sql).bind(signed(after.0)).bind(i64::from(limit)), column::block)
    }

    fn block(&self, position: Position) -> Result<Option<StoredBlock>> {
        let sql = format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = $1 AND block.position = $2 AND block.bytes <> ''"
        );
        self.one(self.query(sql).bind(signed(position.0)), column::block)
    }

    fn position_before(&self, instant: Instant) -> Result<Position> {
        let sql = "SELECT position FROM batch WHERE workspace = $1 AND recorded_at < $2
                   ORDER BY recorded_at DESC LIMIT 1";
        Ok(self.one(self.query(sql).bind(instant.as_micros()), |fields| fields.position())?.unwrap_or_default())
    }

    fn entry(&self, position: Position) -> Result<Option<Entry>> {
        let block = format!(
            "SELECT {BLOCK} FROM block JOIN batch USING (workspace, position)
             WHERE block.workspace = $1 AND block.position = $2"
        );
        let queries = [
            "SELECT recorded_at, hash, block_digest FROM batch WHERE workspace = $1 AND position = $2",
            &block,
            "SELECT incident, kind, body FROM event WHERE workspace = $1 AND position = $2 ORDER BY idx",
            "SELECT id, digest, salt, bytes FROM private WHERE workspace = $1 AND position = $2 ORDER BY idx",
        ];
        let queries = queries.map(|sql| self.query(sql).bind(signed(position.0)));
        self.read(&queries, |answers| entry(position, answers))
    }

    fn detectors(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT key, state FROM detector WHERE workspace = $1 ORDER BY key";
        self.all(self.query(sql), |fields| Ok((fields.take()?, fields.take()?)))
    }

    fn detector(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT state FROM detector WHERE workspace = $1 AND key = $2";
        self.one(self.query(sql).bind(key), |fields| fields.take())
    }

    fn pending_requests(&self, limit: u32) -> Result<Vec<StoredRequest>> {
        let sql = format!(
            "SELECT {REQUEST} FROM request WHERE workspace = $1 AND claimed_at IS NULL
             ORDER BY severity, created_at, id LIMIT $2"
        );
        self.all(self.query(sql).bind(i64::from(limit)), column::request)
    }

    fn request(&self, id: &str) -> Result<Option<StoredRequest>> {
        let sql = format!("SELECT {REQUEST} FROM request WHERE workspace = $1 AND id = $2");
        self.one(self.query(sql).bind(id), column::request)
    }

    fn due_deliveries(&self, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>> {
        let sql = format!(
            "SELECT {DELIVERY} FROM delivery WHERE workspace = $1 AND id IN (
                 SELECT id FROM delivery WHERE workspace = $1 AND state = 0 AND next_attempt_at <= $2
                 ORDER BY severity, next_attempt_at, id LIMIT $3)
             ORDER BY severity, next_attempt_at, id"
        );
        self.all(self.query(sql).bind(until.as_micros()).bind(i64::from(limit)), column::delivery)
    }

    fn next_attempt(&self) -> Result<Option<Instant>> {
        self.earliest("SELECT min(next_attempt_at) FROM delivery WHERE workspace = $1 AND state = 0")
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>> {
        let sql = format!("SELECT {DELIVERY} FROM delivery WHERE workspace = $1 AND id = $2");
        self.one(self.query(sql).bind(id), column::delivery)
    }

    fn deliveries(&self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
        self.all(lists::deliveries(self.workspace, filter, limit), column::delivery)
    }

    fn document(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM document WHERE workspace = $1 AND collection = $2 AND id = $3";
        self.one(self.query(sql).bind(collection).bind(id), |fields| fields.take())
    }

    fn documents(&self, collection: &str, after: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT id, body FROM document WHERE workspace = $1 AND collection = $2 AND id > $3
                   ORDER BY id LIMIT $4";
        let query = self.query(sql).bind(collection).bind(after).bind(i64::from(limit));
        self.all(query, |fields| Ok((fields.take()?, fields.take()?)))
    }

    fn idempotency(&self, scope: &str, key: &str, now: Instant) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT response FROM idempotency
                   WHERE workspace = $1 AND scope = $2 AND key = $3 AND expires_at > $4";
        self.one(self.query(sql).bind(scope).bind(key).bind(now.as_micros()), |fields| fields.take())
    }

    fn private(&self, id: &str) -> Result<Option<PrivateContent>> {
        let sql = "SELECT salt, bytes FROM private WHERE workspace = $1 AND id = $2 AND salt IS NOT NULL";
        let content =
            |fields: &mut Fields<'_>| Ok(PrivateContent { salt: fields.exact::<16>()?, bytes: fields.take()? });
        self.one(self.query(sql).bind(id), content)
    }

    fn counts(&self) -> Result<Counts> {
        self.read(&lists::counts(self.workspace), lists::read_counts)
    }
}

fn place(query: Query<'_>, place: EventPlace) -> Query<'_> {
    query.bind(signed(place.position.0)).bind(i64::from(place.index))
}

fn entry(position: Position, answers: &[Vec<Row>]) -> Result<Option<Entry>, Fault> {
    let Some(batch) = answers[0].first() else { return Ok(None) };
    let (recorded_at, hash, block_digest) = column::batch(&mut Fields::of(batch))?;
    let block = answers[1].first().map(|row| column::block(&mut Fields::of(row))).transpose()?;
    let events = answers[2].iter().map(|row| column::event_row(&mut Fields::of(row))).collect::<Result<_, _>>()?;
    let private = answers[3].iter().map(private).collect::<Result<_, _>>()?;
    let block = block.map(|stored| stored.block);
    Ok(Some(Entry { position, recorded_at, hash, block_digest, block, events, private }))
}

fn private(row: &Row) -> Result<PrivateEntry, Fault> {
    let mut fields = Fields::of(row);
    let (id, digest) = (fields.take()?, fields.exact::<32>()?);
    let content = match (fields.exact_opt::<16>()?, fields.take()?) {
        (Some(salt), Some(bytes)) => Some(PrivateContent { salt, bytes }),
        _ => None,
    };
    Ok(PrivateEntry { id, digest, content })
}
