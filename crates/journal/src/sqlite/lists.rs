//! Lists whose conditions depend on a filter, and the counts. Values are always bound, never written into the text.

use std::collections::BTreeMap;

use calendar::Instant;
use rusqlite::{Connection, ToSql, params_from_iter};

use super::column::{self, Count, DELIVERY, INCIDENT, Micros, TALLY};
use super::fault::Fault;
use crate::{Counts, DeliveryFilter, DeliveryRow, IncidentFilter, IncidentNo, IncidentRow, Living, Workspace};

/// The conditions of a list and the values that they compare with.
struct Conditions<'a> {
    sql: String,
    values: Vec<&'a dyn ToSql>,
}

impl<'a> Conditions<'a> {
    fn new(workspace: &'a Workspace) -> Conditions<'a> {
        Conditions { sql: "workspace = ?".to_owned(), values: vec![workspace] }
    }

    fn and<T: ToSql>(&mut self, condition: &str, value: &'a Option<T>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.values.push(value);
        }
    }
}

pub(super) fn incidents(
    connection: &Connection,
    workspace: Workspace,
    filter: &IncidentFilter,
    limit: u32,
) -> Result<Vec<IncidentRow>, Fault> {
    let mut conditions = Conditions::new(&workspace);
    // Written out, because the index of open incidents serves only a literal.
    let (table, open) = match filter.open {
        Some(true) => ("incident INDEXED BY incident_open", " AND open = 1"),
        Some(false) => ("incident", " AND open = 0"),
        None => ("incident", ""),
    };
    conditions.sql.push_str(open);
    conditions.and("status = ?", &filter.status);
    conditions.and("severity = ?", &filter.severity);
    conditions.and("class = ?", &filter.class);
    conditions.and("service = ?", &filter.service);
    conditions.and("restricted = ?", &filter.restricted);
    conditions.and("no < ?", &filter.before);
    conditions.values.push(&limit);
    let sql = format!("SELECT {INCIDENT} FROM {table} {TALLY} WHERE {} ORDER BY no DESC LIMIT ?", conditions.sql);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(params_from_iter(conditions.values), column::incident)?.collect::<Result<_, _>>()?)
}

pub(super) fn living(
    connection: &Connection,
    workspace: Workspace,
    living: &Living,
    limit: u32,
) -> Result<Vec<IncidentRow>, Fault> {
    let (from, until) = (Micros(living.from), Micros(living.until));
    let before = living.before.unwrap_or((Instant::MAX, IncidentNo(u64::MAX)));
    let (opened_before, no_before) = (Micros(before.0), before.1);
    let reaches = living.reaches().map(Micros);
    let mut values: Vec<&dyn ToSql> = vec![&workspace, &from, &until, &opened_before, &no_before, &limit];
    values.extend(reaches.iter().map(|reach| reach as &dyn ToSql));
    // Each span is a stretch of the index in the order that is asked for; only what is returned is read whole.
    let spans = (0..reaches.len()).map(|span| {
        format!(
            "SELECT rowid FROM (SELECT rowid FROM incident INDEXED BY incident_life
                 WHERE workspace = ?1 AND span = {span} AND opened_at >= ?{} AND opened_at < ?3
                     AND (opened_at, no) < (?4, ?5) AND coalesce(ended_at, ?2) >= ?2
                 ORDER BY opened_at DESC, no DESC LIMIT ?6)",
            span + 7
        )
    });
    let sql = format!(
        "SELECT {INCIDENT} FROM incident {TALLY} WHERE incident.rowid IN ({})
         ORDER BY opened_at DESC, incident.no DESC LIMIT ?6",
        spans.collect::<Vec<_>>().join(" UNION ALL ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(params_from_iter(values), column::incident)?.collect::<Result<_, _>>()?)
}

pub(super) fn deliveries(
    connection: &Connection,
    workspace: Workspace,
    filter: &DeliveryFilter,
    limit: u32,
) -> Result<Vec<DeliveryRow>, Fault> {
    let before = filter.before.as_ref();
    let (created_at, id) = (before.map(|place| Micros(place.created_at)), before.map(|place| &place.id));
    let mut conditions = Conditions::new(&workspace);
    conditions.and("incident = ?", &filter.incident);
    conditions.and("person = ?", &filter.person);
    conditions.and("state = ?", &filter.state);
    conditions.and("(created_at, id) < (?", &created_at);
    if id.is_some() {
        conditions.sql.push_str(", ?)");
        conditions.values.push(&id);
    }
    conditions.values.push(&limit);
    let sql =
        format!("SELECT {DELIVERY} FROM delivery WHERE {} ORDER BY created_at DESC, id DESC LIMIT ?", conditions.sql);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(params_from_iter(conditions.values), column::delivery)?.collect::<Result<_, _>>()?)
}

pub(super) fn counts(connection: &Connection, workspace: Workspace) -> Result<Counts, Fault> {
    let by_severity = |table: &str, condition: &str| -> Result<BTreeMap<u8, u64>, Fault> {
        let sql =
            format!("SELECT severity, count(*) FROM {table} WHERE workspace = ?1 AND {condition} GROUP BY severity");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([workspace], |row| Ok((row.get(0)?, row.get::<_, Count>(1)?.0)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let oldest: Option<Micros> = connection
        .prepare_cached(
            "SELECT min(created_at) FROM (
                 SELECT min(created_at) AS created_at FROM request WHERE workspace = ?1 AND claimed_at IS NULL
                 UNION ALL
                 SELECT min(created_at) FROM delivery WHERE workspace = ?1 AND state = 0)",
        )?
        .query_row([workspace], |row| row.get(0))?;
    Ok(Counts {
        open_incidents: by_severity("incident", "open = 1")?,
        pending_requests: by_severity("request", "claimed_at IS NULL")?,
        pending_deliveries: by_severity("delivery", "state = 0")?,
        oldest_pending: oldest.map(|micros| micros.0),
    })
}
