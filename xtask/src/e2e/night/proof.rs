//! The fix must be proven, by somebody else, after it was made, and must stand for a while.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::commitments::{INCIDENT, finding};
use super::stage::{Stage, WEEK, text};
use crate::e2e::Checks;

/// Proof that was taken at `observed_at`.
fn proof(observed_at: &str) -> Value {
    let text = "50 conversations read, none with an invented refund";
    json!({"passed": true, "evidence": {"kind": "sample", "text": text, "link": null, "observed_at": observed_at}})
}

pub(super) async fn run(stage: &mut Stage, checks: &mut Checks) -> Result<()> {
    let before = stage.now().await?;
    stage.advance("1m").await?;
    stage.act("ana", INCIDENT, "mitigate", json!({"note": "rolled the prompt back"})).await?;
    stage.advance("1m").await?;
    let now = stage.now().await?;
    let own = stage.refused("ana", INCIDENT, "validations", proof(&now)).await?;
    ensure!(own == "separation-of-duties", "validation by who fixed it was refused as {own}");
    checks.pass(format!("the owner of the fix cannot validate it: {own}"));
    let old = stage.refused("mara", INCIDENT, "validations", proof(&before)).await?;
    ensure!(old == "evidence-stale", "evidence older than the fix was refused as {old}");
    checks.pass(format!("evidence older than the fix proves nothing: {old}"));

    stage.act("mara", INCIDENT, "validations", proof(&now)).await?;
    let held = stage.refused("ana", INCIDENT, "resolve", json!({})).await?;
    ensure!(held == "hold-running", "resolving in the hold was refused as {held}");
    stage.advance("10m").await?;
    stage.signals(&[finding(6)]).await?;
    let broken = stage.incident(INCIDENT).await?;
    ensure!(broken["validated"].is_null() && broken["mitigated"].is_null(), "after a bad signal: {broken}");
    let unproven = stage.refused("ana", INCIDENT, "resolve", json!({})).await?;
    ensure!(unproven == "validation-required", "resolving after a bad signal was refused as {unproven}");
    checks.pass(format!("in the hold nobody resolves ({held}), and a bad signal fails the validation ({unproven})"));

    for incident in [INCIDENT, "INC-2"] {
        stage.act("ana", incident, "mitigate", json!({"note": "switched the feature off"})).await?;
        stage.advance("1m").await?;
        stage.act("mara", incident, "validations", proof(&stage.now().await?)).await?;
    }
    stage.advance("30m").await?;
    for incident in [INCIDENT, "INC-2"] {
        let resolved = stage.act("ana", incident, "resolve", json!({})).await?;
        ensure!(text(&resolved, "status")? == "resolved", "{incident} after the hold: {resolved}");
    }
    checks.pass("fixed, proven and held for 30 min, both incidents resolve");
    replays(stage, checks)
}

/// Nothing of the night, whoever caused it, is told otherwise by the core when it decides again.
fn replays(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let review = stage.site.on_data(&["review", "--week", WEEK, "--format", "json"])?;
    let review: Value = serde_json::from_str(&review)?;
    let replay = &review["thresholds"]["replay"];
    ensure!(replay["deviations"] == json!([]), "the live policy replayed differs: {replay}");
    checks.pass("the live policy replayed differs by zero events from what happened");
    Ok(())
}
