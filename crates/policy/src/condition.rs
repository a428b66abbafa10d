//! Conditions on signals: a decidable, type-checked fragment of CEL.

/// A checked condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As the author wrote it.
    pub source: String,
}
