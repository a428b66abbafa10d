//! Signals on their way in.

use serde_json::{Value, json};

use crate::world::{World, signal};

#[tokio::test]
async fn signals_open_and_join_incidents() {
    let world = World::new().await;
    let first = world.commitment("s-1").await;
    assert_eq!(first.status, 202);
    assert_eq!(first.json(), json!({"accepted": 1, "duplicates": 0, "rejected": [], "incidents": ["INC-1"]}));
    let again = world.commitment("s-1").await;
    assert_eq!(again.json(), json!({"accepted": 0, "duplicates": 1, "rejected": [], "incidents": []}));
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!(
        (&incident["class"], &incident["severity"]),
        (&json!("hallucinated_commitment"), &json!({"rank": 1, "name": "SEV-1"}))
    );
    let decision = world.get("/api/v1/incidents/INC-1/decision").await.json();
    assert_eq!(decision["opened"]["trigger"], "commitment-confirmed");
    assert_eq!(decision["opened"]["count"], 1);
}

#[tokio::test]
async fn good_signals_are_taken_in_beside_bad_ones() {
    let world = World::new().await;
    let mixed = json!([signal("latency", "a"), {"source": "evals"}, signal("latency", "b"), signal("latency", "a")]);
    let answer = world.post("/v1/signals", &mixed).await;
    assert_eq!(answer.status, 202);
    let answer = answer.json();
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(2), &json!(1)));
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&answer["rejected"][0]["index"], &answer["rejected"][0]["code"]),
        (&json!(1), &json!("signal-field-missing"))
    );
    let lines = format!("{}\n{}\n", signal("latency", "c"), signal("latency", "d"));
    let answer = world.call("POST", "/v1/signals", crate::world::ADMIN, lines).await;
    assert_eq!(answer.json()["accepted"], 2);
    let none = world.post("/v1/signals", &json!([{}, {"source": 7}])).await;
    assert_eq!(none.verdict(), "422 signal-field-missing");
    assert_eq!(none.json()["rejected"].as_array().unwrap().len(), 2);
    let empty = world.post("/v1/signals", &json!([])).await;
    assert_eq!((empty.status.as_u16(), empty.json()["accepted"].clone()), (202, json!(0)));
}

#[tokio::test]
async fn stored_signals_are_read_page_by_page() {
    let world = World::new().await;
    for batch in [5, 1, 3] {
        let start = world.position().await;
        let signals: Vec<Value> = (0..batch).map(|i| signal("latency", &format!("{start}-{i}"))).collect();
        world.post("/v1/signals", &json!(signals)).await;
    }
    for limit in [1, 2, 4, 5, 8, 9, 100] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.get(&format!("/api/v1/signals?limit={limit}{cursor}")).await.json();
            let items = page["signals"].as_array().unwrap().clone();
            assert!(items.len() <= limit);
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 9, "{limit}: {seen:?}");
        assert!(seen.windows(2).all(|two| two[0] != two[1]), "{limit}: {seen:?}");
    }
    let one = &world.get("/api/v1/signals?limit=1").await.json()["signals"][0];
    assert_eq!(one["external_id"].as_str().map(|id| id.ends_with("-0")), Some(true), "{one}");
    assert!(one["position"].is_u64() && one["recorded_at"].is_string(), "{one}");
}

#[tokio::test]
async fn alertmanager_is_answered_after_the_commit() {
    let world = World::new().await;
    let alert = |state: &str, ends: &str| {
        json!({"version": "4", "receiver": "watchbell", "status": state, "truncatedAlerts": 2, "alerts": [{
            "status": state, "fingerprint": "f1", "startsAt": "2026-11-23T08:59:00Z", "endsAt": ends,
            "labels": {"alertname": "guardrail_failure", "service": "support-assistant"}, "annotations": {}, "generatorURL": ""
        }]})
    };
    let firing = world.post("/intake/alertmanager", &alert("firing", "0001-01-01T00:00:00Z")).await;
    assert_eq!(firing.status, 200);
    let body = firing.json();
    assert_eq!((&body["accepted"], &body["incidents"]), (&json!(1), &json!(["INC-1"])));
    assert_eq!(body["warnings"][0]["code"], "alerts-truncated");
    let resolved = world.post("/intake/alertmanager", &alert("resolved", "2026-11-23T08:59:30Z")).await;
    assert_eq!(resolved.json()["accepted"], 1, "{resolved:?}");
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!((&incident["status"], &incident["alerts_firing"]), (&json!("triggered"), &json!(0)));
    let complaints = world.engine.read(|view| view.self_alerts()).await.unwrap();
    assert!(complaints.iter().any(|alert| alert.code == "alerts-truncated"), "{complaints:?}");
}

#[tokio::test]
async fn one_key_fills_one_incident_with_what_it_invents() {
    let world = World::new().await;
    let key = world.token(json!({"name": "leaked", "scopes": ["signals:write"]})).await;
    let leak = |service: &str, id: usize| {
        let mut one = signal("pii_leak", &format!("{service}-{id}"));
        one["service"] = json!(service);
        one
    };
    let invented: Vec<Value> = (0..100).map(|n| leak(&format!("invented-{n}"), n)).collect();
    let answer = world.call("POST", "/v1/signals", &key, json!(invented).to_string()).await.json();
    assert_eq!((&answer["accepted"], answer["incidents"].as_array().unwrap().len()), (&json!(100), 61), "{answer}");
    // Who is declared keeps an incident of their own, whatever the key did before.
    let declared = world.call("POST", "/v1/signals", &key, leak("support-assistant", 0).to_string()).await.json();
    let more = world.call("POST", "/v1/signals", &key, leak("invented-100", 0).to_string()).await.json();
    world.settle().await;
    let flood = more["incidents"][0].as_str().unwrap().to_owned();
    assert!(
        declared["incidents"][0] != json!(flood) && answer["incidents"].as_array().unwrap().contains(&json!(flood))
    );
    let incident = world.get(&format!("/api/v1/incidents/{flood}")).await.json();
    assert_eq!((&incident["service"], &incident["severity"]["name"]), (&json!("many-services"), &json!("SEV-1")));
    let paged = world.get(&format!("/api/v1/deliveries?incident={flood}")).await.json();
    assert!(!paged["deliveries"].as_array().unwrap().is_empty(), "it pages as any other");
    let stored = world.get("/api/v1/signals?limit=1000").await.json();
    let joined = stored["signals"].as_array().unwrap().iter().filter(|one| one["service"] == "many-services");
    let names: Vec<&str> = joined.map(|one| one["labels"]["service"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names.last()), (41, Some(&"invented-100")), "each keeps its name");
    assert!(world.get("/").await.text.contains("services-flooding"));
}

#[tokio::test]
async fn a_flood_of_the_same_sender_hides_nothing_severe() {
    let world = World::with(|config| web::AppConfig { signals_per_minute: Some(1), ..config }).await;
    for (metric, id, wanted) in [
        ("latency", "a", "202"),
        ("latency", "b", "429 quota-exceeded"),
        ("pii_leak", "c", "202"),
        ("latency", "d", "429 quota-exceeded"),
        ("pii_leak", "e", "429 quota-exceeded"),
    ] {
        assert_eq!(world.post("/v1/signals", &signal(metric, id)).await.verdict(), wanted, "{id}");
    }
}
