//! Arguments of `audit` and `hold`: what concerns no incident.

use std::path::PathBuf;

use calendar::Duration;
use clap::{Args, Subcommand};

use super::{ServerArgs, duration};

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

/// Commands on the journal.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done that concerns no incident, newest first: access, policies, rosters, holds
    List {
        /// Who did it
        #[arg(long)]
        actor: Option<String>,
        /// What, such as token.created
        #[arg(long)]
        what: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Recompute the hash chain of the whole journal
    Verify {
        /// Data directory, or postgres://…
        #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
        data: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fold every incident again from its events and compare, byte for byte
    Refold {
        /// Data directory, or postgres://…
        #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
        data: PathBuf,
        /// Delete the stored rows first and write the folded ones; the server must not run
        #[arg(long)]
        repair: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `hold`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["length", "end"]))]
pub(crate) struct HoldArgs {
    /// For how long, such as 30m; at most an hour
    #[arg(long = "for", value_parser = duration, requires = "reason")]
    pub(crate) length: Option<Duration>,
    /// Why; everybody reads it
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// End it before its time
    #[arg(long)]
    pub(crate) end: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `test-page`.
#[derive(Debug, Args)]
pub(crate) struct TestPageArgs {
    /// Whom to page: an id of the roster
    pub(crate) person: String,
    /// Seconds to wait for outcomes, 25 at most
    #[arg(long, default_value_t = 10)]
    pub(crate) wait: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
