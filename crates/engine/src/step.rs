//! The engine by hand: the same decisions, claims and outcomes without a thread, a runtime or a
//! network, one step when the caller says so. The simulator drives it; the server does not.
//!
//! It has no logic of its own: every step is what the engine's thread and the outbox do.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration as StdDuration;

use calendar::Instant;
use channel::Outcome;
use journal::{DeliveryRow, Store};
use problem::Problem;
use tokio::sync::oneshot;
use wcore::event::Actor;
use wcore::raise::Declaration;
use wcore::{Command, Signal};

use crate::outbox::{Clerk, Mail, Pace, Places, send};
use crate::queue::{Act, ActInput, ActivateInput, Input, Reply, SignalsInput, stopping};
use crate::run::Thread;
use crate::start::prepare;
use crate::texts::Salts;
use crate::versions::{Origin, Versions};
use crate::{Accepted, Applied, Config, Documents, Idempotency, Rules, Secrets, StartError, codec};

/// An engine that moves only when told to.
pub struct Stepper {
    thread: Thread,
    clerk: Clerk,
    under_way: Places,
}

/// An answer that comes with a later turn.
pub struct Asked<T>(oneshot::Receiver<Result<T, Problem>>);

impl<T> Asked<T> {
    /// The answer; `None` while there is none, and for ever where the engine is gone.
    pub fn answer(&mut self) -> Option<Result<T, Problem>> {
        self.0.try_recv().ok()
    }
}

/// An attempt under way.
pub struct Sending {
    /// What is delivered.
    pub row: DeliveryRow,
    mail: Mail,
    hindrance: Option<Outcome>,
}

impl Sending {
    /// Whether the attempt gets as far as its receiver.
    pub fn reaches_receiver(&self) -> bool {
        self.hindrance.is_none()
    }

    /// The type of the message, dotted.
    pub fn kind(&self) -> &str {
        &self.mail.kind
    }
}

impl Stepper {
    /// An engine on a store, as [`start_with`](crate::start_with) begins it.
    pub fn new(
        store: &dyn Store,
        documents: Documents,
        config: Config,
        secrets: &Secrets,
    ) -> Result<Stepper, StartError> {
        let thread = prepare(store, documents, config, secrets, Salts::Derived)?;
        let clerk = Clerk { shared: Arc::clone(&thread.shared), reader: Arc::clone(&thread.reader) };
        Ok(Stepper { thread, clerk, under_way: Places::default() })
    }

    /// Puts a request with signals in the queue.
    pub fn signals(&self, signals: Vec<Signal>) -> Result<Asked<Accepted>, Problem> {
        self.ask(|reply| Input::Signals(SignalsInput { signals: Arc::new(signals), bytes: 1, reply }))
    }

    /// Puts a command in the queue.
    pub fn command(
        &self,
        no: u64,
        command: Command,
        by: Actor,
        idempotency: Option<Idempotency>,
    ) -> Result<Asked<Applied>, Problem> {
        self.act(Act::Command { no, command }, by, idempotency)
    }

    /// Puts a declaration in the queue.
    pub fn declare(
        &self,
        declaration: Declaration,
        by: Actor,
        idempotency: Option<Idempotency>,
    ) -> Result<Asked<Applied>, Problem> {
        self.act(Act::Declare(declaration), by, idempotency)
    }

    /// Puts another policy and roster in the queue, as though their files had changed.
    pub fn activate(&self, rules: Rules) -> Result<Asked<()>, Problem> {
        self.ask(|reply| {
            let origin = Origin::Files(Versions::of_rules(&rules));
            Input::Activate(ActivateInput { rules: Arc::new(rules), by: Actor::Watchbell, origin, reply: Some(reply) })
        })
    }

    fn act(&self, act: Act, by: Actor, idempotency: Option<Idempotency>) -> Result<Asked<Applied>, Problem> {
        self.ask(|reply| Input::Act(ActInput { act, by, idempotency, reply }))
    }

    fn ask<T>(&self, input: impl FnOnce(Reply<T>) -> Input) -> Result<Asked<T>, Problem> {
        let (reply, answer) = oneshot::channel();
        self.clerk.shared.queue.push(input(reply))?;
        Ok(Asked(answer))
    }

    /// Decides what waits and what has fallen due; whether the journal could be read and written.
    pub fn turn(&mut self) -> bool {
        let taken = self.clerk.shared.queue.take(StdDuration::ZERO);
        self.thread.turn(taken, None)
    }

    /// The next instant at which a clock or a detector wants a turn.
    pub fn next_due(&self) -> Result<Option<Instant>, Problem> {
        let clock = codec::stored(self.clerk.reader.next_due())?;
        Ok([clock, self.thread.detectors_due()].into_iter().flatten().min())
    }

    /// The next instant at which a delivery is to be attempted.
    pub fn next_attempt(&self) -> Result<Option<Instant>, Problem> {
        codec::stored(self.clerk.reader.next_attempt())
    }

    /// Turns requests into deliveries; how many requests.
    pub fn claim(&mut self) -> Result<usize, Problem> {
        let Stepper { thread, clerk, .. } = self;
        drive(thread, clerk.claim())
    }

    /// Begins the attempts that are due. Each must come back to [`Stepper::finish`].
    pub fn begin(&mut self) -> Result<Vec<Sending>, Problem> {
        let Stepper { thread, clerk, under_way } = self;
        drive(thread, clerk.look(under_way))?;
        let picked = drive(thread, clerk.pick(under_way))?;
        let rules = clerk.shared.rules();
        let begun = picked.start.into_iter().map(|(row, mail)| {
            let hindrance = send::target(&row, &rules, &clerk.shared).err();
            Sending { row, mail, hindrance }
        });
        let begun = begun.collect();
        if !picked.dropped.is_empty() {
            // What could not be written is found again: it stays due.
            drive(thread, clerk.write(picked.dropped, Pace::AtOnce)).ok();
        }
        Ok(begun)
    }

    /// Writes what an attempt came to. After an error it is still under way: finish it again.
    pub fn finish(&mut self, sending: &Sending, outcome: Outcome, jitter: f64) -> Result<(), Problem> {
        let Stepper { thread, clerk, under_way } = self;
        let outcome = sending.hindrance.clone().unwrap_or(outcome);
        let sent = send::settle(&sending.row, &sending.mail, outcome, clerk.shared.time.now(), jitter);
        clerk.note(&sent);
        let sent = [sent];
        let mut records = drive(thread, async { Ok(clerk.spare(&sent, under_way).await) })?;
        let [sent] = sent;
        records.push(sent.record());
        drive(thread, clerk.write(records, Pace::InCompany))?;
        under_way.leave(&sending.row.id);
        Ok(())
    }
}

/// Runs a future of the outbox to its end; whenever it waits, the thread has its turn.
fn drive<T>(thread: &mut Thread, future: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    /// Turns before a future is taken for stuck; writing record by record takes one each.
    const TURNS: usize = 4_096;
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..TURNS {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        let taken = thread.shared.queue.take(StdDuration::ZERO);
        thread.turn(taken, None);
    }
    Err(stopping())
}
