//! Documents as Markdown that a page, a repository and a plain reader all show alike.

use std::fmt::Write as _;

use crate::document::{Body, Cell, Document, Section, Table};

/// Characters that Markdown acts on wherever they stand.
const SPECIAL: [char; 8] = ['\\', '`', '*', '_', '[', ']', '|', '~'];

/// Characters that it acts on where a line begins with them.
const LEADING: [char; 5] = ['#', '>', '+', '-', '='];

/// The whole document.
pub(crate) fn render(document: &Document) -> String {
    let mut text = format!("# {}\n", escape(&document.title));
    for line in &document.lead {
        let _ = write!(text, "\n{}\n", escape_line(line));
    }
    for part in &document.sections {
        section(&mut text, part);
    }
    text
}

fn section(text: &mut String, section: &Section) {
    let _ = write!(text, "\n## {}\n\n", escape(&section.title));
    if let Some(note) = &section.note {
        let _ = write!(text, "{}\n\n", escape_line(note));
    }
    match &section.body {
        Body::List(lines) => lines.iter().for_each(|line| {
            let _ = writeln!(text, "- {}", escape_line(line));
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

/// The same where a line begins with it.
pub(crate) fn escape_line(text: &str) -> String {
    let escaped = escape(text);
    if escaped.starts_with(LEADING) { format!("\\{escaped}") } else { escaped }
}

/// One line of text that is only text: no mark-up, no HTML, no further line.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in crate::words::one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            c if SPECIAL.contains(&c) => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (text, written) in [
            ("plain - text #3 > 2", "plain - text #3 > 2"),
            ("<b>&amp;", "&lt;b>&amp;amp;"),
            ("![x](y)", "!\\[x\\](y)"),
            ("a|b\\|c", "a\\|b\\\\\\|c"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(escape(text), written);
        }
        assert_eq!(escape_line("# heading"), "\\# heading");
        assert_eq!(escape_line("- item"), "\\- item");
    }
}
