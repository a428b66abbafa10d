//! PostgreSQL's failures in the journal's words.

use std::error::Error as _;
use std::io::ErrorKind;
use std::path::Path;

use tokio_postgres::error::SqlState;

use crate::Error;

/// Why work on a connection ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver or the server failed.
    Sql(tokio_postgres::Error),
    /// No answer came in time.
    Silent,
    /// A row does not hold what it must.
    Damaged(String),
    /// The journal refuses.
    Refused(Error),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Fault {
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

    /// Whether the connection is gone, so that another one may fare better.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Fault::Silent => true,
            Fault::Damaged(_) | Fault::Refused(_) => false,
            Fault::Sql(error) => match error.code() {
                Some(code) => ends_connection(code),
                None => error.is_closed() || io(error).is_some_and(|kind| kind != ErrorKind::InvalidInput),
            },
        }
    }

    /// The journal's error for the database shown as `path`.
    pub(super) fn at(self, path: &Path) -> Error {
        match self {
            Fault::Refused(error) => error,
            Fault::Damaged(detail) => Error::Corrupt { path: path.to_owned(), detail },
            Fault::Silent => Error::Unreachable { path: path.to_owned(), detail: "it does not answer".to_owned() },
            Fault::Sql(error) => sql(path, &error),
        }
    }
}

/// The kind of the system's error under one of the driver's. What the driver itself cannot encode is `InvalidInput`.
fn io(error: &tokio_postgres::Error) -> Option<ErrorKind> {
    error.source()?.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

/// Shutdowns, terminations, time-outs of idle transactions, and trouble with the connection itself.
fn ends_connection(code: &SqlState) -> bool {
    ["57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04"].contains(&code.code())
        || code.code().starts_with("08")
}

fn sql(path: &Path, error: &tokio_postgres::Error) -> Error {
    let path = path.to_owned();
    let Some(found) = error.as_db_error() else {
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            detail = format!("{detail}: {source}");
            cause = source.source();
        }
        return match io(error) {
            Some(ErrorKind::InvalidInput) => Error::Constraint { what: detail },
            _ => Error::Unreachable { path, detail },
        };
    };
    // Never the server's DETAIL: it quotes rows.
    let detail = format!("{} [{}]", found.message(), found.code().code());
    let code = found.code();
    let class = code.code().get(..2).unwrap_or_default();
    match class {
        _ if ends_connection(code) || *code == SqlState::TOO_MANY_CONNECTIONS => Error::Unreachable { path, detail },
        _ if *code == SqlState::DISK_FULL => Error::Full { path },
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Error::ReadOnly { path, detail },
        // No lock in time, a statement beyond its time, a deadlock.
        _ if ["55P03", "57014", "40P01", "40001"].contains(&code.code()) => Error::Busy { path },
        "28" | "3D" | "3F" => Error::Rejected { path, detail },
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => Error::Rejected { path, detail },
        // A value that its column cannot hold, a broken constraint, a row or key beyond the limits.
        "22" | "23" | "54" => Error::Constraint { what: detail },
        _ if ["XX001", "XX002"].contains(&code.code()) => Error::Corrupt { path, detail },
        _ => Error::Disk { path, detail },
    }
}
