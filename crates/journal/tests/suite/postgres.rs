//! What a database on a server has to hold beyond the common guarantees.

use std::path::Path;

use expect_test::{expect, expect_file};
use journal::{Error, OutboxChanges, Position, Postgres, Scratch, Store, Workspace, Writer, verify};

use crate::proxy::{Cut, Proxy};
use crate::support::{ALL, World, after, document, dump, event, request, scratch};

const HERE: Workspace = Workspace(1);

fn open(url: &str) -> Postgres {
    Postgres::open(url).unwrap()
}

/// A name by which the server knows the connections of one test.
fn named(scratch: &Scratch, name: &str) -> String {
    format!("{}&application_name={name}_{}", scratch.url(), std::process::id())
}

/// The server ends every connection with that name, as an administrator or a restart would.
fn end_connections(scratch: &Scratch, name: &str) {
    let name = format!("{name}_{}", std::process::id());
    let ended = scratch.ask(&format!(
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE application_name = '{name}'"
    ));
    assert_ne!(ended.unwrap().as_deref(), Some("0"), "there was nothing to end");
}

#[test]
fn everything_is_there_after_reopening() {
    let Some(mut world) = World::postgres() else { return };
    world.commit(|batch| {
        batch.events = vec![event(Some(1), "a")];
        batch.requests = vec![request("r", 1, 1)];
    });
    let before = world.dump();
    let scratch = world.scratch.unwrap();
    drop((world.store, world.writer, world.reader));
    assert_eq!(dump(&*open(scratch.url()).reader(HERE).unwrap()), before);
    let beside = Postgres::open_read_only(scratch.url()).unwrap();
    assert_eq!(dump(&*beside.reader(HERE).unwrap()), before);
    assert!(matches!(beside.writer(HERE).err(), Some(Error::ReadOnly { .. })));
}

#[test]
fn a_schema_of_a_newer_version_is_refused_untouched() {
    let Some(scratch) = scratch() else { return };
    open(scratch.url());
    scratch.execute("UPDATE watchbell_schema SET version = 99").unwrap();
    for opened in [Postgres::open(scratch.url()), Postgres::open_read_only(scratch.url())] {
        assert!(matches!(opened.err(), Some(Error::Newer { found: 99, known: 2, .. })));
    }
    assert_eq!(scratch.ask("SELECT version::text FROM watchbell_schema").unwrap().as_deref(), Some("99"));
}

#[test]
fn reading_needs_a_schema_of_this_version() {
    let Some(scratch) = scratch() else { return };
    assert!(matches!(Postgres::open_read_only(scratch.url()).err(), Some(Error::Missing { .. })));
    open(scratch.url());
    scratch.execute("UPDATE watchbell_schema SET version = 0").unwrap();
    assert!(matches!(Postgres::open_read_only(scratch.url()).err(), Some(Error::Older { found: 0, known: 2, .. })));
}

#[test]
fn a_schema_of_another_program_is_refused_untouched() {
    let Some(scratch) = scratch() else { return };
    let name = scratch.url().rsplit_once('=').unwrap().1;
    scratch.execute(&format!("CREATE SCHEMA {name}; CREATE TABLE head (theirs text)")).unwrap();
    assert!(matches!(Postgres::open(scratch.url()).err(), Some(Error::Foreign { .. })));
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(scratch.ask(tables).unwrap().as_deref(), Some("head"));
}

#[test]
fn nodes_that_start_together_migrate_once() {
    let Some(scratch) = scratch() else { return };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| open(scratch.url()).writer(HERE).unwrap().head().unwrap());
        }
    });
    assert_eq!(scratch.ask("SELECT count(*)::text FROM watchbell_schema").unwrap().as_deref(), Some("1"));
}

#[test]
fn the_schema_is_the_one_that_was_released() {
    let Some(scratch) = scratch() else { return };
    open(scratch.url());
    let columns = "SELECT string_agg(format('%s.%s %s%s %s', table_name, column_name, data_type,
            CASE is_nullable WHEN 'NO' THEN ' not null' END, collation_name), E'\\n'
            ORDER BY table_name COLLATE \"C\", ordinal_position)
        FROM information_schema.columns WHERE table_schema = current_schema()";
    let indexes = "SELECT string_agg(replace(indexdef, current_schema() || '.', ''), E'\\n'
            ORDER BY indexname COLLATE \"C\") FROM pg_indexes WHERE schemaname = current_schema()";
    let lines = |sql| scratch.ask(sql).unwrap().unwrap().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let [columns, indexes]: [String; 2] = [lines(columns), lines(indexes)];
    expect_file!["../postgres.txt"].assert_eq(&format!("{columns}\n{indexes}"));
}

#[test]
fn several_nodes_write_in_one_order() {
    const EACH: u64 = 15;
    let Some(scratch) = scratch() else { return };
    let commits = |node: u64| {
        let mut writer = open(scratch.url()).writer(HERE).unwrap();
        let mut refused = 0;
        for number in 0..EACH {
            loop {
                let mut batch = after(&writer.head().unwrap());
                batch.events = vec![event(Some(node), &number.to_string())];
                match writer.commit(&batch) {
                    Ok(_) => break,
                    Err(Error::HeadMoved { .. }) => refused += 1,
                    Err(other) => panic!("{other}"),
                }
            }
        }
        refused
    };
    let refused: u64 = std::thread::scope(|scope| {
        let nodes: Vec<_> = (1..=3).map(|node| scope.spawn(move || commits(node))).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).sum()
    });
    assert_ne!(refused, 0, "the nodes never met");
    let reader = open(scratch.url()).reader(HERE).unwrap();
    assert_eq!(verify(&*reader, HERE).unwrap().events, 3 * EACH);
    for node in 1..=3 {
        let own = reader.incident_events(journal::IncidentNo(node), Default::default(), ALL).unwrap();
        let bodies: Vec<String> = own.into_iter().map(|e| String::from_utf8(e.event.body).unwrap()).collect();
        assert_eq!(bodies, (0..EACH).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn a_request_that_two_nodes_claim_is_claimed_once() {
    use crate::support::{claim, delivery};
    let Some(mut world) = World::postgres() else { return };
    world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    let url = world.scratch.as_ref().unwrap().url();
    std::thread::scope(|scope| {
        for node in ["one", "two", "three"] {
            scope.spawn(move || {
                let mut writer = open(url).writer(HERE).unwrap();
                let deliveries = vec![claim("r", vec![delivery(node, 1, 1)])];
                writer.apply(&OutboxChanges { deliveries, ..OutboxChanges::default() }).unwrap();
            });
        }
    });
    assert_eq!(world.reader.deliveries(&Default::default(), ALL).unwrap().len(), 1);
}

#[test]
fn a_lost_connection_is_made_again() {
    let Some(scratch) = scratch() else { return };
    let store = open(&named(&scratch, "lost"));
    let (mut writer, reader) = (store.writer(HERE).unwrap(), store.reader(HERE).unwrap());
    let mut head = writer.head().unwrap();
    type Use = fn(&mut dyn Writer, &journal::Head) -> journal::Head;
    let uses: [Use; 3] = [
        |writer, head| writer.commit(&after(head)).unwrap(),
        |writer, head| {
            let documents = vec![document("token", "a", Some("x"))];
            writer.apply(&OutboxChanges { documents, ..OutboxChanges::default() }).unwrap();
            head.clone()
        },
        |writer, _| writer.head().unwrap(),
    ];
    for use_it in uses {
        end_connections(&scratch, "lost");
        head = use_it(&mut *writer, &head);
        assert_eq!(reader.head().unwrap(), head);
    }
    assert_eq!(head.position, Position(1));
    assert_eq!(reader.document("token", "a").unwrap(), Some(b"x".to_vec()));
}

/// The server's socket, from an URL such as `postgres:///postgres?host=/folder&user=me`.
fn through(proxy: &Proxy, url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap();
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("host=")).collect();
    let database = base.rsplit('/').next().unwrap();
    format!("postgres://127.0.0.1:{}/{database}?{}", proxy.port, rest.join("&"))
}

fn socket(url: &str) -> std::path::PathBuf {
    let host = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("host="));
    Path::new(host.expect("the tests' server is reached by a socket")).join(".s.PGSQL.5432")
}

#[test]
fn a_commit_cut_off_at_its_end_is_there_exactly_once() {
    let Some(scratch) = scratch() else { return };
    let proxy = Proxy::before(&socket(scratch.url()));
    let store = open(&through(&proxy, scratch.url()));
    let (mut writer, reader) = (store.writer(HERE).unwrap(), open(scratch.url()).reader(HERE).unwrap());
    let mut head = writer.head().unwrap();
    for (number, cut) in (1..).zip([Cut::Request, Cut::Answer, Cut::None, Cut::Answer, Cut::Request]) {
        let mut batch = after(&head);
        batch.events = vec![event(None, &number.to_string())];
        proxy.cut_next(cut);
        head = writer.commit(&batch).unwrap_or_else(|error| panic!("{cut:?}: {error}"));
        assert_eq!(head.position, Position(number), "{cut:?}");
        assert_eq!(reader.head().unwrap(), head, "{cut:?}");
        assert_eq!(verify(&*reader, HERE).unwrap().events, number, "{cut:?}");
        for other in [Cut::Request, Cut::Answer] {
            proxy.cut_next(other);
            let documents = vec![document("token", &number.to_string(), Some("x"))];
            writer.apply(&OutboxChanges { documents, ..OutboxChanges::default() }).unwrap();
        }
    }
    assert_eq!(reader.documents("token", "", ALL).unwrap().len(), 5);
}

#[test]
fn what_the_server_cannot_hold_is_refused_and_the_writer_goes_on() {
    let Some(mut world) = World::postgres() else { return };
    let before = world.dump();
    let refused = world.try_commit(|batch| batch.events = vec![event(None, "a"), event(None, "b")]).map(|_| ());
    refused.unwrap();
    let held = world.dump();
    assert_ne!(held, before);
    let nul = world.try_commit(|batch| {
        batch.events = vec![event(None, "gone")];
        batch.documents = vec![document("token", "a\0b", Some("x"))];
    });
    assert!(matches!(nul, Err(Error::Constraint { .. })), "{nul:?}");
    assert_eq!(world.dump(), held);
    world.commit(|_| {});
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_named_without_secrets() {
    let told = |url: &str| {
        let error = Postgres::open(url).err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        (error.code().id, error.to_string())
    };
    // A port that nobody listens on: bound for a moment to learn one, and given back.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let (code, text) = told(&format!("postgres://w:hunter2@127.0.0.1:{port}/wb"));
    assert_eq!(code, "store-unreachable");
    expect!["postgres://127.0.0.1:PORT/wb: the database server cannot be reached (error connecting to server: Connection refused (os error 111))"]
        .assert_eq(&text.replace(&port.to_string(), "PORT"));
    let Some(scratch) = scratch() else { return };
    let (base, query) = scratch.url().split_once('?').unwrap();
    let elsewhere = format!("{}/nowhere?{query}&password=hunter2", base.rsplit_once('/').unwrap().0);
    assert_eq!(told(&elsewhere).0, "store-rejected");
}
