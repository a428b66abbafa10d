//! `cargo xtask bench`: how many signals a second become durable, beside Alertmanager under the
//! same load, in one run and in alternating order.
//!
//! The figures go into docs/performance.md between two markers. What they mean stands there, too.
//! A part measured alone is printed and written nowhere.

mod keep;
mod load;
mod machine;
mod pages;
mod paging;
mod report;
mod subject;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};

use self::load::{Measured, Plan};
use self::report::Line;
use self::subject::{Running, Subject};
use crate::http::{Answer, Server};
use crate::{cargo, tools};

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Figures worth writing down.
    Full,
    /// Only to see that it works.
    Quick,
}

impl Scale {
    /// Of each measurement.
    fn time(self) -> Duration {
        match self {
            Scale::Full => Duration::from_secs(8),
            Scale::Quick => Duration::from_millis(500),
        }
    }

    /// Starts to time.
    fn starts(self) -> usize {
        match self {
            Scale::Full => 15,
            Scale::Quick => 3,
        }
    }

    /// Pages to time one after the other.
    fn pages(self) -> u64 {
        match self {
            Scale::Full => 500,
            Scale::Quick => 20,
        }
    }

    /// Pages at once.
    fn burst(self) -> u64 {
        match self {
            Scale::Full => 20_000,
            Scale::Quick => 500,
        }
    }

    /// Incidents that stay open.
    fn open(self) -> u64 {
        match self {
            Scale::Full => 1_000_000,
            Scale::Quick => 2_000,
        }
    }

    /// Signals before a kill -9.
    fn killed(self) -> u64 {
        match self {
            Scale::Full => 10_000,
            Scale::Quick => 1_000,
        }
    }
}

/// A part of it, to be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// How many signals a second become durable.
    Rates,
    /// From a signal to its page.
    Pages,
    /// Memory, and what a kill -9 leaves.
    Keep,
}

impl Part {
    /// By its name on the command line.
    pub(crate) fn named(name: &str) -> Option<Part> {
        match name {
            "rates" => Some(Part::Rates),
            "pages" => Some(Part::Pages),
            "keep" => Some(Part::Keep),
            _ => None,
        }
    }
}

/// What the signals cause under 50 rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// No rule holds.
    NoneMatch,
    /// Every signal attaches to one of 1,000 open incidents.
    Attach,
    /// Every signal opens an incident.
    Open,
}

impl Shape {
    const ALL: [Shape; 3] = [Shape::NoneMatch, Shape::Attach, Shape::Open];

    fn words(self) -> &'static str {
        match self {
            Shape::NoneMatch => "no rule matches",
            Shape::Attach => "each attaches to one of 1,000",
            Shape::Open => "each opens one",
        }
    }
}

/// Signals in a request, and connections at once.
const MODES: [(u64, usize); 3] = [(1, 1), (1, 64), (100, 64)];

/// One line of the table.
struct Row {
    shape: Shape,
    per_request: u64,
    connections: usize,
    watchbell: Measured,
    reread: u64,
    alertmanager: Measured,
}

/// Everything that was measured.
struct Results {
    rows: Vec<Row>,
    generator: Vec<(u64, usize, Measured)>,
    ready: Vec<Duration>,
    /// What is more than a rate.
    lines: Vec<Line>,
    /// The machine's load before it began: figures beside other work are lower.
    load_before: String,
}

/// Measures, prints, and at full scale writes the document.
pub(crate) fn run(scale: Scale) -> Result<()> {
    tools::install()?;
    cargo::build_release()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let results = runtime.block_on(measure(scale))?;
    let text = report::render(&results, scale.time())?;
    println!("\n{text}");
    if scale == Scale::Full { report::write(&text) } else { Ok(()) }
}

/// Measures one part, and prints it.
pub(crate) fn run_only(part: Part, scale: Scale) -> Result<()> {
    tools::install()?;
    cargo::build_release()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let lines = match part {
            Part::Rates => return rates(scale).await.map(|_| ()),
            Part::Pages => pages::measure(scale).await?,
            Part::Keep => keep::measure(scale).await?,
        };
        print!("{}", report::lines(&lines));
        Ok(())
    })
}

async fn measure(scale: Scale) -> Result<Results> {
    let load_before = machine::load_before();
    let mut results =
        Results { rows: Vec::new(), generator: Vec::new(), ready: Vec::new(), lines: Vec::new(), load_before };
    for (per_request, connections) in MODES {
        let null = Server::start(|_| Answer::Status(202, Vec::new())).await?;
        let plan = Plan { shape: Shape::Attach, per_request, connections, time: scale.time() / 4 };
        results.generator.push((per_request, connections, load::run(null.addr, Subject::Watchbell, plan).await?));
    }
    results.rows = rates(scale).await?;
    for _ in 0..scale.starts() {
        results.ready.push(subject::start_time().await?);
    }
    results.ready.sort();
    println!("measuring: pages");
    results.lines.extend(pages::measure(scale).await?);
    println!("measuring: memory, kill -9");
    results.lines.extend(keep::measure(scale).await?);
    Ok(results)
}

/// Every shape in every mode.
async fn rates(scale: Scale) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut watchbell_first = true;
    for shape in Shape::ALL {
        for (per_request, connections) in MODES {
            let plan = Plan { shape, per_request, connections, time: scale.time() };
            println!("measuring: {}, {per_request} per request, {connections} connections", shape.words());
            let row = row(plan, watchbell_first).await?;
            println!("  {}", report::row(&row));
            rows.push(row);
            watchbell_first = !watchbell_first;
        }
    }
    Ok(rows)
}

async fn row(plan: Plan, watchbell_first: bool) -> Result<Row> {
    let mut watchbell = None;
    let mut alertmanager = None;
    for turn in [watchbell_first, !watchbell_first] {
        if turn {
            watchbell = Some(watchbell_run(plan).await?);
        } else {
            let running = Running::start(Subject::Alertmanager).await?;
            prefill(running.addr(), Subject::Alertmanager, plan).await?;
            alertmanager = Some(load::run(running.addr(), Subject::Alertmanager, plan).await?);
        }
    }
    let (watchbell, reread) = watchbell.expect("one of the two turns is Watchbell's");
    let alertmanager = alertmanager.expect("one of the two turns is Alertmanager's");
    let Plan { shape, per_request, connections, .. } = plan;
    Ok(Row { shape, per_request, connections, watchbell, reread, alertmanager })
}

/// Loads a fresh server, kills it, and counts through the API what the next one has.
async fn watchbell_run(plan: Plan) -> Result<(Measured, u64)> {
    let mut running = Running::start(Subject::Watchbell).await?;
    let before = prefill(running.addr(), Subject::Watchbell, plan).await?;
    let measured = load::run(running.addr(), Subject::Watchbell, plan).await?;
    let reread = running.killed_and_counted().await?;
    let least = before + measured.accepted;
    // Requests in flight at the end may have been committed without having been counted.
    let most = least + plan.per_request * plan.connections as u64;
    ensure!((least..=most).contains(&reread), "{least} signals were answered, {reread} are there after kill -9");
    Ok((measured, reread))
}

/// The value below which that share of ascending values lies.
fn percentile(ascending: &[f64], share: f64) -> f64 {
    let at = (ascending.len().saturating_sub(1) as f64 * share) as usize;
    ascending.get(at).copied().unwrap_or(f64::NAN)
}

/// Opens the incidents to which the load will attach.
async fn prefill(addr: SocketAddr, subject: Subject, plan: Plan) -> Result<u64> {
    if plan.shape == Shape::Attach { load::open_cases(addr, subject).await } else { Ok(0) }
}
