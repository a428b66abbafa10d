//! What waits to be decided, in two lanes: people's acts and the outbox before signals. What nobody
//! waits for may wait beside them for company, so that it costs no sync of its own.
//!
//! Both are bounded; what does not fit is refused at once, never dropped later.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use problem::Problem;
use tokio::sync::oneshot;
use wcore::event::Actor;
use wcore::raise::Declaration;
use wcore::{Command, Signal};

use crate::erase::Found;
use crate::retention::Step;
use crate::rules::Rules;
use crate::versions::Origin;
use crate::{Accepted, Applied, Idempotency};
use std::sync::Arc;

/// Acts that may wait. A person's act is small; thousands mean that something is stuck.
const MAX_ACTS: usize = 4_096;
/// Bytes of signals that may wait: some seconds of a busy installation.
const MAX_SIGNAL_BYTES: usize = 64 << 20;
/// Acts decided in one batch.
const BATCH_ACTS: usize = 256;
/// Bytes of signals decided in one batch: keeps a batch, and so a waiting act, well under a second.
const BATCH_SIGNAL_BYTES: usize = 2 << 20;

/// How long an outcome waits for something to be written with: a crash meanwhile repeats a page
/// under its key, and a receipt is worth nothing before that.
const COMPANY_WAIT: Duration = Duration::from_millis(5);

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Problem>>;

/// One thing to decide.
pub(crate) enum Input {
    /// A command on an incident, or a declaration.
    Act(ActInput),
    /// Signals of one request.
    Signals(SignalsInput),
    /// Rows of the outbox, documents: nothing to decide.
    Write(WriteInput),
    /// Customers' words are erased.
    Erase(EraseInput),
    /// What retention says goes.
    Prune(PruneInput),
    /// Another policy or roster comes into force.
    Activate(ActivateInput),
    /// Watchbell complains about itself.
    SelfAlert(Problem),
    /// Outgoing messages are held, or let go again.
    Hold(HoldInput),
    /// A page that only shows that pages arrive.
    TestPage(TestPageInput),
    /// An incident whose clocks have fallen due.
    Due(u64),
}

/// A person's or program's act.
pub(crate) struct ActInput {
    pub(crate) act: Act,
    pub(crate) by: Actor,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) reply: Reply<Applied>,
}

/// What is done.
#[derive(Clone)]
pub(crate) enum Act {
    Command { no: u64, command: Command },
    Declare(Declaration),
}

/// Signals of one request.
pub(crate) struct SignalsInput {
    /// Whoever sent them holds them too, and lets go last: they are freed where they were made.
    pub(crate) signals: Arc<Vec<Signal>>,
    pub(crate) bytes: usize,
    pub(crate) reply: Reply<Accepted>,
}

/// Rows to write as they are, and what follows from them: all of it in one transaction, so that
/// no crash separates a receipt from the clock that it meets.
pub(crate) struct WriteInput {
    pub(crate) changes: journal::OutboxChanges,
    pub(crate) follow_ups: Vec<FollowUp>,
    pub(crate) reply: Reply<()>,
}

/// What follows from a claim or an attempt.
#[derive(Clone)]
pub(crate) enum FollowUp {
    /// An act of Watchbell on an incident. A refusal is no failure: the incident has moved on.
    Act { no: u64, command: Command },
    /// Watchbell complains about itself.
    Complaint(Problem),
    /// An act that concerns no incident.
    Note(crate::audit::Act),
}

/// An erasure, with everything that it concerns found already.
pub(crate) struct EraseInput {
    pub(crate) found: Found,
    pub(crate) reason: String,
    pub(crate) by: Actor,
    pub(crate) reply: Reply<()>,
}

/// One step of retention, found already.
pub(crate) struct PruneInput {
    pub(crate) step: Step,
    pub(crate) reply: Reply<()>,
}

/// A new policy and roster.
pub(crate) struct ActivateInput {
    pub(crate) rules: Arc<Rules>,
    pub(crate) by: Actor,
    pub(crate) origin: Origin,
    pub(crate) reply: Option<Reply<()>>,
}

/// A wish about what leaves the house.
pub(crate) struct HoldInput {
    pub(crate) wish: HoldWish,
    pub(crate) by: Actor,
    pub(crate) reply: Option<Reply<()>>,
}

/// A wish to see whether pages reach somebody.
pub(crate) struct TestPageInput {
    pub(crate) person: String,
    pub(crate) by: Actor,
    pub(crate) reply: Reply<String>,
}

/// What is wished.
pub(crate) enum HoldWish {
    /// Hold everything but what is most severe.
    Begin { length: calendar::Duration, reason: String },
    /// Let it go before its time.
    End,
    /// Its time is over.
    Expire,
}

/// The two lanes.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    changed: Condvar,
}

#[derive(Default)]
struct Lanes {
    first: VecDeque<Input>,
    /// What waits for company, and since when.
    company: Vec<Input>,
    company_since: Option<Instant>,
    signals: VecDeque<SignalsInput>,
    signal_bytes: usize,
    draining: bool,
    closed: bool,
    nudged: bool,
}

/// What the engine's thread gets.
pub(crate) struct Taken {
    /// Acts and outbox rows, in order.
    pub(crate) first: Vec<Input>,
    /// Signals, in order.
    pub(crate) signals: Vec<Input>,
    /// Nothing waits, and nothing will come any more.
    pub(crate) finished: bool,
}

impl Queue {
    /// Puts an act in; refused when too many wait or the engine stops.
    pub(crate) fn push(&self, input: Input) -> Result<(), Problem> {
        let mut lanes = self.lock();
        let from_outside = match &input {
            Input::Act(_)
            | Input::Signals(_)
            | Input::Activate(_)
            | Input::Erase(_)
            | Input::Prune(_)
            | Input::Hold(_)
            | Input::TestPage(_) => true,
            Input::Write(_) | Input::SelfAlert(_) | Input::Due(_) => false,
        };
        if lanes.closed || (lanes.draining && from_outside) {
            return Err(stopping());
        }
        match input {
            Input::Signals(signals) => {
                // An empty lane takes any one request, however large its limit lets it be.
                if lanes.signal_bytes > 0 && lanes.signal_bytes + signals.bytes > MAX_SIGNAL_BYTES {
                    let detail = format!("{} bytes of signals wait to be written", lanes.signal_bytes);
                    return Err(Problem::new(&problem::OVERLOADED, detail));
                }
                lanes.signal_bytes += signals.bytes;
                lanes.signals.push_back(signals);
            }
            input => {
                // The outbox must go on while people wait, or paging would stop with it.
                if matches!(input, Input::Act(_)) && lanes.first.len() >= MAX_ACTS {
                    let detail = format!("{} acts wait to be written", lanes.first.len());
                    return Err(Problem::new(&problem::OVERLOADED, detail));
                }
                lanes.first.push_back(input);
            }
        }
        drop(lanes);
        self.changed.notify_one();
        Ok(())
    }

    /// Puts something in that nobody waits for: it goes with what comes next, at the latest after
    /// [`COMPANY_WAIT`].
    pub(crate) fn push_in_company(&self, input: Input) -> Result<(), Problem> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(stopping());
        }
        lanes.company.push(input);
        lanes.company_since.get_or_insert_with(Instant::now);
        drop(lanes);
        self.changed.notify_one();
        Ok(())
    }

    /// Wakes the thread: time has moved.
    pub(crate) fn nudge(&self) {
        self.lock().nudged = true;
        self.changed.notify_one();
    }

    /// Nothing new is accepted; what deliveries under way come to still is.
    pub(crate) fn drain(&self) {
        self.lock().draining = true;
    }

    pub(crate) fn is_draining(&self) -> bool {
        let lanes = self.lock();
        lanes.draining || lanes.closed
    }

    /// Nothing more is accepted; what waits is still decided.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Nothing more is accepted, and what waits is dropped: whoever asked hears that it was not done.
    pub(crate) fn abandon(&self) {
        let mut lanes = self.lock();
        *lanes = Lanes { closed: true, ..Lanes::default() };
        drop(lanes);
        self.changed.notify_one();
    }

    /// Bytes of signals that wait.
    pub(crate) fn signal_bytes(&self) -> usize {
        self.lock().signal_bytes
    }

    /// Waits at most `wait` and takes what one batch may hold.
    pub(crate) fn take(&self, wait: Duration) -> Taken {
        let mut lanes = self.wait(wait);
        lanes.nudged = false;
        let acts = lanes.first.len().min(BATCH_ACTS);
        let mut first: Vec<Input> = lanes.first.drain(..acts).collect();
        first.append(&mut lanes.company);
        lanes.company_since = None;
        let mut signals = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_SIGNAL_BYTES
            && let Some(next) = lanes.signals.pop_front()
        {
            bytes += next.bytes;
            lanes.signal_bytes -= next.bytes;
            signals.push(Input::Signals(next));
        }
        let finished = lanes.closed && first.is_empty() && signals.is_empty();
        Taken { first, signals, finished }
    }

    /// Waits until there is something to take, at most `wait`.
    fn wait(&self, wait: Duration) -> MutexGuard<'_, Lanes> {
        let until = Instant::now() + wait;
        let mut lanes = self.lock();
        loop {
            let idle = lanes.first.is_empty() && lanes.signals.is_empty() && !lanes.closed && !lanes.nudged;
            let until = lanes.company_since.map_or(until, |since| until.min(since + COMPANY_WAIT));
            let left = until.saturating_duration_since(Instant::now());
            if !idle || left.is_zero() {
                return lanes;
            }
            lanes = self.changed.wait_timeout(lanes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        // The lanes are whole after every step, so a panic elsewhere does not spoil them.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn stopping() -> Problem {
    Problem::new(&problem::STOPPING, "the server is shutting down")
}
