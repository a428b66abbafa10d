//! The arguments of `check` and `schema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A folder with policy.yaml and roster.yaml, or a policy file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The roster, where it does not lie beside the policy
    #[arg(long)]
    pub(crate) roster: Option<PathBuf>,
    /// How to show what is found
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
}

/// Formats of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub Actions shows beside the lines.
    Github,
}

/// `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Of which document
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

/// The documents that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// policy.yaml
    Policy,
    /// roster.yaml
    Roster,
}
