//! Statutory clocks that a class names, and the calendar of the authority.

use super::reader::{Fields, Kind, Reader};
use super::tree::Node;
use crate::diagnostic::Level;
use crate::statutory::{self, Start, StatutoryClock};

/// `statutory: {calendar: …}`: whose zone and public holidays count for the latest lawful instants.
pub(super) fn calendar(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let mut fields = reader.fields(fields.get("statutory")?, "`statutory`")?;
    let node = fields.require(reader, "calendar");
    let calendar = node.and_then(|node| reader.reference(node, Kind::Calendar, "`calendar`"));
    reader.finish(fields);
    calendar
}

/// `[gdpr-33-1, …]` of a class.
pub(super) fn clocks(reader: &mut Reader<'_>, node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let items = reader.one_or_many(node);
    let named: Vec<(&Node, &StatutoryClock)> =
        items.iter().filter_map(|item| Some((item, clock(reader, item)?))).collect();
    for (item, clock) in &named {
        let Some(Start::After(notice)) = &clock.starts else { continue };
        if !named.iter().any(|(_, other)| other.is_kept_by(notice)) {
            let message =
                format!("`{}` starts when the notice `{notice}` is submitted, which is not named here", clock.id);
            let hint = Some(format!("name the clocks of `{notice}` too"));
            reader.report(Level::Warning, &problem::STATUTORY_NEVER_STARTS, &item.span, message, hint);
        }
    }
    let mut ids = Vec::new();
    for (_, clock) in named {
        if !ids.contains(&clock.id) {
            ids.push(clock.id.clone());
        }
    }
    ids
}

fn clock(reader: &mut Reader<'_>, item: &Node) -> Option<&'static StatutoryClock> {
    let id = reader.text(item, "a statutory clock").filter(|id| reader.is_id(id, &item.span))?;
    let Some(clock) = statutory::find(id) else {
        let hint = statutory::did_you_mean(id).or_else(|| Some(format!("such as {}", some_ids())));
        reader.error(&problem::UNKNOWN_STATUTORY, &item.span, format!("there is no statutory clock `{id}`"), hint);
        return None;
    };
    if let Some(reason) = &clock.disabled {
        let hint = Some(format!("leave it out; it stands for {}", clock.regime));
        let message = format!("the statutory clock `{id}` cannot be used: {reason}");
        reader.error(&problem::STATUTORY_DISABLED, &item.span, message, hint);
        return None;
    }
    Some(clock)
}

/// A few that can be named.
fn some_ids() -> String {
    const MAX_SHOWN: usize = 8;
    let usable = statutory::all().iter().filter(|clock| clock.disabled.is_none());
    usable.map(|clock| clock.id.as_str()).take(MAX_SHOWN).collect::<Vec<_>>().join(", ")
}
