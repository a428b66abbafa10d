//! `cargo xtask sim`: runs seeds, replays one, or shows that defects are caught.

use std::process::ExitCode;

use sim::{Defect, Fault, Plan, Report};

/// A simulated day is mostly small values that come and go: a quarter of it was spent in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: sim [--seeds N] [--from N]     run N seeds (2000), after those of seeds.txt
       sim --seed N [--defect NAME]   replay one seed, tell what happened, and shrink a failure
       sim --defects                  put each defect in, and say what catches it
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let value = |name: &str| {
        let place = args.iter().position(|arg| *arg == name)?;
        args.get(place + 1).copied()
    };
    let number = |name: &str| value(name).and_then(|value| value.parse::<u64>().ok());
    let passed = match (args.first().copied(), number("--seed")) {
        (Some("--defects"), _) => defects(),
        (_, Some(seed)) => {
            let defect = value("--defect").and_then(|name| Defect::ALL.into_iter().find(|d| format!("{d:?}") == name));
            replay(seed, defect)
        }
        (None | Some("--seeds" | "--from"), None) => {
            run(number("--seeds").unwrap_or(2_000), number("--from").unwrap_or(1))
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(3);
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(count: u64, from: u64) -> bool {
    let began = std::time::Instant::now();
    let mut seeds = sim::seeds();
    seeds.extend(from..from + count);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let summary = sim::many(&seeds, threads);
    let seconds = began.elapsed().as_secs_f64();
    println!("{} seeds, {} inputs, {seconds:.1} s on {threads} threads", summary.runs, summary.inputs);
    println!("{:?}", summary.tally);
    for fault in Fault::ALL {
        println!("  {:>8}  {fault:?}", summary.faults.get(&fault).copied().unwrap_or(0));
    }
    let events: Vec<String> = summary.events.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    println!("events: {}", events.join(", "));
    for report in summary.failed.iter().take(20) {
        println!("seed {} failed: {}", report.seed, why(report));
    }
    let idle = summary.idle_faults();
    if !idle.is_empty() {
        println!("never struck: {idle:?}");
    }
    if let Some(first) = summary.failed.first() {
        println!(
            "{} of {} failed; replay with: cargo xtask sim --seed {}",
            summary.failed.len(),
            summary.runs,
            first.seed
        );
    }
    summary.failed.is_empty() && idle.is_empty()
}

fn why(report: &Report) -> String {
    report.violation.as_ref().map_or_else(String::new, |found| format!("{} ({})", found.invariant, found.detail))
}

fn replay(seed: u64, defect: Option<Defect>) -> bool {
    let plan = Plan::new(seed);
    let report = sim::one(&plan, defect);
    if report.violation.is_none() {
        println!("seed {seed} passes: trace {:016x}, {:?}", report.trace, report.tally);
        return true;
    }
    let shrunk = sim::shrink(&plan, defect);
    let (smallest, lines) = sim::trace(&shrunk.plan, defect);
    for line in lines {
        println!("{line}");
    }
    println!(
        "{} of {} inputs and faults suffice, found in {} runs",
        shrunk.plan.acts.len(),
        plan.acts.len(),
        shrunk.runs
    );
    println!("seed {seed} failed: {}", why(&smallest));
    false
}

fn defects() -> bool {
    let mut all = true;
    println!("| defect | what is done wrong | caught by |\n|---|---|---|");
    for defect in Defect::ALL {
        let (wrong, expected) = defect.says();
        let caught = sim::caught(defect);
        let found = caught.as_ref().and_then(|report| report.violation.as_ref()).map(|found| found.invariant);
        all &= found == Some(expected);
        let words = match (&caught, found == Some(expected)) {
            (Some(_), true) => expected.to_owned(),
            (Some(report), false) => format!("NOT as expected, but seed {}: {}", report.seed, why(report)),
            (None, _) => "NOT CAUGHT".to_owned(),
        };
        println!("| `{defect:?}` | {wrong} | {words} |");
    }
    all
}
