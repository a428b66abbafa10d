//! Moving time by hand: it walks through every instant at which something falls due.

use calendar::Duration;
use engine::{StartError, TimeSource};
use wcore::event::Event;

use crate::support::{Setup, World, at, both, clock, signal};

/// Answers are missed after half an hour.
const ABSENCE: &str = r"  - id: no-answers
    absence: {metric: answers, service: support-assistant, within: 30m}
    raise: {class: degraded, severity: SEV-3}
";

#[tokio::test(flavor = "multi_thread")]
async fn who_has_older_time_zone_data_does_not_write() {
    let mut world = World::memory().await;
    world.send(vec![signal("nothing")]).await.unwrap();
    assert_eq!(world.engine().view().reader().head().unwrap().tzdata, calendar::tzdata());
    world.write_elsewhere("9999z");
    let head = world.engine().view().reader().head().unwrap();
    let mut refusals = Vec::new();
    for _ in 0..2 {
        refusals.push(world.send(vec![signal("nothing")]).await.unwrap_err().code.id);
    }
    assert_eq!(refusals, ["tzdata-older", "tzdata-older"], "the head is read again, and still nothing is written");
    assert_eq!(world.engine().view().reader().head().unwrap(), head);
    match world.restart().await {
        Err(StartError::Journal(error)) => assert_eq!(error.code().id, "tzdata-older"),
        other => panic!("{other:?}"),
    }
}

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

#[tokio::test(flavor = "multi_thread")]
async fn what_stayed_away_while_it_was_down_is_raised_once_and_not_replayed() {
    for mut world in both().await {
        world.setup = Setup { policy: format!("{}{ABSENCE}", world.setup.policy), ..world.setup.clone() };
        world.restart().await.unwrap();
        world.settle().await;
        world.send(vec![signal("answers")]).await.unwrap();
        world.crash_for("9h").await;
        world.settle().await;
        assert_eq!(world.entries(), [], "senders that try again get five minutes");
        world.advance("4m").await;
        world.restart().await.unwrap();
        world.advance("2m").await;
        assert_eq!(opened(&world), ["19:05:00"], "the grace outlives another restart");
        // Eighteen half hours have passed: one firing stands for all of them.
        world.advance("58m").await;
        assert_eq!(firings(&world), 1);
        world.send(vec![signal("answers")]).await.unwrap();
        assert_eq!(world.incident(1).firing(), 0, "it came back");
        world.crash_for("20m").await;
        world.advance("9m").await;
        assert_eq!((opened(&world).len(), firings(&world)), (1, 1), "it is not due yet");
        world.advance("2m").await;
        assert_eq!((opened(&world).len(), firings(&world)), (1, 2), "the time went on while it was down");
    }
}

/// When incidents opened.
fn opened(world: &World) -> Vec<String> {
    let entries = world.entries().into_iter();
    let opens = |event: &Event| matches!(event, Event::Opened(_));
    entries.filter(|stored| stored.entry.events.iter().any(opens)).map(|stored| clock(stored.entry.at)).collect()
}

/// How often the absence was raised.
fn firings(world: &World) -> u64 {
    world.incident(1).sources.triggers["no-answers"]
}
