//! Journals carried from one database to another: everything arrives as it is, or nothing does.

use journal::{Error, Field, Postgres, Restoring, Source, Sqlite, Store, Table, Workspace, verify};

use crate::support::{World, after, at, delivery, document, dump, event, incident, private, request, scratch};

const HERE: Workspace = Workspace(1);

/// A bit of everything, erased words among them.
pub(crate) fn fill(world: &mut World) {
    world.commit(|batch| {
        batch.events = vec![event(Some(1), "opened"), event(None, "a token was made")];
        batch.incidents = vec![incident(1)];
        batch.next_incident = 2;
        batch.requests = vec![request("r", 1, 1), request("s", 2, 1)];
        batch.deliveries = vec![crate::support::claim("r", vec![delivery("d", 1, 3)])];
        batch.private = vec![private("p", "words"), private("q", "kept")];
        batch.detectors = vec![journal::DetectorChange { key: "k".to_owned(), state: Some(b"counted".to_vec()) }];
        let block = journal::Block { count: 2, first_at: at(0), last_at: at(1), bytes: vec![0, 255, 1] };
        batch.block = Some(block);
        batch.documents = vec![document("policy", "active", Some("version: 1"))];
    });
    world.commit(|batch| batch.erase = vec!["p".to_owned()]);
    for n in 0..700 {
        world.commit(|batch| batch.events = vec![event(Some(1), &format!("entry {n}"))]);
    }
}

fn rows(world: &World) -> Box<dyn Source> {
    match (&world.directory, &world.scratch) {
        (Some(directory), _) => Sqlite::open_read_only(directory.path()).unwrap().rows().unwrap(),
        (_, Some(scratch)) => Postgres::open_read_only(scratch.url()).unwrap().rows().unwrap(),
        _ => unreachable!("journals in memory are not carried"),
    }
}

/// Carries a journal into a new data directory, and compares what is there.
pub(crate) fn into_a_folder(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    let (restoring, carried) = Restoring::carry(&mut *rows(world), folder.path(), &mut |_| ()).unwrap();
    assert!(carried.0.iter().all(|(_, rows)| *rows < 100_000), "{carried:?}");
    let verified = restoring.verified().clone();
    restoring.finish(&folder.path().join("aside")).unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    assert_eq!(dump(&*store.reader(HERE).unwrap()), world.dump());
    assert_eq!(verified, verify(&*world.reader, HERE).unwrap());
    goes_on(&store);
}

/// The same into a schema, where there is a server.
pub(crate) fn into_a_schema(world: &World) {
    let Some(scratch) = scratch() else { return };
    let store = Postgres::open(scratch.url()).unwrap();
    let (_, verified) = store.fill(&mut *rows(world), &mut |_| ()).unwrap();
    assert_eq!(dump(&*store.reader(HERE).unwrap()), world.dump());
    assert_eq!(verified, verify(&*world.reader, HERE).unwrap());
    goes_on(&store);
}

/// The next batch stands on what was carried.
fn goes_on(store: &dyn Store) {
    let mut writer = store.writer(HERE).unwrap();
    let mut batch = after(&writer.head().unwrap());
    batch.events = vec![event(Some(1), "and on")];
    writer.commit(&batch).unwrap();
    verify(&*store.reader(HERE).unwrap(), HERE).unwrap();
}

#[test]
fn a_folder_arrives_whole() {
    let mut world = World::sqlite();
    fill(&mut world);
    into_a_folder(&world);
    into_a_schema(&world);
}

#[test]
fn a_schema_arrives_whole() {
    let Some(mut world) = World::postgres() else { return };
    fill(&mut world);
    into_a_folder(&world);
    into_a_schema(&world);
}

#[test]
fn what_is_written_meanwhile_is_not_carried_and_does_no_harm() {
    let mut world = World::sqlite();
    fill(&mut world);
    let before = world.dump();
    let mut source = rows(&world);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let mut meanwhile = || {
        world.commit(|batch| batch.events = vec![event(None, "meanwhile")]);
    };
    Sqlite::take(&mut *source, &file, &mut |_| meanwhile()).unwrap();
    let copy = Sqlite::open_read_only(&file).unwrap();
    assert_eq!(dump(&*copy.reader(HERE).unwrap()), before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["copy.db"], "one file, nothing beside it");
}

/// A source that fails after some pages, as a lost connection would.
struct Failing(Box<dyn Source>, u32);

impl Source for Failing {
    fn count(&mut self, table: &Table) -> journal::Result<u64> {
        self.0.count(table)
    }

    fn page(&mut self, table: &Table, after: &[Field]) -> journal::Result<Vec<Vec<Field>>> {
        self.1 = self.1.checked_sub(1).ok_or(Error::Unreachable { path: "far".into(), detail: "gone".to_owned() })?;
        self.0.page(table, after)
    }
}

#[test]
fn a_copy_that_is_cut_off_leaves_nothing() {
    let mut world = World::sqlite();
    fill(&mut world);
    let folder = tempfile::tempdir().unwrap();
    let cut = Restoring::carry(&mut Failing(rows(&world), 3), folder.path(), &mut |_| ());
    assert!(matches!(cut.err(), Some(Error::Unreachable { .. })));
    assert!(!folder.path().join("watchbell.db").exists());
    let Some(scratch) = scratch() else { return };
    let store = Postgres::open(scratch.url()).unwrap();
    let empty = dump(&*store.reader(HERE).unwrap());
    let cut = store.fill(&mut Failing(rows(&world), 3), &mut |_| ());
    assert!(matches!(cut.err(), Some(Error::Unreachable { .. })));
    assert_eq!(dump(&*store.reader(HERE).unwrap()), empty);
    store.fill(&mut *rows(&world), &mut |_| ()).unwrap();
}

#[test]
fn a_journal_that_is_not_empty_takes_nothing_in() {
    let mut world = World::sqlite();
    fill(&mut world);
    let Some(mut full) = World::postgres() else { return };
    full.commit(|batch| batch.events = vec![event(None, "mine")]);
    let before = full.dump();
    let store = Postgres::open(full.scratch.as_ref().unwrap().url()).unwrap();
    let refused = store.fill(&mut *rows(&world), &mut |_| ());
    assert!(matches!(refused.err(), Some(Error::Filled { .. })));
    assert_eq!(full.dump(), before);
}

/// What was altered on the way, or before, is seen: the chain is recomputed where it arrived.
#[test]
fn an_altered_journal_is_refused() {
    let mut world = World::sqlite();
    fill(&mut world);
    let database = world.directory.as_ref().unwrap().path().join("watchbell.db");
    let alter = "UPDATE event SET kind = 'other' WHERE position = 3 AND idx = 0";
    rusqlite::Connection::open(database).unwrap().execute(alter, []).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let carried = Restoring::carry(&mut *rows(&world), folder.path(), &mut |_| ());
    assert!(matches!(carried.err(), Some(Error::Broken { position: journal::Position(3), .. })));
}

#[test]
fn every_column_of_every_table_is_carried() {
    let world = World::sqlite();
    let database = world.directory.as_ref().unwrap().path().join("watchbell.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    // Made anew by the database itself: spans index events, generated columns are not stored.
    let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
               WHERE m.type = 'table' AND m.name <> 'event_span' AND c.hidden = 0";
    let mut statement = connection.prepare(sql).unwrap();
    let there = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(sorted(there.map(Result::unwrap).collect()), sorted(journal::carried_columns()));
    let Some(world) = World::postgres() else { return };
    let scratch = world.scratch.as_ref().unwrap();
    let there = scratch.ask(
        "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, column_name)
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND is_generated = 'NEVER' AND table_name <> 'watchbell_schema'",
    );
    let carried: Vec<String> =
        sorted(journal::carried_columns()).iter().map(|(table, column)| format!("{table}.{column}")).collect();
    let mut there: Vec<String> = there.unwrap().unwrap().split(' ').map(str::to_owned).collect();
    there.sort();
    let mut carried = carried;
    carried.sort();
    assert_eq!(there, carried);
}

fn sorted(mut columns: Vec<(String, String)>) -> Vec<(String, String)> {
    columns.sort();
    columns
}
