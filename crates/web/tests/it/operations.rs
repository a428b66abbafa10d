//! Health, metrics, the test clock, load and the end.

use serde_json::json;

use crate::world::{ADMIN, World};

#[tokio::test]
async fn health_needs_no_token_and_tells_the_end() {
    let world = World::new().await;
    assert_eq!(world.call("GET", "/livez", "", "").await.text, "ok\n");
    let ready = world.call("GET", "/readyz", "", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (200, &json!(true)));
    assert!(ready.json()["pulse"].is_null());
    let verbose = world.call("GET", "/readyz?verbose", "", "").await.json();
    assert!(verbose["pulse"]["position"].is_u64() && verbose["pulse"]["oldest_due_clock_age_s"].is_null(), "{verbose}");
    world.engine.shutdown().await;
    let stopping = world.call("GET", "/readyz", "", "").await;
    assert_eq!(stopping.status, 503);
    assert_eq!(stopping.json()["reason"], "it is shutting down");
    assert_eq!(world.call("GET", "/livez", "", "").await.status, 200);
    let refused = world.post("/v1/signals", &crate::world::signal("latency", "late")).await;
    assert_eq!((refused.verdict().as_str(), refused.header("retry-after")), ("503 stopping", Some("5")));
}

#[tokio::test]
async fn metrics_count_without_names() {
    let world = World::new().await;
    world.commitment("s-1").await;
    world.commitment("s-1").await;
    world.post("/v1/signals", &json!([{}])).await;
    world.get("/api/v1/incidents/INC-1").await;
    let metrics = world.call("GET", "/metrics", "", "").await;
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "watchbell_signals_accepted_total 1",
        "watchbell_signals_duplicate_total 1",
        "watchbell_signals_rejected_total 1",
        "watchbell_incidents_opened_total 1",
        "watchbell_ready 1",
        r#"watchbell_http_request_duration_seconds_count{route="/v1/signals",status="202"} 2"#,
        r#"watchbell_http_request_duration_seconds_count{route="/api/v1/incidents/{id}",status="200"} 1"#,
    ] {
        assert!(metrics.text.lines().any(|found| found == line), "{line} is not in\n{}", metrics.text);
    }
    assert!(metrics.text.ends_with("# EOF\n"));
    assert!(!metrics.text.contains("INC-1"));
}

#[tokio::test]
async fn the_test_clock_moves_everything() {
    let world = World::new().await;
    world.commitment("s-1").await;
    let moved = world.call("POST", "/dev/clock", "", r#"{"advance":"15m"}"#).await;
    assert_eq!(moved.json(), json!({"now": "2026-11-23T09:15:00Z"}));
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    let clock = incident["clocks"].as_array().unwrap().iter().find(|clock| clock["id"] == "acknowledge").unwrap();
    assert_eq!((&clock["state"], clock["met_at"].is_null()), (&json!("missed"), true), "{clock}");
    assert_eq!(clock["breached_at"], clock["due_at"]);
    let foreign = crate::world::request("POST", "/dev/clock", "").header("origin", "https://evil.test");
    assert_eq!(world.send(foreign.body(r#"{"advance":"1m"}"#.into()).unwrap()).await.status, 403);

    let ordinary = World::with(|config| web::AppConfig { test_clock: false, ..config }).await;
    assert_eq!(ordinary.call("GET", "/dev/clock", ADMIN, "").await.verdict(), "404 route-unknown");
    assert_eq!(ordinary.call("POST", "/dev/clock", ADMIN, "{}").await.verdict(), "404 route-unknown");
}

#[tokio::test]
async fn one_sender_cannot_take_every_place() {
    let world = World::with(|config| web::AppConfig { in_flight_max: 0, ..config }).await;
    for (path, wanted) in [
        ("/v1/signals", "429 in-flight-too-many"),
        ("/intake/alertmanager", "503 in-flight-too-many"),
        ("/api/v1/incidents", "429 in-flight-too-many"),
    ] {
        let answer = world.call("POST", path, ADMIN, "{}").await;
        assert_eq!((answer.verdict().as_str(), answer.header("retry-after")), (wanted, Some("1")), "{path}");
    }
}
