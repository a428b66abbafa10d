//! Receivers that misbehave: hanging, gone, redirecting, and addresses that lead inside.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::receiver::Receiver;
use super::super::{Checks, documents, eventually};
use crate::http::{Answer, Api};

/// An attempt may take 15 s, its retry some more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any attempt may take.
const HANGS: Duration = Duration::from_secs(120);

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    gone(checks).await?;
    redirecting(checks).await?;
    inside(checks).await?;
    hanging(checks).await
}

/// 410 ends a delivery: the receiver wants no more.
async fn gone(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::answering(|_| Answer::Status(410, Vec::new())).await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    open(&server.api).await?;
    let dead = delivery(&server.api, "is dead after 410", |row| row["state"] == "dead").await?;
    let id = dead["id"].as_str().unwrap_or_default().to_owned();
    let sent = receiver.all().iter().filter(|page| page.id() == id).count();
    ensure!(sent <= 1, "after 410 nothing more should come for {id}, but {sent} came");
    checks.pass("a receiver that answers 410 gets nothing twice, and the delivery is a dead letter");
    server.stop()
}

/// A redirect is never followed: it could lead inside.
async fn redirecting(checks: &mut Checks) -> Result<()> {
    let inside = Receiver::start().await?;
    let to = inside.url();
    let receiver = Receiver::answering(move |_| Answer::Status(307, vec![("location".into(), to.clone())])).await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    open(&server.api).await?;
    delivery(&server.api, "was attempted", |row| row["attempts"].as_u64() > Some(0)).await?;
    ensure!(inside.all().is_empty(), "the redirect was followed");
    checks.pass("a redirect is a failure and is not followed");
    server.stop()
}

/// Without `allow_internal` an address inside is not even connected to.
async fn inside(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let roster = documents::ROSTER.replace(", allow_internal: true", "");
    let site = documents::site_with(documents::POLICY, &roster, &receiver)?;
    let server = site.start().await?;
    open(&server.api).await?;
    let refused = |row: &Value| row["state"] != "delivered" && row["outcome"].to_string().contains("address-forbidden");
    delivery(&server.api, "is refused with address-forbidden", refused).await?;
    ensure!(receiver.all().is_empty(), "the address inside was connected to");
    checks.pass("a webhook to an address inside is refused with address-forbidden, unless its channel allows it");
    server.stop()
}

/// A receiver that hangs delays nothing but its own delivery.
async fn hanging(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::answering(|_| Answer::Hang(HANGS)).await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    open(&server.api).await?;
    receiver.page_about("INC-1", PATIENCE).await?;
    let begun = std::time::Instant::now();
    for n in 0..20 {
        server.api.post("/v1/signals", &documents::signal(&format!("hang-{n}"), "hang")).await?;
    }
    let took = begun.elapsed();
    ensure!(took < Duration::from_secs(5), "with a hanging receiver 20 signals took {took:?}");
    let tried = |row: &Value| row["attempts"].as_u64() > Some(0) && row["state"] == "pending";
    delivery(&server.api, "timed out and waits for its next attempt", tried).await?;
    checks.pass(format!(
        "a receiver that hangs times out and is retried; 20 signals meanwhile took {} ms",
        took.as_millis()
    ));
    server.stop()
}

async fn open(api: &Api) -> Result<()> {
    api.post("/v1/signals", &documents::signal("first", "hang")).await.map(|_| ())
}

async fn delivery(api: &Api, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let look = || async { Ok(api.list("/api/v1/deliveries", "deliveries").await?.into_iter().find(|row| holds(row))) };
    eventually(&format!("a delivery {what}"), PATIENCE, look).await
}
