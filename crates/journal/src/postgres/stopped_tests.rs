//! Nodes that stop in the middle of a transaction, and servers that are set up to forget.

use calendar::Instant;

use super::session::{Query, Session};
use super::writer::head_query;
use super::{Postgres, Scratch};
use crate::{Batch, Position, Store, Workspace};

const HERE: Workspace = Workspace(1);

fn scratch() -> Option<Scratch> {
    let Ok(server) = std::env::var("WATCHBELL_TEST_POSTGRES") else {
        eprintln!("NOT RUN on PostgreSQL: WATCHBELL_TEST_POSTGRES is not set; `cargo xtask test` sets it");
        return None;
    };
    Some(Scratch::on(&server))
}

#[test]
fn a_node_that_stops_in_a_transaction_loses_its_locks_and_writes_nothing_stale() {
    let Some(scratch) = scratch() else { return };
    let store = Postgres::open(scratch.url()).unwrap();
    let mut writer = store.writer(HERE).unwrap();
    let stopped = Session::open(&store.shared.driver, &store.shared.address).unwrap();
    stopped.begin(&[head_query(1, "FOR UPDATE")]).unwrap();
    // It waits until the server ends the transaction of the one that has stopped.
    let batch =
        Batch { expected: Position(0), recorded_at: Instant::from_micros(1), next_incident: 1, ..Batch::default() };
    let head = writer.commit(&batch).unwrap();
    let stale = Query::new("UPDATE head SET position = 7 WHERE workspace = $1").bind(1);
    let resumed = stopped.write_and_commit(&[stale]).unwrap_err();
    assert!(resumed.is_lost(), "{resumed:?}");
    assert!(!stopped.is_usable());
    assert_eq!(writer.head().unwrap(), head);
}

#[test]
fn every_commit_is_synced_whatever_the_server_is_set_to() {
    let Some(scratch) = scratch() else { return };
    for (set, expected) in [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")] {
        let url = format!("{}&options=-csynchronous_commit%3D{set}", scratch.url());
        let store = Postgres::open(&url).unwrap();
        let session = Session::open(&store.shared.driver, &store.shared.address).unwrap();
        let rows = session.begin(&[Query::new("SELECT current_setting('synchronous_commit')")]).unwrap();
        assert_eq!(rows[0][0].get::<_, &str>(0), expected, "{set}");
        session.roll_back();
        let rows = session.query(&Query::new("SELECT current_setting('synchronous_commit')")).unwrap();
        assert_eq!(rows[0].get::<_, &str>(0), set, "nothing outlives a transaction");
    }
}

#[test]
fn what_cannot_be_sent_is_not_left_out_of_what_is_committed() {
    let Some(scratch) = scratch() else { return };
    let store = Postgres::open(scratch.url()).unwrap();
    store.writer(HERE).unwrap();
    let session = Session::open(&store.shared.driver, &store.shared.address).unwrap();
    session.begin(&[]).unwrap();
    let good = Query::new("UPDATE head SET position = 7 WHERE workspace = $1").bind(1);
    // The driver refuses a text with a zero in it before it sends anything.
    let unsendable = Query::new("SELECT '\0'");
    session.write_and_commit(&[good, unsendable]).unwrap_err();
    assert_eq!(store.reader(HERE).unwrap().head().unwrap().position, Position(0));
    assert!(session.is_usable());
}
