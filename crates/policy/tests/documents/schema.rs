//! The JSON Schemas, against the parser: what it takes they take, and what it refuses for a key or
//! a type they refuse.

use std::path::Path;

use crate::broken::{corpus, said};
use crate::common::{POLICY, ROSTER};
use jsonschema::Validator;
use serde_json::Value;

/// Codes of problems that need no more than the document itself to be seen.
const SHAPE: [&str; 3] = ["policy-unknown-key", "policy-missing-key", "policy-type"];

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

/// The document as editors see it; `None` if it is not YAML.
fn value(text: &str) -> Option<Value> {
    serde_saphyr::from_str(text).ok()
}

/// What the schema says against a document.
fn against(validator: &Validator, text: &str) -> Vec<String> {
    let document = value(text).expect("YAML");
    validator.iter_errors(&document).map(|error| format!("{} {error}", error.instance_path())).collect()
}

#[test]
fn every_document_of_the_repository_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (policy, roster) = (validator(policy::schema::POLICY), validator(policy::schema::ROSTER));
    for path in [
        "crates/policy/starter/policy.yaml",
        "crates/policy/tests/documents/pairs/policy.yaml",
        "crates/engine/tests/it/support/policy.yaml",
        "crates/lab/tests/it/snapshots/generated-policy.yaml",
        "crates/core/tests/it/support/airline.yaml",
        "xtask/src/e2e/night/policy.yaml",
    ] {
        assert_eq!(against(&policy, &read(path)), Vec::<String>::new(), "{path}");
    }
    for path in [
        "crates/policy/starter/roster.yaml",
        "crates/policy/tests/documents/pairs/roster.yaml",
        "crates/engine/tests/it/support/roster.yaml",
        "crates/lab/tests/it/snapshots/generated-roster.yaml",
        "crates/sim/src/documents/roster.yaml",
        "crates/watchbell/demo/roster.yaml",
        "crates/core/tests/it/support/roster.yaml",
    ] {
        assert_eq!(against(&roster, &read(path)), Vec::<String>::new(), "{path}");
    }
    assert_eq!(against(&policy, POLICY), Vec::<String>::new());
    assert_eq!(against(&roster, ROSTER), Vec::<String>::new());
}

#[test]
fn every_playbook_of_the_program_is_valid_in_a_policy() {
    let validator = validator(policy::schema::POLICY);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut document = value(POLICY).unwrap();
        document["playbooks"]["own"] = value(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_schema_offers_every_check_that_can_be_ignored() {
    let schema: Value = serde_json::from_str(policy::schema::POLICY).unwrap();
    let offered = &schema["properties"]["ignore"]["items"]["properties"]["check"]["enum"];
    let lints: Vec<&str> = policy::LINTS.iter().map(|lint| lint.id).collect();
    assert_eq!(offered, &serde_json::json!(lints));
}

#[test]
fn a_wrong_key_or_type_is_refused_by_the_schema_too() {
    let mut refused = 0;
    for (folder, schema) in [("policy", policy::schema::POLICY), ("roster", policy::schema::ROSTER)] {
        let validator = validator(schema);
        for path in corpus(folder) {
            let text = std::fs::read_to_string(&path).unwrap();
            let (policy, roster) = if folder == "policy" { (text.as_str(), ROSTER) } else { (POLICY, text.as_str()) };
            let file = format!("{folder}.yaml ");
            let said = said(policy, roster);
            let by_shape = said.lines().filter(|line| line.starts_with(&file));
            if !by_shape.into_iter().any(|line| SHAPE.iter().any(|code| line.ends_with(code))) {
                continue;
            }
            // What is not YAML no schema ever sees.
            let Some(document) = value(&text) else { continue };
            assert!(!validator.is_valid(&document), "the schema takes {}", path.display());
            refused += 1;
        }
    }
    assert!(refused >= 20, "only {refused}");
}
