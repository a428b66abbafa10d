//! The rows of a batch as statements, many rows each. What deliveries and documents need is in `outbox`.

use std::collections::BTreeMap;

use super::column::{micros, number, signed};
use super::facts::Outcome;
use super::outbox;
use super::session::Query;
use crate::chain::Sealed;
use crate::{Batch, DetectorChange, IncidentNo, IncidentRow, TallyRow};

/// Everything that a batch writes, in order.
pub(super) fn of_batch<'a>(
    workspace: i64,
    batch: &'a Batch,
    sealed: &'a Sealed,
    outcome: &Outcome<'a>,
) -> Vec<Query<'a>> {
    let position = signed(sealed.head.position.0);
    let mut queries = link(workspace, sealed);
    queries.extend(block(workspace, position, batch));
    queries.extend(events(workspace, position, batch));
    queries.extend(private(workspace, position, batch, sealed));
    queries.extend(take_away(workspace, batch));
    queries.extend(incidents(workspace, &batch.incidents));
    queries.extend(tallies(workspace, &batch.tallies));
    queries.extend(detectors(workspace, &batch.detectors));
    queries.extend(outbox::requests(workspace, &batch.requests, outcome));
    queries.extend(outbox::deliveries(workspace, &batch.requests, outcome));
    queries.extend(idempotency(workspace, batch));
    queries.extend(outbox::documents(workspace, &batch.documents));
    queries
}

fn link<'a>(workspace: i64, sealed: &'a Sealed) -> Vec<Query<'a>> {
    let head = &sealed.head;
    let (position, recorded_at) = (signed(head.position.0), head.recorded_at.as_micros());
    let moved = Query::new(
        "INSERT INTO head (workspace, position, hash, recorded_at, next_incident, tzdata)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace) DO UPDATE SET position = excluded.position, hash = excluded.hash,
             recorded_at = excluded.recorded_at, next_incident = excluded.next_incident, tzdata = excluded.tzdata",
    )
    .bind(workspace)
    .bind(position)
    .bind(&head.hash[..])
    .bind(recorded_at)
    .bind(signed(head.next_incident))
    .bind(head.tzdata.as_str());
    let batch = Query::new(
        "INSERT INTO batch (workspace, position, recorded_at, hash, block_digest) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(workspace)
    .bind(position)
    .bind(recorded_at)
    .bind(&head.hash[..])
    .bind(sealed.block.as_ref().map(|digest| &digest[..]));
    vec![moved, batch]
}

fn block(workspace: i64, position: i64, batch: &Batch) -> Option<Query<'_>> {
    let block = batch.block.as_ref()?;
    let insert = Query::new(
        "INSERT INTO block (workspace, position, count, first_at, last_at, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let insert = insert.bind(workspace).bind(position).bind(i64::from(block.count));
    Some(insert.bind(block.first_at.as_micros()).bind(block.last_at.as_micros()).bind(block.bytes.as_slice()))
}

fn events(workspace: i64, position: i64, batch: &Batch) -> Option<Query<'_>> {
    let rows = &batch.events;
    (!rows.is_empty()).then(|| {
        Query::new(
            "INSERT INTO event (workspace, position, idx, incident, kind, body)
             SELECT $1, $2, new.idx - 1, new.incident, new.kind, new.body
             FROM unnest($3::bigint[], $4::text[], $5::bytea[]) WITH ORDINALITY AS new (incident, kind, body, idx)",
        )
        .bind(workspace)
        .bind(position)
        .bind(rows.iter().map(|row| number(row.incident)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.kind).collect::<Vec<&str>>())
        .bind(rows.iter().map(|row| row.body.as_slice()).collect::<Vec<&[u8]>>())
    })
}

fn private<'a>(workspace: i64, position: i64, batch: &'a Batch, sealed: &'a Sealed) -> Option<Query<'a>> {
    let rows = &batch.private;
    (!rows.is_empty()).then(|| {
        Query::new(
            "INSERT INTO private (workspace, id, position, idx, digest, salt, bytes)
             SELECT $1, new.id, $2, new.idx - 1, new.digest, new.salt, new.bytes
             FROM unnest($3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
                 WITH ORDINALITY AS new (id, digest, salt, bytes, idx)",
        )
        .bind(workspace)
        .bind(position)
        .bind(rows.iter().map(|row| row.id.as_str()).collect::<Vec<&str>>())
        .bind(sealed.private.iter().map(|digest| &digest[..]).collect::<Vec<&[u8]>>())
        .bind(rows.iter().map(|row| &row.content.salt[..]).collect::<Vec<&[u8]>>())
        .bind(rows.iter().map(|row| row.content.bytes.as_slice()).collect::<Vec<&[u8]>>())
    })
}

/// What erasure and retention empty.
fn take_away(workspace: i64, batch: &Batch) -> Vec<Query<'_>> {
    let mut queries = Vec::new();
    if !batch.erase.is_empty() {
        let erase = Query::new("UPDATE private SET salt = NULL, bytes = NULL WHERE workspace = $1 AND id = ANY ($2)");
        let ids: Vec<&str> = batch.erase.iter().map(String::as_str).collect();
        queries.push(erase.bind(workspace).bind(ids));
    }
    queries.extend(rewrite(workspace, batch));
    if !batch.prune.is_empty() {
        let prune = Query::new("UPDATE block SET bytes = '' WHERE workspace = $1 AND position = ANY ($2)");
        let positions: Vec<i64> = batch.prune.iter().map(|position| signed(position.0)).collect();
        queries.push(prune.bind(workspace).bind(positions));
    }
    queries
}

/// The last rewrite of each block that still has its signals.
fn rewrite(workspace: i64, batch: &Batch) -> Option<Query<'_>> {
    let last: BTreeMap<i64, &[u8]> =
        batch.rewrite.iter().map(|rewrite| (signed(rewrite.position.0), rewrite.block.bytes.as_slice())).collect();
    (!last.is_empty()).then(|| {
        Query::new(
            "UPDATE block SET bytes = new.bytes
             FROM unnest($2::bigint[], $3::bytea[]) AS new (position, bytes)
             WHERE block.workspace = $1 AND block.position = new.position AND length(block.bytes) > 0",
        )
        .bind(workspace)
        .bind(last.keys().copied().collect::<Vec<i64>>())
        .bind(last.into_values().collect::<Vec<&[u8]>>())
    })
}

/// Inserts or replaces incident rows, the last of each number. One of which nothing but the tally differs
/// is left as it is otherwise.
pub(super) fn incidents(workspace: i64, rows: &[IncidentRow]) -> Vec<Query<'_>> {
    let last: BTreeMap<IncidentNo, &IncidentRow> = rows.iter().map(|row| (row.no, row)).collect();
    if last.is_empty() {
        return Vec::new();
    }
    let rows: Vec<&IncidentRow> = last.into_values().collect();
    let numbers = |of: fn(&IncidentRow) -> i64| rows.iter().map(|row| of(row)).collect::<Vec<i64>>();
    let no = || numbers(|row| signed(row.no.0));
    let updated = || numbers(|row| signed(row.updated.0));
    let put = Query::new(PUT_INCIDENTS)
        .bind(workspace)
        .bind(no())
        .bind(rows.iter().map(|row| row.key.as_str()).collect::<Vec<&str>>())
        .bind(rows.iter().map(|row| row.class.as_str()).collect::<Vec<&str>>())
        .bind(rows.iter().map(|row| row.service.as_str()).collect::<Vec<&str>>())
        .bind(numbers(|row| i64::from(row.status)))
        .bind(rows.iter().map(|row| row.open).collect::<Vec<_>>())
        .bind(numbers(|row| i64::from(row.severity)))
        .bind(rows.iter().map(|row| row.restricted).collect::<Vec<_>>())
        .bind(numbers(|row| row.opened_at.as_micros()))
        .bind(rows.iter().map(|row| micros(row.ended_at)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| micros(row.next_due)).collect::<Vec<_>>())
        .bind(updated())
        .bind(rows.iter().map(|row| row.state.as_slice()).collect::<Vec<&[u8]>>());
    let count = Query::new(
        "INSERT INTO incident_tally (workspace, no, updated, tally)
         SELECT $1, new.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS new
         ON CONFLICT (workspace, no) DO UPDATE SET updated = excluded.updated, tally = excluded.tally",
    )
    .bind(workspace)
    .bind(no())
    .bind(updated())
    .bind(rows.iter().map(|row| row.tally.as_slice()).collect::<Vec<&[u8]>>());
    vec![put, count]
}

/// Changes tallies alone, the last of each number.
fn tallies(workspace: i64, rows: &[TallyRow]) -> Option<Query<'_>> {
    let last: BTreeMap<IncidentNo, &TallyRow> = rows.iter().map(|row| (row.no, row)).collect();
    (!last.is_empty()).then(|| {
        let sql = "UPDATE incident_tally AS old SET updated = new.updated, tally = new.tally
                   FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS new (no, updated, tally)
                   WHERE old.workspace = $1 AND old.no = new.no";
        Query::new(sql)
            .bind(workspace)
            .bind(last.keys().map(|no| signed(no.0)).collect::<Vec<i64>>())
            .bind(last.values().map(|row| signed(row.updated.0)).collect::<Vec<i64>>())
            .bind(last.values().map(|row| row.tally.as_slice()).collect::<Vec<&[u8]>>())
    })
}

const PUT_INCIDENTS: &str = "INSERT INTO incident (workspace, no, key, class, service, status, open, severity,
         restricted, opened_at, ended_at, next_due, updated, state)
     SELECT $1, new.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[],
             $8::bigint[], $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bytea[])
         AS new (no, key, class, service, status, open, severity, restricted, opened_at, ended_at, next_due, updated,
             state)
     WHERE NOT EXISTS (
         SELECT FROM incident AS old WHERE old.workspace = $1 AND old.no = new.no AND old.open AND new.open
             AND (old.key, old.class, old.service, old.status, old.severity, old.restricted, old.opened_at, old.state)
                 = (new.key, new.class, new.service, new.status, new.severity, new.restricted, new.opened_at, new.state)
             AND old.ended_at IS NOT DISTINCT FROM new.ended_at
             AND old.next_due IS NOT DISTINCT FROM new.next_due AND old.updated <= new.updated)
     ON CONFLICT (workspace, no) DO UPDATE SET key = excluded.key, class = excluded.class,
         service = excluded.service, status = excluded.status, open = excluded.open,
         severity = excluded.severity, restricted = excluded.restricted, opened_at = excluded.opened_at,
         ended_at = excluded.ended_at, next_due = excluded.next_due, updated = excluded.updated,
         state = excluded.state";

/// Deletes every incident row.
pub(super) fn no_incidents(workspace: i64) -> Vec<Query<'static>> {
    ["DELETE FROM incident_tally WHERE workspace = $1", "DELETE FROM incident WHERE workspace = $1"]
        .map(|sql| Query::new(sql).bind(workspace))
        .into()
}

/// The last change of each detector.
fn detectors(workspace: i64, changes: &[DetectorChange]) -> Vec<Query<'_>> {
    let last: BTreeMap<&str, Option<&[u8]>> =
        changes.iter().map(|change| (change.key.as_str(), change.state.as_deref())).collect();
    let gone: Vec<&str> = last.iter().filter(|(_, state)| state.is_none()).map(|(key, _)| *key).collect();
    let put: (Vec<&str>, Vec<&[u8]>) = last.into_iter().filter_map(|(key, state)| Some((key, state?))).unzip();
    let mut queries = Vec::new();
    if !put.0.is_empty() {
        let sql = "INSERT INTO detector (workspace, key, state)
                   SELECT $1, new.* FROM unnest($2::text[], $3::bytea[]) AS new
                   ON CONFLICT (workspace, key) DO UPDATE SET state = excluded.state";
        queries.push(Query::new(sql).bind(workspace).bind(put.0).bind(put.1));
    }
    if !gone.is_empty() {
        let sql = "DELETE FROM detector WHERE workspace = $1 AND key = ANY ($2)";
        queries.push(Query::new(sql).bind(workspace).bind(gone));
    }
    queries
}

/// The last answer to each key.
fn idempotency(workspace: i64, batch: &Batch) -> Option<Query<'_>> {
    let last: BTreeMap<(&str, &str), (i64, &[u8])> = batch
        .idempotency
        .iter()
        .map(|row| ((row.scope.as_str(), row.key.as_str()), (row.expires_at.as_micros(), row.response.as_slice())))
        .collect();
    (!last.is_empty()).then(|| {
        Query::new(
            "INSERT INTO idempotency (workspace, scope, key, expires_at, response)
             SELECT $1, new.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) AS new
             ON CONFLICT (workspace, scope, key)
             DO UPDATE SET expires_at = excluded.expires_at, response = excluded.response",
        )
        .bind(workspace)
        .bind(last.keys().map(|(scope, _)| *scope).collect::<Vec<&str>>())
        .bind(last.keys().map(|(_, key)| *key).collect::<Vec<&str>>())
        .bind(last.values().map(|(expires_at, _)| *expires_at).collect::<Vec<i64>>())
        .bind(last.values().map(|(_, response)| *response).collect::<Vec<&[u8]>>())
    })
}
