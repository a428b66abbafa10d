//! Arguments of `plan`, `apply` and `policy`: changing what is in force on a server.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ServerArgs;

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) files: CandidateArgs,
    /// Save the plan in a file, for `apply`
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// The documents that should be in force. What is not given stays as it is.
#[derive(Debug, Args)]
pub(crate) struct CandidateArgs {
    /// The policy's file
    #[arg(long)]
    pub(crate) policy: Option<PathBuf>,
    /// The roster's file
    #[arg(long)]
    pub(crate) roster: Option<PathBuf>,
}

/// `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A plan that `plan -o` saved
    #[arg(conflicts_with_all = ["policy", "roster"], required_unless_present_any = ["policy", "roster"])]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) files: CandidateArgs,
    /// Why: kept in the audit for ever
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Commands on versions of the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List what was in force, newest first: since when, by whom, and why
    History,
    /// Print a version's text
    Show {
        /// A version of `policy history`
        version: String,
    },
    /// Plan the way back to an earlier policy; the roster stays. Nothing changes until `apply`
    Rollback {
        /// A version of `policy history`
        version: String,
        /// Save the plan in a file, for `apply`
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}
