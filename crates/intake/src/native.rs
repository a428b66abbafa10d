//! Native signals: one object, an array of objects, or an object per line (NDJSON).
//!
//! The content decides which, not the Content-Type. Good signals take the fast way, straight
//! into a struct that borrows from the body; only a refused one is read again, by
//! [`crate::diagnose`], to say what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use calendar::Instant;
use problem::Problem;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use wcore::signal::{Evaluator, Signal, Unit};

use crate::json::{Bounded, Text, body_text, malformed};
use crate::{Rejected, check, diagnose, limit};

/// A signal as it stands in the body. Its fields are those of `diagnose`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    source: Text<'a>,
    #[serde(borrow)]
    metric: Text<'a>,
    #[serde(borrow)]
    service: Text<'a>,
    #[serde(borrow)]
    at: Option<Text<'a>>,
    value: Option<f64>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
    #[serde(borrow)]
    summary: Option<Text<'a>>,
    #[serde(borrow)]
    unit: Option<WireUnit<'a>>,
    #[serde(borrow)]
    evaluator: Option<WireEvaluator<'a>>,
    labels: Option<Labels>,
    #[serde(borrow)]
    link: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireUnit<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEvaluator<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

/// Reads a body. `Err` refuses it whole; otherwise each signal stands for itself, in order.
pub fn read(body: &[u8], now: Instant) -> Result<Vec<Result<Signal, Rejected>>, Problem> {
    let text = body_text(body, limit::BODY_BYTES)?;
    match shape(text)? {
        Shape::One => one(text, 0, now).map(|read| vec![indexed(0, read)]),
        Shape::Array => array(text, now),
        Shape::Lines => lines(text, now),
    }
}

enum Shape {
    One,
    Array,
    Lines,
}

fn shape(text: &str) -> Result<Shape, Problem> {
    let is_whole = |json: &str| serde_json::from_str::<&RawValue>(json).is_ok();
    match text.as_bytes().first() {
        Some(b'[') => Ok(Shape::Array),
        Some(b'{') => {
            let Some((first, rest)) = text.split_once('\n') else { return Ok(Shape::One) };
            // A line that starts with a brace also starts a signal, unless the whole is one
            // object laid out that way. So a broken first line does not hide the others.
            let second_starts = rest.trim_start().starts_with('{');
            let lines = is_whole(first) || (second_starts && !is_whole(text));
            Ok(if lines { Shape::Lines } else { Shape::One })
        }
        Some(_) => Err(Problem::new(&problem::SIGNAL_MALFORMED, "the body starts neither with `{` nor with `[`")),
        None => Err(Problem::new(&problem::SIGNAL_MALFORMED, "the body is empty")),
    }
}

/// One value: the outer error says that it is no JSON, the inner one that it is no signal.
/// `lines_before` it stand in the body.
fn one(json: &str, lines_before: usize, now: Instant) -> Result<Result<Signal, Problem>, Problem> {
    match serde_json::from_str::<Wire<'_>>(json) {
        Ok(wire) => Ok(signal(wire, now)),
        Err(_) => match serde_json::from_str::<&RawValue>(json) {
            Ok(raw) => Ok(Err(diagnose::signal(raw))),
            Err(error) => Err(malformed(&error, lines_before)),
        },
    }
}

fn array(text: &str, now: Instant) -> Result<Vec<Result<Signal, Rejected>>, Problem> {
    type Fast<'a> = Bounded<Wire<'a>, { limit::SIGNALS }>;
    type Slow<'a> = Bounded<&'a RawValue, { limit::SIGNALS }>;
    if let Ok(Bounded(wires)) = serde_json::from_str::<Fast<'_>>(text) {
        return Ok(wires.into_iter().enumerate().map(|(index, wire)| indexed(index, signal(wire, now))).collect());
    }
    let Bounded(elements) = serde_json::from_str::<Slow<'_>>(text).map_err(|error| match error.is_data() {
        true => too_many("the array"),
        false => malformed(&error, 0),
    })?;
    let read = |(index, raw): (usize, &RawValue)| Ok(indexed(index, one(raw.get(), 0, now)?));
    elements.into_iter().enumerate().map(read).collect()
}

fn lines(text: &str, now: Instant) -> Result<Vec<Result<Signal, Rejected>>, Problem> {
    let full = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    if full().nth(limit::SIGNALS).is_some() {
        return Err(too_many("the body"));
    }
    let read = |(index, (before, line))| indexed(index, one(line, before, now).flatten());
    Ok(full().enumerate().map(read).collect())
}

fn too_many(what: &str) -> Problem {
    Problem::new(&problem::SIGNALS_TOO_MANY, format!("{what} holds more than {} signals", limit::SIGNALS))
}

fn indexed(index: usize, read: Result<Signal, Problem>) -> Result<Signal, Rejected> {
    read.map_err(|problem| Rejected { index, problem })
}

/// Checks the contents of a signal whose types are right.
fn signal(wire: Wire<'_>, now: Instant) -> Result<Signal, Problem> {
    let name = |field: &str, text: Option<Text<'_>>, chars_max: usize| {
        text.map(|text| check::name(field, text.0, chars_max)).transpose()
    };
    let (at, late) = match wire.at {
        None => (None, false),
        Some(text) => check::moment("at", &text.0, now).map(|(at, late)| (Some(at), late))?,
    };
    if wire.value.is_some_and(|value| !value.is_finite()) {
        return Err(check::invalid("`value` is beyond the range of a number".into()));
    }
    Ok(Signal {
        id: name("id", wire.id, limit::ID)?,
        source: check::name("source", wire.source.0, limit::NAME)?,
        metric: check::name("metric", wire.metric.0, limit::NAME)?,
        service: check::name("service", wire.service.0, limit::NAME)?,
        at,
        value: wire.value,
        label: name("label", wire.label, limit::NAME)?,
        summary: wire.summary.map(|text| check::text("summary", text.0, limit::SUMMARY)).transpose()?,
        unit: wire.unit.map(unit).transpose()?,
        evaluator: wire.evaluator.map(evaluator).transpose()?,
        labels: wire.labels.map(labels).transpose()?.unwrap_or_default(),
        link: wire.link.map(|text| check::link("link", text.0)).transpose()?,
        alert: None,
        late,
    })
}

fn unit(wire: WireUnit<'_>) -> Result<Unit, Problem> {
    Ok(Unit {
        kind: check::name("unit.kind", wire.kind.0, limit::NAME)?,
        id: check::name("unit.id", wire.id.0, limit::ID)?,
    })
}

fn evaluator(wire: WireEvaluator<'_>) -> Result<Evaluator, Problem> {
    let name =
        |field: &str, text: Option<Text<'_>>| text.map(|text| check::name(field, text.0, limit::NAME)).transpose();
    Ok(Evaluator {
        kind: check::name("evaluator.kind", wire.kind.0, limit::NAME)?,
        name: name("evaluator.name", wire.name)?,
        version: name("evaluator.version", wire.version)?,
    })
}

fn labels(wire: Labels) -> Result<BTreeMap<String, String>, Problem> {
    let too_long = |detail| Err(Problem::new(&problem::SIGNAL_FIELD_TOO_LONG, detail));
    for (key, value) in &wire.0 {
        if key.is_empty() || check::holds_hidden(key) {
            return Err(check::invalid(format!("a key of `labels` is empty or holds {}", check::HIDDEN)));
        }
        if check::holds_hidden(value) {
            return Err(check::invalid(format!("`labels.{key}` holds {}", check::HIDDEN)));
        }
        if check::is_longer(key, limit::LABEL_KEY) {
            return too_long(format!("a key of `labels` has more than {} characters", limit::LABEL_KEY));
        }
        if check::is_longer(value, limit::LABEL_VALUE) {
            return too_long(format!("`labels.{key}` has more than {} characters", limit::LABEL_VALUE));
        }
    }
    Ok(wire.0)
}

/// Labels without repeated keys, and no more than allowed.
struct Labels(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LabelsVisitor)
    }
}

struct LabelsVisitor;

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Labels;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut labels = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            if labels.len() == limit::LABELS || labels.insert(key, value).is_some() {
                return Err(A::Error::custom("too many or repeated labels"));
            }
        }
        Ok(Labels(labels))
    }
}
