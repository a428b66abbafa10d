//! Why a condition does not hold for a signal, in words: the parts that fail, and what the signal says instead.
//!
//! It decides nothing: which parts fail, [`Expr::holds`] says.

use super::eval::{Expr, Number, Text};
use super::field::{self, Field, Fields};

/// The parts that would have to be otherwise; empty where it holds.
pub(super) fn not(expr: &Expr, signal: &dyn Fields) -> Vec<String> {
    if expr.holds(signal) {
        return Vec::new();
    }
    match expr {
        Expr::All(parts) => parts.iter().flat_map(|part| not(part, signal)).collect(),
        Expr::Any(parts) => {
            let each: Vec<String> = parts.iter().map(|part| not(part, signal).join(", and ")).collect();
            vec![each.join("; nor: ")]
        }
        Expr::Not(inner) => vec![format!("`{inner}` holds")],
        leaf => vec![fails(leaf, signal)],
    }
}

fn fails(leaf: &Expr, signal: &dyn Fields) -> String {
    let said = match leaf {
        Expr::Texts(_, left, right) | Expr::StartsWith(left, right) => [text(left, signal), text(right, signal)],
        Expr::TextIn(one, _) => [text(one, signal), None],
        Expr::Numbers(_, left, right) => [number(left, signal), number(right, signal)],
        Expr::NumberIn(one, _) => [number(one, signal), None],
        _ => [None, None],
    };
    let said: Vec<String> = said.into_iter().flatten().collect();
    let tail = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
    format!("`{leaf}` does not hold{tail}")
}

fn text(text: &Text, signal: &dyn Fields) -> Option<String> {
    let path = match text {
        Text::Literal(_) => return None,
        Text::Field(field) => field::path(&Field::Text(*field)),
        Text::Label(name) => field::path(&Field::Label(name.clone())),
    };
    Some(said(path, text.get(signal).map(super::print::quoted)))
}

fn number(number: &Number, signal: &dyn Fields) -> Option<String> {
    match number {
        Number::Literal(_) => None,
        Number::Field(field) => {
            Some(said(field::path(&Field::Number(*field)), number.get(signal).map(|value| value.to_string())))
        }
    }
}

fn said(path: String, value: Option<String>) -> String {
    match value {
        Some(value) => format!("{path} is {value}"),
        None => format!("the signal has no {path}"),
    }
}
