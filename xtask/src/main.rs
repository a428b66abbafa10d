//! The development loop: `cargo xtask {test, codegen, e2e, bench, sim, postgres}`.
//!
//! Nothing here is shipped. There are no other scripts: CI runs `cargo xtask test`, and so
//! does everybody.

mod alertmanager;
mod bench;
mod cargo;
mod codegen;
mod e2e;
mod http;
mod postgres;
mod random;
mod site;
mod test_run;
#[cfg(test)]
mod tidy;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  test                 everything that CI runs, in its order
  codegen [--check]    write the generated files, or say which are out of date
  e2e [NAME…]          end-to-end checks against the release binary: all, or those named
  e2e nodes --minutes N   several nodes under load and disturbances, for so long
  bench [--quick]      measure, and write docs/performance.md (--quick: a smoke run that writes nothing)
  bench --only PART    measure `rates`, `pages` or `keep` alone, and write nothing
  sim [ARG…]           simulate seeds under faults; `--seed N` replays one, `--defects` shows what is caught
  postgres             run a PostgreSQL server for tests by hand, and print the variable that names it
  tools                install from Debian, PyPI and npm what the tests need and is missing
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        ["test"] => test_run::run(),
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["e2e", "nodes", "--minutes", minutes] => {
            tools::install()?;
            cargo::build_release()?;
            e2e::run_nodes(minutes)
        }
        ["e2e", names @ ..] => {
            tools::install()?;
            cargo::build_release()?;
            e2e::run(names).map(|_| ())
        }
        ["bench"] => bench::run(bench::Scale::Full),
        ["bench", "--quick"] => bench::run(bench::Scale::Quick),
        ["bench", "--only", name] if let Some(part) = bench::Part::named(name) => {
            bench::run_only(part, bench::Scale::Full)
        }
        ["sim", args @ ..] => cargo::simulate(args),
        ["postgres"] => postgres::serve(),
        ["tools"] => tools::install(),
        _ => bail!("no such command\n\n{USAGE}"),
    }
}
