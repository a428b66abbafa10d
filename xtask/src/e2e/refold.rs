//! Incident rows are a cache: folding the journal again gives the same bytes.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents};

/// Enough for several batches, and for every kind of event that signals and people cause.
const INCIDENTS: usize = 25;

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    let ana = server.api.with_token(&documents::token(&server.api, "ana").await?);
    for case in 0..INCIDENTS {
        let signals: Vec<Value> =
            (0..3).map(|n| documents::signal(&format!("r-{case}-{n}"), &format!("case-{case}"))).collect();
        server.api.post("/v1/signals", &json!(signals)).await?;
        let path = |command: &str| format!("/api/v1/incidents/INC-{}/{command}", case + 1);
        ana.post(&path("acknowledge"), &json!({})).await?;
        if case % 2 == 0 {
            ana.post(&path("contain"), &json!({"customers_see": "the assistant answers without account data"})).await?;
            ana.post(&path("notes"), &json!({"text": "found the prompt change"})).await?;
        }
        if case % 3 == 0 {
            ana.post(&path("mitigate"), &json!({"note": "rolled back"})).await?;
        }
    }
    server.stop()?;
    let all_equal = format!("{INCIDENTS} incidents equal their events");
    let before = site.on_data(&["audit", "refold"])?;
    ensure!(before.contains(&all_equal), "the rows should equal their refold, but it says: {before}");
    checks.pass(format!("the rows of {INCIDENTS} incidents equal their refold, byte for byte"));
    let repaired = site.on_data(&["audit", "refold", "--repair"])?;
    let after = site.on_data(&["audit", "refold"])?;
    ensure!(after.contains(&all_equal), "after deletion and refold: {repaired}{after}");
    checks.pass("deleted and folded again, they are the same bytes");

    let server = site.start().await?;
    let rows = server.api.list("/api/v1/incidents", "incidents").await?;
    ensure!(rows.len() == INCIDENTS, "after the refold {} incidents are there, not {INCIDENTS}", rows.len());
    server.stop()?;
    site.on_data(&["audit", "verify"])?;
    checks.pass("the server runs on the refolded rows, and the chain verifies");
    Ok(())
}
