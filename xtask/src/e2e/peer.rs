//! Programs in Python and JavaScript beside ours: those that stay and talk, and those that do one thing and end.
//!
//! They lie in `xtask/peers` and run in the environment that `tools` keeps. What they say is one
//! line of JSON at a time.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{cargo, tools};

/// A program that stays; it ends when dropped.
pub(super) struct Peer {
    child: Child,
    stdin: ChildStdin,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Peer {
    /// Starts `xtask/peers/<name>.py`.
    pub(super) fn start(name: &str) -> Result<Peer> {
        let mut command = Command::new(tools::python());
        command.arg(file(name)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("failed to start {name}.py"))?;
        let stdin = child.stdin.take().context("stdin is piped")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lock(&store).push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Ok(Peer { child, stdin, said })
    }

    /// Tells it one line.
    pub(super) fn tell(&mut self, line: &str) -> Result<()> {
        writeln!(self.stdin, "{line}").context("failed to talk to a program beside ours")
    }

    /// Everything that it said so far.
    pub(super) fn said(&self) -> Vec<Value> {
        lock(&self.said).clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `xtask/peers/<name>.py` to its end, and gives what it printed as JSON.
pub(super) async fn ask(name: &str, args: &[&str]) -> Result<Value> {
    let mut command = Command::new(tools::python());
    command.arg(file(name)).args(args);
    answer(command).await
}

/// Runs `xtask/peers/<name>.js` in the same way, with the libraries for Node.
pub(super) async fn ask_node(name: &str, args: &[&str]) -> Result<Value> {
    let mut command = Command::new("node");
    command.env("NODE_PATH", tools::node().join("node_modules"));
    command.arg(cargo::root().join("xtask/peers").join(format!("{name}.js"))).args(args);
    answer(command).await
}

async fn answer(mut command: Command) -> Result<Value> {
    command.stdin(Stdio::null());
    let shown = format!("{command:?}");
    // Not on this thread: the program may talk to servers that run on it.
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.with_context(|| format!("failed to start {shown}"))?;
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    ensure!(output.status.success(), "{shown} ended with {}:\n{stdout}{stderr}", output.status);
    serde_json::from_str(&stdout).with_context(|| format!("{shown} printed no JSON but {stdout}"))
}

fn file(name: &str) -> PathBuf {
    cargo::root().join("xtask/peers").join(format!("{name}.py"))
}

/// A poisoned lock means that the reader panicked; what it stored is still whole.
fn lock(said: &Mutex<Vec<Value>>) -> MutexGuard<'_, Vec<Value>> {
    said.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
