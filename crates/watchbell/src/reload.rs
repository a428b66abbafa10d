//! The documents while the server runs: an edited roster comes into force by itself, both documents at SIGHUP.
//!
//! A policy is a promise, so that its file alone changes nothing. A file that is as it was when it was last
//! taken does not undo what was applied since. What has errors is not taken: the documents in force go
//! on, and a self-alert says why.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use engine::{Documents, Engine, Origin, Rules, Versions};
use problem::Problem;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wcore::event::Actor;

use crate::check::Document;

/// Between two looks at the roster's file: soon enough for whoever has just saved it, and cheap.
const LOOK: Duration = Duration::from_secs(2);

/// Where the documents stand.
pub(crate) struct Files {
    policy: PathBuf,
    roster: PathBuf,
}

/// What a file is known by without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    modified: Option<SystemTime>,
    length: u64,
}

impl Print {
    fn of(path: &Path) -> Option<Print> {
        let file = std::fs::metadata(path).ok()?;
        Some(Print { modified: file.modified().ok(), length: file.len() })
    }
}

/// Which documents are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Roster,
    Both,
}

impl Files {
    pub(crate) fn new(policy: &str, roster: &str) -> Files {
        Files { policy: policy.into(), roster: roster.into() }
    }

    /// Looks after them for as long as the program runs. SIGHUP is caught from the call on.
    pub(crate) fn watch(self, engine: Engine) -> anyhow::Result<()> {
        let hangup = signal(SignalKind::hangup()).context("failed to catch SIGHUP")?;
        tokio::spawn(self.run(engine, hangup));
        Ok(())
    }

    async fn run(self, engine: Engine, mut hangup: Signal) {
        let mut taken = Print::of(&self.roster);
        let mut seen = taken;
        loop {
            let which = tokio::select! {
                _ = hangup.recv() => Which::Both,
                () = tokio::time::sleep(LOOK) => Which::Roster,
            };
            let print = Print::of(&self.roster);
            // A file that is being written is not whole: it has to look the same twice.
            let settled = std::mem::replace(&mut seen, print) == print;
            if which == Which::Roster && (print == taken || !settled) {
                continue;
            }
            taken = print;
            self.read(&engine, which).await;
        }
    }

    async fn read(&self, engine: &Engine, which: Which) {
        match self.take(engine, which).await {
            Ok(true) => tracing::info!(documents = ?which, "documents.reloaded"),
            Ok(false) => tracing::info!(documents = ?which, "documents.unchanged"),
            Err(problem) => {
                tracing::warn!(code = problem.code.id, detail = problem.detail, "documents.not_reloaded");
                engine.complain(problem);
            }
        }
    }

    /// Whether anything was new.
    async fn take(&self, engine: &Engine, which: Which) -> Result<bool, Problem> {
        let running = engine.rules().documents.clone();
        let taken = engine.read(|view| view.files_taken()).await?;
        let roster = text(&self.roster)?;
        let (policy, version) = match which {
            Which::Roster => (running.policy.clone(), taken.as_ref().map(|taken| taken.policy.clone())),
            Which::Both => text(&self.policy).map(|text| (text.clone(), Some(policy::version_of(&text))))?,
        };
        let files = Versions { policy: version.unwrap_or_default(), roster: policy::version_of(&roster) };
        if taken.as_ref() == Some(&files) {
            return Ok(false);
        }
        let documents = Documents { policy, roster }.since(taken.as_ref(), Some(&running));
        let rules = Rules::compile(documents).map_err(|found| {
            let errors = found.iter().filter(|found| found.severity == policy::Level::Error);
            let first = errors.map(|found| found.message.clone()).next().unwrap_or_default();
            refused(&format!("{first}; `watchbell check` shows where"))
        })?;
        engine.activate(rules, Actor::Watchbell, Origin::Files(files)).await?;
        Ok(true)
    }
}

fn text(path: &Path) -> Result<String, Problem> {
    Document::read(path).map(|document| document.text).map_err(|error| refused(&format!("{error:#}")))
}

fn refused(why: &str) -> Problem {
    Problem::new(&problem::DOCUMENTS_NOT_RELOADED, format!("the documents in force go on: {why}"))
}
