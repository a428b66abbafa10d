//! No page is lost: what was requested became deliveries, which ended, and reached the receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::super::receiver::Receiver;
use super::super::{documents, eventually};
use crate::http::Api;

/// For a backlog of pages after the last kill.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of the pages.
pub(super) struct Pages {
    pub(super) requested: usize,
    deliveries: usize,
    delivered: usize,
    repeated: usize,
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no page is lost: {} requests became {} deliveries, {} of them delivered and received, {} received again after a crash under the same webhook-id",
            self.requested, self.deliveries, self.delivered, self.repeated
        )
    }
}

/// Waits for the outbox to empty, then compares requests, deliveries and what was received.
pub(super) async fn compare(api: &Api, receiver: &Receiver) -> Result<Pages> {
    let ended = || async {
        let pending = api.list("/api/v1/deliveries?state=pending", "deliveries").await?;
        Ok(pending.is_empty().then_some(()))
    };
    eventually("every delivery ends", PATIENCE, ended).await?;
    let claimed = || async {
        let rows = api.list("/api/v1/deliveries", "deliveries").await?;
        let requests = requests(api).await?;
        Ok(requests.iter().all(|request| request.has_ended(&rows)).then_some((rows, requests)))
    };
    let (rows, requests) = eventually("every page request has deliveries", PATIENCE, claimed).await?;
    let mut received: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for page in receiver.all() {
        received.entry(page.id().to_owned()).or_default().push(page.message.body);
    }
    let mut delivered = 0;
    for row in rows.iter().filter(|row| row["state"] == "delivered" && row["channel"] != "inbox") {
        let id = row["id"].as_str().unwrap_or_default();
        ensure!(received.contains_key(id), "the delivery {id} is called delivered and never arrived");
        delivered += 1;
    }
    let known: BTreeSet<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    for (id, bodies) in &received {
        ensure!(known.contains(id.as_str()), "the receiver got {id}, which no delivery knows");
        ensure!(bodies.iter().all(|body| body == &bodies[0]), "under the webhook-id {id} came different bodies");
    }
    let repeated = received.values().map(|bodies| bodies.len() - 1).sum();
    Ok(Pages { requested: requests.len(), deliveries: rows.len(), delivered, repeated })
}

/// A page that some timeline says was asked for.
struct Request {
    incident: String,
    /// The part of a delivery's id that names its reason, as the core's `PageReason::key`.
    key: String,
    /// Somebody took the incident, so that a step of its escalation may have had nothing left to do.
    is_moot: bool,
}

impl Request {
    /// It has deliveries, all of which ended, or nobody waits for it any more.
    fn has_ended(&self, rows: &[Value]) -> bool {
        let is_mine = |row: &&Value| {
            row["incident"] == *self.incident && row["id"].as_str().is_some_and(|id| id.contains(&self.key))
        };
        let mut mine = rows.iter().filter(is_mine).peekable();
        let is_claimed = mine.peek().is_some();
        (is_claimed && mine.all(|row| row["state"] != "pending")) || (!is_claimed && self.is_moot)
    }
}

async fn requests(api: &Api) -> Result<Vec<Request>> {
    let mut requests = Vec::new();
    for incident in api.list("/api/v1/incidents", "incidents").await? {
        let id = incident["id"].as_str().unwrap_or_default();
        let is_taken = incident["status"] != "triggered";
        for entry in documents::timeline(api, id).await? {
            for (kind, request) in documents::events(&entry) {
                if kind == "page_requested" {
                    let (key, is_escalation) = reason(&request["reason"])?;
                    requests.push(Request { incident: id.to_owned(), key, is_moot: is_taken && is_escalation });
                }
            }
        }
    }
    Ok(requests)
}

/// The key of a page's reason, and whether it is a step of the escalation.
fn reason(reason: &Value) -> Result<(String, bool)> {
    let parts = reason.as_object().and_then(|map| map.iter().next());
    let (kind, content) = parts.with_context(|| format!("a page without a reason: {reason}"))?;
    let clock = || documents::clock_name(&content["clock"]);
    let key = match kind.as_str() {
        "escalation" => format!("step-{}-round-{}", content["step"], content["round"]),
        "warning" => format!("warning-{}-{}", clock()?, content["percent"]),
        "missed" => format!("missed-{}", clock()?),
        "raised" => format!("raised-{}", content["to"]),
        "reopened" => format!("reopened-{}", content["time"]),
        "assigned" => format!("assigned-{}", content["role"].as_str().unwrap_or_default()),
        other => bail!("a page has the unknown reason `{other}`"),
    };
    Ok((key, kind == "escalation"))
}
