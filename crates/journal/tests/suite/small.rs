//! The small things: documents, remembered answers, detectors, personal data.

use journal::{DetectorChange, IdempotencyRow, OutboxChanges};

use crate::support::{ALL, World, at, claim, delivery, document, guarantees, private, request};

guarantees! {
    texts_are_ordered_by_their_bytes
    documents_are_put_deleted_and_listed_by_id
    answers_are_remembered_until_they_expire
    detectors_are_put_and_deleted
    personal_data_is_read_until_it_is_erased
}

fn texts_are_ordered_by_their_bytes(mut world: World) {
    let ids = ["a", "B", "\u{e4}", "_", "Z", "aa", "A b", "10", "9"];
    let mut ordered = ids;
    ordered.sort_unstable();
    let detector = |key: &str| DetectorChange { key: key.to_owned(), state: Some(vec![1]) };
    world.commit(|batch| {
        batch.documents = ids.map(|id| document("token", id, Some("x"))).into();
        batch.detectors = ids.map(detector).into();
        batch.requests = ids.map(|id| request(id, 1, 1)).into();
        batch.deliveries = vec![claim("a", ids.map(|id| delivery(id, 1, 1)).into())];
    });
    let documents = world.reader.documents("token", "", ALL).unwrap();
    assert_eq!(documents.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ordered);
    for (index, after) in ordered.iter().enumerate() {
        let rest = world.reader.documents("token", after, ALL).unwrap();
        assert_eq!(rest.len(), ordered.len() - index - 1, "after {after}");
    }
    let detectors = world.reader.detectors().unwrap();
    assert_eq!(detectors.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ordered);
    let deliveries = world.reader.due_deliveries(at(1), ALL).unwrap();
    assert_eq!(deliveries.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ordered);
    let requests = world.reader.pending_requests(ALL).unwrap();
    let unclaimed: Vec<&str> = ordered.into_iter().filter(|id| *id != "a").collect();
    assert_eq!(requests.iter().map(|stored| stored.request.id.as_str()).collect::<Vec<_>>(), unclaimed);
}

fn documents_are_put_deleted_and_listed_by_id(mut world: World) {
    world.commit(|batch| {
        batch.documents = vec![
            document("token", "b", Some("1")),
            document("token", "a", Some("2")),
            document("token", "gone", Some("3")),
            document("tokens", "c", Some("4")),
        ];
    });
    let changes = vec![document("token", "b", Some("5")), document("token", "gone", None), document("x", "y", None)];
    world.writer.apply(&OutboxChanges { documents: changes, ..OutboxChanges::default() }).unwrap();
    let list = |after, limit| {
        let found = world.reader.documents("token", after, limit).unwrap();
        found.into_iter().map(|(id, body)| format!("{id}={}", String::from_utf8(body).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(list("", ALL), ["a=2", "b=5"]);
    assert_eq!(list("", 1), ["a=2"]);
    assert_eq!(list("a", ALL), ["b=5"]);
    assert_eq!(world.reader.document("token", "b").unwrap(), Some(b"5".to_vec()));
    assert_eq!(world.reader.document("token", "gone").unwrap(), None);
}

fn answers_are_remembered_until_they_expire(mut world: World) {
    let row = |scope: &str, response: &str, expires| IdempotencyRow {
        scope: scope.to_owned(),
        key: "k".to_owned(),
        response: response.into(),
        expires_at: at(expires),
    };
    world.commit(|batch| batch.idempotency = vec![row("ana", "first", 10), row("ben", "other", 20)]);
    let answer = |world: &World, scope: &str, now| {
        world.reader.idempotency(scope, "k", at(now)).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(answer(&world, "ana", 9).as_deref(), Some("first"));
    assert_eq!(answer(&world, "ana", 10), None);
    assert_eq!(answer(&world, "tom", 9), None);
    world.commit(|batch| batch.idempotency = vec![row("ana", "second", 30)]);
    assert_eq!(answer(&world, "ana", 10).as_deref(), Some("second"));
    world.writer.apply(&OutboxChanges { forget_expired: Some(at(20)), ..OutboxChanges::default() }).unwrap();
    assert_eq!(answer(&world, "ana", 5).as_deref(), Some("second"));
    assert_eq!(answer(&world, "ben", 5), None, "forgotten, not only expired");
}

fn detectors_are_put_and_deleted(mut world: World) {
    let change = |key: &str, state: Option<&str>| DetectorChange {
        key: key.to_owned(),
        state: state.map(|state| state.as_bytes().to_vec()),
    };
    world.commit(|batch| batch.detectors = vec![change("b", Some("1")), change("a", Some("2"))]);
    world.commit(|batch| batch.detectors = vec![change("b", Some("3")), change("a", None), change("x", None)]);
    assert_eq!(world.reader.detectors().unwrap(), [("b".to_owned(), b"3".to_vec())]);
    assert_eq!(world.reader.detector("b").unwrap(), Some(b"3".to_vec()));
    assert_eq!(world.reader.detector("a").unwrap(), None);
}

fn personal_data_is_read_until_it_is_erased(mut world: World) {
    world.commit(|batch| batch.private = vec![private("p", "Ms Example"), private("empty", "")]);
    assert_eq!(world.reader.private("p").unwrap(), Some(private("p", "Ms Example").content));
    assert_eq!(world.reader.private("empty").unwrap(), Some(private("empty", "").content));
    assert_eq!(world.reader.private("x").unwrap(), None);
    world.commit(|batch| batch.erase = vec!["p".to_owned()]);
    assert_eq!(world.reader.private("p").unwrap(), None);
    let reused = world.try_commit(|batch| batch.private = vec![private("p", "someone else")]);
    assert_eq!(reused.unwrap_err().to_string(), "refused: private row `p` exists already");
}
