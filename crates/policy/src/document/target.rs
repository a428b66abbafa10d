//! Targets: what is promised for each clock, and when each audience hears.

use std::collections::BTreeMap;

use super::reader::{Fields, Kind, Reader, first_line};
use super::tree::{Entry, Node, Value};
use super::{policy, role, value};
use crate::lookup::ALWAYS;
use crate::model::{Audience, Milestone, Precondition, Rank, Severity, Target, Targets, Window};

const MILESTONES: &[(&str, Milestone)] = &[
    ("acknowledged", Milestone::Acknowledged),
    ("contained", Milestone::Contained),
    ("mitigated", Milestone::Mitigated),
    ("validated", Milestone::Validated),
    ("resolved", Milestone::Resolved),
];

/// What targets refer to.
pub(super) struct Context<'p> {
    pub(super) severities: &'p [Severity],
    pub(super) audiences: &'p BTreeMap<String, Audience>,
}

/// A calendar's name; `always` where none is given.
pub(super) fn calendar(reader: &mut Reader<'_>, node: Option<&Node>) -> String {
    node.and_then(|node| reader.reference(node, Kind::Calendar, "`calendar`")).unwrap_or_else(|| ALWAYS.to_owned())
}

/// The targets of every severity.
pub(super) fn by_severity(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    context: &Context<'_>,
) -> BTreeMap<Rank, Targets> {
    let mut by_severity = BTreeMap::new();
    let node = fields.require(reader, "targets");
    let Some(Value::Map(entries)) = node.map(|node| &node.value) else {
        // Reports what stands there instead.
        reader.named(node, "`targets`");
        return by_severity;
    };
    for Entry { key, key_span, node } in entries {
        let Some(rank) = policy::rank(reader, key, key_span, context.severities) else { continue };
        let path = format!("targets/{rank}");
        if let Some(first) = reader.places.definitions.get(&path).cloned() {
            reader.duplicate("the severity has targets already", key_span.clone(), first);
            continue;
        }
        reader.define(path.clone(), key_span);
        by_severity.extend(targets(reader, node, &path, context).map(|targets| (rank, targets)));
    }
    by_severity
}

/// The targets at `path`, under which their places are remembered.
pub(super) fn targets(reader: &mut Reader<'_>, node: &Node, path: &str, context: &Context<'_>) -> Option<Targets> {
    let mut fields = reader.fields(node, "`targets`")?;
    let mut one = |reader: &mut Reader<'_>, key: &'static str| {
        let Entry { key_span, node, .. } = fields.entry(key)?;
        reader.define(format!("{path}/{key}"), key_span);
        target(reader, node, key, ALWAYS)
    };
    let mut targets = Targets {
        acknowledge: one(reader, "acknowledge"),
        accept: one(reader, "accept"),
        confirm: one(reader, "confirm"),
        escalate_after: one(reader, "escalate_after"),
        contain: one(reader, "contain"),
        mitigate: one(reader, "mitigate"),
        validate: one(reader, "validate"),
        hold: one(reader, "hold"),
        resolve: one(reader, "resolve"),
        review: one(reader, "review"),
        updates: BTreeMap::new(),
    };
    for Entry { key, key_span, node } in reader.named(fields.get("updates"), "`updates`") {
        reader.refer(Kind::Audience, key.clone(), key_span.clone());
        let path = format!("{path}/updates/{key}");
        reader.define(path.clone(), key_span);
        let calendar = context.audiences.get(key).map_or(ALWAYS, |audience| &audience.calendar);
        targets.updates.extend(window(reader, node, calendar).map(|window| (key.clone(), window)));
    }
    reader.finish(fields);
    Some(targets)
}

/// `10m`, or `{within: 10m, calendar: support-hours}`.
fn target(reader: &mut Reader<'_>, node: &Node, what: &str, default_calendar: &str) -> Option<Target> {
    let (length, calendar) = match &node.value {
        Value::Map(_) => {
            let mut fields = reader.fields(node, "a target")?;
            let within = fields.require(reader, "within");
            let length = within.and_then(|node| reader.parsed(node, "`within`", value::length));
            let calendar = fields.get("calendar").map(|node| calendar(reader, Some(node)));
            reader.finish(fields);
            (length?, calendar)
        }
        _ => (reader.parsed(node, &format!("`{what}`"), value::length)?, None),
    };
    Some(Target { length, calendar: calendar.unwrap_or_else(|| default_calendar.to_owned()) })
}

/// `none`, `60m`, `{first: …, every: …, until: …}`, or `{decide: 4h, by: privacy}`.
fn window(reader: &mut Reader<'_>, node: &Node, calendar: &str) -> Option<Window> {
    match &node.value {
        Value::Scalar(text) if text == "none" => Some(Window::None),
        Value::Map(entries) if entries.iter().any(|entry| entry.key == "decide") => decide(reader, node, calendar),
        Value::Map(_) => notices(reader, node, calendar),
        _ => Some(Window::Notices {
            first: Some(target(reader, node, "first", calendar)?),
            every: None,
            until: Milestone::Resolved,
            closing: None,
            only_if: None,
            approval: None,
            own_approval: None,
        }),
    }
}

fn decide(reader: &mut Reader<'_>, node: &Node, default_calendar: &str) -> Option<Window> {
    let mut fields = reader.fields(node, "a window with `decide`")?;
    let default_calendar = window_calendar(reader, &mut fields, default_calendar);
    let within = fields.require(reader, "decide").and_then(|node| target(reader, node, "decide", &default_calendar));
    let by = fields.require(reader, "by").and_then(|node| role::role(reader, node, "`by`"));
    reader.finish(fields);
    Some(Window::Decide { within: within?, by: by? })
}

fn notices(reader: &mut Reader<'_>, node: &Node, default_calendar: &str) -> Option<Window> {
    let mut fields = reader.fields(node, "a window")?;
    let calendar = window_calendar(reader, &mut fields, default_calendar);
    let mut one = |reader: &mut Reader<'_>, key| {
        let node = fields.get(key)?;
        target(reader, node, key, &calendar)
    };
    let (first, every, closing) = (one(reader, "first"), one(reader, "every"), one(reader, "closing"));
    let until = fields.get("until").and_then(|node| reader.word(node, "`until`", MILESTONES));
    let only_if = fields
        .get("if")
        .and_then(|node| reader.word(node, "`if`", &[("impact sustained", Precondition::ImpactSustained)]));
    let approval = fields.get("approval").and_then(|node| role::role(reader, node, "`approval`"));
    let own_approval = reader.flag(fields.get("own_approval"), "`own_approval`");
    let promises = ["first", "every", "closing"].iter().any(|key| fields.get(key).is_some());
    if !promises {
        let hint = Some("give `first`, `every` or `closing`; or write `none`".to_owned());
        let span = first_line(reader.source.text, &node.span);
        reader.error(&problem::POLICY_MISSING_KEY, &span, "the window promises nothing", hint);
    }
    reader.finish(fields);
    let until = until.unwrap_or(Milestone::Resolved);
    Some(Window::Notices { first, every, until, closing, only_if, approval, own_approval })
}

fn window_calendar(reader: &mut Reader<'_>, fields: &mut Fields<'_>, default_calendar: &str) -> String {
    match fields.get("calendar") {
        Some(node) => calendar(reader, Some(node)),
        None => default_calendar.to_owned(),
    }
}
