//! Calendars and on-call schedules as people write them.

use std::collections::BTreeMap;

use ::calendar::{
    Calendar, CalendarError, CalendarSpec, Date, DateTime, Every, Handoff, Instant, LayerSpec, Override, RotationSpec,
    Schedule, ScheduleSpec, Time, Window, Zone,
};

use super::reader::{Fields, Kind, Reader, first_line, shortened};
use super::tree::{Entry, Node};
use super::value;

/// A week of windows, Monday first.
type Week = [Vec<Window>; 7];

/// When rotations hand over that do not say.
const DEFAULT_HANDOFF: Time = Time::constant(9, 0, 0, 0);

pub(super) fn calendars(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Calendar> {
    let mut calendars = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "`calendars`") {
        if key == crate::lookup::ALWAYS {
            let hint = Some("rename the calendar".to_owned());
            reader.error(&problem::POLICY_DUPLICATE, key_span, "the calendar `always` is built in", hint);
            continue;
        }
        reader.define(format!("calendars/{key}"), key_span);
        let found_before = reader.diagnostics.len();
        let spec = calendar_spec(reader, node);
        // Hours that could not be read would only seem to be missing.
        let Some(spec) = spec.filter(|_| reader.diagnostics.len() == found_before) else { continue };
        match Calendar::new(spec) {
            Ok(calendar) => {
                calendars.insert(key.clone(), calendar);
            }
            Err(error @ CalendarError::NeverOpen { .. }) => {
                let hint = Some("give it weekly hours, or fewer holidays".to_owned());
                reader.error(&problem::CALENDAR_NEVER_OPEN, key_span, sentence(&error), hint);
            }
            Err(error) => reader.error(&problem::CALENDAR_INVALID, key_span, error.to_string(), None),
        }
    }
    calendars
}

/// The first part of `message; hint`.
fn sentence(error: &CalendarError) -> String {
    error.to_string().split("; ").next().unwrap_or_default().to_owned()
}

fn calendar_spec(reader: &mut Reader<'_>, node: &Node) -> Option<CalendarSpec> {
    let mut fields = reader.fields(node, "a calendar")?;
    let mut spec = CalendarSpec::default();
    let time_zone = time_zone(reader, &mut fields);
    if let Some(node) = fields.require(reader, "weekly") {
        spec.weekly = week(reader, node);
    }
    for item in reader.list(fields.get("holidays"), "`holidays`") {
        spec.holidays.extend(reader.parsed(item, "a holiday", value::date));
    }
    for item in reader.list(fields.get("annual"), "`annual`") {
        spec.annual.extend(reader.parsed(item, "a yearly holiday", value::day_of_year));
    }
    spec.dates = dates(reader, fields.get("dates"));
    spec.breaks = dates(reader, fields.get("breaks"));
    reader.finish(fields);
    Some(CalendarSpec { time_zone: time_zone?, ..spec })
}

fn time_zone(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let node = fields.require(reader, "time_zone")?;
    let zone = reader.parsed(node, "`time_zone`", |name| Zone::new(name).map_err(|error| error.to_string()))?;
    Some(zone.name().to_owned())
}

/// `{mon-fri: ["08:00-18:00"], sat: ["10:00-14:00"]}`
fn week(reader: &mut Reader<'_>, node: &Node) -> Week {
    let mut week = Week::default();
    let super::tree::Value::Map(entries) = &node.value else {
        reader.fields(node, "weekly hours");
        return week;
    };
    for Entry { key, key_span, node } in entries {
        let windows = windows(reader, node);
        match value::weekdays(key) {
            Ok(days) => days.iter().for_each(|day| week[*day].extend(&windows)),
            Err(problem) => {
                let key_node = Node { value: super::tree::Value::Null, span: key_span.clone() };
                reader.bad_value(&key_node, problem);
            }
        }
    }
    week
}

fn windows(reader: &mut Reader<'_>, node: &Node) -> Vec<Window> {
    let items = reader.one_or_many(node);
    items.iter().filter_map(|item| reader.parsed(item, "hours", value::window)).collect()
}

/// `{2026-12-24: ["08:00-12:00"]}`
fn dates(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<Date, Vec<Window>> {
    let mut dates = BTreeMap::new();
    for Entry { key, key_span, node } in reader.named(node, "dates with hours") {
        let windows = windows(reader, node);
        match value::date(key) {
            Ok(date) => {
                dates.insert(date, windows);
            }
            Err(problem) => {
                let key_node = Node { value: super::tree::Value::Null, span: key_span.clone() };
                reader.bad_value(&key_node, problem);
            }
        }
    }
    dates
}

/// The schedules, and everyone who can be on call in each.
pub(super) fn schedules(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
) -> (BTreeMap<String, Schedule>, BTreeMap<String, Vec<String>>) {
    let (mut schedules, mut people) = (BTreeMap::new(), BTreeMap::new());
    for Entry { key, key_span, node } in reader.named(node, "`schedules`") {
        reader.define(format!("schedules/{key}"), key_span);
        let Some(spec) = schedule_spec(reader, node) else { continue };
        let layers = spec.layers.iter().flat_map(|layer| layer.people.iter().cloned());
        people.insert(key.clone(), layers.chain(spec.overrides.iter().map(|one| one.person.clone())).collect());
        if spec.layers.iter().all(|layer| layer.people.is_empty()) {
            let hint = Some("name at least one person under `layers`, `people`".to_owned());
            let message = format!("nobody is ever on call in `{key}`");
            reader.error(&problem::SCHEDULE_EMPTY, key_span, message, hint);
            continue;
        }
        match Schedule::new(spec) {
            Ok(schedule) => {
                schedules.insert(key.clone(), schedule);
            }
            Err(error) => reader.error(&problem::SCHEDULE_INVALID, key_span, error.to_string(), None),
        }
    }
    (schedules, people)
}

fn schedule_spec(reader: &mut Reader<'_>, node: &Node) -> Option<ScheduleSpec> {
    let mut fields = reader.fields(node, "a schedule")?;
    let time_zone = time_zone(reader, &mut fields);
    let layer_nodes = fields.require(reader, "layers");
    let layer_nodes = reader.list(layer_nodes, "`layers`");
    let layers: Vec<LayerSpec> = layer_nodes.iter().filter_map(|node| layer(reader, node)).collect();
    let zone = time_zone.as_deref().and_then(|name| Zone::new(name).ok());
    let override_nodes = reader.list(fields.get("overrides"), "`overrides`");
    let overrides = override_nodes.iter().filter_map(|node| one_override(reader, node, zone.as_ref())).collect();
    reader.finish(fields);
    // A layer with problems has been reported; a schedule without it would be another one.
    (layers.len() == layer_nodes.len()).then_some(ScheduleSpec { time_zone: time_zone?, layers, overrides })
}

fn layer(reader: &mut Reader<'_>, node: &Node) -> Option<LayerSpec> {
    let mut fields = reader.fields(node, "a layer")?;
    let rotation = match fields.get("rotation") {
        Some(node) => rotation(reader, node),
        None => Some(RotationSpec {
            every: Every::Weeks(1),
            handoff: Handoff { weekday: None, time: DEFAULT_HANDOFF },
            start: None,
        }),
    };
    let mut people = Vec::new();
    if let Some(node) = fields.require(reader, "people") {
        for item in reader.one_or_many(node) {
            people.extend(reader.reference(item, Kind::Person, "a person"));
        }
    }
    let restrictions = fields.get("restrictions").map(|node| week(reader, node));
    reader.finish(fields);
    Some(LayerSpec { rotation: rotation?, people, restrictions })
}

fn rotation(reader: &mut Reader<'_>, node: &Node) -> Option<RotationSpec> {
    let mut fields = reader.fields(node, "a rotation")?;
    let every = fields.require(reader, "every").and_then(|node| reader.parsed(node, "`every`", every));
    let handoff = fields
        .get("handoff")
        .map_or(Some((None, DEFAULT_HANDOFF)), |node| reader.parsed(node, "`handoff`", value::handoff));
    let start = fields.get("start").and_then(|node| reader.parsed(node, "`start`", value::date));
    reader.finish(fields);
    let (weekday, time) = handoff?;
    Some(RotationSpec { every: every?, handoff: Handoff { weekday, time }, start })
}

/// `1 week`, `2 days`, `12 hours`, `1 month`.
fn every(text: &str) -> Result<Every, String> {
    let bad = || format!("`{}` is not a turn; write such as 1 week, 1 day, 12 hours, 1 month", shortened(text));
    let words: Vec<&str> = text.split_whitespace().collect();
    let (count, unit) = match words.as_slice() {
        [unit] => ("1", *unit),
        [count, unit] => (*count, *unit),
        _ => return Err(bad()),
    };
    let count: u16 = count.parse().map_err(|_| bad())?;
    match unit.strip_suffix('s').unwrap_or(unit) {
        "hour" => Ok(Every::Hours(count)),
        "day" => Ok(Every::Days(count)),
        "week" => Ok(Every::Weeks(count)),
        "month" => Ok(Every::Months(count)),
        _ => Err(bad()),
    }
}

fn one_override(reader: &mut Reader<'_>, node: &Node, zone: Option<&Zone>) -> Option<Override> {
    let mut fields = reader.fields(node, "an override")?;
    let start = fields.require(reader, "from").and_then(|node| reader.parsed(node, "`from`", |t| instant(t, zone)));
    let end = fields.require(reader, "to").and_then(|node| reader.parsed(node, "`to`", |t| instant(t, zone)));
    let person = fields.require(reader, "person").and_then(|n| reader.reference(n, Kind::Person, "`person`"));
    let replaces = fields.get("replaces").and_then(|node| reader.reference(node, Kind::Person, "`replaces`"));
    reader.finish(fields);
    let (start, end) = (start?, end?);
    if start >= end {
        let span = first_line(reader.source.text, &node.span);
        let hint = Some("`to` is the instant at which it is over".to_owned());
        reader.error(&problem::POLICY_VALUE, &span, "the override ends before it starts", hint);
        return None;
    }
    Some(Override { start, end, person: person?, replaces })
}

/// RFC 3339, or local time in the schedule's zone.
fn instant(text: &str, zone: Option<&Zone>) -> Result<Instant, String> {
    let bad = || {
        let hint = "write 2026-12-24 09:00 in the schedule's zone, or 2026-12-24T09:00:00Z";
        format!("`{}` is not a time; {hint}", shortened(text))
    };
    match (Instant::parse(text), zone) {
        (Ok(instant), _) => Ok(instant),
        (Err(_), Some(zone)) => text.parse::<DateTime>().map(|local| zone.first(local)).map_err(|_| bad()),
        (Err(_), None) => Err(bad()),
    }
}
