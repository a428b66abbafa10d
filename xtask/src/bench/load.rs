//! The load generator: kept-alive connections, each sending its next request when the last one
//! was answered. Requests are built before their time is taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::task::JoinSet;

use super::Shape;
use super::subject::Subject;
use crate::http::Connection;

/// Incidents that are open before a load that attaches.
const OPEN_CASES: u64 = 1_000;
/// Of those, opened in one request.
const CASES_PER_REQUEST: u64 = 100;

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) shape: Shape,
    pub(super) per_request: u64,
    pub(super) connections: usize,
    pub(super) time: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Signals answered with success.
    pub(super) accepted: u64,
    /// Requests told to come back later.
    pub(super) refused: u64,
    /// How long it took.
    pub(super) time: Duration,
    /// How long each request took, in microseconds, ascending.
    latencies_us: Vec<u32>,
}

impl Measured {
    /// Signals per second.
    pub(super) fn rate(&self) -> f64 {
        self.accepted as f64 / self.time.as_secs_f64()
    }

    /// The time in milliseconds within which that share of the requests was answered.
    pub(super) fn latency_ms(&self, share: f64) -> f64 {
        let last = self.latencies_us.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        self.latencies_us.get(at).map_or(f64::NAN, |us| f64::from(*us) / 1e3)
    }
}

/// What one connection did.
#[derive(Default)]
struct Done {
    accepted: u64,
    refused: u64,
    latencies_us: Vec<u32>,
}

/// Loads `addr` as planned.
pub(super) async fn run(addr: SocketAddr, subject: Subject, plan: Plan) -> Result<Measured> {
    let sequence = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(Connection::open(addr).await?);
    }
    let begun = Instant::now();
    for connection in connections {
        tasks.spawn(send(connection, subject, plan, begun + plan.time, Arc::clone(&sequence)));
    }
    let mut measured = Measured { accepted: 0, refused: 0, time: Duration::ZERO, latencies_us: Vec::new() };
    while let Some(done) = tasks.join_next().await {
        let done = done??;
        measured.accepted += done.accepted;
        measured.refused += done.refused;
        measured.latencies_us.extend(done.latencies_us);
    }
    measured.time = begun.elapsed();
    measured.latencies_us.sort_unstable();
    ensure!(measured.accepted > 0, "nothing was accepted");
    Ok(measured)
}

async fn send(
    mut connection: Connection,
    subject: Subject,
    plan: Plan,
    until: Instant,
    sequence: Arc<AtomicU64>,
) -> Result<Done> {
    let mut done = Done::default();
    while Instant::now() < until {
        let first = sequence.fetch_add(plan.per_request, Ordering::Relaxed);
        let request = subject.request(plan.shape, first, plan.per_request);
        let sent = Instant::now();
        let status = connection.send_for_status(&request).await?;
        let took = sent.elapsed();
        match status {
            200..300 => {
                done.accepted += plan.per_request;
                done.latencies_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
            }
            429 | 503 => done.refused += 1,
            status => bail!("a request was answered {status}"),
        }
    }
    Ok(done)
}

/// Opens every case once, and says how many signals that took.
pub(super) async fn open_cases(addr: SocketAddr, subject: Subject) -> Result<u64> {
    let mut connection = Connection::open(addr).await?;
    for first in (0..OPEN_CASES).step_by(CASES_PER_REQUEST as usize) {
        let reply = connection.send(&subject.opening(first, CASES_PER_REQUEST)).await?;
        ensure!(reply.is_success(), "opening the cases was answered {}: {}", reply.status, reply.text());
    }
    Ok(OPEN_CASES)
}

/// The case of a signal, by its number in the load.
pub(super) fn case(shape: Shape, n: u64) -> String {
    match shape {
        Shape::NoneMatch => "none".to_owned(),
        Shape::Attach => format!("case-{}", n % OPEN_CASES),
        Shape::Open => format!("new-{n}"),
    }
}
