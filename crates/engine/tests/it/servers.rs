//! Several nodes on one store: each follows what the others wrote before it decides, and while it is idle.

use engine::Accepted;

use crate::support::{Setup, World, numbered};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_follow_each_other_before_they_decide() {
    for world in World::shared().await {
        follow_each_other(world).await;
    }
}

async fn follow_each_other(world: World) {
    let other = world.beside(&Setup::default());
    world.send(vec![numbered("repeated", 1)]).await.unwrap();
    assert_eq!(other.signals(vec![numbered("repeated", 2)], 200).await.unwrap().accepted, 1);
    let third = vec![numbered("repeated", 2), numbered("repeated", 3)];
    let Accepted { accepted, duplicates, incidents, .. } = world.send(third).await.unwrap();
    assert_eq!((accepted, duplicates), (1, 1), "the other's signal is known");
    assert_eq!(incidents, [1], "and counted: three within the hour");
    assert_eq!(other.signals(vec![numbered("repeated", 4)], 200).await.unwrap().incidents, [1]);
    assert_eq!(world.send(vec![numbered("repeated", 5)]).await.unwrap().incidents, [1]);
    let refold = engine::refold(world.engine().view().reader()).unwrap();
    assert!(refold.is_equal(), "{refold:?}");
    assert_eq!(world.signal_ids(), ["1", "2", "3", "4", "5"]);
    assert!(world.engine().health().ready);
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_node_sees_what_another_wrote_and_takes_its_policy_over() {
    for world in World::shared().await {
        take_over(world).await;
    }
}

async fn take_over(world: World) {
    let mut setup = Setup::default();
    setup.policy.push_str("# another version\n");
    let other = world.beside(&setup);
    world.until("the other's policy in force", |_| other.health().position == 2).await;
    world.until("it is seen here", |world| world.engine().health().position == 2).await;
    assert_eq!(world.engine().rules().documents.policy, setup.policy);
    assert_eq!(world.send(vec![numbered("repeated", 1)]).await.unwrap().accepted, 1);
    world.until("this is seen there", |world| other.health().position == world.engine().health().position).await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_an_older_version_writes_nothing() {
    let mut world = World::memory().await;
    world.engine().put_document("settings", "decided-by", Some(b"2".to_vec())).await.unwrap();
    let refused = world.restart().await.unwrap_err().to_string();
    assert!(refused.contains("version 2 of the rules of deciding is in force"), "{refused}");
}
