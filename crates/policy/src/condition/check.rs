//! Types: every field must exist, and both sides of a comparison must be of one type.
//!
//! It collects every error of the condition instead of stopping at the first.

use std::ops::Range;

use super::ConditionError;
use super::eval::{Expr, Number, Text};
use super::field::{self, Field};
use super::parser::{Comparison, Kind, Node, Segment};

/// A part whose type is known.
enum Typed {
    Text(Text),
    Number(Number),
    Truth(Expr),
}

/// The checked form, or everything that is wrong.
pub(super) fn check(node: &Node) -> Result<Expr, Vec<ConditionError>> {
    let mut checker = Checker { errors: Vec::new() };
    match checker.truth(node) {
        Some(expr) if checker.errors.is_empty() => Ok(expr),
        _ => Err(checker.errors),
    }
}

struct Checker {
    errors: Vec<ConditionError>,
}

/// `None` means that the part has an error, which has been recorded.
impl Checker {
    fn truth(&mut self, node: &Node) -> Option<Expr> {
        match self.typed(node)? {
            Typed::Truth(expr) => Some(expr),
            other => {
                let hint = match other {
                    Typed::Text(Text::Literal(_)) | Typed::Number(Number::Literal(_)) => None,
                    _ => Some("compare it with something, or ask has(…) for its presence".to_owned()),
                };
                self.wrong_type(&node.span, format!("{} is not true or false", other.kind()), hint)
            }
        }
    }

    fn typed(&mut self, node: &Node) -> Option<Typed> {
        Some(match &node.kind {
            Kind::Text(text) => Typed::Text(Text::Literal(text.clone())),
            Kind::Number(number) => Typed::Number(Number::Literal(*number)),
            Kind::Bool(value) => Typed::Truth(Expr::Constant(*value)),
            Kind::Path(segments) => match self.field(segments, &node.span)? {
                Field::Text(field) => Typed::Text(Text::Field(field)),
                Field::Label(name) => Typed::Text(Text::Label(name)),
                Field::Number(field) => Typed::Number(Number::Field(field)),
                Field::Flag(field) => Typed::Truth(Expr::Flag(field)),
            },
            Kind::List(_) => {
                let hint = Some("ask whether a field is in it: signal.metric in [\"a\", \"b\"]".to_owned());
                return self.wrong_type(&node.span, "a list stands alone", hint);
            }
            Kind::Not(inner) => Typed::Truth(Expr::Not(Box::new(self.truth(inner)?))),
            Kind::All(parts) => Typed::Truth(Expr::all(self.truths(parts)?)),
            Kind::Any(parts) => Typed::Truth(Expr::any(self.truths(parts)?)),
            Kind::Compare(comparison, left, right) => {
                // Both sides are looked at before giving up on either.
                let (left_type, right_type) = (self.typed(left), self.typed(right));
                return self.compare(*comparison, left_type?, right_type?, node);
            }
            Kind::In(item, list) => return self.is_in(item, list),
            Kind::Has(operand) => return self.has(operand),
            Kind::StartsWith(subject, prefix) => {
                let (subject, prefix) = (self.text(subject), self.text(prefix));
                Typed::Truth(Expr::StartsWith(subject?, prefix?))
            }
        })
    }

    fn truths(&mut self, parts: &[Node]) -> Option<Vec<Expr>> {
        let checked: Vec<Option<Expr>> = parts.iter().map(|part| self.truth(part)).collect();
        checked.into_iter().collect()
    }

    fn text(&mut self, node: &Node) -> Option<Text> {
        match self.typed(node)? {
            Typed::Text(text) => Some(text),
            other => self.wrong_type(&node.span, format!("{} stands where a text is expected", other.kind()), None),
        }
    }

    fn compare(&mut self, comparison: Comparison, left: Typed, right: Typed, node: &Node) -> Option<Typed> {
        Some(Typed::Truth(match (left, right) {
            (Typed::Text(left), Typed::Text(right)) => Expr::Texts(comparison, left, right),
            (Typed::Number(left), Typed::Number(right)) => Expr::Numbers(comparison, left, right),
            (Typed::Truth(left), Typed::Truth(right)) if matches!(comparison, Comparison::Eq | Comparison::Ne) => {
                Expr::Truth(comparison, Box::new(left), Box::new(right))
            }
            (Typed::Truth(_), Typed::Truth(_)) => {
                return self.wrong_type(&node.span, "true and false have no order", Some("use == or !=".to_owned()));
            }
            (left, right) => {
                let hint = match (&left, &right) {
                    (Typed::Number(_), Typed::Text(Text::Literal(text)))
                    | (Typed::Text(Text::Literal(text)), Typed::Number(_)) => {
                        text.parse::<f64>().is_ok().then(|| format!("write {text} without quotes"))
                    }
                    (Typed::Text(_), Typed::Number(Number::Literal(number)))
                    | (Typed::Number(Number::Literal(number)), Typed::Text(_)) => {
                        Some(format!("write \"{number}\" in quotes"))
                    }
                    _ => None,
                };
                let message = format!("{} cannot be compared with {}", left.kind(), right.kind());
                return self.wrong_type(&node.span, message, hint);
            }
        }))
    }

    /// `signal.metric in ["a", "b"]`, or `"name" in signal.labels`.
    fn is_in(&mut self, item: &Node, list: &Node) -> Option<Typed> {
        let items = match (&list.kind, &item.kind) {
            (Kind::List(items), _) => items,
            (Kind::Path(segments), Kind::Text(name)) if joined(segments) == field::LABELS => {
                return Some(Typed::Truth(Expr::Has(Field::Label(name.clone()))));
            }
            _ => {
                let hint = Some("write a list: signal.metric in [\"a\", \"b\"]".to_owned());
                return self.wrong_type(&list.span, "the right side of `in` is not a list", hint);
            }
        };
        Some(Typed::Truth(match self.typed(item)? {
            Typed::Text(text) => Expr::TextIn(
                text,
                self.literals(items, "text", |kind| match kind {
                    Kind::Text(text) => Some(text.clone()),
                    _ => None,
                })?,
            ),
            Typed::Number(number) => Expr::NumberIn(
                number,
                self.literals(items, "number", |kind| match kind {
                    Kind::Number(number) => Some(*number),
                    _ => None,
                })?,
            ),
            Typed::Truth(_) => {
                return self.wrong_type(&item.span, "true or false is not looked up in a list", None);
            }
        }))
    }

    fn literals<T>(&mut self, items: &[Node], expected: &str, get: fn(&Kind) -> Option<T>) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for item in items {
            match get(&item.kind) {
                Some(value) => values.push(value),
                None => {
                    let message = format!("every item of this list must be a written {expected}");
                    self.wrong_type::<()>(&item.span, message, None);
                }
            }
        }
        (values.len() == items.len()).then_some(values)
    }

    fn has(&mut self, operand: &Node) -> Option<Typed> {
        let Kind::Path(segments) = &operand.kind else {
            let hint = Some("such as has(signal.label)".to_owned());
            return self.wrong_type(&operand.span, "has() takes a field", hint);
        };
        let field = self.field(segments, &operand.span)?;
        if let (Field::Label(name), Some(true)) = (&field, segments.last().map(|last| last.index)) {
            let hint = Some(format!("write {} in {}", super::print::quoted(name), field::LABELS));
            return self.wrong_type(&operand.span, "CEL's has() takes a name after a dot", hint);
        }
        Some(Typed::Truth(Expr::Has(field)))
    }

    fn field(&mut self, segments: &[Segment], span: &Range<usize>) -> Option<Field> {
        let path = joined(segments);
        match segments {
            [signal, labels, label] if signal.name == "signal" && labels.name == "labels" && !labels.index => {
                return Some(Field::Label(label.name.clone()));
            }
            _ if segments.iter().any(|segment| segment.index) => {}
            _ => {
                if let Some(field) = field::find(&path) {
                    return Some(field);
                }
            }
        }
        let (message, hint) = unknown_field(&path);
        self.errors.push(ConditionError {
            span: span.clone(),
            code: &problem::CONDITION_UNKNOWN_FIELD,
            message,
            hint: Some(hint),
        });
        None
    }

    /// Records the error; always `None`, so that callers can return it.
    fn wrong_type<T>(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) -> Option<T> {
        let (span, message) = (span.clone(), message.into());
        self.errors.push(ConditionError { span, code: &problem::CONDITION_TYPE, message, hint });
        None
    }
}

impl Typed {
    fn kind(&self) -> String {
        let (kind, field) = match self {
            Typed::Text(Text::Literal(_)) => ("a text", None),
            Typed::Number(Number::Literal(_)) => ("a number", None),
            Typed::Text(Text::Field(field)) => ("a text", Some(Field::Text(*field))),
            Typed::Text(Text::Label(name)) => ("a text", Some(Field::Label(name.clone()))),
            Typed::Number(Number::Field(field)) => ("a number", Some(Field::Number(*field))),
            Typed::Truth(_) => ("true or false", None),
        };
        field.map_or(kind.to_owned(), |field| format!("`{}` ({kind})", field::path(&field)))
    }
}

/// Message and hint for a path that is no field.
fn unknown_field(path: &str) -> (String, String) {
    if path == "signal" || path == field::LABELS {
        let message = format!("`{path}` is not a value by itself");
        return (
            message,
            format!(
                "name one of its fields, such as {}",
                if path == "signal" { "signal.metric" } else { "signal.labels[\"region\"]" }
            ),
        );
    }
    if field::find(path).is_some() {
        return ("only labels are named in brackets".to_owned(), format!("write `{path}`"));
    }
    if field::find(&format!("signal.{path}")).is_some() {
        return (format!("`{path}` is not known"), format!("did you mean `signal.{path}`?"));
    }
    let message = format!("a signal has no field `{path}`");
    let hint = crate::suggest::did_you_mean(path, field::paths()).unwrap_or_else(|| {
        let name = path.strip_prefix("signal.").unwrap_or(path);
        format!("if it is a label that your sender sets: signal.labels[{}]", super::print::quoted(name))
    });
    (message, hint)
}

fn joined(segments: &[Segment]) -> String {
    let names: Vec<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
    names.join(".")
}
