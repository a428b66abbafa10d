//! House rules that a compiler does not know, as tests. Small on purpose: a rule that needs
//! judgement belongs to review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo;
use crate::codegen::crate_graph;

/// Beyond it a file holds more than one thing.
const MAX_LINES: usize = 600;

/// Our crates from the ground up: each may use those before it, never those after it.
const LAYERS: [&str; 14] = [
    "watchbell-problem",
    "watchbell-calendar",
    "watchbell-policy",
    "watchbell-core",
    "watchbell-lab",
    "watchbell-report",
    "watchbell-journal",
    "watchbell-intake",
    "watchbell-channel",
    "watchbell-engine",
    "watchbell-sim",
    "watchbell-web",
    "watchbell",
    "xtask",
];

/// What a pure crate must not name: clocks, files, sockets, threads, chance.
const IMPURE_WORDS: [&str; 14] = [
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "std::time",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "tokio",
    "rand::",
    "getrandom",
];

/// What a pure crate must not use, however indirectly.
const IMPURE_PACKAGES: [&str; 8] =
    ["tokio", "mio", "getrandom", "rand", "reqwest", "rusqlite", "axum", "tracing-subscriber"];

/// Every Rust file of ours with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&cargo::root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "only {} source files were found", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path.strip_prefix(cargo::root()).unwrap().to_owned(), text));
        }
    }
}

/// The text up to the unit tests at a file's end, without comments.
fn code(text: &str) -> String {
    let until_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = until_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<&str>>().join("\n")
}

fn none(offenders: Vec<String>, rule: &str) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    none(silent.map(|(path, _)| path.display().to_string()).collect(), "these files do not open with `//!`");
}

#[test]
fn no_file_is_too_long() {
    let long = sources().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long = long.filter(|(_, lines)| *lines > MAX_LINES);
    let long = long.map(|(path, lines)| format!("{} ({lines} lines)", path.display()));
    none(long.collect(), "files hold at most 600 lines");
}

#[test]
fn pure_crates_name_no_clock_no_file_no_socket_no_chance() {
    let mut offenders = Vec::new();
    for package in cargo::PURE {
        let folder = format!("crates/{}/src", package.trim_start_matches("watchbell-"));
        for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with(&folder)) {
            // Files of their own that hold tests only.
            if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
            let code = code(&text);
            let named = IMPURE_WORDS.iter().filter(|word| code.contains(**word));
            offenders.extend(named.map(|word| format!("{}: {word}", path.display())));
        }
    }
    none(offenders, "time and input are arguments of the pure crates");
}

#[test]
fn pure_crates_use_no_impure_package_however_indirectly() {
    let metadata = cargo::metadata(&[]).unwrap();
    let names: BTreeMap<&str, &str> = metadata["packages"].as_array().unwrap().iter().map(id_and_name).collect();
    let uses: BTreeMap<&str, Vec<&str>> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(built_with).collect();
    let mut offenders = Vec::new();
    for (id, name) in &names {
        if !cargo::PURE.contains(name) {
            continue;
        }
        let mut seen = BTreeSet::from([*id]);
        let mut open = vec![*id];
        while let Some(id) = open.pop() {
            open.extend(uses[id].iter().filter(|used| seen.insert(**used)));
        }
        let impure = seen.iter().map(|id| names[id]).filter(|used| IMPURE_PACKAGES.contains(used));
        offenders.extend(impure.map(|used| format!("{name} uses {used}")));
    }
    none(offenders, "the pure crates stay pure");
}

fn id_and_name(package: &Value) -> (&str, &str) {
    (package["id"].as_str().unwrap(), package["name"].as_str().unwrap())
}

/// A node of the resolved graph with what it is built with on this kind of machine.
fn built_with(node: &Value) -> (&str, Vec<&str>) {
    let built = node["deps"].as_array().unwrap().iter().filter(|dep| {
        let kinds = dep["dep_kinds"].as_array().unwrap();
        kinds.iter().any(|kind| kind["kind"].is_null() && !is_for_another_machine(&kind["target"]))
    });
    (node["id"].as_str().unwrap(), built.map(|dep| dep["pkg"].as_str().unwrap()).collect())
}

fn is_for_another_machine(target: &Value) -> bool {
    target.as_str().is_some_and(|target| target.contains("wasm") || target.contains("windows"))
}

#[test]
fn arrows_point_only_downwards() {
    let layer = |name: &str| {
        let layer = LAYERS.iter().position(|known| *known == name);
        layer.unwrap_or_else(|| panic!("{name} is a new crate: give it its place in LAYERS"))
    };
    let mut offenders = Vec::new();
    for (name, uses) in crate_graph::arrows(&cargo::metadata(&["--no-deps"]).unwrap()).unwrap() {
        let upwards = uses.iter().filter(|used| layer(used) >= layer(&name));
        offenders.extend(upwards.map(|used| format!("{name} uses {used}")));
    }
    none(offenders, "a crate uses only crates below it");
}

#[test]
fn everything_is_licensed() {
    let licence = fs::read_to_string(cargo::root().join("LICENSE")).unwrap();
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0, January 2004"), "LICENSE is another");
    let metadata = cargo::metadata(&["--no-deps"]).unwrap();
    let other = metadata["packages"].as_array().unwrap().iter().filter(|package| package["license"] != "Apache-2.0");
    none(other.map(|package| package["name"].to_string()).collect(), "packages state `license.workspace = true`");
}

#[test]
fn every_dependency_is_accounted_for() {
    let manifest = fs::read_to_string(cargo::root().join("Cargo.toml")).unwrap();
    let accounts = fs::read_to_string(cargo::root().join("docs/dependencies.md")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let lines = section.lines().filter(|line| !line.starts_with('#') && !line.contains("path = "));
    let names: BTreeSet<&str> = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim()).collect();
    assert!(names.len() > 20, "only {} dependencies were found in Cargo.toml", names.len());
    let missing = names.iter().filter(|name| !accounts.contains(&format!("| `{name}` |")));
    none(missing.map(|name| (*name).to_owned()).collect(), "each dependency has its line in docs/dependencies.md");
    let named = accounts.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name);
    let gone = named.filter(|name| !names.contains(name));
    none(gone.map(str::to_owned).collect(), "docs/dependencies.md speaks of dependencies that are gone");
}
