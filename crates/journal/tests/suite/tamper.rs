//! Whatever is changed in the rows behind Watchbell's back is found, at its place.

use journal::{Block, Error, EventRow, Position, Rewrite, Workspace, verify};
use rusqlite::Connection;

use crate::support::{World, at, event, private};

/// Two batches with signals and events, one with personal data.
fn fill(mut world: World) -> World {
    for signals in [b"one", b"two"] {
        world.commit(|batch| {
            batch.block = Some(Block { count: 1, first_at: at(1), last_at: at(2), bytes: signals.to_vec() });
            batch.events = vec![event(Some(1), "a"), event(Some(2), "b")];
        });
    }
    world.commit(|batch| batch.private = vec![private("p", "Ms Example"), private("q", "Mr Example")]);
    world
}

/// Changes rows by hand.
fn tamper(world: &World, sql: &str) {
    if let Some(scratch) = &world.scratch {
        return scratch.execute(&sql.replace("x'00'", "'\\x00'")).unwrap();
    }
    let file = world.directory.as_ref().unwrap().path().join("watchbell.db");
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    assert!(connection.total_changes() > 0, "{sql}: nothing was changed");
}

/// A name, the change, and the position and reason that verification gives.
const CASES: &[(&str, &str, u64, &str)] = &[
    ("event changed", "UPDATE event SET body = x'00' WHERE position = 2 AND idx = 1", 2, ROWS),
    ("event moved", "UPDATE event SET incident = 9 WHERE position = 1 AND idx = 0", 1, ROWS),
    ("event renamed", "UPDATE event SET kind = 'met' WHERE position = 1 AND idx = 0", 1, ROWS),
    ("event removed", "DELETE FROM event WHERE position = 2 AND idx = 0", 2, ROWS),
    ("event added", "INSERT INTO event VALUES (1, 3, 0, 1, 'noted', x'00')", 3, ROWS),
    ("events swapped", "UPDATE event SET idx = idx + 9; UPDATE event SET idx = 10 - idx", 1, ROWS),
    ("block changed", "UPDATE block SET bytes = x'00' WHERE position = 2", 2, BLOCK),
    ("block recounted", "UPDATE block SET count = 0 WHERE position = 1", 1, BLOCK),
    ("block removed", "DELETE FROM block WHERE position = 1", 1, BLOCK),
    (
        "block removed with its digest",
        "DELETE FROM block WHERE position = 1; UPDATE batch SET block_digest = NULL WHERE position = 1",
        1,
        ROWS,
    ),
    ("time changed", "UPDATE batch SET recorded_at = recorded_at + 1 WHERE position = 2", 2, ROWS),
    ("batch removed", "DELETE FROM event; DELETE FROM block; DELETE FROM batch WHERE position = 1", 1, MISSING),
    ("end cut off", "DELETE FROM private; DELETE FROM batch WHERE position = 3", 3, MISSING),
    ("head set back", "UPDATE head SET position = 2", 2, "the head has another hash than its batch"),
    (
        "head set back with its hash",
        "UPDATE head SET position = 2, hash = (SELECT hash FROM batch WHERE position = 2)",
        3,
        "there is a batch after the head, so the head was set back",
    ),
    (
        "personal data changed",
        "UPDATE private SET bytes = x'00' WHERE id = 'p'",
        3,
        "private row `p` does not match its digest",
    ),
    ("personal data renamed", "UPDATE private SET id = 'r' WHERE id = 'q'", 3, ROWS),
    ("personal data removed", "DELETE FROM private WHERE id = 'p'", 3, ROWS),
];
const ROWS: &str = "its rows do not give the recorded hash";
const BLOCK: &str = "the block of signals does not match its digest";
const MISSING: &str = "the batch is missing";

/// What is possible in one database only.
const SQLITE_CASES: &[(&str, &str, u64, &str)] = &[(
    "event of another type",
    "PRAGMA writable_schema = ON;
     UPDATE sqlite_schema SET sql = replace(sql, ', STRICT', '') WHERE name = 'event';
     PRAGMA writable_schema = RESET; UPDATE event SET body = 'text' WHERE position = 1 AND idx = 0",
    1,
    "a row cannot be read: Invalid column type Text at index: 2, name: body",
)];
const POSTGRES_CASES: &[(&str, &str, u64, &str)] = &[(
    "number out of range",
    "UPDATE event SET incident = -1 WHERE position = 1 AND idx = 0",
    1,
    "a row cannot be read: `incident` is -1, which is out of its range",
)];

fn is_found(world: World, (name, sql, expected, reason): &(&str, &str, u64, &str)) {
    let world = fill(world);
    tamper(&world, sql);
    match verify(&*world.reader, Workspace::default()) {
        Err(Error::Broken { position, why }) => {
            assert_eq!((position.0, why.as_str()), (*expected, *reason), "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_change_in_sqlite_is_found_at_its_place() {
    CASES.iter().chain(SQLITE_CASES).for_each(|case| is_found(World::sqlite(), case));
}

#[test]
fn every_change_in_postgres_is_found_at_its_place() {
    for case in CASES.iter().chain(POSTGRES_CASES) {
        let Some(world) = World::postgres() else { return };
        is_found(world, case);
    }
}

#[test]
fn erasure_is_no_tampering() {
    for world in [Some(World::sqlite()), World::postgres()].into_iter().flatten() {
        let world = fill(world);
        tamper(&world, "UPDATE private SET salt = NULL, bytes = NULL WHERE id = 'p'");
        assert_eq!(verify(&*world.reader, Workspace::default()).unwrap().erased, 1);
    }
}

#[test]
fn a_block_is_written_anew_only_as_the_chain_says() {
    let block = |bytes: &[u8]| Block { count: 1, first_at: at(1), last_at: at(2), bytes: bytes.to_vec() };
    for mut world in [Some(World::sqlite()), Some(World::memory()), World::postgres()].into_iter().flatten() {
        world.commit(|batch| batch.block = Some(block(b"one and a name")));
        let rewrites =
            [b"one and ~".as_slice(), b"one"].map(|bytes| Rewrite { position: Position(1), block: block(bytes) });
        for rewrite in &rewrites {
            world.commit(|batch| {
                batch.events = vec![EventRow::rewritten(rewrite)];
                batch.rewrite = vec![rewrite.clone()];
            });
            assert_eq!(world.reader.block(Position(1)).unwrap().unwrap().block, rewrite.block);
            assert_eq!(verify(&*world.reader, Workspace::default()).unwrap().rewritten, 1);
        }
        // What was there before is no longer what the chain says; nor is a rewrite without its event.
        for bytes in [b"one and ~".as_slice(), b"one and a name", b"two"] {
            world.commit(|batch| batch.rewrite = vec![Rewrite { position: Position(1), block: block(bytes) }]);
            let found = verify(&*world.reader, Workspace::default());
            assert!(matches!(&found, Err(Error::Broken { position: Position(1), why }) if why == BLOCK), "{found:?}");
        }
        world.commit(|batch| batch.prune = vec![Position(1)]);
        world.commit(|batch| batch.rewrite = rewrites[..1].to_vec());
        assert_eq!(world.reader.block(Position(1)).unwrap(), None, "what is gone does not come back");
        assert_eq!(verify(&*world.reader, Workspace::default()).unwrap().pruned, 1);
    }
}
