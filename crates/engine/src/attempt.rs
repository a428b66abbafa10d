//! One attempt: decide some inputs, write one transaction, take over what it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use calendar::{Duration, Instant};
use journal::{Head, OutboxChanges, Writer};
use problem::Problem;
use wcore::{Incident, Signal};

use crate::batch::{Answer, Basis, Decision, Outlet, Tally, Work};
use crate::cache::Desk;
use crate::duplicates::Keys;
use crate::hold::Hold;
use crate::outbox::{Handout, Standing, lease};
use crate::queue::Input;
use crate::rules::Rules;
use crate::run::Thread;
use crate::shared::Shared;
use crate::stats::add;

/// What is decided as one: an input, or a part of one whose whole cannot be decided.
#[derive(Clone, Copy)]
pub(crate) enum Piece<'i> {
    /// All of it.
    Whole(&'i Input),
    /// Some signals of a request.
    Part(&'i [Signal]),
}

impl<'i> Piece<'i> {
    /// Its signals, if it has any.
    pub(crate) fn signals(self) -> &'i [Signal] {
        match self {
            Piece::Whole(Input::Signals(input)) => &input.signals,
            Piece::Whole(_) => &[],
            Piece::Part(signals) => signals,
        }
    }
}

/// Why pieces were not written.
pub(crate) enum Failure {
    /// One of them is to blame.
    Poison(Problem),
    /// The journal cannot write; none of them is to blame.
    Journal(Problem),
}

/// Answers by piece, and the incidents as they were committed.
pub(crate) struct Committed {
    pub(crate) answers: Vec<Answer>,
    pub(crate) incidents: BTreeMap<u64, Arc<Incident>>,
    pub(crate) position: u64,
}

impl Thread {
    /// One transaction; with `settles`, detectors whose time has come are settled first.
    pub(crate) fn attempt(&mut self, pieces: &[Piece<'_>], settles: bool) -> Result<Committed, Failure> {
        if let Err(problem) = self.begin() {
            tracing::error!(code = problem.code.id, detail = problem.detail, "engine.not_begun");
            self.shared.failed(&problem);
            return Err(Failure::Journal(problem));
        }
        let present = self.shared.time.now();
        let now = self.now().max(self.head.recorded_at + Duration::from_micros(1));
        self.duplicates.forget(now);
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let mut work = Work::new(Basis {
                now,
                position: self.head.position.next(),
                next_incident: self.head.next_incident,
                rules: Arc::clone(&self.rules),
                pins: &mut self.pins,
                desk: Desk::new(&mut self.cache, &*self.reader),
                detectors: &mut self.detectors,
                duplicates: &self.duplicates,
                reader: &*self.reader,
                lineage: &self.lineage,
                secrecy: &self.secrecy,
                outlet: Outlet::of(&self.shared, present),
            });
            if settles {
                work.settle_detectors();
            }
            let decision = work.decide(pieces)?;
            if let Some(fault) = &self.fault {
                pieces.iter().for_each(|piece| fault.check(piece.signals()));
            }
            commit(&mut *self.writer, decision, lease::held_until(&self.shared, present).unwrap_or(present))
        }));
        match decided {
            Ok(Ok(written)) => Ok(self.settle(written, now)),
            Ok(Err(failure)) => {
                self.writer.give_up();
                self.detectors.revert();
                Err(self.failed(failure))
            }
            Err(panic) => {
                self.writer.give_up();
                self.detectors.revert();
                // Whatever the panic left half-done lies in memory only, and is read again.
                self.cache.clear();
                let detail = format!("deciding it panicked: {}", message(&*panic));
                Err(Failure::Poison(Problem::new(&problem::INPUT_QUARANTINED, detail)))
            }
        }
    }

    fn settle(&mut self, written: Written, now: Instant) -> Committed {
        let stats = &self.shared.stats;
        self.detectors.settle();
        self.duplicates.insert(written.new_keys, now);
        stats.duplicate_keys.store(self.duplicates.len() as u64, Ordering::Relaxed);
        if let Some(rules) = written.activated {
            self.rules = Arc::clone(&rules);
            self.shared.set_rules(rules);
            self.shared.enable_all();
        }
        if let Some(held) = written.held {
            self.shared.set_hold(held);
        }
        if let Some(head) = written.head {
            self.head = head;
            add(&stats.batches, 1);
            add(&stats.signals_accepted, u64::from(written.signals));
            add(&stats.incidents_opened, u64::from(written.tally.opened));
            add(&stats.clocks_warned, u64::from(written.tally.warned));
            add(&stats.clocks_missed, u64::from(written.tally.missed));
            self.shared.committed(now, self.head.position.0);
        }
        if written.wrote {
            self.shared.recovered();
        }
        self.hand_over(written.handout, &written.incidents);
        Committed { answers: written.answers, incidents: written.incidents, position: self.head.position.0 }
    }

    /// Gives the dispatcher what is to be sent, before anybody is answered.
    fn hand_over(&self, handout: Handout, incidents: &BTreeMap<u64, Arc<Incident>>) {
        let Shared { tray, bell, .. } = &*self.shared;
        let taken = |incident: &Arc<Incident>| incident.acknowledged.is_some() || !incident.status().is_open();
        let taken: BTreeSet<u64> = incidents.values().filter(|incident| taken(incident)).map(|one| one.no).collect();
        if !taken.is_empty() {
            tray.doubt(&taken);
        }
        let sends = !handout.rows.is_empty();
        if !tray.put(handout.rows, Standing::Needed) || handout.more {
            bell.ring();
        } else if sends {
            bell.touch();
        }
    }

    fn failed(&mut self, failure: Refusal) -> Failure {
        match failure {
            Refusal::Decision(problem) if concerns_one_input(&problem) => Failure::Poison(problem),
            Refusal::Decision(problem) => {
                self.shared.failed(&problem);
                Failure::Journal(problem)
            }
            Refusal::Journal(error @ journal::Error::Constraint { .. }) => {
                let detail = format!("the journal refused it: {error}");
                Failure::Poison(Problem::new(&problem::INPUT_QUARANTINED, detail))
            }
            Refusal::Journal(error) => {
                add(&self.shared.stats.commit_failures, 1);
                let problem = error.problem();
                tracing::error!(code = problem.code.id, detail = problem.detail, "engine.commit_failed");
                self.shared.failed(&problem);
                self.cache.clear();
                self.look_around();
                Failure::Journal(problem)
            }
        }
    }
}

/// A row that cannot be read concerns one input; a disk that cannot be read, all.
pub(crate) fn concerns_one_input(problem: &Problem) -> bool {
    problem.code.status != 503 || *problem.code == problem::STORE_CORRUPT
}

/// What the transaction wrote.
struct Written {
    head: Option<Head>,
    answers: Vec<Answer>,
    incidents: BTreeMap<u64, Arc<Incident>>,
    new_keys: Keys,
    activated: Option<Arc<Rules>>,
    held: Option<Option<Hold>>,
    /// The journal took something, so that it works.
    wrote: bool,
    handout: Handout,
    signals: u32,
    tally: Tally,
}

enum Refusal {
    Decision(Problem),
    Journal(journal::Error),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Decision(problem)
    }
}

/// `horizon`: what is due by then is for this node to send.
fn commit(writer: &mut dyn Writer, decision: Decision<'_>, horizon: Instant) -> Result<Written, Refusal> {
    let Decision { mut batch, answers, desk, new_keys, activated, held, moves_head, signals, tally } = decision;
    let mut wrote = moves_head;
    let head = if moves_head {
        Some(writer.commit(&batch).map_err(Refusal::Journal)?)
    } else {
        let (deliveries, documents) = (std::mem::take(&mut batch.deliveries), std::mem::take(&mut batch.documents));
        let changes = OutboxChanges { deliveries, documents, ..OutboxChanges::default() };
        if changes != OutboxChanges::default() {
            writer.apply(&changes).map_err(Refusal::Journal)?;
            wrote = true;
        } else {
            writer.give_up();
        }
        batch.deliveries = changes.deliveries;
        None
    };
    let handout = Handout::of(batch, horizon);
    let incidents = desk.settle();
    Ok(Written { head, answers, incidents, new_keys, activated, held, wrote, handout, signals, tally })
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").chars().take(200).collect()
}
