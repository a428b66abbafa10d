//! The journal's types as SQLite's columns, and rows back again.

use calendar::Instant;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Result, Row};

use crate::{
    Block, DeliveryRow, DeliveryState, EventPlace, EventRow, Head, IncidentNo, IncidentRow, Position, RequestRow,
    StoredBlock, StoredEvent, StoredRequest, Workspace,
};

/// SQLite's integers are signed. No count of ours comes near 2^63, and cursors beyond it mean "everything".
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(value: ValueRef<'_>) -> FromSqlResult<u64> {
    let number = value.as_i64()?;
    u64::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
}

impl ToSql for Workspace {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0))
    }
}

impl ToSql for Position {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(signed(self.0)))
    }
}

impl FromSql for Position {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        unsigned(value).map(Position)
    }
}

impl ToSql for IncidentNo {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(signed(self.0)))
    }
}

impl FromSql for IncidentNo {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        unsigned(value).map(IncidentNo)
    }
}

impl ToSql for DeliveryState {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(*self as u8))
    }
}

impl FromSql for DeliveryState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let state = usize::try_from(number).ok().and_then(|number| DeliveryState::ALL.get(number));
        state.copied().ok_or(FromSqlError::OutOfRange(number))
    }
}

/// An instant as a column.
pub(super) struct Micros(pub(super) Instant);

impl ToSql for Micros {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_micros()))
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|micros| Micros(Instant::from_micros(micros)))
    }
}

/// A count as a column.
pub(super) struct Count(pub(super) u64);

impl ToSql for Count {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(signed(self.0)))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        unsigned(value).map(Count)
    }
}

/// An optional instant as a column.
pub(super) fn micros(instant: Option<Instant>) -> Option<Micros> {
    instant.map(Micros)
}

fn instant(row: &Row<'_>, index: usize) -> Result<Instant> {
    row.get::<_, Micros>(index).map(|micros| micros.0)
}

fn instant_opt(row: &Row<'_>, index: usize) -> Result<Option<Instant>> {
    Ok(row.get::<_, Option<Micros>>(index)?.map(|micros| micros.0))
}

/// Reads `position, hash, recorded_at, next_incident, tzdata`.
pub(super) fn head(row: &Row<'_>) -> Result<Head> {
    Ok(Head {
        position: row.get(0)?,
        hash: row.get(1)?,
        recorded_at: instant(row, 2)?,
        next_incident: row.get::<_, Count>(3)?.0,
        tzdata: row.get(4)?,
    })
}

/// The columns that [`incident`] reads, from `incident` with its [`TALLY`].
pub(super) const INCIDENT: &str = "incident.no, key, class, service, status, open, severity, restricted, opened_at, \
     ended_at, next_due, coalesce(incident_tally.updated, incident.updated), state, coalesce(tally, x'')";

/// What follows `incident` in a `FROM`; incidents that an older version wrote have no tally apart.
pub(super) const TALLY: &str = "LEFT JOIN incident_tally USING (workspace, no)";

/// Reads [`INCIDENT`].
pub(super) fn incident(row: &Row<'_>) -> Result<IncidentRow> {
    Ok(IncidentRow {
        no: row.get(0)?,
        key: row.get(1)?,
        class: row.get(2)?,
        service: row.get(3)?,
        status: row.get(4)?,
        open: row.get(5)?,
        severity: row.get(6)?,
        restricted: row.get(7)?,
        opened_at: instant(row, 8)?,
        ended_at: instant_opt(row, 9)?,
        next_due: instant_opt(row, 10)?,
        updated: row.get(11)?,
        state: row.get(12)?,
        tally: row.get(13)?,
    })
}

/// The columns that [`event`] reads, from `event` joined with its `batch`.
pub(super) const EVENT: &str = "event.position, event.idx, batch.recorded_at, event.incident, event.kind, event.body";

/// Reads [`EVENT`].
pub(super) fn event(row: &Row<'_>) -> Result<StoredEvent> {
    Ok(StoredEvent {
        place: EventPlace { position: row.get(0)?, index: row.get(1)? },
        recorded_at: instant(row, 2)?,
        event: EventRow { incident: row.get(3)?, kind: row.get::<_, String>(4)?.into(), body: row.get(5)? },
    })
}

/// The columns that [`block`] reads, from `block` joined with its `batch`.
pub(super) const BLOCK: &str =
    "block.position, batch.recorded_at, block.count, block.first_at, block.last_at, block.bytes";

/// Reads [`BLOCK`].
pub(super) fn block(row: &Row<'_>) -> Result<StoredBlock> {
    Ok(StoredBlock {
        position: row.get(0)?,
        recorded_at: instant(row, 1)?,
        block: Block { count: row.get(2)?, first_at: instant(row, 3)?, last_at: instant(row, 4)?, bytes: row.get(5)? },
    })
}

/// The columns that [`request`] reads.
pub(super) const REQUEST: &str = "id, incident, severity, kind, body, created_at, claimed_at";

/// Reads [`REQUEST`].
pub(super) fn request(row: &Row<'_>) -> Result<StoredRequest> {
    Ok(StoredRequest {
        request: RequestRow {
            id: row.get(0)?,
            incident: row.get(1)?,
            severity: row.get(2)?,
            kind: row.get::<_, String>(3)?.into(),
            body: row.get(4)?,
            created_at: instant(row, 5)?,
        },
        claimed_at: instant_opt(row, 6)?,
    })
}

/// The columns that [`delivery`] reads.
pub(super) const DELIVERY: &str = "id, request, incident, severity, person, channel, address, idempotency_key, \
     roster_version, body, created_at, state, attempts, next_attempt_at, attempted_at, outcome";

/// Reads [`DELIVERY`].
pub(super) fn delivery(row: &Row<'_>) -> Result<DeliveryRow> {
    Ok(DeliveryRow {
        id: row.get(0)?,
        request: row.get(1)?,
        incident: row.get(2)?,
        severity: row.get(3)?,
        person: row.get(4)?,
        channel: row.get(5)?,
        address: row.get(6)?,
        idempotency_key: row.get(7)?,
        roster_version: row.get(8)?,
        body: row.get(9)?,
        created_at: instant(row, 10)?,
        state: row.get(11)?,
        attempts: row.get(12)?,
        next_attempt_at: instant_opt(row, 13)?,
        attempted_at: instant_opt(row, 14)?,
        outcome: row.get(15)?,
    })
}
