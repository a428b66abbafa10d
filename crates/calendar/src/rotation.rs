//! Rotations: who is next in an order, and when the turns change.
//!
//! A turn's number is a pure function of the anchor and the instant: nothing is stored and nothing
//! can drift. People, restrictions and overrides belong to [`crate::Schedule`].

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, ToSpan};

use crate::{Instant, Zone};

/// Where rotations without a start begin: a Monday, and the first day of a month and a year.
const DEFAULT_START: Date = Date::constant(2024, 1, 1);

/// Units that one turn may last. Longer ones are typing errors, and 1000 months still
/// leave the arithmetic far inside jiff's range.
const MAX_UNITS: u16 = 1000;

/// How long a turn lasts, by the wall clock: a daily turn over a change of clocks lasts 23 or 25 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Every {
    /// Wall-clock hours, so that a two-hour rotation keeps to even hours all year. When clocks go back a turn
    /// lasts an hour longer; when they go forward a turn that would lie in the gap is left out.
    Hours(u16),
    /// Days.
    Days(u16),
    /// Weeks.
    Weeks(u16),
    /// Months. A turn from the 31st starts on the last day of shorter months, and on the 31st again after them.
    Months(u16),
}

/// When turns change, by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handoff {
    /// For rotations by weeks; without it, the weekday of the start.
    pub weekday: Option<Weekday>,
    /// Time of day. For rotations by hours, that of the first turn.
    pub time: Time,
}

/// A rotation as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationSpec {
    /// How long a turn lasts.
    pub every: Every,
    /// When turns change.
    pub handoff: Handoff,
    /// The first turn starts at the first hand-off on or after this date; by default 2024-01-01.
    pub start: Option<Date>,
}

/// Why a rotation cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// A turn of no length, or a longer one than anyone means.
    #[error("a turn cannot last {0}; use 1 to {MAX_UNITS}")]
    Length(Every),
    /// Only turns of weeks always start on the same weekday.
    #[error("a turn of {0} cannot always change on a weekday; leave the weekday out, or rotate by weeks")]
    WeekdayWithoutWeeks(Every),
}

/// A compiled rotation in one zone.
#[derive(Clone, Debug)]
pub struct Rotation {
    zone: Zone,
    every: Every,
    anchor: DateTime,
}

/// One turn, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Zero for the turn that starts at the anchor, negative before it.
    pub number: i64,
    /// The hand-off to this turn.
    pub start: Instant,
    /// The hand-off to the next one.
    pub end: Instant,
}

impl Rotation {
    /// Checks a rotation and fixes its anchor.
    pub fn new(spec: RotationSpec, zone: Zone) -> Result<Rotation, RotationError> {
        let RotationSpec { every, handoff, start } = spec;
        if !(1..=MAX_UNITS).contains(&every.units()) {
            return Err(RotationError::Length(every));
        }
        let start = start.unwrap_or(DEFAULT_START);
        let date = match (every, handoff.weekday) {
            (_, None) => start,
            (Every::Weeks(_), Some(weekday)) => start.saturating_add(i64::from(start.weekday().until(weekday)).days()),
            (_, Some(_)) => return Err(RotationError::WeekdayWithoutWeeks(every)),
        };
        Ok(Rotation { zone, every, anchor: date.to_datetime(handoff.time) })
    }

    /// The turn that an instant belongs to. A hand-off belongs to the turn that it starts.
    pub fn turn_at(&self, at: Instant) -> Turn {
        let mut number = self.estimate(at);
        while self.handoff(number) > at {
            number -= 1;
        }
        let mut end = self.handoff(number + 1);
        while end <= at && end < Instant::MAX {
            number += 1;
            end = self.handoff(number + 1);
        }
        Turn { number, start: self.handoff(number), end }
    }

    /// The start of a turn, cut to the range of instants.
    fn handoff(&self, number: i64) -> Instant {
        let distance = number.saturating_mul(i64::from(self.every.units()));
        let span = match self.every {
            Every::Hours(_) => Span::new().try_hours(distance),
            Every::Days(_) => Span::new().try_days(distance),
            Every::Weeks(_) => Span::new().try_weeks(distance),
            Every::Months(_) => Span::new().try_months(distance),
        };
        match span.and_then(|span| self.anchor.checked_add(span)) {
            Ok(local) => self.zone.first(local),
            Err(_) if number < 0 => Instant::MIN,
            Err(_) => Instant::MAX,
        }
    }

    /// The turn by the wall clock alone. Only a change of clocks or a short month can put it off, by a few turns.
    fn estimate(&self, at: Instant) -> i64 {
        let local = self.zone.local(at);
        let hours = local.duration_since(self.anchor).as_hours();
        let months = 12 * (i64::from(local.year()) - i64::from(self.anchor.year())) + i64::from(local.month())
            - i64::from(self.anchor.month());
        let passed = match self.every {
            Every::Hours(_) => hours,
            Every::Days(_) => hours.div_euclid(24),
            Every::Weeks(_) => hours.div_euclid(24 * 7),
            Every::Months(_) => months,
        };
        passed.div_euclid(i64::from(self.every.units()))
    }
}

impl Every {
    fn units(self) -> u16 {
        match self {
            Every::Hours(units) | Every::Days(units) | Every::Weeks(units) | Every::Months(units) => units,
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Every::Hours(_) => "hour",
            Every::Days(_) => "day",
            Every::Weeks(_) => "week",
            Every::Months(_) => "month",
        };
        let plural = if self.units() == 1 { "" } else { "s" };
        write!(f, "{} {unit}{plural}", self.units())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(every: Every, handoff: &str, start: Option<&str>) -> RotationSpec {
        let (weekday, time) = match handoff.split_once(' ') {
            Some((_, time)) => (Some(Weekday::Thursday), time),
            None => (None, handoff),
        };
        let start = start.map(|date| date.parse().unwrap());
        RotationSpec { every, handoff: Handoff { weekday, time: time.parse().unwrap() }, start }
    }

    fn turn(spec: RotationSpec, at: &str) -> (i64, String, String) {
        let rotation = Rotation::new(spec, Zone::new("Europe/Berlin").unwrap()).unwrap();
        let Turn { number, start, end } = rotation.turn_at(Instant::parse(at).unwrap());
        (number, start.to_string(), end.to_string())
    }

    #[test]
    fn turns_keep_to_the_wall_clock() {
        for (every, handoff, start, at, expected) in [
            // The first Thursday from the start on is the fourth of the month.
            (
                Every::Weeks(1),
                "Thu 09:00",
                None,
                "2024-01-04T08:00:00Z",
                (0, "2024-01-04T08:00:00Z", "2024-01-11T08:00:00Z"),
            ),
            (
                Every::Weeks(1),
                "Thu 09:00",
                None,
                "2024-01-04T07:59:59Z",
                (-1, "2023-12-28T08:00:00Z", "2024-01-04T08:00:00Z"),
            ),
            // 2026-03-29 has 23 hours, 2026-10-25 has 25.
            (
                Every::Days(1),
                "09:00",
                None,
                "2026-03-28T12:00:00Z",
                (817, "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"),
            ),
            (
                Every::Days(1),
                "09:00",
                None,
                "2026-10-24T12:00:00Z",
                (1027, "2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z"),
            ),
            // A hand-off in the gap is at its end, one in the fold at its first occurrence.
            (
                Every::Days(1),
                "02:30",
                None,
                "2026-03-29T01:00:00Z",
                (818, "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            ),
            (
                Every::Days(1),
                "02:30",
                None,
                "2026-10-25T01:15:00Z",
                (1028, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            ),
            // The slot at 02:00 vanishes in the gap, and the one at 02:00 lasts two hours in the fold.
            (
                Every::Hours(1),
                "00:00",
                Some("2026-03-29"),
                "2026-03-29T01:00:00Z",
                (3, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
            ),
            (
                Every::Hours(1),
                "00:00",
                Some("2026-10-25"),
                "2026-10-25T01:59:00Z",
                (2, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
            ),
            // The 31st is kept over the short month.
            (
                Every::Months(1),
                "00:00",
                Some("2026-01-31"),
                "2026-03-01T00:00:00Z",
                (1, "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"),
            ),
            (
                Every::Months(1),
                "00:00",
                Some("2026-01-31"),
                "2026-03-31T00:00:00Z",
                (2, "2026-03-30T22:00:00Z", "2026-04-29T22:00:00Z"),
            ),
        ] {
            let expected = (expected.0, expected.1.to_owned(), expected.2.to_owned());
            assert_eq!(turn(spec(every, handoff, start), at), expected, "{every} {handoff} {at}");
        }
    }

    #[test]
    fn the_ends_of_time_have_a_turn() {
        for every in [Every::Hours(1), Every::Days(1000), Every::Weeks(1), Every::Months(1000)] {
            let rotation = Rotation::new(spec(every, "09:00", None), Zone::new("Asia/Tokyo").unwrap()).unwrap();
            for at in [Instant::MIN, Instant::MAX] {
                let turn = rotation.turn_at(at);
                assert!(turn.start <= at && at <= turn.end, "{every} {turn:?}");
            }
        }
    }

    #[test]
    fn refuses_what_nobody_means() {
        let check = |every, handoff| {
            Rotation::new(spec(every, handoff, None), Zone::new("UTC").unwrap()).unwrap_err().to_string()
        };
        assert_eq!(check(Every::Weeks(0), "09:00"), "a turn cannot last 0 weeks; use 1 to 1000");
        assert_eq!(check(Every::Hours(1001), "09:00"), "a turn cannot last 1001 hours; use 1 to 1000");
        assert_eq!(
            check(Every::Days(1), "Thu 09:00"),
            "a turn of 1 day cannot always change on a weekday; leave the weekday out, or rotate by weeks"
        );
    }
}
