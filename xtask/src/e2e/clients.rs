//! Senders that are not ours, pointed here instead of at PagerDuty and at Alertmanager.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::alertmanager::{incident, post, timeline_has};
use super::prometheus::Prometheus;
use super::receiver::Receiver;
use super::{Checks, documents, eventually, peer};
use crate::alertmanager::Alertmanager;
use crate::http::Api;
use crate::site::{ADMIN, Running, Site};

/// Alertmanager groups for a second, then notifies; the rest is head-room on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    pagerduty(checks).await?;
    alertmanager(checks).await?;
    prometheus(checks).await?;
    grafana(checks).await
}

/// A server of its own, so that each sender's incidents begin with INC-1. Nobody is in a hurry.
async fn server(receiver: &Receiver) -> Result<(Site, Running)> {
    let site = documents::site(receiver)?;
    let server = site.start().await?;
    Ok((site, server))
}

async fn pagerduty(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let (_site, server) = server(&receiver).await?;
    let (api, addr) = (&server.api, server.api.addr);
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let send = async |event: &[&str]| peer::ask("pagerduty_events", &[&[&host, &port, ADMIN], event].concat()).await;
    let key = send(&["trigger", "slow-1", "AnswersSlow"]).await?;
    ensure!(key == "slow-1", "the client was answered {key}");
    let opened = incident(api, "INC-1", "opened", |incident| incident["class"] == "latency").await?;
    checks.pass(format!("PyPI's pagerduty: `trigger` opens an incident of {}", opened["severity"]["name"]));

    send(&["trigger", "slow-2", "AnswersSlow"]).await?;
    incident(api, "INC-1", "joined by the second alert", |incident| incident["alerts_firing"] == 2).await?;
    checks.pass("a second key attaches to it");
    send(&["acknowledge", "slow-1"]).await?;
    let noted = incident(api, "INC-1", "still there", |_| true).await?;
    ensure!(noted["acknowledged"].is_null(), "a machine's acknowledgement was taken for a person's: {noted}");
    let timeline = Value::from(documents::timeline(api, "INC-1").await?).to_string();
    ensure!(timeline.contains("acknowledge"), "the acknowledgement should be written down: {timeline}");
    checks.pass("`acknowledge` by a key of no person is written down and meets no clock");

    send(&["resolve", "slow-1"]).await?;
    incident(api, "INC-1", "open while one alert fires", |incident| incident["alerts_firing"] == 1).await?;
    send(&["resolve", "slow-2"]).await?;
    incident(api, "INC-1", "resolved", |incident| incident["status"] == "resolved").await?;
    checks.pass("`resolve` clears its alert, and the last one resolves the class that says `resolve: on_clear`");

    send(&["change"]).await?;
    let signals = api.list("/api/v1/signals", "signals").await?;
    let change = signals.iter().find(|signal| signal["metric"] == "change.pagerduty");
    let change = change.with_context(|| format!("no change among {signals:?}"))?;
    let open = api.list("/api/v1/incidents?status=open", "incidents").await?;
    ensure!(open.is_empty(), "a change opened {open:?}");
    checks.pass(format!("a change event is a signal, {}, and notifies nobody", change["summary"]));
    server.stop()
}

async fn alertmanager(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let (site, server) = server(&receiver).await?;
    let (api, config) = (&server.api, alertmanager_config(&site, &server.api)?);
    let alertmanager = Alertmanager::start(&config, &site.path("")).await?;
    post(&alertmanager, "AnswersWrong", "a", false).await?;
    incident(api, "INC-1", "opened", |incident| incident["class"] == "quality_regression").await?;
    receiver.page_about("INC-1", PATIENCE).await?;
    checks.pass("Debian's Alertmanager by `pagerduty_configs.url` opens an incident, and its owner is paged");
    post(&alertmanager, "AnswersWrong", "a", true).await?;
    timeline_has(api, "INC-1", "source_cleared").await?;
    let open = api.get("/api/v1/incidents/INC-1").await?;
    ensure!(open["status"] != "resolved", "a sender's all-clear resolved it: {open}");
    checks.pass("its resolve is recorded as source_cleared, and the incident stays open");
    drop(alertmanager);
    server.stop()
}

fn alertmanager_config(site: &Site, watchbell: &Api) -> Result<PathBuf> {
    let text = format!(
        "\
route: {{receiver: watchbell, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: watchbell
    pagerduty_configs:
      - url: http://{}/v2/enqueue
        routing_key: {ADMIN}
        class: '{{{{ .CommonLabels.alertname }}}}'
        component: '{{{{ .CommonLabels.service }}}}'
",
        watchbell.addr
    );
    site.write("alertmanager.yml", &text)
}

async fn prometheus(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let (site, server) = server(&receiver).await?;
    let api = &server.api;
    let prometheus = Prometheus::start(&site, api.addr).await?;
    prometheus.seconds.store(9, Ordering::Relaxed);
    incident(api, "INC-1", "opened by the rule", |incident| incident["class"] == "latency").await?;
    receiver.page_about("INC-1", PATIENCE).await?;
    checks.pass("Debian's Prometheus posts a firing rule to /api/v2/alerts: an incident opens, and its owner is paged");
    prometheus.seconds.store(1, Ordering::Relaxed);
    incident(api, "INC-1", "resolved once the rule has ended", |incident| incident["status"] == "resolved").await?;
    checks.pass("when the rule no longer holds, the alert is cleared, and with it the class that allows it");
    drop(prometheus);
    server.stop()
}

async fn grafana(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let (_site, server) = server(&receiver).await?;
    let api = &server.api;
    let wish = json!({"name": "grafana", "scopes": ["signals:write"], "signed": true});
    let made = api.post("/api/v1/tokens", &wish).await?;
    let part = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no `{name}`: {made}"));
    let (token, secret) = (part("token")?, part("signing_secret")?);
    let url = format!("http://{}/intake/grafana", api.addr);
    let send =
        async |status: &str, honest: &str| peer::ask("grafana_webhook", &[&url, &token, &secret, status, honest]).await;
    let forged = send("firing", "forged").await?;
    ensure!(forged == 401 || forged == 403, "a forged signature was answered {forged}");
    ensure!(api.list("/api/v1/signals", "signals").await?.is_empty(), "a forged request was taken in");
    ensure!(send("firing", "signed").await? == 200, "a signed request was refused");
    incident(api, "INC-1", "opened", |incident| incident["class"] == "latency").await?;
    ensure!(send("resolved", "signed").await? == 200, "a signed request was refused");
    let resolved = || async { Ok((api.get("/api/v1/incidents/INC-1").await?["status"] == "resolved").then_some(())) };
    eventually("Grafana's resolve resolves it", PATIENCE, resolved).await?;
    checks.pass(format!("Grafana's payload, signed, opens and resolves; with a forged signature it is {forged}"));
    server.stop()
}
