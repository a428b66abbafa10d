//! Requests, deliveries and documents, written by commits and by changes beside them alike.

use std::collections::BTreeMap;

use super::column::{micros, number};
use super::facts::Outcome;
use super::session::Query;
use crate::{DeliveryRow, DocumentChange, RequestRow};

/// New requests, those that are claimed at once included.
pub(super) fn requests<'a>(workspace: i64, rows: &'a [RequestRow], outcome: &Outcome<'_>) -> Option<Query<'a>> {
    let claimed = |row: &RequestRow| micros(outcome.claims.get(row.id.as_str()).copied());
    (!rows.is_empty()).then(|| {
        Query::new(
            "INSERT INTO request (workspace, id, incident, severity, kind, created_at, claimed_at, body)
             SELECT $1, new.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[],
                 $7::bigint[], $8::bytea[]) AS new",
        )
        .bind(workspace)
        .bind(rows.iter().map(|row| row.id.as_str()).collect::<Vec<&str>>())
        .bind(rows.iter().map(|row| number(row.incident)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| i64::from(row.severity)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.kind).collect::<Vec<&str>>())
        .bind(rows.iter().map(|row| row.created_at.as_micros()).collect::<Vec<_>>())
        .bind(rows.iter().map(claimed).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.body.as_slice()).collect::<Vec<&[u8]>>())
    })
}

/// Claims of requests that were there before, new deliveries, and outcomes.
pub(super) fn deliveries<'a>(workspace: i64, new: &[RequestRow], outcome: &Outcome<'a>) -> Vec<Query<'a>> {
    let mut claims = outcome.claims.clone();
    for row in new {
        claims.remove(row.id.as_str());
    }
    let mut queries = Vec::new();
    if !claims.is_empty() {
        let (ids, at): (Vec<&str>, Vec<i64>) = claims.iter().map(|(id, at)| (*id, at.as_micros())).unzip();
        queries.push(
            Query::new(
                "UPDATE request SET claimed_at = claim.at FROM unnest($2::text[], $3::bigint[]) AS claim (id, at)
                 WHERE request.workspace = $1 AND request.id = claim.id",
            )
            .bind(workspace)
            .bind(ids)
            .bind(at),
        );
    }
    if !outcome.deliveries.is_empty() {
        let rows: Vec<(&'a str, &'a DeliveryRow)> = outcome.deliveries.values().copied().collect();
        queries.push(insert(workspace, &rows));
    }
    if !outcome.attempts.is_empty() {
        queries.push(attempts(workspace, outcome));
    }
    queries
}

fn insert<'a>(workspace: i64, rows: &[(&'a str, &'a DeliveryRow)]) -> Query<'a> {
    let texts = |of: fn(&'a DeliveryRow) -> &'a str| rows.iter().map(|(_, row)| of(row)).collect::<Vec<&'a str>>();
    let numbers = |of: fn(&DeliveryRow) -> i64| rows.iter().map(|(_, row)| of(row)).collect::<Vec<i64>>();
    let maybe = |of: fn(&DeliveryRow) -> Option<i64>| rows.iter().map(|(_, row)| of(row)).collect::<Vec<_>>();
    Query::new(
        "INSERT INTO delivery (workspace, id, request, incident, severity, person, channel, address,
             idempotency_key, roster_version, created_at, state, attempts, next_attempt_at, attempted_at, outcome, body)
         SELECT $1, new.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
             $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
             $15::bigint[], $16::text[], $17::bytea[]) AS new
         ON CONFLICT (workspace, id) DO NOTHING",
    )
    .bind(workspace)
    .bind(texts(|row| &row.id))
    .bind(rows.iter().map(|(request, _)| *request).collect::<Vec<&'a str>>())
    .bind(maybe(|row| number(row.incident)))
    .bind(numbers(|row| i64::from(row.severity)))
    .bind(texts(|row| &row.person))
    .bind(texts(|row| &row.channel))
    .bind(texts(|row| &row.address))
    .bind(texts(|row| &row.idempotency_key))
    .bind(texts(|row| &row.roster_version))
    .bind(numbers(|row| row.created_at.as_micros()))
    .bind(numbers(|row| row.state as i64))
    .bind(numbers(|row| i64::from(row.attempts)))
    .bind(maybe(|row| micros(row.next_attempt_at)))
    .bind(maybe(|row| micros(row.attempted_at)))
    .bind(texts(|row| &row.outcome))
    .bind(rows.iter().map(|(_, row)| row.body.as_slice()).collect::<Vec<&'a [u8]>>())
}

fn attempts<'a>(workspace: i64, outcome: &Outcome<'a>) -> Query<'a> {
    let attempts = || outcome.attempts.values().copied();
    Query::new(
        "UPDATE delivery SET state = new.state, attempts = new.attempts, next_attempt_at = new.next_attempt_at,
             attempted_at = new.attempted_at, outcome = new.outcome
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
             AS new (id, state, attempts, next_attempt_at, attempted_at, outcome)
         WHERE delivery.workspace = $1 AND delivery.id = new.id AND delivery.state = 0",
    )
    .bind(workspace)
    .bind(attempts().map(|attempt| attempt.delivery.as_str()).collect::<Vec<&'a str>>())
    .bind(attempts().map(|attempt| attempt.state as i64).collect::<Vec<_>>())
    .bind(attempts().map(|attempt| i64::from(attempt.attempts)).collect::<Vec<_>>())
    .bind(attempts().map(|attempt| micros(attempt.next_attempt_at)).collect::<Vec<_>>())
    .bind(attempts().map(|attempt| attempt.at.as_micros()).collect::<Vec<_>>())
    .bind(attempts().map(|attempt| attempt.outcome.as_str()).collect::<Vec<&'a str>>())
}

/// The last change of each document.
pub(super) fn documents(workspace: i64, changes: &[DocumentChange]) -> Vec<Query<'_>> {
    let last: BTreeMap<(&str, &str), Option<&[u8]>> = changes
        .iter()
        .map(|change| ((change.collection.as_str(), change.id.as_str()), change.body.as_deref()))
        .collect();
    let (mut collections, mut ids, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    let (mut gone_collections, mut gone_ids) = (Vec::new(), Vec::new());
    for ((collection, id), body) in last {
        match body {
            Some(body) => {
                collections.push(collection);
                ids.push(id);
                bodies.push(body);
            }
            None => {
                gone_collections.push(collection);
                gone_ids.push(id);
            }
        }
    }
    let mut queries = Vec::new();
    if !ids.is_empty() {
        queries.push(
            Query::new(
                "INSERT INTO document (workspace, collection, id, body)
                 SELECT $1, new.* FROM unnest($2::text[], $3::text[], $4::bytea[]) AS new
                 ON CONFLICT (workspace, collection, id) DO UPDATE SET body = excluded.body",
            )
            .bind(workspace)
            .bind(collections)
            .bind(ids)
            .bind(bodies),
        );
    }
    if !gone_ids.is_empty() {
        queries.push(
            Query::new(
                "DELETE FROM document USING unnest($2::text[], $3::text[]) AS gone (collection, id)
                 WHERE workspace = $1 AND document.collection = gone.collection AND document.id = gone.id",
            )
            .bind(workspace)
            .bind(gone_collections)
            .bind(gone_ids),
        );
    }
    queries
}

/// Deletes remembered answers that have expired.
pub(super) fn forget(workspace: i64, until: calendar::Instant) -> Query<'static> {
    Query::new("DELETE FROM idempotency WHERE workspace = $1 AND expires_at <= $2")
        .bind(workspace)
        .bind(until.as_micros())
}
