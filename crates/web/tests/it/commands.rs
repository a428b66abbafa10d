//! Commands: the whole way of an incident, and repeating requests safely.

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::{ADMIN, Answer, World, request};

#[tokio::test]
async fn an_incident_goes_its_way() {
    let world = World::new().await;
    world.commitment("seed").await;
    let (ana, mara, tom) = (world.person("ana").await, world.person("mara").await, world.person("tom").await);
    let evidence = |at: &str| json!({"kind": "evaluation", "text": "200 of 200", "link": null, "observed_at": at});
    world.post("/dev/clock", &json!({"advance": "5m"})).await;
    let update = json!({"audience": "support", "text": "Do not promise refunds.", "next_update_at": null});
    for (who, command, body, status) in [
        (&ana, "acknowledge", json!({}), "acknowledged"),
        (&ana, "accept", json!({"role": "commander"}), "acknowledged"),
        (&tom, "updates", update, "acknowledged"),
        (&ana, "contain", json!({"customers_see": "a human"}), "contained"),
        (&ana, "mitigate", json!({"note": "prompt rolled back"}), "mitigated"),
        (&ana, "facts", json!({"fact": "confirmed_at", "note": "transcript"}), "mitigated"),
        (&ana, "notes", json!({"text": "three customers"}), "mitigated"),
        (&ana, "pause", json!({"reason": "waiting for the provider"}), "mitigated"),
        (&ana, "unpause", json!({}), "mitigated"),
        (&mara, "assign", json!({"role": "validation", "person": "mara"}), "mitigated"),
        (&mara, "validations", json!({"passed": true, "evidence": evidence("2026-11-23T09:12:00Z")}), "validated"),
        (&ana, "resolve", json!({}), "resolved"),
        (&ana, "reviews", json!({"cause": "old article", "action": "index it nightly"}), "closed"),
    ] {
        world.post("/dev/clock", &json!({"advance": "1m"})).await;
        let path = format!("/api/v1/incidents/INC-1/{command}");
        let answer = world.call("POST", &path, who, body.to_string()).await;
        assert_eq!(answer.verdict(), "200", "{command}: {answer:?}");
        assert_eq!(answer.json()["status"], status, "{command}");
    }
    let words = ["reopen", "severity", "confirm-severity", "decline-severity", "waive", "decide"];
    for (command, body) in words.into_iter().zip([
        json!({"reason": "again"}),
        json!({"severity": "SEV-2", "reason": "fewer customers"}),
        json!({"severity": "SEV-2"}),
        json!({"reason": "not so few"}),
        json!({"clock": "mitigate#2", "reason": "accepted"}),
        json!({"audience": "customers", "inform": true, "reason": "they asked"}),
    ]) {
        let answer = world.call("POST", &format!("/api/v1/incidents/INC-1/{command}"), &ana, body.to_string()).await;
        assert_ne!(answer.status.as_u16(), 500, "{command}: {answer:?}");
        assert_ne!(answer.verdict(), "400 command-malformed", "{command}: {answer:?}");
    }
}

#[tokio::test]
async fn an_incident_shows_what_waits_for_a_second_person() {
    let world = World::new().await;
    world.commitment("seed").await;
    let (ana, tom) = (world.person("ana").await, world.person("tom").await);
    let fresh = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!((&fresh["pending"], &fresh["hold"], &fresh["break_glass"]), (&json!([]), &Value::Null, &Value::Null));
    let words = json!({"audience": "customers", "text": "We look into it."});
    for (who, command, body) in [
        (&ana, "acknowledge", json!({})),
        (&ana, "drafts", words),
        (&tom, "approve", json!({"update": 1})),
        (&ana, "mitigate", json!({"note": "switched off"})),
        (&ana, "break-glass", json!({"reason": "the provider is gone"})),
    ] {
        let path = format!("/api/v1/incidents/INC-1/{command}");
        let answer = world.call("POST", &path, who, body.to_string()).await;
        assert_eq!(answer.verdict(), "200", "{command}: {answer:?}");
    }
    let shown = world.get("/api/v1/incidents/INC-1").await.json();
    let waits = &shown["pending"][0];
    assert_eq!((&waits["no"], &waits["audience"], &waits["by"]), (&json!(1), &json!("customers"), &json!("ana")));
    assert_eq!((&waits["text"], &waits["approved"]["by"]), (&json!("We look into it."), &json!("tom")));
    assert_eq!(shown["break_glass"]["by"], "ana");
    assert!(shown["break_glass"]["until"].is_string(), "{shown:#}");
}

#[tokio::test]
async fn programs_do_not_act_for_people() {
    let world = World::new().await;
    world.commitment("seed").await;
    let before = world.position().await;
    let evidence = json!({"kind": "evaluation", "text": "ok", "link": null, "observed_at": "2026-11-23T09:00:00Z"});
    for (command, body) in [
        ("acknowledge", json!({})),
        ("contain", json!({"customers_see": "a human"})),
        ("validations", json!({"passed": true, "evidence": evidence})),
        ("resolve", json!({})),
    ] {
        let answer = world.post(&format!("/api/v1/incidents/INC-1/{command}"), &body).await;
        assert_eq!(answer.verdict(), "403 person-required", "{command}");
    }
    assert_eq!(world.position().await, before);
}

async fn with_key(world: &World, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    let request = request("POST", path, token).header("idempotency-key", key);
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn the_same_key_takes_effect_once() {
    let world = World::new().await;
    let (notes, body) = ("/api/v1/incidents/INC-1/notes", json!({"text": "seen"}));
    let declaration = json!({"title": "It invents refunds", "class": "unsure"});
    let first = with_key(&world, ADMIN, "/api/v1/incidents", "d-1", &declaration).await;
    assert_eq!((first.status.as_u16(), first.header("location")), (201, Some("/api/v1/incidents/INC-1")));
    let again = with_key(&world, ADMIN, "/api/v1/incidents", "d-1", &declaration).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (first.status, Some("true")));
    assert_eq!((again.json(), first.header("idempotent-replayed")), (first.json(), None));

    // What follows from the declaration by itself is done before positions are compared.
    world.settle().await;
    let noted = with_key(&world, ADMIN, notes, "n-1", &body).await;
    assert_eq!(noted.header("idempotent-replayed"), None);
    let before = world.position().await;
    let again = with_key(&world, ADMIN, notes, "n-1", &body).await;
    assert_eq!((again.verdict().as_str(), again.header("idempotent-replayed")), ("200", Some("true")));
    assert_eq!(world.position().await, before);

    let other = with_key(&world, ADMIN, notes, "n-1", &json!({"text": "other"})).await;
    assert_eq!(other.verdict(), "422 idempotency-key-reused");
    let other = with_key(&world, ADMIN, "/api/v1/incidents", "n-1", &declaration).await;
    assert_eq!(other.verdict(), "422 idempotency-key-reused");
    assert_eq!(world.position().await, before);
    // Keys belong to their token.
    let bot = world.token(json!({"name": "bot", "scopes": ["incidents:write", "incidents:read"]})).await;
    assert_eq!(with_key(&world, &bot, notes, "n-1", &body).await.header("idempotent-replayed"), None);
    for bad in ["", "with space", &"x".repeat(256)] {
        assert_eq!(with_key(&world, ADMIN, notes, bad, &body).await.verdict(), "400 idempotency-key-invalid", "{bad}");
    }
}

#[tokio::test]
async fn keys_survive_a_restart() {
    let world = World::new().await;
    let declaration = json!({"title": "It invents refunds", "class": "unsure"});
    with_key(&world, ADMIN, "/api/v1/incidents", "d-1", &declaration).await;
    let world = world.restarted().await;
    let again = with_key(&world, ADMIN, "/api/v1/incidents", "d-1", &declaration).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(world.get("/api/v1/incidents").await.json()["incidents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn declaring_the_same_again_joins() {
    let world = World::new().await;
    let declaration = json!({"title": "It invents refunds", "class": "hallucinated_commitment"});
    let first = world.post("/api/v1/incidents", &declaration).await;
    assert_eq!((first.status.as_u16(), &first.json()["id"]), (201, &json!("INC-1")));
    let second = world.post("/api/v1/incidents", &declaration).await;
    assert_eq!((second.status.as_u16(), &second.json()["id"]), (200, &json!("INC-1")));
}
