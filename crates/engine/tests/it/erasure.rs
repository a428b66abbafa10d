//! Customers' words can be erased: they are gone from the files, and everything else stays as it was.

use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Found, Selection, StoredSignal};
use journal::{Workspace, verify};
use wcore::Signal;
use wcore::event::Event;
use wcore::signal::Unit;

use crate::support::{World, both, person, signal};

const SECRET: &str = "kassandra-quill";

/// Each signal is another one.
static SENT: AtomicU64 = AtomicU64::new(0);

fn unit(id: &str) -> Unit {
    Unit { kind: "conversation".to_owned(), id: id.to_owned() }
}

/// A confirmed leak with the words of one customer.
fn leak(customer: &str) -> Signal {
    Signal {
        label: Some("confirmed".to_owned()),
        summary: Some(format!("{customer} says: where is my parcel?")),
        link: Some(format!("https://desk.example/{customer}")),
        unit: Some(unit(customer)),
        id: Some(format!("ticket-{}-of-{customer}", SENT.fetch_add(1, Ordering::Relaxed))),
        labels: std::collections::BTreeMap::from([("agent".to_owned(), format!("talked to {customer}"))]),
        ..signal("pii_leak")
    }
}

async fn erase(world: &World, selection: Selection) -> Found {
    let found = world.engine().erasable(selection).await.unwrap();
    world.engine().erase(found.clone(), "the customer asked for it".to_owned(), person("mara")).await.unwrap();
    found
}

fn signals(world: &World) -> Vec<StoredSignal> {
    world.engine().view().signals(0, u32::MAX).unwrap()
}

fn is_whole(world: &World) {
    let view = world.engine().view();
    verify(view.reader(), Workspace::default()).unwrap();
    let refold = engine::refold(view.reader()).unwrap();
    assert_eq!((refold.different, refold.missing), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_kept_apart_and_read_back() {
    for mut world in both().await {
        let given = vec![leak("ada"), signal("pii_leak"), leak("ben")];
        world.send(given.clone()).await.unwrap();
        let stored = signals(&world);
        assert_eq!(stored.iter().map(|stored| stored.signal.clone()).collect::<Vec<_>>(), given);
        assert_eq!(stored.iter().map(|stored| stored.has_words).collect::<Vec<_>>(), [true, false, true]);
        let block = world.engine().view().reader().block(journal::Position(stored[0].position)).unwrap().unwrap();
        let bare = engine::block::decode(&block.block.bytes).unwrap();
        assert!(bare.iter().all(|signal| signal.summary.is_none() && signal.link.is_none()));
        let stands: Vec<String> = bare.into_iter().filter_map(|signal| signal.unit).map(|unit| unit.id).collect();
        assert!(stands[0] != stands[1] && stands.iter().all(|id| id.starts_with('~')), "{stands:?}");
        world.restart().await.unwrap();
        assert_eq!(signals(&world), stored);
        is_whole(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signal_is_erased_and_its_neighbours_stay() {
    for mut world in both().await {
        world.send(vec![leak("ada"), leak(SECRET), leak("ben")]).await.unwrap();
        let before = signals(&world);
        let found = erase(&world, Selection::Signal { position: before[1].position, index: 1 }).await;
        assert_eq!((found.signals(), found.incidents.len()), (1, 1));
        for _ in 0..2 {
            let after = signals(&world);
            assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
            let gone = &after[1];
            assert!(gone.erased && !gone.has_words && gone.signal.summary.is_none() && gone.signal.link.is_none());
            assert!(gone.signal.unit.as_ref().unwrap().id.starts_with('~'));
            assert_eq!(gone.signal.label.as_deref(), Some("confirmed"), "what decided stays");
            assert!(gone.signal.labels.is_empty() && gone.signal.id.as_ref().is_some_and(|id| id.starts_with('~')));
            is_whole(&world);
            world.restart().await.unwrap();
        }
        let said = world.events(1).into_iter().any(|(_, event)| {
            matches!(event, Event::Noted { text } if text.contains("in 1 signals")
                && text.contains("because: the customer asked for it"))
        });
        assert!(said, "the timeline says so");
        let again = world.engine().erasable(Selection::Signal { position: before[1].position, index: 1 }).await;
        assert_eq!(again.unwrap().signals(), 0, "it is done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_words_of_a_unit_or_an_incident_are_erased() {
    for world in both().await {
        world.send(vec![leak("ada"), leak(SECRET)]).await.unwrap();
        world.send(vec![leak(SECRET), signal("nothing"), leak("ben")]).await.unwrap();
        let found = erase(&world, Selection::Unit(unit(SECRET))).await;
        assert_eq!((found.signals(), found.incidents.len()), (2, 1));
        assert_eq!(found.what, "a conversation", "what is kept names nobody");
        let erased = |world: &World| signals(world).iter().map(|stored| stored.erased).collect::<Vec<_>>();
        assert_eq!(erased(&world), [false, true, true, false, false]);
        let rest = erase(&world, Selection::Incident(1)).await;
        assert_eq!(rest.signals(), 2);
        assert_eq!(erased(&world), [true, true, true, false, true]);
        is_whole(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_erasures_in_one_batch_do_not_bring_words_back() {
    let world = World::memory().await;
    world.send(vec![leak("ada"), leak(SECRET), leak("ben")]).await.unwrap();
    let position = signals(&world)[0].position;
    let mut found = Vec::new();
    for index in [0, 1] {
        found.push(world.engine().erasable(Selection::Signal { position, index }).await.unwrap());
    }
    let first = world.hold().await;
    let asked: Vec<_> = found
        .into_iter()
        .map(|found| {
            let engine = world.engine().clone();
            tokio::spawn(async move { engine.erase(found, "asked".to_owned(), person("mara")).await })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    world.gate.set(crate::support::Mode::Works);
    first.await.unwrap().unwrap();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    let erased: Vec<bool> = signals(&world).iter().take(3).map(|stored| stored.erased).collect();
    assert_eq!(erased, [true, true, false]);
    is_whole(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_is_left_in_the_files() {
    let world = World::in_files().await;
    world.send(vec![leak("ada"), leak(SECRET)]).await.unwrap();
    assert!(is_in_files(&world, "ada says"), "the test looks where words are");
    assert!(is_in_files(&world, SECRET));
    erase(&world, Selection::Unit(unit(SECRET))).await;
    assert!(!is_in_files(&world, SECRET), "neither in the database nor in its log");
    assert!(is_in_files(&world, "ada says"));
}

fn is_in_files(world: &World, text: &str) -> bool {
    let files = std::fs::read_dir(world.folder()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}
