//! Reading: shapes, pages, and that it changes nothing.

use axum::body::Body;
use axum::http::Request;
use expect_test::expect;
use serde_json::{Value, json};

use crate::world::{START, URL, World, signal};

#[tokio::test]
async fn an_incident_has_the_shape_that_others_rely_on() {
    let world = World::new().await;
    // What is recorded at the start shares an instant; from here on each has its own.
    world.post("/dev/clock", &json!({"advance": "1m"})).await;
    world.commitment("s-1").await;
    world.post("/dev/clock", &json!({"advance": "12m"})).await;
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    let mut shown = incident.clone();
    shown["clocks"] = incident["clocks"][0].clone();
    shown["roles"] = incident["roles"]["validation"].clone();
    shown["policy_version"] = json!(incident["policy_version"].as_str().unwrap().len());
    expect![[r#"
        {
          "acknowledged": null,
          "alerts_firing": 0,
          "class": "hallucinated_commitment",
          "clocks": {
            "calendar": "always",
            "due_at": "2026-11-23T09:21:00Z",
            "id": "accept:commander",
            "kind": "accept",
            "paused": false,
            "role": "commander",
            "started_at": "2026-11-23T09:01:00Z",
            "state": "running",
            "target": "20m",
            "warned_at": [
              "2026-11-23T09:11:00Z"
            ]
          },
          "contained": null,
          "decision": {
            "trigger": "commitment-confirmed",
            "url": "http://watchbell.test/api/v1/incidents/INC-1/decision"
          },
          "drill": false,
          "facts": {},
          "id": "INC-1",
          "impact_started_at": "2026-11-23T09:01:00Z",
          "mitigated": null,
          "opened_at": "2026-11-23T09:01:00Z",
          "paused": null,
          "pending": [],
          "policy_version": 12,
          "reopened": 0,
          "resolved_at": null,
          "restricted": false,
          "reviewed": null,
          "roles": {
            "person": "noor",
            "since": "2026-11-23T09:01:00Z",
            "state": "assigned"
          },
          "service": "support-assistant",
          "severity": {
            "name": "SEV-1",
            "rank": 1
          },
          "signals": 1,
          "status": "triggered",
          "timeline_url": "http://watchbell.test/api/v1/incidents/INC-1/timeline",
          "title": "Invented policy, price or refund: Support assistant",
          "updates": [],
          "url": "http://watchbell.test/incidents/INC-1",
          "validated": null
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&shown).unwrap());
    let kinds: Vec<&str> = incident["clocks"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    expect!["accept:commander accept:remediation accept:validation accept:publishing acknowledge contain mitigate validate resolve notify:customers notify:executives notify:support"].assert_eq(&kinds.join(" "));
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let world = World::new().await;
    for (i, class) in ["guardrail_failure", "unsure", "cost_anomaly", "toxic_output"].into_iter().enumerate() {
        let declaration = json!({"title": format!("number {i}"), "class": class});
        assert_eq!(world.post("/api/v1/incidents", &declaration).await.status, 201);
    }
    world.post("/v1/signals", &json!([signal("guardrail_failure", "a"), signal("tool_misuse", "b")])).await;
    world.post("/dev/clock", &json!({"advance": "1h"})).await;
    for list in ["incidents", "clocks", "deliveries", "decisions", "incidents/INC-1/timeline"] {
        let plural = if list.ends_with("timeline") { "entries" } else { list };
        let whole = world.get(&format!("/api/v1/{list}?limit=200")).await.json();
        let all = whole[plural].as_array().unwrap();
        assert!(all.len() > 1 && whole["next"].is_null(), "{list}: {whole}");
        for limit in [1, 3] {
            let mut seen: Vec<Value> = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = world.get(&format!("/api/v1/{list}?limit={limit}{cursor}")).await.json();
                seen.extend(page[plural].as_array().unwrap().iter().cloned());
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(&seen, all, "{list} by {limit}");
        }
    }
    let open = world.get("/api/v1/clocks?state=open").await.json();
    assert!(
        open["clocks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|clock| ["running", "paused", "missed"].contains(&clock["state"].as_str().unwrap()))
    );
    let closed = world.get("/api/v1/incidents?status=closed").await.json();
    assert_eq!(closed["incidents"], json!([]));
    let triggered = world.get("/api/v1/incidents?status=triggered").await.json();
    assert_eq!(triggered["incidents"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_batch_larger_than_a_look_through_is_read_to_its_end() {
    let world = World::new().await;
    // Sent together they share a transaction, which holds more than one page looks through.
    let part = |part: u32| {
        let ids = (part * 1_000)..(part + 1) * 1_000;
        json!(ids.map(|n| json!({"source": "t", "metric": "m", "service": "support-assistant", "value": 1, "id": format!("{n}")})).collect::<Vec<_>>())
    };
    let taker = &world;
    let send = |n| async move { taker.post("/v1/signals", &part(n)).await.status };
    let sent = futures_util::future::join_all((0..21).map(send)).await;
    assert!(sent.iter().all(|status| *status == 202), "{sent:?}");
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let page = world.get(&format!("/api/v1/signals?limit=1000{cursor}")).await.json();
        seen += page["signals"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        assert_ne!(cursor, format!("&cursor={next}"), "a cursor leads to itself");
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, 21_000);
}

#[tokio::test]
async fn reading_changes_nothing() {
    let world = World::new().await;
    world.commitment("s-1").await;
    let before = world.position().await;
    let stored = || {
        world.engine.read(|view| {
            Ok(["tokens", "sessions", "sign-in-links"].map(|collection| view.documents(collection).unwrap()))
        })
    };
    let documents = stored().await.unwrap();
    for path in [
        "/",
        "/incidents/INC-1",
        "/incidents/new",
        "/inbox",
        "/deliveries",
        "/policy",
        "/policy/proof",
        "/docs/errors",
        "/livez",
        "/readyz",
        "/metrics",
        "/dev/clock",
        "/api/v1/incidents",
        "/api/v1/incidents/INC-1",
        "/api/v1/incidents/INC-1/timeline",
        "/api/v1/incidents/INC-1/decision",
        "/api/v1/clocks",
        "/api/v1/signals",
        "/api/v1/decisions",
        "/api/v1/deliveries",
        "/api/v1/policy",
        "/api/v1/roster",
        "/api/v1/audit",
        "/api/v1/tokens",
        "/incidents/INC-1/acknowledge",
        "/api/v1/incidents/INC-1/acknowledge",
        "/sign-in/x",
        "/sign-out",
        "/v1/signals",
        "/intake/alertmanager",
        "/api/v1/sign-in-links",
    ] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let status = world.call(method, path, crate::world::ADMIN, "").await.status.as_u16();
            assert!(status < 500, "{method} {path}: {status}");
            assert_eq!(world.position().await, before, "{method} {path}");
        }
    }
    assert_eq!(stored().await.unwrap(), documents);
    assert_eq!(world.get("/dev/clock").await.json(), json!({"now": START}));
}

#[tokio::test]
async fn what_is_in_force_is_told() {
    let world = World::new().await;
    let policy = world.get("/api/v1/policy").await.json();
    assert_eq!(policy["text"], policy::starter::POLICY);
    let roster = world.get("/api/v1/roster").await.json();
    assert_eq!(roster["schedules"]["ai-oncall"]["time_zone"], "Europe/Berlin");
    assert_eq!(roster["schedules"]["ai-oncall"]["on_call"].as_array().unwrap().len(), 1);
    assert_eq!(roster["channels"]["pager"]["url_env"], "PAGER_URL");
    world.commitment("s-1").await;
    let audit = world.get("/api/v1/audit").await.json();
    assert_eq!(audit["hash"].as_str().map(str::len), Some(64), "{audit}");
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let world = World::new().await;
    for path in ["/", "/docs/errors", "/api/v1/incidents", "/api/v1/nap", "/livez", "/sign-in/x"] {
        let answer = world.get(path).await;
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{path}");
        assert!(!csp.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn browsers_get_pages_and_programs_get_json() {
    let world = World::new().await;
    for (path, accept, wanted, html) in [
        ("/", "text/html,*/*", 401, true),
        ("/incidents/INC-1", "text/html", 401, true),
        ("/nowhere", "text/html", 404, true),
        ("/docs/errors/nap", "text/html", 404, true),
        ("/nowhere", "*/*", 404, false),
        ("/api/v1/incidents", "text/html", 401, false),
    ] {
        let answer = world.send(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, wanted, "{path}");
        let kind = answer.header("content-type").unwrap();
        assert_eq!(kind.starts_with("text/html"), html, "{path}: {kind}");
    }
    let cookie = world.sign_in("ana").await;
    let page = world.send(Request::get("/").header("cookie", cookie).body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(URL) || page.header("content-type").unwrap().starts_with("text/html"));
}
