//! The JSON Schemas, against the parser: what it takes they take, and what it refuses for a key or
//! a type they refuse.

use std::collections::BTreeSet;
use std::path::Path;

use crate::broken::{corpus, said};
use crate::common::{POLICY, ROSTER, edited};
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

/// An unknown key in each kind of mapping, and where the schema lists the known ones.
const MAPPINGS: [(bool, &str, &str, &str); 22] = [
    (true, "version: 1\n", "version: 1\nnone-such-key: 1\n", "/properties"),
    (true, "name: SEV-2}", "name: SEV-2, none-such-key: 1}", "/properties/severities/items/properties"),
    (
        true,
        "support: {name",
        "support: {none-such-key: 1, name",
        "/properties/services/additionalProperties/properties",
    ),
    (true, "vague: {", "vague: {none-such-key: 1, ", "/properties/metrics/additionalProperties/properties"),
    (true, "  - id: slow\n", "  - id: slow\n    none-such-key: 1\n", "/properties/triggers/items/properties"),
    (true, "count: {", "count: {none-such-key: 1, ", "/properties/triggers/items/properties/count/properties"),
    (true, "raise: {class: latency", "raise: {none-such-key: 1, class: latency", "/$defs/raise/properties"),
    (
        true,
        "customers: {surface",
        "customers: {none-such-key: 1, surface",
        "/properties/audiences/additionalProperties/properties",
    ),
    (true, "    acknowledge: 20m", "    none-such-key: 1\n    acknowledge: 20m", "/$defs/targets/properties"),
    (true, "{first: 60m", "{none-such-key: 1, first: 60m", "/$defs/window/anyOf/2/properties"),
    (true, "{within: 5", "{none-such-key: 1, within: 5", "/$defs/target/anyOf/1/properties"),
    (
        true,
        "latency: {resolve",
        "latency: {none-such-key: 1, resolve",
        "/properties/classes/additionalProperties/properties",
    ),
    (true, "roles:\n", "roles:\n  none-such-key: {}\n", "/$defs/roles/properties"),
    (true, "commander: {", "commander: {none-such-key: 1, ", "/$defs/role_rule/properties"),
    (
        true,
        "{page: schedule",
        "{none-such-key: 1, page: schedule",
        "/properties/escalation/additionalProperties/items/properties",
    ),
    (true, "review: {every", "review: {none-such-key: 1, every", "/properties/review/properties"),
    (false, "fallback: [ben]", "fallback: [ben]\nnone-such-key: 1", "/properties"),
    (false, "ana: {name", "ana: {none-such-key: 1, name", "/properties/people/additionalProperties/properties"),
    (
        false,
        "    layers: [{",
        "    none-such-key: 1\n    layers: [{",
        "/properties/schedules/additionalProperties/properties",
    ),
    (
        false,
        "layers: [{",
        "layers: [{none-such-key: 1, ",
        "/properties/schedules/additionalProperties/properties/layers/items/properties",
    ),
    (
        false,
        "rotation: {",
        "rotation: {none-such-key: 1, ",
        "/properties/schedules/additionalProperties/properties/layers/items/properties/rotation/properties",
    ),
    (false, "office: {", "office: {none-such-key: 1, ", "/properties/calendars/additionalProperties/properties"),
];

#[test]
fn the_schemas_know_the_keys_that_the_parser_knows() {
    for (in_policy, from, to, pointer) in MAPPINGS {
        let schema = if in_policy { policy::schema::POLICY } else { policy::schema::ROSTER };
        let schema: Value = serde_json::from_str(schema).unwrap();
        let listed = schema.pointer(pointer).and_then(Value::as_object).expect(pointer);
        let listed: BTreeSet<&str> = listed.keys().map(String::as_str).collect();
        let said = match in_policy {
            true => said(&edited(POLICY, from, to), ROSTER),
            false => said(POLICY, &edited(ROSTER, from, to)),
        };
        let known = said.split_once("    help: the keys here are ").and_then(|(_, rest)| rest.lines().next());
        let known: BTreeSet<&str> = known.unwrap_or_else(|| panic!("{to}: {said}")).split(", ").collect();
        assert_eq!(listed, known, "{pointer}");
    }
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
