//! The engine's thread: take, decide, commit, answer.
//!
//! An input that makes a decision panic, or that the journal refuses, is found by halving the
//! batch and set aside; its neighbours commit.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use journal::{Head, OutboxChanges, Position, Reader, Writer};
use problem::Problem;
use wcore::Incident;
use wcore::trigger::Detectors;

use crate::batch::{Answer, Basis, Decision, Tally, Work};
use crate::cache::{Cache, Desk};
use crate::duplicates::Duplicates;
use crate::queue::{Input, stopping};
use crate::rules::{Pins, Rules};
use crate::shared::Shared;
use crate::stats::add;
use crate::{Accepted, Applied, codec};

/// Incidents whose clocks are settled in one batch.
const BATCH_DUE: u32 = 256;
/// Pause before due clocks are tried again after the journal failed.
const FAILED_PAUSE: StdDuration = StdDuration::from_secs(1);
/// The longest sleep, so that a step of the wall clock is noticed.
const NAP: StdDuration = StdDuration::from_secs(1);
/// Disagreement of the two clocks that is worth a complaint.
const JUMP: Duration = Duration::from_secs(2);

/// Everything that only the thread touches.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Box<dyn Writer>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) head: Head,
    pub(crate) rules: Arc<Rules>,
    pub(crate) pins: Pins,
    pub(crate) cache: Cache,
    pub(crate) detectors: Detectors,
    pub(crate) duplicates: Duplicates,
    /// Incidents whose due clocks cannot be decided; tried again after a restart.
    pub(crate) stuck: Vec<u64>,
    pub(crate) fault: Option<crate::Fault>,
}

/// Why a set of inputs was not written.
enum Failure {
    /// One of them is to blame.
    Poison(Problem),
    /// The journal cannot write; none of them is to blame.
    Journal(Problem),
}

/// What one input came to, with the incident and the head afterwards.
type Outcome = Result<(Answer, Option<Arc<Incident>>, u64), Problem>;

/// Answers by input, and the incidents as they were committed.
struct Committed {
    answers: Vec<Answer>,
    incidents: HashMap<u64, Arc<Incident>>,
    position: u64,
}

impl Thread {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut watch = Watch::new(&self.shared);
        let mut failed = false;
        loop {
            let wait = if failed { FAILED_PAUSE } else { self.until_due() };
            let taken = self.shared.queue.take(Some(wait));
            if taken.finished {
                return;
            }
            let mut inputs = taken.first;
            inputs.extend(watch.look(&self.shared).map(Input::SelfAlert));
            inputs.extend(self.due_inputs().into_iter().map(Input::Due));
            inputs.extend(taken.signals);
            let settles = self.detectors.next_due().is_some_and(|at| at <= self.shared.time.now());
            if inputs.is_empty() && !settles {
                continue;
            }
            failed = !self.process(inputs, settles);
        }
    }

    /// How long until something falls due by itself.
    fn until_due(&self) -> StdDuration {
        let incident = self.reader.next_due().ok().flatten();
        let next = [incident, self.detectors.next_due()].into_iter().flatten().min();
        next.and_then(|at| self.shared.time.until(at)).map_or(NAP, |until| until.min(NAP))
    }

    fn due_inputs(&self) -> Vec<u64> {
        let now = self.shared.time.now().max(self.head.recorded_at);
        match self.reader.due(now, BATCH_DUE + u32::try_from(self.stuck.len()).unwrap_or(0)) {
            Ok(rows) => rows.into_iter().map(|row| row.no.0).filter(|no| !self.stuck.contains(no)).collect(),
            Err(error) => {
                self.shared.failed(&Problem::new(error.code(), error.to_string()));
                Vec::new()
            }
        }
    }

    /// Decides and writes inputs, answers them; whether the journal took them.
    fn process(&mut self, inputs: Vec<Input>, settles: bool) -> bool {
        let references: Vec<&Input> = inputs.iter().collect();
        let mut answers: Vec<Option<Outcome>> = Vec::new();
        answers.resize_with(inputs.len(), || None);
        let mut ok = true;
        let mut ranges = vec![(0, inputs.len())];
        while let Some((start, end)) = ranges.pop() {
            let slice = &references[start..end];
            match self.attempt(slice, settles) {
                Ok(committed) => {
                    for (i, answer) in committed.answers.into_iter().enumerate() {
                        let incident = match &answer {
                            Answer::Applied { no, .. } => committed.incidents.get(no).cloned(),
                            _ => None,
                        };
                        answers[start + i] = Some(Ok((answer, incident, committed.position)));
                    }
                }
                Err(Failure::Poison(_)) if end - start > 1 => {
                    let middle = start + (end - start) / 2;
                    ranges.push((middle, end));
                    ranges.push((start, middle));
                }
                Err(Failure::Poison(problem)) => {
                    match slice.first() {
                        Some(input) => self.quarantine(input, &problem),
                        // Detectors alone were to blame: they are tried again after a pause.
                        None => ok = false,
                    }
                    if let Some(slot) = answers.get_mut(start) {
                        *slot = Some(Err(problem));
                    }
                }
                Err(Failure::Journal(problem)) => {
                    ok = false;
                    for slot in &mut answers[start..end] {
                        *slot = Some(Err(problem.clone()));
                    }
                }
            }
        }
        for (input, answer) in inputs.into_iter().zip(answers) {
            self.answer(input, answer.unwrap_or_else(|| Err(stopping())));
        }
        ok
    }

    /// One transaction.
    fn attempt(&mut self, inputs: &[&Input], settles: bool) -> Result<Committed, Failure> {
        let now = self.shared.time.now().max(self.head.recorded_at + Duration::from_micros(1));
        let decided = catch_unwind(AssertUnwindSafe(|| {
            if let Some(fault) = &self.fault {
                fault.check(inputs);
            }
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
            });
            if settles {
                work.settle_detectors();
            }
            let decision = work.decide(inputs)?;
            commit(&mut *self.writer, decision)
        }));
        match decided {
            Ok(Ok(written)) => Ok(self.settle(written, now)),
            Ok(Err(failure)) => {
                self.detectors.revert();
                Err(self.failed(failure))
            }
            Err(panic) => {
                self.detectors.revert();
                // Whatever the panic left half-done lies in memory only, and is read again.
                self.cache.clear();
                let detail = format!("deciding it panicked: {}", message(&*panic));
                Err(Failure::Poison(Problem::new(&problem::INPUT_QUARANTINED, detail)))
            }
        }
    }

    fn settle(&mut self, written: Written, now: Instant) -> Committed {
        self.detectors.settle();
        self.duplicates.insert(written.new_keys, now);
        self.shared.stats.duplicate_keys.store(self.duplicates.len() as u64, std::sync::atomic::Ordering::Relaxed);
        if let Some(rules) = written.activated {
            self.rules = Arc::clone(&rules);
            self.shared.set_rules(rules);
        }
        if let Some(head) = written.head {
            self.head = head;
            add(&self.shared.stats.batches, 1);
            add(&self.shared.stats.signals_accepted, u64::from(written.signals));
            add(&self.shared.stats.incidents_opened, u64::from(written.tally.opened));
            add(&self.shared.stats.clocks_warned, u64::from(written.tally.warned));
            add(&self.shared.stats.clocks_missed, u64::from(written.tally.missed));
            self.shared.committed(now, self.head.position.0);
        }
        if written.rings {
            self.shared.bell.ring();
        }
        Committed { answers: written.answers, incidents: written.incidents, position: self.head.position.0 }
    }

    fn failed(&mut self, failure: Refusal) -> Failure {
        match failure {
            // A row that cannot be read concerns one input; a disk that cannot be read, all.
            Refusal::Decision(problem) if problem.code.status != 503 || *problem.code == problem::STORE_CORRUPT => {
                Failure::Poison(problem)
            }
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
                let problem = Problem::new(error.code(), error.to_string());
                tracing::error!(code = problem.code.id, detail = problem.detail, "engine.commit_failed");
                self.shared.failed(&problem);
                self.cache.clear();
                if let Ok(head) = self.writer.head() {
                    self.head = head;
                }
                Failure::Journal(problem)
            }
        }
    }

    /// Sets an input aside and says so; the complaint is written with the next batch.
    fn quarantine(&mut self, input: &Input, problem: &Problem) {
        add(&self.shared.stats.quarantined, 1);
        tracing::error!(code = problem.code.id, detail = problem.detail, "engine.quarantined");
        match input {
            Input::Due(no) => self.stuck.push(*no),
            // A complaint that cannot be written is in the log; another would go round in circles.
            Input::SelfAlert(_) => return,
            _ => {}
        }
        let _ = self.shared.queue.push(Input::SelfAlert(problem.clone()));
    }

    fn answer(&self, input: Input, answer: Outcome) {
        let stats = &self.shared.stats;
        match (input, answer) {
            (Input::Act(act), Ok((Answer::Applied { no, opened, replayed }, incident, position))) => {
                add(&stats.commands_applied, 1);
                let incident = incident.map_or_else(|| self.reread(no), Ok);
                reply(act.reply, incident.map(|incident| Applied { no, position, incident, opened, replayed }));
            }
            (Input::Act(act), Ok((Answer::Refused(problem), ..)) | Err(problem)) => {
                add(&stats.commands_refused, 1);
                reply(act.reply, Err(problem));
            }
            (Input::Act(act), Ok(_)) => reply(act.reply, Err(stopping())),
            (Input::Signals(signals), Ok((Answer::Accepted { accepted, duplicates, incidents }, _, position))) => {
                add(&stats.signals_duplicate, u64::from(duplicates));
                reply(signals.reply, Ok(Accepted { position, accepted, duplicates, incidents }));
            }
            (Input::Signals(signals), answer) => reply(signals.reply, Err(answer.err().unwrap_or_else(stopping))),
            (Input::Write(write), answer) => reply(write.reply, answer.map(|_| ())),
            (Input::Activate(activate), answer) => reply(activate.reply, answer.map(|_| ())),
            (Input::SelfAlert(_) | Input::Due(_), _) => {}
        }
    }

    /// The incident of an answer that was remembered: it may have changed since.
    fn reread(&self, no: u64) -> Result<Arc<Incident>, Problem> {
        let view = crate::view::View::new(Arc::clone(&self.reader));
        let incident = view.incident(no)?;
        incident.map(Arc::new).ok_or_else(|| Problem::new(&problem::INCIDENT_UNKNOWN, format!("INC-{no}")))
    }
}

/// What the transaction wrote.
struct Written {
    head: Option<Head>,
    answers: Vec<Answer>,
    incidents: HashMap<u64, Arc<Incident>>,
    new_keys: std::collections::BTreeSet<u128>,
    activated: Option<Arc<Rules>>,
    rings: bool,
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

fn commit(writer: &mut dyn Writer, decision: Decision<'_>) -> Result<Written, Refusal> {
    let Decision { batch, answers, desk, new_keys, activated, moves_head, signals, tally } = decision;
    let rings = !batch.requests.is_empty() || !batch.deliveries.is_empty();
    let head = if moves_head {
        Some(writer.commit(&batch).map_err(Refusal::Journal)?)
    } else {
        let changes =
            OutboxChanges { deliveries: batch.deliveries, documents: batch.documents, ..OutboxChanges::default() };
        if changes != OutboxChanges::default() {
            writer.apply(&changes).map_err(Refusal::Journal)?;
        }
        None
    };
    let incidents = desk.settle().into_iter().collect();
    Ok(Written { head, answers, incidents, new_keys, activated, rings, signals, tally })
}

fn reply<T>(to: Option<crate::queue::Reply<T>>, answer: Result<T, Problem>) {
    if let Some(to) = to {
        // Whoever asked may have gone; what was decided stands all the same.
        let _ = to.send(answer);
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").chars().take(200).collect()
}

/// Compares the wall clock with the monotonic one.
struct Watch {
    wall: Instant,
    monotonic: std::time::Instant,
}

impl Watch {
    fn new(shared: &Shared) -> Watch {
        Watch { wall: shared.time.now(), monotonic: std::time::Instant::now() }
    }

    /// A complaint if the wall clock jumped since the last look.
    fn look(&mut self, shared: &Shared) -> Option<Problem> {
        let before = std::mem::replace(self, Watch::new(shared));
        if !matches!(shared.time, crate::time::TimeSource::System) {
            return None;
        }
        let passed = Duration::try_from(self.monotonic.duration_since(before.monotonic)).ok()?;
        let jump = self.wall.since(before.wall) - passed;
        (jump.abs() > JUMP).then(|| {
            let detail = format!("the wall clock moved by {jump:#} beside the time that passed");
            Problem::new(&problem::CLOCK_JUMPED, detail)
        })
    }
}

/// The keys of the duplicate window, from the journal's blocks.
pub(crate) fn rebuild_duplicates(reader: &dyn Reader, now: Instant) -> Result<Duplicates, Problem> {
    let mut duplicates = Duplicates::default();
    let mut after: Position = codec::stored(reader.position_before(now - crate::duplicates::WINDOW))?;
    loop {
        let blocks = codec::stored(reader.blocks(after, 256))?;
        let Some(last) = blocks.last() else { return Ok(duplicates) };
        after = last.position;
        for stored in &blocks {
            let keys = crate::block::keys(&stored.block.bytes).map_err(|e| codec::unreadable(e.to_string()))?;
            duplicates.insert(keys, stored.recorded_at);
        }
    }
}
