//! Sources: declared webhooks, and where their JSON holds the parts of a signal.

use std::collections::BTreeMap;

use super::channels::variable;
use super::reader::{Reader, shortened};
use super::tree::{Entry, Node, Value};
use super::value;
use crate::mapping::{DEFAULT_PER_MINUTE, DeclaredSource, Field, Mapping, Path, Signature, UnitFields};

/// Most signals in a minute that a quota can allow: what one server may take in at all.
const MAX_PER_MINUTE: u32 = 10_000_000;

/// The header of a signature, where the policy names none: GitHub's, which many copy.
const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

/// Ways in that exist without being declared; their names are taken.
pub const BUILT_IN_SOURCES: [&str; 5] = ["native", "alertmanager", "prometheus", "grafana", "pagerduty"];

pub(super) fn sources(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, DeclaredSource> {
    let mut sources = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`sources`") {
        if BUILT_IN_SOURCES.contains(&key.as_str()) {
            let hint = Some("choose another name; built-in sources need no declaration".to_owned());
            let message = format!("`{key}` is the name of a built-in source");
            reader.error(&problem::POLICY_VALUE, key_span, message, hint);
        }
        reader.define(format!("sources/{key}"), key_span);
        if let Some(source) = source(reader, key, node) {
            sources.insert(key.clone(), source);
        }
    }
    sources
}

fn source(reader: &mut Reader<'_>, id: &str, node: &Node) -> Option<DeclaredSource> {
    let mut fields = reader.fields(node, "a source")?;
    if let Some(kind) = fields.get("kind") {
        reader.word(kind, "`kind`", &[("webhook", ())]);
    }
    let name = reader.optional_text(fields.get("name"), "`name`").unwrap_or_else(|| id.to_owned());
    let each = fields.get("each").and_then(|node| path(reader, node, "`each`"));
    let signature = fields.get("signature").map(|node| signature(reader, node));
    let per_minute = fields
        .get("per_minute")
        .and_then(|node| reader.parsed(node, "`per_minute`", |text| value::integer(text, 1..=MAX_PER_MINUTE)));
    let mapping = fields.require(reader, "mapping").and_then(|node| mapping(reader, id, each, node));
    reader.finish(fields);
    Some(DeclaredSource {
        name,
        mapping: mapping?,
        // A signature that cannot be read must not become none.
        signature: signature.map_or(Some(None), |signature| signature.map(Some))?,
        per_minute: per_minute.unwrap_or(DEFAULT_PER_MINUTE),
    })
}

fn signature(reader: &mut Reader<'_>, node: &Node) -> Option<Signature> {
    let mut fields = reader.fields(node, "`signature`")?;
    let secret = fields.require(reader, "secret_env");
    let secret_env = secret.and_then(|node| variable(reader, node, "`secret_env`"));
    let header = fields.get("header").map_or(Some(SIGNATURE_HEADER.to_owned()), |node| {
        reader.parsed(node, "`header`", |text| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            match !text.is_empty() && text.chars().all(allowed) {
                true => Ok(text.to_owned()),
                false => {
                    Err(format!("`{}` is not the name of a header; write such as {SIGNATURE_HEADER}", shortened(text)))
                }
            }
        })
    });
    reader.finish(fields);
    Some(Signature { secret_env: secret_env?, header: header? })
}

fn mapping(reader: &mut Reader<'_>, id: &str, each: Option<Path>, node: &Node) -> Option<Mapping> {
    let mut fields = reader.fields(node, "a mapping")?;
    let metric = fields.require(reader, "metric").and_then(|node| field(reader, node, "`metric`"));
    let service = fields.require(reader, "service").and_then(|node| {
        let found = field(reader, node, "`service`")?;
        reader.define(format!("sources/{id}/service"), &node.span);
        Some(found)
    });
    let mut optional = |reader: &mut Reader<'_>, key: &'static str, what: &str| {
        fields.get(key).and_then(|node| field(reader, node, what))
    };
    let of_id = optional(reader, "id", "`id`");
    let at = optional(reader, "at", "`at`");
    let value = optional(reader, "value", "`value`");
    let label = optional(reader, "label", "`label`");
    let summary = optional(reader, "summary", "`summary`");
    let link = optional(reader, "link", "`link`");
    let unit = fields.get("unit").and_then(|node| unit(reader, node));
    let mut labels = BTreeMap::new();
    for Entry { key, node, .. } in reader.named(fields.get("labels"), "`labels`") {
        labels.extend(field(reader, node, "a label").map(|field| (key.clone(), field)));
    }
    reader.finish(fields);
    let (metric, service) = (metric?, service?);
    let source = Field::Constant(id.to_owned());
    Some(Mapping { each, source, metric, service, id: of_id, at, value, label, summary, unit, link, labels })
}

fn unit(reader: &mut Reader<'_>, node: &Node) -> Option<UnitFields> {
    let mut fields = reader.fields(node, "`unit`")?;
    // A kind is nearly always one word, so that a plain text is the word itself here.
    let kind = fields.require(reader, "kind").and_then(|node| match &node.value {
        Value::Scalar(text) if !text.trim().is_empty() => Some(Field::Constant(text.clone())),
        _ => field(reader, node, "`unit.kind`"),
    });
    let id = fields.require(reader, "id").and_then(|node| field(reader, node, "`unit.id`"));
    reader.finish(fields);
    Some(UnitFields { kind: kind?, id: id? })
}

/// A path, `{path, default}`, or `{constant}`.
fn field(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Field> {
    if !matches!(node.value, Value::Map(_)) {
        return path(reader, node, what).map(|path| Field::At { path, default: None });
    }
    let mut fields = reader.fields(node, "a part of a mapping")?;
    let found = match (fields.get("path"), fields.get("constant")) {
        (Some(node), None) => {
            let default = reader.optional_text(fields.get("default"), "`default`");
            path(reader, node, what).map(|path| Field::At { path, default })
        }
        (None, Some(node)) => reader.text(node, "`constant`").and_then(|text| match text.trim() {
            "" => {
                reader.bad_value(node, format!("the constant for {what} is empty; write the text that it always has"));
                None
            }
            text => Some(Field::Constant(text.to_owned())),
        }),
        _ => {
            let message = format!("{what} needs one of `path` and `constant`");
            let hint =
                Some("write a path such as ticket.id, {path: ticket.id, default: …} or {constant: …}".to_owned());
            reader.error(&problem::POLICY_MISSING_KEY, &node.span, message, hint);
            // What is written may still be right: it is the choice that is wrong.
            return None;
        }
    };
    reader.finish(fields);
    found
}

fn path(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Path> {
    let text = reader.text(node, what)?;
    match Path::parse(text) {
        Ok(path) => Some(path),
        Err(why) => {
            let message = format!("{what}: `{}` is not a path: {why}", shortened(text));
            let hint = Some(
                "write such as ticket.id, items[0].name or labels[\"a.b\"]; a fixed text is {constant: …}".to_owned(),
            );
            reader.error(&problem::MAPPING_PATH, &node.span, message, hint);
            None
        }
    }
}
