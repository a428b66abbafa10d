//! By when a notice is due: the strict reading, which pages, and the latest lawful instant, for counsel.
//!
//! The strict reading counts elapsed time, without favour for days off, so that it is never later
//! than the other. Rules: reference texts stand with each [`Rule`].

use calendar::{Calendar, Date, Duration, Instant, Time, Weekday, Zone};
use jiff::{Span, ToSpan};

use super::{Rule, StatutoryClock, Unit};

/// Days off in a row before the search for a working day gives up: no country has so many.
const MAX_DAYS_OFF: u32 = 30;

/// Working days within every period of two days or more (Regulation 1182/71 art. 3(5)).
const MIN_WORKING_DAYS: usize = 2;

/// By when a notice is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// By the strict reading; `None` where the law names no time.
    pub strict: Option<Instant>,
    /// By the latest lawful one; `None` where the law names no time.
    pub latest: Option<Instant>,
}

impl StatutoryClock {
    /// The deadline of a clock that starts at `from`. `place` has the zone and the public holidays of
    /// the authority; without it a period in days is given no favour, since nobody knows which days end when.
    pub fn due(&self, from: Instant, place: Option<&Calendar>) -> Deadline {
        let known = place.is_some();
        let place = Place::new(place);
        let Some(strict) = self.strict(from, &place) else { return Deadline { strict: None, latest: None } };
        let latest = match self.rule {
            Rule::EuHours => place.end_of_hour(from) + self.elapsed(),
            _ if !known => strict,
            Rule::EuDays => place.end_of(place.extended(from, self.last_day(place.date(from)))),
            Rule::NoonOfNextWorkingDay => place.noon_unless_working(strict),
            Rule::UsBusinessDays => {
                let last = (0..self.length.value).fold(place.date(from), |day, _| place.working_day_after(day));
                place.end_of(last)
            }
            Rule::Elapsed => match self.length.unit {
                Unit::CalendarDays | Unit::Months => place.end_of(self.last_day(place.date(from))),
                _ => strict,
            },
        };
        // Where clocks change, a day's end may come before as many times 24 hours have passed.
        Deadline { strict: Some(strict.min(latest)), latest: Some(latest) }
    }

    fn strict(&self, from: Instant, place: &Place<'_>) -> Option<Instant> {
        let local = place.zone.local(from);
        match self.length.unit {
            Unit::Minutes | Unit::Hours | Unit::CalendarDays => Some(from + self.elapsed()),
            Unit::Months => Some(place.zone.first(self.last_day(local.date()).to_datetime(local.time()))),
            // Without holidays, which could only make it later.
            Unit::BusinessDays => {
                let last = (0..self.length.value).fold(local.date(), |day, _| weekday_after(day));
                Some(place.zone.first(last.to_datetime(local.time())))
            }
            Unit::WithoutUndueDelay | Unit::Immediate => None,
        }
    }

    /// Its length as elapsed time, where it has one.
    fn elapsed(&self) -> Duration {
        let value = i64::from(self.length.value);
        match self.length.unit {
            Unit::Minutes => Duration::from_mins(value),
            Unit::Hours => Duration::from_hours(value),
            Unit::CalendarDays => Duration::from_hours(24 * value),
            Unit::BusinessDays | Unit::Months | Unit::WithoutUndueDelay | Unit::Immediate => Duration::ZERO,
        }
    }

    fn span(&self) -> Span {
        match self.length.unit {
            Unit::Months => i64::from(self.length.value).months(),
            _ => i64::from(self.length.value).days(),
        }
    }

    /// The last day of the period: the day of the event is not counted; a month ends on the same
    /// date, or on its last day where there is none.
    fn last_day(&self, day: Date) -> Date {
        day.saturating_add(self.span())
    }
}

fn weekday_after(day: Date) -> Date {
    let mut next = day.saturating_add(1.day());
    while is_weekend(next) {
        next = next.saturating_add(1.day());
    }
    next
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The zone and the days off of the authority. Hours of its calendar play no part: the law counts days.
struct Place<'a> {
    calendar: Option<&'a Calendar>,
    zone: Zone,
}

impl<'a> Place<'a> {
    fn new(calendar: Option<&'a Calendar>) -> Place<'a> {
        let zone = Zone::new(calendar.map_or("UTC", Calendar::time_zone));
        Place { calendar, zone: zone.expect("UTC is known, and a calendar's zone was looked up when it was read") }
    }

    /// The hour in which the event falls is not counted.
    fn end_of_hour(&self, at: Instant) -> Instant {
        let local = self.zone.local(at);
        let since_hour = local.duration_since(local.date().at(local.hour(), 0, 0, 0));
        at - since_hour + Duration::from_hours(1)
    }

    fn date(&self, at: Instant) -> Date {
        self.zone.local(at).date()
    }

    fn is_working(&self, day: Date) -> bool {
        let noon = self.zone.first(day.at(12, 0, 0, 0));
        !is_weekend(day) && !self.calendar.is_some_and(|calendar| calendar.is_holiday(noon))
    }

    /// That day, or the next working one.
    fn working_day_from(&self, day: Date) -> Date {
        let mut next = day;
        for _ in 0..MAX_DAYS_OFF {
            if self.is_working(next) {
                break;
            }
            next = next.saturating_add(1.day());
        }
        next
    }

    fn working_day_after(&self, day: Date) -> Date {
        self.working_day_from(day.saturating_add(1.day()))
    }

    /// Ends on a working day (art. 3(4)) and has two of them within it (art. 3(5)).
    fn extended(&self, from: Instant, last: Date) -> Date {
        let first = self.date(from).saturating_add(1.day());
        let two_days_or_more = last > first;
        let mut last = self.working_day_from(last);
        let working = |last: Date| {
            let days = first.series(1.day()).take_while(|day| *day <= last);
            days.filter(|day| self.is_working(*day)).take(MIN_WORKING_DAYS).count()
        };
        while two_days_or_more && working(last) < MIN_WORKING_DAYS {
            let next = self.working_day_after(last);
            if !self.is_working(next) {
                break;
            }
            last = next;
        }
        last
    }

    /// Midnight after that day.
    fn end_of(&self, day: Date) -> Instant {
        self.zone.first(day.saturating_add(1.day()).to_datetime(Time::midnight()))
    }

    fn noon_unless_working(&self, at: Instant) -> Instant {
        let day = self.date(at);
        if self.is_working(day) { at } else { self.zone.first(self.working_day_from(day).at(12, 0, 0, 0)) }
    }
}

#[cfg(test)]
mod tests {

    use super::super::{Length, find};
    use super::*;

    /// Berlin, off on Christmas.
    fn berlin() -> Calendar {
        calendar("Europe/Berlin")
    }

    fn calendar(zone: &str) -> Calendar {
        let policy = format!(
            "{{time_zone: {zone}, weekly: {{mon-fri: [\"08:00-18:00\"]}}, holidays: [2026-12-25, 2026-12-26]}}"
        );
        let roster = format!(
            "people:\n  ana: {{contacts: [{{inbox: ana}}]}}\nfallback: [ana]\ncalendars:\n  office: {policy}\n"
        );
        let policy = "version: 1\nseverities: [{rank: 1, name: S}]\ntargets: {S: {acknowledge: 10m}}\nescalation: {default: [{page: ana}]}\n";
        let source = |name, text| crate::Source { name, text };
        let loaded = crate::load(source("policy.yaml", policy), source("roster.yaml", &roster));
        loaded.roster.unwrap().calendars.remove("office").unwrap()
    }

    fn clock(rule: Rule, value: u32, unit: Unit) -> StatutoryClock {
        StatutoryClock { rule, length: Length { value, unit }, ..find("gdpr-33-1").unwrap().clone() }
    }

    /// A local time in that zone, as an instant.
    fn local(zone: &str, text: &str) -> Instant {
        Zone::new(zone).unwrap().first(text.parse().unwrap())
    }

    /// The latest lawful instants of reference tables: expiry is the first instant that is too late.
    #[test]
    fn regulation_1182_71_ends_periods() {
        use Unit::{CalendarDays, Hours, Months};
        for (rule, value, unit, event, expires) in [
            (Rule::EuDays, 15, CalendarDays, "2026-11-23T14:20", "2026-12-09T00:00"),
            (Rule::EuDays, 2, CalendarDays, "2026-11-23T14:20", "2026-11-26T00:00"),
            (Rule::EuDays, 2, CalendarDays, "2026-11-26T15:00", "2026-12-01T00:00"),
            (Rule::EuDays, 2, CalendarDays, "2026-11-27T15:00", "2026-12-02T00:00"),
            (Rule::EuDays, 2, CalendarDays, "2026-12-23T10:00", "2026-12-29T00:00"),
            (Rule::EuDays, 10, CalendarDays, "2026-11-25T09:00", "2026-12-08T00:00"),
            (Rule::EuDays, 1, Months, "2027-01-31T12:00", "2027-03-02T00:00"),
            (Rule::EuDays, 1, Months, "2026-11-25T12:00", "2026-12-29T00:00"),
            (Rule::EuHours, 72, Hours, "2026-11-27T15:00", "2026-11-30T16:00"),
            (Rule::EuHours, 72, Hours, "2026-11-27T15:59:59", "2026-11-30T16:00"),
            (Rule::EuHours, 24, Hours, "2026-12-24T23:30", "2026-12-26T00:00"),
        ] {
            let from = local("Europe/Berlin", event);
            let due = clock(rule, value, unit).due(from, Some(&berlin()));
            assert_eq!(due.latest, Some(local("Europe/Berlin", expires)), "{value} {unit:?} from {event}");
            assert!(due.strict <= due.latest, "{value} {unit:?} from {event}");
        }
    }

    #[test]
    fn the_strict_reading_counts_elapsed_time() {
        use Unit::{BusinessDays, CalendarDays, Hours, Months};
        for (value, unit, event, strict) in [
            (72, Hours, "2026-11-27T14:00:00Z", "2026-11-30T14:00:00Z"),
            (2, CalendarDays, "2026-11-27T14:00:00Z", "2026-11-29T14:00:00Z"),
            (1, Months, "2027-01-31T14:00:00Z", "2027-02-28T14:00:00Z"),
            (4, BusinessDays, "2026-11-25T14:00:00Z", "2026-12-01T14:00:00Z"),
            // Begun on a day off, the count includes the next business day.
            (4, BusinessDays, "2026-11-28T14:00:00Z", "2026-12-03T14:00:00Z"),
        ] {
            let from = Instant::parse(event).unwrap();
            // Without a place nobody is favoured.
            let due = clock(Rule::Elapsed, value, unit).due(from, None);
            let wanted = Some(Instant::parse(strict).unwrap());
            assert_eq!((due.strict, due.latest), (wanted, wanted), "{value} {unit:?} from {event}");
        }
    }

    #[test]
    fn noon_of_the_next_working_day_and_the_end_of_business_days() {
        let place = berlin();
        let dora = |value, event| {
            let from = local("Europe/Berlin", event);
            clock(Rule::NoonOfNextWorkingDay, value, Unit::Hours).due(from, Some(&place)).latest
        };
        assert_eq!(dora(24, "2026-11-25T15:00"), Some(local("Europe/Berlin", "2026-11-26T15:00")));
        assert_eq!(dora(24, "2026-11-27T15:00"), Some(local("Europe/Berlin", "2026-11-30T12:00")));
        assert_eq!(dora(24, "2026-12-24T15:00"), Some(local("Europe/Berlin", "2026-12-28T12:00")));
        let new_york = calendar("America/New_York");
        let from = local("America/New_York", "2026-12-22T15:00");
        let due = clock(Rule::UsBusinessDays, 4, Unit::BusinessDays).due(from, Some(&new_york));
        // Wednesday, Thursday, (Christmas), Monday, Tuesday; strictly Monday.
        assert_eq!(due.strict, Some(local("America/New_York", "2026-12-28T15:00")));
        assert_eq!(due.latest, Some(local("America/New_York", "2026-12-30T00:00")));
    }

    #[test]
    fn a_law_without_a_time_sets_no_deadline() {
        let due = find("gdpr-34").unwrap().due(Instant::MIN, Some(&berlin()));
        assert_eq!(due, Deadline { strict: None, latest: None });
    }

    #[test]
    fn where_clocks_go_forward_the_day_still_ends_at_midnight() {
        let from = local("Europe/Berlin", "2027-03-27T23:30");
        let due = clock(Rule::Elapsed, 1, Unit::CalendarDays).due(from, Some(&berlin()));
        let midnight = Some(local("Europe/Berlin", "2027-03-29T00:00"));
        assert_eq!((due.strict, due.latest), (midnight, midnight));
    }
}
