//! A workspace under test, rows with little to say, and a dump of everything that a reader can see.

use std::fmt::Write as _;
use std::sync::Arc;

use calendar::{Duration, Instant};
use journal::{
    Attempt, Batch, Claim, DeliveryFilter, DeliveryRow, DeliveryState, DeliveryUpdate, DocumentChange, EventPlace,
    EventRow, Head, IncidentFilter, IncidentNo, IncidentRow, Living, Memory, OutboxChanges, Position, Postgres,
    PrivateContent, PrivateRow, Reader, RequestRow, Result, Scratch, Sqlite, Store, Workspace, Writer,
};

/// Far more than any test writes.
pub(crate) const ALL: u32 = 1_000_000;

/// Names a PostgreSQL server for tests; `cargo xtask test` starts one and sets it.
const POSTGRES: &str = "WATCHBELL_TEST_POSTGRES";

/// One workspace of a store, with what is behind it.
pub(crate) struct World {
    pub(crate) store: Box<dyn Store>,
    pub(crate) writer: Box<dyn Writer>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) directory: Option<tempfile::TempDir>,
    pub(crate) scratch: Option<Scratch>,
}

/// A schema for one test. Without a server there is none, and the test says that it was not run.
pub(crate) fn scratch() -> Option<Scratch> {
    let Ok(server) = std::env::var(POSTGRES) else {
        eprintln!("NOT RUN on PostgreSQL: {POSTGRES} is not set; `cargo xtask test` starts a server and sets it");
        return None;
    };
    Some(Scratch::on(&server))
}

impl World {
    pub(crate) fn sqlite() -> World {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(directory.path()).unwrap();
        World { directory: Some(directory), ..World::over(Box::new(store)) }
    }

    pub(crate) fn postgres() -> Option<World> {
        let scratch = scratch()?;
        let store = Postgres::open(scratch.url()).unwrap();
        Some(World { scratch: Some(scratch), ..World::over(Box::new(store)) })
    }

    pub(crate) fn memory() -> World {
        World::over(Box::new(Memory::new()))
    }

    fn over(store: Box<dyn Store>) -> World {
        let workspace = Workspace::default();
        let (writer, reader) = (store.writer(workspace).unwrap(), store.reader(workspace).unwrap());
        World { store, writer, reader, directory: None, scratch: None }
    }

    /// Commits a batch one second after the head, filled in by `fill`.
    pub(crate) fn try_commit(&mut self, fill: impl FnOnce(&mut Batch)) -> Result<Head> {
        let head = self.writer.head()?;
        let mut batch = after(&head);
        fill(&mut batch);
        self.writer.commit(&batch)
    }

    pub(crate) fn commit(&mut self, fill: impl FnOnce(&mut Batch)) -> Head {
        self.try_commit(fill).unwrap()
    }

    pub(crate) fn deliveries(&mut self, deliveries: Vec<DeliveryUpdate>) -> Result<()> {
        self.writer.apply(&OutboxChanges { deliveries, ..OutboxChanges::default() })
    }

    pub(crate) fn dump(&self) -> String {
        dump(&*self.reader)
    }
}

/// Runs each guarantee on every store.
macro_rules! guarantees {
    ($($name:ident)*) => {
        mod sqlite { $(#[test] fn $name() { super::$name(crate::support::World::sqlite()) })* }
        mod postgres { $(#[test] fn $name() {
            if let Some(world) = crate::support::World::postgres() {
                super::$name(world);
            }
        })* }
        mod memory { $(#[test] fn $name() { super::$name(crate::support::World::memory()) })* }
    };
}
pub(crate) use guarantees;

/// Seconds after the epoch.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::default() + Duration::from_secs(seconds)
}

/// An empty batch that may follow `head`.
pub(crate) fn after(head: &Head) -> Batch {
    Batch {
        expected: head.position,
        recorded_at: head.recorded_at + Duration::from_secs(1),
        next_incident: head.next_incident,
        ..Batch::default()
    }
}

pub(crate) fn event(incident: Option<u64>, body: &str) -> EventRow {
    EventRow { incident: incident.map(IncidentNo), kind: "noted".into(), body: body.into() }
}

pub(crate) fn incident(no: u64) -> IncidentRow {
    IncidentRow {
        no: IncidentNo(no),
        key: "key".to_owned(),
        class: "pii_leak".to_owned(),
        service: "assistant".to_owned(),
        status: 0,
        open: true,
        severity: 2,
        restricted: false,
        opened_at: at(1),
        ended_at: None,
        next_due: None,
        updated: Position(1),
        state: format!("state {no}").into_bytes(),
        tally: vec![1],
    }
}

pub(crate) fn request(id: &str, severity: u8, created: i64) -> RequestRow {
    RequestRow {
        id: id.to_owned(),
        incident: Some(IncidentNo(1)),
        severity,
        kind: "page".into(),
        body: b"step 1".to_vec(),
        created_at: at(created),
    }
}

pub(crate) fn claim(request: &str, deliveries: Vec<DeliveryRow>) -> DeliveryUpdate {
    DeliveryUpdate::Claim(Claim { request: request.to_owned(), at: at(50), deliveries })
}

pub(crate) fn delivery(id: &str, severity: u8, next_attempt: i64) -> DeliveryRow {
    DeliveryRow {
        id: id.to_owned(),
        request: String::new(),
        incident: Some(IncidentNo(1)),
        severity,
        person: "ana".to_owned(),
        channel: "pager".to_owned(),
        address: "ana's phone".to_owned(),
        idempotency_key: format!("key of {id}"),
        roster_version: "3".to_owned(),
        body: b"message".to_vec(),
        created_at: at(50),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: Some(at(next_attempt)),
        attempted_at: None,
        outcome: String::new(),
    }
}

pub(crate) fn attempt(delivery: &str, state: DeliveryState, next_attempt: Option<i64>) -> DeliveryUpdate {
    DeliveryUpdate::Attempt(Attempt {
        delivery: delivery.to_owned(),
        at: at(60),
        state,
        attempts: 1,
        next_attempt_at: next_attempt.map(at),
        outcome: format!("found {}", state.name()),
    })
}

pub(crate) fn document(collection: &str, id: &str, body: Option<&str>) -> DocumentChange {
    DocumentChange { collection: collection.to_owned(), id: id.to_owned(), body: body.map(|body| body.into()) }
}

pub(crate) fn private(id: &str, bytes: &str) -> PrivateRow {
    PrivateRow { id: id.to_owned(), content: PrivateContent { salt: [7; 16], bytes: bytes.into() } }
}

/// The numbers of incident rows.
pub(crate) fn numbers(rows: &[IncidentRow]) -> Vec<u64> {
    rows.iter().map(|row| row.no.0).collect()
}

/// Everything that a reader can see, as text to compare.
pub(crate) fn dump(reader: &dyn Reader) -> String {
    let mut text = String::new();
    let mut add = |part: &dyn std::fmt::Debug| writeln!(text, "{part:#?}").unwrap();
    let head = reader.head().unwrap();
    for number in 1..=head.position.0 + 1 {
        add(&reader.entry(Position(number)).unwrap());
    }
    add(&head);
    add(&reader.events(EventPlace::default(), ALL).unwrap());
    add(&reader.blocks(Position(0), ALL).unwrap());
    for row in reader.incidents(&IncidentFilter::default(), ALL).unwrap() {
        add(&reader.incident_events(row.no, EventPlace::default(), ALL).unwrap());
        add(&reader.incident_by_key(&row.key).unwrap());
        add(&row);
    }
    let living = Living { from: at(4), until: at(40), before: None };
    add(&numbers(&reader.incidents_living(&living, ALL).unwrap()));
    add(&reader.due(Instant::MAX, ALL).unwrap());
    add(&(reader.next_due().unwrap(), reader.next_attempt().unwrap(), reader.counts().unwrap()));
    add(&reader.detectors().unwrap());
    add(&reader.pending_requests(ALL).unwrap());
    add(&reader.due_deliveries(Instant::MAX, ALL).unwrap());
    add(&reader.deliveries(&DeliveryFilter::default(), ALL).unwrap());
    for collection in ["policy", "token"] {
        add(&reader.documents(collection, "", ALL).unwrap());
    }
    text
}
