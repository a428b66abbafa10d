//! Plans over HTTP: shown, refused where the policy moved, applied with a reason, and kept over a restart.

use serde_json::{Value, json};

use crate::world::World;

const TIGHTER: (&str, &str) = ("acknowledge: 10m", "acknowledge: 8m");

async fn candidate(world: &World) -> String {
    let text = world.engine.rules().documents.policy.clone();
    assert!(text.contains(TIGHTER.0));
    text.replacen(TIGHTER.0, TIGHTER.1, 1)
}

async fn planned(world: &World) -> Value {
    world.post("/api/v1/policy/plan", &json!({ "policy": candidate(world).await })).await.json()
}

fn wish(plan: &Value, reason: &str) -> Value {
    json!({ "base": plan["base"], "policy": plan["documents"]["policy"], "reason": reason })
}

#[tokio::test]
async fn a_plan_changes_nothing_and_says_what_it_would() {
    let world = World::new().await;
    world.commitment("s-1").await;
    let before = world.engine.rules().policy.id.clone();
    let plan = planned(&world).await;
    assert_eq!(plan["changes"][0]["line"], "SEV-1: acknowledge: 10 min → 8 min (tighter)");
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1);
    let patch = plan["text"]["policy"].as_str().unwrap();
    assert!(patch.contains("\n-") && patch.contains("acknowledge: 8m"), "{patch}");
    assert_eq!((&plan["text"]["roster"], &plan["resets"]), (&json!(""), &json!([])));
    let clocks = plan["open"][0]["clocks"].as_array().unwrap();
    let acknowledge = clocks.iter().find(|clock| clock["clock"] == "Acknowledge").unwrap();
    assert_eq!((&acknowledge["stays"], &acknowledge["candidate"]), (&json!(true), &json!("8 min")));
    assert_eq!(world.engine.rules().policy.id, before);
    let same = world.post("/api/v1/policy/plan", &json!({})).await.json();
    assert_eq!((&same["differs"], &same["changes"]), (&json!(false), &json!([])));
    let bad = world.post("/api/v1/policy/plan", &json!({ "policy": "version: 1\nnonsense: 1\n" })).await.json();
    assert_eq!((&bad["valid"], bad["changes"].is_null()), (&json!(false), true));
    assert!(bad["diagnostics"].as_array().is_some_and(|found| !found.is_empty()));
}

#[tokio::test]
async fn of_two_plans_the_second_is_refused_and_names_what_moved() {
    let world = World::new().await;
    let (first, second) = (planned(&world).await, planned(&world).await);
    assert_eq!(world.post("/api/v1/policy/apply", &wish(&first, " ")).await.verdict(), "422 text-invalid");
    let applied = world.post("/api/v1/policy/apply", &wish(&first, "too slow in October")).await;
    assert_eq!(applied.json()["in_force"], json!(first["candidate"]));
    let refused = world.post("/api/v1/policy/apply", &wish(&second, "again")).await;
    assert_eq!(refused.verdict(), "409 plan-outdated");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(first["candidate"]["policy"].as_str().unwrap()), "{detail}");
    let broken = json!({ "base": first["candidate"], "policy": "version: 1\n", "reason": "why not" });
    assert_eq!(world.post("/api/v1/policy/apply", &broken).await.verdict(), "422 plan-invalid");
}

#[tokio::test]
async fn what_was_applied_outlives_a_restart_and_an_old_file() {
    let world = World::new().await;
    let before = world.engine.rules().policy.id.clone();
    world.commitment("s-1").await;
    let plan = planned(&world).await;
    world.post("/api/v1/policy/apply", &wish(&plan, "too slow in October")).await;
    let applied = plan["candidate"]["policy"].as_str().unwrap().to_owned();
    // The files are as they were.
    let world = world.restarted().await;
    assert_eq!(world.engine.rules().policy.id, applied);
    assert_eq!(world.get("/api/v1/incidents/INC-1").await.json()["policy_version"], before.as_str(), "it stays pinned");
    let versions = world.get("/api/v1/policy/versions").await.json()["versions"].clone();
    let told: Vec<(&Value, &Value)> =
        versions.as_array().unwrap().iter().map(|version| (&version["policy"], &version["reason"])).collect();
    assert_eq!(told, [(&json!(applied), &json!("too slow in October")), (&json!(before), &json!(""))]);
    let old = world.get(&format!("/api/v1/policy/versions/{before}")).await.json();
    let back = world.post("/api/v1/policy/plan", &json!({ "policy": old["text"]["policy"] })).await.json();
    assert_eq!(back["changes"][0]["line"], "SEV-1: acknowledge: 8 min → 10 min (looser)");
    assert_eq!(world.get("/api/v1/policy/versions/000000000000").await.verdict(), "404 version-unknown");
    let acts = world.get("/api/v1/audit?what=policy.activated").await.json();
    assert_eq!(acts["acts"][0]["note"], format!("after {before}: too slow in October"));
}
