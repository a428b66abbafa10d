//! Diagnostics for other programs: SARIF for code scanning, workflow commands for GitHub Actions.
//!
//! It only shows; what is wrong was decided before.

use std::collections::BTreeMap;
use std::ops::Range;

use problem::Code;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Level, Source};
use crate::render::line_and_column;

/// Where SARIF's schema is published.
const SARIF_SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// SARIF 2.1.0: one run, one rule for each code met, one result for each diagnostic. Columns count
/// characters.
pub fn to_sarif(diagnostics: &[Diagnostic], sources: &[Source<'_>]) -> Value {
    let codes: BTreeMap<&str, &Code> = diagnostics.iter().map(|found| (found.code.id, found.code)).collect();
    let rules: Vec<Value> = codes.values().map(|code| rule(code)).collect();
    let results: Vec<Value> = diagnostics.iter().map(|found| result(found, sources)).collect();
    json!({
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "watchbell check", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.cause},
        "help": {"text": format!("{} See docs/errors/{}.md.", code.remedy, code.id)},
    })
}

fn result(found: &Diagnostic, sources: &[Source<'_>]) -> Value {
    let text = match &found.hint {
        Some(hint) => format!("{}. Help: {hint}", found.message),
        None => found.message.clone(),
    };
    json!({
        "ruleId": found.code.id,
        "level": found.severity.word(),
        "message": {"text": text},
        "locations": [location(found, found.span.as_ref(), sources)],
        "relatedLocations": found.related.iter().map(|label| {
            let mut location = location(found, Some(&label.span), sources);
            location["message"] = json!({"text": label.text});
            location
        }).collect::<Vec<_>>(),
    })
}

fn location(found: &Diagnostic, span: Option<&Range<usize>>, sources: &[Source<'_>]) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&found.file)}});
    if let Some([start, end]) = place(found, span, sources) {
        physical["region"] =
            json!({"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1});
    }
    json!({"physicalLocation": physical})
}

/// Start and end, as line and column from 1.
fn place(found: &Diagnostic, span: Option<&Range<usize>>, sources: &[Source<'_>]) -> Option<[(usize, usize); 2]> {
    let source = sources.iter().find(|source| source.name == found.file)?;
    span.map(|span| [span.start, span.end].map(|at| line_and_column(source.text, at)))
}

/// A path as a relative reference: whatever a URI gives a meaning to is written in percent.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// GitHub's workflow commands: one line for each diagnostic, shown beside the line that it is about.
pub fn to_github(diagnostics: &[Diagnostic], sources: &[Source<'_>]) -> String {
    let one = |found: &Diagnostic| {
        let command = match found.severity {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut properties = format!("file={}", property(found.file.trim_start_matches("./")));
        if let Some([(line, column), (end_line, end_column)]) = place(found, found.span.as_ref(), sources) {
            properties += &format!(",line={line},endLine={end_line},col={column}");
            // Shown only for a place on one line.
            if line == end_line {
                properties += &format!(",endColumn={end_column}");
            }
        }
        let hint = found.hint.as_ref().map(|hint| format!("\nHelp: {hint}")).unwrap_or_default();
        let text = data(&format!("{}{hint}", found.message));
        format!("::{command} {properties},title={}::{text}\n", property(found.code.id))
    };
    diagnostics.iter().map(one).collect()
}

/// A message, so that no part of it can be taken for another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, which ends at a colon or comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
