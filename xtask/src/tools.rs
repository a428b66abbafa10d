//! What the tests need besides cargo: installed from Debian and PyPI if it is missing.
//!
//! Everything that is installed is named first. Nothing is installed that is there already.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;

/// A program, and the Debian package that brings it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool { program: "cc", package: "gcc" },
    Tool { program: "prometheus-alertmanager", package: "prometheus-alertmanager" },
    Tool { program: "python3", package: "python3" },
];

/// The independent library that checks our webhooks' signatures, pinned.
const STANDARD_WEBHOOKS: &str = "standardwebhooks==1.1.0";

/// Installs what is missing.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&str> =
        TOOLS.iter().filter(|tool| find(tool.program).is_none()).map(|tool| tool.package).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
    }
    if !verifier_works(&python()) {
        install_verifier()?;
    }
    Ok(())
}

/// The Python that has the verifying library.
pub(crate) fn python() -> PathBuf {
    venv().join("bin/python")
}

/// Where a program lies.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn install_packages(packages: &[&str]) -> Result<()> {
    println!("installing from Debian: {}", packages.join(", "));
    if find("apt-get").is_none() {
        bail!("there is no apt-get; install {} by hand", packages.join(", "));
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "-q", "-y", "--no-install-recommends"]);
    run(install.args(packages))
}

fn install_verifier() -> Result<()> {
    println!("installing from PyPI: {STANDARD_WEBHOOKS} (into {})", venv().display());
    let made = Command::new("python3").args(["-m", "venv"]).arg(venv()).status();
    if !made.is_ok_and(|status| status.success()) {
        install_packages(&["python3-venv"])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv()))?;
    }
    let mut pip = Command::new(python());
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", STANDARD_WEBHOOKS]))
}

/// Below `target`, since it belongs to this checkout and may go at any time.
fn venv() -> PathBuf {
    cargo::target().join("xtask-venv")
}

fn verifier_works(python: &Path) -> bool {
    let import = Command::new(python).args(["-c", "import standardwebhooks"]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("failed to start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
