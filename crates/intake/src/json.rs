//! What the readers need of JSON beyond serde: borrowed texts, bounded lists, members in order,
//! and errors that quote nothing.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use problem::Problem;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

/// A text that is borrowed from the body unless it holds escapes; also within an `Option`.
#[derive(serde::Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A list that gives up at its `MAX + 1`st element, before it allocates more.
pub(crate) struct Bounded<T, const MAX: usize>(pub(crate) Vec<T>);

/// The members of an object as they stand: in order, repeated keys included.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

struct BoundedVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for BoundedVisitor<T, MAX> {
    type Value = Bounded<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::custom("too many elements"));
            }
            list.push(element);
        }
        Ok(Bounded(list))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

/// The body as text without a byte order mark, within its limit.
pub(crate) fn body_text(body: &[u8], bytes_max: usize) -> Result<&str, Problem> {
    if body.len() > bytes_max {
        let detail = format!("it has {} bytes, the limit of this path is {bytes_max}", body.len());
        return Err(Problem::new(&problem::BODY_TOO_LARGE, detail));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        Problem::new(&problem::BODY_NOT_UTF8, format!("the byte at offset {} is wrong", error.valid_up_to()))
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

/// A refusal of text that is no JSON. `lines_before` were cut off in front of what was parsed.
pub(crate) fn malformed(error: &serde_json::Error, lines_before: usize) -> Problem {
    let what = match error.classify() {
        // The parser's own words for syntax quote nothing; its words for data quote values.
        Category::Syntax | Category::Eof | Category::Io => error.to_string(),
        Category::Data => "it is not what is expected here".to_owned(),
    };
    let what = what.split(" at line ").next().unwrap_or_default();
    let (line, column) = (error.line() + lines_before, error.column());
    Problem::new(&problem::SIGNAL_MALFORMED, format!("line {line}, column {column}: {what}"))
}

/// What kind of value this is, in words.
pub(crate) fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A text, number or boolean as text; nothing for what has no text of its own.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// How deep arrays and objects are nested in well-formed JSON.
pub(crate) fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (json, wanted) in
            [("1", 0), ("{}", 1), (r#"{"a":[{}],"b":{}}"#, 3), (r#"{"[[[":"{{{\"[[\\"}"#, 1), ("[[],[[]]]", 3)]
        {
            assert_eq!(depth(json), wanted, "{json}");
        }
    }

    #[test]
    fn a_list_gives_up_in_time() {
        assert_eq!(serde_json::from_str::<Bounded<u8, 2>>("[1,2]").unwrap().0, [1, 2]);
        assert!(serde_json::from_str::<Bounded<u8, 2>>("[1,2,3]").is_err());
    }

    #[test]
    fn a_byte_order_mark_is_dropped_and_wrong_bytes_are_located() {
        assert_eq!(body_text("\u{feff} {}\n".as_bytes(), 99).unwrap(), "{}");
        let problem = body_text(b"{\"a\":\"\xfc\"}", 99).unwrap_err();
        assert_eq!(problem.detail, "the byte at offset 6 is wrong");
        assert_eq!(body_text(b"{}   ", 4).unwrap_err().code.id, "body-too-large");
    }
}
