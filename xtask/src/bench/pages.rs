//! From a signal to the webhook that it causes: one after the other, twenty thousand at once with
//! a SEV-1 behind them, and what had fallen due while the server was down.
//!
//! Alertmanager does the same with `group_wait: 0s`, a group for each case, and the same receiver.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::paging::{self, Paging};
use super::report::{Line, ratio};
use super::subject::Subject;
use super::{Scale, percentile};
use crate::http::{Answer, Connection, Server};

/// Longest wait for one page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest wait for all pages of a burst.
const BURST_TIMEOUT: Duration = Duration::from_secs(300);
/// Signals in each request of a burst.
const PER_REQUEST: u64 = 100;
/// Incidents that are overdue when the server starts again.
const OVERDUE: u64 = 100;
/// When their second step is due: long enough to open them and to hear their first pages.
const OVERDUE_AFTER: Duration = Duration::from_secs(15);

/// A page that came.
struct Page {
    at: Instant,
    body: Vec<u8>,
}

impl Page {
    /// What it is about: the incident, or the group of alerts.
    fn case(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let case = [&body["data"]["incident"], &body["groupLabels"]["case"]].into_iter().find_map(Value::as_str);
        case.unwrap_or_default().to_owned()
    }
}

/// A receiver that accepts everything.
struct Receiver {
    server: Server,
    pages: mpsc::Receiver<Page>,
}

impl Receiver {
    async fn start() -> Result<Receiver> {
        let (sender, pages) = mpsc::channel();
        let server = Server::start(move |message| {
            // Nobody may listen any more; then the page does not matter.
            let _ = sender.send(Page { at: Instant::now(), body: message.body });
            Answer::Status(204, Vec::new())
        });
        Ok(Receiver { server: server.await?, pages })
    }

    fn url(&self) -> String {
        format!("http://{}/page", self.server.addr)
    }

    /// The next page; blocks this task's thread, which has nothing else to do.
    fn next(&self, limit: Duration) -> Result<Page> {
        tokio::task::block_in_place(|| self.pages.recv_timeout(limit)).context("no page came in time")
    }
}

/// What a burst came to.
struct Burst {
    pages_per_second: f64,
    lost: u64,
    urgent_after: Duration,
}

/// All lines, Watchbell and Alertmanager in alternating order.
pub(super) async fn measure(scale: Scale) -> Result<Vec<Line>> {
    let [watchbell, alertmanager] =
        [latencies(Subject::Watchbell, scale).await?, latencies(Subject::Alertmanager, scale).await?];
    let mut lines = Vec::new();
    for (name, share, target) in [("p50", 0.5, "at most 2.5"), ("p99", 0.99, "at most 2")] {
        let [ours, theirs] = [percentile(&watchbell, share), percentile(&alertmanager, share)];
        lines.push(Line {
            what: format!("one signal → webhook received, {name}"),
            watchbell: format!("{ours:.1} ms"),
            beside: format!("{theirs:.1} ms"),
            ratio: ratio(ours, theirs),
            target,
        });
    }
    let theirs = burst(Subject::Alertmanager, scale).await?;
    let ours = burst(Subject::Watchbell, scale).await?;
    let count = scale.burst();
    lines.push(Line {
        what: format!("burst of {count} pages"),
        watchbell: format!("{:.0} pages/s, {} lost", ours.pages_per_second, ours.lost),
        beside: format!("{:.0} pages/s, {} lost", theirs.pages_per_second, theirs.lost),
        ratio: ratio(ours.pages_per_second, theirs.pages_per_second),
        target: "at least 1, 0 lost",
    });
    lines.push(Line {
        what: "a SEV-1 behind that burst, until its webhook".to_owned(),
        watchbell: format!("{:.2} s", ours.urgent_after.as_secs_f64()),
        beside: format!("{:.2} s", theirs.urgent_after.as_secs_f64()),
        ratio: ratio(ours.urgent_after.as_secs_f64(), theirs.urgent_after.as_secs_f64()),
        target: "at most 1 s",
    });
    lines.push(overdue().await?);
    Ok(lines)
}

/// One signal at a time, each opening an incident: milliseconds until its page, ascending.
async fn latencies(subject: Subject, scale: Scale) -> Result<Vec<f64>> {
    let receiver = Receiver::start().await?;
    let paging = Paging::start(subject, &receiver.url()).await?;
    let mut connection = Connection::open(paging.addr()).await?;
    let mut times = Vec::new();
    for n in 0..scale.pages() {
        let request = paging::alarm(subject, n, 1, false);
        let sent = Instant::now();
        let reply = connection.send(&request).await?;
        ensure!(reply.is_success(), "a signal was answered {}: {}", reply.status, reply.text());
        times.push((receiver.next(PAGE_TIMEOUT)?.at - sent).as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Many signals at once, each opening an incident, and one of the highest severity behind them.
async fn burst(subject: Subject, scale: Scale) -> Result<Burst> {
    let receiver = Receiver::start().await?;
    let paging = Paging::start(subject, &receiver.url()).await?;
    let begun = Instant::now();
    send(paging.addr(), subject, scale.burst()).await?;
    let mut connection = Connection::open(paging.addr()).await?;
    let asked = Instant::now();
    let reply = connection.send(&paging::alarm(subject, scale.burst(), 1, true)).await?;
    ensure!(reply.is_success(), "the urgent signal was answered {}: {}", reply.status, reply.text());
    let urgent = match subject {
        Subject::Watchbell => reply.json()["incidents"][0].as_str().unwrap_or_default().to_owned(),
        Subject::Alertmanager => paging::case(scale.burst()),
    };
    let mut cases = BTreeSet::new();
    let (mut urgent_after, mut last) = (None, begun);
    while cases.len() as u64 <= scale.burst() && begun.elapsed() < BURST_TIMEOUT {
        let Ok(page) = receiver.next(PAGE_TIMEOUT) else { break };
        let case = page.case();
        if case == urgent {
            urgent_after.get_or_insert(page.at.saturating_duration_since(asked));
        }
        last = page.at;
        cases.insert(case);
    }
    Ok(Burst {
        pages_per_second: cases.len() as f64 / (last - begun).as_secs_f64(),
        lost: (scale.burst() + 1).saturating_sub(cases.len() as u64),
        urgent_after: urgent_after.context("the page of the urgent signal never came")?,
    })
}

async fn send(addr: SocketAddr, subject: Subject, count: u64) -> Result<()> {
    let mut connection = Connection::open(addr).await?;
    for first in (0..count).step_by(PER_REQUEST as usize) {
        let request = paging::alarm(subject, first, PER_REQUEST.min(count - first), false);
        let reply = connection.send(&request).await?;
        ensure!(reply.is_success(), "signals of a burst were answered {}: {}", reply.status, reply.text());
    }
    Ok(())
}

/// From exec to the first page of what fell due while the server was down.
async fn overdue() -> Result<Line> {
    let receiver = Receiver::start().await?;
    let site = paging::site(&paging::policy(Some(OVERDUE_AFTER)), &receiver.url())?;
    let mut server = site.start().await?;
    let opened = Instant::now();
    send(server.api.addr, Subject::Watchbell, OVERDUE).await?;
    let mut cases = BTreeSet::new();
    while (cases.len() as u64) < OVERDUE {
        cases.insert(receiver.next(PAGE_TIMEOUT)?.case());
    }
    ensure!(opened.elapsed() < OVERDUE_AFTER, "the machine is too slow to open {OVERDUE} incidents in time");
    server.kill()?;
    tokio::time::sleep((OVERDUE_AFTER + Duration::from_secs(1)).saturating_sub(opened.elapsed())).await;
    while receiver.pages.try_recv().is_ok() {}
    let exec = Instant::now();
    let _server = site.start().await?;
    let after = receiver.next(PAGE_TIMEOUT)?.at - exec;
    Ok(Line {
        what: format!("exec → first of {OVERDUE} overdue pages"),
        watchbell: format!("{:.2} s", after.as_secs_f64()),
        beside: "–".to_owned(),
        ratio: String::new(),
        target: "at most 1 s",
    })
}
