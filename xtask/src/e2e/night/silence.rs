//! The bot is off from two until four: nobody is missed meanwhile, and nothing counts as recovery.
//!
//! It has a server of its own, since the rest of the night expects no answers.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::e2e::Checks;

/// The bot answers at least every half hour, or is missed.
const ABSENCE: &str = "  - id: no-answers
    absence: {metric: answers, service: support-assistant, within: 30m}
    raise: {class: wrong_answers, severity: SEV-2}
";
/// What is down when the bot is switched off.
const OUTAGE: &str = "INC-1";
/// What opens when the bot is missed.
const MISSED: &str = "INC-2";

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let stage = Stage::set_with(ABSENCE).await?;
    for _ in 0..3 {
        stage.advance("29m").await?;
        stage.signals(&[about("answers", json!({}))]).await?;
    }
    stage.advance("3m").await?;
    ensure!(stage.now().await?.starts_with("2026-11-27T01:00"), "it should be two in Berlin: {}", stage.now().await?);
    provider(&stage, Value::Null).await?;
    let down = incidents(&stage, 1).await?;
    ensure!(down["class"] == "provider_outage" && down["alerts_firing"] == 1, "the outage: {down}");
    stage.signals(&[about("service.switched", json!({"label": "off"}))]).await?;

    stage.advance("1h").await?;
    provider(&stage, json!(stage.now().await?)).await?;
    stage.advance("1h").await?;
    let outage = incidents(&stage, 1).await?;
    ensure!(outage["resolved_at"].is_null() && outage["status"] != "resolved", "at four: {outage}");
    ensure!(outage["alerts_firing"] == 0, "the all-clear should be kept as evidence: {outage}");
    checks.pass("bot off at 02:00, silence until 04:00: no absence, and an all-clear at 03:00 resolves nothing");

    stage.signals(&[about("service.switched", json!({"label": "on"}))]).await?;
    stage.advance("29m").await?;
    incidents(&stage, 1).await?;
    stage.advance("2m").await?;
    incidents(&stage, 2).await?;
    let missed = stage.incident(MISSED).await?;
    let opened_at = missed["opened_at"].as_str().unwrap_or_default();
    ensure!(opened_at.starts_with("2026-11-27T03:30"), "it should be missed at 04:30 in Berlin: {missed}");
    ensure!(missed["class"] == "wrong_answers" && missed["alerts_firing"] == 1, "missed: {missed}");
    stage.signals(&[about("answers", json!({}))]).await?;
    let back = stage.incident(MISSED).await?;
    ensure!(back["alerts_firing"] == 0 && back["resolved_at"].is_null(), "after its return: {back}");
    checks.pass("on again and silent for 30 min more, it is missed at 04:30; its return clears the alert only");
    stage.end()
}

/// Something about the bot.
fn about(metric: &str, more: Value) -> Value {
    let mut signal = json!({"source": "gateway", "metric": metric, "service": "support-assistant"});
    if let (Some(signal), Some(more)) = (signal.as_object_mut(), more.as_object()) {
        signal.extend(more.clone());
    }
    signal
}

/// Prometheus says that the bot's provider is down, or since when it no longer is.
async fn provider(stage: &Stage, ends_at: Value) -> Result<()> {
    let labels = json!({"alertname": "provider_down", "service": "support-assistant"});
    let mut alert = json!({"labels": labels, "startsAt": "2026-11-27T00:55:00Z"});
    if ends_at.is_string() {
        alert["endsAt"] = ends_at;
    }
    let reply = stage.server.api.call("POST", "/api/v2/alerts", Some(&json!([alert]))).await?;
    ensure!(reply.status == 200, "the alert was answered {}: {}", reply.status, reply.text());
    stage.advance("1s").await
}

/// There are so many incidents, of which this is the first.
async fn incidents(stage: &Stage, count: usize) -> Result<Value> {
    let all = stage.server.api.list("/api/v1/incidents", "incidents").await?;
    ensure!(all.len() == count, "there should be {count} incidents at {}, but there are {all:?}", stage.now().await?);
    stage.incident(OUTAGE).await
}
