//! Debian's real Alertmanager with its stock webhook receiver in front of Watchbell.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents, eventually};
use crate::http::Api;
use crate::site::{ADMIN, Site};

/// Alertmanager groups for a second, then notifies; the rest is head-room on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time in which a wrong resolution would have shown itself, after the right evidence is there.
const STAYS_OPEN: Duration = Duration::from_secs(2);

/// A running Alertmanager; it ends when dropped.
pub(crate) struct Alertmanager {
    child: Child,
    /// Its API.
    pub(crate) api: Api,
}

impl Alertmanager {
    /// Starts it with this configuration on free ports, its files in `dir`.
    pub(crate) async fn start(config: &Path, dir: &Path) -> Result<Alertmanager> {
        let addr = free_port()?;
        let log = File::create(dir.join("alertmanager.log"))?;
        let mut command = Command::new("prometheus-alertmanager");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.path={}", dir.join("alertmanager").display()));
        command.arg(format!("--web.listen-address={addr}")).arg("--cluster.listen-address=");
        command.arg("--log.level=warn").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().context("failed to start prometheus-alertmanager")?;
        let alertmanager = Alertmanager { child, api: Api::new(addr, "") };
        let ready = || async {
            let reply = alertmanager.api.call("GET", "/-/ready", None).await;
            Ok(reply.is_ok_and(|reply| reply.is_success()).then_some(()))
        };
        eventually("Alertmanager is ready", PATIENCE, ready).await?;
        Ok(alertmanager)
    }

    /// Lets an alert fire, or end.
    async fn post(&self, name: &str, instance: &str, ended: bool) -> Result<()> {
        let mut alert = json!({
            "labels": {"alertname": name, "service": "support-assistant", "instance": instance},
            "annotations": {"summary": "answers contradict the knowledge base"},
        });
        if ended {
            // In the past, so that it counts as ended at once.
            alert["endsAt"] = json!("2026-01-01T00:00:01Z");
            alert["startsAt"] = json!("2026-01-01T00:00:00Z");
        }
        self.api.post("/api/v2/alerts", &json!([alert])).await?;
        Ok(())
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago; Alertmanager cannot say which one it chose.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn config(site: &Site, watchbell: SocketAddr) -> Result<std::path::PathBuf> {
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

    alertmanager.post("AnswersWrong", "a", false).await?;
    incident(api, "INC-1", "opened by the first alert", |incident| incident["status"] == "triggered").await?;
    checks.pass("a real Alertmanager's alert opens an incident");
    receiver.page_about("INC-1", PATIENCE).await?;
    checks.pass("its owner is paged");

    alertmanager.post("AnswersWrong", "b", false).await?;
    timeline_has(api, "INC-1", "attached").await?;
    let open = api.list("/api/v1/incidents?status=open", "incidents").await?;
    ensure!(open.len() == 1, "the second alert should attach, but {} incidents are open", open.len());
    checks.pass("a further alert attaches to it");

    alertmanager.post("AnswersWrong", "a", true).await?;
    alertmanager.post("AnswersWrong", "b", true).await?;
    timeline_has(api, "INC-1", "source_cleared").await?;
    tokio::time::sleep(STAYS_OPEN).await;
    incident(api, "INC-1", "still open", |incident| incident["status"] != "resolved").await?;
    checks.pass("Alertmanager's resolve is recorded as source_cleared, and the incident stays open");

    by_people(api, "INC-1").await?;
    checks.pass("it resolves after a person's mitigation and passed validation");

    alertmanager.post("AnswersSlow", "a", false).await?;
    incident(api, "INC-2", "opened", |incident| incident["class"] == "latency").await?;
    alertmanager.post("AnswersSlow", "a", true).await?;
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
    let now = api_now(admin, id).await?;
    let evidence =
        json!({"kind": "evaluation", "text": "200 conversations, none wrong", "link": null, "observed_at": now});
    ben.post(&path("validations"), &json!({"passed": true, "evidence": evidence})).await?;
    ana.post(&path("resolve"), &json!({})).await?;
    incident(admin, id, "resolved", |incident| incident["status"] == "resolved").await.map(|_| ())
}

/// The journal time of the incident's latest entry: evidence taken then is newer than what it follows.
async fn api_now(api: &Api, id: &str) -> Result<Value> {
    let entries = documents::timeline(api, id).await?;
    let at = entries.iter().filter_map(|entry| entry["at"].as_str()).max();
    Ok(json!(at.context("the timeline is empty")?))
}

async fn incident(api: &Api, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let look = || async {
        let reply = api.call("GET", &format!("/api/v1/incidents/{id}"), None).await?;
        Ok(Some(reply.json()).filter(|incident| reply.is_success() && holds(incident)))
    };
    eventually(&format!("{id} is {what}"), PATIENCE, look).await
}

async fn timeline_has(api: &Api, id: &str, event: &str) -> Result<()> {
    let look = || async { Ok(documents::timeline(api, id).await?.iter().any(|entry| has(entry, event)).then_some(())) };
    eventually(&format!("{id} has an event `{event}`"), PATIENCE, look).await
}

fn has(entry: &Value, event: &str) -> bool {
    documents::events(entry).iter().any(|(kind, _)| kind == event)
}
