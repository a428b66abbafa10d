//! Paths through JSON: `ticket.id`, `items[0].name`, `labels["a.b"]`.
//!
//! Nothing else: no wildcards, no conditions. A path leads to one value or to none. Where a
//! mapping goes through an array, paths lead on from its element, and `$.` begins at the whole body.

use std::fmt;

use serde_json::{Map, Value};

/// Most steps of a path; bodies of webhooks are a handful of levels deep.
const STEPS_MAX: usize = 16;
/// Longest path, in bytes, so that a refusal can show it.
const BYTES_MAX: usize = 256;

/// Most elements of an array in an example.
const EXAMPLE_ITEMS_MAX: usize = 16;

/// A path that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    from_body: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// Reads a path as it is written in a policy, or says why it is none.
    pub fn parse(text: &str) -> Result<Path, &'static str> {
        if text.len() > BYTES_MAX {
            return Err("it is longer than 256 bytes");
        }
        let mut steps = Vec::new();
        let below_body = text.strip_prefix("$.");
        let mut rest = below_body.unwrap_or(text);
        while !rest.is_empty() {
            let (step, after) = step(rest, steps.is_empty())?;
            steps.push(step);
            rest = after;
        }
        match steps.len() {
            0 => Err("it is empty"),
            1..=STEPS_MAX => Ok(Path { text: text.to_owned(), from_body: below_body.is_some(), steps }),
            _ => Err("it has more than 16 steps"),
        }
    }

    /// The value at its end, if the path leads to one; `here` is the element of an array, or the body.
    pub fn find<'a>(&self, here: &'a Value, body: &'a Value) -> Option<&'a Value> {
        let start = if self.from_body { body } else { here };
        self.steps.iter().try_fold(start, |value, step| match step {
            Step::Key(key) => value.as_object()?.get(key),
            Step::Index(index) => value.as_array()?.get(*index),
        })
    }
}

impl Path {
    /// Puts a value where the path leads, into the element or the body, making what is not there.
    pub(super) fn put(&self, here: &mut Value, body: &mut Value, value: Value) {
        self.put_in_body(if self.from_body { body } else { here }, value);
    }

    /// The same where the path begins at the body in any case.
    pub(super) fn put_in_body(&self, body: &mut Value, value: Value) {
        let mut place = body;
        for step in &self.steps {
            place = match step {
                Step::Key(key) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    place.as_object_mut().expect("made one above").entry(key.clone()).or_insert(Value::Null)
                }
                Step::Index(index) => {
                    if !place.is_array() {
                        *place = Value::Array(Vec::new());
                    }
                    let items = place.as_array_mut().expect("made one above");
                    // An example that needs thousands of elements would help nobody.
                    let index = (*index).min(EXAMPLE_ITEMS_MAX - 1);
                    if items.len() <= index {
                        items.resize(index + 1, Value::Null);
                    }
                    &mut items[index]
                }
            };
        }
        *place = value;
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first step of a text, and what follows it.
fn step(text: &str, is_first: bool) -> Result<(Step, &str), &'static str> {
    if let Some(quoted) = text.strip_prefix("[\"") {
        let (key, after) = quoted.split_once("\"]").ok_or("a `[\"` is not closed by `\"]`")?;
        return Ok((Step::Key(key.to_owned()), after));
    }
    if let Some(index) = text.strip_prefix('[') {
        let (digits, after) = index.split_once(']').ok_or("a `[` is not closed by `]`")?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let index = digits.parse().ok().filter(|_| is_number);
        return Ok((Step::Index(index.ok_or("between `[` and `]` stands no index; a key needs quotes")?), after));
    }
    let name = match (is_first, text.strip_prefix('.')) {
        (true, None) => text,
        (false, Some(name)) => name,
        (true, Some(_)) => return Err("it begins with a dot"),
        (false, None) => return Err("after `]` follows neither `.` nor `[`"),
    };
    let (key, after) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
    match key.is_empty() {
        true => Err("a name is empty"),
        false => Ok((Step::Key(key.to_owned()), after)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_one_value_or_none() {
        let root = json!({"ticket": {"id": 7, "a.b": "dotted", "tags": [{"name": "vip"}, ["x"]]}, "ü": true});
        for (path, wanted) in [
            ("ticket.id", Some(json!(7))),
            ("ticket[\"a.b\"]", Some(json!("dotted"))),
            ("[\"ticket\"].id", Some(json!(7))),
            ("ticket.tags[0].name", Some(json!("vip"))),
            ("ticket.tags[1][0]", Some(json!("x"))),
            ("ü", Some(json!(true))),
            ("ticket.tags[2]", None),
            ("ticket.tags.name", None),
            ("ticket[0]", None),
            ("ticket.id.deeper", None),
            ("Ticket", None),
            ("tags[18446744073709551615]", None),
        ] {
            let parsed = Path::parse(path).unwrap();
            assert_eq!(parsed.find(&root, &root).cloned(), wanted, "{path}");
            assert_eq!(parsed.to_string(), path);
        }
    }

    #[test]
    fn a_dollar_begins_at_the_body() {
        let body = json!({"account": "air", "$": 1, "items": [{"id": 7}]});
        for (path, wanted) in [("$.account", json!("air")), ("id", json!(7)), ("$.items[0].id", json!(7))] {
            let parsed = Path::parse(path).unwrap();
            assert_eq!(parsed.find(&body["items"][0], &body), Some(&wanted), "{path}");
        }
        assert_eq!(Path::parse("[\"$\"]").unwrap().find(&body, &body), Some(&json!(1)));
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_reason() {
        for (path, why) in [
            ("", "it is empty"),
            ("$.", "it is empty"),
            ("$..a", "it begins with a dot"),
            (".a", "it begins with a dot"),
            ("a.", "a name is empty"),
            ("a..b", "a name is empty"),
            ("a[", "a `[` is not closed"),
            ("a[\"b]", "a `[\"` is not closed"),
            ("a[b]", "a key needs quotes"),
            ("a[-1]", "a key needs quotes"),
            ("a[+1]", "a key needs quotes"),
            ("a[99999999999999999999]", "no index"),
            ("a[0]b", "follows neither"),
            (&["a"; 17].join("."), "more than 16 steps"),
            (&"a".repeat(257), "longer than 256"),
        ] {
            let reason = Path::parse(path).unwrap_err();
            assert!(reason.contains(why), "{path}: {reason}");
        }
        assert!(Path::parse(&["a"; 16].join(".")).is_ok());
    }
}
