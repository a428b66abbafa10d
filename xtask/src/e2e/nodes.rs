//! Three equal nodes on one PostgreSQL under load, while nodes are killed, one is stopped for a while, and the
//! database restarts: nothing answered is lost, nothing happens twice.

mod tailer;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::tailer::Tailer;
use super::kill::ledger::Ledger;
use super::kill::load::Load;
use super::kill::pages;
use super::receiver::Receiver;
use super::{Checks, documents};
use crate::http::Answer;
use crate::postgres::Server;
use crate::random::Random;
use crate::site::{Running, Site};

/// Nodes.
const NODES: usize = 3;
/// How long the load lasts where nothing else is said.
pub(super) const LENGTH: Duration = Duration::from_secs(40);
/// Between two disturbances, in milliseconds.
const PAUSE_MS: (u64, u64) = (2_500, 5_000);
/// Every so many disturbances the database restarts, or a node is stopped, instead of one being killed.
const TURN: usize = 5;
/// How long a node stands still: longer than a lease and than the database waits for it.
const STOPPED: Duration = Duration::from_secs(6);
/// The receiver thinks for so long, so that kills hit pages that have arrived and are not yet known to have.
const RECEIVER_TAKES: Duration = Duration::from_millis(50);
/// How long before a repetition that has a reason the reason may lie: a lease, and the attempt before it.
const REASON_WITHIN: Duration = Duration::from_secs(15);
/// Seed of the disturbances; another one by `E2E_SEED`.
const SEED: u64 = 20_261_124;

/// A node and the load on it.
struct Node {
    server: Running,
    load: Load,
}

/// All of the scene.
struct Scene {
    site: Site,
    database: Server,
    nodes: Vec<Node>,
    ledger: Ledger,
    random: Random,
    rounds: u32,
    /// When something was disturbed.
    disturbed: Vec<Instant>,
    kills: u32,
    stops: u32,
    restarts: u32,
    slowest_start: Duration,
}

pub(super) async fn run(checks: &mut Checks, length: Duration) -> Result<()> {
    let seed = std::env::var("E2E_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let receiver = Receiver::answering(|_| Answer::Late(RECEIVER_TAKES)).await?;
    let mut scene = Scene::begin(&receiver, seed).await?;
    let tailer = Tailer::start(scene.addresses());
    let begun = Instant::now();
    while begun.elapsed() < length {
        let pause = scene.random.range(PAUSE_MS.0, PAUSE_MS.1);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        scene.disturb(&tailer).await.with_context(|| format!("after {:?} (seed {seed})", begun.elapsed()))?;
    }
    let lasted = begun.elapsed();
    scene.finish(checks, &receiver, tailer, lasted).await
}

impl Scene {
    async fn begin(receiver: &Receiver, seed: u64) -> Result<Scene> {
        let database = Server::start()?;
        let site = documents::site(receiver)?.data_at(Path::new(&database.url()));
        let mut scene = Scene {
            site,
            database,
            nodes: Vec::new(),
            ledger: Ledger::default(),
            random: Random::new(seed),
            rounds: 0,
            disturbed: vec![Instant::now()],
            kills: 0,
            stops: 0,
            restarts: 0,
            slowest_start: Duration::ZERO,
        };
        for _ in 0..NODES {
            let node = scene.start().await?;
            scene.nodes.push(node);
        }
        Ok(scene)
    }

    async fn start(&mut self) -> Result<Node> {
        let server = self.site.start().await?;
        self.slowest_start = self.slowest_start.max(server.ready_after);
        self.rounds += 1;
        let load = Load::through_outages(&server.api, self.rounds, self.random.next()).await?;
        Ok(Node { server, load })
    }

    fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.nodes.iter().map(|node| node.server.api.addr).collect()
    }

    /// Kills a node and starts another, or stops one for a while, or restarts the database.
    async fn disturb(&mut self, tailer: &Tailer) -> Result<()> {
        let which = usize::try_from(self.random.range(0, NODES as u64))?;
        match self.disturbed.len() % TURN {
            2 => {
                signal(&self.nodes[which].server, "-STOP")?;
                tokio::time::sleep(STOPPED).await;
                signal(&self.nodes[which].server, "-CONT")?;
                self.stops += 1;
            }
            4 => {
                self.database.restart()?;
                self.restarts += 1;
            }
            _ => {
                let mut node = self.nodes.remove(which);
                node.server.kill()?;
                node.load.finish(&mut self.ledger).await?;
                let node = self.start().await?;
                self.nodes.push(node);
                tailer.follow(self.addresses());
                self.kills += 1;
            }
        }
        self.disturbed.push(Instant::now());
        Ok(())
    }

    /// Ends the load, and holds what was said against what one node says then.
    async fn finish(
        mut self,
        checks: &mut Checks,
        receiver: &Receiver,
        tailer: Tailer,
        lasted: Duration,
    ) -> Result<()> {
        for mut node in std::mem::take(&mut self.nodes) {
            node.server.kill()?;
            node.load.finish(&mut self.ledger).await?;
            self.disturbed.push(Instant::now());
        }
        let server = self.site.start().await?;
        self.ledger.compare(&server.api).await?;
        let pages = pages::compare(&server.api, receiver).await?;
        let reasons = self.repetitions(receiver)?;
        tailer.follow(vec![server.api.addr]);
        let seen = tailer.finish(&server.api).await?;
        server.stop()?;
        self.site.on_data(&["audit", "verify"])?;
        self.site.on_data(&["audit", "refold"])?;
        let Scene { ledger, kills, stops, restarts, slowest_start, .. } = &self;
        ensure!(ledger.signals() > 0 && ledger.missed() > 0 && pages.requested > 0, "nothing was at stake: {ledger}");
        checks.pass(format!(
            "{NODES} nodes on one PostgreSQL for {:.0} s, {kills} killed, {stops} stopped for {} s, the database restarted {restarts} times: all {} answered signals are there, once",
            lasted.as_secs_f64(),
            STOPPED.as_secs(),
            ledger.signals()
        ));
        checks.pass(format!("all {} answered commands of people hold", ledger.commands()));
        checks.pass(format!("{} clocks were missed, each recorded once", ledger.missed()));
        checks.pass(format!("{pages}; each of the {reasons} repetitions follows a disturbance"));
        checks.pass(format!("a tailer that moved from node to node saw all {seen} events once and in order"));
        checks.pass(format!("chain and rows verify; slowest start of a node {} ms", slowest_start.as_millis()));
        Ok(())
    }

    /// Pages that came again, each after something was disturbed.
    fn repetitions(&self, receiver: &Receiver) -> Result<usize> {
        let mut last = std::collections::BTreeMap::new();
        let mut repetitions = 0;
        for page in receiver.all() {
            if last.insert(page.id().to_owned(), page.at).is_some() {
                repetitions += 1;
                let reason = |at: &&Instant| **at <= page.at && page.at.duration_since(**at) < REASON_WITHIN;
                ensure!(self.disturbed.iter().any(|at| reason(&at)), "{} came again without a reason", page.id());
            }
        }
        Ok(repetitions)
    }
}

fn signal(server: &Running, name: &str) -> Result<()> {
    let sent = Command::new("kill").args([name, &server.pid().to_string()]).status()?;
    ensure!(sent.success(), "failed to send {name}");
    Ok(())
}
