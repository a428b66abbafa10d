//! Who does what: role rules, parties, escalation steps.

use std::collections::BTreeMap;

use ::calendar::Duration;

use super::reader::{Fields, Kind, Reader};
use super::tree::{Entry, Node};
use super::value;
use crate::model::{Party, Role, RoleRule, Step};

/// The escalation that every policy has.
const DEFAULT_ESCALATION: &str = "default";

/// How long a step waits where it does not say.
const DEFAULT_WAIT: Duration = Duration::from_mins(10);

/// Most steps of one escalation: a chain that long takes hours.
const MAX_STEPS: usize = 20;

/// The role rules of a mapping from roles.
pub(super) fn rules(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<Role, RoleRule> {
    let mut rules = BTreeMap::new();
    let Some(mut fields) = node.and_then(|node| reader.fields(node, "`roles`")) else { return rules };
    for role in Role::ALL {
        let rule = fields.get(role.word()).and_then(|node| rule(reader, node));
        rules.extend(rule.map(|rule| (role, rule)));
    }
    reader.finish(fields);
    rules
}

fn rule(reader: &mut Reader<'_>, node: &Node) -> Option<RoleRule> {
    let mut fields = reader.fields(node, "a role")?;
    let owner = fields.get("owner").map(|node| parties(reader, node)).unwrap_or_default();
    let backup = fields.get("backup").map(|node| parties(reader, node)).unwrap_or_default();
    let not = fields.get("not").and_then(|node| role(reader, node, "`not`"));
    reader.finish(fields);
    Some(RoleRule { owner, backup, not })
}

/// A role's name.
pub(super) fn role(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Role> {
    reader.word(node, what, &Role::ALL.map(|role| (role.word(), role)))
}

/// `ana`, `schedule/ai-oncall`, `fallback`, or a list of them.
fn parties(reader: &mut Reader<'_>, node: &Node) -> Vec<Party> {
    let mut parties = Vec::new();
    for item in reader.one_or_many(node) {
        let Some(text) = reader.text(item, "a person or schedule") else { continue };
        let span = item.span.clone();
        parties.push(match text.split_once('/') {
            None if text == "fallback" => Party::Fallback,
            None => {
                reader.refer(Kind::Person, text.to_owned(), span);
                Party::Person(text.to_owned())
            }
            Some(("schedule", name)) => {
                reader.refer(Kind::Schedule, name.to_owned(), span);
                Party::Schedule(name.to_owned())
            }
            Some(_) => {
                let hint = "write a person's id, schedule/<id>, or fallback";
                reader.bad_value(item, format!("`{text}` is neither a person nor a schedule; {hint}"));
                continue;
            }
        });
    }
    parties
}

/// All escalations; `default` must be among them.
pub(super) fn escalations(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> BTreeMap<String, Vec<Step>> {
    let mut escalations = BTreeMap::new();
    let node = fields.require(reader, "escalation");
    for Entry { key, key_span, node } in reader.named(node, "`escalation`") {
        reader.define(format!("escalation/{key}"), key_span);
        escalations.insert(key.clone(), steps(reader, key, node));
    }
    if let Some(node) = node.filter(|_| !escalations.contains_key(DEFAULT_ESCALATION)) {
        let span = super::reader::first_line(reader.source.text, &node.span);
        let hint = Some("it pages for every class that names no other".to_owned());
        reader.error(&problem::POLICY_MISSING_KEY, &span, "`escalation` lacks `default`", hint);
    }
    escalations
}

fn steps(reader: &mut Reader<'_>, escalation: &str, node: &Node) -> Vec<Step> {
    let mut steps = Vec::new();
    for (index, item) in reader.list(Some(node), "an escalation").iter().enumerate() {
        if index == MAX_STEPS {
            let message = format!("an escalation has at most {MAX_STEPS} steps");
            reader.error(&problem::POLICY_LIMIT, &item.span, message, None);
            break;
        }
        reader.define(format!("escalation/{escalation}/{index}"), &item.span);
        steps.extend(step(reader, item));
    }
    steps
}

fn step(reader: &mut Reader<'_>, node: &Node) -> Option<Step> {
    let mut fields = reader.fields(node, "a step")?;
    let page = fields.require(reader, "page").map(|node| parties(reader, node));
    let wait = fields.get("wait").map_or(Some(DEFAULT_WAIT), |node| reader.parsed(node, "`wait`", value::duration));
    let repeat = fields.get("repeat");
    let repeat = repeat.and_then(|node| reader.word(node, "`repeat`", &[("until acknowledged", true)]));
    reader.finish(fields);
    Some(Step { page: page?, wait: wait?, repeat_until_acknowledged: repeat.unwrap_or(false) })
}
