//! `migrate`: a journal from a data directory into PostgreSQL, or back. Everything arrives, verified, or nothing does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal::{Carried, Postgres, Reader, Restoring, Source, Sqlite, Store, Verification, Workspace};
use serde_json::{Value, json};

use crate::backup::{self, Bar};
use crate::cli::MigrateArgs;
use crate::exit::{Ended, Exit, explain};
use crate::place::Place;
use crate::restore::is_filled;

/// How an end that is a folder begins.
const FOLDER: &str = "sqlite:";
/// An end that the environment names.
const SERVER: &str = "postgres";

/// Where the journal comes from: open as for a server, so that its schema is of this version, and
/// that no other process writes to a folder meanwhile.
struct Old {
    store: Box<dyn Store>,
    rows: Box<dyn Source>,
}

/// What arrived.
struct Arrived {
    carried: Carried,
    verified: Verification,
}

pub(crate) fn migrate(args: &MigrateArgs) -> anyhow::Result<Exit> {
    let (from, to) = (end(&args.from)?, end(&args.to)?);
    let mut source = Old::open(&from)?;
    let arrived = match &to {
        Place::Folder(folder) => into_folder(&mut source, folder)?,
        Place::Server(url) => into_server(&mut source, url)?,
    };
    if args.json {
        println!("{}", arrived.json());
        return Ok(Exit::Ok);
    }
    println!("{to}");
    arrived.tell();
    println!("next: start the server there, and keep {from} as it is until you trust it; never start a server on both");
    Ok(Exit::Ok)
}

/// What `--from` or `--to` names.
fn end(text: &str) -> anyhow::Result<Place> {
    match text.strip_prefix(FOLDER) {
        Some(folder) if !folder.is_empty() => Ok(Place::Folder(PathBuf::from(folder))),
        None if text == SERVER => Place::named_by_environment(),
        None if text.contains("://") => match Place::of(Path::new(text))? {
            place @ Place::Server(_) => Ok(place),
            Place::Folder(_) => Err(unknown(text)),
        },
        _ => Err(unknown(text)),
    }
}

fn unknown(text: &str) -> anyhow::Error {
    let why = format!(
        "`{text}` names no journal\n\
         help: write `sqlite:DIR`, `postgres://user@host/database`, or `postgres` for the URL in the environment"
    );
    Ended::with(Exit::Usage, why)
}

impl Old {
    fn open(place: &Place) -> anyhow::Result<Old> {
        let (store, rows): (Box<dyn Store>, _) = match place {
            Place::Folder(folder) => {
                // Opening for a server would create what is not there.
                Sqlite::open_read_only(folder).map(drop).or_else(older).map_err(|e| explain(&e.problem()))?;
                let store = Sqlite::open(folder).map_err(|e| explain(&e.problem()))?;
                let rows = store.rows();
                (Box::new(store), rows)
            }
            Place::Server(url) => {
                let store = Postgres::open(url).map_err(|e| explain(&e.problem()))?;
                let rows = store.rows();
                (Box::new(store), rows)
            }
        };
        Ok(Old { store, rows: rows.map_err(|e| explain(&e.problem()))? })
    }

    /// Refuses what is not the whole journal any more: a server went on writing to the old place.
    fn is_at(&self, verified: &Verification) -> anyhow::Result<()> {
        let head = reader(&*self.store)?.head().map_err(|e| explain(&e.problem()))?;
        if head == verified.head {
            return Ok(());
        }
        let why = format!(
            "a server wrote to the old place meanwhile: it is at position {}, and the copy at {}\n\
             help: stop every server there, empty the new place, and run this again",
            head.position, verified.head.position
        );
        Err(Ended::with(Exit::Failure, why))
    }
}

/// An older schema is brought up to date when it is opened for a server.
fn older(error: journal::Error) -> journal::Result<()> {
    if matches!(error, journal::Error::Older { .. }) { Ok(()) } else { Err(error) }
}

fn into_folder(source: &mut Old, folder: &Path) -> anyhow::Result<Arrived> {
    if is_filled(folder)? {
        let message = format!("{} is not empty\nhelp: name a new folder", folder.display());
        return Err(Ended::with(Exit::Usage, message));
    }
    let mut bar = Bar::default();
    let made = Restoring::carry(&mut *source.rows, folder, &mut |progress| bar.show(progress));
    let (restoring, carried) = made.map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    let verified = restoring.verified().clone();
    folded(restoring.store())?;
    source.is_at(&verified)?;
    restoring.finish(&folder.join("replaced")).map_err(|e| explain(&e.problem()))?;
    Ok(Arrived { carried, verified })
}

fn into_server(source: &mut Old, url: &str) -> anyhow::Result<Arrived> {
    let store = Postgres::open(url).map_err(|e| explain(&e.problem()))?;
    let mut bar = Bar::default();
    let filled = store.fill(&mut *source.rows, &mut |progress| bar.show(progress));
    let (carried, verified) = filled.map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    folded(&store)?;
    source.is_at(&verified)?;
    Ok(Arrived { carried, verified })
}

/// Folds every incident again, and refuses rows that differ.
fn folded(store: &dyn Store) -> anyhow::Result<()> {
    let found = engine::refold(&*reader(store)?).map_err(|problem| explain(&problem))?;
    match found.first() {
        None => Ok(()),
        Some((no, difference)) => {
            let detail = format!("INC-{no} {}; it was so before it was carried", difference.words());
            Err(explain(&problem::Problem::new(&problem::INCIDENT_ROWS_ALTERED, detail)))
        }
    }
}

fn reader(store: &dyn Store) -> anyhow::Result<Arc<dyn Reader>> {
    store.reader(Workspace::default()).map_err(|e| explain(&e.problem()))
}

impl Arrived {
    fn json(&self) -> Value {
        let mut value = backup::json(&self.verified);
        value["rows"] = self.carried.0.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
        value
    }

    fn tell(&self) {
        for (table, rows) in &self.carried.0 {
            println!("{rows:>12}  {table}");
        }
        backup::tell(&self.verified);
        println!("every incident equals its events, byte for byte");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_folder_or_a_server() {
        let cases = [("sqlite:data", "data"), ("postgres://w@db.example/wb", "postgres://db.example:5432/wb")];
        for (text, shown) in cases {
            assert_eq!(end(text).unwrap().to_string(), shown);
        }
        for wrong in ["data", "sqlite:", "mysql://db/wb", "", "postgres://w:secret@db.example/wb"] {
            let told = format!("{:#}", end(wrong).err().unwrap());
            assert!(told.contains("help: ") && !told.contains(":secret@"), "{told}");
        }
    }
}
