//! An engine with its store, clock and receiver, that can crash and come back.

use std::sync::atomic::Ordering;
use std::time::{Duration as StdDuration, Instant as Monotonic};

use calendar::Instant;
use channel::Secret;
use engine::{
    Accepted, Applied, Config, Delivery, Documents, Engine, Fault, Secrets, SelfAlert, StartError, StoredEntry,
    TimeSource,
};
use journal::{DeliveryFilter, Memory, Postgres, Scratch, Sqlite, Store, Workspace};
use problem::Problem;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use wcore::event::{Actor, Event};
use wcore::raise::Declaration;
use wcore::{Command, Incident, Signal};

use super::gate::{Gate, Gated};
use super::{BEGIN, Mode, Receiver, clock, span};

const POLICY: &str = include_str!("policy.yaml");
const ROSTER: &str = include_str!("roster.yaml");
/// The longest wait for something that happens by itself.
const PATIENCE: StdDuration = StdDuration::from_secs(10);

/// Where the journal is kept.
enum Shelf {
    Memory(Memory),
    Sqlite(TempDir),
    Postgres(Scratch),
}

/// Names a PostgreSQL server; then what is durable lies there instead of in SQLite.
const ON_POSTGRES: &str = "WATCHBELL_TEST_ON_POSTGRES";

/// What a world starts with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) policy: String,
    pub(crate) roster: String,
    pub(crate) fault: Option<Fault>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { policy: POLICY.to_owned(), roster: ROSTER.to_owned(), fault: None }
    }
}

pub(crate) struct World {
    /// None only while it is down.
    engine: Option<Engine>,
    pub(crate) gate: Gate,
    pub(crate) receiver: Receiver,
    pub(crate) setup: Setup,
    time: TimeSource,
    shelf: Shelf,
}

/// The same world on every store.
pub(crate) async fn both() -> [World; 2] {
    [World::memory().await, World::durable().await]
}

impl World {
    pub(crate) async fn memory() -> World {
        World::begin(Setup::default()).await
    }

    /// On each store that takes several nodes.
    pub(crate) async fn shared() -> Vec<World> {
        let mut worlds = vec![World::memory().await];
        if std::env::var(ON_POSTGRES).is_ok() {
            worlds.push(World::durable().await);
        }
        worlds
    }

    /// On a store that outlives a crash.
    pub(crate) async fn durable() -> World {
        match std::env::var(ON_POSTGRES) {
            Ok(server) => {
                let shelf = Shelf::Postgres(Scratch::on(&server));
                World::on(shelf, Setup::default(), test_time()).await.unwrap()
            }
            Err(_) => World::in_files().await,
        }
    }

    pub(crate) async fn in_files() -> World {
        let shelf = Shelf::Sqlite(tempfile::tempdir().unwrap());
        World::on(shelf, Setup::default(), test_time()).await.unwrap()
    }

    /// In memory, with another setup.
    pub(crate) async fn begin(setup: Setup) -> World {
        World::try_begin(setup).await.unwrap()
    }

    pub(crate) async fn try_begin(setup: Setup) -> Result<World, StartError> {
        World::on(Shelf::Memory(Memory::new()), setup, test_time()).await
    }

    /// In memory, on another clock.
    pub(crate) async fn with_time(time: TimeSource) -> World {
        World::on(Shelf::Memory(Memory::new()), Setup::default(), time).await.unwrap()
    }

    async fn on(shelf: Shelf, setup: Setup, time: TimeSource) -> Result<World, StartError> {
        let receiver = Receiver::start().await;
        let gate = Gate::new();
        let engine = open(&shelf, &gate, &setup, &time, receiver.port)?;
        let world = World { engine: Some(engine), gate, receiver, setup, time, shelf };
        world.until("the policy in force", |world| world.engine().health().position == 1).await;
        Ok(world)
    }

    /// A second node on the same store and clock, with another setup if need be.
    pub(crate) fn beside(&self, setup: &Setup) -> Engine {
        assert!(!matches!(self.shelf, Shelf::Sqlite(_)), "the files have a lock");
        open(&self.shelf, &Gate::new(), setup, &self.time, self.receiver.port).unwrap()
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the world is up")
    }

    // Life and death -----------------------------------------------------------------------

    /// The power goes: nothing that is not written yet ever will be. It comes back after a while.
    pub(crate) async fn crash_for(&mut self, downtime: &str) {
        self.gate.set(Mode::Broken);
        self.reopen(downtime, Mode::Works).await.unwrap();
    }

    /// An orderly stop, and a start.
    pub(crate) async fn restart(&mut self) -> Result<(), StartError> {
        self.restart_with(Mode::Works).await
    }

    /// An orderly stop, and a start on a disk that may fail.
    pub(crate) async fn restart_with(&mut self, mode: Mode) -> Result<(), StartError> {
        self.engine().shutdown().await;
        self.reopen("0s", mode).await
    }

    async fn reopen(&mut self, downtime: &str, mode: Mode) -> Result<(), StartError> {
        self.engine = None;
        self.move_clock(downtime);
        // The old engine's thread keeps its own gate, however that stands.
        self.gate = Gate::new();
        self.gate.set(mode);
        let since = Monotonic::now();
        let engine = loop {
            match open(&self.shelf, &self.gate, &self.setup, &self.time, self.receiver.port) {
                // The lock of the old engine ends with its thread.
                Err(StartError::Journal(journal::Error::InUse { .. })) if since.elapsed() < PATIENCE => {
                    tokio::time::sleep(StdDuration::from_millis(5)).await;
                }
                opened => break opened?,
            }
        };
        self.engine = Some(engine);
        Ok(())
    }

    // Time ---------------------------------------------------------------------------------

    /// Time passes, and everything that falls due happens at its instant.
    pub(crate) async fn advance(&self, length: &str) {
        self.engine().advance(span(length)).await.unwrap();
    }

    /// Everything due now is done.
    pub(crate) async fn settle(&self) {
        self.advance("0s").await;
    }

    /// Time jumps, and the engine has not looked yet.
    pub(crate) fn move_clock(&self, length: &str) {
        let TimeSource::Test(micros) = &self.time else { unreachable!("worlds run on a test clock") };
        micros.fetch_add(i64::try_from(span(length).as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Waits, in real time, for something that happens by itself.
    pub(crate) async fn until(&self, what: &'static str, is_so: impl Fn(&World) -> bool) {
        let since = Monotonic::now();
        while !is_so(self) {
            assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
            tokio::time::sleep(StdDuration::from_millis(2)).await;
        }
    }

    /// Starts a write that waits behind the gate, so that what is asked meanwhile waits together.
    pub(crate) async fn hold(&self) -> JoinHandle<Result<Accepted, Problem>> {
        self.settle().await;
        self.gate.set(Mode::Held);
        let engine = self.engine().clone();
        let first = tokio::spawn(async move { engine.signals(vec![signal("nothing")], 1).await });
        self.until("the first write", |world| world.gate.is_busy()).await;
        first
    }

    /// Waits until so many signals of no stated size wait.
    pub(crate) async fn until_queued(&self, signals: u64) {
        self.until("signals to wait", |world| world.engine().stats().queued_bytes >= signals * 64).await;
    }

    // What comes in ------------------------------------------------------------------------

    pub(crate) async fn send(&self, signals: Vec<Signal>) -> Result<Accepted, Problem> {
        let bytes = signals.len() * 200;
        self.engine().signals(signals, bytes).await
    }

    /// One signal that a trigger takes for a SEV-1.
    pub(crate) async fn leak(&self) -> u64 {
        let mut leak = signal("pii_leak");
        leak.label = Some("confirmed".to_owned());
        self.send(vec![leak]).await.unwrap().incidents[0]
    }

    /// One signal that opens an incident of SEV-3 in a region, or joins it.
    pub(crate) async fn degraded(&self, region: &str) -> u64 {
        self.send(vec![degraded(region)]).await.unwrap().incidents[0]
    }

    /// The same, for as long as it takes until the store works again.
    pub(crate) async fn degraded_until_taken(&self, region: &str) -> u64 {
        let since = Monotonic::now();
        loop {
            match self.send(vec![degraded(region)]).await {
                Ok(accepted) => return accepted.incidents[0],
                Err(problem) => assert!(since.elapsed() < PATIENCE, "{problem}"),
            }
            tokio::time::sleep(StdDuration::from_millis(10)).await;
        }
    }

    pub(crate) async fn declare(&self, class: &str, severity: &str) -> Applied {
        self.engine().declare(declaration(class, severity), person("ana"), None).await.unwrap()
    }

    pub(crate) async fn does(&self, who: &str, no: u64, command: Command) -> Applied {
        let applied = self.engine().command(no, command.clone(), person(who), None).await;
        applied.unwrap_or_else(|problem| panic!("{who} may not {command:?}: {problem}"))
    }

    pub(crate) async fn note(&self, no: u64, text: &str) -> Result<Applied, Problem> {
        self.engine().command(no, Command::Note { text: text.to_owned() }, person("ana"), None).await
    }

    /// Puts these rows in the place of all incident rows, behind the engine's back.
    pub(crate) fn replace_incidents(&self, rows: &[journal::IncidentRow]) {
        let Shelf::Memory(memory) = &self.shelf else { unreachable!("only a store in memory has two writers") };
        memory.writer(Workspace::default()).unwrap().replace_incidents(rows).unwrap();
    }

    /// Stores a detector's row, behind the back of an engine that has stopped.
    pub(crate) fn put_detector(&self, key: &str, row: Vec<u8>) {
        let change = journal::DetectorChange { key: key.to_owned(), state: Some(row) };
        self.commit_elsewhere(|batch| batch.detectors.push(change));
    }

    /// Another node writes an empty batch under this version of the time zone data.
    pub(crate) fn write_elsewhere(&self, tzdata: &str) {
        self.commit_elsewhere(|batch| batch.tzdata = Some(tzdata.to_owned()));
    }

    fn commit_elsewhere(&self, fill: impl FnOnce(&mut journal::Batch)) {
        let Shelf::Memory(memory) = &self.shelf else { unreachable!("only a store in memory has two writers") };
        let mut writer = memory.writer(Workspace::default()).unwrap();
        let head = writer.head().unwrap();
        let mut batch = journal::Batch {
            expected: head.position,
            recorded_at: head.recorded_at + calendar::Duration::from_micros(1),
            next_incident: head.next_incident,
            ..journal::Batch::default()
        };
        fill(&mut batch);
        writer.commit(&batch).unwrap();
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        let Shelf::Sqlite(folder) = &self.shelf else { unreachable!("only SQLite has files") };
        folder.path()
    }

    // What is seen -------------------------------------------------------------------------

    pub(crate) fn incident(&self, no: u64) -> Incident {
        self.engine().view().incident(no).unwrap().unwrap()
    }

    pub(crate) fn entries(&self) -> Vec<StoredEntry> {
        self.engine().view().entries_after(0, u32::MAX).unwrap()
    }

    pub(crate) fn events(&self, no: u64) -> Vec<(Instant, Event)> {
        let entries = self.engine().view().timeline(no).unwrap();
        let events = entries.into_iter().flat_map(|stored| {
            let at = stored.entry.at;
            stored.entry.events.into_iter().map(move |event| (at, event))
        });
        events.collect()
    }

    /// The signals in the journal, by their senders' ids.
    pub(crate) fn signal_ids(&self) -> Vec<String> {
        let stored = self.engine().view().signals(0, u32::MAX).unwrap();
        stored.into_iter().filter_map(|stored| stored.signal.id).collect()
    }

    /// Deliveries, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let mut all = self.engine().view().deliveries(&DeliveryFilter::default(), u32::MAX).unwrap();
        all.reverse();
        all
    }

    /// Deliveries as `ana by pager: delivered, 1 attempt(s)`, sorted.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let line = |row: &Delivery| {
            let whom = if row.person.is_empty() { &row.address } else { &row.person };
            format!("{whom} by {}: {}, {} attempt(s)", row.channel, row.state.name(), row.attempts)
        };
        let mut lines: Vec<String> = self.deliveries().iter().map(line).collect();
        lines.sort();
        lines
    }

    pub(crate) fn self_alerts(&self) -> Vec<SelfAlert> {
        self.engine().view().self_alerts().unwrap()
    }

    /// Self-alerts as `delivery-dead x2`, by code.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.self_alerts().iter().map(|alert| format!("{} x{}", alert.code, alert.count)).collect()
    }

    /// A clock as `due 10:10:00`, `met 10:05:00` or `missed 10:10:00`.
    pub(crate) fn clock(&self, no: u64, name: &str) -> String {
        let incident = self.incident(no);
        let Some(found) = incident.clocks.iter().find(|clock| clock.id.to_string() == name) else {
            return "none".to_owned();
        };
        match (found.breached_at, found.met_at, found.due_at) {
            (Some(at), ..) => format!("missed {}", clock(at)),
            (None, Some(at), _) => format!("met {}", clock(at)),
            (None, None, Some(at)) => format!("due {}", clock(at)),
            (None, None, None) => "never due".to_owned(),
        }
    }
}

fn open(shelf: &Shelf, gate: &Gate, setup: &Setup, time: &TimeSource, port: u16) -> Result<Engine, StartError> {
    let store: Box<dyn Store> = match shelf {
        Shelf::Memory(memory) => Box::new(memory.clone()),
        Shelf::Sqlite(folder) => Box::new(Sqlite::open(folder.path())?),
        Shelf::Postgres(scratch) => Box::new(Postgres::open(scratch.url())?),
    };
    let store = Gated { store, gate: gate.clone() };
    let roster = setup.roster.replace("PORT", &port.to_string());
    let documents = Documents { policy: setup.policy.clone(), roster };
    let config = Config {
        workspace: Workspace::default(),
        time: time.clone(),
        public_url: "http://watchbell.example".to_owned(),
        fault: setup.fault.clone(),
    };
    let secrets = Secrets::new(|name| match name {
        "PAGER_SECRET" => Ok(Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")),
        _ => Err(Problem::new(&problem::SECRET_MISSING, format!("`{name}` is not set"))),
    });
    engine::start_with(&store, documents, config, &secrets)
}

fn test_time() -> TimeSource {
    TimeSource::test(Instant::parse(BEGIN).unwrap())
}

pub(crate) fn person(id: &str) -> Actor {
    Actor::Person(id.to_owned())
}

/// A signal that nothing waits for, unless it is filled in further.
pub(crate) fn signal(metric: &str) -> Signal {
    Signal {
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: "support-assistant".to_owned(),
        ..Signal::default()
    }
}

pub(crate) fn degraded(region: &str) -> Signal {
    let mut degraded = signal("degraded");
    degraded.labels.insert("region".to_owned(), region.to_owned());
    degraded
}

/// The same with a sender's id.
pub(crate) fn numbered(metric: &str, id: impl ToString) -> Signal {
    Signal { id: Some(id.to_string()), ..signal(metric) }
}

pub(crate) fn declaration(class: &str, severity: &str) -> Declaration {
    Declaration {
        title: "Something is wrong".to_owned(),
        class: class.to_owned(),
        severity: Some(severity.to_owned()),
        service: None,
        impact_started_at: None,
    }
}
