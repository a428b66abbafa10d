//! Sources that a policy declares: which webhook may come in, and where each part of a signal
//! stands in its JSON.
//!
//! Only the shape stands here. Reading a body by it is the crate `intake`'s business.

mod path;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use path::Path;

/// Signals that a declared source may send in a minute, where the policy says nothing.
pub const DEFAULT_PER_MINUTE: u32 = 6_000;

/// A webhook of somebody else's product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSource {
    /// Name for people.
    pub name: String,
    /// How its JSON becomes signals.
    pub mapping: Mapping,
    /// How its bodies are signed, if they are.
    pub signature: Option<Signature>,
    /// Signals that it may send in a minute.
    pub per_minute: u32,
}

/// How a sender signs: HMAC-SHA256 of the body, as hexadecimal digits or base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Environment variable (or `…_FILE`) that holds the secret.
    pub secret_env: String,
    /// The header that carries the signature.
    pub header: String,
}

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

/// How the JSON of one source becomes signals. What is not optional must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// An array of which each element is a signal; without it the body is one.
    pub each: Option<Path>,
    /// Where signals come from; the name of the declared source.
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

impl Mapping {
    /// A body that the mapping can read: to try it out, or to compare with what the sender sends.
    pub fn example(&self, service: &str, at: &str) -> Value {
        let (mut body, mut here) = (Value::Null, Value::Null);
        let mut put = |field: Option<&Field>, value: Value| {
            if let Some(Field::At { path, default }) = field {
                let value = default.clone().map_or(value, Value::String);
                path.put(&mut here, &mut body, value);
            }
        };
        put(Some(&self.source), json!("source"));
        put(Some(&self.metric), json!("example_metric"));
        put(Some(&self.service), json!(service));
        put(self.id.as_ref(), json!("example-1"));
        put(self.at.as_ref(), json!(at));
        put(self.value.as_ref(), json!(0.5));
        put(self.label.as_ref(), json!("confirmed"));
        put(self.summary.as_ref(), json!("An example"));
        put(self.link.as_ref(), json!("https://example.com/1"));
        put(self.unit.as_ref().map(|unit| &unit.kind), json!("conversation"));
        put(self.unit.as_ref().map(|unit| &unit.id), json!("c-1"));
        for (name, field) in &self.labels {
            put(Some(field), json!(name));
        }
        match &self.each {
            Some(each) => {
                each.put_in_body(&mut body, Value::Array(vec![here]));
                body
            }
            None if body.is_null() => here,
            None => merged(body, here),
        }
    }
}

/// Two objects as one; without `each`, the element is the body.
fn merged(body: Value, here: Value) -> Value {
    match (body, here) {
        (Value::Object(mut body), Value::Object(here)) => {
            for (key, value) in here {
                let known = body.remove(&key).unwrap_or(Value::Null);
                body.insert(key, if known.is_null() { value } else { merged(known, value) });
            }
            Value::Object(body)
        }
        (body, Value::Null) => body,
        (_, here) => here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_holds_what_the_mapping_looks_for() {
        let at = |path: &str| Field::At { path: Path::parse(path).unwrap(), default: None };
        let mapping = |each: Option<&str>| Mapping {
            each: each.map(|each| Path::parse(each).unwrap()),
            source: Field::Constant("desk".to_owned()),
            metric: at("kind"),
            service: at("$.account.service"),
            id: Some(at("refs[1].id")),
            at: None,
            value: None,
            label: Some(Field::Constant("confirmed".to_owned())),
            summary: None,
            unit: Some(UnitFields { kind: Field::Constant("conversation".to_owned()), id: at("account.unit") }),
            link: None,
            labels: BTreeMap::new(),
        };
        let item = json!({"kind": "example_metric", "refs": [null, {"id": "example-1"}], "account": {"unit": "c-1"}});
        for (each, wanted) in [
            (Some("items"), json!({"account": {"service": "bot"}, "items": [item]})),
            (Some("$.data.items"), json!({"account": {"service": "bot"}, "data": {"items": [item]}})),
            (
                None,
                json!({
                    "account": {"service": "bot", "unit": "c-1"}, "kind": "example_metric",
                    "refs": [null, {"id": "example-1"}],
                }),
            ),
        ] {
            assert_eq!(mapping(each).example("bot", "2026-11-27T14:00:00Z"), wanted, "{each:?}");
        }
    }
}
