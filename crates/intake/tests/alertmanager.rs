//! Alertmanager's notifications, as Alertmanager 0.34 sends them and as others garble them.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use calendar::Instant;
use expect_test::{Expect, expect};
use intake::{alertmanager, limit};
use serde_json::{Value, json};

fn read(body: &str) -> Result<alertmanager::Notification, problem::Problem> {
    alertmanager::read(body.as_bytes(), Instant::parse("2026-11-27T14:00:00Z").unwrap())
}

fn check(body: &Value, expected: Expect) {
    expected.assert_eq(&shown(&body.to_string()));
}

/// One line for each signal and warning.
fn shown(body: &str) -> String {
    let notification = match read(body) {
        Ok(notification) => notification,
        Err(problem) => return format!("refused: {}: {}\n", problem.code.id, problem.detail),
    };
    let mut out = String::new();
    for signal in notification.signals {
        let _ = match signal {
            Ok(signal) => writeln!(out, "{}", serde_json::to_string(&signal).unwrap()),
            Err(rejected) => {
                writeln!(out, "{}: {}: {}", rejected.index, rejected.problem.code.id, rejected.problem.detail)
            }
        };
    }
    for warning in notification.warnings {
        let _ = writeln!(out, "warning: {}: {}", warning.code.id, warning.detail);
    }
    out
}

fn firing() -> Value {
    json!({
        "status": "firing",
        "labels": {"alertname": "ProviderErrors", "service": "support-assistant", "severity": "critical"},
        "annotations": {"summary": "Half of the calls to the provider fail", "runbook_url": "https://wiki.example/r"},
        "startsAt": "2026-11-27T13:58:12.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=x",
        "fingerprint": "b31b7d9f6c5a8e01"
    })
}

fn resolved() -> Value {
    altered(firing(), json!({"status": "resolved", "endsAt": "2026-11-27T13:59:42Z"}))
}

/// The value with some members replaced, or removed where `null`.
fn altered(mut value: Value, members: Value) -> Value {
    for (key, member) in members.as_object().unwrap() {
        match member {
            Value::Null => value.as_object_mut().unwrap().remove(key),
            member => value.as_object_mut().unwrap().insert(key.clone(), member.clone()),
        };
    }
    value
}

fn notification(alerts: Vec<Value>) -> Value {
    json!({
        "receiver": "watchbell", "status": "firing", "alerts": alerts,
        "groupLabels": {"alertname": "ProviderErrors"}, "commonLabels": {}, "commonAnnotations": {},
        "routeLabels": {}, "externalURL": "http://alertmanager.example:9093", "version": "4",
        "groupKey": "{}:{alertname=\"ProviderErrors\"}", "truncatedAlerts": 0,
        "notification_reason": "first notification", "something_new": {"a": [1, {"b": null}]}
    })
}

#[test]
fn an_alert_fires_and_resolves() {
    check(
        &notification(vec![firing(), resolved()]),
        expect![[r#"
        {"id":"b31b7d9f6c5a8e01/2026-11-27T13:58:12.123456Z/firing","source":"alertmanager","metric":"ProviderErrors","service":"support-assistant","at":"2026-11-27T13:58:12.123456Z","value":null,"label":null,"summary":"Half of the calls to the provider fail","unit":null,"evaluator":null,"labels":{"alertname":"ProviderErrors","service":"support-assistant","severity":"critical"},"link":"http://prometheus.example:9090/graph?g0.expr=x","alert":{"key":"b31b7d9f6c5a8e01","state":"firing"},"late":false}
        {"id":"b31b7d9f6c5a8e01/2026-11-27T13:58:12.123456Z/resolved","source":"alertmanager","metric":"ProviderErrors","service":"support-assistant","at":"2026-11-27T13:59:42Z","value":null,"label":null,"summary":"Half of the calls to the provider fail","unit":null,"evaluator":null,"labels":{"alertname":"ProviderErrors","service":"support-assistant","severity":"critical"},"link":"http://prometheus.example:9090/graph?g0.expr=x","alert":{"key":"b31b7d9f6c5a8e01","state":"resolved"},"late":false}
    "#]],
    );
}

#[test]
fn a_repeated_notification_carries_the_same_ids() {
    let id = |body: Value| read(&body.to_string()).unwrap().signals.remove(0).unwrap().id;
    let first = id(notification(vec![firing()]));
    let reason = json!({"notification_reason": "repeat interval elapsed", "groupKey": "{}:{}"});
    assert_eq!(first, id(altered(notification(vec![firing()]), reason)));
    // The group still fires when one of its alerts has resolved, and the id tells them apart.
    let later = altered(firing(), json!({"startsAt": "2026-11-27T13:59:00Z"}));
    for other in [resolved(), later, altered(firing(), json!({"fingerprint": "0"}))] {
        assert_ne!(first, id(notification(vec![other])));
    }
}

#[test]
fn the_mapping_has_its_order() {
    let field = |labels: Value, annotations: Value| {
        let alert = altered(firing(), json!({"labels": labels, "annotations": annotations}));
        let signal = read(&notification(vec![alert]).to_string()).unwrap().signals.remove(0).unwrap();
        [signal.metric, signal.service, signal.summary.unwrap_or_default()].join(" | ")
    };
    for (labels, annotations, wanted) in [
        (
            json!({"alertname": "A", "service": "s", "job": "j"}),
            json!({"summary": "S", "description": "D"}),
            "A | s | S",
        ),
        (
            json!({"alertname": "A", "service": " ", "job": "j"}),
            json!({"summary": "", "description": "D"}),
            "A | j | D",
        ),
        (json!({"alertname": " A\nB "}), json!({}), "A B | watchbell | "),
        (json!({}), Value::Null, "alert | watchbell | "),
    ] {
        assert_eq!(field(labels, annotations), wanted);
    }
    let nameless = altered(notification(vec![altered(firing(), json!({"labels": null}))]), json!({"receiver": ""}));
    assert_eq!(read(&nameless.to_string()).unwrap().signals[0].as_ref().unwrap().service, "unknown");
}

#[test]
fn what_can_be_mended_is_mended_with_a_warning() {
    let long = altered(
        firing(),
        json!({
            "labels": {"alertname": "x".repeat(200), "service": "s", "long": "y".repeat(2_000)},
            "annotations": {"summary": "ü".repeat(3_000)}, "generatorURL": "javascript:alert(1)"
        }),
    );
    let mended = read(&notification(vec![long]).to_string()).unwrap();
    let signal = mended.signals[0].as_ref().unwrap();
    let lengths =
        [&signal.metric, signal.summary.as_ref().unwrap(), &signal.labels["long"]].map(|text| text.chars().count());
    assert_eq!(lengths, [limit::NAME, limit::SUMMARY, limit::LABEL_VALUE]);
    assert_eq!(signal.link, None);
    assert_eq!(mended.warnings[0].detail, "names or labels shortened or left out: 2");

    let many: serde_json::Map<String, Value> = (0..70).map(|n| (format!("l{n}"), json!("v"))).collect();
    let mended = read(&notification(vec![altered(firing(), json!({"labels": many}))]).to_string()).unwrap();
    assert_eq!(mended.signals[0].as_ref().unwrap().labels.len(), limit::LABELS);
    assert_eq!(mended.warnings[0].detail, "names or labels shortened or left out: 6");

    let ahead = altered(firing(), json!({"startsAt": "2026-11-27T14:00:06Z"}));
    check(
        &altered(notification(vec![ahead]), json!({"truncatedAlerts": 3})),
        expect![[r#"
            {"id":"b31b7d9f6c5a8e01/2026-11-27T14:00:06Z/firing","source":"alertmanager","metric":"ProviderErrors","service":"support-assistant","at":null,"value":null,"label":null,"summary":"Half of the calls to the provider fail","unit":null,"evaluator":null,"labels":{"alertname":"ProviderErrors","service":"support-assistant","severity":"critical"},"link":"http://prometheus.example:9090/graph?g0.expr=x","alert":{"key":"b31b7d9f6c5a8e01","state":"firing"},"late":false}
            warning: alerts-truncated: alerts cut off by the sender (`truncatedAlerts`): 3
            warning: alerts-adjusted: alerts that lie in the future: 1
        "#]],
    );
}

#[test]
fn times_may_be_absent_or_long_ago() {
    let at = |members: Value| {
        let signal =
            read(&notification(vec![altered(firing(), members)]).to_string()).unwrap().signals.remove(0).unwrap();
        (signal.at.map(|at| at.to_string()), signal.late)
    };
    let time = |text: &str| Some(text.to_owned());
    assert_eq!(at(json!({"startsAt": null, "endsAt": null})), (None, false));
    assert_eq!(at(json!({"startsAt": "0001-01-01T00:00:00Z"})), (None, false));
    assert_eq!(at(json!({"startsAt": "2026-11-27T14:00:05Z"})), (time("2026-11-27T14:00:05Z"), false));
    assert_eq!(at(json!({"startsAt": "2026-11-01T00:00:00Z"})), (time("2026-11-01T00:00:00Z"), true));
    assert_eq!(at(json!({"status": "resolved"})), (None, false));
}

#[test]
fn a_broken_alert_does_not_take_its_neighbours_along() {
    let alerts = vec![
        altered(firing(), json!({"fingerprint": null})),
        altered(firing(), json!({"fingerprint": ""})),
        altered(firing(), json!({"fingerprint": "f".repeat(300)})),
        altered(firing(), json!({"status": "suppressed"})),
        altered(firing(), json!({"status": null})),
        altered(firing(), json!({"startsAt": "now"})),
        altered(firing(), json!({"labels": {"alertname": 7}})),
        altered(firing(), json!({"annotations": "hunter2"})),
        json!("hunter2"),
    ];
    check(
        &notification(alerts),
        expect![[r#"
        0: alertmanager-format: `fingerprint` is missing
        1: signal-field-invalid: `fingerprint` is empty
        2: signal-field-too-long: `fingerprint` has 300 characters, the limit is 128
        3: alertmanager-format: `status` must be `firing` or `resolved`
        4: alertmanager-format: `status` must be `firing` or `resolved`
        5: alertmanager-format: `startsAt` is not an RFC 3339 time
        6: alertmanager-format: every field must be a text, `labels` and `annotations` objects of texts, each once
        7: alertmanager-format: every field must be a text, `labels` and `annotations` objects of texts, each once
        8: alertmanager-format: an alert must be an object, found a text
    "#]],
    );
    let mixed = read(&notification(vec![json!(null), firing()]).to_string()).unwrap();
    assert!(mixed.signals[0].is_err() && mixed.signals[1].is_ok());
}

#[test]
fn other_senders_are_told_where_they_belong() {
    let good = notification(vec![firing()]);
    let large = " ".repeat(limit::ALERTMANAGER_BODY_BYTES + 1);
    let outcomes: String = [
        ("Grafana", altered(good.clone(), json!({"version": "1", "orgId": 1})).to_string()),
        ("a later version", altered(good.clone(), json!({"version": "5"})).to_string()),
        ("no version", altered(good.clone(), json!({"version": null})).to_string()),
        ("version as a number", altered(good.clone(), json!({"version": 4})).to_string()),
        ("no alerts", altered(good.clone(), json!({"alerts": null})).to_string()),
        ("alerts as an object", altered(good, json!({"alerts": {}})).to_string()),
        ("Prometheus", json!([firing()]).to_string()),
        ("a text", json!("hunter2").to_string()),
        ("broken", "{\"version\": \"4\", \"alerts\": [hunter2]}".to_owned()),
        ("empty", String::new()),
        ("large", large),
    ]
    .iter()
    .map(|(name, body)| format!("{name}: {}", shown(body)))
    .collect();
    expect![[r#"
        Grafana: refused: alertmanager-format: `version` is "1", as in Grafana's webhook; its path is `/intake/grafana`
        a later version: refused: alertmanager-format: `version` must be "4"
        no version: refused: alertmanager-format: `version` is missing; it must be "4"
        version as a number: refused: alertmanager-format: the body must be an object with `version` and `receiver` as texts, `truncatedAlerts` as a number and `alerts` as an array, each once
        no alerts: refused: alertmanager-format: `alerts` is missing; a custom `payload` of the receiver needs to keep it
        alerts as an object: refused: alertmanager-format: the body must be an object with `version` and `receiver` as texts, `truncatedAlerts` as a number and `alerts` as an array, each once
        Prometheus: refused: alertmanager-format: an array of alerts is what Prometheus sends; its path is `/api/v2/alerts`
        a text: refused: alertmanager-format: the body must be an object with `version` and `receiver` as texts, `truncatedAlerts` as a number and `alerts` as an array, each once
        broken: refused: signal-malformed: line 1, column 29: expected value
        empty: refused: signal-malformed: line 1, column 0: EOF while parsing a value
        large: refused: body-too-large: it has 4194305 bytes, the limit of this path is 4194304
    "#]].assert_eq(&outcomes);
}

#[test]
fn a_storm_is_taken_in_up_to_the_limit() {
    let alert = json!({"status": "firing", "fingerprint": "f"});
    let read = read(&notification(vec![alert; limit::ALERTS + 2]).to_string()).unwrap();
    assert_eq!(read.signals.len(), limit::ALERTS);
    assert!(read.signals.iter().all(Result::is_ok));
    assert_eq!(read.warnings[0].detail, "alerts beyond the first 5000, not taken in: 2");
}
