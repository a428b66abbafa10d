//! Test pages arrive by the way of the most severe page, at one person's contacts, and ask for nothing.

use calendar::Duration;
use wcore::event::Actor;

use crate::support::{World, both};

fn ana() -> Actor {
    Actor::Person("ana".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_page_arrives_even_while_others_are_held() {
    for world in both().await {
        world.engine().hold(Duration::from_mins(30), "a storm of pages", ana()).await.unwrap();
        let id = world.engine().test_page("ana", ana()).await.unwrap();
        world.settle().await;
        assert_eq!(world.receiver.pages("/pager"), ["ana: "], "a page about no incident");
        let sent = world.engine().view().test_page("ana", &id).unwrap();
        let states: Vec<_> = sent.iter().map(|row| (row.channel.as_str(), row.state, row.attempts)).collect();
        assert_eq!(states, [("pager", journal::DeliveryState::Delivered, 1)]);
        assert!(world.engine().view().test_page("ben", &id).unwrap().is_empty(), "nobody else is told");
        assert!(world.engine().view().acts(None, 9).unwrap().iter().any(|stored| stored.act.what == "page.tested"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_paged_who_cannot_be() {
    let world = World::memory().await;
    for person in ["nobody", ""] {
        assert_eq!(world.engine().test_page(person, ana()).await.unwrap_err().code.id, "test-page-nobody");
    }
    world.settle().await;
    assert!(world.receiver.pages("/pager").is_empty());
}
