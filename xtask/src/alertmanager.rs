//! Debian's Alertmanager as a program beside ours: for end-to-end checks and for comparison.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::http::Api;

/// Longest wait until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running Alertmanager; it ends when dropped.
pub(crate) struct Alertmanager {
    child: Child,
    /// Its API.
    pub(crate) api: Api,
}

impl Alertmanager {
    /// Starts it with this configuration on free ports, its files in `dir`.
    pub(crate) async fn start(config: &Path, dir: &Path) -> Result<Alertmanager> {
        let addr = free_port()?;
        let log = File::create(dir.join("alertmanager.log"))?;
        let mut command = Command::new("prometheus-alertmanager");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.path={}", dir.join("alertmanager").display()));
        command.arg(format!("--web.listen-address={addr}")).arg("--cluster.listen-address=");
        command.arg("--log.level=warn").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().context("failed to start prometheus-alertmanager")?;
        let alertmanager = Alertmanager { child, api: Api::new(addr, "") };
        let begun = Instant::now();
        while !alertmanager.api.call("GET", "/-/ready", None).await.is_ok_and(|reply| reply.is_success()) {
            ensure!(begun.elapsed() < READY_TIMEOUT, "Alertmanager was not ready within {READY_TIMEOUT:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(alertmanager)
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago; Alertmanager cannot say which one it chose.
pub(crate) fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
