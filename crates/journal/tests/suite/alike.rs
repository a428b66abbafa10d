//! Random histories leave the same rows, answers and refusals in every store.

use journal::{
    Batch, Block, DeliveryRow, DeliveryState, DeliveryUpdate, DetectorChange, IncidentNo, IncidentRow, OutboxChanges,
    Position, Workspace, verify,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::support::{World, at, attempt, claim, delivery, document, event, incident, private, request};

/// Few ids, so that rows meet each other.
const IDS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Batch>),
    Apply(OutboxChanges),
}

fn id() -> impl Strategy<Value = String> {
    prop::sample::select(&IDS[..]).prop_map(str::to_owned)
}

fn incident_row() -> impl Strategy<Value = IncidentRow> {
    let due = prop::option::of((0..5i64).prop_map(at));
    let life = (0..50i64, prop::option::of(0..9i64));
    (1..5u64, id(), any::<bool>(), 1..4u8, due, 0..9u64, life).prop_map(
        |(no, key, open, severity, next_due, updated, (opened, lived))| IncidentRow {
            key,
            open,
            severity,
            next_due,
            updated: Position(updated),
            opened_at: at(opened),
            ended_at: lived.map(|lived| at(opened + lived)),
            ..incident(no)
        },
    )
}

fn update() -> impl Strategy<Value = DeliveryUpdate> {
    let row = (id(), 1..4u8, 0..5i64, prop::option::of(1..4u64)).prop_map(|(id, severity, next, no)| DeliveryRow {
        incident: no.map(IncidentNo),
        ..delivery(&id, severity, next)
    });
    let state = prop::sample::select(&DeliveryState::ALL[..]);
    prop_oneof![
        (id(), vec(row, 0..3)).prop_map(|(id, rows)| claim(&id, rows)),
        (id(), state, prop::option::of(0..5i64)).prop_map(|(id, state, next)| attempt(&id, state, next)),
    ]
}

fn batch() -> impl Strategy<Value = Batch> {
    let signals = prop::option::of(vec(any::<u8>(), 0..9));
    let detector =
        (id(), prop::option::of(vec(any::<u8>(), 0..3))).prop_map(|(key, state)| DetectorChange { key, state });
    let rows = (
        vec((prop::option::of(1..5u64), id()).prop_map(|(no, body)| event(no, &body)), 0..4),
        vec(incident_row(), 0..3),
        vec(detector, 0..3),
        vec((id(), 1..4u8, 0..5i64).prop_map(|(id, severity, at)| request(&id, severity, at)), 0..2),
        vec(update(), 0..2),
    );
    let apart = (vec(id(), 0..2), vec(id(), 0..2), vec((0..6u64).prop_map(Position), 0..2));
    (-1..9i64, 0..3u64, signals, rows, apart).prop_map(
        |(later, numbers, signals, rows, (private_ids, erase, prune))| Batch {
            // Relative to the head; the world fills the rest in.
            recorded_at: at(later),
            next_incident: numbers,
            block: signals.map(|bytes| Block { count: 1, first_at: at(0), last_at: at(1), bytes }),
            events: rows.0,
            incidents: rows.1,
            detectors: rows.2,
            requests: rows.3,
            deliveries: rows.4,
            private: private_ids.iter().map(|id| private(id, "x")).collect(),
            erase,
            prune,
            ..Batch::default()
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let documents = (id(), prop::option::of(id())).prop_map(|(id, body)| document("policy", &id, body.as_deref()));
    let outbox = (vec(update(), 0..3), vec(documents, 0..2)).prop_map(|(deliveries, documents)| OutboxChanges {
        deliveries,
        documents,
        forget_expired: None,
    });
    prop_oneof![3 => batch().prop_map(|batch| Step::Commit(Box::new(batch))), 1 => outbox.prop_map(Step::Apply)]
}

fn take(world: &mut World, step: &Step) -> String {
    match step {
        Step::Apply(changes) => format!("{:?}", world.writer.apply(changes)),
        Step::Commit(given) => {
            let head = world.writer.head().unwrap();
            let batch = Batch {
                expected: head.position,
                recorded_at: head.recorded_at + given.recorded_at.since(at(0)),
                next_incident: head.next_incident + given.next_incident,
                ..(**given).clone()
            };
            format!("{:?}", world.writer.commit(&batch))
        }
    }
}

/// Takes the steps in a store and in memory, and compares what is told and what is there afterwards.
fn same(mut store: World, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut memory = World::memory();
    for step in steps {
        prop_assert_eq!(take(&mut store, step), take(&mut memory, step));
    }
    prop_assert_eq!(store.dump(), memory.dump());
    let workspace = Workspace::default();
    prop_assert_eq!(verify(&*store.reader, workspace).unwrap(), verify(&*memory.reader, workspace).unwrap());
    if store.directory.is_some() || store.scratch.is_some() {
        crate::carry::into_a_folder(&store);
    }
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn sqlite_is_alike(steps in vec(step(), 1..24)) {
        same(World::sqlite(), &steps)?;
    }
}

proptest! {
    // Fewer: each case creates a schema, and each step is two round trips and a sync.
    #![proptest_config(config(16))]

    #[test]
    fn postgres_is_alike(steps in vec(step(), 1..24)) {
        if let Some(world) = World::postgres() {
            same(world, &steps)?;
        }
    }
}
