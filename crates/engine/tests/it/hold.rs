//! Everything outgoing but severity 1 waits, for at most an hour; clocks do not.

use calendar::Duration;
use wcore::event::Actor;

use crate::support::{World, both};

fn ana() -> Actor {
    Actor::Person("ana".to_owned())
}

fn acts(world: &World) -> Vec<String> {
    let acts = world.engine().view().acts(None, 100).unwrap();
    acts.into_iter().rev().map(|stored| stored.act.what.into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_waits_and_goes_out_at_the_end() {
    for mut world in both().await {
        world.engine().hold(Duration::from_mins(30), "a storm of pages", ana()).await.unwrap();
        world.degraded("eu").await;
        world.settle().await;
        assert!(world.receiver.pages("/pager").is_empty(), "{:?}", world.receiver.pages("/pager"));
        assert!(world.deliveries().iter().all(|row| row.incident.is_none()), "nobody is chosen before it goes out");
        let held = world.engine().hold(Duration::from_mins(5), "again", ana()).await.unwrap_err();
        assert_eq!(held.code.id, "outgoing-held");
        world.restart().await.unwrap();
        world.settle().await;
        assert!(world.receiver.pages("/pager").is_empty(), "a restart lets nothing go");
        assert!(world.engine().held().is_some());
        world.leak().await;
        world.settle().await;
        let paged = world.receiver.pages("/pager").len();
        assert!(paged > 0, "severity 1 is never held");
        world.advance("31m").await;
        assert!(world.engine().held().is_none());
        assert!(world.receiver.pages("/pager").len() > paged, "what was held is sent");
        assert_eq!(acts(&world)[2..], ["hold.begun", "hold.expired"]);
        assert_eq!(world.engine().end_hold(ana()).await.unwrap_err().code.id, "nothing-held");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_early_and_is_bounded() {
    let world = World::memory().await;
    for (minutes, reason, code) in
        [(61, "long", "time-invalid"), (0, "short", "time-invalid"), (5, " ", "text-invalid")]
    {
        let refused = world.engine().hold(Duration::from_mins(minutes), reason, ana()).await.unwrap_err();
        assert_eq!(refused.code.id, code);
    }
    world.engine().hold(Duration::from_mins(60), "a storm", ana()).await.unwrap();
    world.degraded("eu").await;
    world.settle().await;
    assert!(world.receiver.pages("/pager").is_empty());
    world.engine().end_hold(ana()).await.unwrap();
    world.settle().await;
    assert!(!world.receiver.pages("/pager").is_empty());
    assert_eq!(acts(&world)[2..], ["hold.begun", "hold.ended"]);
}
