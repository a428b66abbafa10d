//! Lengths, times and texts as reports show them.

use calendar::{Duration, Instant, Zone};

/// A length in its two largest units: `45 s`, `12 min 30 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn length(length: Duration) -> String {
    let seconds = rounded_secs(length).unsigned_abs();
    let units = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let largest = units.iter().position(|(n, _)| *n > 0).unwrap_or(units.len() - 1);
    let shown = units.iter().skip(largest).take(2).filter(|(n, _)| *n > 0);
    let words: Vec<String> = shown.map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// Whole seconds: journal times lie microseconds apart.
pub(crate) fn rounded_secs(length: Duration) -> i64 {
    let half = if length.subsec_micros().abs() < 500_000 { 0 } else { length.signum().into() };
    length.as_secs() + i64::from(half)
}

/// `2026-11-24 10:06`, as a wall clock of that zone shows it.
pub(crate) fn local(at: Instant, zone: &Zone) -> String {
    zone.local(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The zone of that name, or UTC where this program's tz database has lost it.
pub(crate) fn zone(name: &str) -> Zone {
    Zone::new(name).or_else(|_| Zone::new("UTC")).expect("UTC is in every tz database")
}

/// One line: line breaks and other control characters become spaces, and marks that turn the
/// direction of what follows are dropped.
pub(crate) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = text.chars().filter(|c| !turns(*c));
    let line: String = kept.map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// A mean to one place; empty where there is nothing.
pub(crate) fn mean(counts: impl ExactSizeIterator<Item = usize>) -> String {
    let weeks = counts.len();
    if weeks == 0 { String::new() } else { format!("{:.1}", counts.sum::<usize>() as f64 / weeks as f64) }
}

/// How much more there is than before: `+3`, `0`, `-1`.
pub(crate) fn signed(after: usize, before: usize) -> String {
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    match number(after) - number(before) {
        0 => "0".to_owned(),
        change => format!("{change:+}"),
    }
}

/// `1 incident`, `2 incidents`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_show_their_two_largest_units() {
        for (micros, words) in [
            (0, "0 s"),
            (45_000_000, "45 s"),
            (719_999_999, "12 min"),
            (750_000_000, "12 min 30 s"),
            (7_500_000_000, "2 h 5 min"),
            (7_200_000_000, "2 h"),
            (273_600_000_000, "3 d 4 h"),
            (-60_000_000, "1 min"),
        ] {
            assert_eq!(length(Duration::from_micros(micros)), words, "{micros} µs");
        }
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line(" a\r\nb\tc\u{202e}d\u{0} "), "a  b cd");
    }
}
