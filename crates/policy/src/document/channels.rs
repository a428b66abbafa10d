//! The channels that lead to people: webhooks, mail servers, chats.

use std::collections::BTreeMap;

use super::reader::{Fields, Reader, first_line};
use super::tree::{Entry, Node};
use crate::lookup::INBOX;
use crate::model::{Channel, FromEnv, MailSecurity, MailServer};

/// Name of the channel of contacts written `{email: …}`.
const EMAIL: &str = "email";

pub(super) fn channels(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Channel> {
    let mut channels = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`channels`") {
        if key == INBOX {
            let hint = Some("rename the channel".to_owned());
            reader.error(&problem::POLICY_DUPLICATE, key_span, format!("the channel `{key}` is built in"), hint);
            continue;
        }
        reader.define(format!("channels/{key}"), key_span);
        let channel = channel(reader, node);
        if key == EMAIL && channel.as_ref().is_some_and(|channel| !matches!(channel, Channel::Email(_))) {
            let hint = Some("contacts written {email: …} go there; give it `type: email`, or another name".to_owned());
            reader.error(&problem::POLICY_VALUE, key_span, "the channel `email` must send e-mail", hint);
        }
        channels.extend(channel.map(|channel| (key.clone(), channel)));
    }
    channels
}

/// Types of channels.
#[derive(Clone, Copy)]
enum Type {
    Webhook,
    Email,
    Slack,
}

fn channel(reader: &mut Reader<'_>, node: &Node) -> Option<Channel> {
    const TYPES: &[(&str, Type)] = &[("webhook", Type::Webhook), ("email", Type::Email), ("slack", Type::Slack)];
    let mut fields = reader.fields(node, "a channel")?;
    let kind = fields.require(reader, "type").and_then(|node| reader.word(node, "`type`", TYPES));
    let channel = match kind {
        // The rest of a channel of no known type can still be looked at: most are webhooks.
        None => webhook(reader, node, &mut fields).and(None),
        Some(Type::Webhook) => webhook(reader, node, &mut fields),
        Some(Type::Slack) => slack(reader, node, &mut fields),
        Some(Type::Email) => email(reader, &mut fields).map(Channel::Email),
    };
    reader.finish(fields);
    channel
}

fn webhook(reader: &mut Reader<'_>, node: &Node, fields: &mut Fields<'_>) -> Option<Channel> {
    let url = url(reader, node, fields);
    let secret_env = fields.get("secret_env").and_then(|node| variable(reader, node, "`secret_env`"));
    let allow_internal = reader.flag(fields.get("allow_internal"), "`allow_internal`").unwrap_or(false);
    Some(Channel::Webhook { url: url?, secret_env, allow_internal })
}

fn slack(reader: &mut Reader<'_>, node: &Node, fields: &mut Fields<'_>) -> Option<Channel> {
    let url = url(reader, node, fields);
    let allow_internal = reader.flag(fields.get("allow_internal"), "`allow_internal`").unwrap_or(false);
    Some(Channel::Slack { url: url?, allow_internal })
}

fn email(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<MailServer> {
    const SECURITY: &[(&str, MailSecurity)] =
        &[("tls", MailSecurity::Tls), ("starttls", MailSecurity::StartTls), ("none", MailSecurity::None)];
    let host = fields.require(reader, "host").and_then(|node| reader.text(node, "`host`"));
    let port = fields.get("port").and_then(|node| {
        reader.parsed(node, "`port`", |text| text.parse().map_err(|_| "a port is a number up to 65535".to_owned()))
    });
    let security = fields.get("security").and_then(|node| reader.word(node, "`security`", SECURITY));
    let from = fields.require(reader, "from").and_then(|node| reader.text(node, "`from`"));
    let user = reader.optional_text(fields.get("user"), "`user`");
    let password = fields.get("password_env").and_then(|node| variable(reader, node, "`password_env`"));
    let allow_plain = reader.flag(fields.get("allow_plain"), "`allow_plain`").unwrap_or(false);
    Some(MailServer {
        host: host?.to_owned(),
        port,
        security: security.unwrap_or(MailSecurity::StartTls),
        from: from?.to_owned(),
        login: user.zip(password),
        allow_plain,
    })
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
pub(super) fn variable(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    reader.parsed(node, what, |text| {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match !text.is_empty() && text.chars().all(name) && !text.starts_with(|c: char| c.is_ascii_digit()) {
            true => Ok(text.to_owned()),
            // Not repeated: it might be the secret itself.
            false => Err("this is not the name of an environment variable; secrets do not belong here".to_owned()),
        }
    })
}
