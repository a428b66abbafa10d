//! Disks that refuse: full, read-only, and a database from the future.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::super::receiver::Receiver;
use super::super::{Checks, documents, eventually};

/// Of the small disk: some batches fit, a test's worth does not.
const DISK_MB: u32 = 8;
/// Requests until the small disk must have been full.
const MAX_REQUESTS: usize = 2_000;
/// Time for a server to notice that there is space again.
const RECOVERY: Duration = Duration::from_secs(30);

/// A small file system in memory; unmounted when dropped.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    /// `None` where this user or machine cannot mount.
    fn mount() -> Result<Option<Disk>> {
        let disk = Disk { dir: tempfile::tempdir()? };
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_MB}m"), "tmpfs"]).arg(disk.path());
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        Ok(mounted.is_ok_and(|status| status.success()).then_some(disk))
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn read_only(&self) -> Result<()> {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(self.path()).status()?;
        ensure!(status.success(), "failed to make the small disk read-only");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).stderr(Stdio::null()).status();
    }
}

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    newer_database(checks).await?;
    let Some(disk) = Disk::mount()? else {
        checks.skip("full and read-only disks: mounting a tmpfs needs root");
        return Ok(());
    };
    full(checks, &disk).await?;
    read_only(checks, &disk).await
}

/// What was answered before the disk filled is there; there is a clear refusal; it goes on by itself.
async fn full(checks: &mut Checks, disk: &Disk) -> Result<()> {
    let receiver = Receiver::start().await?;
    let data = disk.path().join("data");
    fs::create_dir(&data)?;
    let site = documents::site(&receiver)?.data_at(&data);
    let server = site.start().await?;
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![1; 4 << 20])?;
    let mut answered = BTreeSet::new();
    let mut refusal = None;
    for n in 0..MAX_REQUESTS {
        let ids: Vec<String> = (0..20).map(|i| format!("full-{n}-{i}")).collect();
        let body = Value::from(ids.iter().map(|id| bulky(id)).collect::<Vec<Value>>());
        let reply = server.api.call("POST", "/v1/signals", Some(&body)).await?;
        if reply.is_success() {
            answered.extend(ids);
        } else {
            refusal = Some(reply);
            break;
        }
    }
    let refusal = refusal.context("the small disk never filled")?;
    let code = refusal.json()["code"].clone();
    ensure!(
        refusal.status == 503 && code == "store-full",
        "a full disk was answered {}: {}",
        refusal.status,
        refusal.text()
    );
    checks.pass(format!("on a full disk a signal is refused with 503 store-full, after {} were taken", answered.len()));
    let ready = server.api.call("GET", "/readyz", None).await?;
    ensure!(ready.status == 503, "a full disk should show in /readyz, but it answered {}", ready.status);
    ensure!(server.api.call("GET", "/livez", None).await?.is_success(), "/livez should still answer");
    checks.pass("/readyz says so, /livez stays");

    fs::remove_file(&ballast)?;
    let again = || async {
        let reply = server.api.call("POST", "/v1/signals", Some(&bulky("full-again"))).await?;
        Ok(reply.is_success().then_some(()))
    };
    eventually("with space freed the server takes signals again", RECOVERY, again).await?;
    let stored = server.api.list("/api/v1/signals", "signals").await?;
    let stored: BTreeSet<String> =
        stored.iter().filter_map(|row| row["external_id"].as_str().map(str::to_owned)).collect();
    ensure!(answered.is_subset(&stored), "{} answered signals are missing", answered.difference(&stored).count());
    server.stop()?;
    site.on_data(&["audit", "verify"])?;
    checks.pass("with space freed it goes on by itself; every answered signal is there and the chain verifies");
    Ok(())
}

/// A signal that does not compress to nothing.
fn bulky(id: &str) -> Value {
    let mut random = crate::random::Random::new(id.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    let noise: String = (0..60).map(|_| format!("{:016x}", random.next())).collect();
    let mut signal = documents::signal(id, "full");
    signal["summary"] = json!(noise[..480]);
    signal["labels"]["noise"] = json!(noise[480..]);
    signal
}

async fn read_only(checks: &mut Checks, disk: &Disk) -> Result<()> {
    let receiver = Receiver::start().await?;
    disk.read_only()?;
    for (what, data) in [("with a database", disk.path().join("data")), ("to be made", disk.path().join("fresh"))] {
        let (status, said) = documents::site(&receiver)?.data_at(&data).refused_start()?;
        ensure!(!status.success(), "a read-only data directory {what} should be refused");
        ensure!(said.contains("store-read-only"), "the refusal should be store-read-only:\n{said}");
    }
    checks.pass("a read-only data directory is refused with store-read-only, with a database in it and without");
    Ok(())
}

async fn newer_database(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    site.start().await?.stop()?;
    let database = database(site.data())?;
    let before = with_newer_version(&database)?;
    let (status, said) = site.refused_start()?;
    ensure!(!status.success(), "a newer database should be refused");
    ensure!(said.contains("store-newer"), "the refusal should be store-newer:\n{said}");
    ensure!(fs::read(&database)? == before, "the refused database was written to");
    checks.pass("a database of a newer version is refused with store-newer and left untouched");
    Ok(())
}

/// Raises the schema version by SQLite itself, of another program; gives the file's bytes afterwards.
fn with_newer_version(database: &Path) -> Result<Vec<u8>> {
    let raise = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                 c.execute('PRAGMA user_version = 9999'); c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); c.close()";
    let status = Command::new("python3").args(["-c", raise]).arg(database).status()?;
    ensure!(status.success(), "failed to raise the version of {}", database.display());
    Ok(fs::read(database)?)
}

fn database(data: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            return Ok(path);
        }
    }
    bail!("there is no *.db in {}", data.display())
}
