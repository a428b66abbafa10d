//! `backup` and `restore`: a verified copy of a data directory, and the way back.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use calendar::Instant;
use engine::TimeSource;
use journal::{Progress, Restoring, Sqlite, Verification, Workspace};
use serde::{Deserialize, Serialize};

use crate::cli::{BackupArgs, RestoreArgs};
use crate::exit::{Ended, Exit, explain};

/// In the data directory: when and where the last backup was made, for `doctor`.
const MARK: &str = "last-backup.json";

/// What an interrupted restore leaves; the next attempt replaces it.
const UNFINISHED: &str = "watchbell.db.partial";

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
    let store = Sqlite::open_read_only(&args.data).map_err(|e| explain(&e.problem()))?;
    let mut bar = Bar::default();
    let verified =
        store.back_up(&args.output, &mut |progress| bar.show(progress)).map_err(|e| explain(&e.problem()))?;
    bar.end();
    let file = std::path::absolute(&args.output).unwrap_or_else(|_| args.output.clone());
    let mark = Mark { at: TimeSource::System.now(), position: verified.head.position.0, file };
    if let Err(error) = mark.write(&args.data) {
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

pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<Exit> {
    if !args.replace && is_filled(&args.data)? {
        let message = format!(
            "{} is not empty\nhelp: name a new folder, or keep what is there in a folder beside with --replace",
            args.data.display()
        );
        return Err(Ended::with(Exit::Usage, message));
    }
    let mut bar = Bar::default();
    let restoring = Restoring::begin(&args.file, &args.data, &mut |progress| bar.show(progress));
    bar.end();
    let restoring = restoring.map_err(|e| explain(&e.problem()))?;
    let verified = restoring.verified().clone();
    let now = TimeSource::System.now();
    let settled = engine::after_restore(restoring.store(), Workspace::default(), now, &web::PASSING)
        .map_err(|problem| explain(&problem))?;
    let aside = args.data.join(format!("replaced-{}", now.as_micros()));
    restoring.finish(&aside).map_err(|e| explain(&e.problem()))?;
    if args.json {
        let mut value = json(&verified);
        value["superseded"] = settled.superseded.into();
        value["kept"] = settled.kept.into();
        value["sessions_ended"] = settled.ended.into();
        value["open_incidents"] = settled.open.into();
        println!("{value}");
        return Ok(Exit::Ok);
    }
    println!("{}", args.data.display());
    tell(&verified);
    println!(
        "{} messages that waited go on; {} are older than {} and are not sent again, since they may have been sent",
        settled.kept,
        settled.superseded,
        engine::RESENT_AFTER_RESTORE
    );
    println!("{} open incidents: their clocks go on when the server starts", settled.open);
    println!("{} sessions and sign-in links ended; revoke again the tokens revoked since the backup", settled.ended);
    if aside.exists() {
        println!("what was there before lies in {}", aside.display());
    }
    Ok(Exit::Ok)
}

/// Whether a folder holds anything but what an earlier attempt to restore left.
fn is_filled(data: &Path) -> anyhow::Result<bool> {
    let entries = match std::fs::read_dir(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        entries => entries.with_context(|| format!("failed to read {}", data.display()))?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.ends_with(".lock") && !name.starts_with(UNFINISHED) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn json(verified: &Verification) -> serde_json::Value {
    serde_json::json!({
        "position": verified.head.position.0, "hash": hash(verified), "recorded_at": verified.head.recorded_at,
        "events": verified.events, "signals": verified.signals,
    })
}

fn tell(verified: &Verification) {
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
struct Bar {
    percent: Option<u64>,
}

impl Bar {
    fn show(&mut self, Progress { done, total }: Progress) {
        let percent = (done * 100).checked_div(total).unwrap_or(100);
        if self.percent.replace(percent) != Some(percent) && std::io::stderr().is_terminal() {
            eprint!("\rcopied {percent} %");
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.percent.is_none() {
            return;
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r");
        }
        eprintln!("copied; the chain is recomputed from the copy");
    }
}
