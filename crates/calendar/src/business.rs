//! Business time: when a team is open, when a target is due, how much of it is used.
//!
//! It knows calendars and pauses, not why a clock runs. Due and used are one arithmetic: used is
//! open time minus pauses, and due is the earliest instant at which used equals the target.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;

use jiff::SignedDuration as Duration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::intervals::Period;
use crate::rules::{Hours, Rules};
use crate::{Instant, Intervals, UnknownZone, Window, Zone};

/// Days that a search for open time may span: the longest gap between two openings of a useful
/// calendar is a year and a few days.
const HORIZON_DAYS: i64 = 400;

/// How far from its start a search on a calendar looks. A 24/7 calendar needs no search.
pub const HORIZON: Duration = Duration::from_hours(HORIZON_DAYS * 24);

/// How much time [`Calendar::used`] looks at, 40 years: no incident is older, and a nonsense instant must not
/// make the engine walk ten thousand years day by day.
const USED_LIMIT: Duration = Duration::from_hours(40 * 366 * 24);

/// When a team is open, as people write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarSpec {
    /// IANA name of the zone in which everything below is read.
    pub time_zone: String,
    /// Hours of each weekday, Monday first.
    pub weekly: [Vec<Window>; 7],
    /// Dates without hours. They win over `dates`.
    pub holidays: BTreeSet<Date>,
    /// Holidays of every year as (month, day).
    pub annual: BTreeSet<(i8, i8)>,
    /// Hours that replace those of the date's weekday; an empty list closes it.
    pub dates: BTreeMap<Date, Vec<Window>>,
    /// Time taken out of whatever is open.
    pub breaks: BTreeMap<Date, Vec<Window>>,
}

/// Why a calendar cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is not in the tz database.
    #[error(transparent)]
    UnknownZone(#[from] UnknownZone),
    /// Two windows of a day, or of neighbouring days, share time.
    #[error("{day}: the hours {first} and {second} overlap; join them or move one")]
    Overlap {
        /// The weekday or date of the second window.
        day: String,
        /// The window that starts first.
        first: Window,
        /// The window that starts before the first has ended.
        second: Window,
    },
    /// No year has this day.
    #[error("the yearly holiday {month:02}-{day:02} is not a day of any year")]
    NoSuchDay {
        /// As given.
        month: i8,
        /// As given.
        day: i8,
    },
    /// There are 400 days on end without hours, so that a target could never be reached.
    #[error("the calendar has no open time in the 400 days from {from}; give it weekly hours or fewer holidays")]
    NeverOpen {
        /// The first of those days.
        from: Date,
    },
}

/// Opening hours, compiled for fast walks. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// None is open around the clock, and never asks for local time.
    rules: Option<Arc<Rules>>,
}

impl Calendar {
    /// Open at every instant. Bypasses local time, so that no change of clocks moves anything.
    pub fn always() -> Calendar {
        Calendar { rules: None }
    }

    /// Checks and compiles a calendar. Hours may be given in any order; hours that touch are joined.
    pub fn new(spec: CalendarSpec) -> Result<Calendar, CalendarError> {
        let zone = Zone::new(&spec.time_zone)?;
        let CalendarSpec { mut weekly, holidays, annual, mut dates, breaks, .. } = spec;
        if let Some(&(month, day)) = annual.iter().find(|(month, day)| Date::new(2024, *month, *day).is_err()) {
            return Err(CalendarError::NoSuchDay { month, day });
        }
        for (day, windows) in WEEKDAYS.iter().zip(&mut weekly) {
            sort_apart(day, windows)?;
        }
        apart_overnight(&weekly)?;
        for (date, windows) in &mut dates {
            sort_apart(date, windows)?;
        }
        let breaks: Vec<Period> = breaks
            .iter()
            .flat_map(|(date, windows)| windows.iter().map(|window| (*date, *window)))
            .map(|(date, window)| (zone.first(window.start_on(date)), zone.last(window.end_on(date))))
            .collect();
        let rules = Rules { zone, weekly, holidays, annual, dates, breaks: Intervals::from(breaks) };
        opens_every_400_days(&rules)?;
        Ok(Calendar { rules: Some(Arc::new(rules)) })
    }

    /// Whether this is [`Calendar::always`].
    pub fn is_always(&self) -> bool {
        self.rules.is_none()
    }

    /// The IANA name of the zone; `UTC` for [`Calendar::always`].
    pub fn time_zone(&self) -> &str {
        self.rules.as_ref().map_or("UTC", |rules| rules.zone.name())
    }

    /// Whether the instant is open. Openings are, closings are not.
    pub fn is_open(&self, at: Instant) -> bool {
        self.is_always() || self.open(at, at + Duration::from_micros(1)).next().is_some()
    }

    /// Whether the local date is a holiday.
    pub fn is_holiday(&self, at: Instant) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.is_holiday(rules.zone.local(at).date()))
    }

    /// Whether the instant lies in a break, during open hours or not.
    pub fn is_break(&self, at: Instant) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.breaks.contains(at))
    }

    /// The earliest instant at which [`used`](Calendar::used) equals the target: the start itself for a target
    /// of zero, and the closing instant, not the next opening, where the two are the same.
    ///
    /// None if a pause that has not ended prevents it, or if it is not reached within [`HORIZON`] of the start.
    pub fn due(&self, start: Instant, target: Duration, pauses: &Intervals) -> Option<Instant> {
        if target <= Duration::ZERO {
            return Some(start);
        }
        let until = self.search_end(start).min(pauses.open_since().unwrap_or(Instant::MAX));
        let mut left = target;
        for (from, to) in self.open(start, until).flat_map(|period| pauses.cut(period)) {
            let length = to.since(from);
            if left <= length {
                return Some(from + left);
            }
            left -= length;
        }
        None
    }

    /// Open time in `[start, until)` minus the pauses in it; zero if `until` is not later.
    pub fn used(&self, start: Instant, until: Instant, pauses: &Intervals) -> Duration {
        let until = if self.is_always() { until } else { until.min(start + USED_LIMIT) };
        self.open(start, until)
            .flat_map(|period| pauses.cut(period))
            .fold(Duration::ZERO, |used, (from, to)| used + to.since(from))
    }

    /// The first open instant at or after `at`; none within [`HORIZON`] otherwise.
    pub fn next_opening(&self, at: Instant) -> Option<Instant> {
        self.open(at, self.search_end(at)).next().map(|(start, _)| start)
    }

    /// Moves forward over open time. From closed time the walk begins at the next opening, which is
    /// therefore the result for zero; otherwise the same as [`due`](Calendar::due) without pauses.
    pub fn add(&self, at: Instant, amount: Duration) -> Option<Instant> {
        self.due(self.next_opening(at)?, amount, &Intervals::new())
    }

    /// Moves backward over open time. From closed time the walk begins at the last closing.
    pub fn subtract(&self, at: Instant, amount: Duration) -> Option<Instant> {
        let mut left = amount.max(Duration::ZERO);
        for (from, to) in self.open_back(at) {
            let length = to.since(from);
            if left <= length {
                return Some(to - left);
            }
            left -= length;
        }
        None
    }

    /// The target in open time that stands for "N business days" from `start`: up to the same local time on
    /// the Nth later day that has hours. Around the clock a day is 24 hours.
    ///
    /// Days from closed time count from the next opening. [`due`](Calendar::due) then gives that local time, or
    /// the closing before it where it is closed: five days from Monday before nine end on Friday evening.
    pub fn business_days(&self, start: Instant, days: u32) -> Option<Duration> {
        if self.is_always() {
            return Some(Duration::from_hours(24 * i64::from(days)));
        }
        let end = self.business_days_after(start, days)?;
        Some(self.used(start, end, &Intervals::new()))
    }

    /// The first open instant at or after the same local time, N days with hours later.
    pub fn business_days_after(&self, start: Instant, days: u32) -> Option<Instant> {
        let Some(rules) = &self.rules else {
            return Some(start + Duration::from_hours(24 * i64::from(days)));
        };
        let until = self.search_end(start);
        let mut hours = rules.open_after(start, until);
        let Hours { date: first_day, start: opening, .. } = hours.next()?;
        let mut day = first_day;
        for _ in 0..days {
            day = hours.find(|hours| hours.date != day)?.date;
        }
        // Hours past midnight belong to the day before: carry the distance to that day along.
        let opening = rules.zone.local(opening);
        let moved = opening.checked_add(day.duration_since(first_day)).ok()?;
        self.next_opening(rules.zone.first(moved))
    }

    /// Open periods from `from` on, joined where they touch, within [`HORIZON`]; the first and last are cut to it.
    pub fn open_periods_after(&self, from: Instant) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let mut periods = self.open(from, self.search_end(from)).peekable();
        iter::from_fn(move || {
            let (start, mut end) = periods.next()?;
            while let Some(next) = periods.next_if(|next| next.0 <= end) {
                end = next.1;
            }
            Some((start, end))
        })
    }

    /// Open periods before `until`, the latest first, joined where they touch, within [`HORIZON`].
    pub fn open_periods_before(&self, until: Instant) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let mut periods = self.open_back(until).peekable();
        iter::from_fn(move || {
            let (mut start, end) = periods.next()?;
            while let Some(next) = periods.next_if(|next| next.1 >= start) {
                start = next.0;
            }
            Some((start, end))
        })
    }

    /// The open periods within `[from, until)`, not joined: the walks above need only a few of them.
    pub(crate) fn open(&self, from: Instant, until: Instant) -> impl Iterator<Item = Period> + '_ {
        let all_the_time = (self.is_always() && from < until).then_some((from, until));
        let hours = self.rules.iter().flat_map(move |rules| rules.open_after(from, until).map(Hours::period));
        all_the_time.into_iter().chain(hours)
    }

    fn open_back(&self, until: Instant) -> impl Iterator<Item = Period> + '_ {
        let all_the_time = self.is_always().then_some((Instant::MIN, until));
        let hours =
            self.rules.iter().flat_map(move |rules| rules.open_before(until - HORIZON, until).map(Hours::period));
        all_the_time.into_iter().chain(hours)
    }

    fn search_end(&self, from: Instant) -> Instant {
        if self.is_always() { Instant::MAX } else { from + HORIZON }
    }
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Sorts the windows of one day and refuses those that share time.
fn sort_apart(day: &dyn std::fmt::Display, windows: &mut [Window]) -> Result<(), CalendarError> {
    windows.sort_unstable();
    let clash = windows.windows(2).find(|pair| pair[1].start_minute() < pair[0].end_minute());
    match clash {
        Some(pair) => Err(CalendarError::Overlap { day: day.to_string(), first: pair[0], second: pair[1] }),
        None => Ok(()),
    }
}

/// Refuses hours past midnight that run into those of the next weekday. (Hours of single dates may: joining is
/// then what is meant.)
fn apart_overnight(weekly: &[Vec<Window>; 7]) -> Result<(), CalendarError> {
    for (day, windows) in weekly.iter().enumerate() {
        let next_day = (day + 1) % weekly.len();
        if let (Some(&first), Some(&second)) = (windows.last(), weekly[next_day].first())
            && first.reaches_into(second)
        {
            return Err(CalendarError::Overlap { day: WEEKDAYS[next_day].to_owned(), first, second });
        }
    }
    Ok(())
}

/// Refuses a calendar on which a search from some day would find nothing.
///
/// Without listed holidays every stretch that long is like any other, so one will do; beyond that,
/// a closed stretch starts where a run of listed holidays does.
fn opens_every_400_days(rules: &Rules) -> Result<(), CalendarError> {
    let ordinary = Date::constant(2024, 1, 1);
    let run_starts = rules.holidays.iter().copied().filter(|date| {
        let before = date.yesterday().ok();
        before.is_none_or(|before| !rules.holidays.contains(&before))
    });
    for from in iter::once(ordinary).chain(run_starts) {
        let mut days = iter::successors(Some(from), |date| date.tomorrow().ok()).take(HORIZON_DAYS as usize);
        if !days.any(|date| !rules.windows(date).is_empty()) {
            return Err(CalendarError::NeverOpen { from });
        }
    }
    Ok(())
}
