//! The loop of the outbox: claims what was requested, attempts what is due, sleeps until more.
//!
//! It holds nothing that the journal does not: after a restart it goes on from the rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as StdDuration;

use calendar::Instant;
use channel::Webhook;
use journal::{DeliveryRow, DeliveryUpdate, IncidentNo, Reader, StoredRequest};
use problem::Problem;
use tokio::sync::{Notify, mpsc, watch};
use wcore::Incident;

use crate::attempt::concerns_one_input;
use crate::codec;
use crate::outbox::Mail;
use crate::outbox::claim::{self, Desk};
use crate::outbox::places::{Places, Seat};
use crate::outbox::record::Record;
use crate::outbox::send::{self, Sent};
use crate::rules::Rules;
use crate::shared::Shared;
use crate::view::View;

/// Requests claimed in one round.
const CLAIMS: u32 = 512;
/// Deliveries looked at in one round.
const ROUND: u32 = 1_024;
/// The longest sleep: a change made by another process is seen by then.
const NAP: StdDuration = StdDuration::from_secs(5);
/// The sleep while everything due is under way.
const BUSY_NAP: StdDuration = StdDuration::from_millis(200);
/// Outcomes written at once.
const OUTCOMES: usize = 1_024;
/// Pause after the journal could not be read or written.
const FAILED_PAUSE: StdDuration = StdDuration::from_secs(1);

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
    under_way: Places,
    outcomes: mpsc::Sender<Sent>,
}

/// Incidents as they stood when a round looked at them first.
type Seen = BTreeMap<IncidentNo, Option<Arc<Incident>>>;

impl Dispatcher {
    /// Runs until the engine stops and nothing is under way.
    pub(crate) async fn run(self) {
        let (outcomes, mut arrived) = mpsc::channel(OUTCOMES);
        let mut round = Round { under_way: Places::default(), outcomes };
        loop {
            let rung = self.shared.bell.rung.load(Ordering::SeqCst);
            let worked = match self.work(&mut round).await {
                Ok(worked) => worked,
                Err(problem) => {
                    tracing::error!(code = problem.code.id, detail = problem.detail, "outbox.failed");
                    tokio::time::sleep(FAILED_PAUSE).await;
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
        let mut seen = Seen::new();
        let mut records = Vec::new();
        for request in &requests {
            let record = match self.claim_one(request, &rules, &mut seen).await {
                // It will never be readable: it must not keep the others from being sent.
                Err(problem) if concerns_one_input(&problem) => claim::unreadable(request, self.now(), problem),
                record => record?,
            };
            records.push(record);
        }
        self.write(records).await?;
        Ok(requests.len())
    }

    async fn claim_one(&self, request: &StoredRequest, rules: &Rules, seen: &mut Seen) -> Result<Record, Problem> {
        let incident = self.incident(request.request.incident, seen).await?;
        let incident = incident.as_deref();
        Desk { rules, incident, public_url: &self.shared.public_url, now: self.now() }.claim(request)
    }

    async fn attempt(&self, round: &mut Round) -> Result<usize, Problem> {
        let now = self.now();
        let due = self.blocking(move |reader| codec::stored(reader.due_deliveries(now, ROUND))).await?;
        let mut seen = Seen::new();
        let mut done = Vec::new();
        let mut started = 0;
        for row in due {
            if round.under_way.holds(&row.id) {
                continue;
            }
            match self.needed(&row, &mut seen).await {
                Ok(Some(mail)) => match round.under_way.take(&row.id, &row.channel, row.severity) {
                    Seat::Taken => {
                        self.start(row, mail, round);
                        started += 1;
                    }
                    Seat::ChannelFull => {}
                    Seat::Full => break,
                },
                Ok(None) => done.push(Record::new(DeliveryUpdate::Attempt(send::supersede(&row, now)))),
                Err(problem) if concerns_one_input(&problem) => {
                    done.push(send::unreadable(&row, now, &problem).record())
                }
                Err(problem) => return Err(problem),
            }
        }
        let dropped = done.len();
        if dropped > 0 {
            self.write(done).await?;
        }
        Ok(started + dropped)
    }

    /// The message of a delivery, unless someone took the incident and nobody waits for it any more.
    async fn needed(&self, row: &DeliveryRow, seen: &mut Seen) -> Result<Option<Mail>, Problem> {
        let mail = Mail::decode(&row.body)?;
        if !mail.until_acknowledged {
            return Ok(Some(mail));
        }
        let incident = self.incident(row.incident, seen).await?;
        let taken = incident.is_some_and(|incident| incident.acknowledged.is_some() || !incident.status().is_open());
        Ok((!taken).then_some(mail))
    }

    async fn incident(&self, no: Option<IncidentNo>, seen: &mut Seen) -> Result<Option<Arc<Incident>>, Problem> {
        let Some(no) = no else { return Ok(None) };
        let slot = match seen.entry(no) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(slot) => slot,
        };
        let view = View::new(Arc::clone(&self.reader));
        let incident = self.blocking(move |_| view.incident(no.0)).await?.map(Arc::new);
        Ok(slot.insert(incident).clone())
    }

    /// Starts an attempt.
    fn start(&self, row: DeliveryRow, mail: Mail, round: &Round) {
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
            // The loop is gone only when the engine is: the row stays pending and is sent again.
            let _ = outcomes.send(sent).await;
        });
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
        for sent in &outcomes {
            if let Some(channel) = &sent.disable {
                self.shared.disable(channel);
            }
            for problem in &sent.complaints {
                tracing::warn!(code = problem.code.id, detail = problem.detail, "outbox.dead");
            }
            self.shared.stats.attempted(&sent.attempt);
        }
        let done: Vec<String> = outcomes.iter().map(|sent| sent.attempt.delivery.clone()).collect();
        self.write_until_done(outcomes.into_iter().map(Sent::record).collect()).await;
        for id in done {
            round.under_way.leave(&id);
        }
    }

    /// An outcome that cannot be written now is written later: until then it counts as under way.
    async fn write_until_done(&self, records: Vec<Record>) {
        loop {
            match self.write(records.clone()).await {
                Ok(()) => return,
                Err(problem) if self.shared.queue.is_draining() => {
                    tracing::warn!(code = problem.code.id, "outbox.outcome_lost");
                    return;
                }
                Err(problem) => {
                    tracing::error!(code = problem.code.id, detail = problem.detail, "outbox.write_failed");
                    tokio::time::sleep(FAILED_PAUSE).await;
                }
            }
        }
    }

    fn now(&self) -> Instant {
        self.shared.time.now()
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
