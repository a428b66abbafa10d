//! Arguments of `prove`.

use std::path::PathBuf;

use calendar::Instant;
use clap::{Args, ValueEnum};

/// `prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// A folder with policy.yaml and roster.yaml, or a policy file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The roster, where it does not lie beside the policy
    #[arg(long)]
    pub(crate) roster: Option<PathBuf>,
    /// Start of the twelve months that are looked at, such as 2026-10-01T00:00:00Z; now, if not given
    #[arg(long, value_parser = instant)]
    pub(crate) from: Option<Instant>,
    /// How to show what is proven
    #[arg(long, value_enum, default_value_t = ProveFormat::Text)]
    pub(crate) format: ProveFormat,
}

/// Formats of `prove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProveFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).map_err(|error| error.to_string())
}
