//! Running seeds: one, or many on all processors.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::defect::Defect;
use crate::model::Violation;
use crate::plan::{Fault, Plan};
use crate::world::World;

/// What one run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The same for the same plan, always.
    pub trace: u64,
    /// The invariant that does not hold, if one does not.
    pub violation: Option<Violation>,
    /// When the run ended, in microseconds since its beginning.
    pub ended_us: i64,
    /// Faults that struck.
    pub faults: BTreeMap<Fault, u64>,
    /// Inputs of the plan.
    pub inputs: usize,
    /// How often a defect was put in.
    pub injected: u32,
    /// What happened, in numbers.
    pub tally: Tally,
    /// Events of the journal, by kind.
    pub events: BTreeMap<String, u64>,
}

/// Numbers that show that something happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Incidents.
    pub incidents: u64,
    /// Rows of the journal.
    pub rows: u64,
    /// Missed deadlines.
    pub breaches: u64,
    /// Pages asked for.
    pub pages: u64,
    /// Messages that arrived.
    pub arrivals: u64,
    /// Requests served.
    pub answered: u64,
    /// Requests refused.
    pub refused: u64,
    /// Deliveries given up.
    pub dead: u64,
}

/// Seeds that once failed; they run first.
pub fn seeds() -> Vec<u64> {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

/// Runs one plan.
pub fn one(plan: &Plan, defect: Option<Defect>) -> Report {
    run(plan, defect, false, i64::MAX).0
}

/// Runs one plan, but not beyond an instant.
pub(crate) fn until(plan: &Plan, defect: Option<Defect>, until_us: i64) -> Report {
    run(plan, defect, false, until_us).0
}

/// Runs one plan, and tells what happened.
pub fn trace(plan: &Plan, defect: Option<Defect>) -> (Report, Vec<String>) {
    run(plan, defect, true, i64::MAX)
}

fn run(plan: &Plan, defect: Option<Defect>, verbose: bool, until_us: i64) -> (Report, Vec<String>) {
    let mut report = Report {
        seed: plan.seed,
        trace: 0,
        violation: None,
        ended_us: 0,
        faults: BTreeMap::new(),
        events: BTreeMap::new(),
        inputs: plan.acts.len(),
        injected: 0,
        tally: Tally::default(),
    };
    let mut world = match World::new(plan, defect, verbose) {
        Ok(world) => world,
        Err(violation) => return (Report { violation: Some(violation), ..report }, Vec::new()),
    };
    report.violation = world.run(until_us).err();
    report.ended_us = world.now;
    report.injected = world.injected();
    report.trace = world.trace.hash;
    report.tally = Tally {
        incidents: world.watcher.model.incidents.len() as u64,
        rows: world.watcher.rows,
        breaches: world.watcher.kinds.get("clock_breached").copied().unwrap_or(0),
        pages: world.watcher.kinds.get("page_requested").copied().unwrap_or(0),
        arrivals: world.arrivals,
        answered: world.clients.answered,
        refused: world.clients.refused,
        dead: world.post.dead,
    };
    report.faults = std::mem::take(&mut world.faults);
    report.events = std::mem::take(&mut world.watcher.kinds);
    (report, world.trace.lines.take().unwrap_or_default())
}

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Runs.
    pub runs: usize,
    /// Inputs of all of them.
    pub inputs: usize,
    /// Faults that struck in all of them.
    pub faults: BTreeMap<Fault, u64>,
    /// What happened in all of them.
    pub tally: Tally,
    /// Events of all of them, by kind.
    pub events: BTreeMap<String, u64>,
    /// The runs that failed, by seed.
    pub failed: Vec<Report>,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.inputs += report.inputs;
        for (fault, count) in &report.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (kind, count) in &report.events {
            *self.events.entry(kind.clone()).or_default() += count;
        }
        let (all, tally) = (&mut self.tally, report.tally);
        all.incidents += tally.incidents;
        all.rows += tally.rows;
        all.breaches += tally.breaches;
        all.pages += tally.pages;
        all.arrivals += tally.arrivals;
        all.answered += tally.answered;
        all.refused += tally.refused;
        all.dead += tally.dead;
        if report.violation.is_some() {
            self.failed.push(report);
            self.failed.sort_by_key(|report| report.seed);
        }
    }

    /// Faults that never struck.
    pub fn idle_faults(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| !self.faults.contains_key(fault)).collect()
    }
}

/// Runs seeds on as many threads.
pub fn many(seeds: &[u64], threads: usize) -> Summary {
    let next = AtomicUsize::new(0);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = one(&Plan::new(*seed), None);
                    summary.lock().expect("no run panics while it holds the lock").add(report);
                }
            });
        }
    });
    summary.into_inner().expect("no run panics while it holds the lock")
}

/// Seeds tried until a defect finds something to spoil and is caught.
const TRIES: u64 = 20;

/// The first run in which a defect is caught, by whatever invariant.
pub fn caught(defect: Defect) -> Option<Report> {
    let mut reports = (1..=TRIES).map(|seed| one(&Plan::new(seed), Some(defect)));
    reports.find(|report| report.violation.is_some() && report.injected > 0)
}
