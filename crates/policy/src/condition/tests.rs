//! Conditions by table, and by generation.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::eval::{Number, Text};
use super::field::Field;
use super::parser::Comparison;
use super::*;

/// A signal that is nothing but a table of paths.
#[derive(Default)]
struct Signal(BTreeMap<&'static str, &'static str>);

impl Fields for Signal {
    fn text(&self, field: TextField) -> Option<&str> {
        self.0.get(field::path(&Field::Text(field)).as_str()).copied()
    }
    fn number(&self, _: NumberField) -> Option<f64> {
        self.0.get("signal.value").map(|text| text.parse().unwrap())
    }
    fn flag(&self, _: FlagField) -> bool {
        self.0.contains_key("signal.late")
    }
    fn label(&self, name: &str) -> Option<&str> {
        self.0.get(name).copied()
    }
}

fn signal() -> Signal {
    Signal(BTreeMap::from([
        ("signal.metric", "pii_leak"),
        ("signal.label", "confirmed"),
        ("signal.service", "support-assistant"),
        ("signal.value", "0.25"),
        ("signal.unit.id", "c-1"),
        ("region", "eu"),
        ("k8s-app", "bot"),
    ]))
}

#[test]
fn conditions_hold_as_in_cel() {
    for (text, expected) in [
        (r#"signal.metric == "pii_leak" && signal.label == "confirmed""#, true),
        (r#"signal.metric == "pii_leak" && signal.label == "suspected""#, false),
        (r#"signal.metric == 'pii_leak'"#, true),
        (r#"signal.metric == r'pii_leak'"#, true),
        (r#"signal.metric == "pii\x5fleak""#, true),
        (r#"signal.metric == "pii\137leak""#, true),
        (r#"signal.metric == "pii\u005Fleak""#, true),
        (r#""pii_leak" == signal.metric"#, true),
        ("signal.value > 0.2", true),
        ("signal.value >= 0.25", true),
        ("signal.value < 1", true),
        ("signal.value <= 2.5e-1", true),
        ("signal.value == 0.25", true),
        ("signal.value != 0.25", false),
        ("signal.value > -1", true),
        ("0.2 < signal.value", true),
        (r#"signal.metric in ["a", "pii_leak"]"#, true),
        (r#"signal.metric in []"#, false),
        ("signal.value in [1, 0.25]", true),
        (r#"signal.service.startsWith("support")"#, true),
        (r#"signal.service.startsWith(signal.metric)"#, false),
        (r#"signal.labels["region"] == "eu""#, true),
        (r#"signal.labels.region == "eu""#, true),
        (r#"signal.labels["k8s-app"] != "eu""#, true),
        (r#""k8s-app" in signal.labels"#, true),
        (r#""absent" in signal.labels"#, false),
        (r#"signal.unit.id == "c-1""#, true),
        (r#"signal.metric > "pii""#, true),
        ("signal.late", false),
        ("!signal.late", true),
        ("signal.late == false", true),
        ("has(signal.late)", true),
        ("has(signal.label)", true),
        ("has(signal.labels.region)", true),
        ("has(signal.labels.other)", false),
        ("has(signal.evaluator.kind)", false),
        ("true", true),
        ("false || true && !false", true),
        ("(true || false) && false", false),
        ("true || false && false", true),
        ("!!true", true),
        // An absent field makes every comparison false, and its negation true.
        (r#"signal.evaluator.kind == "llm""#, false),
        (r#"signal.evaluator.kind != "llm""#, false),
        (r#"!(signal.evaluator.kind == "llm")"#, true),
        (r#"signal.evaluator.kind in ["llm"]"#, false),
        (r#"signal.evaluator.kind.startsWith("")"#, false),
        (r#"signal.evaluator.kind == signal.evaluator.name"#, false),
    ] {
        let condition = Condition::parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        assert_eq!(condition.holds(&signal()), expected, "{text}");
    }
}

#[test]
fn the_metric_of_a_condition_is_known_for_the_index() {
    for (text, expected) in [
        (r#"signal.metric == "m""#, Some("m")),
        (r#""m" == signal.metric"#, Some("m")),
        (r#"signal.metric in ["m"]"#, Some("m")),
        (r#"signal.value > 1 && (signal.late && signal.metric == "m")"#, Some("m")),
        (r#"signal.metric == "m" && signal.late || signal.metric == "m""#, Some("m")),
        (r#"signal.metric == "m" || signal.metric == "n""#, None),
        (r#"signal.metric == "m" || signal.late"#, None),
        (r#"signal.metric in ["m", "n"]"#, None),
        (r#"!(signal.metric == "m")"#, None),
        (r#"signal.metric != "m""#, None),
        (r#"signal.label == "m""#, None),
        (r#"(signal.metric == "m") == false"#, None),
    ] {
        assert_eq!(Condition::parse(text).unwrap().only_metric(), expected, "{text}");
    }
}

fn check_errors(text: &str, expected: Expect) {
    let errors = Condition::parse(text).expect_err(text);
    let shown: Vec<String> = errors
        .iter()
        .map(|e| {
            let hint = e.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("{} {:?} {}{hint}\n", e.code.id, &text[e.span.clone()], e.message)
        })
        .collect();
    expected.assert_eq(&shown.concat());
}

#[test]
fn errors_stand_at_their_place() {
    check_errors(
        r#"signal.metrc == "x""#,
        expect![[r#"
        condition-unknown-field "signal.metrc" a signal has no field `signal.metrc`; did you mean `signal.metric`?
    "#]],
    );
    check_errors(
        r#"metric == "x""#,
        expect![[r#"
        condition-unknown-field "metric" `metric` is not known; did you mean `signal.metric`?
    "#]],
    );
    check_errors(
        r#"signal.team == "x""#,
        expect![[r#"
        condition-unknown-field "signal.team" a signal has no field `signal.team`; if it is a label that your sender sets: signal.labels["team"]
    "#]],
    );
    check_errors(
        r#"signal.value == "x""#,
        expect![[r#"
        condition-type "signal.value == \"x\"" `signal.value` (a number) cannot be compared with a text
    "#]],
    );
    check_errors(
        r#"signal.value > "5""#,
        expect![[r#"
        condition-type "signal.value > \"5\"" `signal.value` (a number) cannot be compared with a text; write 5 without quotes
    "#]],
    );
    check_errors(
        r#"signal.evaluator.version == 3"#,
        expect![[r#"
        condition-type "signal.evaluator.version == 3" `signal.evaluator.version` (a text) cannot be compared with a number; write "3" in quotes
    "#]],
    );
    check_errors(
        r#"signal.metrc == "x" || signal.value == "x" || signal.late < true"#,
        expect![[r#"
        condition-unknown-field "signal.metrc" a signal has no field `signal.metrc`; did you mean `signal.metric`?
        condition-type "signal.value == \"x\"" `signal.value` (a number) cannot be compared with a text
        condition-type "signal.late < true" true and false have no order; use == or !=
    "#]],
    );
    check_errors(
        "signal.metric",
        expect![[r#"
        condition-type "signal.metric" `signal.metric` (a text) is not true or false; compare it with something, or ask has(…) for its presence
    "#]],
    );
    check_errors(
        "signal.labels",
        expect![[r#"
        condition-unknown-field "signal.labels" `signal.labels` is not a value by itself; name one of its fields, such as signal.labels["region"]
    "#]],
    );
    check_errors(
        "signal == 1",
        expect![[r#"
        condition-unknown-field "signal" `signal` is not a value by itself; name one of its fields, such as signal.metric
    "#]],
    );
    check_errors(
        r#"signal["metric"] == "x""#,
        expect![[r#"
        condition-unknown-field "signal[\"metric\"]" a signal has no field `signal.metric`; did you mean `signal.metric`?
    "#]],
    );
    check_errors(
        r#"has(signal.labels["x"])"#,
        expect![[r#"
        condition-type "signal.labels[\"x\"]" CEL's has() takes a name after a dot; write "x" in signal.labels
    "#]],
    );
    check_errors(
        r#"has("x")"#,
        expect![[r#"
        condition-type "\"x\"" has() takes a field; such as has(signal.label)
    "#]],
    );
    check_errors(
        r#"signal.metric in "abc""#,
        expect![[r#"
        condition-type "\"abc\"" the right side of `in` is not a list; write a list: signal.metric in ["a", "b"]
    "#]],
    );
    check_errors(
        r#"signal.metric in ["a", 1, signal.label]"#,
        expect![[r#"
        condition-type "1" every item of this list must be a written text
        condition-type "signal.label" every item of this list must be a written text
    "#]],
    );
    check_errors(
        r#"signal.late in [true]"#,
        expect![[r#"
        condition-type "signal.late" true or false is not looked up in a list
    "#]],
    );
    check_errors(
        r#"signal.value.startsWith("x")"#,
        expect![[r#"
        condition-type "signal.value" `signal.value` (a number) stands where a text is expected
    "#]],
    );
    check_errors(
        r#"signal.metric.startswith("x")"#,
        expect![[r#"
        condition-syntax "startswith" `startswith` is not a function of conditions; did you mean `startsWith`?
    "#]],
    );
    check_errors(
        r#"size(signal.metric) > 3"#,
        expect![[r#"
        condition-syntax "size" `size` is not a function of conditions; the functions are has(signal.label) and signal.metric.startsWith("x")
    "#]],
    );
    check_errors(
        r#"signal.metric = "x""#,
        expect![[r#"
        condition-syntax "=" `=` stands where an operator such as && or || is expected; compare with ==
    "#]],
    );
    check_errors(
        r#"signal.metric == "x" and signal.late"#,
        expect![[r#"
        condition-syntax "and" `and` stands where an operator such as && or || is expected; write && for and
    "#]],
    );
    check_errors(
        "signal.value + 1 > 2",
        expect![[r#"
        condition-syntax "+" `+` stands where an operator such as && or || is expected; conditions compare; they do not calculate
    "#]],
    );
    check_errors(
        "signal.value > 1 &&",
        expect![[r#"
        condition-syntax "" the condition ends where a field or a value is expected
    "#]],
    );
    check_errors(
        "(signal.late",
        expect![[r#"
        condition-syntax "" the condition ends where `)` is expected
    "#]],
    );
    check_errors(
        "signal.late)",
        expect![[r#"
        condition-syntax ")" `)` stands where an operator such as && or || is expected
    "#]],
    );
    check_errors(
        "",
        expect![[r#"
        condition-syntax "" the condition ends where a field or a value is expected
    "#]],
    );
    check_errors(
        r#"signal.metric == "x"#,
        expect![[r#"
        condition-syntax "\"x" the text has no closing quote; close it with "
    "#]],
    );
    check_errors(
        r#"signal.metric == “x”"#,
        expect![[r#"
        condition-syntax "“" `“` has no meaning here; use straight quotes: "text"
    "#]],
    );
    check_errors(
        r#"signal.metric == "\d""#,
        expect![[r#"
        condition-syntax "\\d" `\d` is not an escape; write \\ for a backslash, or a raw text: r"\d"
    "#]],
    );
    check_errors(
        "signal.value > 5m",
        expect![[r#"
        condition-syntax "5m" `5m` is not a number; numbers are written 5, 0.05 or 1e-3; a text stands in quotes
    "#]],
    );
    check_errors(
        "signal.value > 1e999",
        expect![[r#"
        condition-syntax "1e999" the number is too large
    "#]],
    );
    check_errors(
        "[1, 2]",
        expect![[r#"
        condition-type "[1, 2]" a list stands alone; ask whether a field is in it: signal.metric in ["a", "b"]
    "#]],
    );
    check_errors(
        "signal.late // why",
        expect![[r#"
        condition-syntax "// why" comments are not part of a condition
    "#]],
    );
    check_errors(
        "signal.late ? true : false",
        expect![[r#"
        condition-syntax "?" `?` stands where an operator such as && or || is expected; write a ? b : c as (a && b) || (!a && c)
    "#]],
    );
}

#[test]
fn size_and_depth_are_limited() {
    for (text, ok) in [
        (format!("{}true{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)), true),
        (format!("{}true{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1)), false),
        (format!("{}true", "!".repeat(MAX_DEPTH)), true),
        (format!("{}true", "!".repeat(1_000)), false),
        (format!("true{}", " == true".repeat(MAX_DEPTH + 1)), false),
        (format!("true{}", " && true".repeat(200)), true),
        (format!("true{}", " ".repeat(MAX_LENGTH_BYTES - 4)), true),
        (format!("true{}", " ".repeat(MAX_LENGTH_BYTES)), false),
    ] {
        let code = Condition::parse(&text).map(|_| ()).map_err(|errors| errors[0].code.id);
        assert_eq!(code, if ok { Ok(()) } else { Err("condition-limit") }, "{text}");
    }
}

fn text_operand() -> impl Strategy<Value = Text> {
    prop_oneof![
        "\\PC{0,6}|[\\n\\t\\\\\"']{0,3}".prop_map(Text::Literal),
        prop_oneof![Just(TextField::Metric), Just(TextField::UnitKind), Just(TextField::Label)].prop_map(Text::Field),
        "[a-z\"\\-]{1,6}".prop_map(Text::Label),
    ]
}

fn number_operand() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Number::Literal),
        Just(Number::Field(NumberField::Value))
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Lt,
        Comparison::Le,
        Comparison::Gt,
        Comparison::Ge,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Expr::Constant),
        Just(Expr::Flag(FlagField::Late)),
        Just(Expr::Has(Field::Text(TextField::Label))),
        "[a-z\\-]{1,6}".prop_map(|name| Expr::Has(Field::Label(name))),
        (comparison(), text_operand(), text_operand()).prop_map(|(c, l, r)| Expr::Texts(c, l, r)),
        (comparison(), number_operand(), number_operand()).prop_map(|(c, l, r)| Expr::Numbers(c, l, r)),
        (text_operand(), prop::collection::vec("[a-z]{0,3}", 0..3)).prop_map(|(t, list)| Expr::TextIn(t, list)),
        (number_operand(), prop::collection::vec(-9.0..9.0, 0..3)).prop_map(|(n, list)| Expr::NumberIn(n, list)),
        (text_operand().prop_filter("a field", |t| !matches!(t, Text::Literal(_))), text_operand())
            .prop_map(|(t, prefix)| Expr::StartsWith(t, prefix)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| Expr::Not(Box::new(e))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            (any::<bool>(), inner.clone(), inner).prop_map(|(eq, l, r)| {
                Expr::Truth(if eq { Comparison::Eq } else { Comparison::Ne }, Box::new(l), Box::new(r))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(expr in expr()) {
        let text = expr.to_string();
        let read = Condition::parse(&text).map_err(|errors| TestCaseError::fail(format!("{text}: {errors:?}")))?;
        prop_assert_eq!(&read.expr, &expr, "{}", text);
        prop_assert_eq!(read.holds(&signal()), expr.holds(&signal()));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        if let Err(errors) = Condition::parse(&text) {
            prop_assert!(errors.iter().all(|error| text.get(error.span.clone()).is_some()), "{:?}", errors);
        }
    }

    #[test]
    fn no_sequence_of_tokens_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "signal.metric", "signal.value", "signal.labels", "[", "]", "\"x\"", "1", "(", ")", "!", "-", "&&", "||", "==",
        "<", "in", "has(", ".startsWith(", ",", ".", "true", "signal", "r'", "\\", "1e", "ä",
    ]), 0..12)) {
        let text = parts.join(" ");
        match Condition::parse(&text) {
            Ok(condition) => { condition.holds(&signal()); }
            Err(errors) => prop_assert!(errors.iter().all(|error| text.get(error.span.clone()).is_some())),
        }
    }
}
