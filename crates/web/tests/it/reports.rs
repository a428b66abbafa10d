//! My work, the matrix and the review, as pages and as files.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::world::{Answer, World, signal};

async fn look(world: &World, path: &str, cookie: &str) -> Answer {
    world.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_matrix_is_a_page_and_a_file() {
    let world = World::new().await;
    let ana = world.sign_in("ana").await;
    let page = look(&world, "/matrix", &ana).await;
    assert!(page.status == 200 && page.text.contains("Customer update window"), "{page:?}");
    let csv = look(&world, "/matrix?format=csv", &ana).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"matrix.csv\""));
    assert!(csv.text.starts_with("#,Incident type,Severity,"), "{}", csv.text);
    assert!(look(&world, "/matrix?format=json", &ana).await.json()["rows"].is_array());
    assert_eq!(look(&world, "/matrix?format=pdf", &ana).await.verdict(), "400 query-invalid");
}

#[tokio::test]
async fn the_review_shows_misses_to_those_who_may_see_them() {
    let world = World::new().await;
    world.commitment("c-1").await;
    world.leak("l-1").await;
    // Acknowledging is missed, and nobody but the first step has been paged yet.
    world.engine.advance(calendar::Duration::from_mins(12)).await.unwrap();
    let (mara, ines) = (world.sign_in("mara").await, world.sign_in("ines").await);
    let misses = |cookie: String| {
        let world = &world;
        async move { look(world, "/review?week=2026-W48&format=csv", &cookie).await.text }
    };
    let (maras, hers) = (misses(mara.clone()).await, misses(ines).await);
    assert!(maras.contains("INC-1") && hers.contains("INC-1"), "{maras}");
    let restricted = world.get("/api/v1/incidents").await.json();
    let restricted = restricted["incidents"].as_array().unwrap().iter().find(|i| i["restricted"] == true).unwrap();
    let id = restricted["id"].as_str().unwrap();
    assert!(hers.contains(id) && !maras.contains(id), "{id}: {maras}");
    let page = look(&world, "/review", &mara).await;
    assert!(page.text.contains("Weekly review 2026-W48") && !page.text.contains(id), "{}", page.text);
    assert_eq!(look(&world, "/review?week=47", &mara).await.verdict(), "400 query-invalid");
    let before = look(&world, "/review?week=2026-W40&format=json", &mara).await;
    assert_eq!(before.json()["misses"], json!([]));
}

#[tokio::test]
async fn the_review_tries_tighter_numbers_on_the_past() {
    let world = World::new().await;
    for unit in ["c-1", "c-2", "c-3"] {
        world.commitment(unit).await;
        world.engine.advance(calendar::Duration::from_mins(10)).await.unwrap();
    }
    world.leak("l-1").await;
    let mara = world.sign_in("mara").await;
    world.settle().await;
    let week = world.get("/api/v1/reviews?week=2026-W48").await.json();
    let thresholds = &week["thresholds"];
    assert_eq!(thresholds["replay"]["exact"], true, "{thresholds:#}");
    assert_eq!(thresholds["replay"]["incidents"], 2);
    assert_eq!(thresholds["signals"], 4);
    let tried = thresholds["tried"].as_array().unwrap();
    assert!(tried.iter().any(|one| one["trigger"] == "commitment-repeated" && one["to"] == "at least 3"), "{tried:#?}");
    assert_eq!(week["head"]["position"], world.get("/api/v1/audit").await.json()["position"]);
    let page = look(&world, "/review?week=2026-W48", &mara).await;
    assert!(page.text.contains("The live policy replayed differs by zero events"), "{}", page.text);
    let again = world.get("/api/v1/reviews?week=2026-W48").await.json();
    assert_eq!(&again["thresholds"], thresholds, "the same position has the same answer");
}

#[tokio::test]
async fn an_erased_signal_is_replayed_as_the_unit_that_it_was() {
    let world = World::new().await;
    // Four units, one of them twice: erased, it must not count as a fifth, which would be a SEV-1.
    for (id, unit) in [("s-1", "c-1"), ("s-2", "c-2"), ("s-3", "c-3"), ("s-4", "c-4"), ("s-5", "c-1")] {
        let mut one = signal("hallucinated_commitment", id);
        one["unit"] = json!({ "kind": "conversation", "id": unit });
        assert_eq!(world.post("/v1/signals", &one).await.status, 202);
        world.engine.advance(calendar::Duration::from_mins(1)).await.unwrap();
    }
    let first = world.get("/api/v1/signals").await.json()["signals"][0]["id"].clone();
    let erased = world.post("/api/v1/erasures", &json!({ "signal": first, "reason": "asked for" })).await.json();
    assert_eq!((&erased["erased"], &erased["signals"]), (&json!(true), &json!(1)), "{erased}");
    let week = world.get("/api/v1/reviews?week=2026-W48").await.json();
    assert_eq!(week["thresholds"]["replay"]["differs"], 0, "{:#}", week["thresholds"]);
    assert_eq!(week["thresholds"]["signals"], 5);
}

#[tokio::test]
async fn a_replay_is_remembered_for_a_while_and_never_beyond_an_erasure() {
    let world = World::new().await;
    let said = async |id: &str| {
        let mut one = signal("hallucinated_commitment", id);
        one["unit"] = json!({ "kind": "conversation", "id": id });
        assert_eq!(world.post("/v1/signals", &one).await.status, 202);
        world.settle().await;
    };
    said("c-1").await;
    let replayed = async || {
        let week = world.get("/api/v1/reviews?week=2026-W48").await.json();
        week["thresholds"]["signals"].as_u64().unwrap()
    };
    assert_eq!(replayed().await, 1);
    said("c-2").await;
    assert_eq!(replayed().await, 1, "a signal alone changes little");
    let first = world.get("/api/v1/signals").await.json()["signals"][0]["id"].clone();
    world.post("/api/v1/erasures", &json!({ "signal": first, "reason": "asked for" })).await;
    assert_eq!(replayed().await, 2, "what was erased must not be shown");
    world.engine.advance(calendar::Duration::from_mins(16)).await.unwrap();
    said("c-3").await;
    assert_eq!(replayed().await, 3);
}

#[tokio::test]
async fn a_candidate_is_tried_by_administrators_only() {
    let world = World::new().await;
    world.commitment("c-1").await;
    let policy = world.engine.rules().documents.policy.clone();
    let candidate = policy.replace("severity: SEV-1}", "severity: SEV-2}");
    let body = |policy: &str| json!({ "policy": policy });
    let same = world.post("/api/v1/backtests", &body(&policy)).await;
    assert_eq!(same.json()["differences"], json!([]), "{same:?}");
    let other = world.post("/api/v1/backtests", &body(&candidate)).await.json();
    assert!(other["text"].as_str().unwrap().starts_with("# Backtest"), "{other:#}");
    let bad = world.post("/api/v1/backtests", &body("version: 1")).await;
    assert_eq!(bad.verdict(), "400 command-malformed");
    let token = world.person("ben").await;
    assert_eq!(world.call("POST", "/api/v1/backtests", &token, body(&policy).to_string()).await.status, 403);
}

#[tokio::test]
async fn my_work_is_what_i_hold() {
    let world = World::new().await;
    let (ben, mara) = (world.sign_in("ben").await, world.sign_in("mara").await);
    let idle = look(&world, "/mine", &ben).await;
    assert!(idle.text.contains("Nothing waits for you") && idle.text.contains("On call: "), "{}", idle.text);
    world.commitment("c-1").await;
    let waiting = look(&world, "/mine", &ben).await;
    assert!(waiting.text.contains("Waits for you") && waiting.text.contains("/incidents/INC-1"), "{}", waiting.text);
    let token = world.person("ben").await;
    world.call("POST", "/api/v1/incidents/INC-1/acknowledge", &token, "{}").await;
    let mine = look(&world, "/mine", &ben).await;
    assert!(mine.text.contains("You answer for"), "{}", mine.text);
    assert!(look(&world, "/mine", &mara).await.text.contains("Nothing waits for you"));
}

#[tokio::test]
async fn the_generator_shows_what_the_answers_give_and_changes_nothing() {
    let world = World::new().await;
    let before = world.position().await;
    let page = world.get("/generator").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Readiness: <strong>Enterprise</strong>") && !page.text.contains("Tool misuse"));
    let acting = world.get("/generator?rights=acts&organization=%3Cimg%20onerror%3D1%3E").await;
    assert!(acting.text.contains("Tool misuse") && acting.text.contains("added because it can act"));
    assert!(!acting.text.contains("<img"), "what somebody types is only text");
    for (file, kind, holds) in [
        ("policy.yaml", "application/yaml; charset=utf-8", "organization: \"Acme\""),
        ("roster.yaml", "application/yaml; charset=utf-8", "fallback: [support-lead, ai-operations]"),
        ("matrix.md", "text/markdown; charset=utf-8", "# AI escalation matrix: Acme"),
        ("matrix.csv", "text/csv; charset=utf-8", "Customer update window"),
        ("matrix.json", "application/json; charset=utf-8", "\"organization\": \"Acme\""),
    ] {
        let taken = world.get(&format!("/generator?organization=Acme&file={file}")).await;
        assert_eq!(taken.header("content-type"), Some(kind), "{file}");
        assert_eq!(taken.header("content-disposition").unwrap(), format!("attachment; filename=\"{file}\""));
        assert!(taken.text.contains(holds), "{file}: {}", taken.text);
    }
    let wrong = world.get("/generator?time_zone=Mars%2FOlympus").await;
    assert!(wrong.status == 200 && wrong.text.contains("would not be valid"), "{}", wrong.status);
    for refused in ["impact=huge", "answers=all", &format!("assistant={}", "x".repeat(121))] {
        assert_eq!(world.get(&format!("/generator?{refused}")).await.verdict(), "400 query-invalid", "{refused}");
    }
    assert_eq!(world.position().await, before);
}
