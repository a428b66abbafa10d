//! The heartbeat out: what it says, also while nothing can be written, and who hears of misses.

use std::time::Duration;

use channel::{BeatTarget, Secret};
use serde_json::Value;

use crate::support::{Mode, Reply, World};

const EVERY: Duration = Duration::from_millis(20);

fn target(world: &World) -> BeatTarget {
    let url = format!("http://127.0.0.1:{}/beat", world.receiver.port);
    assert_eq!(BeatTarget::parse(&Secret::new(url.clone()), false).unwrap_err().code.id, "address-forbidden");
    BeatTarget::parse(&Secret::new(url), true).unwrap()
}

fn last(world: &World) -> Value {
    world.receiver.received("/beat").last().map(|beat| beat.body.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_ages_grow_while_the_engines_thread_hangs() {
    let world = World::memory().await;
    let beating = tokio::spawn(world.engine().clone().beat(target(&world), EVERY));
    world.until("a heartbeat", |world| last(world).is_object()).await;
    let quiet = last(&world);
    assert_eq!((&quiet["at"], &quiet["position"]), (&"2026-11-23T10:00:00Z".into(), &1.into()));
    assert_eq!(quiet["head_hash"].as_str().unwrap().len(), 64);
    assert_eq!(quiet["version"], env!("CARGO_PKG_VERSION"));
    assert!(quiet["oldest_due_clock_age_s"].is_null() && quiet["oldest_undelivered_sev1_age_s"].is_null(), "{quiet}");

    world.receiver.replies("/pager", [Reply::Status(500)]);
    world.leak().await;
    world.settle().await;
    world.gate.set(Mode::Held);
    world.move_clock("30m");
    let grows = |world: &World| {
        let beat = last(world);
        let age = |name: &str| beat[name].as_i64().unwrap_or(0);
        age("last_commit_age_s") >= 1790
            && age("oldest_due_clock_age_s") >= 1200
            && age("oldest_undelivered_sev1_age_s") >= 1790
    };
    world.until("ages of half an hour", grows).await;
    world.gate.set(Mode::Works);
    world.settle().await;
    assert_eq!(world.engine().pulse().await.unwrap().oldest_due_clock_age_s, None);
    beating.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_misses_in_a_row_are_told_once() {
    let world = World::memory().await;
    world.receiver.replies("/beat", [Reply::Status(500), Reply::Status(404), Reply::Status(204), Reply::Status(302)]);
    let beating = tokio::spawn(world.engine().clone().beat(target(&world), EVERY));
    world.until("five misses", |world| world.engine().stats().heartbeats_failed >= 5).await;
    world.until("the complaint", |world| !world.complaints().is_empty()).await;
    assert_eq!(world.complaints(), ["heartbeat-unsent x1"]);
    assert!(world.self_alerts()[0].detail.starts_with("3 in a row to 127.0.0.1: the receiver answered 302"));
    world.receiver.replies("/beat", [Reply::Status(200)]);
    world.until("a heartbeat", |world| world.engine().stats().heartbeats_sent >= 2).await;
    assert_eq!(world.complaints(), ["heartbeat-unsent x1"]);
    beating.abort();
}
