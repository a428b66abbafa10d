//! Triggers: which signals raise what.

use std::collections::BTreeMap;
use std::ops::Range;

use calendar::Duration;

use super::reader::{Fields, Kind, Reader, first_line};
use super::tree::{Entry, Node, Value};
use super::{policy, value};
use crate::condition::Condition;
use crate::model::{Heartbeat, KeyPart, Mode, Raise, Severity, Trigger, TriggerKind};
use crate::suggest;

/// Most signals that one window counts: more belong into a rate.
const MAX_COUNT: u32 = 10_000;

/// Longest window that is counted over, in hours: a month.
const MAX_COUNT_WINDOW_HOURS: i64 = 31 * 24;

/// Words that a key part can be, apart from labels.
const KEY_PARTS: &[&str] = &["class", "service", "metric", "source"];

pub(super) fn triggers(reader: &mut Reader<'_>, node: Option<&Node>, severities: &[Severity]) -> Vec<Trigger> {
    let mut triggers: Vec<Trigger> = Vec::new();
    for item in reader.list(node, "`triggers`") {
        let Some((trigger, id_span)) = trigger(reader, item, severities) else { continue };
        let path = format!("triggers/{}", trigger.id);
        match reader.places.definitions.get(&path).cloned() {
            Some(first) => reader.duplicate(&format!("two triggers have the id `{}`", trigger.id), id_span, first),
            None => {
                reader.define(path, &id_span);
                triggers.push(trigger);
            }
        }
    }
    triggers
}

fn trigger(reader: &mut Reader<'_>, node: &Node, severities: &[Severity]) -> Option<(Trigger, Range<usize>)> {
    let mut fields = reader.fields(node, "a trigger")?;
    let id_node = fields.require(reader, "id");
    let id = id_node.and_then(|node| reader.text(node, "`id`").filter(|id| reader.is_id(id, &node.span)));
    let mode = fields.get("mode");
    let mode = mode.map_or(Some(Mode::Active), |node| self::mode(reader, node));
    let kind = kind(reader, node, &mut fields);
    let raise = fields.require(reader, "raise").and_then(|node| raise(reader, node, severities));
    reader.finish(fields);
    let id = id?.to_owned();
    Some((Trigger { id, mode: mode?, kind: kind?, raise: raise? }, id_node?.span.clone()))
}

fn kind(reader: &mut Reader<'_>, node: &Node, fields: &mut Fields<'_>) -> Option<TriggerKind> {
    match (fields.get("when"), fields.get("count"), fields.get("rate"), fields.get("absence")) {
        (Some(when), None, None, None) => condition(reader, when).map(TriggerKind::When),
        (None, Some(node), None, None) => count(reader, node),
        (None, None, Some(node), None) => rate(reader, node),
        (None, None, None, Some(node)) => absence(reader, node),
        (None, None, None, None) => {
            let message = "a trigger lacks what it looks at";
            let hint = Some("add one of `when: <condition>`, `count: {…}`, `rate: {…}` or `absence: {…}`".to_owned());
            let span = first_line(reader.source.text, &node.span);
            reader.error(&problem::POLICY_MISSING_KEY, &span, message, hint);
            None
        }
        _ => {
            let message = "a trigger looks at one thing: `when`, `count` or `rate`";
            let hint = Some("write two triggers that raise the same class".to_owned());
            let span = first_line(reader.source.text, &node.span);
            reader.error(&problem::POLICY_VALUE, &span, message, hint);
            None
        }
    }
}

/// A condition, with its errors at their places in the document.
fn condition(reader: &mut Reader<'_>, node: &Node) -> Option<Condition> {
    let text = reader.text(node, "a condition")?;
    match Condition::parse(text) {
        Ok(condition) => Some(condition),
        Err(errors) => {
            for error in errors {
                let span = place(reader.source.text, &node.span, text, &error.span);
                reader.error(error.code, &span, error.message, error.hint);
            }
            None
        }
    }
}

/// Where a part of a condition stands in the document. YAML may have changed the text (escapes,
/// folded lines): then the part is looked for, and failing that the whole value is shown.
fn place(document: &str, value: &Range<usize>, text: &str, part: &Range<usize>) -> Range<usize> {
    let written = document.get(value.clone()).unwrap_or("");
    if let Some(offset) = written.find(text) {
        let start = value.start + offset;
        return start + part.start..start + part.end;
    }
    let fragment = text.get(part.clone()).unwrap_or("");
    match written.match_indices(fragment).map(|(offset, _)| value.start + offset).collect::<Vec<_>>().as_slice() {
        [start] if !fragment.is_empty() => *start..start + fragment.len(),
        _ => first_line(document, value),
    }
}

fn count(reader: &mut Reader<'_>, node: &Node) -> Option<TriggerKind> {
    let mut fields = reader.fields(node, "`count`")?;
    let when = fields.require(reader, "when").and_then(|node| condition(reader, node));
    let distinct = fields.get("distinct");
    let distinct = distinct.map_or(Some(false), |node| reader.word(node, "`distinct`", &[("unit", true)]));
    let at_least = fields.require(reader, "at_least");
    let at_least =
        at_least.and_then(|node| reader.parsed(node, "`at_least`", |text| value::integer(text, 1..=MAX_COUNT)));
    let within = fields.require(reader, "within").and_then(|node| {
        reader.parsed(node, "`within`", |text| match value::duration(text)? {
            window if window.as_hours() > MAX_COUNT_WINDOW_HOURS => {
                Err(format!("`{text}` is too long; count over at most 31 days"))
            }
            window => Ok(window),
        })
    });
    reader.finish(fields);
    Some(TriggerKind::Count { when: when?, distinct_units: distinct?, at_least: at_least?, within: within? })
}

fn rate(reader: &mut Reader<'_>, node: &Node) -> Option<TriggerKind> {
    let mut fields = reader.fields(node, "`rate`")?;
    let metric = fields.require(reader, "metric").and_then(|node| reader.reference(node, Kind::Metric, "`metric`"));
    let tolerated = fields.require(reader, "tolerated");
    let tolerated = tolerated.and_then(|node| reader.parsed(node, "`tolerated`", value::percentage));
    let budget = fields.require(reader, "false_pages");
    let budget = budget.and_then(|node| reader.parsed(node, "`false_pages`", value::per_week));
    let mut by = Vec::new();
    if let Some(node) = fields.get("by") {
        for item in reader.one_or_many(node) {
            by.extend(reader.text(item, "`by`").map(str::to_owned));
        }
    }
    reader.finish(fields);
    Some(TriggerKind::Rate { metric: metric?, tolerated: tolerated? / 100.0, false_pages_per_week: budget?, by })
}

fn absence(reader: &mut Reader<'_>, node: &Node) -> Option<TriggerKind> {
    let mut fields = reader.fields(node, "`absence`")?;
    let metric = fields.require(reader, "metric").and_then(|node| reader.text(node, "`metric`"));
    let service = fields.require(reader, "service").and_then(|node| reader.text(node, "`service`"));
    let within = fields.require(reader, "within");
    let within = within.and_then(|node| reader.parsed(node, "`within`", value::duration));
    reader.finish(fields);
    Some(TriggerKind::Absence { metric: metric?.to_owned(), service: service?.to_owned(), within: within? })
}

/// Heartbeats, and the triggers that miss them.
pub(super) fn heartbeats(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    severities: &[Severity],
) -> (BTreeMap<String, Heartbeat>, Vec<Trigger>) {
    let (mut heartbeats, mut triggers) = (BTreeMap::new(), Vec::new());
    for Entry { key, key_span, node } in reader.named(node, "`heartbeats`") {
        let Some((heartbeat, trigger)) = heartbeat(reader, key, node, severities) else { continue };
        let path = format!("triggers/{}", trigger.id);
        match reader.places.definitions.get(&path).cloned() {
            Some(first) => reader.duplicate("a trigger has the id of this heartbeat", key_span.clone(), first),
            None => {
                reader.define(path, key_span);
                triggers.push(trigger);
            }
        }
        heartbeats.insert(key.clone(), heartbeat);
    }
    (heartbeats, triggers)
}

fn heartbeat(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node,
    severities: &[Severity],
) -> Option<(Heartbeat, Trigger)> {
    let mut fields = reader.fields(node, "a heartbeat")?;
    let every = fields.require(reader, "every").and_then(|node| reader.parsed(node, "`every`", value::duration));
    let grace = fields.get("grace");
    let grace = grace.map_or(Some(Duration::ZERO), |node| reader.parsed(node, "`grace`", value::duration));
    let service = fields.require(reader, "service").and_then(|node| reader.text(node, "`service`"));
    let mode = fields.get("mode").map_or(Some(Mode::Active), |node| mode(reader, node));
    let raise = fields.require(reader, "raise").and_then(|node| raise(reader, node, severities));
    reader.finish(fields);
    let heartbeat = Heartbeat { every: every?, grace: grace?, service: service?.to_owned() };
    let kind = TriggerKind::Absence {
        metric: Heartbeat::metric(name),
        service: heartbeat.service.clone(),
        within: heartbeat.every + heartbeat.grace,
    };
    Some((heartbeat, Trigger { id: Heartbeat::metric(name), mode: mode?, kind, raise: raise? }))
}

fn mode(reader: &mut Reader<'_>, node: &Node) -> Option<Mode> {
    reader.word(node, "`mode`", &[("active", Mode::Active), ("observe", Mode::Observe)])
}

fn raise(reader: &mut Reader<'_>, node: &Node, severities: &[Severity]) -> Option<Raise> {
    let mut fields = reader.fields(node, "`raise`")?;
    let class = fields.require(reader, "class").and_then(|node| {
        let class = reader.text(node, "`class`").filter(|class| reader.is_id(class, &node.span))?;
        reader.refer(Kind::Class, class.to_owned(), node.span.clone());
        Some(class.to_owned())
    });
    let severity = fields.require(reader, "severity").and_then(|node| {
        let name = reader.text(node, "`severity`")?;
        policy::rank(reader, name, &node.span, severities)
    });
    let key = fields.get("key").map(|node| key(reader, node));
    reader.finish(fields);
    let key = key.unwrap_or_else(|| vec![KeyPart::Class, KeyPart::Service]);
    Some(Raise { class: class?, severity: severity?, key })
}

fn key(reader: &mut Reader<'_>, node: &Node) -> Vec<KeyPart> {
    let mut parts = Vec::new();
    for item in reader.one_or_many(node) {
        let Some(text) = reader.text(item, "a part of the key") else { continue };
        parts.extend(key_part(reader, item, text));
    }
    if parts.is_empty() && !matches!(&node.value, Value::Map(_)) {
        reader.bad_value(node, "the key has no parts; leave `key` out for [class, service]".to_owned());
    }
    parts
}

fn key_part(reader: &mut Reader<'_>, node: &Node, text: &str) -> Option<KeyPart> {
    Some(match text {
        "class" => KeyPart::Class,
        "service" => KeyPart::Service,
        "metric" => KeyPart::Metric,
        "source" => KeyPart::Source,
        _ => {
            let label = text.strip_prefix("labels.");
            let near = label.is_none().then(|| suggest::nearest(text, KEY_PARTS.iter().copied())).flatten();
            if let Some(near) = near {
                let hint = format!("did you mean `{near}`? A label of that name is written labels.{text}");
                reader.bad_value(node, format!("`{text}` is not a part of a key; {hint}"));
                return None;
            }
            KeyPart::Label(label.unwrap_or(text).to_owned())
        }
    })
}
