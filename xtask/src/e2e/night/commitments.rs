//! Four invented refunds are one SEV-2; the fifth conversation makes the same incident a SEV-1.

use anyhow::{Result, ensure};
use calendar::Duration;
use serde_json::{Value, json};

use super::stage::{Stage, instant};
use crate::e2e::Checks;

/// The incident of the night.
pub(super) const INCIDENT: &str = "INC-1";

/// A confirmed finding of an evaluation in that conversation.
pub(super) fn finding(conversation: u32) -> Value {
    json!({
        "id": format!("finding-{conversation}"), "source": "evals", "metric": "hallucinated_commitment",
        "service": "support-assistant", "label": "confirmed",
        "unit": {"kind": "conversation", "id": format!("c-{conversation}")},
    })
}

pub(super) async fn run(stage: &mut Stage, checks: &mut Checks) -> Result<()> {
    for conversation in 1..=4 {
        stage.signals(&[finding(conversation)]).await?;
        stage.advance("1m").await?;
    }
    let before = only_incident(stage).await?;
    ensure!(before["severity"]["name"] == "SEV-2" && before["signals"] == 4, "after four findings: {before}");
    let opened_at = instant(&before, "opened_at")?;
    checks.pass(format!("four confirmed findings in distinct conversations are one SEV-2, opened at {opened_at}"));

    stage.signals(&[finding(5)]).await?;
    let after = only_incident(stage).await?;
    ensure!(after["severity"]["name"] == "SEV-1" && after["opened_at"] == before["opened_at"], "after five: {after}");
    let due_at = instant(&stage.clock(INCIDENT, "acknowledge").await?, "due_at")?;
    let promised = opened_at + Duration::from_mins(10);
    ensure!(due_at == promised, "the SEV-1 should be due 10 min after it opened at {opened_at}, not at {due_at}");
    checks.pass(format!("the fifth conversation makes it SEV-1, acknowledgement due at {due_at}: opening + 10 min"));

    let pages = (stage.deliveries().await?, stage.pager.all().len());
    let all: Vec<Value> = (1..=5).map(finding).collect();
    let again = stage.signals(&all).await?;
    ensure!(again["duplicates"] == 5 && again["incidents"] == json!([]), "sent again: {again}");
    ensure!(only_incident(stage).await? == after, "sending all again changed the incident");
    let pages_after = (stage.deliveries().await?, stage.pager.all().len());
    ensure!(pages == pages_after, "sending all again went from {pages:?} to {pages_after:?} deliveries and pages");
    checks.pass(format!("all five sent again are five duplicates: the incident is equal, still {} pages", pages.1));
    stage.act("ana", INCIDENT, "acknowledge", json!({})).await.map(|_| ())
}

/// The one incident that there is.
async fn only_incident(stage: &Stage) -> Result<Value> {
    let all = stage.server.api.list("/api/v1/incidents", "incidents").await?;
    ensure!(all.len() == 1, "there should be one incident, but there are {all:?}");
    stage.incident(INCIDENT).await
}
