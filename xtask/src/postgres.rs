//! A PostgreSQL server for tests: on a socket in a folder of its own, syncing as in production, gone at the end.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::tools;

/// Tests read the server's URL from here; without it those on PostgreSQL are not run, and say so.
pub(crate) const VARIABLE: &str = "WATCHBELL_TEST_POSTGRES";
/// The same for the tests of engine and web, which then keep every journal there instead of in SQLite.
pub(crate) const INSTEAD: &str = "WATCHBELL_TEST_ON_POSTGRES";
/// Who runs the server where we are root, as whom it refuses to run.
const USER: &str = "postgres";
/// Each test of the many that run at once holds a few connections.
const CONNECTIONS: u32 = 200;

/// A running server.
pub(crate) struct Server {
    folder: TempDir,
}

impl Server {
    /// Creates a cluster and starts it. Its texts are ordered by a language's rules, as those of many
    /// servers are, so that nothing relies on the order of bytes without asking for it.
    pub(crate) fn start() -> Result<Server> {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
        let server = Server { folder };
        if is_root()? {
            run(Command::new("chown").arg(USER).arg(server.folder.path()))?;
        }
        let collation = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
        run(server
            .call("initdb")?
            .args(["--username=watchbell", "--auth=trust", "--no-instructions"])
            .args(collation))?;
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={} -c max_connections={CONNECTIONS}",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        let mut start = server.call("pg_ctl")?;
        run(start.args(["start", "-w", "-o", &options]).arg("-l").arg(&log))
            .with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok(server)
    }

    /// Ends all connections and starts again; what was committed is there.
    pub(crate) fn restart(&self) -> Result<()> {
        run(self.call("pg_ctl")?.args(["restart", "-w", "-m", "fast", "-l"]).arg(self.folder.path().join("log")))
    }

    /// What the tests are given.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=watchbell", self.folder.path().display())
    }

    fn call(&self, program: &str) -> Result<Command> {
        let program = tools::postgres(program)
            .with_context(|| format!("`{program}` is missing; `cargo xtask tools` installs it"))?;
        let mut command = Command::new(&program);
        if is_root()? {
            command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(&program);
        }
        // It asks for the way to a folder that another user may not enter.
        command.current_dir("/").arg("-D").arg(self.data());
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is left of it is in a folder that goes, too.
        let _ = self.call("pg_ctl").and_then(|mut stop| run(stop.args(["stop", "-w", "-m", "immediate"])));
    }
}

/// Runs a server until somebody presses Enter, for tests run by hand.
pub(crate) fn serve() -> Result<()> {
    let server = Server::start()?;
    println!("export {VARIABLE}='{}'", server.url());
    eprintln!("Enter ends it.");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn is_root() -> Result<bool> {
    // Whose this process is, without a system call of our own.
    Ok(fs::metadata(Path::new("/proc/self"))?.uid() == 0)
}

fn run(command: &mut Command) -> Result<()> {
    // A server that is started inherits its outputs, and whoever waits for their end would wait for its end.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("failed to start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
