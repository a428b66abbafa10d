//! Paths through JSON: `ticket.id`, `items[0].name`, `labels["a.b"]`.
//!
//! Nothing else: no wildcards, no conditions. A path leads to one value or to none.

use std::fmt;

use problem::Problem;
use serde_json::Value;

/// Most steps of a path; bodies of webhooks are a handful of levels deep.
const STEPS_MAX: usize = 16;
/// Longest path, in bytes, so that a refusal can show it.
const BYTES_MAX: usize = 256;

/// A path that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// Reads a path as it is written in a policy.
    pub fn parse(text: &str) -> Result<Path, Problem> {
        let wrong = |why: &str| {
            let shown: String = text.chars().take(BYTES_MAX).collect();
            Problem::new(&problem::MAPPING_PATH, format!("`{shown}`: {why}"))
        };
        if text.len() > BYTES_MAX {
            return Err(wrong("it is longer than 256 bytes"));
        }
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = step(rest, steps.is_empty()).map_err(wrong)?;
            steps.push(step);
            rest = after;
        }
        match steps.len() {
            0 => Err(wrong("it is empty")),
            1..=STEPS_MAX => Ok(Path { text: text.to_owned(), steps }),
            _ => Err(wrong("it has more than 16 steps")),
        }
    }

    /// The value at its end, if the path leads to one.
    pub fn find<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.as_object()?.get(key),
            Step::Index(index) => value.as_array()?.get(*index),
        })
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
            assert_eq!(parsed.find(&root).cloned(), wanted, "{path}");
            assert_eq!(parsed.to_string(), path);
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_reason() {
        for (path, why) in [
            ("", "it is empty"),
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
            let problem = Path::parse(path).unwrap_err();
            assert_eq!(problem.code.id, "mapping-path");
            assert!(problem.detail.contains(why), "{problem}");
        }
        assert!(Path::parse(&["a"; 16].join(".")).is_ok());
    }
}
