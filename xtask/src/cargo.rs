//! Calls of cargo, and where things lie in the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Crates that hold no clock, no file, no socket: time and input are arguments.
pub(crate) const PURE: [&str; 5] =
    ["watchbell-calendar", "watchbell-problem", "watchbell-policy", "watchbell-core", "watchbell-lab"];

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the workspace")
}

/// A call of the cargo that runs us, in the workspace.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Names a binary to test instead of the one built here, such as an installed one.
const OTHER_BINARY: &str = "WATCHBELL_BINARY";

/// Builds the shipped binary, unless another one is to be tested.
pub(crate) fn build_release() -> Result<()> {
    if std::env::var_os(OTHER_BINARY).is_some() {
        return Ok(());
    }
    let status = command(&["build", "--release", "-p", "watchbell"]).status().context("failed to start cargo")?;
    ensure!(status.success(), "the release build failed");
    Ok(())
}

/// Runs the simulator, optimised.
pub(crate) fn simulate(args: &[&str]) -> Result<()> {
    let status = command(&["run", "--release", "-p", "watchbell-sim", "--"]).args(args).status();
    ensure!(status.context("failed to start cargo")?.success(), "the simulator found something");
    Ok(())
}

/// Where cargo builds, and where our own leftovers may lie.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The shipped binary.
pub(crate) fn binary() -> Result<PathBuf> {
    let other = std::env::var_os(OTHER_BINARY).map(PathBuf::from);
    let binary = other.unwrap_or_else(|| target().join("release/watchbell"));
    if !binary.is_file() {
        bail!("{} is missing; build it with `cargo build --release -p watchbell`", binary.display());
    }
    Ok(binary)
}

/// What cargo says about the packages; with `--no-deps` only about our own.
pub(crate) fn metadata(args: &[&str]) -> Result<Value> {
    let output = command(&["metadata", "--format-version", "1", "--locked"]).args(args).output()?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
