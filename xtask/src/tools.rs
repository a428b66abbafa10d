//! What the tests need besides cargo: installed from Debian, PyPI and npm if it is missing.
//!
//! Everything that is installed is named first. Nothing is installed that is there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;

/// A program, and the Debian package that brings it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

const TOOLS: [Tool; 8] = [
    Tool { program: "cc", package: "gcc" },
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "npm", package: "npm" },
    Tool { program: "openssl", package: "openssl" },
    Tool { program: "initdb", package: "postgresql" },
    Tool { program: "prometheus", package: "prometheus" },
    Tool { program: "prometheus-alertmanager", package: "prometheus-alertmanager" },
    Tool { program: "python3", package: "python3" },
];

/// Libraries and servers that are not ours and must work with us, pinned: what checks webhooks'
/// signatures, PagerDuty's client, an SMTP server, readers of feeds and of HTML.
const PYTHON: [&str; 5] =
    ["aiosmtpd==1.4.6", "feedparser==6.0.14", "html5lib==1.1", "pagerduty==7.2.0", "standardwebhooks==1.1.0"];

/// A client of Statuspage's public API, pinned.
const NODE: [&str; 1] = ["statuspage.io@3.3.8"];

/// Names what is installed in a folder, beside it; a changed list installs anew.
const INSTALLED: &str = "installed.txt";

/// Installs what is missing.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|tool| find(tool.program).or_else(|| postgres(tool.program)).is_none())
        .map(|tool| tool.package)
        .collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
    }
    if !is_installed(&venv(), &PYTHON) {
        install_python()?;
    }
    if !is_installed(&node(), &NODE) {
        install_node()?;
    }
    Ok(())
}

/// The Python that has the libraries.
pub(crate) fn python() -> PathBuf {
    venv().join("bin/python")
}

/// The folder in whose `node_modules` the libraries for Node lie.
pub(crate) fn node() -> PathBuf {
    cargo::target().join("xtask-node")
}

/// Where a program lies.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Where a program of PostgreSQL's server lies: Debian keeps each version's in a folder of its own.
pub(crate) fn postgres(program: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest =
        versions.flatten().map(|version| version.path().join("bin").join(program)).filter(|file| file.is_file());
    newest.max().or_else(|| find(program))
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

fn install_python() -> Result<()> {
    println!("installing from PyPI: {} (into {})", PYTHON.join(", "), venv().display());
    let made = Command::new("python3").args(["-m", "venv"]).arg(venv()).status();
    if !made.is_ok_and(|status| status.success()) {
        install_packages(&["python3-venv"])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv()))?;
    }
    let mut pip = Command::new(python());
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON))?;
    note_installed(&venv(), &PYTHON)
}

fn install_node() -> Result<()> {
    println!("installing from npm: {} (into {})", NODE.join(", "), node().display());
    fs::create_dir_all(node())?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(node());
    run(npm.args(NODE))?;
    note_installed(&node(), &NODE)
}

/// Below `target`, since it belongs to this checkout and may go at any time.
fn venv() -> PathBuf {
    cargo::target().join("xtask-venv")
}

fn is_installed(folder: &Path, packages: &[&str]) -> bool {
    fs::read_to_string(folder.join(INSTALLED)).is_ok_and(|noted| noted == packages.join("\n"))
}

fn note_installed(folder: &Path, packages: &[&str]) -> Result<()> {
    Ok(fs::write(folder.join(INSTALLED), packages.join("\n"))?)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("failed to start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
