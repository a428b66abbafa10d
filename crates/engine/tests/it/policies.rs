//! Which policy and roster run, and for whom.

use engine::{Documents, Origin, Rules, Secrets, StartError, Versions};
use wcore::event::Actor;

use crate::support::{Reply, Setup, World, both};

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_policy_at_restart_runs_the_last_valid_one_with_a_self_alert() {
    for mut world in both().await {
        let good = world.engine().rules().policy.id.clone();
        world.setup.policy.push_str("nonsense: true\n");
        world.restart().await.unwrap();
        assert_eq!(world.engine().rules().policy.id, good);
        world.degraded("eu").await;
        world.settle().await;
        assert_eq!(world.complaints(), ["policy-not-activated x1"]);
        assert!(world.self_alerts()[0].detail.contains("nonsense"), "{:?}", world.self_alerts());
        assert!(world.engine().health().ready);
        world.setup = Setup::default();
        world.restart().await.unwrap();
        world.settle().await;
        assert_eq!(world.complaints(), ["policy-not-activated x1"], "a valid one complains no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_version_it_does_not_start() {
    let mut world = World::memory().await;
    let setup = Setup { policy: "version: 1\n".to_owned(), ..Setup::default() };
    world.setup = setup.clone();
    world.restart().await.unwrap();
    let documents = Documents { policy: setup.policy, roster: setup.roster };
    assert!(Rules::compile(documents).is_err(), "the same documents on their own");
    let fresh = crate::support::World::try_begin(world.setup.clone()).await;
    assert!(matches!(fresh, Err(StartError::Documents(diagnostics)) if !diagnostics.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_incidents_stay_with_the_policy_they_opened_under() {
    for mut world in both().await {
        let old = world.leak().await;
        assert_eq!(world.clock(old, "contain"), "due 10:30:00");
        let pinned = world.incident(old).policy;
        world.setup.policy = world.setup.policy.replace("acknowledge: 10m", "acknowledge: 4m");
        world.setup.policy = world.setup.policy.replace("every: 30m", "every: 5m");
        world.restart().await.unwrap();
        world.advance("46m").await;
        assert_eq!(world.clock(old, "acknowledge"), "missed 10:10:00");
        assert_eq!(world.clock(old, "update:support"), "missed 10:45:00", "the old cadence");
        assert_eq!(world.incident(old).policy, pinned);
        let new = world.declare("unsure", "SEV-1").await.no;
        assert_eq!(world.clock(new, "acknowledge"), "due 10:50:00");
        assert_ne!(world.incident(new).policy, pinned);
        // Twice removed, and read from the journal alone.
        world.setup.policy.push_str("# a third version\n");
        world.restart().await.unwrap();
        world.advance("30m").await;
        assert_eq!(world.clock(old, "update:support#2"), "missed 11:15:00");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_roster_counts_from_the_next_claim() {
    let world = World::memory().await;
    world.degraded("eu").await;
    world.settle().await;
    let mut documents = world.engine().rules().documents.clone();
    documents.roster = documents.roster.replace("ana:  {", "ana: {").replace(
        "contacts: [{webhook: pager, to: ana}, {email: ana@example.com}]",
        "contacts: [{webhook: spare, to: ana}]",
    );
    let rules = Rules::compile_with(documents, &Secrets::new(|_| Ok(channel::Secret::new(SECRET)))).ok().unwrap();
    world.engine().activate(rules, Actor::Person("ana".to_owned()), Origin::Files(Versions::default())).await.unwrap();
    world.degraded("us").await;
    world.settle().await;
    assert_eq!(world.receiver.pages("/pager").len(), 1);
    assert_eq!(world.receiver.pages("/spare"), ["ana: escalation step 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_delivery_keeps_its_contact_and_dies_with_its_channel() {
    let mut world = World::durable().await;
    world.receiver.replies("/pager", [Reply::Status(500)]);
    world.degraded("eu").await;
    world.settle().await;
    world.setup.roster = world.setup.roster.replace("pager", "beeper");
    world.restart().await.unwrap();
    world.advance("10s").await;
    assert!(world.delivered().contains(&"ana by pager: dead, 2 attempt(s)".to_owned()), "{:?}", world.delivered());
    assert!(world.complaints().contains(&"delivery-dead x1".to_owned()));
}

/// What the test's channels sign with.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
