//! What holds for any body: no reader panics, and what is accepted keeps within the limits.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use calendar::Instant;
use intake::mapping;
use intake::{alertmanager, alertmanager_api, grafana, limit, native, pagerduty, redact};
use policy::mapping::{Field, Mapping, Path, UnitFields};
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

const GRAFANA: &str = r#"{"version":"1","orgId":1,"receiver":"r","alerts":[{"status":"firing","labels":{"alertname":"A"},
"annotations":{},"startsAt":"2026-11-27T13:58:12Z","fingerprint":"b31b","values":{"A":1e3},"panelURL":"http://g.example"}]}"#;

const PROMETHEUS: &str = r#"[{"labels":{"alertname":"A","job":"j"},"annotations":{"summary":"S"},
"startsAt":"2026-11-27T13:58:12Z","endsAt":"2026-11-27T13:59:12Z","generatorURL":"http://p.example"}]"#;

const PAGERDUTY: &str = r#"{"routing_key":"k","event_action":"trigger","dedup_key":"d","payload":{"summary":"s",
"source":"h","severity":"error","timestamp":"2026-11-27T13:58:12+0000","custom_details":{"a":{"b":1}}},
"links":[{"href":"http://p.example"}],"client_url":"http://p.example"}"#;

const TICKET: &str =
    r#"{"t":{"m":"metric","s":"service","i":7,"at":1795787940,"v":"1.5","u":["c-1"],"l":"https://h.example"}}"#;

/// What the texts are garbled from.
const BODIES: [&str; 6] = [NATIVE, ALERTMANAGER, GRAFANA, PROMETHEUS, PAGERDUTY, TICKET];

fn mapping() -> Mapping {
    let at = |path: &str| Field::At { path: Path::parse(path).unwrap(), default: None };
    Mapping {
        each: None,
        source: Field::Constant("tickets".to_owned()),
        metric: at("t.m"),
        service: at("t.s"),
        id: Some(at("t.i")),
        at: Some(at("t.at")),
        value: Some(at("t.v")),
        label: Some(at("t.m")),
        summary: Some(at("t.s")),
        unit: Some(UnitFields { kind: at("t.s"), id: at("t.u[0]") }),
        link: Some(at("t.l")),
        labels: BTreeMap::from([("m".to_owned(), at("t.m"))]),
    }
}

/// The signals that the formats with one refusal for all make of a body.
fn single(body: &[u8]) -> impl Iterator<Item = Signal> {
    let event = pagerduty::read(body, now()).ok().and_then(|event| event.signal);
    let change = pagerduty::read_change(body, now()).ok().map(|change| change.signal);
    let mapped = mapping::read(body, &mapping(), now()).map(|mapped| mapped.signals).unwrap_or_default();
    event.into_iter().chain(change).chain(mapped.into_iter().flatten())
}

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

fn stand_in(_: &str, id: &str) -> String {
    format!("~{}", id.len())
}

/// Reads the body in every way and asserts what holds for every accepted signal.
fn assert_sound(body: &[u8]) {
    let native = native::read(body, now()).unwrap_or_default();
    assert!(native.len() <= limit::SIGNALS);
    let alerts = alertmanager::read(body, now()).map(|notification| notification.signals).unwrap_or_default();
    let grafana = grafana::read(body, now()).map(|notification| notification.signals).unwrap_or_default();
    let posted = alertmanager_api::read(body, now()).map(|post| post.alerts).unwrap_or_default();
    let posted: Vec<_> = posted.into_iter().map(|read| read.map(|posted| posted.signal)).collect();
    single(body).for_each(|mut signal| {
        assert_within_limits(&signal);
        redact::signal(&mut signal, &stand_in);
        assert_within_limits(&signal);
    });
    for (index, read) in [native, alerts, grafana, posted].into_iter().flat_map(|list| list.into_iter().enumerate()) {
        match read {
            Ok(mut signal) => {
                assert_within_limits(&signal);
                redact::signal(&mut signal, &stand_in);
                assert_within_limits(&signal);
            }
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
    let names = [&signal.source, &signal.metric, &signal.service].into_iter().chain(&signal.id).chain(&signal.label);
    let alert = signal.alert.iter().map(|alert| &alert.key);
    for text in names.chain(alert).chain(signal.labels.iter().flat_map(|(key, value)| [key, value])) {
        let hidden =
            |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(hidden), "{text:?}");
    }
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
    "[^\\p{C}\\p{Zl}\\p{Zp}]{1,20}"
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
    (texts, at, value, unit, evaluator, btree_map(name(), prop_oneof![Just(String::new()), name()], 0..5)).prop_map(
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
    fn garbled_bodies_are_survived(body in prop::sample::select(&BODIES[..]), changes in vec(change(), 1..6)) {
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

    #[test]
    fn what_redaction_finds_lies_apart_and_is_gone(
        text in "(\\PC|[-@ .:+()/0-9]|[0-9]{3,5}[- ]|tel |password: |@example\\.com|DE89 ?|sk-|电话|://a:b@){0,60}"
    ) {
        let spans = redact::find(&text);
        prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let (clean, redacted) = redact::text(&text);
        prop_assert_eq!(redacted.total() as usize, spans.len());
        let kept: usize = text.len() - spans.iter().map(|span| text[span.start..span.end].len()).sum::<usize>();
        let placed: usize = spans.iter().map(|span| span.kind.placeholder().len()).sum();
        prop_assert_eq!(clean.len(), kept + placed);
    }

    #[test]
    fn paths_are_survived(text in "[a.\\[\\]\"0-9ü]{0,30}") {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(path.to_string(), text);
        }
    }
}
