//! The machine under the journal: files, disk, database, clock, backup, limits.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use calendar::{Duration, Instant};
use journal::{Position, Reader, Sqlite, Workspace};

use super::Finding;
use crate::backup::{Mark, UnderWay};

/// Positions whose chain is recomputed: some seconds of work at most; `audit verify` does them all.
const POSITIONS: u64 = 2_000;
/// Less free space than this stops a busy server within the hour.
const FREE_MIN_BYTES: u64 = 256 << 20;
/// Less free space than this many times the database leaves no room for a backup beside it.
const FREE_TIMES: u64 = 2;
/// A write-ahead log beyond this is not being taken in: something reads without end.
const LOG_MAX_BYTES: u64 = 256 << 20;
/// A clock further behind the journal than this makes a server refuse or wait.
const CLOCK_SKEW: Duration = Duration::from_secs(2);
/// A nightly backup, and two hours for it to be late.
const BACKUP_AGE: Duration = Duration::from_hours(26);
/// Each request and each delivery under way needs a descriptor.
const DESCRIPTORS_MIN: u64 = 4_096;

pub(super) fn look(data: &Path, store: &Sqlite, reader: &dyn Reader, now: Instant) -> Vec<Finding> {
    let mut findings = vec![permissions(data, store), disk(data, store), log(store), pages(store), chain(reader)];
    findings.extend([clock(reader, now), backup(data, now), descriptors()]);
    findings
}

fn permissions(data: &Path, store: &Sqlite) -> Finding {
    let open = |path: &Path| std::fs::metadata(path).map(|file| file.permissions().mode() & 0o077 != 0);
    match (open(data), open(store.path())) {
        (Err(error), _) | (_, Err(error)) => {
            let says = format!("the files cannot be looked at: {error}");
            Finding::fail("files", says, "run this as the user that runs the server")
        }
        (Ok(false), Ok(false)) => Finding::ok("files", "only their owner can read them"),
        (Ok(false), Ok(true)) => Finding::warn(
            "files",
            "only the folder keeps other users of this machine from the database; a copy of the file is open to them",
            "run chmod 600 on watchbell.db and the files whose names begin with that",
        ),
        (Ok(true), Ok(false)) => Finding::warn(
            "files",
            "other users of this machine can look into the data directory",
            "run chmod 700 on the data directory",
        ),
        _ => Finding::warn(
            "files",
            "other users of this machine can read contacts and customers' words",
            "run chmod 700 on the data directory, and chmod 600 on the files in it",
        ),
    }
}

fn disk(data: &Path, store: &Sqlite) -> Finding {
    let database = store.files().database_bytes;
    let Some(free) = free_bytes(data) else {
        return Finding::warn("disk", "the free space is not known: `df` gave no answer", "look at it yourself");
    };
    let says = format!("{} MB free, the database has {} MB", free >> 20, database >> 20);
    if free < FREE_MIN_BYTES {
        return Finding::fail("disk", says, "free space now: on a full disk the server refuses everything");
    }
    if free < database.saturating_mul(FREE_TIMES) {
        return Finding::warn("disk", says, "free space, or write backups to another disk");
    }
    Finding::ok("disk", says)
}

/// What POSIX's `df` says; the standard library has no call for it.
fn free_bytes(data: &Path) -> Option<u64> {
    let output = std::process::Command::new("df").arg("-Pk").arg(data).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib << 10)
}

fn log(store: &Sqlite) -> Finding {
    let bytes = store.files().log_bytes;
    let says = format!("the write-ahead log has {} MB", bytes >> 20);
    if bytes > LOG_MAX_BYTES {
        return Finding::warn("log", says, "look for a backup or a database shell that reads without end");
    }
    Finding::ok("log", says)
}

fn pages(store: &Sqlite) -> Finding {
    match store.quick_check() {
        Ok(found) if found.is_empty() => Finding::ok("database", "its pages are whole"),
        Ok(found) => Finding::fail("database", found.join("; "), "stop the server, keep the files, restore a backup"),
        Err(error) => Finding::fail("database", error.to_string(), error.code().remedy),
    }
}

pub(super) fn chain(reader: &dyn Reader) -> Finding {
    let checked = reader.head().and_then(|head| {
        let after = Position(head.position.0.saturating_sub(POSITIONS));
        journal::verify_after(reader, Workspace::default(), after).map(|found| (after, found.head.position))
    });
    match checked {
        Ok((after, head)) => Finding::ok("chain", format!("whole from position {} to {head}", after.0 + 1)),
        Err(error) => Finding::fail("chain", error.to_string(), error.code().remedy),
    }
}

pub(super) fn clock(reader: &dyn Reader, now: Instant) -> Finding {
    let recorded = match reader.head() {
        Ok(head) => head.recorded_at,
        Err(error) => return Finding::fail("clock", error.to_string(), error.code().remedy),
    };
    let ahead = recorded.since(now);
    if ahead > CLOCK_SKEW {
        let says = format!("the journal is {ahead:#} ahead of this machine's clock");
        return Finding::fail("clock", says, "correct the clock and keep it synchronised (NTP)");
    }
    Finding::ok("clock", format!("not behind the journal; the last batch was recorded at {recorded}"))
}

fn backup(data: &Path, now: Instant) -> Finding {
    const REMEDY: &str = "run `watchbell backup` every night, to another machine";
    if let Some(left) = UnderWay::left(data) {
        let says = format!("one was killed and left {}", left.display());
        return Finding::warn("backup", says, "the next `watchbell backup` removes it; until then it takes space");
    }
    let Some(Mark { at, position, file }) = Mark::read(data) else {
        return Finding::warn("backup", "none was ever made with `watchbell backup`", REMEDY);
    };
    let says = format!("the last one ends at position {position}, made at {at} into {}", file.display());
    if now.since(at) > BACKUP_AGE { Finding::warn("backup", says, REMEDY) } else { Finding::ok("backup", says) }
}

pub(super) fn descriptors() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    match line.and_then(|line| line.split_whitespace().next()) {
        None => Finding::ok("descriptors", "this system does not tell the limit"),
        Some(limit) if limit.parse().is_ok_and(|limit: u64| limit < DESCRIPTORS_MIN) => {
            let says = format!("a process started here may open {limit} files");
            Finding::warn("descriptors", says, "raise it for the server: LimitNOFILE=65536, or ulimit -n 65536")
        }
        Some(limit) => Finding::ok("descriptors", format!("a process started here may open {limit} files")),
    }
}
