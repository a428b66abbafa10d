//! An orderly stop: what was accepted is answered, what is new is refused, what is under way ends.

use journal::DeliveryState;

use crate::support::{Mode, Reply, World, both, declaration, numbered, person, signal};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_answered_and_what_is_new_is_refused() {
    for mut world in both().await {
        let first = world.hold().await;
        let mut requests = Vec::new();
        for id in 0..20 {
            let engine = world.engine().clone();
            requests.push(tokio::spawn(async move { engine.signals(vec![numbered("nothing", id)], 64).await }));
        }
        world.until_queued(20).await;
        let engine = world.engine().clone();
        let stop = tokio::spawn(async move { engine.shutdown().await });
        world.until("the stop", |world| world.engine().health().stopping).await;
        let refused = world.send(vec![signal("nothing")]).await.unwrap_err();
        assert_eq!(refused.code.id, "stopping");
        let refused = world.engine().declare(declaration("pii_leak", "SEV-1"), person("ana"), None).await.unwrap_err();
        assert_eq!(refused.code.id, "stopping");
        assert!(!world.engine().health().ready);
        world.gate.set(Mode::Works);
        first.await.unwrap().unwrap();
        for request in requests {
            assert_eq!(request.await.unwrap().unwrap().accepted, 1);
        }
        stop.await.unwrap();
        assert_eq!(world.engine().put_document("tokens", "a", None).await.unwrap_err().code.id, "stopping");
        world.restart().await.unwrap();
        assert_eq!(world.signal_ids().len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_under_way_are_finished_and_marked() {
    for mut world in both().await {
        world.receiver.replies("/pager", [Reply::Slow(300)]);
        world.degraded("eu").await;
        world.until("the page", |world| !world.receiver.received("/pager").is_empty()).await;
        world.engine().shutdown().await;
        let marked = world.deliveries().iter().all(|row| row.state == DeliveryState::Delivered);
        assert!(marked, "{:?}", world.delivered());
        world.restart().await.unwrap();
        world.settle().await;
        assert_eq!(world.receiver.received("/pager").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_twice_is_stopping_once() {
    let world = World::memory().await;
    world.engine().shutdown().await;
    world.engine().shutdown().await;
    assert!(world.engine().health().stopping);
}
