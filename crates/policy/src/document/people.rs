//! People and their contacts.

use std::collections::BTreeMap;

use super::reader::{Fields, Kind, Reader, first_line};
use super::tree::{Entry, Node, Value};
use crate::model::{Contact, Person};

/// Ways to reach people that need no entry under `channels`.
pub(crate) const BUILT_IN_CHANNELS: &[&str] = &["email", "inbox"];

/// The word that stands for the roster's fallback where a person is expected.
const FALLBACK: &str = "fallback";

pub(super) fn people(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> BTreeMap<String, Person> {
    let mut people = BTreeMap::new();
    let node = fields.require(reader, "people");
    for Entry { key, key_span, node } in reader.named(node, "`people`") {
        if key == FALLBACK {
            let hint = Some("it stands for the fallback list; give the person another id".to_owned());
            reader.error(&problem::POLICY_VALUE, key_span, "nobody can have the id `fallback`", hint);
            continue;
        }
        reader.define(format!("people/{key}"), key_span);
        people.extend(person(reader, key, node).map(|person| (key.clone(), person)));
    }
    people
}

fn person(reader: &mut Reader<'_>, id: &str, node: &Node) -> Option<Person> {
    let mut fields = reader.fields(node, "a person")?;
    let name = reader.optional_text(fields.get("name"), "`name`").unwrap_or_else(|| id.to_owned());
    let mut contacts = Vec::new();
    for item in reader.list(fields.get("contacts"), "`contacts`") {
        contacts.extend(contact(reader, id, item));
    }
    reader.finish(fields);
    Some(Person { name, contacts })
}

/// `{email: ana@example.com}`, `{webhook: pager, to: ana}`, `{inbox: ana}`, `{pager: ana}`.
fn contact(reader: &mut Reader<'_>, person: &str, node: &Node) -> Option<Contact> {
    let Value::Map(entries) = &node.value else {
        reader.fields(node, "a contact");
        return None;
    };
    let mut ways = entries.iter().filter(|entry| entry.key != "to");
    let (Some(way), None) = (ways.next(), ways.next()) else {
        let hint = Some("such as {email: ana@example.com} or {webhook: pager, to: ana}".to_owned());
        let span = first_line(reader.source.text, &node.span);
        reader.error(&problem::POLICY_VALUE, &span, "a contact names one channel", hint);
        return None;
    };
    let to = entries.iter().find(|entry| entry.key == "to");
    let address = reader.text(&way.node, "a contact")?;
    let to_text = to.and_then(|to| reader.text(&to.node, "`to`"));
    if way.key == "webhook" {
        reader.refer(Kind::Channel, address.to_owned(), way.node.span.clone());
        return Some(Contact { channel: address.to_owned(), to: to_text.unwrap_or(person).to_owned() });
    }
    if let Some(to) = to {
        let message = format!("the address stands after `{}` already", way.key);
        reader.error(&problem::POLICY_UNKNOWN_KEY, &to.key_span, message, Some("remove `to`".to_owned()));
    }
    if way.key == "email" && !is_email(address) {
        reader.bad_value(&way.node, format!("`{address}` is not an e-mail address"));
    }
    reader.refer(Kind::Channel, way.key.clone(), way.key_span.clone());
    Some(Contact { channel: way.key.clone(), to: address.to_owned() })
}

/// Enough to catch slips; only a message proves an address.
pub(super) fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace)
}
