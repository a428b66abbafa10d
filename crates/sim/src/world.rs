//! The scheduler: one virtual clock, one agenda, the engine stepped by hand, and everybody around it.
//!
//! No thread, no wall clock: the same plan always runs the same way. What becomes of messages is
//! in `delivery`.

mod delivery;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::Instant;
use engine::{Config, Machine, Stepper, TimeSource};
use journal::{DeliveryRow, Reader, Store, Workspace};

use crate::clients::{Clients, Wish};
use crate::defect::Defect;
use crate::documents::{documents, secrets};
use crate::model::{Violation, violated};
use crate::people::{self, Aim};
use crate::plan::{Act, DAY, Fault, PEOPLE, Plan, SECOND};
use crate::post::Post;
use crate::random::Random;
use crate::store::Faulty;
use crate::watcher::Watcher;
use delivery::UnderWay;

/// Monday, 23 November 2026, 09:00 UTC, in microseconds since 1970.
pub(crate) const ORIGIN: i64 = 1_795_424_400 * SECOND;
/// After the last fault, everything must come to its end within this time.
const QUIET: i64 = 3 * 3_600 * SECOND;
/// Turns at one instant before the engine is taken to go round in circles.
const TURNS: usize = 200;

/// What happens at an instant.
enum Item {
    Act(usize),
    Ask(u64),
    Outcome(u64),
    /// A message arrives that arrived before.
    Again(Box<DeliveryRow>),
    Wish(Wish),
    Start,
    StoreWorks,
}

/// Everything.
pub(crate) struct World<'p> {
    plan: &'p Plan,
    store: Faulty,
    reader: Arc<dyn Reader>,
    engine: Option<Stepper>,
    /// The clocks as the engine's process reads them; another process starts afresh.
    machine: Arc<Machine>,
    /// True time since the beginning.
    pub(crate) now: i64,
    skew: i64,
    agenda: BTreeMap<(i64, u64), Item>,
    sequence: u64,
    /// How long the engine could work.
    worked: i64,
    under_way: BTreeMap<u64, UnderWay>,
    dies_after_send: bool,
    /// How each receiver behaves, and until when.
    receivers: [Option<(Fault, i64)>; 3],
    reacting: BTreeSet<(u64, String)>,
    random: Random,
    pub(crate) clients: Clients,
    pub(crate) post: Post,
    pub(crate) watcher: Watcher,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) arrivals: u64,
    pub(crate) trace: Trace,
}

/// What happened, as a hash, and as lines where somebody wants to read them.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) hash: u64,
    pub(crate) lines: Option<Vec<String>>,
}

impl Trace {
    /// Notes a step: `mark` tells it from others, and `line` says it to people.
    fn note(&mut self, now: i64, mark: &[u8], line: impl FnOnce() -> String) {
        let bytes = now.to_le_bytes();
        let step = bytes.iter().chain(mark);
        self.hash = step.fold(self.hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>10.3} {}", now as f64 / SECOND as f64, line()));
        }
    }
}

impl<'p> World<'p> {
    pub(crate) fn new(plan: &'p Plan, defect: Option<Defect>, verbose: bool) -> Result<World<'p>, Violation> {
        let store = Faulty::default();
        store.control().defect = defect;
        let Ok(reader) = store.reader(Workspace::default()) else { return violated("the engine starts", "no reader") };
        let mut world = World {
            plan,
            store,
            reader,
            engine: None,
            machine: Arc::new(Machine::new(Instant::from_micros(ORIGIN), 0)),
            now: 0,
            skew: 0,
            agenda: BTreeMap::new(),
            sequence: 0,
            worked: 0,
            under_way: BTreeMap::new(),
            dies_after_send: false,
            receivers: [None; 3],
            reacting: BTreeSet::new(),
            random: Random::about(plan.seed, "world"),
            clients: Clients::default(),
            post: Post::default(),
            watcher: Watcher::default(),
            faults: BTreeMap::new(),
            arrivals: 0,
            trace: Trace { hash: plan.seed, lines: verbose.then(Vec::new) },
        };
        for (index, (at, _)) in plan.acts.iter().enumerate() {
            world.put(*at + SECOND, Item::Act(index));
        }
        world.start()?;
        Ok(world)
    }

    fn put(&mut self, at: i64, item: Item) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), item);
    }

    /// Runs to the end, or up to an instant after which nobody wants to know.
    pub(crate) fn run(&mut self, until: i64) -> Result<(), Violation> {
        self.settle()?;
        let end = DAY + QUIET;
        loop {
            let item = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let next = [item, self.wake()].into_iter().flatten().min().unwrap_or(end);
            // What is under way at the end still gets its answer.
            if next > end && self.under_way.is_empty() {
                break;
            }
            if next > until {
                return Ok(());
            }
            self.pass(next);
            if self.now >= DAY {
                self.calm();
            }
            while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= next) {
                let item = entry.remove();
                self.happen(item)?;
            }
            self.settle()?;
        }
        self.at_end()
    }

    /// How often a defect was put in.
    pub(crate) fn injected(&self) -> u32 {
        self.store.control().injected
    }

    /// The engine's time: its machine's, but never before what it recorded.
    fn engine_time(&self) -> i64 {
        let head = self.reader.head().map_or(0, |head| head.recorded_at.as_micros());
        self.machine_time().max(head)
    }

    fn machine_time(&self) -> i64 {
        TimeSource::Machine(Arc::clone(&self.machine)).now().as_micros()
    }

    fn wall(&self) -> Instant {
        Instant::from_micros(ORIGIN + self.now + self.skew)
    }

    fn pass(&mut self, next: i64) {
        if self.engine.is_some() && self.store.control().failing.is_none() {
            self.worked += next - self.now;
        }
        self.now = next;
        self.machine.set(self.wall(), self.now);
    }

    /// When the engine moves by itself.
    fn wake(&self) -> Option<i64> {
        let engine = self.engine.as_ref()?;
        let now = self.machine_time();
        let at = |due: Instant, nap: i64| self.now + if due.as_micros() > now { due.as_micros() - now } else { nap };
        let clock = engine.next_due().ok().flatten().map(|due| at(due, SECOND));
        let attempt = engine.next_attempt().ok().flatten().map(|due| at(due, 2 * SECOND));
        [clock, attempt].into_iter().flatten().min()
    }

    /// After the day no further faults happen, and those that last end.
    fn calm(&mut self) {
        self.receivers = [None; 3];
        self.dies_after_send = false;
        let mut control = self.store.control();
        control.failing = None;
        control.dies = None;
    }

    fn count(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    fn start(&mut self) -> Result<(), Violation> {
        self.store.control().dead = false;
        self.machine = Arc::new(Machine::new(self.wall(), self.now));
        let config = Config {
            workspace: Workspace::default(),
            time: TimeSource::Machine(Arc::clone(&self.machine)),
            public_url: "http://watch.example".to_owned(),
            fault: None,
        };
        match Stepper::new(&self.store, documents(self.watcher.version), config, &secrets()) {
            Ok(engine) => self.engine = Some(engine),
            Err(error) => return violated("the engine starts", error.to_string()),
        }
        Ok(())
    }

    /// The process is gone; what it had not written is lost.
    fn die(&mut self, fault: Fault) {
        self.count(fault);
        self.engine = None;
        self.under_way.clear();
        let pause = self.random.range(1, 90) * SECOND;
        self.trace.note(self.now, b"dies", || format!("dies: {fault:?}, back in {} s", pause / SECOND));
        self.put(self.now + pause, Item::Start);
    }

    fn happen(&mut self, item: Item) -> Result<(), Violation> {
        match item {
            Item::Act(index) => self.act(index),
            Item::Wish(wish) => {
                let id = self.clients.add(wish, false);
                self.ask(id);
            }
            Item::Ask(id) => self.ask(id),
            Item::Outcome(id) => return self.arrive(id),
            Item::Again(row) => self.arrive_again(&row),
            Item::Start => return self.start(),
            Item::StoreWorks => self.store.control().failing = None,
        }
        Ok(())
    }

    fn ask(&mut self, id: u64) {
        let now = self.engine_time();
        let taken = self.engine.as_ref().is_some_and(|engine| self.clients.ask(id, engine, now));
        if !taken {
            self.put(self.now + 5 * SECOND, Item::Ask(id));
        }
    }

    fn act(&mut self, index: usize) {
        let plan = self.plan;
        let act = &plan.acts[index].1;
        self.trace.note(self.now, &index.to_le_bytes(), || format!("{act:?}"));
        match act {
            Act::Signals { ids, age_us, .. } => {
                if plan.acts[..index]
                    .iter()
                    .any(|(_, before)| matches!(before, Act::Signals { ids: known, .. } if known == ids))
                {
                    self.count(Fault::DuplicateSignals);
                }
                if *age_us > 0 {
                    self.count(if *age_us >= 3_600 * SECOND { Fault::LateSignals } else { Fault::ReorderedSignals });
                }
                self.wish(people::signals(act, Instant::from_micros(ORIGIN + self.now)), false);
            }
            Act::Declare { person } => self.wish(people::declaration(self.clients.next(), PEOPLE[*person]), true),
            Act::Person { person, verb, back } => {
                let newest = self.reader.head().map_or(1, |head| head.next_incident) - 1;
                if newest > 0 {
                    let no = newest.saturating_sub(*back).max(1);
                    let now = Instant::from_micros(self.engine_time());
                    let (id, known) = (self.clients.next(), self.watcher.model.incidents.get(&no));
                    let aim = Aim { id, no, by: PEOPLE[*person], known, now };
                    let (wish, marks) = people::command(*verb, &aim);
                    self.wish(wish, marks);
                }
            }
            Act::Activate(version) => {
                self.count(Fault::OtherDocuments);
                self.wish(Wish::Activate(*version), false);
            }
            Act::Jump(by) => {
                self.count(if *by > 0 { Fault::ClockForward } else { Fault::ClockBack });
                self.skew += by;
                self.pass(self.now);
            }
            Act::Crash(Fault::CrashAfterSend) => self.dies_after_send = true,
            Act::Crash(fault) => self.store.control().dies = Some(*fault),
            Act::StoreFails(fault, lasts) => {
                self.count(*fault);
                self.store.control().failing = Some(*fault);
                self.put(self.now + lasts, Item::StoreWorks);
            }
            Act::Receiver { channel, fault, lasts_us } => {
                self.receivers[*channel] = Some((*fault, self.now + lasts_us));
            }
        }
    }

    fn wish(&mut self, wish: Wish, marks: bool) {
        let id = self.clients.add(wish, marks);
        self.ask(id);
    }

    /// Lets the engine work until nothing is left to do at this instant, then judges.
    fn settle(&mut self) -> Result<(), Violation> {
        let mut turns = 0;
        while let Some(engine) = &mut self.engine {
            let works = engine.turn();
            let claimed = engine.claim().unwrap_or(0);
            let begun = if self.store.control().dead { Vec::new() } else { engine.begin().unwrap_or_default() };
            let moved = claimed + begun.len();
            for sending in begun {
                self.send(sending);
            }
            self.look()?;
            if self.store.control().dead {
                let fault = self.store.control().died_of.unwrap_or(Fault::CrashBeforeCommit);
                self.die(fault);
                break;
            }
            let now = self.engine_time();
            let due = self.engine.as_ref().and_then(|engine| engine.next_due().ok().flatten());
            let due = due.is_some_and(|due| due.as_micros() <= now);
            turns += 1;
            if turns > TURNS {
                return violated("the engine comes to rest", format!("{turns} turns at one instant"));
            }
            if !works || (moved == 0 && !due) {
                break;
            }
        }
        if self.engine.is_some() && self.store.control().failing.is_none() {
            self.watcher.model.at_rest(self.engine_time())?;
        }
        self.post.check(&*self.reader, self.worked)
    }

    /// Reads what is new, and hears what was answered.
    fn look(&mut self) -> Result<(), Violation> {
        let written = std::mem::take(&mut self.store.control().outbox);
        self.watcher.look(&*self.reader, &mut self.post, self.worked)?;
        for update in written {
            self.post.written(&*self.reader, update, self.watcher.version)?;
        }
        for id in self.clients.listen(&self.watcher.counted)? {
            let pause = self.random.range(1, 6) * SECOND;
            self.put(self.now + pause, Item::Ask(id));
        }
        self.clients.once(&mut self.watcher.counted)
    }

    fn at_end(&mut self) -> Result<(), Violation> {
        self.post.at_end(&*self.reader, self.engine_time())?;
        if let Err(error) = journal::verify(&*self.reader, Workspace::default()) {
            return violated("the chain holds", error.to_string());
        }
        match engine::refold(&*self.reader) {
            Ok(refold) if refold.different.is_empty() && refold.missing.is_empty() => {}
            _ => return violated("a row equals its fold", "at the end"),
        }
        let hash = self.reader.head().map(|head| head.hash).unwrap_or_default();
        self.trace.note(self.now, &hash, || format!("ends with the head {hash:02x?}"));
        Ok(())
    }
}
