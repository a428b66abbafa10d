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
        let dates = iter::successors(Some(first), |date| date.tomorrow().ok());
        self.hours(dates.take_while(move |date| *date <= last), from, until)
    }

    /// The same periods from the last to the first.
    pub(crate) fn open_before(&self, from: Instant, until: Instant) -> impl Iterator<Item = Hours> + '_ {
        let (first, last) = self.dates_around(from, until);
        let dates = iter::successors(Some(last), |date| date.yesterday().ok());
        dates.take_while(move |date| *date >= first).flat_map(move |date| {
            // What the evening before has covered is not covered again.
            let covered = date.yesterday().ok().and_then(|eve| Some((eve, self.windows(eve).last()?)));
            let covered = covered.map_or(Instant::MIN, |(eve, window)| self.zone.last(window.end_on(eve)));
            let mut hours: Vec<Hours> = self.hours(iter::once(date), from.max(covered), until).collect();
            hours.reverse();
            hours
        })
    }

    /// The open periods of ascending dates, cut to `[from, until)`.
    fn hours<'a>(
        &'a self,
        dates: impl Iterator<Item = Date> + 'a,
        from: Instant,
        until: Instant,
    ) -> impl Iterator<Item = Hours> + 'a {
        let mut reached = from;
        dates
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
            .flat_map(|Hours { date, start, end }| {
                self.breaks.cut((start, end)).map(move |(start, end)| Hours { date, start, end })
            })
    }

    /// The dates whose windows can be open within the span: a window may have started on the day
    /// before, and a fold at midnight lets the next date begin before this one is over.
    fn dates_around(&self, from: Instant, until: Instant) -> (Date, Date) {
        let (first, last) = (self.zone.local(from).date(), self.zone.local(until).date());
        (first.yesterday().unwrap_or(first), last.tomorrow().unwrap_or(last))
    }
}
