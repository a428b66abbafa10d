//! What one batch holds, and in which order.

use wcore::Command;
use wcore::event::{Actor, Event};

use crate::support::{Mode, World, both, declaration, degraded, numbered, person, signal};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_takes_acts_then_due_clocks_then_signals() {
    for world in both().await {
        let acted_on = world.degraded("acts").await;
        let due = world.degraded("due").await;
        world.settle().await;
        let head = world.engine().health().position;
        let first = world.hold().await;

        let engine = world.engine().clone();
        let signals = tokio::spawn(async move { engine.signals(vec![degraded("new")], 1).await.unwrap() });
        world.until("the signals to wait", |world| world.engine().stats().queued_bytes > 0).await;
        // An acknowledgement fails to come: 80 % of its time has passed.
        world.move_clock("49m");
        let engine = world.engine().clone();
        let note = Command::Note { text: "looking".to_owned() };
        let act = tokio::spawn(async move { engine.command(acted_on, note, person("ana"), None).await.unwrap() });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        world.gate.set(Mode::Works);
        first.await.unwrap().unwrap();
        let (accepted, applied) = (signals.await.unwrap(), act.await.unwrap());

        assert_eq!((accepted.position, applied.position), (head + 2, head + 2), "one batch for all");
        let entries = world.engine().view().entries_after(head + 1, 100).unwrap();
        let order: Vec<(u64, Actor)> = entries.iter().map(|e| (e.incident, e.entry.by.clone())).collect();
        let opened = accepted.incidents[0];
        assert_eq!(order, [(acted_on, person("ana")), (due, Actor::Watchbell), (opened, Actor::Watchbell)]);
        assert!(matches!(entries[1].entry.events[0], Event::ClockWarned { .. }), "{:?}", entries[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_signals_does_not_delay_an_act() {
    let world = World::memory().await;
    let first = world.hold().await;
    let head = world.engine().health().position;
    let mut flood = Vec::new();
    for request in 0..30 {
        let engine = world.engine().clone();
        // Each is half a batch by its size.
        flood.push(tokio::spawn(async move { engine.signals(vec![numbered("nothing", request)], 1 << 20).await }));
    }
    world.until("the flood to wait", |world| world.engine().stats().queued_bytes >= 30 << 20).await;
    let engine = world.engine().clone();
    let act = tokio::spawn(async move { engine.declare(declaration("pii_leak", "SEV-1"), person("ana"), None).await });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    world.gate.set(Mode::Works);
    first.await.unwrap().unwrap();
    assert_eq!(act.await.unwrap().unwrap().position, head + 2, "the batch after the one under way");
    let mut last = 0;
    for request in flood {
        last = last.max(request.await.unwrap().unwrap().position);
    }
    assert!(last >= 15, "the flood took {last} batches");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_at_once_and_acts_still_fit() {
    let world = World::memory().await;
    let first = world.hold().await;
    let engine = world.engine().clone();
    let waiting = tokio::spawn(async move { engine.signals(vec![numbered("nothing", "fits")], 60 << 20).await });
    world.until("60 MB to wait", |world| world.engine().stats().queued_bytes >= 60 << 20).await;
    let refused = world.engine().signals(vec![numbered("nothing", "too much")], 5 << 20).await.unwrap_err();
    assert_eq!(refused.code.id, "overloaded");
    let engine = world.engine().clone();
    let act = tokio::spawn(async move { engine.declare(declaration("pii_leak", "SEV-1"), person("ana"), None).await });
    world.gate.set(Mode::Works);
    first.await.unwrap().unwrap();
    assert!(waiting.await.unwrap().is_ok() && act.await.unwrap().is_ok());
    assert_eq!(world.signal_ids(), ["fits"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_of_one_batch_attach_once_and_close_to_their_incident() {
    for world in both().await {
        let opened = world.send((0..5).map(|_| degraded("eu")).collect()).await.unwrap();
        assert_eq!((opened.accepted, opened.incidents.len()), (5, 1));
        let no = opened.incidents[0];
        world.send((0..7).map(|_| degraded("eu")).collect()).await.unwrap();
        assert_eq!(world.incident(no).sources.signals, 12);
        let attached = world.events(no).iter().filter(|(_, event)| matches!(event, Event::Attached(_))).count();
        assert_eq!(attached, 1, "one event per incident and batch");
        // Receipts of its pages have entries of their own, whenever they come.
        let takes_in = |event: &Event| matches!(event, Event::Opened(_) | Event::Attached(_));
        let entries = world.entries();
        let taking = entries.iter().filter(|entry| entry.entry.events.iter().any(takes_in));
        let positions: std::collections::BTreeSet<u64> = taking.map(|entry| entry.position).collect();
        assert_eq!(positions.len(), 2, "one entry per batch");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_incident_takes_firings_in_before_a_later_closed_one() {
    for mut world in both().await {
        // The all-clear of a class that resolves by it; a day later the same opens anew.
        let first = clears(&world).await;
        world.advance("25h").await;
        let second = clears(&world).await;
        assert_ne!(first, second);
        world.does("ana", first, Command::Reopen { reason: "it never ended".to_owned() }).await;
        world.advance("1m").await;
        assert_eq!(outage(&world, true).await, first, "with a warm cache");
        world.restart().await.unwrap();
        world.advance("1m").await;
        assert_eq!(outage(&world, true).await, first, "with a cold cache");
    }
}

/// An outage that begins and ends.
async fn clears(world: &World) -> u64 {
    let no = outage(world, true).await;
    assert_eq!(outage(world, false).await, no);
    assert!(!world.incident(no).status().is_open());
    no
}

async fn outage(world: &World, fires: bool) -> u64 {
    use wcore::signal::{Alert, AlertState};
    let state = if fires { AlertState::Firing } else { AlertState::Resolved };
    let mut outage = signal("outage");
    outage.alert = Some(Alert { key: "probe".to_owned(), state });
    world.send(vec![outage]).await.unwrap().incidents[0]
}
