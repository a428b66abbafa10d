//! People, their contacts, and the channels that lead to them.

use std::collections::BTreeMap;

use super::reader::{Fields, Kind, Reader, first_line};
use super::tree::{Entry, Node, Value};
use crate::model::{Channel, Contact, FromEnv, Person};

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
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace)
}

pub(super) fn channels(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Channel> {
    let mut channels = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`channels`") {
        if BUILT_IN_CHANNELS.contains(&key.as_str()) {
            let hint = Some("rename the channel".to_owned());
            reader.error(&problem::POLICY_DUPLICATE, key_span, format!("the channel `{key}` is built in"), hint);
            continue;
        }
        reader.define(format!("channels/{key}"), key_span);
        channels.extend(channel(reader, node).map(|channel| (key.clone(), channel)));
    }
    channels
}

fn channel(reader: &mut Reader<'_>, node: &Node) -> Option<Channel> {
    let mut fields = reader.fields(node, "a channel")?;
    let kind = fields.require(reader, "type").and_then(|node| reader.word(node, "`type`", &[("webhook", ())]));
    let url = url(reader, node, &mut fields);
    let secret_env = fields.get("secret_env").and_then(|node| variable(reader, node, "`secret_env`"));
    let allow_internal = reader.flag(fields.get("allow_internal"), "`allow_internal`").unwrap_or(false);
    reader.finish(fields);
    kind?;
    Some(Channel::Webhook { url: url?, secret_env, allow_internal })
}

fn url(reader: &mut Reader<'_>, node: &Node, fields: &mut Fields<'_>) -> Option<FromEnv> {
    match (fields.get("url"), fields.get("url_env")) {
        (Some(url), None) => {
            let text = reader.text(url, "`url`")?;
            if !text.starts_with("https://") && !text.starts_with("http://") {
                reader.bad_value(url, "`url` must start with https:// or http://".to_owned());
            }
            Some(FromEnv::Value(text.to_owned()))
        }
        (None, Some(url)) => variable(reader, url, "`url_env`").map(FromEnv::Variable),
        _ => {
            let message = "a webhook needs one of `url` and `url_env`";
            let span = first_line(reader.source.text, &node.span);
            reader.error(&problem::POLICY_MISSING_KEY, &span, message, Some("add `url_env: PAGER_URL`".to_owned()));
            None
        }
    }
}

/// The name of an environment variable.
fn variable(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    reader.parsed(node, what, |text| {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match !text.is_empty() && text.chars().all(name) && !text.starts_with(|c: char| c.is_ascii_digit()) {
            true => Ok(text.to_owned()),
            // Not repeated: it might be the secret itself.
            false => Err("this is not the name of an environment variable; secrets do not belong here".to_owned()),
        }
    })
}
