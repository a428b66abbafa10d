//! A flood of signals never delays people: a hand-declared SEV-1 is paged in under a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents};
use crate::http::{Connection, request};
use crate::site::ADMIN;

/// Senders at once; far beyond what the server needs to be saturated.
const SENDERS: usize = 32;
/// Signals in each request.
const SIGNALS_PER_REQUEST: usize = 100;
/// SEV-1s declared during the flood.
const DECLARATIONS: usize = 20;
/// Between two declarations.
const PAUSE: Duration = Duration::from_millis(150);
/// Time for the flood to build up.
const BUILD_UP: Duration = Duration::from_secs(1);
/// The promise.
const LIMIT: Duration = Duration::from_secs(1);

/// What the senders share.
#[derive(Default)]
struct Flood {
    stop: AtomicBool,
    accepted: AtomicU64,
    overloaded: AtomicU64,
}

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site_with(&policy(), documents::ROSTER, &receiver)?;
    let server = site.start().await?;
    let addr = server.api.addr;
    let flood = Arc::new(Flood::default());
    let begun = Instant::now();
    let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(addr, sender, Arc::clone(&flood)))).collect();
    tokio::time::sleep(BUILD_UP).await;

    let mut times = Vec::new();
    for n in 0..DECLARATIONS {
        let asked = Instant::now();
        let service = format!("service-{n}");
        let declaration = json!({"title": "By hand", "class": "leak", "severity": "SEV-1", "service": service});
        let declared = server.api.post("/api/v1/incidents", &declaration).await?;
        ensure!(declared["service"] == *service, "the declaration should have opened an incident, but got {declared}");
        let id = declared["id"].as_str().unwrap_or_default().to_owned();
        let page = receiver.page_about(&id, LIMIT * 10).await?;
        times.push(page.at.duration_since(asked));
        tokio::time::sleep(PAUSE).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    flood.stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await??;
    }
    times.sort();
    let (least, median, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    let accepted = flood.accepted.load(Ordering::Relaxed);
    let overloaded = flood.overloaded.load(Ordering::Relaxed);
    ensure!(accepted > 0, "no signal of the flood was accepted, so nothing was shown");
    ensure!(most < LIMIT, "declared to paged took {least:?} to {most:?} (median {median:?}), the promise is {LIMIT:?}");
    checks.pass(format!(
        "under {:.0} signals/s ({overloaded} requests told to wait) {DECLARATIONS} declared SEV-1s were paged in {:.0}/{:.0}/{:.0} ms (least/median/most)",
        accepted as f64 / seconds,
        least.as_secs_f64() * 1e3,
        median.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3,
    ));
    server.stop()
}

/// The usual policy with a service for each declaration, so that each opens an incident of its own.
fn policy() -> String {
    let services: String = (0..DECLARATIONS).map(|n| format!("  service-{n}: {{name: Service {n}}}\n")).collect();
    documents::POLICY.replace("services:\n", &format!("services:\n{services}"))
}

/// Sends signals that attach to one incident, without a break, until told to stop.
async fn send(addr: std::net::SocketAddr, sender: usize, flood: Arc<Flood>) -> Result<()> {
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut connection = Connection::open(addr).await?;
    for n in 0.. {
        if flood.stop.load(Ordering::Relaxed) {
            break;
        }
        let signals = (0..SIGNALS_PER_REQUEST).map(|i| documents::signal(&format!("f-{sender}-{n}-{i}"), "flood"));
        let body = Value::from(signals.collect::<Vec<Value>>()).to_string();
        let reply = connection.send(&request("POST", "/v1/signals", &headers, body.as_bytes())).await?;
        match reply.status {
            202 => flood.accepted.fetch_add(reply.json()["accepted"].as_u64().unwrap_or(0), Ordering::Relaxed),
            429 => flood.overloaded.fetch_add(1, Ordering::Relaxed),
            status => anyhow::bail!("a signal of the flood was answered {status}: {}", reply.text()),
        };
    }
    Ok(())
}
