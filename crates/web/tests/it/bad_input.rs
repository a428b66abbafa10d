//! Bad input gets a clear error, and nothing half-done.

use axum::body::Body;
use serde_json::json;

use crate::world::{ADMIN, World, request};

const OK: &str = r#"{"source":"evals","metric":"m","service":"support-assistant"}"#;

fn with(field: &str) -> String {
    format!(r#"{{"source":"evals","metric":"m","service":"support-assistant",{field}}}"#)
}

/// Sends each body to its path, and checks the verdict and that the journal did not move.
async fn check(person: &str, cases: Vec<(&str, &str, Vec<u8>, &str)>) {
    let world = World::new().await;
    let token = if person.is_empty() { ADMIN.to_owned() } else { world.person(person).await };
    world.commitment("seed").await;
    let before = (world.position().await, world.get("/api/v1/incidents/INC-1").await.text);
    for (name, path, body, wanted) in cases {
        let answer = world.call("POST", path, &token, body).await;
        assert_eq!(answer.verdict(), wanted, "{name}: {answer:?}");
        if answer.status.as_u16() >= 400 {
            let problem = answer.json();
            let code = problem["code"].as_str().unwrap();
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
            assert_eq!(problem["help"], format!("http://watchbell.test/docs/errors/{code}"), "{name}");
            assert_eq!(problem["status"], answer.status.as_u16(), "{name}");
            assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{name}");
            assert_eq!(world.get(&format!("/docs/errors/{code}")).await.status, 200, "{name}");
        }
        let after = (world.position().await, world.get("/api/v1/incidents/INC-1").await.text);
        assert_eq!(after, before, "{name} changed something");
    }
}

#[tokio::test]
async fn signals_that_cannot_be_taken_in() {
    let path = "/v1/signals";
    let array = |count: usize| format!("[{}]", vec![OK; count].join(","));
    let long = |field: &str, chars: usize| with(&format!(r#""{field}":"{}""#, "x".repeat(chars)));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "400 signal-malformed"),
        ("spaces", b" \n ".to_vec(), "400 signal-malformed"),
        ("not JSON", b"hello".to_vec(), "400 signal-malformed"),
        ("a number", b"7".to_vec(), "400 signal-malformed"),
        ("broken off", br#"{"source":"evals""#.to_vec(), "400 signal-malformed"),
        ("trailing comma", b"[{},]".to_vec(), "400 signal-malformed"),
        ("two objects on a line", format!("{OK}{OK}").into(), "400 signal-malformed"),
        ("invalid UTF-8", b"{\"source\":\"\xff\"}".to_vec(), "400 body-not-utf8"),
        ("10 MB", vec![b' '; 10_000_000], "413 body-too-large"),
        ("one byte too many", vec![b' '; 1024 * 1024 + 1], "413 body-too-large"),
        ("1,001 signals", array(1_001).into(), "413 signals-too-many"),
        ("100,000 elements", format!("[{}]", vec!["{}"; 100_000].join(",")).into(), "413 signals-too-many"),
        ("deep nesting", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into(), "400 signal-too-deep"),
        (
            "deep in a field",
            with(&format!(r#""labels":{}1{}"#, "[".repeat(200), "]".repeat(200))).into(),
            "400 signal-too-deep",
        ),
        ("empty object", b"{}".to_vec(), "422 signal-field-missing"),
        ("all elements wrong", b"[{},{}]".to_vec(), "422 signal-field-missing"),
        ("wrong type", br#"{"source":7,"metric":"m","service":"s"}"#.to_vec(), "422 signal-field-invalid"),
        ("value as text", with(r#""value":"7""#).into(), "422 signal-field-invalid"),
        ("value too large", with(r#""value":1e999"#).into(), "422 signal-field-invalid"),
        ("unknown key", with(r#""sorce":"x""#).into(), "422 signal-field-unknown"),
        ("key twice", with(r#""metric":"n""#).into(), "422 signal-field-repeated"),
        ("empty source", br#"{"source":"","metric":"m","service":"s"}"#.to_vec(), "422 signal-field-invalid"),
        ("long summary", long("summary", 2_001).into(), "422 signal-field-too-long"),
        ("long id", long("id", 256).into(), "422 signal-field-too-long"),
        ("script as link", with(r#""link":"javascript:alert(1)""#).into(), "422 signal-field-invalid"),
        ("far future", with(r#""at":"2036-01-01T00:00:00Z""#).into(), "422 signal-from-future"),
        ("far past", with(r#""at":"1970-01-01T00:00:00Z""#).into(), "422 signal-too-old"),
        ("no time at all", with(r#""at":"yesterday""#).into(), "422 signal-field-invalid"),
    ];
    check("", cases.into_iter().map(|(name, body, wanted)| (name, path, body, wanted)).collect()).await;
}

#[tokio::test]
async fn notifications_that_cannot_be_taken_in() {
    let path = "/intake/alertmanager";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "400 signal-malformed"),
        ("not JSON", b"hello".to_vec(), "400 signal-malformed"),
        ("invalid UTF-8", b"\xff".to_vec(), "400 body-not-utf8"),
        ("10 MB", vec![b' '; 10_000_000], "413 body-too-large"),
        ("Prometheus itself", b"[]".to_vec(), "400 alertmanager-format"),
        ("Grafana", br#"{"version":"1","alerts":[]}"#.to_vec(), "400 alertmanager-format"),
        ("no version", br#"{"alerts":[]}"#.to_vec(), "400 alertmanager-format"),
        ("no alerts", br#"{"version":"4"}"#.to_vec(), "400 alertmanager-format"),
        ("nameless alert", br#"{"version":"4","alerts":[{"status":"firing"}]}"#.to_vec(), "400 alertmanager-format"),
        (
            "deep nesting",
            format!("{{\"version\":\"4\",\"alerts\":[{}{}]}}", "[".repeat(100_000), "]".repeat(100_000)).into(),
            "400 alertmanager-format",
        ),
        ("no alert at all", br#"{"version":"4","alerts":[]}"#.to_vec(), "200"),
    ];
    check("", cases.into_iter().map(|(name, body, wanted)| (name, path, body, wanted)).collect()).await;
}

#[tokio::test]
async fn commands_that_cannot_be_understood() {
    let one = |command: &str| format!("/api/v1/incidents/INC-1/{command}");
    let (notes, assign, facts) = (one("notes"), one("assign"), one("facts"));
    let (skip, show, severity, waive) = (one("skip_step"), one("show_update"), one("severity"), one("waive"));
    let (acknowledge, declare) = (one("acknowledge"), "/api/v1/incidents");
    let text = |chars: usize| json!({ "text": "x".repeat(chars) }).to_string();
    let cases: Vec<(&str, &str, Vec<u8>, &str)> = vec![
        ("nothing where fields are needed", &notes, vec![], "400 command-malformed"),
        ("not JSON", &notes, b"hello".to_vec(), "400 command-malformed"),
        ("broken off", &notes, br#"{"text":"#.to_vec(), "400 command-malformed"),
        ("two values", &notes, br#"{"text":"a"} {"text":"b"}"#.to_vec(), "400 command-malformed"),
        ("an array", &notes, br#"["a"]"#.to_vec(), "400 command-malformed"),
        ("wrong type", &notes, br#"{"text":7}"#.to_vec(), "400 command-malformed"),
        ("unknown key", &notes, br#"{"text":"a","more":1}"#.to_vec(), "400 command-malformed"),
        ("key twice", &notes, br#"{"text":"a","text":"b"}"#.to_vec(), "400 command-malformed"),
        ("fields where none are", &acknowledge, br#"{"by":"ana"}"#.to_vec(), "400 command-malformed"),
        ("invalid UTF-8", &notes, b"{\"text\":\"\xff\"}".to_vec(), "400 body-not-utf8"),
        ("deep nesting", &notes, format!("{{\"text\":{}", "[".repeat(60_000)).into(), "400 command-malformed"),
        ("10 MB", &notes, vec![b' '; 10_000_000], "413 body-too-large"),
        ("one byte too many", &notes, vec![b' '; 64 * 1024 + 1], "413 body-too-large"),
        ("empty text", &notes, text(0).into(), "422 text-invalid"),
        ("text too long", &notes, text(30_000).into(), "422 text-invalid"),
        ("unknown role", &assign, br#"{"role":"king","person":"ana"}"#.to_vec(), "400 command-malformed"),
        ("unknown person", &assign, br#"{"role":"commander","person":"zoe"}"#.to_vec(), "422 name-unknown"),
        ("unknown severity", &severity, br#"{"severity":"SEV-9","reason":"x"}"#.to_vec(), "422 name-unknown"),
        ("unknown clock", &waive, br#"{"clock":"nap","reason":"x"}"#.to_vec(), "404 clock-unknown"),
        ("no time", &facts, br#"{"fact":"aware_at","at":"soon","note":"x"}"#.to_vec(), "400 command-malformed"),
        ("internal: skip", &skip, br#"{"step":0,"round":0}"#.to_vec(), "404 command-unknown"),
        ("internal: show", &show, br#"{"update":1,"surface":"x"}"#.to_vec(), "404 command-unknown"),
        ("no such incident", "/api/v1/incidents/INC-9/notes", text(1).into(), "404 incident-unknown"),
        ("no number", "/api/v1/incidents/INC-x/notes", text(1).into(), "404 incident-unknown"),
        ("huge number", "/api/v1/incidents/99999999999999999999/notes", text(1).into(), "404 incident-unknown"),
        ("declaring nothing", declare, b"{}".to_vec(), "400 command-malformed"),
        ("empty title", declare, br#"{"title":" "}"#.to_vec(), "422 text-invalid"),
        ("unknown class", declare, br#"{"title":"x","class":"nap"}"#.to_vec(), "422 name-unknown"),
        ("unknown service", declare, br#"{"title":"x","service":"nap"}"#.to_vec(), "422 name-unknown"),
        (
            "future impact",
            declare,
            br#"{"title":"x","impact_started_at":"2036-01-01T00:00:00Z"}"#.to_vec(),
            "422 time-invalid",
        ),
    ];
    check("ana", cases).await;
}

#[tokio::test]
async fn access_that_cannot_be_given() {
    let tokens = "/api/v1/tokens";
    let token = |field: &str, value: serde_json::Value| {
        let mut wish = json!({ "name": "x", "scopes": ["admin"] });
        wish[field] = value;
        wish.to_string().into_bytes()
    };
    check(
        "",
        vec![
            ("no name", tokens, token("name", json!(" ")), "422 token-invalid"),
            ("long name", tokens, token("name", json!("x".repeat(101))), "422 token-invalid"),
            ("no scope", tokens, token("scopes", json!([])), "422 token-invalid"),
            ("unknown scope", tokens, token("scopes", json!(["root"])), "400 command-malformed"),
            ("unknown person", tokens, token("person", json!("zoe")), "422 name-unknown"),
            ("past end", tokens, token("expires_at", json!("2026-11-23T09:00:00Z")), "422 token-invalid"),
            ("endless", tokens, token("expires_at", json!("2100-01-01T00:00:00Z")), "422 token-invalid"),
            ("link for nobody", "/api/v1/sign-in-links", br#"{"person":"zoe"}"#.to_vec(), "422 name-unknown"),
            ("a day too far", "/dev/clock", br#"{"advance":"367d"}"#.to_vec(), "400 command-malformed"),
            ("back in time", "/dev/clock", br#"{"advance":"-1h"}"#.to_vec(), "422 time-invalid"),
            ("too far", "/dev/clock", br#"{"advance":"9000h"}"#.to_vec(), "422 time-invalid"),
        ],
    )
    .await;
}

#[tokio::test]
async fn queries_that_cannot_be_used() {
    let world = World::new().await;
    for (path, wanted) in [
        ("/api/v1/incidents?status=burning", "400 query-invalid"),
        ("/api/v1/incidents?stauts=open", "400 query-invalid"),
        ("/api/v1/incidents?limit=0", "400 query-invalid"),
        ("/api/v1/incidents?limit=201", "400 query-invalid"),
        ("/api/v1/incidents?limit=-1", "400 query-invalid"),
        ("/api/v1/incidents?limit=many", "400 query-invalid"),
        ("/api/v1/incidents?cursor=x", "400 query-invalid"),
        ("/api/v1/clocks?state=late", "400 query-invalid"),
        ("/api/v1/clocks?cursor=1", "400 query-invalid"),
        ("/api/v1/clocks?cursor=9223372036854775808.0", "400 query-invalid"),
        ("/api/v1/signals?cursor=1.x", "400 query-invalid"),
        ("/api/v1/signals?limit=1001", "400 query-invalid"),
        ("/api/v1/signals?cursor=9223372036854775807.4294967295", "200"),
        ("/api/v1/clocks?cursor=9223372036854775807.4294967295", "200"),
        ("/api/v1/decisions?cursor=1.2.3", "400 query-invalid"),
        ("/api/v1/deliveries?cursor=!", "400 query-invalid"),
        ("/api/v1/deliveries?state=lost", "400 query-invalid"),
        ("/api/v1/deliveries?incident=x", "404 incident-unknown"),
        ("/api/v1/tokens?cursor=x", "400 query-invalid"),
        ("/api/v1/events?after=x", "400 query-invalid"),
        ("/api/v1/incidents/INC-1", "404 incident-unknown"),
        ("/api/v1/incidents/INC-1/nap", "405 method-wrong"),
        ("/api/v1/nap", "404 route-unknown"),
        ("/api/v2/incidents", "404 route-unknown"),
        ("/docs/errors/nap", "404 route-unknown"),
    ] {
        assert_eq!(world.get(path).await.verdict(), wanted, "{path}");
    }
}

#[tokio::test]
async fn wrong_methods_and_types() {
    let world = World::new().await;
    let wrong = world.call("PUT", "/api/v1/incidents", ADMIN, "").await;
    assert_eq!(wrong.verdict(), "405 method-wrong");
    assert!(wrong.header("allow").is_some_and(|allow| allow.contains("GET") && allow.contains("POST")), "{wrong:?}");
    assert_eq!(world.call("GET", "/v1/signals", ADMIN, "").await.verdict(), "405 method-wrong");
    let form = request("POST", "/api/v1/incidents", ADMIN).header("content-type", "application/x-www-form-urlencoded");
    // Two content types: the first one counts, and it is JSON.
    assert_eq!(world.send(form.body(Body::from("{}")).unwrap()).await.verdict(), "400 command-malformed");
    let form = axum::http::Request::post("/api/v1/incidents")
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(form.body(Body::from("title=x")).unwrap()).await.verdict(), "415 content-type-wrong");
}
