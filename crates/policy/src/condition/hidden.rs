//! What a condition says of a signal of which some fields are not known any more.
//!
//! It follows Kleene: a part that asks for a hidden field is undecided, and the whole is decided as
//! soon as the other parts decide it.

use super::eval::{Expr, Text};
use super::field::{Field, Fields, TextField};

/// Whether it holds; `None` where that depends on hidden fields.
pub(super) fn holds(expr: &Expr, signal: &dyn Fields, hidden: &[TextField]) -> Option<bool> {
    let among = |parts: &[Expr], decides: bool| {
        let told: Vec<Option<bool>> = parts.iter().map(|part| holds(part, signal, hidden)).collect();
        if told.contains(&Some(decides)) {
            return Some(decides);
        }
        (!told.contains(&None)).then_some(!decides)
    };
    match expr {
        Expr::Not(inner) => holds(inner, signal, hidden).map(|holds| !holds),
        Expr::All(parts) => among(parts, false),
        Expr::Any(parts) => among(parts, true),
        Expr::Truth(_, left, right) => {
            let told = holds(left, signal, hidden).and(holds(right, signal, hidden));
            told.map(|_| expr.holds(signal))
        }
        _ => (!asks(expr, hidden)).then(|| expr.holds(signal)),
    }
}

/// Whether a part without parts of its own asks for one of these fields.
fn asks(expr: &Expr, hidden: &[TextField]) -> bool {
    let is_hidden = |text: &Text| matches!(text, Text::Field(field) if hidden.contains(field));
    match expr {
        Expr::Has(Field::Text(field)) => hidden.contains(field),
        Expr::Texts(_, left, right) | Expr::StartsWith(left, right) => is_hidden(left) || is_hidden(right),
        Expr::TextIn(text, _) => is_hidden(text),
        _ => false,
    }
}
