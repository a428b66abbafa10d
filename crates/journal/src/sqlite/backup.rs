//! Copies of a database: made while a server writes to it, and put in place of one.
//!
//! A copy is one file without helpers beside it, and it bears its name only once it is on disk and
//! its chain was recomputed. What becomes of messages after a restore is the engine's to decide.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::fault::Fault;
use super::open::UNFINISHED;
use super::{Sqlite, open};
use crate::carry::{Carried, Source};
use crate::store::Store;
use crate::verify::{Verification, verify};
use crate::{Error, Result, Workspace};

/// Pages copied between two reports of progress: 1 MB of the usual 4 KiB pages.
const PAGES_AT_ONCE: i32 = 256;
/// Pause when the file is locked for a moment, as by a checkpoint of another process.
const LOCKED_PAUSE: Duration = Duration::from_millis(50);
/// The database and the helpers that SQLite keeps beside it.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// How far a copy has come, in pages of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pages copied.
    pub done: u64,
    /// Pages in all.
    pub total: u64,
}

impl Sqlite {
    /// The name of a copy until it is whole. A killed backup leaves it behind.
    pub fn unfinished(to: &Path) -> PathBuf {
        to.with_added_extension(UNFINISHED)
    }

    /// Removes what a killed backup left behind, under the name that [`Sqlite::unfinished`] gave.
    pub fn discard(unfinished: &Path) -> Result<()> {
        remove(unfinished)
    }

    /// Copies the database as it is now into a new file, beside a running server, which goes on writing.
    ///
    /// The copy is of one instant: later commits are not in it. It is durable, and its chain was
    /// recomputed, when this returns; before that, nothing bears the name `to`.
    pub fn back_up(&self, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verification> {
        Sqlite::make(to, |unfinished| copy(self.path(), unfinished, progress))
    }

    /// The same of any other database, by its rows.
    pub fn take(source: &mut dyn Source, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verification> {
        Sqlite::make(to, |unfinished| {
            create(unfinished)?;
            Sqlite::open(unfinished)?.fill(source, progress)?;
            settle(unfinished)
        })
    }

    /// Makes a new file by another name, verifies it, and gives it its own.
    fn make(to: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<Verification> {
        if to.exists() {
            let detail = "there is a file of that name already, and a backup replaces nothing".to_owned();
            return Err(Error::ReadOnly { path: to.to_owned(), detail });
        }
        let unfinished = Sqlite::unfinished(to);
        remove(&unfinished)?;
        let made = fill(&unfinished).and_then(|()| check(&unfinished));
        let verified = match made {
            Ok(verified) => verified,
            Err(error) => {
                // The reason for the failure is of use, what is left of the copy is not.
                let _ = remove(&unfinished);
                return Err(error);
            }
        };
        rename(&unfinished, to)?;
        // The lock of a copy that was filled as a database.
        remove(&unfinished)?;
        Ok(verified)
    }
}

/// A backup on its way into a data directory. Until [`Restoring::finish`] nothing there has changed
/// but for a file that says by its name that it is not whole; a server cannot start meanwhile.
pub struct Restoring {
    target: PathBuf,
    unfinished: PathBuf,
    store: Sqlite,
    verified: Verification,
    _lock: File,
}

impl Restoring {
    /// Fills an empty database to the side of the one of `directory` with the rows of another, and verifies it.
    pub fn carry(
        source: &mut dyn Source,
        directory: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Restoring, Carried)> {
        let mut carried = None;
        let restoring = Restoring::prepare(directory, |unfinished| {
            create(unfinished)?;
            let store = Sqlite::open(unfinished)?;
            carried = Some(store.fill(source, progress)?);
            Ok(store)
        })?;
        Ok((restoring, carried.expect("what was prepared was filled")))
    }

    /// Copies the backup `from` to the side of the database of `directory`, migrates and verifies it.
    pub fn begin(from: &Path, directory: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Restoring> {
        if !from.is_file() {
            return Err(Error::Missing { path: from.to_owned() });
        }
        Restoring::prepare(directory, |unfinished| {
            copy(from, unfinished, progress)?;
            Sqlite::open(unfinished)
        })
    }

    fn prepare(directory: &Path, fill: impl FnOnce(&Path) -> Result<Sqlite>) -> Result<Restoring> {
        let (target, lock) = open::claim(directory)?;
        let unfinished = target.with_added_extension(UNFINISHED);
        remove(&unfinished)?;
        let taken_in = || -> Result<(Sqlite, Verification)> {
            let store = fill(&unfinished)?;
            let verified = verify(&*store.reader(Workspace::default())?, Workspace::default())?;
            Ok((store, verified))
        };
        match taken_in() {
            Ok((store, verified)) => Ok(Restoring { target, unfinished, store, verified, _lock: lock }),
            Err(error) => {
                // The reason for the failure is of use, what is left of the copy is not.
                let _ = remove(&unfinished);
                Err(error)
            }
        }
    }

    /// The copy's rows, to be carried on.
    pub fn rows(&self) -> Result<Box<dyn Source>> {
        self.store.rows()
    }

    /// The copy, for what must be written before anybody may start on it.
    pub fn store(&self) -> &dyn Store {
        &self.store
    }

    /// What the backup's chain came to.
    pub fn verified(&self) -> &Verification {
        &self.verified
    }

    /// Puts the copy in place; a database that is there goes into the folder `aside` first.
    pub fn finish(self, aside: &Path) -> Result<()> {
        let Restoring { target, unfinished, store, .. } = self;
        // The last connection to end leaves one file without a log.
        drop(store);
        settle(&unfinished)?;
        for extra in FILES {
            let file = with_suffix(&target, extra);
            if file.exists() {
                fs::create_dir_all(aside).map_err(|error| open::refused(aside, &error))?;
                rename(&file, &aside.join(file.file_name().unwrap_or_default()))?;
            }
        }
        rename(&unfinished, &target)?;
        remove(&unfinished)
    }
}

/// Copies a database of one instant into a new file, and syncs it.
fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<()> {
    create(to)?;
    let source = open::reader(from)?;
    let mut copied = || -> Result<(), Fault> {
        // A transaction of ours pins the instant: without it every commit of the server would
        // make the copy begin again. The server is not held up, but its log grows meanwhile.
        let pinned = source.unchecked_transaction()?;
        pinned.query_row("SELECT count(*) FROM head", [], |_| Ok(()))?;
        let mut target = Connection::open(to)?;
        let backup = Backup::new(&pinned, &mut target)?;
        loop {
            let step = backup.step(PAGES_AT_ONCE)?;
            let state = backup.progress();
            let (total, left) = (u64::try_from(state.pagecount), u64::try_from(state.remaining));
            if let (Ok(total), Ok(left)) = (total, left) {
                progress(Progress { done: total.saturating_sub(left), total });
            }
            match step {
                StepResult::Done => return Ok(()),
                StepResult::Busy | StepResult::Locked => std::thread::sleep(LOCKED_PAUSE),
                _ => {}
            }
        }
    };
    copied().map_err(|fault| fault.at(to))?;
    settle(to)
}

/// Makes a database one whole file on disk, without a log beside it.
fn settle(file: &Path) -> Result<()> {
    let alone = || -> Result<(), Fault> {
        let connection = Connection::open(file)?;
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
        Ok(())
    };
    alone().map_err(|fault| fault.at(file))?;
    File::open(file).and_then(|file| file.sync_all()).map_err(|error| open::refused(file, &error))
}

/// Recomputes the chain of a copy.
fn check(file: &Path) -> Result<Verification> {
    let store = Sqlite::open_read_only(file)?;
    verify(&*store.reader(Workspace::default())?, Workspace::default())
}

/// A new file for its owner alone: it will hold contacts and customers' words.
fn create(file: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(|_| ()).map_err(|error| open::refused(file, &error))
}

/// Renames, durably.
fn rename(from: &Path, to: &Path) -> Result<()> {
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::rename(from, to).and_then(|()| File::open(directory)?.sync_all()).map_err(|error| open::refused(to, &error))
}

/// Removes an unfinished copy and what lies beside it.
fn remove(unfinished: &Path) -> Result<()> {
    for extra in ["", "-wal", "-shm", ".lock"] {
        let file = with_suffix(unfinished, extra);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(open::refused(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
