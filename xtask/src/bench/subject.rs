//! What is measured: Watchbell, and Debian's Alertmanager, with 50 rules each.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::Shape;
use super::load::case;
use crate::alertmanager::Alertmanager;
use crate::http::request;
use crate::site::{ADMIN, Running as Server, Site};

/// Rules, each of which asks for another value of a label.
const RULES: u64 = 50;

/// A program under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Watchbell,
    Alertmanager,
}

impl Subject {
    /// A request with the signals `first` and following.
    pub(super) fn request(self, shape: Shape, first: u64, count: u64) -> Vec<u8> {
        self.body("s", shape, first, count)
    }

    /// A request that opens cases.
    pub(super) fn opening(self, first: u64, count: u64) -> Vec<u8> {
        self.body("open", Shape::Attach, first, count)
    }

    fn body(self, prefix: &str, shape: Shape, first: u64, count: u64) -> Vec<u8> {
        let mut body = String::with_capacity(32 + 200 * count as usize);
        body.push('[');
        for n in first..first + count {
            let comma = if n == first { "" } else { "," };
            let case = case(shape, n);
            let rule = if shape == Shape::NoneMatch { RULES } else { n % RULES };
            let _ = match self {
                Subject::Watchbell => write!(
                    body,
                    r#"{comma}{{"id":"{prefix}-{n}","source":"bench","metric":"answer_quality","service":"support-assistant","value":0.25,"labels":{{"rule":"rule-{rule}","case":"{case}"}}}}"#
                ),
                Subject::Alertmanager => {
                    // Without a match each alert is still one of its own, as each signal is.
                    let case = if shape == Shape::NoneMatch { format!("none-{n}") } else { case };
                    write!(
                        body,
                        r#"{comma}{{"labels":{{"alertname":"answer_quality","service":"support-assistant","rule":"rule-{rule}","case":"{case}"}}}}"#
                    )
                }
            };
        }
        body.push(']');
        match self {
            Subject::Watchbell => {
                let bearer = format!("Bearer {ADMIN}");
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                request("POST", "/v1/signals", &headers, body.as_bytes())
            }
            Subject::Alertmanager => {
                request("POST", "/api/v2/alerts", &[("content-type", "application/json")], body.as_bytes())
            }
        }
    }
}

/// A started program.
pub(super) enum Running {
    Watchbell(Site, Server),
    Alertmanager(Alertmanager, Site),
}

impl Running {
    /// Starts it on an empty store.
    pub(super) async fn start(subject: Subject) -> Result<Running> {
        let site = Site::new(&policy(), ROSTER)?;
        match subject {
            Subject::Watchbell => {
                let server = site.start().await?;
                Ok(Running::Watchbell(site, server))
            }
            Subject::Alertmanager => {
                let config = site.write("alertmanager.yml", &routes())?;
                Ok(Running::Alertmanager(Alertmanager::start(&config, &site.path("")).await?, site))
            }
        }
    }

    /// Where it listens.
    pub(super) fn addr(&self) -> SocketAddr {
        match self {
            Running::Watchbell(_, server) => server.api.addr,
            Running::Alertmanager(alertmanager, _) => alertmanager.api.addr,
        }
    }

    /// Kills Watchbell, starts it again and counts its signals; nothing for Alertmanager, whose
    /// alerts live in memory.
    pub(super) async fn killed_and_counted(&mut self) -> Result<u64> {
        let Running::Watchbell(site, server) = self else { return Ok(0) };
        server.kill()?;
        *server = site.start().await?;
        server.api.count("/api/v1/signals", "signals").await
    }
}

/// From exec to ready, on a new store.
pub(super) async fn start_time() -> Result<Duration> {
    let site = Site::new(&policy(), ROSTER)?;
    Ok(site.start().await?.ready_after)
}

/// 50 rules, each on a label, each case an incident of its own.
fn policy() -> String {
    let mut triggers = String::new();
    for rule in 0..RULES {
        let _ = writeln!(triggers, "  - id: rule-{rule}\n    when: signal.labels.rule == \"rule-{rule}\"");
        let _ = writeln!(triggers, "    raise: {{class: quality, severity: SEV-1, key: [class, labels.case]}}");
    }
    format!(
        "\
version: 1
organization: Bench
severities: [{{rank: 1, name: SEV-1}}]
services: {{support-assistant: {{name: Support assistant}}}}
triggers:
{triggers}targets:
  SEV-1: {{acknowledge: 10m, contain: 30m, mitigate: 4h, resolve: 24h}}
classes: {{quality: {{}}}}
roles: {{commander: {{owner: ana}}}}
escalation:
  default: [{{page: [ana], wait: 10m}}, {{page: fallback, wait: 10m, repeat: until acknowledged}}]
"
    )
}

const ROSTER: &str = "\
people:
  ana: {name: Ana Ruiz, contacts: [{inbox: ana}]}
  ben: {name: Ben Okoye, contacts: [{inbox: ben}]}
fallback: [ben]
";

/// The same 50 rules as routes; groups by case; receivers that notify nobody.
fn routes() -> String {
    let mut routes = String::new();
    for rule in 0..RULES {
        let _ = writeln!(routes, "    - {{receiver: nobody, matchers: ['rule=\"rule-{rule}\"'], group_by: [case]}}");
    }
    format!("route:\n  receiver: nobody\n  group_by: [alertname]\n  routes:\n{routes}receivers: [{{name: nobody}}]\n")
}
