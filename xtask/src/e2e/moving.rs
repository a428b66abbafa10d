//! A journal moves from a folder into PostgreSQL and back, and is backed up and restored there; nothing is lost,
//! nothing is taken in twice.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents};
use crate::http::Api;
use crate::postgres::Server;
use crate::site::Site;

/// Signals before the move, each an incident.
const BEFORE: usize = 12;

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let database = Server::start()?;
    let url = |schema: &str| format!("{}&schema={schema}", database.url());
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    let folder = format!("sqlite:{}", site.data().display());
    let server = site.start().await?;
    send(&server.api, 0..BEFORE).await?;
    let before = seen(&server.api).await?;
    let held = site.output(&["migrate", "--from", &folder, "--to", &url("held")])?;
    let told = String::from_utf8_lossy(&held.stderr).into_owned();
    ensure!(!held.status.success() && told.contains("store-in-use"), "a folder in use was moved: {told}");
    server.stop()?;
    let moved = migrate(&site, &folder, &url("moved"))?;
    ensure!(moved["signals"] == BEFORE && moved["rows"]["incident"] == BEFORE, "what arrived: {moved}");
    let site = site.data_at(Path::new(&url("moved")));
    let server = site.start().await?;
    ensure!(seen(&server.api).await? == before, "the incidents differ after the move");
    let again = send(&server.api, 0..BEFORE + 1).await?;
    ensure!(again == (1, BEFORE as u64), "accepted and duplicates after the move: {again:?}");
    checks.pass(format!("{BEFORE} incidents moved from a folder into PostgreSQL; what was sent before is still known"));

    let file = site.path("moved.db");
    let output = site.command(&["backup", "--json", "--data", &url("moved"), "-o"])?.arg(&file).output()?;
    ensure!(output.status.success(), "the backup failed: {}", String::from_utf8_lossy(&output.stderr));
    let after = seen(&server.api).await?;
    server.stop()?;
    let restored = site.command(&["restore", "--json", "--data", &url("restored")])?.arg(&file).output()?;
    ensure!(restored.status.success(), "the restore failed: {}", String::from_utf8_lossy(&restored.stderr));
    let twice = site.command(&["restore", "--data", &url("restored")])?.arg(&file).output()?;
    let told = String::from_utf8_lossy(&twice.stderr).into_owned();
    ensure!(!twice.status.success() && told.contains("store-filled"), "a filled database was restored into: {told}");
    let site = site.data_at(Path::new(&url("restored")));
    let server = site.start().await?;
    ensure!(seen(&server.api).await? == after, "the incidents differ after the restore");
    let more = send(&server.api, 0..BEFORE + 2).await?;
    ensure!(more == (1, BEFORE as u64 + 1), "accepted and duplicates after the restore: {more:?}");
    let last = seen(&server.api).await?;
    server.stop()?;
    site.on_data(&["audit", "verify"])?;
    checks.pass("a backup of the running database was restored into an empty one, which went on; its chain verifies");

    let back = site.path("back");
    migrate(&site, &url("restored"), &format!("sqlite:{}", back.display()))?;
    let site = site.data_at(&back);
    site.on_data(&["audit", "refold"])?;
    let server = site.start().await?;
    ensure!(seen(&server.api).await? == last, "the incidents differ in the folder");
    server.stop()?;
    checks.pass("and moved back into a folder, where every row equals its refold");
    Ok(())
}

fn migrate(site: &Site, from: &str, to: &str) -> Result<Value> {
    let output = site.output(&["migrate", "--json", "--from", from, "--to", to])?;
    ensure!(output.status.success(), "the move failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the answer is no JSON")
}

/// Sends signals, each of a case of its own; how many were accepted, and how many known.
async fn send(api: &Api, which: std::ops::Range<usize>) -> Result<(u64, u64)> {
    let signals: Vec<Value> = which.map(|n| documents::signal(&format!("m-{n}"), &format!("case-{n}"))).collect();
    let answer = api.post("/v1/signals", &json!(signals)).await?;
    let number = |field: &str| answer[field].as_u64().with_context(|| format!("no {field} in {answer}"));
    Ok((number("accepted")?, number("duplicates")?))
}

/// What people see of the incidents, but for what goes on by itself.
async fn seen(api: &Api) -> Result<Vec<Value>> {
    let rows = api.list("/api/v1/incidents", "incidents").await?;
    let lasting =
        |row: &Value| json!([row["id"], row["title"], row["class"], row["severity"], row["opened_at"], row["roles"]]);
    Ok(rows.iter().map(lasting).collect())
}
