//! kill -9 under load, again and again, at seeded instants; then the same with unsynced writes lost.
//!
//! What the server said before it died is held against what it says after: see [`ledger`].

pub(super) mod ledger;
pub(super) mod load;
pub(super) mod pages;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::ledger::Ledger;
use self::load::Load;
use super::receiver::Receiver;
use super::shim::{Shim, Undone};
use super::{Checks, documents};
use crate::http::Answer;
use crate::random::Random;
use crate::site::{Running, Site};

/// Kills with the kernel surviving, as on a crash of the program.
const KILLS: u32 = 50;
/// Kills with unsynced writes lost, as on a loss of power.
const POWER_LOSSES: u32 = 20;
/// Earliest and latest instant of a kill after the load began, in milliseconds: from the first
/// commits to well into the first missed deadlines.
const KILL_AFTER_MS: (u64, u64) = (20, 1_500);
/// The receiver thinks for so long, so that kills hit pages that have arrived and are not yet known
/// to have: those must come again, under the same key.
const RECEIVER_TAKES: Duration = Duration::from_millis(100);
/// Whether a kill hits a write that is not synced yet is a matter of chance: until one did, kills go
/// on for so many times as many.
const MORE: u32 = 5;
/// A line of progress after so many kills.
const PROGRESS_EVERY: u32 = 10;
/// Seed of the kills' instants; another one by `E2E_SEED`.
const SEED: u64 = 20_261_123;

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    rounds(checks, KILLS, None).await?;
    rounds(checks, POWER_LOSSES, Some(&Shim::build()?)).await
}

/// One store, killed `kills` times.
async fn rounds(checks: &mut Checks, kills: u32, shim: Option<&Shim>) -> Result<()> {
    let what = if shim.is_some() { "kill -9 with unsynced writes lost" } else { "kill -9" };
    let seed = std::env::var("E2E_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut random = Random::new(seed);
    let receiver = Receiver::answering(|_| Answer::Late(RECEIVER_TAKES)).await?;
    let site = documents::site(&receiver)?;
    let mut ledger = Ledger::default();
    let mut undone = Undone::default();
    let mut slowest_start = Duration::ZERO;
    let mut kill = 0;
    while kill < kills || (nothing_lost(shim, &undone) && kill < kills * MORE) {
        kill += 1;
        let mut server = start(&site, shim).await?;
        slowest_start = slowest_start.max(server.ready_after);
        let context = || format!("{what}, before kill {kill} of {kills} (seed {seed})");
        ledger.compare(&server.api).await.with_context(context)?;
        let load = Load::start(&server.api, kill, random.next()).await?;
        let after = Duration::from_millis(random.range(KILL_AFTER_MS.0, KILL_AFTER_MS.1));
        tokio::time::sleep(after).await;
        server.kill()?;
        load.finish(&mut ledger).await.with_context(context)?;
        if let Some(shim) = shim {
            let lost = shim.roll_back(site.data())?;
            undone = Undone { writes: undone.writes + lost.writes, files: undone.files + lost.files };
        }
        site.on_data(&["audit", "verify"]).with_context(context)?;
        if kill % PROGRESS_EVERY == 0 {
            println!("   {what}: {kill} of {kills}; so far {ledger}");
        }
    }

    let server = start(&site, shim).await?;
    ledger.compare(&server.api).await?;
    let begun = Instant::now();
    let pages = pages::compare(&server.api, &receiver).await?;
    let settled = begun.elapsed();
    server.stop()?;
    site.on_data(&["audit", "verify"])?;
    ensure!(ledger.signals() > 0 && ledger.commands() > 0 && pages.requested > 0, "nothing was at stake: {ledger}");
    ensure!(shim.is_none() || undone.writes > 0, "no unsynced write was ever lost, so nothing was shown");
    let kills = kill;
    let lost = if shim.is_some() { format!(", {} unsynced writes lost", undone.writes) } else { String::new() };
    checks.pass(format!("{what}, {kills} times{lost}: all {} answered signals are there, once", ledger.signals()));
    checks.pass(format!("all {} answered commands of people hold", ledger.commands()));
    checks.pass(format!(
        "all {} clocks of {} incidents go on with their instants; {} were missed, each recorded once",
        ledger.clocks(),
        ledger.incidents(),
        ledger.missed()
    ));
    checks.pass(format!("{pages}, settled in {:.1} s", settled.as_secs_f64()));
    checks.pass(format!("`audit verify` holds after each kill; slowest start {} ms", slowest_start.as_millis()));
    Ok(())
}

async fn start(site: &Site, shim: Option<&Shim>) -> Result<Running> {
    let mut paths: [PathBuf; 2] = Default::default();
    let data: &Path = site.data();
    match shim {
        Some(shim) => site.start_with(&shim.env(data, &mut paths)).await,
        None => site.start().await,
    }
}

/// Whether writes should have been lost, and none was.
fn nothing_lost(shim: Option<&Shim>, undone: &Undone) -> bool {
    shim.is_some() && undone.writes == 0
}
