//! Native signals, from bytes to signals or to the words of their refusal.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use calendar::Instant;
use expect_test::{Expect, expect};
use intake::{limit, native};
use serde_json::json;

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:00Z").unwrap()
}

/// One line for each signal: its fields, or index, code and detail of its rejection.
fn read(body: &[u8]) -> String {
    let signals = match native::read(body, now()) {
        Ok(signals) => signals,
        Err(problem) => return format!("refused: {}: {}\n", problem.code.id, problem.detail),
    };
    let mut out = String::new();
    for signal in signals {
        let _ = match signal {
            Ok(signal) => writeln!(out, "{}", serde_json::to_string(&signal).unwrap()),
            Err(rejected) => {
                writeln!(out, "{}: {}: {}", rejected.index, rejected.problem.code.id, rejected.problem.detail)
            }
        };
    }
    out
}

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&read(body.as_bytes()));
}

/// A good signal with `members` added, which may spoil it.
fn with(members: &str) -> String {
    format!(r#"{{"source":"evals","metric":"pii_leak","service":"bot"{members}}}"#)
}

#[test]
fn every_field_arrives() {
    check(
        r#"{"id":"e-1","source":"evals","metric":"pii_leak","service":"support-assistant","at":"2026-11-27T14:59:00+01:00",
            "value":0.97,"label":"confirmed","summary":"Adresse „Hauptstraße 1“ \u00fcbermittelt",
            "unit":{"kind":"conversation","id":"c-1"},"evaluator":{"kind":"llm","name":"judge","version":"3"},
            "labels":{"channel":"chat","region":"eu"},"link":"https://evals.example/e-1"}"#,
        expect![[r#"
            {"id":"e-1","source":"evals","metric":"pii_leak","service":"support-assistant","at":"2026-11-27T13:59:00Z","value":0.97,"label":"confirmed","summary":"Adresse „Hauptstraße 1“ übermittelt","unit":{"kind":"conversation","id":"c-1"},"evaluator":{"kind":"llm","name":"judge","version":"3"},"labels":{"channel":"chat","region":"eu"},"link":"https://evals.example/e-1","alert":null,"late":false}
        "#]],
    );
    check(
        &with(""),
        expect![[r#"
            {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
        "#]],
    );
}

#[test]
fn the_content_decides_on_the_form() {
    let good = with("");
    let count = |body: &str| read(body.as_bytes()).matches("\"source\":\"evals\"").count();
    let pretty = "{\n  \"source\": \"evals\",\n  \"metric\": \"m\",\n  \"service\": \"s\"\n}";
    let odd = "{\"source\":\"evals\",\"metric\":\"m\",\"service\":\"s\",\"unit\":\n{\"kind\":\"k\",\"id\":\"1\"}}";
    for (body, signals) in [
        (good.clone(), 1),
        (format!("\u{feff}{good}\r\n"), 1),
        (pretty.to_owned(), 1),
        (odd.to_owned(), 1),
        (format!("[{good},\n{good}]"), 2),
        ("[]".to_owned(), 0),
        (format!("{good}\n{good}"), 2),
        (format!("\n{good}\r\n\r\n{good}\r\n  \n{good}\n"), 3),
    ] {
        assert_eq!(count(&body), signals, "{body}");
    }
}

#[test]
fn what_is_no_json_is_located() {
    let bodies = [
        "",
        " \n ",
        "hello",
        "{\"source\": \"evals\", \"metric\" \"hunter2\"}",
        "{\"source\": \"hunter2",
        "{\n  \"source\": \"evals\",\n  \"metric\": hunter2\n}",
        "[{\"source\": \"evals\"},]",
        "{\"source\": NaN}",
        "{} hunter2",
    ];
    let outcomes: String = bodies.iter().map(|body| format!("{body:?}\n    {}", read(body.as_bytes()))).collect();
    expect![[r#"
        ""
            refused: signal-malformed: the body is empty
        " \n "
            refused: signal-malformed: the body is empty
        "hello"
            refused: signal-malformed: the body starts neither with `{` nor with `[`
        "{\"source\": \"evals\", \"metric\" \"hunter2\"}"
            refused: signal-malformed: line 1, column 30: expected `:`
        "{\"source\": \"hunter2"
            refused: signal-malformed: line 1, column 19: EOF while parsing a string
        "{\n  \"source\": \"evals\",\n  \"metric\": hunter2\n}"
            refused: signal-malformed: line 3, column 13: expected value
        "[{\"source\": \"evals\"},]"
            refused: signal-malformed: line 1, column 22: trailing comma
        "{\"source\": NaN}"
            refused: signal-malformed: line 1, column 12: expected value
        "{} hunter2"
            refused: signal-malformed: line 1, column 4: trailing characters
    "#]]
    .assert_eq(&outcomes);
    expect![[r#"
        refused: body-not-utf8: the byte at offset 14 is wrong
    "#]]
    .assert_eq(&read(b"{\"source\":\"caf\xe9\"}"));
}

#[test]
fn each_signal_of_many_stands_for_itself() {
    let good = with("");
    let bad = with(r#","valu":1"#);
    check(
        &format!("[{bad},{good},7,null,[],\"hunter2\",{good}]"),
        expect![[r#"
        0: signal-field-unknown: `valu` is not a field of a signal; did you mean `value`?
        {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
        2: signal-field-invalid: a signal must be an object, found a number
        3: signal-field-invalid: a signal must be an object, found null
        4: signal-field-invalid: a signal must be an object, found an array
        5: signal-field-invalid: a signal must be an object, found a text
        {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
    "#]],
    );
    check(
        &format!("{{\"source\":\n{good}\n\n{bad}\nhunter2\n{good}"),
        expect![[r#"
        0: signal-malformed: line 1, column 10: EOF while parsing a value
        {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
        2: signal-field-unknown: `valu` is not a field of a signal; did you mean `value`?
        3: signal-malformed: line 5, column 1: expected value
        {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
    "#]],
    );
}

#[test]
fn wrong_fields_are_named() {
    let members = [
        r#","metrics":"x""#,
        r#","conversation":"x""#,
        r#","unit":{"kind":"conversation","ids":"1"}"#,
        r#","alert":{"key":"x","state":"firing"}"#,
        r#","value":"0.5""#,
        r#","value":1e999"#,
        r#","value":[[1]]"#,
        r#","id":7"#,
        r#","id":"""#,
        r#","label":true"#,
        r#","unit":"c-1""#,
        r#","unit":{"kind":"conversation"}"#,
        r#","evaluator":{"kind":"llm","version":3}"#,
        r#","labels":["a"]"#,
        r#","labels":{"a":1}"#,
        r#","labels":{"a":null}"#,
        r#","labels":{"a":"1","a":"2"}"#,
        r#","labels":{"":"1"}"#,
        r#","source":"evals""#,
        r#","value":1,"value":1"#,
        r#","link":"javascript:alert(1)""#,
        r#","summary":"\ud800""#,
        r#","\ud800":1"#,
        r#","label":"a\u0000b""#,
        r#","at":"yesterday""#,
        r#","at":1795788000"#,
        r#","at":"2026-11-27T14:00:06Z""#,
        r#","at":"1970-01-01T00:00:00Z""#,
    ];
    let outcomes: String =
        members.iter().map(|members| format!("{members}\n    {}", read(with(members).as_bytes()))).collect();
    expect![[r#"
        ,"metrics":"x"
            0: signal-field-unknown: `metrics` is not a field of a signal; did you mean `metric`?
        ,"conversation":"x"
            0: signal-field-unknown: `conversation` is not a field of a signal
        ,"unit":{"kind":"conversation","ids":"1"}
            0: signal-field-unknown: `unit.ids` is not a field of a signal; did you mean `unit.id`?
        ,"alert":{"key":"x","state":"firing"}
            0: signal-field-unknown: `alert` is not a field of a signal
        ,"value":"0.5"
            0: signal-field-invalid: `value` must be a number, found a text
        ,"value":1e999
            0: signal-field-invalid: `value` is beyond the range of a number
        ,"value":[[1]]
            0: signal-field-invalid: `value` must be a number, found an array
        ,"id":7
            0: signal-field-invalid: `id` must be a text, found a number
        ,"id":""
            0: signal-field-invalid: `id` is empty
        ,"label":true
            0: signal-field-invalid: `label` must be a text, found a boolean
        ,"unit":"c-1"
            0: signal-field-invalid: `unit` must be an object, found a text
        ,"unit":{"kind":"conversation"}
            0: signal-field-missing: `unit.id` is missing
        ,"evaluator":{"kind":"llm","version":3}
            0: signal-field-invalid: `evaluator.version` must be a text, found a number
        ,"labels":["a"]
            0: signal-field-invalid: `labels` must be an object, found an array
        ,"labels":{"a":1}
            0: signal-field-invalid: `labels.a` must be a text, found a number
        ,"labels":{"a":null}
            0: signal-field-invalid: `labels.a` must be a text, found null
        ,"labels":{"a":"1","a":"2"}
            0: signal-field-repeated: `labels.a` stands twice
        ,"labels":{"":"1"}
            0: signal-field-invalid: a key of `labels` is empty or holds a control character, or one that is not seen or turns the direction of writing
        ,"source":"evals"
            0: signal-field-repeated: `source` stands twice
        ,"value":1,"value":1
            0: signal-field-repeated: `value` stands twice
        ,"link":"javascript:alert(1)"
            0: signal-field-invalid: `link` is not an absolute http or https link
        ,"summary":"\ud800"
            0: signal-field-invalid: `summary` holds an escape that is no character
        ,"\ud800":1
            0: signal-malformed: a text holds an escape that is no character
        ,"label":"a\u0000b"
            0: signal-field-invalid: `label` holds a control character, or one that is not seen or turns the direction of writing
        ,"at":"yesterday"
            0: signal-field-invalid: `at` is not an RFC 3339 time like 2026-11-27T14:00:00Z, of a year up to 9998
        ,"at":1795788000
            0: signal-field-invalid: `at` must be a text, found a number
        ,"at":"2026-11-27T14:00:06Z"
            0: signal-from-future: `at` is 2026-11-27T14:00:06Z, and now it is 2026-11-27T14:00:00Z
        ,"at":"1970-01-01T00:00:00Z"
            0: signal-too-old: `at` is 1970-01-01T00:00:00Z
    "#]]
    .assert_eq(&outcomes);
    check(
        "{}",
        expect![[r#"
        0: signal-field-missing: `source` is missing
    "#]],
    );
    check(
        r#"{"source":"evals","metric":null,"service":"bot"}"#,
        expect![[r#"
        0: signal-field-invalid: `metric` must be a text, found null
    "#]],
    );
}

#[test]
fn old_signals_are_taken_in_and_marked() {
    for (at, late) in [("2026-11-24T14:00:00Z", false), ("2026-11-24T13:59:59Z", true), ("2000-01-01T00:00:00Z", true)]
    {
        let signal = native::read(with(&format!(r#","at":"{at}""#)).as_bytes(), now()).unwrap().remove(0).unwrap();
        assert_eq!((signal.late, signal.at.unwrap().to_string().as_str()), (late, at));
    }
}

#[test]
fn texts_and_labels_have_limits() {
    let text = |length: usize| "ü".repeat(length);
    let labels = |count: usize, key: usize, value: usize| {
        let entry = |n: usize| (format!("{n:0>key$}"), json!("v".repeat(value)));
        json!({"labels": (0..count).map(entry).collect::<serde_json::Map<_, _>>()})
    };
    for (field, limit) in [
        ("id", limit::ID),
        ("source", limit::NAME),
        ("metric", limit::NAME),
        ("service", limit::NAME),
        ("label", limit::NAME),
        ("summary", limit::SUMMARY),
    ] {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            assert_limit(json!({field: text(length)}), fits);
        }
    }
    for (length, fits) in [(limit::NAME, true), (limit::NAME + 1, false)] {
        assert_limit(json!({"unit": {"kind": text(length), "id": "1"}}), fits);
        assert_limit(json!({"evaluator": {"kind": text(length)}}), fits);
        assert_limit(json!({"evaluator": {"kind": "llm", "name": text(length)}}), fits);
        assert_limit(json!({"evaluator": {"kind": "llm", "version": text(length)}}), fits);
    }
    assert_limit(json!({"unit": {"kind": "conversation", "id": text(limit::ID)}}), true);
    assert_limit(json!({"unit": {"kind": "conversation", "id": text(limit::ID + 1)}}), false);
    assert_limit(labels(limit::LABELS, limit::LABEL_KEY, limit::LABEL_VALUE / 16), true);
    assert_limit(labels(limit::LABELS + 1, 3, 1), false);
    assert_limit(labels(1, limit::LABEL_KEY + 1, 1), false);
    assert_limit(labels(1, 1, limit::LABEL_VALUE), true);
    assert_limit(labels(1, 1, limit::LABEL_VALUE + 1), false);
}

/// Whether a good signal with these members is taken in, or refused for its length.
fn assert_limit(members: serde_json::Value, fits: bool) {
    let mut signal = json!({"source": "evals", "metric": "m", "service": "s"});
    signal.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let read = native::read(signal.to_string().as_bytes(), now()).unwrap().remove(0);
    let found = read.map_or_else(|rejected| rejected.problem.code.id, |_| "");
    assert_eq!(found, if fits { "" } else { "signal-field-too-long" }, "{members}");
}

#[test]
fn bodies_have_limits() {
    let good = with("");
    let list = |count: usize| format!("[{}]", vec![good.as_str(); count].join(","));
    let lines = |count: usize| vec![good.as_str(); count].join("\n");
    for body in [list(limit::SIGNALS), lines(limit::SIGNALS)] {
        assert_eq!(native::read(body.as_bytes(), now()).unwrap().len(), limit::SIGNALS);
    }
    let outcomes: String = [
        list(limit::SIGNALS + 1),
        lines(limit::SIGNALS + 1),
        format!("[{}]", vec!["{}"; 100_000].join(",")),
        format!("[{}]", vec!["1"; 100_000].join(",")),
        " ".repeat(10 * 1024 * 1024),
    ]
    .iter()
    .map(|body| read(body.as_bytes()))
    .collect();
    expect![[r#"
        refused: signals-too-many: the array holds more than 1000 signals
        refused: signals-too-many: the body holds more than 1000 signals
        refused: signals-too-many: the array holds more than 1000 signals
        refused: signals-too-many: the array holds more than 1000 signals
        refused: body-too-large: it has 10485760 bytes, the limit of this path is 1048576
    "#]]
    .assert_eq(&outcomes);
}

#[test]
fn depth_has_a_limit() {
    let nested =
        |depth: usize| with(&format!(r#","labels":{{"a":{}{}}}"#, "[".repeat(depth - 2), "]".repeat(depth - 2)));
    let outcomes: String = [
        nested(limit::DEPTH),
        nested(limit::DEPTH + 1),
        format!("[{},{}]", nested(100_000), with("")),
        "[".repeat(500_000),
        "{\"a\":".repeat(100_000),
    ]
    .iter()
    .map(|body| read(body.as_bytes()))
    .collect();
    expect![[r#"
        0: signal-field-invalid: `labels.a` must be a text, found an array
        0: signal-too-deep: it has 33 levels, the limit is 32
        0: signal-too-deep: it has 100000 levels, the limit is 32
        {"id":null,"source":"evals","metric":"pii_leak","service":"bot","at":null,"value":null,"label":null,"summary":null,"unit":null,"evaluator":null,"labels":{},"link":null,"alert":null,"late":false}
        refused: signal-malformed: line 1, column 500000: EOF while parsing a list
        refused: signal-malformed: line 1, column 500000: EOF while parsing a value
    "#]].assert_eq(&outcomes);
}
