//! A playbook as a document: in a policy's `playbooks`, or a file of its own.

use std::ops::Range;
use std::sync::Arc;

use super::reader::{Kind, Reader, first_line};
use super::tree::{Entry, Node, Value};
use super::value;
use crate::diagnostic::{Diagnostic, Source};
use crate::model::Role;
use crate::playbook::{self, Maps, Playbook, Playbooks, Sheet, Step};

/// Most playbooks of a policy's own.
const MAX_PLAYBOOKS: usize = 100;

/// Most steps: a page that someone reads under pressure. A started one is kept with its incident.
const MAX_STEPS: usize = 40;

/// Longest text of a playbook, in characters: an instruction, not an essay.
const MAX_CHARS: usize = 600;

/// Most lines of a list.
const MAX_LINES: usize = 20;

/// Most columns and rows of a sheet.
const MAX_COLUMNS: usize = 12;
const MAX_ROWS: usize = 60;

const ROLES: [(&str, Role); 5] = [
    ("commander", Role::Commander),
    ("remediation", Role::Remediation),
    ("validation", Role::Validation),
    ("publishing", Role::Publishing),
    ("privacy", Role::Privacy),
];

/// The program's playbooks with the policy's own, which take the place of those of the same id.
pub(super) fn playbooks(reader: &mut Reader<'_>, node: Option<&Node>) -> Playbooks {
    let mut playbooks = playbook::built_in().clone();
    let own = reader.named(node, "`playbooks`");
    if let Some(surplus) = own.get(MAX_PLAYBOOKS) {
        too_many(reader, &surplus.key_span, "playbooks", MAX_PLAYBOOKS);
    }
    for Entry { key, key_span, node } in own.into_iter().take(MAX_PLAYBOOKS) {
        reader.define(format!("playbooks/{key}"), key_span);
        if let Some(own) = read(reader, key, node) {
            playbooks.insert(key.clone(), Arc::new(own));
        }
    }
    playbooks
}

/// A document that is one playbook.
pub(crate) fn document(id: &str, source: Source<'_>) -> (Option<Playbook>, Vec<Diagnostic>) {
    let mut reader = Reader::new(source);
    let playbook = super::tree::parse(&mut reader).and_then(|root| read(&mut reader, id, &root));
    (playbook, reader.diagnostics)
}

fn read(reader: &mut Reader<'_>, id: &str, node: &Node) -> Option<Playbook> {
    let mut fields = reader.fields(node, "a playbook")?;
    let title = fields.require(reader, "title").and_then(|node| line(reader, node, "`title`"));
    let summary = fields.require(reader, "summary").and_then(|node| line(reader, node, "`summary`"));
    let when = lines(reader, fields.get("when"), "`when`");
    let steps = fields.require(reader, "steps");
    let items = reader.list(steps, "`steps`");
    if let Some(surplus) = items.get(MAX_STEPS) {
        too_many(reader, &surplus.span, "steps", MAX_STEPS);
    }
    if let (true, Some(steps)) = (items.is_empty(), steps) {
        reader.bad_value(steps, "`steps` is empty; write at least one".to_owned());
    }
    let steps = items.iter().take(MAX_STEPS).filter_map(|item| step(reader, item)).collect();
    let sheet = fields.get("sheet").and_then(|node| sheet(reader, node));
    let mut related = Vec::new();
    if let Some(node) = fields.get("related") {
        for item in reader.one_or_many(node) {
            related.extend(reader.reference(item, Kind::Playbook, "`related`"));
        }
    }
    let maps = fields.get("maps").and_then(|node| maps(reader, node)).unwrap_or_default();
    reader.finish(fields);
    Some(Playbook { id: id.to_owned(), title: title?, summary: summary?, when, steps, sheet, related, maps })
}

fn step(reader: &mut Reader<'_>, node: &Node) -> Option<Step> {
    let mut fields = reader.fields(node, "a step of a playbook")?;
    let text = fields.require(reader, "do").and_then(|node| line(reader, node, "`do`"));
    let role = fields.require(reader, "role").and_then(|node| reader.word(node, "`role`", &ROLES));
    let within = fields.require(reader, "within");
    let within = within.and_then(|node| reader.parsed(node, "`within`", value::duration));
    let why = fields.get("why").and_then(|node| line(reader, node, "`why`"));
    let evidence = fields.get("evidence").and_then(|node| line(reader, node, "`evidence`"));
    reader.finish(fields);
    Some(Step { text: text?, role: role?, within: within?, why, evidence })
}

fn sheet(reader: &mut Reader<'_>, node: &Node) -> Option<Sheet> {
    let mut fields = reader.fields(node, "a sheet")?;
    let title = fields.require(reader, "title").and_then(|node| line(reader, node, "`title`"));
    let note = fields.get("note").and_then(|node| line(reader, node, "`note`")).unwrap_or_default();
    let columns = fields.require(reader, "columns");
    let columns: Vec<String> =
        reader.list(columns, "`columns`").iter().filter_map(|node| line(reader, node, "a column")).collect();
    if columns.is_empty() || columns.len() > MAX_COLUMNS {
        let message = format!("a sheet has 1 to {MAX_COLUMNS} columns, but {} stand here", columns.len());
        reader.error(&problem::POLICY_VALUE, &first_line(reader.source.text, &node.span), message, None);
        return None;
    }
    let mut rows = Vec::new();
    let items = reader.list(fields.get("rows"), "`rows`");
    if let Some(surplus) = items.get(MAX_ROWS) {
        too_many(reader, &surplus.span, "rows", MAX_ROWS);
    }
    for item in items.iter().take(MAX_ROWS) {
        let cells = reader.list(Some(item), "a row");
        let cells: Vec<String> = cells.iter().filter_map(|cell| cell_text(reader, cell)).collect();
        if cells.len() == columns.len() {
            rows.push(cells);
        } else {
            let message = format!("a row has {} cells where the sheet has {} columns", cells.len(), columns.len());
            reader.bad_value(item, message);
        }
    }
    reader.finish(fields);
    Some(Sheet { title: title?, note, columns, rows })
}

/// An empty cell is one that people fill in.
fn cell_text(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    if matches!(node.value, Value::Null) { Some(String::new()) } else { line(reader, node, "a cell") }
}

fn maps(reader: &mut Reader<'_>, node: &Node) -> Option<Maps> {
    let mut fields = reader.fields(node, "`maps`")?;
    let maps = Maps {
        owasp_llm_2025: lines(reader, fields.get("owasp_llm_2025"), "`owasp_llm_2025`"),
        atlas: lines(reader, fields.get("atlas"), "`atlas`"),
        nist_ai_600_1: lines(reader, fields.get("nist_ai_600_1"), "`nist_ai_600_1`"),
    };
    reader.finish(fields);
    Some(maps)
}

fn lines(reader: &mut Reader<'_>, node: Option<&Node>, what: &str) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let items = reader.one_or_many(node);
    if let Some(surplus) = items.get(MAX_LINES) {
        too_many(reader, &surplus.span, "lines", MAX_LINES);
    }
    items.iter().take(MAX_LINES).filter_map(|item| line(reader, item, what)).collect()
}

/// A text of bounded length, with its line breaks as spaces.
fn line(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = text.chars().count();
    if count > MAX_CHARS {
        let message = format!("{what} has {count} characters; at most {MAX_CHARS} are allowed");
        reader.error(&problem::POLICY_LIMIT, &first_line(reader.source.text, &node.span), message, None);
        return None;
    }
    Some(text)
}

fn too_many(reader: &mut Reader<'_>, span: &Range<usize>, what: &str, most: usize) {
    let message = format!("there are more than {most} {what}");
    reader.error(&problem::POLICY_LIMIT, &first_line(reader.source.text, span), message, None);
}
