//! SQLite's failures in the journal's words. It decides nothing about retrying.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::Error;

/// Why work inside a transaction ended: SQLite failed, or the journal refuses.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Refused(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Refused(error)
    }
}

impl Fault {
    /// The input contradicts what is stored.
    pub(super) fn constraint(what: String) -> Fault {
        Fault::Refused(Error::Constraint { what })
    }

    /// The journal's error for the database at `path`.
    pub(super) fn at(self, path: &Path) -> Error {
        match self {
            Fault::Refused(error) => error,
            Fault::Sql(error) => sql(path, &error),
        }
    }
}

fn sql(path: &Path, error: &rusqlite::Error) -> Error {
    let (path, detail) = (path.to_owned(), error.to_string());
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => Error::Full { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Error::ReadOnly { path, detail }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy { path },
            ErrorCode::DatabaseCorrupt => Error::Corrupt { path, detail },
            ErrorCode::NotADatabase => Error::Foreign { path },
            ErrorCode::ConstraintViolation | ErrorCode::TooBig => Error::Constraint { what: detail },
            _ => Error::Disk { path, detail },
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => Error::Corrupt { path, detail },
        _ => Error::Disk { path, detail },
    }
}
