//! What a database on disk has to hold beyond the common guarantees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use expect_test::{expect, expect_file};
use journal::{Error, Position, Reader, Sqlite, Store, Workspace, verify};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::support::{World, attempt, claim, delivery, document, dump, event, incident, private, request};

/// A database with a row of everything.
fn filled() -> World {
    let mut world = World::sqlite();
    for number in 1..=3 {
        world.commit(|batch| {
            batch.events = vec![event(Some(number), "a"), event(None, "b")];
            batch.incidents = vec![incident(number)];
            batch.private = vec![private(&format!("p{number}"), "x")];
            batch.documents = vec![document("token", &number.to_string(), Some("x"))];
            batch.requests = vec![request(&format!("r{number}"), 1, 1), request(&format!("s{number}"), 2, 2)];
        });
    }
    world.deliveries(vec![claim("r1", vec![delivery("d", 1, 5), delivery("e", 2, 5)])]).unwrap();
    world.deliveries(vec![attempt("e", journal::DeliveryState::Dead, None)]).unwrap();
    world
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap().map(|file| file.unwrap().path()) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// The digest of each file that holds data. A look at a database may leave the lock and SQLite's empty helpers behind.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for path in fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()) {
        let (name, bytes) = (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
        if !bytes.is_empty() && !name.ends_with("-shm") {
            files.insert(name, format!("{:x?}", Sha256::digest(bytes)));
        }
    }
    files
}

fn reader_of(path: &Path) -> std::sync::Arc<dyn Reader> {
    Sqlite::open(path).unwrap().reader(Workspace::default()).unwrap()
}

#[test]
fn events_of_an_older_database_are_found() {
    let World { store, writer, reader, directory, .. } = filled();
    let before = dump(&*reader);
    drop((store, writer, reader));
    let directory = directory.unwrap();
    let older = "DROP INDEX event_place; DROP TABLE event_span; PRAGMA user_version = 3;
        DROP INDEX incident_life; ALTER TABLE incident DROP COLUMN span; ALTER TABLE incident DROP COLUMN ended_at;
        CREATE INDEX event_incident ON event (workspace, incident, position, idx) WHERE incident IS NOT NULL;";
    Connection::open(directory.path().join("watchbell.db")).unwrap().execute_batch(older).unwrap();
    assert_eq!(dump(&*reader_of(directory.path())), before);
}

#[test]
fn everything_is_there_after_reopening() {
    let World { store, writer, reader, directory, .. } = filled();
    let before = dump(&*reader);
    drop((store, writer, reader));
    let directory = directory.unwrap();
    assert_eq!(dump(&*reader_of(directory.path())), before);
    assert_eq!(dump(&*reader_of(&directory.path().join("watchbell.db"))), before, "named by its file");
}

#[test]
fn everything_is_there_after_a_crash() {
    let world = filled();
    let crashed = tempfile::tempdir().unwrap();
    copy(world.directory.as_ref().unwrap().path(), crashed.path());
    assert_eq!(dump(&*reader_of(crashed.path())), world.dump());
}

#[test]
fn a_log_torn_in_its_last_commit_loses_that_commit_alone() {
    let mut world = filled();
    let before = world.dump();
    let source = world.directory.as_ref().unwrap().path().to_owned();
    let log = |directory: &Path| directory.join("watchbell.db-wal");
    let kept = fs::metadata(log(&source)).unwrap().len();
    world.commit(|batch| batch.events = vec![event(None, "last")]);
    let whole = fs::metadata(log(&source)).unwrap().len();
    assert!(whole > kept);
    for length in [kept, kept + 1, (kept + whole) / 2, whole - 1] {
        let torn = tempfile::tempdir().unwrap();
        copy(&source, torn.path());
        fs::File::options().write(true).open(log(torn.path())).unwrap().set_len(length).unwrap();
        fs::remove_file(torn.path().join("watchbell.db-shm")).unwrap();
        let reader = reader_of(torn.path());
        assert_eq!(dump(&*reader), before, "cut at {length}");
        verify(&*reader, Workspace::default()).unwrap();
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let World { store, writer, reader, directory, .. } = filled();
    drop((store, writer, reader));
    let directory = directory.unwrap();
    Connection::open(directory.path().join("watchbell.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = files(directory.path());
    for opened in [Sqlite::open(directory.path()), Sqlite::open_read_only(directory.path())] {
        assert!(matches!(opened.err(), Some(Error::Newer { found: 99, known: 5, .. })));
    }
    assert_eq!(files(directory.path()), before);
}

#[test]
fn what_is_not_our_database_is_refused_untouched() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 3] = [
        ("text", |path| fs::write(path, "Dear diary, ".repeat(1_000)).unwrap()),
        ("another program's", |path| Connection::open(path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap()),
        ("another program's id", |path| {
            Connection::open(path).unwrap().execute_batch("PRAGMA application_id = 7").unwrap()
        }),
    ];
    for (name, make) in cases {
        let directory = tempfile::tempdir().unwrap();
        make(&directory.path().join("watchbell.db"));
        let before = files(directory.path());
        for opened in [Sqlite::open(directory.path()), Sqlite::open_read_only(directory.path())] {
            assert!(matches!(opened.err(), Some(Error::Foreign { .. })), "{name}");
        }
        assert_eq!(files(directory.path()), before, "{name}");
    }
}

#[test]
fn reading_needs_a_database_of_this_version() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(Sqlite::open_read_only(directory.path()).err(), Some(Error::Missing { .. })));
    assert_eq!(files(directory.path()), BTreeMap::new());
    fs::write(directory.path().join("watchbell.db"), "").unwrap();
    let older = Sqlite::open_read_only(directory.path()).err();
    assert!(matches!(older, Some(Error::Older { found: 0, known: 5, .. })));
}

#[test]
fn one_server_at_a_time_has_the_database() {
    let World { store, writer, reader, directory, .. } = filled();
    let directory = directory.unwrap();
    let second = Sqlite::open(directory.path()).err().unwrap();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    drop((store, reader));
    assert!(matches!(Sqlite::open(directory.path()), Err(Error::InUse { .. })), "its writer still lives");
    drop(writer);
    Sqlite::open(directory.path()).unwrap();
}

#[test]
fn a_running_server_can_be_read_beside_it() {
    let mut world = filled();
    let beside = Sqlite::open_read_only(world.directory.as_ref().unwrap().path()).unwrap();
    let reader = beside.reader(Workspace::default()).unwrap();
    assert_eq!(dump(&*reader), world.dump());
    let head = world.commit(|_| {});
    assert_eq!(reader.head().unwrap(), head);
    assert_eq!(verify(&*reader, Workspace::default()).unwrap().head.position, Position(4));
    assert!(matches!(beside.writer(Workspace::default()).err(), Some(Error::ReadOnly { .. })));
}

#[test]
fn many_readers_share_few_connections() {
    let world = filled();
    let expected = world.dump();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(dump(&*world.reader), expected));
        }
    });
}

#[test]
fn a_data_directory_is_created_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("var").join("watchbell");
    let store = Sqlite::open(&directory).unwrap();
    assert_eq!(store.path(), directory.join("watchbell.db"));
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    let named = parent.path().join("other.db");
    assert_eq!(Sqlite::open(&named).unwrap().path(), named);
}

#[test]
fn a_path_that_cannot_be_a_directory_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("file"), "").unwrap();
    let refused = Sqlite::open(parent.path().join("file").join("data")).err().unwrap();
    assert_eq!(refused.code().id, "store-failed", "{refused}");
}

/// Names the directory that the test below opens when it runs itself again as a user without rights.
const READ_ONLY: &str = "WATCHBELL_TEST_READ_ONLY";

#[test]
fn a_read_only_directory_is_refused_untouched() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if let Some(directory) = std::env::var_os(READ_ONLY) {
        let directory = Path::new(&directory);
        let refused = Sqlite::open(directory).err().unwrap();
        assert!(matches!(refused, Error::ReadOnly { .. }), "{refused}");
        assert_eq!(refused.code().id, "store-read-only");
        return;
    }
    let World { store, writer, reader, directory, .. } = filled();
    drop((store, writer, reader));
    let directory = directory.unwrap();
    for (file, rights) in [("watchbell.db", 0o444), ("watchbell.db.lock", 0o444), ("", 0o555)] {
        fs::set_permissions(directory.path().join(file), fs::Permissions::from_mode(rights)).unwrap();
    }
    let before = files(directory.path());
    // Root may write anywhere, so that root's run hands the question to a user who may not.
    let program = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let copy = program.path().join("suite");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let mut again = std::process::Command::new(copy);
    if fs::metadata(program.path()).unwrap().uid() == 0 {
        const NOBODY: u32 = 65_534;
        std::os::unix::process::CommandExt::uid(&mut again, NOBODY);
    }
    let test = ["--exact", "sqlite::a_read_only_directory_is_refused_untouched"];
    let output = again.args(test).env(READ_ONLY, directory.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(files(directory.path()), before);
}

#[test]
fn the_schema_is_the_one_that_was_released() {
    let world = World::sqlite();
    let connection = Connection::open(world.directory.as_ref().unwrap().path().join("watchbell.db")).unwrap();
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let schema: Vec<String> = rows.map(|row| row.unwrap() + ";\n").collect();
    expect_file!["../schema.sql"].assert_eq(&schema.join("\n"));
}

#[test]
fn a_damaged_database_is_named_as_such() {
    let World { store, writer, reader, directory, .. } = filled();
    drop((store, writer, reader));
    let directory = directory.unwrap();
    let file = directory.path().join("watchbell.db");
    let mut bytes = fs::read(&file).unwrap();
    const PAGE: usize = 4_096;
    bytes[PAGE..].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    let reader = Sqlite::open_read_only(directory.path()).map(|store| store.reader(Workspace::default()).unwrap());
    let damaged = reader.and_then(|reader| reader.head()).unwrap_err();
    assert!(matches!(damaged, Error::Corrupt { .. }), "{damaged}");
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let error = Error::Newer { path: "data/watchbell.db".into(), found: 9, known: 1 };
    expect!["the database was written by a newer version: data/watchbell.db: schema version 9, but this program knows versions up to 1; nothing was changed [store-newer]"].assert_eq(&error.problem().to_string());
}
