//! Signals per second through one engine, in memory and on SQLite, with 50 rules.
//!
//! `cargo run --release -p watchbell-engine --example throughput [signals]`. It measures the engine
//! alone, without HTTP, on this machine's disk; it asserts nothing.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant as Monotonic;

use engine::{Config, Documents, Engine, TimeSource};
use journal::{Memory, Sqlite, Store, Workspace};
use wcore::Signal;

/// Signals per request.
const REQUEST: usize = 100;
/// Requests under way at once.
const CONCURRENCY: usize = 64;
/// Incidents that take signals in.
const OPEN: usize = 1_000;
/// Signals per measurement, unless an argument says otherwise.
const SIGNALS: usize = 200_000;
/// Size of one signal on the wire, in bytes.
const SIGNAL_BYTES: usize = 300;

const POLICY: &str = "
version: 1
organization: Throughput
severities: [{rank: 1, name: SEV-1}, {rank: 2, name: SEV-2}, {rank: 3, name: SEV-3}]
services: {support-assistant: {name: Support assistant}}
audiences: {support: {channels: [inbox]}}
targets:
  SEV-1: {acknowledge: 10m}
  SEV-2: {acknowledge: 20m}
  SEV-3: {acknowledge: 60m, contain: 8h, mitigate: 24h}
classes: {degraded: {name: Degraded}}
roles: {commander: {owner: ana}}
escalation: {default: [{page: [ana], wait: 10m}]}
triggers:
";

const ROSTER: &str = "
people: {ana: {name: Ana Ruiz, contacts: [{inbox: ana}]}, ben: {name: Ben Okoye, contacts: [{inbox: ben}]}}
fallback: [ben]
";

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let signals = std::env::args().nth(1).map_or(Ok(SIGNALS), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    for (name, store) in
        [("memory", Box::new(Memory::new()) as Box<dyn Store>), ("sqlite", Box::new(Sqlite::open(folder.path())?))]
    {
        let engine = start(&*store)?;
        // Memory looks through whole maps; it is not made for many incidents.
        let opened = if name == "memory" { OPEN } else { signals / 20 };
        measure(&engine, name, "none match", signals, |_| signal("latency", "")).await;
        measure(&engine, name, "each opens one", opened, |i| signal("degraded", &i.to_string())).await;
        measure(&engine, name, "all attach to 1,000", signals, |i| signal("degraded", &(i % OPEN).to_string())).await;
        engine.shutdown().await;
    }
    Ok(())
}

fn start(store: &dyn Store) -> Result<Engine, Box<dyn Error>> {
    let mut policy = POLICY.to_owned();
    for i in 0..49 {
        policy.push_str(&rule(i));
    }
    policy.push_str("  - id: degraded\n    when: signal.metric == \"degraded\"\n");
    policy.push_str("    raise: {class: degraded, severity: SEV-3, key: [class, labels.region]}\n");
    let config = Config {
        workspace: Workspace::default(),
        time: TimeSource::System,
        public_url: "http://localhost".to_owned(),
        fault: None,
    };
    Ok(engine::start(store, Documents { policy, roster: ROSTER.to_owned() }, config)?)
}

/// Every fifth rule names no metric, so that each signal is held against it.
fn rule(i: usize) -> String {
    let when = if i.is_multiple_of(5) {
        format!("signal.label == \"label-{i}\" && signal.value > {i}")
    } else {
        format!("signal.metric == \"metric-{i}\" && signal.value > {i}")
    };
    format!("  - id: rule-{i}\n    when: {when}\n    raise: {{class: degraded, severity: SEV-3}}\n")
}

fn signal(metric: &str, region: &str) -> Signal {
    let mut signal = Signal {
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: "support-assistant".to_owned(),
        value: Some(0.5),
        summary: Some("The answer took longer than it should have.".to_owned()),
        ..Signal::default()
    };
    signal.labels.insert("region".to_owned(), region.to_owned());
    signal
}

async fn measure(engine: &Engine, store: &str, what: &'static str, count: usize, make: fn(usize) -> Signal) {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Monotonic::now();
    let before = engine.stats().batches;
    let senders: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (engine, next) = (engine.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let first = next.fetch_add(REQUEST, Ordering::Relaxed);
                    if first >= count {
                        return;
                    }
                    let numbered = |i| Signal { id: Some(format!("{what} {i}")), ..make(i) };
                    let request = (first..(first + REQUEST).min(count)).map(numbered).collect();
                    if let Err(problem) = engine.signals(request, REQUEST * SIGNAL_BYTES).await {
                        eprintln!("{problem}");
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        let _ = sender.await;
    }
    let took = began.elapsed().as_secs_f64();
    let batches = engine.stats().batches - before;
    let rate = count as f64 / took;
    println!("{store:7} {what:20} {rate:10.0} signals/s ({count} in {took:.2} s, {batches} batches)");
}
