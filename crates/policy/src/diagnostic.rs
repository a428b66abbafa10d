//! One problem found in a document: what, where, and what to do. It holds no rules.

use std::ops::Range;

use problem::Code;

/// A problem found in a policy or roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Level,
    /// The kind of problem, with its help page.
    pub code: &'static Code,
    /// This occurrence.
    pub message: String,
    /// Name of the document.
    pub file: String,
    /// Bytes of the document; `None` where the problem has no place.
    pub span: Option<Range<usize>>,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
    /// Other places of the same document that explain it.
    pub related: Vec<Label>,
}

/// A further place and why it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the document.
    pub span: Range<usize>,
    /// A few words.
    pub text: String,
}

/// How grave a problem is. Errors keep a document from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The document cannot run.
    Error,
    /// It runs, and something will probably go wrong.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    /// Its word in output.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// A document to read: its name for people, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Such as `policy.yaml`.
    pub name: &'a str,
    /// Its whole text.
    pub text: &'a str,
}
