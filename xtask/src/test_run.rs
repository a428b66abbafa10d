//! `cargo xtask test`: everything that must hold before a change lands, in the order in which
//! a mistake is cheapest to learn of. It stops at the first failure.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use crate::{cargo, codegen, e2e, postgres, tools};

/// Runs every step, and ends with the number of tests.
pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    step("tools", tools::install)?;
    step("codegen", codegen::check)?;
    step("format", || call(&["fmt", "--all", "--check"]))?;
    step("clippy", || call(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    for package in cargo::PURE {
        // Alone, with its own features: a neighbour's must not be what makes it compile.
        step(&format!("alone: {package}"), || call(&["check", "-p", package]))?;
    }
    let tests = step("tests", tests)?;
    step("access", print_access)?;
    step("release build", cargo::build_release)?;
    let checks = step("end to end", || e2e::run(&[]))?;
    println!(
        "\nall steps passed in {:.0} s: {tests} tests and {checks} end-to-end checks",
        begun.elapsed().as_secs_f64()
    );
    println!("{} passed, 0 failed", tests + checks);
    Ok(())
}

/// Runs one step, named and timed.
fn step<T>(name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {name}");
    let begun = Instant::now();
    let outcome = run();
    let seconds = begun.elapsed().as_secs_f64();
    match outcome {
        Ok(value) => {
            println!("== {name}: passed in {seconds:.1} s");
            Ok(value)
        }
        Err(error) => Err(error.context(format!("step `{name}` failed after {seconds:.1} s"))),
    }
}

fn call(args: &[&str]) -> Result<()> {
    let status = cargo::command(args).status().context("failed to start cargo")?;
    ensure!(status.success(), "`cargo {}` ended with {status}", args.join(" "));
    Ok(())
}

/// Prints who may do what. The tests that just passed walk every route with every role and scope
/// and compare what they find with this file.
fn print_access() -> Result<()> {
    let file = cargo::root().join("docs/access-table.txt");
    let table = std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    println!("{table}{} routes and commands; what is not listed does not exist", table.lines().count() - 1);
    Ok(())
}

/// Runs the tests of the workspace beside a PostgreSQL server, those of engine and web once more with
/// their journals on it, and says how many passed.
fn tests() -> Result<u64> {
    let server = postgres::Server::start().context("failed to start PostgreSQL")?;
    let all = run_tests(&["--workspace"], (postgres::VARIABLE, &server.url()))?;
    let on_postgres =
        run_tests(&["-p", "watchbell-engine", "-p", "watchbell-web"], (postgres::INSTEAD, &server.url()))?;
    Ok(all + on_postgres)
}

fn run_tests(packages: &[&str], (variable, value): (&str, &str)) -> Result<u64> {
    let has_nextest = Command::new("cargo-nextest").arg("--version").output().is_ok();
    let mut args: Vec<&str> = if has_nextest { vec!["nextest", "run", "--status-level", "fail"] } else { vec!["test"] };
    args.push("--no-fail-fast");
    args.extend(packages);
    let mut tests = cargo::command(&args);
    tests.env(variable, value);
    let mut child = tests.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("failed to start cargo")?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let other = std::thread::spawn(move || pass_on(stdout, std::io::stdout()));
    let passed = pass_on(stderr, std::io::stderr())? + other.join().map_err(|_| anyhow!("the reader panicked"))??;
    let status = child.wait()?;
    ensure!(status.success(), "`cargo {}` ended with {status}", args.join(" "));
    ensure!(passed > 0, "no test ran");
    Ok(passed)
}

/// Copies a runner's output, unchanged, and adds up the tests that it counts as passed.
fn pass_on(from: impl Read, mut to: impl Write) -> Result<u64> {
    let mut passed = 0;
    for line in BufReader::new(from).split(b'\n') {
        let line = line?;
        to.write_all(&line)?;
        to.write_all(b"\n")?;
        passed += passed_tests(&String::from_utf8_lossy(&line)).unwrap_or(0);
    }
    Ok(passed)
}

/// The number of passed tests in a runner's closing line.
fn passed_tests(line: &str) -> Option<u64> {
    let line = line.trim_start();
    let is_summary = line.starts_with("Summary [") || line.starts_with("test result:");
    let before = line.split(" passed").next().filter(|_| is_summary && line.contains(" passed"))?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::passed_tests;

    #[test]
    fn closing_lines_are_counted_and_nothing_else() {
        for (line, passed) in [
            ("     Summary [   1.204s] 143 tests run: 143 passed, 2 skipped", Some(143)),
            ("     Summary [   0.027s] 1 test run: 1 passed (1 slow), 0 skipped", Some(1)),
            ("test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out", Some(7)),
            ("     Summary [   1.2s] 2 tests run: 0 passed, 2 failed", Some(0)),
            ("test says_9 passed ... ok", None),
            ("running 3 tests", None),
        ] {
            assert_eq!(passed_tests(line), passed, "{line}");
        }
    }
}
