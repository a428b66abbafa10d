//! `check`: everything that can be said about a policy and its roster without running them.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context as _;
use policy::model::{Policy, Roster};
use policy::{Level, Loaded, Source};

use crate::cli::{CheckArgs, CheckFormat, SchemaArgs, SchemaOf};
use crate::exit::{Ended, Exit};

/// A document and the name under which it is shown.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Document {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Document> {
        let bytes = std::fs::read(path).with_context(|| {
            format!("failed to read {}; `watchbell init` writes a policy and a roster to start from", path.display())
        })?;
        let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
        Ok(Document { name: path.display().to_string(), text })
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source { name: &self.name, text: &self.text }
    }
}

/// A policy and the roster that lies beside it, or elsewhere.
pub(crate) struct Documents {
    policy: Document,
    roster: Document,
}

impl Documents {
    /// From a folder or a policy file.
    pub(crate) fn read(path: &Path, roster: Option<&Path>) -> anyhow::Result<Documents> {
        let policy = if path.is_dir() { path.join("policy.yaml") } else { path.to_owned() };
        let beside = || policy.parent().unwrap_or(Path::new("")).join("roster.yaml");
        let roster = roster.map_or_else(beside, Path::to_owned);
        Ok(Documents { policy: Document::read(&policy)?, roster: Document::read(&roster)? })
    }

    /// Both, without errors. What is wrong with them is shown on standard error.
    pub(crate) fn load(&self) -> anyhow::Result<(Policy, Roster)> {
        let loaded = policy::load(self.policy.source(), self.roster.source());
        loaded.policy.zip(loaded.roster).ok_or_else(|| {
            eprint!("{}", policy::render(&loaded.diagnostics, &[self.policy.source(), self.roster.source()], false));
            Ended::with(Exit::Failure, "the policy or roster has errors")
        })
    }
}

/// A policy and its roster from files. What is wrong with them is shown on standard error.
pub(crate) fn pair(policy: &Path, roster: &Path) -> anyhow::Result<(Policy, Roster)> {
    Documents { policy: Document::read(policy)?, roster: Document::read(roster)? }.load()
}

/// What is not shown, and where to read on about what is.
fn more(loaded: &Loaded) -> String {
    let mut text = String::new();
    if loaded.ignored > 0 {
        text += &format!("{} ignored by the policy\n", loaded.ignored);
    }
    let codes: BTreeSet<&str> = loaded.diagnostics.iter().map(|found| found.code.id).collect();
    for code in codes {
        text += &format!("about {code}: docs/errors/{code}.md\n");
    }
    text
}

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let Documents { policy, roster } = Documents::read(&args.path, args.roster.as_deref())?;
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let loaded = policy::load_on(policy.source(), roster.source(), today);
    let sources = [policy.source(), roster.source()];
    match args.format {
        CheckFormat::Text => {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
            print!("{}", policy::render(&loaded.diagnostics, &sources, colour));
            print!("{}", more(&loaded));
        }
        CheckFormat::Sarif => println!("{:#}", policy::to_sarif(&loaded.diagnostics, &sources)),
        CheckFormat::Github => print!("{}", policy::to_github(&loaded.diagnostics, &sources)),
        CheckFormat::Json => println!("{:#}", policy::to_json(&loaded.diagnostics, &sources)),
    }
    let errors = loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Level::Error);
    Ok(if errors { Exit::Failure } else { Exit::Ok })
}

/// Prints a schema as it is: editors read it from a file beside the documents.
pub(crate) fn schema(args: &SchemaArgs) -> Exit {
    let text = match args.of {
        SchemaOf::Policy => policy::schema::POLICY,
        SchemaOf::Roster => policy::schema::ROSTER,
    };
    print!("{text}");
    Exit::Ok
}
