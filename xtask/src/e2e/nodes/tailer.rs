//! Follows the events from node to node, by the last position that it got whole.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::super::eventually;
use crate::http::{Api, request};
use crate::site::ADMIN;

/// A node that says nothing for so long has stopped; another one is asked.
const SILENCE: Duration = Duration::from_secs(2);
/// Before another node is asked.
const PAUSE: Duration = Duration::from_millis(100);
/// For the last events to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it knows.
#[derive(Default)]
struct Known {
    addresses: Vec<SocketAddr>,
    /// What was told, message by message.
    told: Vec<String>,
    /// The last position of which all was told.
    whole: u64,
    /// How much of `told` that is.
    whole_len: usize,
}

/// The tailer; it ends when dropped.
pub(super) struct Tailer {
    known: Arc<Mutex<Known>>,
    task: JoinHandle<()>,
}

impl Tailer {
    /// Begins at the beginning.
    pub(super) fn start(addresses: Vec<SocketAddr>) -> Tailer {
        let known = Arc::new(Mutex::new(Known { addresses, ..Known::default() }));
        let task = tokio::spawn(tail(Arc::clone(&known)));
        Tailer { known, task }
    }

    /// From now on these are the nodes.
    pub(super) fn follow(&self, addresses: Vec<SocketAddr>) {
        lock(&self.known).addresses = addresses;
    }

    /// Waits until it has told as much as a reader of everything is told, and compares; how many events.
    pub(super) async fn finish(self, api: &Api) -> Result<usize> {
        let head = api.get("/readyz").await?["position"].as_u64().unwrap_or(0);
        let caught_up = || async { Ok((lock(&self.known).whole >= head).then_some(())) };
        // The last batch may tell nobody anything: then what was told stays behind the head.
        let _ = eventually("the tailer reaches the head", PATIENCE, caught_up).await;
        self.task.abort();
        let all = Arc::new(Mutex::new(Known { addresses: vec![api.addr], ..Known::default() }));
        let _ = read(api.addr, &all).await;
        let (mine, all) = (lock(&self.known), lock(&all));
        let (mine, all) = (&mine.told[..mine.whole_len], &all.told[..all.whole_len]);
        let differs = mine.iter().zip(all).position(|(mine, all)| mine != all);
        ensure!(differs.is_none(), "message {differs:?} differs: {:?}", differs.map(|at| (&mine[at], &all[at])));
        ensure!(mine.len() == all.len() && !all.is_empty(), "{} messages were told of {}", mine.len(), all.len());
        Ok(all.len())
    }
}

impl Drop for Tailer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tail(known: Arc<Mutex<Known>>) {
    for turn in 0.. {
        let addresses = lock(&known).addresses.clone();
        if !addresses.is_empty() {
            // However it ends, another node goes on from the last whole position.
            let _ = read(addresses[turn % addresses.len()], &known).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads from one node until it falls silent.
async fn read(addr: SocketAddr, known: &Mutex<Known>) -> Result<()> {
    let last = {
        let mut known = lock(known);
        let whole_len = known.whole_len;
        known.told.truncate(whole_len);
        known.whole.to_string()
    };
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str()), ("last-event-id", last.as_str())];
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(&request("GET", "/api/v1/events", &headers, b"")).await?;
    let (mut text, mut bytes) = (String::new(), vec![0; 64 * 1024]);
    loop {
        let read = tokio::time::timeout(SILENCE, stream.read(&mut bytes)).await??;
        ensure!(read > 0, "the node has ended the stream");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        while let Some((line, rest)) = text.split_once('\n') {
            enter(&mut lock(known), line.trim_end());
            text = rest.to_owned();
        }
    }
}

/// Takes in one line; all else between them is the framing of HTTP.
fn enter(known: &mut Known, line: &str) {
    if let Some(data) = line.strip_prefix("data: ") {
        known.told.push(data.to_owned());
    } else if let Some(id) = line.strip_prefix("id: ").and_then(|id| id.parse().ok()) {
        // The id comes after the data of the last event of its batch.
        known.whole = id;
        known.whole_len = known.told.len();
    }
}
