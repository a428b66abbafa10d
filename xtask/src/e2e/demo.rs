//! The README's first command, to its end, and the tools that look into what it left.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Checks;
use crate::cargo;

/// The first incident of the story.
const INCIDENT: &str = "INC-1";

pub(super) fn run(checks: &mut Checks) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut demo = Command::new(cargo::binary()?);
    demo.args(["demo", "--speed", "60", "--exit-after", "3m", "--port", "0"]);
    let output = demo.current_dir(dir.path()).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the demo ended with {}:\n{said}{complained}", output.status);
    let summary = said.to_lowercase();
    for word in ["sev-1", "page", "met", "missed", &INCIDENT.to_lowercase()] {
        ensure!(summary.contains(word), "the demo's summary should name `{word}`:\n{said}");
    }
    checks.pass("the demo ends by itself with 0, and its summary names the SEV-1, pages, met and missed clocks");

    let data = data_directory(&said).with_context(|| format!("the demo names no directory:\n{said}"))?;
    let on_data = |args: &[&str]| -> Result<String> {
        let output = Command::new(cargo::binary()?).args(args).arg("--data").arg(&data).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "`watchbell {}` ended with {}", args.join(" "), output.status);
        Ok(said)
    };
    on_data(&["audit", "verify"])?;
    checks.pass("`audit verify` finds the demo's journal whole");
    let explained = on_data(&["explain", INCIDENT])?;
    for word in ["opened by trigger", "because", "clause", "policy", "signal"] {
        ensure!(explained.contains(word), "`explain {INCIDENT}` should name the `{word}`:\n{explained}");
    }
    checks.pass("`explain INC-1` names trigger, clause, policy version and signals");
    std::fs::remove_dir_all(&data)?;
    Ok(())
}

/// The directory that follows `--data` in what was printed.
fn data_directory(said: &str) -> Option<PathBuf> {
    let mut words = said.split_whitespace();
    words.find(|word| *word == "--data")?;
    words.next().map(|word| PathBuf::from(word.trim_matches(['\'', '"', '`', '.', ',']))).filter(|path| path.is_dir())
}
