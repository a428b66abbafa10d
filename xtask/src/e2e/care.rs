//! Care of data: a backup is made while the server takes load, and a server goes on from it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents};
use crate::http::{Connection, request};
use crate::site::{ADMIN, Site};

/// Senders at once.
const SENDERS: usize = 4;
/// Signals in each request.
const SIGNALS_PER_REQUEST: usize = 10;
/// Incidents among which the signals are spread.
const CASES: usize = 5;
/// Between two requests of one sender.
const PAUSE: Duration = Duration::from_millis(2);
/// The load before the backup, and after it.
const LOAD: Duration = Duration::from_millis(800);
/// What a customer said, and nobody else.
const WORDS: &str = "my parcel of quicksilver";
/// Longest wait for a page of the restored server.
const PAGE_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    let load = Load::start(server.api.addr);
    tokio::time::sleep(LOAD).await;
    let before = load.answered().clone();
    let file = site.path("backup.db");
    let made = back_up(&site, &file).await?;
    let during = load.answered().len() - before.len();
    tokio::time::sleep(LOAD).await;
    let after = load.stop().await?;
    server.stop()?;
    ensure!(during > 0 && after.len() > before.len() + during, "the load stood still, so nothing was shown");
    checks.pass(format!(
        "a backup of {} signals, its chain recomputed, while {during} more were answered",
        made["signals"]
    ));
    doctor(checks, &site)?;
    restore(checks, &receiver, &file, &made, &before, &after).await?;
    erase(checks).await
}

/// A stopped server's data is found well, but for what is wrong in the environment.
fn doctor(checks: &mut Checks, site: &Site) -> Result<()> {
    let verdict = |found: &Value, check: &str| {
        let checks = found["checks"].as_array().into_iter().flatten();
        let mut verdicts = checks.filter(|one| one["check"] == check).map(|one| one["verdict"].clone());
        verdicts.next().unwrap_or_default()
    };
    let found: Value = serde_json::from_str(&site.on_data(&["doctor", "--json"])?)?;
    for check in ["database", "chain", "clock", "backup", "policy", "channels", "pages", "clocks", "dead letters"] {
        ensure!(verdict(&found, check) == "ok", "`{check}` should be well: {found:#}");
    }
    let data = site.data().to_string_lossy().into_owned();
    let without = site.command(&["doctor", "--json", "--data", &data])?.env_remove("PAGER_URL").output()?;
    let found: Value = serde_json::from_slice(&without.stdout)?;
    ensure!(without.status.code() == Some(1) && verdict(&found, "channels") == "fail", "no address: {found:#}");
    checks.pass("`doctor` finds it well, and fails where a channel's address is missing");
    Ok(())
}

/// What a customer said goes, and the journal stays whole.
async fn erase(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?.env("WATCHBELL_TOKEN", ADMIN);
    let server = site.start().await?;
    let said = |id: &str, words: &str| {
        let mut signal = documents::signal(id, "words");
        signal["summary"] = json!(words);
        signal["unit"] = json!({"kind": "conversation", "id": id});
        signal
    };
    let sent = json!([said("w-1", WORDS), said("w-2", "the other customer")]);
    server.api.post("/v1/signals", &sent).await?;
    let url = format!("http://{}", server.api.addr);
    let wish = ["erase", "--unit", "conversation:w-1", "--reason", "asked for it", "--server", &url];
    let unasked = site.output(&wish)?;
    ensure!(unasked.status.code() == Some(3), "without a terminal and --yes nothing may be erased");
    let erased = site.output(&[&wish[..], &["--yes"]].concat())?;
    ensure!(erased.status.success(), "the erasure failed: {}", String::from_utf8_lossy(&erased.stderr));
    let rows = server.api.list("/api/v1/signals", "signals").await?;
    ensure!(rows[0]["erased"] == true && rows[0]["summary"].is_null(), "it is still there: {}", rows[0]);
    ensure!(rows[1]["summary"] == "the other customer", "the neighbour's words are gone: {}", rows[1]);
    let timeline = documents::timeline(&server.api, "INC-1").await?;
    ensure!(
        timeline.iter().any(|entry| entry.to_string().contains("because: asked for it")),
        "the timeline should say that words were erased: {timeline:?}"
    );
    server.stop()?;
    site.on_data(&["audit", "verify"])?;
    site.on_data(&["audit", "refold"])?;
    for file in std::fs::read_dir(site.data())? {
        let bytes = std::fs::read(file?.path())?;
        ensure!(!bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes()), "the words are still on disk");
    }
    checks.pass("erased words are gone from the disk and said to be; the chain verifies, every row equals its refold");
    Ok(())
}

/// Makes a backup without keeping the load from running.
async fn back_up(site: &Site, file: &Path) -> Result<Value> {
    let data = site.data().to_string_lossy().into_owned();
    let mut command = site.command(&["backup", "--json", "--data", &data, "-o"])?;
    command.arg(file);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(output.status.success(), "the backup failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the backup's answer is no JSON")
}

async fn restore(
    checks: &mut Checks,
    receiver: &Receiver,
    file: &Path,
    made: &Value,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<()> {
    let restored = documents::site(receiver)?;
    let file = file.to_string_lossy().into_owned();
    let folder = restored.data().to_string_lossy().into_owned();
    std::fs::write(restored.data().join("notes.txt"), "mine")?;
    let refused = restored.output(&["restore", &file, "--data", &folder])?;
    ensure!(refused.status.code() == Some(3), "a folder that is not empty should be refused");
    std::fs::remove_file(restored.data().join("notes.txt"))?;
    let told: Value = serde_json::from_str(&restored.on_data(&["restore", &file, "--json"])?)?;
    ensure!(told["hash"] == made["hash"], "backup and restore disagree about the head: {made} {told}");
    restored.on_data(&["audit", "verify"])?;
    restored.on_data(&["audit", "refold"])?;
    ensure!(
        told["tokens_valid"].as_array().is_some_and(|tokens| tokens.iter().any(|t| t["scopes"][0] == "admin")),
        "the administrator's token works again, and restore should say so: {told}"
    );
    altered(checks, receiver, &file)?;
    checks.pass("restored into an empty folder, the chain verifies and every incident equals its refold");

    let known: BTreeSet<String> = receiver.all().iter().map(|page| page.id().to_owned()).collect();
    let server = restored.start().await?;
    let stored = stored(&server.api).await?;
    let lost = before.difference(&stored).count();
    ensure!(lost == 0, "{lost} signals answered before the backup are not in it");
    let load = Load::start(server.api.addr);
    tokio::time::sleep(LOAD).await;
    let again = load.stop().await?;
    checks.pass(format!(
        "all {} signals answered before the backup are there, and the same load goes on with {}",
        before.len(),
        again.len()
    ));

    let sent = receiver.all().len();
    let declaration = json!({"title": "After the restore", "class": "quality_regression", "severity": "SEV-1"});
    let declared = server.api.post("/api/v1/incidents", &declaration).await?;
    let id = declared["id"].as_str().context("the declaration has no id")?.to_owned();
    let page = receiver.page_since(sent, &id, PAGE_WITHIN).await?;
    ensure!(!known.contains(page.id()), "a page after the restore bears the key of one before it: {}", page.id());
    server.stop()?;
    restored.on_data(&["audit", "verify"])?;
    ensure!(after.len() > before.len(), "the load after the backup is what a restore loses");
    checks.pass("pages after the restore bear keys that no receiver has seen before");
    Ok(())
}

/// A backup with an incident that somebody closed by hand is refused, and put right where that is asked for.
fn altered(checks: &mut Checks, receiver: &Receiver, file: &str) -> Result<()> {
    let site = documents::site(receiver)?;
    let forged = site.path("forged.db");
    std::fs::copy(file, &forged)?;
    let edit = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
                db.execute('UPDATE incident SET open = 0 WHERE no = 1'); db.commit()";
    let edited = std::process::Command::new("python3").args(["-c", edit]).arg(&forged).status()?;
    ensure!(edited.success(), "the backup could not be edited");
    let (forged, folder) = (forged.to_string_lossy().into_owned(), site.data().to_string_lossy().into_owned());
    let refused = site.output(&["restore", &forged, "--data", &folder])?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1) && said.contains("INC-1 is stored otherwise"), "not refused: {said}");
    let told = site.on_data(&["restore", &forged, "--json", "--refold", "--revoke-tokens"])?;
    let told: Value = serde_json::from_str(&told)?;
    ensure!(told["incidents_refolded"] == 1, "one row was to be mended: {told}");
    ensure!(told["tokens_revoked"].as_array().is_some_and(|tokens| !tokens.is_empty()), "no token ended: {told}");
    site.on_data(&["audit", "refold"])?;
    checks.pass("a backup with an edited incident is refused by name, and mended from its events with --refold");
    Ok(())
}

async fn stored(api: &crate::http::Api) -> Result<BTreeSet<String>> {
    let rows = api.list("/api/v1/signals", "signals").await?;
    Ok(rows.iter().filter_map(|row| row["external_id"].as_str().map(str::to_owned)).collect())
}

/// Signals without a break, until told to stop; the same ones from every start.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<Mutex<BTreeSet<String>>>,
    senders: Vec<tokio::task::JoinHandle<Result<()>>>,
}

impl Load {
    fn start(addr: SocketAddr) -> Load {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let senders = (0..SENDERS)
            .map(|sender| tokio::spawn(send(addr, sender, Arc::clone(&stop), Arc::clone(&answered))))
            .collect();
        Load { stop, answered, senders }
    }

    fn answered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stop(mut self) -> Result<BTreeSet<String>> {
        self.stop.store(true, Ordering::Relaxed);
        for sender in std::mem::take(&mut self.senders) {
            sender.await??;
        }
        let answered = self.answered().clone();
        Ok(answered)
    }
}

async fn send(
    addr: SocketAddr,
    sender: usize,
    stop: Arc<AtomicBool>,
    answered: Arc<Mutex<BTreeSet<String>>>,
) -> Result<()> {
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut connection = Connection::open(addr).await?;
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let ids: Vec<String> = (0..SIGNALS_PER_REQUEST).map(|i| format!("c-{sender}-{n}-{i}")).collect();
        let signals = ids.iter().map(|id| documents::signal(id, &format!("case-{}", n % CASES)));
        let body = Value::from(signals.collect::<Vec<Value>>()).to_string();
        let reply = connection.send(&request("POST", "/v1/signals", &headers, body.as_bytes())).await?;
        match reply.status {
            202 => answered.lock().unwrap_or_else(PoisonError::into_inner).extend(ids),
            429 => {}
            status => bail!("signals were answered {status}: {}", reply.text()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
