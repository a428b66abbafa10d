//! `restore`: a backup in the place of a data directory, or in an empty database, after a look at whether it is what it says.

use std::fmt::Display;
use std::path::Path;

use anyhow::Context as _;
use calendar::Instant;
use engine::{Refold, Restored, TimeSource, View};
use journal::{Postgres, Restoring, Store, Verification, Workspace};
use problem::Problem;
use serde_json::{Value, json};

use crate::backup::{self, Bar};
use crate::cli::RestoreArgs;
use crate::exit::{Ended, Exit, explain};
use crate::place::Place;

/// What an interrupted restore leaves; the next attempt replaces it.
const UNFINISHED: &str = "watchbell.db.partial";

/// What a restore came to.
struct Told {
    verified: Verification,
    settled: Restored,
    /// Incidents whose rows were written anew, and in how many that changed something.
    repaired: Option<usize>,
    /// The tokens that open something again.
    tokens: Vec<web::KnownToken>,
    now: Instant,
}

pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<Exit> {
    match Place::of(&args.data)? {
        Place::Folder(folder) => into_folder(args, &folder),
        Place::Server(url) => into_server(args, &url),
    }
}

fn into_folder(args: &RestoreArgs, data: &Path) -> anyhow::Result<Exit> {
    if !args.replace && is_filled(data)? {
        let message = format!(
            "{} is not empty\nhelp: name a new folder, or keep what is there in a folder beside with --replace",
            data.display()
        );
        return Err(Ended::with(Exit::Usage, message));
    }
    let (restoring, told) = begin(args, data)?;
    let aside = data.join(format!("replaced-{}", told.now.as_micros()));
    restoring.finish(&aside).map_err(|e| explain(&e.problem()))?;
    told.print(args, &data.display());
    if aside.exists() && !args.json {
        println!("what was there before lies in {}", aside.display());
    }
    Ok(Exit::Ok)
}

/// Made ready in a folder that goes away, then carried over in one transaction: nobody finds a half of it.
fn into_server(args: &RestoreArgs, url: &str) -> anyhow::Result<Exit> {
    if args.replace {
        let message = "a database is not replaced\nhelp: name an empty one, or another schema by `schema=` in the URL";
        return Err(Ended::with(Exit::Usage, message));
    }
    let store = Postgres::open(url).map_err(|e| explain(&e.problem()))?;
    let folder = tempfile::tempdir().context("failed to make a folder to prepare the backup in")?;
    let (restoring, mut told) = begin(args, folder.path())?;
    let mut rows = restoring.rows().map_err(|e| explain(&e.problem()))?;
    let mut bar = Bar::default();
    let filled = store.fill(&mut *rows, &mut |progress| bar.show(progress));
    told.verified = filled.map_err(|e| explain(&e.problem()))?.1;
    bar.end("carried over; its chain was recomputed");
    told.print(args, &Place::Server(url.to_owned()));
    Ok(Exit::Ok)
}

fn begin(args: &RestoreArgs, data: &Path) -> anyhow::Result<(Restoring, Told)> {
    let mut bar = Bar::default();
    let restoring = Restoring::begin(&args.file, data, &mut |progress| bar.show(progress));
    let restoring = restoring.map_err(|e| explain(&e.problem()))?;
    bar.end("copied; its chain was recomputed");
    let told = take_in(args, &restoring)?;
    Ok((restoring, told))
}

/// Looks through the copy, and writes to it what must be written before anybody starts on it.
fn take_in(args: &RestoreArgs, restoring: &Restoring) -> anyhow::Result<Told> {
    let store = restoring.store();
    let reader = store.reader(Workspace::default()).map_err(|e| explain(&e.problem()))?;
    let verified = restoring.verified().clone();
    let mut bar = Bar::default();
    let total = verified.head.position.0;
    let found = engine::refold_told(&*reader, &mut |at| bar.step("folded", at.0, total)).map_err(|p| explain(&p))?;
    bar.end("every incident was folded again from its events");
    let repaired = repair(args, store, &found)?;
    let now = TimeSource::System.now();
    let mut ended = web::PASSING.to_vec();
    if args.revoke_tokens {
        ended.push(web::TOKENS);
    }
    let tokens = web::known_tokens(&View::new(reader), now).map_err(|problem| explain(&problem))?;
    let settled =
        engine::after_restore(store, Workspace::default(), now, &ended).map_err(|problem| explain(&problem))?;
    Ok(Told { verified, settled, repaired, tokens, now })
}

/// Refuses rows that somebody edited, or writes them anew where that was asked for.
fn repair(args: &RestoreArgs, store: &dyn Store, found: &Refold) -> anyhow::Result<Option<usize>> {
    let Some((no, difference)) = found.first() else { return Ok(args.refold.then_some(0)) };
    let wrong = found.different.len() + found.missing.len() + found.invented.len();
    if !args.refold {
        let detail = format!("INC-{no} {}; {wrong} incidents in all", difference.words());
        return Err(explain(&Problem::new(&problem::INCIDENT_ROWS_ALTERED, detail)));
    }
    let replaced = store.writer(Workspace::default()).and_then(|mut writer| writer.replace_incidents(&found.rows));
    replaced.map_err(|e| explain(&e.problem()))?;
    Ok(Some(wrong))
}

impl Told {
    fn print(&self, args: &RestoreArgs, place: &dyn Display) {
        if args.json {
            println!("{}", self.json(args.revoke_tokens));
        } else {
            println!("{place}");
            self.tell(args.revoke_tokens);
        }
    }

    fn json(&self, revoked: bool) -> Value {
        let mut value = backup::json(&self.verified);
        value["superseded"] = self.settled.superseded.into();
        value["kept"] = self.settled.kept.into();
        value["credentials_ended"] = self.settled.ended.into();
        value["open_incidents"] = self.settled.open.into();
        value["incidents_refolded"] = self.repaired.into();
        let tokens = self.tokens.iter().map(|token| {
            json!({
                "id": token.id, "name": token.name, "scopes": token.scopes, "person": token.person,
                "created_at": token.created_at, "expires_at": token.expires_at,
            })
        });
        value[if revoked { "tokens_revoked" } else { "tokens_valid" }] = tokens.collect();
        value
    }

    fn tell(&self, revoked: bool) {
        backup::tell(&self.verified);
        match self.repaired {
            Some(wrong) => println!("every incident was written anew from its events; {wrong} had been altered"),
            None => println!("every incident equals its events, byte for byte"),
        }
        println!(
            "{} messages that waited go on; {} are older than {:#} and are not sent again, since they may have been sent",
            self.settled.kept,
            self.settled.superseded,
            engine::RESENT_AFTER_RESTORE
        );
        println!("{} open incidents: their clocks go on when the server starts", self.settled.open);
        if revoked {
            println!(
                "{} sessions, sign-in links and tokens ended; make new tokens once you have signed in",
                self.settled.ended
            );
            return;
        }
        println!("{} sessions and sign-in links ended", self.settled.ended);
        if self.tokens.is_empty() {
            return;
        }
        println!("these tokens are valid as they were at the backup, those revoked since as well:");
        for token in &self.tokens {
            let age = self.now.since(token.created_at).as_hours() / 24;
            let owner = token.person.as_deref().map(|person| format!(" of {person}")).unwrap_or_default();
            println!("  …{}  {}  `{}`{owner}, {age} days old", token.last4, token.scopes.join(" "), token.name);
        }
        println!("help: revoke them by `watchbell token revoke`, or restore with --revoke-tokens to end them all");
    }
}

/// Whether a folder holds anything but what an earlier attempt to restore left.
pub(crate) fn is_filled(data: &Path) -> anyhow::Result<bool> {
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
