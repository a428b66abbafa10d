//! Other products' senders, who expect other products' answers.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, World, request};

/// What a sender of PagerDuty's events does to an alert.
fn event(key: &str, action: &str) -> Value {
    let payload = json!({
        "summary": "Guardrail off", "source": "edge-1", "severity": "critical",
        "class": "guardrail_failure", "component": "support-assistant",
    });
    let mut event = json!({ "routing_key": key, "event_action": action, "dedup_key": "gate/1" });
    if action == "trigger" {
        event["payload"] = payload;
    }
    event
}

async fn enqueue(world: &World, body: &Value) -> Answer {
    let answer = world.call("POST", "/v2/enqueue", "", body.to_string()).await;
    world.settle().await;
    answer
}

async fn sender(world: &World) -> String {
    world.token(json!({ "name": "pager", "scopes": ["signals:write"] })).await
}

async fn notes(world: &World) -> Vec<String> {
    let timeline = world.get("/api/v1/incidents/INC-1/timeline").await.json();
    let events = timeline["entries"].as_array().unwrap().iter().flat_map(|entry| entry["events"].as_array().unwrap());
    events.filter_map(|event| event["noted"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn pagerduty_senders_open_and_clear() {
    let world = World::new().await;
    let key = sender(&world).await;
    let opened = enqueue(&world, &event(&key, "trigger")).await;
    assert_eq!(opened.status, 202);
    assert_eq!(opened.json(), json!({"status": "success", "message": "Event processed", "dedup_key": "gate/1"}));
    let firing = || async { world.get("/api/v1/incidents/INC-1").await.json()["alerts_firing"].clone() };
    assert_eq!(firing().await, 1);
    let other = sender(&world).await;
    assert_eq!(enqueue(&world, &event(&other, "resolve")).await.status, 202);
    assert_eq!(firing().await, 1, "another sender's alert of the same key is another alert");
    assert_eq!(enqueue(&world, &event(&key, "resolve")).await.status, 202);
    assert_eq!(firing().await, 0, "a resolve has no payload and is understood");
    let before = world.position().await;
    assert_eq!(enqueue(&world, &event(&key, "resolve")).await.status, 202);
    let signals = world.get("/api/v1/signals").await.json();
    assert_eq!(signals["signals"].as_array().unwrap().len(), 2, "what has ended does not end again");
    assert!(world.position().await >= before);
}

#[tokio::test]
async fn pagerduty_acknowledgements_meet_clocks_only_for_people() {
    let world = World::new().await;
    let key = sender(&world).await;
    enqueue(&world, &event(&key, "trigger")).await;
    for _ in 0..2 {
        assert_eq!(enqueue(&world, &event(&key, "acknowledge")).await.status, 202);
    }
    assert_eq!(world.get("/api/v1/incidents/INC-1").await.json()["status"], "triggered");
    assert_eq!(
        notes(&world).await,
        ["pager acknowledged its alert. No clock is met by it: its key belongs to no person."]
    );
    let ana = json!({ "name": "ana's", "scopes": ["signals:write"], "person": "ana" });
    let hers = world.token(ana).await;
    enqueue(&world, &event(&hers, "trigger")).await;
    enqueue(&world, &event(&hers, "acknowledge")).await;
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!((&incident["status"], &incident["acknowledged"]["by"]), (&json!("acknowledged"), &json!("ana")));
}

#[tokio::test]
async fn pagerduty_refusals_have_its_shape() {
    let world = World::new().await;
    let reader = world.token(json!({ "name": "board", "scopes": ["incidents:read"] })).await;
    for (body, error) in [
        (json!({}), "'routing_key' is missing or blank"),
        (event("wb_unknown", "trigger"), "[token-unknown]"),
        (event(&reader, "trigger"), "[scope-missing]"),
    ] {
        let answer = enqueue(&world, &body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let refusal = answer.json();
        let names: Vec<&String> = refusal.as_object().unwrap().keys().collect();
        assert_eq!(names, ["errors", "message", "status"], "{refusal}");
        assert!(refusal["errors"][0].as_str().unwrap().contains(error), "{refusal}");
        assert!(!answer.text.contains(&reader), "a key is not repeated");
    }
    let large = world.call("POST", "/v2/enqueue", "", vec![b' '; 600 * 1024]).await;
    assert_eq!(large.status, 413);
    assert!(large.json()["errors"].is_array());
    let busy = World::with(|config| web::AppConfig { in_flight_max: 0, ..config }).await;
    // Its tokens cannot be made over HTTP: no request of a credential is let in at all.
    let answer = enqueue(&busy, &event(crate::world::ADMIN, "trigger")).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("1")));
    assert_eq!(answer.json()["status"], "in-flight-too-many");
}

#[tokio::test]
async fn changes_are_signals_that_do_not_notify() {
    let world = World::new().await;
    let key = sender(&world).await;
    let change = json!({ "routing_key": key, "payload": { "summary": "New prompt", "source": "deploy" } });
    let answer = world.call("POST", "/v2/change/enqueue", "", change.to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (202, &json!("success")));
    let signals = world.get("/api/v1/signals").await.json();
    assert_eq!(signals["signals"][0]["metric"], "change.pagerduty");
    assert_eq!(world.get("/api/v1/incidents").await.json()["incidents"], json!([]));
}

#[tokio::test]
async fn prometheus_posts_as_to_alertmanager() {
    let world = World::new().await;
    let alert = |ends: &str| {
        json!([{
            "labels": {"alertname": "guardrail_failure", "service": "support-assistant"}, "annotations": {},
            "startsAt": "2026-11-23T08:59:00.000Z", "endsAt": ends, "generatorURL": "",
        }])
    };
    let token = sender(&world).await;
    let post = |body: Value| world.call("POST", "/api/v2/alerts", &token, body.to_string());
    let firing = post(alert("2026-11-23T09:03:00.000Z")).await;
    assert_eq!((firing.status.as_u16(), &firing.json()["incidents"]), (200, &json!(["INC-1"])));
    let again = post(alert("2026-11-23T09:04:00.000Z")).await;
    assert_eq!((&again.json()["accepted"], &again.json()["duplicates"]), (&json!(0), &json!(1)));
    post(alert("2026-11-23T08:59:30.000Z")).await;
    assert_eq!(world.get("/api/v1/incidents/INC-1").await.json()["alerts_firing"], 0);
    let wrong = post(json!({ "version": "4", "alerts": [] })).await;
    assert_eq!(wrong.verdict(), "400 alertmanager-api-format");
    let stranger = world.call("POST", "/api/v2/alerts", "", "[]").await;
    assert_eq!(stranger.verdict(), "401 token-missing");
    let by_key = Request::post(format!("/api/v2/alerts?key={token}")).body(Body::from("[]")).unwrap();
    assert_eq!(world.send(by_key).await.status, 200);
}

#[tokio::test]
async fn grafana_signs_where_its_token_says_so() {
    let world = World::new().await;
    let body = json!({"version": "1", "orgId": 1, "receiver": "watchbell", "status": "firing", "alerts": [{
        "status": "firing", "fingerprint": "f1", "startsAt": "2026-11-23T08:59:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": {"alertname": "guardrail_failure", "service": "support-assistant"}, "annotations": {}, "values": null
    }]})
    .to_string();
    let plain = sender(&world).await;
    let open = world.call("PUT", "/intake/grafana", &plain, body.clone()).await;
    assert_eq!((open.status.as_u16(), &open.json()["incidents"]), (200, &json!(["INC-1"])));
    let wish = json!({ "name": "grafana", "scopes": ["signals:write"], "signed": true });
    let made = world.post("/api/v1/tokens", &wish).await.json();
    let (token, secret) = (made["token"].as_str().unwrap(), made["signing_secret"].as_str().unwrap());
    let listed = world.get("/api/v1/tokens").await;
    assert!(listed.json()["tokens"].as_array().unwrap().iter().any(|token| token["signed"] == true), "{listed:?}");
    assert!(!listed.text.contains(secret), "it is told once");
    let now = "1795424400"; // START, in seconds
    for (signed, timestamp, wanted) in [
        (body.clone(), None, 200),
        (format!("{now}:{body}"), Some(now), 200),
        (format!("{now}:{body}"), None, 401),
        (body.clone(), Some(now), 401),
        (format!("1795424000:{body}"), Some("1795424000"), 401),
        (format!("{body} "), None, 401),
    ] {
        let signature = hmac(secret, &signed);
        let mut request = request("POST", "/intake/grafana", token).header("x-grafana-alerting-signature", signature);
        if let Some(timestamp) = timestamp {
            request = request.header("x-grafana-alerting-timestamp", timestamp);
        }
        let answer = world.send(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(answer.status, wanted, "{timestamp:?} {answer:?}");
    }
    let unsigned = world.call("POST", "/intake/grafana", token, body).await;
    assert_eq!(unsigned.verdict(), "401 grafana-signature");
}

/// HMAC-SHA256 (RFC 2104), written out so that the test shares nothing with the program.
fn hmac(secret: &str, message: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut block = [0_u8; 64];
    block[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}
