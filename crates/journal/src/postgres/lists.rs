//! Lists whose conditions depend on a filter, and the counts. Values are always bound, never written into the text.

use std::collections::BTreeMap;

use calendar::Instant;
use tokio_postgres::Row;

use super::column::{self, DELIVERY, Fields, INCIDENT, TALLY, signed};
use super::fault::Fault;
use super::session::{Query, Value};
use crate::{Counts, DeliveryFilter, IncidentFilter, IncidentNo, Living, Result, Workspace};

/// Adds a condition on one column where the filter has a value for it.
fn and<'a, V: Value + 'a>(query: &mut Query<'a>, condition: &str, value: Option<V>) {
    if let Some(value) = value {
        let parameter = query.push(value);
        query.add_sql(&format!(" AND {condition} ${parameter}"));
    }
}

fn end<'a>(mut query: Query<'a>, order: &str, limit: u32) -> Query<'a> {
    let parameter = query.push(i64::from(limit));
    query.add_sql(&format!(" ORDER BY {order} LIMIT ${parameter}"));
    query
}

pub(super) fn incidents(workspace: Workspace, filter: &IncidentFilter, limit: u32) -> Query<'_> {
    let sql = format!("SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = $1");
    let mut query = Query::new(sql).bind(column::workspace(workspace));
    // Written out, because the index of open incidents serves only a literal.
    match filter.open {
        Some(true) => query.add_sql(" AND open"),
        Some(false) => query.add_sql(" AND NOT open"),
        None => {}
    }
    and(&mut query, "status =", filter.status.map(i64::from));
    and(&mut query, "severity =", filter.severity.map(i64::from));
    and(&mut query, "class =", filter.class.as_deref());
    and(&mut query, "service =", filter.service.as_deref());
    and(&mut query, "restricted =", filter.restricted);
    and(&mut query, "no <", filter.before.map(|no| signed(no.0)));
    end(query, "no DESC", limit)
}

pub(super) fn living<'a>(workspace: Workspace, living: &Living, limit: u32) -> Query<'a> {
    let (opened_before, no_before) = living.before.unwrap_or((Instant::MAX, IncidentNo(u64::MAX)));
    // Each span is a stretch of the index in the order that is asked for; only what is returned is read whole.
    let spans = (0..living.reaches().len()).map(|span| {
        format!(
            "(SELECT no FROM incident
              WHERE workspace = $1 AND span = {span} AND opened_at >= ${} AND opened_at < $3
                  AND (opened_at, no) < ($4, $5) AND coalesce(ended_at, $2) >= $2
              ORDER BY opened_at DESC, no DESC LIMIT $6)",
            span + 7
        )
    });
    let sql = format!(
        "SELECT {INCIDENT} FROM incident {TALLY} WHERE workspace = $1 AND no IN ({})
         ORDER BY opened_at DESC, no DESC LIMIT $6",
        spans.collect::<Vec<_>>().join(" UNION ALL ")
    );
    let query = Query::new(sql)
        .bind(column::workspace(workspace))
        .bind(living.from.as_micros())
        .bind(living.until.as_micros())
        .bind(opened_before.as_micros())
        .bind(signed(no_before.0))
        .bind(i64::from(limit));
    living.reaches().into_iter().fold(query, |query, reach| query.bind(reach.as_micros()))
}

pub(super) fn deliveries(workspace: Workspace, filter: &DeliveryFilter, limit: u32) -> Query<'_> {
    let sql = format!("SELECT {DELIVERY} FROM delivery WHERE workspace = $1");
    let mut query = Query::new(sql).bind(column::workspace(workspace));
    and(&mut query, "incident =", column::number(filter.incident));
    and(&mut query, "person =", filter.person.as_deref());
    and(&mut query, "state =", filter.state.map(|state| state as i64));
    if let Some(before) = &filter.before {
        let (created_at, id) = (query.push(before.created_at.as_micros()), query.push(before.id.as_str()));
        query.add_sql(&format!(" AND (created_at, id) < (${created_at}, ${id})"));
    }
    end(query, "created_at DESC, id DESC", limit)
}

pub(super) fn counts(workspace: Workspace) -> Vec<Query<'static>> {
    [
        "SELECT severity, count(*) FROM incident WHERE workspace = $1 AND open GROUP BY severity",
        "SELECT severity, count(*) FROM request WHERE workspace = $1 AND claimed_at IS NULL GROUP BY severity",
        "SELECT severity, count(*) FROM delivery WHERE workspace = $1 AND state = 0 GROUP BY severity",
        "SELECT min(created_at) FROM (
             SELECT min(created_at) AS created_at FROM request WHERE workspace = $1 AND claimed_at IS NULL
             UNION ALL
             SELECT min(created_at) FROM delivery WHERE workspace = $1 AND state = 0) AS pending",
    ]
    .map(|sql| Query::new(sql).bind(column::workspace(workspace)))
    .into()
}

/// Reads the answers to [`counts`].
pub(super) fn read_counts(answers: &[Vec<Row>]) -> Result<Counts, Fault> {
    let by_severity = |rows: &[Row]| -> Result<BTreeMap<u8, u64>, Fault> {
        rows.iter().map(Fields::of).map(|mut fields| Ok((fields.number()?, fields.number()?))).collect()
    };
    let oldest = answers[3].first().map(|row| Fields::of(row).instant_opt()).transpose()?;
    Ok(Counts {
        open_incidents: by_severity(&answers[0])?,
        pending_requests: by_severity(&answers[1])?,
        pending_deliveries: by_severity(&answers[2])?,
        oldest_pending: oldest.flatten(),
    })
}
