//! Why the journal refuses or fails, for people: what is wrong, where, and what to do.

use std::path::PathBuf;

use calendar::Instant;

use crate::Position;

/// The result of asking the journal.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the journal refuses or fails. Whatever was asked for was not done at all.
///
/// `path` names the database: a file, or the address of a server without user and password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else committed first; read what is new and decide again.
    #[error("the batch was decided at position {expected}, but the head is at {found}; read on and decide again")]
    HeadMoved {
        /// What the batch expected.
        expected: Position,
        /// Where the head is.
        found: Position,
    },
    /// The batch is not later than the head.
    #[error("the time {given} is not after the last recorded time {head}")]
    ClockBackwards {
        /// Journal time of the head.
        head: Instant,
        /// Journal time of the batch.
        given: Instant,
    },
    /// The batch was decided with older time zone data than the head's.
    #[error("the journal was written with time zone data {head}, but this program has {given}; nothing was written")]
    TzdataOlder {
        /// Version of the head.
        head: String,
        /// Version of the batch.
        given: String,
    },
    /// The input contradicts what is stored.
    #[error("refused: {what}")]
    Constraint {
        /// Which row, and why.
        what: String,
    },
    /// The database has a schema from the future.
    #[error("{path}: schema version {found}, but this program knows versions up to {known}; nothing was changed")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The database was opened for reading only and still needs its migrations.
    #[error("{path}: schema version {found}, but version {known} is needed; start the server once to migrate it")]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The version needed.
        known: u32,
    },
    /// There is no database to read.
    #[error("{path}: there is no database")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A restore was interrupted, so that the folder holds no whole database.
    #[error("{path}: a restore into this folder was interrupted; run it again")]
    Unfinished {
        /// The copy that is not whole.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{path}: this is not a Watchbell database; nothing was changed")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A journal can be carried into an empty database only.
    #[error("{path}: there is a journal in it already; nothing was changed")]
    Filled {
        /// The database.
        path: PathBuf,
    },
    /// Another server has the database.
    #[error("{path}: another process holds the lock of this database")]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The directory, the file or the way it was opened does not allow writing.
    #[error("{path}: cannot be written ({detail})")]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The database server is not there, or the connection to it was lost.
    #[error("{path}: the database server cannot be reached ({detail})")]
    Unreachable {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The database server is there and refuses us.
    #[error("{path}: the database server does not let us in ({detail})")]
    Rejected {
        /// The database.
        path: PathBuf,
        /// What the server said.
        detail: String,
    },
    /// The URL of the database cannot be used. It is never quoted, since it may hold a password.
    #[error("the URL of the database cannot be used: {detail}")]
    Address {
        /// What is wrong with it.
        detail: String,
    },
    /// No space is left.
    #[error("{path}: no space is left on the disk; the change was rolled back")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The disk or the database failed in another way.
    #[error("{path}: failed to read or write ({detail})")]
    Disk {
        /// The database.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// Somebody else kept the database locked for too long.
    #[error("{path}: the database stayed locked by another process")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// Stored rows cannot be read.
    #[error("{path}: the database is damaged ({detail})")]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What cannot be read.
        detail: String,
    },
    /// The chain does not hold.
    #[error("the journal was altered: at position {position}, {why}")]
    Broken {
        /// The first position that does not match.
        position: Position,
        /// What does not match.
        why: String,
    },
}

impl Error {
    /// The page that explains it.
    pub fn code(&self) -> &'static problem::Code {
        match self {
            Error::HeadMoved { .. } => &problem::STORE_MOVED,
            Error::ClockBackwards { .. } => &problem::CLOCK_BACKWARDS,
            Error::TzdataOlder { .. } => &problem::TZDATA_OLDER,
            Error::Constraint { .. } => &problem::STORE_CONSTRAINT,
            Error::Newer { .. } => &problem::STORE_NEWER,
            Error::Older { .. } => &problem::STORE_OLDER,
            Error::Missing { .. } => &problem::STORE_MISSING,
            Error::Unfinished { .. } => &problem::RESTORE_UNFINISHED,
            Error::Foreign { .. } => &problem::STORE_FOREIGN,
            Error::Filled { .. } => &problem::STORE_FILLED,
            Error::InUse { .. } => &problem::STORE_IN_USE,
            Error::ReadOnly { .. } => &problem::STORE_READ_ONLY,
            Error::Unreachable { .. } => &problem::STORE_UNREACHABLE,
            Error::Rejected { .. } => &problem::STORE_REJECTED,
            Error::Address { .. } => &problem::STORE_ADDRESS,
            Error::Full { .. } => &problem::STORE_FULL,
            Error::Disk { .. } => &problem::STORE_FAILED,
            Error::Busy { .. } => &problem::STORE_BUSY,
            Error::Corrupt { .. } => &problem::STORE_CORRUPT,
            Error::Broken { .. } => &problem::JOURNAL_ALTERED,
        }
    }

    /// This occurrence as a problem to show.
    pub fn problem(&self) -> problem::Problem {
        problem::Problem::new(self.code(), self.to_string())
    }
}
