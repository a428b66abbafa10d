//! No page is lost: what was requested became deliveries, which ended, and reached the receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::receiver::Receiver;
use super::super::{documents, eventually};
use crate::http::Api;

/// For a backlog of pages after the last kill.
const PATIENCE: Duration = Duration::from_secs(120);
/// With nothing pending and nothing new for so long, the outbox is at rest: longer than the short
/// deadlines of the policy, so that the last of them have passed, too.
const REST: Duration = Duration::from_secs(6);

/// What became of the pages.
pub(in crate::e2e) struct Pages {
    pub(in crate::e2e) requested: usize,
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

/// Waits until the outbox is at rest, then compares requests, deliveries and what was received.
pub(in crate::e2e) async fn compare(api: &Api, receiver: &Receiver) -> Result<Pages> {
    // Claims come before attempts, so that an outbox at rest shows in a position that stays.
    let at_rest = || async {
        let before = api.get("/api/v1/audit").await?;
        tokio::time::sleep(REST).await;
        let pending = api.list("/api/v1/deliveries?state=pending", "deliveries").await?;
        Ok((pending.is_empty() && api.get("/api/v1/audit").await? == before).then_some(()))
    };
    eventually("every delivery ends", PATIENCE, at_rest).await?;
    let arrived = receiver.all();
    let rows = api.list("/api/v1/deliveries", "deliveries").await?;
    let requests = requests(api).await?;
    for (batch, asked) in &requests {
        let became = became(batch, &rows);
        let lost = asked.iter().filter(|request| !request.is_moot).count() > became;
        ensure!(!lost, "{batch:?} asked for {asked:?}, and {became} of these became deliveries");
    }
    let mut received: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for page in arrived {
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
    let contents: BTreeSet<String> = received.values().map(|bodies| content(&bodies[0])).collect();
    ensure!(contents.len() == received.len(), "one page went out under two webhook-ids");
    let repeated = received.values().map(|bodies| bodies.len() - 1).sum();
    Ok(Pages { requested: requests.values().map(Vec::len).sum(), deliveries: rows.len(), delivered, repeated })
}

/// What makes two messages the same page for those who get it.
fn content(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let data = &body["data"];
    format!("{} {} {}", data["incident"], data["reason"], data["to"])
}

/// One decision about one incident: its id, and the position in the journal.
type Batch = (String, u64);

/// A page that some timeline says was asked for.
#[derive(Debug)]
struct Request {
    #[expect(dead_code, reason = "shown when it is lost")]
    reason: Value,
    /// Somebody took the incident, so that a step of its escalation may have had nothing left to do.
    is_moot: bool,
}

/// How many requests of a decision have deliveries. A delivery is named after its request, which
/// is named after its batch: `dlv_<position>-<index>_…`.
fn became((incident, position): &Batch, rows: &[Value]) -> usize {
    let prefix = format!("dlv_{position}-");
    let mine = rows.iter().filter(|row| row["incident"] == **incident).filter_map(|row| row["id"].as_str());
    let requests = mine.filter_map(|id| id.strip_prefix(&prefix)?.split_once('_').map(|(index, _)| index));
    requests.collect::<BTreeSet<&str>>().len()
}

async fn requests(api: &Api) -> Result<BTreeMap<Batch, Vec<Request>>> {
    let mut requests: BTreeMap<Batch, Vec<Request>> = BTreeMap::new();
    for incident in api.list("/api/v1/incidents", "incidents").await? {
        let id = incident["id"].as_str().unwrap_or_default();
        let is_taken = incident["status"] != "triggered";
        for entry in documents::timeline(api, id).await? {
            let position = entry["position"].as_u64().with_context(|| format!("no position in {entry}"))?;
            for (kind, mut request) in documents::events(&entry) {
                if kind == "page_requested" {
                    let reason = request["reason"].take();
                    let is_moot = is_taken && reason.get("escalation").is_some();
                    requests.entry((id.to_owned(), position)).or_default().push(Request { reason, is_moot });
                }
            }
        }
    }
    Ok(requests)
}
