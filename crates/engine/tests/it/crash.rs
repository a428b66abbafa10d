//! Answer after commit: what was answered is there, whatever happens next.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::{Mode, World, both, clock, numbered, signal};

#[tokio::test(flavor = "multi_thread")]
async fn everything_answered_is_there_after_a_crash() {
    for round in 0..5 {
        let mut world = World::durable().await;
        let answered: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let mut senders = Vec::new();
        for sender in 0..8 {
            let (engine, answered) = (world.engine().clone(), Arc::clone(&answered));
            senders.push(tokio::spawn(async move {
                for count in 0.. {
                    let id = format!("{sender}-{count}");
                    if engine.signals(vec![numbered("nothing", &id)], 200).await.is_err() {
                        return;
                    }
                    answered.lock().unwrap().insert(id);
                }
            }));
        }
        world.until("some answers", |_| answered.lock().unwrap().len() > 20 * (round + 1)).await;
        world.gate.set(Mode::Broken);
        for sender in senders {
            sender.await.unwrap();
        }
        world.crash_for("0s").await;
        let stored: BTreeSet<String> = world.signal_ids().into_iter().collect();
        assert_eq!(*answered.lock().unwrap(), stored, "answered, and stored: no more and no less");
        let again = stored.iter().map(|id| numbered("nothing", id)).take(1_000).collect::<Vec<_>>();
        let count = again.len();
        let accepted = world.send(again).await.unwrap();
        assert_eq!((accepted.accepted, accepted.duplicates as usize), (0, count));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_continue_after_a_crash() {
    let mut world = World::durable().await;
    let no = world.leak().await;
    world.settle().await;
    world.crash_for("0s").await;
    assert_eq!(world.clock(no, "contain"), "due 10:30:00");
    world.advance("31m").await;
    assert_eq!(world.clock(no, "contain"), "missed 10:30:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_missed_while_down_are_recorded_once_and_pages_collapse() {
    let mut world = World::durable().await;
    let no = world.leak().await;
    world.settle().await;
    let before = world.deliveries().len();
    // Three hours: five missed slots of the cadence to support, and three rounds of escalation.
    world.crash_for("3h").await;
    world.settle().await;
    let missed: Vec<String> = world
        .incident(no)
        .clocks
        .iter()
        .filter_map(|found| found.breached_at.map(|at| format!("{} {}", found.id, clock(at))))
        .collect();
    expect_test::expect![[r#"
        [
            "acknowledge 10:10:00",
            "contain 10:30:00",
            "notify:support 10:15:00",
            "update:support 10:45:00",
            "update:support#2 11:15:00",
            "update:support#3 11:45:00",
            "update:support#4 12:15:00",
            "update:support#5 12:45:00",
        ]
    "#]]
    .assert_debug_eq(&missed);
    let pages: Vec<String> = world.deliveries()[before..]
        .iter()
        .filter(|row| row.channel == "inbox")
        .map(|row| format!("{}: {}", row.person, row.text.lines().find(|line| line.starts_with("Why")).unwrap()))
        .collect();
    expect_test::expect![[r#"
        [
            "ben: Why you: contain was missed",
            "tom: Why you: notify:support was missed",
            "ben: Why you: escalation step 2",
        ]
    "#]]
    .assert_debug_eq(&pages);
    let deliveries = world.deliveries().len();
    world.crash_for("0s").await;
    world.settle().await;
    assert_eq!(world.deliveries().len(), deliveries, "a second start pages nobody again");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_durable_when_the_call_returns() {
    for mut world in both().await {
        for id in ["a", "b"] {
            world.engine().put_document("tokens", id, Some(id.into())).await.unwrap();
        }
        world.engine().put_document("tokens", "a", None).await.unwrap();
        world.crash_for("0s").await;
        let documents = world.engine().view().documents("tokens").unwrap();
        assert_eq!(documents, [("b".to_owned(), b"b".to_vec())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_when_the_engine_goes_hears_that_it_was_not_done() {
    let mut world = World::memory().await;
    let first = world.hold().await;
    let engine = world.engine().clone();
    let waiting = tokio::spawn(async move { engine.signals(vec![signal("nothing")], 1).await });
    world.until_queued(1).await;
    waiting.abort();
    world.crash_for("0s").await;
    assert_eq!(first.await.unwrap().unwrap_err().code.id, "store-failed");
    assert!(waiting.await.is_err_and(|stopped| stopped.is_cancelled()));
    assert_eq!(world.engine().health().position, 1, "only what the start activates");
}
