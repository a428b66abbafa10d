//! How the database's files are, for `doctor`. It repairs nothing.

use std::fs;

use super::fault::Fault;
use super::{Sqlite, open};
use crate::Result;

/// The files of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of its write-ahead log.
    pub log_bytes: u64,
}

impl Sqlite {
    /// How large its files are.
    pub fn files(&self) -> Files {
        let bytes = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        Files { database_bytes: bytes(self.path()), log_bytes: bytes(log.as_ref()) }
    }

    /// SQLite's quick check of every page; empty when nothing was found.
    pub fn quick_check(&self) -> Result<Vec<String>> {
        let connection = open::reader(self.path())?;
        let check = || -> Result<Vec<String>, Fault> {
            let mut statement = connection.prepare("PRAGMA quick_check(10)")?;
            let found = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            Ok(found.into_iter().filter(|line| line != "ok").collect())
        };
        check().map_err(|fault| fault.at(self.path()))
    }
}
