//! The loop of the outbox: claims what was requested, attempts what is due, sleeps until more.
//!
//! It holds nothing that the journal does not: after a restart it goes on from the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as StdDuration;

use channel::Webhook;
use journal::{DeliveryRow, DeliveryUpdate, DocumentChange, OutboxChanges, Reader};
use problem::Problem;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use wcore::event::Actor;

use crate::codec;
use crate::outbox::Mail;
use crate::outbox::claim::Desk;
use crate::outbox::send::{self, Sent};
use crate::queue::{Act, ActInput, Input, WriteInput};
use crate::shared::Shared;

/// Requests claimed in one round.
const CLAIMS: u32 = 512;
/// Deliveries looked at in one round.
const ROUND: u32 = 1_024;
/// Attempts under way at once; further ones wait for a place.
const UNDER_WAY: usize = 128;
/// Places that only the most severe may take: a flood of warnings never delays a SEV-1.
const RESERVED: usize = 32;
/// The longest sleep: a change made by another process is seen by then.
const NAP: StdDuration = StdDuration::from_secs(5);
/// The sleep while everything due is under way.
const BUSY_NAP: StdDuration = StdDuration::from_millis(200);
/// Outcomes written at once.
const OUTCOMES: usize = 1_024;

/// Collection of channels that are switched off.
pub(crate) const DISABLED_CHANNELS: &str = "disabled_channels";

/// Wakes the loop and tells when it has nothing left to do.
#[derive(Default)]
pub(crate) struct Bell {
    rung: AtomicU64,
    notify: Notify,
}

impl Bell {
    /// There may be work.
    pub(crate) fn ring(&self) -> u64 {
        let rung = self.rung.fetch_add(1, Ordering::SeqCst) + 1;
        self.notify.notify_one();
        rung
    }
}

/// The loop.
pub(crate) struct Dispatcher {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) webhook: Webhook,
    /// Rings up to this one were answered, and nothing was left to do.
    pub(crate) idle: watch::Sender<u64>,
}

struct Round {
    under_way: BTreeSet<String>,
    places: Arc<Semaphore>,
    outcomes: mpsc::Sender<Sent>,
}

impl Dispatcher {
    /// Runs until the engine stops and nothing is under way.
    pub(crate) async fn run(self) {
        let (outcomes, mut arrived) = mpsc::channel(OUTCOMES);
        let places = Arc::new(Semaphore::new(UNDER_WAY));
        let mut round = Round { under_way: BTreeSet::new(), places, outcomes };
        loop {
            let rung = self.shared.bell.rung.load(Ordering::SeqCst);
            let worked = match self.work(&mut round).await {
                Ok(worked) => worked,
                Err(problem) => {
                    tracing::error!(code = problem.code.id, detail = problem.detail, "outbox.failed");
                    tokio::time::sleep(StdDuration::from_secs(1)).await;
                    true
                }
            };
            if !worked && round.under_way.is_empty() {
                self.idle.send_replace(rung);
                if self.shared.queue.is_draining() {
                    return;
                }
            }
            if worked {
                self.collect(&mut arrived, &mut round, StdDuration::ZERO).await;
            } else {
                self.collect(&mut arrived, &mut round, self.nap()).await;
            }
        }
    }

    /// Until something is due, at most [`NAP`].
    fn nap(&self) -> StdDuration {
        let next = self.reader.next_attempt().ok().flatten();
        match next.and_then(|at| self.shared.time.until(at)) {
            // What is due already is under way, or waits for a place: its outcome wakes the loop.
            Some(StdDuration::ZERO) => BUSY_NAP,
            Some(until) => until.min(NAP),
            None => NAP,
        }
    }

    /// Claims and starts attempts; whether there was anything to do.
    async fn work(&self, round: &mut Round) -> Result<bool, Problem> {
        let claimed = self.claim().await?;
        let started = if self.shared.queue.is_draining() { 0 } else { self.attempt(round).await? };
        Ok(claimed + started > 0)
    }

    async fn claim(&self) -> Result<usize, Problem> {
        if self.shared.queue.is_draining() {
            return Ok(0);
        }
        let requests = self.blocking(move |reader| codec::stored(reader.pending_requests(CLAIMS))).await?;
        if requests.is_empty() {
            return Ok(0);
        }
        let rules = self.shared.rules();
        let mut changes = OutboxChanges::default();
        let mut follow_ups = Vec::new();
        let mut incidents = BTreeMap::new();
        for request in &requests {
            if let Some(no) = request.request.incident
                && let std::collections::btree_map::Entry::Vacant(slot) = incidents.entry(no)
            {
                let view = crate::view::View::new(Arc::clone(&self.reader));
                slot.insert(self.blocking(move |_| view.incident(no.0)).await?);
            }
            let incident = request.request.incident.and_then(|no| incidents.get(&no)?.as_ref());
            let desk =
                Desk { rules: &rules, incident, public_url: &self.shared.public_url, now: self.shared.time.now() };
            let claimed = desk.claim(request)?;
            changes.deliveries.push(DeliveryUpdate::Claim(claimed.claim));
            follow_ups.extend(claimed.follow_up);
        }
        self.write(changes).await?;
        for (act, by) in follow_ups {
            self.submit(act, by);
        }
        Ok(requests.len())
    }

    async fn attempt(&self, round: &mut Round) -> Result<usize, Problem> {
        let now = self.shared.time.now();
        let due = self.blocking(move |reader| codec::stored(reader.due_deliveries(now, ROUND))).await?;
        let mut superseded = OutboxChanges::default();
        let mut started = 0;
        for row in due.into_iter().filter(|row| !round.under_way.contains(&row.id)).collect::<Vec<_>>() {
            let mail = Mail::decode(&row.body)?;
            if mail.until_acknowledged && row.attempts > 0 && self.is_taken(&row).await? {
                superseded.deliveries.push(DeliveryUpdate::Attempt(send::supersede(&row, now)));
                continue;
            }
            if !self.start(row, mail, round) {
                break;
            }
            started += 1;
        }
        let dropped = superseded.deliveries.len();
        if dropped > 0 {
            self.write(superseded).await?;
        }
        Ok(started + dropped)
    }

    async fn is_taken(&self, row: &DeliveryRow) -> Result<bool, Problem> {
        let Some(no) = row.incident else { return Ok(false) };
        let view = crate::view::View::new(Arc::clone(&self.reader));
        let incident = self.blocking(move |_| view.incident(no.0)).await?;
        Ok(incident.is_some_and(|incident| incident.acknowledged.is_some()))
    }

    /// Starts an attempt if there is a place for it.
    fn start(&self, row: DeliveryRow, mail: Mail, round: &mut Round) -> bool {
        let free = round.places.available_permits();
        if free == 0 || (row.severity > 1 && free <= RESERVED) {
            return false;
        }
        let Ok(place) = Arc::clone(&round.places).try_acquire_owned() else { return false };
        round.under_way.insert(row.id.clone());
        let (shared, outcomes, webhook) = (Arc::clone(&self.shared), round.outcomes.clone(), self.webhook.clone());
        tokio::spawn(async move {
            let started = shared.time.now();
            if row.attempts == 0 && started.since(row.created_at) > send::SLOW_FIRST_ATTEMPT {
                tracing::warn!(delivery = row.id, waited_s = started.since(row.created_at).as_secs(), "outbox.slow");
            }
            let rules = shared.rules();
            let outcome = if shared.is_disabled(&row.channel) {
                send::refused(format!("`{}` is switched off: its receiver answered 410", row.channel))
            } else {
                send::send(&row, &mail, &rules, &webhook, started).await
            };
            let sent = send::settle(&row, &mail, outcome, shared.time.now(), send::jitter());
            drop(place);
            // The loop is gone only when the engine is: the row stays pending and is sent again.
            let _ = outcomes.send(sent).await;
        });
        true
    }

    /// Waits for outcomes, a ring or the nap's end, and writes what has arrived.
    async fn collect(&self, arrived: &mut mpsc::Receiver<Sent>, round: &mut Round, nap: StdDuration) {
        let mut outcomes = Vec::new();
        if nap.is_zero() {
            while let Ok(sent) = arrived.try_recv() {
                outcomes.push(sent);
            }
        } else {
            tokio::select! {
                count = arrived.recv_many(&mut outcomes, OUTCOMES) => { let _ = count; }
                () = self.shared.bell.notify.notified() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
        if outcomes.is_empty() {
            return;
        }
        let mut changes = OutboxChanges::default();
        let done: Vec<String> = outcomes.iter().map(|sent| sent.attempt.delivery.clone()).collect();
        let mut follow_ups = Vec::new();
        for sent in outcomes {
            if let Some(channel) = sent.disable {
                self.shared.disable(&channel);
                let body = Some(codec::json(&sent.attempt.outcome));
                changes.documents.push(DocumentChange { collection: DISABLED_CHANNELS.to_owned(), id: channel, body });
            }
            if let Some(problem) = sent.complaint {
                tracing::warn!(code = problem.code.id, detail = problem.detail, "outbox.dead");
                let _ = self.shared.queue.push(Input::SelfAlert(problem));
            }
            self.shared.stats.attempted(&sent.attempt);
            follow_ups.extend(sent.follow_up);
            changes.deliveries.push(DeliveryUpdate::Attempt(sent.attempt));
        }
        self.write_until_done(changes).await;
        for id in done {
            round.under_way.remove(&id);
        }
        for (act, by) in follow_ups {
            self.submit(act, by);
        }
    }

    /// An outcome that cannot be written now is written later: until then it counts as under way.
    async fn write_until_done(&self, changes: OutboxChanges) {
        loop {
            match self.write(changes.clone()).await {
                Ok(()) => return,
                Err(problem) if self.shared.queue.is_draining() => {
                    tracing::warn!(code = problem.code.id, "outbox.outcome_lost");
                    return;
                }
                Err(problem) => {
                    tracing::error!(code = problem.code.id, detail = problem.detail, "outbox.write_failed");
                    tokio::time::sleep(StdDuration::from_secs(1)).await;
                }
            }
        }
    }

    async fn write(&self, changes: OutboxChanges) -> Result<(), Problem> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.shared.queue.push(Input::Write(WriteInput { changes, reply: Some(reply) }))?;
        answer.await.map_err(|_| crate::queue::stopping())?
    }

    fn submit(&self, act: Act, by: Actor) {
        let input = ActInput { act, by, idempotency: None, reply: None };
        if let Err(problem) = self.shared.queue.push(Input::Act(input)) {
            tracing::warn!(code = problem.code.id, "outbox.follow_up_refused");
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let reader = Arc::clone(&self.reader);
        let joined = tokio::task::spawn_blocking(move || read(&*reader)).await;
        joined.map_err(|e| codec::unreadable(format!("a read did not finish ({e})")))?
    }
}
