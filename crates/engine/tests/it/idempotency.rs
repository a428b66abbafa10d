//! The same request twice does one thing.

use engine::{Applied, Idempotency};
use problem::Problem;
use wcore::Command;
use wcore::event::Event;

use crate::support::{Mode, World, both, declaration, person};

fn key(key: &str, fingerprint: u64) -> Option<Idempotency> {
    Some(Idempotency { scope: "token-1".to_owned(), key: key.to_owned(), fingerprint })
}

async fn declare(world: &World, idempotency: Option<Idempotency>) -> Result<Applied, Problem> {
    world.engine().declare(declaration("pii_leak", "SEV-1"), person("ana"), idempotency).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_repeats_its_answer_also_after_a_crash() {
    for mut world in both().await {
        let first = declare(&world, key("k", 1)).await.unwrap();
        assert!(first.opened && !first.replayed);
        let head = world.engine().health().position;
        let again = declare(&world, key("k", 1)).await.unwrap();
        assert_eq!((again.no, again.opened, again.replayed), (first.no, true, true));
        world.crash_for("1h").await;
        let again = declare(&world, key("k", 1)).await.unwrap();
        assert_eq!((again.no, again.replayed), (first.no, true));
        let declared = world.entries().iter().filter(|entry| entry.entry.by == person("ana")).count();
        assert_eq!((declared, first.position), (1, head));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_and_one_caller() {
    for world in both().await {
        let no = declare(&world, key("k", 1)).await.unwrap().no;
        assert_eq!(declare(&world, key("k", 2)).await.unwrap_err().code.id, "idempotency-key-reused");
        let note = Command::Note { text: "hello".to_owned() };
        let other = Some(Idempotency { scope: "token-2".to_owned(), key: "k".to_owned(), fingerprint: 2 });
        let applied = world.engine().command(no, note, person("ben"), other).await.unwrap();
        assert!(!applied.replayed, "another caller may choose the same key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_leaves_its_key_free() {
    let world = World::memory().await;
    let refused = world.engine().command(7, Command::Acknowledge {}, person("ana"), key("k", 1)).await.unwrap_err();
    assert_eq!(refused.code.id, "incident-unknown");
    assert!(!declare(&world, key("k", 2)).await.unwrap().replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_forgotten_after_a_day() {
    for world in both().await {
        declare(&world, key("k", 1)).await.unwrap();
        world.advance("24h 1s").await;
        assert!(!declare(&world, key("k", 2)).await.unwrap().replayed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_meet_within_one_batch() {
    let world = World::memory().await;
    let first = world.hold().await;
    let head = world.engine().health().position;
    let mut requests = Vec::new();
    for fingerprint in [1, 1, 2] {
        let engine = world.engine().clone();
        let declaration = declaration("pii_leak", "SEV-1");
        requests
            .push(tokio::spawn(async move { engine.declare(declaration, person("ana"), key("k", fingerprint)).await }));
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    world.gate.set(Mode::Works);
    first.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.unwrap().map(|applied| (applied.no, applied.position, applied.replayed)));
    }
    assert_eq!(answers[0], Ok((1, head + 2, false)));
    assert_eq!(answers[1], Ok((1, head + 2, true)));
    assert_eq!(answers[2].as_ref().unwrap_err().code.id, "idempotency-key-reused");
    let opened = world.entries().into_iter().filter(|entry| matches!(entry.entry.events[0], Event::Opened(_))).count();
    assert_eq!(opened, 1, "receipts of its pages may have come since");
}
