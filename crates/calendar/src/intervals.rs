//! Sets of instants as intervals: the pauses of a clock, the breaks of a calendar.
//!
//! It does not know what an interval means, nor anything of local time.

use serde::{Deserialize, Serialize};

use crate::Instant;

/// One half-open interval, `[start, end)`.
pub(crate) type Period = (Instant, Instant);

/// A normalised set of half-open `[start, end)` intervals: sorted, disjoint, none empty, none touching.
///
/// An interval that has not ended yet ends at [`Instant::MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Period>")]
pub struct Intervals(Vec<Period>);

impl Intervals {
    /// The empty set.
    pub fn new() -> Intervals {
        Intervals::default()
    }

    /// Adds `[start, end)`, joining it with what it overlaps or touches. An empty interval adds nothing.
    pub fn add(&mut self, start: Instant, end: Instant) {
        if start >= end {
            return;
        }
        let from = self.0.partition_point(|period| period.1 < start);
        let to = self.0.partition_point(|period| period.0 <= end);
        let joined = self.0[from..to].iter().fold((start, end), |all, one| (all.0.min(one.0), all.1.max(one.1)));
        self.0.splice(from..to, [joined]);
    }

    /// The intervals in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Instant, Instant)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is no interval.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the instant lies in an interval. Starts do, ends do not.
    pub fn contains(&self, at: Instant) -> bool {
        let next = self.0.partition_point(|period| period.1 <= at);
        self.0.get(next).is_some_and(|period| period.0 <= at)
    }

    /// Whether the last interval has not ended.
    pub fn open_end(&self) -> bool {
        self.open_since().is_some()
    }

    /// Ends the open interval at `at`; removes it where it would start later than that.
    /// Without an open interval nothing changes.
    pub fn close(&mut self, at: Instant) {
        if let Some(start) = self.open_since() {
            self.0.pop();
            self.add(start, at);
        }
    }

    /// Where the interval that has not ended starts.
    pub(crate) fn open_since(&self) -> Option<Instant> {
        self.0.last().filter(|period| period.1 == Instant::MAX).map(|period| period.0)
    }

    /// What is left of a period without this set, in order.
    pub(crate) fn cut(&self, period: Period) -> Pieces<'_> {
        let first = self.0.partition_point(|cut| cut.1 <= period.0);
        Pieces { rest: period, cuts: &self.0[first..] }
    }
}

impl From<Vec<Period>> for Intervals {
    fn from(mut periods: Vec<Period>) -> Intervals {
        // In order every addition touches the end of the list only.
        periods.sort_unstable();
        let mut intervals = Intervals::new();
        for (start, end) in periods {
            intervals.add(start, end);
        }
        intervals
    }
}

/// See [`Intervals::cut`].
pub(crate) struct Pieces<'a> {
    rest: Period,
    /// Those that end after the start of `rest`.
    cuts: &'a [Period],
}

impl Iterator for Pieces<'_> {
    type Item = Period;

    fn next(&mut self) -> Option<Period> {
        while self.rest.0 < self.rest.1 {
            let (start, end) = self.rest;
            let Some((&cut, later)) = self.cuts.split_first().filter(|(cut, _)| cut.0 < end) else {
                self.rest.0 = end;
                return Some((start, end));
            };
            self.rest.0 = cut.1;
            self.cuts = later;
            if start < cut.0 {
                return Some((start, cut.0));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros)
    }

    fn set(periods: &[(i64, i64)]) -> Intervals {
        Intervals::from(periods.iter().map(|&(start, end)| (at(start), at(end))).collect::<Vec<_>>())
    }

    #[test]
    fn additions_are_normalised() {
        for (added, expected) in [
            (vec![(5, 5), (7, 6)], vec![]),
            (vec![(5, 9), (1, 3)], vec![(1, 3), (5, 9)]),
            (vec![(1, 3), (3, 5)], vec![(1, 5)]),
            (vec![(3, 5), (1, 3)], vec![(1, 5)]),
            (vec![(1, 3), (5, 7), (9, 11), (2, 10)], vec![(1, 11)]),
            (vec![(1, 9), (3, 5)], vec![(1, 9)]),
        ] {
            let mut intervals = Intervals::new();
            for &(start, end) in &added {
                intervals.add(at(start), at(end));
            }
            let shown: Vec<_> = intervals.iter().map(|(s, e)| (s.as_micros(), e.as_micros())).collect();
            assert_eq!(shown, expected, "{added:?}");
            assert_eq!(intervals.is_empty(), expected.is_empty(), "{added:?}");
            assert_eq!(intervals, set(&added));
        }
    }

    #[test]
    fn an_open_interval_closes_once() {
        let mut pauses = set(&[(1, 3)]);
        pauses.close(at(9));
        assert_eq!(pauses, set(&[(1, 3)]));
        pauses.add(at(5), Instant::MAX);
        assert!(pauses.open_end() && pauses.contains(at(5)) && !pauses.contains(at(4)));
        pauses.close(at(8));
        assert_eq!(pauses, set(&[(1, 3), (5, 8)]));
        assert!(!pauses.open_end() && !pauses.contains(at(8)));
        pauses.add(at(9), Instant::MAX);
        pauses.close(at(9));
        assert_eq!(pauses, set(&[(1, 3), (5, 8)]));
    }

    #[test]
    fn cutting_leaves_the_pieces_between() {
        let cuts = set(&[(1, 3), (5, 7), (9, 11)]);
        for (period, expected) in [
            ((0, 12), vec![(0, 1), (3, 5), (7, 9), (11, 12)]),
            ((2, 6), vec![(3, 5)]),
            ((3, 5), vec![(3, 5)]),
            ((5, 7), vec![]),
            ((20, 30), vec![(20, 30)]),
        ] {
            let pieces: Vec<_> =
                cuts.cut((at(period.0), at(period.1))).map(|p| (p.0.as_micros(), p.1.as_micros())).collect();
            assert_eq!(pieces, expected, "{period:?}");
        }
    }

    #[test]
    fn travels_as_json_and_as_bytes() {
        let mut pauses = set(&[(0, 1_000_000)]);
        pauses.add(at(5_000_000), Instant::MAX);
        let json = serde_json::to_string(&pauses).unwrap();
        assert_eq!(
            json,
            r#"[["1970-01-01T00:00:00Z","1970-01-01T00:00:01Z"],["1970-01-01T00:00:05Z","9998-12-31T00:00:00Z"]]"#
        );
        assert_eq!(serde_json::from_str::<Intervals>(&json).unwrap(), pauses);
        let bytes = postcard::to_stdvec(&pauses).unwrap();
        assert_eq!(postcard::from_bytes::<Intervals>(&bytes).unwrap(), pauses);
        let unsorted =
            r#"[["1970-01-01T00:00:05Z","9998-12-31T00:00:00Z"],["1970-01-01T00:00:00Z","1970-01-01T00:00:01Z"]]"#;
        assert_eq!(serde_json::from_str::<Intervals>(unsorted).unwrap(), pauses);
    }
}
