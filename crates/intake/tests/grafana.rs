//! Grafana's webhooks and their signatures.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use calendar::Instant;
use expect_test::expect;
use intake::alertmanager::Notification;
use intake::grafana::{self, SignedHeaders};
use serde_json::{Value, json};

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

fn read(body: &Value) -> Result<Notification, problem::Problem> {
    grafana::read(body.to_string().as_bytes(), now())
}

fn notification() -> Value {
    json!({
        "receiver": "watchbell", "status": "firing", "orgId": 3, "version": "1", "title": "[FIRING:1]",
        "state": "alerting", "message": "…", "appVersion": "12.2.0", "groupKey": "{}", "truncatedAlerts": 0,
        "alerts": [{
            "status": "firing", "labels": {"alertname": "Groundedness", "service": "support-assistant"},
            "annotations": {"summary": "Groundedness is low"}, "startsAt": "2026-11-27T13:58:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "https://grafana.example/alerting/7", "fingerprint": "c6ea",
            "silenceURL": "https://grafana.example/silence", "dashboardURL": "https://grafana.example/d/1",
            "panelURL": "https://grafana.example/d/1?viewPanel=2", "values": {"B": 0.61}, "valueString": "…",
            "ruleUID": "r1", "orgId": 3, "enrichments": {"x": [1]}
        }]
    })
}

fn altered(pointer: &str, member: Value) -> Value {
    let mut body = notification();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = member;
    body
}

#[test]
fn an_alert_becomes_a_signal() {
    let signal = read(&notification()).unwrap().signals.remove(0).unwrap();
    expect![[r#"{"id":"3/c6ea/2026-11-27T13:58:00Z/firing","source":"grafana","metric":"Groundedness","service":"support-assistant","at":"2026-11-27T13:58:00Z","value":0.61,"label":null,"summary":"Groundedness is low","unit":null,"evaluator":null,"labels":{"alertname":"Groundedness","service":"support-assistant"},"link":"https://grafana.example/alerting/7","alert":{"key":"3/c6ea","state":"firing"},"late":false}"#]].assert_eq(&serde_json::to_string(&signal).unwrap());
}

#[test]
fn values_links_and_organisations_have_their_rules() {
    let signal = |body: Value| read(&body).unwrap().signals.remove(0).unwrap();
    for (values, wanted) in [
        (json!({"A": 1.5}), Some(1.5)),
        (json!({"A": 1, "B": 2}), None),
        (json!(null), None),
        (json!({"A": "NaN"}), None),
    ] {
        assert_eq!(signal(altered("/alerts/0/values", values)).value, wanted);
    }
    let link = signal(altered("/alerts/0/generatorURL", json!("?orgId=3"))).link;
    assert_eq!(link.unwrap(), "https://grafana.example/d/1?viewPanel=2");
    let id = |org: Value| signal(altered("/orgId", org)).id;
    assert_ne!(id(json!(3)), id(json!(4)));
}

#[test]
fn version_and_organisation_are_required() {
    let refused = |body: Value| read(&body).unwrap_err().detail + "\n";
    let outcomes: String = [
        altered("/version", json!("4")),
        altered("/version", json!("2")),
        altered("/version", Value::Null),
        altered("/orgId", Value::Null),
        altered("/orgId", json!("3")),
        altered("/alerts", Value::Null),
    ]
    .into_iter()
    .map(refused)
    .collect();
    expect![[r#"
        `version` is "4", as in Alertmanager's webhook; its path is `/intake/alertmanager`
        `version` must be "1"
        `version` is missing; a custom payload of the contact point needs to keep it
        `orgId` is missing
        the body must be an object with `version` and `receiver` as texts, `orgId` as a number and `alerts` as an array, each once
        `alerts` is missing
    "#]].assert_eq(&outcomes);
    let broken = read(&altered("/alerts/0/fingerprint", Value::Null)).unwrap();
    assert_eq!(broken.signals[0].as_ref().unwrap_err().problem.code.id, "grafana-format");
}

#[test]
fn signatures_are_verified() {
    // Made with `openssl dgst -sha256 -hmac`.
    const SECRET: &[u8] = b"hunter2";
    const BODY: &[u8] = br#"{"version":"1"}"#;
    const OF_BODY: &str = "b2def027dd443e39c04bd468edc5cb2200cf87c5033c6a40e45af79749289a18";
    const OF_TIME: &str = "b063cb88a63d157ec4a330f93387f068d970f419385a3067bb1681aa847a0f34";
    const SECONDS: &str = "1795788000";
    let upper = OF_BODY.to_uppercase();
    let verdict = |secret: &[u8], signature: &str, timestamp: Option<&str>, now: &str| {
        let headers = SignedHeaders { signature, timestamp };
        match grafana::verify(secret, &headers, BODY, Instant::parse(now).unwrap()) {
            Ok(()) => "ok".to_owned(),
            Err(problem) => problem.detail,
        }
    };
    let (sent, later) = ("2026-11-27T14:00:00Z", "2026-11-27T14:05:01Z");
    let wrong = "the signature does not belong to this body and secret";
    for (secret, signature, timestamp, now, wanted) in [
        (SECRET, OF_BODY, None, sent, "ok"),
        (SECRET, &upper, None, later, "ok"),
        (SECRET, OF_TIME, Some(SECONDS), sent, "ok"),
        (SECRET, OF_TIME, None, sent, wrong),
        (SECRET, OF_BODY, Some(SECONDS), sent, wrong),
        (b"hunter3", OF_BODY, None, sent, wrong),
        (b"", OF_BODY, None, sent, "this source has no secret to compare with"),
        (SECRET, "", None, sent, "the header of the signature is missing, or not 64 hexadecimal digits"),
        (SECRET, &OF_BODY[2..], None, sent, "the header of the signature is missing, or not 64 hexadecimal digits"),
        (SECRET, "ü", None, sent, "the header of the signature is missing, or not 64 hexadecimal digits"),
        (SECRET, OF_TIME, Some(SECONDS), later, "the timestamp is more than five minutes from this machine's clock"),
        (SECRET, OF_TIME, Some(""), sent, "the header of the timestamp is missing, or not a number of seconds"),
    ] {
        assert_eq!(verdict(secret, signature, timestamp, now), wanted);
    }
}
