//! Requests, deliveries and documents, written by commits and by changes beside them alike.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Instant;
use rusqlite::{Transaction, params};

use super::column::{Micros, micros};
use super::fault::Fault;
use crate::{Attempt, Claim, DeliveryRow, DeliveryUpdate, DocumentChange, RequestRow, Workspace};

/// New requests and what becomes of them. Most are claimed as they are made: those are written
/// once, as claimed, and never enter the index of those that wait.
pub(super) fn requests_and_deliveries(
    transaction: &Transaction<'_>,
    workspace: Workspace,
    requests: &[RequestRow],
    updates: &[DeliveryUpdate],
) -> Result<(), Fault> {
    let mut claims: BTreeMap<&str, Instant> = BTreeMap::new();
    for update in updates {
        if let DeliveryUpdate::Claim(claim) = update {
            claims.entry(&claim.request).or_insert(claim.at);
        }
    }
    insert_requests(transaction, workspace, requests, &claims)?;
    let mut new: BTreeSet<&str> = requests.iter().map(|row| row.id.as_str()).collect();
    for update in updates {
        match update {
            // Another claim of the same request changes nothing.
            DeliveryUpdate::Claim(claim) if new.remove(claim.request.as_str()) => {
                insert_deliveries(transaction, workspace, claim)?;
            }
            DeliveryUpdate::Claim(claim) => self::claim(transaction, workspace, claim)?,
            DeliveryUpdate::Attempt(attempt) => self::attempt(transaction, workspace, attempt)?,
        }
    }
    Ok(())
}

fn insert_requests(
    transaction: &Transaction<'_>,
    workspace: Workspace,
    requests: &[RequestRow],
    claims: &BTreeMap<&str, Instant>,
) -> Result<(), Fault> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO request (workspace, id, incident, severity, kind, created_at, claimed_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    for row in requests {
        let inserted = insert.execute(params![
            workspace,
            row.id,
            row.incident,
            row.severity,
            row.kind,
            Micros(row.created_at),
            micros(claims.get(row.id.as_str()).copied()),
            row.body
        ])?;
        if inserted == 0 {
            return Err(Fault::constraint(format!("request `{}` exists already", row.id)));
        }
    }
    Ok(())
}

pub(super) fn documents(
    transaction: &Transaction<'_>,
    workspace: Workspace,
    changes: &[DocumentChange],
) -> Result<(), Fault> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO document (workspace, collection, id, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (workspace, collection, id) DO UPDATE SET body = excluded.body",
    )?;
    let mut delete =
        transaction.prepare_cached("DELETE FROM document WHERE workspace = ?1 AND collection = ?2 AND id = ?3")?;
    for change in changes {
        match &change.body {
            Some(body) => put.execute(params![workspace, change.collection, change.id, body])?,
            None => delete.execute(params![workspace, change.collection, change.id])?,
        };
    }
    Ok(())
}

fn claim(transaction: &Transaction<'_>, workspace: Workspace, claim: &Claim) -> Result<(), Fault> {
    let claimed = transaction
        .prepare_cached("UPDATE request SET claimed_at = ?3 WHERE workspace = ?1 AND id = ?2 AND claimed_at IS NULL")?
        .execute(params![workspace, claim.request, Micros(claim.at)])?;
    if claimed == 0 {
        let known = transaction
            .prepare_cached("SELECT 1 FROM request WHERE workspace = ?1 AND id = ?2")?
            .exists(params![workspace, claim.request])?;
        if !known {
            return Err(Fault::constraint(format!("request `{}` is unknown and cannot be claimed", claim.request)));
        }
        return Ok(());
    }
    insert_deliveries(transaction, workspace, claim)
}

fn insert_deliveries(transaction: &Transaction<'_>, workspace: Workspace, claim: &Claim) -> Result<(), Fault> {
    for row in &claim.deliveries {
        insert_delivery(transaction, workspace, &claim.request, row)?;
    }
    Ok(())
}

fn insert_delivery(
    transaction: &Transaction<'_>,
    workspace: Workspace,
    request: &str,
    row: &DeliveryRow,
) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "INSERT INTO delivery (workspace, id, request, incident, severity, person, channel, address,
                 idempotency_key, roster_version, created_at, state, attempts, next_attempt_at, attempted_at,
                 outcome, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (workspace, id) DO NOTHING",
        )?
        .execute(params![
            workspace,
            row.id,
            request,
            row.incident,
            row.severity,
            row.person,
            row.channel,
            row.address,
            row.idempotency_key,
            row.roster_version,
            Micros(row.created_at),
            row.state,
            row.attempts,
            micros(row.next_attempt_at),
            micros(row.attempted_at),
            row.outcome,
            row.body
        ])?;
    Ok(())
}

fn attempt(transaction: &Transaction<'_>, workspace: Workspace, attempt: &Attempt) -> Result<(), Fault> {
    let found = transaction
        .prepare_cached(
            "UPDATE delivery SET state = ?3, attempts = ?4, next_attempt_at = ?5, attempted_at = ?6, outcome = ?7
             WHERE workspace = ?1 AND id = ?2 AND state = 0",
        )?
        .execute(params![
            workspace,
            attempt.delivery,
            attempt.state,
            attempt.attempts,
            micros(attempt.next_attempt_at),
            Micros(attempt.at),
            attempt.outcome
        ])?;
    // What has ended stays as it is.
    let mut known = transaction.prepare_cached("SELECT 1 FROM delivery WHERE workspace = ?1 AND id = ?2")?;
    if found == 0 && !known.exists(params![workspace, attempt.delivery])? {
        return Err(Fault::constraint(format!("delivery `{}` is unknown", attempt.delivery)));
    }
    Ok(())
}
