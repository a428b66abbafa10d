//! Where the journal is kept: a data directory, or a PostgreSQL database. The one place that chooses between them.

use std::fmt;
use std::path::{Path, PathBuf};

use journal::{Postgres, Sqlite, Store};

use crate::client::secret;
use crate::exit::{Ended, Exit, explain};

/// Names the database; with `_FILE` appended, a file that holds the URL. The way for an URL with a password.
pub(crate) const VARIABLE: &str = "WATCHBELL_DATABASE_URL";
/// The data directory where nothing else is said.
pub(crate) const DEFAULT: &str = "watchbell-data";

/// Where the journal is kept.
#[derive(Clone)]
pub(crate) enum Place {
    /// In SQLite, in a data directory or a file.
    Folder(PathBuf),
    /// In PostgreSQL, at this URL.
    Server(String),
}

impl Place {
    /// What `--data` or its setting names. The environment's database takes the place of the default directory.
    pub(crate) fn of(data: &Path) -> anyhow::Result<Place> {
        let text = data.to_string_lossy();
        if is_url(&text) {
            if Postgres::has_password(&text) {
                let why = format!(
                    "the URL of the database holds a password, which others on this machine could read here\n\
                     help: set {VARIABLE}, or {VARIABLE}_FILE to a file that holds the URL"
                );
                return Err(Ended::with(Exit::Usage, why));
            }
            return Ok(Place::Server(text.into_owned()));
        }
        if data == Path::new(DEFAULT)
            && let Some(url) = secret(VARIABLE)?
        {
            return Ok(Place::Server(url));
        }
        Ok(Place::Folder(data.to_owned()))
    }

    /// Opens it for a server.
    pub(crate) fn open(&self) -> anyhow::Result<Box<dyn Store>> {
        Ok(match self {
            Place::Folder(folder) => Box::new(Sqlite::open(folder).map_err(|error| explain(&error.problem()))?),
            Place::Server(url) => Box::new(Postgres::open(url).map_err(|error| explain(&error.problem()))?),
        })
    }

    /// Opens it for reading, beside a running server if there is one.
    pub(crate) fn open_read_only(&self) -> anyhow::Result<Box<dyn Store>> {
        Ok(match self {
            Place::Folder(folder) => {
                Box::new(Sqlite::open_read_only(folder).map_err(|error| explain(&error.problem()))?)
            }
            Place::Server(url) => Box::new(Postgres::open_read_only(url).map_err(|error| explain(&error.problem()))?),
        })
    }

    /// The database of the environment, for what is asked to use it.
    pub(crate) fn named_by_environment() -> anyhow::Result<Place> {
        match secret(VARIABLE)? {
            Some(url) => Ok(Place::Server(url)),
            None => {
                let why = format!(
                    "neither {VARIABLE} nor {VARIABLE}_FILE is set\nhelp: set one of them to the URL of the database"
                );
                Err(Ended::with(Exit::Usage, why))
            }
        }
    }
}

/// For people: never a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(f),
            Place::Server(url) => match Postgres::shown_of(url) {
                Some(shown) => shown.display().fmt(f),
                None => f.write_str("a PostgreSQL database"),
            },
        }
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_a_server_and_everything_else_a_folder() {
        let cases = [
            ("data", "data"),
            ("postgres", "postgres"),
            ("postgres://w@db.example/wb", "postgres://db.example:5432/wb"),
            ("postgresql://w@db.example/wb?sslmode=disable", "postgres://db.example:5432/wb"),
        ];
        for (given, shown) in cases {
            assert_eq!(Place::of(Path::new(given)).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_and_not_repeated() {
        let Err(refused) = Place::of(Path::new("postgres://w:hunter2@db.example/wb")) else { panic!("it was taken") };
        let told = format!("{refused:#}");
        assert!(told.contains(VARIABLE) && !told.contains("hunter2"), "{told}");
    }
}
