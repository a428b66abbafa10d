//! `backup`: a verified copy of a data directory, or of a database, in one file. The way back is in `restore`.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use calendar::Instant;
use engine::TimeSource;
use journal::{Postgres, Progress, Sqlite, Verification};
use serde::{Deserialize, Serialize};

use crate::cli::BackupArgs;
use crate::exit::{Ended, Exit, explain};
use crate::place::Place;

/// In the data directory: when and where the last backup was made, for `doctor`.
const MARK: &str = "last-backup.json";

/// In the data directory: what a backup under way will leave if it is killed.
const UNDER_WAY: &str = "backup-under-way";

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

/// The backup under way: its file is locked meanwhile, and says what a killed one left behind.
pub(crate) struct UnderWay(std::fs::File);

impl UnderWay {
    /// Removes what a killed backup left, and says what this one would leave.
    fn begin(data: &Path, unfinished: &Path) -> anyhow::Result<UnderWay> {
        let path = data.join(UNDER_WAY);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).with_context(|| format!("failed to write {}", path.display()))?;
        if file.try_lock().is_err() {
            let message = "another backup of this data directory is being made\nhelp: wait until it has ended";
            return Err(Ended::with(Exit::Failure, message));
        }
        let mut left = String::new();
        file.read_to_string(&mut left)?;
        if !left.is_empty() && Path::new(&left).exists() {
            Sqlite::discard(Path::new(&left)).map_err(|e| explain(&e.problem()))?;
            eprintln!("note: removed {left}, which a killed backup left");
        }
        let unfinished = std::path::absolute(unfinished)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(unfinished.as_os_str().as_encoded_bytes())?;
        file.sync_all()?;
        Ok(UnderWay(file))
    }

    fn end(self) {
        // Where this fails, the next backup looks for a file that is not there.
        let _ = self.0.set_len(0);
    }

    /// What a killed backup left, if one did and none is being made.
    pub(crate) fn left(data: &Path) -> Option<PathBuf> {
        let mut file = std::fs::File::open(data.join(UNDER_WAY)).ok()?;
        file.try_lock_shared().ok()?;
        let mut left = String::new();
        file.read_to_string(&mut left).ok()?;
        Some(PathBuf::from(left)).filter(|path| !path.as_os_str().is_empty() && path.exists())
    }
}

pub(crate) fn backup(args: &BackupArgs) -> anyhow::Result<Exit> {
    if args.output.exists() {
        let message =
            format!("{} exists already\nhelp: a backup replaces nothing; name a new file", args.output.display());
        return Err(Ended::with(Exit::Usage, message));
    }
    let verified = match Place::of(&args.data)? {
        Place::Folder(folder) => of_folder(&folder, &args.output)?,
        Place::Server(url) => of_server(&url, &args.output)?,
    };
    if args.json {
        println!("{}", json(&verified));
    } else {
        println!("{}", args.output.display());
        tell(&verified);
    }
    Ok(Exit::Ok)
}

fn of_folder(data: &Path, output: &Path) -> anyhow::Result<Verification> {
    let store = Sqlite::open_read_only(data).map_err(|e| explain(&e.problem()))?;
    // Who may read and not write here makes a backup all the same, and cleans up by hand.
    let under_way = match UnderWay::begin(data, &Sqlite::unfinished(output)) {
        Err(error) if error.is::<Ended>() => return Err(error),
        begun => begun.ok(),
    };
    let mut bar = Bar::default();
    let made = store.back_up(output, &mut |progress| bar.show(progress));
    if let Some(under_way) = under_way {
        under_way.end();
    }
    let verified = made.map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    let file = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
    let mark = Mark { at: TimeSource::System.now(), position: verified.head.position.0, file };
    if let Err(error) = mark.write(data) {
        eprintln!("note: {MARK} could not be written, so that `doctor` does not know of this backup: {error:#}");
    }
    Ok(verified)
}

/// The rows of one instant, in a file like any other backup.
fn of_server(url: &str, output: &Path) -> anyhow::Result<Verification> {
    let store = Postgres::open_read_only(url).map_err(|e| explain(&e.problem()))?;
    let mut rows = store.rows().map_err(|e| explain(&e.problem()))?;
    let mut bar = Bar::default();
    let made = Sqlite::take(&mut *rows, output, &mut |progress| bar.show(progress));
    let verified = made.map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    Ok(verified)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_backup_left_is_named_and_goes_with_the_next() {
        let data = tempfile::tempdir().unwrap();
        let left = data.path().join("monday.db.partial");
        let killed = UnderWay::begin(data.path(), &left).unwrap();
        std::fs::write(&left, "half").unwrap();
        assert_eq!(UnderWay::left(data.path()), None, "it may still be made");
        assert!(UnderWay::begin(data.path(), &left).is_err(), "one at a time");
        drop(killed);
        assert_eq!(UnderWay::left(data.path()).as_deref(), Some(left.as_path()));
        let next = UnderWay::begin(data.path(), &data.path().join("tuesday.db.partial")).unwrap();
        assert!(!left.exists());
        next.end();
        assert_eq!(UnderWay::left(data.path()), None);
    }
}
