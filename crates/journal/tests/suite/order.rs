//! The order: head, chain, events, blocks, workspaces.

use calendar::{Duration, Instant};
use expect_test::expect;
use journal::{Block, Error, EventPlace, EventRow, Head, Position, Workspace, verify};

use crate::support::{ALL, World, after, at, event, guarantees, incident, private, request};

guarantees! {
    a_new_workspace_is_at_its_beginning
    a_commit_moves_the_head_by_one
    a_batch_decided_on_an_older_head_is_refused
    journal_time_only_moves_forward
    time_zone_data_never_goes_back
    incident_numbers_are_never_given_twice
    a_refused_batch_leaves_no_trace_and_the_writer_goes_on
    events_are_read_in_order_from_any_place
    an_incident_is_found_at_however_many_positions
    events_of_no_incident_are_found_by_kind
    blocks_are_found_by_position_and_by_recording_time
    workspaces_do_not_see_each_other
    the_chain_has_the_same_bytes_on_every_store_for_ever
    the_chain_is_verified_with_erased_data
    pruned_blocks_are_passed_over_and_the_chain_holds
    one_batch_holds_thousands_of_rows
}

fn block(count: u32, bytes: &[u8]) -> Option<Block> {
    Some(Block { count, first_at: at(10), last_at: at(20), bytes: bytes.to_vec() })
}

fn a_new_workspace_is_at_its_beginning(mut world: World) {
    assert_eq!(world.reader.head().unwrap(), Head::genesis());
    assert_eq!(world.writer.head().unwrap(), Head::genesis());
    assert_eq!(world.reader.entry(Position(0)).unwrap(), None);
    assert_eq!(verify(&*world.reader, Workspace::default()).unwrap().head, Head::genesis());
}

fn a_commit_moves_the_head_by_one(mut world: World) {
    let first = world.commit(|batch| batch.tzdata = Some("2026a".to_owned()));
    assert_eq!((first.position, first.recorded_at, &*first.tzdata), (Position(1), at(1), "2026a"));
    let second = world.commit(|batch| batch.next_incident = 5);
    assert_eq!((second.position, second.next_incident, &*second.tzdata), (Position(2), 5, "2026a"));
    assert_ne!(first.hash, second.hash);
    assert_eq!(world.reader.head().unwrap(), second);
    assert_eq!(world.writer.head().unwrap(), second);
}

fn a_batch_decided_on_an_older_head_is_refused(mut world: World) {
    let stale = after(&world.writer.head().unwrap());
    let head = world.commit(|_| {});
    let mut other = world.store.writer(Workspace::default()).unwrap();
    assert!(matches!(other.commit(&stale), Err(Error::HeadMoved { expected: Position(0), found: Position(1) })));
    assert_eq!(other.head().unwrap(), head);
}

fn journal_time_only_moves_forward(mut world: World) {
    world.commit(|batch| batch.recorded_at = at(100));
    for earlier in [at(99), at(100), Instant::MIN] {
        let refused = world.try_commit(|batch| batch.recorded_at = earlier);
        assert!(matches!(refused, Err(Error::ClockBackwards { head, given }) if head == at(100) && given == earlier));
    }
    world.commit(|batch| batch.recorded_at = at(100) + Duration::from_micros(1));
}

fn time_zone_data_never_goes_back(mut world: World) {
    for (given, taken) in [("2025b", true), ("2026a", true), ("2025z", false), ("2026a", true), ("", false)] {
        let before = world.reader.head().unwrap();
        let result = world.try_commit(|batch| batch.tzdata = Some(given.to_owned()));
        match result {
            Ok(head) => assert!(taken && head.tzdata == given, "{given}"),
            Err(Error::TzdataOlder { head, given: refused }) => {
                assert_eq!((taken, head.as_str(), refused.as_str()), (false, "2026a", given));
                assert_eq!(world.reader.head().unwrap(), before);
            }
            other => panic!("{given}: {other:?}"),
        }
    }
}

fn incident_numbers_are_never_given_twice(mut world: World) {
    world.commit(|batch| batch.next_incident = 3);
    let refused = world.try_commit(|batch| batch.next_incident = 2).unwrap_err();
    expect!["refused: the next incident number would fall from 3 to 2, so that a number would be given twice"]
        .assert_eq(&refused.to_string());
}

fn a_refused_batch_leaves_no_trace_and_the_writer_goes_on(mut world: World) {
    world.commit(|batch| {
        batch.requests = vec![request("known", 1, 1)];
        batch.private = vec![private("known", "x")];
    });
    let before = world.dump();
    let cases = [
        ("request", "refused: request `known` exists already"),
        ("private", "refused: private row `known` exists already"),
        ("twice", "refused: request `new` exists already"),
    ];
    for (case, expected) in cases {
        let refused = world.try_commit(|batch| {
            batch.events = vec![event(Some(1), "gone")];
            batch.incidents = vec![incident(1)];
            batch.block = block(1, b"gone");
            match case {
                "request" => batch.requests = vec![request("new", 1, 1), request("known", 1, 1)],
                "private" => batch.private = vec![private("new", "x"), private("known", "x")],
                _ => batch.requests = vec![request("new", 1, 1), request("new", 1, 1)],
            }
        });
        assert_eq!(refused.unwrap_err().to_string(), expected);
        assert_eq!(world.dump(), before);
    }
    assert_eq!(world.commit(|_| {}).position, Position(2));
}

fn events_are_read_in_order_from_any_place(mut world: World) {
    world.commit(|batch| batch.events = vec![event(Some(1), "a"), event(None, "b"), event(Some(2), "c")]);
    world.commit(|_| {});
    world.commit(|batch| batch.events = vec![event(Some(1), "d")]);
    let place = |position, index| EventPlace { position: Position(position), index };
    let cases = [
        (EventPlace::default(), ALL, "1/0=a 1/1=b 1/2=c 3/0=d"),
        (EventPlace::default(), 2, "1/0=a 1/1=b"),
        (place(1, 1), ALL, "1/2=c 3/0=d"),
        (EventPlace::end_of(Position(1)), ALL, "3/0=d"),
        (place(3, 0), ALL, ""),
    ];
    for (from, limit, expected) in cases {
        assert_eq!(show(&world.reader.events(from, limit).unwrap()), expected, "after {from:?}");
    }
    let of_one = world.reader.incident_events(journal::IncidentNo(1), EventPlace::default(), ALL).unwrap();
    assert_eq!(show(&of_one), "1/0=a 3/0=d");
    let later = world.reader.incident_events(journal::IncidentNo(1), place(1, 0), ALL).unwrap();
    assert_eq!(show(&later), "3/0=d");
    assert_eq!(later[0].recorded_at, at(3));
}

fn an_incident_is_found_at_however_many_positions(mut world: World) {
    let mut expected = Vec::new();
    for position in 1..=200 {
        // Rarely, then often, then not at all, then twice at once.
        let ours = match position {
            7 | 64 | 200 => 1,
            90..110 => 1,
            150 => 2,
            _ => 0,
        };
        world.commit(|batch| {
            batch.events = vec![event(Some(2), "theirs"), event(None, "nobody's")];
            batch.events.extend((0..ours).map(|_| event(Some(1), "ours")));
        });
        expected.extend((0..ours).map(|index| EventPlace { position: Position(position), index: index + 2 }));
    }
    for limit in [1, 5, 20, ALL] {
        let mut found: Vec<EventPlace> = Vec::new();
        loop {
            let after = found.last().copied().unwrap_or_default();
            let more = world.reader.incident_events(journal::IncidentNo(1), after, limit).unwrap();
            if more.is_empty() {
                break;
            }
            assert!(more.len() <= limit as usize);
            found.extend(more.iter().map(|stored| stored.place));
        }
        assert_eq!(found, expected, "{limit} at once");
    }
}

fn show(events: &[journal::StoredEvent]) -> String {
    let one = |stored: &journal::StoredEvent| {
        let body = String::from_utf8_lossy(&stored.event.body).into_owned();
        format!("{}/{}={body}", stored.place.position, stored.place.index)
    };
    events.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn events_of_no_incident_are_found_by_kind(mut world: World) {
    let of = |kind: &'static str, body: &str| EventRow { kind: kind.into(), ..event(None, body) };
    world.commit(|batch| batch.events = vec![of("audit", "a"), event(Some(1), "of an incident"), of("audit", "b")]);
    world.commit(|batch| batch.events = vec![of("activated", "c")]);
    world.commit(|batch| batch.events = vec![of("audit", "d")]);
    let found = |kind, before, limit| {
        let events = world.reader.events_of_kind(kind, before, limit).unwrap();
        events.into_iter().map(|e| String::from_utf8(e.event.body).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("audit", None, ALL), ["d", "b", "a"]);
    assert_eq!(found("audit", None, 2), ["d", "b"]);
    let second = EventPlace { position: Position(1), index: 2 };
    assert_eq!(found("audit", Some(second), ALL), ["a"]);
    assert_eq!(found("activated", None, ALL), ["c"]);
    assert_eq!(found("noted", None, ALL), [""; 0]);
}

fn blocks_are_found_by_position_and_by_recording_time(mut world: World) {
    for bytes in [Some("one"), None, Some("three"), Some("four")] {
        world.commit(|batch| batch.block = bytes.and_then(|bytes| block(2, bytes.as_bytes())));
    }
    let positions = |blocks: Vec<journal::StoredBlock>| blocks.iter().map(|b| b.position.0).collect::<Vec<_>>();
    let reader = &world.reader;
    assert_eq!(positions(reader.blocks(Position(0), ALL).unwrap()), [1, 3, 4]);
    assert_eq!(positions(reader.blocks(Position(1), 1).unwrap()), [3]);
    assert_eq!(reader.block(Position(2)).unwrap(), None);
    let three = reader.block(Position(3)).unwrap().unwrap();
    assert_eq!((three.recorded_at, three.block), (at(3), block(2, b"three").unwrap()));
    for (since, before, expected) in
        [(at(-5), 0, vec![1, 3, 4]), (at(1), 0, vec![1, 3, 4]), (at(2), 1, vec![3, 4]), (at(5), 4, vec![])]
    {
        assert_eq!(reader.position_before(since).unwrap(), Position(before));
        assert_eq!(positions(reader.blocks_since(since, ALL).unwrap()), expected, "since {since}");
    }
}

fn workspaces_do_not_see_each_other(mut world: World) {
    let empty = world.dump();
    let mut other = world.store.writer(Workspace(2)).unwrap();
    let mut batch = after(&other.head().unwrap());
    batch.events = vec![event(Some(1), "theirs")];
    batch.incidents = vec![incident(1)];
    batch.requests = vec![request("r", 1, 1)];
    batch.private = vec![private("p", "x")];
    let theirs = other.commit(&batch).unwrap();
    assert_eq!(world.dump(), empty);
    let ours = world.commit(|ours| *ours = batch.clone());
    assert_ne!(ours.hash, theirs.hash, "the workspace is part of the chain");
    world.writer.clear_incidents().unwrap();
    assert_eq!(world.store.reader(Workspace(2)).unwrap().incident(journal::IncidentNo(1)).unwrap(), Some(incident(1)));
}

fn the_chain_has_the_same_bytes_on_every_store_for_ever(mut world: World) {
    let mut heads = vec![world.commit(|_| {})];
    heads.push(world.commit(|batch| batch.block = block(2, b"signals")));
    heads.push(world.commit(|batch| {
        batch.events = vec![event(Some(7), "opened"), event(None, "noted")];
        batch.private = vec![private("customer", "Ms Example")];
        batch.tzdata = Some("2026a".to_owned());
    }));
    let hex = |head: &Head| head.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hashes = heads.iter().map(hex).collect::<Vec<_>>().join("\n");
    expect![[r#"
        efaff541e92292aef33f10bef56fdb11d54f3ce830eedaa69a143e79e4f26888
        908e19c81d2c268675ee0824e763c57cdba5f1fc75d9cc46fa14bf5e2fd44640
        8f166c25907bad7f9666253637ac746535ecf861b925e9c218812267ba9766de"#]]
    .assert_eq(&hashes);
}

fn pruned_blocks_are_passed_over_and_the_chain_holds(mut world: World) {
    for bytes in [b"one", b"two"] {
        world.commit(|batch| batch.block = block(2, bytes));
    }
    world.commit(|batch| batch.prune = vec![Position(1), Position(3), Position(9)]);
    let left: Vec<Position> =
        world.reader.blocks(Position(0), ALL).unwrap().iter().map(|found| found.position).collect();
    assert_eq!((left, world.reader.block(Position(1)).unwrap()), (vec![Position(2)], None));
    let kept = world.reader.entry(Position(1)).unwrap().unwrap();
    assert_eq!(kept.block, block(2, b""), "count and times stay");
    assert!(kept.block_digest.is_some());
    let found = verify(&*world.reader, Workspace::default()).unwrap();
    assert_eq!((found.pruned, found.blocks, found.signals), (1, 2, 4));
}

fn the_chain_is_verified_with_erased_data(mut world: World) {
    world.commit(|batch| {
        batch.block = block(3, b"signals");
        batch.events = vec![event(Some(1), "a"), event(None, "b")];
        batch.private = vec![private("one", "1"), private("two", "2")];
    });
    world.commit(|batch| batch.erase = vec!["one".to_owned(), "unknown".to_owned()]);
    assert_eq!(world.reader.private("one").unwrap(), None);
    assert_eq!(world.reader.private("two").unwrap(), Some(private("two", "2").content));
    let found = verify(&*world.reader, Workspace::default()).unwrap();
    assert_eq!(found.head, world.reader.head().unwrap());
    assert_eq!((found.events, found.blocks, found.signals, found.private, found.erased), (2, 1, 3, 1, 1));
}

fn one_batch_holds_thousands_of_rows(mut world: World) {
    const ROWS: u64 = 5_000;
    world.commit(|batch| {
        batch.events = (1..=ROWS).map(|no| event(Some(no), "opened")).collect();
        batch.incidents = (1..=ROWS).map(incident).collect();
        batch.block = block(100_000, &vec![42; 2 << 20]);
    });
    assert_eq!(world.reader.events(EventPlace::default(), ALL).unwrap().len() as u64, ROWS);
    assert_eq!(world.reader.counts().unwrap().open_incidents, [(2, ROWS)].into());
    assert_eq!(verify(&*world.reader, Workspace::default()).unwrap().events, ROWS);
}
