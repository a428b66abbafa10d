//! The journal's types as PostgreSQL's columns, and rows back again.

use calendar::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::Fault;
use crate::{
    Block, DeliveryRow, DeliveryState, Digest, EventPlace, EventRow, Head, IncidentNo, IncidentRow, Position,
    RequestRow, Result, StoredBlock, StoredEvent, StoredRequest, Workspace,
};

/// PostgreSQL's integers are signed. No count of ours comes near 2^63, and cursors beyond it mean "everything".
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn workspace(workspace: Workspace) -> i64 {
    i64::from(workspace.0)
}

pub(super) fn number(no: Option<IncidentNo>) -> Option<i64> {
    no.map(|no| signed(no.0))
}

pub(super) fn micros(instant: Option<Instant>) -> Option<i64> {
    instant.map(Instant::as_micros)
}

/// The columns of one row, taken from the left.
pub(super) struct Fields<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn of(row: &'r Row) -> Fields<'r> {
        Fields { row, next: 0 }
    }

    pub(super) fn take<T: FromSql<'r>>(&mut self) -> Result<T, Fault> {
        let value = self.row.try_get(self.next).map_err(|error| Fault::Damaged(error.to_string()))?;
        self.next += 1;
        Ok(value)
    }

    /// A number that is not negative.
    pub(super) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, Fault> {
        let value: i64 = self.take()?;
        N::try_from(value).map_err(|_| self.out_of_range(value))
    }

    fn number_opt(&mut self) -> Result<Option<u64>, Fault> {
        let value: Option<i64> = self.take()?;
        value.map(|value| u64::try_from(value).map_err(|_| self.out_of_range(value))).transpose()
    }

    pub(super) fn position(&mut self) -> Result<Position, Fault> {
        self.number().map(Position)
    }

    pub(super) fn instant(&mut self) -> Result<Instant, Fault> {
        self.take().map(Instant::from_micros)
    }

    pub(super) fn instant_opt(&mut self) -> Result<Option<Instant>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Instant::from_micros))
    }

    pub(super) fn incident_opt(&mut self) -> Result<Option<IncidentNo>, Fault> {
        Ok(self.number_opt()?.map(IncidentNo))
    }

    /// Bytes of a known length.
    pub(super) fn exact<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes: &[u8] = self.take()?;
        bytes.try_into().map_err(|_| self.wrong_length(bytes.len()))
    }

    pub(super) fn exact_opt<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Fault> {
        let bytes: Option<&[u8]> = self.take()?;
        bytes.map(|bytes| bytes.try_into().map_err(|_| self.wrong_length(bytes.len()))).transpose()
    }

    fn name(&self) -> &str {
        self.row.columns().get(self.next.saturating_sub(1)).map_or("", tokio_postgres::Column::name)
    }

    fn out_of_range(&self, value: i64) -> Fault {
        Fault::Damaged(format!("`{}` is {value}, which is out of its range", self.name()))
    }

    fn wrong_length(&self, length: usize) -> Fault {
        Fault::Damaged(format!("`{}` has {length} bytes", self.name()))
    }
}

/// The columns that [`head`] reads.
pub(super) const HEAD: &str = "position, hash, recorded_at, next_incident, tzdata";

/// Reads [`HEAD`].
pub(super) fn head(fields: &mut Fields<'_>) -> Result<Head, Fault> {
    Ok(Head {
        position: fields.position()?,
        hash: fields.exact::<32>()?,
        recorded_at: fields.instant()?,
        next_incident: fields.number()?,
        tzdata: fields.take()?,
    })
}

/// The columns that [`incident`] reads, from `incident` with its [`TALLY`].
pub(super) const INCIDENT: &str = "incident.no, key, class, service, status, open, severity, restricted, opened_at, \
     ended_at, next_due, coalesce(incident_tally.updated, incident.updated), state, coalesce(tally, '')";

/// What follows `incident` in a `FROM`.
pub(super) const TALLY: &str = "LEFT JOIN incident_tally USING (workspace, no)";

/// Reads [`INCIDENT`].
pub(super) fn incident(fields: &mut Fields<'_>) -> Result<IncidentRow, Fault> {
    Ok(IncidentRow {
        no: fields.number().map(IncidentNo)?,
        key: fields.take()?,
        class: fields.take()?,
        service: fields.take()?,
        status: fields.number()?,
        open: fields.take()?,
        severity: fields.number()?,
        restricted: fields.take()?,
        opened_at: fields.instant()?,
        ended_at: fields.instant_opt()?,
        next_due: fields.instant_opt()?,
        updated: fields.position()?,
        state: fields.take()?,
        tally: fields.take()?,
    })
}

/// The columns that [`event`] reads, from `event` joined with its `batch`.
pub(super) const EVENT: &str = "event.position, event.idx, batch.recorded_at, event.incident, event.kind, event.body";

/// Reads [`EVENT`].
pub(super) fn event(fields: &mut Fields<'_>) -> Result<StoredEvent, Fault> {
    Ok(StoredEvent {
        place: EventPlace { position: fields.position()?, index: fields.number()? },
        recorded_at: fields.instant()?,
        event: event_row(fields)?,
    })
}

/// Reads `incident, kind, body`.
pub(super) fn event_row(fields: &mut Fields<'_>) -> Result<EventRow, Fault> {
    Ok(EventRow { incident: fields.incident_opt()?, kind: fields.take::<String>()?.into(), body: fields.take()? })
}

/// The columns that [`block`] reads, from `block` joined with its `batch`.
pub(super) const BLOCK: &str =
    "block.position, batch.recorded_at, block.count, block.first_at, block.last_at, block.bytes";

/// Reads [`BLOCK`].
pub(super) fn block(fields: &mut Fields<'_>) -> Result<StoredBlock, Fault> {
    Ok(StoredBlock {
        position: fields.position()?,
        recorded_at: fields.instant()?,
        block: Block {
            count: fields.number()?,
            first_at: fields.instant()?,
            last_at: fields.instant()?,
            bytes: fields.take()?,
        },
    })
}

/// The columns that [`request`] reads.
pub(super) const REQUEST: &str = "id, incident, severity, kind, body, created_at, claimed_at";

/// Reads [`REQUEST`].
pub(super) fn request(fields: &mut Fields<'_>) -> Result<StoredRequest, Fault> {
    Ok(StoredRequest {
        request: RequestRow {
            id: fields.take()?,
            incident: fields.incident_opt()?,
            severity: fields.number()?,
            kind: fields.take::<String>()?.into(),
            body: fields.take()?,
            created_at: fields.instant()?,
        },
        claimed_at: fields.instant_opt()?,
    })
}

/// The columns that [`delivery`] reads.
pub(super) const DELIVERY: &str = "id, request, incident, severity, person, channel, address, idempotency_key, \
     roster_version, body, created_at, state, attempts, next_attempt_at, attempted_at, outcome";

/// Reads [`DELIVERY`].
pub(super) fn delivery(fields: &mut Fields<'_>) -> Result<DeliveryRow, Fault> {
    Ok(DeliveryRow {
        id: fields.take()?,
        request: fields.take()?,
        incident: fields.incident_opt()?,
        severity: fields.number()?,
        person: fields.take()?,
        channel: fields.take()?,
        address: fields.take()?,
        idempotency_key: fields.take()?,
        roster_version: fields.take()?,
        body: fields.take()?,
        created_at: fields.instant()?,
        state: state(fields)?,
        attempts: fields.number()?,
        next_attempt_at: fields.instant_opt()?,
        attempted_at: fields.instant_opt()?,
        outcome: fields.take()?,
    })
}

fn state(fields: &mut Fields<'_>) -> Result<DeliveryState, Fault> {
    let number: usize = fields.number()?;
    let state = DeliveryState::ALL.get(number).copied();
    state.ok_or_else(|| Fault::Damaged(format!("there is no state {number} of deliveries")))
}

/// The recorded time, hash and block digest of a batch.
pub(super) fn batch(fields: &mut Fields<'_>) -> Result<(Instant, Digest, Option<Digest>), Fault> {
    Ok((fields.instant()?, fields.exact::<32>()?, fields.exact_opt::<32>()?))
}
