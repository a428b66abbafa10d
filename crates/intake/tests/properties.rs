//! What holds for any body: no reader panics, and what is accepted keeps within the limits.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use calendar::Instant;
use intake::{alertmanager, limit, native};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::json;
use wcore::signal::{Evaluator, Signal, Unit};

const NATIVE: &str = r#"[{"id":"e-1","source":"evals","metric":"pii_leak","service":"bot","at":"2026-11-27T13:59:00Z",
"value":-0.97e1,"label":"confirmed","summary":"\u00fc\n","unit":{"kind":"conversation","id":"c-1"},"evaluator":
{"kind":"llm","name":"judge","version":"3"},"labels":{"channel":"chat"},"link":"https://evals.example/e-1"},
{"source":"s","metric":"m","service":"t"}]"#;

const ALERTMANAGER: &str = r#"{"version":"4","receiver":"watchbell","status":"firing","truncatedAlerts":1,"alerts":[
{"status":"resolved","labels":{"alertname":"A"},"annotations":{"summary":"S"},"startsAt":"2026-11-27T13:58:12Z",
"endsAt":"2026-11-27T13:59:12Z","generatorURL":"http://p.example","fingerprint":"b31b"}]}"#;

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

/// Reads the body in both ways and asserts what holds for every accepted signal.
fn assert_sound(body: &[u8]) {
    let native = native::read(body, now()).unwrap_or_default();
    assert!(native.len() <= limit::SIGNALS);
    let alerts = alertmanager::read(body, now()).map(|notification| notification.signals).unwrap_or_default();
    for (index, read) in native.into_iter().enumerate().chain(alerts.into_iter().enumerate()) {
        match read {
            Ok(signal) => assert_within_limits(&signal),
            Err(rejected) => {
                assert_eq!(rejected.index, index);
                assert!(rejected.problem.detail.chars().count() < 512, "{}", rejected.problem.detail);
            }
        }
    }
}

fn assert_within_limits(signal: &Signal) {
    let fits = |text: &str, chars_max: usize| (1..=chars_max).contains(&text.chars().count());
    assert!([&signal.source, &signal.metric, &signal.service].iter().all(|name| fits(name, limit::NAME)));
    assert!(signal.id.as_ref().is_none_or(|id| fits(id, limit::ID)));
    assert!(signal.summary.as_ref().is_none_or(|text| text.chars().count() <= limit::SUMMARY));
    assert!(signal.link.as_ref().is_none_or(|link| link.to_lowercase().starts_with("http")));
    assert!(signal.value.is_none_or(f64::is_finite));
    assert!(signal.at.is_none_or(|at| at >= limit::EARLIEST && at <= now() + limit::AHEAD));
    assert!(signal.labels.len() <= limit::LABELS);
}

/// One change to a body, as a line that drops, doubles or garbles bytes would make it.
#[derive(Clone, Debug)]
enum Change {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "null",
        "true",
        "1e999",
        "-",
        "\n",
        "\"at\":",
        "NaN",
        "\u{feff}",
        "[[[[",
        "\"9999-12-31T23:59:59Z\"",
        "\"-009999-01-01T00:00:00Z\"",
        "\"a\":1,",
    ]);
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (at(), token).prop_map(|(at, token)| Change::Insert(at, token.as_bytes().to_vec())),
        (at(), 1..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at(), 1..80_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        at().prop_map(Change::Cut),
    ]
}

fn changed(mut body: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if body.is_empty() {
            break;
        }
        let length = body.len();
        match change {
            Change::Replace(at, byte) => body[at.index(length)] = *byte,
            Change::Insert(at, bytes) => {
                body.splice(at.index(length)..at.index(length), bytes.iter().copied());
            }
            Change::Remove(at, count) => {
                body.drain(at.index(length)..(at.index(length) + count).min(length));
            }
            Change::Repeat(at, count) => {
                let piece = body[at.index(length)..(at.index(length) + count).min(length)].to_vec();
                body.splice(at.index(length)..at.index(length), piece);
            }
            Change::Cut(at) => body.truncate(at.index(length)),
        }
    }
    body
}

fn name() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{1,20}"
}

/// Signals that a sender can express natively.
fn signal() -> impl Strategy<Value = Signal> {
    let optional = || option::of(name());
    let evaluator = option::of((name(), optional(), optional()))
        .prop_map(|parts| parts.map(|(kind, name, version)| Evaluator { kind, name, version }));
    let unit = option::of((name(), name())).prop_map(|parts| parts.map(|(kind, id)| Unit { kind, id }));
    let at = option::of(limit::EARLIEST.as_micros()..now().as_micros());
    let value = option::of(any::<f64>().prop_filter("finite", |value| value.is_finite()));
    let texts = (optional(), name(), name(), name(), optional(), option::of(any::<String>()));
    (texts, at, value, unit, evaluator, btree_map(name(), any::<String>(), 0..5)).prop_map(
        |((id, source, metric, service, label, summary), at, value, unit, evaluator, labels)| {
            let at = at.map(Instant::from_micros);
            let late = at.is_some_and(|at| now().since(at) > limit::LATE);
            let labels: BTreeMap<String, String> = labels;
            let link = id.as_ref().map(|_| "https://evals.example/7".to_owned());
            Signal {
                id,
                source,
                metric,
                service,
                at,
                value,
                label,
                summary,
                unit,
                evaluator,
                labels,
                link,
                alert: None,
                late,
            }
        },
    )
}

/// The native form of a signal, written by another hand than the reader's.
fn written(signal: &Signal) -> String {
    json!({
        "id": signal.id, "source": signal.source, "metric": signal.metric, "service": signal.service,
        "at": signal.at.map(|at| at.to_string()), "value": signal.value, "label": signal.label,
        "summary": signal.summary, "labels": signal.labels, "link": signal.link,
        "unit": signal.unit.as_ref().map(|unit| json!({"kind": unit.kind, "id": unit.id})),
        "evaluator": signal.evaluator.as_ref().map(|evaluator| {
            json!({"kind": evaluator.kind, "name": evaluator.name, "version": evaluator.version})
        }),
    })
    .to_string()
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in vec(any::<u8>(), 0..300)) {
        assert_sound(&body);
    }

    #[test]
    fn any_text_that_looks_like_json_is_survived(body in "[\\[{][ \\[\\]{}:,\"a-z0-9\\\\\n]{0,80}") {
        assert_sound(body.as_bytes());
    }

    #[test]
    fn garbled_bodies_are_survived(is_native in any::<bool>(), changes in vec(change(), 1..6)) {
        let body = if is_native { NATIVE } else { ALERTMANAGER };
        assert_sound(&changed(body.as_bytes().to_vec(), &changes));
    }

    #[test]
    fn what_was_sent_is_what_is_read(signals in vec(signal(), 1..4)) {
        let texts: Vec<String> = signals.iter().map(written).collect();
        for body in [format!("[{}]", texts.join(",")), texts.join("\n")] {
            let read: Vec<Signal> = native::read(body.as_bytes(), now()).unwrap().into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(&read, &signals);
        }
    }
}
