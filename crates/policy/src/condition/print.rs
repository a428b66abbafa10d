//! The canonical text of a checked condition, with the fewest parentheses.

use std::fmt;

use super::eval::{Expr, Number, Text};
use super::field::{self, Field};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Constant(value) => write!(f, "{value}"),
            Expr::Flag(flag) => f.write_str(&field::path(&Field::Flag(*flag))),
            Expr::Has(Field::Label(name)) => write!(f, "{} in {}", quoted(name), field::LABELS),
            Expr::Has(field) => write!(f, "has({})", field::path(field)),
            Expr::Not(inner) => write!(f, "!{}", Operand(inner)),
            Expr::All(parts) => join(f, parts, " && "),
            Expr::Any(parts) => join(f, parts, " || "),
            Expr::Truth(comparison, left, right) => {
                write!(f, "{} {} {}", Operand(left), comparison.sign(), Operand(right))
            }
            Expr::Texts(comparison, left, right) => write!(f, "{left} {} {right}", comparison.sign()),
            Expr::Numbers(comparison, left, right) => write!(f, "{left} {} {right}", comparison.sign()),
            Expr::TextIn(text, list) => {
                let items: Vec<String> = list.iter().map(|item| quoted(item)).collect();
                write!(f, "{text} in [{}]", items.join(", "))
            }
            Expr::NumberIn(number, list) => {
                let items: Vec<String> = list.iter().map(f64::to_string).collect();
                write!(f, "{number} in [{}]", items.join(", "))
            }
            Expr::StartsWith(text, prefix) => write!(f, "{text}.startsWith({prefix})"),
        }
    }
}

/// `&&` binds tighter than `||`, so only an `Any` within an `All` needs parentheses.
fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], sign: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        let before = if index == 0 { "" } else { sign };
        match part {
            Expr::Any(_) if sign == " && " => write!(f, "{before}({part})")?,
            _ => write!(f, "{before}{part}")?,
        }
    }
    Ok(())
}

/// An operand of `!` or `==`: in parentheses unless it is a single word.
struct Operand<'a>(&'a Expr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::Constant(_) | Expr::Flag(_) | Expr::Not(_) | Expr::StartsWith(..) => self.0.fmt(f),
            Expr::Has(field) if !matches!(field, Field::Label(_)) => self.0.fmt(f),
            _ => write!(f, "({})", self.0),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Literal(text) => f.write_str(&quoted(text)),
            Text::Field(field) => f.write_str(&field::path(&Field::Text(*field))),
            Text::Label(name) => f.write_str(&field::path(&Field::Label(name.clone()))),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Literal(value) => write!(f, "{value}"),
            Number::Field(field) => f.write_str(&field::path(&Field::Number(*field))),
        }
    }
}

/// A text in double quotes with CEL's escapes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
