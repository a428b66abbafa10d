//! Facts of the machine, without which figures say nothing.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cargo;

/// Syncs to time.
const SYNCS: usize = 200;
/// A page of SQLite.
const PAGE_BYTES: usize = 4096;

/// One line: processor, cores, memory, kernel, and what a sync costs where the stores lie.
pub(super) fn facts() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpu, "model name").unwrap_or("unknown processor");
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory_kb: u64 = field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (appended, in_place) = sync_times()?;
    Ok(format!(
        "{model}, {cores} cores, {} GiB, Linux {}; median fdatasync of 4 KiB appended {:.2} ms, in place {:.2} ms; {}; {}",
        memory_kb / (1 << 20),
        kernel.trim(),
        appended.as_secs_f64() * 1e3,
        in_place.as_secs_f64() * 1e3,
        version("rustc", "-V"),
        version("prometheus-alertmanager", "--version"),
    ))
}

/// Work that other programs gave the machine in the minute before, in busy processes.
pub(super) fn load_before() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

fn version(program: &str, flag: &str) -> String {
    let output = Command::new(program).arg(flag).output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().next().and_then(|line| line.split(" (").next()).unwrap_or("unknown version").to_owned()
}

/// The median times of writing 4 KiB and syncing it: at the end of a growing file, and over what
/// is there, as a write-ahead log does once it has its size.
fn sync_times() -> Result<(Duration, Duration)> {
    let dir = tempfile::tempdir_in(cargo::target())?;
    let file = File::create(dir.path().join("sync"))?;
    let pass = || {
        let mut times = Vec::new();
        for n in 0..SYNCS {
            let begun = Instant::now();
            file.write_all_at(&[7; PAGE_BYTES], (n * PAGE_BYTES) as u64)?;
            file.sync_data()?;
            times.push(begun.elapsed());
        }
        times.sort();
        anyhow::Ok(times[SYNCS / 2])
    };
    Ok((pass()?, pass()?))
}
