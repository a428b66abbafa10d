//! Contacts in turn and steps in turn: what a receipt, its absence and an acknowledgement do.

use journal::DeliveryState;
use wcore::Command;
use wcore::event::Event;

use crate::support::{Reply, Setup, World, both, clock, degraded};

/// Ana has three contacts, all of them of use.
fn three_contacts() -> Setup {
    let setup = Setup::default();
    let contacts = "[{webhook: pager, to: ana}, {webhook: spare, to: ana}, {webhook: chat, to: ana}]";
    let roster = setup.roster.replace("[{webhook: pager, to: ana}, {email: ana@example.com}]", contacts);
    assert!(roster.contains(contacts));
    Setup { roster, ..setup }
}

/// Deliveries to contacts, as `pager: delivered, delivered`, in the order of their first attempts.
fn contacts(world: &World) -> Vec<String> {
    let mut rows: Vec<_> = world.deliveries().into_iter().filter(|row| row.channel != "inbox").collect();
    rows.sort_by_key(|row| ["pager", "spare", "chat"].iter().position(|channel| *channel == row.channel));
    rows.iter().map(|row| format!("{}: {}, {}", row.channel, row.state.name(), row.outcome)).collect()
}

/// What happened to an incident's receipts, with the time.
fn receipts(world: &World, no: u64) -> Vec<String> {
    let words = world.events(no).into_iter().filter_map(|(at, event)| {
        let what = match event {
            Event::StepReceived { step, person, channel, .. } => format!("step {step} received: {person} by {channel}"),
            Event::ReceiptMissing { step, .. } => format!("step {step} missing"),
            _ => return None,
        };
        Some(format!("{} {what}", clock(at)))
    });
    words.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_receipt_spares_the_other_contacts_at_once() {
    for setup in [three_contacts(), Setup::default()] {
        let world = World::begin(setup.clone()).await;
        let no = world.degraded("eu").await;
        world.settle().await;
        assert_eq!(receipts(&world, no), ["10:00:00 step 0 received: ana by pager"]);
        let spared = contacts(&world)
            .iter()
            .filter(|row| row.contains("superseded, not tried: ana was reached by pager"))
            .count();
        assert_eq!(spared, if setup.roster == Setup::default().roster { 0 } else { 2 });
        world.advance("5m").await;
        assert_eq!((world.receiver.received("/spare").len(), world.receiver.received("/chat").len()), (0, 0));
    }
}

/// One refuses, one hangs, one accepts.
#[tokio::test(flavor = "multi_thread")]
async fn each_contact_is_followed_by_the_next_after_a_minute_until_one_gives_its_receipt() {
    let world = World::begin(three_contacts()).await;
    world.receiver.replies("/pager", [Reply::Status(400)]);
    world.receiver.replies("/spare", [Reply::Hang]);
    let no = world.degraded("eu").await;
    world.advance("59s").await;
    assert_eq!(world.receiver.received("/spare").len(), 0, "{:?}", contacts(&world));
    assert!(contacts(&world)[1].contains("contact 2 waits: it is tried after 60 s"), "{:?}", contacts(&world));
    world.move_clock("1s");
    world.engine().complain(problem::Problem::new(&problem::NO_ONE_ON_CALL, "wakes the outbox"));
    world.until("the second contact", |world| world.receiver.received("/spare").len() == 1).await;
    assert_eq!(world.receiver.received("/chat").len(), 0);
    world.move_clock("61s");
    world.engine().complain(problem::Problem::new(&problem::NO_ONE_ON_CALL, "wakes the outbox"));
    world.until("the third contact", |world| world.receiver.received("/chat").len() == 1).await;
    let arrived =
        |world: &World| contacts(world)[2] == "chat: delivered, contact 3 tried: no receipt within 120 s; delivered";
    world.until("its receipt", arrived).await;
    assert!(contacts(&world)[0].starts_with("pager: dead, the receiver answered 400"), "{:?}", contacts(&world));
    world.until("the next step", |world| !receipts(world, no).is_empty()).await;
    assert_eq!(receipts(&world, no), ["10:02:01 step 0 missing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_of_a_step_gives_a_receipt_the_next_step_is_paged_after_two_minutes() {
    for world in both().await {
        world.receiver.replies("/pager", [Reply::Status(503)]);
        let no = world.leak().await;
        world.advance("119s").await;
        assert_eq!(world.receiver.received("/spare").len(), 0);
        world.advance("2s").await;
        assert_eq!(world.receiver.pages("/spare"), ["ben: escalation step 2"]);
        assert_eq!(receipts(&world, no), ["10:02:00 step 0 missing", "10:02:00 step 1 received: ben by spare"]);
        // Ben's receipt makes the wait count, which is for his acknowledgement.
        world.advance("9m").await;
        let steps = world.events(no).iter().filter(|(_, event)| matches!(event, Event::ReceiptMissing { .. })).count();
        assert_eq!(steps, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_ends_the_turns_of_contacts_and_steps() {
    let world = World::begin(three_contacts()).await;
    world.receiver.replies("/pager", [Reply::Status(503)]);
    let no = world.degraded("eu").await;
    world.advance("30s").await;
    world.does("ben", no, Command::Acknowledge {}).await;
    world.advance("10m").await;
    assert_eq!((world.receiver.received("/spare").len(), world.receiver.received("/chat").len()), (0, 0));
    let waiting = world.deliveries().iter().filter(|row| row.state == DeliveryState::Pending).count();
    assert_eq!(waiting, 0, "{:?}", contacts(&world));
    assert_eq!(receipts(&world, no), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_forgets_neither_the_contacts_nor_the_receipt_that_is_waited_for() {
    let mut world = World::begin(three_contacts()).await;
    world.receiver.replies("/pager", [Reply::Status(503)]);
    let no = world.degraded("eu").await;
    world.settle().await;
    world.crash_for("70s").await;
    world.settle().await;
    assert_eq!(world.receiver.pages("/spare"), ["ana: escalation step 1"]);
    assert_eq!(receipts(&world, no), ["10:01:10 step 0 received: ana by spare"]);
    assert!(contacts(&world)[2].starts_with("chat: superseded"), "{:?}", contacts(&world));

    let mut world = World::begin(Setup::default()).await;
    world.receiver.replies("/pager", [Reply::Status(503)]);
    let no = world.leak().await;
    world.settle().await;
    world.crash_for("3m").await;
    world.settle().await;
    assert_eq!(receipts(&world, no), ["10:03:00 step 0 missing", "10:03:00 step 1 received: ben by spare"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_channel_that_cannot_send() {
    let setup = three_contacts();
    let pager = "pager\", secret_env: PAGER_SECRET";
    assert!(setup.roster.contains(pager));
    let roster = setup.roster.replace(pager, "pager\", secret_env: NOT_THERE");
    let world = World::begin(Setup { roster, ..setup }).await;
    let no = world.degraded("eu").await;
    world.settle().await;
    assert_eq!(receipts(&world, no), ["10:00:00 step 0 received: ana by spare"]);
    assert_eq!(contacts(&world)[1], "spare: delivered, contact 2 tried at once: none before it can be used; delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_a_receipt_only_of_those_who_have_nothing_else() {
    let mut setup = Setup::default();
    setup.policy = setup.policy.replace(
        "- {page: [ana], wait: 10m}",
        "- {page: [ana], wait: 10m}\n    - {page: [tom], wait: 10m}\n    - {page: [mara], wait: 10m}",
    );
    let world = World::begin(setup).await;
    world.receiver.replies("/pager", [Reply::Status(503)]);
    let no = world.degraded("eu").await;
    world.advance("12m").await;
    assert_eq!(
        receipts(&world, no),
        // Ana's inbox has the page as well, and says nothing. Tom has nothing but his.
        ["10:02:00 step 0 missing", "10:02:00 step 1 received: tom by inbox"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_about_watchbell_goes_to_every_contact_at_once() {
    let mut setup = three_contacts();
    setup.roster = setup.roster.replace("fallback: [tom]", "fallback: [ana]");
    let world = World::begin(setup).await;
    world.engine().complain(problem::Problem::new(&problem::NO_ONE_ON_CALL, "something broke"));
    world.settle().await;
    assert_eq!(
        contacts(&world),
        ["pager: delivered, delivered", "spare: delivered, delivered", "chat: delivered, delivered"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_contact_under_way_when_the_first_arrives_ends_by_itself() {
    let world = World::begin(three_contacts()).await;
    world.receiver.replies(
        "/pager",
        [Reply::Status(503), Reply::Status(503), Reply::Status(503), Reply::Status(503), Reply::Status(200)],
    );
    world.receiver.replies("/spare", [Reply::Status(503)]);
    world.send(vec![degraded("eu")]).await.unwrap();
    world.advance("10m").await;
    let rows = contacts(&world);
    assert!(rows[0].starts_with("pager: delivered"), "{rows:?}");
    assert!(
        rows[1].starts_with("spare: superseded, not tried: ana was reached by pager")
            || rows[1].contains("reached by pager"),
        "{rows:?}"
    );
    assert!(rows[2].starts_with("chat: superseded"), "{rows:?}");
    assert!(world.deliveries().iter().all(|row| row.state != DeliveryState::Pending));
}
