//! Moving time by hand: it walks through every instant at which something falls due.

use calendar::Duration;
use engine::TimeSource;
use wcore::event::Event;

use crate::support::{World, at, both, clock, signal};

#[tokio::test(flavor = "multi_thread")]
async fn warnings_and_misses_carry_their_exact_instants() {
    for world in both().await {
        let no = world.leak().await;
        world.advance("61m").await;
        let mut walked = Vec::new();
        for (when, event) in world.events(no) {
            match event {
                Event::ClockWarned { clock: id, percent, .. } => {
                    walked.push(format!("{} {id} {percent} %", clock(when)))
                }
                Event::ClockBreached { clock: id, due_at } => {
                    assert_eq!(when, due_at + Duration::from_micros(1), "{id} is missed when its deadline has passed");
                    walked.push(format!("{} {id} missed", clock(when)));
                }
                _ => {}
            }
        }
        let expected = [
            "10:08:00 acknowledge 80 %",
            "10:10:00 acknowledge missed",
            "10:12:00 notify:support 80 %",
            "10:15:00 notify:support missed",
            "10:24:00 contain 80 %",
            "10:30:00 contain missed",
            "10:39:00 update:support 80 %",
            "10:45:00 update:support missed",
        ];
        assert_eq!(walked, expected);
        assert_eq!(world.engine().now(), at("11:01"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_walk_go_out_in_their_order() {
    let world = World::memory().await;
    world.leak().await;
    world.advance("35m").await;
    let escalation: Vec<String> = world
        .deliveries()
        .iter()
        .filter(|row| row.channel == "inbox" && row.text.contains("escalation step"))
        .map(|row| format!("{} {}", clock(row.created_at), row.person))
        .collect();
    assert_eq!(escalation.len(), 4, "{escalation:?}");
    assert!(escalation[1..].iter().map(|line| &line[..5]).eq(["10:10", "10:20", "10:30"]), "{escalation:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_silence_after_a_walk_holds_nothing_back() {
    let world = World::memory().await;
    world.leak().await;
    world.advance("2h").await;
    let (deliveries, head) = (world.deliveries().len(), world.engine().health().position);
    world.settle().await;
    assert_eq!((world.deliveries().len(), world.engine().health().position), (deliveries, head));
}

#[tokio::test(flavor = "multi_thread")]
async fn real_time_cannot_be_moved() {
    let world = World::with_time(TimeSource::System).await;
    let refused = world.engine().advance(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(refused.code.id, "no-test-clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_waits_for_time_fires_on_the_walk() {
    let world = World::memory().await;
    for id in 0..400 {
        let mut answer = signal("groundedness");
        answer.value = Some(0.1);
        answer.unit = Some(wcore::signal::Unit { kind: "conversation".to_owned(), id: id.to_string() });
        world.send(vec![answer]).await.unwrap();
    }
    assert_eq!(world.entries(), [], "conversations are not final yet");
    world.advance("16m").await;
    let first = world.entries().into_iter().next().expect("the drop is found");
    assert_eq!(clock(first.entry.at), "10:15:00");
}
