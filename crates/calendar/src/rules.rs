//! Opening rules compiled for walking: which hours a date has, and the open periods of a span.
//!
//! It validates nothing and has no limits of its own; [`crate::Calendar`] sets both.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use jiff::civil::Date;

use crate::intervals::Period;
use crate::{Instant, Intervals, Window, Zone};

/// The hours of every date, in one zone.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) zone: Zone,
    /// Monday first; each day's windows sorted.
    pub(crate) weekly: [Vec<Window>; 7],
    pub(crate) holidays: BTreeSet<Date>,
    pub(crate) annual: BTreeSet<(i8, i8)>,
    /// Replace a date's hours; sorted.
    pub(crate) dates: BTreeMap<Date, Vec<Window>>,
    pub(crate) breaks: Intervals,
}

/// One open period, and the date whose hours it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    pub(crate) date: Date,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl Hours {
    pub(crate) fn period(self) -> Period {
        (self.start, self.end)
    }
}

impl Rules {
    /// The windows that start on a date. A holiday has none, whatever else is said of the date.
    pub(crate) fn windows(&self, date: Date) -> &[Window] {
        if self.is_holiday(date) {
            return &[];
        }
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        self.dates.get(&date).unwrap_or(&self.weekly[weekday])
    }

    pub(crate) fn is_holiday(&self, date: Date) -> bool {
        self.annual.contains(&(date.month(), date.day())) || self.holidays.contains(&date)
    }

    /// Open periods within `[from, until)` in order, disjoint. They may touch at midnight.
    pub(crate) fn open_after(&self, from: Instant, until: Instant) -> impl Iterator<Item = Hours> + '_ {
        let (first, last) = self.dates_around(from, until);
        let mut reached = from;
        iter::successors(Some(first), |date| date.tomorrow().ok())
            .take_while(move |date| *date <= last)
            .flat_map(|date| self.windows(date).iter().map(move |window| (date, *window)))
            .map(|(date, window)| (date, window, self.zone.first(window.start_on(date))))
            // Openings never go backwards from one window to the next, not even in a fold.
            .take_while(move |(_, _, start)| *start < until)
            .filter_map(move |(date, window, start)| {
                let start = start.max(reached);
                let end = self.zone.last(window.end_on(date)).min(until);
                reached = reached.max(end);
                (start < end).then_some(Hours { date, start, end })
            })
            .flat_map(|hours| {
                let pieces = self.breaks.cut(hours.period());
                pieces.map(move |(start, end)| Hours { date: hours.date, start, end })
            })
    }

    /// The same periods from the last to the first.
    pub(crate) fn open_before(&self, from: Instant, until: Instant) -> impl Iterator<Item = Period> + '_ {
        let (first, last) = self.dates_around(from, until);
        let mut reached = until;
        iter::successors(Some(last), |date| date.yesterday().ok())
            .take_while(move |date| *date >= first)
            .flat_map(|date| self.windows(date).iter().rev().map(move |window| (date, *window)))
            .map(|(date, window)| (date, window, self.zone.last(window.end_on(date))))
            .take_while(move |(_, _, end)| *end > from)
            .filter_map(move |(date, window, end)| {
                let start = self.zone.first(window.start_on(date)).max(from);
                let end = end.min(reached);
                reached = reached.min(start);
                (start < end).then_some((start, end))
            })
            .flat_map(|period| {
                let mut pieces: Vec<Period> = self.breaks.cut(period).collect();
                pieces.reverse();
                pieces
            })
    }

    /// The dates whose windows can be open within the span: a window may have started on the day
    /// before, and a fold at midnight lets the next date begin before this one is over.
    fn dates_around(&self, from: Instant, until: Instant) -> (Date, Date) {
        let (first, last) = (self.zone.local(from).date(), self.zone.local(until).date());
        (first.yesterday().unwrap_or(first), last.tomorrow().unwrap_or(last))
    }
}
