//! The binary: command line, configuration, composition. What it composes lives in the crates.

mod audit;
mod backtest;
mod backup;
mod check;
mod checklist;
mod cli;
mod client;
mod demo;
mod doctor;
mod erase;
mod exit;
mod explain;
mod heartbeat;
mod incident;
mod init;
mod migrate;
mod office;
mod place;
mod plan;
mod prove;
mod reload;
mod reports;
mod restore;
mod serve;
mod settings;
mod signal;
mod status;
mod test_page;
mod token;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{AuditCommand, Cli, Command};
use crate::exit::Exit;

/// Signals are made on the connections' threads and dropped on the engine's, which the system's
/// allocator does slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    match run(cli.command) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(exit::code_of(&error) as u8)
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Schema(args) => Ok(check::schema(&args)),
        Command::Prove(args) => prove::run(&args),
        Command::Status(args) => status::run(&args.command),
        Command::Checklist(args) => checklist::run(&args),
        Command::Matrix(args) => reports::matrix(&args),
        Command::Review(args) => reports::review(&args),
        Command::Audit(args) => match args.command {
            AuditCommand::List { .. } => runtime()?.block_on(office::list(&args.command)),
            command => audit::run(&command),
        },
        Command::Plan(args) => runtime()?.block_on(plan::plan(&args)),
        Command::Apply(args) => runtime()?.block_on(plan::apply(&args)),
        Command::Policy(args) => runtime()?.block_on(plan::policy(&args)),
        Command::TestPage(args) => runtime()?.block_on(test_page::run(&args)),
        Command::Hold(args) => runtime()?.block_on(office::hold(&args)),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => restore::restore(&args),
        Command::Migrate(args) => migrate::migrate(&args),
        Command::Config(args) => serve::show_config(&args).map(|()| Exit::Ok),
        Command::Backtest(args) => runtime()?.block_on(backtest::run(&args)),
        Command::Demo(args) => runtime()?.block_on(demo::run(&args)),
        Command::Serve(args) => runtime()?.block_on(serve::run(&args)),
        Command::Doctor(args) => doctor::run(&args),
        Command::Erase(args) => runtime()?.block_on(erase::run(&args)),
        Command::Explain(args) => runtime()?.block_on(explain::run(&args)),
        Command::Incident(args) => runtime()?.block_on(incident::run(&args)),
        Command::Signal(args) => runtime()?.block_on(signal::run(&args)),
        Command::Token(args) => runtime()?.block_on(token::run(&args)),
        Command::User(args) => runtime()?.block_on(token::user(&args)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    use anyhow::Context as _;
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")
}
