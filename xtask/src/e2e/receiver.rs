//! A receiver of webhooks that remembers what came, and answers as a check wants it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::eventually;
use crate::http::{Answer, Message, Server};

/// One request that came.
#[derive(Clone)]
pub(super) struct Received {
    /// When.
    pub(super) at: Instant,
    /// All of it.
    pub(super) message: Message,
}

impl Received {
    /// The idempotency key: equal for all attempts of one delivery.
    pub(super) fn id(&self) -> &str {
        self.message.header("webhook-id").unwrap_or("")
    }

    /// The `data` of its body.
    pub(super) fn data(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.message.body).unwrap_or_default();
        body["data"].clone()
    }

    /// Whether it speaks of that incident.
    pub(super) fn is_about(&self, incident: &str) -> bool {
        self.data()["incident"] == *incident
    }
}

/// The receiver; it ends when dropped.
pub(super) struct Receiver {
    server: Server,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// One that accepts everything.
    pub(super) async fn start() -> Result<Receiver> {
        Receiver::answering(|_| Answer::Status(204, Vec::new())).await
    }

    /// One that answers as told.
    pub(super) async fn answering(answer: impl Fn(&Message) -> Answer + Send + Sync + 'static) -> Result<Receiver> {
        let received = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&received);
        let server = Server::start(move |message| {
            let answer = answer(&message);
            lock(&store).push(Received { at: Instant::now(), message });
            answer
        });
        Ok(Receiver { server: server.await?, received })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}/page", self.server.addr)
    }

    /// Everything that came so far.
    pub(super) fn all(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }

    /// Waits for a page about that incident that is none of the first `sent` ones.
    pub(super) async fn page_since(&self, sent: usize, incident: &str, limit: Duration) -> Result<Received> {
        let what = format!("another page about {incident} reaches the receiver");
        let found = || self.all().into_iter().skip(sent).find(|page| page.is_about(incident));
        eventually(&what, limit, || async { Ok(found()) }).await
    }

    /// Waits for a page about that incident.
    pub(super) async fn page_about(&self, incident: &str, limit: Duration) -> Result<Received> {
        let what = format!("a page about {incident} reaches the receiver");
        eventually(&what, limit, || async { Ok(self.all().into_iter().find(|page| page.is_about(incident))) }).await
    }
}

/// A poisoned lock means that another check panicked; its data is still whole.
fn lock(received: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    received.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
