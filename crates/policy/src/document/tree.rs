//! YAML to a tree of nodes with places.
//!
//! Scalars stay texts: what a text means is decided where it is read, so that `5%`, `10m`,
//! `2026-12-25` and `no` are never guessed at. Duplicate keys are reported and the first is kept.
//! Size, depth and the number of nodes after expanding aliases are limited, so that a YAML bomb
//! costs one diagnostic. Merge keys, tags and several documents in one file are not supported.

use std::collections::BTreeMap;
use std::ops::Range;

use problem::Code;
use serde_saphyr::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span};

use super::reader::{Reader, shortened};

/// Largest document, in bytes: a policy of thousands of rules has a tenth of it.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Deepest nesting; the deepest policy that makes sense has 8 levels.
pub const MAX_DOCUMENT_DEPTH: usize = 24;

/// Most nodes, after aliases are expanded. A megabyte of ordinary YAML has about as many.
pub const MAX_DOCUMENT_NODES: usize = 100_000;

/// A part of a document and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

/// A collection that is being read.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Range<usize>)>,
    /// Keys of a mapping so far: a search through its entries would cost their square.
    keys: BTreeMap<String, Range<usize>>,
    /// Nodes within, itself included, and levels below it: what an alias to it costs.
    nodes: usize,
    height: usize,
}

/// A finished node under its anchor, and what repeating it costs.
struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

/// The tree of the reader's document; `None` after a problem that left nothing to read.
pub(crate) fn parse(reader: &mut Reader<'_>) -> Option<Node> {
    let text = reader.source.text;
    if text.len() > MAX_DOCUMENT_BYTES {
        let message = format!("the document has {} bytes; at most {MAX_DOCUMENT_BYTES} are allowed", text.len());
        reader.error_without_place(&problem::POLICY_LIMIT, message);
        return None;
    }
    parse_part(reader, text)
}

/// The tree of a part of the document, which starts where the document starts.
pub(super) fn parse_part(reader: &mut Reader<'_>, text: &str) -> Option<Node> {
    let mut builder = Builder { reader, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, root: None };
    let mut options = Options::default();
    options.set_emit_comments(false);
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                builder.syntax(place(at, text), error.kind());
                return None;
            }
        };
        builder.event(event, &span)?;
    }
    Some(builder.root.unwrap_or(Node { value: Value::Null, span: 0..0 }))
}

/// The character at `at`, or the last of the text.
fn place(at: usize, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(at.min(text.len()));
    start..start + text[start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8)
}

struct Builder<'r, 's> {
    reader: &'r mut Reader<'s>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_, '_> {
    /// `None` after a problem that makes the rest unreadable; it has been reported.
    fn event(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let place = span.byte_range().unwrap_or(0..0);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                let message = "a second document starts here; one file holds one document";
                self.fail(&problem::POLICY_SYNTAX, place, message, "remove the line `---` or split the file")
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                let message = "tags such as !!str have no meaning here";
                self.fail(&problem::POLICY_SYNTAX, place, message, "remove the tag; quote what must be a text")
            }
            Event::Scalar(text, style, anchor, None) => {
                let plain = style == ScalarStyle::Plain;
                let value = match text.as_ref() {
                    "" | "~" | "null" if plain => Value::Null,
                    text => Value::Scalar(text.to_owned()),
                };
                self.add(Anchored { node: Node { value, span: place }, nodes: 1, height: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, None) => self.start(Value::List(Vec::new()), place, anchor),
            Event::MappingStart(_, anchor, None) => self.start(Value::Map(Vec::new()), place, anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { mut node, anchor, nodes, height, .. } = self.open.pop()?;
                node.span = self.trimmed(node.span.start..place.end);
                self.nodes -= nodes;
                self.add(Anchored { node, nodes, height }, anchor)
            }
            Event::Alias(anchor) => {
                let Some(Anchored { node, nodes, height }) = self.anchors.get(&anchor) else {
                    let message = "the alias stands within what it repeats";
                    return self.fail(&problem::POLICY_LIMIT, place, message, "write the part out");
                };
                if self.nodes + nodes > MAX_DOCUMENT_NODES || self.open.len() + height > MAX_DOCUMENT_DEPTH {
                    let message = format!(
                        "the aliases expand to more than {MAX_DOCUMENT_NODES} parts or {MAX_DOCUMENT_DEPTH} levels"
                    );
                    return self.fail(&problem::POLICY_LIMIT, place, &message, "write repeated parts out");
                }
                // Problems within a repeated part are shown where it is defined.
                self.add(Anchored { node: node.clone(), nodes: *nodes, height: *height }, 0)
            }
            _ => Some(()),
        }
    }

    fn start(&mut self, value: Value, place: Range<usize>, anchor: usize) -> Option<()> {
        if self.open.len() >= MAX_DOCUMENT_DEPTH {
            let message = format!("the document is nested more than {MAX_DOCUMENT_DEPTH} levels deep");
            return self.fail(&problem::POLICY_LIMIT, place, &message, "a policy needs no more than 8 levels");
        }
        if let (Value::Map(_), Some(Open { node: Node { value: Value::Map(_), .. }, key: None, .. })) =
            (&value, self.open.last())
        {
            return self.complex_key(place);
        }
        self.nodes += 1;
        let node = Node { value, span: place };
        self.open.push(Open { node, anchor, key: None, keys: BTreeMap::new(), nodes: 1, height: 0 });
        Some(())
    }

    /// Puts a finished node where it belongs: a key, a value, an item, or the root.
    fn add(&mut self, finished: Anchored, anchor: usize) -> Option<()> {
        self.nodes += finished.nodes;
        if self.nodes > MAX_DOCUMENT_NODES {
            let message = format!("the document has more than {MAX_DOCUMENT_NODES} parts");
            return self.fail(&problem::POLICY_LIMIT, finished.node.span, &message, "split the policy");
        }
        if let Some(parent) = self.open.last_mut() {
            parent.nodes += finished.nodes;
            parent.height = parent.height.max(finished.height + 1);
        }
        let node = match anchor {
            0 => finished.node,
            _ => {
                let node = finished.node.clone();
                self.anchors.insert(anchor, finished);
                node
            }
        };
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        match (&mut parent.node.value, parent.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some((key, key_span))) => match parent.keys.get(&key).cloned() {
                None => {
                    parent.keys.insert(key.clone(), key_span.clone());
                    entries.push(Entry { key, key_span, node });
                }
                Some(first) => {
                    self.reader.duplicate(&format!("the key `{}` stands twice", shortened(&key)), key_span, first)
                }
            },
            _ => match node.value {
                Value::Scalar(text) => parent.key = Some((text, node.span)),
                Value::Null => parent.key = Some(("null".to_owned(), node.span)),
                Value::List(_) | Value::Map(_) => return self.complex_key(node.span),
            },
        }
        Some(())
    }

    fn complex_key(&mut self, place: Range<usize>) -> Option<()> {
        let message = "a key must be a text, not a list or a mapping";
        self.fail(&problem::POLICY_SYNTAX, place, message, "quote a text that starts with { or [")
    }

    fn fail(&mut self, code: &'static Code, place: Range<usize>, message: &str, hint: &str) -> Option<()> {
        self.reader.error(code, &place, message, Some(hint.to_owned()));
        None
    }

    fn syntax(&mut self, place: Range<usize>, kind: &ErrorKind) {
        let hint = match kind {
            ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
                Some("quote a text that contains `: `, and check the indentation")
            }
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                Some("indent with spaces; YAML does not allow tabs")
            }
            ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::InvalidIndentation => {
                Some("check the indentation: what belongs together starts in the same column")
            }
            ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
                Some("close each { with } and each [ with ], and quote a text that contains `: ` or `, `")
            }
            ErrorKind::SimpleKeyExpected => Some("each line here needs `key: value`"),
            ErrorKind::UnknownAnchor => Some("quote a text that starts with *"),
            ErrorKind::UnclosedQuotedScalar => Some("close the text with the quote that opened it"),
            ErrorKind::UnexpectedCharacter { character: '@' | '`' | '%' } => Some("quote a text that starts with it"),
            _ => None,
        };
        let code =
            if *kind == ErrorKind::RecursionLimitExceeded { &problem::POLICY_LIMIT } else { &problem::POLICY_SYNTAX };
        self.reader.error(code, &place, format!("not valid YAML: {kind}"), hint.map(str::to_owned));
    }

    /// The place of a collection without the blanks and comments after its last part.
    fn trimmed(&self, place: Range<usize>) -> Range<usize> {
        let text = self.reader.source.text.get(place.clone()).unwrap_or("");
        place.start..place.start + text.trim_end().len()
    }
}
