//! Both programs set up to page: each signal's case is an incident, or a group, of its own, and
//! one webhook hears of it at once.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::subject::Subject;
use crate::alertmanager::Alertmanager;
use crate::http::request;
use crate::site::{ADMIN, Running, Site};

/// Any signing secret: 32 bytes.
const SECRET: &str = "whsec_ZW5kLXRvLWVuZCBzZWNyZXQgb2YgMzIgYnl0ZXMhISE=";

/// One person behind a webhook.
const ROSTER: &str = "\
people:
  ana: {name: Ana Ruiz, contacts: [{webhook: pager, to: ana}]}
fallback: [ana]
channels:
  pager: {type: webhook, url_env: PAGER_URL, secret_env: PAGER_SECRET, allow_internal: true}
";

/// The same person with the built-in inbox, for what does not measure pages.
pub(super) const INBOX: &str = "\
people:
  ana: {name: Ana Ruiz, contacts: [{inbox: ana}]}
fallback: [ana]
";

/// A program that pages.
pub(super) enum Paging {
    Watchbell(#[expect(dead_code, reason = "keeps its files until it ends")] Site, Running),
    Alertmanager(Alertmanager, #[expect(dead_code, reason = "keeps its files until it ends")] Site),
}

impl Paging {
    /// Starts it on an empty store; its pages go to `url`.
    pub(super) async fn start(subject: Subject, url: &str) -> Result<Paging> {
        let site = site(&policy(None), url)?;
        match subject {
            Subject::Watchbell => {
                let server = site.start().await?;
                Ok(Paging::Watchbell(site, server))
            }
            Subject::Alertmanager => {
                let config = site.write("alertmanager.yml", &routes(url))?;
                Ok(Paging::Alertmanager(Alertmanager::start(&config, &site.path("")).await?, site))
            }
        }
    }

    /// Where it listens.
    pub(super) fn addr(&self) -> SocketAddr {
        match self {
            Paging::Watchbell(_, server) => server.api.addr,
            Paging::Alertmanager(alertmanager, _) => alertmanager.api.addr,
        }
    }
}

/// A site whose pages go to `url`.
pub(super) fn site(policy: &str, url: &str) -> Result<Site> {
    Ok(Site::new(policy, ROSTER)?.env("PAGER_URL", url).env("PAGER_SECRET", SECRET))
}

/// Two severities, clocks that are far from due, and a second page after a while, if at all.
pub(super) fn policy(second_page_after: Option<Duration>) -> String {
    let second = second_page_after.map(|after| format!(", wait: {}s}}, {{page: fallback", after.as_secs()));
    format!(
        "\
version: 1
organization: Bench
severities: [{{rank: 1, name: SEV-1}}, {{rank: 2, name: SEV-2}}]
services: {{support-assistant: {{name: Support assistant}}}}
triggers:
  - id: urgent
    when: signal.metric == \"urgent\"
    raise: {{class: quality, severity: SEV-1, key: [class, labels.case]}}
  - id: degraded
    when: signal.metric == \"degraded\"
    raise: {{class: quality, severity: SEV-2, key: [class, labels.case]}}
targets:
  SEV-1: {{acknowledge: 300d}}
  SEV-2: {{acknowledge: 300d}}
classes: {{quality: {{}}}}
roles: {{commander: {{owner: ana}}}}
escalation:
  default: [{{page: [ana]{}}}]
",
        second.unwrap_or_default()
    )
}

/// A request with alarms, each of a case of its own.
pub(super) fn alarm(subject: Subject, first: u64, count: u64, urgent: bool) -> Vec<u8> {
    let metric = if urgent { "urgent" } else { "degraded" };
    let mut body = String::from("[");
    for n in first..first + count {
        let (comma, case) = (if n == first { "" } else { "," }, case(n));
        let _ = match subject {
            Subject::Watchbell => write!(
                body,
                r#"{comma}{{"source":"bench","metric":"{metric}","service":"support-assistant","labels":{{"case":"{case}"}}}}"#
            ),
            Subject::Alertmanager => write!(
                body,
                r#"{comma}{{"labels":{{"alertname":"{metric}","service":"support-assistant","case":"{case}"}}}}"#
            ),
        };
    }
    body.push(']');
    match subject {
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

/// The case of an alarm.
pub(super) fn case(n: u64) -> String {
    format!("alarm-{n}")
}

/// A group for each case, told at once.
fn routes(url: &str) -> String {
    format!(
        "\
route: {{receiver: pager, group_by: [case], group_wait: 0s, group_interval: 5m, repeat_interval: 4h}}
receivers: [{{name: pager, webhook_configs: [{{url: '{url}', send_resolved: false}}]}}]
"
    )
}
