//! `backup`: a verified copy of a data directory. The way back is in `restore`.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use calendar::Instant;
use engine::TimeSource;
use journal::{Progress, Sqlite, Verification};
use serde::{Deserialize, Serialize};

use crate::cli::BackupArgs;
use crate::exit::{Ended, Exit, explain};
use crate::place::Place;

/// In the data directory: when and where the last backup was made, for `doctor`.
const MARK: &str = "last-backup.json";

/// The last backup of a data directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) at: Instant,
    pub(crate) position: u64,
    pub(crate) file: PathBuf,
}

impl Mark {
    /// The last backup, if one is known.
    pub(crate) fn read(data: &Path) -> Option<Mark> {
        serde_json::from_slice(&std::fs::read(data.join(MARK)).ok()?).ok()
    }

    fn write(&self, data: &Path) -> anyhow::Result<()> {
        let unfinished = data.join(format!("{MARK}.partial"));
        std::fs::write(&unfinished, serde_json::to_vec(self)?)?;
        std::fs::rename(&unfinished, data.join(MARK))?;
        Ok(())
    }
}

pub(crate) fn backup(args: &BackupArgs) -> anyhow::Result<Exit> {
    if args.output.exists() {
        let message =
            format!("{} exists already\nhelp: a backup replaces nothing; name a new file", args.output.display());
        return Err(Ended::with(Exit::Usage, message));
    }
    let data = Place::folder(&args.data)?;
    let store = Sqlite::open_read_only(&data).map_err(|e| explain(&e.problem()))?;
    let mut bar = Bar::default();
    let verified =
        store.back_up(&args.output, &mut |progress| bar.show(progress)).map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    let file = std::path::absolute(&args.output).unwrap_or_else(|_| args.output.clone());
    let mark = Mark { at: TimeSource::System.now(), position: verified.head.position.0, file };
    if let Err(error) = mark.write(&data) {
        eprintln!("note: {MARK} could not be written, so that `doctor` does not know of this backup: {error:#}");
    }
    if args.json {
        println!("{}", json(&verified));
    } else {
        println!("{}", args.output.display());
        tell(&verified);
    }
    Ok(Exit::Ok)
}

pub(crate) fn json(verified: &Verification) -> serde_json::Value {
    serde_json::json!({
        "position": verified.head.position.0, "hash": hash(verified), "recorded_at": verified.head.recorded_at,
        "events": verified.events, "signals": verified.signals,
    })
}

pub(crate) fn tell(verified: &Verification) {
    let head = &verified.head;
    println!(
        "position {}, {} events, {} signals; the chain is whole",
        head.position, verified.events, verified.signals
    );
    println!("head {} at {}", hash(verified), head.recorded_at);
}

fn hash(verified: &Verification) -> String {
    verified.head.hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Progress on standard error: one line that changes, or none where nobody looks.
#[derive(Default)]
pub(crate) struct Bar {
    percent: Option<u64>,
}

impl Bar {
    pub(crate) fn show(&mut self, Progress { done, total }: Progress) {
        self.step("copied", done, total);
    }

    /// Says how far something has come.
    pub(crate) fn step(&mut self, what: &str, done: u64, total: u64) {
        let percent = (done * 100).checked_div(total).unwrap_or(100);
        if self.percent.replace(percent) != Some(percent) && std::io::stderr().is_terminal() {
            eprint!("\r{what} {percent} %");
            let _ = std::io::stderr().flush();
        }
    }

    /// Says what was done, if it was seen to be done.
    pub(crate) fn end(&self, done: &str) {
        if self.percent.is_none() {
            return;
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r");
        }
        eprintln!("{done}");
    }
}
