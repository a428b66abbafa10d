//! An input that cannot be decided is set aside; its neighbours are written.

use engine::Fault;

use crate::support::{Mode, Setup, World, degraded, numbered, signal};

/// A world in which a signal of the metric `poison` makes every decision panic.
async fn poisoned() -> World {
    let fault = Some(Fault::new(|signal| signal.metric == "poison"));
    World::begin(Setup { fault, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_request_does_not_harm_its_neighbours() {
    let world = poisoned().await;
    let first = world.hold().await;
    let mut requests = Vec::new();
    for request in 0..50 {
        let metric = if request == 31 { "poison" } else { "nothing" };
        let engine = world.engine().clone();
        requests.push(tokio::spawn(async move { engine.signals(vec![numbered(metric, request)], 64).await }));
    }
    world.until_queued(50).await;
    world.gate.set(Mode::Works);
    first.await.unwrap().unwrap();
    for (request, answer) in requests.into_iter().enumerate() {
        match answer.await.unwrap() {
            Ok(accepted) => assert_eq!((accepted.accepted, request == 31), (1, false)),
            Err(problem) => assert_eq!((problem.code.id, request), ("input-quarantined", 31)),
        }
    }
    assert_eq!(world.signal_ids().len(), 49);
    world.settle().await;
    assert_eq!(world.complaints(), ["input-quarantined x1"]);
    assert_eq!(world.engine().stats().quarantined, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_request_is_written_and_the_poison_reported() {
    let world = poisoned().await;
    world.send(vec![numbered("nothing", 99)]).await.unwrap();
    let request = (0..100).map(|i| numbered(if i == 41 || i == 87 { "poison" } else { "nothing" }, i)).collect();
    let accepted = world.send(request).await.unwrap();
    assert_eq!((accepted.accepted, accepted.duplicates), (97, 1));
    assert_eq!(accepted.quarantined, [41, 87]);
    assert_eq!(world.signal_ids().len(), 98);
    world.settle().await;
    assert_eq!(world.complaints(), ["input-quarantined x1"], "once per request");
    assert!(world.self_alerts()[0].detail.starts_with("2 of 100 signals"), "{:?}", world.self_alerts());
    assert_eq!(world.engine().stats().quarantined, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_of_a_salvaged_request_are_named_once() {
    let world = poisoned().await;
    let mut request: Vec<_> = (0..8).map(|_| degraded("eu")).collect();
    request.insert(4, signal("poison"));
    let accepted = world.send(request).await.unwrap();
    assert_eq!((accepted.accepted, accepted.incidents.len()), (8, 1));
    assert_eq!(world.incident(accepted.incidents[0]).sources.signals, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_poison_alone_is_refused_and_singled_out_only_so_far() {
    let world = poisoned().await;
    let refused = world.send((0..500).map(|i| numbered("poison", i)).collect()).await.unwrap_err();
    assert_eq!(refused.code.id, "input-quarantined");
    let mut long: Vec<_> = (0..20).map(|i| numbered("poison", i)).collect();
    long.extend((20..40).map(|i| numbered("nothing", i)));
    let accepted = world.send([vec![numbered("nothing", 1_000)], long].concat()).await.unwrap();
    assert_eq!((accepted.accepted, accepted.quarantined.len()), (1, 40), "beyond 16 the rest is not tried");
    assert_eq!(world.signal_ids(), ["1000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_goes_on_after_poison() {
    let world = poisoned().await;
    let before = world.degraded("eu").await;
    world.send(vec![signal("poison")]).await.unwrap_err();
    assert_eq!(world.degraded("eu").await, before, "the incident is found again");
    assert!(world.engine().health().ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_leaves_nothing_behind_in_what_triggers_remember() {
    let world = poisoned().await;
    // Three of them would raise: tried with the poison, and then without, they still are two.
    let request = vec![signal("repeated"), signal("poison"), signal("repeated")];
    let accepted = world.send(request).await.unwrap();
    assert_eq!((accepted.accepted, accepted.incidents.as_slice()), (2, [].as_slice()));
    assert_eq!(world.send(vec![signal("repeated")]).await.unwrap().incidents.len(), 1);
}
