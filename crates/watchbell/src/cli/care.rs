//! The command line of the care of data: `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

/// `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Data directory; its server may run
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The new file; it must not exist
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    pub(crate) file: PathBuf,
    /// Data directory to fill; its server must not run
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Take the place of a database that is there; it is kept in a folder beside
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
