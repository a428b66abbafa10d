//! A message to an audience counts when it can be seen, not when it is written.

use journal::DeliveryState;
use wcore::Command;

use crate::support::{Mode, Reply, World, both};

fn update(audience: &str) -> Command {
    Command::Update {
        audience: audience.to_owned(),
        text: "We look into it.".to_owned(),
        next_update_at: None,
        statement: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_clock_is_met_at_the_first_accepted_delivery() {
    for world in both().await {
        let no = world.leak().await;
        world.settle().await;
        world.receiver.replies("/chat", [Reply::Status(503), Reply::Status(200)]);
        world.advance("10m").await;
        world.does("tom", no, update("support")).await;
        world.settle().await;
        assert_eq!(world.clock(no, "notify:support"), "due 10:15:00", "published, and nobody can read it");
        // The second attempt comes after four to five seconds.
        world.advance("5s").await;
        let accepted = world.deliveries().into_iter().find(|row| row.channel == "chat").unwrap();
        assert_eq!((accepted.state, accepted.attempts), (DeliveryState::Delivered, 2));
        assert!(world.incident(no).updates[0].visible_at.unwrap() >= accepted.attempted_at.unwrap());
        assert!(["met 10:10:04", "met 10:10:05"].contains(&world.clock(no, "notify:support").as_str()));
        assert_eq!(world.receiver.received("/chat")[1].data("text"), "We look into it.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_missed_where_nothing_was_accepted_in_time() {
    let world = World::memory().await;
    world.receiver.replies("/chat", [Reply::Status(400)]);
    let no = world.leak().await;
    world.does("tom", no, update("support")).await;
    world.advance("16m").await;
    assert_eq!(world.clock(no, "notify:support"), "missed 10:15:00");
    assert_eq!(world.complaints(), ["delivery-dead x1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_and_the_clock_that_it_meets_are_written_together() {
    for mut world in both().await {
        let no = world.leak().await;
        world.settle().await;
        world.does("tom", no, update("support")).await;
        world.until("the message", |world| !world.receiver.received("/chat").is_empty()).await;
        // Whether the power went before or after the outcome was written, a restart must agree.
        world.gate.set(Mode::Broken);
        world.crash_for("1m").await;
        world.settle().await;
        assert!(world.clock(no, "notify:support").starts_with("met"), "{}", world.clock(no, "notify:support"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_no_incident_is_numbered_and_no_inner_page_linked() {
    let world = World::memory().await;
    let no = world.leak().await;
    for (audience, subject, path) in [
        ("support", "INC-1: update to support", "/incidents/INC-1"),
        ("customers", "Update from Example Air", "/status"),
    ] {
        world.does("tom", no, update(audience)).await;
        world.settle().await;
        let subjects: Vec<String> =
            world.deliveries().into_iter().filter(|row| row.address == audience).map(|row| row.subject).collect();
        assert_eq!(subjects, [subject]);
        let messages = world.receiver.received("/chat");
        let link = messages.last().unwrap().data("link");
        assert!(link.ends_with(path), "{audience}: {link}");
    }
}
