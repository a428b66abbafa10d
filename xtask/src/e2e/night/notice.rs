//! First words within 30 seconds, by e-mail only, while the mail server refuses.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::stage::{CUSTOMERS, Stage, WEEK, text};
use crate::e2e::Checks;

/// The incident whose customers wait.
const INCIDENT: &str = "INC-2";
/// The promise.
const CLOCK: &str = "notify:customers";
/// The same as people read it.
const PROMISE: &str = "Tell customers";

pub(super) async fn run(stage: &mut Stage, checks: &mut Checks) -> Result<()> {
    stage.mailbox.refuse().await?;
    let declaration = json!({"title": "Prices are wrong", "class": "wrong_answers", "severity": "SEV-1"});
    let declared = stage.person("tom").post("/api/v1/incidents", &declaration).await?;
    ensure!(declared["id"] == INCIDENT, "declared: {declared}");
    stage.act("ana", INCIDENT, "acknowledge", json!({})).await?;
    a_machine_keeps_nothing(stage, checks).await?;

    stage.advance("10s").await?;
    let words = json!({"audience": "customers", "text": "Some prices shown by our assistant are wrong."});
    stage.act("ana", INCIDENT, "drafts", words).await?;
    stage.act("tom", INCIDENT, "approve", json!({"update": 1})).await?;
    stage.act("tom", INCIDENT, "publish", json!({"update": 1})).await?;
    stage.advance("20s").await?;
    let clock = stage.clock(INCIDENT, CLOCK).await?;
    let refused = stage.mailbox.refusals();
    ensure!(refused > 0, "the mail server should have refused by now");
    ensure!(clock["state"] == "running" && clock["breached_at"].is_null(), "at second 30: {clock}");
    stage.advance("1s").await?;
    let missed = stage.clock(INCIDENT, CLOCK).await?;
    ensure!(missed["state"] == "missed" && missed["breached_at"] == missed["due_at"], "after second 30: {missed}");
    let due_at = text(&missed, "due_at")?;
    checks.pass(format!("approved at second 10, refused {refused} times by SMTP: missed at second 30 ({due_at})"));

    stage.advance("14s").await?;
    stage.mailbox.accept().await?;
    stage.advance("10m").await?;
    stage.mails(1).await?;
    let met = stage.clock(INCIDENT, CLOCK).await?;
    ensure!(met["state"] == "met" && met["breached_at"] == missed["due_at"], "after delivery: {met}");
    let (met_at, visible_at) = (text(&met, "met_at")?, &stage.incident(INCIDENT).await?["updates"][0]["visible_at"]);
    ensure!(*visible_at == *met_at, "met at {met_at}, visible at {visible_at}");
    ensure!(stage.mailbox.to(CUSTOMERS)[0].plain().contains("prices shown"), "the mail should carry the words");
    checks.pass(format!("met when the mail server took it, at {met_at}, and the miss stays"));
    exactly_one_miss(stage, checks).await
}

/// A program may write; no promise that people made is kept by it.
async fn a_machine_keeps_nothing(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let wish = json!({"name": "bot", "scopes": ["incidents:read", "incidents:write"]});
    let bot = text(&stage.server.api.post("/api/v1/tokens", &wish).await?, "token")?;
    let bot = stage.server.api.with_token(&bot);
    let words = json!({"audience": "customers", "text": "We are aware."});
    let mut codes = Vec::new();
    for command in ["updates", "drafts"] {
        let path = format!("/api/v1/incidents/{INCIDENT}/{command}");
        let reply = bot.call("POST", &path, Some(&words)).await?;
        codes.push(format!("{command}: {} {}", reply.status, reply.json()["code"].as_str().unwrap_or_default()));
    }
    let clock = stage.clock(INCIDENT, CLOCK).await?;
    ensure!(clock["state"] == "running" && clock["met_at"].is_null(), "a machine's message met the clock: {clock}");
    ensure!(stage.incident(INCIDENT).await?["updates"] == json!([]), "a machine's message was published");
    checks.pass(format!("a machine's message meets nothing ({})", codes.join(", ")));
    Ok(())
}

/// In the command's review and on its page.
async fn exactly_one_miss(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let review = stage.site.on_data(&["review", "--week", WEEK, "--format", "json"])?;
    let review: Value = serde_json::from_str(&review)?;
    let misses = review["misses"].as_array().context("a review has misses")?;
    let is_it = |miss: &Value| miss["incident"] == INCIDENT && miss["clock"] == CLOCK;
    ensure!(misses.len() == 1 && is_it(&misses[0]), "the review should have that one miss: {misses:?}");
    let page = stage.server.api.call("GET", &format!("/review?week={WEEK}"), None).await?.text();
    let rows = page.matches(PROMISE).count();
    ensure!(page.contains(INCIDENT) && rows > 0, "the review's page should show the miss:\n{page}");
    let over = &misses[0]["over_seconds"];
    checks.pass(format!(
        "the review of {WEEK} has exactly one miss, `{CLOCK}` of {INCIDENT}, {over} s over; so does its page"
    ));
    Ok(())
}
