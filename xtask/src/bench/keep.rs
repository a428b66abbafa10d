//! What stays: memory with very many open incidents, and what a kill -9 leaves.

use std::fs;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::report::{Line, thousands};
use super::subject::{Running, Subject};
use super::{Scale, paging};
use crate::http::Connection;
use crate::site::Site;
use crate::{alertmanager::Alertmanager, http::Api};

/// Signals in a request.
const PER_REQUEST: u64 = 100;
/// Connections at once.
const CONNECTIONS: u64 = 16;

/// All lines.
pub(super) async fn measure(scale: Scale) -> Result<Vec<Line>> {
    Ok(vec![memory(scale).await?, killed(scale).await?])
}

/// Memory of a server that starts on a store with very many open incidents, none of them due.
async fn memory(scale: Scale) -> Result<Line> {
    let count = scale.open();
    let site = Site::new(&paging::policy(None), paging::INBOX)?;
    let mut server = site.start().await?;
    send_all(server.api.addr, count, |first, count| paging::alarm(Subject::Watchbell, first, count, false)).await?;
    let filled = resident_mb(server.pid())?;
    server.kill()?;
    let begun = Instant::now();
    let server = site.start().await?;
    let ready = begun.elapsed();
    // It has to work with them as well: these attach to some that it has to read first.
    send_all(server.api.addr, PER_REQUEST, |first, count| paging::alarm(Subject::Watchbell, first, count, false))
        .await?;
    Ok(Line {
        what: format!(
            "{} open incidents, each with a running clock, none due: resident memory",
            thousands(count as f64)
        ),
        watchbell: format!(
            "{:.0} MB after a start, which took {:.1} s ({filled:.0} MB after they were opened)",
            resident_mb(server.pid())?,
            ready.as_secs_f64()
        ),
        beside: "–".to_owned(),
        ratio: String::new(),
        target: "at most 200 MB",
    })
}

/// kill -9 right after the last answer.
async fn killed(scale: Scale) -> Result<Line> {
    let count = scale.killed();
    let request = |subject: Subject| move |first, count| subject.request(super::Shape::Attach, first, count);
    let mut watchbell = Running::start(Subject::Watchbell).await?;
    send_all(watchbell.addr(), count, request(Subject::Watchbell)).await?;
    let there = watchbell.killed_and_counted().await?;

    let Running::Alertmanager(first, site) = Running::start(Subject::Alertmanager).await? else {
        anyhow::bail!("it was asked for Alertmanager")
    };
    send_all(first.api.addr, count, request(Subject::Alertmanager)).await?;
    let before = alerts(&first.api).await?;
    drop(first);
    let again = Alertmanager::start(&site.path("alertmanager.yml"), &site.path("")).await?;
    let after = alerts(&again.api).await?;
    Ok(Line {
        what: format!("lost of {} when killed with -9 after the last answer", thousands(count as f64)),
        watchbell: format!("{}", count.saturating_sub(there)),
        beside: format!("{} of the {before} alerts that it knew", before.saturating_sub(after)),
        ratio: String::new(),
        target: "0",
    })
}

/// Alerts that Alertmanager knows.
async fn alerts(api: &Api) -> Result<usize> {
    let listed = api.get("/api/v2/alerts").await?;
    Ok(listed.as_array().context("`/api/v2/alerts` answered no array")?.len())
}

/// Sends `count` signals over several connections at once.
async fn send_all(
    addr: SocketAddr,
    count: u64,
    request: impl Fn(u64, u64) -> Vec<u8> + Copy + Send + 'static,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    for lane in 0..CONNECTIONS {
        tasks.spawn(async move {
            let mut connection = Connection::open(addr).await?;
            for first in (lane * PER_REQUEST..count).step_by((CONNECTIONS * PER_REQUEST) as usize) {
                let status = connection.send_for_status(&request(first, PER_REQUEST.min(count - first))).await?;
                ensure!((200..300).contains(&status), "signals were answered {status}");
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Memory of a process that lies in RAM, in MB.
fn resident_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("failed to read the server's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS line")?;
    let kb: f64 = line.trim().trim_end_matches(" kB").trim().parse().context("VmRSS is no number")?;
    Ok(kb / 1e3)
}
