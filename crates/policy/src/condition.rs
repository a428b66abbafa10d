//! Conditions on signals: a decidable, type-checked fragment of CEL.
//!
//! The fragment has literals, fields of `signal`, comparisons, `in` a written list, `has()`,
//! `.startsWith()` and `&& || !`. There is no arithmetic, no loop and no call into anything, so
//! that a condition always ends, costs a known time, and can be reasoned about by `prove`.
//! Every condition of the fragment is CEL and means the same there, with one exception: where CEL
//! fails on an absent field, here the comparison is false. That holds for `!=` too:
//! `signal.label != "ok"` is false for a signal without a label, and `!(signal.label == "ok")` is
//! true for it. `has(signal.label)` asks for presence itself.
//!
//! This module does not know what a signal is: it reads one through [`Fields`].

mod cells;
mod check;
mod eval;
mod field;
mod hidden;
mod lexer;
mod parser;
mod print;
mod why;

use std::fmt;
use std::ops::Range;

use problem::Code;

pub use cells::{Cell, Search, search};
use eval::Expr;
pub use field::{Fields, FlagField, NumberField, TextField, TextPlace};

/// Longest condition, in bytes: a page of text; longer ones are tables written as conditions.
pub const MAX_LENGTH_BYTES: usize = 4096;

/// Deepest nesting of parentheses and `!`: keeps the stack of the parser and of evaluation small.
pub const MAX_DEPTH: usize = 32;

/// A checked condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As the author wrote it.
    pub source: String,
    expr: Expr,
}

/// What is wrong with a condition, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// Bytes of the condition's text.
    pub span: Range<usize>,
    /// The kind of problem.
    pub code: &'static Code,
    /// This occurrence.
    pub message: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
}

impl Condition {
    /// Parses and checks. A text that cannot be parsed has one error, a wrong one all of them.
    pub fn parse(text: &str) -> Result<Condition, Vec<ConditionError>> {
        let node = parser::parse(text).map_err(|error| vec![error])?;
        let expr = check::check(&node)?;
        Ok(Condition { source: text.to_owned(), expr })
    }

    /// Whether it holds for this signal. Total, and free of allocation.
    pub fn holds(&self, signal: &dyn Fields) -> bool {
        self.expr.holds(signal)
    }

    /// Whether it holds for a signal of which these fields are not known any more; `None` where that
    /// depends on them.
    pub fn holds_without(&self, signal: &dyn Fields, hidden: &[TextField]) -> Option<bool> {
        hidden::holds(&self.expr, signal, hidden)
    }

    /// The parts that keep it from holding for this signal, in words; empty where it holds.
    pub fn why_not(&self, signal: &dyn Fields) -> Vec<String> {
        why::not(&self.expr, signal)
    }

    /// Texts that every signal for which it holds has, and where: enough to look a condition up.
    pub fn required(&self) -> Vec<(TextPlace, &str)> {
        self.expr.required()
    }

    /// Every text with which it compares a field for equality, in the order written.
    pub fn compared_with(&self, field: TextField) -> Vec<&str> {
        let mut texts = Vec::new();
        self.expr.compared_with(field, &mut texts);
        texts
    }
}

/// The canonical text: what was checked, with the fewest parentheses.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

#[cfg(test)]
mod cells_tests;
#[cfg(test)]
mod tests;
