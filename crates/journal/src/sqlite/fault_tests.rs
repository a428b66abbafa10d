//! Disks that fill up, and locks that are not given back: a commit fails whole, and the writer goes on.

use std::sync::Arc;
use std::time::Duration;

use calendar::Instant;

use super::Sqlite;
use super::writer::SqliteWriter;
use crate::{Batch, Block, Error, EventRow, IncidentFilter, OutboxChanges, Position, Store, Workspace, Writer, verify};

const HERE: Workspace = Workspace(1);

/// A batch of about a hundred pages after `position`.
fn large(position: u64) -> Batch {
    let event = EventRow { incident: None, kind: "noted".into(), body: vec![1; 1_000] };
    Batch {
        expected: Position(position),
        recorded_at: Instant::from_micros(1 + i64::try_from(position).unwrap()),
        next_incident: 1,
        block: Some(Block {
            count: 1,
            first_at: Instant::default(),
            last_at: Instant::default(),
            bytes: vec![0; 300_000],
        }),
        events: vec![event; 100],
        ..Batch::default()
    }
}

fn limit_pages(writer: &SqliteWriter, pages: u32) {
    writer.connection().pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_refuses_the_batch_whole_and_the_writer_goes_on_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path()).unwrap();
    let mut writer = SqliteWriter::new(Arc::clone(&store.shared), HERE).unwrap();
    let reader = store.reader(HERE).unwrap();
    let head = writer.commit(&large(0)).unwrap();
    let pages: u32 = writer.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    // From the first page that is missing to the last: wherever in the batch the space ends.
    for more in 0..60 {
        limit_pages(&writer, pages + more);
        let refused = writer.commit(&large(1)).unwrap_err();
        assert!(matches!(refused, Error::Full { .. }), "{refused}");
        assert_eq!(refused.code().id, "store-full");
        assert_eq!(writer.head().unwrap(), head);
        assert_eq!(reader.entry(Position(2)).unwrap(), None);
    }
    assert!(matches!(writer.replace_incidents(&[]), Ok(())), "what needs no space goes on");
    limit_pages(&writer, u32::MAX);
    writer.commit(&large(1)).unwrap();
    assert_eq!(verify(&*reader, HERE).unwrap().events, 200);
}

#[test]
fn a_lock_held_by_another_program_is_waited_for_and_then_reported() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path()).unwrap();
    let mut writer = SqliteWriter::new(Arc::clone(&store.shared), HERE).unwrap();
    writer.connection().busy_timeout(Duration::from_millis(20)).unwrap();
    let shell = rusqlite::Connection::open(store.path()).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(writer.commit(&large(0)), Err(Error::Busy { .. })));
    assert!(matches!(writer.apply(&OutboxChanges::default()), Err(Error::Busy { .. })));
    let reader = store.reader(HERE).unwrap();
    assert_eq!(reader.incidents(&IncidentFilter::default(), 1).unwrap(), [], "reading goes on meanwhile");
    shell.execute_batch("ROLLBACK").unwrap();
    writer.commit(&large(0)).unwrap();
}

#[test]
fn every_commit_is_synced() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path()).unwrap();
    let writer = SqliteWriter::new(Arc::clone(&store.shared), HERE).unwrap();
    let setting = |name| writer.connection().pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    const FULL: i64 = 2;
    assert_eq!(setting("synchronous"), FULL);
    assert_eq!(setting("foreign_keys"), 1);
    assert_eq!(setting("secure_delete"), 1);
}

/// The flags stand in `.cargo/config.toml`, which a build from elsewhere would not see: that it
/// syncs with `fdatasync` is not among what SQLite tells, the other one is.
#[test]
fn sqlite_is_built_with_our_flags() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let used = |name: &str| {
        connection.query_row("SELECT sqlite_compileoption_used(?1)", [name], |row| row.get::<_, bool>(0)).unwrap()
    };
    assert!(used("DEFAULT_MEMSTATUS=0"));
}

#[test]
fn erased_data_leaves_no_bytes_in_the_files() {
    const SECRET: &[u8] = b"Ms Example, 4 Harbour Street";
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path()).unwrap();
    let mut writer = store.writer(HERE).unwrap();
    let holds_secret = || {
        let files = std::fs::read_dir(directory.path()).unwrap();
        files
            .filter(|file| {
                let bytes = std::fs::read(file.as_ref().unwrap().path()).unwrap();
                bytes.windows(SECRET.len()).any(|window| window == SECRET)
            })
            .count()
    };
    let content = crate::PrivateContent { salt: [1; 16], bytes: SECRET.repeat(1_000) };
    writer.commit(&Batch { private: vec![crate::PrivateRow { id: "p".to_owned(), content }], ..large(0) }).unwrap();
    assert_ne!(holds_secret(), 0);
    writer.commit(&Batch { erase: vec!["p".to_owned()], ..large(1) }).unwrap();
    assert_eq!(holds_secret(), 0);
}
