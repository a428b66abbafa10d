//! Debian's real Alertmanager with its stock webhook receiver in front of Watchbell.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents, eventually};
use crate::alertmanager::Alertmanager;
use crate::http::Api;
use crate::site::{ADMIN, Site};

/// Alertmanager groups for a second, then notifies; the rest is head-room on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time in which a wrong resolution would have shown itself, after the right evidence is there.
const STAYS_OPEN: Duration = Duration::from_secs(2);

/// Lets an alert fire, or end.
pub(super) async fn post(alertmanager: &Alertmanager, name: &str, instance: &str, ended: bool) -> Result<()> {
    let mut alert = json!({
        "labels": {"alertname": name, "service": "support-assistant", "instance": instance},
        "annotations": {"summary": "answers contradict the knowledge base"},
    });
    if ended {
        // In the past, so that it counts as ended at once.
        alert["endsAt"] = json!("2026-01-01T00:00:01Z");
        alert["startsAt"] = json!("2026-01-01T00:00:00Z");
    }
    alertmanager.api.post("/api/v2/alerts", &json!([alert])).await?;
    Ok(())
}

fn config(site: &Site, watchbell: SocketAddr) -> Result<PathBuf> {
    let text = format!(
        "\
route: {{receiver: watchbell, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: watchbell
    webhook_configs:
      - url: http://{watchbell}/intake/alertmanager
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials: {ADMIN}}}}}
"
    );
    site.write("alertmanager.yml", &text)
}

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    let config = config(&site, server.api.addr)?;
    let alertmanager = Alertmanager::start(&config, &site.path("")).await?;
    let api = &server.api;

    post(&alertmanager, "AnswersWrong", "a", false).await?;
    incident(api, "INC-1", "opened by the first alert", |incident| incident["status"] == "triggered").await?;
    checks.pass("a real Alertmanager's alert opens an incident");
    receiver.page_about("INC-1", PATIENCE).await?;
    checks.pass("its owner is paged");

    post(&alertmanager, "AnswersWrong", "b", false).await?;
    timeline_has(api, "INC-1", "attached").await?;
    let open = api.list("/api/v1/incidents?status=open", "incidents").await?;
    ensure!(open.len() == 1, "the second alert should attach, but {} incidents are open", open.len());
    checks.pass("a further alert attaches to it");

    post(&alertmanager, "AnswersWrong", "a", true).await?;
    post(&alertmanager, "AnswersWrong", "b", true).await?;
    timeline_has(api, "INC-1", "source_cleared").await?;
    tokio::time::sleep(STAYS_OPEN).await;
    incident(api, "INC-1", "still open", |incident| incident["status"] != "resolved").await?;
    checks.pass("Alertmanager's resolve is recorded as source_cleared, and the incident stays open");

    by_people(api, "INC-1").await?;
    checks.pass("it resolves after a person's mitigation and passed validation");

    post(&alertmanager, "AnswersSlow", "a", false).await?;
    incident(api, "INC-2", "opened", |incident| incident["class"] == "latency").await?;
    post(&alertmanager, "AnswersSlow", "a", true).await?;
    incident(api, "INC-2", "resolved by the all-clear", |incident| incident["status"] == "resolved").await?;
    checks.pass("for a class with `resolve: on_clear` the same resolve resolves the incident");
    drop(alertmanager);
    server.stop()
}

/// Brings an incident to its end as people do: a resolve without proof is refused first.
async fn by_people(admin: &Api, id: &str) -> Result<()> {
    let ana = admin.with_token(&documents::token(admin, "ana").await?);
    let ben = admin.with_token(&documents::token(admin, "ben").await?);
    let path = |command: &str| format!("/api/v1/incidents/{id}/{command}");
    ana.post(&path("acknowledge"), &json!({})).await?;
    ana.post(&path("mitigate"), &json!({"note": "rolled the prompt back"})).await?;
    let early = ana.call("POST", &path("resolve"), Some(&json!({}))).await?;
    ensure!(early.json()["code"] == "validation-required", "resolving without proof answered {}", early.text());
    let now = documents::now()?;
    let evidence =
        json!({"kind": "evaluation", "text": "200 conversations, none wrong", "link": null, "observed_at": now});
    ben.post(&path("validations"), &json!({"passed": true, "evidence": evidence})).await?;
    ana.post(&path("resolve"), &json!({})).await?;
    incident(admin, id, "resolved", |incident| incident["status"] == "resolved").await.map(|_| ())
}

pub(super) async fn incident(api: &Api, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let look = || async {
        let reply = api.call("GET", &format!("/api/v1/incidents/{id}"), None).await?;
        Ok(Some(reply.json()).filter(|incident| reply.is_success() && holds(incident)))
    };
    eventually(&format!("{id} is {what}"), PATIENCE, look).await
}

pub(super) async fn timeline_has(api: &Api, id: &str, event: &str) -> Result<()> {
    let look = || async { Ok(documents::timeline(api, id).await?.iter().any(|entry| has(entry, event)).then_some(())) };
    eventually(&format!("{id} has an event `{event}`"), PATIENCE, look).await
}

fn has(entry: &Value, event: &str) -> bool {
    documents::events(entry).iter().any(|(kind, _)| kind == event)
}
