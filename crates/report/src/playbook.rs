//! Playbooks as checklists: to read, to print, to tick off on paper, to fill in a spreadsheet.
//!
//! What is done of one in an incident is the incident's and stands on its page.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use policy::playbook::{Playbook, Playbooks, Sheet, Step};

use crate::markdown::{escape, escape_line};
use crate::{csv, words};

/// Columns of the steps; those after `Evidence to keep` are filled in by hand.
const HEAD: [&str; 10] =
    ["#", "Step", "Role", "Within", "Why", "Evidence to keep", "Owner", "Due at", "Done at, by", "Note"];

/// The print style of a page that stands alone: one column, boxes to tick, no step torn apart.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
ol.checklist{list-style:none;padding:0}\
ol.checklist>li{display:grid;grid-template-columns:1.6rem 1fr;padding:.6rem 0;border-top:1px solid #9996}\
ol.checklist>li::before{content:'\\2610';font-size:1.15rem;line-height:1.3}\
ol.checklist p{margin:0;grid-column:2}\
.dim{font-size:.875rem;opacity:.75}\
dt{font-weight:600}dd{margin:0 0 .4rem}\
.table{overflow-x:auto}table{border-collapse:collapse;font-size:.8rem}\
th,td{border:1px solid #999;padding:.3rem .4rem;text-align:left;vertical-align:top;min-width:3rem}\
.visually-hidden{position:absolute;clip-path:inset(50%)}\
@media print{@page{margin:14mm}body{font-size:10.5pt;margin:0;max-width:none;padding:0}\
ol.checklist>li,tr{break-inside:avoid}h2{break-after:avoid}.dim{opacity:1}table{font-size:7.5pt;width:100%}th,td{min-width:0}}";

/// Who does a step, and by when.
pub fn duty(step: &Step) -> String {
    format!("{}, within {}", step.role, words::length(step.within))
}

/// The whole playbook with boxes to tick. `others` names related ones.
pub fn markdown(playbook: &Playbook, others: &Playbooks) -> String {
    let mut text = format!("# {}\n\n{}\n", escape(&playbook.title), escape_line(&playbook.summary));
    if !playbook.when.is_empty() {
        text += "\n## When\n\n";
        playbook.when.iter().for_each(|line| writes(&mut text, &format!("- {}", escape_line(line))));
    }
    text += "\n## Steps\n\n";
    for (no, step) in (1..).zip(&playbook.steps) {
        writes(&mut text, &format!("- [ ] **{no}.** {} *({})*", escape(&step.text), duty(step)));
        let more = [("Why", &step.why), ("Keep", &step.evidence)];
        for (word, said) in more.into_iter().filter_map(|(word, said)| Some((word, said.as_ref()?))) {
            writes(&mut text, &format!("  - {word}: {}", escape(said)));
        }
    }
    if let Some(sheet) = &playbook.sheet {
        text += &sheet_markdown(sheet);
    }
    if !playbook.related.is_empty() {
        text += "\n## Related\n\n";
        related(playbook, others).for_each(|(_, title)| writes(&mut text, &format!("- {}", escape_line(title))));
    }
    if playbook.maps.lists().next().is_some() {
        text += "\n## In well-known lists\n\n";
        for (list, ids) in playbook.maps.lists() {
            writes(&mut text, &format!("- {list}: {}", escape(&ids.join("; "))));
        }
    }
    text
}

fn writes(text: &mut String, line: &str) {
    // Writing to a String never fails.
    let _ = writeln!(text, "{line}");
}

/// The sheet alone, ready to be filled in.
pub fn sheet_markdown(sheet: &Sheet) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("\n## {}\n\n", escape(&sheet.title));
    if !sheet.note.is_empty() {
        text += &format!("{}\n\n", escape_line(&sheet.note));
    }
    text += &row(&sheet.columns);
    text += &format!("|{}\n", " --- |".repeat(sheet.columns.len()));
    sheet.rows.iter().for_each(|cells| text += &row(cells));
    text
}

/// The steps, one a row, with columns to fill in.
pub fn csv(playbook: &Playbook) -> String {
    let row = |(no, step): (u32, &Step)| {
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let planned = [no.to_string(), step.text.clone(), step.role.to_string(), words::length(step.within)];
        let [no, text, role, within] = planned;
        let (why, evidence) = (said(&step.why), said(&step.evidence));
        let empty = String::new;
        [no, text, role, within, why, evidence, empty(), empty(), empty(), empty()]
    };
    csv::render(HEAD, (1..).zip(&playbook.steps).map(row))
}

/// The sheet alone, ready to be filled in.
pub fn sheet_csv(sheet: &Sheet) -> String {
    csv::rows(std::iter::once(&sheet.columns).chain(&sheet.rows))
}

/// The whole playbook, indented.
pub fn json(playbook: &Playbook) -> String {
    serde_json::to_string_pretty(playbook).expect("strings and numbers always encode") + "\n"
}

/// Related playbooks that exist: id and title.
pub fn related<'p>(playbook: &'p Playbook, others: &'p Playbooks) -> impl Iterator<Item = (&'p str, &'p str)> {
    let known = playbook.related.iter().filter_map(|id| others.get(id));
    known.map(|other| (other.id.as_str(), other.title.as_str()))
}

/// The steps as a list for a page.
pub fn steps(playbook: &Playbook) -> Markup {
    html! {
        ol.checklist {
            @for step in &playbook.steps {
                li {
                    p { strong { (step.text) } }
                    p.dim { (duty(step)) }
                    @if let Some(why) = &step.why { p { "Why: " (why) } }
                    @if let Some(evidence) = &step.evidence { p { "Keep: " (evidence) } }
                }
            }
        }
    }
}

/// The sheet as a table for a page.
pub fn sheet(sheet: &Sheet) -> Markup {
    html! {
        @if !sheet.note.is_empty() { p.dim { (sheet.note) } }
        div.table tabindex="0" role="region" aria-label=(sheet.title) {
            table {
                caption.visually-hidden { (sheet.title) }
                thead { tr { @for column in &sheet.columns { th scope="col" { (column) } } } }
                tbody { @for row in &sheet.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}

/// A page that stands alone and prints well.
pub fn page(playbook: &Playbook, others: &Playbooks) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (playbook.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (playbook.title) }
                p { (playbook.summary) }
                @if !playbook.when.is_empty() { h2 { "When" } ul { @for line in &playbook.when { li { (line) } } } }
                h2 { "Steps" }
                (steps(playbook))
                @if let Some(table) = &playbook.sheet { h2 { (table.title) } (sheet(table)) }
                @if !playbook.related.is_empty() {
                    h2 { "Related" }
                    ul { @for (_, title) in related(playbook, others) { li { (title) } } }
                }
                @if playbook.maps.lists().next().is_some() {
                    h2 { "In well-known lists" }
                    dl { @for (list, ids) in playbook.maps.lists() { dt { (list) } dd { (ids.join("; ")) } } }
                }
            }
        }
    };
    page.into_string() + "\n"
}
