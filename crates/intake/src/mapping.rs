//! Any JSON, by a mapping that the policy declares for its source.
//!
//! The mapping is a plain value of the policy's. A required part that is absent refuses its signal
//! and names the path; a text that is too long is shortened, since the sender is a foreign product
//! that nobody can correct.

use std::collections::BTreeMap;

use calendar::Instant;
use policy::mapping::{Field, Mapping, UnitFields};
use problem::Problem;
use serde_json::Value;
use wcore::signal::{Signal, Unit};

use crate::json::{body_text, malformed, text_of};
use crate::mend::{Mender, is_fit_link};
use crate::{Rejected, check, limit};

/// Numbers from here on are taken for milliseconds: as seconds it is the year 5138, as
/// milliseconds 1973.
const MILLISECONDS_FROM: f64 = 1e11;

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What it says: one signal, or one of each element.
    pub signals: Vec<Result<Signal, Rejected>>,
    /// What was changed on the way, for self-alerts.
    pub warnings: Vec<Problem>,
}

/// The place at which paths begin, and the body around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    here: &'a Value,
    body: &'a Value,
}

/// Reads a body as the signals that its mapping finds in it.
pub fn read(bytes: &[u8], mapping: &Mapping, now: Instant) -> Result<Mapped, Problem> {
    let text = body_text(bytes, limit::MAPPED_BODY_BYTES)?;
    let body: Value = serde_json::from_str(text).map_err(|error| malformed(&error, 0))?;
    let mut mender = Mender::new(now);
    let signals = elements(&body, mapping)?.iter().enumerate().map(|(index, here)| {
        signal(Place { here, body: &body }, mapping, &mut mender).map_err(|problem| Rejected { index, problem })
    });
    Ok(Mapped { signals: signals.collect(), warnings: mender.warnings() })
}

/// The parts of the body of which each is a signal.
fn elements<'a>(body: &'a Value, mapping: &Mapping) -> Result<&'a [Value], Problem> {
    let Some(path) = &mapping.each else { return Ok(std::slice::from_ref(body)) };
    match path.find(body, body) {
        Some(Value::Array(items)) if items.len() <= limit::SIGNALS => Ok(items),
        Some(Value::Array(items)) => {
            let detail = format!("`{path}` holds {} elements, the limit is {}", items.len(), limit::SIGNALS);
            Err(Problem::new(&problem::SIGNALS_TOO_MANY, detail))
        }
        Some(_) => Err(unfit(format!("`{path}` holds no array, and `each` goes through one"))),
        None => Err(unfit(format!("nothing stands at `{path}`, and `each` goes through an array there"))),
    }
}

fn signal(place: Place<'_>, mapping: &Mapping, mender: &mut Mender) -> Result<Signal, Problem> {
    let (at, late) = match &mapping.at {
        Some(field) => {
            let occurred_at = moment(place, field)?;
            mender.moment(occurred_at)
        }
        None => (None, false),
    };
    Ok(Signal {
        id: optional(place, mapping.id.as_ref(), "id")?
            .map(|text| check::name("id", text.into(), limit::ID))
            .transpose()?,
        source: required(place, &mapping.source, "source", mender)?,
        metric: required(place, &mapping.metric, "metric", mender)?,
        service: required(place, &mapping.service, "service", mender)?,
        at,
        value: mapping.value.as_ref().map(|field| number(place, field)).transpose()?.flatten(),
        label: optional(place, mapping.label.as_ref(), "label")?
            .map(|text| mender.name(&text, ""))
            .filter(|text| !text.is_empty()),
        summary: optional(place, mapping.summary.as_ref(), "summary")?.map(|text| mender.cut(&text, limit::SUMMARY)),
        unit: mapping.unit.as_ref().map(|fields| unit(place, fields, mender)).transpose()?.flatten(),
        evaluator: None,
        labels: labels(place, mapping, mender)?,
        link: optional(place, mapping.link.as_ref(), "link")?.filter(|text| is_fit_link(text)),
        alert: None,
        late,
    })
}

/// The text of a field, if there is any.
fn find(place: Place<'_>, field: &Field, name: &str) -> Result<Option<String>, Problem> {
    let (path, default) = match field {
        Field::Constant(text) => return Ok(Some(text.clone())),
        Field::At { path, default } => (path, default),
    };
    match path.find(place.here, place.body) {
        None | Some(Value::Null) => Ok(default.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(default.clone()),
        Some(value) => match text_of(value) {
            Some(text) => Ok(Some(text)),
            None => Err(unfit(format!("`{path}` holds an object or array; `{name}` needs a text, number or boolean"))),
        },
    }
}

fn optional(place: Place<'_>, field: Option<&Field>, name: &str) -> Result<Option<String>, Problem> {
    field.map(|field| find(place, field, name)).transpose().map(Option::flatten)
}

fn required(place: Place<'_>, field: &Field, name: &str, mender: &mut Mender) -> Result<String, Problem> {
    let text = find(place, field, name)?.map(|text| mender.name(&text, "")).filter(|text| !text.is_empty());
    text.ok_or_else(|| match field {
        Field::Constant(_) => unfit(format!("the constant for `{name}` is empty")),
        Field::At { path, .. } => unfit(format!("nothing stands at `{path}`, and `{name}` has no default")),
    })
}

fn number(place: Place<'_>, field: &Field) -> Result<Option<f64>, Problem> {
    let Some(text) = find(place, field, "value")? else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(unfit(format!("{} is not a finite number, as `value` needs it", shown(field)))),
    }
}

fn moment(place: Place<'_>, field: &Field) -> Result<Option<Instant>, Problem> {
    let Some(text) = find(place, field, "at")? else { return Ok(None) };
    let text = text.trim();
    let at = match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Some(since_epoch(number)),
        _ => Instant::parse(text).ok(),
    };
    match at {
        Some(at) if at >= limit::EARLIEST => Ok(Some(at)),
        _ => {
            let wanted = "neither an RFC 3339 time nor seconds or milliseconds since 1970, after 1999";
            Err(unfit(format!("{} is {wanted}, as `at` needs it", shown(field))))
        }
    }
}

/// A number of seconds or milliseconds; which of the two follows from its size.
fn since_epoch(number: f64) -> Instant {
    let micros = if number.abs() < MILLISECONDS_FROM { number * 1e6 } else { number * 1e3 };
    // The conversion saturates, and instants clamp.
    Instant::from_micros(micros.round() as i64)
}

/// Units count as evidence, so that a name that does not fit is refused, never shortened.
fn unit(place: Place<'_>, fields: &UnitFields, mender: &mut Mender) -> Result<Option<Unit>, Problem> {
    let Some(id) = find(place, &fields.id, "unit.id")? else { return Ok(None) };
    let kind = required(place, &fields.kind, "unit.kind", mender)?;
    Ok(Some(Unit { kind, id: check::name("unit.id", id.into(), limit::ID)? }))
}

fn labels(place: Place<'_>, mapping: &Mapping, mender: &mut Mender) -> Result<BTreeMap<String, String>, Problem> {
    let mut labels = BTreeMap::new();
    for (name, field) in &mapping.labels {
        if let Some(text) = find(place, field, name)? {
            labels.insert(name.clone(), text);
        }
    }
    Ok(mender.labels(labels))
}

fn shown(field: &Field) -> String {
    match field {
        Field::Constant(_) => "the constant".to_owned(),
        Field::At { path, .. } => format!("what stands at `{path}`"),
    }
}

fn unfit(detail: String) -> Problem {
    Problem::new(&problem::MAPPING_UNFIT, detail)
}
