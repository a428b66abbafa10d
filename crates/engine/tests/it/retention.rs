//! What is old goes in steps; the chain holds, incidents fold the same, evidence and fresh signals stay.

use calendar::Duration;
use engine::Retention;
use engine::retention::{Pruned, forecast, reach, recorded};
use journal::{Workspace, verify};
use wcore::Signal;
use wcore::event::Event;

use crate::support::{Mode, Setup, World, both, numbered, signal};

const DAY: Duration = Duration::from_hours(24);

fn keep(signals: i32, private_texts: i32) -> Retention {
    Retention { signals: DAY * signals, private_texts: DAY * private_texts }
}

fn said(given: Signal) -> Signal {
    Signal { summary: Some("where is my parcel?".to_owned()), ..given }
}

fn metrics(world: &World) -> Vec<(String, bool)> {
    let stored = world.engine().view().signals(0, u32::MAX).unwrap();
    stored.into_iter().map(|stored| (stored.signal.metric, stored.has_words)).collect()
}

fn is_whole(world: &World, pruned: u64) {
    let view = world.engine().view();
    assert_eq!(verify(view.reader(), Workspace::default()).unwrap().pruned, pruned);
    assert_eq!(recorded(view.reader()).unwrap(), pruned, "the journal says what went");
    let refold = engine::refold(view.reader()).unwrap();
    assert_eq!((refold.different, refold.missing), (vec![], vec![]));
}

/// A leak that opened an incident, two signals that nothing waited for, ten days, and a fresh one.
async fn begin(world: &World) {
    let leak = Signal { label: Some("confirmed".to_owned()), ..signal("pii_leak") };
    world.send(vec![said(leak)]).await.unwrap();
    world.send(vec![said(signal("nothing"))]).await.unwrap();
    world.send(vec![signal("nothing"), signal("nothing")]).await.unwrap();
    world.move_clock("240h");
    world.settle().await;
    world.send(vec![said(numbered("fresh", 1))]).await.unwrap();
}

fn row(metric: &str, has_words: bool) -> (String, bool) {
    (metric.to_owned(), has_words)
}

#[tokio::test(flavor = "multi_thread")]
async fn old_signals_go_and_evidence_stays_without_its_words() {
    for mut world in both().await {
        begin(&world).await;
        let none = world.engine().prune(Retention::default()).await.unwrap();
        assert_eq!(none, Pruned::default(), "the defaults keep ten days");
        let pruned = world.engine().prune(keep(5, 5)).await.unwrap();
        assert_eq!(pruned, Pruned { blocks: 2, signals: 3, words: 3 });
        let again = world.engine().prune(keep(5, 5)).await.unwrap();
        assert_eq!(again, Pruned::default());
        for _ in 0..2 {
            assert_eq!(metrics(&world), [row("pii_leak", false), row("fresh", true)]);
            is_whole(&world, 2);
            let sent_again = world.send(vec![said(numbered("fresh", 1))]).await.unwrap();
            assert_eq!((sent_again.accepted, sent_again.duplicates), (0, 1), "the duplicate window holds");
            let reach = reach(&world.engine().view()).unwrap();
            assert!(reach.complete_from.is_some_and(|from| from + DAY * 9 < world.engine().now()));
            world.restart().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_detectors_remember_is_kept_for_the_decision_that_may_name_it() {
    let setup = Setup::default();
    let policy = setup.policy.replace("at_least: 3, within: 1h", "at_least: 3, within: 30d");
    assert_ne!(policy, setup.policy);
    let world = World::begin(Setup { policy, ..setup }).await;
    for metric in ["repeated", "nothing", "repeated"] {
        world.send(vec![signal(metric)]).await.unwrap();
    }
    world.move_clock("240h");
    let pruned = world.engine().prune(keep(5, 400)).await.unwrap();
    assert_eq!((pruned.blocks, metrics(&world).len()), (1, 2), "what a count of 30 days holds stays");
    let accepted = world.send(vec![signal("repeated")]).await.unwrap();
    assert_eq!(accepted.incidents, [1], "the count does not depend on what is pruned");
    for (_, event) in world.events(1) {
        let Event::Opened(opened) = event else { continue };
        let named = opened.decision.unwrap().signals;
        let stored = named.iter().filter(|place| !world.engine().view().block(place.position).unwrap().is_empty());
        assert_eq!((stored.count(), named.len()), (3, 3), "all that the decision names is there");
    }
    is_whole(&world, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_ends_between_its_steps_goes_on_after_the_crash() {
    for mut world in both().await {
        begin(&world).await;
        world.gate.set(Mode::Broken);
        assert_eq!(world.engine().prune(keep(5, 5)).await.unwrap_err().code.id, "store-failed");
        world.gate.set(Mode::Works);
        assert_eq!(metrics(&world).len(), 5, "a step that is not written takes nothing away");
        // The first step of a pass takes words, and is all that is done before the crash.
        let words = world.engine().prune(keep(400, 5)).await.unwrap();
        assert_eq!(words, Pruned { blocks: 0, signals: 0, words: 3 });
        world.crash_for("0s").await;
        is_whole(&world, 0);
        let rest = world.engine().prune(keep(5, 5)).await.unwrap();
        assert_eq!(rest, Pruned { blocks: 2, signals: 3, words: 0 });
        assert_eq!(metrics(&world), [row("pii_leak", false), row("fresh", true)]);
        is_whole(&world, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_foretold_before_a_server_has_said_how_long_it_keeps() {
    let world = World::memory().await;
    begin(&world).await;
    let view = world.engine().view();
    assert_eq!(forecast(&view, world.engine().now()).unwrap(), None);
    let task = tokio::spawn(world.engine().clone().retain(keep(5, 5)));
    world.until("settings", |world| forecast(&world.engine().view(), world.engine().now()).unwrap().is_some()).await;
    task.abort();
    let found = forecast(&view, world.engine().now()).unwrap().unwrap();
    assert_eq!((found.retention, found.blocks), (keep(5, 5), 2), "evidence is not among what goes");
    assert!(found.bytes > 0 && found.next_at.is_some_and(|at| at < world.engine().now()));
}
