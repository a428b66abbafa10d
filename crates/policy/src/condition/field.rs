//! The one table of the fields that a condition can ask for.
//!
//! It names them and their types; where a field's value comes from is the business of
//! whoever implements [`Fields`].

/// A field that holds text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextField {
    /// `signal.source`
    Source,
    /// `signal.metric`
    Metric,
    /// `signal.service`
    Service,
    /// `signal.label`
    Label,
    /// `signal.summary`
    Summary,
    /// `signal.link`
    Link,
    /// `signal.unit.kind`
    UnitKind,
    /// `signal.unit.id`
    UnitId,
    /// `signal.evaluator.kind`
    EvaluatorKind,
    /// `signal.evaluator.name`
    EvaluatorName,
    /// `signal.evaluator.version`
    EvaluatorVersion,
}

/// A field that holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberField {
    /// `signal.value`
    Value,
}

/// A field that is true or false, and always present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagField {
    /// `signal.late`
    Late,
}

/// A signal as conditions see it. `None`: the field is absent.
pub trait Fields {
    /// Text of a field.
    fn text(&self, field: TextField) -> Option<&str>;
    /// Number of a field; finite.
    fn number(&self, field: NumberField) -> Option<f64>;
    /// Truth of a field.
    fn flag(&self, field: FlagField) -> bool;
    /// Text of one of the further labels.
    fn label(&self, name: &str) -> Option<&str>;
}

/// Where a signal holds a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextPlace {
    /// A field.
    Field(TextField),
    /// One of the further labels.
    Label(String),
}

impl TextPlace {
    /// The text that stands there.
    pub fn of<'s>(&self, signal: &'s dyn Fields) -> Option<&'s str> {
        match self {
            TextPlace::Field(field) => signal.text(*field),
            TextPlace::Label(name) => signal.label(name),
        }
    }
}

/// A field of any type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Text(TextField),
    Label(String),
    Number(NumberField),
    Flag(FlagField),
}

/// Every field by its path, apart from the labels, whose names are free.
const FIELDS: &[(&str, Field)] = &[
    ("signal.source", Field::Text(TextField::Source)),
    ("signal.metric", Field::Text(TextField::Metric)),
    ("signal.service", Field::Text(TextField::Service)),
    ("signal.label", Field::Text(TextField::Label)),
    ("signal.summary", Field::Text(TextField::Summary)),
    ("signal.link", Field::Text(TextField::Link)),
    ("signal.value", Field::Number(NumberField::Value)),
    ("signal.unit.kind", Field::Text(TextField::UnitKind)),
    ("signal.unit.id", Field::Text(TextField::UnitId)),
    ("signal.evaluator.kind", Field::Text(TextField::EvaluatorKind)),
    ("signal.evaluator.name", Field::Text(TextField::EvaluatorName)),
    ("signal.evaluator.version", Field::Text(TextField::EvaluatorVersion)),
    ("signal.late", Field::Flag(FlagField::Late)),
];

/// The path that holds the further labels.
pub(super) const LABELS: &str = "signal.labels";

/// The field at a path such as `signal.metric`.
pub(super) fn find(path: &str) -> Option<Field> {
    FIELDS.iter().find(|(name, _)| *name == path).map(|(_, field)| field.clone())
}

/// Every path, for suggestions.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name).chain([LABELS])
}

/// The path of a field, as a condition writes it.
pub(super) fn path(field: &Field) -> String {
    match field {
        Field::Label(name) => format!("{LABELS}[{}]", super::print::quoted(name)),
        _ => {
            let known = FIELDS.iter().find(|(_, known)| known == field);
            known.expect("every field apart from labels stands in the table").0.to_owned()
        }
    }
}
