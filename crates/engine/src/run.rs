//! The engine's thread: take what waits, add what has fallen due, have it decided and written.
//!
//! What waits comes in the order acts, due clocks, signals, so that a flood never delays a person.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use journal::{DocumentChange, Head, OutboxChanges, Position, Reader, Writer};
use problem::Problem;
use wcore::event::Actor;
use wcore::trigger::Detectors;

use crate::cache::Cache;
use crate::codec;
use crate::duplicates::Duplicates;
use crate::follow::LOOK_EVERY;
use crate::queue::{HoldInput, HoldWish, Input, Taken};
use crate::rules::{Pins, Rules, Secrets};
use crate::shared::Shared;
use crate::texts::Secrecy;

/// Incidents whose clocks are settled in one batch.
const BATCH_DUE: u32 = 256;
/// Pause before due clocks are tried again after the journal failed.
const FAILED_PAUSE: StdDuration = StdDuration::from_secs(1);
/// The longest sleep, so that a step of the wall clock is noticed.
const NAP: StdDuration = StdDuration::from_secs(1);
/// The shortest sleep while an incident that cannot be decided stays due: it must not turn into a busy loop.
const STUCK_NAP: StdDuration = StdDuration::from_millis(100);
/// Disagreement of the two clocks that is worth a complaint.
const JUMP: Duration = Duration::from_secs(2);
/// How often expired rows are deleted.
const TEND_EVERY: StdDuration = StdDuration::from_secs(3_600);
/// Complaints kept until the journal can write again; what they repeat is in the log.
pub(crate) const MAX_UNWRITTEN: usize = 256;
/// Collection that shows when the store was last tended.
const TENDED: &str = "tended";

/// Everything that only the thread touches.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Box<dyn Writer>,
    /// Of this thread alone: others would wait for its commits.
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) head: Head,
    /// How far the journal's clock is ahead of this machine's: the database may have its own.
    pub(crate) skew: Duration,
    /// Where policies of other nodes find their addresses and secrets.
    pub(crate) secrets: Secrets,
    pub(crate) rules: Arc<Rules>,
    pub(crate) pins: Pins,
    pub(crate) cache: Cache,
    pub(crate) detectors: Detectors,
    pub(crate) duplicates: Duplicates,
    /// Incidents whose due clocks cannot be decided; tried again after a restart.
    pub(crate) stuck: Vec<u64>,
    /// Detectors that cannot be settled are left alone until then.
    pub(crate) detectors_rest_until: Option<std::time::Instant>,
    /// What nobody waits for, but must not be lost because the journal could not write it.
    pub(crate) unwritten: Vec<Input>,
    /// Begins the names of requests: empty until a backup is restored, when positions are given again.
    pub(crate) lineage: String,
    pub(crate) secrecy: Secrecy,
    pub(crate) fault: Option<crate::Fault>,
}

impl Thread {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let _last_words = LastWords(Arc::clone(&self.shared));
        let mut watch = Watch::new();
        let mut tended = std::time::Instant::now();
        let mut looked = tended;
        let mut failed = false;
        let shared = self.writer.is_shared();
        loop {
            let wait = if failed { FAILED_PAUSE } else { self.until_due() };
            let wait = if shared { wait.min(LOOK_EVERY) } else { wait };
            let taken = self.shared.queue.take(wait);
            if taken.finished {
                return;
            }
            let jump = watch.look(&self.shared);
            let mut works = self.turn(taken, jump);
            if shared && looked.elapsed() >= LOOK_EVERY {
                works &= self.look_around();
                looked = std::time::Instant::now();
            }
            // A quiet store that failed must be tried again, or nobody would know that it works.
            if (failed && works) || tended.elapsed() >= TEND_EVERY {
                works &= self.tend();
                tended = std::time::Instant::now();
            }
            failed = !works;
            self.shared.set_detectors_due(self.detectors_due());
        }
    }

    /// Decides what was taken, a complaint, and what has fallen due; whether the journal could be
    /// read and written.
    pub(crate) fn turn(&mut self, taken: Taken, complaint: Option<Problem>) -> bool {
        let mut inputs = std::mem::take(&mut self.unwritten);
        inputs.extend(taken.first);
        inputs.extend(complaint.map(Input::SelfAlert));
        inputs.extend(self.hold_over());
        let due = self.due_inputs();
        let readable = due.is_some();
        inputs.extend(due.unwrap_or_default().into_iter().map(Input::Due));
        inputs.extend(taken.signals);
        let settles = self.detectors_due().is_some_and(|at| at <= self.now());
        let written = (inputs.is_empty() && !settles) || self.process(inputs, settles);
        readable && written
    }

    /// The hold's time is over.
    fn hold_over(&self) -> Option<Input> {
        let over = self.shared.hold_ends_at().is_some_and(|at| at <= self.shared.time.now());
        over.then(|| Input::Hold(HoldInput { wish: HoldWish::Expire, by: Actor::Watchbell, reply: None }))
    }

    /// How long until something falls due by itself.
    fn until_due(&self) -> StdDuration {
        let incident = self.reader.next_due().ok().flatten();
        let next = [incident, self.detectors_due(), self.shared.hold_ends_at()].into_iter().flatten().min();
        let until = next.and_then(|at| self.shared.time.until(at - self.skew)).map_or(NAP, |until| until.min(NAP));
        if self.stuck.is_empty() { until } else { until.max(STUCK_NAP) }
    }

    pub(crate) fn detectors_due(&self) -> Option<Instant> {
        let resting = self.detectors_rest_until.is_some_and(|until| std::time::Instant::now() < until);
        if resting { None } else { self.detectors.next_due() }
    }

    /// Incidents whose clocks have fallen due; `None` where the journal cannot be read.
    fn due_inputs(&self) -> Option<Vec<u64>> {
        let now = self.now().max(self.head.recorded_at);
        match self.reader.due(now, BATCH_DUE + u32::try_from(self.stuck.len()).unwrap_or(0)) {
            Ok(rows) => Some(rows.into_iter().map(|row| row.no.0).filter(|no| !self.stuck.contains(no)).collect()),
            Err(error) => {
                self.shared.failed(&error.problem());
                None
            }
        }
    }

    /// Deletes what has expired. The document shows that the store really writes.
    fn tend(&mut self) -> bool {
        let now = self.shared.time.now().max(self.head.recorded_at);
        let body = Some(codec::json(&now));
        let document = DocumentChange { collection: TENDED.to_owned(), id: "at".to_owned(), body };
        let changes =
            OutboxChanges { documents: vec![document], forget_expired: Some(now), ..OutboxChanges::default() };
        match self.writer.apply(&changes) {
            Ok(()) => self.shared.recovered(),
            Err(error) => self.shared.failed(&error.problem()),
        }
        self.shared.health().failing.is_none()
    }
}

/// Tells those who wait, and the health page, should the thread ever end by a panic.
struct LastWords(Arc<Shared>);

impl Drop for LastWords {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .failed(&Problem::new(&problem::INPUT_QUARANTINED, "the engine's thread panicked; restart the server"));
            self.0.queue.abandon();
        }
    }
}

/// Compares the wall clock with the monotonic one.
struct Watch {
    wall: Instant,
    monotonic: std::time::Instant,
}

impl Watch {
    fn new() -> Watch {
        Watch { wall: crate::time::wall_now(), monotonic: std::time::Instant::now() }
    }

    /// A complaint if the wall clock jumped since the last look.
    fn look(&mut self, shared: &Shared) -> Option<Problem> {
        let before = std::mem::replace(self, Watch::new());
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
