//! End-to-end checks: the release binary, real sockets, real programs beside it.
//!
//! Each check runs alone by its name, makes its own folder, uses free ports, and leaves
//! nothing running. What passes is printed with the figures that show it.

mod alertmanager;
mod bad;
mod care;
mod clients;
mod demo;
mod documents;
mod flood;
mod hostile;
mod kill;
mod mail;
mod mailbox;
mod moving;
mod night;
mod nodes;
mod peer;
mod prometheus;
mod receiver;
mod refold;
mod shim;
mod status;
mod walk;
mod webhook;

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The checks, in the order in which they run: quick ones first.
const NAMES: &[&str] = &[
    "night",
    "mail",
    "clients",
    "status",
    "hostile",
    "webhook",
    "alertmanager",
    "refold",
    "care",
    "moving",
    "bad",
    "flood",
    "kill",
    "nodes",
    "demo",
];
/// How often a condition is looked at that must come true.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// What passed.
#[derive(Default)]
struct Checks {
    passed: u64,
}

impl Checks {
    /// Prints and counts one statement that was shown to hold.
    fn pass(&mut self, statement: impl Display) {
        println!("   ok  {statement}");
        self.passed += 1;
    }

    /// Says what could not be checked on this machine, and why; it does not count.
    fn skip(&mut self, statement: impl Display) {
        println!("   skipped: {statement}");
    }
}

/// Runs all checks, or those named, and says how many statements were shown to hold.
pub(crate) fn run(names: &[&str]) -> Result<u64> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(name)) {
        bail!("there is no end-to-end check `{unknown}`; there are {}", NAMES.join(", "));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut checks = Checks::default();
    for name in NAMES.iter().filter(|name| names.is_empty() || names.contains(name)) {
        println!("\n-- {name}");
        let begun = Instant::now();
        let outcome = runtime.block_on(one(name, &mut checks));
        outcome.with_context(|| format!("`{name}` failed; repeat it with `cargo xtask e2e {name}`"))?;
        println!("-- {name}: passed in {:.1} s", begun.elapsed().as_secs_f64());
    }
    Ok(checks.passed)
}

/// Runs the check of several nodes for so many minutes.
pub(crate) fn run_nodes(minutes: &str) -> Result<()> {
    let minutes: u64 = minutes.parse().context("`--minutes` takes a whole number")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(nodes::run(&mut Checks::default(), Duration::from_secs(minutes * 60)))
}

async fn one(name: &str, checks: &mut Checks) -> Result<()> {
    match name {
        "night" => night::run(checks).await,
        "mail" => mail::run(checks).await,
        "clients" => clients::run(checks).await,
        "status" => status::run(checks).await,
        "hostile" => hostile::run(checks).await,
        "webhook" => webhook::run(checks).await,
        "alertmanager" => alertmanager::run(checks).await,
        "refold" => refold::run(checks).await,
        "care" => care::run(checks).await,
        "moving" => moving::run(checks).await,
        "bad" => bad::run(checks).await,
        "flood" => flood::run(checks).await,
        "kill" => kill::run(checks).await,
        "nodes" => nodes::run(checks, nodes::LENGTH).await,
        "demo" => demo::run(checks),
        other => bail!("`{other}` stands in the list of checks and has no arm here"),
    }
}

/// Looks again and again until something is there, at most for `limit`.
async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > limit {
            bail!("within {limit:?} this did not come true: {what}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
