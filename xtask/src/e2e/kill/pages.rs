//! No page is lost: what was requested became deliveries, which ended, and reached the receiver.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
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
        let rows = api.list("/api/v1/deliveries", "deliveries").await?;
        let pending =
            rows.iter().any(|row| !["delivered", "dead", "superseded"].iter().any(|state| row["state"] == *state));
        Ok((!pending && all_claimed(api, &rows).await?).then_some(rows))
    };
    let rows = eventually("every page request has deliveries that ended", PATIENCE, ended).await?;
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
    for (id, bodies) in &received {
        ensure!(rows.iter().any(|row| row["id"] == **id), "the receiver got {id}, which no delivery knows");
        ensure!(bodies.iter().all(|body| body == &bodies[0]), "under the webhook-id {id} came different bodies");
    }
    let repeated = received.values().map(|bodies| bodies.len() - 1).sum();
    Ok(Pages { requested: requests(api).await?.len(), deliveries: rows.len(), delivered, repeated })
}

/// Whether each request of each timeline has a delivery, or was skipped for want of a person.
async fn all_claimed(api: &Api, rows: &[Value]) -> Result<bool> {
    let has_delivery = |incident: &str, key: &str| {
        rows.iter().any(|row| row["incident"] == *incident && row["id"].as_str().is_some_and(|id| id.contains(key)))
    };
    Ok(requests(api).await?.iter().all(|(incident, key)| has_delivery(incident, key)))
}

/// Every page request: its incident, and the part of a delivery's id that names its reason.
async fn requests(api: &Api) -> Result<Vec<(String, String)>> {
    let mut requests = Vec::new();
    for incident in api.list("/api/v1/incidents", "incidents").await? {
        let id = incident["id"].as_str().unwrap_or_default();
        for entry in documents::timeline(api, id).await? {
            let events = documents::events(&entry).into_iter().filter(|(kind, _)| kind == "page_requested");
            requests.extend(events.filter_map(|(_, request)| Some((id.to_owned(), reason_key(&request["reason"])?))));
        }
    }
    Ok(requests)
}

/// As the core's `PageReason::key`, where only the escalation's reason is told apart by its form.
fn reason_key(reason: &Value) -> Option<String> {
    let (kind, content) = reason.as_object()?.iter().next()?;
    match kind.as_str() {
        "escalation" => Some(format!("step-{}-round-{}", content["step"], content["round"])),
        "warning" | "missed" | "raised" | "reopened" | "assigned" => Some(format!("{kind}-")),
        _ => None,
    }
}
