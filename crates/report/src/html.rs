//! Documents as HTML fragments for a page: headings, lists and tables, without style or script.

use maud::{Markup, html};

use crate::document::{Body, Cell, Document, Section, Table};

/// Where the pages of incidents lie.
const INCIDENTS: &str = "/incidents/INC-";

/// The whole document below a page's own heading.
pub(crate) fn render(document: &Document) -> Markup {
    html! {
        @for line in &document.lead { p.lead { (line) } }
        @for part in &document.sections { (section(part)) }
    }
}

fn section(section: &Section) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            @if let Some(note) = &section.note { p.dim { (note) } }
            @match &section.body {
                Body::List(lines) => ul { @for line in lines { li { (line) } } },
                Body::Table(rows) => (table(&section.title, rows)),
            }
        }
    }
}

/// A table with a caption for those who do not see its heading.
pub(crate) fn table(caption: &str, table: &Table) -> Markup {
    html! {
        div.table tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.visually-hidden { (caption) }
                thead { tr { @for head in &table.head { th scope="col" { (head) } } } }
                tbody { @for row in &table.rows { tr { @for cell in row { (self::cell(cell)) } } } }
            }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    match cell {
        Cell::Text(text) => html! { td { (text) } },
        Cell::Number(number) => html! { td.num { (number) } },
        Cell::Incident(no) => html! { td { a href={ (INCIDENTS) (no) } { "INC-" (no) } } },
    }
}
