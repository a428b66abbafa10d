//! ISO weeks: Monday to Sunday as a wall clock shows them.
//!
//! Which week a review is held for is decided elsewhere.

use std::fmt;
use std::str::FromStr;

use calendar::{Date, Instant, Weekday, Zone};
use jiff::ToSpan as _;
use jiff::civil::ISOWeekDate;

/// Digits of a year, as in `2026-W47`.
const YEAR_DIGITS: usize = 4;

/// Digits of a week's number.
const WEEK_DIGITS: usize = 2;

/// A week of the ISO calendar, such as `2026-W47`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week {
    monday: Date,
}

/// The text names no week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a week; write the ISO year and week, such as 2026-W47")]
pub struct ParseWeekError {
    /// The text as given, cut short.
    pub text: String,
}

impl Week {
    /// The week that a wall clock of that zone shows at an instant.
    pub fn containing(at: Instant, zone: &Zone) -> Week {
        let date = zone.local(at).date();
        let days = date.weekday().to_monday_zero_offset();
        // Only the first days of time have no Monday before them.
        Week { monday: date.checked_sub(i32::from(days).days()).unwrap_or(date) }
    }

    /// The week before.
    pub fn previous(self) -> Week {
        Week { monday: self.monday.checked_sub(1.week()).unwrap_or(self.monday) }
    }

    /// The week after.
    pub fn next(self) -> Week {
        Week { monday: self.monday.checked_add(1.week()).unwrap_or(self.monday) }
    }

    /// Its first instant: the midnight of its Monday, or the end of the gap that swallows it.
    pub fn starts_at(self, zone: &Zone) -> Instant {
        zone.first(self.monday.at(0, 0, 0, 0))
    }

    /// The first instant of the next week.
    pub fn ends_at(self, zone: &Zone) -> Instant {
        self.next().starts_at(zone)
    }
}

impl FromStr for Week {
    type Err = ParseWeekError;

    fn from_str(text: &str) -> Result<Week, ParseWeekError> {
        let wrong = || ParseWeekError { text: text.chars().take(64).collect() };
        let (year, week) = text.trim().split_once("-W").ok_or_else(wrong)?;
        let year = digits::<i16>(year, YEAR_DIGITS).ok_or_else(wrong)?;
        let week = digits::<i8>(week, WEEK_DIGITS).ok_or_else(wrong)?;
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| wrong())?;
        Ok(Week { monday: monday.date() })
    }
}

/// A number of exactly so many digits.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_and_end_at_local_midnight() {
        for (zone, week, start, end) in [
            ("Europe/Berlin", "2026-W47", "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"),
            // Spring forward within the week: 167 hours. Fall back: 169.
            ("Europe/Berlin", "2026-W13", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-W43", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
            // The year's end: week 53 of 2026 ends on 3 January 2027; week 1 of 2025 begins in 2024.
            ("UTC", "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"),
            ("UTC", "2025-W01", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"),
            // A midnight that does not exist.
            ("America/Asuncion", "2017-W39", "2017-09-25T04:00:00Z", "2017-10-02T03:00:00Z"),
        ] {
            let zone = Zone::new(zone).unwrap();
            let parsed: Week = week.parse().unwrap();
            assert_eq!(parsed.to_string(), week);
            assert_eq!(parsed.starts_at(&zone).to_string(), start, "{week}");
            assert_eq!(parsed.ends_at(&zone).to_string(), end, "{week}");
            assert_eq!(Week::containing(parsed.starts_at(&zone), &zone), parsed);
            let last = Instant::from_micros(parsed.ends_at(&zone).as_micros() - 1);
            assert_eq!(Week::containing(last, &zone), parsed);
            assert_eq!(parsed.next().previous(), parsed);
        }
    }

    #[test]
    fn a_year_ends_in_week_52_or_53() {
        let shown = |week: &str| week.parse::<Week>().unwrap();
        assert_eq!(shown("2026-W53").next().to_string(), "2027-W01");
        assert_eq!(shown("2027-W01").previous().to_string(), "2026-W53");
        assert_eq!(shown("2025-W52").next().to_string(), "2026-W01");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "2026", "2026-47", "2026-W0", "2026-W00", "2026-W54", "2025-W53", "26-W47", "2026-W+7", "x-W01"]
        {
            let error = text.parse::<Week>().unwrap_err();
            let expected = format!("`{text}` is not a week; write the ISO year and week, such as 2026-W47");
            assert_eq!(error.to_string(), expected);
        }
    }
}
