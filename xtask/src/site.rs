//! A server of its own for one check: a folder with documents and data, environment, start and end.
//!
//! Whatever is started here ends when its handle is dropped, however the check ends.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::TempDir;

use crate::cargo;
use crate::http::Api;

/// The administrator's token of every site; it opens nothing but temporary stores.
pub(crate) const ADMIN: &str = "wb_ZW5kLXRvLWVuZC1lbmQtdG8tZW5kLWVuZC10by1lbmQ";
/// Longest wait for a server to be ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for an ordered shutdown.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Lines of a server's log shown when it fails.
const LOG_LINES_SHOWN: usize = 25;

/// Documents, data and settings of one server.
pub(crate) struct Site {
    dir: TempDir,
    env: Vec<(String, OsString)>,
    flags: Vec<String>,
    data: PathBuf,
}

impl Site {
    /// A fresh folder with these documents. `E2E_KEEP=1` keeps it for a look at what went wrong.
    pub(crate) fn new(policy: &str, roster: &str) -> Result<Site> {
        let keep = std::env::var_os("E2E_KEEP").is_some();
        // Below `target`, not in the system's folder, which may live in memory, where syncing is free.
        let sites = cargo::target().join("sites");
        fs::create_dir_all(&sites)?;
        let dir = tempfile::Builder::new().prefix("site-").disable_cleanup(keep).tempdir_in(sites)?;
        if keep {
            println!("   kept: {}", dir.path().display());
        }
        let data = fs::canonicalize(dir.path())?.join("data");
        fs::create_dir(&data)?;
        let site = Site { dir, env: Vec::new(), flags: Vec::new(), data };
        site.write("policy.yaml", policy)?;
        site.write("roster.yaml", roster)?;
        Ok(site)
    }

    /// The same site with an environment variable more.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Site {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The same site with a flag more for `serve`.
    pub(crate) fn flag(mut self, flag: impl Into<String>) -> Site {
        self.flags.push(flag.into());
        self
    }

    /// The same site on a test clock that stands still at `at` until `POST /dev/clock` moves it.
    pub(crate) fn at(self, at: &str) -> Site {
        self.flag("--dev").flag(format!("--test-clock={at}"))
    }

    /// The same site with its data elsewhere.
    pub(crate) fn data_at(mut self, data: &Path) -> Site {
        self.data = data.to_owned();
        self
    }

    /// Writes a file of the site.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// The path of a file of the site.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A command line of the binary, in the site's environment.
    pub(crate) fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(cargo::binary()?);
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("WATCHBELL_BOOTSTRAP_TOKEN", ADMIN);
        // What is measured is the machine, not the quota.
        command.env("WATCHBELL_SIGNALS_PER_MINUTE", "unlimited");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a command line to its end.
    pub(crate) fn output(&self, args: &[&str]) -> Result<Output> {
        Ok(self.command(args)?.output()?)
    }

    /// Runs a command on the data directory, insists on success, and gives its standard output.
    pub(crate) fn on_data(&self, args: &[&str]) -> Result<String> {
        let data = self.data.to_string_lossy().into_owned();
        let output = self.output(&[args, &["--data", &data]].concat())?;
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        ensure!(
            output.status.success(),
            "`watchbell {}` ended with {}:\n{stdout}{stderr}",
            args.join(" "),
            output.status
        );
        Ok(stdout)
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn start(&self) -> Result<Running> {
        self.start_with(&[]).await
    }

    /// Starts the server with further environment, and waits until it is ready.
    pub(crate) async fn start_with(&self, env: &[(&str, &Path)]) -> Result<Running> {
        let begun = Instant::now();
        let mut running = self.spawn(env)?;
        let addr = running.listening().with_context(|| format!("the server did not start:\n{}", self.log()))?;
        running.api = Api::new(addr, ADMIN);
        while begun.elapsed() < READY_TIMEOUT {
            if running.api.call("GET", "/readyz", None).await.is_ok_and(|reply| reply.is_success()) {
                running.ready_after = begun.elapsed();
                return Ok(running);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("the server was not ready within {READY_TIMEOUT:?}:\n{}", self.log())
    }

    /// Starts the server where it is expected to refuse; gives its status and what it said.
    pub(crate) fn refused_start(&self) -> Result<(ExitStatus, String)> {
        let mut running = self.spawn(&[])?;
        let status = running.wait(READY_TIMEOUT).context("the server should have refused to start")?;
        Ok((status, self.log()))
    }

    /// The end of what the server logged.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(self.path("server.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    fn spawn(&self, env: &[(&str, &Path)]) -> Result<Running> {
        let data = self.data.to_string_lossy().into_owned();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--data", &data])?;
        command.args(["--policy", "policy.yaml", "--roster", "roster.yaml"]).args(&self.flags);
        command.envs(env.iter().copied());
        let log = File::options().create(true).append(true).open(self.path("server.log"))?;
        let child = command.stdout(Stdio::piped()).stderr(log).spawn().context("failed to start watchbell")?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Running { child, api: Api::new(nowhere, ADMIN), ready_after: Duration::ZERO })
    }
}

/// A running server.
pub(crate) struct Running {
    child: Child,
    /// Its API, as administrator.
    pub(crate) api: Api,
    /// From exec to ready.
    pub(crate) ready_after: Duration,
}

impl Running {
    /// Waits for the line that says where it listens.
    fn listening(&mut self) -> Result<SocketAddr> {
        let stdout = self.child.stdout.take().context("stdout was taken")?;
        let (found, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut text = String::new();
            while reader.read_line(&mut text).is_ok_and(|bytes| bytes > 0) {
                if let Some(url) = text.trim().strip_prefix("listening on http://") {
                    let _ = found.send(url.trim_end_matches('/').to_owned());
                    break;
                }
                text.clear();
            }
            // The pipe must be emptied to the end, or the server would stall on it.
            let _ = reader.read_to_end(&mut Vec::new());
        });
        let addr = line.recv_timeout(READY_TIMEOUT).map_err(|_| anyhow!("no line `listening on http://…` came"))?;
        addr.parse().with_context(|| format!("`{addr}` is no address"))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and insists on an ordered end.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "failed to send SIGTERM");
        let status = self.wait(STOP_TIMEOUT).context("the server did not end after SIGTERM")?;
        ensure!(status.success(), "after SIGTERM the server ended with {status}");
        Ok(())
    }

    fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(begun.elapsed() < limit, "it still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
