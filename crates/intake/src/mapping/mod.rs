//! Any JSON, by a mapping that the policy declares for its source.
//!
//! The mapping is a plain value: how it is written in a policy is not known here. A required part
//! that is absent refuses the body and names the path; a text that is too long is shortened,
//! since the sender is a foreign product that nobody can correct.

mod path;

use std::collections::BTreeMap;

use calendar::Instant;
use problem::Problem;
use serde_json::Value;
use wcore::signal::{Signal, Unit};

pub use path::Path;

use crate::json::{body_text, malformed, text_of};
use crate::mend::{Mender, is_fit_link};
use crate::{check, limit};

/// Numbers from here on are taken for milliseconds: as seconds it is the year 5138, as
/// milliseconds 1973.
const MILLISECONDS_FROM: f64 = 1e11;

/// Where one part of a signal comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Always this text.
    Constant(String),
    /// What stands at a path. Texts, numbers and booleans are taken; null is as good as absent.
    At {
        /// Where it stands.
        path: Path,
        /// What counts where nothing stands there.
        default: Option<String>,
    },
}

/// Where the unit of evidence comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFields {
    /// Kind of unit, mostly a constant such as `conversation`.
    pub kind: Field,
    /// Its id at the sender. A signal without one has no unit.
    pub id: Field,
}

/// How the JSON of one source becomes a signal. What is not optional must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where signals come from; mostly a constant.
    pub source: Field,
    /// What was measured.
    pub metric: Field,
    /// The service of the policy.
    pub service: Field,
    /// The idempotency key; without it repetitions cannot be told.
    pub id: Option<Field>,
    /// When it happened: RFC 3339, or seconds or milliseconds since 1970.
    pub at: Option<Field>,
    /// A number, also one written as a text.
    pub value: Option<Field>,
    /// A verdict.
    pub label: Option<Field>,
    /// One line for people.
    pub summary: Option<Field>,
    /// The unit of evidence.
    pub unit: Option<UnitFields>,
    /// Where to look further; what is no http or https link is left out.
    pub link: Option<Field>,
    /// Further labels by name; those that find nothing are left out.
    pub labels: BTreeMap<String, Field>,
}

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What it says.
    pub signal: Signal,
    /// What was changed on the way, for self-alerts.
    pub warnings: Vec<Problem>,
}

/// Reads a body as one signal.
pub fn read(body: &[u8], mapping: &Mapping, now: Instant) -> Result<Mapped, Problem> {
    let text = body_text(body, limit::MAPPED_BODY_BYTES)?;
    let root: Value = serde_json::from_str(text).map_err(|error| malformed(&error, 0))?;
    let mut mender = Mender::new(now);
    let (at, late) = match &mapping.at {
        Some(field) => {
            let occurred_at = moment(&root, field)?;
            mender.moment(occurred_at)
        }
        None => (None, false),
    };
    let signal = Signal {
        id: optional(&root, mapping.id.as_ref(), "id")?
            .map(|text| check::name("id", text.into(), limit::ID))
            .transpose()?,
        source: required(&root, &mapping.source, "source", &mut mender)?,
        metric: required(&root, &mapping.metric, "metric", &mut mender)?,
        service: required(&root, &mapping.service, "service", &mut mender)?,
        at,
        value: mapping.value.as_ref().map(|field| number(&root, field)).transpose()?.flatten(),
        label: optional(&root, mapping.label.as_ref(), "label")?
            .map(|text| mender.name(&text, ""))
            .filter(|text| !text.is_empty()),
        summary: optional(&root, mapping.summary.as_ref(), "summary")?.map(|text| mender.cut(&text, limit::SUMMARY)),
        unit: mapping.unit.as_ref().map(|fields| unit(&root, fields, &mut mender)).transpose()?.flatten(),
        evaluator: None,
        labels: labels(&root, mapping, &mut mender)?,
        link: optional(&root, mapping.link.as_ref(), "link")?.filter(|text| is_fit_link(text)),
        alert: None,
        late,
    };
    Ok(Mapped { signal, warnings: mender.warnings() })
}

/// The text of a field, if there is any.
fn find(root: &Value, field: &Field, name: &str) -> Result<Option<String>, Problem> {
    let (path, default) = match field {
        Field::Constant(text) => return Ok(Some(text.clone())),
        Field::At { path, default } => (path, default),
    };
    match path.find(root) {
        None | Some(Value::Null) => Ok(default.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(default.clone()),
        Some(value) => match text_of(value) {
            Some(text) => Ok(Some(text)),
            None => Err(unfit(format!("`{path}` holds an object or array; `{name}` needs a text, number or boolean"))),
        },
    }
}

fn optional(root: &Value, field: Option<&Field>, name: &str) -> Result<Option<String>, Problem> {
    field.map(|field| find(root, field, name)).transpose().map(Option::flatten)
}

fn required(root: &Value, field: &Field, name: &str, mender: &mut Mender) -> Result<String, Problem> {
    let text = find(root, field, name)?.map(|text| mender.name(&text, "")).filter(|text| !text.is_empty());
    text.ok_or_else(|| match field {
        Field::Constant(_) => unfit(format!("the constant for `{name}` is empty")),
        Field::At { path, .. } => unfit(format!("nothing stands at `{path}`, and `{name}` has no default")),
    })
}

fn number(root: &Value, field: &Field) -> Result<Option<f64>, Problem> {
    let Some(text) = find(root, field, "value")? else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(unfit(format!("{} is not a finite number, as `value` needs it", place(field)))),
    }
}

fn moment(root: &Value, field: &Field) -> Result<Option<Instant>, Problem> {
    let Some(text) = find(root, field, "at")? else { return Ok(None) };
    let text = text.trim();
    let at = match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Some(since_epoch(number)),
        _ => Instant::parse(text).ok(),
    };
    match at {
        Some(at) if at >= limit::EARLIEST => Ok(Some(at)),
        _ => {
            let wanted = "neither an RFC 3339 time nor seconds or milliseconds since 1970, after 1999";
            Err(unfit(format!("{} is {wanted}, as `at` needs it", place(field))))
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
fn unit(root: &Value, fields: &UnitFields, mender: &mut Mender) -> Result<Option<Unit>, Problem> {
    let Some(id) = find(root, &fields.id, "unit.id")? else { return Ok(None) };
    let kind = required(root, &fields.kind, "unit.kind", mender)?;
    Ok(Some(Unit { kind, id: check::name("unit.id", id.into(), limit::ID)? }))
}

fn labels(root: &Value, mapping: &Mapping, mender: &mut Mender) -> Result<BTreeMap<String, String>, Problem> {
    let mut labels = BTreeMap::new();
    for (name, field) in &mapping.labels {
        if let Some(text) = find(root, field, name)? {
            labels.insert(name.clone(), text);
        }
    }
    Ok(mender.labels(labels))
}

fn place(field: &Field) -> String {
    match field {
        Field::Constant(_) => "the constant".to_owned(),
        Field::At { path, .. } => format!("what stands at `{path}`"),
    }
}

fn unfit(detail: String) -> Problem {
    Problem::new(&problem::MAPPING_UNFIT, detail)
}
