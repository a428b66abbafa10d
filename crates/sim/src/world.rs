//! The scheduler: one virtual clock, one agenda, the engine stepped by hand, and everybody around it.
//!
//! No thread, no wall clock: the same plan always runs the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::Instant;
use channel::Outcome;
use engine::{Config, Machine, Sending, Stepper, TimeSource};
use journal::{Reader, Store, Workspace};

use crate::clients::{Clients, Wish};
use crate::defect::Defect;
use crate::documents::{documents, secrets};
use crate::model::{Violation, violated};
use crate::people;
use crate::plan::{Act, CHANNELS, DAY, Fault, PEOPLE, Plan, SECOND};
use crate::post::Post;
use crate::random::Random;
use crate::receiver;
use crate::store::Faulty;
use crate::watcher::Watcher;

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
    under_way: BTreeMap<u64, (Sending, Outcome)>,
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
    fn note(&mut self, now: i64, line: impl FnOnce() -> String) {
        let line = format!("{:>10.3} {}", now as f64 / SECOND as f64, line());
        self.hash = line.bytes().fold(self.hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        if let Some(lines) = &mut self.lines {
            lines.push(line);
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
        for version in 0..crate::documents::VERSIONS {
            let rules = engine::Rules::compile_with(documents(version), &secrets());
            let Ok(rules) = rules else { return violated("the documents are valid", format!("version {version}")) };
            world.watcher.model.policies.insert(rules.policy.id.clone(), version);
        }
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

    /// Runs to the end; how often a defect was put in.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        self.settle()?;
        let end = DAY + QUIET;
        loop {
            let item = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let next = [item, self.wake()].into_iter().flatten().min().unwrap_or(end);
            // What is under way at the end still gets its answer.
            if next > end && self.under_way.is_empty() {
                break;
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
        self.trace.note(self.now, || format!("dies: {fault:?}, back in {} s", pause / SECOND));
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
        self.trace.note(self.now, || format!("{act:?}"));
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
                    let (wish, marks) = people::command(self.clients.next(), (no, PEOPLE[*person]), *verb, now);
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
        self.clients.once(&self.watcher.counted)
    }

    fn send(&mut self, sending: Sending) {
        self.post.begun(&sending.row);
        let channel = CHANNELS.iter().position(|name| *name == sending.row.channel).unwrap_or(0);
        let fault = self.receivers[channel].filter(|(_, until)| *until > self.now).map(|(fault, _)| fault);
        let (outcome, takes) = receiver::answer(fault, &mut self.random);
        self.trace.note(self.now, || format!("sends {} to {}: {fault:?}", sending.row.id, sending.row.person));
        if sending.reaches_receiver()
            && let Some(fault) = fault
        {
            self.count(fault);
        }
        self.sequence += 1;
        let id = self.sequence;
        self.agenda.insert((self.now + takes, id), Item::Outcome(id));
        self.under_way.insert(id, (sending, outcome));
    }

    /// A message arrived or did not, and the answer comes back.
    fn arrive(&mut self, id: u64) -> Result<(), Violation> {
        let Some((sending, outcome)) = self.under_way.remove(&id) else { return Ok(()) };
        let channel = CHANNELS.iter().position(|name| *name == sending.row.channel).unwrap_or(0);
        let fault = self.receivers[channel].map(|(fault, _)| fault);
        let accepted = matches!(outcome, Outcome::Delivered { .. }) || fault == Some(Fault::LostReceipt);
        if accepted && sending.reaches_receiver() {
            self.post.arrived(&sending.row)?;
            self.arrivals += 1;
            if fault != Some(Fault::Lying) {
                self.react(&sending);
            }
            if std::mem::take(&mut self.dies_after_send) && self.engine.is_some() {
                self.die(Fault::CrashAfterSend);
                return Ok(());
            }
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let delivered = matches!(outcome, Outcome::Delivered { .. }) && sending.reaches_receiver();
        match engine.finish(&sending, outcome.clone(), self.random.fraction()) {
            Ok(()) if delivered => self.post.settled(&sending.row),
            Ok(()) => {}
            Err(_) => {
                self.put(self.now + SECOND, Item::Outcome(id));
                self.under_way.insert(id, (sending, outcome));
            }
        }
        Ok(())
    }

    /// A person who was paged about an incident takes it, or not.
    fn react(&mut self, sending: &Sending) {
        let Some(no) = sending.row.incident.map(|no| no.0).filter(|_| sending.kind() == "page.requested") else {
            return;
        };
        if !self.reacting.insert((no, sending.row.person.clone())) {
            return;
        }
        let Some((after, by, fault)) = people::reaction(self.plan, no, &sending.row.person) else {
            self.count(Fault::NobodyAnswers);
            return;
        };
        if let Some(fault) = fault {
            self.count(fault);
        }
        self.put(self.now + after, Item::Wish(people::acknowledge(no, by)));
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
        self.trace.note(self.now, || format!("ends with the head {hash:02x?}"));
        Ok(())
    }
}
