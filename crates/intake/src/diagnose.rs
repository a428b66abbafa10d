//! What exactly is wrong with a native signal that the fast reader refused.
//!
//! Slow and thorough, and only for explaining: it never decides that a signal is good.

use std::collections::BTreeSet;

use problem::{Code, Problem};
use serde_json::value::RawValue;

use crate::json::{self, Members};
use crate::{limit, suggest};

/// Longest part of a sender's own field name that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 64;

/// What a field may hold.
enum Kind {
    Text,
    Number,
    Labels,
    Object(&'static [Field]),
}

struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// The fields of a native signal. A test compares them with what the reader accepts.
const SIGNAL: &[Field] = &[
    required("source", Kind::Text),
    required("metric", Kind::Text),
    required("service", Kind::Text),
    optional("id", Kind::Text),
    optional("at", Kind::Text),
    optional("value", Kind::Number),
    optional("label", Kind::Text),
    optional("summary", Kind::Text),
    optional("unit", Kind::Object(&[required("kind", Kind::Text), required("id", Kind::Text)])),
    optional(
        "evaluator",
        Kind::Object(&[required("kind", Kind::Text), optional("name", Kind::Text), optional("version", Kind::Text)]),
    ),
    optional("labels", Kind::Labels),
    optional("link", Kind::Text),
];

/// Why the reader refused this value as a signal.
pub(crate) fn signal(raw: &RawValue) -> Problem {
    let depth = json::depth(raw.get());
    if depth > limit::DEPTH {
        let detail = format!("it has {depth} levels, the limit is {}", limit::DEPTH);
        return Problem::new(&problem::SIGNAL_TOO_DEEP, detail);
    }
    let found = object("", raw, SIGNAL);
    found.unwrap_or_else(|| Problem::new(&problem::SIGNAL_MALFORMED, "a text holds an escape that is no character"))
}

/// The first thing wrong with an object of these fields at `place`.
fn object(place: &str, raw: &RawValue, fields: &[Field]) -> Option<Problem> {
    let members = match members(place, raw) {
        Ok(members) => members,
        Err(problem) => return problem,
    };
    let mut seen = BTreeSet::new();
    for (name, value) in &members {
        let shown = shown(place, name);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let nearest = suggest::nearest(name, fields.iter().map(|field| field.name));
            let hint =
                nearest.map_or_else(String::new, |nearest| format!("; did you mean `{}`?", path(place, nearest)));
            return refuse(&problem::SIGNAL_FIELD_UNKNOWN, format!("{shown} is not a field of a signal{hint}"));
        };
        if !seen.insert(field.name) {
            return refuse(&problem::SIGNAL_FIELD_REPEATED, format!("{shown} stands twice"));
        }
        let absent = json::kind(value) == "null" && !field.required;
        let wrong = if absent { None } else { wrong_value(&path(place, field.name), value, &field.kind) };
        if wrong.is_some() {
            return wrong;
        }
    }
    let missing = fields.iter().find(|field| field.required && !seen.contains(field.name))?;
    refuse(&problem::SIGNAL_FIELD_MISSING, format!("`{}` is missing", path(place, missing.name)))
}

fn wrong_value(place: &str, value: &RawValue, kind: &Kind) -> Option<Problem> {
    match kind {
        Kind::Object(fields) => object(place, value, fields),
        Kind::Labels => labels(place, value),
        Kind::Text => text(&format!("`{place}`"), value),
        Kind::Number if json::kind(value) != "a number" => {
            refuse(&problem::SIGNAL_FIELD_INVALID, format!("`{place}` must be a number, found {}", json::kind(value)))
        }
        Kind::Number if value.get().parse().is_ok_and(f64::is_finite) => None,
        Kind::Number => refuse(&problem::SIGNAL_FIELD_INVALID, format!("`{place}` is beyond the range of a number")),
    }
}

/// Labels are free in their names, and texts only.
fn labels(place: &str, raw: &RawValue) -> Option<Problem> {
    let members = match members(place, raw) {
        Ok(members) => members,
        Err(problem) => return problem,
    };
    if members.len() > limit::LABELS {
        let detail = format!("`{place}` has {} entries, the limit is {}", members.len(), limit::LABELS);
        return refuse(&problem::SIGNAL_FIELD_TOO_LONG, detail);
    }
    let mut seen = BTreeSet::new();
    for (name, value) in &members {
        if !seen.insert(name) {
            return refuse(&problem::SIGNAL_FIELD_REPEATED, format!("{} stands twice", shown(place, name)));
        }
        let wrong = text(&shown(place, name), value);
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

fn text(shown: &str, value: &RawValue) -> Option<Problem> {
    if json::kind(value) != "a text" {
        let detail = format!("{shown} must be a text, found {}", json::kind(value));
        return refuse(&problem::SIGNAL_FIELD_INVALID, detail);
    }
    // Half of a surrogate pair passes as JSON, yet is no character.
    let unreadable = serde_json::from_str::<String>(value.get()).is_err();
    let detail = || format!("{shown} holds an escape that is no character");
    if unreadable { refuse(&problem::SIGNAL_FIELD_INVALID, detail()) } else { None }
}

/// The members of the object at `place`; the inner `None` is an object whose keys are unreadable.
fn members<'a>(
    place: &str,
    raw: &'a RawValue,
) -> Result<Vec<(std::borrow::Cow<'a, str>, &'a RawValue)>, Option<Problem>> {
    if json::kind(raw) != "an object" {
        let what = if place.is_empty() { "a signal".to_owned() } else { format!("`{place}`") };
        let detail = format!("{what} must be an object, found {}", json::kind(raw));
        return Err(refuse(&problem::SIGNAL_FIELD_INVALID, detail));
    }
    serde_json::from_str::<Members<'_>>(raw.get()).map(|members| members.0).map_err(|_| None)
}

fn path(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// A sender's own field name, cut and without control characters.
fn shown(place: &str, name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect();
    format!("`{}`", path(place, &name))
}

fn refuse(code: &'static Code, detail: String) -> Option<Problem> {
    Some(Problem::new(code, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calendar::Instant;
    use serde_json::{Value, json};

    fn is_accepted(value: &Value) -> bool {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        crate::native::read(value.to_string().as_bytes(), now).unwrap()[0].is_ok()
    }

    fn example(field: &Field) -> Value {
        match (&field.kind, field.name) {
            (Kind::Object(fields), _) => fields.iter().map(|field| (field.name, example(field))).collect(),
            (Kind::Labels, _) => json!({"channel": "chat"}),
            (Kind::Number, _) => json!(0.25),
            (Kind::Text, "at") => json!("2026-11-27T13:59:00Z"),
            (Kind::Text, "link") => json!("https://evals.example/7"),
            (Kind::Text, _) => json!("text"),
        }
    }

    /// The table above and the reader's structs describe the same signal.
    fn agree(fields: &[Field], at: &str) {
        let whole: Value = SIGNAL.iter().map(|field| (field.name, example(field))).collect();
        assert!(is_accepted(&whole), "{whole}");
        for field in fields {
            let pointer = format!("{at}/{}", field.name);
            let mut without = whole.clone();
            without.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(field.name);
            assert_eq!(is_accepted(&without), !field.required, "without {pointer}");
            for (value, fits) in [(Value::Null, !field.required), (json!(true), false), (json!([]), false)] {
                let mut changed = whole.clone();
                *changed.pointer_mut(&pointer).unwrap() = value;
                assert_eq!(is_accepted(&changed), fits, "{changed}");
                let raw: Box<RawValue> = serde_json::from_str(&changed.to_string()).unwrap();
                assert_eq!(object("", &raw, SIGNAL).is_none(), fits, "{changed}");
            }
            if let Kind::Object(inner) = field.kind {
                agree(inner, &pointer);
            }
        }
    }

    #[test]
    fn the_table_describes_what_the_reader_accepts() {
        agree(SIGNAL, "");
    }
}
