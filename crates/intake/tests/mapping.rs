//! Bodies of foreign webhooks, read by mappings.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use calendar::Instant;
use expect_test::expect;
use intake::mapping;
use policy::mapping::{Field, Mapping, Path, UnitFields};
use problem::Problem;
use serde_json::{Value, json};
use wcore::signal::Signal;

/// What is shown of a body: its signals or why there are none, and how many warnings there were.
type Read = (Vec<Result<Signal, Problem>>, usize);

fn read_all(mapping: &Mapping, body: &Value) -> Result<Read, Problem> {
    let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
    let mapped = mapping::read(body.to_string().as_bytes(), mapping, now)?;
    let signals = mapped.signals.into_iter().map(|signal| signal.map_err(|rejected| rejected.problem));
    Ok((signals.collect(), mapped.warnings.len()))
}

fn read(mapping: &Mapping, body: &Value) -> Result<Signal, Problem> {
    read_all(mapping, body).and_then(|(mut signals, _)| signals.remove(0))
}

fn constant(text: &str) -> Field {
    Field::Constant(text.to_owned())
}

fn at(path: &str) -> Field {
    Field::At { path: Path::parse(path).unwrap(), default: None }
}

fn or(path: &str, default: &str) -> Field {
    Field::At { path: Path::parse(path).unwrap(), default: Some(default.to_owned()) }
}

fn tickets() -> Mapping {
    Mapping {
        each: None,
        source: constant("helpdesk"),
        metric: at("ticket.reason"),
        service: or("ticket.product", "support-assistant"),
        id: Some(at("ticket.id")),
        at: Some(at("ticket.at")),
        value: Some(at("ticket.score")),
        label: Some(at("ticket.tags[0].name")),
        summary: Some(at("ticket.title")),
        unit: Some(UnitFields { kind: constant("conversation"), id: at("ticket.conversation") }),
        link: Some(at("ticket.url")),
        labels: BTreeMap::from([("vip".to_owned(), at("ticket[\"is.vip\"]")), ("plan".to_owned(), at("ticket.plan"))]),
    }
}

fn ticket() -> Value {
    json!({"ticket": {
        "id": 4711, "reason": "hallucinated_commitment", "product": "bot", "at": "2026-11-27T13:59:00Z", "score": "0.5",
        "tags": [{"name": "confirmed"}], "title": "Bot promised a refund", "conversation": "c-1",
        "url": "https://help.example/4711", "is.vip": true, "plan": null
    }})
}

fn altered(key: &str, member: Value) -> Value {
    let mut body = ticket();
    body["ticket"][key] = member;
    body
}

#[test]
fn every_part_is_found() {
    let (mut signals, warnings) = read_all(&tickets(), &ticket()).unwrap();
    assert_eq!((signals.len(), warnings), (1, 0));
    let signal = signals.remove(0).unwrap();
    expect![[r#"{"id":"4711","source":"helpdesk","metric":"hallucinated_commitment","service":"bot","at":"2026-11-27T13:59:00Z","value":0.5,"label":"confirmed","summary":"Bot promised a refund","unit":{"kind":"conversation","id":"c-1"},"evaluator":null,"labels":{"vip":"true"},"link":"https://help.example/4711","alert":null,"late":false}"#]].assert_eq(&serde_json::to_string(&signal).unwrap());
}

#[test]
fn what_is_optional_may_be_absent() {
    let signal = read(&tickets(), &json!({"ticket": {"reason": "r", "url": "javascript:alert(1)"}})).unwrap();
    expect![[r#"{"id":null,"source":"helpdesk","metric":"r","service":"support-assistant","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}"#]].assert_eq(&serde_json::to_string(&signal).unwrap());
}

#[test]
fn what_does_not_fit_is_refused_and_its_path_named() {
    let outcomes: String = [
        ("nothing", altered("reason", Value::Null)),
        ("blank", altered("reason", json!(" "))),
        ("object", altered("title", json!({"text": "hunter2"}))),
        ("no number", altered("score", json!("hunter2"))),
        ("no finite number", altered("score", json!("inf"))),
        ("no time", altered("at", json!("hunter2"))),
        ("zero time", altered("at", json!(0))),
        ("long unit", altered("conversation", json!("c".repeat(256)))),
        ("long id", altered("id", json!("7".repeat(256)))),
        ("an array", json!([ticket()])),
    ]
    .iter()
    .map(|(name, body)| format!("{name}: {}\n", read(&tickets(), body).unwrap_err().detail))
    .collect();
    expect![[r#"
        nothing: nothing stands at `ticket.reason`, and `metric` has no default
        blank: nothing stands at `ticket.reason`, and `metric` has no default
        object: `ticket.title` holds an object or array; `summary` needs a text, number or boolean
        no number: what stands at `ticket.score` is not a finite number, as `value` needs it
        no finite number: what stands at `ticket.score` is not a finite number, as `value` needs it
        no time: what stands at `ticket.at` is neither an RFC 3339 time nor seconds or milliseconds since 1970, after 1999, as `at` needs it
        zero time: what stands at `ticket.at` is neither an RFC 3339 time nor seconds or milliseconds since 1970, after 1999, as `at` needs it
        long unit: `unit.id` has 256 characters, the limit is 255
        long id: `id` has 256 characters, the limit is 255
        an array: nothing stands at `ticket.reason`, and `metric` has no default
    "#]].assert_eq(&outcomes);
    assert_eq!(read(&Mapping { source: constant(""), ..tickets() }, &ticket()).unwrap_err().code.id, "mapping-unfit");
    assert_eq!(mapping::read(b"{", &tickets(), Instant::MIN).unwrap_err().code.id, "signal-malformed");
}

#[test]
fn times_have_several_forms() {
    for (time, wanted) in [
        (json!("2026-11-27T13:59:00Z"), Some("2026-11-27T13:59:00Z")),
        (json!(1_795_787_940), Some("2026-11-27T13:59:00Z")),
        (json!("1795787940"), Some("2026-11-27T13:59:00Z")),
        (json!(1_795_787_940_250_i64), Some("2026-11-27T13:59:00.25Z")),
        (json!(1_795_787_940.5), Some("2026-11-27T13:59:00.5Z")),
        // The future counts from arrival.
        (json!("2026-11-28T00:00:00Z"), None),
        (Value::Null, None),
    ] {
        let signal = read(&tickets(), &altered("at", time)).unwrap();
        assert_eq!(signal.at.map(|at| at.to_string()).as_deref(), wanted);
    }
}

#[test]
fn long_texts_are_shortened_with_a_warning() {
    let (signals, warnings) = read_all(&tickets(), &altered("title", json!("x".repeat(3_000)))).unwrap();
    let summary = signals[0].as_ref().unwrap().summary.as_ref().unwrap();
    assert_eq!((summary.chars().count(), warnings), (intake::limit::SUMMARY, 1));
}

#[test]
fn an_array_gives_a_signal_of_each_element() {
    let mapping = Mapping {
        each: Some(Path::parse("data.findings").unwrap()),
        metric: at("kind"),
        service: at("$.account.service"),
        id: Some(at("id")),
        at: None,
        ..Mapping { unit: None, labels: BTreeMap::new(), ..tickets() }
    };
    let body = json!({"account": {"service": "bot"}, "data": {"findings": [
        {"id": "f-1", "kind": "pii_leak"}, {"id": "f-2"}, {"id": "f-3", "kind": "off_topic"},
    ]}});
    let (signals, _) = read_all(&mapping, &body).unwrap();
    let shown: Vec<String> = signals
        .into_iter()
        .map(|signal| match signal {
            Ok(signal) => format!("{} {} {}", signal.id.unwrap(), signal.metric, signal.service),
            Err(problem) => problem.detail,
        })
        .collect();
    assert_eq!(
        shown,
        ["f-1 pii_leak bot", "nothing stands at `kind`, and `metric` has no default", "f-3 off_topic bot"]
    );
    for (findings, wanted) in [
        (json!({}), "`data.findings` holds no array, and `each` goes through one"),
        (Value::Null, "`data.findings` holds no array, and `each` goes through one"),
        (json!(vec![0; 1_001]), "`data.findings` holds 1001 elements, the limit is 1000"),
    ] {
        let problem = read_all(&mapping, &json!({"data": {"findings": findings}})).unwrap_err();
        assert_eq!(problem.detail, wanted);
    }
    let nothing = read_all(&mapping, &json!({})).unwrap_err();
    assert_eq!(nothing.detail, "nothing stands at `data.findings`, and `each` goes through an array there");
    assert_eq!(read_all(&mapping, &json!({"data": {"findings": []}})).unwrap().0.len(), 0);
}
