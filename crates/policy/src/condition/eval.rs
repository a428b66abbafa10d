//! The checked form of a condition, with fields resolved, and its meaning.

use super::field::{Field, Fields, FlagField, NumberField, TextField, TextPlace};
use super::parser::Comparison;

/// A checked condition. Nested `All` in `All` and `Any` in `Any` do not occur.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Constant(bool),
    Flag(FlagField),
    Has(Field),
    Not(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    /// Equality of two truths: `Eq` or `Ne` only.
    Truth(Comparison, Box<Expr>, Box<Expr>),
    Texts(Comparison, Text, Text),
    Numbers(Comparison, Number, Number),
    TextIn(Text, Vec<String>),
    NumberIn(Number, Vec<f64>),
    StartsWith(Text, Text),
}

/// Something that is a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    Literal(String),
    Field(TextField),
    Label(String),
}

/// Something that is a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Literal(f64),
    Field(NumberField),
}

impl Expr {
    /// Conjunction, flattened.
    pub(super) fn all(parts: Vec<Expr>) -> Expr {
        let flat = parts.into_iter().flat_map(|part| if let Expr::All(inner) = part { inner } else { vec![part] });
        Expr::All(flat.collect())
    }

    /// Disjunction, flattened.
    pub(super) fn any(parts: Vec<Expr>) -> Expr {
        let flat = parts.into_iter().flat_map(|part| if let Expr::Any(inner) = part { inner } else { vec![part] });
        Expr::Any(flat.collect())
    }

    pub(super) fn holds(&self, signal: &dyn Fields) -> bool {
        match self {
            Expr::Constant(value) => *value,
            Expr::Flag(field) => signal.flag(*field),
            Expr::Has(field) => match field {
                Field::Text(field) => signal.text(*field).is_some(),
                Field::Label(name) => signal.label(name).is_some(),
                Field::Number(field) => signal.number(*field).is_some(),
                Field::Flag(_) => true,
            },
            Expr::Not(inner) => !inner.holds(signal),
            Expr::All(parts) => parts.iter().all(|part| part.holds(signal)),
            Expr::Any(parts) => parts.iter().any(|part| part.holds(signal)),
            Expr::Truth(comparison, left, right) => {
                (left.holds(signal) == right.holds(signal)) == (*comparison == Comparison::Eq)
            }
            Expr::Texts(comparison, left, right) => {
                left.get(signal).zip(right.get(signal)).is_some_and(|(l, r)| comparison.holds(l, r))
            }
            Expr::Numbers(comparison, left, right) => {
                left.get(signal).zip(right.get(signal)).is_some_and(|(l, r)| comparison.holds(&l, &r))
            }
            Expr::TextIn(text, list) => text.get(signal).is_some_and(|text| list.iter().any(|item| item == text)),
            Expr::NumberIn(number, list) => number.get(signal).is_some_and(|number| list.contains(&number)),
            Expr::StartsWith(text, prefix) => {
                text.get(signal).zip(prefix.get(signal)).is_some_and(|(text, prefix)| text.starts_with(prefix))
            }
        }
    }

    /// Texts that every signal for which this holds has, and where.
    pub(super) fn required(&self) -> Vec<(TextPlace, &str)> {
        match self {
            Expr::Texts(Comparison::Eq, place, Text::Literal(text))
            | Expr::Texts(Comparison::Eq, Text::Literal(text), place) => {
                place.place().map(|place| (place, text.as_str())).into_iter().collect()
            }
            Expr::TextIn(place, list) => match list.as_slice() {
                [text] => place.place().map(|place| (place, text.as_str())).into_iter().collect(),
                _ => Vec::new(),
            },
            Expr::All(parts) => parts.iter().flat_map(Expr::required).collect(),
            Expr::Any(parts) => {
                let Some((first, others)) = parts.split_first() else { return Vec::new() };
                let mut shared = first.required();
                for other in others {
                    let other = other.required();
                    shared.retain(|required| other.contains(required));
                }
                shared
            }
            _ => Vec::new(),
        }
    }

    /// Collects the literals that `field` is compared with for equality.
    pub(super) fn compared_with<'e>(&'e self, field: TextField, texts: &mut Vec<&'e str>) {
        match self {
            Expr::Texts(Comparison::Eq | Comparison::Ne, Text::Field(left), Text::Literal(text))
            | Expr::Texts(Comparison::Eq | Comparison::Ne, Text::Literal(text), Text::Field(left))
                if *left == field =>
            {
                texts.push(text);
            }
            Expr::TextIn(Text::Field(left), list) if *left == field => texts.extend(list.iter().map(String::as_str)),
            Expr::Not(inner) => inner.compared_with(field, texts),
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| part.compared_with(field, texts)),
            Expr::Truth(_, left, right) => {
                left.compared_with(field, texts);
                right.compared_with(field, texts);
            }
            _ => {}
        }
    }
}

impl Text {
    pub(super) fn place(&self) -> Option<TextPlace> {
        match self {
            Text::Literal(_) => None,
            Text::Field(field) => Some(TextPlace::Field(*field)),
            Text::Label(name) => Some(TextPlace::Label(name.clone())),
        }
    }

    pub(super) fn get<'a>(&'a self, signal: &'a dyn Fields) -> Option<&'a str> {
        match self {
            Text::Literal(text) => Some(text),
            Text::Field(field) => signal.text(*field),
            Text::Label(name) => signal.label(name),
        }
    }
}

impl Number {
    pub(super) fn get(&self, signal: &dyn Fields) -> Option<f64> {
        match self {
            Number::Literal(value) => Some(*value),
            Number::Field(field) => signal.number(*field),
        }
    }
}

impl Comparison {
    fn holds<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Eq => left == right,
            Comparison::Ne => left != right,
            Comparison::Lt => left < right,
            Comparison::Le => left <= right,
            Comparison::Gt => left > right,
            Comparison::Ge => left >= right,
        }
    }
}
