//! What Prometheus posts to Alertmanager's API, as it sends it again and again.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use calendar::Instant;
use expect_test::expect;
use intake::alertmanager_api::{self, Post, Posted, RESOLVE_TIMEOUT};
use intake::limit;
use serde_json::{Value, json};
use wcore::signal::AlertState::{Firing, Resolved};

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

fn read(body: &Value, now: Instant) -> Result<Post, problem::Problem> {
    alertmanager_api::read(body.to_string().as_bytes(), now)
}

fn one(alert: Value) -> Posted {
    read(&json!([alert]), now()).unwrap().alerts.remove(0).unwrap()
}

fn alert(starts_at: Value, ends_at: Value) -> Value {
    json!({
        "labels": {"alertname": "ProviderErrors", "service": "support-assistant", "severity": "critical", "empty": ""},
        "annotations": {"summary": "Half of the calls fail"}, "startsAt": starts_at, "endsAt": ends_at,
        "generatorURL": "http://prometheus.example/graph", "something_new": {}
    })
}

#[test]
fn an_alert_becomes_a_signal() {
    let posted = one(alert(json!("2026-11-27T13:58:12.5Z"), json!("2026-11-27T14:04:12Z")));
    expect![[r#"{"id":"c6c99fbd4d4ad357/2026-11-27T13:58:12.5Z/firing","source":"alertmanager","metric":"ProviderErrors","service":"support-assistant","at":"2026-11-27T13:58:12.5Z","value":null,"label":null,"summary":"Half of the calls fail","unit":null,"evaluator":null,"labels":{"alertname":"ProviderErrors","service":"support-assistant","severity":"critical"},"link":"http://prometheus.example/graph","alert":{"key":"c6c99fbd4d4ad357","state":"firing"},"late":false}"#]].assert_eq(&serde_json::to_string(&posted.signal).unwrap());
}

#[test]
fn the_end_decides_on_the_state() {
    for (start, end, state, at, ends_at) in [
        (json!("2026-11-27T13:50:00Z"), json!("2026-11-27T14:04:00Z"), Firing, "13:50:00", "14:04:00"),
        (json!("2026-11-27T13:50:00Z"), json!("2026-11-27T13:59:00Z"), Resolved, "13:59:00", "13:59:00"),
        (json!("2026-11-27T13:50:00Z"), json!("2026-11-27T14:00:00Z"), Resolved, "14:00:00", "14:00:00"),
        (json!("2026-11-27T13:50:00Z"), Value::Null, Firing, "13:50:00", "14:05:00"),
        (json!("2026-11-27T13:50:00Z"), json!("0001-01-01T00:00:00Z"), Firing, "13:50:00", "14:05:00"),
        (Value::Null, Value::Null, Firing, "14:00:00", "14:05:00"),
        (Value::Null, json!("2026-11-27T13:59:00Z"), Resolved, "13:59:00", "13:59:00"),
    ] {
        let posted = one(alert(start, end));
        let time = |time: &str| Instant::parse(&format!("2026-11-27T{time}Z")).unwrap();
        assert_eq!(posted.signal.alert.unwrap().state, state);
        assert_eq!((posted.signal.at, posted.ends_at), (Some(time(at)), time(ends_at)));
    }
    assert_eq!(RESOLVE_TIMEOUT.as_mins(), 5);
    // A clock that is ahead must not cost the alert.
    let ahead = one(alert(json!("2026-11-27T14:10:00Z"), Value::Null));
    assert_eq!((ahead.signal.at, ahead.ends_at), (None, now() + RESOLVE_TIMEOUT * 3));
}

#[test]
fn what_is_sent_again_has_the_same_id() {
    let id = |body: Value| one(body).signal.id;
    let start = json!("2026-11-27T13:58:12Z");
    let first = id(alert(start.clone(), json!("2026-11-27T14:04:00Z")));
    // Prometheus moves the end on, and its annotations hold the latest value.
    let mut again = alert(start.clone(), json!("2026-11-27T14:05:00Z"));
    again["annotations"]["summary"] = json!("Two thirds of the calls fail");
    assert_eq!(first, id(again));
    let mut other = alert(start.clone(), json!("2026-11-27T14:04:00Z"));
    other["labels"]["service"] = json!("other");
    for new in [alert(start, json!("2026-11-27T13:59:00Z")), alert(json!("2026-11-27T13:59:12Z"), Value::Null), other] {
        assert_ne!(first, id(new));
    }
}

#[test]
fn what_is_wrong_is_said_and_neighbours_are_kept() {
    let body = json!([
        {"labels": {}},
        {"annotations": {}},
        {"labels": {"a": 7}},
        "hunter2",
        {"labels": {"a": "b"}, "startsAt": "hunter2"},
        {"labels": {"a": "b"}, "startsAt": "2026-11-27T13:00:00Z", "endsAt": "2026-11-27T12:00:00Z"},
        {"labels": {"a": "b"}}
    ]);
    let shown = |read: &Result<Posted, intake::Rejected>| match read {
        Ok(posted) => format!("{} {}\n", posted.signal.metric, posted.signal.service),
        Err(rejected) => format!("{}: {}: {}\n", rejected.index, rejected.problem.code.id, rejected.problem.detail),
    };
    let outcomes: String = read(&body, now()).unwrap().alerts.iter().map(shown).collect();
    expect![[r#"
        0: alertmanager-api-format: `labels` is missing or empty; the labels are what identifies an alert
        1: alertmanager-api-format: `labels` is missing or empty; the labels are what identifies an alert
        2: alertmanager-api-format: every field must be a text, `labels` and `annotations` objects of texts, each once
        3: alertmanager-api-format: an alert must be an object, found a text
        4: alertmanager-api-format: `startsAt` is not an RFC 3339 time
        5: alertmanager-api-format: `endsAt` is before `startsAt`
        alert unknown
    "#]]
    .assert_eq(&outcomes);
}

#[test]
fn other_bodies_are_refused_whole() {
    let refused = |body: &[u8]| alertmanager_api::read(body, now()).unwrap_err().to_string() + "\n";
    let outcomes: String = [&b"{\"version\":\"4\"}"[..], b"7", b"[", b""].into_iter().map(refused).collect();
    expect![[r#"
        these are not alerts as Prometheus posts them: the body is an object; notifications of Alertmanager's `webhook_configs` go to `/intake/alertmanager` [alertmanager-api-format]
        these are not alerts as Prometheus posts them: the body must be an array of alerts [alertmanager-api-format]
        the body is not valid JSON: line 1, column 1: EOF while parsing a list [signal-malformed]
        the body is not valid JSON: line 1, column 0: EOF while parsing a value [signal-malformed]
    "#]].assert_eq(&outcomes);
    let many = read(&json!(vec![json!({"labels": {"a": "b"}}); limit::ALERTS + 1]), now()).unwrap();
    assert_eq!(many.alerts.len(), limit::ALERTS);
    assert_eq!(many.warnings[0].detail, "alerts beyond the first 5000, not taken in: 1");
}
