//! Reading nodes as what they should be, and writing down everything that is wrong.
//!
//! No method stops at a problem: it reports, and answers `None`. What a key means is not known here.

use std::collections::BTreeMap;
use std::ops::Range;

use problem::Code;

use super::tree::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Label, Level, Source};
use crate::ignore::Ignore;
use crate::suggest;

/// Longest id: it appears in URLs, pages and key columns.
const MAX_ID_CHARS: usize = 64;

/// Longest text in a document's value, in bytes; conditions have a limit of their own below it.
const MAX_TEXT_BYTES: usize = 8192;

/// Reads one document.
pub(crate) struct Reader<'s> {
    pub(crate) source: Source<'s>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) places: Places,
}

/// Where things stand, for checks that come after reading.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Names used, in document order.
    pub(crate) references: Vec<Reference>,
    /// Things defined, by path, such as `classes/pii_leak/contain`.
    pub(crate) definitions: BTreeMap<String, Range<usize>>,
    /// What the document asks not to hear of.
    pub(crate) ignores: Vec<Ignore>,
}

impl Places {
    /// What a place belongs to: the paths of the last definition at or before it.
    pub(crate) fn at(&self, place: usize) -> impl Iterator<Item = &String> {
        let start = self.definitions.values().map(|span| span.start).filter(|start| *start <= place).max();
        self.definitions.iter().filter(move |(_, span)| Some(span.start) == start).map(|(path, _)| path)
    }

    /// The ids defined in a section, such as `classes`. Ids hold no `/`.
    pub(crate) fn names<'p>(&'p self, section: &'p str) -> impl Iterator<Item = &'p str> {
        let within = self.definitions.keys().filter_map(move |path| path.strip_prefix(section)?.strip_prefix('/'));
        within.filter(|name| !name.contains('/'))
    }
}

/// A name used for something that is defined elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Audience,
    Calendar,
    /// A channel named by a contact or an audience.
    Channel,
    Class,
    Escalation,
    Metric,
    Person,
    /// A playbook of the policy, or one that comes with the program.
    Playbook,
    Schedule,
    /// A class that holding statements are for: unlike a raised one it must be declared.
    StatedClass,
}

/// The entries of a mapping with fixed keys. Whoever reads it must [`Reader::finish`] it.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
    known: Vec<&'static str>,
    what: &'static str,
    span: Range<usize>,
}

impl<'n> Fields<'n> {
    /// The value at a key; nothing if it is absent or empty.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key && !matches!(entry.node.value, Value::Null))
    }

    /// The value at a key that must be there.
    pub(crate) fn require(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} lacks `{key}`", self.what);
            reader.error(&problem::POLICY_MISSING_KEY, &self.span, message, Some(format!("add `{key}: …`")));
        }
        found
    }
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: Source<'s>) -> Reader<'s> {
        Reader { source, diagnostics: Vec::new(), places: Places::default() }
    }

    pub(crate) fn error(
        &mut self,
        code: &'static Code,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.report(Level::Error, code, span, message, hint);
    }

    pub(crate) fn report(
        &mut self,
        severity: Level,
        code: &'static Code,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let (message, file, span) = (message.into(), self.source.name.to_owned(), Some(span.clone()));
        self.diagnostics.push(Diagnostic { severity, code, message, file, span, hint, related: Vec::new() });
    }

    pub(crate) fn error_without_place(&mut self, code: &'static Code, message: String) {
        self.error(code, &(0..0), message, None);
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.span = None;
        }
    }

    /// Something is defined twice.
    pub(crate) fn duplicate(&mut self, message: &str, span: Range<usize>, first: Range<usize>) {
        self.error(&problem::POLICY_DUPLICATE, &span, message, Some("remove one, or rename it".to_owned()));
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.related.push(Label { span: first, text: "first here".to_owned() });
        }
    }

    /// A text that cannot be read as what it should be.
    pub(crate) fn bad_value(&mut self, node: &Node, problem: String) {
        let (message, hint) = match problem.split_once("; ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (problem, None),
        };
        self.error(&problem::POLICY_VALUE, &node.span, message, hint);
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let found = match &node.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        };
        let message = format!("{what} must be {expected}, but {found} stands here");
        self.error(&problem::POLICY_TYPE, &first_line(self.source.text, &node.span), message, None);
    }

    /// A mapping with fixed keys. `what` names it in messages, such as "a trigger".
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        match &node.value {
            Value::Map(entries) => {
                let span = first_line(self.source.text, &node.span);
                Some(Fields { entries, known: Vec::new(), what, span })
            }
            Value::Null => Some(Fields { entries: &[], known: Vec::new(), what, span: node.span.clone() }),
            _ => {
                self.wrong_type(node, what, "a mapping");
                None
            }
        }
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(&mut self, fields: Fields<'_>) {
        for entry in fields.entries.iter().filter(|entry| !fields.known.contains(&entry.key.as_str())) {
            let hint = match entry.key.as_str() {
                "<<" => "merge keys are not supported; write the keys out".to_owned(),
                key => suggest::did_you_mean(key, fields.known.iter().copied())
                    .unwrap_or_else(|| format!("the keys here are {}", fields.known.join(", "))),
            };
            let message = format!("{} has no key `{}`", fields.what, entry.key);
            self.error(&problem::POLICY_UNKNOWN_KEY, &entry.key_span, message, Some(hint));
        }
    }

    /// A mapping whose keys are ids of the author's choice.
    pub(crate) fn named<'n>(&mut self, node: Option<&'n Node>, what: &'static str) -> Vec<&'n Entry> {
        match node.map(|node| &node.value) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Map(entries)) => {
                entries.iter().filter(|entry| self.is_id(&entry.key, &entry.key_span)).collect()
            }
            Some(_) => {
                self.wrong_type(node.expect("matched above"), what, "a mapping");
                Vec::new()
            }
        }
    }

    /// Reports unless the text can serve as an id.
    pub(crate) fn is_id(&mut self, id: &str, span: &Range<usize>) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let ok = (1..=MAX_ID_CHARS).contains(&id.len()) && id.chars().all(allowed);
        if !ok {
            let hint = format!("an id has 1 to {MAX_ID_CHARS} of the characters a-z A-Z 0-9 _ - .");
            self.error(&problem::POLICY_VALUE, span, format!("`{}` is not an id", shortened(id)), Some(hint));
        }
        ok
    }

    /// The items of a list; a single value counts as a list of one.
    pub(crate) fn one_or_many<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(node),
        }
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: Option<&'n Node>, what: &str) -> &'n [Node] {
        match node.map(|node| (&node.value, node)) {
            None | Some((Value::Null, _)) => &[],
            Some((Value::List(items), _)) => items,
            Some((_, node)) => {
                self.wrong_type(node, what, "a list");
                &[]
            }
        }
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(text) if text.len() <= MAX_TEXT_BYTES => Some(text),
            Value::Scalar(text) => {
                let message = format!("{what} has {} bytes; at most {MAX_TEXT_BYTES} are allowed", text.len());
                self.error(&problem::POLICY_LIMIT, &first_line(self.source.text, &node.span), message, None);
                None
            }
            _ => {
                self.wrong_type(node, what, "a single value");
                None
            }
        }
    }

    /// The text of an optional key, owned.
    pub(crate) fn optional_text(&mut self, node: Option<&Node>, what: &str) -> Option<String> {
        self.text(node?, what).map(str::to_owned)
    }

    pub(crate) fn flag(&mut self, node: Option<&Node>, what: &str) -> Option<bool> {
        let node = node?;
        match self.text(node, what)? {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                self.bad_value(node, format!("{what} cannot be `{}`; write true or false", shortened(other)));
                None
            }
        }
    }

    /// Reads a text by `parse`, whose errors say `message; hint`.
    pub(crate) fn parsed<T>(
        &mut self,
        node: &Node,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(node, what)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.bad_value(node, format!("{what}: {problem}"));
                None
            }
        }
    }

    /// One word of a fixed choice.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, what: &str, choice: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        if let Some((_, value)) = choice.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<&str> = choice.iter().map(|(word, _)| *word).collect();
        let hint =
            suggest::did_you_mean(text, words.iter().copied()).unwrap_or_else(|| format!("write {}", words.join(", ")));
        self.bad_value(node, format!("{what} cannot be `{}`; {hint}", shortened(text)));
        None
    }

    /// A name that refers to something defined elsewhere; remembered for the checks.
    pub(crate) fn reference(&mut self, node: &Node, kind: Kind, what: &str) -> Option<String> {
        let name = self.text(node, what)?.to_owned();
        self.refer(kind, name.clone(), node.span.clone());
        Some(name)
    }

    pub(crate) fn refer(&mut self, kind: Kind, name: String, span: Range<usize>) {
        self.places.references.push(Reference { kind, name, span });
    }

    pub(crate) fn define(&mut self, path: String, span: &Range<usize>) {
        self.places.definitions.insert(path, span.clone());
    }
}

/// The part of a place that stands on its first line: a snippet of a whole block helps nobody.
pub(crate) fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let shown = text.get(span.clone()).unwrap_or("");
    span.start..span.start + shown.lines().next().unwrap_or("").trim_end().len()
}

/// A text from a document, short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 40;
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
