//! Sources: declared webhooks, their keys, quotas and pages, and tests that raise nothing.

use axum::body::Body;
use axum::http::Request;
use engine::{Documents, Origin, Rules, Secrets, Versions};
use serde_json::{Value, json};

use crate::world::{ADMIN, Answer, World};

const SOURCES: &str = r#"
heartbeats:
  nightly-evals: {every: 1h, grace: 10m, service: support-assistant, raise: {class: quality_regression, severity: SEV-2}}
sources:
  helpdesk:
    name: Help desk
    per_minute: 5
    mapping:
      metric: {constant: pii_leak}
      service: {path: ticket.product, default: support-assistant}
      id: ticket.id
      label: ticket.verdict
      summary: ticket.title
  signed:
    signature: {secret_env: DESK_SECRET, header: X-Desk-Signature}
    mapping: {metric: kind, service: {constant: support-assistant}}
  unset:
    signature: {secret_env: UNSET_SECRET}
    mapping: {metric: kind, service: {constant: support-assistant}}
"#;

/// A world whose policy declares webhooks.
async fn world() -> World {
    let world = World::new().await;
    let mut documents: Documents = world.engine.rules().documents.clone();
    documents.policy.push_str(SOURCES);
    let secrets = Secrets::new(|name| match name {
        "DESK_SECRET" => Ok(channel::Secret::new("key")),
        other => Err(problem::Problem::new(&problem::SECRET_MISSING, format!("`{other}` is not set"))),
    });
    world
        .engine
        .activate(
            Rules::compile_with(documents, &secrets).unwrap(),
            wcore::event::Actor::Watchbell,
            Origin::Files(Versions::default()),
        )
        .await
        .unwrap();
    world
}

async fn key(world: &World, source: &str) -> String {
    world.token(json!({ "name": source, "scopes": ["signals:write"], "source": source })).await
}

fn ticket(id: &str) -> String {
    json!({ "ticket": { "id": id, "verdict": "confirmed", "title": "ana@example.com saw it" } }).to_string()
}

async fn source(world: &World, name: &str) -> Value {
    let all = world.get("/api/v1/sources").await.json();
    all["sources"].as_array().unwrap().iter().find(|source| source["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn a_declared_webhook_raises_and_is_redacted() {
    let world = world().await;
    let key = key(&world, "helpdesk").await;
    let by_key = format!("/intake/webhook/helpdesk?key={key}");
    let answer = world.call("POST", &by_key, "", ticket("1")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["incidents"]), (200, &json!(["INC-1"])), "{answer:?}");
    let again = world.call("POST", "/intake/webhook/helpdesk", &key, ticket("1")).await;
    assert_eq!(again.json()["duplicates"], 1);
    let signal = world.get("/api/v1/signals").await.json()["signals"][0].clone();
    assert_eq!((&signal["source"], &signal["external_id"]), (&json!("helpdesk"), &json!("1")));
    assert!(!signal["summary"].as_str().unwrap().contains("ana@"), "{signal}");
    let wrong = world.call("POST", "/intake/webhook/helpdesk", &key, r#"{"ticket": {"id": {}}}"#).await;
    assert_eq!(wrong.verdict(), "422 mapping-unfit");
    assert!(wrong.text.contains("`ticket.id`"), "the path is named: {}", wrong.text);
    let shown = source(&world, "helpdesk").await;
    assert_eq!((&shown["received"], &shown["duplicates"], &shown["rejected"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(shown["last_rejects"][0]["code"], "mapping-unfit");
    assert_eq!(shown["last_received_at"], crate::world::START);
}

#[tokio::test]
async fn a_key_opens_its_own_source_only() {
    let world = world().await;
    let key = key(&world, "helpdesk").await;
    let prefix = "/intake/webhook";
    for (path, token, wanted) in [
        (format!("{prefix}/helpdesk"), "", "401 token-missing"),
        (format!("{prefix}/signed"), key.as_str(), "403 source-mismatch"),
        (format!("{prefix}/other"), key.as_str(), "404 source-unknown"),
        ("/v1/signals".to_owned(), key.as_str(), "403 source-mismatch"),
        ("/intake/alertmanager".to_owned(), key.as_str(), "403 source-mismatch"),
        ("/intake/grafana".to_owned(), key.as_str(), "403 source-mismatch"),
        ("/api/v2/alerts".to_owned(), key.as_str(), "403 source-mismatch"),
    ] {
        assert_eq!(world.call("POST", &path, token, ticket("1")).await.verdict(), wanted, "{path}");
    }
    let event = json!({ "routing_key": key, "event_action": "resolve", "dedup_key": "d" });
    assert_eq!(world.call("POST", "/v2/enqueue", "", event.to_string()).await.status, 400);
    let nowhere = json!({ "name": "x", "scopes": ["signals:write"], "source": "nowhere" });
    assert_eq!(world.post("/api/v1/tokens", &nowhere).await.verdict(), "422 token-invalid");
}

#[tokio::test]
async fn a_signed_webhook_takes_nothing_unsigned() {
    let world = world().await;
    let code = "a5e6e02c3c0e7e8ed6fa2d9c8be8e8e5";
    let send = |source: &'static str, signature: Option<String>| {
        let mut request = Request::post(format!("/intake/webhook/{source}?key={ADMIN}"));
        if let Some(signature) = signature {
            request = request.header("X-Desk-Signature", signature);
        }
        world.send(request.body(Body::from(r#"{"kind": "pii_leak"}"#)).unwrap())
    };
    assert_eq!(send("signed", None).await.verdict(), "401 source-signature");
    assert_eq!(send("signed", Some(code.to_owned())).await.verdict(), "401 source-signature");
    assert_eq!(send("signed", Some(SIGNED.to_owned())).await.status, 200);
    assert_eq!(send("unset", Some(SIGNED.to_owned())).await.verdict(), "422 secret-missing");
}

/// `printf '{"kind": "pii_leak"}' | openssl dgst -sha256 -hmac key`
const SIGNED: &str = "sha256=706af6397c3e64c65c8fdc1a77584c6d00305ae85185aee0f3725f3c8c200335";

#[tokio::test]
async fn a_quota_is_told_in_the_senders_way() {
    let world = world().await;
    let key = key(&world, "helpdesk").await;
    let send = async |id: usize| world.call("POST", "/intake/webhook/helpdesk", &key, ticket(&id.to_string())).await;
    let mut answers = Vec::new();
    // Five of the quota, and as many of the reserve: they raise the most severe severity at once.
    for id in 0..11 {
        answers.push(send(id).await);
    }
    assert!(answers[10].header("retry-after").is_some());
    let verdicts: Vec<String> = answers.iter().map(Answer::verdict).collect();
    assert!(verdicts[..10].iter().all(|verdict| verdict == "200"), "{verdicts:?}");
    assert_eq!(verdicts[10], "429 quota-exceeded");
    assert_eq!(source(&world, "helpdesk").await["left"], 0);
    world.engine.advance(calendar::Duration::from_secs(12)).await.unwrap();
    assert_eq!(send(20).await.status, 200, "a fifth of a minute gives one of five");
    let limited = World::with(|config| web::AppConfig { signals_per_minute: Some(1), ..config }).await;
    for (id, wanted) in [("1", "202"), ("2", "202"), ("3", "429 quota-exceeded")] {
        assert_eq!(limited.commitment(id).await.verdict(), wanted, "{id}");
    }
    let alert = json!({"version": "4", "receiver": "r", "status": "firing", "alerts": [{
        "status": "firing", "labels": {"alertname": "a"}, "annotations": {}, "startsAt": crate::world::START, "fingerprint": "f",
    }]});
    assert_eq!(limited.post("/intake/alertmanager", &alert).await.status, 200, "quotas are apart");
    let alert = alert.to_string().replace("\"f\"", "\"g\"");
    let answer = limited.call("POST", "/intake/alertmanager", ADMIN, alert).await;
    assert_eq!(answer.verdict(), "503 quota-exceeded");
}

#[tokio::test]
async fn a_test_shows_what_would_happen_and_nothing_does() {
    let world = world().await;
    let cookie = world.sign_in("ana").await;
    let before = world.position().await;
    let answer = world.call("POST", "/intake/webhook/helpdesk?test", ADMIN, ticket("1")).await.json();
    assert_eq!(answer["understood"][0]["signal"]["metric"], "pii_leak");
    let trigger = &answer["understood"][0]["triggers"][0];
    assert_eq!((&trigger["class"], &trigger["says"]), (&json!("pii_leak"), &json!("fires at once")));
    let form = |path: &str, body: String| {
        let request = Request::post(path).header("cookie", &cookie).header("origin", crate::world::URL);
        world.send(request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap())
    };
    let page = form("/sources/helpdesk/test", format!("body={}", ticket("1").replace('&', "%26"))).await;
    assert_eq!(page.status, 200);
    let (understood, typed) = page.text.split_once("<form class=\"card fields\"").unwrap();
    assert!(understood.contains("fires at once") && !understood.contains("ana@example"), "{understood}");
    assert!(typed.contains("ana@example"), "what was typed stays");
    for source in ["native", "alertmanager", "prometheus", "grafana", "pagerduty", "helpdesk", "signed"] {
        let page = world.get(&format!("/sources/{source}")).await.text;
        let (_, rest) = page.split_once("<textarea").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let example = rest.split_once("</textarea>").unwrap().0.replace("&quot;", "\"").replace("&amp;", "&");
        let tried = form(&format!("/sources/{source}/test"), format!("body={example}")).await;
        assert!(tried.text.contains("Understood as"), "{source}: {}", tried.text);
    }
    assert_eq!(form("/sources/helpdesk/test", "body=x".to_owned()).await.status, 400);
    assert_eq!(
        form("/sources/helpdesk/keys", "name=x".to_owned()).await.status,
        403,
        "keys are administrators' business"
    );
    world.settle().await;
    assert_eq!(world.position().await, before, "nothing of it is stored");
    assert_eq!(world.get("/api/v1/incidents").await.json()["incidents"], json!([]));
    assert_eq!(source(&world, "helpdesk").await["received"], 0);
}

#[tokio::test]
async fn an_administrator_makes_a_key_on_the_page() {
    let world = world().await;
    let request = Request::post("/sources/grafana/keys").header("authorization", format!("Bearer {ADMIN}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let page = world.send(request.body(Body::from("name=Grafana&signed=yes")).unwrap()).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("not shown again") && page.text.contains("signing secret"));
    let tokens = world.get("/api/v1/tokens").await.json()["tokens"].clone();
    let token = tokens.as_array().unwrap().iter().find(|token| token["source"] == "grafana").unwrap();
    assert_eq!(token["signed"], true);
    let later = world.get("/sources/grafana").await;
    let last4 = token["last4"].as_str().unwrap();
    assert!(later.text.contains(last4) && !later.text.contains("not shown again"));
    assert_eq!(source(&world, "grafana").await["keys"], 1);
}

#[tokio::test]
async fn a_heartbeat_that_stays_away_opens_an_incident_and_its_return_clears_the_alert() {
    let world = world().await;
    let key = key(&world, "heartbeat:nightly-evals").await;
    let beat = async |method: &str, key: &str| world.call(method, &format!("/heartbeat/{key}"), "", "").await;
    let incidents = async || world.get("/api/v1/incidents").await.json()["incidents"].as_array().unwrap().len();
    let answer = beat("GET", &key).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["heartbeat"]), (200, &json!("nightly-evals")), "{answer:?}");
    assert!(answer.json()["next_by"].as_str().unwrap().starts_with("2026-11-23T10:10:00"));
    world.engine.advance(calendar::Duration::from_mins(69)).await.unwrap();
    assert_eq!(incidents().await, 0);
    // The journal's time moves on by microseconds with each batch.
    world.engine.advance(calendar::Duration::from_secs(61)).await.unwrap();
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert!(incident["opened_at"].as_str().unwrap().starts_with("2026-11-23T10:10:00"), "{incident}");
    assert_eq!(incident["alerts_firing"], 1);
    let decision = world.get("/api/v1/incidents/INC-1/decision").await.text;
    assert!(decision.contains("nothing came within 1h 10m"), "{decision}");
    assert_eq!(beat("POST", &key).await.status, 200);
    assert_eq!(world.get("/api/v1/incidents/INC-1").await.json()["alerts_firing"], 0);
    let other = self::key(&world, "helpdesk").await;
    for (key, wanted) in
        [("wb_none", "401 token-unknown"), (&other, "404 heartbeat-unknown"), (ADMIN, "404 heartbeat-unknown")]
    {
        assert_eq!(beat("GET", key).await.verdict(), wanted);
    }
    assert_eq!(world.call("POST", "/v1/signals", &key, "{}").await.verdict(), "403 source-mismatch");
    assert_eq!(source(&world, "heartbeat:nightly-evals").await["received"], 2);
    let page = world.get("/sources/heartbeat:nightly-evals").await;
    assert!(page.status == 200 && page.text.contains("curl -fsS"), "{page:?}");
    assert_eq!(source(&world, "helpdesk").await["received"], 0);
}
