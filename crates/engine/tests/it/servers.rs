//! Two servers on one store: whoever was overtaken decides nothing on what it remembers.

use engine::Accepted;

use crate::support::{Setup, World, numbered};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_overtaken_catches_up_before_it_decides() {
    let world = World::memory().await;
    let other = world.beside(&Setup::default());
    world.send(vec![numbered("repeated", 1)]).await.unwrap();
    // Each has not seen what the one before it took; the second attempt has.
    let refused = other.signals(vec![numbered("repeated", 2)], 200).await.unwrap_err();
    assert_eq!(refused.code.id, "store-moved");
    assert_eq!(other.signals(vec![numbered("repeated", 2)], 200).await.unwrap().accepted, 1);
    let third = || vec![numbered("repeated", 2), numbered("repeated", 3)];
    assert_eq!(world.send(third()).await.unwrap_err().code.id, "store-moved");
    let Accepted { accepted, duplicates, incidents, .. } = world.send(third()).await.unwrap();
    assert_eq!((accepted, duplicates), (1, 1), "the other's signal is known");
    assert_eq!(incidents, [1], "and counted: three within the hour");
    assert_eq!(world.signal_ids(), ["1", "2", "3"]);
    assert!(world.engine().health().ready);
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_policy_was_replaced_by_another_writes_nothing_until_it_is_restarted() {
    let mut world = World::memory().await;
    let mut setup = Setup::default();
    setup.policy.push_str("# another version\n");
    let other = world.beside(&setup);
    world.until("the other's policy in force", |_| other.health().position == 2).await;
    for _ in 0..3 {
        assert_eq!(world.send(vec![numbered("repeated", 1)]).await.unwrap_err().code.id, "store-moved");
    }
    let failing = world.engine().health().failing.unwrap();
    assert!(failing.contains("until it is restarted"), "{failing}");
    other.shutdown().await;
    world.setup = setup;
    world.restart().await.unwrap();
    assert_eq!(world.send(vec![numbered("repeated", 1)]).await.unwrap().accepted, 1);
}
