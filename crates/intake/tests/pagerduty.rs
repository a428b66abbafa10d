//! PagerDuty's events, as its clients and Alertmanager send them and as others garble them.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use calendar::Instant;
use expect_test::{Expect, expect};
use intake::{limit, pagerduty};
use serde_json::{Value, json};

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

fn read(body: &Value) -> Result<pagerduty::Event, pagerduty::Refusal> {
    pagerduty::read(body.to_string().as_bytes(), now())
}

fn trigger() -> Value {
    json!({
        "routing_key": "0123456789abcdef0123456789abcdef", "event_action": "trigger", "dedup_key": "bot/pii",
        "payload": {
            "summary": "Assistant shows addresses", "source": "evals-7", "severity": "critical",
            "timestamp": "2026-11-27T13:59:58.315+0000", "component": "support-assistant", "group": "prod",
            "class": "pii_leak", "custom_details": {"rate": 0.25, "confirmed": true, "run": {"id": "r-1"}, "none": null},
            "something_new": 1
        },
        "links": [{"href": "javascript:alert(1)"}, {"href": "https://evals.example/r-1", "text": "run"}],
        "images": [{"src": "https://evals.example/r-1.png"}], "client": "evals", "client_url": "https://evals.example"
    })
}

/// The value with the member at a pointer replaced, or removed where `null`.
fn with(mut value: Value, pointer: &str, member: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match member {
        Value::Null => parent.remove(key),
        member => parent.insert(key.to_owned(), member),
    };
    value
}

fn check(body: &Value, expected: Expect) {
    let event = read(body).unwrap();
    let signal = serde_json::to_string(&event.signal).unwrap();
    let warnings: Vec<String> = event.warnings.iter().map(|warning| warning.detail.clone()).collect();
    expected.assert_eq(&format!("{:?} {} {signal} {warnings:?}\n", event.action, event.dedup_key));
}

#[test]
fn a_trigger_becomes_a_signal() {
    check(
        &trigger(),
        expect![[r#"
            Trigger bot/pii {"id":"7d4ef9f7dc20e494aac067e9ec59258e","source":"evals-7","metric":"pii_leak","service":"support-assistant","at":"2026-11-27T13:59:58.315Z","value":null,"label":"critical","summary":"Assistant shows addresses","unit":null,"evaluator":null,"labels":{"confirmed":"true","rate":"0.25","run.id":"r-1"},"link":"https://evals.example/r-1","alert":{"key":"bot/pii","state":"firing"},"late":false} []
        "#]],
    );
}

#[test]
fn what_is_optional_may_be_absent() {
    let bare = json!({
        "routing_key": "k", "event_action": "trigger",
        "payload": {"summary": "s", "source": "host-1", "severity": "info"}
    });
    check(
        &with(bare, "/dedup_key", json!("d")),
        expect![[r#"
        Trigger d {"id":null,"source":"host-1","metric":"pagerduty","service":"host-1","at":null,"value":null,"label":"info","summary":"s","unit":null,"evaluator":null,"labels":{},"link":null,"alert":{"key":"d","state":"firing"},"late":false} []
    "#]],
    );
    let service = |removed: &[&str]| {
        let body = removed.iter().fold(trigger(), |body, field| with(body, &format!("/payload/{field}"), Value::Null));
        read(&body).unwrap().signal.unwrap().service
    };
    for (removed, wanted) in
        [(&[][..], "support-assistant"), (&["component"], "prod"), (&["component", "group"], "evals-7")]
    {
        assert_eq!(service(removed), wanted);
    }
}

#[test]
fn acknowledge_and_resolve_need_no_payload_and_may_have_one() {
    let act = |action: &str| with(trigger(), "/event_action", json!(action));
    let bare = |action: &str| with(act(action), "/payload", Value::Null);
    let outcome = |body: Value| {
        let event = read(&body).unwrap();
        (event.action, event.signal.map(|signal| signal.alert.unwrap().state))
    };
    use pagerduty::Action::{Acknowledge, Resolve};
    use wcore::signal::AlertState::Resolved;
    assert_eq!(outcome(bare("acknowledge")), (Acknowledge, None));
    assert_eq!(outcome(act("acknowledge")), (Acknowledge, None));
    assert_eq!(outcome(bare("resolve")), (Resolve, None));
    // Alertmanager sends the payload again, and a poor one must not keep an alert from ending.
    assert_eq!(outcome(act("resolve")), (Resolve, Some(Resolved)));
    assert_eq!(outcome(with(act("resolve"), "/payload", json!({"severity": "odd"}))), (Resolve, Some(Resolved)));
}

#[test]
fn keys_are_made_where_absent_and_the_same_when_replayed() {
    let keyless = with(trigger(), "/dedup_key", Value::Null);
    let body = keyless.to_string();
    let key = |body: &str, now: Instant| pagerduty::read(body.as_bytes(), now).unwrap().dedup_key;
    let later = Instant::parse("2026-11-27T14:00:01Z").unwrap();
    assert_eq!(key(&body, now()), key(&body, now()));
    assert_ne!(key(&body, now()), key(&body, later), "no key means always a new alert");
    assert_eq!(key(&body, now()).len(), 32);
    let blank = with(trigger(), "/dedup_key", json!(" "));
    assert_eq!(read(&blank).unwrap().dedup_key.len(), 32);
}

#[test]
fn a_repetition_has_the_same_id_if_it_has_a_time() {
    let id = |body: &Value| read(body).unwrap().signal.unwrap().id;
    assert_eq!(id(&trigger()), id(&trigger()));
    let resolved = with(trigger(), "/event_action", json!("resolve"));
    assert_ne!(id(&trigger()), id(&resolved));
    for time in [Value::Null, json!("yesterday"), json!("0001-01-01T00:00:00Z")] {
        assert_eq!(id(&with(trigger(), "/payload/timestamp", time)), None);
    }
}

#[test]
fn what_can_be_mended_is_mended_with_a_warning() {
    for (pointer, member, wanted) in [
        ("/payload/timestamp", json!("yesterday"), "times that cannot be read, replaced by that of arrival: 1"),
        ("/payload/timestamp", json!("2026-11-27T14:00:06Z"), "alerts that lie in the future: 1"),
        ("/payload/summary", json!("x".repeat(3_000)), "names or labels shortened or left out: 1"),
        ("/payload/custom_details", json!({"a": "x".repeat(2_000)}), "names or labels shortened or left out: 1"),
        (
            "/payload/custom_details",
            json!({"error": "Custom details have been removed because the original event exceeds 512000 bytes"}),
            "the sender removed `custom_details`, since the event would have been too large",
        ),
    ] {
        let event = read(&with(trigger(), pointer, member)).unwrap();
        let details: Vec<&str> = event.warnings.iter().map(|warning| warning.detail.as_str()).collect();
        assert_eq!(details, [wanted]);
    }
    let labels =
        |details: Value| read(&with(trigger(), "/payload/custom_details", details)).unwrap().signal.unwrap().labels;
    assert_eq!(labels(json!("a text"))["details"], "a text");
    assert_eq!(
        labels(json!({"a": {"b": {"c": "in", "d": {"e": "too deep"}}}})).into_keys().collect::<Vec<_>>(),
        ["a.b.c"]
    );
    assert!(labels(json!([1, 2])).is_empty());
}

#[test]
fn refusals_have_pagerdutys_shape_and_name_everything() {
    let shown = |body: &[u8]| match pagerduty::read(body, now()) {
        Ok(event) => format!("{event:?}"),
        Err(refusal) => {
            format!("{} {}", refusal.problem.code.status, serde_json::to_string(&refusal.body).unwrap())
        }
    };
    let long = with(trigger(), "/dedup_key", json!("x".repeat(limit::ID + 1)));
    let outcomes: Vec<String> = [
        json!({}),
        json!({"routing_key": 7, "event_action": "trigger", "payload": {"summary": " "}}),
        json!({"routing_key": "k", "event_action": "resolve"}),
        json!({"routing_key": "k", "event_action": "page"}),
        with(trigger(), "/payload/severity", json!("SEV-1")),
        long,
        json!(["k", "trigger"]),
    ]
    .iter()
    .map(|body| shown(body.to_string().as_bytes()))
    .chain([shown(b"{\"hunter2"), shown(b"\xff"), shown(&vec![b' '; limit::PAGERDUTY_BODY_BYTES + 1])])
    .collect();
    expect![[r#"
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' is missing or blank","'event_action' must be one of trigger, acknowledge, resolve","'payload' is missing or not an object"]}
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' must be a text of at most 255 characters","'payload.summary' is missing or blank","'payload.source' is missing or blank","'payload.severity' is missing or blank"]}
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'dedup_key' is missing or blank; this action needs it"]}
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'event_action' must be one of trigger, acknowledge, resolve","'payload' is missing or not an object"]}
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'payload.severity' must be one of critical, error, warning, info"]}
        400 {"status":"invalid event","message":"Event object is invalid","errors":["'dedup_key' must have at most 255 characters and no control characters"]}
        400 {"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["JSON parse error"]}
        400 {"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["JSON parse error"]}
        400 {"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["the byte at offset 0 is wrong"]}
        413 {"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["it has 524289 bytes, the limit of this path is 524288"]}
    "#]].assert_eq(&(outcomes.join("\n") + "\n"));
}

#[test]
fn the_routing_key_is_not_shown() {
    let event = read(&trigger()).unwrap();
    assert_eq!(event.routing_key.expose(), "0123456789abcdef0123456789abcdef");
    assert!(!format!("{event:?}").contains("0123456789abcdef"));
}

#[test]
fn changes_are_signals_of_their_own_metric() {
    let body = json!({
        "routing_key": "k",
        "payload": {"summary": "Prompt v12 is live", "source": "deployer", "timestamp": "2026-11-27T13:59:00Z",
                    "custom_details": {"prompt": "v12"}},
        "links": [{"href": "https://ci.example/12", "text": "build"}]
    });
    let change = |body: &Value| pagerduty::read_change(body.to_string().as_bytes(), now());
    let signal = change(&body).unwrap().signal;
    expect![[r#"{"id":"1f0049d5b320dea6d30b804dbd020157","source":"deployer","metric":"change.pagerduty","service":"deployer","at":"2026-11-27T13:59:00Z","value":null,"label":null,"summary":"Prompt v12 is live","unit":null,"evaluator":null,"labels":{"prompt":"v12"},"link":"https://ci.example/12","alert":null,"late":false}"#]].assert_eq(&serde_json::to_string(&signal).unwrap());
    let bare = change(&json!({"routing_key": "k", "payload": {"summary": "s"}})).unwrap().signal;
    assert_eq!([bare.source.as_str(), &bare.service, &bare.metric], ["pagerduty", "unknown", "change.pagerduty"]);
    let refusal = change(&json!({"payload": {}})).unwrap_err();
    assert_eq!(refusal.body.errors, ["'routing_key' is missing or blank", "'payload.summary' is missing or blank"]);
}
