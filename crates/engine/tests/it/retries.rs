//! When a receiver fails: the schedule, `Retry-After`, 410, and dead letters.

use calendar::Instant;
use journal::DeliveryState;

use crate::support::{Reply, World, both};

/// The delivery by the pager.
fn pager(world: &World) -> engine::Delivery {
    world.deliveries().into_iter().find(|row| row.channel == "pager").unwrap()
}

fn seconds_until(world: &World, at: Option<Instant>) -> f64 {
    at.unwrap().since(world.engine().now()).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_pages_are_tried_densely_at_first_and_then_every_five_minutes() {
    for world in both().await {
        world.receiver.replies("/pager", [Reply::Status(500)]);
        world.degraded("eu").await;
        world.settle().await;
        let mut key = None;
        for (attempts, pause) in [(1, 5.0), (2, 15.0), (3, 30.0), (4, 60.0), (5, 120.0), (6, 300.0), (7, 300.0)] {
            let row = pager(&world);
            assert_eq!((row.attempts, row.state), (attempts, DeliveryState::Pending));
            let wait = seconds_until(&world, row.next_attempt_at);
            assert!((pause * 0.799..=pause).contains(&wait), "{wait} s after attempt {attempts}");
            assert_eq!(*key.get_or_insert(row.id.clone()), row.id);
            world.advance(&format!("{}ms", (wait * 1_000.0).ceil())).await;
        }
        assert_eq!(world.receiver.received("/pager").len(), 8);
        assert_eq!(world.engine().stats().attempts_retried, 8);
        world.receiver.replies("/pager", [Reply::Status(204)]);
        world.advance("5m").await;
        assert_eq!((pager(&world).state, pager(&world).attempts), (DeliveryState::Delivered, 9));
        world.advance("1h").await;
        assert_eq!(world.receiver.received("/pager").len(), 9);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_asked_for_is_kept_within_a_minute() {
    for (asked, least, most) in [(20, 20.0, 24.0), (86_400, 60.0, 72.0), (0, 4.0, 5.0)] {
        let world = World::memory().await;
        world.receiver.replies("/pager", [Reply::Later(asked), Reply::Status(200)]);
        world.degraded("eu").await;
        world.settle().await;
        let wait = seconds_until(&world, pager(&world).next_attempt_at);
        assert!((least - 0.001..=most).contains(&wait), "{asked} s asked for, {wait} s waited");
        world.advance("73s").await;
        assert_eq!(pager(&world).state, DeliveryState::Delivered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_raise_one_self_alert_that_counts_them() {
    for world in both().await {
        world.receiver.replies("/pager", [Reply::Status(400)]);
        for region in ["eu", "us", "ap"] {
            world.degraded(region).await;
        }
        world.settle().await;
        let dead = world.deliveries().iter().filter(|row| row.state == DeliveryState::Dead).count();
        assert_eq!((dead, world.engine().stats().attempts_dead), (3, 3));
        assert_eq!(world.complaints(), ["delivery-dead x3"]);
        let told = world.deliveries().iter().filter(|row| row.person == "tom").count();
        assert_eq!(told, 1, "people are told once an hour");
        assert!(world.self_alerts()[0].detail.ends_with("to ana by pager: the receiver answered 400"));
        world.advance("59m").await;
        world.degraded("later").await;
        world.advance("1h").await;
        world.degraded("much later").await;
        world.settle().await;
        let told = world.deliveries().iter().filter(|row| row.person == "tom" && row.text.contains("answered")).count();
        assert_eq!(told, 2, "and again when it goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_expires_is_a_dead_letter() {
    let world = World::memory().await;
    world.receiver.replies("/pager", [Reply::Status(500)]);
    world.degraded("eu").await;
    world.advance("1h 10m").await;
    let row = pager(&world);
    assert_eq!(row.state, DeliveryState::Dead);
    assert!(row.attempts >= 17, "{} attempts", row.attempts);
    assert!(row.outcome.contains("500; it expired after"), "{}", row.outcome);
    assert_eq!(world.complaints()[0], "delivery-dead x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_switches_its_channel_off_until_the_roster_changes() {
    for mut world in both().await {
        world.receiver.replies("/pager", [Reply::Status(410)]);
        world.degraded("eu").await;
        world.settle().await;
        assert_eq!(world.complaints(), ["channel-disabled x1", "delivery-dead x1"]);
        world.receiver.replies("/pager", [Reply::Status(200)]);
        world.degraded("us").await;
        world.settle().await;
        assert_eq!(world.receiver.received("/pager").len(), 1, "nothing is sent there any more");
        world.restart().await.unwrap();
        world.degraded("ap").await;
        world.settle().await;
        assert_eq!(world.receiver.received("/pager").len(), 1, "nor after a restart");
        world.setup.roster.push_str("# another address\n");
        world.restart().await.unwrap();
        world.degraded("sa").await;
        world.settle().await;
        assert_eq!(world.receiver.received("/pager").len(), 2, "another roster may have mended it");
    }
}
