//! A corpus of broken documents: `broken/policy` with a good roster, `broken/roster` with a good policy.
//!
//! Each is a whole file with mistakes that people make. What is said about it, and where, stands
//! beside it: one line for each diagnostic with line, column, level, code, message and hint.

use std::path::{Path, PathBuf};

use crate::common::{POLICY, ROSTER, loaded};
use expect_test::expect_file;
use policy::{Level, Source, to_json};

/// Fewest documents of the corpus; it only grows.
const MIN_DOCUMENTS: usize = 60;

pub(crate) fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/broken").join(folder);
    let files =
        std::fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("a file of it").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

/// One line for each diagnostic.
pub(crate) fn said(policy: &str, roster: &str) -> String {
    let sources = [Source { name: "policy.yaml", text: policy }, Source { name: "roster.yaml", text: roster }];
    let (loaded, _) = loaded(policy, roster);
    let json = to_json(&loaded.diagnostics, &sources);
    let diagnostics = json.as_array().expect("an array, as documented");
    let mut text = String::new();
    for one in diagnostics {
        let word = |key: &str| one[key].as_str().unwrap_or("-");
        let place = match (one["line"].as_u64(), one["column"].as_u64()) {
            (Some(line), Some(column)) => format!("{line}:{column}"),
            _ => "-".to_owned(),
        };
        let head = [word("file"), &place, word("level"), word("code")].join(" ");
        text += &format!("{head}\n    {}\n", word("message"));
        text += &one["hint"].as_str().map(|hint| format!("    help: {hint}\n")).unwrap_or_default();
    }
    text
}

#[test]
fn each_broken_document_gets_its_diagnostics() {
    let (policies, rosters) = (corpus("policy"), corpus("roster"));
    assert!(policies.len() + rosters.len() >= MIN_DOCUMENTS, "{} and {}", policies.len(), rosters.len());
    let mut silent = Vec::new();
    let policies = policies.into_iter().map(|path| (path, true));
    for (path, is_policy) in policies.chain(rosters.into_iter().map(|path| (path, false))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (policy, roster) = if is_policy { (text.as_str(), ROSTER) } else { (POLICY, text.as_str()) };
        let (loaded, _) = loaded(policy, roster);
        if loaded.diagnostics.iter().all(|found| found.severity == Level::Note) {
            silent.push(path.clone());
        }
        expect_file![path.with_extension("txt")].assert_eq(&said(policy, roster));
    }
    assert!(silent.is_empty(), "nothing is said about {silent:?}");
}
