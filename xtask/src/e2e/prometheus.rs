//! Debian's Prometheus with a rule of alerts on one number, which a check sets.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::eventually;
use crate::alertmanager::free_port;
use crate::http::{Answer, Api, Server};
use crate::site::{ADMIN, Site};

/// Longest wait until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A running Prometheus and what it scrapes; both end when dropped.
pub(super) struct Prometheus {
    child: Child,
    /// Seconds that an answer takes, as the scraped server says.
    pub(super) seconds: Arc<AtomicU64>,
    _scraped: Server,
}

impl Prometheus {
    /// Starts it with its alerts posted to `watchbell`, looking four times a second.
    pub(super) async fn start(site: &Site, watchbell: SocketAddr) -> Result<Prometheus> {
        let seconds = Arc::new(AtomicU64::new(0));
        let shown = Arc::clone(&seconds);
        let metrics = move |_| Answer::Says(format!("answer_seconds {}\n", shown.load(Ordering::Relaxed)));
        let scraped = Server::start(metrics).await?;
        site.write("rules.yml", RULES)?;
        let config = CONFIG.replace("WATCHBELL", &watchbell.to_string()).replace("TOKEN", ADMIN);
        let config = site.write("prometheus.yml", &config.replace("SCRAPED", &scraped.addr.to_string()))?;
        let addr = free_port()?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={addr}"));
        command.arg(format!("--storage.tsdb.path={}", site.path("prometheus").display())).arg("--log.level=warn");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(site.path("prometheus.log"))?);
        let child = command.spawn().context("failed to start prometheus")?;
        let prometheus = Prometheus { child, seconds, _scraped: scraped };
        let api = Api::new(addr, "");
        let ready = || async {
            let reply = api.call("GET", "/-/ready", None).await;
            Ok(reply.is_ok_and(|reply| reply.is_success()).then_some(()))
        };
        eventually("Prometheus is ready", READY_TIMEOUT, ready).await?;
        Ok(prometheus)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CONFIG: &str = "\
global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
rule_files: [rules.yml]
scrape_configs:
  - job_name: support-assistant
    static_configs: [{targets: [\"SCRAPED\"]}]
alerting:
  alertmanagers:
    - authorization: {credentials: TOKEN}
      static_configs: [{targets: [\"WATCHBELL\"]}]
";

/// The service is the job's name, as usual.
const RULES: &str = "\
groups:
  - name: answers
    rules:
      - {alert: AnswersSlow, expr: answer_seconds > 8, annotations: {summary: answers take long}}
";
