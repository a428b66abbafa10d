//! A disk that is full or fails: everyone is told, nothing is half-done, and it mends by itself.

use wcore::event::Event;

use crate::support::{Mode, Reply, World, both, degraded, numbered};

#[tokio::test(flavor = "multi_thread")]
async fn everyone_who_waits_is_told_and_nothing_is_half_done() {
    for (mode, code) in [(Mode::Full, "store-full"), (Mode::Broken, "store-failed")] {
        for world in both().await {
            let no = world.degraded("eu").await;
            world.settle().await;
            let (head, before) = (world.engine().health().position, world.incident(no));
            let first = world.hold().await;
            let mut requests = vec![first];
            for id in 0..20 {
                let engine = world.engine().clone();
                let request = vec![numbered("nothing", id), degraded("eu")];
                requests.push(tokio::spawn(async move { engine.signals(request, 64).await }));
            }
            world.until_queued(20).await;
            world.gate.set(mode);
            for request in requests {
                assert_eq!(request.await.unwrap().unwrap_err().code.id, code);
            }
            assert_eq!(world.note(no, "hello").await.unwrap_err().code.id, code);
            let refused = world.engine().put_document("tokens", "a", Some(vec![1])).await.unwrap_err();
            assert_eq!(refused.code.id, code);
            let health = world.engine().health();
            assert!(!health.ready && health.failing.is_some_and(|why| why.contains(code)));

            world.gate.set(Mode::Works);
            world.until("health", |world| world.engine().health().ready).await;
            assert_eq!((world.engine().health().position, &world.incident(no)), (head, &before));
            assert_eq!(world.engine().view().document("tokens", "a").unwrap(), None);
            let accepted = world.send((0..20).map(|id| numbered("nothing", id)).collect()).await.unwrap();
            assert_eq!((accepted.accepted, accepted.duplicates), (20, 0), "none of them counts as sent");
            world.note(no, "hello").await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn due_clocks_are_tried_again_until_they_are_written() {
    for world in both().await {
        let no = world.leak().await;
        world.settle().await;
        world.gate.set(Mode::Full);
        world.move_clock("11m");
        world.until("a failure", |world| world.engine().stats().commit_failures > 0).await;
        assert_eq!(world.clock(no, "acknowledge"), "due 10:10:00");
        world.gate.set(Mode::Works);
        world.until("the miss", |world| world.clock(no, "acknowledge") == "missed 10:10:00").await;
        let missed = world.events(no).iter().filter(|(_, event)| matches!(event, Event::ClockBreached { .. })).count();
        assert_eq!(missed, 1);
        world.settle().await;
        assert!(world.receiver.pages("/spare").contains(&"ben: escalation step 2".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_written_is_written_later_and_not_sent_again() {
    let world = World::memory().await;
    world.receiver.replies("/pager", [Reply::Slow(200)]);
    world.degraded("eu").await;
    world.until("the page", |world| !world.receiver.received("/pager").is_empty()).await;
    world.gate.set(Mode::Full);
    world.until("a failure", |world| world.engine().stats().commit_failures > 0).await;
    world.gate.set(Mode::Works);
    world.until("health", |world| world.engine().health().ready).await;
    world.until("the mark", |world| world.delivered().iter().all(|line| line.contains("delivered"))).await;
    assert_eq!(world.receiver.received("/pager").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_wait_for_the_disk() {
    let world = World::memory().await;
    world.gate.set(Mode::Full);
    let complaint = problem::Problem::new(&problem::CLOCK_JUMPED, "by an hour");
    world.engine().complain(complaint);
    world.until("a failure", |world| world.engine().stats().commit_failures > 0).await;
    world.gate.set(Mode::Works);
    world.until("the complaint", |world| world.complaints() == ["clock-jumped x1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_could_not_be_written_is_written_once_the_disk_works() {
    let mut world = World::durable().await;
    world.setup.policy.push_str("# another version\n");
    let failing = world.restart_with(Mode::Full).await;
    failing.unwrap();
    world.until("a failure", |world| world.engine().stats().commit_failures > 0).await;
    world.gate.set(Mode::Works);
    let no = world.degraded_until_taken("eu").await;
    world.setup = crate::support::Setup::default();
    world.restart().await.unwrap();
    let pinned = world.incident(no).policy;
    assert!(world.engine().view().document("policies", &pinned).unwrap().is_some(), "it can be read again");
}
