//! The number in a condition that decides how much it catches, and the same condition with a
//! tighter one.
//!
//! Works on a condition's canonical text: its fragment has no arithmetic, and without negation a
//! moved bound only ever catches more.

use policy::condition::Condition;

/// How the canonical text writes a signal's number.
const VALUE: &str = "signal.value";

/// What makes a condition too tangled for a bound to be moved blindly: a negated part, and parts
/// that are compared with each other.
const TANGLED: [&str; 5] = ["!(", ") ==", ") !=", "== (", "!= ("];

/// A moved bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moved {
    /// The comparison as it was, such as `signal.value > 8`.
    pub(crate) from: String,
    /// The comparison as it is then.
    pub(crate) to: String,
    /// The whole condition.
    pub(crate) condition: Condition,
}

/// One comparison of a signal's number with a written one.
struct Bound {
    /// Bytes of the whole comparison, and of the number within the text.
    whole: std::ops::Range<usize>,
    number: std::ops::Range<usize>,
    value: f64,
    /// It holds for values above.
    above: bool,
}

/// The condition with its first bound moved by a share of it, so that it catches more; `None` where it
/// has none that may be moved.
pub(crate) fn tighter(condition: &Condition, share: f64) -> Option<Moved> {
    let text = condition.to_string();
    let bare = without_quoted(&text);
    if TANGLED.iter().any(|tangled| bare.contains(tangled)) {
        return None;
    }
    let bound = bounds(&bare).find(|bound| bound.value != 0.0)?;
    let by = bound.value.abs() * share;
    let value = rounded(if bound.above { bound.value - by } else { bound.value + by });
    let moved = |range: std::ops::Range<usize>| {
        format!("{}{value}{}", &text[range.start..bound.number.start], &text[bound.number.end..range.end])
    };
    Some(Moved {
        from: text[bound.whole.clone()].to_owned(),
        to: moved(bound.whole.clone()),
        condition: Condition::parse(&moved(0..text.len())).ok()?,
    })
}

/// To six places, as people write numbers.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// The text with whatever stands in quotes blanked out, byte for byte.
fn without_quoted(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let blank = |c: char| {
        let inside = quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        if inside { " ".repeat(c.len_utf8()) } else { c.to_string() }
    };
    text.chars().map(blank).collect()
}

fn bounds(bare: &str) -> impl Iterator<Item = Bound> {
    let words = words(bare);
    let found: Vec<Bound> = words.windows(3).filter_map(|three| bound(bare, three)).collect();
    found.into_iter()
}

/// `signal.value > 8`, or `8 < signal.value`.
fn bound(bare: &str, three: &[std::ops::Range<usize>]) -> Option<Bound> {
    let [left, sign, right] = three else { return None };
    let greater = match &bare[sign.clone()] {
        ">" | ">=" => true,
        "<" | "<=" => false,
        _ => return None,
    };
    let (number, above) = match (&bare[left.clone()], &bare[right.clone()]) {
        (VALUE, _) => (right, greater),
        (_, VALUE) => (left, !greater),
        _ => return None,
    };
    let value = bare[number.clone()].parse().ok()?;
    Some(Bound { whole: left.start..right.end, number: number.clone(), value, above })
}

/// The words of a text, as bytes: parted by spaces and parentheses.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if matches!(c, ' ' | '(' | ')') {
            if start < at {
                words.push(start..at);
            }
            start = at + c.len_utf8();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bound_moves_towards_catching_more() {
        for (condition, from, to) in [
            ("signal.value > 8", "signal.value > 8", "signal.value > 6"),
            ("8 < signal.value", "8 < signal.value", "6 < signal.value"),
            ("signal.value <= 0.6", "signal.value <= 0.6", "signal.value <= 0.75"),
            ("signal.value < -4", "signal.value < -4", "signal.value < -3"),
            ("signal.value >= 0.05 && signal.value < 0.25", "signal.value >= 0.05", "signal.value >= 0.0375"),
            ("signal.label == \"a > 9\" && signal.value > 8", "signal.value > 8", "signal.value > 6"),
            ("signal.label == \"ü \\\" ( \" && signal.value > 8", "signal.value > 8", "signal.value > 6"),
            ("signal.metric == \"m\" && (signal.value > 8 || signal.late)", "signal.value > 8", "signal.value > 6"),
            ("!signal.late && signal.value > 8", "signal.value > 8", "signal.value > 6"),
        ] {
            let condition = Condition::parse(condition).unwrap();
            let moved = tighter(&condition, 0.25).unwrap();
            assert_eq!((moved.from.as_str(), moved.to.as_str()), (from, to), "{condition}");
            assert_eq!(moved.condition.to_string(), condition.to_string().replace(from, to));
        }
    }

    #[test]
    fn what_cannot_be_moved_safely_stays() {
        for condition in [
            "signal.metric == \"m\"",
            "signal.value == 8",
            "signal.value in [8, 9]",
            "signal.value > 0",
            "!(signal.value > 8)",
            "signal.late == (signal.value > 8)",
            "signal.label == \"signal.value > 8\"",
        ] {
            assert_eq!(tighter(&Condition::parse(condition).unwrap(), 0.25), None, "{condition}");
        }
    }
}
