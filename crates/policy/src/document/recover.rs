//! What can still be read of a document that is not valid YAML: the sections that are.
//!
//! One slip should not hide every other problem. Sections start at the left margin, so that each
//! can be read by itself. What comes out is only looked at, never run.

use std::ops::Range;

use super::reader::Reader;
use super::tree::{self, Node, Value};

/// Most sections that are looked at; a policy has about twenty. Each is read with the text before
/// it blanked, so that more would cost their square.
const MAX_SECTIONS: usize = 64;

/// The place of a tree that is not the whole document. No key stands there.
pub(super) const PARTIAL: Range<usize> = 0..0;

/// The sections that can be read, after a syntax error that was reported last. Where the error lies
/// within one section, the section's own account of it takes the place of the document's.
pub(super) fn sections(reader: &mut Reader<'_>) -> Option<Node> {
    let text = reader.source.text;
    let starts = starts(text);
    if !(2..=MAX_SECTIONS).contains(&starts.len()) {
        return None;
    }
    let of_document = std::mem::take(&mut reader.diagnostics);
    let mut entries = Vec::new();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        let part = blank(&text[..start]) + text[start..end].trim_end();
        if let Some(Node { value: Value::Map(section), .. }) = tree::parse_part(reader, &part) {
            entries.extend(section);
        }
    }
    reader.diagnostics.retain(|found| !found.span.as_ref().is_some_and(|span| is_alias(text, span.start)));
    let explained = reader.diagnostics.iter().any(|found| found.code.id == problem::POLICY_SYNTAX.id);
    if !explained {
        reader.diagnostics = of_document;
    }
    Some(Node { value: Value::Map(entries), span: PARTIAL })
}

/// Whether something is repeated here that another section defines, which is no mistake.
fn is_alias(text: &str, at: usize) -> bool {
    let name = text.get(at..).and_then(|rest| rest.strip_prefix('*')).unwrap_or("");
    let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(name.len())];
    !name.is_empty() && text.contains(&format!("&{name}"))
}

/// Where lines begin with a key at the left margin.
fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let key = line.trim_start_matches('\u{FEFF}').split_once(':').map_or("", |(key, _)| key);
        if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

/// As many bytes and lines, without anything in them.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}
