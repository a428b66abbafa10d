//! Documents as Markdown that a page, a repository and a plain reader all show alike.

use std::fmt::Write as _;

use crate::document::{Body, Cell, Document, Section, Table};

/// Characters that Markdown or the HTML within it would act on.
const SPECIAL: [char; 14] = ['\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '|', '#', '~', '!'];

/// The whole document.
pub(crate) fn render(document: &Document) -> String {
    let mut text = format!("# {}\n", escape(&document.title));
    for line in &document.lead {
        let _ = write!(text, "\n{}\n", escape(line));
    }
    for part in &document.sections {
        section(&mut text, part);
    }
    text
}

fn section(text: &mut String, section: &Section) {
    let _ = write!(text, "\n## {}\n\n", escape(&section.title));
    if let Some(note) = &section.note {
        let _ = write!(text, "{}\n\n", escape(note));
    }
    match &section.body {
        Body::List(lines) => lines.iter().for_each(|line| {
            let _ = writeln!(text, "- {}", escape(line));
        }),
        Body::Table(rows) => table(text, rows),
    }
}

fn table(text: &mut String, table: &Table) {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let numeric = |column: usize| table.rows.iter().all(|row| matches!(row.get(column), Some(Cell::Number(_))));
    let rules = (0..table.head.len()).map(|column| if numeric(column) { "---:" } else { "---" }.to_owned());
    *text += &row(table.head.iter().map(|head| escape(head)).collect());
    *text += &row(rules.collect());
    for cells in &table.rows {
        *text += &row(cells.iter().map(|cell| escape(&cell.plain())).collect());
    }
}

/// One line of text that is only text: no mark-up, no HTML, no further line.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in crate::words::one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            c => {
                // A hyphen or number in front would only begin a list at the start of a line.
                if SPECIAL.contains(&c) {
                    escaped.push('\\');
                }
                escaped.push(c);
            }
        }
    }
    // Bare addresses are not links: nobody vouches for where they lead.
    escaped.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}
