//! The checks of single fields, shared by the formats.
//!
//! They look at content only; types are the parser's business. Details name fields, never values.

use std::borrow::Cow;

use calendar::Instant;
use problem::Problem;

use crate::limit;

/// A text for people: at most `chars_max` characters.
pub(crate) fn text(field: &str, text: Cow<'_, str>, chars_max: usize) -> Result<String, Problem> {
    if is_longer(&text, chars_max) {
        let detail = format!("`{field}` has {} characters, the limit is {chars_max}", text.chars().count());
        return Err(Problem::new(&problem::SIGNAL_FIELD_TOO_LONG, detail));
    }
    Ok(text.into_owned())
}

/// A name or id: also not empty, and without control characters.
pub(crate) fn name(field: &str, text: Cow<'_, str>, chars_max: usize) -> Result<String, Problem> {
    if text.is_empty() {
        return Err(invalid(format!("`{field}` is empty")));
    }
    if holds_hidden(&text) {
        return Err(invalid(format!("`{field}` holds {HIDDEN}")));
    }
    self::text(field, text, chars_max)
}

/// What a name holds that [`is_hidden`] finds, in words.
pub(crate) const HIDDEN: &str = "a control character, or one that is not seen or turns the direction of writing";

/// Whether a name or value holds something that nobody sees.
pub(crate) fn holds_hidden(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(is_hidden),
    }
}

/// Characters that make a name look like another one: controls, marks of direction (UAX #9), spaces
/// without width, ends of lines, and tags. The joiners stay: some scripts are written with them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// An absolute http or https link: it is shown as something to click.
pub(crate) fn link(field: &str, text: Cow<'_, str>) -> Result<String, Problem> {
    if !is_link(&text) {
        return Err(invalid(format!("`{field}` is not an absolute http or https link")));
    }
    self::text(field, text, limit::LINK)
}

/// Whether the text is an http or https link with a host and without white space.
pub(crate) fn is_link(text: &str) -> bool {
    let after = |scheme: &str| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    plain
        && after("https://").or_else(|| after("http://")).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// Whether the text has more than `chars_max` characters. The length in bytes settles it mostly.
pub(crate) fn is_longer(text: &str, chars_max: usize) -> bool {
    text.len() > chars_max && text.chars().nth(chars_max).is_some()
}

/// When it happened, and whether that is so long ago that the signal is late.
pub(crate) fn moment(field: &str, text: &str, now: Instant) -> Result<(Instant, bool), Problem> {
    let at = Instant::parse(text).map_err(|_| {
        invalid(format!("`{field}` is not an RFC 3339 time like 2026-11-27T14:00:00Z, of a year up to 9998"))
    })?;
    if at.since(now) > limit::AHEAD {
        return Err(Problem::new(&problem::SIGNAL_FROM_FUTURE, format!("`{field}` is {at}, and now it is {now}")));
    }
    if at < limit::EARLIEST {
        return Err(Problem::new(&problem::SIGNAL_TOO_OLD, format!("`{field}` is {at}")));
    }
    Ok((at, now.since(at) > limit::LATE))
}

pub(crate) fn invalid(detail: String) -> Problem {
    Problem::new(&problem::SIGNAL_FIELD_INVALID, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters_and_include_their_number() {
        for (length, fits) in [(0, false), (1, true), (128, true), (129, false)] {
            assert_eq!(name("metric", "ü".repeat(length).into(), limit::NAME).is_ok(), fits, "{length}");
        }
        assert!(text("summary", "".into(), limit::SUMMARY).is_ok());
        for hidden in ["a\nb", "a\u{202e}b", "a\u{2066}b", "\u{200f}a", "a\u{200b}", "a\u{85}", "a\u{e0041}"] {
            assert!(name("metric", hidden.into(), limit::NAME).is_err(), "{hidden:?}");
        }
        for seen in ["Überprüfung", "نظام الدعم", "क्\u{200d}ष", "👩\u{200d}🚒"] {
            assert!(name("metric", seen.into(), limit::NAME).is_ok(), "{seen}");
        }
    }

    #[test]
    fn links_are_http_and_absolute() {
        for (text, fits) in [
            ("https://evals.example/run/7?x=1#y", true),
            ("HTTP://evals.example", true),
            ("javascript:alert(1)", false),
            ("https://", false),
            ("https:///path", false),
            ("https:/evals.example", false),
            ("//evals.example", false),
            ("https://evals.example/a b", false),
            ("https://evals.example/\u{a0}", false),
            ("https://evals.example/\n", false),
            ("httpsé//", false),
            ("", false),
        ] {
            assert_eq!(link("link", text.into()).is_ok(), fits, "{text}");
        }
        let start = "https://evals.example/";
        let of_length = |length: usize| format!("{start}{}", "x".repeat(length - start.len()));
        assert!(link("link", of_length(limit::LINK).into()).is_ok());
        assert!(link("link", of_length(limit::LINK + 1).into()).is_err());
    }

    #[test]
    fn moments_have_a_range() {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        for (text, wanted) in [
            ("2026-11-27T14:00:00Z", "in time"),
            ("2026-11-27T15:00:05+01:00", "in time"),
            ("2026-11-27T14:00:05.000001Z", "signal-from-future"),
            ("9998-12-31T00:00:00Z", "signal-from-future"),
            ("9999-12-31T23:59:59Z", "signal-field-invalid"),
            ("2026-11-24T14:00:00Z", "in time"),
            ("2026-11-24T13:59:59.999999Z", "late"),
            ("2000-01-01T00:00:00Z", "late"),
            ("1999-12-31T23:59:59Z", "signal-too-old"),
            ("0001-01-01T00:00:00Z", "signal-too-old"),
            ("2026-11-27", "signal-field-invalid"),
            ("2026-11-27T14:00:00", "signal-field-invalid"),
            ("1795788000", "signal-field-invalid"),
            ("", "signal-field-invalid"),
        ] {
            let found = match moment("at", text, now) {
                Ok((_, late)) => {
                    if late {
                        "late"
                    } else {
                        "in time"
                    }
                }
                Err(problem) => problem.code.id,
            };
            assert_eq!(found, wanted, "{text}");
        }
    }
}
