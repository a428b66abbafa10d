//! Conditions by table, and by generation.

use std::collections::BTreeMap;

use expect_test::expect_file;
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
fn what_hidden_fields_leave_open_is_told_apart() {
    let hidden = [TextField::Summary, TextField::UnitId];
    let (metric, other) = (r#"signal.metric == "pii_leak""#, r#"signal.metric == "other""#);
    let signal = signal();
    for (condition, expected) in [
        (metric.to_owned(), Some(true)),
        (r#"signal.summary == "x""#.to_owned(), None),
        ("has(signal.summary)".to_owned(), None),
        (r#"signal.unit.id in ["c-1"]"#.to_owned(), None),
        (r#"!signal.summary.startsWith("x")"#.to_owned(), None),
        ("has(signal.link)".to_owned(), Some(false)),
        (format!(r#"{metric} && signal.summary == "x""#), None),
        (format!(r#"{other} && signal.summary == "x""#), Some(false)),
        (format!(r#"{metric} || signal.summary == "x""#), Some(true)),
        (format!(r#"{other} || signal.summary == "x""#), None),
        (format!(r#"(signal.summary == "x") == ({metric})"#), None),
        (format!(r#"({other}) == ({metric})"#), Some(false)),
    ] {
        let parsed = Condition::parse(&condition).unwrap();
        assert_eq!(parsed.holds_without(&signal, &hidden), expected, "{condition}");
    }
}

#[test]
fn what_a_condition_requires_is_known_for_the_index() {
    for (text, expected) in [
        (r#"signal.metric == "m""#, "Metric=m"),
        (r#""m" == signal.metric"#, "Metric=m"),
        (r#"signal.metric in ["m"]"#, "Metric=m"),
        (r#"signal.labels.rule == "r""#, "rule=r"),
        (r#"signal.value > 1 && (signal.late && signal.metric == "m")"#, "Metric=m"),
        (r#"signal.metric == "m" && "r" == signal.labels.rule"#, "Metric=m rule=r"),
        (r#"signal.metric == "m" && signal.late || signal.metric == "m""#, "Metric=m"),
        (r#"signal.service == "s" && signal.metric == "m" || signal.metric == "m" && signal.label == "l""#, "Metric=m"),
        (r#"signal.metric == "m" || signal.metric == "n""#, ""),
        (r#"signal.metric == "m" || signal.late"#, ""),
        (r#"signal.metric in ["m", "n"]"#, ""),
        (r#"!(signal.metric == "m")"#, ""),
        (r#"signal.metric != "m""#, ""),
        (r#"signal.metric == signal.label"#, ""),
        (r#"(signal.metric == "m") == false"#, ""),
    ] {
        let condition = Condition::parse(text).unwrap();
        let shown = condition.required().into_iter().map(|(place, text)| match place {
            TextPlace::Field(field) => format!("{field:?}={text}"),
            TextPlace::Label(name) => format!("{name}={text}"),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn the_names_in_a_condition_can_be_checked() {
    let text = r#"signal.service in ["a", "b"] || !("c" != signal.service && signal.label == "x") == signal.late"#;
    assert_eq!(Condition::parse(text).unwrap().compared_with(TextField::Service), ["a", "b", "c"]);
}

/// Each has its answer in `expected_errors.txt`.
const BAD: &[&str] = &[
    r#"signal.metrc == "x""#,
    r#"metric == "x""#,
    r#"signal.team == "x""#,
    r#"signal.value == "x""#,
    r#"signal.value > "5""#,
    r#"signal.evaluator.version == 3"#,
    r#"signal.metrc == "x" || signal.value == "x" || signal.late < true"#,
    "signal.metric",
    "signal.labels",
    "signal == 1",
    r#"signal["metric"] == "x""#,
    r#"has(signal.labels["x"])"#,
    r#"has("x")"#,
    r#"signal.metric in "abc""#,
    r#"signal.metric in ["a", 1, signal.label]"#,
    r#"signal.late in [true]"#,
    r#"signal.value.startsWith("x")"#,
    r#"signal.metric.startswith("x")"#,
    r#"size(signal.metric) > 3"#,
    r#"signal.metric = "x""#,
    r#"signal.metric == "x" and signal.late"#,
    "signal.value + 1 > 2",
    "signal.value > 1 &&",
    "(signal.late",
    "signal.late)",
    "",
    r#"signal.metric == "x"#,
    r#"signal.metric == “x”"#,
    r#"signal.metric == "\d""#,
    "signal.value > 5m",
    "signal.value > 1e999",
    "[1, 2]",
    "signal.late // why",
    "signal.late ? true : false",
];

#[test]
fn errors_stand_at_their_place() {
    let mut shown = String::new();
    for text in BAD {
        shown += &format!("{text}\n");
        for error in Condition::parse(text).expect_err(text) {
            let marks = "^".repeat(text[error.span.clone()].chars().count().max(1));
            let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            let indent = text[..error.span.start].chars().count();
            shown += &format!("{:indent$}{marks}\n  {}: {}{hint}\n", "", error.code.id, error.message);
        }
        shown += "\n";
    }
    expect_file!["expected_errors.txt"].assert_eq(&shown);
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

#[test]
fn a_condition_that_fails_says_which_part_and_what_the_signal_has() {
    for (condition, why) in [
        ("signal.value < 0.5", ""),
        ("signal.value < 0.2", "`signal.value < 0.2` does not hold: signal.value is 0.25"),
        (
            "signal.metric == 'pii_leak' && signal.value in [1.0, 2.0]",
            "`signal.value in [1, 2]` does not hold: signal.value is 0.25",
        ),
        (
            "signal.metric == 'outage' || has(signal.link)",
            "`signal.metric == \"outage\"` does not hold: signal.metric is \"pii_leak\"; nor: `has(signal.link)` does not hold",
        ),
        ("!(signal.label == 'confirmed')", "`signal.label == \"confirmed\"` holds"),
        (
            "signal.link.startsWith('https:')",
            "`signal.link.startsWith(\"https:\")` does not hold: the signal has no signal.link",
        ),
    ] {
        let condition = Condition::parse(condition).unwrap();
        assert_eq!(condition.why_not(&signal()).join(", and "), why, "{condition}");
    }
}
