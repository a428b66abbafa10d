//! Cells against every short text: what is found holds, what is impossible has no counterexample.

use proptest::prelude::*;

use super::*;

/// A signal with a label and a value only.
struct Small {
    label: Option<String>,
    value: Option<f64>,
}

impl Fields for Small {
    fn text(&self, field: TextField) -> Option<&str> {
        self.label.as_deref().filter(|_| field == TextField::Label)
    }
    fn number(&self, _: NumberField) -> Option<f64> {
        self.value
    }
    fn flag(&self, _: FlagField) -> bool {
        false
    }
    fn label(&self, _: &str) -> Option<&str> {
        None
    }
}

fn atom() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec!["", "a", "ab", "b", "ba"]);
    let comparison = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    prop_oneof![
        (comparison.clone(), text.clone()).prop_map(|(op, text)| format!("signal.label {op} \"{text}\"")),
        text.prop_map(|text| format!("signal.label.startsWith(\"{text}\")")),
        (comparison, -2..3_i32).prop_map(|(op, number)| format!("signal.value {op} {number}")),
        Just("has(signal.label)".to_owned()),
        Just("signal.value in [0, 2]".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
            inner.prop_map(|part| format!("!({part})")),
        ]
    })
}

/// Every signal that such conditions can tell apart, and more.
fn signals() -> Vec<Small> {
    let letters = ["", "\0", "a", "b", "c"];
    let texts = letters.iter().flat_map(|x| letters.iter().map(move |y| format!("{x}{y}")));
    let labels: Vec<Option<String>> = [None].into_iter().chain(texts.map(Some)).collect();
    let values: Vec<Option<f64>> = [None].into_iter().chain((-6..8).map(|half| Some(f64::from(half) / 2.0))).collect();
    let pairs = labels.iter().flat_map(|label| values.iter().map(move |value| (label.clone(), *value)));
    pairs.map(|(label, value)| Small { label, value }).collect()
}

proptest! {
    #[test]
    fn a_search_agrees_with_trying_every_signal(holding in condition(), failing in condition()) {
        let (holding, failing) = (Condition::parse(&holding).unwrap(), Condition::parse(&failing).unwrap());
        let fits = |signal: &dyn Fields| holding.holds(signal) && !failing.holds(signal);
        match search(&[&holding], &[&failing]) {
            Search::Found(cell) => prop_assert!(fits(&cell), "{cell} does not fit {holding} and not {failing}"),
            Search::Impossible => prop_assert!(!signals().iter().any(|signal| fits(signal))),
            Search::Undecided => prop_assert!(false, "conditions of this size are always decided"),
        }
    }
}

#[test]
fn a_signal_that_was_found_is_told_in_words() {
    for (condition, words) in [
        ("signal.metric == \"x\" && signal.value > 3", "signal.metric = \"x\", signal.value = 4"),
        ("!has(signal.label)", "no signal.label"),
        ("!has(signal.value) && !signal.late", "no signal.value, not late"),
        ("true", "any signal"),
    ] {
        let Search::Found(cell) = Condition::parse(condition).unwrap().satisfied_by() else { panic!("{condition}") };
        assert_eq!(cell.to_string(), words);
    }
}
