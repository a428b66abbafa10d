//! Signals sent again, by source and id.

use wcore::Signal;

use crate::support::{World, both, numbered, signal};

async fn sent(world: &World, signals: Vec<Signal>) -> (u32, u32) {
    let accepted = world.send(signals).await.unwrap();
    (accepted.accepted, accepted.duplicates)
}

fn from(source: &str, id: &str) -> Signal {
    Signal { source: source.to_owned(), ..numbered("nothing", id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_counts_once_within_a_request_and_across_requests() {
    for world in both().await {
        assert_eq!(sent(&world, vec![from("a", "1"), from("a", "1"), from("b", "1"), from("a", "2")]).await, (3, 1));
        assert_eq!(sent(&world, vec![from("b", "1"), from("b", "2")]).await, (1, 1));
        assert_eq!(sent(&world, vec![signal("nothing"), signal("nothing")]).await, (2, 0), "without an id all count");
        let head = world.engine().health().position;
        assert_eq!(sent(&world, vec![from("a", "1")]).await, (0, 1));
        assert_eq!(world.engine().health().position, head, "nothing new, nothing written");
        assert_eq!(world.engine().stats().signals_duplicate, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_does_not_fire_again() {
    let world = World::memory().await;
    for _ in 0..3 {
        world.send(vec![numbered("repeated", "same")]).await.unwrap();
    }
    assert_eq!(world.entries(), []);
    let accepted = world.send(vec![numbered("repeated", "b"), numbered("repeated", "c")]).await.unwrap();
    assert_eq!(accepted.incidents.len(), 1, "three different ones do");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_survives_restarts_and_ends() {
    for mut world in both().await {
        assert_eq!(sent(&world, vec![from("a", "old"), from("a", "b")]).await, (2, 0));
        world.advance("20h").await;
        assert_eq!(sent(&world, vec![from("a", "new")]).await, (1, 0));
        world.restart().await.unwrap();
        assert_eq!(world.engine().stats().duplicate_keys, 3);
        assert_eq!(sent(&world, vec![from("a", "old"), from("a", "new")]).await, (0, 2));
        world.advance("5h").await;
        world.restart().await.unwrap();
        assert_eq!(sent(&world, vec![from("a", "new")]).await, (0, 1), "5 h later");
        assert_eq!(sent(&world, vec![from("a", "old")]).await, (1, 0), "25 h later, the window is over");
        // A silence in which not even a clock falls due: the engine first looks when the signals come.
        world.move_clock("49h");
        assert_eq!(sent(&world, vec![from("a", "new"), from("a", "old")]).await, (2, 0), "without a restart, too");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_survive_restarts() {
    for mut world in both().await {
        world.send(vec![signal("repeated"), signal("repeated")]).await.unwrap();
        world.crash_for("10m").await;
        assert_eq!(world.send(vec![signal("repeated")]).await.unwrap().incidents.len(), 1);
    }
}
