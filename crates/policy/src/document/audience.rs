//! Audiences: who hears, and where.

use std::collections::BTreeMap;

use super::people::is_email;
use super::reader::{Kind, Reader};
use super::target;
use super::tree::{Entry, Node};
use crate::model::Audience;

/// The one surface on which updates appear in public.
const STATUS_PAGE: &str = "status-page";

pub(super) fn audiences(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Audience> {
    let mut audiences = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`audiences`") {
        reader.define(format!("audiences/{key}"), key_span);
        audiences.extend(audience(reader, node).map(|audience| (key.clone(), audience)));
    }
    audiences
}

fn audience(reader: &mut Reader<'_>, node: &Node) -> Option<Audience> {
    let mut fields = reader.fields(node, "an audience")?;
    let mut channels = Vec::new();
    if let Some(node) = fields.get("channels") {
        for item in reader.one_or_many(node) {
            channels.extend(reader.reference(item, Kind::Channel, "a channel"));
        }
    }
    let surface = fields.get("surface").and_then(|node| reader.word(node, "`surface`", &[(STATUS_PAGE, STATUS_PAGE)]));
    let calendar = target::calendar(reader, fields.get("calendar"));
    let language = reader.optional_text(fields.get("language"), "`language`");
    let region = reader.optional_text(fields.get("region"), "`region`");
    let mut recipients = Vec::new();
    for item in reader.list(fields.get("recipients"), "`recipients`") {
        let Some(address) = reader.text(item, "an e-mail address") else { continue };
        if !is_email(address) {
            reader.bad_value(item, format!("`{address}` is not an e-mail address"));
        }
        recipients.push(address.to_owned());
    }
    let own_approval = reader.flag(fields.get("own_approval"), "`own_approval`");
    reader.finish(fields);
    let surface = surface.map(str::to_owned);
    Some(Audience { channels, surface, calendar, language, region, recipients, own_approval })
}
