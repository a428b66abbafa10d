//! The handle that everything outside uses: ask, wait for the commit, read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use journal::{DocumentChange, OutboxChanges, Reader};
use problem::Problem;
use tokio::sync::{oneshot, watch};
use wcore::event::Actor;
use wcore::raise::Declaration;
use wcore::{Command, Signal};

use crate::erase::{Found, Selection};
use crate::queue::{
    Act, ActInput, ActivateInput, EraseInput, FollowUp, Input, PruneInput, Reply, SignalsInput, WriteInput, stopping,
};
use crate::rules::Rules;
use crate::shared::{Health, Shared};
use crate::stats::Stats;
use crate::versions::Origin;
use crate::view::View;
use crate::{Accepted, Applied, Idempotency, texts};

/// What a signal counts at least towards the limits of the queue, in bytes.
const SIGNAL_BYTES_MIN: usize = 64;
/// The longest wait for the outbox after time was moved by hand.
const SETTLE_WAIT: StdDuration = StdDuration::from_secs(20);
/// The longest wait for deliveries under way when the engine stops.
const STOP_WAIT: StdDuration = StdDuration::from_secs(20);

/// A running engine. Cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) idle: watch::Receiver<u64>,
    pub(crate) running: Mutex<Option<Running>>,
}

pub(crate) struct Running {
    pub(crate) thread: std::thread::JoinHandle<()>,
    pub(crate) dispatcher: tokio::task::JoinHandle<()>,
}

impl Drop for Inner {
    /// The last handle is gone: nobody hears answers any more. What was answered is durable, and
    /// the rest is dropped as in a crash; [`Engine::shutdown`] is the orderly way.
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            running.dispatcher.abort();
            self.shared.queue.abandon();
        }
    }
}

impl Engine {
    /// Takes signals in; `bytes` is their size on the wire.
    pub async fn signals(&self, signals: Vec<Signal>, bytes: usize) -> Result<Accepted, Problem> {
        let bytes = bytes.max(signals.len() * SIGNAL_BYTES_MIN);
        let signals = Arc::new(signals);
        self.ask(|reply| Input::Signals(SignalsInput { signals: Arc::clone(&signals), bytes, reply })).await
    }

    /// What stands for an id that holds personal data: the same for the same id of a kind, and of no use without
    /// the workspace's key.
    pub fn stand_in(&self, kind: &str, id: &str) -> String {
        texts::written(&self.inner.shared.pseudonyms.of_id(kind, id))
    }

    /// Applies a command to an incident.
    pub async fn command(
        &self,
        no: u64,
        command: Command,
        by: Actor,
        idempotency: Option<Idempotency>,
    ) -> Result<Applied, Problem> {
        let act = Act::Command { no, command };
        self.ask(|reply| Input::Act(ActInput { act, by, idempotency, reply })).await
    }

    /// Declares an incident, or joins the open one of the same class and service.
    pub async fn declare(
        &self,
        declaration: Declaration,
        by: Actor,
        idempotency: Option<Idempotency>,
    ) -> Result<Applied, Problem> {
        let act = Act::Declare(declaration);
        self.ask(|reply| Input::Act(ActInput { act, by, idempotency, reply })).await
    }

    /// What an erasure would take away.
    pub async fn erasable(&self, selection: Selection) -> Result<Found, Problem> {
        let rules = self.rules();
        self.read(move |view| crate::erase::find(view, &rules, &selection)).await
    }

    /// Erases what [`Engine::erasable`] found: words and salts are gone once it returns, the chain stays valid.
    pub async fn erase(&self, found: Found, reason: String, by: Actor) -> Result<(), Problem> {
        self.ask(|reply| Input::Erase(EraseInput { found, reason, by, reply })).await
    }

    /// Removes what one step of retention found.
    pub(crate) async fn take_away(&self, step: crate::retention::Step) -> Result<(), Problem> {
        self.ask(|reply| Input::Prune(PruneInput { step, reply })).await
    }

    /// Stores a small document, or deletes it.
    pub async fn put_document(&self, collection: &str, id: &str, body: Option<Vec<u8>>) -> Result<(), Problem> {
        let change = DocumentChange { collection: collection.to_owned(), id: id.to_owned(), body };
        let changes = OutboxChanges { documents: vec![change], ..OutboxChanges::default() };
        self.write(changes, Vec::new()).await
    }

    pub(crate) async fn write(&self, changes: OutboxChanges, follow_ups: Vec<FollowUp>) -> Result<(), Problem> {
        self.ask(|reply| Input::Write(WriteInput { changes, follow_ups, reply })).await
    }

    /// Brings another policy and roster into force; refused where they were planned for others than now.
    pub async fn activate(&self, rules: Rules, by: Actor, origin: Origin) -> Result<(), Problem> {
        let rules = Arc::new(rules);
        self.ask(|reply| Input::Activate(ActivateInput { rules, by, origin, reply: Some(reply) })).await
    }

    /// Records something that Watchbell should be ashamed of.
    pub fn complain(&self, problem: Problem) {
        if self.inner.shared.queue.push(Input::SelfAlert(problem)).is_err() {
            tracing::warn!("engine.complaint_after_stop");
        }
    }

    async fn ask<T>(&self, input: impl FnOnce(Reply<T>) -> Input) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.inner.shared.queue.push(input(reply))?;
        answer.await.map_err(|_| stopping())?
    }

    /// Reads from the journal, off the asynchronous threads.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let view = self.view();
        let joined = tokio::task::spawn_blocking(move || read(&view)).await;
        joined.map_err(|e| crate::codec::unreadable(format!("a read did not finish ({e})")))?
    }

    /// A view that blocks; use [`Engine::read`] in asynchronous code.
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.inner.reader))
    }

    /// The policy and roster in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.inner.shared.rules()
    }

    /// The present, as the journal will record it.
    pub fn now(&self) -> Instant {
        self.inner.shared.time.now()
    }

    /// Whether other nodes may write to the same journal.
    pub fn is_shared(&self) -> bool {
        self.inner.shared.leases.is_some()
    }

    /// The head's position after each commit.
    pub fn positions(&self) -> watch::Receiver<u64> {
        self.inner.shared.position.subscribe()
    }

    /// Whether it works.
    pub fn health(&self) -> Health {
        self.inner.shared.health()
    }

    /// Its counters.
    pub fn stats(&self) -> Stats {
        let shared = &self.inner.shared;
        shared.stats.read(shared.queue.signal_bytes(), *shared.position.borrow())
    }

    /// Moves a test clock, stopping at every instant at which something falls due, until the
    /// outbox has nothing left to do.
    pub async fn advance(&self, by: Duration) -> Result<Instant, Problem> {
        let shared = &self.inner.shared;
        let target = shared.time.now() + by;
        if !shared.time.set(shared.time.now()) {
            return Err(Problem::new(&problem::NO_TEST_CLOCK, "the server was not started with `--test-clock`"));
        }
        self.settle().await?;
        loop {
            let next = self.next_due().await?.filter(|at| *at < target).unwrap_or(target);
            shared.time.set(next);
            self.settle().await?;
            if next >= target {
                return Ok(shared.time.now());
            }
        }
    }

    /// The next instant at which something happens by itself, later than now.
    async fn next_due(&self) -> Result<Option<Instant>, Problem> {
        let now = self.now();
        let detectors = self.inner.shared.detectors_due();
        let (hold, held) = (self.inner.shared.hold_ends_at(), self.inner.shared.hold().is_some());
        self.read(move |view| {
            let clock = crate::codec::stored(view.reader().next_due())?;
            // What is held is due already, and waits for the hold's end.
            let attempt = crate::codec::stored(view.reader().next_attempt())?.filter(|at| !held || *at > now);
            Ok([clock, attempt, detectors, hold]
                .into_iter()
                .flatten()
                .min()
                .map(|at| at.max(now + Duration::from_micros(1))))
        })
        .await
    }

    /// Waits until everything due now is decided and delivered, at most [`SETTLE_WAIT`].
    async fn settle(&self) -> Result<(), Problem> {
        let shared = &self.inner.shared;
        let settled = tokio::time::timeout(SETTLE_WAIT, async {
            loop {
                shared.queue.nudge();
                // An answered write shows that the thread has been round once since the nudge.
                self.write(OutboxChanges::default(), Vec::new()).await?;
                let rung = shared.bell.ring();
                let mut idle = self.inner.idle.clone();
                idle.wait_for(|answered| *answered >= rung).await.map_err(|_| stopping())?;
                let now = self.now();
                let due = self
                    .read(move |view| crate::codec::stored(view.reader().due(now, 1)).map(|rows| !rows.is_empty()))
                    .await?;
                if !due {
                    return Ok(());
                }
            }
        });
        settled.await.unwrap_or(Ok(()))
    }

    /// Refuses new work, finishes what was accepted and what is under way, and stops.
    pub async fn shutdown(&self) {
        let running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { thread, mut dispatcher }) = running else { return };
        self.inner.shared.queue.drain();
        self.inner.shared.bell.ring();
        if tokio::time::timeout(STOP_WAIT, &mut dispatcher).await.is_err() {
            tracing::warn!("engine.stopped_with_deliveries_under_way");
            dispatcher.abort();
        }
        self.inner.shared.queue.close();
        if tokio::task::spawn_blocking(move || thread.join()).await.is_err() {
            tracing::error!("engine.thread_panicked");
        }
    }
}
