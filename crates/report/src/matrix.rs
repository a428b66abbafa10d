//! The escalation matrix: a working brief, a table, and the same for programs.

use lab::{Check, Matrix, Readiness, Row};
use maud::Markup;

use crate::document::{Body, Cell, Document, Section, Table};
use crate::{csv, html, markdown, xlsx};

/// The columns, as people know them.
const HEAD: [&str; 8] = [
    "#",
    "Incident type",
    "Severity",
    "First response",
    "Escalation after",
    "Primary owner",
    "Executive notify",
    "Customer update window",
];

/// A working brief: what is covered, how severe it gets, and the matrix.
pub fn markdown(matrix: &Matrix) -> String {
    markdown::render(&document(matrix))
}

/// The eight columns.
pub fn csv(matrix: &Matrix) -> String {
    csv::render(HEAD, matrix.rows.iter().map(cells))
}

/// The eight columns as a spreadsheet.
pub fn xlsx(matrix: &Matrix) -> Vec<u8> {
    let rows = matrix.rows.iter().map(cells);
    xlsx::render("Escalation matrix", HEAD, rows).expect("a few short rows fit into a sheet of that fixed name")
}

/// The whole model, indented.
pub fn json(matrix: &Matrix) -> String {
    serde_json::to_string_pretty(matrix).expect("strings and numbers always encode") + "\n"
}

/// The matrix alone, as a table for a page.
pub fn html(matrix: &Matrix) -> Markup {
    html::table("Escalation matrix", &table(matrix))
}

/// The whole brief, for a page of its own.
pub fn html_brief(matrix: &Matrix) -> Markup {
    html::render(&document(matrix))
}

fn document(matrix: &Matrix) -> Document {
    let Readiness { tier, checks } = &matrix.summary.readiness;
    let scope = &matrix.scope;
    let list = |words: &[String]| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    let lines = vec![
        format!("Services: {}", list(&scope.services)),
        format!("On call: {}", list(&scope.on_call)),
        format!("Review: {}", scope.review.as_deref().unwrap_or("never by policy")),
        format!("Readiness tier: {}", tier.word()),
        format!("Executive notify paths: {}", matrix.summary.executive_paths),
        format!("Policy version: {}", matrix.policy),
    ];
    let mix = matrix.summary.severities.iter().map(|count| format!("{}: {}", count.name, count.rows)).collect();
    let rule = "The tier is the highest of which every line holds, and every line of those below.";
    Document {
        title: format!("AI escalation matrix: {}", matrix.organization),
        lead: Vec::new(),
        sections: vec![
            Section::list("Scope", lines),
            Section::list("Severity mix", mix),
            Section { title: "Matrix".to_owned(), note: None, body: Body::Table(table(matrix)) },
            Section::list("Readiness", checks.iter().map(check).collect()).with_note(rule),
        ],
    }
}

fn check(check: &Check) -> String {
    format!("{}: {} ({})", check.tier.word(), check.rule, if check.holds { "yes" } else { "no" })
}

fn table(matrix: &Matrix) -> Table {
    let row = |row: &Row| {
        let [no, words @ ..] = cells(row);
        std::iter::once(Cell::Number(no)).chain(words.map(Cell::Text)).collect()
    };
    Table { head: HEAD.to_vec(), rows: matrix.rows.iter().map(row).collect() }
}

fn cells(row: &Row) -> [String; 8] {
    [
        row.no.to_string(),
        row.incident_type.clone(),
        row.severity.clone(),
        row.first_response.clone(),
        row.escalation_after.clone(),
        row.owner.clone(),
        row.executives.clone(),
        row.customers.clone(),
    ]
}
