//! The loop of the outbox: attempts what the tray holds, looks into the journal for what is not
//! there, has outcomes written, and sleeps until more.
//!
//! It holds nothing that the journal does not: after a restart it goes on from the rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration as StdDuration;

use channel::Sender;
use journal::DeliveryRow;
use problem::Problem;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::outbox::Mail;
use crate::outbox::clerk::Clerk;
use crate::outbox::lease::KEEP_EVERY;
use crate::outbox::places::Places;
use crate::outbox::record::{Pace, Record};
use crate::outbox::send::{self, Sent};

/// The longest sleep: a change made by another process is seen by then.
const NAP: StdDuration = StdDuration::from_secs(5);
/// The sleep while everything due is under way.
const BUSY_NAP: StdDuration = StdDuration::from_millis(200);
/// While the tray is not empty, the journal is looked into no more often: in a burst it has little
/// to show that the tray has not.
const LOOK_EVERY: StdDuration = StdDuration::from_secs(1);
/// News taken in at once, and outcomes written at once.
const OUTCOMES: usize = 1_024;
/// Pause after the journal could not be read or written.
const FAILED_PAUSE: StdDuration = StdDuration::from_secs(1);

/// Collection of channels that are switched off.
pub(crate) const DISABLED_CHANNELS: &str = "disabled_channels";

/// Wakes the loop and tells when it has nothing left to do.
#[derive(Default)]
pub(crate) struct Bell {
    rung: AtomicU64,
    /// The journal holds something that is not in the tray.
    look: AtomicBool,
    notify: Notify,
}

impl Bell {
    /// The journal may hold work.
    pub(crate) fn ring(&self) -> u64 {
        self.look.store(true, Ordering::SeqCst);
        self.touch()
    }

    /// The tray holds work.
    pub(crate) fn touch(&self) -> u64 {
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

/// What the loop hears.
enum News {
    /// An attempt has ended.
    Sent(Sent),
    /// The outcomes of these deliveries are written, or never will be.
    Written(Vec<String>),
}

/// What the loop remembers.
struct Round {
    under_way: Places,
    news: mpsc::Sender<News>,
    /// Outcomes that are not on their way to the journal yet.
    outcomes: Vec<Sent>,
    /// Others are.
    writing: bool,
    looked_at: Instant,
    /// When the journal is looked into at the latest.
    look_at: Instant,
    /// The leases being moved on, and when that is done again.
    keeping: Option<JoinHandle<()>>,
    keep_at: Instant,
}

impl Dispatcher {
    /// Runs until the engine stops and nothing is under way.
    pub(crate) async fn run(self) {
        let (news, mut heard) = mpsc::channel(OUTCOMES);
        let now = Instant::now();
        let (under_way, outcomes) = (Places::default(), Vec::new());
        let (keeping, keep_at) = (None, now);
        let mut round =
            Round { under_way, news, outcomes, writing: false, looked_at: now, look_at: now, keeping, keep_at };
        loop {
            let shared = &self.clerk.shared;
            let rung = shared.bell.rung.load(Ordering::SeqCst);
            let worked = match self.work(&mut round).await {
                Ok(worked) => worked,
                Err(problem) => {
                    tracing::error!(code = problem.code.id, detail = problem.detail, "outbox.failed");
                    // What was picked and not sent is still in the journal.
                    shared.bell.look.store(true, Ordering::SeqCst);
                    tokio::time::sleep(FAILED_PAUSE).await;
                    true
                }
            };
            let draining = shared.queue.is_draining();
            if !worked && round.under_way.is_empty() && (draining || shared.tray.is_empty()) {
                self.idle.send_replace(rung);
                if draining {
                    return;
                }
            }
            if !worked {
                self.wait(&mut heard, &mut round).await;
            }
            while let Ok(news) = heard.try_recv() {
                self.hear(news, &mut round);
            }
            self.write_outcomes(&mut round).await;
            self.keep(&mut round);
        }
    }

    /// Moves the leases of what is under way on, beside everything else.
    fn keep(&self, round: &mut Round) {
        let leased = self.clerk.shared.leases.is_some() && !round.under_way.is_empty();
        let busy = round.keeping.as_ref().is_some_and(|keeping| !keeping.is_finished());
        if leased && !busy && Instant::now() >= round.keep_at {
            let (clerk, ids) = (self.clerk.clone(), round.under_way.ids());
            round.keeping = Some(tokio::task::spawn_blocking(move || clerk.keep(&ids)));
            round.keep_at = Instant::now() + KEEP_EVERY;
        }
    }

    /// Starts attempts, and looks into the journal if it is time; whether there was anything to do.
    async fn work(&self, round: &mut Round) -> Result<bool, Problem> {
        if self.clerk.shared.queue.is_draining() {
            return Ok(false);
        }
        let found = self.start_all(round).await?;
        if found > 0 || !self.may_look(round) {
            return Ok(found > 0);
        }
        self.clerk.shared.bell.look.store(false, Ordering::SeqCst);
        let more = self.clerk.look(&round.under_way).await?;
        let found = self.start_all(round).await? + self.clerk.claim().await?;
        if more {
            self.clerk.shared.bell.look.store(true, Ordering::SeqCst);
        }
        round.looked_at = Instant::now();
        round.look_at = round.looked_at + self.nap();
        Ok(found > 0)
    }

    async fn start_all(&self, round: &mut Round) -> Result<usize, Problem> {
        let picked = self.clerk.pick(&mut round.under_way).await?;
        let found = picked.start.len() + picked.dropped.len();
        for (row, mail) in picked.start {
            self.start(row, mail, round);
        }
        if !picked.dropped.is_empty() {
            self.clerk.write(picked.dropped, Pace::AtOnce).await?;
        }
        Ok(found)
    }

    /// Whether the journal is to be looked into now.
    fn may_look(&self, round: &Round) -> bool {
        let shared = &self.clerk.shared;
        let wanted = shared.bell.look.load(Ordering::SeqCst) || Instant::now() >= round.look_at;
        wanted && (shared.tray.is_empty() || round.looked_at.elapsed() >= LOOK_EVERY)
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

    /// Starts an attempt.
    fn start(&self, row: DeliveryRow, mail: Mail, round: &Round) {
        let (clerk, news, sender) = (self.clerk.clone(), round.news.clone(), self.sender.clone());
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
            let _ = news.send(News::Sent(sent)).await;
        });
    }

    /// Waits for news, a ring, or the time to look into the journal.
    async fn wait(&self, heard: &mut mpsc::Receiver<News>, round: &mut Round) {
        let shared = &self.clerk.shared;
        let put_off_until = round.looked_at + LOOK_EVERY;
        let next = match (shared.tray.is_empty(), shared.bell.look.load(Ordering::SeqCst)) {
            (true, _) => round.look_at,
            (false, true) => put_off_until,
            (false, false) => round.look_at.max(put_off_until),
        };
        let leased = shared.leases.is_some() && !round.under_way.is_empty();
        let next = if leased { next.min(Instant::now() + KEEP_EVERY) } else { next };
        tokio::select! {
            Some(news) = heard.recv() => self.hear(news, round),
            () = shared.bell.notify.notified() => {}
            () = tokio::time::sleep_until(next) => {}
        }
    }

    fn hear(&self, news: News, round: &mut Round) {
        match news {
            News::Sent(sent) => {
                self.clerk.note(&sent);
                round.under_way.end(&sent.attempt.delivery);
                round.outcomes.push(sent);
            }
            News::Written(deliveries) => {
                round.writing = false;
                for id in deliveries {
                    round.under_way.leave(&id);
                    // The journal may have shown it just before the engine's thread handed it over.
                    self.clerk.shared.tray.forget(&id);
                }
            }
        }
    }

    /// Has outcomes written while further attempts go on. Those that come meanwhile are written
    /// together.
    async fn write_outcomes(&self, round: &mut Round) {
        if round.writing || round.outcomes.is_empty() {
            return;
        }
        let some = round.outcomes.len().min(OUTCOMES);
        let outcomes: Vec<Sent> = round.outcomes.drain(..some).collect();
        let mut deliveries: Vec<String> = outcomes.iter().map(|sent| sent.attempt.delivery.clone()).collect();
        let spared = self.clerk.spare(&outcomes, &round.under_way).await;
        for delivery in spared.iter().filter_map(Record::delivery) {
            round.under_way.end(delivery);
            deliveries.push(delivery.to_owned());
        }
        let records: Vec<Record> = outcomes.into_iter().map(Sent::record).chain(spared).collect();
        round.writing = true;
        let (clerk, news) = (self.clerk.clone(), round.news.clone());
        tokio::spawn(async move {
            write_until_done(&clerk, records).await;
            drop(clerk);
            // The loop is gone only when the engine is.
            let _ = news.send(News::Written(deliveries)).await;
        });
    }
}

/// An outcome that cannot be written now is written later: until then its attempt is not made again.
async fn write_until_done(clerk: &Clerk, records: Vec<Record>) {
    loop {
        match clerk.write(records.clone(), Pace::InCompany).await {
            Ok(()) => return,
            Err(problem) if clerk.shared.queue.is_draining() => {
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
