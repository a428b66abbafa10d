//! The command line of the care of data: `backup`, `restore`, `migrate`, `erase`, `doctor`.

use std::path::PathBuf;

use clap::Args;

use super::ServerArgs;

/// `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Data directory, or URL of the database; its server may run
    #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
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
    /// Data directory to fill, or URL of an empty database; no server may run there
    #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
    pub(crate) data: PathBuf,
    /// Take the place of a database that is there; it is kept in a folder beside
    #[arg(long)]
    pub(crate) replace: bool,
    /// Write every incident anew from its events, where the backup's rows were altered
    #[arg(long)]
    pub(crate) refold: bool,
    /// End every token, too: one that was revoked after the backup would work again
    #[arg(long)]
    pub(crate) revoke_tokens: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Where everything is: `sqlite:DIR`, `postgres://user@host/database`, or `postgres` for the URL in
    /// WATCHBELL_DATABASE_URL; its servers must not run
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: String,
    /// Where it goes, which must be empty: named in the same way
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    pub(crate) what: EraseWhat,
    /// Why; it is kept, with your name
    #[arg(long)]
    pub(crate) reason: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Whose words are erased.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct EraseWhat {
    /// Those of one signal, such as SIG-12-0
    #[arg(long)]
    pub(crate) signal: Option<String>,
    /// Those of the signals behind an incident, such as INC-7
    #[arg(long)]
    pub(crate) incident: Option<String>,
    /// Those of all signals of a unit, such as conversation:c-17
    #[arg(long)]
    pub(crate) unit: Option<String>,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Data directory, or postgres://…; its server may run
    #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
    pub(crate) data: PathBuf,
    /// Fold every incident again; without it the open ones and the latest
    #[arg(long)]
    pub(crate) full: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
