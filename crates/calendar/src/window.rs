//! A stretch of a day by the wall clock, such as `09:00-17:00`.
//!
//! It knows no date and no zone; see [`crate::Zone`] for how its edges become instants.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// Minutes in a wall-clock day.
const DAY_MINUTES: u16 = 24 * 60;

/// Opening hours `[start, end)` in minutes after the local midnight of the date they start on.
///
/// They start within that date, last at most 24 hours, and may so end on the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    start_minute: u16,
    end_minute: u16,
}

/// The text or the minutes are not opening hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a window; write `09:00-17:00`, or `22:00-06:00` for one that ends on the next day")]
pub struct ParseWindowError {
    text: String,
}

impl Window {
    /// A window by its minutes after midnight: starts before 24:00 and lasts 1 minute to 24 hours.
    pub fn new(start_minute: u16, end_minute: u16) -> Result<Window, ParseWindowError> {
        let window = Window { start_minute, end_minute };
        let lasts_a_day_at_most = end_minute <= start_minute.saturating_add(DAY_MINUTES);
        if start_minute < DAY_MINUTES && start_minute < end_minute && lasts_a_day_at_most {
            Ok(window)
        } else {
            Err(ParseWindowError { text: window.to_string() })
        }
    }

    /// Parses `HH:MM-HH:MM`. An end at or before the start, or past 24:00, is on the next day:
    /// `22:00-06:00` and `22:00-30:00` are the same, `08:00-08:00` is a whole day.
    pub fn parse(text: &str) -> Result<Window, ParseWindowError> {
        let bad = || ParseWindowError { text: text.chars().take(32).collect() };
        let (start, end) = text.split_once('-').ok_or_else(bad)?;
        let start = parse_minute(start.trim()).ok_or_else(bad)?;
        let end = parse_minute(end.trim()).ok_or_else(bad)?;
        let end = if end <= start { end + DAY_MINUTES } else { end };
        Window::new(start, end).map_err(|_| bad())
    }

    /// Minutes from midnight to the opening, below 1440.
    pub fn start_minute(self) -> u16 {
        self.start_minute
    }

    /// Minutes from the same midnight to the closing; above 1440 on the next day.
    pub fn end_minute(self) -> u16 {
        self.end_minute
    }

    pub(crate) fn start_on(self, date: Date) -> DateTime {
        minute_of(date, self.start_minute)
    }

    pub(crate) fn end_on(self, date: Date) -> DateTime {
        minute_of(date, self.end_minute)
    }

    /// Whether a window of the next day would overlap this one.
    pub(crate) fn reaches_into(self, next_day: Window) -> bool {
        self.end_minute > next_day.start_minute + DAY_MINUTES
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Window { start_minute: start, end_minute: end } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

impl TryFrom<String> for Window {
    type Error = ParseWindowError;

    fn try_from(text: String) -> Result<Window, ParseWindowError> {
        Window::parse(&text)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> String {
        window.to_string()
    }
}

/// `H:MM` or `HH:MM`, up to 48:00, as minutes.
fn parse_minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours, &[1, 2]) || !digits(minutes, &[2]) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours <= 48).then_some(hours * 60 + minutes)
}

fn minute_of(date: Date, minute: u16) -> DateTime {
    // Only the last day that jiff can show saturates, and instants end a year before it.
    date.at(0, 0, 0, 0).saturating_add(i64::from(minute).minutes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_shows() {
        for (text, shown) in [
            ("09:00-17:00", "09:00-17:00"),
            ("9:00 - 17:30", "09:00-17:30"),
            ("00:00-24:00", "00:00-24:00"),
            ("22:00-26:00", "22:00-26:00"),
            ("22:00-02:00", "22:00-26:00"),
            ("20:00-00:00", "20:00-24:00"),
            ("08:00-08:00", "08:00-32:00"),
            ("23:59-47:59", "23:59-47:59"),
        ] {
            let window = Window::parse(text).unwrap();
            assert_eq!((window.to_string(), String::from(window)), (shown.to_owned(), shown.to_owned()), "{text}");
        }
        for text in
            ["", "-", "09:00", "24:00-25:00", "01:00-26:00", "09:60-10:00", "+9:00-10:00", "9-17", "09:00-49:00"]
        {
            assert!(Window::parse(text).is_err(), "{text}");
        }
        assert!(Window::new(600, 600).is_err());
    }

    #[test]
    fn minutes_past_midnight_are_on_the_next_date() {
        let window = Window::parse("22:00-02:30").unwrap();
        let date = jiff::civil::date(2026, 12, 31);
        assert_eq!(window.start_on(date).to_string(), "2026-12-31T22:00:00");
        assert_eq!(window.end_on(date).to_string(), "2027-01-01T02:30:00");
    }
}
