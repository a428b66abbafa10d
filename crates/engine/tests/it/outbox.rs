//! Who is paged, through what, and that nobody is paged twice.

use journal::DeliveryState;
use wcore::Command;
use wcore::event::Event;

use crate::support::{Mode, Reply, Setup, World, both, degraded, signal};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_once_to_every_contact_with_a_channel_and_to_the_inbox() {
    for world in both().await {
        let no = world.degraded("eu").await;
        world.settle().await;
        world.settle().await;
        assert_eq!(world.receiver.pages("/pager"), ["ana: escalation step 1"]);
        assert_eq!(
            world.delivered(),
            ["ana by inbox: delivered, 1 attempt(s)", "ana by pager: delivered, 1 attempt(s)"],
            "the mail address has no channel and is passed over"
        );
        let page = &world.receiver.received("/pager")[0];
        let row = world.deliveries().into_iter().find(|row| row.channel == "pager").unwrap();
        assert_eq!((page.id.as_str(), row.incident), (row.id.as_str(), Some(no)));
        assert_eq!(page.body["type"], "page.requested");
        assert_eq!(page.data("link"), format!("http://watchbell.example/incidents/INC-{no}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_sending_and_marking_repeats_with_the_same_key() {
    for mut world in both().await {
        world.receiver.replies("/pager", [Reply::Hang, Reply::Status(200)]);
        world.degraded("eu").await;
        world.until("the page", |world| world.receiver.received("/pager").len() == 1).await;
        world.crash_for("1m").await;
        world.settle().await;
        let received = world.receiver.received("/pager");
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].id, received[1].id, "the receiver can tell");
        assert_eq!(received[0].body, received[1].body);
        world.settle().await;
        assert_eq!(world.receiver.received("/pager").len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_claim_loses_no_page() {
    for mut world in both().await {
        world.degraded("eu").await;
        // The decision is written; the claim may or may not be.
        world.crash_for("1m").await;
        world.settle().await;
        // On PostgreSQL what the dead one was taking when it died is held for some seconds.
        world.advance("5s").await;
        world.settle().await;
        let ids: std::collections::BTreeSet<String> =
            world.receiver.received("/pager").into_iter().map(|page| page.id).collect();
        assert_eq!(ids.len(), 1, "one page, however often it was sent");
        assert_eq!(world.deliveries().len(), 2);
        assert!(world.deliveries().iter().all(|row| row.state == DeliveryState::Delivered));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_call_at_the_claim_is_paged() {
    let world = World::memory().await;
    world.leak().await;
    world.settle().await;
    let before: Vec<String> = world.receiver.pages("/pager");
    // A hand-over at 10:05, and a page after it.
    world.advance("6m").await;
    let second = world.declare("unsure", "SEV-2").await;
    world.settle().await;
    let after: Vec<String> = world
        .receiver
        .received("/pager")
        .iter()
        .skip(before.len())
        .map(|page| page.data("person").to_owned())
        .collect();
    assert_eq!(before.len(), 1);
    assert_eq!(after, [if before[0].starts_with("ana") { "mara" } else { "ana" }], "INC-{}", second.no);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_step_is_skipped_at_once_with_a_self_alert() {
    for world in both().await {
        let no = world.declare("gap", "SEV-2").await.no;
        world.settle().await;
        assert_eq!(world.receiver.pages("/spare"), ["ben: escalation step 2"], "nobody is on call by day");
        let skipped = world.events(no).iter().filter(|(_, e)| matches!(e, Event::StepSkipped { step: 0, .. })).count();
        assert_eq!(skipped, 1);
        assert_eq!(world.complaints(), ["no-one-on-call x1"]);
        let told: Vec<_> = world.deliveries().into_iter().filter(|row| row.person == "tom").collect();
        assert_eq!(told.len(), 1, "people hear of the gap");
        assert!(told[0].text.contains("step 1 had nobody; the next is paged at once"), "{}", told[0].text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_acknowledged_nobody_waits_for_the_remaining_attempts() {
    for world in both().await {
        world.receiver.replies("/pager", [Reply::Status(503)]);
        let no = world.degraded("eu").await;
        world.settle().await;
        world.does("ana", no, Command::Acknowledge {}).await;
        world.advance("30m").await;
        assert_eq!(world.receiver.received("/pager").len(), 1);
        assert_eq!(
            world.delivered(),
            ["ana by inbox: delivered, 1 attempt(s)", "ana by pager: superseded, 1 attempt(s)"]
        );
        assert_eq!(world.complaints(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_waits_for_its_turn_is_not_sent_once_somebody_acknowledged() {
    let world = World::memory().await;
    // All 48 places of the channel are taken while somebody acknowledges the last one.
    world.receiver.replies("/pager", [Reply::Slow(1_500)]);
    let sent = world.send((0..50).map(|i| degraded(&i.to_string())).collect()).await.unwrap();
    let last = *sent.incidents.last().unwrap();
    world.does("ana", last, Command::Acknowledge {}).await;
    world.settle().await;
    let paged = |no: u64| world.receiver.received("/pager").iter().any(|p| p.data("incident") == format!("INC-{no}"));
    assert_eq!(world.receiver.received("/pager").len(), 49);
    assert!(paged(last - 1) && !paged(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_and_its_consequence_are_one_transaction() {
    let mut world = World::durable().await;
    world.gate.set(Mode::Held);
    let engine = world.engine().clone();
    let waiting = tokio::spawn(async move {
        engine.declare(crate::support::declaration("gap", "SEV-2"), crate::support::person("ana"), None).await
    });
    world.until("the declaration", |world| world.gate.is_busy()).await;
    world.gate.set(Mode::Works);
    let no = waiting.await.unwrap().unwrap().no;
    world.crash_for("0s").await;
    world.settle().await;
    assert_eq!(world.receiver.pages("/spare"), ["ben: escalation step 2"]);
    let skipped = world.events(no).iter().filter(|(_, e)| matches!(e, Event::StepSkipped { .. })).count();
    assert_eq!(skipped, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_hanging_warnings_does_not_delay_a_sev_1() {
    let world = World::memory().await;
    world.receiver.replies("/pager", [Reply::Hang]);
    world.send((0..1_000).map(|i| degraded(&i.to_string())).collect()).await.unwrap();
    world.until("a full outbox", |world| world.receiver.received("/pager").len() >= 48).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(world.receiver.received("/pager").len(), 48, "the channel has its limit");
    world.leak().await;
    let is_sev1 = |world: &World| world.receiver.received("/pager").iter().any(|page| page.data("severity") == "SEV-1");
    world.until("the SEV-1 by the channel that hangs", is_sev1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_set_up_is_said_so_and_the_inbox_has_the_page() {
    let setup = Setup::default();
    let roster = setup.roster.replace("secret_env: PAGER_SECRET", "secret_env: NOT_THERE");
    let world = World::begin(Setup { roster, ..setup }).await;
    world.degraded("eu").await;
    world.settle().await;
    assert_eq!(world.complaints(), ["channel-misconfigured x3"]);
    assert_eq!(
        world.delivered(),
        [
            "ana by inbox: delivered, 1 attempt(s)",
            "ana by pager: pending, 1 attempt(s)",
            "tom by inbox: delivered, 1 attempt(s)",
        ]
    );
    let pager = world.deliveries().into_iter().find(|row| row.channel == "pager").unwrap();
    assert!(pager.outcome.contains("NOT_THERE"), "{}", pager.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_inside_is_refused_for_good_and_said_so() {
    let setup = Setup::default();
    let roster = setup.roster.replace("allow_internal: true", "allow_internal: false");
    let world = World::begin(Setup { roster, ..setup }).await;
    world.degraded("eu").await;
    world.settle().await;
    assert_eq!(
        world.delivered()[..2],
        ["ana by inbox: delivered, 1 attempt(s)".to_owned(), "ana by pager: dead, 1 attempt(s)".to_owned()]
    );
    assert!(world.complaints().contains(&"delivery-dead x1".to_owned()), "{:?}", world.complaints());
    let pager = world.deliveries().into_iter().find(|row| row.channel == "pager").unwrap();
    assert!(pager.outcome.contains("loopback"), "{}", pager.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_by_an_all_clear_supersedes_what_was_pending() {
    use wcore::signal::{Alert, AlertState};
    let world = World::memory().await;
    world.receiver.replies("/pager", [Reply::Status(503)]);
    for state in [AlertState::Firing, AlertState::Resolved] {
        let mut outage = signal("outage");
        outage.alert = Some(Alert { key: "probe".to_owned(), state });
        world.send(vec![outage]).await.unwrap();
        world.settle().await;
    }
    world.advance("10m").await;
    assert!(
        world.delivered().contains(&"ana by pager: superseded, 1 attempt(s)".to_owned()),
        "{:?}",
        world.delivered()
    );
}
