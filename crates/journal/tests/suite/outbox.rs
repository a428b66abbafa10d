//! The outbox: requests become deliveries once, deliveries end once.

use journal::{DeliveryFilter, DeliveryPlace, DeliveryRow, DeliveryState, IncidentNo, Workspace, verify};

use crate::support::{ALL, World, at, attempt, claim, delivery, guarantees, request};

guarantees! {
    requests_wait_worst_severity_first
    a_request_is_claimed_once
    a_request_can_be_claimed_in_the_batch_that_makes_it
    a_delivery_keeps_everything_but_its_outcome
    due_deliveries_come_worst_severity_first
    deliveries_are_filtered_and_paged_from_the_newest
    unknown_requests_and_deliveries_are_refused_whole
    the_outbox_does_not_move_the_head
    counts_are_by_severity
}

fn ids(rows: &[DeliveryRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

fn requests_wait_worst_severity_first(mut world: World) {
    world.commit(|batch| {
        batch.requests = vec![request("d", 2, 1), request("c", 1, 9), request("b", 1, 5), request("a", 1, 9)];
    });
    let pending = |limit| {
        let found = world.reader.pending_requests(limit).unwrap();
        found.into_iter().map(|stored| stored.request.id).collect::<Vec<_>>()
    };
    assert_eq!(pending(ALL), ["b", "a", "c", "d"]);
    assert_eq!(pending(1), ["b"]);
    let stored = world.reader.request("c").unwrap().unwrap();
    assert_eq!((stored.request, stored.claimed_at), (request("c", 1, 9), None));
    assert_eq!(world.reader.request("x").unwrap(), None);
}

fn a_request_is_claimed_once(mut world: World) {
    world.commit(|batch| batch.requests = vec![request("r", 1, 1), request("empty", 1, 1)]);
    world.deliveries(vec![claim("r", vec![delivery("r/ana", 1, 50)]), claim("empty", vec![])]).unwrap();
    assert_eq!(world.reader.pending_requests(ALL).unwrap(), []);
    assert_eq!(world.reader.request("r").unwrap().unwrap().claimed_at, Some(at(50)));
    let claimed = world.dump();
    let again = vec![delivery("r/ana", 3, 99), delivery("r/ben", 1, 50)];
    world.deliveries(vec![claim("r", again.clone()), claim("r", again)]).unwrap();
    assert_eq!(world.dump(), claimed, "a repeated claim changes nothing");
}

fn a_request_can_be_claimed_in_the_batch_that_makes_it(mut world: World) {
    world.commit(|batch| {
        batch.requests = vec![request("r", 1, 1)];
        batch.deliveries = vec![
            claim("r", vec![delivery("r/ana", 1, 50), delivery("r/ben", 1, 50)]),
            claim("r", vec![delivery("r/tom", 1, 50)]),
            attempt("r/ana", DeliveryState::Superseded, None),
        ];
    });
    assert_eq!(ids(&world.reader.due_deliveries(at(50), ALL).unwrap()), ["r/ben"]);
    assert_eq!(world.reader.delivery("r/tom").unwrap(), None);
}

fn a_delivery_keeps_everything_but_its_outcome(mut world: World) {
    world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    world.deliveries(vec![claim("r", vec![delivery("d", 1, 50)])]).unwrap();
    let claimed = DeliveryRow { request: "r".to_owned(), ..delivery("d", 1, 50) };
    assert_eq!(world.reader.delivery("d").unwrap(), Some(claimed.clone()));
    for (state, next) in [(DeliveryState::Pending, Some(70)), (DeliveryState::Delivered, None)] {
        world.deliveries(vec![attempt("d", state, next)]).unwrap();
        let expected = DeliveryRow {
            state,
            attempts: 1,
            next_attempt_at: next.map(at),
            attempted_at: Some(at(60)),
            outcome: format!("found {}", state.name()),
            ..claimed.clone()
        };
        assert_eq!(world.reader.delivery("d").unwrap(), Some(expected));
    }
}

fn due_deliveries_come_worst_severity_first(mut world: World) {
    world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    let held = DeliveryRow { next_attempt_at: None, ..delivery("held", 1, 0) };
    let rows = vec![delivery("d", 2, 10), delivery("c", 1, 30), delivery("b", 1, 20), delivery("a", 1, 30), held];
    world.deliveries(vec![claim("r", rows)]).unwrap();
    for (until, limit, expected) in [
        (9, ALL, vec![]),
        (10, ALL, vec!["d"]),
        (20, ALL, vec!["b", "d"]),
        (30, ALL, vec!["b", "a", "c", "d"]),
        (30, 1, vec!["b"]),
    ] {
        assert_eq!(ids(&world.reader.due_deliveries(at(until), limit).unwrap()), expected, "until {until}");
    }
    assert_eq!(world.reader.next_attempt().unwrap(), Some(at(10)));
    world.deliveries(vec![attempt("d", DeliveryState::Dead, Some(10))]).unwrap();
    assert_eq!(world.reader.next_attempt().unwrap(), Some(at(20)), "what has ended is not due");
}

fn deliveries_are_filtered_and_paged_from_the_newest(mut world: World) {
    world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    let row = |id, created, incident| DeliveryRow { created_at: at(created), incident, ..delivery(id, 1, 50) };
    let (one, two) = (Some(IncidentNo(1)), Some(IncidentNo(2)));
    let rows = vec![row("a", 10, one), row("b", 10, two), row("c", 20, one), row("d", 5, None)];
    world.deliveries(vec![claim("r", rows), attempt("b", DeliveryState::Dead, None)]).unwrap();
    let filter = DeliveryFilter::default;
    let before = |created, id: &str| Some(DeliveryPlace { created_at: at(created), id: id.to_owned() });
    let cases = [
        (filter(), ALL, vec!["c", "b", "a", "d"]),
        (filter(), 2, vec!["c", "b"]),
        (DeliveryFilter { before: before(10, "b"), ..filter() }, ALL, vec!["a", "d"]),
        (DeliveryFilter { incident: one, ..filter() }, ALL, vec!["c", "a"]),
        (DeliveryFilter { incident: one, before: before(20, "c"), ..filter() }, ALL, vec!["a"]),
        (DeliveryFilter { incident: one, person: Some("nobody".to_owned()), ..filter() }, ALL, vec![]),
        (DeliveryFilter { incident: one, person: Some("ana".to_owned()), ..filter() }, ALL, vec!["c", "a"]),
        (DeliveryFilter { state: Some(DeliveryState::Dead), ..filter() }, ALL, vec!["b"]),
        (DeliveryFilter { state: Some(DeliveryState::Dead), incident: one, ..filter() }, ALL, vec![]),
    ];
    for (filter, limit, expected) in cases {
        assert_eq!(ids(&world.reader.deliveries(&filter, limit).unwrap()), expected, "{filter:?}");
    }
}

fn unknown_requests_and_deliveries_are_refused_whole(mut world: World) {
    world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    let before = world.dump();
    let good = || claim("r", vec![delivery("d", 1, 50)]);
    let cases = [
        (claim("x", vec![]), "refused: request `x` is unknown and cannot be claimed"),
        (attempt("x", DeliveryState::Dead, None), "refused: delivery `x` is unknown"),
    ];
    for (bad, expected) in cases {
        let applied = world.deliveries(vec![good(), bad.clone()]);
        assert_eq!(applied.unwrap_err().to_string(), expected);
        let committed = world.try_commit(|batch| batch.deliveries = vec![good(), bad]);
        assert_eq!(committed.unwrap_err().to_string(), expected);
        assert_eq!(world.dump(), before);
    }
}

fn the_outbox_does_not_move_the_head(mut world: World) {
    let head = world.commit(|batch| batch.requests = vec![request("r", 1, 1)]);
    world.deliveries(vec![claim("r", vec![delivery("d", 1, 50)])]).unwrap();
    assert_eq!(world.reader.head().unwrap(), head);
    verify(&*world.reader, Workspace::default()).unwrap();
}

fn counts_are_by_severity(mut world: World) {
    assert_eq!(world.reader.counts().unwrap(), journal::Counts::default());
    world.commit(|batch| {
        batch.requests = vec![request("r", 1, 40), request("s", 1, 60), request("t", 2, 45)];
        batch.deliveries = vec![claim("r", vec![delivery("a", 1, 50), delivery("b", 3, 50)])];
    });
    let counts = world.reader.counts().unwrap();
    assert_eq!(counts.pending_requests, [(1, 1), (2, 1)].into());
    assert_eq!(counts.pending_deliveries, [(1, 1), (3, 1)].into());
    assert_eq!(counts.oldest_pending, Some(at(45)));
    world.deliveries(vec![claim("s", vec![]), claim("t", vec![])]).unwrap();
    assert_eq!(world.reader.counts().unwrap().oldest_pending, Some(at(50)));
    let done = ["a", "b"].map(|id| attempt(id, DeliveryState::Delivered, None));
    world.deliveries(done.into()).unwrap();
    assert_eq!(world.reader.counts().unwrap(), journal::Counts::default());
}
