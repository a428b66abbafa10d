//! Arguments of the commands that print reports: `matrix`, `review`, `backtest`.

use std::path::PathBuf;

use calendar::Instant;
use clap::{Args, ValueEnum};

use super::{ServerArgs, instant};

/// `matrix`.
#[derive(Debug, Args)]
pub(crate) struct MatrixArgs {
    /// Policy file
    #[arg(long, default_value = "policy.yaml", conflicts_with = "data")]
    pub(crate) policy: PathBuf,
    /// Roster file
    #[arg(long, default_value = "roster.yaml", conflicts_with = "data")]
    pub(crate) roster: PathBuf,
    /// Take the policy in force of this data directory, or postgres://…, instead
    #[arg(long, visible_alias = "database-url")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `checklist`.
#[derive(Debug, Args)]
pub(crate) struct ChecklistArgs {
    /// Which playbook, such as data-leak; lists them if absent
    pub(crate) name: Option<String>,
    /// Print only its table to fill in, such as controls or change records
    #[arg(long, requires = "name")]
    pub(crate) sheet: bool,
    /// Policy file; where it is absent, the playbooks that come with Watchbell
    #[arg(long, default_value = "policy.yaml", conflicts_with = "data")]
    pub(crate) policy: PathBuf,
    /// Roster file
    #[arg(long, default_value = "roster.yaml", conflicts_with = "data")]
    pub(crate) roster: PathBuf,
    /// Take the policy in force of this data directory, or postgres://…, instead
    #[arg(long, visible_alias = "database-url")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `review`.
#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// Which week, such as 2026-W47; the present one if absent
    #[arg(long)]
    pub(crate) week: Option<String>,
    /// Data directory, or postgres://…
    #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `backtest`.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The candidate: a policy file
    #[arg(long)]
    pub(crate) policy: PathBuf,
    /// Its roster; the one in force if absent
    #[arg(long)]
    pub(crate) roster: Option<PathBuf>,
    /// Read a data directory, or postgres://…, instead of asking a server
    #[arg(long, visible_alias = "database-url")]
    pub(crate) data: Option<PathBuf>,
    /// Signals of a file instead of stored ones: CSV with a heading, or JSON
    #[arg(long)]
    pub(crate) signals: Option<PathBuf>,
    /// The policy in force, for --signals without --data
    #[arg(long, requires = "signals", conflicts_with = "data")]
    pub(crate) live: Option<PathBuf>,
    /// Since when (RFC 3339); as far back as fits if absent
    #[arg(long, value_parser = instant)]
    pub(crate) from: Option<Instant>,
    /// Until when (RFC 3339); now if absent
    #[arg(long, visible_alias = "to", value_parser = instant)]
    pub(crate) until: Option<Instant>,
    /// How to show the differences
    #[arg(long, value_enum, default_value_t = BacktestFormat::Text)]
    pub(crate) format: BacktestFormat,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Formats of `backtest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BacktestFormat {
    /// For people, as Markdown.
    Text,
    /// For programs.
    Json,
}

/// How a report is shown, and where.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// As what
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    pub(crate) format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Compare with this file instead: fails, and shows the difference, where it says something else
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub(crate) check: Option<PathBuf>,
}

/// Formats of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Markdown.
    Md,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// A page that stands alone.
    Html,
}
