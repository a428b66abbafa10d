//! Opening: where the file is, who may have it, whose it is, and how connections are set up.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::schema::{self, Found};
use crate::{Error, Result};

/// Name of the database within a data directory.
const FILE_NAME: &str = "watchbell.db";

/// Added to the name of a copy that is not whole yet.
pub(super) const UNFINISHED: &str = "partial";

/// A database shell or a backup may hold the write lock this long before a commit gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// 64 MB of pages: a page that every commit changes goes into the database once in many commits,
/// and a log of that size is still read within a second after a crash.
const CHECKPOINT_PAGES: u32 = 16_000;

/// The write-ahead log is cut back to this size after a checkpoint, so that one flood does not keep the disk.
const LOG_LIMIT_BYTES: u32 = 128 << 20;

/// Page cache of the writer; readers share the system's. Negative numbers are SQLite's unit for KiB.
const CACHE_KIB: i32 = -32_768;

/// Distinct statements of one connection; there are about fifty.
const STATEMENTS: usize = 96;

/// Takes the lock, then creates or migrates the database.
pub(super) fn for_server(path: &Path) -> Result<(PathBuf, File)> {
    let (directory, _) = place(path);
    let (file, lock) = claim(path)?;
    let unfinished = file.with_added_extension(UNFINISHED);
    if unfinished.exists() && !file.exists() {
        return Err(Error::Unfinished { path: unfinished });
    }
    let done = versions_done(&file)?;
    create_file(&file)?;
    let create = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(&file, create).map_err(|fault| fault.at(&file))?;
    set_up_writer(&connection).map_err(|fault| fault.at(&file))?;
    if done < schema::known() {
        schema::migrate(&mut connection, done).map_err(|fault| fault.at(&file))?;
        drop(connection);
        // SQLite does not sync the directory of a new database; a power cut could lose its name.
        File::open(&directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| refused(&directory, &error))?;
    }
    Ok((file, lock))
}

/// Takes the lock of a data directory, which is created if need be, and touches nothing else.
pub(super) fn claim(path: &Path) -> Result<(PathBuf, File)> {
    let (directory, file) = place(path);
    create_directory(&directory)?;
    let lock = lock(&file)?;
    Ok((file, lock))
}

/// How many migrations have run on a database that this program may write. Looks without writing,
/// since opening a write-ahead log for writing already changes the files.
fn versions_done(file: &Path) -> Result<u32> {
    match File::options().read(true).append(true).open(file) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(refused(file, &error)),
    }
    match schema::inspect(&reader(file)?).map_err(|fault| fault.at(file))? {
        Found::Foreign => Err(Error::Foreign { path: file.to_owned() }),
        Found::Ours(found) if found > schema::known() => {
            Err(Error::Newer { path: file.to_owned(), found, known: schema::known() })
        }
        Found::Ours(found) => Ok(found),
        Found::Empty => Ok(0),
    }
}

/// Checks that there is a database that this program reads.
pub(super) fn for_reading(path: &Path) -> Result<PathBuf> {
    let (_, file) = place(path);
    if !file.is_file() {
        return Err(Error::Missing { path: file });
    }
    let connection = reader(&file)?;
    let known = schema::known();
    match schema::inspect(&connection).map_err(|fault| fault.at(&file))? {
        Found::Foreign => Err(Error::Foreign { path: file }),
        Found::Ours(found) if found > known => Err(Error::Newer { path: file, found, known }),
        Found::Ours(found) if found < known => Err(Error::Older { path: file, found, known }),
        Found::Ours(_) => Ok(file),
        Found::Empty => Err(Error::Older { path: file, found: 0, known }),
    }
}

/// A connection for a writer.
pub(super) fn writer(file: &Path) -> Result<Connection> {
    let open = || -> Result<Connection, Fault> {
        let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        set_up_writer(&connection)?;
        Ok(connection)
    };
    open().map_err(|fault| fault.at(file))
}

/// A connection for readers.
pub(super) fn reader(file: &Path) -> Result<Connection> {
    let open = || -> Result<Connection, Fault> { connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY) };
    open().map_err(|fault| fault.at(file))
}

/// What every connection has. One is never used by two threads at once, so SQLite need not lock it.
fn connect(file: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not look at bound values, or a statement would be compiled anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn set_up_writer(connection: &Connection) -> Result<(), Fault> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let path = connection.path().unwrap_or_default().into();
        let detail = format!("its file system allows journal mode {mode} only, and a write-ahead log is needed");
        return Err(Error::Disk { path, detail }.into());
    }
    // FULL syncs the log at each commit: an answer is given only for what is on disk.
    // Secure deletion overwrites what was erased, which is the point of erasing.
    for (name, value) in
        [("synchronous", "FULL"), ("foreign_keys", "ON"), ("secure_delete", "ON"), ("temp_store", "MEMORY")]
    {
        connection.pragma_update(None, name, value)?;
    }
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    Ok(())
}

/// The directory and the database file that a path means.
fn place(path: &Path) -> (PathBuf, PathBuf) {
    let is_file = path.is_file() || (!path.is_dir() && path.extension().is_some_and(|extension| extension == "db"));
    if !is_file {
        return (path.to_owned(), path.join(FILE_NAME));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (directory.to_owned(), path.to_owned())
}

/// Creates the data directory for its owner alone: it holds contacts and customers' words.
fn create_directory(directory: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| refused(directory, &error))
}

/// Creates the database for its owner alone, if it is not there; SQLite gives its log the same mode.
fn create_file(database: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(database) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(refused(database, &error)),
        _ => Ok(()),
    }
}

/// Takes the lock that keeps a second server out. It ends with the process, however that ends.
fn lock(database: &Path) -> Result<File> {
    let path = database.with_added_extension("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| refused(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
        Err(TryLockError::Error(error)) => Err(refused(&path, &error)),
    }
}

pub(super) fn refused(path: &Path, error: &io::Error) -> Error {
    let (path, detail) = (path.to_owned(), error.to_string());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path, detail },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { path },
        _ => Error::Disk { path, detail },
    }
}
