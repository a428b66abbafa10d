//! Business time at its edges: changes of clocks, nights, holidays, pauses, and the horizon.

use calendar::{Calendar, CalendarSpec, Duration, HORIZON, Instant, Intervals};

use crate::support::{at, compiled, date, hours, minutes, pauses, working_week};

const NONE: &[(&str, &str)] = &[];

/// Sunday hours in Berlin, whose clocks go forward on 2026-03-29 and back on 2026-10-25.
fn sundays(windows: &[&str]) -> Calendar {
    let mut spec = CalendarSpec { time_zone: "Europe/Berlin".to_owned(), ..CalendarSpec::default() };
    spec.weekly[6] = hours(windows);
    compiled(&spec)
}

fn shown(periods: impl Iterator<Item = (Instant, Instant)>) -> Vec<String> {
    periods.map(|(start, end)| format!("{start}/{end}")).collect()
}

#[test]
fn clocks_that_change_inside_or_at_the_edge_of_hours() {
    for (windows, day, periods) in [
        // 02:00 to 03:00 does not exist.
        (&["01:00-05:00"][..], "2026-03-29", &["2026-03-29T00:00:00Z/2026-03-29T03:00:00Z"][..]),
        (&["02:30-04:00"], "2026-03-29", &["2026-03-29T01:00:00Z/2026-03-29T02:00:00Z"]),
        (&["01:00-02:30"], "2026-03-29", &["2026-03-29T00:00:00Z/2026-03-29T01:00:00Z"]),
        (&["02:10-02:50"], "2026-03-29", &[]),
        // 02:00 to 03:00 comes twice: open at the first, close at the last.
        (&["02:30-05:00"], "2026-10-25", &["2026-10-25T00:30:00Z/2026-10-25T04:00:00Z"]),
        (&["00:00-02:30"], "2026-10-25", &["2026-10-24T22:00:00Z/2026-10-25T01:30:00Z"]),
        (&["00:00-02:15", "02:45-05:00"], "2026-10-25", &["2026-10-24T22:00:00Z/2026-10-25T04:00:00Z"]),
    ] {
        let calendar = sundays(windows);
        let eve = at(&format!("{day}T12:00:00Z")) - Duration::from_hours(24);
        let day_after = eve + Duration::from_hours(48);
        let open = || calendar.open_periods_after(eve).take_while(|(start, _)| *start < day_after);
        assert_eq!(shown(open()), periods, "{windows:?} {day}");
        let elapsed = open().fold(Duration::ZERO, |sum, (start, end)| sum + end.since(start));
        assert_eq!(calendar.used(eve, day_after, &Intervals::new()), elapsed, "{windows:?} {day}");
    }
}

#[test]
fn clocks_that_go_back_over_midnight() {
    // In St. John's Sunday began for one minute, and then it was Saturday 23:01 again.
    let mut spec = CalendarSpec { time_zone: "America/St_Johns".to_owned(), ..CalendarSpec::default() };
    spec.weekly[6] = hours(&["00:00-08:00"]);
    let calendar = compiled(&spec);
    let (opening, saturday_again) = (at("2006-10-29T02:30:00Z"), at("2006-10-29T03:00:00Z"));
    assert!(calendar.is_open(saturday_again));
    assert_eq!(calendar.used(opening, saturday_again, &Intervals::new()), minutes(30));
    assert_eq!(calendar.subtract(saturday_again, minutes(30)), Some(opening));
    assert_eq!(calendar.due(opening, minutes(9 * 60), &Intervals::new()), Some(at("2006-10-29T11:30:00Z")));
}

#[test]
fn due_over_a_change_of_clocks() {
    for (zone, start, target, due) in [
        // A Sunday without its hour, and one with an hour more, in hours around midnight.
        ("Europe/Berlin", "2026-03-28T23:00:00Z", 180, "2026-03-29T02:00:00Z"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", 300, "2026-10-25T03:00:00Z"),
        // Half an hour of daylight saving.
        ("Australia/Lord_Howe", "2021-04-03T13:00:00Z", 150, "2021-04-03T15:30:00Z"),
    ] {
        let mut spec = working_week(zone, &["00:00-04:00"]);
        spec.weekly.fill(hours(&["00:00-04:00"]));
        assert_eq!(compiled(&spec).due(at(start), minutes(target), &pauses(NONE)), Some(at(due)), "{zone}");
    }
}

#[test]
fn due_by_rule() {
    let office = compiled(&working_week("Etc/UTC", &["09:00-12:00", "13:00-17:00"]));
    for (why, start, target, paused, due) in [
        ("inside one window", "2026-11-23T09:00:00Z", 60, NONE, "2026-11-23T10:00:00Z"),
        ("microseconds are kept", "2026-11-23T09:00:00.000001Z", 60, NONE, "2026-11-23T10:00:00.000001Z"),
        ("over lunch", "2026-11-23T11:30:00Z", 60, NONE, "2026-11-23T13:30:00Z"),
        ("closing instant", "2026-11-23T16:00:00Z", 60, NONE, "2026-11-23T17:00:00Z"),
        ("closing instant before lunch", "2026-11-23T11:00:00Z", 60, NONE, "2026-11-23T12:00:00Z"),
        ("over the weekend", "2026-11-27T16:30:00Z", 60, NONE, "2026-11-30T09:30:00Z"),
        ("start in closed time", "2026-11-22T03:00:00Z", 60, NONE, "2026-11-23T10:00:00Z"),
        ("nothing to use", "2026-11-22T03:00:00Z", 0, NONE, "2026-11-22T03:00:00Z"),
        (
            "pause in open time",
            "2026-11-23T09:00:00Z",
            60,
            &[("2026-11-23T09:30:00Z", "2026-11-23T10:00:00Z")],
            "2026-11-23T10:30:00Z",
        ),
        (
            "pause in the night",
            "2026-11-23T16:30:00Z",
            60,
            &[("2026-11-23T17:00:00Z", "2026-11-24T09:00:00Z")],
            "2026-11-24T09:30:00Z",
        ),
        (
            "pause over the night",
            "2026-11-23T16:00:00Z",
            90,
            &[("2026-11-23T16:30:00Z", "2026-11-24T09:10:00Z")],
            "2026-11-24T10:10:00Z",
        ),
        (
            "pause after the deadline",
            "2026-11-23T09:00:00Z",
            60,
            &[("2026-11-23T10:00:00Z", "")],
            "2026-11-23T10:00:00Z",
        ),
    ] {
        let paused = pauses(paused);
        let found = office.due(at(start), minutes(target), &paused).unwrap();
        assert_eq!(found, at(due), "{why}");
        assert_eq!(office.used(at(start), found, &paused), minutes(target), "{why}");
    }
}

#[test]
fn a_pause_without_end_prevents_a_deadline() {
    let office = compiled(&working_week("Etc/UTC", &["09:00-17:00"]));
    let paused = pauses(&[("2026-11-23T09:30:00Z", "")]);
    for calendar in [&office, &Calendar::always()] {
        assert_eq!(calendar.due(at("2026-11-23T09:00:00Z"), minutes(60), &paused), None);
        assert_eq!(calendar.used(at("2026-11-23T09:00:00Z"), at("2027-11-23T09:00:00Z"), &paused), minutes(30));
    }
}

#[test]
fn around_the_clock_pauses_count_in_full() {
    let always = Calendar::always();
    // Clocks change in that night; nothing moves.
    let start = at("2026-10-24T20:00:00Z");
    assert_eq!(always.due(start, minutes(600), &pauses(NONE)), Some(at("2026-10-25T06:00:00Z")));
    let paused =
        pauses(&[("2026-10-24T21:00:00Z", "2026-10-24T22:00:00Z"), ("2026-10-25T05:00:00Z", "2026-10-25T05:30:00Z")]);
    assert_eq!(always.due(start, minutes(600), &paused), Some(at("2026-10-25T07:30:00Z")));
    assert_eq!(always.due(start, HORIZON + HORIZON, &pauses(NONE)), Some(start + HORIZON + HORIZON));
    assert_eq!(always.due(start, Duration::MAX, &pauses(NONE)), None);
    assert_eq!(always.next_opening(start), Some(start));
    assert_eq!(always.business_days(start, 2), Some(minutes(2880)));
    assert_eq!(always.subtract(start, minutes(60)), Some(at("2026-10-24T19:00:00Z")));
    assert!(always.is_open(start) && always.is_always() && always.time_zone() == "UTC");
}

#[test]
fn a_holiday_removes_the_hours_that_start_on_it() {
    let mut spec = working_week("Etc/UTC", &["22:00-06:00"]);
    spec.holidays.insert(date("2026-11-25"));
    spec.annual.insert((11, 27));
    spec.dates.insert(date("2026-11-24"), hours(&["23:00-07:00"]));
    spec.dates.insert(date("2026-11-25"), hours(&["08:00-09:00"]));
    spec.breaks.insert(date("2026-11-23"), hours(&["23:00-25:00"]));
    let calendar = compiled(&spec);
    let periods = calendar.open_periods_after(at("2026-11-23T00:00:00Z")).take(5);
    assert_eq!(
        shown(periods),
        [
            "2026-11-23T22:00:00Z/2026-11-23T23:00:00Z",
            "2026-11-24T01:00:00Z/2026-11-24T06:00:00Z",
            "2026-11-24T23:00:00Z/2026-11-25T07:00:00Z",
            "2026-11-26T22:00:00Z/2026-11-27T06:00:00Z",
            "2026-11-30T22:00:00Z/2026-12-01T06:00:00Z",
        ]
    );
}

#[test]
fn hours_of_single_dates_may_meet_the_night_before() {
    let mut spec = working_week("Etc/UTC", &["20:00-06:00"]);
    spec.dates.insert(date("2026-11-24"), hours(&["00:00-05:00", "05:30-12:00"]));
    let calendar = compiled(&spec);
    let (from, to) = (at("2026-11-23T12:00:00Z"), at("2026-11-24T18:00:00Z"));
    let expected = ["2026-11-23T20:00:00Z/2026-11-24T12:00:00Z"];
    assert_eq!(shown(calendar.open_periods_after(from).take(1)), expected);
    assert_eq!(shown(calendar.open_periods_before(to).take(1)), expected);
    assert_eq!(calendar.used(from, to, &Intervals::new()), minutes(16 * 60));
    assert_eq!(calendar.subtract(to, minutes(16 * 60)), Some(at("2026-11-23T20:00:00Z")));
}

#[test]
fn nothing_is_looked_for_beyond_the_horizon() {
    // One hour every Monday: the 57 weeks and a day of the horizon hold 58 of them from a Monday on.
    let mut spec = CalendarSpec { time_zone: "Etc/UTC".to_owned(), ..CalendarSpec::default() };
    spec.weekly[0] = hours(&["09:00-10:00"]);
    let calendar = compiled(&spec);
    let start = at("2026-01-05T00:00:00Z");
    assert_eq!(calendar.due(start, minutes(58 * 60), &pauses(NONE)), Some(at("2027-02-08T10:00:00Z")));
    assert_eq!(calendar.due(start, minutes(58 * 60 + 1), &pauses(NONE)), None);
    assert_eq!(calendar.business_days(start, 57), Some(minutes(57 * 60)));
    assert_eq!(calendar.business_days(start, 58), None);
    assert_eq!(calendar.subtract(start, minutes(58 * 60)), None);
    // The end of time is near enough to be walked to, and far enough to be cut off.
    assert_eq!(calendar.used(Instant::MAX - HORIZON, Instant::MAX, &pauses(NONE)), minutes(57 * 60));
    assert!(calendar.used(start, Instant::MAX, &pauses(NONE)) < Duration::from_hours(41 * 53));
    assert_eq!(calendar.next_opening(Instant::MAX), None);
}

#[test]
fn business_days_keep_the_local_time() {
    let mut spec = working_week("Europe/Berlin", &["09:00-17:00"]);
    spec.holidays.insert(date("2026-10-27"));
    let calendar = compiled(&spec);
    for (why, start, days, moved, due) in [
        ("same time", "2026-11-23T10:00:00Z", 2, "2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z"),
        ("weekend", "2026-11-27T10:00:00Z", 1, "2026-11-30T10:00:00Z", "2026-11-30T10:00:00Z"),
        ("clocks and a holiday", "2026-10-23T10:00:00Z", 2, "2026-10-28T11:00:00Z", "2026-10-28T11:00:00Z"),
        ("before opening", "2026-11-23T04:00:00Z", 5, "2026-11-30T08:00:00Z", "2026-11-27T16:00:00Z"),
        ("after closing", "2026-11-27T20:00:00Z", 1, "2026-12-01T08:00:00Z", "2026-11-30T16:00:00Z"),
        ("none", "2026-11-23T10:00:00Z", 0, "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
    ] {
        assert_eq!(calendar.business_days_after(at(start), days), Some(at(moved)), "{why}");
        let target = calendar.business_days(at(start), days).unwrap();
        assert_eq!(calendar.due(at(start), target, &pauses(NONE)), Some(at(due)), "{why}");
    }
    // After midnight it is still the business day of the evening before.
    let nights = compiled(&working_week("Etc/UTC", &["22:00-06:00"]));
    assert_eq!(nights.business_days_after(at("2026-11-24T02:00:00Z"), 4), Some(at("2026-11-28T02:00:00Z")));
}

#[test]
fn around_the_clock_a_business_day_is_a_day_and_the_end_of_time_holds_nothing_open() {
    let (always, start) = (Calendar::always(), at("2026-11-23T09:30:00Z"));
    for days in [0, 1, 5] {
        assert_eq!(always.business_days_after(start, days), Some(start + Duration::from_hours(24 * i64::from(days))));
    }
    assert_eq!(shown(always.open_periods_after(Instant::MAX)), [""; 0]);
}

#[test]
fn refuses_what_cannot_work() {
    let check = |change: fn(&mut CalendarSpec), message: &str| {
        let mut spec = working_week("Europe/Berlin", &["09:00-17:00"]);
        change(&mut spec);
        assert_eq!(Calendar::new(spec).unwrap_err().to_string(), message);
    };
    check(
        |spec| spec.time_zone = "Europe/Atlantis".to_owned(),
        "`Europe/Atlantis` is not a known time zone; use an IANA name such as `Europe/Berlin`",
    );
    check(
        |spec| spec.weekly[1] = hours(&["12:00-18:00", "08:00-13:00"]),
        "Tuesday: the hours 08:00-13:00 and 12:00-18:00 overlap; join them or move one",
    );
    check(
        |spec| spec.weekly[6] = hours(&["20:00-33:01"]),
        "Monday: the hours 20:00-33:01 and 09:00-17:00 overlap; join them or move one",
    );
    check(
        |spec| spec.dates = [(date("2026-12-24"), hours(&["08:00-10:00", "09:59-11:00"]))].into(),
        "2026-12-24: the hours 08:00-10:00 and 09:59-11:00 overlap; join them or move one",
    );
    check(|spec| spec.annual = [(2, 30)].into(), "the yearly holiday 02-30 is not a day of any year");
    check(
        |spec| spec.weekly = Default::default(),
        "the calendar has no open time in the 400 days from 2024-01-01; give it weekly hours or fewer holidays",
    );
    check(
        |spec| {
            spec.holidays = std::iter::successors(Some(date("2030-05-01")), |d| d.tomorrow().ok()).take(400).collect()
        },
        "the calendar has no open time in the 400 days from 2030-05-01; give it weekly hours or fewer holidays",
    );
}

#[test]
fn hours_that_touch_are_joined() {
    let mut spec = working_week("Etc/UTC", &["13:00-24:00", "00:00-12:00", "12:00-13:00"]);
    spec.weekly[6] = hours(&["20:00-24:00"]);
    let calendar = compiled(&spec);
    let expected = ["2026-11-22T20:00:00Z/2026-11-28T00:00:00Z"];
    assert_eq!(shown(calendar.open_periods_after(at("2026-11-22T00:00:00Z")).take(1)), expected);
    assert_eq!(shown(calendar.open_periods_before(at("2026-11-29T00:00:00Z")).take(1)), expected);
}
