//! Load until the server dies: signals, commands of people, and readers. Only what was answered
//! with success counts as said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::documents;
use super::ledger::{Ledger, Said};
use crate::http::{Api, Connection, request};
use crate::random::Random;
use crate::site::ADMIN;

/// Connections that send signals.
const SENDERS: u64 = 6;
/// Most signals in one request.
const MAX_SIGNALS: u64 = 20;
/// New incidents of one round; the other signals attach to them.
const CASES: u64 = 4;
/// Between two commands, and between two readings.
const PAUSE: Duration = Duration::from_millis(15);
/// Longest pause between two requests of one sender, in milliseconds. Without any, a run would
/// store millions of signals, and reading them all back after every kill would take hours.
const MAX_PAUSE_MS: u64 = 20;

/// Pause of a sender that was refused because the server cannot write.
const OUTAGE_PAUSE: Duration = Duration::from_millis(200);

/// Whether the server may be unable to write for a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outages {
    None,
    Some,
}

impl Outages {
    fn explain(self, status: u16) -> bool {
        self == Outages::Some && status == 503
    }
}

/// Tasks that load one server.
pub(in crate::e2e) struct Load {
    tasks: JoinSet<Result<()>>,
    said: Arc<Mutex<Said>>,
}

impl Load {
    /// Begins, on a server that answers until it dies.
    pub(in crate::e2e) async fn start(api: &Api, round: u32, seed: u64) -> Result<Load> {
        Load::begin(api, round, seed, Outages::None).await
    }

    /// Begins, on a server that may be unable to write for a while: what it refuses then was not said.
    pub(in crate::e2e) async fn through_outages(api: &Api, round: u32, seed: u64) -> Result<Load> {
        Load::begin(api, round, seed, Outages::Some).await
    }

    async fn begin(api: &Api, round: u32, seed: u64, outages: Outages) -> Result<Load> {
        let mut load = Load { tasks: JoinSet::new(), said: Arc::default() };
        for sender in 0..SENDERS {
            let random = Random::new(seed ^ sender);
            let prefix = format!("k{round}-{sender}");
            load.tasks.spawn(send((api.clone(), outages), prefix, round, random, Arc::clone(&load.said)));
        }
        load.tasks.spawn(act((api.clone(), outages), Random::new(seed), Arc::clone(&load.said)));
        load.tasks.spawn(read((api.clone(), outages), Arc::clone(&load.said)));
        Ok(load)
    }

    /// Waits for the tasks to notice that the server is dead, and enters what was said.
    pub(in crate::e2e) async fn finish(mut self, ledger: &mut Ledger) -> Result<()> {
        while let Some(task) = self.tasks.join_next().await {
            task.context("a task of the load panicked")??;
        }
        ledger.enter(std::mem::take(&mut *lock(&self.said)));
        Ok(())
    }
}

fn lock(said: &Mutex<Said>) -> std::sync::MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sends signals over one connection, until it breaks.
async fn send(
    (api, outages): (Api, Outages),
    prefix: String,
    round: u32,
    mut random: Random,
    said: Arc<Mutex<Said>>,
) -> Result<()> {
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let Ok(mut connection) = Connection::open(api.addr).await else { return Ok(()) };
    for n in 0.. {
        let ids: Vec<String> = (0..random.range(1, MAX_SIGNALS + 1)).map(|i| format!("{prefix}-{n}-{i}")).collect();
        let mut signal = |id: &String| documents::signal(id, &format!("round-{round}-{}", random.range(0, CASES)));
        let body = Value::from(ids.iter().map(&mut signal).collect::<Vec<Value>>()).to_string();
        // A broken connection is the kill: what was not answered was not said.
        let Ok(reply) = connection.send(&request("POST", "/v1/signals", &headers, body.as_bytes())).await else {
            break;
        };
        match reply.status {
            202 => {
                let accepted = reply.json()["accepted"].as_u64();
                if accepted != Some(ids.len() as u64) {
                    bail!("{} new signals were answered {}", ids.len(), reply.text());
                }
                lock(&said).signals.extend(ids);
            }
            429 => {}
            status if outages.explain(status) => tokio::time::sleep(OUTAGE_PAUSE).await,
            status => bail!("signals were answered {status}: {}", reply.text()),
        }
        tokio::time::sleep(Duration::from_millis(random.range(0, MAX_PAUSE_MS + 1))).await;
    }
    Ok(())
}

/// Declares, acknowledges and writes notes, until the server is gone.
async fn act((admin, outages): (Api, Outages), mut random: Random, said: Arc<Mutex<Said>>) -> Result<()> {
    let Ok(token) = documents::token(&admin, "ana").await else { return Ok(()) };
    let ana = admin.with_token(&token);
    for n in 0.. {
        let declaration = json!({"title": format!("By hand {n}"), "class": "leak", "severity": "SEV-2"});
        let declares = n % 10 == 0;
        let (path, body) = if declares {
            ("/api/v1/incidents".to_owned(), declaration)
        } else {
            let known: Vec<String> = lock(&said).incidents.keys().cloned().collect();
            if known.is_empty() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let id = &known[usize::try_from(random.range(0, known.len() as u64))?];
            (format!("/api/v1/incidents/{id}/acknowledge"), json!({}))
        };
        let Ok(reply) = ana.call("POST", &path, Some(&body)).await else { break };
        let incident = reply.json();
        match (reply.is_success(), incident["id"].as_str()) {
            (true, Some(id)) if declares => drop(lock(&said).declared.insert(id.to_owned())),
            (true, Some(id)) => drop(lock(&said).acknowledged.insert(id.to_owned())),
            // A second acknowledgement, or one of an incident that has moved on.
            (false, _) if reply.status == 409 => {}
            (false, _) if outages.explain(reply.status) => tokio::time::sleep(OUTAGE_PAUSE).await,
            _ => bail!("POST {path} was answered {}: {}", reply.status, reply.text()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Reads incidents with their clocks, until the server is gone: what was read was said, too.
async fn read((api, outages): (Api, Outages), said: Arc<Mutex<Said>>) -> Result<()> {
    loop {
        let Ok(reply) = api.call("GET", "/api/v1/incidents?limit=50", None).await else { return Ok(()) };
        if outages.explain(reply.status) {
            tokio::time::sleep(OUTAGE_PAUSE).await;
            continue;
        }
        if !reply.is_success() {
            bail!("reading incidents was answered {}: {}", reply.status, reply.text());
        }
        for incident in reply.json()["incidents"].as_array().into_iter().flatten() {
            lock(&said).see(incident)?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
