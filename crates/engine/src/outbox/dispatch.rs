//! The loop of the outbox: claims what was requested, attempts what is due, sleeps until more.
//!
//! It holds nothing that the journal does not: after a restart it goes on from the rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as StdDuration;

use channel::Sender;
use journal::DeliveryRow;
use problem::Problem;
use tokio::sync::{Notify, mpsc, watch};

use crate::outbox::Mail;
use crate::outbox::clerk::Clerk;
use crate::outbox::places::Places;
use crate::outbox::record::Record;
use crate::outbox::send::{self, Sent};

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
    pub(crate) clerk: Clerk,
    pub(crate) sender: Sender,
    /// Rings up to this one were answered, and nothing was left to do.
    pub(crate) idle: watch::Sender<u64>,
}

struct Round {
    under_way: Places,
    outcomes: mpsc::Sender<Sent>,
}

impl Dispatcher {
    /// Runs until the engine stops and nothing is under way.
    pub(crate) async fn run(self) {
        let (outcomes, mut arrived) = mpsc::channel(OUTCOMES);
        let mut round = Round { under_way: Places::default(), outcomes };
        loop {
            let rung = self.clerk.shared.bell.rung.load(Ordering::SeqCst);
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
                if self.clerk.shared.queue.is_draining() {
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
        let next = self.clerk.reader.next_attempt().ok().flatten();
        match next.and_then(|at| self.clerk.shared.time.until(at)) {
            // What is due already is under way, or waits for a place: its outcome wakes the loop.
            Some(StdDuration::ZERO) => BUSY_NAP,
            Some(until) => until.min(NAP),
            None => NAP,
        }
    }

    /// Starts attempts, and claims what was not claimed when it was decided; whether there was
    /// anything to do.
    async fn work(&self, round: &mut Round) -> Result<bool, Problem> {
        if self.clerk.shared.queue.is_draining() {
            return Ok(false);
        }
        let picked = self.clerk.pick(&mut round.under_way).await?;
        let found = picked.start.len() + picked.dropped.len();
        for (row, mail) in picked.start {
            self.start(row, mail, round);
        }
        if !picked.dropped.is_empty() {
            self.clerk.write(picked.dropped).await?;
        }
        let claimed = self.clerk.claim().await?;
        Ok(found + claimed > 0)
    }

    /// Starts an attempt.
    fn start(&self, row: DeliveryRow, mail: Mail, round: &Round) {
        let (clerk, outcomes, sender) = (self.clerk.clone(), round.outcomes.clone(), self.sender.clone());
        tokio::spawn(async move {
            let shared = Arc::clone(&clerk.shared);
            let started = shared.time.now();
            let waited = started.since(row.next_attempt_at.unwrap_or(row.created_at));
            if row.attempts == 0 && waited > send::SLOW_FIRST_ATTEMPT {
                tracing::warn!(delivery = row.id, waited_s = waited.as_secs(), "outbox.slow");
            }
            let rules = shared.rules();
            let outcome = match send::target(&row, &rules, &shared) {
                Ok(target) => {
                    let link = clerk.acknowledge_link(&row, &mail, target).await;
                    // An attempt may outlive the engine, and must not hold its store.
                    drop(clerk);
                    sender.send(target, &send::letter(&row, &mail, link), started).await
                }
                Err(outcome) => outcome,
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
                () = self.clerk.shared.bell.notify.notified() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
        if outcomes.is_empty() {
            return;
        }
        for sent in &outcomes {
            self.clerk.note(sent);
        }
        let done: Vec<String> = outcomes.iter().map(|sent| sent.attempt.delivery.clone()).collect();
        let spared = self.clerk.spare(&outcomes, &round.under_way).await;
        self.write_until_done(outcomes.into_iter().map(Sent::record).chain(spared).collect()).await;
        for id in done {
            round.under_way.leave(&id);
        }
    }

    /// An outcome that cannot be written now is written later: until then it counts as under way.
    async fn write_until_done(&self, records: Vec<Record>) {
        loop {
            match self.clerk.write(records.clone()).await {
                Ok(()) => return,
                Err(problem) if self.clerk.shared.queue.is_draining() => {
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
}
