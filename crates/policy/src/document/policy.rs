//! The policy document from the top: severities, services, metrics, classes, settings.

use std::collections::BTreeMap;
use std::ops::Range;

use ::calendar::Duration;

use super::reader::{Fields, Kind, Reader};
use super::target::{self, Context};
use super::tree::{Entry, Node, Value};
use super::{audience, ignore, playbook, role, source, statutory, trigger, value, version_of};
use crate::model::{Class, Metric, Policy, Rank, Review, Service, Severity};
use crate::statement::Statement;
use crate::suggest;

/// The version of the document's format.
const FORMAT_VERSION: &str = "1";

/// Most severities: teams use three to five.
const MAX_SEVERITIES: u32 = 9;

/// A firing within this time after resolution reopens, where the policy says nothing.
const DEFAULT_REOPEN_WITHIN: Duration = Duration::from_hours(24);

/// When clocks warn, where the policy says nothing: late enough to be meant, early enough to act.
const DEFAULT_WARN_AT_PERCENT: u8 = 80;

/// The policy that the document states; with gaps where problems were reported.
pub(super) fn compile(reader: &mut Reader<'_>, root: &Node) -> Option<Policy> {
    let id = version_of(reader.source.text);
    let mut fields = reader.fields(root, "the policy")?;
    version(reader, &mut fields);
    let organization = fields.get("organization");
    let organization = reader.optional_text(organization, "`organization`").unwrap_or_default();
    let severities = severities(reader, &mut fields);
    let services = services(reader, fields.get("services"));
    let metrics = metrics(reader, fields.get("metrics"));
    let sources = source::sources(reader, fields.get("sources"));
    let mut triggers = trigger::triggers(reader, fields.get("triggers"), &severities);
    let (heartbeats, missed) = trigger::heartbeats(reader, fields.get("heartbeats"), &severities);
    triggers.extend(missed);
    let audiences = audience::audiences(reader, fields.get("audiences"));
    let context = Context { severities: &severities, audiences: &audiences };
    for key in ["targets", "roles"] {
        if let Some(entry) = fields.entry(key) {
            reader.define(key.to_owned(), &entry.key_span);
        }
    }
    let targets = target::by_severity(reader, &mut fields, &context);
    let mut classes = classes(reader, fields.get("classes"), &context);
    for trigger in &triggers {
        // A class that is only raised has a name and the targets of its severity.
        let class = &trigger.raise.class;
        classes.entry(class.clone()).or_insert_with(|| Class { name: class.clone(), ..Class::default() });
    }
    let playbooks = playbook::playbooks(reader, fields.get("playbooks"));
    let roles = role::rules(reader, fields.get("roles"));
    let escalation = role::escalations(reader, &mut fields);
    let statements = statements(reader, fields.get("statements"));
    let statutory_calendar = statutory::calendar(reader, &mut fields);
    let review = fields.get("review").and_then(|node| review(reader, node));
    let reopen_within =
        fields.get("reopen_within").and_then(|node| {
            reader.parsed(node, "`reopen_within`", |text| {
                if text == "none" { Ok(Duration::ZERO) } else { value::duration(text) }
            })
        });
    ignore::ignores(reader, fields.get("ignore"), &severities);
    let warn_at_percent = warn_at(reader, fields.get("warn_at"));
    reader.finish(fields);
    Some(Policy {
        id,
        organization,
        severities,
        services,
        metrics,
        sources,
        heartbeats,
        triggers,
        audiences,
        targets,
        classes,
        playbooks,
        roles,
        escalation,
        statements,
        statutory_calendar,
        review,
        reopen_within: reopen_within.unwrap_or(DEFAULT_REOPEN_WITHIN),
        warn_at_percent,
    })
}

/// Checks the version of the format.
pub(super) fn version(reader: &mut Reader<'_>, fields: &mut Fields<'_>) {
    let Some(node) = fields.require(reader, "version") else { return };
    match reader.text(node, "`version`") {
        None | Some(FORMAT_VERSION) => {}
        Some(other) => {
            let message = format!("version {} of the format is not known", super::reader::shortened(other));
            let hint = Some(format!("this program reads version {FORMAT_VERSION}"));
            reader.error(&problem::POLICY_VERSION, &node.span, message, hint);
        }
    }
}

fn severities(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Vec<Severity> {
    let node = fields.require(reader, "severities");
    let mut severities: Vec<(Severity, Range<usize>)> = Vec::new();
    let items = reader.list(node, "`severities`");
    if let (Some(Node { value: Value::List(_), span }), true) = (node, items.is_empty()) {
        let hint = Some("name at least one: [{rank: 1, name: SEV-1}]".to_owned());
        reader.error(&problem::POLICY_VALUE, span, "`severities` is empty", hint);
    }
    for item in items {
        let Some(mut fields) = reader.fields(item, "a severity") else { continue };
        let rank = fields.require(reader, "rank");
        let rank = rank.and_then(|n| reader.parsed(n, "`rank`", |text| value::integer(text, 1..=MAX_SEVERITIES)));
        let name = fields.require(reader, "name").and_then(|n| reader.text(n, "`name`"));
        reader.finish(fields);
        let (Some(rank), Some(name)) = (rank, name) else { continue };
        // In 1..=MAX_SEVERITIES, which is less than 256.
        let severity = Severity { rank: rank as Rank, name: name.to_owned() };
        match severities
            .iter()
            .find(|(known, _)| known.rank == severity.rank || known.name.eq_ignore_ascii_case(&severity.name))
        {
            Some((_, first)) => {
                let first = first.clone();
                reader.duplicate("two severities have the same rank or name", item.span.clone(), first);
            }
            None => severities.push((severity, item.span.clone())),
        }
    }
    severities.sort_by_key(|(severity, _)| severity.rank);
    let gap = (1..).zip(&severities).find(|(expected, (severity, _))| severity.rank != *expected);
    if let Some((expected, (severity, span))) = gap {
        let message = format!("rank {} follows where rank {expected} is missing", severity.rank);
        let hint = Some("ranks count from 1, the most severe, without gaps".to_owned());
        reader.error(&problem::POLICY_VALUE, &span.clone(), message, hint);
    }
    severities.into_iter().map(|(severity, _)| severity).collect()
}

/// The rank of a severity that is named, or given by its rank.
pub(super) fn rank(reader: &mut Reader<'_>, text: &str, span: &Range<usize>, severities: &[Severity]) -> Option<Rank> {
    let found = severities
        .iter()
        .find(|severity| severity.name.eq_ignore_ascii_case(text) || severity.rank.to_string() == text);
    // Without any severity that has been reported, and every use of one would be another report.
    if found.is_none() && !severities.is_empty() {
        let names: Vec<&str> = severities.iter().map(|severity| severity.name.as_str()).collect();
        let hint = suggest::did_you_mean(text, names.iter().copied())
            .unwrap_or_else(|| format!("the severities are {}", names.join(", ")));
        let message = format!("there is no severity `{}`", super::reader::shortened(text));
        reader.error(&problem::UNKNOWN_SEVERITY, span, message, Some(hint));
    }
    found.map(|severity| severity.rank)
}

fn services(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Service> {
    let mut services = BTreeMap::new();
    for Entry { key, node, .. } in reader.named(node, "`services`") {
        let Some(mut fields) = reader.fields(node, "a service") else { continue };
        let name = reader.optional_text(fields.get("name"), "`name`").unwrap_or_else(|| key.clone());
        let component = reader.optional_text(fields.get("component"), "`component`");
        reader.finish(fields);
        services.insert(key.clone(), Service { name, component });
    }
    services
}

fn metrics(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Metric> {
    let mut metrics = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`metrics`") {
        let Some(mut fields) = reader.fields(node, "a metric") else { continue };
        let from = reader.optional_text(fields.get("from"), "`from`");
        let higher_is = fields.get("higher_is");
        let higher_is_better =
            higher_is.and_then(|n| reader.word(n, "`higher_is`", &[("better", true), ("worse", false)]));
        let bound = |reader: &mut Reader<'_>, node: Option<&Node>, what: &str| {
            node.and_then(|node| reader.parsed(node, what, value::number))
        };
        let bad_below = bound(reader, fields.get("bad_below"), "`bad_below`");
        let bad_above = bound(reader, fields.get("bad_above"), "`bad_above`");
        let unit = reader.optional_text(fields.get("unit"), "`unit`");
        reader.finish(fields);
        reader.define(format!("metrics/{key}"), key_span);
        metrics.insert(key.clone(), Metric { from, higher_is_better, bad_below, bad_above, unit });
    }
    metrics
}

fn classes(reader: &mut Reader<'_>, node: Option<&Node>, context: &Context<'_>) -> BTreeMap<String, Class> {
    let mut classes = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`classes`") {
        reader.define(format!("classes/{key}"), key_span);
        if let Some(class) = class(reader, key, node, context) {
            classes.insert(key.clone(), class);
        }
    }
    classes
}

fn class(reader: &mut Reader<'_>, id: &str, node: &Node, context: &Context<'_>) -> Option<Class> {
    let mut fields = reader.fields(node, "a class")?;
    let name = reader.optional_text(fields.get("name"), "`name`").unwrap_or_else(|| id.to_owned());
    let playbook = fields.get("playbook").and_then(|n| reader.reference(n, Kind::Playbook, "`playbook`"));
    let restricted = reader.flag(fields.get("restricted"), "`restricted`").unwrap_or(false);
    let resolve = fields.get("resolve");
    let resolve = resolve.and_then(|n| reader.word(n, "`resolve`", &[("on_clear", true), ("by_person", false)]));
    let default_severity = fields.get("severity").and_then(|node| {
        let name = reader.text(node, "`severity`")?;
        rank(reader, name, &node.span, context.severities)
    });
    let path = format!("classes/{id}");
    let targets = fields.get("targets").and_then(|node| target::targets(reader, node, &path, context));
    let roles = role::rules(reader, fields.get("roles"));
    let escalation = fields.get("escalation").and_then(|n| reader.reference(n, Kind::Escalation, "`escalation`"));
    let statutory = statutory::clocks(reader, fields.get("statutory"));
    reader.finish(fields);
    Some(Class {
        name,
        playbook,
        restricted,
        resolve_on_clear: resolve.unwrap_or(false),
        default_severity,
        targets: targets.unwrap_or_default(),
        roles,
        escalation,
        statutory,
    })
}

/// Holding statements by class, and within it by language.
fn statements(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, BTreeMap<String, Statement>> {
    let mut statements = BTreeMap::new();
    for Entry { key: class, key_span, node } in reader.named(node, "`statements`") {
        reader.refer(Kind::StatedClass, class.clone(), key_span.clone());
        let mut by_language = BTreeMap::new();
        for Entry { key: language, node, .. } in reader.named(Some(node), "the statements of a class") {
            let statement = reader.parsed(node, "a statement", Statement::parse);
            by_language.extend(statement.map(|statement| (language.clone(), statement)));
        }
        statements.insert(class.clone(), by_language);
    }
    statements
}

fn review(reader: &mut Reader<'_>, node: &Node) -> Option<Review> {
    let mut fields = reader.fields(node, "`review`")?;
    if let Some(every) = fields.get("every") {
        reader.word(every, "`every`", &[("week", ())]);
    }
    let on = fields.require(reader, "on").and_then(|node| {
        let on = reader.text(node, "`on`")?;
        reader.parsed(node, "`on`", |text| match value::handoff(text)? {
            (Some(_), _) => Ok(()),
            (None, _) => Err(format!("`{text}` names no day; write such as Mon 10:00")),
        })?;
        Some(on.to_owned())
    });
    let calendar = target::calendar(reader, fields.get("calendar"));
    reader.finish(fields);
    Some(Review { on: on?, calendar })
}

fn warn_at(reader: &mut Reader<'_>, node: Option<&Node>) -> Vec<u8> {
    let Some(node) = node else { return vec![DEFAULT_WARN_AT_PERCENT] };
    let mut percents = Vec::new();
    for item in reader.one_or_many(node) {
        percents.extend(reader.parsed(item, "`warn_at`", value::whole_percentage));
    }
    percents.sort_unstable();
    percents.dedup();
    percents
}
